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
