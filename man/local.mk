# SPDX-License-Identifier: MIT
# The manual pages, and the scripts that test them.

dist_man_MANS += \
	man/Mem_Alloc.3 \
	man/Mem_Check.3 \
	man/Mem_Dump.3 \
	man/Mem_Free.3 \
	man/Mem_GetStats.3 \
	man/Mem_Init.3 \
	man/Mem_OnFull.3 \
	man/Mem_OnMisuse.3 \
	man/Mem_RegionAlloc.3 \
	man/Mem_RegionCreate.3 \
	man/Mem_Regions.3 \
	man/Mem_Walk.3 \
	man/libmem.7 \
	man/mem.hpp.3

# Pages that are just another name of one above
dist_man_MANS += \
	man/Mem_AlignedAlloc.3 \
	man/Mem_Calloc.3 \
	man/Mem_CheckReport.3 \
	man/Mem_Exit.3 \
	man/Mem_InitWith.3 \
	man/Mem_Realloc.3 \
	man/Mem_RegionAlignedAlloc.3 \
	man/Mem_RegionCalloc.3 \
	man/Mem_RegionCheck.3 \
	man/Mem_RegionCheckReport.3 \
	man/Mem_RegionCreateAt.3 \
	man/Mem_RegionDestroy.3 \
	man/Mem_RegionDump.3 \
	man/Mem_RegionFree.3 \
	man/Mem_RegionGetStats.3 \
	man/Mem_RegionOf.3 \
	man/Mem_RegionRealloc.3 \
	man/Mem_RegionReset.3 \
	man/Mem_RegionSize.3 \
	man/Mem_RegionWalk.3 \
	man/Mem_Size.3

# They are in a tarball even if it is made on a system without them.
MALLOC_PAGES = \
	man/libmem-malloc.7 \
	man/memrun.1
EXTRA_DIST += $(MALLOC_PAGES)
man_MANS =
if BUILD_MALLOC
man_MANS += $(MALLOC_PAGES)
endif

REPLAY_PAGES = \
	man/mem-trace.5 \
	man/memreplay.1
EXTRA_DIST += $(REPLAY_PAGES)
if BUILD_REPLAY
man_MANS += $(REPLAY_PAGES)
endif

dist_check_SCRIPTS += tests/doc-examples.sh tests/doc-links.sh tests/man-lint.sh tests/man-examples.sh
if BUILD_TESTS
TESTS += tests/doc-examples.sh tests/doc-links.sh tests/man-lint.sh tests/man-examples.sh
endif
EXTRA_DIST += tests/shown.awk
