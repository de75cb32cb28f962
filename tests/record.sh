#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that programs are recorded: memrun --record, and LIBMEM_RECORD. tests/trace-count tells what a trace has.
#
# Taken from the environment, as make check sets it: top_srcdir, and what malloc.sh tells.

# shellcheck source=tests/malloc.sh
. "${top_srcdir:-.}/tests/malloc.sh"
unset LIBMEM_RECORD LIBMEM_RECORD_STACK LIBMEM_RECORD_REGION LIBMEM_RECORDER
LIBMEM_RECORD_MODULE=$build/.libs/libmem-record.so
export LIBMEM_RECORD_MODULE
count=$build/tests/trace-count
program=$programs/recorded

# has TRACE "WORD NUMBER"...: what is counted in a trace
has()
{
    trace=$1
    shift
    if ! "$count" "$trace" >"$tmp/counts" 2>"$tmp/err"; then
        fail "$said: $(cat "$tmp/err")"
        return
    fi
    for wanted; do
        grep -qx -e "$wanted" "$tmp/counts" ||
            fail "$said: not '$wanted', but '$(grep "^${wanted%% *} " "$tmp/counts")'"
    done
}

# --- each call, its caller, and the end ---

run 0 "$memrun" --record="$tmp/calls" "$program" calls
silent
has "$tmp/calls" 'allocs 5' 'callocs 1' 'aligned 2' 'resizes 1' 'frees 5' 'failed 2' 'threads 1' \
    'regions 1' 'strange 0' 'depth 1' 'complete 1'
[ "$(stat -c %a "$tmp/calls")" = 600 ] || fail 'others may read a trace'
run 3 "$memrun" --record="$tmp/status" sh -c 'exit 3'
silent
run 0 "$memrun" --record="$tmp/deep" --stack=8 "$program" calls
has "$tmp/deep" 'allocs 5' 'frees 5' 'strange 0' 'complete 1'

# --- many events, many threads ---

run 0 "$memrun" --record="$tmp/churn" "$program" churn 600000
has "$tmp/churn" 'allocs 600000' 'frees 600000' 'complete 1'
run 0 "$memrun" --record="$tmp/hand" "$program" hand-over 20000
has "$tmp/hand" 'allocs 20000' 'frees 20000' 'threads 2' 'complete 1'
run 0 "$memrun" --record="$tmp/storm" "$program" storm 1000
has "$tmp/storm" 'allocs 20000' 'frees 20000' 'threads 1001' 'complete 1'

# --- modules that come and go ---

run 0 "$memrun" --record="$tmp/load" "$program" load 10 libutil.so.1
has "$tmp/load" 'allocs 20' 'unloaded 1' 'strange 0' 'complete 1'

# --- ends of all kinds: nothing is lost ---

run 137 "$memrun" --record="$tmp/killed" "$program" killed 3000
tries=0
while [ $tries -lt 50 ] && ! "$count" "$tmp/killed" 2>/dev/null | grep -qx 'complete 1'; do
    tries=$((tries + 1))
    sleep 0.1
done
has "$tmp/killed" 'allocs 3000' 'frees 0' 'complete 1'

# --- forks, and other programs ---

run 0 "$memrun" --record="$tmp/fork" "$program" fork 100
complains 'libmem: a process that was forked is not recorded; with %p in its name, there is a file for each'
has "$tmp/fork" 'allocs 100' 'complete 1'
run 0 "$memrun" --record="$tmp/each.%p" "$program" fork 100
silent
set -- "$tmp"/each.*
[ $# -eq 2 ] || fail "there are $# files, not one for each of two processes"
for file; do
    has "$file" 'allocs 100' 'frees 100' 'complete 1'
done
run 0 "$memrun" --record="$tmp/become" "$program" become 100 "$program" churn 50
silent
has "$tmp/become" 'allocs 150' 'frees 150' 'regions 2' 'ended 1' 'complete 1'
run 0 "$memrun" --record="$tmp/other" sh -c "'$program' churn 10; exit"
has "$tmp/other" 'allocs 0'

# --- what can't be written ---

run 125 "$memrun" --record= "$program" churn
complains "memrun: invalid file name '' for a trace"
run 125 "$memrun" --record="$tmp/none/file" "$program" churn
complains "memrun: $tmp/none/file: No such file or directory"
run 125 "$memrun" --record="$tmp/none/%p" "$program" churn
complains "memrun: $tmp/none/%p: No such file or directory"
mkfifo -m 644 "$tmp/pipe"
run 125 "$memrun" --record="$tmp/pipe" "$program" churn
complains "memrun: $tmp/pipe: Operation not supported"
[ "$(stat -c %a "$tmp/pipe")" = 644 ] || fail 'the mode of a pipe was changed'
for stack in -1 65 x ''; do
    run 125 "$memrun" --record="$tmp/stack" --stack="$stack" "$program" churn
    complains "memrun: invalid number of callers '$stack': expected 0 to 64"
done
run 125 "$memrun" --stack=1 "$program" churn
complains 'memrun: --stack needs --record'
run 125 sh -c "ulimit -f 8; exec '$memrun' --record='$tmp/limit' '$program' churn 1"
complains 'memrun: the recorder: File too large'
mkdir "$tmp/small"
if unshare -rm sh -c "mount -t tmpfs -o size=16k none '$tmp/small'" 2>/dev/null; then
    run 0 unshare -rm sh -c "mount -t tmpfs -o size=16k none '$tmp/small' &&
        exec '$memrun' --record='$tmp/small/trace' --stack=3 '$program' storm 3000"
    complains "memrun: $tmp/small/trace: .*No space left on device; the program goes on unrecorded"
    run 0 unshare -rm sh -c "mount -t tmpfs -o size=64k none '$tmp/small' &&
        LIBMEM_RECORD='$tmp/small/trace' LD_PRELOAD='$LIBMEM_MODULE' exec '$program' churn 10000"
    complains "libmem: $tmp/small/trace: No space left on device; the program goes on unrecorded"
fi
run 0 sh -c "ulimit -f 64; LIBMEM_RECORD='$tmp/raw-limit' LD_PRELOAD='$LIBMEM_MODULE' '$program' churn 10000"
complains "libmem: $tmp/raw-limit: File too large; the program goes on unrecorded"
has "$tmp/raw-limit" 'complete 0'

# --- a writer that is killed ---

run 0 "$memrun" --record="$tmp/orphan" "$program" kill-writer 600000
complains 'libmem: the process that writes the trace is gone; the program goes on unrecorded'
run 0 "$memrun" --record="$tmp/orphan" "$program" kill-writer 1
complains 'libmem: the process that writes the trace is gone; the end is missing'

# --- without memrun ---

LIBMEM_RECORD=$tmp/raw preloaded 0 "$program" storm 200
silent
has "$tmp/raw" 'allocs 4000' 'frees 4000' 'threads 201' 'complete 1'
LIBMEM_RECORD=$tmp/raw preloaded 0 "$program" churn 1
complains "libmem: not recorded: $tmp/raw: File exists; remove it, or put %p into the name for a file for each process"
has "$tmp/raw" 'allocs 4000'
LIBMEM_RECORD=$tmp/raw-killed preloaded 137 "$program" killed 3000
has "$tmp/raw-killed" 'allocs 3000' 'complete 0'

# --- programs that use libmem ---

if [ -x "$build/tests/recorded-regions" ]; then
    LIBMEM_RECORD=$tmp/regions run 0 "$build/tests/recorded-regions"
    silent
    has "$tmp/regions" 'allocs 6' 'callocs 1' 'aligned 1' 'resizes 1' 'frees 5' 'failed 1' \
        'regions 2' 'ended 2' 'strange 0' 'complete 1'
    LIBMEM_RECORD_REGION=2 LIBMEM_RECORD=$tmp/region run 0 "$build/tests/recorded-regions"
    has "$tmp/region" 'allocs 2' 'regions 1' 'complete 1'
    LIBMEM_RECORD_MODULE=$tmp/none LIBMEM_RECORD=$tmp/never run 0 "$build/tests/recorded-regions"
    complains "libmem: not recorded: $tmp/none: not found; it is part of libmem's tools"
fi

end
