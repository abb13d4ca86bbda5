/* SPDX-License-Identifier: GPL-2.0-only */
/* How the runs were arranged, and the units that follow from it. For decide.c alone. */
#ifndef MMT_COMPARE_DESIGN_H
#define MMT_COMPARE_DESIGN_H

#include "decide.h"

struct cmp_place { /* of an iteration */
	uint32_t arm, iter;
	uint32_t rank;  /* in its arm's run order */
	uint32_t block; /* UINT32_MAX: in no complete one */
	uint32_t boot;  /* index of its boot id; UINT32_MAX: not known */
	double start;
};

struct cmp_map {
	struct cmp_place *place; /* iterations of arm k begin at first[k] */
	size_t *first;
	size_t n;
};

int cmp_design_make(const struct cmp *c, const struct cmp_opts *o, struct cmp_design *d, struct cmp_map *map);
void cmp_map_free(struct cmp_map *map);
/* All units of all rows, and what is missing; c->value is sorted by metric, arm and run order. */
int cmp_units_make(const struct cmp *c, const struct cmp_map *map, struct cmp_result *r);

#endif
