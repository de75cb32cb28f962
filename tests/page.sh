#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Pages and pictures of memreplay: of a trace with names that would do harm, of a region that is too small, and of a dump.
# They are looked at in Chromium: see page.py. Screenshots are kept in page-shots/ of the build.
set -u

top=$(cd "${top_srcdir:-.}" && pwd) || exit 99
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C.UTF-8
export LC_ALL
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# Writes a page: page NAME OPTION... FILE
page()
{
    name=$1
    shift
    ${TEST_WRAPPER-} "$build/memreplay" --report="$tmp/$name.html" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err"
}

"$build/memreplay" --report=/dev/full "$top/tests/page-dump.json" 2>"$tmp/full" && fail "a full disk is no error"
if grep -q 'built without' "$tmp/full"; then
    echo "SKIP: $(cat "$tmp/full")"
    exit 77
fi
grep -q '^memreplay: /dev/full: ' "$tmp/full" || fail "of a full disk: $(cat "$tmp/full")"
test -c /dev/full || fail "/dev/full is gone"

${TEST_WRAPPER-} "$build/tests/page-trace" "$tmp/trace" 40000 || fail "no trace"

# ------------------------------------------------------------------------------------------------
# Files
# ------------------------------------------------------------------------------------------------

page trace --svg="$tmp/map.svg" --png="$tmp/map.png" "$tmp/trace" || fail "trace: $(cat "$tmp/trace.err")"
page failed --size=2M "$tmp/trace"
test $? -eq 1 || fail "a region that is too small: $(cat "$tmp/failed.err")"
page dump "$top/tests/page-dump.json" || fail "dump: $(cat "$tmp/dump.err")"
page again "$tmp/trace" || fail "again: $(cat "$tmp/again.err")"

for name in trace failed dump; do
    test "$(wc -c <"$tmp/$name.html")" -le 3145728 || fail "$name.html is larger than 3 MiB"
    # Names are in the data alone, which is in base64.
    grep -q 'onerror=\|onmouseover=\|title=.taken' "$tmp/$name.html" && fail "$name.html has a name in it"
    grep -q 'https\{0,1\}://' "$tmp/$name.html" && fail "$name.html has an address of the network in it"
done
case $(od -An -tx1 -N8 "$tmp/map.png" | tr -d ' ') in
89504e470d0a1a0a) ;;
*) fail "map.png is no PNG" ;;
esac
grep -q "^<svg.*role='img'" "$tmp/map.svg" || fail "map.svg is no SVG"
grep -q '</svg>$' "$tmp/map.svg" || fail "map.svg has no end"
grep -q 'MiB</text>' "$tmp/map.svg" || fail "map.svg has no axis of bytes"

# Files that are wrong are named, and leave no page.
printf '{"capacity": 64, "blocks": [' >"$tmp/half.json"
printf '{"capacity": 64}' >"$tmp/none.json"
printf '{"capacity":64,"bookkeeping":0,"largest_free":0,"peak_in_use":0,"frees":0,"failures":0,"blocks":[{"offset":8,"size":99,"in_use":true}]}' \
    >"$tmp/beyond.json"
for name in half none beyond; do
    page "$name" "$tmp/$name.json"
    test $? -eq 2 || fail "$name.json is taken"
    grep -q "^memreplay: $tmp/$name.json: " "$tmp/$name.err" || fail "of $name.json: $(cat "$tmp/$name.err")"
    test ! -e "$tmp/$name.html" || fail "$name.json leaves a page"
done
${TEST_WRAPPER-} "$build/memreplay" --report="$tmp/none/below.html" "$tmp/trace" >/dev/null 2>&1
test $? -eq 2 || fail "a page in a directory that is not there"

# ------------------------------------------------------------------------------------------------
# In a browser
# ------------------------------------------------------------------------------------------------

python=
for candidate in "${PYTHON:-python3}" /usr/bin/python3; do
    if "$candidate" -c 'import selenium' 2>/dev/null; then
        python=$candidate
        break
    fi
done
if test $failures -ne 0; then
    exit 1
elif test -z "$python" || test ! -x "${CHROMIUM:-/usr/bin/chromium}" || test ! -x "${CHROMEDRIVER:-/usr/bin/chromedriver}"; then
    echo "SKIP: the files are right; without chromium, chromium-driver and python3-selenium they were not looked at"
    exit 77
fi
HOME=$tmp "$python" "$top/tests/page.py" "$tmp" "$build/page-shots" || exit 1
