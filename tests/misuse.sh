#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Runs the programs in misuse/, each with every value of LIBMEM_MISUSE. Such a program prints the line
# that the library must write to stderr, makes its mistake, and ends well if it still runs. Its end and
# its stderr must be exactly these:
#
#   unset, ignore   goes on          nothing
#   warn            goes on          the line
#   another value   goes on          that it is invalid, and the line
#   abort           SIGABRT          the line
#   (guard-*)       SIGSEGV          nothing
#
# MISUSE_DIR: the directory of the programs (tests/misuse). TEST_WRAPPER: a command to run them with.
# LIBTOOL: as in make. top_srcdir: the sources.
#
# Exits with 0 on success, else with 1.

LC_ALL=C
export LC_ALL

sources=${top_srcdir:-.}/tests/misuse
dir=${MISUSE_DIR:-tests/misuse}
wrapper=${TEST_WRAPPER:+${LIBTOOL:+$LIBTOOL --silent --mode=execute }$TEST_WRAPPER}
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
# shellcheck disable=SC3045
ulimit -c 0 2>/dev/null

# Signals must end the programs, and nothing else may write messages about them.
for name in ASAN TSAN UBSAN LSAN; do
    eval "options=\${${name}_OPTIONS-}"
    eval "${name}_OPTIONS='${options:+$options:}handle_segv=0:handle_abort=0:handle_sigbus=0'"
    export "${name}_OPTIONS"
done

runs=0
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

# run PROGRAM VALUE: stdout goes to $tmp/out, the library's messages to $tmp/err. An emulator
# reports signals there, and valgrind reports writes to guard pages.
run()
{
    runs=$((runs + 1))
    unset LIBMEM_MISUSE
    if [ "$2" != unset ]; then
        LIBMEM_MISUSE=$2
        export LIBMEM_MISUSE
    fi
    # Drops the shell's own messages about signals.
    {
        # shellcheck disable=SC2086
        (exec $wrapper "$dir/$1" >"$tmp/out" 2>"$tmp/all")
        status=$?
    } 2>/dev/null
    if [ -n "$wrapper" ]; then
        grep '^libmem: ' "$tmp/all" >"$tmp/err"
    else
        cat "$tmp/all" >"$tmp/err"
    fi
}

# expect STATUS: the last program ended with it, and stderr is as in $tmp/expected
expect()
{
    [ "$status" -eq "$1" ] || fail "$program, LIBMEM_MISUSE=$value: ended with $status, not $1"
    cmp -s "$tmp/expected" "$tmp/err" && return
    fail "$program, LIBMEM_MISUSE=$value: expected on stderr"
    cat "$tmp/expected"
    echo "but there was"
    cat "$tmp/all"
}

for source in "$sources"/*.c; do
    program=$(basename "$source" .c)
    case $program in
    guard-*)
        value='unset'
        : >"$tmp/expected"
        run "$program" unset
        expect 139
        [ "$(cat "$tmp/out")" = writes ] || fail "$program: did not come so far as to write"
        continue
        ;;
    esac
    for value in unset ignore warn abort; do
        run "$program" "$value"
        grep -q '^libmem: misuse: ' "$tmp/out" || fail "$program: says nothing about what to expect"
        case $value in
        unset | ignore) : >"$tmp/expected" ;;
        *) cp "$tmp/out" "$tmp/expected" ;;
        esac
        case $value in
        abort) expect 134 ;;
        *) expect 0 ;;
        esac
    done
    value=nonsense
    run "$program" "$value"
    {
        echo 'libmem: LIBMEM_MISUSE is "nonsense", not ignore, warn or abort; taken as warn'
        cat "$tmp/out"
    } >"$tmp/expected"
    expect 0
done

[ "$runs" -gt 0 ] || fail "there are no programs in $sources"
[ "$failures" -eq 0 ] || exit 1
echo "$runs runs, all as they should be"
