# SPDX-License-Identifier: MIT
#
# What reads traces, and writes them merged: a library of its own, for memreplay and memrun; and memreplay.

noinst_LTLIBRARIES += libtrace.la
libtrace_la_SOURCES = \
	record/trace.h \
	replay/merge.h \
	replay/trace-read.c \
	replay/trace-read.h \
	replay/trace-write.h
libtrace_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(ZSTD_CFLAGS)
libtrace_la_LIBADD = $(ZSTD_LIBS)

if BUILD_REPLAY

bin_PROGRAMS += memreplay
memreplay_SOURCES = \
	replay/memreplay.c \
	replay/player.h
memreplay_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	$(DW_CFLAGS) $(JANSSON_CFLAGS) $(PNG_CFLAGS)
memreplay_LDADD = libtrace.la $(DW_LIBS) $(JANSSON_LIBS) $(PNG_LIBS)

endif
