# SPDX-License-Identifier: MIT
#
# libmem-malloc.so, which takes the place of malloc() and free() in programs that preload it, and memrun,
# which runs programs so.

EXTRA_DIST += \
	malloc/malloc.map \
	malloc/memrun.bash

if BUILD_MALLOC

pkglib_LTLIBRARIES = libmem-malloc.la
bin_PROGRAMS += memrun
bashcomp_DATA = malloc/memrun

# It has the library in it, compiled anew: what is reached by way of malloc() must not call malloc(), as
# the common way to variables of a thread may; misuses end the program unless something else is asked
# for; units are the 16 bytes to which all blocks are aligned; and there is one region.
libmem_malloc_la_SOURCES = \
	$(library_sources) \
	malloc/ahead.c \
	malloc/ahead.h \
	malloc/budget.c \
	malloc/budget.h \
	malloc/family.h \
	malloc/filter.c \
	malloc/info.c \
	malloc/load.c \
	malloc/malloc.c \
	malloc/new-forms.c \
	malloc/new-try.h \
	malloc/new.c \
	malloc/new.h \
	malloc/path.c \
	malloc/path.h \
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
libmem_malloc_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src -DMISUSE_ABORTS -DHEAP_UNIT_SHIFT=4 -DTHREAD_REGIONS=1 -DPAGES_BY_KERNEL \
	-DNEW_SIZE='"$(NEW_SIZE)"'
# Exceptions of new handlers pass through. No builtin: calloc() must not be made a call of itself.
libmem_malloc_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -ftls-model=initial-exec -fexceptions -fno-builtin-malloc \
	-fno-builtin-calloc -fno-builtin-realloc -fno-builtin-free
libmem_malloc_la_LDFLAGS = $(AM_LDFLAGS) $(LIBRARY_LDFLAGS) -module -avoid-version -shared \
	-Wl,--version-script=$(top_srcdir)/malloc/malloc.map
libmem_malloc_la_DEPENDENCIES = malloc/malloc.map
libmem_malloc_la_LIBADD = $(DL_LIBS) $(MODULE_LIBS)

memrun_SOURCES = \
	src/os/file.c \
	src/os/file.h \
	malloc/budget.c \
	malloc/budget.h \
	malloc/memrun.c \
	malloc/size.c \
	malloc/size.h
memrun_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/src -DMODULE='"$(pkglibdir)/libmem-malloc.so"' -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"'

# Completions are found by the name of the command.
malloc/memrun: malloc/memrun.bash
	$(AM_V_GEN)$(MKDIR_P) malloc && cp $(top_srcdir)/malloc/memrun.bash $@

CLEANFILES += malloc/memrun

endif
