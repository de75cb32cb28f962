# SPDX-License-Identifier: MIT

# MEM_LINK_FLAG(VARIABLE, FLAG)
# -----------------------------
# Appends FLAG to VARIABLE if a shared library can be linked with it. The user's CFLAGS and LDFLAGS
# take part in the test, and stay unchanged.
AC_DEFUN([MEM_LINK_FLAG],
[AS_VAR_PUSHDEF([mem_cache], [mem_cv_link_$2])dnl
AC_CACHE_CHECK([whether a shared library can be linked with $2], [mem_cache],
  [mem_saved_CFLAGS=$CFLAGS
  mem_saved_LDFLAGS=$LDFLAGS
  CFLAGS="$CFLAGS -fPIC"
  LDFLAGS="$LDFLAGS -shared $2"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[int Mem_Probe(void); int Mem_Probe(void) { return 0; }]])],
    [AS_VAR_SET([mem_cache], [yes])],
    [AS_VAR_SET([mem_cache], [no])])
  CFLAGS=$mem_saved_CFLAGS
  LDFLAGS=$mem_saved_LDFLAGS])
AS_VAR_IF([mem_cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
AS_VAR_POPDEF([mem_cache])dnl
])

# MEM_VERSION_SCRIPT([IF-YES], [IF-NO])
# -------------------------------------
# Tests whether the linker supports version scripts, by linking with one.
AC_DEFUN([MEM_VERSION_SCRIPT],
[AC_CACHE_CHECK([whether the linker supports version scripts], [mem_cv_version_script],
  [mem_saved_CFLAGS=$CFLAGS
  mem_saved_LDFLAGS=$LDFLAGS
  AS_ECHO(["MEM_PROBE { global: Mem_Probe; local: *; };"]) >conftest.map
  CFLAGS="$CFLAGS -fPIC"
  LDFLAGS="$LDFLAGS -shared -Wl,--version-script=conftest.map"
  AC_LINK_IFELSE([AC_LANG_SOURCE([[int Mem_Probe(void); int Mem_Probe(void) { return 0; }]])],
    [mem_cv_version_script=yes],
    [mem_cv_version_script=no])
  CFLAGS=$mem_saved_CFLAGS
  LDFLAGS=$mem_saved_LDFLAGS
  rm -f conftest.map])
AS_IF([test "$mem_cv_version_script" = yes], [$1], [$2])
])

# MEM_NEW_SIZE(VARIABLE)
# ----------------------
# Sets VARIABLE to the letter of size_t in the Itanium C++ ABI, or to no.
AC_DEFUN([MEM_NEW_SIZE],
[AC_CACHE_CHECK([for the letter of size_t in names of C++], [mem_cv_new_size],
  [mem_cv_new_size=no
  for mem_type in "j unsigned" "m unsigned long" "y unsigned long long"; do
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[#include <stddef.h>]],
      [[_Static_assert(_Generic((size_t)0, ${mem_type#* }: 1, default: 0), "another type");]])],
      [mem_cv_new_size=${mem_type%% *}; break])
  done])
$1=$mem_cv_new_size
])

# MEM_GLIBC([IF-YES], [IF-NO])
# ----------------------------
# Tests whether the C library has the functions that libmem-malloc.so replaces and uses.
AC_DEFUN([MEM_GLIBC],
[AC_CACHE_CHECK([for mallinfo2 and strerrordesc_np], [mem_cv_glibc],
  [AC_LINK_IFELSE([AC_LANG_PROGRAM([[#define _GNU_SOURCE 1
#include <malloc.h>
#include <string.h>]], [[return mallinfo2().arena != 0 && strerrordesc_np(1) != NULL;]])],
    [mem_cv_glibc=yes], [mem_cv_glibc=no])])
AS_IF([test "$mem_cv_glibc" = yes], [$1], [$2])
])
