# SPDX-License-Identifier: MIT
#
# The tests: see README.md here. Tests named test-... use only the interface, and are linked with
# the library as programs are. Tests named inner-... look inside.

if BUILD_TESTS

# ------------------------------------------------------------------------------------------------
# Common parts
# ------------------------------------------------------------------------------------------------

check_LTLIBRARIES += tests/libsupport.la
tests_libsupport_la_SOURCES = \
	tests/cached-bed.c \
	tests/cached-bed.h \
	tests/checked.c \
	tests/checked.h \
	tests/churn.c \
	tests/churn.h \
	tests/dumped.c \
	tests/dumped.h \
	tests/filter.c \
	tests/filter.h \
	tests/json.c \
	tests/json.h \
	tests/model.c \
	tests/model.h \
	tests/random.h \
	tests/sanitized.h \
	tests/support.c \
	tests/support.h
tests_libsupport_la_CPPFLAGS = $(test_cppflags)

test_cppflags = $(AM_CPPFLAGS) $(CHECK_CFLAGS)
test_ldadd = tests/libsupport.la libmem.la $(CHECK_LIBS)
inner_cppflags = $(AM_CPPFLAGS) -I$(top_srcdir)/src $(CHECK_CFLAGS)
inner_ldadd = tests/libsupport.la libmemcore.la $(CHECK_LIBS)

# Programs instead of libtool's wrapper scripts: wrappers and debuggers need these. They contain the
# place of the library.
test_ldflags = $(AM_LDFLAGS) -no-install

# ------------------------------------------------------------------------------------------------
# Programs that are tests
# ------------------------------------------------------------------------------------------------

test_programs = \
	tests/inner-budget \
	tests/inner-cache \
	tests/inner-caches \
	tests/inner-check \
	tests/inner-layout \
	tests/inner-map \
	tests/inner-module \
	tests/inner-release \
	tests/inner-shapes \
	tests/inner-sound \
	tests/inner-stats \
	tests/inner-threads \
	tests/inner-trace-file \
	tests/inner-trace-hostile \
	tests/inner-trace-merge \
	tests/inner-trace-page \
	tests/inner-trace-raw \
	tests/inner-tree \
	tests/test-aligned \
	tests/test-alloc \
	tests/test-caches \
	tests/test-caches-large \
	tests/test-caches-look \
	tests/test-caches-misuse \
	tests/test-caches-room \
	tests/test-caches-second \
	tests/test-caches-threads \
	tests/test-calloc \
	tests/test-check \
	tests/test-dump \
	tests/test-dump-json \
	tests/test-dump-memory \
	tests/test-dump-terminal \
	tests/test-dump-unlocked \
	tests/test-errno \
	tests/test-exhaustive \
	tests/test-forged \
	tests/test-fork \
	tests/test-fork-anywhere \
	tests/test-free \
	tests/test-full \
	tests/test-guards \
	tests/test-init \
	tests/test-limits \
	tests/test-misuse-actions \
	tests/test-misuse-handler \
	tests/test-model \
	tests/test-name \
	tests/test-noalloc \
	tests/test-overwritten \
	tests/test-races \
	tests/test-realloc \
	tests/test-realtime \
	tests/test-region \
	tests/test-region-at \
	tests/test-registry \
	tests/test-registry-threads \
	tests/test-sparse \
	tests/test-stats \
	tests/test-syscalls \
	tests/test-thread-ends \
	tests/test-threads \
	tests/test-trace \
	tests/test-visitor \
	tests/test-visitor-fork \
	tests/test-walk \
	tests/unload

check_PROGRAMS += $(test_programs)
TESTS += $(test_programs)

# The tests of `make check-long`: those above that are random, or race.
long_tests = \
	tests/inner-check \
	tests/inner-player \
	tests/inner-shapes \
	tests/inner-tree \
	tests/model-races.sh \
	tests/test-caches-misuse \
	tests/test-caches-threads \
	tests/test-fork \
	tests/test-fork-anywhere \
	tests/test-model \
	tests/test-overwritten \
	tests/test-races \
	tests/test-registry-threads \
	tests/test-threads

tests_inner_budget_SOURCES = tests/inner-budget.c malloc/budget.c malloc/budget.h malloc/size.c malloc/size.h
tests_inner_budget_CPPFLAGS = $(inner_cppflags)
tests_inner_budget_LDFLAGS = $(test_ldflags)
tests_inner_budget_LDADD = $(inner_ldadd)

tests_inner_cache_SOURCES = tests/inner-cache.c tests/cache-bench.c tests/cache-bench.h
tests_inner_cache_CPPFLAGS = $(inner_cppflags)
tests_inner_cache_LDFLAGS = $(test_ldflags)
tests_inner_cache_LDADD = $(inner_ldadd)

tests_inner_caches_SOURCES = tests/inner-caches.c
tests_inner_caches_CPPFLAGS = $(inner_cppflags)
tests_inner_caches_LDFLAGS = $(test_ldflags)
tests_inner_caches_LDADD = $(inner_ldadd)

tests_inner_stats_SOURCES = tests/inner-stats.c
tests_inner_stats_CPPFLAGS = $(inner_cppflags)
tests_inner_stats_LDFLAGS = $(test_ldflags)
tests_inner_stats_LDADD = $(inner_ldadd)

tests_inner_sound_SOURCES = tests/inner-sound.c
tests_inner_sound_CPPFLAGS = $(inner_cppflags)
tests_inner_sound_LDFLAGS = $(test_ldflags)
tests_inner_sound_LDADD = $(inner_ldadd)

tests_test_forged_SOURCES = tests/test-forged.c
tests_test_forged_CPPFLAGS = $(test_cppflags)
tests_test_forged_LDFLAGS = $(test_ldflags)
tests_test_forged_LDADD = $(test_ldadd)

tests_inner_check_SOURCES = tests/inner-check.c tests/shaped.c tests/shaped.h
tests_inner_check_CPPFLAGS = $(inner_cppflags)
tests_inner_check_LDFLAGS = $(test_ldflags)
tests_inner_check_LDADD = $(inner_ldadd)

tests_inner_layout_SOURCES = tests/inner-layout.c
tests_inner_layout_CPPFLAGS = $(inner_cppflags)
tests_inner_layout_LDFLAGS = $(test_ldflags)
tests_inner_layout_LDADD = $(inner_ldadd)

tests_inner_map_SOURCES = tests/inner-map.c
tests_inner_map_CPPFLAGS = $(inner_cppflags)
tests_inner_map_LDFLAGS = $(test_ldflags)
tests_inner_map_LDADD = $(inner_ldadd)

tests_inner_module_SOURCES = tests/inner-module.c
tests_inner_module_CPPFLAGS = $(inner_cppflags)
tests_inner_module_LDFLAGS = $(test_ldflags)
tests_inner_module_LDADD = $(inner_ldadd)

tests_inner_release_SOURCES = tests/inner-release.c
tests_inner_release_CPPFLAGS = $(inner_cppflags)
tests_inner_release_LDFLAGS = $(test_ldflags) -Wl,--wrap=pages_release
tests_inner_release_LDADD = $(inner_ldadd)

tests_inner_shapes_SOURCES = tests/inner-shapes.c tests/shaped.c tests/shaped.h
tests_inner_shapes_CPPFLAGS = $(inner_cppflags)
tests_inner_shapes_LDFLAGS = $(test_ldflags)
tests_inner_shapes_LDADD = $(inner_ldadd)

tests_inner_threads_SOURCES = tests/inner-threads.c
tests_inner_threads_CPPFLAGS = $(inner_cppflags)
tests_inner_threads_LDFLAGS = $(test_ldflags)
tests_inner_threads_LDADD = $(inner_ldadd)

tests_inner_tree_SOURCES = tests/inner-tree.c tests/forest.c tests/forest.h
tests_inner_tree_CPPFLAGS = $(inner_cppflags)
tests_inner_tree_LDFLAGS = $(test_ldflags)
tests_inner_tree_LDADD = $(inner_ldadd)

tests_test_aligned_SOURCES = tests/test-aligned.c
tests_test_aligned_CPPFLAGS = $(test_cppflags)
tests_test_aligned_LDFLAGS = $(test_ldflags)
tests_test_aligned_LDADD = $(test_ldadd)

tests_test_alloc_SOURCES = tests/test-alloc.c
tests_test_alloc_CPPFLAGS = $(test_cppflags)
tests_test_alloc_LDFLAGS = $(test_ldflags)
tests_test_alloc_LDADD = $(test_ldadd)

tests_test_caches_SOURCES = tests/test-caches.c
tests_test_caches_CPPFLAGS = $(test_cppflags)
tests_test_caches_LDFLAGS = $(test_ldflags)
tests_test_caches_LDADD = $(test_ldadd)

tests_test_caches_large_SOURCES = tests/test-caches-large.c
tests_test_caches_large_CPPFLAGS = $(test_cppflags)
tests_test_caches_large_LDFLAGS = $(test_ldflags)
tests_test_caches_large_LDADD = $(test_ldadd)

tests_test_caches_look_SOURCES = tests/test-caches-look.c
tests_test_caches_look_CPPFLAGS = $(test_cppflags)
tests_test_caches_look_LDFLAGS = $(test_ldflags)
tests_test_caches_look_LDADD = $(test_ldadd)

tests_test_caches_misuse_SOURCES = tests/test-caches-misuse.c
tests_test_caches_misuse_CPPFLAGS = $(test_cppflags)
tests_test_caches_misuse_LDFLAGS = $(test_ldflags)
tests_test_caches_misuse_LDADD = $(test_ldadd)

tests_test_caches_room_SOURCES = tests/test-caches-room.c
tests_test_caches_room_CPPFLAGS = $(test_cppflags)
tests_test_caches_room_LDFLAGS = $(test_ldflags)
tests_test_caches_room_LDADD = $(test_ldadd)

tests_test_caches_second_SOURCES = tests/test-caches-second.c
tests_test_caches_second_CPPFLAGS = $(test_cppflags)
tests_test_caches_second_LDFLAGS = $(test_ldflags)
tests_test_caches_second_LDADD = $(test_ldadd)

tests_test_caches_threads_SOURCES = tests/test-caches-threads.c
tests_test_caches_threads_CPPFLAGS = $(test_cppflags)
tests_test_caches_threads_LDFLAGS = $(test_ldflags)
tests_test_caches_threads_LDADD = $(test_ldadd)

tests_test_calloc_SOURCES = tests/test-calloc.c
tests_test_calloc_CPPFLAGS = $(test_cppflags)
tests_test_calloc_LDFLAGS = $(test_ldflags)
tests_test_calloc_LDADD = $(test_ldadd)

tests_test_check_SOURCES = tests/test-check.c
tests_test_check_CPPFLAGS = $(test_cppflags)
tests_test_check_LDFLAGS = $(test_ldflags)
tests_test_check_LDADD = $(test_ldadd)

tests_test_dump_SOURCES = tests/test-dump.c
tests_test_dump_CPPFLAGS = $(test_cppflags)
tests_test_dump_LDFLAGS = $(test_ldflags)
tests_test_dump_LDADD = $(test_ldadd)

tests_test_dump_json_SOURCES = tests/test-dump-json.c
tests_test_dump_json_CPPFLAGS = $(test_cppflags)
tests_test_dump_json_LDFLAGS = $(test_ldflags)
tests_test_dump_json_LDADD = $(test_ldadd)

tests_test_dump_memory_SOURCES = tests/test-dump-memory.c
tests_test_dump_memory_CPPFLAGS = $(test_cppflags)
tests_test_dump_memory_LDFLAGS = $(test_ldflags)
tests_test_dump_memory_LDADD = $(test_ldadd)

tests_test_dump_terminal_SOURCES = tests/test-dump-terminal.c
tests_test_dump_terminal_CPPFLAGS = $(test_cppflags)
tests_test_dump_terminal_LDFLAGS = $(test_ldflags)
tests_test_dump_terminal_LDADD = $(test_ldadd)

tests_test_dump_unlocked_SOURCES = tests/test-dump-unlocked.c
tests_test_dump_unlocked_CPPFLAGS = $(test_cppflags)
tests_test_dump_unlocked_LDFLAGS = $(test_ldflags)
tests_test_dump_unlocked_LDADD = $(test_ldadd)

tests_test_errno_SOURCES = tests/test-errno.c
tests_test_errno_CPPFLAGS = $(test_cppflags)
tests_test_errno_LDFLAGS = $(test_ldflags)
tests_test_errno_LDADD = $(test_ldadd)

tests_test_exhaustive_SOURCES = tests/test-exhaustive.c
tests_test_exhaustive_CPPFLAGS = $(test_cppflags)
tests_test_exhaustive_LDFLAGS = $(test_ldflags)
tests_test_exhaustive_LDADD = $(test_ldadd)

tests_test_fork_SOURCES = tests/test-fork.c
tests_test_fork_CPPFLAGS = $(test_cppflags)
tests_test_fork_LDFLAGS = $(test_ldflags)
tests_test_fork_LDADD = $(test_ldadd)

tests_test_fork_anywhere_SOURCES = tests/test-fork-anywhere.c
tests_test_fork_anywhere_CPPFLAGS = $(test_cppflags)
tests_test_fork_anywhere_LDFLAGS = $(test_ldflags)
tests_test_fork_anywhere_LDADD = $(test_ldadd)

tests_test_free_SOURCES = tests/test-free.c
tests_test_free_CPPFLAGS = $(test_cppflags)
tests_test_free_LDFLAGS = $(test_ldflags)
tests_test_free_LDADD = $(test_ldadd)

tests_test_full_SOURCES = tests/test-full.c
tests_test_full_CPPFLAGS = $(test_cppflags)
tests_test_full_LDFLAGS = $(test_ldflags)
tests_test_full_LDADD = $(test_ldadd)

tests_test_guards_SOURCES = tests/test-guards.c
tests_test_guards_CPPFLAGS = $(test_cppflags)
tests_test_guards_LDFLAGS = $(test_ldflags)
tests_test_guards_LDADD = $(test_ldadd)

tests_test_init_SOURCES = tests/test-init.c
tests_test_init_CPPFLAGS = $(test_cppflags)
tests_test_init_LDFLAGS = $(test_ldflags)
tests_test_init_LDADD = $(test_ldadd)

tests_test_limits_SOURCES = tests/test-limits.c
tests_test_limits_CPPFLAGS = $(test_cppflags)
tests_test_limits_LDFLAGS = $(test_ldflags)
tests_test_limits_LDADD = $(test_ldadd)

tests_test_misuse_actions_SOURCES = tests/test-misuse-actions.c
tests_test_misuse_actions_CPPFLAGS = $(test_cppflags)
tests_test_misuse_actions_LDFLAGS = $(test_ldflags)
tests_test_misuse_actions_LDADD = $(test_ldadd)

tests_test_misuse_handler_SOURCES = tests/test-misuse-handler.c
tests_test_misuse_handler_CPPFLAGS = $(test_cppflags)
tests_test_misuse_handler_LDFLAGS = $(test_ldflags)
tests_test_misuse_handler_LDADD = $(test_ldadd)

tests_test_name_SOURCES = tests/test-name.c
tests_test_name_CPPFLAGS = $(test_cppflags)
tests_test_name_LDFLAGS = $(test_ldflags)
tests_test_name_LDADD = $(test_ldadd)

tests_test_model_SOURCES = tests/test-model.c
tests_test_model_CPPFLAGS = $(test_cppflags)
tests_test_model_LDFLAGS = $(test_ldflags)
tests_test_model_LDADD = $(test_ldadd)

tests_test_noalloc_SOURCES = tests/test-noalloc.c
tests_test_noalloc_CPPFLAGS = $(test_cppflags)
tests_test_noalloc_LDFLAGS = $(test_ldflags)
tests_test_noalloc_LDADD = $(test_ldadd)

tests_test_overwritten_SOURCES = tests/test-overwritten.c
tests_test_overwritten_CPPFLAGS = $(test_cppflags)
tests_test_overwritten_LDFLAGS = $(test_ldflags)
tests_test_overwritten_LDADD = $(test_ldadd)

tests_test_races_SOURCES = tests/test-races.c
tests_test_races_CPPFLAGS = $(test_cppflags)
tests_test_races_LDFLAGS = $(test_ldflags)
tests_test_races_LDADD = $(test_ldadd)

tests_test_realloc_SOURCES = tests/test-realloc.c
tests_test_realloc_CPPFLAGS = $(test_cppflags)
tests_test_realloc_LDFLAGS = $(test_ldflags)
tests_test_realloc_LDADD = $(test_ldadd)

tests_test_realtime_SOURCES = tests/test-realtime.c
tests_test_realtime_CPPFLAGS = $(test_cppflags)
tests_test_realtime_LDFLAGS = $(test_ldflags)
tests_test_realtime_LDADD = $(test_ldadd)

tests_test_region_SOURCES = tests/test-region.c
tests_test_region_CPPFLAGS = $(test_cppflags)
tests_test_region_LDFLAGS = $(test_ldflags)
tests_test_region_LDADD = $(test_ldadd)

tests_test_registry_threads_SOURCES = tests/test-registry-threads.c
tests_test_registry_threads_CPPFLAGS = $(test_cppflags)
tests_test_registry_threads_LDFLAGS = $(test_ldflags)
tests_test_registry_threads_LDADD = $(test_ldadd)

tests_test_registry_SOURCES = tests/test-registry.c
tests_test_registry_CPPFLAGS = $(test_cppflags)
tests_test_registry_LDFLAGS = $(test_ldflags)
tests_test_registry_LDADD = $(test_ldadd)

tests_test_region_at_SOURCES = tests/test-region-at.c
tests_test_region_at_CPPFLAGS = $(test_cppflags)
tests_test_region_at_LDFLAGS = $(test_ldflags)
tests_test_region_at_LDADD = $(test_ldadd)

tests_test_sparse_SOURCES = tests/test-sparse.c
tests_test_sparse_CPPFLAGS = $(test_cppflags)
tests_test_sparse_LDFLAGS = $(test_ldflags)
tests_test_sparse_LDADD = $(test_ldadd)

tests_test_stats_SOURCES = tests/test-stats.c
tests_test_stats_CPPFLAGS = $(test_cppflags)
tests_test_stats_LDFLAGS = $(test_ldflags)
tests_test_stats_LDADD = $(test_ldadd)

tests_test_syscalls_SOURCES = tests/test-syscalls.c
tests_test_syscalls_CPPFLAGS = $(test_cppflags)
tests_test_syscalls_LDFLAGS = $(test_ldflags)
tests_test_syscalls_LDADD = $(test_ldadd)

tests_test_thread_ends_SOURCES = tests/test-thread-ends.c
tests_test_thread_ends_CPPFLAGS = $(test_cppflags)
tests_test_thread_ends_LDFLAGS = $(test_ldflags)
tests_test_thread_ends_LDADD = $(test_ldadd)

tests_test_threads_SOURCES = tests/test-threads.c
tests_test_threads_CPPFLAGS = $(test_cppflags)
tests_test_threads_LDFLAGS = $(test_ldflags)
tests_test_threads_LDADD = $(test_ldadd)

tests_inner_trace_file_SOURCES = tests/inner-trace-file.c tests/trace-file.c tests/trace-file.h
tests_inner_trace_file_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)
tests_inner_trace_file_LDFLAGS = $(test_ldflags)
tests_inner_trace_file_LDADD = libtrace.la $(test_ldadd)

tests_inner_trace_hostile_SOURCES = \
	tests/fuzz-trace.c \
	tests/fuzz-trace.h \
	tests/inner-trace-hostile.c \
	tests/trace-file.c \
	tests/trace-file.h
tests_inner_trace_hostile_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)
tests_inner_trace_hostile_LDFLAGS = $(test_ldflags)
tests_inner_trace_hostile_LDADD = libtrace.la $(test_ldadd)

# The same entry, called by libFuzzer: tests/fuzz-trace DIRECTORY tests/corpus/trace
EXTRA_PROGRAMS += tests/fuzz-trace
tests_fuzz_trace_SOURCES = tests/fuzz-trace.c tests/fuzz-trace.h $(libtrace_la_SOURCES)
tests_fuzz_trace_CPPFLAGS = $(libtrace_la_CPPFLAGS)
tests_fuzz_trace_CFLAGS = $(fuzz_cflags)
tests_fuzz_trace_LDADD = $(ZSTD_LIBS)

tests_inner_trace_merge_SOURCES = tests/inner-trace-merge.c tests/threads-model.c tests/threads-model.h
tests_inner_trace_merge_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)
tests_inner_trace_merge_LDFLAGS = $(test_ldflags)
tests_inner_trace_merge_LDADD = libtrace.la $(test_ldadd)

tests_inner_trace_page_SOURCES = tests/inner-trace-page.c tests/trace-file.c tests/trace-file.h
tests_inner_trace_page_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)
tests_inner_trace_page_LDFLAGS = $(test_ldflags)
tests_inner_trace_page_LDADD = libtrace.la $(test_ldadd)

tests_inner_trace_raw_SOURCES = \
	tests/inner-trace-raw.c \
	tests/threads-model.c \
	tests/threads-model.h \
	tests/trace-file.c \
	tests/trace-file.h
tests_inner_trace_raw_CPPFLAGS = $(test_cppflags) -I$(top_srcdir)
tests_inner_trace_raw_LDFLAGS = $(test_ldflags)
tests_inner_trace_raw_LDADD = libtrace.la $(test_ldadd)

tests_test_trace_SOURCES = tests/test-trace.c
tests_test_trace_CPPFLAGS = $(test_cppflags)
tests_test_trace_LDFLAGS = $(test_ldflags)
tests_test_trace_LDADD = $(test_ldadd)

tests_test_visitor_SOURCES = tests/test-visitor.c tests/visited.h
tests_test_visitor_CPPFLAGS = $(test_cppflags)
tests_test_visitor_LDFLAGS = $(test_ldflags)
tests_test_visitor_LDADD = $(test_ldadd)

tests_test_visitor_fork_SOURCES = tests/test-visitor-fork.c tests/visited.h
tests_test_visitor_fork_CPPFLAGS = $(test_cppflags)
tests_test_visitor_fork_LDFLAGS = $(test_ldflags)
tests_test_visitor_fork_LDADD = $(test_ldadd)

tests_test_walk_SOURCES = tests/test-walk.c
tests_test_walk_CPPFLAGS = $(test_cppflags)
tests_test_walk_LDFLAGS = $(test_ldflags)
tests_test_walk_LDADD = $(test_ldadd)

tests_unload_SOURCES = tests/unload.c
tests_unload_LDADD = $(DL_LIBS)

# ------------------------------------------------------------------------------------------------
# Programs that end by their mistake, and the script that runs them
# ------------------------------------------------------------------------------------------------

check_PROGRAMS += \
	tests/misuse/double-free \
	tests/misuse/double-free-large \
	tests/misuse/double-free-merged \
	tests/misuse/free-after-exit \
	tests/misuse/free-after-reset \
	tests/misuse/free-before-init \
	tests/misuse/free-fence \
	tests/misuse/free-foreign \
	tests/misuse/free-inside \
	tests/misuse/free-local \
	tests/misuse/free-malloced \
	tests/misuse/free-moved \
	tests/misuse/free-never-allocated \
	tests/misuse/free-unaligned \
	tests/misuse/guard-below \
	tests/misuse/guard-below-loop \
	tests/misuse/guard-beyond \
	tests/misuse/guard-read \
	tests/misuse/realloc-freed \
	tests/misuse/realloc-inside \
	tests/misuse/write-after-free \
	tests/misuse/write-after-free-behind \
	tests/misuse/write-after-free-merge \
	tests/misuse/write-after-free-realloc

tests_misuse_double_free_SOURCES = tests/misuse/double-free.c tests/misuse/misuse.h
tests_misuse_double_free_LDFLAGS = $(test_ldflags)
tests_misuse_double_free_LDADD = libmem.la

tests_misuse_double_free_large_SOURCES = tests/misuse/double-free-large.c tests/misuse/misuse.h
tests_misuse_double_free_large_LDFLAGS = $(test_ldflags)
tests_misuse_double_free_large_LDADD = libmem.la

tests_misuse_double_free_merged_SOURCES = tests/misuse/double-free-merged.c tests/misuse/misuse.h
tests_misuse_double_free_merged_LDFLAGS = $(test_ldflags)
tests_misuse_double_free_merged_LDADD = libmem.la

tests_misuse_free_after_exit_SOURCES = tests/misuse/free-after-exit.c tests/misuse/misuse.h
tests_misuse_free_after_exit_LDFLAGS = $(test_ldflags)
tests_misuse_free_after_exit_LDADD = libmem.la

tests_misuse_free_after_reset_SOURCES = tests/misuse/free-after-reset.c tests/misuse/misuse.h
tests_misuse_free_after_reset_LDFLAGS = $(test_ldflags)
tests_misuse_free_after_reset_LDADD = libmem.la

tests_misuse_free_before_init_SOURCES = tests/misuse/free-before-init.c tests/misuse/misuse.h
tests_misuse_free_before_init_LDFLAGS = $(test_ldflags)
tests_misuse_free_before_init_LDADD = libmem.la

tests_misuse_free_fence_SOURCES = tests/misuse/free-fence.c tests/misuse/misuse.h
tests_misuse_free_fence_LDFLAGS = $(test_ldflags)
tests_misuse_free_fence_LDADD = libmem.la

tests_misuse_free_foreign_SOURCES = tests/misuse/free-foreign.c tests/misuse/misuse.h
tests_misuse_free_foreign_LDFLAGS = $(test_ldflags)
tests_misuse_free_foreign_LDADD = libmem.la

tests_misuse_free_inside_SOURCES = tests/misuse/free-inside.c tests/misuse/misuse.h
tests_misuse_free_inside_LDFLAGS = $(test_ldflags)
tests_misuse_free_inside_LDADD = libmem.la

tests_misuse_free_local_SOURCES = tests/misuse/free-local.c tests/misuse/misuse.h
tests_misuse_free_local_LDFLAGS = $(test_ldflags)
tests_misuse_free_local_LDADD = libmem.la

tests_misuse_free_malloced_SOURCES = tests/misuse/free-malloced.c tests/misuse/misuse.h
tests_misuse_free_malloced_LDFLAGS = $(test_ldflags)
tests_misuse_free_malloced_LDADD = libmem.la

tests_misuse_free_moved_SOURCES = tests/misuse/free-moved.c tests/misuse/misuse.h
tests_misuse_free_moved_LDFLAGS = $(test_ldflags)
tests_misuse_free_moved_LDADD = libmem.la

tests_misuse_free_never_allocated_SOURCES = tests/misuse/free-never-allocated.c tests/misuse/misuse.h
tests_misuse_free_never_allocated_LDFLAGS = $(test_ldflags)
tests_misuse_free_never_allocated_LDADD = libmem.la

tests_misuse_free_unaligned_SOURCES = tests/misuse/free-unaligned.c tests/misuse/misuse.h
tests_misuse_free_unaligned_LDFLAGS = $(test_ldflags)
tests_misuse_free_unaligned_LDADD = libmem.la

tests_misuse_guard_below_SOURCES = tests/misuse/guard-below.c tests/misuse/misuse.h
tests_misuse_guard_below_LDFLAGS = $(test_ldflags)
tests_misuse_guard_below_LDADD = libmem.la

tests_misuse_guard_below_loop_SOURCES = tests/misuse/guard-below-loop.c tests/misuse/misuse.h
tests_misuse_guard_below_loop_LDFLAGS = $(test_ldflags)
tests_misuse_guard_below_loop_LDADD = libmem.la

tests_misuse_guard_beyond_SOURCES = tests/misuse/guard-beyond.c tests/misuse/misuse.h
tests_misuse_guard_beyond_LDFLAGS = $(test_ldflags)
tests_misuse_guard_beyond_LDADD = libmem.la

tests_misuse_guard_read_SOURCES = tests/misuse/guard-read.c tests/misuse/misuse.h
tests_misuse_guard_read_LDFLAGS = $(test_ldflags)
tests_misuse_guard_read_LDADD = libmem.la

tests_misuse_realloc_freed_SOURCES = tests/misuse/realloc-freed.c tests/misuse/misuse.h
tests_misuse_realloc_freed_LDFLAGS = $(test_ldflags)
tests_misuse_realloc_freed_LDADD = libmem.la

tests_misuse_realloc_inside_SOURCES = tests/misuse/realloc-inside.c tests/misuse/misuse.h
tests_misuse_realloc_inside_LDFLAGS = $(test_ldflags)
tests_misuse_realloc_inside_LDADD = libmem.la

tests_misuse_write_after_free_SOURCES = tests/misuse/write-after-free.c tests/misuse/misuse.h
tests_misuse_write_after_free_LDFLAGS = $(test_ldflags)
tests_misuse_write_after_free_LDADD = libmem.la

tests_misuse_write_after_free_behind_SOURCES = tests/misuse/write-after-free-behind.c tests/misuse/misuse.h
tests_misuse_write_after_free_behind_LDFLAGS = $(test_ldflags)
tests_misuse_write_after_free_behind_LDADD = libmem.la

tests_misuse_write_after_free_merge_SOURCES = tests/misuse/write-after-free-merge.c tests/misuse/misuse.h
tests_misuse_write_after_free_merge_LDFLAGS = $(test_ldflags)
tests_misuse_write_after_free_merge_LDADD = libmem.la

tests_misuse_write_after_free_realloc_SOURCES = tests/misuse/write-after-free-realloc.c tests/misuse/misuse.h
tests_misuse_write_after_free_realloc_LDFLAGS = $(test_ldflags)
tests_misuse_write_after_free_realloc_LDADD = libmem.la

if BUILD_REPLAY
check_PROGRAMS += tests/names
tests_names_SOURCES = tests/names.c replay/symbols.c replay/symbols-file.c
tests_names_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(DW_CFLAGS)
tests_names_CFLAGS = $(AM_CFLAGS) -g
tests_names_LDFLAGS = $(AM_LDFLAGS) -Wl,--build-id
tests_names_LDADD = $(DW_LIBS)
TESTS += tests/memreplay-page.sh tests/names.sh tests/sizing.sh

check_PROGRAMS += tests/imported
tests_imported_SOURCES = tests/imported.c $(replay_import_sources)
tests_imported_CPPFLAGS = $(replay_cppflags)
tests_imported_LDADD = libtrace.la $(DW_LIBS) $(Z_LIBS) $(ZSTD_LIBS)
TESTS += tests/import.sh

# A fuzzer's entry, and a corpus in the place of the fuzzer.
check_PROGRAMS += tests/corpus-import
tests_corpus_import_SOURCES = tests/corpus.c tests/fuzz-import.c tests/random.h tests/sanitized.h \
	$(replay_import_only)
tests_corpus_import_CPPFLAGS = $(replay_cppflags)
tests_corpus_import_LDADD = libtrace.la $(Z_LIBS) $(ZSTD_LIBS)
TESTS += tests/corpus-import.sh

EXTRA_PROGRAMS += tests/fuzz-import
fuzz_programs = tests/fuzz-import tests/fuzz-trace
fuzz_cflags = $(AM_CFLAGS) -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
tests_fuzz_import_SOURCES = tests/fuzz-import.c $(replay_import_only) $(libtrace_la_SOURCES)
tests_fuzz_import_CPPFLAGS = $(replay_cppflags)
tests_fuzz_import_CFLAGS = $(fuzz_cflags)
tests_fuzz_import_LDADD = $(Z_LIBS) $(ZSTD_LIBS)
endif

TESTS += \
	tests/bootstrap-lock.sh \
	tests/languages.sh \
	tests/misuse.sh

# ------------------------------------------------------------------------------------------------
# Programs that know nothing of libmem, and the scripts that run them with libmem-malloc.so
# ------------------------------------------------------------------------------------------------

if BUILD_MALLOC

# Keeps compilers from leaving out calls of malloc().
malloc_test_cflags = $(AM_CFLAGS) -fno-builtin

check_PROGRAMS += \
	tests/malloc/ahead \
	tests/malloc/charged \
	tests/malloc/clock \
	tests/malloc/closes \
	tests/malloc/ends \
	tests/malloc/filtered \
	tests/malloc/forks \
	tests/malloc/full \
	tests/malloc/keys \
	tests/malloc/lifecycle \
	tests/malloc/mistake \
	tests/malloc/onfull \
	tests/malloc/needs \
	tests/malloc/recorded \
	tests/malloc/returns \
	tests/malloc/surface \
	tests/malloc/threads

tests_malloc_charged_SOURCES = tests/malloc/charged.c tests/malloc/expect.h
tests_malloc_charged_CFLAGS = $(malloc_test_cflags)

tests_malloc_ahead_SOURCES = tests/malloc/ahead.c tests/malloc/expect.h
tests_malloc_ahead_CFLAGS = $(malloc_test_cflags)

tests_malloc_clock_SOURCES = tests/malloc/clock.c tests/malloc/expect.h
tests_malloc_clock_CFLAGS = $(malloc_test_cflags)

tests_malloc_closes_SOURCES = tests/malloc/closes.c tests/malloc/expect.h
tests_malloc_closes_CFLAGS = $(malloc_test_cflags)

tests_malloc_ends_SOURCES = tests/malloc/ends.c tests/malloc/expect.h
tests_malloc_ends_CFLAGS = $(malloc_test_cflags)

tests_malloc_filtered_SOURCES = tests/malloc/filtered.c tests/malloc/expect.h
tests_malloc_filtered_LDFLAGS = -pthread

tests_malloc_forks_SOURCES = tests/malloc/forks.c tests/malloc/expect.h
tests_malloc_forks_CFLAGS = $(malloc_test_cflags)

tests_malloc_full_SOURCES = tests/malloc/full.c tests/malloc/expect.h
tests_malloc_full_CFLAGS = $(malloc_test_cflags)

tests_malloc_recorded_SOURCES = tests/malloc/recorded.c tests/malloc/expect.h
tests_malloc_recorded_CFLAGS = $(malloc_test_cflags)
tests_malloc_recorded_LDFLAGS = -pthread
tests_malloc_recorded_LDADD = $(DL_LIBS)

check_PROGRAMS += tests/trace-count tests/recorded-regions

tests_trace_count_SOURCES = tests/trace-count.c
tests_trace_count_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_trace_count_LDADD = libtrace.la

tests_recorded_regions_SOURCES = tests/recorded-regions.c
tests_recorded_regions_LDFLAGS = $(test_ldflags)
tests_recorded_regions_LDADD = libmem.la

tests_malloc_keys_SOURCES = tests/malloc/keys.c tests/malloc/expect.h
tests_malloc_keys_CFLAGS = $(malloc_test_cflags)

tests_malloc_lifecycle_SOURCES = tests/malloc/lifecycle.c tests/malloc/expect.h
tests_malloc_lifecycle_CFLAGS = $(malloc_test_cflags)
tests_malloc_lifecycle_LDADD = $(DL_LIBS)

tests_malloc_onfull_SOURCES = tests/malloc/onfull.c tests/malloc/expect.h
tests_malloc_onfull_CFLAGS = $(malloc_test_cflags)
tests_malloc_onfull_LDADD = $(DL_LIBS)

tests_malloc_mistake_SOURCES = tests/malloc/mistake.c tests/malloc/expect.h
tests_malloc_mistake_CFLAGS = $(malloc_test_cflags)

tests_malloc_needs_SOURCES = tests/malloc/needs.c tests/malloc/expect.h
tests_malloc_needs_CFLAGS = $(malloc_test_cflags)

tests_malloc_returns_SOURCES = tests/malloc/returns.c tests/malloc/expect.h
tests_malloc_returns_CFLAGS = $(malloc_test_cflags)

tests_malloc_surface_SOURCES = tests/malloc/surface.c tests/malloc/expect.h
tests_malloc_surface_CFLAGS = $(malloc_test_cflags)

tests_malloc_threads_SOURCES = tests/malloc/threads.c tests/malloc/expect.h
tests_malloc_threads_CFLAGS = $(malloc_test_cflags)

TESTS += \
	tests/memrun-obstacles.sh \
	tests/memrun.sh \
	tests/preload.sh \
	tests/record.sh \
	tests/programs.sh

endif

# The player has the library in it: it takes the place of libmem.la.
if BUILD_REPLAY

check_PROGRAMS += tests/inner-player
TESTS += \
	tests/memreplay.sh \
	tests/inner-player

check_PROGRAMS += tests/make-trace

check_PROGRAMS += tests/page-trace
TESTS += tests/page.sh

tests_page_trace_SOURCES = tests/page-trace.c
tests_page_trace_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_page_trace_LDADD = libtrace.la

tests_make_trace_SOURCES = tests/make-trace.c
tests_make_trace_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)
tests_make_trace_LDADD = libtrace.la

tests_inner_player_SOURCES = tests/inner-player.c
tests_inner_player_CPPFLAGS = $(inner_cppflags) -I$(top_srcdir)
tests_inner_player_LDFLAGS = $(test_ldflags)
tests_inner_player_LDADD = tests/libsupport.la libplayer.la $(CHECK_LIBS)

endif
endif

dist_check_SCRIPTS += \
	tests/bootstrap-lock.sh \
	tests/corpus-import.sh \
	tests/html.sh \
	tests/import.sh \
	tests/languages.sh \
	tests/malloc.sh \
	tests/memreplay-page.sh \
	tests/memreplay.sh \
	tests/memrun-obstacles.sh \
	tests/memrun.sh \
	tests/misuse.sh \
	tests/model-races.sh \
	tests/names.sh \
	tests/page.sh \
	tests/preload.sh \
	tests/record.sh \
	tests/programs.sh \
	tests/sizing.sh

EXTRA_DIST += \
	tests/README.md \
	tests/corpus/import \
	tests/corpus/imported \
	tests/corpus/trace \
	tests/malloc/audit.c \
	tests/malloc/forms.cc \
	tests/malloc/interposer.c \
	tests/malloc/plugin.c \
	tests/malloc/replaced.cc \
	tests/models/free.pml \
	tests/html-browser.py \
	tests/html-links.py \
	tests/page-dump.json \
	tests/page.py \
	tests/models/hide.pml \
	tests/models/memory.pml \
	tests/run-installed \
	tests/test-cxx.cc \
	tests/test-hpp.cc
