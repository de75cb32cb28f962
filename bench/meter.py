# SPDX-License-Identifier: MIT
#
# Runs a program with a library preloaded, and tells what it took.

import os
import shutil
import signal
import subprocess
import tempfile
import time


class RunError(Exception):
    """A program did not end as it should."""


class Meter:
    """A process whose time and memory are measured, its children's included.

    GNU time starts it, where that is installed: a process counts the memory of the one that it was
    forked from as its own, and GNU time is smaller than Python.
    """

    gnu_time = shutil.which("time")

    def __init__(self, argv, library, environment, directory, stdin=None, stdout=None):
        self.name = argv[0]
        self.report = tempfile.NamedTemporaryFile("r+", dir=directory)
        self.errors = tempfile.TemporaryFile("w+", dir=directory)
        if self.gnu_time:
            prefix = [self.gnu_time, "-q", "-f", "%M", "-o", self.report.name]
        else:
            prefix = []
        command = prefix + ["env", f"LD_PRELOAD={library}", *argv]
        self.began = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            cwd=directory,
            env=environment,
            stdin=stdin or subprocess.DEVNULL,
            stdout=stdout or subprocess.DEVNULL,
            stderr=self.errors,
            start_new_session=True,
        )

    def kill(self):
        """Ends the process before its time, and those that it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self):
        """Waits for the end of the process. Returns the figures."""
        try:
            _, status, usage = os.wait4(self.process.pid, 0)
        except BaseException:
            self.kill()
            raise
        elapsed = time.perf_counter() - self.began
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.process.returncode != 0:
            self.errors.seek(0)
            lines = self.errors.read().strip().splitlines()
            last = f": {lines[-1]}" if lines else ""
            raise RunError(f"ended with status {self.process.returncode}{last}")
        kibibytes = int(self.report.read().split()[-1]) if self.gnu_time else usage.ru_maxrss
        return {
            "processor": usage.ru_utime + usage.ru_stime,
            "elapsed": elapsed,
            "memory": kibibytes / 1024,
        }
