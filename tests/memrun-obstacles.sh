#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Tests what memrun does about programs that libmem cannot be loaded into: with a limit it refuses
# to run them, without one it warns, and with --force it runs them.
#
# Reads from the environment, as make check sets it: CC, and the variables of malloc.sh.

# shellcheck source=tests/malloc.sh
. "${top_srcdir:-.}/tests/malloc.sh"

memrun=${MEMRUN:-$build/memrun} # without --force
missing=0

miss()
{
    echo "not tested: $*"
    missing=$((missing + 1))
}

# refuses WHAT FILE COMMAND...: what is in the way of running a command, and which file has it. The
# command ends with status 7.
refuses()
{
    what=$1 where=$2
    shift 2
    run 125 $user "$memrun" -s 64M "$@"
    complains "memrun: $where $what: libmem cannot be loaded, there would be no limit; --force runs it"
    LIBMEM_SIZE=64M run 125 $user "$memrun" --stats "$@"
    complains "memrun: $where $what: libmem cannot be loaded, there would be no limit; --force runs it"
    run 7 $user "$memrun" "$@"
    grep -qx "memrun: warning: $where $what: libmem cannot be loaded" "$tmp/err" || {
        fail "$said: no warning"
        cat "$tmp/err"
    }
    run 7 $user "$memrun" --force -s 64M "$@"
    ! grep -q '^memrun:' "$tmp/err" || fail "$said: a message although it is forced"
}

# script FILE LINE...
script()
{
    file=$1
    shift
    printf '%s\n' "$@" >"$tmp/$file"
    chmod +x "$tmp/$file"
}

echo 'int main(void) { return 7; }' >"$tmp/seven.c"
chmod 755 "$tmp"
user=

# build FILE FLAG...
build()
{
    to=$1
    shift
    # shellcheck disable=SC2086
    ${CC:-cc} ${CFLAGS-} "$@" -o "$tmp/$to" "$tmp/seven.c" 2>"$tmp/build.err"
}

# --- programs that are no obstacle ---

build plain || { fail "no program can be built"; end; }
run 7 "$memrun" -s 64M "$tmp/plain"
silent
script through-plain "#! $tmp/plain -x"
run 7 "$memrun" -s 64M "$tmp/through-plain"
silent
if [ $foreign = no ]; then
    script bare 'exit 7' # the shell runs it
    run 7 "$memrun" -s 64M "$tmp/bare"
    silent
fi

# --- linked statically, and scripts that such a program interprets ---

for kind in -static -static-pie; do
    build "fixed$kind" $kind || { miss "programs linked with $kind"; continue; }
    refuses 'is linked statically' "$tmp/fixed$kind" "$tmp/fixed$kind"
    PATH=$tmp:$PATH refuses 'is linked statically' "$tmp/fixed$kind" "fixed$kind"
    script "through$kind" "#!  $tmp/fixed$kind with arguments" 'nothing'
    refuses 'is linked statically' "$tmp/fixed$kind" "$tmp/through$kind"
    script "twice$kind" "#!$tmp/through$kind"
    refuses 'is linked statically' "$tmp/fixed$kind" "$tmp/twice$kind"
done

# --- of another machine ---

# A machine that no system has: byte 18 of an ELF header.
cp "$tmp/plain" "$tmp/other"
printf '\376\376' | dd of="$tmp/other" bs=1 seek=18 conv=notrunc 2>/dev/null
run 125 "$memrun" -s 64M "$tmp/other"
complains "memrun: $tmp/other is for another machine or word size: libmem cannot be loaded, there would be no limit; --force runs it"
if build narrow -m32; then
    refuses 'is for another machine or word size' "$tmp/narrow" "$tmp/narrow"
else
    miss "programs of another word size"
fi

# --- with rights of their own ---

if [ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null 2>&1; then
    miss "programs with rights of their own: only root can make them"
elif findmnt -n -o OPTIONS -T "$tmp" 2>/dev/null | grep -q nosuid; then
    miss "programs with rights of their own: $tmp allows none"
else
    nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
    cp "$tmp/plain" "$tmp/user"
    chmod 4755 "$tmp/user"
    run 7 "$memrun" -s 64M "$tmp/user" # root gains nothing
    silent
    cp "$tmp/plain" "$tmp/group"
    chmod 2755 "$tmp/group"
    if $nobody test -x "$memrun" && $nobody test -r "$LIBMEM_MODULE"; then
        user=$nobody
        refuses 'is set-user-ID' "$tmp/user" "$tmp/user"
        refuses 'is set-group-ID' "$tmp/group" "$tmp/group"
        script through-user "#!$tmp/user"
        refuses 'is set-user-ID' "$tmp/user" "$tmp/through-user"
        script bits "#!$tmp/plain" # the bits of a script do not count
        chmod 6755 "$tmp/bits"
        run 7 $user "$memrun" -s 64M "$tmp/bits"
        silent
        user="$nobody --no-new-privs"
        run 7 $user "$memrun" -s 64M "$tmp/user" # does not get the rights
        silent
        user=$nobody
        cp "$tmp/plain" "$tmp/capable"
        if setcap cap_net_raw+ep "$tmp/capable" 2>/dev/null; then
            refuses 'has file capabilities' "$tmp/capable" "$tmp/capable"
        else
            miss "programs with capabilities"
        fi
        chmod 711 "$tmp/plain"
        refuses 'cannot be read' "$tmp/plain" "$tmp/plain"
    else
        miss "programs with rights of their own: others cannot reach this build"
    fi
fi

echo "$missing kinds not tested"
end
