# SPDX-License-Identifier: MIT
#
# The figures of all runs, as tables and as a file.

import statistics

# The name of the reference that others are compared with.
REFERENCE = "glibc"

# The figures of each run, measured or counted: name, unit, title, digits.
TIMES = (
    ("processor", "s", "Processor time", 2),
    ("elapsed", "s", "Elapsed time", 2),
    ("memory", "MiB", "Peak resident memory", 1),
)
COUNTS = (
    ("instructions", "M", "Instructions, in millions", 1),
    ("misses", "k", "Last-level cache misses, in thousands", 1),
)


class Samples:
    """The figures of all rounds. figures: TIMES or COUNTS."""

    def __init__(self, workload_names, allocator_names, figures):
        self.workloads = workload_names
        self.allocators = allocator_names
        self.figures = figures
        self.values = {}  # lists of samples by (workload, allocator, figure)
        self.failed = set()  # (workload, allocator)

    def add(self, workload, allocator, figures):
        for figure, value in figures.items():
            self.values.setdefault((workload, allocator, figure), []).append(value)

    def fail(self, workload, allocator):
        self.failed.add((workload, allocator))
        for figure, *_ in self.figures:
            self.values.pop((workload, allocator, figure), None)

    def get(self, workload, allocator, figure):
        return self.values.get((workload, allocator, figure))

    def ratio(self, workload, allocator, figure):
        """Returns the median of the ratios to the reference in the same round, or None."""
        mine, others = (self.get(workload, name, figure) for name in (allocator, REFERENCE))
        if not mine or not others or 0 in others:
            return None
        return statistics.median(a / b for a, b in zip(mine, others))

    def ratio_least(self, workload, allocator, figure):
        """Returns the ratio of the least samples, or None."""
        mine, others = (self.get(workload, name, figure) for name in (allocator, REFERENCE))
        return min(mine) / min(others) if mine and others and min(others) > 0 else None

    def ratio_best(self, workload, allocator, figure):
        """Returns the ratio of the least sample to the best other allocator's, or None."""
        mine = self.get(workload, allocator, figure)
        others = [self.get(workload, name, figure) for name in self.allocators if name != allocator]
        best = min(map(min, filter(None, others)), default=0)
        return min(mine) / best if mine and best > 0 else None

    def mean(self, ratio, allocator, figure):
        """Returns the geometric mean of such ratios, over the programs that all allocators have
        run, or None."""
        ratios = [
            ratio(workload, allocator, figure)
            for workload in self.workloads
            if not any((workload, name) in self.failed for name in self.allocators)
        ]
        return None if not ratios or None in ratios else statistics.geometric_mean(ratios)


# --------------------------------------------------------------------------------------------------
# Tables
# --------------------------------------------------------------------------------------------------

HEAD = 15  # columns of a program's name
VALUE = 11  # of the reference's figure


def is_counted(samples):
    return samples.figures is COUNTS


def shown_ratios(samples):
    """Returns the ratios to show: counts differ little, and not by chance."""
    return samples.ratio_least, samples.ratio_best if is_counted(samples) else samples.ratio


def cell(samples, *ratios):
    digits = 3 if is_counted(samples) else 2
    texts = ["-" if ratio is None else f"{ratio:.{digits}f}" for ratio in ratios]
    return "-" if not any(ratios) else " / ".join(texts)


def least(values, digits):
    return f"{min(values):.{digits}f}" if values else "-"


def print_line(head, cells):
    print(f"  {head}" + "".join(f" {text:>14}" for text in cells))


def print_table(samples, figure, unit, title, digits):
    names = samples.allocators
    has_reference = REFERENCE in names
    width = HEAD + (1 + VALUE if has_reference else 0)
    print(f"{title}, ÷ {REFERENCE}" if has_reference else f"{title}, {unit}")
    print()
    print_line(f"{f'{REFERENCE}, {unit}' if has_reference else '':>{width}}", names)
    for workload in samples.workloads:
        values = {name: samples.get(workload, name, figure) for name in names}
        head = f"{workload:{HEAD}}"
        if has_reference:
            head += f" {least(values[REFERENCE], digits):>{VALUE}}"
            ratios = shown_ratios(samples)
            cells = [cell(samples, *(r(workload, name, figure) for r in ratios)) for name in names]
        else:
            cells = [least(values[name], digits) for name in names]
        print_line(head, cells)
    print_means(samples, figure, width)
    print()


def print_means(samples, figure, width):
    names = samples.allocators
    if len(samples.workloads) > 1 and REFERENCE in names:
        ratios = shown_ratios(samples)
        cells = [cell(samples, *(samples.mean(r, name, figure) for r in ratios)) for name in names]
        print_line(f"{'geometric mean':{width}}", cells)
    if len(names) > 1 and not (is_counted(samples) and REFERENCE in names):
        cells = [cell(samples, samples.mean(samples.ratio_best, name, figure)) for name in names]
        print_line(f"{'mean ÷ best':{width}}", cells)


def print_report(samples):
    for figure, unit, title, digits in samples.figures:
        print_table(samples, figure, unit, title, digits)
    if is_counted(samples):
        print("  the ratio to glibc / the ratio to the best other allocator")
    else:
        print("  the ratio of the least of all rounds / the median of the ratios in the same round")
        print("  ÷ best: the least, divided by that of the best other allocator for each program")
    print("  - where a program failed, which the means leave out for all\n")


def write_tsv(samples, path):
    """One line for each figure, in the columns of bench's file as far as they are meaningful."""
    columns = "measure allocator program figure unit rounds median least most"
    columns += " ratio ratio_least ratio_best"
    with open(path, "w", encoding="utf-8") as file:
        print(*columns.split(), sep="\t", file=file)
        for workload in samples.workloads:
            for name in samples.allocators:
                for figure, unit, *_ in samples.figures:
                    head = ["program", name, workload, figure, unit]
                    values = samples.get(workload, name, figure)
                    if not values:
                        print(*head, 0, *["NA"] * 6, sep="\t", file=file)
                        continue
                    ratios = (samples.ratio, samples.ratio_least, samples.ratio_best)
                    numbers = [statistics.median(values), min(values), max(values)]
                    numbers += [ratio(workload, name, figure) for ratio in ratios]
                    texts = ["NA" if number is None else f"{number:.10g}" for number in numbers]
                    print(*head, len(values), *texts, sep="\t", file=file)
