/* SPDX-License-Identifier: GPL-2.0-only */
/* The part of report --numa that the PMU tells. */
#ifndef MMT_REPORT_COUNTERS_H
#define MMT_REPORT_COUNTERS_H

#include "../report_int.h"

/* Were node events asked for? */
bool report_pmu_asked(const struct model *m);
void report_pmu_text(const struct report *r, FILE *f);
void report_pmu_json(const struct report *r, struct json *j);
/* Node events by node; NULL: no memory. */
struct table *report_pmu_table(const struct report *r);

#endif
