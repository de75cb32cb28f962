# SPDX-License-Identifier: MIT
#
# What records the calls of a program.

EXTRA_DIST += \
	record/trace.h
