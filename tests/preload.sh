#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests libmem-malloc.so: its exports and needs, and the programs in malloc/, each run with it.
#
# Reads from the environment, as make check sets it: CXX, CXXFLAGS, LDFLAGS, NM, top_srcdir, and the
# variables of malloc.sh.

# Flags are lists of words.
# shellcheck disable=SC2086
# shellcheck source=tests/malloc.sh
. "${top_srcdir:-.}/tests/malloc.sh"

# --- exports: exactly those in malloc.map, with C++'s operators in all 20 forms ---

${NM:-nm} -D --defined-only "$LIBMEM_MODULE" | awk '$2 != "A" { print $3 }' | sort >"$tmp/exported"
sed -n 's/^    \(Mem_[A-Za-z]*\|[a-z_0-9]*\);$/\1/p' "${top_srcdir:-.}/malloc/malloc.map" >"$tmp/listed"
letter=$(sed -n 's/^_Znw\([jmy]\)$/\1/p' "$tmp/exported")
for name in _Znw$letter _Zna$letter _ZdlPv _ZdaPv; do
    for suffix in '' RKSt9nothrow_t St11align_val_t St11align_val_tRKSt9nothrow_t; do
        echo "$name$suffix"
    done
done >>"$tmp/listed"
for name in _ZdlPv$letter _ZdaPv$letter; do
    echo "$name"
    echo "${name}St11align_val_t"
done >>"$tmp/listed"
sort "$tmp/listed" >"$tmp/expected"
if ! cmp -s "$tmp/expected" "$tmp/exported"; then
    fail "it does not export (>) what it should (<)"
    diff "$tmp/expected" "$tmp/exported"
fi

# --- needs: libc, and the fastest access to thread variables ---

if command -v readelf >/dev/null 2>&1; then
    needed=$(readelf -d "$LIBMEM_MODULE" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -vE '^(libc|libpthread|libdl|ld-.*)\.so')
    [ -z "$needed" ] || fail "it needs $needed"
    readelf -d "$LIBMEM_MODULE" | grep -q STATIC_TLS || fail "its thread variables are not initial-exec"
    readelf -d "$LIBMEM_MODULE" | grep -q TEXTREL && fail "it has text relocations"
    readelf -r "$LIBMEM_MODULE" | grep -qE 'DTPMOD|TLSDESC' && fail "it asks the loader for thread variables"
fi
if wants=$(${NM:-nm} -D -u "$LIBMEM_MODULE" | grep -E ' (malloc|calloc|realloc|free|asprintf|strdup|fopen)(@|$)'); then
    fail "it wants $wants"
fi

# --- programs in C ---

preloaded 0 "$programs/surface"
grep -q '^libmem: surface (process [0-9]*)' "$tmp/err" || fail "malloc_stats: says nothing on stderr"
preloaded 0 "$programs/lifecycle"
silent
printf 'main\natexit\ndestructor\n' | cmp -s - "$tmp/out" || fail "lifecycle: printed $(cat "$tmp/out")"
for keys in 0 40 100000; do
    preloaded 0 "$programs/keys" $keys
    silent
done
preloaded 0 "$programs/returns"
silent
preloaded 0 "$programs/clock"
silent
preloaded 0 "$programs/ahead"
silent
LIBMEM_SIZE=8M preloaded 0 "$programs/ahead" end
silent
for exact in 0 1; do
    LIBMEM_EXACT=$exact LIBMEM_SIZE=1G preloaded 0 "$programs/charged"
    silent
done
LIBMEM_SIZE=1G preloaded 0 "$programs/forks"
silent
LIBMEM_SIZE=8M preloaded 0 "$programs/full"
silent
LIBMEM_EXACT=1 LIBMEM_SIZE=8M preloaded 0 "$programs/full"
silent
for exact in 0 1; do
    LIBMEM_EXACT=$exact LIBMEM_SIZE=16M preloaded 0 "$programs/onfull"
    silent
done
LIBMEM_SIZE=32M
export LIBMEM_SIZE
preloaded 0 "$programs/threads"
silent
LIBMEM_EXACT=1 LIBMEM_HUGE=1 preloaded 0 "$programs/threads"
silent
unset LIBMEM_SIZE

# --- a plug-in loaded with RTLD_DEEPBIND, by the RUNPATH of the program ---

mkdir "$tmp/plugins"
plugin="${CC:-cc} -D_GNU_SOURCE ${CFLAGS-} ${LDFLAGS-} ${top_srcdir:-.}/tests/malloc/plugin.c"
# shellcheck disable=SC2016
if $plugin -DPLUGIN -shared -fPIC -o "$tmp/plugins/libplugin.so" &&
    $plugin -Wl,--enable-new-dtags '-Wl,-rpath,$ORIGIN/plugins' -o "$tmp/plugin" ${DL_LIBS-}; then
    run 0 "$tmp/plugin" same
    preloaded 0 "$tmp/plugin" same
    silent
    LIBMEM_DEEPBIND=0 preloaded 0 "$tmp/plugin" same
    silent
    LIBMEM_DEEPBIND=1 preloaded 0 "$tmp/plugin" other
    silent
    LIBMEM_DEEPBIND=yes preloaded 0 "$tmp/plugin" same
    complains 'libmem: LIBMEM_DEEPBIND is "yes", not 0 or 1; taken as 0'
else
    fail "plugin.c cannot be compiled"
fi

# --- the environment ---

LIBMEM_STATS=json preloaded 0 "$programs/mistake" fails
grep -q '"failures":3,' "$tmp/err" || fail "calls that failed are not counted: $(cat "$tmp/err")"
rm -f "$tmp/report"
LIBMEM_STATS_FILE=$tmp/report preloaded 0 "$programs/needs" 0
silent
grep -q '^libmem: needs (process' "$tmp/report" || fail "a file alone gets no report"
LIBMEM_STATS_FILE=$tmp/none/report preloaded 0 "$programs/needs" 0
complains "libmem: cannot write the report to $tmp/none/report: No such file or directory"
if [ -w /dev/full ]; then
    LIBMEM_STATS_FILE=/dev/full preloaded 0 echo
    complains "libmem: cannot write the report to /dev/full: No space left on device"
fi
LIBMEM_MISUSE=ABORT preloaded 0 "$programs/needs" 0
complains 'libmem: LIBMEM_MISUSE is "ABORT", not ignore, warn or abort; taken as abort'
LIBMEM_MISUSE=ABORT preloaded 134 "$programs/mistake" double
LIBMEM_MISUSE='' preloaded 134 "$programs/mistake" double

# A program with a libmem of its own has two heaps, and two handlers of fork().
if [ -x "$build/tests/test-threads" ]; then
    MEM_TEST_OPS=1000 preloaded 0 "$build/tests/test-threads"
    MEM_TEST_OPS=5 preloaded 0 "$build/tests/test-fork"
    preloaded 0 "$build/tests/test-alloc"
fi

# --- filters of system calls: the program's own, and an inherited one ---

for by in prctl syscall; do
    for threads in 0 3; do
        LD_PRELOAD=$LIBMEM_MODULE "$programs/filtered" prctl 0 2>/dev/null
        if [ $? -eq 77 ]; then
            echo "there are no filters to try"
            break 2
        fi
        LIBMEM_SIZE=256M preloaded 0 "$programs/filtered" $by $threads
        silent
        LIBMEM_SIZE=256M run 0 "$programs/filtered" start /usr/bin/env LD_PRELOAD="$LIBMEM_MODULE" "$programs/filtered" use $threads
        silent
    done
done

# --- libraries that replace functions, and allocate in them; early calls ---

if $CC ${CFLAGS-} -fPIC -shared "${top_srcdir:-.}/tests/malloc/interposer.c" -o "$tmp/interposer.so" 2>"$tmp/err"; then
    for order in "$tmp/interposer.so $LIBMEM_MODULE" "$LIBMEM_MODULE $tmp/interposer.so"; do
        LIBMEM_SIZE=32M run 0 timeout -k 1 20 env LD_PRELOAD="$order" "$programs/threads"
    done
else
    echo "no shared library can be compiled"
fi
if $CC ${CFLAGS-} -fPIC -shared "${top_srcdir:-.}/tests/malloc/audit.c" -o "$tmp/audit.so" 2>"$tmp/err"; then
    LD_AUDIT=$tmp/audit.so LIBMEM_SIZE=4M preloaded 1 "$programs/needs" 8
    prints '[0-4] of 8: ENOMEM'
fi

# --- programs in C++ ---

if [ "${CXX:-no}" = no ]; then
    echo "there is no C++ compiler"
elif ! $CXX -std=c++17 -fno-builtin -fsized-deallocation ${CXXFLAGS-} ${LDFLAGS-} "${top_srcdir:-.}/tests/malloc/forms.cc" \
    -o "$tmp/forms" -pthread; then
    fail "forms.cc cannot be compiled"
else
    LIBMEM_SIZE=32M preloaded 0 "$tmp/forms"
    silent
fi

# A program, or libraries before the module, define some of the operators: the others call these, as
# without the module.
#   same WHAT PRELOADED PROGRAM
same()
{
    runs=$((runs + 1))
    LD_PRELOAD=$2 "$3" >"$tmp/right" 2>&1
    LD_PRELOAD=$2${2:+:}$LIBMEM_MODULE "$3" >"$tmp/out" 2>&1
    if ! grep -qx end "$tmp/right" || ! cmp -s "$tmp/right" "$tmp/out"; then
        fail "$1: the operators call others (>) than without the module (<)"
        diff "$tmp/right" "$tmp/out"
    fi
}

# replaced OUTPUT FLAG...: compiles replaced.cc
replaced()
{
    output=$1
    shift
    $CXX -std=c++17 -fno-builtin -fsized-deallocation -Wno-sized-deallocation ${CXXFLAGS-} ${LDFLAGS-} "$@" \
        "${top_srcdir:-.}/tests/malloc/replaced.cc" -o "$tmp/$output" || fail "replaced.cc cannot be compiled with $*"
}

if [ "${CXX:-no}" != no ]; then
    replaced caller -rdynamic
    replaced owner -DALL -DGROUP=1
    groups="1 2 4 8 16 32 64"
    for group in $groups; do
        replaced "group-$group.so" -DGROUP="$group" -shared -fPIC
    done
    same "a program with new and delete" '' "$tmp/owner"
    for set in 0 1 2 3 4 8 12 5 10 16 17 18 19 32 33 35 64 65 68 67 95 127; do
        list=
        for group in $groups; do
            [ $((set & group)) -eq 0 ] || list=$list${list:+:}$tmp/group-$group.so
        done
        same "groups $set" "$list" "$tmp/caller"
    done
fi

# --- mistakes: the line, and the end ---

at="0x[0-9a-f]*"
mistake()
{
    line="libmem: misuse: $2, region $at, first block $at"
    preloaded 134 "$programs/mistake" "$1"
    complains "$line"
    LIBMEM_MISUSE=abort preloaded 134 "$programs/mistake" "$1"
    complains "$line"
    LIBMEM_MISUSE=warn preloaded 0 "$programs/mistake" "$1"
    complains "$line"
    LIBMEM_MISUSE=ignore preloaded 0 "$programs/mistake" "$1"
    silent
}
freed="the pointer is in free memory: freed already, or never allocated"
for kind in double double-cached double-alone double-settled double-large realloc; do
    mistake $kind "$freed: $at in a free block of [0-9]* bytes at $at"
done
mistake inside "the pointer is inside a block in use, not at its start: $at in a block in use of 112 bytes at $at"
mistake unaligned "the pointer is not aligned as a block is: $at in a block in use of 112 bytes at $at"
mistake outside "the pointer is outside of the region's blocks: $at"
mistake size "the freed block is smaller than the given size: $at in a block in use of 112 bytes at $at"

# --- invalid settings ---

for size in 0 12x -1 +1 ' 1' K 1KX 101% 99999999999999999999 99999999999G '%'; do
    LIBMEM_SIZE=$size preloaded 125 "$programs/needs" 0
    complains "libmem: LIBMEM_SIZE is \"$size\", not a number of bytes, as in 65536, 64K, 16MB or 1.5G, or 1% to 100%"
done
for size in 1000000 977K 1m 1G 1MB 1.5MiB 1% '' 25%; do
    LIBMEM_SIZE=$size preloaded 0 "$programs/needs" 0
    silent
done
# PTRDIFF_MAX, or a number too large for short addresses
LIBMEM_SIZE=9223372036854775807 preloaded 125 "$programs/needs" 0
complains 'libmem: .*9223372036854775807.*'
LIBMEM_HUGE=yes preloaded 0 "$programs/needs" 0
complains 'libmem: LIBMEM_HUGE is "yes", not 0 or 1; taken as 0'
LIBMEM_EXACT=yes preloaded 0 "$programs/needs" 0
complains 'libmem: LIBMEM_EXACT is "yes", not 0 or 1; taken as 0'
end
