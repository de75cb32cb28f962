#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the examples, and checks the output that is the same on every machine.
#
# EXAMPLES_DIR: the directory of the programs (examples). TEST_WRAPPER: a command to run them with.
# LIBTOOL, NM: as in make.

LC_ALL=C
export LC_ALL
unset LIBMEM_MISUSE POSIXLY_CORRECT

dir=${EXAMPLES_DIR:-examples}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM

failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# A program linked with a library that is not installed is a script of libtool's, which no wrapper
# can run.
wrapper=${TEST_WRAPPER:+${LIBTOOL:+$LIBTOOL --silent --mode=execute }$TEST_WRAPPER}

# run STATUS PROGRAM [ARGUMENT]...: output goes to $tmp/out and $tmp/err
run()
{
    expected=$1
    program=$2
    shift 2
    $wrapper "$dir/$program" "$@" >"$tmp/out" 2>"$tmp/err"
    status=$?
    [ "$status" -eq "$expected" ] && return
    fail "$program $*: exit status $status, not $expected"
    cat "$tmp/out" "$tmp/err"
}

# prints TEXT: the last program printed this line
prints()
{
    grep -Fqx -e "$1" "$tmp/out" || {
        fail "$program: no line '$1' in"
        cat "$tmp/out"
    }
}

# one_line PATTERN: the last program wrote one line to stderr, which matches
one_line()
{
    if [ "$(wc -l <"$tmp/err")" -ne 1 ] || ! grep -q -e "$1" "$tmp/err"; then
        fail "$program: not one line with '$1' on stderr, but"
        cat "$tmp/err"
    fi
}

silent()
{
    [ ! -s "$tmp/err" ] || {
        fail "$program: stderr"
        cat "$tmp/err"
    }
}

run 0 01-first
prints "hello from 32 bytes"

run 0 02-static-buffer
prints "a static array of 8192 bytes"
prints "  a sentence of seven words on the stack"

run 0 04-request-scope
prints "request 1: 200 OK"
prints "  user     ada"
prints "request 2: 413 too large for its budget"
prints "request 3: 200 OK"
prints "after the last one: 0 bytes in use"

run 0 05-misuse
[ "$(grep -c '^  caught: ' "$tmp/out")" -eq 5 ] || fail "05-misuse: not 5 caught"
prints "          0 bytes into a free run of 104 bytes"
prints "          16 bytes into a block of 104 bytes"
prints "          3 bytes into a block of 104 bytes"
prints "5 misuses caught; Mem_Check says: all is well"

# share FLAGS COLUMN LEAST MOST: a percentage printed by 06-bookkeeping lies between two limits
share()
{
    awk -v flags="$1" -v column="$2" -v least="$3" -v most="$4" '
        $2 == flags { found = 1; bad = $column < least || $column > most; print }
        END { exit bad || !found }' "$tmp/out" || fail "06-bookkeeping: not $3 % to $4 %"
}

# The figures of doc/DESIGN.md, with pages of 4 KiB that are not joined to larger ones.
run 0 06-bookkeeping 65536
if [ "$(getconf PAGESIZE)" -eq 4096 ] && [ -z "$wrapper${INSTRUMENT_FLAGS-}" ] && [ -r /proc/self/smaps_rollup ]; then
    share default 4 8.0 8.8
    share MEM_EXACT 4 3.1 3.5
    grep -q '\[always\]' /sys/kernel/mm/transparent_hugepage/enabled || {
        share default 7 4.2 5.2
        share MEM_EXACT 7 3.0 3.5
    }
fi

# --- the word index: results ---

cat >"$tmp/text" <<'END'
The cat saw the dog; the dog did not see the cat.
"Don't," said the cat, 'don't!'

Zoë's café: naïve, naïve.
END
run 0 03-wordcount "$tmp/text"
silent
prints "A word index of $tmp/text in a region of 256 KiB"
prints "          4 lines"
prints "         21 words, 12 different"
prints "          5  the    1, 2"
prints "          3  cat    1, 2"
prints "          2  dog    1"
prints "          2  don't  2"
prints "          2  naïve  4"
prints "  Mem_Check    all is well"
sed -n '/on lines/,/^$/p' "$tmp/out" | grep -c '  ' >"$tmp/lines"
[ "$(cat "$tmp/lines")" -eq 11 ] || fail "03-wordcount: not 10 words"

# A word far longer than a buffer, and bytes that are not text.
{
    head -c 70000 /dev/zero | tr '\0' x
    printf ' \303\050 \377\033\001 last'
} >"$tmp/odd"
run 0 03-wordcount --size=1M --words=99 "$tmp/odd"
silent
prints "          1 line"
prints "          1  xxxxxxxxxxxxxxxxxxxxxxxxx...  1"
prints "          1  last                          1"
prints "          1  ?                             1"

# What was asked for comes last, on a screen of text; the blocks come before, if they are wanted.
for options in "" -b; do
    # shellcheck disable=SC2086
    run 0 03-wordcount $options "$tmp/text"
    awk -v wanted="${options:+1}" '
        /^region 0x/ { dump = NR }
        / address +size +state$/ { blocks = NR }
        /^A word index/ { heading = NR }
        /^The region/ { region = NR }
        /^  \[[ .:=+*#-]+\]$/ { picture = NR; used = /\[[.:=+*#-]/ && / \]/ }
        length > 80 { bad = 1 }
        END {
            right = wanted ? dump && dump < blocks && blocks < heading : !dump && !blocks && NR < 36
            exit bad || !right || heading > region || region > picture || picture != NR - 1 || !used
        }' "$tmp/out" || { fail "03-wordcount $options: another order"; cat "$tmp/out"; }
done
run 2 03-wordcount --blocks=1
one_line "--blocks takes no value"

run 0 03-wordcount -n 1 - <"$tmp/text"
prints "A word index of the standard input in a region of 256 KiB"
prints "          5  the   1, 2"

# The counts agree with those of other programs.
licence=/usr/share/common-licenses/GPL-3
if [ -r "$licence" ]; then
    tr '[:upper:]' '[:lower:]' <"$licence" | tr -cs "a-z'" '\n' | sed "s/^'*//; s/'*$//" | grep . | sort \
        | uniq -c | awk '{ print $1, $2 }' | sort -k1,1nr -k2,2 >"$tmp/expected"
    run 0 03-wordcount --size=4M --words=999999
    silent
    sed -n '/on lines/,/^$/p' "$tmp/out" | sed '1d; s/,//g' | awk 'NF { print $1, $2 }' >"$tmp/counts"
    cmp "$tmp/expected" "$tmp/counts" || fail "03-wordcount: other counts than sort and uniq"
fi

# --- the word index: too large texts, and errors ---

seq 1 20000 | tr '0-9' 'a-j' >"$tmp/large"
run 1 03-wordcount -s 64K -n 1 "$tmp/large"
one_line "$tmp/large: needs more than the region of 64 KiB, .* try -s "
prints "Part of a word index of $tmp/large in a region of 64 KiB"
prints "          1  b     1"
prints "  Mem_Check    all is well"
# The suggested size suffices at the first attempt, whatever comes late in the text.
for kind in large late early; do
    case $kind in
    late) { seq 1 20000 | sed 's/.*/the/'; cat "$tmp/large"; } >"$tmp/text-$kind" ;;
    early) { cat "$tmp/large"; seq 1 20000 | sed 's/.*/the/'; } >"$tmp/text-$kind" ;;
    *) cp "$tmp/large" "$tmp/text-$kind" ;;
    esac
    for size in 1 5000 64K 100000 300K; do
        run 1 03-wordcount -s $size -n 1 "$tmp/text-$kind"
        suggested=$(sed -n 's/.*try -s //p' "$tmp/err")
        run 0 03-wordcount -s "${suggested:-1}" "$tmp/text-$kind"
        silent
    done
done
prints "     40,000 words, 20,001 different"
cat "$tmp/large" >"$tmp/text-piped"
cat "$tmp/text-piped" | run 1 03-wordcount -s 64K -
one_line "the standard input: needs more than the region of 64 KiB, which is full at line [0-9,]*$"
for size in 16MB 16MiB 16m 0.02G 16777216; do
    run 0 03-wordcount -s $size "$tmp/large"
done
prints "A word index of $tmp/large in a region of 16 MiB"
run 1 03-wordcount -s 1 "$tmp/large"
one_line "$tmp/large: needs more than the region of 1 byte, "

: >"$tmp/empty"
run 1 03-wordcount "$tmp/empty"
one_line "$tmp/empty: there are no words in it"
run 1 03-wordcount "$tmp/missing"
one_line "$tmp/missing: No such file"
run 1 03-wordcount "$tmp"
one_line "$tmp: Is a directory"
: >"$tmp/unreadable"
chmod 0 "$tmp/unreadable"
if [ ! -r "$tmp/unreadable" ]; then
    run 1 03-wordcount "$tmp/unreadable"
    one_line "$tmp/unreadable: Permission denied"
fi
for size in '' 0 -1 12x 1KX 1Ki 0x10 1e3 1.5 .5K 1.K5 1..5K K 99999999999999999999 99999999999G; do
    run 2 03-wordcount -s "$size" "$tmp/text"
    one_line "invalid size '$size'"
done
for count in '' -1 x 1K; do
    run 2 03-wordcount -n "$count" "$tmp/text"
    one_line "invalid number of words '$count'"
done
run 2 03-wordcount --what
one_line "unknown option --what"
run 2 03-wordcount -w
one_line "unknown option -w"
run 2 03-wordcount --size
one_line "--size needs a value"
run 2 03-wordcount "$tmp/text" "$tmp/empty"
one_line "'$tmp/empty' is one too many"
run 0 03-wordcount --help
silent
if [ -w /dev/full ]; then
    $wrapper "$dir/03-wordcount" "$tmp/text" >/dev/full 2>"$tmp/err"
    [ $? -eq 1 ] || fail "03-wordcount: writing to a full device is no error"
    one_line "could not be written"
fi

# All memory of the word index is in its region.
for object in "$dir"/03-wordcount.o "$dir"/wordindex.o "$dir"/wordreport.o; do
    if [ -r "$object" ] && ${NM:-nm} -u "$object" 2>/dev/null \
        | grep -E ' (malloc|calloc|realloc|free|strdup|fopen|fdopen)$'; then
        fail "$object: takes memory from elsewhere"
    fi
done

[ "$failures" -eq 0 ] || exit 1
echo "the examples do what they should"
