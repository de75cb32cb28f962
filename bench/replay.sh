#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Compares what traces need: the smallest regions of libmem, and by how much resident memory grows under one malloc()
# after another, each divided by the most bytes that are live at once. To be run in the directory of the build.
#
#   bench/replay.sh TRACE...
set -eu

[ $# -gt 0 ] || {
    echo 'replay.sh: no trace is given' >&2
    exit 2
}
echo '--- libmem'
./memreplay --fit "$@"
for library in libc.so.6 libjemalloc.so.2 libmimalloc.so.2 libtcmalloc_minimal.so.4; do
    if [ -z "$(LD_PRELOAD=$library /bin/true 2>&1)" ]; then
        echo "--- $library"
        LD_PRELOAD=$library ./memreplay --malloc "$@"
    else
        echo "--- $library is not installed"
    fi
done
