// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cells.h"
#include "numa_hops.h"

void mmt_numa_hops__homes(struct mmt_numa_hops *h, const struct mmt_topology *topo)
{
	bool has[MMT_NU_NODES] = { false };
	unsigned int i;

	for (i = 0; i < topo->n_cpus; i++)
		has[topo->cpu[i].node & (MMT_NU_NODES - 1)] = true;
	for (i = 0; i < MMT_NU_NODES; i++) {
		h->of[i] = has[i] ? (uint8_t)h->n : MMT_NU_NONE;
		if (has[i])
			h->node[h->n++] = (uint8_t)i;
	}
	if (h->n > MMT_NUMA_HOMES)
		h->n = 0;
	while (1U << h->bits < h->n)
		h->bits++;
}

uint64_t mmt_numa_hops__entries(const struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx)
{
	return (uint64_t)ctx->probe->cfg.n_slots << 2 * h->bits;
}

int mmt_numa_hops__map(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx)
{
	size_t n = mmt_numa_hops__entries(h, ctx);

	h->cut = calloc(n, sizeof(*h->cut));
	h->done = calloc(n, sizeof(*h->done));
	return h->cut && h->done ? mmt_family__mmap(ctx, "numa_hops", (void **)&h->map, &h->len) : -ENOMEM;
}

static size_t first_of(const struct mmt_numa_hops *h, uint32_t slot)
{
	return (size_t)slot << 2 * h->bits;
}

/* all: also where the sum is what it was; a weakly ordered machine may show it before what it is the sum of. */
static void read_slot(const struct mmt_numa_hops *h, uint32_t slot, uint64_t *to, bool all)
{
	const uint64_t *from = h->map + first_of(h, slot);
	size_t i, n = (size_t)1 << 2 * h->bits;

	to += first_of(h, slot);
	if (!all && __atomic_load_n(&from[0], __ATOMIC_ACQUIRE) == to[0])
		return;
	for (i = 0; i < n; i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_ACQUIRE);
}

void mmt_numa_hops__begin(struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx)
{
	uint32_t i;

	for (i = 0; i <= ctx->probe->slots_given && i < ctx->probe->cfg.n_slots; i++) {
		read_slot(h, i, h->cut, false);
		memcpy(h->done + first_of(h, i), h->cut + first_of(h, i), sizeof(*h->done) << 2 * h->bits);
	}
}

void mmt_numa_hops__cut(struct mmt_numa_hops *h, const struct mmt_family_ctx *ctx, bool all)
{
	const struct mmt_tasks *t = ctx->tasks;
	size_t i;

	for (i = 0; i < t->n_live; i++)
		read_slot(h, t->live[i]->slot, h->cut, all);
	read_slot(h, 0, h->cut, all);
	h->is_cut = true;
}

/* Rows of the nodes between which the task went, until the cut. */
static int rows(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, uint32_t slot, const struct mmt_epoch *e, uint64_t now)
{
	bool wanted = mmt_family__wants(ctx, slot, e);
	uint64_t *done = h->done + first_of(h, slot), *cut = h->cut + first_of(h, slot);
	unsigned int i, n = 1U << 2 * h->bits, mask = (1U << h->bits) - 1;
	int err = 0;

	if (!memcmp(done, cut, n * sizeof(*done)))
		return 0;
	for (i = 1; i < n && wanted && !err; i++) {
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(ctx->segment), cell_u(e ? e->id : 0), cell_u(h->node[i >> h->bits]), cell_u(h->node[i & mask]),
			cell_u(cut[i] - done[i]), cell_u(e ? e->cgroup : 0),
		};

		if (cut[i] != done[i])
			err = ROW(ctx->w, MMT_TB_NODE_MIGRATION, c);
	}
	memcpy(done, cut, n * sizeof(*done));
	return err;
}

int mmt_numa_hops__flush(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, uint64_t now)
{
	const struct mmt_tasks *t = ctx->tasks;
	size_t i;
	int err;

	if (!h->is_cut)
		mmt_numa_hops__cut(h, ctx, false);
	h->is_cut = false;
	err = rows(h, ctx, 0, NULL, now);
	for (i = 0; i < t->n_live && !err; i++)
		err = rows(h, ctx, t->live[i]->slot, t->live[i], now);
	return err;
}

int mmt_numa_hops__task(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	read_slot(h, e->slot, h->cut, true);
	return rows(h, ctx, e->slot, e, now);
}

int mmt_numa_hops__end(struct mmt_numa_hops *h, struct mmt_family_ctx *ctx, const struct mmt_epoch *e, bool write, uint64_t now)
{
	size_t at = first_of(h, e->slot), size = sizeof(*h->map) << 2 * h->bits;
	int err;

	err = write ? mmt_numa_hops__task(h, ctx, e, now) : 0;
	memset(h->map + at, 0, size);
	memset(h->cut + at, 0, size);
	memset(h->done + at, 0, size);
	return err;
}

void mmt_numa_hops__close(struct mmt_numa_hops *h)
{
	if (h->map)
		munmap(h->map, h->len);
	free(h->cut);
	free(h->done);
}
