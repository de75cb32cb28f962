#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the symbols that the library defines and needs.
#
#   - mem.h declares, src/mem.map lists, the shared library exports under MEM_1.0, and Debian's symbols
#     file names the same functions, and no others.
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

sed -n '/global:/,/local:/s/^ *\(Mem_[A-Za-z]*\);$/\1/p' "$top/src/mem.map" | sort >"$work/mem.map"

$nm -D --defined-only "$libs/libmem.so" | awk '$2 != "A" { print $NF }' |
    sed 's/^\(Mem_.*\)@@MEM_1\.0$/\1/' | sort >"$work/libmem.so"

sed -n 's/^ *\([^ ]*\)@MEM_1\.0 [0-9.]*$/\1/p' "$top/debian/libmem1.symbols" |
    sed '/^MEM_1\.0$/d' | sort >"$work/libmem1.symbols"

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
