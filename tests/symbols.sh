#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the symbols that the library defines and needs.
#
#   - mem.h declares, src/mem.map lists, the shared library exports, and Debian's symbols file names the same
#     functions under the same versions, and no others.
#   - Debian's symbols file asks for the release that a function is new in; and for 1.1.0 if a function takes a
#     structure that has new members since: a program may use nothing else that is new.
#   - The archive exports these, and nothing else: no name that a program could use for itself.
#   - The library needs no malloc(), brk() or the like.
#   - Its soname is libmem.so.1.
#
# Reads from the environment, as make check sets it: CC, NM, top_srcdir, top_builddir, and
# INSTRUMENT_FLAGS: code that a compiler adds for them may need malloc().
#
# Exits with 0 if so, 1 if not, and 77 if there is no shared library to test.

set -u
LC_ALL=C
export LC_ALL

top=${top_srcdir:-${srcdir:-$(dirname "$0")/..}}
libs=${top_builddir:-.}/.libs
nm=${NM:-nm}
status=0
work=$(mktemp -d "${top_builddir:-${TMPDIR:-/tmp}}/symbols.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

test -f "$libs/libmem.so" || { echo "there is no shared library"; exit 77; }

# Prints the functions that mem.h declares: the names before a parenthesis, outside of typedefs. CC
# and CPPFLAGS hold several words.
# shellcheck disable=SC2086
${CC:-cc} ${CPPFLAGS-} -E "$top/include/mem.h" | sed '/^#/d' | tr '\n' ' ' | tr ';' '\n' |
    sed -n '/typedef/d; s/.*[ *]\(Mem_[A-Za-z]*\)(.*/\1/p' | sort >"$work/mem.h"

# Each function with the version that the map gives it: FUNCTION@VERSION.
awk '/^MEM_[0-9.]+ \{/ { version = $1 }
    /^ *Mem_[A-Za-z]*;$/ { sub(/;/, "", $1); print $1 "@" version }' "$top/src/mem.map" | sort >"$work/versioned"
sed 's/@.*//' "$work/versioned" >"$work/mem.map"

$nm -D --defined-only "$libs/libmem.so" | awk '$2 != "A" { print $NF }' |
    sed 's/@@/@/' | sort >"$work/libmem.so.versioned"
sed 's/@.*//' "$work/libmem.so.versioned" >"$work/libmem.so"

sed -n 's/^ *\([^ ]*@MEM_1\.[0-9]*\) [0-9.]*$/\1/p' "$top/debian/libmem1.symbols" |
    sed '/^MEM_/d' | sort >"$work/libmem1.symbols.versioned"
sed 's/@.*//' "$work/libmem1.symbols.versioned" >"$work/libmem1.symbols"

# What Debian's symbols file must ask for of each function.
# shellcheck disable=SC2086
${CC:-cc} ${CPPFLAGS-} -E "$top/include/mem.h" | sed '/^#/d' | tr '\n' ' ' | tr ';' '\n' |
    sed -n '/typedef/d; /(.*Mem_\(Options\|Stats\) /s/.*[ *]\(Mem_[A-Za-z]*\)(.*/\1/p' | sort >"$work/grown"
test -s "$work/grown" || { echo "no function takes a structure that has grown"; exit 1; }
while read -r name version; do
    case $name in
    *@MEM_1.0) wanted=1.0.0 ;;
    *) wanted=${name#*@MEM_}.0 ;;
    esac
    if grep -qxF "${name%@*}" "$work/grown"; then wanted=1.1.0; fi
    test "$version" = "$wanted" || { echo "libmem1.symbols: $name $version should be $wanted"; status=1; }
done <<END
$(sed -n 's/^ *\(Mem_[^ ]*\)/\1/p' "$top/debian/libmem1.symbols")
END

compare()
{
    cmp -s "$work/mem.h" "$work/$1" && return
    echo "mem.h (<) and $1 (>) do not agree:"
    diff "$work/mem.h" "$work/$1" | grep '^[<>]'
    status=1
}

test -s "$work/mem.h" || { echo "no function was found in mem.h"; exit 1; }
compare mem.map
compare libmem.so
compare libmem1.symbols
for file in libmem.so libmem1.symbols; do
    diff "$work/versioned" "$work/$file.versioned" || { echo "mem.map (<) and $file (>) do not agree"; status=1; }
done

# Prints which of its arguments' undefined symbols are the heap of the C library.
other_heap()
{
    sed -n 's/^.* U \([^@]*\).*$/\1/p' |
        grep -x -E '_*(m|c|re|v|pv)?alloc|_*c?free|reallocarray|aligned_alloc|posix_memalign|memalign|_*s?brk|strn?dup|v?asprintf'
}

if [ -n "${INSTRUMENT_FLAGS-}" ]; then
    echo "not looked into libmem.a, nor for malloc() and the like, because of $INSTRUMENT_FLAGS"
else
    for file in "$libs/libmem.so" "$libs/libmem.a"; do
        test -f "$file" || continue
        if wants=$($nm -u "$file" | other_heap; $nm -D -u "$file" 2>/dev/null | other_heap); then
            echo "$file wants:"
            echo "$wants"
            status=1
        fi
    done
    if [ -f "$libs/libmem.a" ]; then
        $nm -g --defined-only "$libs/libmem.a" | awk 'NF == 3 && $3 !~ /^_/ { print $3 }' | sort >"$work/libmem.a"
        compare libmem.a
    fi
fi

if command -v readelf >/dev/null 2>&1; then
    soname=$(readelf -d "$libs/libmem.so" | sed -n 's/.*(SONAME).*\[\(.*\)\]$/\1/p')
    test "$soname" = libmem.so.1 || { echo "the soname is $soname"; status=1; }
fi

test $status -eq 0 && echo "$(wc -l <"$work/mem.h") functions"
exit $status
