#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Real programs behave as usual when memrun runs them: the same output, the same status. Programs that
# are not installed are left out, with a message.
#
# PROGRAMS_PYTHON_TESTS: modules of python3 -m test to run, instead of the usual ones.
# Taken from the environment, as make check sets it: CC, CXX, top_srcdir, and what malloc.sh tells.

# shellcheck source=tests/malloc.sh
. "${top_srcdir:-.}/tests/malloc.sh"
sources=$(cd "${top_srcdir:-.}" && pwd) || exit 99

if [ $foreign = yes ]; then
    echo "skipped: the programs of this system are of another word size"
    exit 77
fi

# same COMMAND...: runs it with the C library's malloc and with libmem's; both must do the same
same()
{
    runs=$((runs + 1))
    "$@" >"$tmp/plain" 2>&1 <"${input:-/dev/null}"
    local plain=$?
    "$memrun" "$@" >"$tmp/ours" 2>&1 <"${input:-/dev/null}"
    local ours=$?
    if [ $ours -ne $plain ] || ! cmp -s "$tmp/plain" "$tmp/ours"; then
        fail "$*: ended with $ours, not $plain, or has other output:"
        diff "$tmp/plain" "$tmp/ours" | head -n 20
    fi
}

has()
{
    local name
    for name; do
        if ! command -v "$name" >/dev/null 2>&1; then
            echo "left out: there is no $name"
            return 1
        fi
    done
}

cd "$tmp" || exit 99

if has sqlite3; then
    {
        echo 'create table t (id integer primary key, name text, size real);'
        echo 'begin;'
        for ((i = 0; i < 5000; i++)); do
            echo "insert into t values ($i, 'name $((i * 7919 % 5003))', $i * 0.37);"
        done
        echo 'commit; create index i on t (name);'
        echo 'select count(*), sum(size), max(name) from t;'
        echo 'select a.name, b.id from t a join t b on a.name > b.name where a.id < 40 order by 1, 2 limit 3000;'
        echo "update t set name = name || 'x' where id % 3 = 0; delete from t where id % 7 = 0; vacuum;"
        echo 'select group_concat(name) from (select name from t order by name limit 500); pragma integrity_check;'
    } >script.sql
    input=script.sql same sqlite3 :memory:
fi

if has php; then # its extensions are loaded with RTLD_DEEPBIND
    # shellcheck disable=SC2016
    same php -r '$list = range(1, 1000); shuffle($list); sort($list); echo strlen(json_encode($list)), "\n";
        if (function_exists("iconv")) echo iconv("UTF-8", "ISO-8859-1", str_repeat("abc", 1000)), "\n";
        if (class_exists("DateTime")) echo (new DateTime("@0"))->format("c"), "\n";'
fi

if has perl; then
    # shellcheck disable=SC2016
    same perl -e 'my %h; $h{$_ * 7 % 9973} .= "x$_" for 1 .. 100000; my @k = sort keys %h;
        print scalar(@k), " ", join(",", map { length $h{$_} } @k[0 .. 99]), "\n";'
fi

if has python3; then
    cat >objects.py <<'END'
import json, re, threading
trees = [{"n": i, "words": [str(j) * (j % 9) for j in range(30)], "f": i / 7} for i in range(3000)]
text = json.dumps(trees)
assert json.loads(text) == trees
total = []
def work(k):
    total.append(sum(len(re.sub("1+", str(k), w)) for t in trees for w in t["words"]))
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(len(text), sorted(total))
try:
    bytearray(1 << 60)
except MemoryError as error:
    print("MemoryError", error)
END
    PYTHONMALLOC=malloc same python3 objects.py
    same python3 objects.py
    if python3 -c 'import test.test_list' 2>/dev/null; then
        tests=${PROGRAMS_PYTHON_TESTS:-test_list test_thread}
        for test in $tests; do
            runs=$((runs + 1))
            # The messages of tests, and their order, may differ; the set of tests and their results
            # may not.
            PYTHONMALLOC=malloc python3 -m test -v "$test" >plain.log 2>&1
            plain=$?
            PYTHONMALLOC=malloc "$memrun" python3 -m test -v "$test" >ours.log 2>&1
            ours=$?
            for log in plain ours; do
                sed -n -E 's/^(test\w* \(test\.[^)]*\)) \.\.\. .*/\1/p; s/^(Ran [0-9]+ tests?) in .*/\1/p; /^(OK|FAILED)/p' \
                    $log.log | sort >$log.results
            done
            grep -q '^Ran [1-9]' ours.results || fail "python3 -m test $test: nothing was run"
            if [ $plain -ne $ours ] || ! cmp -s plain.results ours.results; then
                fail "python3 -m test $test: ended with $ours, not $plain, or tests ended otherwise:"
                diff plain.results ours.results | head -n 20
            fi
        done
    else
        echo "left out: python3's own tests are not installed"
    fi
fi

if has git; then
    export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org
    export GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
    export GIT_AUTHOR_DATE='2026-01-01 00:00:00 +0000' GIT_COMMITTER_DATE='2026-01-01 00:00:00 +0000'
    # shellcheck disable=SC2016
    git_script='rm -rf repository; git init -q -b main repository && cd repository || exit 1
        for i in 1 2 3 4 5 6 7 8; do
            cp "$0"/src/*/*.[ch] . && echo "$i" >>heap.c && git add . && git commit -qm "commit $i" || exit 1
        done
        git repack -adq && git fsck --strict 2>&1; git log --stat -p | cksum; git rev-parse HEAD; git blame heap.c | cksum'
    same bash -c "$git_script" "$sources"
fi

if has "${CC:-cc}"; then
    for file in heap/heap.c region/operation.c; do
        # shellcheck disable=SC2086
        same ${CC:-cc} -std=gnu11 -O2 -D_GNU_SOURCE -I"$sources/include" -I"$sources/src" -S -o - "$sources/src/$file"
    done
fi

if [ "${CXX:-no}" != no ] && has "$CXX"; then
    cat >threads.cc <<'END'
#include <cstdint>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

int main()
{
    std::map<std::string, std::vector<int>> all;
    std::mutex mutex;
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; t++)
        threads.emplace_back([&, t] {
            std::map<std::string, std::vector<int>> own;
            for (int i = 0; i < 20000; i++) {
                std::string key = "a key that is not short " + std::to_string(i % 500);
                std::vector<int> some(i % 50, i + t);
                auto &list = own[key];
                list.insert(list.end(), some.begin(), some.end());
                if (list.size() > 100) {
                    std::lock_guard<std::mutex> guard(mutex);
                    auto &common = all[key];
                    common.insert(common.end(), list.begin(), list.end());
                    own.erase(key);
                }
            }
        });
    for (auto &thread : threads)
        thread.join();
    // The same in whatever order threads came.
    for (auto &entry : all) {
        std::uint64_t sum = 0;
        for (int number : entry.second)
            sum += (std::uint64_t)number * number;
        std::cout << entry.first << ": " << entry.second.size() << ", " << sum << std::endl;
    }
}
END
    if "$CXX" -std=c++17 -O2 threads.cc -o threads -pthread; then
        same ./threads
    else
        fail "threads.cc cannot be compiled"
    fi
fi

# Commands whose answers depend only on earlier commands
redis_script()
{
    local i

    for ((i = 0; i < 2000; i++)); do
        echo "set k$i value-$((i * 7919 % 5003))"
        echo "append k$((i % 100)) -$i"
        echo "lpush list $i"
        echo "zadd sorted $((i * 31 % 1009)) member-$i"
        echo "hset hash field-$((i % 300)) $i"
        echo "sadd set $((i * 17 % 997))"
        ((i % 3 != 0)) || echo "del k$((i / 2))"
    done
    echo 'dbsize'
    echo 'mget k1 k5 k50 k99 k1500 k1999'
    echo 'lrange list 0 -1'
    echo 'zrange sorted 0 -1 withscores'
    echo 'sort set'
    echo 'hmget hash field-0 field-7 field-299'
    echo 'eval "local t = {} for i = 1, 3000 do t[i] = tostring(i * i) end return table.concat(t)" 0'
}

# redis_run NAME COMMAND...: uses a server, which a command starts, and records its answers
redis_run()
{
    local name=$1 redis="redis-cli -s $tmp/redis.sock" server i

    shift
    "$@" --port 0 --unixsocket "$tmp/redis.sock" --save '' --dir "$tmp" >"redis-$name.log" 2>&1 &
    server=$!
    for ((i = 0; i < 100; i++)); do
        [ "$($redis ping 2>/dev/null)" != PONG ] || break
        sleep 0.1
    done
    redis-benchmark -s "$tmp/redis.sock" -q -n 3000 -r 1000 -d 200 -t set,get,lpush,lpop,sadd,hset,zadd,mset \
        >benchmark.log 2>&1 || { fail "redis-benchmark, $name"; cat benchmark.log; }
    $redis flushall >/dev/null
    redis_script | $redis >"redis-$name.answers" 2>&1
    $redis shutdown nosave >/dev/null 2>&1
    wait $server || { fail "redis-server, $name, ended with $?"; tail -n 20 "redis-$name.log"; }
}

if has redis-server redis-benchmark redis-cli; then
    runs=$((runs + 1))
    redis_run plain redis-server
    redis_run ours "$memrun" -s 256M redis-server
    [ "$(wc -l <redis-plain.answers)" -gt 15000 ] || fail "redis-server does not answer"
    cmp redis-plain.answers redis-ours.answers || fail "redis-server answers otherwise"
fi
end
