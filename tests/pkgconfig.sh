#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Installs the library into a directory of its own, then builds a program with pkg-config's flags
# and runs it: shared and static, in C and, if there is a compiler, in C++. Uninstalls it again.
#
# Taken from the environment, as make check sets it: CC, CFLAGS, CXX, CXXFLAGS, LDFLAGS, MAKE,
# PKG_CONFIG, TEST_WRAPPER, INSTRUMENT_FLAGS, top_builddir.
#
# Exits with 0 if all is well, 1 if not, 77 if there is no pkg-config.

set -u

build=${top_builddir:-.}
pkg_config=${PKG_CONFIG:-pkg-config}
wrapper=${TEST_WRAPPER-}
status=0
work=$(cd "$build" && mktemp -d "$(pwd)/pkgconfig.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

$pkg_config --version >/dev/null 2>&1 || { echo "there is no pkg-config"; exit 77; }

(cd "$build" && ${MAKE:-make} install DESTDIR="$work/root") >"$work/install.log" 2>&1 || {
    cat "$work/install.log"
    exit 1
}
pc=$(find "$work/root" -name mem.pc)
test -n "$pc" || { echo "mem.pc was not installed"; exit 1; }

# The files are below a root: prefixes that compilers know by themselves, such as /usr, need one.
PKG_CONFIG_LIBDIR=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$work/root
PKG_CONFIG_ALLOW_SYSTEM_CFLAGS=1
PKG_CONFIG_ALLOW_SYSTEM_LIBS=1
export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR PKG_CONFIG_ALLOW_SYSTEM_CFLAGS \
    PKG_CONFIG_ALLOW_SYSTEM_LIBS
unset PKG_CONFIG_PATH
libdir=$(dirname "$PKG_CONFIG_LIBDIR")

cat >"$work/program.c" <<'END'
#include <mem.h>
#include <stdio.h>

/* Names that the library uses inside, and that are the program's as well. */
int heap_init = 20, tree_insert = 22;

int main(void)
{
    int *number;

    if (Mem_Init(4096) != 0 || (number = (int *)Mem_Alloc(sizeof *number)) == NULL) {
        return 1;
    }
    *number = heap_init + tree_insert;
    printf("%d in %d bytes\n", *number, (int)Mem_Size(number));
    return Mem_Free(number) != 0 || Mem_Check() != 0 || Mem_Exit() != 0;
}
END
cp "$work/program.c" "$work/program.cc"

# Runs a built program: run NAME.
run()
{
    # shellcheck disable=SC2086
    said=$(LD_LIBRARY_PATH=$libdir $wrapper "$work/$1") && test "$said" = "42 in 8 bytes" && return
    echo "$1: ended with $?, and said: $said"
    status=1
}

# Builds and runs a program: try NAME SUFFIX COMPILER FLAG... All are lists of words.
try()
{
    name=$1
    source=$work/program.$2
    compiler=$3
    shift 3
    case $name in
    *static*) static=--static ;;
    *) static= ;;
    esac
    flags=$($pkg_config $static --cflags --libs mem) || { status=1; return; }
    echo "$name: $flags $*"
    # shellcheck disable=SC2086
    if $compiler "$source" -o "$work/$name" ${LDFLAGS-} "$@" $flags >"$work/errors" 2>&1; then
        run "$name"
    else
        head -n 20 "$work/errors"
        echo "$name: not built"
        status=1
    fi
}

# Can programs be linked without shared libraries here? Not with sanitizers.
can_link_static()
{
    # shellcheck disable=SC2086
    test -f "$libdir/libmem.a" && test -z "${INSTRUMENT_FLAGS-}" && echo 'int main(void){return 0;}' |
        ${CC:-cc} ${CFLAGS-} ${LDFLAGS-} -static -x c - -o "$work/probe" 2>/dev/null
}

test "$($pkg_config --modversion mem)" != '' || status=1
# shellcheck disable=SC2086
try c c "${CC:-cc}" ${CFLAGS-}
if can_link_static; then
    # shellcheck disable=SC2086
    try c-static c "${CC:-cc}" ${CFLAGS-} -static
else
    echo "c-static: static programs cannot be linked here"
fi
if [ "${CXX:-no}" != no ]; then
    # shellcheck disable=SC2086
    try c++ cc "$CXX" ${CXXFLAGS-}
else
    echo "c++: there is no compiler"
fi

# Nothing stays after make uninstall, in directories that others use neither.
(cd "$build" && ${MAKE:-make} uninstall DESTDIR="$work/root") >"$work/install.log" 2>&1 || {
    cat "$work/install.log"
    status=1
}
prefix=$(sed -n 's/^prefix = //p' "$build/Makefile")
left=$(find "$work/root" ! -type d
    find "$work/root$prefix" -mindepth 1 -type d -name '*mem*')
test -z "$left" || { echo "left by make uninstall: $left"; status=1; }
exit $status
