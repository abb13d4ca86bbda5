/* SPDX-License-Identifier: GPL-2.0-only */
/* Which way is better, by a metric's unit; documented in mmt-trace.conf(5). */
#ifndef MMT_UNIT_H
#define MMT_UNIT_H

/* "lower", "higher", or NULL when the unit does not say: then the config must. */
const char *unit_better(const char *unit);

#endif
