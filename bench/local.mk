# SPDX-License-Identifier: MIT
#
# The benchmark. "make bench" builds and runs it; "make check" only tries that it runs.

check_PROGRAMS += bench/bench

bench_bench_SOURCES = \
	bench/bench.c \
	bench/bench.h \
	bench/contenders.c \
	bench/figures.c \
	bench/heap.c \
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

# libmem as a malloc, if this build has it.
malloc_library = $(abs_top_builddir)/.libs/libmem-malloc.so
bench_bench_CPPFLAGS = $(AM_CPPFLAGS) -DMALLOC_LIBRARY='"$(malloc_library)"'

# What to pass to it, as in: make bench BENCH_FLAGS='--quick --tsv=bench.tsv'
BENCH_FLAGS =

.PHONY: bench
bench: bench/bench$(EXEEXT)
	bench/bench$(EXEEXT) $(BENCH_FLAGS)

.PHONY: bench-threads
bench-threads: bench/bench$(EXEEXT)
	bench/bench$(EXEEXT) $(BENCH_FLAGS) remote server burst spawn

dist_check_SCRIPTS += tests/bench-smoke.sh
if BUILD_TESTS
TESTS += tests/bench-smoke.sh
endif
EXTRA_DIST += bench/README.md
