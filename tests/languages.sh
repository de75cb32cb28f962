#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that mem.h can be included, first of all and twice, in every standard of C and C++ that the
# compilers know, without a warning, and mem.hpp from C++17 on; and builds and runs programs in C++:
# those that use mem.hpp with g++ and clang++, if both are there, in C++17 and C++20.
#
# Reads from the environment, as make check sets it: CC, CXX (no: there is none), CPPFLAGS, CFLAGS,
# CXXFLAGS, LDFLAGS, LIBTOOL, TEST_WRAPPER, top_srcdir, top_builddir. For an installed library also
# MEM_CFLAGS and MEM_LIBS, as from pkg-config.
#
# Exits with 0 on success, else with 1.

# Commands and flags are lists of words.
# shellcheck disable=SC2086

LC_ALL=C
export LC_ALL

source=${top_srcdir:-.}
build=${top_builddir:-.}
cflags=${MEM_CFLAGS--I$source/include}
cc=${CC:-cc}
cxx=${CXX:-no}
warnings="-Wall -Wextra -Wpedantic -Werror"
status=0
tmp=$(mktemp -d "$build/languages.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

# include COMPILER SUFFIX STANDARD HEADER: compiles the header alone
include()
{
    printf '#include <%s>\n#include <%s>\nextern int mem_test;\n' "$4" "$4" >"$tmp/header.$2"
    printf 'int mem_test = MEM_TEXT;\n' >>"$tmp/header.$2"
    printf 'int main(void) { return 0; }\n' >"$tmp/probe.$2"
    if ! $1 -std="$3" -c "$tmp/probe.$2" -o "$tmp/probe.o" 2>/dev/null; then
        echo "$3: the compiler does not know it"
    elif $1 -std="$3" $warnings ${CPPFLAGS-} $cflags -c "$tmp/header.$2" -o "$tmp/header.o"; then
        echo "$3: $4 can be included"
    else
        echo "$3: $4 can NOT be included"
        status=1
    fi
}

for standard in c99 c11 c17 c2x gnu11; do
    include "$cc ${CFLAGS-}" c $standard mem.h
done
if [ "$cxx" = no ]; then
    echo "there is no C++ compiler"
    exit $status
fi
for standard in c++11 c++14 c++17 c++20 c++23; do
    include "$cxx ${CXXFLAGS-}" cc $standard mem.h
done

# program COMPILER SOURCE: builds a program and runs it; its output goes to $tmp/said
program()
{
    $1 ${CXXFLAGS-} -pthread $warnings ${CPPFLAGS-} $cflags -c "$source/$2" -o "$tmp/cxx.o" || return 1
    if [ -n "${MEM_LIBS-}" ]; then
        $1 ${CXXFLAGS-} -pthread ${LDFLAGS-} "$tmp/cxx.o" -o "$tmp/cxx" $MEM_LIBS || return 1
    else
        $LIBTOOL --silent --tag=CC --mode=link $1 ${CXXFLAGS-} -pthread ${LDFLAGS-} -no-install \
            "$tmp/cxx.o" -o "$tmp/cxx" "$build/libmem.la" || return 1
    fi
    ${TEST_WRAPPER-} "$tmp/cxx" >"$tmp/said"
}

# works COMPILER SOURCE: the program does what it should
works()
{
    if program "$1" "$2"; then
        echo "$1: $2 works"
    else
        echo "$1: $2 does NOT work"
        status=1
    fi
}

works "$cxx" tests/test-cxx.cc

# uses_hpp COMPILER
uses_hpp()
{
    for standard in c++17 c++20; do
        include "$1 ${CXXFLAGS-}" cc $standard mem.hpp
        works "$1 -std=$standard" tests/test-hpp.cc
    done
}

# The other compiler cannot link code that this one has instrumented, nor build for a foreign host.
uses_hpp "$cxx"
case "$cxx ${INSTRUMENT_FLAGS-}" in
"g++ ") other=clang++ ;;
"clang++ ") other=g++ ;;
*) other=none ;;
esac
if command -v $other >/dev/null; then
    uses_hpp $other
fi

works "$cxx -std=c++17" examples/07-containers.cc
grep -Fqx "3 numbers: 24 bytes in use" "$tmp/said" || { cat "$tmp/said"; status=1; }
exit $status
