# SPDX-License-Identifier: MIT
#
# The examples, which "make check" builds and tests/examples.sh runs.

check_PROGRAMS += \
	examples/01-first \
	examples/02-static-buffer \
	examples/03-wordcount \
	examples/04-request-scope \
	examples/05-misuse \
	examples/06-bookkeeping

examples_01_first_SOURCES = examples/01-first.c
examples_01_first_LDADD = libmem.la

examples_02_static_buffer_SOURCES = examples/02-static-buffer.c
examples_02_static_buffer_LDADD = libmem.la

examples_03_wordcount_SOURCES = \
	examples/03-wordcount.c \
	examples/wordindex.c \
	examples/wordindex.h \
	examples/wordreport.c \
	examples/wordreport.h
examples_03_wordcount_LDADD = libmem.la

examples_04_request_scope_SOURCES = examples/04-request-scope.c
examples_04_request_scope_LDADD = libmem.la

examples_05_misuse_SOURCES = examples/05-misuse.c
examples_05_misuse_LDADD = libmem.la

examples_06_bookkeeping_SOURCES = examples/06-bookkeeping.c
examples_06_bookkeeping_LDADD = libmem.la

dist_check_SCRIPTS += tests/examples.sh
if BUILD_TESTS
TESTS += tests/examples.sh
endif

# tests/languages.sh builds and runs what is in C++.
EXTRA_DIST += examples/07-containers.cc examples/README.md
