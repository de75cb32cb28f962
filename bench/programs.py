#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Measures whole programs under one malloc after another: processor time, elapsed time, and peak
# resident memory; or counts their instructions and cache misses. See README.md here.

import argparse
import hashlib
import os
import re
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the sources may not be writable

import chart  # noqa: E402
import samples as reports  # noqa: E402
import workloads  # noqa: E402
from meter import Counter, Meter, RunError  # noqa: E402
from samples import COUNTS, REFERENCE, TIMES, Samples  # noqa: E402

# glibc is preloaded like the others: a program may be linked with another malloc, as Debian's
# redis-server is. libmem's is that of the build in the current directory.
ALLOCATORS = {
    "libmem-malloc": os.path.abspath(".libs/libmem-malloc.so"),
    REFERENCE: "libc.so.6",
    "jemalloc": "libjemalloc.so.2",
    "mimalloc": "libmimalloc.so.2",
    "tcmalloc": "libtcmalloc_minimal.so.4",
}

USAGE_STATUS = 2
ROUNDS = 5  # by default; 1 for counts, which hardly differ
QUICK_SCALE = 0.1  # of the inputs of a quick run, which has one round


def fail(message, status=1):
    print(f"programs.py: {message}", file=sys.stderr)
    sys.exit(status)


# --------------------------------------------------------------------------------------------------
# Allocators
# --------------------------------------------------------------------------------------------------


def can_preload(library):
    """Returns whether library can be preloaded."""
    environment = dict(os.environ, LD_PRELOAD=library)
    result = subprocess.run(
        ["cat", "/proc/self/maps"], env=environment, capture_output=True, text=True, check=False
    )
    name = re.escape(os.path.basename(os.path.realpath(library)))
    is_loaded = re.search(rf"/{name}[0-9.]*$", result.stdout, re.MULTILINE)
    return result.returncode == 0 and not result.stderr and is_loaded


def choose_allocators(options):
    """Returns the allocators to compare, and those that are missing, by name."""
    known = dict(ALLOCATORS)
    for extra in options.allocator:
        name, equals, library = extra.partition("=")
        if not name or not equals or not library:
            fail(f"'{extra}': expected NAME=LIBRARY", USAGE_STATUS)
        known[name] = os.path.abspath(library) if "/" in library else library
    wanted = known if options.allocators is None else options.allocators.split(",")
    chosen, missing = {}, {}
    for name in wanted:
        if name not in known:
            fail(f"unknown allocator '{name}'", USAGE_STATUS)
        (chosen if can_preload(known[name]) else missing)[name] = known[name]
    if not chosen:
        fail("none of these is installed: " + describe(missing))
    return chosen, missing


def describe(allocators):
    return ", ".join(f"{name} ({library})" for name, library in allocators.items())


# --------------------------------------------------------------------------------------------------
# One run
# --------------------------------------------------------------------------------------------------


# These functions take the class that measures a process, Meter or Counter.


def run_plain(workload, library, directory, measured):
    """Runs a program to its end. Returns the figures, and a digest of its output."""
    with open(workload.stdin or os.devnull, "rb") as stdin:
        with tempfile.TemporaryFile(dir=directory) as stdout:
            environment = workload.environment()
            process = measured(workload.argv, library, environment, directory, stdin, stdout)
            figures = process.end()
            stdout.seek(0)
            return figures, hashlib.sha256(stdout.read()).hexdigest()


def run_server(workload, library, directory, measured):
    """Runs a server, and a client, which is not measured. Returns the figures."""
    workload.choose_port()
    process = measured(workload.argv, library, workload.environment(), directory)
    try:
        workload.drive(process.process)
    except BaseException as error:
        process.kill()
        if isinstance(error, workloads.WorkloadError):
            raise RunError(str(error)) from error
        raise
    return process.end(), None


def run(workload, library, directory, measured):
    run_one = run_server if isinstance(workload, workloads.Server) else run_plain
    return run_one(workload, library, directory, measured)


# --------------------------------------------------------------------------------------------------
# All runs
# --------------------------------------------------------------------------------------------------


def show_progress(text):
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def measure(chosen_workloads, allocators, rounds, directory, count):
    """Runs all programs under all allocators in turn; each round starts with another allocator."""
    names = list(allocators)
    figures, measured = (COUNTS, Counter) if count else (TIMES, Meter)
    samples = Samples([workload.name for workload in chosen_workloads], names, figures)
    for workload in chosen_workloads:
        expected = None
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                if (workload.name, name) in samples.failed:
                    continue
                show_progress(f"{workload.name}, round {turn + 1} of {rounds}: {name} ")
                try:
                    figures, digest = run(workload, allocators[name], directory, measured)
                    expected = expected or digest
                    if digest != expected:
                        raise RunError("writes something else than under another allocator")
                    samples.add(workload.name, name, figures)
                except RunError as error:
                    show_progress("")
                    print(f"programs.py: {workload.name}: {name}: {error}", file=sys.stderr)
                    samples.fail(workload.name, name)
    show_progress("")
    return samples


# --------------------------------------------------------------------------------------------------
# The command line
# --------------------------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    def error(self, message):
        fail(f"{message} (see --help)", USAGE_STATUS)


def above_zero(kind):
    def read(text):
        value = kind(text)
        if not 0 < value < 1e6:
            raise ValueError
        return value

    read.__name__ = "number above 0" if kind is float else "whole number above 0"
    return read


def parse_options():
    parser = Parser(
        prog="programs.py",
        description="Measures whole programs under libmem's malloc and others, in turn: processor "
        "time, elapsed time, and the most memory that was resident; or instructions and misses.",
    )
    parser.add_argument(
        "programs", nargs="*", metavar="PROGRAM", help="only these: " + ", ".join(workloads.NAMES)
    )
    parser.add_argument("-a", "--allocators", metavar="NAME,...", help="only these")
    parser.add_argument(
        "-p",
        "--allocator",
        "--preload",
        metavar="NAME=LIB",
        action="append",
        default=[],
        help="another malloc, preloaded; may be given more than once",
    )
    parser.add_argument(
        "-c",
        "--count",
        action="store_true",
        help="counts instructions and last-level cache misses under Valgrind, with small inputs",
    )
    parser.add_argument(
        "-k",
        "--rounds",
        metavar="N",
        type=above_zero(int),
        help=f"rounds ({ROUNDS}; with --count or --quick 1)",
    )
    parser.add_argument(
        "-s",
        "--scale",
        metavar="F",
        type=above_zero(float),
        help=f"inputs that are so many times as large (1; with --quick {QUICK_SCALE:g})",
    )
    parser.add_argument(
        "-q", "--quick", action="store_true", help="a run of a minute or so, with rough figures"
    )
    parser.add_argument(
        "-n", "--needs", action="store_true", help="only tells what is missing for a full run"
    )
    parser.add_argument("-t", "--tsv", metavar="FILE", help="writes all figures there")
    parser.add_argument(
        "-g", "--svg", metavar="FILE", help="draws the ratios there, with gnuplot or matplotlib"
    )
    parser.add_argument(
        "-w",
        "--work",
        metavar="DIR",
        help="makes the inputs there, and keeps them (else in a directory that is removed)",
    )
    options = parser.parse_args()
    options.rounds = options.rounds or (1 if options.count or options.quick else ROUNDS)
    options.scale = options.scale or (QUICK_SCALE if options.quick else 1.0)
    return options


def check_writable(path):
    """Fails now, rather than after all runs, if path cannot be written."""
    try:
        with open(path, "w", encoding="utf-8"):
            pass
    except OSError as error:
        fail(f"{path}: {error.strerror}")


def choose_workloads(options):
    """Returns the programs to run, and those that are missing, by name."""
    for name in options.programs:
        if name not in workloads.NAMES:
            fail(f"no such program: '{name}' (see --help)", USAGE_STATUS)
    names = [name for name in workloads.NAMES if not options.programs or name in options.programs]
    missing = [name for name in names if not workloads.is_installed(name)]
    if missing == names:
        fail("none of these is installed: " + ", ".join(names))
    return [name for name in names if name not in missing], missing


def print_header(names, missing_programs, allocators, missing_allocators, options):
    print("libmem's benchmark of whole programs\n")
    print(f"  programs    {', '.join(names)}")
    if missing_programs:
        print(f"  not found   {', '.join(missing_programs)}")
    print(f"  allocators  {describe(allocators)}")
    if missing_allocators:
        print(f"  not found   {describe(missing_allocators)}")
    small = " of those to count with" if options.count else ""
    print(f"  rounds      {options.rounds} in turn, inputs of scale {options.scale:g}{small}")
    if not options.count and not Meter.gnu_time:
        print("  memory      not below that of Python, as GNU time (Debian: time) is not installed")
    print(flush=True)


def tell_needs(options):
    """Says what is missing, if anything is."""
    programs = [name for name in workloads.NAMES if not workloads.is_installed(name)]
    _, allocators = choose_allocators(options)
    needs = [
        ("programs that are not measured", ", ".join(programs)),
        ("allocators that are not compared", describe(allocators)),
        ("peaks of memory are no lower than Python's", "" if Meter.gnu_time else "GNU time"),
        ("no charts", "" if chart.can_draw() else "gnuplot or matplotlib"),
    ]
    for effect, missing in needs:
        if missing:
            print(f"not installed: {missing}: {effect}", flush=True)


def draw(tsv, svg):
    """Draws the chart, or removes svg and says why not."""
    try:
        chart.draw(tsv, svg)
    except chart.NothingDrawn as reason:
        os.remove(svg)
        print(f"no chart: {reason}")


def run_all(options, directory):
    if options.needs:
        tell_needs(options)
        return 0
    if options.count and not Counter.is_available():
        fail("to count takes Valgrind, which is not installed or does not run here")
    names, missing_programs = choose_workloads(options)
    allocators, missing_allocators = choose_allocators(options)
    print_header(names, missing_programs, allocators, missing_allocators, options)
    try:
        chosen = []
        for name in names:
            show_progress(f"{name}: making its input ")
            chosen.append(workloads.make(name, directory, options.scale, options.count))
    except workloads.WorkloadError as error:
        fail(str(error))
    samples = measure(chosen, allocators, options.rounds, directory, options.count)
    reports.print_report(samples)
    if options.tsv or options.svg:
        tsv = options.tsv or os.path.join(directory, "programs.tsv")
        reports.write_tsv(samples, tsv)
        if options.svg:
            draw(tsv, options.svg)
    return 1 if samples.failed else 0


def main():
    # As an exception, so that processes are ended and files removed.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options = parse_options()
    for path in filter(None, (options.tsv, options.svg)):
        check_writable(path)
    try:
        if options.work is None:
            with tempfile.TemporaryDirectory(prefix="libmem-bench.") as directory:
                return run_all(options, directory)
        os.makedirs(options.work, exist_ok=True)
        return run_all(options, os.path.abspath(options.work))
    except OSError as error:
        return fail(f"{error.filename or 'system'}: {error.strerror}")
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
