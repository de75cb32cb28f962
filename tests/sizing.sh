#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs each command of doc/SIZING.md, in the order in which they stand there. Numbers differ from machine to machine, so of
# the output only this must be the same: the words at the beginning of each line that is shown.
set -u

top=$(cd "${top_srcdir:-.}" && pwd) || exit 99
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
document=$top/doc/SIZING.md
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL
unset LIBMEM_SIZE LIBMEM_STATS LIBMEM_STATS_FILE LIBMEM_EXACT LIBMEM_RECORD LD_PRELOAD

if [ -n "${TEST_WRAPPER-}" ]; then
    echo "skipped: nothing can be preloaded into programs that run under $TEST_WRAPPER"
    exit 77
fi
for tool in "$build/memrun" "$build/memreplay" sqlite3; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done
if ! "$build/memreplay" --help | grep -q -e '--report'; then
    echo 'skipped: memreplay was built without pages'
    exit 77
fi
LIBMEM_MODULE=$build/.libs/libmem-malloc.so PATH=$build:$PATH
export LIBMEM_MODULE PATH
cd "$tmp" || exit 99

# The file that the commands read.
sed -n '/^<!-- file load.sql -->$/,/^```$/p' "$document" | sed '1,2d;$d' >load.sql
[ -s load.sql ] || { echo 'there is no load.sql in the document'; exit 1; }

# What is shown: a line "$ command", and what it prints. Numbers, units and names of places are taken out.
sed -n '/^```sh-session$/,/^```$/p' "$document" | grep -v '^```' >shown
plain()
{
    sed -E 's/(, )?called from$|[a-zA-Z_.0-9]+ \([a-z.]*:[0-9]+\)|[a-z0-9_.]+\+0x[0-9a-f]+//g
        s/[0-9][-0-9.,:|]*( ?([KMGT]i?B|B|[mun]?s|%))?/N/g; s/ +/ /g; s/ $//'
}

status=0
commands=0
run()
{
    commands=$((commands + 1))
    (eval "$command") >printed 2>&1
    plain <printed >got
    # A caller can have another name here, so lines with nothing but numbers and a name need not be the same.
    plain <expected | grep -vE '^( N)* ?$' | while read -r line; do
        grep -qF "$line" got || echo "$line"
    done >missing
    if [ -s missing ]; then
        echo "FAIL: \$ $command"
        sed 's/^/  is shown, and was not printed: /' missing
        cat printed
        status=1
    fi
}

command=
while IFS= read -r line; do
    case $line in
    '$ '*)
        [ -z "$command" ] || run
        command=${line#??}
        : >expected
        ;;
    *) printf '%s\n' "$line" >>expected ;;
    esac
done <shown
[ -z "$command" ] || run

for file in db.trace db.html db.png off.trace deep.trace; do
    [ -s "$file" ] || { echo "FAIL: there is no $file"; status=1; }
done
[ "$commands" -ge 10 ] || { echo "FAIL: $commands commands were found"; status=1; }
echo "$commands commands"
exit $status
