#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Gives the corpus of imports to the fuzzer's entry: see corpus.c.
exec ${TEST_WRAPPER-} "${top_builddir:-.}/tests/corpus-import" "${top_srcdir:-.}"/tests/corpus/import/*
