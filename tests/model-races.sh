#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Model-checks everything that can happen when threads free the same block, with the models in models/.
# With one rule of the protocol left out, the checker must find a fault: so the models can fail.
#
# Taken from the environment, as make check sets it: CC, top_srcdir, top_builddir.
#
# Exits with 0 if all is well, 77 if spin or the compiler is not there, else with 1.

# Flags are lists of words.
# shellcheck disable=SC2086

LC_ALL=C
export LC_ALL

source=$(cd "${top_srcdir:-.}/tests/models" && pwd) || exit 99
build=${top_builddir:-.}
cc=${CC:-cc}
status=0
MEGABYTES=1000 # of memory for each run, at most
SECONDS_EACH=300

if ! command -v spin >/dev/null; then
    echo "skipped: there is no spin"
    exit 77
fi
tmp=$(mktemp -d "$build/model-races.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
cd "$tmp" || exit 99
echo 'int main(void) { return 0; }' >probe.c
if ! $cc -o probe probe.c || ! ./probe; then
    echo "skipped: there is no compiler for programs that run here"
    exit 77
fi

# run MODEL FLAG...: tries everything; prints the number of states, and faults
run()
{
    model=$1
    shift
    rm -f pan* model.trail
    cp "$source"/*.pml .
    spin "$@" -a "$model.pml" >spin.out 2>&1 &&
        $cc $optimize -w -DSAFETY -DCOLLAPSE -DVECTORSZ=4096 -DMEMLIM=$MEGABYTES -o pan pan.c >cc.out 2>&1 &&
        timeout $SECONDS_EACH ./pan -m200000 >pan.out 2>&1
    if ! grep -q '^State-vector' pan.out; then
        cat spin.out cc.out pan.out
        return 2
    fi
    if grep -Eq 'max search depth too small|reached -DMEMLIM|out of memory|Search not completed' pan.out &&
        ! grep -q 'assertion violated' pan.out; then
        cat pan.out
        return 2
    fi
    grep -q 'errors: 0$' pan.out
}

# holds MODEL FLAG...: there is no fault
holds()
{
    optimize=-O1
    if run "$@"; then
        echo "$*: holds, in$(sed -n 's/ *\([0-9]*\) states, stored.*/ \1 states/p' pan.out)"
    else
        echo "$*: FAILED"
        cat pan.out
        test ! -f "$1.pml.trail" || { shift; spin "$@" -t -p "$model.pml" | tail -n 200; }
        status=1
    fi
}

# fails MODEL FLAG...: there is a fault
fails()
{
    optimize=-O0 # compiling takes longer than finding
    run "$@"
    if [ $? -eq 1 ] && grep 'assertion violated' pan.out | grep -qv 'latest<'; then
        echo "$*: found: $(sed -n 's/^pan:1: assertion violated \(.*\) (at depth.*/\1/p' pan.out)"
    else
        echo "$*: FAILED: nothing is found"
        status=1
    fi
}

for memory in "" -DC11; do
    holds hide $memory
    holds hide $memory -DFENCES
    fails hide $memory -DNO_MEMBARRIER
done
fails hide -DC11 -DRELAXED_POINTER

one="-DOWNERS=1 -DFREERS=2" # owner, and two other threads
two="-DOWNERS=2 -DFREERS=1" # owners that have the span in turn, and another thread

holds free $one -DSTEPS=3 -DSIZE
holds free $two -DSTEPS=3
holds free $two -DSTEPS=3 -DLATER_STEPS=5 -DOWN_POSTS
holds free $one -DSTEPS=2 -DC11
holds free $two -DSTEPS=2 -DC11
holds free $two -DSTEPS=3 -DLATER_STEPS=5 -DOWN_POSTS -DC11

# The need for each rule.
for memory in "" -DC11; do
    fails free $one -DSTEPS=3 $memory -DNO_OWNER_FENCE
    fails free $one -DSTEPS=3 $memory -DNO_SECOND_LOOK
    fails free $one -DSTEPS=3 $memory -DREMOTE_FIRST
    fails free $one -DSTEPS=3 $memory -DSKIP_REMOTE
    fails free $one -DSTEPS=3 $memory -DUNDO
    fails free $one -DSTEPS=3 $memory -DSIZE -DLIVE_FIRST
    fails free $two -DSTEPS=2 $memory -DKEEP_FOREIGN
    fails free $two -DSTEPS=2 $memory -DOWN_INBOX
    fails free $two -DSTEPS=2 $memory -DNO_LATE_POST
    fails free $two -DSTEPS=3 -DLATER_STEPS=2 $memory -DNO_FORWARD
    fails free $two -DSTEPS=2 -DLATER_STEPS=4 -DOWN_POSTS $memory -DNO_TAG
done
fails free $one -DSTEPS=3 -DC11 -DNO_COLLECT_FENCE
fails free $one -DSTEPS=3 -DC11 -DRELAXED_POINTER
fails free $two -DSTEPS=2 -DLATER_STEPS=4 -DOWN_POSTS -DC11 -DNO_TAKE_FENCE
fails free $two -DSTEPS=2 -DLATER_STEPS=4 -DOWN_POSTS -DC11 -DNO_ACQUIRE_FENCE
fails free $two -DSTEPS=3 -DLATER_STEPS=5 -DOWN_POSTS -DC11 -DNO_DROP_FENCE
exit $status
