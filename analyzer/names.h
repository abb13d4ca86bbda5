/* SPDX-License-Identifier: GPL-2.0-only */
/* Which task had a number at a time. */
#ifndef MMT_NAMES_H
#define MMT_NAMES_H

#include "model.h"

struct names {
	const struct model *m;
	struct u64map by_tid;
	uint32_t *next;
};

int names_init(struct names *n, const struct model *m);
void names_free(struct names *n);
/* The task with tid that lived at t; NULL when the table has none. tid 0 is the idle task: NULL. */
const struct model_task *names_at(const struct names *n, uint32_t tid, uint64_t t);
/* As the one that lived between from and to: the youngest that began before the end. */
const struct model_task *names_between(const struct names *n, uint32_t tid, uint64_t from, uint64_t to);

#endif
