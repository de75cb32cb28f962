#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Prints the page's sources as C: embed.sh DIRECTORY NAME.js...
set -eu
export LC_ALL=C

# An array of the bytes of the standard input, which ends with a 0.
array()
{
    printf 'const unsigned char %s[] = {\n' "$1"
    od -An -v -tu1 | sed 's/\([0-9][0-9]*\)/\1,/g'
    printf '0};\n'
}

directory=$1
shift
printf '/* Made by embed.sh. */\n#include "replay/page.h"\n'
array page_html <"$directory/page.html"
cat "$directory/palette.css" "$directory/page.css" | array page_css
(cd "$directory" && cat "$@") | array page_js
