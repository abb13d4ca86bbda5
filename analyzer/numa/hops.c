// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "hops.h"
#include "numa.h"
#include "pages.h"

enum { C_SEGMENT, C_EPOCH, C_FROM, C_TO, C_COUNT, C_CGROUP };
const char *const numa_hops_cols[NUMA_HOPS_COLS] = { "segment", "epoch", "from", "to", "count", "cgroup" };

static struct numa_hop *hop_of(struct numa_hops *h, const struct numa_hop *k)
{
	uint32_t first = u64map_get(&h->by_epoch, k->epoch), i;
	struct numa_hop *x;

	for (i = first; i != U64MAP_NONE; i = h->v[i].next)
		if (h->v[i].from == k->from && h->v[i].to == k->to && h->v[i].cgroup == k->cgroup)
			return &h->v[i];
	x = array_more(&h->v, &h->n, &h->cap, sizeof(*x));
	if (!x || u64map_put(&h->by_epoch, k->epoch, (uint32_t)(x - h->v)))
		return NULL;
	*x = *k;
	x->next = first;
	return x;
}

int numa_hops_row(struct model *m, const struct row *r)
{
	uint64_t from = row_u64(r, C_FROM), to = row_u64(r, C_TO);
	const struct numa_hop k = {
		.epoch = row_u64(r, C_EPOCH), .cgroup = row_u64(r, C_CGROUP), .from = (uint32_t)from, .to = (uint32_t)to,
	};
	struct numa_hop *h;

	if (!m->numa_hops)
		m->numa_hops = calloc(1, sizeof(*m->numa_hops));
	if (!m->numa_hops)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)) || from >= NUMA_NO_NODE || to >= NUMA_NO_NODE)
		return 0;
	h = hop_of(m->numa_hops, &k);
	if (!h)
		return -ENOMEM;
	h->count += row_u64(r, C_COUNT);
	return 0;
}

void numa_hops_forget(struct numa_hops *h)
{
	if (!h)
		return;
	u64map_free(&h->by_epoch);
	memset(&h->by_epoch, 0, sizeof(h->by_epoch));
	h->n = 0;
}

void numa_hops_free(struct numa_hops *h)
{
	if (!h)
		return;
	numa_hops_forget(h);
	free(h->v);
	free(h);
}

void numa_far_add(const struct model *m, const struct numa_hop *h, struct numa_far *f)
{
	double d = numa_distance(m, h->from, h->to);

	f->count += h->count;
	if (isnan(d))
		return;
	f->known += (double)h->count;
	f->sum += d * (double)h->count;
}

double numa_far_mean(const struct numa_far *f)
{
	return f->known > 0 ? f->sum / f->known : (double)NAN;
}

struct numa_far numa_hops_sum(const struct model *m)
{
	const struct numa_hops *h = m->numa_hops;
	struct numa_far f = { 0 };
	size_t i;

	for (i = 0; h && i < h->n; i++)
		if (!model_hides(m, h->v[i].epoch ? model_task(m, h->v[i].epoch) : NULL, false))
			numa_far_add(m, &h->v[i], &f);
	return f;
}
