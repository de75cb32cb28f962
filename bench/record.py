#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Measures what recording costs: programs under memrun with and without --record, and under heaptrack, where
# it is installed. See README.md here.

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.dont_write_bytecode = True  # the sources may not be writable

import workloads  # noqa: E402
from meter import Meter, RunError  # noqa: E402

NAMES = ("sqlite3", "python-objects", "perl", "jq", "gcc", "redis", "lua")
LOOK_SECONDS = 0.01  # how often the writer's memory is read


class Wrapped(Meter):
    """A process that is started by way of another program. library: that one's words."""

    def command(self, argv, preload, directory):
        prefix = preload.removeprefix("LD_PRELOAD=").split("\n")
        words = super().command([*prefix, *argv], "LIBMEM_BENCH=1", directory)
        return words


def read(path):
    try:
        with open(path, encoding="latin-1") as file:
            return file.read()
    except OSError:
        return ""


def descendants(process):
    for child in read(f"/proc/{process}/task/{process}/children").split():
        yield child
        yield from descendants(child)


class WriterWatch(threading.Thread):
    """Finds the writer's greatest memory, in MiB, while a recorded program runs."""

    def __init__(self, process):
        super().__init__(daemon=True)
        self.process = process
        self.most = 0.0

    def find(self):
        for process in (str(self.process.pid), *descendants(self.process.pid)):
            found = re.search(r"LIBMEM_RECORDER=\d+:/proc/(\d+)/", read(f"/proc/{process}/environ"))
            if found:
                return found.group(1)
        return None

    def run(self):
        writer = None
        while self.process.poll is not None and self.process.returncode is None:
            writer = writer or self.find()
            found = re.search(r"VmHWM:\s*(\d+)", read(f"/proc/{writer}/status"))
            if found:
                self.most = max(self.most, int(found.group(1)) / 1024)
            elif writer:
                return
            time.sleep(LOOK_SECONDS)


def run(workload, prefix, directory, watch=False):
    """Runs a program once. Returns its figures, and the memory of the writer."""
    is_server = isinstance(workload, workloads.Server)
    if is_server:
        workload.choose_port()
    with open(workload.stdin or os.devnull, "rb") as stdin:
        process = Wrapped(
            workload.argv, "\n".join(prefix), workload.environment(), directory, stdin
        )
        watcher = WriterWatch(process.process) if watch else None
        if watcher:
            watcher.start()
        try:
            if is_server:
                workload.drive(process.process)
        except BaseException:
            process.kill()
            raise
        figures = process.end()
    return figures, watcher.most if watcher else 0.0


def make_cc1(directory):
    """The compiler itself, which the command gcc only starts: it compiles one file, preprocessed."""
    compiler = subprocess.run(
        ["gcc", "-print-prog-name=cc1"], capture_output=True, text=True, check=True
    ).stdout.strip()
    source = os.path.join(directory, "source.i")
    subprocess.run(
        ["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-I", workloads.HEADERS, "-I", workloads.SOURCES]
        + ["-E", "-P", os.path.join(workloads.SOURCES, "cache", "thread.c"), "-o", source],
        check=True,
    )
    argv = [compiler, "-quiet", "-fpreprocessed", "-O2", "-g", source, "-o", os.devnull]
    return workloads.Plain("cc1", argv)


def events_of(trace):
    output = subprocess.run(
        ["./memreplay", "--json", trace], capture_output=True, text=True, check=True
    ).stdout
    return json.loads(output)["events"]


def best(samples, figure):
    return min(sample[figure] for sample in samples)


def measure(workload, options, directory):
    """Returns the figures of a program."""
    plain, recorded, tracked = [], [], []
    trace = os.path.join(directory, "trace")
    track = os.path.join(directory, "heaptrack")
    memory = 0.0
    for _ in range(options.rounds):
        plain.append(run(workload, [options.memrun], directory)[0])
        figures, most = run(
            workload, [options.memrun, f"--record={trace}"], directory, watch=True
        )
        recorded.append(figures)
        memory = max(memory, most)
        if options.heaptrack:
            command = ["heaptrack", "-o", track]
            tracked.append(run(workload, command, directory)[0])
    events = events_of(trace)
    if options.keep:
        shutil.copy(trace, os.path.join(options.keep, f"{workload.name}.trace"))
    written = [
        os.path.getsize(os.path.join(directory, name))
        for name in os.listdir(directory)
        if name.startswith("heaptrack.")
    ]
    return {
        "events": events,
        "ns": (best(recorded, "processor") - best(plain, "processor")) / events * 1e9,
        "bytes": os.path.getsize(trace) / events,
        "time": best(recorded, "elapsed") / best(plain, "elapsed"),
        "memory": memory,
        "heaptrack_bytes": written[0] / events if written else math.nan,
        "heaptrack_time": best(tracked, "elapsed") / best(plain, "elapsed") if tracked else math.nan,
    }


def show(name, figures):
    print(
        f"{name:15} {figures['events']:>10} {figures['ns']:>7.1f} {figures['bytes']:>7.2f} "
        f"{figures['time']:>6.2f} {figures['memory']:>7.1f}   {figures['heaptrack_bytes']:>7.2f} "
        f"{figures['heaptrack_time']:>6.2f}",
        flush=True,
    )


def mean(values):
    values = [value for value in values if value > 0]
    return math.exp(sum(map(math.log, values)) / len(values)) if values else math.nan


def parse_options():
    parser = argparse.ArgumentParser(description="Measures what recording costs.")
    parser.add_argument("programs", nargs="*", default=NAMES, help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=3, metavar="N")
    parser.add_argument("--scale", type=float, default=1.0, metavar="X", help="size of the inputs")
    parser.add_argument("--memrun", default=os.path.abspath("memrun"))
    parser.add_argument("--keep", metavar="DIRECTORY", help="where traces are kept, for replay.sh")
    parser.add_argument("--no-heaptrack", dest="heaptrack", action="store_false")
    options = parser.parse_args()
    options.heaptrack = options.heaptrack and shutil.which("heaptrack") is not None
    os.environ.setdefault("LIBMEM_MODULE", os.path.abspath(".libs/libmem-malloc.so"))
    return options


def main():
    options = parse_options()
    print(
        f"{'program':15} {'events':>10} {'ns':>7} {'bytes':>7} {'time':>6} {'MiB':>7}   "
        f"{'bytes':>7} {'time':>6}"
    )
    print(f"{'':15} {'':10} {'an event, --record':>27}  {'writer':>7}   {'heaptrack':>14}")
    all_figures = []
    for name in options.programs:
        if not workloads.is_installed(name):
            print(f"{name:15} is not installed")
            continue
        with tempfile.TemporaryDirectory(prefix="libmem-record.") as directory:
            workload = (
                make_cc1(directory)
                if name == "gcc"
                else workloads.make(name, directory, options.scale)
            )
            try:
                figures = measure(workload, options, directory)
            except (RunError, workloads.WorkloadError) as error:
                print(f"{workload.name:15} {error}")
                continue
            show(workload.name, figures)
            all_figures.append(figures)
    if all_figures:
        show("geometric mean", {key: mean([f[key] for f in all_figures]) for key in all_figures[0]} | {"events": ""})
    return 0


if __name__ == "__main__":
    sys.exit(main())
