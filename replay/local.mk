# SPDX-License-Identifier: MIT
#
# What reads traces, and writes them merged: a library of its own, for memreplay and memrun; and memreplay.

noinst_LTLIBRARIES += libtrace.la
libtrace_la_SOURCES = \
	record/trace.h \
	replay/compress.c \
	replay/compress.h \
	replay/discard.h \
	replay/merge-blocks.c \
	replay/merge-blocks.h \
	replay/merge-clock.c \
	replay/merge-clock.h \
	replay/merge-threads.c \
	replay/merge-threads.h \
	replay/merge.c \
	replay/merge.h \
	replay/trace-about.c \
	replay/trace-bytes.c \
	replay/trace-bytes.h \
	replay/trace-callers.c \
	replay/trace-callers.h \
	replay/trace-decode.c \
	replay/trace-decode.h \
	replay/trace-encode.c \
	replay/trace-encode.h \
	replay/trace-frame.c \
	replay/trace-frame.h \
	replay/trace-inner.h \
	replay/trace-live.c \
	replay/trace-live.h \
	replay/trace-modules.c \
	replay/trace-modules.h \
	replay/trace-open.c \
	replay/trace-raw.c \
	replay/trace-read.c \
	replay/trace-read.h \
	replay/trace-write.c \
	replay/trace-write.h
libtrace_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(ZSTD_CFLAGS)
libtrace_la_LIBADD = $(ZSTD_LIBS)

EXTRA_DIST += \
	replay/memreplay.bash

if BUILD_REPLAY

replay_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir) $(DW_CFLAGS) $(Z_CFLAGS) $(ZSTD_CFLAGS)

# The files of other tools; and what they and the tables need to know of modules.
replay_import_only = \
	replay/import-events.c \
	replay/import-events.h \
	replay/import-heaptrack.c \
	replay/import-heaptrack.h \
	replay/import-interpreted.c \
	replay/import-lines.c \
	replay/import-lines.h \
	replay/import-modules.c \
	replay/import-modules.h \
	replay/import-mtrace.c \
	replay/import-raw.c \
	replay/import.c \
	replay/import.h
replay_import_sources = \
	$(replay_import_only) \
	replay/symbols-file.c \
	replay/symbols-file.h \
	replay/symbols.c \
	replay/symbols.h

# It has the library in it, compiled anew: without the bytes of blocks, and with regions at multiples of 64 MiB.
noinst_LTLIBRARIES += libplayer.la
libplayer_la_SOURCES = \
	$(library_and_more) \
	replay/player.c \
	replay/player.h \
	replay/table.c \
	replay/table.h
libplayer_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DUNIT_BYTES_MOVE=0 -DPAGES_ALIGNMENT=0x4000000

bashcomp_DATA += replay/memreplay

# Completions are found by the name of the command.
replay/memreplay: replay/memreplay.bash
	$(AM_V_GEN)$(MKDIR_P) replay && cp $(top_srcdir)/replay/memreplay.bash $@

CLEANFILES += replay/memreplay

bin_PROGRAMS += memreplay
memreplay_SOURCES = \
	malloc/budget.c \
	malloc/budget.h \
	malloc/size.c \
	malloc/size.h \
	replay/findings-inner.h \
	replay/findings.c \
	replay/findings-json.c \
	replay/findings-size.c \
	replay/findings-text.c \
	replay/findings.h \
	replay/fit.c \
	replay/fit.h \
	replay/histogram.c \
	replay/histogram.h \
	replay/human.c \
	replay/human.h \
	replay/latency.c \
	replay/latency.h \
	replay/memreplay.c \
	replay/options.c \
	replay/options.h \
	replay/pass.c \
	replay/pass.h \
	replay/progress.c \
	replay/progress.h \
	replay/ranking.c \
	replay/ranking.h \
	replay/rival.c \
	replay/rival.h \
	replay/room.c \
	replay/room.h \
	replay/summary.c \
	replay/summary.h \
	replay/trial.c \
	replay/trial.h \
	$(replay_import_sources)

if HAVE_REPORT
memreplay_SOURCES += \
	replay/buffer.c \
	replay/buffer.h \
	replay/collect.c \
	replay/collect.h \
	replay/facts.c \
	replay/facts.h \
	replay/map.c \
	replay/map.h \
	replay/page.c \
	replay/page.h \
	replay/picture.c \
	replay/picture.h \
	replay/records.c \
	replay/records.h \
	replay/report-dump.c \
	replay/report-dump.h \
	replay/report.c \
	replay/report.h \
	replay/tally.c \
	replay/tally.h \
	replay/tiles.c \
	replay/tiles.h
nodist_memreplay_SOURCES = replay/page-data.c
else
memreplay_SOURCES += \
	replay/report-none.c \
	replay/report.h
endif
memreplay_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) -I$(top_srcdir)/src -DPACKAGE_VERSION='"$(PACKAGE_VERSION)"' \
	$(DW_CFLAGS) $(JANSSON_CFLAGS) $(PNG_CFLAGS) $(Z_CFLAGS) $(ZSTD_CFLAGS)
memreplay_LDADD = libplayer.la libtrace.la $(DW_LIBS) $(JANSSON_LIBS) $(PNG_LIBS) $(Z_LIBS) $(ZSTD_LIBS) $(LIBM)

endif

# The page's program, in the order in which it is put together.
page_scripts = \
	format.js \
	data.js \
	palette.js \
	view.js \
	tiles.js \
	colours.js \
	plot.js \
	map.js \
	spot.js \
	input.js \
	chart.js \
	bars.js \
	moment.js \
	callers.js \
	summary.js \
	main.js

page_files = replay/page/embed.sh replay/page/palette.css replay/page/page.css \
	replay/page/page.html $(page_scripts:%=replay/page/%)
EXTRA_DIST += $(page_files)

replay/page-data.c: $(page_files)
	$(AM_V_GEN)$(MKDIR_P) replay && \
	$(SHELL) $(srcdir)/replay/page/embed.sh $(srcdir)/replay/page $(page_scripts) >$@.tmp && mv $@.tmp $@

CLEANFILES += replay/page-data.c replay/page-data.c.tmp
