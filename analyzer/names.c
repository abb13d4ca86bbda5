// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "names.h"

int names_init(struct names *n, const struct model *m)
{
	uint32_t i;

	*n = (struct names){ .m = m };
	n->next = malloc((m->n_tasks + 1) * sizeof(*n->next));
	if (!n->next)
		return -ENOMEM;
	for (i = 0; i < m->n_tasks; i++) {
		n->next[i] = u64map_get(&n->by_tid, m->tasks[i].tid);
		if (m->tasks[i].known && u64map_put(&n->by_tid, m->tasks[i].tid, i)) {
			names_free(n);
			return -ENOMEM;
		}
	}
	return 0;
}

void names_free(struct names *n)
{
	free(n->next);
	u64map_free(&n->by_tid);
	n->next = NULL;
}

const struct model_task *names_between(const struct names *n, uint32_t tid, uint64_t from, uint64_t to)
{
	const struct model_task *best = NULL, *any = NULL, *t;
	uint32_t i;

	for (i = u64map_get(&n->by_tid, tid); i != U64MAP_NONE; i = n->next[i]) {
		t = &n->m->tasks[i];
		any = !any || t->first < any->first ? t : any;
		if (t->first <= to && (!t->last || t->last >= from) && (!best || t->first > best->first))
			best = t;
	}
	return best ? best : any;
}

const struct model_task *names_at(const struct names *n, uint32_t tid, uint64_t t)
{
	return tid ? names_between(n, tid, t, t) : NULL;
}
