#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Compiles the program in EXAMPLES of each manual page, without warnings, runs it, and compares what
# it prints with what the page shows. The pages mark both with comments:
#
#   .\" SRC BEGIN (name.c)            .\" OUTPUT BEGIN
#   .\" SRC END                       .\" OUTPUT END
#
# Addresses may differ, but not the distances between them. Several blanks count as one. After OUTPUT
# BEGIN wrapped, lines may be broken anywhere. After OUTPUT BEGIN memrun OPTION..., memrun runs the
# program; SRC BEGIN (name.sh) is a shell script. Both are left out if there is no memrun. SRC BEGIN
# (name.cc) is a program in C++, left out if there is no compiler.
#
# With --extract PAGE it only prints the program of a page ("-": of standard input).
#
# Taken from the environment, as make check sets it: CC, CPPFLAGS, CFLAGS, LDFLAGS, LIBTOOL,
# top_srcdir, top_builddir, TEST_WRAPPER (what to run a program with, such as an emulator).
# MEM_CFLAGS and MEM_LIBS, if set, are used instead of the library that was built, as in
#
#   MEM_CFLAGS=$(pkg-config --cflags mem) MEM_LIBS=$(pkg-config --libs mem) tests/man-examples.sh
#
# Exits with 0 if all is well, 1 if not, 77 if there is no compiler or its programs cannot run here.

set -u
LC_ALL=C
export LC_ALL
unset LIBMEM_MISUSE

# Prints the text between two comments of a page, without roff escapes: extract SRC page.
extract()
{
    awk -v what="$1" '
    function unescape(text,    out, at, rest)
    {
        while ((at = index(text, "\\")) > 0) {
            out = out substr(text, 1, at - 1)
            rest = substr(text, at + 1)
            if (rest ~ /^e/) { out = out "\\"; text = substr(rest, 2) }
            else if (rest ~ /^-/) { out = out "-"; text = substr(rest, 2) }
            else if (rest ~ /^&/) { text = substr(rest, 2) }
            else if (rest ~ /^\(aq/) { out = out "\047"; text = substr(rest, 4) }
            else if (rest ~ /^\(ga/) { out = out "`"; text = substr(rest, 4) }
            else if (rest ~ /^\(ha/) { out = out "^"; text = substr(rest, 4) }
            else if (rest ~ /^\(ti/) { out = out "~"; text = substr(rest, 4) }
            else { print FILENAME ": unknown escape: \\" rest >"/dev/stderr"; exit 1 }
        }
        return out text
    }
    /^\.\\" / && $2 == what { inside = $3 == "BEGIN"; next }
    !inside || /^\./ { next }
    { print unescape($0) }' "$2"
}

if [ "${1-}" = --extract ]; then
    extract SRC "$2"
    exit
fi

top=${top_srcdir:-${srcdir:-$(dirname "$0")/..}}
build=${top_builddir:-.}
cc="${CC:-cc} -std=c11"
warnings="-Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Werror"
cxx="${CXX:-no} -std=c++17"
cxx_warnings="-Wall -Wextra -Wconversion -Wshadow -Werror"
wrapper=${TEST_WRAPPER-}
work=$(mktemp -d "${top_builddir:-${TMPDIR:-/tmp}}/man-examples.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

normalize()
{
    awk -v wrapped="$wrapped" -v exact="$exact" -f "$top/tests/shown.awk"
}

# compile NAME SUFFIX: the program of a page, in C or C++
compile()
{
    # The variables hold several words each.
    # shellcheck disable=SC2086
    if [ "$2" = cc ]; then
        $cxx $cxx_warnings ${MEM_CFLAGS--I"$top/include"} ${CPPFLAGS-} ${CXXFLAGS-} -c "$1.cc" -o "$1.o"
    else
        $cc $warnings ${MEM_CFLAGS--I"$top/include"} ${CPPFLAGS-} ${CFLAGS-} -c "$1.c" -o "$1.o"
    fi
}

# link NAME SUFFIX
link()
{
    linker="$cc ${CFLAGS-}"
    test "$2" = c || linker="$cxx ${CXXFLAGS-}"
    # shellcheck disable=SC2086
    if [ -n "${MEM_LIBS+set}" ]; then
        $linker ${LDFLAGS-} "$1.o" $MEM_LIBS -o "$1"
    elif [ -n "${LIBTOOL-}" ]; then
        $LIBTOOL --silent --tag=CC --mode=link $linker ${LDFLAGS-} -no-install \
            "$1.o" "$build/libmem.la" -o "$1"
    else
        libs=$(cd "$build/.libs" && pwd) &&
            $linker ${LDFLAGS-} "$1.o" -L"$libs" -Wl,-rpath,"$libs" -lmem -o "$1"
    fi
}

# memrun of this build, or else an installed one.
if [ -x "$build/memrun" ]; then
    top_build=$(cd "$build" && pwd)
    PATH=$top_build:$PATH
    LIBMEM_MODULE=$top_build/.libs/libmem-malloc.so
    export PATH LIBMEM_MODULE
fi

# Succeeds if everything that an example needs is there.
can_run()
{
    if [ "${CXX:-no}" = no ] && grep -q '^\.\\" SRC BEGIN (.*\.cc)' "$1"; then return 1; fi
    { ! grep -q '^\.\\" OUTPUT BEGIN memrun' "$1" && ! grep -q '^\.\\" SRC BEGIN (.*\.sh)' "$1"; } ||
        { [ -z "$wrapper" ] && command -v memrun >/dev/null 2>&1 &&
            { [ "${1##*/}" != memreplay.1 ] || command -v memreplay >/dev/null 2>&1; }; }
}

run()
{
    # shellcheck disable=SC2086
    $wrapper "$@"
}

# Can programs be compiled and run at all?
cat >"$work/probe.c" <<END
#include <stdio.h>
#include <unistd.h>
int main(void)
{
    printf("%d-bit pointers, pages of %ld\n", (int)sizeof(void *) * 8, sysconf(_SC_PAGESIZE));
    return 0;
}
END
# shellcheck disable=SC2086
if ! { ${CC:-cc} ${CPPFLAGS-} ${CFLAGS-} ${LDFLAGS-} "$work/probe.c" -o "$work/probe" &&
    run "$work/probe"; } >"$work/probe.log" 2>&1; then
    cat "$work/probe.log"
    echo "programs of $cc cannot be compiled or run here"
    exit 77
fi

# Is the size of the bookkeeping that of the pages?
case "$wrapper $(uname -m) $(cat "$work/probe.log")" in
" x86_64 64-bit pointers, pages of 4096") exact=1 ;;
*) exact=0 ;;
esac

# Tests the program of one page.
try()
{
    name=$work/$(basename "$1")
    wrapped=0
    if grep -q '^\.\\" OUTPUT BEGIN wrapped' "$1"; then wrapped=1; fi
    suffix=c
    if grep -q '^\.\\" SRC BEGIN (.*\.cc)' "$1"; then suffix=cc; fi
    extract SRC "$1" >"$name.$suffix" && extract OUTPUT "$1" >"$name.shown" || return 1
    if grep -q '^\.\\" SRC BEGIN (.*\.sh)' "$1"; then
        # A script's whole output is compared, its stderr and exit status included.
        (cd "$work" && sh "${name##*/}.c") >"$name.printed"
    else
        grep -q 'int main(' "$name.$suffix" || { echo "no program in EXAMPLES"; return 1; }
        compile "$name" $suffix && link "$name" $suffix || return 1
        # Words of a command
        # shellcheck disable=SC2046
        run $(sed -n 's/^\.\\" OUTPUT BEGIN \(memrun.*\)/\1/p' "$1") "$name" >"$name.printed" ||
            { echo "it ended with $?"; cat "$name.printed"; return 1; }
    fi
    test -s "$name.shown" || return 0
    normalize <"$name.shown" >"$name.want"
    normalize <"$name.printed" >"$name.got"
    cmp -s "$name.want" "$name.got" && return 0
    echo "it does not print what the page shows, but:"
    cat "$name.printed"
    diff "$name.want" "$name.got"
    return 1
}

failed=0
count=0
for page in "$top"/man/*.[1357]; do
    read -r first <"$page"
    case $first in
    .so*) continue ;;
    esac
    # What bytes a page shows, a program compares: inner-trace-page.
    if grep -q '^\.\\" HEX BEGIN' "$page"; then continue; fi
    if ! can_run "$page"; then
        echo "left out, as there is no memrun, memreplay or C++ compiler: $page"
        continue
    fi
    count=$((count + 1))
    if try "$page"; then
        echo "ok: $page"
    else
        echo "FAILED: $page"
        failed=$((failed + 1))
    fi
done
echo "$count programs, $failed failed"
test $failed -eq 0
