#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests memrun: its options, its messages and exit statuses; budgets; reports.
#
# Reads from the environment, as make check sets it: top_srcdir, and the variables of malloc.sh.

# shellcheck source=tests/malloc.sh
. "${top_srcdir:-.}/tests/malloc.sh"

# --- help and version ---

run 0 "$memrun" --help
silent
prints 'Usage: memrun \[OPTION\]\.\.\. PROGRAM \[ARGUMENT\]\.\.\.'
run 0 "$memrun" --version
prints 'memrun (libmem) [0-9.]*'
if [ -w /dev/full ]; then
    "$memrun" --help >/dev/full 2>"$tmp/err"
    [ $? -eq 125 ] || fail "--help to a full device is no error"
    complains 'memrun: stdout: No space left on device'
fi

# --- errors ---

run 125 "$memrun"
complains "memrun: no program given; try 'memrun --help'"
run 125 "$memrun" -s 1M
complains "memrun: no program given; try 'memrun --help'"
# wrong_option MESSAGE: two lines, of which the second points to the help
wrong_option()
{
    printf '%s\n' "memrun: $1" "Try 'memrun --help' for more information." | cmp -s - "$tmp/err" && return
    fail "$said: not '$1' and a hint on stderr, but"
    cat "$tmp/err"
}
run 125 "$memrun" --what true
wrong_option "unrecognized option '--what'"
run 125 "$memrun" -w true
wrong_option "invalid option -- 'w'"
run 125 "$memrun" -s
wrong_option "option requires an argument -- 's'"
for size in '' 0 -1 12x 1KX 1Ki 1BK 16MBB '16 MB' 1.5 1. .5K 0.0000001T 1.5% 'K' 'B' '0%' '101%' 99999999999999999999 \
    99999999999G 0.9999999K; do
    run 125 "$memrun" -s "$size" "$programs/needs" 1
    complains "memrun: invalid size '$size': expected a number of bytes, as in 65536, 64K, 16MB or 1.5G, or 1% to 100%"
done
run 125 "$memrun" -m maybe "$programs/needs" 1
complains "memrun: unknown action 'maybe': expected ignore, warn or abort"
# A format behind a blank is taken for the program.
for format in json text; do
    run 125 "$memrun" --stats $format "$programs/needs" 1
    complains "memrun: no program '$format' found: did you mean '--stats=$format'?"
done
script=$tmp/bin/json
mkdir "$tmp/bin"
printf '#!/bin/sh\nexit 3\n' >"$script"
chmod +x "$script"
PATH=$tmp/bin:$PATH run 3 "$memrun" --stats json
run 125 "$memrun" --stats=xml "$programs/needs" 1
complains "memrun: unknown format 'xml': expected text or json"
run 125 "$memrun" --stats-file= "$programs/needs" 1
complains "memrun: invalid file name '' for a report"
run 125 "$memrun" --stats-file="$tmp/none/file" "$programs/needs" 1
complains "memrun: $tmp/none/file: No such file or directory"
LIBMEM_MODULE=$tmp/none.so run 125 "$memrun" "$programs/needs" 1
complains "memrun: $tmp/none.so: No such file or directory"
echo "this is no module, however long it may be, nor will it ever be one" >"$tmp/text"
for module in /dev/null "$tmp/text" "$tmp"; do
    LIBMEM_MODULE=$module run 125 "$memrun" -s 4M "$programs/needs" 1
    complains "memrun: $module: not a loadable module for this system"
done
run 127 "$memrun" "$tmp/no-such-program"
complains "memrun: $tmp/no-such-program: No such file or directory"
run 126 "$memrun" "$tmp"
complains "memrun: $tmp: Permission denied"
# Unreadable directories on the path hide nothing.
: >"$tmp/file"
mkdir "$tmp/closed"
chmod 0 "$tmp/closed"
for place in "$tmp/file" "$tmp/closed"; do
    PATH=$PATH:$place run 127 "$memrun" no-such-program
    complains 'memrun: no-such-program: No such file or directory'
done
: >"$tmp/no-program"
PATH=$tmp:$PATH run 126 "$memrun" no-program
complains 'memrun: no-program: Permission denied'

# --- the program: its status, its arguments, its signals ---

run 0 "$memrun" sh -c 'exit 0'
silent
run 42 "$memrun" sh -c 'exit 42'
run 143 "$memrun" sh -c 'kill -TERM $$'
run 0 "$memrun" -s 64M printf '%s\n' -s --help
prints '--help'
prints '-s'
run 0 "$memrun" -s 50% -m warn -- printf '%s\n' -x
prints '-x'
run 0 "$memrun" --size=1g --misuse ignore --exact sh -c 'echo "$LIBMEM_SIZE $LIBMEM_MISUSE $LIBMEM_EXACT"'
prints '1g ignore 1'
run 0 "$memrun" sh -c 'echo "$LIBMEM_SIZE|$LIBMEM_MISUSE|$LIBMEM_EXACT|$LIBMEM_STATS"'
prints '|||'
# The module is found from every directory.
(cd "${LIBMEM_MODULE%/*}" && LIBMEM_MODULE=./${LIBMEM_MODULE##*/} "$memrun" -s 8M sh -c "cd / && exec '$programs/needs' 70") >"$tmp/out"
said="a program in another directory, with a relative LIBMEM_MODULE"
prints '[78] of 70: ENOMEM'
LD_PRELOAD=libm.so.6 run 0 "$memrun" sh -c 'echo "$LD_PRELOAD"'
prints "$LIBMEM_MODULE:libm.so.6"

# --- misuses ---

run 134 "$memrun" "$programs/mistake" double
grep -q '^libmem: misuse: ' "$tmp/err" || fail "no line about the misuse"
run 134 "$memrun" -m abort "$programs/mistake" double
run 0 "$memrun" -m warn "$programs/mistake" double
grep -q '^libmem: misuse: ' "$tmp/err" || fail "no line about the misuse"
run 0 "$memrun" -m ignore "$programs/mistake" double
silent

# --- sizes: each way to write 16 MiB or so ---

for size in 16777216 16777216B 16384k 16M 16m 16MB 16MiB 16mib 0.015625G 0.016GB 16.0M; do
    run 1 "$memrun" -s $size "$programs/needs" 20
    prints '1[4-6] of 20: ENOMEM'
done
# shellcheck disable=SC2016
run 0 "$memrun" -s 1.5G --stats=json true
[ $foreign = yes ] || grep -q '"capacity":16106[0-9]*,' "$tmp/err" || fail "1.5G is another size: $(cat "$tmp/err")"

# --- budgets: programs that need less succeed, those that need more see a failure ---

run 0 "$memrun" -s 64M "$programs/needs" 60
silent
prints 'all of 60'
run 1 "$memrun" -s 64M "$programs/needs" 70
silent
prints '6[34] of 70: ENOMEM'
# Each child has the same budget for itself.
run 1 "$memrun" -s 64M sh -c "'$programs/needs' 60 && exec '$programs/needs' 70"
prints 'all of 60'
prints '6[34] of 70: ENOMEM'

# Without a size, limits of address space or of data count, and some space is left beside the heap:
# it gets less than three quarters of 195 MiB.
limited()
{
    # shellcheck disable=SC2016,SC3045
    run "$1" sh -c "ulimit $2"' "$0" && exec "$@"' 200000 "$memrun" "$programs/needs" "$3"
}
for limit in -v -d; do
    limited 0 $limit 100
    prints 'all of 100'
    limited 1 $limit 300
    prints '1[0-4][0-9] of 300: ENOMEM'
done
# shellcheck disable=SC2016,SC3045
run 125 sh -c 'ulimit -v 200000 && exec "$@"' sh "$memrun" -s 400M "$programs/needs" 1
complains 'libmem: cannot make a region of 400M (419430400 bytes): Cannot allocate memory'

# --- reports ---

run 1 "$memrun" -s 64M --stats "$programs/needs" 70
sed 's/process [0-9]*/process N/' "$tmp/err" >"$tmp/report"
expect_in_report()
{
    grep -qx -e "$1" "$tmp/report" || { fail "no '$1' in"; cat "$tmp/report"; }
}
expect_in_report 'libmem: needs (process N)'
expect_in_report '  region     6[34]\.[0-9] MiB (6[67][0-9]* bytes)'
expect_in_report '  asked for  6[2-4]\.[0-9] MiB (6[0-9]* bytes) at most, [0-9]*\.[0-9] % of the region'
expect_in_report '  resident   [0-9.]* [KM]iB ([0-9]* bytes) at most, with code and stacks'
expect_in_report '  in use     6[2-4]\.[0-9] MiB (6[0-9]* bytes) in 6[0-9] blocks at the end'
expect_in_report '  free       .* bytes) in [0-9]* blocks*, largest [0-9.]* .*, [0-9.]* % fragmented'
expect_in_report '  calls      .* free; 1 failed, 0 misuses'
[ "$(wc -l <"$tmp/report")" -eq 7 ] || fail "the report has other lines: $(cat "$tmp/report")"
# What is resident includes the blocks that needs has written to.
run 0 "$memrun" -s 64M --stats=json "$programs/needs" 60
resident=$(sed 's/.*"peak_resident":\([0-9]*\),.*/\1/' "$tmp/err")
{ [ "$resident" -gt 62000000 ] && [ "$resident" -lt 100000000 ]; } || fail "$resident bytes are resident: $(cat "$tmp/err")"
# One line for a program that needs little.
run 0 "$memrun" -s 64M --stats "$programs/needs" 0
complains 'libmem: needs (process [0-9]*): asked for [0-9.]* .* at most, 0\.[0-9] % of the region; resident [0-9.]* [KM]iB'
run 0 "$memrun" -s 64M --stats "$programs/mistake" fails
[ "$(wc -l <"$tmp/err")" -gt 1 ] || fail "a failure is not told: $(cat "$tmp/err")"
run 0 "$memrun" -s 64M --stats=json "$programs/needs" 32
complains '{"program":"needs","pid":[0-9]*,"capacity":67[0-9]*,"peak_in_use":3[0-9]*,"peak_percent":50\.[0-9],.*"bytes_in_use":3[0-9]*,.*"failures":0,"misuses":0}'
if command -v python3 >/dev/null 2>&1; then
    python3 -c 'import json, sys; json.load(sys.stdin)' <"$tmp/err" || fail "the report is no JSON"
fi
run 0 "$memrun" --stats-file="$tmp/stats" --children sh -c "cd / && '$programs/needs' 2 >&2"
grep -qx 'libmem: needs (process [0-9]*)' "$tmp/stats" || fail "no report of a child in the file"
# Only PROGRAM reports, also after it became another one; its children do so if that is asked for.
run 0 "$memrun" --stats sh -c "'$programs/needs' 2 && exec '$programs/closes' 3 3"
[ "$(grep '^libmem: ' "$tmp/err" | cut -d ' ' -f 2)" = closes ] || fail "others report: $(cat "$tmp/err")"
run 0 "$memrun" --stats --children sh -c "'$programs/needs' 2 && exec '$programs/closes' 3 3"
[ "$(grep '^libmem: ' "$tmp/err" | cut -d ' ' -f 2 | paste -s -d ' ')" = "needs closes" ] || fail "the child does not report: $(cat "$tmp/err")"
run 125 "$memrun" --children true
complains 'memrun: --children needs --stats'
LIBMEM_STATS=text preloaded 0 sh -c "'$programs/needs' 2 && exec '$programs/closes' 3 3"
[ "$(grep '^libmem: ' "$tmp/err" | cut -d ' ' -f 2 | paste -s -d ' ')" = "needs closes" ] || fail "without memrun not all report: $(cat "$tmp/err")"
(cd "$tmp" && "$memrun" --stats=json --stats-file=relative sh -c "cd / && exec '$programs/needs' 1" >/dev/null)
grep -q '^{"program":"needs"' "$tmp/relative" || fail "no report in a file of the first directory"
# A name of any length, and a report that nobody reads, change nothing else.
if command -v bash >/dev/null 2>&1; then
    long=$(printf '%05000d' 0)
    for format in text json; do
        # shellcheck disable=SC2016
        run 0 "$memrun" --stats=$format bash -c 'exec -a "$0" "$1" 1' "$long" "$programs/needs"
        [ "$(wc -c <"$tmp/err")" -lt 1536 ] || fail "a report as $format of $(wc -c <"$tmp/err") bytes"
    done
fi
# A signal that ends the program leads to a report, without what only a walk tells. Whoever runs this in the background
# may have it ignore SIGINT, which is undone.
defaults=
if env --default-signal true 2>/dev/null; then
    defaults='env --default-signal'
fi
for signal in "TERM 143" "INT 130"; do
    # shellcheck disable=SC2086
    set -- $signal
    for what in asks forks busy; do
        # Words.
        # shellcheck disable=SC2086
        run "$2" $defaults timeout 60 "$memrun" -s 64M --stats "$programs/ends" $what "$1"
        [ "$(grep -c '^libmem: ends (process' "$tmp/err")" -eq 1 ] || fail "not one report of a program that ended by SIG$1, $what: $(cat "$tmp/err")"
        grep -qx '  asked for  [3-9]\.[0-9] MiB ([0-9]* bytes) at most, .* of the region' "$tmp/err" || fail "$said: $(cat "$tmp/err")"
        ! grep -q 'in use' "$tmp/err" || fail "$said: more than counters: $(cat "$tmp/err")"
    done
    # shellcheck disable=SC2086
    run "$2" $defaults "$memrun" --stats-file="$tmp/signalled" --stats=json "$programs/ends" none "$1"
    grep -q '^{"program":"ends".*"failures":0,"misuses":0}$' "$tmp/signalled" || fail "no JSON after SIG$1: $(cat "$tmp/signalled")"
    rm "$tmp/signalled"
    # A handler of the program's, and a signal that is ignored
    # shellcheck disable=SC2086
    run 3 $defaults "$memrun" --stats "$programs/ends" catches "$1"
    grep -q '^  in use ' "$tmp/err" || fail "no full report of a program that catches SIG$1: $(cat "$tmp/err")"
    run 0 sh -c 'trap "" "$1"; shift; exec "$@"' sh "$1" "$memrun" --stats "$programs/ends" none "$1"
    grep -q '^  in use ' "$tmp/err" || fail "no full report of a program that ignores SIG$1: $(cat "$tmp/err")"
    # shellcheck disable=SC2086
    run "$2" $defaults "$memrun" "$programs/ends" asks "$1"
    silent
done
{
    sleep 1
    "$memrun" --stats "$programs/needs" 1 2>&1 >/dev/null
    echo $? >"$tmp/status"
} | :
said="a program whose report nobody reads"
cp "$tmp/status" "$tmp/out"
prints 0
# Programs may close stderr before they end, as GNU programs do.
if [ $foreign = no ]; then
    run 0 "$memrun" --stats cat /dev/null
    grep -q '^libmem: cat (process' "$tmp/err" || fail "no report of a program that closed its stderr"
fi
# Programs may close all descriptors but stderr, or all of them, and open others in their place,
# which must get no report.
for closed in "3 4095" "2 2" "3 4095 $tmp/other" "2 2 $tmp/other"; do
    # shellcheck disable=SC2086
    run 0 "$memrun" --stats "$programs/closes" $closed
    grep -q '^libmem: closes (process' "$tmp/err" || fail "no report of a program that closed descriptors: $closed"
    [ ! -s "$tmp/other" ] || fail "a report in a file of the program's: $closed"
done
for closed in "2 4095" "2 4095 $tmp/other"; do
    # shellcheck disable=SC2086
    run 0 "$memrun" --stats "$programs/closes" $closed
    silent
    [ ! -s "$tmp/other" ] || fail "a report in a file of the program's: $closed"
done
run 0 "$memrun" --stats-file="$tmp/report-closed" "$programs/closes" 2 4095
grep -q '^libmem: closes (process' "$tmp/report-closed" || fail "no report in a file of a program that closed all descriptors"

# --- completion for bash ---

# completes WORDS EXPECTED: the completions of the last word
completes()
{
    said="completion of '$1'"
    # shellcheck disable=SC2016
    bash -c '. "$1" && . "$2" || exit
        read -r -a COMP_WORDS <<<"$3"
        [[ $3 != *" " ]] || COMP_WORDS+=("")
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9
        compopt() { :; }
        _memrun memrun "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        printf "%s\n" "${COMPREPLY[@]}" | uniq | paste -s -d " "' bash "$completion" "${top_srcdir:-.}/malloc/memrun.bash" "$1" >"$tmp/out" 2>"$tmp/err"
    [ "$(cat "$tmp/out")" = "$2" ] || fail "$said: '$(cat "$tmp/out")', not '$2': $(cat "$tmp/err")"
}

completion=/usr/share/bash-completion/bash_completion
if [ -r $completion ] && command -v bash >/dev/null 2>&1; then
    completes "memrun --mi" "--misuse="
    completes "memrun --ch" "--children"
    completes "memrun --fo" "--force"
    completes "memrun -m w" "warn"
    completes "memrun -m " "ignore warn abort"
    completes "memrun --misuse a" "abort"
    completes "memrun -s 6" "64M"
    completes "memrun --stats-file $tmp/stat" "$tmp/stats $tmp/status"
    completes "memrun -s 64M --ex" "--exact"
    completes "memrun --exact mkdi" "mkdir"
    completes "memrun -m warn memrun --stats-" "--stats-file="
else
    echo "there is no bash-completion"
fi
end
