# SPDX-License-Identifier: MIT
#
# libmem-malloc.so, which replaces malloc() and free() in programs that preload it, and memrun,
# which runs programs with it.

EXTRA_DIST += \
	malloc/malloc.map \
	malloc/memrun.bash

if BUILD_MALLOC

pkglib_LTLIBRARIES = libmem-malloc.la
bin_PROGRAMS += memrun
bashcomp_DATA += malloc/memrun

# The module contains the library, compiled again with other options:
#
#   - no calls to malloc(), not even by the usual access to thread variables;
#   - misuses end the program by default;
#   - units of 16 bytes, the alignment of all blocks;
#   - one region.
libmem_malloc_la_SOURCES = \
	$(library_sources) \
	$(record_sources) \
	record/grown.c \
	record/grown.h \
	record/source-file.c \
	record/source-file.h \
	record/source-pool.c \
	record/source-pool.h \
	malloc/ahead.c \
	malloc/ahead.h \
	malloc/budget.c \
	malloc/budget.h \
	malloc/ending.c \
	malloc/ending.h \
	malloc/family.h \
	malloc/filter.c \
	malloc/filter.h \
	malloc/full.c \
	malloc/info.c \
	malloc/load.c \
	malloc/malloc.c \
	malloc/new-forms.c \
	malloc/new-try.h \
	malloc/new.c \
	malloc/new.h \
	malloc/next.h \
	malloc/path.c \
	malloc/path.h \
	malloc/recorded.c \
	malloc/recorded.h \
	malloc/recording.c \
	malloc/recording.h \
	malloc/report-exit.c \
	malloc/report-exit.h \
	malloc/report.c \
	malloc/report.h \
	malloc/settings.c \
	malloc/settings.h \
	malloc/size.c \
	malloc/size.h \
	malloc/start.c \
	malloc/start.h \
	malloc/trim.c \
	malloc/trim.h
libmem_malloc_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' -DMISUSE_ABORTS -DHEAP_UNIT_SHIFT=4 -DTHREAD_REGIONS=2 -DPAGES_BY_KERNEL \
	-DNEW_SIZE='"$(NEW_SIZE)"'
# Exceptions of new handlers pass through. No builtins: a compiler must not turn calloc() into a
# call of itself.
libmem_malloc_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -ftls-model=initial-exec -fexceptions -fno-builtin-malloc \
	-fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
libmem_malloc_la_LDFLAGS = $(AM_LDFLAGS) $(LIBRARY_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/malloc/malloc.map
libmem_malloc_la_DEPENDENCIES = malloc/malloc.map
libmem_malloc_la_LIBADD = $(DL_LIBS) $(MODULE_LIBS)

memrun_SOURCES = \
	$(record_writer_sources) \
	src/os/file.c \
	src/os/file.h \
	malloc/budget.c \
	malloc/budget.h \
	malloc/memrun-elf.c \
	malloc/memrun-elf.h \
	malloc/memrun-record.c \
	malloc/memrun-record.h \
	malloc/memrun.c \
	malloc/size.c \
	malloc/size.h
memrun_LDADD = libtrace.la
memrun_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DMODULE='"$(pkglibdir)/libmem-malloc.so"' -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'

# Completions are found by the name of the command.
malloc/memrun: malloc/memrun.bash
	$(AM_V_GEN)$(MKDIR_P) malloc && cp $(top_srcdir)/malloc/memrun.bash $@

CLEANFILES += malloc/memrun

endif
