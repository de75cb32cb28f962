#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the examples in the Markdown documents, README.md and doc/*.md. In each document
#
#   <!-- file NAME -->    the next fenced block is a file of that name;
#   ```console            a block of commands, each behind "$ ", with their output. They run in one
#                         directory for each document, and must print exactly this.
#
# Commands find `cc`, `c++`, `memrun`, and a `pkg-config` that knows the library of this build. Addresses may differ,
# but not the distances between them. Several blanks count as one. A block that needs memrun or c++ is left out if
# there is none.
#
#   doc-examples.sh [DOCUMENT]...    only these
#
# Taken from the environment, as make check sets it: CC, CPPFLAGS, CFLAGS, CXX, CXXFLAGS, LDFLAGS, PKG_CONFIG,
# top_srcdir, top_builddir, TEST_WRAPPER.
#
# It takes some seconds, most of them in the compiler.
#
# Exits with 0 if all is well, 1 if not, 77 if programs cannot be compiled or run here.

set -u
LC_ALL=C
export LC_ALL
unset LIBMEM_MISUSE LIBMEM_EXACT LIBMEM_SIZE LIBMEM_STATS

top=$(cd "${top_srcdir:-${srcdir:-$(dirname "$0")/..}}" && pwd) || exit 1
build=$(cd "${top_builddir:-.}" && pwd) || exit 1
work=$(mktemp -d "$build/doc-examples.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ -n "${TEST_WRAPPER-}" ]; then
    echo "programs run under $TEST_WRAPPER here, and the documents do not"
    exit 77
fi
if [ ! -e "$build/.libs/libmem.so" ]; then
    echo "this build has no shared library"
    exit 77
fi

# shim NAME COMMAND...: makes a command that runs another one
shim()
{
    name=$work/bin/$1
    shift
    printf '#!/bin/sh\nexec %s "$@"\n' "$*" >"$name"
    chmod +x "$name"
}

mkdir "$work/bin"
shim cc "${CC:-cc} -Wall -Wextra -Werror ${CPPFLAGS-} ${CFLAGS-} ${LDFLAGS-}"
test "${CXX:-no}" = no || shim c++ "$CXX -Wall -Wextra -Werror ${CPPFLAGS-} ${CXXFLAGS-} ${LDFLAGS-}"
cat >"$work/bin/pkg-config" <<END
#!/bin/sh
case " \$* " in
*" mem "*) echo "-I$top/include -L$build/.libs -Wl,-rpath,$build/.libs -lmem" ;;
*) exec ${PKG_CONFIG:-pkg-config} "\$@" ;;
esac
END
chmod +x "$work/bin/pkg-config"
if [ -x "$build/memrun" ]; then
    shim memrun "$build/memrun"
    LIBMEM_MODULE=$build/.libs/libmem-malloc.so
    export LIBMEM_MODULE
fi
test ! -x "$build/memreplay" || shim memreplay "$build/memreplay"
PATH=$work/bin:$PATH
export PATH

cat >"$work/probe.c" <<END
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    printf("%d-bit pointers, pages of %ld\n", (int)sizeof(void *) * 8, sysconf(_SC_PAGESIZE));
    return 0;
}
END
if ! { cc "$work/probe.c" -o "$work/probe" && "$work/probe"; } >"$work/probe.log" 2>&1; then
    cat "$work/probe.log"
    echo "programs cannot be compiled or run here"
    exit 77
fi
case "$(uname -m) $(cat "$work/probe.log")" in
"x86_64 64-bit pointers, pages of 4096") exact=1 ;;
*) exact=0 ;;
esac

# Cuts a document into files and transcripts in the current directory: NAME, and 001.console and so
# on.
cut_document()
{
    awk '
    /^<!-- file .* -->$/ { name = $3; next }
    /^```/ && inside { close(target); inside = 0; target = name = ""; next }
    /^```console$/ { target = sprintf("%03d.console", ++count); inside = 1; next }
    /^```/ { target = name; inside = 1; if (target != "") printf "" >target; next }
    inside && target != "" { print >target }
    ' "$1"
}

# Runs the commands of a transcript, and writes them and their output in the form of the document.
replay()
{
    awk '/^\$ / { print substr($0, 3) }' "$1" >"$1.commands"
    while read -r command <&3; do
        printf '$ %s\n' "$command"
        sh -c "$command" </dev/null 2>&1
    done 3<"$1.commands"
}

normalize()
{
    awk -v wrapped=0 -v exact="$exact" -f "$top/tests/shown.awk"
}

can_run()
{
    { ! grep -q '^\$.*memrun' "$1" || command -v memrun >/dev/null; } &&
        { ! grep -q '^\$.*memreplay' "$1" || command -v memreplay >/dev/null; } &&
        { ! grep -q '^\$ c++' "$1" || command -v c++ >/dev/null; }
}

# Tests one document, in a directory of its own.
try()
{
    blocks=0
    bad=0
    cut_document "$1"
    for shown in *.console; do
        test -e "$shown" || break
        if ! can_run "$shown"; then
            echo "left out in $1: $(sed -n 's/^\$ //p' "$shown" | head -n 1)"
            continue
        fi
        blocks=$((blocks + 1))
        replay "$shown" >"$shown.printed"
        normalize <"$shown" >"$shown.want"
        normalize <"$shown.printed" >"$shown.got"
        cmp -s "$shown.want" "$shown.got" && continue
        echo "$1: a block of commands does not print what is shown, but:"
        cat "$shown.printed"
        diff "$shown.want" "$shown.got"
        bad=$((bad + 1))
    done
    echo "$1: $blocks blocks of commands, $bad failed"
    test $bad -eq 0
}

test $# -ne 0 || set -- "$top/README.md" "$top"/doc/*.md
failed=0
for document; do
    place=$work/$(basename "$document" .md)
    mkdir "$place" && cd "$place" || exit 1
    try "$document" || failed=$((failed + 1))
    cd "$work" || exit 1
done
test $failed -eq 0
