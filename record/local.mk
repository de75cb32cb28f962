# SPDX-License-Identifier: MIT
#
# What records the calls of a program.

EXTRA_DIST += \
	record/trace.h

# In the process that is recorded.
record_sources = \
	record/futex.h \
	record/info.c \
	record/info.h \
	record/modules.c \
	record/modules.h \
	record/pool.h \
	record/record.c \
	record/record.h \
	record/source.h \
	record/stack.c \
	record/stack.h \
	record/stamp.c \
	record/stamp.h \
	record/tell.c \
	record/tell.h \
	record/thread.h \
	record/trace.h

# In the process that writes the file.
record_writer_sources = \
	record/futex.h \
	record/pool.h \
	record/stamp.c \
	record/stamp.h \
	record/trace.h \
	record/writer.c \
	record/writer.h

# What libmem.so loads if it is to record.
if BUILD_MALLOC
pkglib_LTLIBRARIES += libmem-record.la
libmem_record_la_SOURCES = \
	$(record_sources) \
	src/os/environment.c \
	src/os/environment.h \
	src/os/file.c \
	src/os/file.h \
	src/os/kernel.h \
	src/os/pages.c \
	src/os/pages.h \
	src/os/spin.c \
	src/os/spin.h \
	src/region/hook.h \
	record/direct.c \
	record/grown.c \
	record/grown.h \
	record/source-file.c \
	record/source-file.h
libmem_record_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' -DPAGES_BY_KERNEL
libmem_record_la_CFLAGS = $(AM_CFLAGS) -fvisibility=hidden -ftls-model=initial-exec
libmem_record_la_LDFLAGS = $(AM_LDFLAGS) $(LIBRARY_LDFLAGS) -module -avoid-version -shared
libmem_record_la_LIBADD = $(DL_LIBS)
endif
