#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests the manual as HTML: html-links.py looks at the files, html-browser.py at the pages in Chromium. Then the
# installed documents: each link leads to a file that is installed. Screenshots are kept in html-shots/ of the build.
#
# Exits with 0 if all is well, 1 if not, and 77 if tools are missing.
set -u

top=$(cd "${top_srcdir:-.}" && pwd) || exit 99
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C.UTF-8
export LC_ALL

# ------------------------------------------------------------------------------------------------
# Installed documents
# ------------------------------------------------------------------------------------------------

failures=0
mkdir "$tmp/doc" "$tmp/doc/doc"
cp "$top/README.md" "$top/SECURITY.md" "$top/NEWS" "$tmp/doc"
cp -r "$top"/doc/*.md "$top/doc/pictures" "$tmp/doc/doc"
cd "$tmp/doc" || exit 99
for file in README.md SECURITY.md doc/*.md; do
    "${AWK:-awk}" -f "$top/doc/installed.awk" "$file" >"$tmp/installed.md"
    # shellcheck disable=SC2016
    for target in $(sed 's/`[^`]*`//g' "$tmp/installed.md" | grep -o '\]([^)]*)' | sed 's/^](//; s/)$//'); do
        case $target in
        '#'* | *://*) ;;
        *) test -e "$(dirname "$file")/${target%%#*}" || {
            echo "FAIL: installed $file: there is no $target"
            failures=1
        } ;;
        esac
    done
done
"${AWK:-awk}" -f "$top/doc/installed.awk" README.md >"$tmp/installed.md"
grep -q '](doc/DESIGN.md)' "$tmp/installed.md" || { echo "FAIL: installed README.md has lost its links"; failures=1; }
grep -q 'include/mem.h](' "$tmp/installed.md" && { echo "FAIL: installed README.md has a link to mem.h"; failures=1; }

# ------------------------------------------------------------------------------------------------
# Pages
# ------------------------------------------------------------------------------------------------

if ! "${MAKE:-make}" -s -C "$build" html >"$tmp/made" 2>&1; then
    cat "$tmp/made"
    test $failures -eq 0 || exit 1
    grep -q 'did not find' "$tmp/made" && exit 77
    exit 1
fi
"${PYTHON:-python3}" "$top/tests/html-links.py" "$build/html" "$top/include/mem.h" || failures=1

# A link to a file that has no page is an error.
mkdir "$tmp/source"
printf '# Title\n\n[News](NEWS)\n' >"$tmp/source/README.md"
"${PYTHON:-python3}" -B "$top/doc/manual/manual.py" --source="$tmp/source" --output="$tmp/html" --version=1 \
    --mandoc=mandoc --cmark=cmark-gfm README.md >"$tmp/made" 2>&1 && { echo "FAIL: a link to nothing is taken"; failures=1; }
grep -q 'README.md: NEWS is not in the manual' "$tmp/made" || { echo "FAIL: of a link to nothing:"; cat "$tmp/made"; failures=1; }

test $failures -eq 0 || exit 1
for python in "${PYTHON:-python3}" /usr/bin/python3 none; do
    "$python" -c 'import selenium' 2>/dev/null && break
done
if test "$python" = none || test ! -x "${CHROMIUM:-/usr/bin/chromium}" || test ! -x "${CHROMEDRIVER:-/usr/bin/chromedriver}"; then
    echo "SKIP: the files are right; without chromium, chromium-driver and python3-selenium they were not looked at"
    exit 77
fi
HOME=$tmp "$python" -B "$top/tests/html-browser.py" "$build/html" "$build/html-shots" || exit 1
