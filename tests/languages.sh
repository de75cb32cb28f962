#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that mem.h can be included, first of all and twice, in every standard of C and C++ that the
# compilers know, without a warning; and builds and runs test-cxx.cc.
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

# include COMPILER SUFFIX STANDARD: compiles the header alone
include()
{
    printf '#include <mem.h>\n#include <mem.h>\nextern int mem_test;\n' >"$tmp/header.$2"
    printf 'int mem_test = MEM_TEXT;\n' >>"$tmp/header.$2"
    printf 'int main(void) { return 0; }\n' >"$tmp/probe.$2"
    if ! $1 -std="$3" -c "$tmp/probe.$2" -o "$tmp/probe.o" 2>/dev/null; then
        echo "$3: the compiler does not know it"
    elif $1 -std="$3" $warnings ${CPPFLAGS-} $cflags -c "$tmp/header.$2" -o "$tmp/header.o"; then
        echo "$3: mem.h can be included"
    else
        echo "$3: mem.h can NOT be included"
        status=1
    fi
}

for standard in c99 c11 c17 c2x gnu11; do
    include "$cc ${CFLAGS-}" c $standard
done
if [ "$cxx" = no ]; then
    echo "there is no C++ compiler"
    exit $status
fi
for standard in c++11 c++14 c++17 c++20 c++23; do
    include "$cxx ${CXXFLAGS-}" cc $standard
done

$cxx ${CXXFLAGS-} -pthread $warnings ${CPPFLAGS-} $cflags -c "$source/tests/test-cxx.cc" -o "$tmp/cxx.o" || exit 1
if [ -n "${MEM_LIBS-}" ]; then
    $cxx ${CXXFLAGS-} -pthread ${LDFLAGS-} "$tmp/cxx.o" -o "$tmp/cxx" $MEM_LIBS || exit 1
else
    $LIBTOOL --silent --tag=CC --mode=link $cxx ${CXXFLAGS-} -pthread ${LDFLAGS-} -no-install "$tmp/cxx.o" \
        -o "$tmp/cxx" "$build/libmem.la" || exit 1
fi
if ${TEST_WRAPPER-} "$tmp/cxx" >"$tmp/said"; then
    echo "a C++ program works"
else
    echo "a C++ program does NOT work"
    status=1
fi
exit $status
