#!/bin/sh
# SPDX-License-Identifier: MIT
#
# The wings of src/, from left to right: base; heap and os; cache; region; api. An include goes to
# the same wing or to one on the left. heap and os do not include each other, and no two modules do.
set -eu

top=${top_srcdir:-.}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$top/src"

# Lists each include of a header of libmem: the file, the header.
grep -H '^#include "' ./*/*.[ch] | sed 's|^\./\([^:]*\):#include "\([^"]*\)".*|\1 \2|' | grep '\.h$' |
    grep -v ' mem\.h$' >"$work/includes"
test -s "$work/includes"

awk '
    BEGIN { rank["base"] = 1; rank["heap"] = rank["os"] = 2; rank["cache"] = 3; rank["region"] = 4; rank["api"] = 5 }
    {
        split($1, from, "/"); split($2, to, "/")
        if (!(from[1] in rank) || !(to[1] in rank)) { print $1 " includes " $2 ": no wing of the table" }
        else if (rank[to[1]] > rank[from[1]]) { print $1 " includes " $2 ", which is further right" }
        else if (rank[to[1]] == rank[from[1]] && to[1] != from[1]) { print $1 " includes " $2 " of a wing beside it" }
    }' "$work/includes" >"$work/wrong"

# A module is a header and the file of its name, with files whose names continue with a hyphen and
# that have no header.
while read -r from to; do
    for name in from to; do
        eval "path=\${$name%.[ch]}"
        while [ ! -e "$path.h" ] && [ "$path" != "${path%-*}" ]; do
            path=${path%-*}
        done
        eval "$name=\$path"
    done
    [ "$from" = "$to" ] || echo "$from $to"
done <"$work/includes" | sort -u >"$work/modules"
tsort "$work/modules" >/dev/null 2>"$work/circles" || true
if [ -s "$work/circles" ]; then
    echo 'modules that include each other:' >>"$work/wrong"
    cat "$work/circles" >>"$work/wrong"
fi

# Around src/: a directory includes headers of those it may know. The writer of traces is a process of memrun's, so it
# has both: the memory that the recorder fills, and the library of reading and writing.
cd ..
grep -H '^#include "' malloc/*.[ch] record/*.[ch] replay/*.[ch] | sed 's|^\([^:]*\):#include "\([^"]*\)".*|\1 \2|' |
    grep -v ' mem\.h$' >"$work/around"
awk '
    BEGIN {
        may["malloc"] = "malloc record base heap os cache region api"
        may["record"] = "record base os region"
        may["replay"] = "replay base heap os cache region"
    }
    {
        split($1, from, "/")
        to = split($2, part, "/") == 1 ? from[1] : part[1]
        if ($1 ~ /^record\/writer\./ && to == "replay" || $1 ~ /^replay\// && $2 ~ /^(record\/trace|malloc\/size)\.h$/) { next }
        if (index(" " may[from[1]] " ", " " to " ") == 0) { print $1 " includes " $2 ", which it may not know" }
    }' "$work/around" >>"$work/wrong"

if [ -s "$work/wrong" ]; then
    cat "$work/wrong" >&2
    exit 1
fi
echo "$(wc -l <"$work/modules") ways from module to module, all to the left and none in a circle"
