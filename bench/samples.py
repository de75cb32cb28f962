# SPDX-License-Identifier: MIT
#
# The figures that came out of all runs, and what is made of them: tables, and a file.

import statistics

# The name of the allocator that the others are compared with.
REFERENCE = "glibc"

# What is measured of each run: its name, unit, title, digits.
FIGURES = (
    ("processor", "s", "Processor time", 2),
    ("elapsed", "s", "Elapsed time", 2),
    ("memory", "MiB", "Peak resident memory", 1),
)


class Samples:
    """The figures of all rounds."""

    def __init__(self, workload_names, allocator_names):
        self.workloads = workload_names
        self.allocators = allocator_names
        self.values = {}  # lists of samples by (workload, allocator, figure)
        self.failed = set()  # (workload, allocator)

    def add(self, workload, allocator, figures):
        for figure, value in figures.items():
            self.values.setdefault((workload, allocator, figure), []).append(value)

    def fail(self, workload, allocator):
        self.failed.add((workload, allocator))
        for figure, *_ in FIGURES:
            self.values.pop((workload, allocator, figure), None)

    def get(self, workload, allocator, figure):
        return self.values.get((workload, allocator, figure))

    def ratio(self, workload, allocator, figure):
        """The median of the ratios to the reference in the same round, or None."""
        mine, others = (self.get(workload, name, figure) for name in (allocator, REFERENCE))
        if not mine or not others or 0 in others:
            return None
        return statistics.median(a / b for a, b in zip(mine, others))

    def ratio_least(self, workload, allocator, figure):
        """The ratio of the least, or None."""
        mine, others = (self.get(workload, name, figure) for name in (allocator, REFERENCE))
        return min(mine) / min(others) if mine and others and min(others) > 0 else None


# --------------------------------------------------------------------------------------------------
# Tables
# --------------------------------------------------------------------------------------------------


def cell(*ratios):
    return "-" if None in ratios else " / ".join(f"{ratio:.2f}" for ratio in ratios)


def mean_cell(samples, allocator, figure):
    """The geometric means of the ratios, over those programs that all allocators have run."""
    pairs = []
    for workload in samples.workloads:
        if any((workload, name) in samples.failed for name in samples.allocators):
            continue
        pairs.append(
            [ratio(workload, allocator, figure) for ratio in (samples.ratio_least, samples.ratio)]
        )
    if not pairs or any(None in pair for pair in pairs):
        return "-"
    return cell(*(statistics.geometric_mean(column) for column in zip(*pairs)))


def print_table(samples, figure, unit, title, digits):
    names = samples.allocators
    has_reference = REFERENCE in names
    print(f"{title}, ÷ {REFERENCE}" if has_reference else f"{title}, {unit}")
    print()
    heading = f"  {'':15}" + (f" {REFERENCE + ', ' + unit:>10}" if has_reference else "")
    print(heading + "".join(f" {name:>14}" for name in names))
    for workload in samples.workloads:
        line = f"  {workload:15}"
        if has_reference:
            values = samples.get(workload, REFERENCE, figure)
            line += f" {min(values):10.{digits}f}" if values else f" {'-':>10}"
        for name in names:
            if has_reference:
                ratios = (samples.ratio_least, samples.ratio)
                line += f" {cell(*(ratio(workload, name, figure) for ratio in ratios)):>14}"
            else:
                values = samples.get(workload, name, figure)
                line += f" {min(values):14.{digits}f}" if values else f" {'-':>14}"
        print(line)
    if has_reference and len(samples.workloads) > 1:
        means = "".join(f" {mean_cell(samples, name, figure):>14}" for name in names)
        print(f"  {'geometric mean':26}{means}")
    print()


def print_report(samples):
    for figure, unit, title, digits in FIGURES:
        print_table(samples, figure, unit, title, digits)
    if REFERENCE in samples.allocators:
        print(
            "  the ratio of the least of all rounds / the median of the ratios in the same round\n"
            "  - where a program failed, which the means leave out for all\n"
        )


def write_tsv(samples, path):
    """One line for each figure, in the columns of bench's file as far as they are meaningful."""
    with open(path, "w", encoding="utf-8") as file:
        columns = "measure allocator program figure unit rounds median least most ratio ratio_least"
        print(*columns.split(), sep="\t", file=file)
        for workload in samples.workloads:
            for name in samples.allocators:
                for figure, unit, *_ in FIGURES:
                    head = ["program", name, workload, figure, unit]
                    values = samples.get(workload, name, figure)
                    if not values:
                        print(*head, 0, *["NA"] * 5, sep="\t", file=file)
                        continue
                    ratios = (samples.ratio, samples.ratio_least)
                    numbers = [statistics.median(values), min(values), max(values)]
                    numbers += [ratio(workload, name, figure) for ratio in ratios]
                    texts = ["NA" if number is None else f"{number:.6g}" for number in numbers]
                    print(*head, len(values), *texts, sep="\t", file=file)
