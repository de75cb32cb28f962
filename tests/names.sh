#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Callers get the names of their functions and lines; with less debug information less; and of a file that is not the one
# that was recorded none.
set -u

top=${top_srcdir:-.}
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
program=$build/tests/names
OBJCOPY=${OBJCOPY:-objcopy}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL

if [ -n "${TEST_WRAPPER-}" ]; then
    echo "skipped: $TEST_WRAPPER may not show programs where their code lies"
    exit 77
fi
if ! nm "$program" | grep -q ' dwfl_begin'; then
    echo 'skipped: built without libdw'
    exit 77
fi
for tool in "$OBJCOPY" nm; do
    command -v "$tool" >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

failures=0
line()
{
    grep -n "/\* $1 \*/" "$top/tests/names.c" | cut -d : -f 1
}

# names FILE: compares what the program says of FILE with standard input.
names()
{
    cat >"$tmp/expected"
    "$program" "$1" >"$tmp/got" 2>&1
    if ! diff "$tmp/expected" "$tmp/got"; then
        echo "FAIL: $2"
        failures=$((failures + 1))
    fi
}

names "$program" 'with debug information' <<END
unknown
plain_caller (names.c:$(line PLAIN))
caller_of_inlined (names.c:$(line INLINED))
last_caller (names.c:$(line LAST))
0x1234
END

# Addresses and offsets are the compiler's affair.
bare()
{
    "$program" "$1" | sed 's/+0x[0-9a-f]*/+N/'
}

$OBJCOPY --strip-debug "$program" "$tmp/symbols" || exit 99
bare "$tmp/symbols" >"$tmp/bare"
diff "$tmp/bare" - <<END || { echo 'FAIL: without lines'; failures=$((failures + 1)); }
unknown
plain_caller+N (symbols)
caller_of_inlined+N (symbols)
last_caller+N (symbols)
0x1234
END

$OBJCOPY --strip-all "$program" "$tmp/stripped" || exit 99
bare "$tmp/stripped" >"$tmp/bare"
diff "$tmp/bare" - <<END || { echo 'FAIL: without symbols'; failures=$((failures + 1)); }
unknown
stripped+N
stripped+N
stripped+N
0x1234
END

# Debug information in a file apart, found by its link.
$OBJCOPY --only-keep-debug "$program" "$tmp/apart.debug" &&
    (cd "$tmp" && $OBJCOPY --strip-all --add-gnu-debuglink=apart.debug "$program" apart) || exit 99
"$program" "$tmp/apart" | grep -q "^plain_caller (names.c:$(line PLAIN))" ||
    { echo 'FAIL: debug information apart'; failures=$((failures + 1)); }

for file in /bin/sh "$tmp/missing" "$tmp" linux-vdso.so.1; do
    "$program" "$file" >"$tmp/got"
    grep -q '(' "$tmp/got" && { echo "FAIL: $file gave names"; failures=$((failures + 1)); }
    case $file in
    /bin/sh) note='^note: /bin/sh has changed since the recording: its callers have no names$' ;;
    linux*) note= ;;
    *) note="^note: $file cannot be read: its callers have no names\$" ;;
    esac
    if [ "$(grep -c '^note' "$tmp/got")" != "$([ -n "$note" ] && echo 1 || echo 0)" ] || ! grep -q "$note" "$tmp/got"; then
        echo "FAIL: notes on $file:"
        cat "$tmp/got"
        failures=$((failures + 1))
    fi
done

# No server is asked.
DEBUGINFOD_URLS=http://127.0.0.1:9/ DEBUGINFOD_VERBOSE=1 "$program" "$tmp/stripped" 2>&1 | grep -q 127.0.0.1 &&
    { echo 'FAIL: a server was asked'; failures=$((failures + 1)); }

[ $failures = 0 ]
