/* SPDX-License-Identifier: GPL-2.0-only */
/* Names as their authors wrote them. */
#ifndef MMT_DEMANGLE_H
#define MMT_DEMANGLE_H

#include <stdbool.h>

/* Of a C++ or Rust name, without parameters; free() it. NULL: it is not mangled, or there is no way to tell. */
char *demangle(const char *name);
/* Built with a demangler (libiberty)? */
bool demangle_works(void);

#endif
