// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "demangle.h"

#ifdef MMT_HAVE_IBERTY
#include <libiberty/demangle.h>

char *demangle(const char *name)
{
	char *s;

	if (name[0] != '_' || (name[1] != 'Z' && name[1] != 'R' && name[1] != '_'))
		return NULL;
	/* names of Rust's older scheme are C++ names too: it must be asked first */
	s = rust_demangle(name, DMGL_NO_OPTS);
	return s ? s : cplus_demangle_v3(name, DMGL_NO_OPTS);
}

bool demangle_works(void)
{
	return true;
}
#else
char *demangle(const char *name)
{
	(void)name;
	return NULL;
}

bool demangle_works(void)
{
	return false;
}
#endif
