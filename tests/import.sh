#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Imports: of files that are kept here, of which is known what they have; of damaged ones; and of what mtrace and heaptrack
# write on this machine, where they are.
set -u

top=${top_srcdir:-.}
build=$(cd "${top_builddir:-.}" && pwd) || exit 99
imported=$build/tests/imported
corpus=$top/tests/corpus
tmp=$(mktemp -d) || exit 99
trap 'rm -rf "$tmp"' EXIT
LC_ALL=C
export LC_ALL
unset MALLOC_TRACE LD_PRELOAD
failures=0

fail()
{
    echo "FAIL: $*"
    failures=$((failures + 1))
}

has()
{
    nm "$imported" | grep -q " $1"
}

# import OPTION... FILE: to $tmp/out
import()
{
    ${TEST_WRAPPER-} "$imported" "$@" "$tmp/trace" >"$tmp/out" 2>&1
}

# ------------------------------------------------------------------------------------------------
# Files that are kept
# ------------------------------------------------------------------------------------------------

for file in "$corpus"/imported/*; do
    name=${file##*/}
    import "$corpus/import/$name" || fail "$name: status $?"
    diff "$file" "$tmp/out" || fail "$name: not what it has"
    ! has gzread || {
        gzip -c "$corpus/import/$name" >"$tmp/packed"
        import "$tmp/packed" || fail "$name, by gzip: status $?"
        diff "$file" "$tmp/out" || fail "$name, by gzip: not what it has"
    }
done
if has ZSTD_; then
    import "$corpus/import/heaptrack.raw.zst" || fail "heaptrack.raw.zst: status $?"
    diff "$corpus/imported/heaptrack.raw" "$tmp/out" || fail 'heaptrack.raw.zst: not what it has'
fi

# ------------------------------------------------------------------------------------------------
# What is wrong is told, with its line or byte, and no trace is left
# ------------------------------------------------------------------------------------------------

# wrong MESSAGE FILE
wrong()
{
    rm -f "$tmp/trace"
    import "$2" && fail "'$1' was not found"
    grep -qF "$2: $1" "$tmp/out" || { fail "'$1' was expected, and not:"; cat "$tmp/out"; }
    [ ! -e "$tmp/trace" ] || fail "a trace is left after '$1'"
}

# wrong_line MESSAGE, of what standard input has
wrong_line()
{
    cat >"$tmp/wrong"
    wrong "$1" "$tmp/wrong"
}

wrong 'line 1: this is neither' /bin/sh
wrong 'byte 0: no line' /dev/null
wrong 'No such file' "$tmp/missing"
wrong_line "line 2: '%' is no call" <<'END'
= Start
@ a:[0x1] %
END
wrong_line "line 2: '+ 0x10 lots' has wrong" <<'END'
= Start
@ a:[0x1] + 0x10 lots
END
wrong_line "line 3: '<' without '>'" <<'END'
= Start
@ a:[0x1] < 0x10
@ a:[0x1] + 0x10 0x20
END
wrong_line "line 2: '@' without" <<'END'
= Start
@ a 0x10
END
wrong_line 'line 1: version 4' <<'END'
v 20000 4
END
wrong_line 'line 3: there is no trace 2' <<'END'
v 10400 3
m 1 -
t 1000 2
END
wrong_line "line 3: '+ 10 0' is no line" <<'END'
v 10400 3
m 1 -
+ 10 0
END
wrong_line 'line 3: there is no allocation 0' <<'END'
v 10400 3
s 1 a
+ 0
END
wrong_line 'line 2: the length of a text' <<'END'
v 10400 3
s 10 a
END
if has gzread; then
    gzip -c "$corpus/import/mtrace" | head -c 200 >"$tmp/cut.gz"
    wrong 'byte 200: the compressed data ends early' "$tmp/cut.gz"
fi
if has ZSTD_; then
    head -c 300 "$corpus/import/heaptrack.zst" >"$tmp/cut.zst"
    wrong 'byte 300: the compressed data ends early' "$tmp/cut.zst"
fi
cp "$corpus/import/mtrace" "$tmp/same"
"$imported" "$tmp/same" "$tmp/same" | grep -q 'cannot be written while' || fail 'a file was written over itself'
cmp "$corpus/import/mtrace" "$tmp/same" || fail 'a file was lost'

# ------------------------------------------------------------------------------------------------
# What the tools write here
# ------------------------------------------------------------------------------------------------

cat >"$tmp/program.c" <<'END'
#include <mcheck.h>
#include <stdlib.h>
__attribute__((noinline)) static void *deep(size_t size)
{
    void *block = malloc(size); /* DEEP */
    __asm__ volatile("" : : "r"(block));
    return block;
}
int main(void)
{
    mtrace();
    char *a = deep(1111), *b = deep(2222);
    a = realloc(a, 33333); /* RESIZE */
    __asm__ volatile("" : : "r"(a));
    free(a);
    free(b);
    a = deep(4444);
    return a == NULL;
}
END
deep=$(grep -n 'DEEP' "$tmp/program.c" | cut -d : -f 1)
resize=$(grep -n 'RESIZE' "$tmp/program.c" | cut -d : -f 1)

# expect WHAT LINE...: each line is in what was imported last
expect()
{
    what=$1
    shift
    for line; do
        if ! has dwfl_begin; then
            line=${line%% (*}
            line=${line% *}
        fi
        grep -q "^[0-9]* $line" "$tmp/out" || { fail "$what: no '$line'"; cat "$tmp/out"; }
    done
}

live=no
if [ -z "${TEST_WRAPPER-}" ] && ${CC:-cc} -g -O1 -o "$tmp/program" "$tmp/program.c" 2>"$tmp/cc"; then
    for debug in /lib/*/libc_malloc_debug.so.0 /lib*/libc_malloc_debug.so.0 ''; do
        [ ! -e "$debug" ] || break
    done
    (cd "$tmp" && MALLOC_TRACE=$tmp/mtrace LD_PRELOAD=$debug ./program) || fail 'the program with mtrace()'
    if [ -s "$tmp/mtrace" ]; then
        live=mtrace
        (cd "$tmp" && import --names mtrace)
        expect mtrace "alloc block 0 size 1111 deep (program.c:$deep)" "alloc block 1 size 2222 deep (program.c:$deep)" \
            "resize block 0 size 33333 main (program.c:$resize)" 'free block 0 main (' 'free block 1 main (' \
            "alloc block 2 size 4444 deep (program.c:$deep)"
    fi
    if command -v heaptrack >/dev/null; then
        live="$live heaptrack"
        (cd "$tmp" && heaptrack --raw -o raw ./program && heaptrack -o interpreted ./program) >"$tmp/heaptrack" 2>&1
        for file in "$tmp"/raw.* "$tmp"/interpreted.*; do
            import --names "$file"
            expect "$file" "alloc block [0-9]* size 1111 deep (program.c:$deep)" \
                "alloc block [0-9]* size 33333 main (program.c:$resize)" \
                "alloc block [0-9]* size 4444 deep (program.c:$deep)"
            [ "$(grep -c ' free block' "$tmp/out")" -ge 3 ] || fail "$file: frees are missing"
        done
        grep -q '^pairing=guessed' "$tmp/out" || fail 'nothing is said of the pairing of frees'
    fi
fi
echo "written here: $live"
[ $failures = 0 ]
