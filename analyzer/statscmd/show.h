/* SPDX-License-Identifier: GPL-2.0-only */
/* A result as JSON or as a table of its fields. */
#ifndef MMT_STATSCMD_SHOW_H
#define MMT_STATSCMD_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "../table.h"

void show_json(const json_t *result, bool pretty, FILE *f);
int show_table(const char *id, const char *title, const json_t *result, const struct table_out *o, FILE *f);

#endif
