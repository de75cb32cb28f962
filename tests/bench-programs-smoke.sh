#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that the benchmark of whole programs runs, that every program loads the libraries, and that
# its output has the right form. Ignores times: they mean nothing on a busy machine.

LC_ALL=C
export LC_ALL
unset PREFIX

[ -z "$TEST_WRAPPER$INSTRUMENT_FLAGS" ] || exit 77
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 9))' 2>/dev/null || {
    echo "SKIP: Python 3.9 or later is not there"
    exit 77
}

bench=${top_srcdir:-.}/bench
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

programs()
{
    "$python" "$bench/programs.py" --scale=0.001 --rounds=2 "$@" >"$tmp/out" 2>"$tmp/err"
}

# refused STATUS NAME SCRIPT ARGUMENT...: ends with this status and one line that contains NAME
refused()
{
    status=$1
    name=$2
    script=$3
    shift 3
    "$python" "$bench/$script" "$@" >"$tmp/out" 2>"$tmp/err"
    got=$?
    [ $got -eq "$status" ] || fail "$script $*: ended with $got"
    [ "$(wc -l <"$tmp/err")" -eq 1 ] || fail "$script $*: not one line, but: $(cat "$tmp/err")"
    grep -q -e "$name" "$tmp/err" || fail "$script $*: does not name $name: $(cat "$tmp/err")"
}

# ------------------------------------------------------------------------------------------------
# Every program, with a library that notes the programs that load it
# ------------------------------------------------------------------------------------------------

cat >"$tmp/note.c" <<'END'
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((constructor)) static void note(void)
{
    char line[256];
    int file = open(getenv("NOTES"), O_WRONLY | O_APPEND | O_CREAT, 0600);

    if (getenv("ENDS") != NULL && strcmp(program_invocation_short_name, getenv("ENDS")) == 0)
        _exit(3);
    snprintf(line, sizeof line, "%s\n", program_invocation_short_name);
    if (file < 0 || write(file, line, strlen(line)) < 0)
        _exit(4);
    close(file);
}
END
NOTES=$tmp/notes
export NOTES
note=missing
if ${CC:-cc} -shared -fPIC -o "$tmp/note.so" "$tmp/note.c" 2>"$tmp/err" &&
    LD_PRELOAD=$tmp/note.so cat /dev/null 2>"$tmp/err" && [ ! -s "$tmp/err" ]; then
    note=note
else
    echo "not tried whether libraries get into programs: $(cat "$tmp/err")"
fi
rm -f "$NOTES"

programs --allocators=glibc,again,absent,$note --allocator=again=libc.so.6 \
    --allocator=absent=libdoes-not-exist.so --allocator=$note="$tmp/note.so" \
    --tsv="$tmp/tsv" --svg="$tmp/svg" || fail "exit status $?"
[ ! -s "$tmp/err" ] || fail "stderr: $(cat "$tmp/err")"
cat "$tmp/out"
grep -q 'not found .*absent (libdoes-not-exist.so)' "$tmp/out" || fail "what is missing is not told"
if [ -e "$tmp/svg" ]; then
    grep -q '<svg' "$tmp/svg" || fail "the chart is none"
    grep -q '>again<' "$tmp/svg" || grep -q '<!-- again -->' "$tmp/svg" || fail "the chart has no names"
else
    grep -q 'no chart: neither gnuplot' "$tmp/out" || fail "it is not told why there is no chart"
fi

# What is missing is told before a run, and all of it.
"$python" "$bench/programs.py" --needs --allocators=glibc,absent --allocator=absent=libdoes-not-exist.so \
    >"$tmp/needs" 2>"$tmp/err" || fail "--needs: exit status $?"
[ ! -s "$tmp/err" ] || fail "--needs: stderr: $(cat "$tmp/err")"
grep -q '^not installed: absent (libdoes-not-exist.so): allocators that are not compared$' "$tmp/needs" ||
    fail "--needs does not tell of an allocator: $(cat "$tmp/needs")"
[ -e "$tmp/svg" ] || grep -q 'no charts$' "$tmp/needs" || fail "--needs does not tell that there are no charts"

list=$(sed -n 's/^  programs *//p' "$tmp/out" | tr -d ,)
awk -F '\t' -v list="$list" '
    function wrong(what) { print "line " NR ": " what ": " $0; bad = 1 }
    NR == 1 {
        if ($0 != "measure\tallocator\tprogram\tfigure\tunit\trounds\tmedian\tleast\tmost\tratio\t" \
            "ratio_least\tratio_best")
            wrong("heading")
        next
    }
    NF != 12 { wrong("number of columns") }
    { seen[$2 "/" $3 "/" $4] = 1 }
    $1 != "program" { wrong("not a measure") }
    $6 != 2 { wrong("rounds") }
    { for (i = 7; i <= 12; i++) if ($i !~ /^[0-9.e+-]+$/) wrong("not a figure") }
    $7 + 0 < $8 + 0 || $7 + 0 > $9 + 0 { wrong("the median is not between least and most") }
    $2 == "glibc" && ($10 != 1 || $11 != 1) { wrong("the ratio of the reference to itself") }
    $4 == "memory" && ($5 != "MiB" || $8 < 0.5 || $9 > 1000) { wrong("no likely memory") }
    $4 != "memory" && ($5 != "s" || $8 <= 0 || $9 > 1000) { wrong("no likely time") }
    END {
        count = split(list, all, " ")
        if (count < 2) { print "too few programs: " list; bad = 1 }
        split("glibc again", allocators, " ")
        split("processor elapsed memory", figures, " ")
        for (i = 1; i <= count; i++) for (a in allocators) for (f in figures) {
            key = allocators[a] "/" all[i] "/" figures[f]
            if (!(key in seen)) { print "no line for " key; bad = 1 }
        }
        exit bad
    }' "$tmp/tsv" || fail "the tab-separated values are wrong"

if [ $note = note ]; then
    for name in $list; do
        case $name in
        python-*) process='python.*' ;;
        redis) process=redis-server ;;
        gcc) process=cc1 ;;
        lua) process='lua.*' ;;
        *) process=$name ;;
        esac
        grep -qx "$process" "$NOTES" || fail "$name: the library was not in it"
    done

    # A program that fails under one allocator is reported, and its figures are not shown.
    ENDS=perl
    export ENDS
    if command -v perl >/dev/null; then
        programs --allocators=glibc,note --allocator=note="$tmp/note.so" --tsv="$tmp/tsv" perl
        [ $? -eq 1 ] || fail "a program that fails is no error"
        grep -q '^programs.py: perl: note: ended with status 3' "$tmp/err" || fail "it is not told"
        [ "$(grep -c '^program	note	perl	[a-z]*	[a-zA-Z]*	0	NA	NA	NA	NA	NA	NA$' "$tmp/tsv")" -eq 3 ] ||
            fail "a program that failed has figures"
    fi
fi

# ------------------------------------------------------------------------------------------------
# Counting
# ------------------------------------------------------------------------------------------------

# A slow malloc, so that counts show whether it is the one that is counted.
cat >"$tmp/slow.c" <<'END'
#include <stddef.h>

void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
    for (volatile int i = 0; i < 100; i++)
        continue;
    return __libc_malloc(size);
}
END

# count SCRIPT: prints the millions of instructions of a shell and its children
count()
{
    "$python" -B -c '
import os, sys
sys.path.insert(0, sys.argv[1])
from meter import Counter
argv = ["sh", "-c", sys.argv[3]]
print(Counter(argv, "", dict(os.environ), sys.argv[2]).end()["instructions"])' "$bench" "$tmp" "$1"
}

if [ $note = note ] && ${CC:-cc} -shared -fPIC -o "$tmp/slow.so" "$tmp/slow.c" 2>"$tmp/err" &&
    command -v sqlite3 >/dev/null; then
    programs --count --rounds=1 --allocators=glibc,slow --allocator=slow="$tmp/slow.so" \
        --tsv="$tmp/tsv" sqlite3
    status=$?
    if [ $status -eq 1 ] && grep -q 'to count takes Valgrind' "$tmp/err"; then
        echo "not tried whether instructions are counted: $(cat "$tmp/err")"
    else
        [ $status -eq 0 ] && [ ! -s "$tmp/err" ] || fail "--count: ended with $status: $(cat "$tmp/err")"
        cat "$tmp/out"
        awk -F '\t' '
            function wrong(what) { print what; bad = 1 }
            NR > 1 { least[$2 "/" $4] = $8; best[$2 "/" $4] = $12; unit[$4] = $5 }
            END {
                one = least["glibc/instructions"]
                other = least["slow/instructions"]
                if (unit["instructions"] != "M" || one < 1 || one > 1000)
                    wrong("no likely number of instructions")
                if (unit["misses"] != "k" || least["glibc/misses"] < 0.1)
                    wrong("no likely number of misses")
                if (other < 1.2 * one)
                    wrong("the instructions are not those of the malloc that is preloaded")
                ratio = best["glibc/instructions"] * other / one
                if (NR != 5 || ratio < 0.999 || ratio > 1.001)
                    wrong("the ratio to the best other is wrong")
                exit bad
            }' "$tmp/tsv" || fail "the counts are wrong: $(cat "$tmp/tsv")"

        alone=$(count ':')
        both=$(count 'cat /dev/null; :')
        [ "$(echo "$alone $both" | awk '{ print ($1 > 0.05), ($2 > 1.3 * $1) }')" = "1 1" ] ||
            fail "what a program starts is not counted: $alone, $both"
    fi
fi

# ------------------------------------------------------------------------------------------------
# Charts, and errors
# ------------------------------------------------------------------------------------------------

printf 'measure\tallocator\tlive\tthreads\tfigure\tratio_least\nns\tglibc\t5\t0\tpair\t1\n' >"$tmp/one"
"$python" "$bench/chart.py" "$tmp/one" "$tmp/one.svg" 2>"$tmp/err"
case $? in
0) grep -q '<svg' "$tmp/one.svg" || fail "the chart of one bar is none" ;;
77) ;;
*) fail "chart.py: $(cat "$tmp/err")" ;;
esac
echo 'something else' >"$tmp/other"
printf 'measure\tallocator\tfigure\tratio_least\nns\tglibc\tpair\tx1\n' >"$tmp/broken"
refused 1 "$tmp/none" chart.py "$tmp/none" "$tmp/svg"
refused 1 "$tmp/other" chart.py "$tmp/other" "$tmp/svg"
refused 1 "$tmp/broken" chart.py "$tmp/broken" "$tmp/svg"

for script in programs.py chart.py; do
    "$python" "$bench/$script" --help >"$tmp/out" 2>"$tmp/err" || fail "$script --help ends with $?"
    [ -s "$tmp/out" ] && [ ! -s "$tmp/err" ] || fail "$script --help says nothing"
done
refused 2 what programs.py --what
refused 2 what programs.py what
refused 2 none-such programs.py --allocators=none-such
refused 2 nothing programs.py --allocator=nothing
refused 2 "'0'" programs.py --rounds=0
refused 2 "'x'" programs.py --scale=x
refused 1 does-not-exist programs.py --allocator=a=libdoes-not-exist.so --allocators=a
refused 1 "$tmp/missing/tsv" programs.py --tsv="$tmp/missing/tsv"
refused 1 "$tmp/one" programs.py --work="$tmp/one"

[ "$failures" -eq 0 ] || exit 1
