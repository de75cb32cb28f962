#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
#
# Draws the ratios in a file of tab-separated values, of bench or of programs.py, as a chart in SVG.

import argparse
import csv
import importlib.util
import math
import os
import shutil
import subprocess
import sys
import tempfile

NOTHING_DRAWN_STATUS = 77

# The panels of each measure.
FIGURES = {
    "pair": "time",
    "processor": "processor time",
    "memory": "peak resident memory",
    "instructions": "instructions",
    "misses": "last-level cache misses",
}

# The columns that distinguish the bars of one allocator.
LABELS = ("program", "sizes", "live", "threads")

PANEL_HEIGHT = 320  # pixels
MOST_SHOWN = 3  # the ratio beyond which bars are cut


class NothingDrawn(Exception):
    """There are no ratios, or no program to draw them. Not an error."""


class Panel:
    """The ratios of one figure of one measure, by label and allocator."""

    def __init__(self, title):
        self.title = title
        self.labels = []
        self.allocators = []
        self.ratios = {}

    def add(self, label, allocator, ratio):
        for name, names in ((label, self.labels), (allocator, self.allocators)):
            if name not in names:
                names.append(name)
        self.ratios[label, allocator] = ratio

    def rows(self):
        """Returns a row for each label, and one for the geometric mean: label, ratios or NaN."""
        for label in self.labels:
            yield label, [self.ratios.get((label, name), math.nan) for name in self.allocators]
        if len(self.labels) > 1:
            yield "mean", [self.mean(name) for name in self.allocators]

    def mean(self, allocator):
        ratios = [self.ratios.get((label, allocator), math.nan) for label in self.labels]
        if any(math.isnan(ratio) or ratio <= 0 for ratio in ratios):
            return math.nan
        return math.exp(sum(map(math.log, ratios)) / len(ratios))

    def top(self):
        """Returns the largest ratio shown."""
        shown = [ratio for ratio in self.ratios.values() if ratio <= MOST_SHOWN]
        cut = len(shown) < len(self.ratios)
        return MOST_SHOWN if cut else max(shown, default=1) * 1.05


def label_of(row):
    texts = []
    for column in LABELS:
        value = row.get(column) or "0"
        if value != "0":
            texts.append(value + " threads" if column == "threads" else value)
    return " ".join(texts)


def read_panels(path):
    """Returns the panels of a file. Raises ValueError for another kind of file."""
    panels = {}
    with open(path, encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t")
        needed = {"measure", "allocator", "figure", "ratio_least"}
        if not needed.issubset(rows.fieldnames or ()):
            raise ValueError("not a file of bench or of programs.py")
        for row in rows:
            if row["figure"] not in FIGURES or row["ratio_least"] == "NA":
                continue
            title = f"{row['measure']}: {FIGURES[row['figure']]}, ÷ glibc"
            panel = panels.setdefault(title, Panel(title))
            panel.add(label_of(row), row["allocator"], float(row["ratio_least"]))
    if not panels:
        raise NothingDrawn(f"{path}: no ratios to draw")
    return list(panels.values())


# --------------------------------------------------------------------------------------------------
# gnuplot
# --------------------------------------------------------------------------------------------------


def quote(text):
    """Quotes text as a string of gnuplot, and as one field of its data."""
    return '"' + text.replace("\\", "").replace('"', "") + '"'


def gnuplot_script(panels, svg, width):
    height = PANEL_HEIGHT * len(panels)
    lines = [
        f"set terminal svg size {width},{height} dynamic background rgb 'white' font ',12'",
        f"set output {quote(svg)}",
        "set encoding utf8",
        f"set multiplot layout {len(panels)},1",
        "set style data histograms",
        "set style histogram clustered gap 1",
        "set style fill solid 0.9 border rgb 'white'",
        "set boxwidth 1 relative",
        "set datafile missing 'NaN'",
        "set border 3",
        "set grid ytics linecolor rgb '#dddddd'",
        "set xtics nomirror scale 0 rotate by -20 noenhanced",
        "set ytics nomirror",
        "set key outside right top noenhanced",
    ]
    for number, panel in enumerate(panels):
        lines.append(f"$panel{number} << EOD")
        for label, ratios in panel.rows():
            lines.append(
                " ".join(
                    [quote(label), *(f"{ratio:.4g}".replace("nan", "NaN") for ratio in ratios)]
                )
            )
        lines.append("EOD")
        plots = [
            f"$panel{number} using {column + 2}:xtic(1) title {quote(name)}"
            for column, name in enumerate(panel.allocators)
        ]
        lines.append(f"set title {quote(panel.title)} noenhanced")
        lines.append(f"set yrange [0:{panel.top():.4g}]")
        lines.append("plot " + ", ".join([*plots, "1 with lines linecolor rgb 'black' notitle"]))
    lines.append("unset multiplot")
    return "\n".join(lines) + "\n"


def draw_by_gnuplot(panels, svg, width):
    script = gnuplot_script(panels, svg, width)
    result = subprocess.run(
        ["gnuplot", "-"], input=script, capture_output=True, text=True, check=False
    )
    if result.returncode != 0:
        raise OSError(0, "gnuplot: " + " ".join(result.stderr.split()), svg)


# --------------------------------------------------------------------------------------------------
# matplotlib
# --------------------------------------------------------------------------------------------------


def draw_by_matplotlib(panels, svg, width):
    with tempfile.TemporaryDirectory() as directory:  # for matplotlib's own files
        os.environ.setdefault("MPLCONFIGDIR", directory)
        import matplotlib

        matplotlib.use("svg")
        from matplotlib import pyplot

        size = (width / 100, PANEL_HEIGHT * len(panels) / 100)
        figure, all_axes = pyplot.subplots(len(panels), 1, figsize=size, squeeze=False)
        for panel, axes in zip(panels, all_axes[:, 0]):
            rows = list(panel.rows())
            share = 0.8 / len(panel.allocators)
            for column, name in enumerate(panel.allocators):
                places = [place + column * share - 0.4 for place in range(len(rows))]
                axes.bar(places, [ratios[column] for _, ratios in rows], share, label=name)
            axes.set_xticks(range(len(rows)), [label for label, _ in rows], rotation=20)
            axes.set_ylim(0, panel.top())
            axes.axhline(1, color="black", linewidth=0.8)
            axes.set_title(panel.title)
            axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
        figure.tight_layout()
        figure.savefig(svg, format="svg")


# --------------------------------------------------------------------------------------------------


def can_draw():
    """Returns whether there is a program that draws."""
    return bool(shutil.which("gnuplot") or importlib.util.find_spec("matplotlib"))


def draw(tsv, svg):
    """Draws the figures in the file tsv into the file svg.

    Raises NothingDrawn; ValueError if tsv is not as it should be; OSError if a file cannot be read
    or written."""
    panels = read_panels(tsv)
    bars = max(len(panel.labels) * len(panel.allocators) for panel in panels)
    width = max(900, 250 + 14 * bars)
    if shutil.which("gnuplot"):
        draw_by_gnuplot(panels, svg, width)
    elif importlib.util.find_spec("matplotlib"):
        draw_by_matplotlib(panels, svg, width)
    else:
        raise NothingDrawn("neither gnuplot nor matplotlib is installed")


def main():
    parser = argparse.ArgumentParser(
        prog="chart.py",
        description="Draws the ratios to glibc in TSV, a file of bench or of programs.py, as SVG. "
        f"The exit status is {NOTHING_DRAWN_STATUS} if there are none, or if neither gnuplot nor "
        "matplotlib is installed (Debian: gnuplot-nox, python3-matplotlib).",
    )
    parser.add_argument("tsv", metavar="TSV")
    parser.add_argument("svg", metavar="SVG")
    options = parser.parse_args()
    try:
        draw(options.tsv, options.svg)
        return 0
    except NothingDrawn as reason:
        print(f"chart.py: {reason}", file=sys.stderr)
        return NOTHING_DRAWN_STATUS
    except ValueError as error:
        print(f"chart.py: {options.tsv}: {error}", file=sys.stderr)
    except OSError as error:
        print(f"chart.py: {error.filename}: {error.strerror}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
