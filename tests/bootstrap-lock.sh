#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests that ./bootstrap waits for another program that holds apt's lock, says so, and gives up.
# Nothing is installed, and nothing waits: commands in a directory of the test replace those of the
# system.
#
# Reads from the environment, as make check sets it: top_srcdir.

bootstrap=$(cd "${top_srcdir:-.}" && pwd)/bootstrap
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
trap 'exit 99' HUP INT TERM
failures=0

fail()
{
    echo "FAIL: $*"
    cat "$tmp/out"
    failures=$((failures + 1))
}

# command NAME: makes a command, whose text is on stdin
command_as()
{
    {
        echo '#!/bin/sh'
        cat
    } >"$tmp/bin/$1"
    chmod +x "$tmp/bin/$1"
}

# run STATUS: runs a bootstrap that finds no package installed, and cannot make ./configure
run()
{
    rm -rf "$tmp/tree"
    mkdir "$tmp/tree"
    cp "$bootstrap" "$tmp/tree/bootstrap"
    : >"$tmp/slept"
    PATH=$tmp/bin:$PATH "$tmp/tree/bootstrap" demo >"$tmp/out" 2>&1 </dev/null
    status=$?
    [ $status -eq "$1" ] || fail "ended with $status, not $1"
}

says()
{
    [ "$(grep -c "^bootstrap: $1" "$tmp/out")" -eq 1 ] || fail "not once: $1"
}

says_nothing_of()
{
    ! grep -q "$1" "$tmp/out" || fail "says: $1"
}

slept()
{
    [ "$(wc -l <"$tmp/slept")" -eq "$1" ] || fail "slept $(wc -l <"$tmp/slept") times, not $1"
}

mkdir "$tmp/bin"
echo 'echo 0' | command_as id
echo 'exit 1' | command_as dpkg-query
echo 'exit 1' | command_as libtoolize
echo "echo \$1 >>'$tmp/slept'" | command_as sleep
waits='another program is installing packages; waiting for it, 5 minutes at most$'

# This apt-get fails with one line of $tmp/answers at each call, and then succeeds.
command_as apt-get <<END
case \$1 in
-s) exit 1 ;;
esac
line=\$(head -n 1 '$tmp/answers')
sed -i 1d '$tmp/answers'
[ -n "\$line" ] || exit 0
echo "\$line" >&2
exit 100
END

# --- it waits, and goes on ---

cat >"$tmp/answers" <<'END'
E: Could not get lock /var/lib/apt/lists/lock. It is held by process 17 (apt-get)
E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?
dpkg: error: dpkg frontend lock was locked by another process with pid 17
END
run 1
says "$waits"
says 'error: autoreconf failed'
slept 3

# --- it does not wait for other errors ---

cat >"$tmp/answers" <<'END'
E: Failed to fetch http://deb.debian.org/debian
E: Could not open lock file /var/lib/dpkg/lock-frontend - open (13: Permission denied)
END
run 1
says 'not all lists could be had'
says 'error: apt-get could not install these packages'
says_nothing_of 'another program'
slept 0

# --- it gives up ---

for _ in $(seq 100); do
    echo 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 17 (aptd)'
done >"$tmp/answers"
run 1
says "$waits"
says "error: another program has held apt's lock for 5 minutes: .*process 17 (aptd)\$"
slept 60

# --- the same with the system's apt-get, in a directory of its own ---

rm "$tmp/bin/apt-get"
if ! command -v apt-get >/dev/null 2>&1 || ! command -v python3 >/dev/null 2>&1; then
    echo "left out: there is no apt-get, or no python3 to hold a lock of its"
else
    mkdir -p "$tmp/state/lists/partial" "$tmp/cache/archives/partial"
    : >"$tmp/state/status"
    cat >"$tmp/apt.conf" <<END
Dir::State "$tmp/state"; Dir::State::status "$tmp/state/status"; Dir::Cache "$tmp/cache";
Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null"; APT::Sandbox::User "";
END
    APT_CONFIG=$tmp/apt.conf
    export APT_CONFIG
    for lock in state/lists/lock state/lock-frontend; do
        mkfifo "$tmp/held" "$tmp/end"
        python3 -c 'import fcntl, sys
file = open(sys.argv[1], "w")
fcntl.lockf(file, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
open(sys.argv[3]).close()' "$tmp/$lock" "$tmp/held" "$tmp/end" &
        cat "$tmp/held"
        # One attempt suffices.
        sed 's/^LOCK_MINUTES=5 /LOCK_MINUTES=0 /' "$bootstrap" >"$tmp/short"
        whole=$bootstrap
        bootstrap=$tmp/short
        chmod +x "$bootstrap"
        run 1
        bootstrap=$whole
        says "error: another program has held apt's lock for 0 minutes: .*$lock"
        : >"$tmp/end"
        wait
        rm "$tmp/held" "$tmp/end"
    done
fi

[ $failures -eq 0 ]
