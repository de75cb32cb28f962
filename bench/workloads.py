# SPDX-License-Identifier: MIT
#
# The programs that programs.py measures: their inputs, the same each time, and their commands.

import glob
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCES = os.path.join(HERE, os.pardir, "src")
HEADERS = os.path.join(HERE, os.pardir, "include")
SCRIPTS = os.path.join(HERE, "programs")


class WorkloadError(Exception):
    """An input cannot be made, or a server cannot be used."""


def plain_environment():
    """Returns the environment of this process, without variables that control programs."""
    orders = (
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_WORK_TREE",
        "LD_PRELOAD",
        "LUA_INIT",
        "LUA_INIT_5_4",
    )
    orders += ("LUA_INIT_5_3", "PERL5OPT", "PYTHONMALLOC", "PYTHONSTARTUP", "PYTHONWARNINGS")
    result = {name: value for name, value in os.environ.items() if name not in orders}
    result.update(LC_ALL="C", HOME="/", GIT_CONFIG_NOSYSTEM="1", PYTHONHASHSEED="0")
    return result


class Plain:
    """A program that runs to its end."""

    def __init__(self, name, argv, stdin=None, variables=None):
        self.name = name
        self.argv = argv
        self.stdin = stdin  # a file, or None
        self.variables = variables or {}

    def environment(self):
        """Returns the environment of this process, fixed so that runs do not differ."""
        return dict(plain_environment(), **self.variables)


class Server(Plain):
    """A server that runs until told to stop."""

    def choose_port(self):
        """Sets its address, before each start."""
        raise NotImplementedError

    def drive(self, process):
        """Uses the server, and stops it."""
        raise NotImplementedError


def script(name):
    return os.path.join(SCRIPTS, name)


def find(*names):
    """Returns the path of the first installed one of these programs, or None."""
    return next(filter(None, map(shutil.which, names)), None)


def at_least(count, scale, least):
    return max(int(count * scale), least)


# --------------------------------------------------------------------------------------------------
# Inputs
# --------------------------------------------------------------------------------------------------

CITIES = "Bergen Cusco Dakar Hobart Kyoto Lviv Osaka Perth Quito Tartu Uppsala Zagreb".split()


def make_records(path, count):
    """Writes records as JSON."""
    source = random.Random(1)
    records = [
        {
            "id": i,
            "name": f"person {source.randrange(count)} {source.choice(CITIES)}",
            "city": source.choice(CITIES),
            "amounts": [source.randrange(10**6) / 100 for _ in range(source.randrange(1, 8))],
            "tags": [f"tag{source.randrange(50)}" for _ in range(source.randrange(6))],
            "note": "words of some length " * source.randrange(8),
        }
        for i in range(count)
    ]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(records, file)


SCHEMA = """\
create table person (id integer primary key, name text, city text, note text);
create table sale (person integer, day integer, amount real, text text);
begin;
"""

INDEXES = """\
commit;
create index sale_person on sale (person);
create index person_city on person (city);
"""

QUERIES = """\
select city, count(*), sum(amount), max(length(note)) from person join sale on person = id
    where city = '{city}' group by day having count(*) > 1 order by 3 desc limit 5;
update person set note = upper(note) || city, name = name || ' of ' || city where city = '{city}';
delete from sale where day % 7 = 1 and person in (select id from person where city = '{city}');
select group_concat(name, ';')
    from (select name from person where city = '{city}' order by name limit 50);
"""

TEXTS = """\
with recursive n(i) as (select 1 union all select i + 1 from n where i < {count})
    select sum(length(printf('%d %x %s', i, i * 31, 'text'))) from n;
"""


def write_statements(file, count):
    """Writes SQL: tables, rows one by one, indexes, joins, changes."""
    source = random.Random(2)
    file.write(SCHEMA)
    for i in range(count):
        note = "note " * source.randrange(1, 40)
        values = f"{i}, 'name {i * 7919 % count}', '{source.choice(CITIES)}', '{note}'"
        print(f"insert into person values ({values});", file=file)
        for _ in range(3):
            values = f"{source.randrange(count)}, {source.randrange(365)}"
            values += f", {source.randrange(10**5) / 100}, 'text {source.randrange(10**6)}'"
            print(f"insert into sale values ({values});", file=file)
    file.write(INDEXES)
    for city in CITIES:
        file.write(QUERIES.format(city=city))
    file.write(TEXTS.format(count=4 * count))


def write_history(file, count):
    """Writes a history of commits, for git fast-import."""
    source = random.Random(3)
    files = [[f"line {i} of file {n}" for i in range(200)] for n in range(40)]
    for commit in range(count):
        changed = source.sample(range(len(files)), 3)
        message = f"change {commit}\n\n" + "because of reasons\n" * source.randrange(6)
        print("commit refs/heads/main", file=file)
        print(f"committer A <a@example.org> {1600000000 + commit * 60} +0000", file=file)
        print(f"data {len(message)}\n{message}", file=file)
        for n in changed:
            for _ in range(source.randrange(1, 8)):
                files[n][source.randrange(len(files[n]))] = f"line {source.randrange(10**9)}"
            text = "\n".join(files[n]) + "\n"
            print(f"M 100644 inline dir{n % 5}/file{n}.c\ndata {len(text)}\n{text}", file=file)


def make_repository(git, path, count):
    """Makes a repository anew."""
    shutil.rmtree(path, ignore_errors=True)
    history = path + ".history"
    with open(history, "w", encoding="utf-8") as file:
        write_history(file, count)
    for command, stdin in (
        ("init -q --bare -b main", os.devnull),
        ("fast-import --quiet", history),
    ):
        with open(stdin, "rb") as file:
            os.makedirs(path, exist_ok=True)
            result = subprocess.run(
                [git, "-C", path, *command.split()],
                env=plain_environment(),
                stdin=file,
                stderr=subprocess.PIPE,
                check=False,
            )
        if result.returncode != 0:
            raise WorkloadError(f"git: {command}: {result.stderr.decode().strip()}")
    os.remove(history)


# --------------------------------------------------------------------------------------------------
# Programs
# --------------------------------------------------------------------------------------------------


def make_sqlite(command, directory, scale):
    path = os.path.join(directory, "statements.sql")
    with open(path, "w", encoding="utf-8") as file:
        write_statements(file, at_least(25000, scale, 50))
    return Plain("sqlite3", [command, "-batch", "-bail", ":memory:"], path)


PYTHON_VARIABLES = {"PYTHONMALLOC": "malloc"}  # rather than Python's own allocator


def make_python_json(command, directory, scale):
    path = os.path.join(directory, "python.json")
    make_records(path, at_least(10000, scale, 50))
    argv = [command, script("json-text.py"), path, "4"]
    return Plain("python-json", argv, None, PYTHON_VARIABLES)


def make_python_objects(command, directory, scale):
    argv = [command, script("objects.py"), str(at_least(100000, scale, 100))]
    return Plain("python-objects", argv, None, PYTHON_VARIABLES)


def make_perl(command, directory, scale):
    argv = [command, script("objects.pl"), str(at_least(40000, scale, 100))]
    return Plain("perl", argv, None, {"PERL_HASH_SEED": "0", "PERL_PERTURB_KEYS": "0"})


def make_lua(command, directory, scale):
    return Plain("lua", [command, script("objects.lua"), str(at_least(60000, scale, 100))])


def make_jq(command, directory, scale):
    path = os.path.join(directory, "jq.json")
    make_records(path, at_least(25000, scale, 50))
    return Plain("jq", [command, "-f", script("summary.jq"), path])


def make_gcc(command, directory, scale):
    """Compiles libmem, or as many files of it as the scale leaves."""
    found = glob.glob(os.path.join(glob.escape(SOURCES), "**", "*.c"), recursive=True)
    paths = sorted(found)[: at_least(len(found), min(scale, 1), 2)]
    if not paths:
        raise WorkloadError(f"{SOURCES}: there are no sources")
    argv = [command, "-std=gnu11", "-D_GNU_SOURCE", "-I", HEADERS, "-I", SOURCES]
    argv += ["-O2", "-g", "-c", *paths]
    return Plain("gcc", argv)


def make_git(command, directory, scale):
    path = os.path.join(directory, "repository.git")
    make_repository(command, path, at_least(3000, scale, 20))
    return Plain("git", [command, "-C", path, "log", "-p", "--stat", "--summary", "main"])


class Redis(Server):
    """redis-server on loopback, with redis-benchmark as its client."""

    # Requests of each kind, and bytes of their values.
    KINDS = (
        ("set,get,incr,lpush,rpush,lpop,sadd,hset,spop,zadd", 16),
        ("set,get,lpush,hset", 200),
        ("set,get", 3000),
        ("mset", 100),
    )

    def __init__(self, command, directory, scale):
        super().__init__("redis", [command])
        self.benchmark = find("redis-benchmark")
        self.requests = at_least(50000, scale, 200)
        self.directory = directory
        self.port = 0

    def choose_port(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        options = f"--port {self.port} --bind 127.0.0.1 --daemonize no --appendonly no"
        options += " --jemalloc-bg-thread no --loglevel warning"
        self.argv = [self.argv[0], *options.split(), "--save", "", "--dir", self.directory]

    def connect(self, process):
        for _ in range(500):
            if process.poll() is not None:
                raise WorkloadError(f"the server ended with status {process.returncode}")
            try:
                return socket.create_connection(("127.0.0.1", self.port), 1)
            except OSError:
                time.sleep(0.02)
        raise WorkloadError("the server does not answer")

    def drive(self, process):
        with self.connect(process) as connection:
            for kinds, size in self.KINDS:
                options = f"-p {self.port} -q -P 16 -c 20 -r 20000 -n {self.requests} -d {size}"
                result = subprocess.run(
                    [self.benchmark, *options.split(), "-t", kinds],
                    capture_output=True,
                    text=True,
                    check=False,
                )
                if result.returncode != 0:
                    message = (result.stderr or result.stdout).strip() or result.returncode
                    raise WorkloadError(f"redis-benchmark: {message}")
            connection.sendall(b"SHUTDOWN NOSAVE\r\n")


# By name: what makes each, and the commands it needs, the first of which is measured; for each
# command, the names that it may have.
PROGRAMS = {
    "sqlite3": (make_sqlite, [["sqlite3"]]),
    "python-json": (make_python_json, [[sys.executable]]),
    "python-objects": (make_python_objects, [[sys.executable]]),
    "perl": (make_perl, [["perl"]]),
    "lua": (make_lua, [["lua5.4", "lua5.3", "lua"]]),
    "jq": (make_jq, [["jq"]]),
    "redis": (Redis, [["redis-server"], ["redis-benchmark"]]),
    "gcc": (make_gcc, [["gcc"]]),
    "git": (make_git, [["git"]]),
}

# How large the inputs are that instructions are counted with. They are to take more than the last
# level of the simulated cache, or there would be nothing to miss.
COUNT_SCALES = {
    "sqlite3": 0.1,
    "python-json": 0.05,
    "python-objects": 0.05,
    "perl": 0.1,
    "lua": 0.1,
    "jq": 0.05,
    "redis": 0.05,
    "gcc": 0.1,
    "git": 0.05,
}

NAMES = tuple(PROGRAMS)


def is_installed(name):
    return all(find(*names) for names in PROGRAMS[name][1])


def make(name, directory, scale, count=False):
    """Makes the inputs of a program in directory. Returns what runs it. count: for Valgrind, under
    which programs take fifty times as long."""
    maker, commands = PROGRAMS[name]
    share = COUNT_SCALES[name] if count else 1
    return maker(find(*commands[0]), directory, scale * share)
