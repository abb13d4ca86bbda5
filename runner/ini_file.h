/* SPDX-License-Identifier: GPL-2.0-only */
/* INI files, key by key, with the line that every message names. */
#ifndef MMT_INI_FILE_H
#define MMT_INI_FILE_H

#include "conf.h"

/* `more` continues the value of the line before. 0, or an error with the reason in *why, without file and line. */
typedef int (*ini_set_fn)(void *ctx, const char *section, const char *key, const char *value, int line, bool more,
			  struct conf_err *why);

/* name is for messages; what it says in err is whole. */
int ini_file_read(FILE *f, const char *name, ini_set_fn set, void *ctx, struct conf_err *err);

#endif
