#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that the benchmark runs, and that its tab-separated values have the right columns. Ignores
# the figures: they mean nothing on a busy machine.
#
# BENCH: the program (bench/bench). With TEST_WRAPPER this is skipped, as the program starts itself.

LC_ALL=C
export LC_ALL

[ -z "$TEST_WRAPPER" ] || exit 77

bench=${BENCH:-bench/bench}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# usage ARGUMENT...: must be refused
usage()
{
    "$bench" "$@" >"$tmp/out" 2>"$tmp/err"
    [ $? -eq 2 ] || fail "bench $*: not refused"
    [ -s "$tmp/err" ] || fail "bench $*: refused without a word"
}

"$bench" --quick --rounds=2 --pairs=500 --calls=5 --live=50,100 --threads=2,3 --region=256K \
    --preload=other=libdoes-not-exist.so --tsv="$tmp/tsv" >"$tmp/out" 2>"$tmp/err" \
    || fail "exit status $?"
[ ! -s "$tmp/err" ] || fail "stderr: $(cat "$tmp/err")"
cat "$tmp/out"

grep -q 'not found .*other (libdoes-not-exist.so)' "$tmp/out" || fail "what is missing is not told"

awk -F '\t' '
    function wrong(what) { print "line " NR ": " what ": " $0; bad = 1 }
    NR == 1 {
        if ($0 != "measure\tallocator\tsizes\tlive\tthreads\tregion\tpairs\tfigure\tunit\trounds\tmedian\t" \
            "least\tmost\tratio\tratio_least")
            wrong("heading")
        next
    }
    NF != 15 { wrong("number of columns") }
    { seen[$1] = 1; seen[$1 "/" $2] = 1; seen[$1 "/" $8] = 1; seen[$1 "/threads=" $5] = 1 }
    $4 $5 $6 $7 $10 !~ /^[0-9]+$/ { wrong("not a whole number") }
    $8 == "skipped" { next }
    $10 < 1 || $10 > 2 { wrong("rounds") }
    $11 + 0 < $12 + 0 || $11 + 0 > $13 + 0 { wrong("the median is not between least and most") }
    { for (i = 11; i <= 13; i++) if ($i !~ /^[0-9.e+-]+$/) wrong("not a figure") }
    $14 !~ /^([0-9.e+-]+|NA)$/ || $15 !~ /^([0-9.e+-]+|NA)$/ { wrong("not a ratio") }
    $1 ~ /^(ns|remote|server|burst|spawn|calloc)$/ && $2 == "glibc" && ($14 != 1 || $15 != 1) { wrong("the ratio of the reference to itself") }
    $8 == "shared_lines" && ($9 != "%" || $1 != "apart" || $12 < 0 || $13 > 100) { wrong("no likely share of cache lines") }
    $1 == "apart" && $3 != "small" || $1 == "calloc" && $3 != "wide" { wrong("other sizes than those of the measure") }
    $8 ~ /^(fill|grow5[15]|shift)$/ && $2 == "libmem" && $11 > 1 { wrong("more than there is") }
    END {
        count = split("ns instr brim fill scale largest ns/libmem ns/pair fill/libmem fill/shift " \
            "largest/fresh scale/libmem remote/pair remote/processor server/pair burst/pair spawn/pair remote/memory " \
            "spawn/libmem spawn/threads=2 spawn/threads=3 apart/pair apart/memory apart/shared_lines apart/libmem \
            calloc/pair calloc/processor calloc/memory calloc/libmem calloc/threads=3", all, " ")
        for (i = 1; i <= count; i++)
            if (!(all[i] in seen)) { print "no line for " all[i]; bad = 1 }
        exit bad
    }' "$tmp/tsv" || fail "the tab-separated values are wrong"

# A single thread shares no cache line, and sizes can be chosen.
"$bench" --rounds=1 --pairs=500 --threads=1 --sizes=mix,wide --allocators=libmem,glibc --tsv="$tmp/tsv" \
    apart calloc >"$tmp/out" 2>"$tmp/err" || fail "one thread apart: exit status $?: $(cat "$tmp/err")"
[ "$(grep -c '^apart	.*	shared_lines	%	1	0	0	0	NA	NA$' "$tmp/tsv")" -eq 4 ] ||
    fail "one thread shares cache lines: $(cat "$tmp/tsv")"
grep -q '^calloc	glibc	mix	' "$tmp/tsv" || fail "calloc does not take the sizes it is given"

"$bench" --help >"$tmp/out" 2>"$tmp/err" || fail "--help ends with $?"
[ ! -s "$tmp/err" ] || fail "--help writes to stderr"
usage --what
usage what
usage --live=0
usage --live=1,,2
usage --threads=0
usage --threads=1000000
usage --region=1X
usage --sizes=huge
usage --rounds=1000
usage --allocators=none-such
usage --preload=nothing
"$bench" --tsv="$tmp/missing/tsv" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 1 ] || fail "a file that cannot be written is no error"

[ "$failures" -eq 0 ] || exit 1
