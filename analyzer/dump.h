/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything a trace holds, by the trace's own schema: rows and events of types that this
 * program has never heard of too.
 */
#ifndef MMT_DUMP_H
#define MMT_DUMP_H

#include <stdio.h>

#include "../libmmtrace/mmtrace.h"
#include "json.h"
#include "table.h"

/* One value as text; for JSON as its own kind of value. */
void dump_value(FILE *f, const struct mmt_field *field, const struct mmt_cell *c);
void dump_value_json(struct json *j, const struct mmt_field *field, const struct mmt_cell *c);
/* For CSV: quoted where needed. */
void dump_value_csv(FILE *f, const struct mmt_field *field, const struct mmt_cell *c, const char *sep);

/* Lines "type field=value ..." in the order of the file; type NULL: all. -ESRCH: no such type in the file. */
int dump_raw(const char *path, const char *type, FILE *f);
/* A table of the trace, all its columns; -ESRCH: no such table. */
int dump_table(const char *path, const char *table, const struct table_out *o, FILE *f);

#endif
