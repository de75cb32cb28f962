#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the links in documents in Markdown: each relative link leads to a file of the source tree, and each anchor to
# a heading of that file.
#
# Taken from the environment, as make check sets it: top_srcdir.
#
# Exits with 0 if so, else with 1.

set -u
LC_ALL=C
export LC_ALL

cd "${top_srcdir:-${srcdir:-$(dirname "$0")/..}}" || exit 1
status=0

# Prints the anchors of a document: its headings in lower case, without punctuation, with hyphens for blanks.
anchors()
{
    awk '
    /^```/ { inside = !inside }
    inside { next }
    /^(===|---)/ && last != "" { print last }
    /^#+ / { sub(/^#+ /, ""); print }
    { last = $0 }
    ' "$1" | tr 'A-Z ' 'a-z-' | sed 's/[^a-z0-9_-]//g'
}

# Prints the targets of the links of a document, one a line.
targets()
{
    # shellcheck disable=SC2016
    awk '/^```/ { inside = !inside } !inside { print }' "$1" \
        | sed 's/`[^`]*`//g' | grep -o '\]([^)]*)' | sed 's/^](//; s/)$//'
}

for document in ./*.md doc/*.md bench/README.md examples/README.md tests/README.md; do
    for target in $(targets "$document"); do
        case $target in
        *://*) continue ;;
        '#'*) file=$document ;;
        *) file=$(dirname "$document")/${target%%#*} ;;
        esac
        if [ ! -e "$file" ]; then
            echo "$document: there is no $target"
            status=1
            continue
        fi
        case $target in
        *'#'*)
            anchors "$file" | grep -qx -e "${target#*#}" || {
                echo "$document: there is no heading $target"
                status=1
            }
            ;;
        esac
    done
done
test $status -eq 0 && echo "all links lead somewhere"
exit $status
