#!/bin/sh
# SPDX-License-Identifier: MIT
#
# memreplay, by traces of which is known what it must say: sizes that carry them, and why others fail; each option; and
# what it says to a user who is wrong.
set -eu

build=$(cd "${top_builddir:-.}" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
unset LIBMEM_EXACT

fail() {
    echo "$*" >&2
    exit 1
}

# Run with what comes before the program, if anything does; the program itself rather than the script that libtool makes.
run() {
    ${TEST_WRAPPER:-} "$build/memreplay" "$@"
}

make_trace() {
    "$build/tests/make-trace" "$1.trace" || fail "no trace $1"
}

# Fails unless a run has ended so, and has said that, an extended regular expression, somewhere.
expect() {
    wanted=$1 text=$2
    shift 2
    status=0
    run "$@" >out 2>err || status=$?
    [ "$status" -eq "$wanted" ] || fail "memreplay $*: status $status, not $wanted: $(cat out err)"
    cat out err >all
    grep -Eq -e "$text" all || fail "memreplay $*: no '$text' in: $(cat all)"
}

# Fails unless stderr has one line, or another that points to --help.
expect_one_line() {
    [ "$(grep -cv "^Try 'memreplay --help'" err)" -eq 1 ] || fail "not one line: $(cat err)"
}

# ----------------------------------------------------------------------------------------------------------------------
# Traces
# ----------------------------------------------------------------------------------------------------------------------

# Blocks of whole pages, less the 16 bytes of the region's end: the smallest region has just what they have.
make_trace exact <<'EOF'
caller 0x1000
alloc 4096
alloc 8192
caller 0x2000
alloc 4080
free 1
alloc 8192
EOF

# Every other block is freed; then one is asked for that is larger than the holes: behind them, or nowhere.
{
    echo times 64 1024
    block=0
    while [ $block -lt 64 ]; do
        echo free $block
        block=$((block + 2))
    done
    echo caller 0x3000
    echo alloc 2048
} >holes.txt
make_trace holes <holes.txt

# Blocks that threads allocate, of which others free every third, and much of it: so there are caches.
awk 'BEGIN {
    for (i = 0; i < 30000; i++) {
        if (i % 50 == 0) print "thread", i / 50 % 4
        print "alloc", 8 + i * 7919 % 500
        if (i % 3 != 0) print "free", i
        if (i % 5 == 0 && i >= 3000) { print "thread", i % 4; print "free", (i - i % 15 - 3000) }
    }
    print "end"
}' | awk '!/^free/ || !seen[$2]++' | make_trace threads

printf 'alloc 100\nregion 1\ntimes 3 1000\nreset\nalloc 4000\nfail 9999\nend\n' | make_trace regions
printf 'alloc 100\ncalloc 1000\nresize 0 5000\nalloc 64 4096\nfree 1\n' | make_trace kinds
: | make_trace empty

# ----------------------------------------------------------------------------------------------------------------------
# The summary
# ----------------------------------------------------------------------------------------------------------------------

expect 0 '^live at most   ?16.0 KiB \(16,368 bytes\) in 3 blocks' exact.trace
grep -q '^events  *5$' out || fail "wrong number of events: $(cat out)"
grep -q '^  allocated  *4$' out || fail "wrong number of allocations"
grep -q '0x2000' out || fail 'no caller'
[ "$(awk 'length > 80' out | wc -l)" -eq 0 ] || fail "more than 80 columns: $(awk 'length > 80' out)"
expect 0 '^region  *1, of 2' regions.trace
grep -q '^  failed  *1$' out || fail 'a failed call is not told'
expect 0 '^region  *0, of 2' --region=0 regions.trace
expect 0 '^  resized  *1$' kinds.trace
expect 0 '^events  *0$' empty.trace

# ----------------------------------------------------------------------------------------------------------------------
# Sizes
# ----------------------------------------------------------------------------------------------------------------------

expect 0 '^ *8  exact  *16,384 ' --fit --exact exact.trace
expect 0 'carries the trace' --exact --size=16K exact.trace
expect 0 'carries the trace' --size=1M exact.trace
expect 1 'event 1 fails' --exact --size=12K exact.trace
grep -q '0x1000' out || fail 'the caller is not named'
grep -q 'a request of 8,192 bytes' out || fail 'the request is not told'
grep -q '16 bytes are missing' out || fail 'the bytes that are missing are not told'

# In 64 KiB the last block has no room, for the region's end is there. In 68 KiB the last request fits behind it.
expect 1 'event 63 fails' --exact --size=64K holes.trace
expect 0 'carries the trace' --exact --size=68K holes.trace
expect 0 '^ *8  exact  *69,632 ' --exact --fit holes.trace
# 63 blocks, and the end: here the last request has holes of 1,024 bytes only. One block keeps two of them apart.
sed 's/times 64/times 63/; /^free 63/d' holes.txt | make_trace tight
expect 1 'event 95 fails' --exact --size=64K tight.trace
grep -q '0x3000' out || fail 'the caller is not named'
grep -q 'bytes, of which the largest block has 2,032$' out || fail 'the largest free block is not told'
grep -q 'has 1 block with 1.00 KiB:$' out || fail 'what keeps the free memory apart is not told'
expect 0 '^ *16  exact' --fit --alignment=8,16,64 kinds.trace
[ "$(grep -c '  exact  ' out)" -eq 3 ] || fail 'not three alignments'

# The same, always.
expect 0 'caches' --fit threads.trace
cp out first
expect 0 'caches' --fit threads.trace
cmp out first || fail 'another result for the same trace'
printf 'alloc 64 1048576\nalloc 100\n' | make_trace wide
expect 0 'caches' --fit wide.trace
cp out first
expect 0 'caches' --fit wide.trace
cmp out first || fail 'another result for the same trace, with blocks at multiples of 1 MiB'

# What --fit finds carries the trace, as do larger ones; a page less does not.
for exact in '' --exact; do
    smallest=$(run --fit $exact threads.trace |
        awk -v kind="${exact:-caches}" '$1 == 8 && index("--" $2, kind) + index($2, kind) { gsub(",", "", $3); print $3; exit }')
    [ -n "$smallest" ] || fail "no smallest size $exact"
    for page in 0 1 8; do
        expect 0 'carries the trace' $exact --size=$((smallest + page * 4096)) threads.trace
    done
    expect 1 'fails' $exact --size=$((smallest - 4096)) threads.trace
done

# ----------------------------------------------------------------------------------------------------------------------
# Other ways to tell
# ----------------------------------------------------------------------------------------------------------------------

expect 0 'malloc\(\)' --malloc threads.trace
expect 0 '^exact.trace .* 1\.001 ' --fit exact.trace holes.trace
if run --json empty.trace >/dev/null 2>&1 && command -v "${PYTHON:-python3}" >/dev/null; then
    run --fit --json exact.trace >json
    "${PYTHON:-python3}" - <<'EOF' || fail "JSON is wrong: $(cat json)"
import json

found = json.load(open("json"))
assert found["peak_live"] == 16368, found["peak_live"]
assert found["smallest_exact"] == 16384 == found["smallest_cached"]
assert found["recommended"] >= 16384 and found["bound"] == 16368
EOF
    status=0
    run --size=12K --exact --json exact.trace >json || status=$?
    [ $status -eq 1 ] || fail 'JSON: no failure'
    "${PYTHON:-python3}" -c 'import json
found = json.load(open("json"))["size"]
assert not found["carried"] and found["failure"]["event"] == 1 and found["failure"]["request"] == 8192' ||
        fail "JSON of a failure is wrong: $(cat json)"
    run --json exact.trace holes.trace >json
    "${PYTHON:-python3}" -c 'import json
assert len(json.load(open("json"))) == 2' || fail "JSON of two traces is wrong: $(cat json)"
fi
run --compress holes.trace -o again.trace || fail 'nothing was compressed'
expect 0 '^events  *97$' again.trace

# ----------------------------------------------------------------------------------------------------------------------
# What is wrong
# ----------------------------------------------------------------------------------------------------------------------

for arguments in '' '--size=lots exact.trace' '--alignment=7 exact.trace' '--alignment=8, exact.trace' \
    '--alignment=8,16,32,64,128 exact.trace' '--alignment=8,16 exact.trace' '--region=x exact.trace' '--bogus exact.trace' '--compress exact.trace' \
    '-o out exact.trace' '--svg=x exact.trace holes.trace' '--report=exact.trace exact.trace' \
    '--compress --fit -o out exact.trace' '--compress --import -o out exact.trace'; do
    # shellcheck disable=SC2086
    expect 2 "Try 'memreplay --help'" $arguments
    expect_one_line
done
expect 2 'absent.trace' absent.trace
expect_one_line
expect 2 'exact.trace: no region 5' --region=5 exact.trace
expect_one_line
echo 'no trace' >text.trace
expect 2 'text.trace' text.trace
expect_one_line
expect 0 'Usage: memreplay' --help
expect 0 'memreplay \(libmem\) [0-9]' --version
if [ -c /dev/full ]; then
    status=0
    run --help >/dev/full 2>err || status=$?
    [ $status -eq 2 ] || fail 'a full disk is not told'
    expect_one_line
fi
echo 'memreplay says what it must'
