# SPDX-License-Identifier: MIT
#
# Runs a program with a library preloaded, and measures it: time and memory, or instructions and
# cache misses.

import glob
import os
import shutil
import signal
import subprocess
import tempfile
import time


class RunError(Exception):
    """A program did not end as it should."""


class Process:
    """A measured process, its children included."""

    def __init__(self, argv, library, environment, directory, stdin=None, stdout=None):
        self.errors = tempfile.TemporaryFile("w+", dir=directory)
        self.process = subprocess.Popen(
            self.command(argv, f"LD_PRELOAD={library}", directory),
            cwd=directory,
            env=environment,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=self.errors,
            start_new_session=True,
        )

    def command(self, argv, preload, directory):
        """Returns the command that starts argv with the variable preload, and measures it."""
        raise NotImplementedError

    def figures(self, usage):
        """Returns the figures by name, given the resource usage of the process."""
        raise NotImplementedError

    def kill(self):
        """Kills the process and its children."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Waits for the end of the process. Returns the figures."""
        try:
            _, status, usage = os.wait4(self.process.pid, 0)
        except BaseException:
            self.kill()
            raise
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            self.errors.seek(0)
            lines = self.errors.read().strip().splitlines()
            last = f": {lines[-1]}" if lines else ""
            raise RunError(f"ended with status {self.process.returncode}{last}")
        return self.figures(usage)


class Meter(Process):
    """A process whose time and memory are measured.

    GNU time starts it, where that is installed: a process counts the memory of the one that it was
    forked from as its own, and GNU time is smaller than Python.
    """

    gnu_time = shutil.which("time")

    def command(self, argv, preload, directory):
        self.report = tempfile.NamedTemporaryFile("r+", dir=directory)
        self.began = time.perf_counter()
        prefix = [self.gnu_time, "-q", "-f", "%M", "-o", self.report.name] if self.gnu_time else []
        return prefix + ["env", preload, *argv]

    def figures(self, usage):
        elapsed = time.perf_counter() - self.began
        kibibytes = int(self.report.read().split()[-1]) if self.gnu_time else usage.ru_maxrss
        return {
            "processor": usage.ru_utime + usage.ru_stime,
            "elapsed": elapsed,
            "memory": kibibytes / 1024,
        }


class Counter(Process):
    """A process whose instructions and cache misses are counted, by Valgrind's cachegrind.

    Cachegrind does not replace malloc, so the preloaded one is what the process has. Each process
    that it starts leaves counts in a file of its own. The caches are the same on every machine: 32
    KiB for instructions and data each, and a last level of 1 MiB.
    """

    valgrind = shutil.which("valgrind")
    options = [
        "--quiet",
        "--tool=cachegrind",
        "--trace-children=yes",
        "--cache-sim=yes",
        "--I1=32768,8,64",
        "--D1=32768,8,64",
        "--LL=1048576,16,64",
    ]

    @classmethod
    def is_available(cls):
        """Returns whether Valgrind is installed and works."""
        if not cls.valgrind:
            return False
        command = [cls.valgrind, *cls.options, "--cachegrind-out-file=/dev/null", "true"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def command(self, argv, preload, directory):
        self.counts = tempfile.TemporaryDirectory(prefix="counts.", dir=directory)
        option = "--cachegrind-out-file=" + self.counts.name.replace("%", "%%") + "/%p"
        return ["env", preload, self.valgrind, *self.options, option, *argv]

    def figures(self, usage):
        sums = {}
        for path in glob.glob(os.path.join(glob.escape(self.counts.name), "*")):
            for event, count in read_counts(path).items():
                sums[event] = sums.get(event, 0) + count
        self.counts.cleanup()
        if not sums.get("Ir"):
            raise RunError("Valgrind has counted nothing")
        misses = sum(sums[event] for event in ("ILmr", "DLmr", "DLmw"))
        return {"instructions": sums["Ir"] / 1e6, "misses": misses / 1e3}


def read_counts(path):
    """Returns the counts in a file of cachegrind, by event."""
    lines = {}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith(("events:", "summary:")):
                head, _, rest = line.partition(":")
                lines[head] = rest.split()
    if len(lines) != 2:
        raise RunError("a process has left no counts")
    return dict(zip(lines["events"], map(int, lines["summary"])))
