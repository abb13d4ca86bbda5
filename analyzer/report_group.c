// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "report_int.h"

static uint64_t key_of(const struct report *r, const struct model_group *g)
{
	const struct model_task *t = g->task;

	switch (r->o->by) {
	case REPORT_PROCESS: /* a task that the table does not know is its own process */
		return t->known ? r->m->tasks[t->leader].epoch : t->epoch;
	case REPORT_COMM:
		return model_name_hash(t->comm);
	case REPORT_CGROUP:
		return t->cgroup;
	case REPORT_TASK:
		return g->id;
	default:
		return 0;
	}
}

static int cmp_group(const void *a, const void *b)
{
	const struct model_group *x = a, *y = b;

	if (x->v[MT_RUN_NS] != y->v[MT_RUN_NS])
		return x->v[MT_RUN_NS] < y->v[MT_RUN_NS] ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

int report_regroup(struct report *r, const struct model_group *tasks, size_t n)
{
	struct u64map map = { 0 };
	size_t i;
	int k, err = -ENOMEM;

	r->g = calloc(n + 1, sizeof(*r->g));
	if (!r->g)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		const struct model_task *t = tasks[i].task;
		struct model_group *g;
		uint64_t key;
		uint32_t at;

		if (model_hides(r->m, t, r->o->collector))
			continue;
		key = key_of(r, &tasks[i]);
		at = u64map_get(&map, key);
		if (at == U64MAP_NONE) {
			at = (uint32_t)r->n++;
			if (u64map_put(&map, key, at))
				goto out;
			r->g[at].id = key;
			r->g[at].task = t;
		}
		g = &r->g[at];
		if (t->tid == t->tgid && g->task->tid != g->task->tgid)
			g->task = t;
		g->n_tasks++;
		for (k = 0; k < MT_N; k++)
			g->v[k] += tasks[i].v[k];
		if (rhist_merge(&g->wait, &tasks[i].wait) || rhist_merge(&g->off, &tasks[i].off))
			goto out;
	}
	qsort(r->g, r->n, sizeof(*r->g), cmp_group);
	err = 0;
out:
	u64map_free(&map);
	return err;
}
