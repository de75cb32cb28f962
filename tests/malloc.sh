#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Common parts of the scripts that run programs with libmem-malloc.so; they read this file.
#
# Reads from the environment, as make check sets it: top_builddir, TEST_WRAPPER.

# shellcheck disable=SC2034 # what is set here is used there

LC_ALL=C
export LC_ALL
unset LIBMEM_SIZE LIBMEM_MISUSE LIBMEM_STATS LIBMEM_STATS_FILE LIBMEM_EXACT LIBMEM_HUGE LIBMEM_DEEPBIND LD_PRELOAD
unset MALLOC_PERTURB_ MALLOC_CHECK_ GLIBC_TUNABLES
# shellcheck disable=SC3045
ulimit -c 0 2>/dev/null

build=$(cd "${top_builddir:-.}" && pwd) || exit 99
programs=$build/tests/malloc
# Both can be set, to those of an installed package, for example.
LIBMEM_MODULE=${LIBMEM_MODULE:-$build/.libs/libmem-malloc.so}
export LIBMEM_MODULE
memrun=${MEMRUN:-$build/memrun}

if [ -n "${TEST_WRAPPER-}" ]; then
    echo "skipped: nothing can be preloaded into programs that run under $TEST_WRAPPER"
    exit 77
fi

# Programs of the system may have another word size than this build; then they are not tested.
foreign=no
if LD_PRELOAD=$LIBMEM_MODULE /bin/true 2>&1 | grep -q 'wrong ELF class'; then
    foreign=yes
fi

tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
failures=0
runs=0

# memrun would refuse to run programs of another word size.
if [ $foreign = yes ]; then
    printf '#!/bin/sh\nexec "%s" --force "$@"\n' "$memrun" >"$tmp/memrun"
    chmod +x "$tmp/memrun"
    memrun=$tmp/memrun
fi

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# run STATUS COMMAND...: output goes to $tmp/out and $tmp/err
run()
{
    expected=$1
    shift
    said=$*
    runs=$((runs + 1))
    # Drops the shell's own messages about signals.
    {
        (exec "$@" >"$tmp/out" 2>"$tmp/err")
        status=$?
    } 2>/dev/null
    if [ $foreign = yes ]; then
        sed -i '/^ERROR: ld.so: .*wrong ELF class/d' "$tmp/err"
    fi
    [ "$status" -eq "$expected" ] && return
    fail "$said: exit status $status, not $expected"
    cat "$tmp/out" "$tmp/err"
}

# preloaded STATUS COMMAND...
preloaded()
{
    expected=$1
    shift
    run "$expected" env LD_PRELOAD="$LIBMEM_MODULE" "$@"
}

# prints PATTERN: the last command printed this line; complains PATTERN: its stderr is this one line
prints()
{
    grep -qx -e "$1" "$tmp/out" && return
    fail "$said: no line '$1' in"
    cat "$tmp/out"
}

complains()
{
    if [ "$(wc -l <"$tmp/err")" -ne 1 ] || ! grep -qx -e "$1" "$tmp/err"; then
        fail "$said: not the line '$1' on stderr, but"
        cat "$tmp/err"
    fi
}

# silent: nothing on stderr
silent()
{
    [ ! -s "$tmp/err" ] && return
    fail "$said: says on stderr"
    cat "$tmp/err"
}

end()
{
    [ "$failures" -eq 0 ] || exit 1
    echo "$runs runs, all as they should be"
    exit 0
}
