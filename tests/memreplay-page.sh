#!/bin/sh
# SPDX-License-Identifier: MIT
#
# What is told of memreplay: its options are the same in --help, in memreplay(1) and in what bash completes; the page lists
# the keys of --json, and no others.
set -u

top=${top_srcdir:-.}
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
page=$top/man/memreplay.1
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL
status=0

memreplay()
{
    ${TEST_WRAPPER-} "$build/memreplay" "$@"
}

# same WHAT FILE FILE
same()
{
    diff "$2" "$3" || { echo "FAIL: $1"; status=1; }
}

memreplay --help | grep '^ *-' | grep -oE '(^|[ ,])--?[a-z]+' | tr -d ' ,' | sort -u >"$tmp/help"
sed -n '/^\.SH OPTIONS/,/^\.SS/p' "$page" | grep -A 1 -E '^\.T[PQ]$' | grep '^\.B' | sed 's/\\-/-/g' |
    grep -oE '(^|[ "])--?[a-z]+' | tr -d ' "' | sort -u >"$tmp/page"
same 'options of --help (<) and of the page (>)' "$tmp/help" "$tmp/page"
sed -n "/compgen -W '-s/,/' -- /p" "$top/replay/memreplay.bash" | sed 's/-t COMP.*-W//; s/-- .*//' | grep -oE "[ ']--?[a-z]+" | tr -d " '" | sort -u >"$tmp/bash"
same 'options of --help (<) and of the completion (>)' "$tmp/help" "$tmp/bash"

# A trace of a block that is kept and others that are not, so that every table has an entry, and of regions that fail.
{
    echo '= Start'
    for i in 1 2 3 4 5 6 7 8 9; do
        echo "@ program:[0x$i] + 0x${i}0000 0x2000"
    done
    for i in 1 3 5 7 9; do
        echo "@ program:[0x1$i] - 0x${i}0000"
    done
    echo "@ program:[0x20] + 0x100000 0x4000"
} >"$tmp/mtrace"
memreplay --import "$tmp/mtrace" -o "$tmp/trace" || exit 1
if ! memreplay --json "$tmp/trace" >"$tmp/json" 2>/dev/null; then
    echo 'left out: keys of --json, as memreplay was built without'
    exit $status
fi
{
    memreplay --json "$tmp/trace"
    memreplay --json --fit --malloc "$tmp/trace"
    memreplay --json --size=73K --exact "$tmp/trace"
} | grep -o '"[a-z0-9_]*":' | tr -d '":' | sort -u >"$tmp/keys"

# Words of the page's part on keys, of which a key is one.
sed -n '/^\.SS Keys/,/^\.SH/p' "$page" | tr -c 'a-z0-9_\n' ' ' | tr ' ' '\n' | sort -u >"$tmp/words"
comm -23 "$tmp/keys" "$tmp/words" >"$tmp/missing"
same 'keys that are not in the page' "$tmp/missing" /dev/null

# And the other way: names in the first column.
sed -n '/^\.SS Keys/,/^\.SH/p' "$page" | sed -n '/^T{$/{n;p}' | tr -d ' ' | tr , '\n' | sort -u >"$tmp/told"
comm -13 "$tmp/keys" "$tmp/told" >"$tmp/more"
same 'keys of the page that there are not' "$tmp/more" /dev/null

completion=/usr/share/bash-completion/bash_completion
if [ -r $completion ] && command -v bash >/dev/null 2>&1; then
    # completes WORDS EXPECTED: the completions of the last word
    completes()
    {
        # shellcheck disable=SC2016
        got=$(bash -c '. "$1" && . "$2" || exit
            read -r -a COMP_WORDS <<<"$3"
            [[ $3 != *" " ]] || COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9
            compopt() { :; }
            _memreplay memreplay "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
            printf "%s\n" "${COMPREPLY[@]}" | paste -s -d " "' bash $completion "$top/replay/memreplay.bash" "$1" 2>&1)
        [ "$got" = "$2" ] || { echo "FAIL: completion of '$1': '$got', not '$2'"; status=1; }
    }
    completes 'memreplay --fi' '--fit'
    completes 'memreplay --si' '--size='
    completes 'memreplay -s 2' '256M'
    completes "memreplay --fit $tmp/mtra" "$tmp/mtrace"
    completes "memreplay -o $tmp/tra" "$tmp/trace"
else
    echo 'left out: completion, as there is no bash-completion'
fi
exit $status
