/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of report --numa that is about pages allocated and moved. */
#ifndef MMT_REPORT_PAGES_H
#define MMT_REPORT_PAGES_H

#include "../report_int.h"

#define REPORT_PAGES_TABLES 4
/* By task or whatever --by says, by node, migrations of pages by reason, of tasks by nodes. Freed by the caller, also after an error. */
int report_pages_tables(const struct report *r, struct table *t[REPORT_PAGES_TABLES]);
/* Lines for the head: the machine's, and what is not available and why. */
void report_pages_text(const struct report *r, FILE *f);
void report_pages_json(const struct report *r, struct json *j);

#endif
