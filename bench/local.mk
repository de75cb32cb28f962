# SPDX-License-Identifier: MIT
#
# The benchmarks. "make bench" builds and runs them; "make check" only tests that they run.

check_PROGRAMS += bench/bench

bench_bench_SOURCES = \
	bench/bench.c \
	bench/bench.h \
	bench/contenders.c \
	bench/crew.c \
	bench/crew.h \
	bench/figures.c \
	bench/heap.c \
	bench/measure-apart.c \
	bench/measure-calloc.c \
	bench/measure-fill.c \
	bench/measure-instr.c \
	bench/measure-largest.c \
	bench/measure-ns.c \
	bench/measure-threads.c \
	bench/plan.c \
	bench/plan.h \
	bench/report.c \
	bench/round.c \
	bench/workload.c
bench_bench_LDADD = libmem.la

# libmem-malloc.so, if this build has it.
malloc_library = $(abs_top_builddir)/.libs/libmem-malloc.so
bench_bench_CPPFLAGS = $(AM_CPPFLAGS) -DMALLOC_LIBRARY='"$(malloc_library)"'

# Options for the benchmarks, as in: make bench BENCH_FLAGS='--quick --allocators=libmem,glibc'
BENCH_FLAGS =
BENCH_PROGRAMS_FLAGS =

# Draws the figures in bench.tsv: draw bench. Without a program to draw, says so, and does not fail.
draw = draw () { test '$(PYTHON)' = no || test ! -e $$1.tsv || \
	$(PYTHON) $(srcdir)/bench/chart.py $$1.tsv $$1.svg || test $$? -eq 77; }; draw

# What recording costs: see memrun(1).
.PHONY: bench-record
bench-record: memreplay$(EXEEXT)
	@test '$(PYTHON)' != no || { echo 'bench-record needs Python 3: see ./configure' >&2; exit 1; }
	$(PYTHON) $(srcdir)/bench/record.py

# All benchmarks; those of threads; those of whole programs. The figures and their charts are in
# files of these names in the build directory.
.PHONY: bench bench-needs bench-threads bench-programs
bench: bench/bench$(EXEEXT) bench-needs
	@echo 'Measuring single calls, and calls from several threads'
	rm -f bench.tsv
	bench/bench$(EXEEXT) --tsv=bench.tsv $(BENCH_FLAGS)
	@$(draw) bench
	@test '$(PYTHON)' = no || $(MAKE) $(AM_MAKEFLAGS) bench-programs

# Says what is missing, before anything is measured.
bench-needs:
	@if test '$(PYTHON)' = no; then \
		echo 'Without Python 3 no whole programs are measured, and no charts are drawn.'; \
	else \
		$(PYTHON) $(srcdir)/bench/programs.py --needs; \
	fi

bench-threads: bench/bench$(EXEEXT)
	rm -f bench-threads.tsv
	bench/bench$(EXEEXT) --tsv=bench-threads.tsv $(BENCH_FLAGS) \
		remote server burst spawn apart calloc
	@$(draw) bench-threads

bench-programs:
	@test '$(PYTHON)' != no || { echo 'bench-programs needs Python 3: see ./configure' >&2; exit 1; }
	@echo 'Measuring whole programs'
	$(PYTHON) $(srcdir)/bench/programs.py --tsv=bench-programs.tsv --svg=bench-programs.svg \
		$$(case ' $(BENCH_FLAGS) ' in \
			*' --quick '* | *' -q '*) echo --quick ;; \
			*) echo --rounds=3 ;; \
		esac) $(BENCH_PROGRAMS_FLAGS)

CLEANFILES += \
	bench-programs.svg \
	bench-programs.tsv \
	bench-threads.svg \
	bench-threads.tsv \
	bench.svg \
	bench.tsv

dist_check_SCRIPTS += \
	tests/bench-programs-smoke.sh \
	tests/bench-smoke.sh
if BUILD_TESTS
TESTS += \
	tests/bench-programs-smoke.sh \
	tests/bench-smoke.sh
endif

EXTRA_DIST += \
	bench/replay.sh \
	bench/README.md \
	bench/chart.py \
	bench/meter.py \
	bench/programs.py \
	bench/record.py \
	bench/programs/json-text.py \
	bench/programs/objects.lua \
	bench/programs/objects.pl \
	bench/programs/objects.py \
	bench/programs/summary.jq \
	bench/samples.py \
	bench/workloads.py
