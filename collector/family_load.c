// SPDX-License-Identifier: GPL-2.0-only
/*
 * The load family: tasks per CPU, runnable or running, sampled beside the passes over the
 * rings. Nothing of it runs at any event.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "cpulist.h"
#include "family.h"
#include "load.h"

#define EVERY_NS 10000000ULL /* between samples, at least */
#define SHARE 400            /* and of the time: one in so many ns */

struct sum {
	uint64_t samples, running, max, busy;
};

struct family_load {
	struct mmt_load *load;
	struct sum *cpus; /* since the last rows */
	uint64_t next;
	int err;          /* first that a reading had */
};

static int load_open(struct mmt_family_ctx *ctx)
{
	struct family_load *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	ctx->priv = f;
	f->cpus = calloc(ctx->topo->n_cpus, sizeof(*f->cpus));
	if (!f->cpus)
		return -ENOMEM;
	err = mmt_load__open(ctx->topo->n_cpus, &f->load, ctx->why, sizeof(ctx->why));
	ctx->map_bytes = f->load ? mmt_load__map_bytes(f->load) : 0;
	return err;
}

static int load_attach(struct mmt_family_ctx *ctx)
{
	(void)ctx; /* its programs run when asked */
	return 0;
}

static void load_detach(struct mmt_family_ctx *ctx)
{
	(void)ctx;
}

static void sample(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct family_load *f = ctx->priv;
	const uint64_t *tasks;
	uint64_t took, most = SHARE * EVERY_NS;
	unsigned int i;
	int err = mmt_load__read(f->load, &tasks);

	took = mmt_probe__now(ctx->probe) - now;
	f->next = now + (took * SHARE > EVERY_NS ? took * SHARE < most ? took * SHARE : most : EVERY_NS);
	if (err) {
		f->err = f->err ? f->err : err;
		return;
	}
	for (i = 0; i < ctx->topo->n_cpus; i++) {
		struct sum *s = &f->cpus[i];

		if (tasks[i] == MMT_LOAD_UNKNOWN)
			continue;
		s->samples++;
		s->running += tasks[i];
		s->busy += tasks[i] > 0;
		if (tasks[i] > s->max)
			s->max = tasks[i];
	}
}

static int load_pass(struct mmt_family_ctx *ctx)
{
	const struct family_load *f = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);

	if (now >= f->next)
		sample(ctx, now);
	return 0;
}

static int load_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct family_load *f = ctx->priv;
	struct mmt_cpuset online;
	unsigned int i;
	int err = 0;

	if (!full)
		return 0;
	if (!f->cpus[0].samples) /* a segment shorter than the time between samples */
		sample(ctx, mmt_probe__now(ctx->probe));
	/* those that are offline have no row: what their run queues hold is not theirs to run */
	if (mmt_cpulist__read("/sys/devices/system/cpu/online", &online))
		memset(&online, 0xff, sizeof(online));
	for (i = 0; i < ctx->topo->n_cpus && !err; i++) {
		struct sum *s = &f->cpus[i];
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(ctx->segment), cell_u(i), cell_u(s->samples), cell_u(s->running), cell_u(s->max),
			cell_u(s->busy),
		};

		if (mmt_cpuset__has(&online, i) && s->samples)
			err = ROW(ctx->w, MMT_TB_CPU_LOAD, c);
		memset(s, 0, sizeof(*s));
	}
	return err;
}

static void load_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct family_load *f = ctx->priv;

	if (f->err)
		snprintf(buf, size, "load: the run queues could not be read at times: %s", strerror(-f->err));
}

static void load_close(struct mmt_family_ctx *ctx)
{
	struct family_load *f = ctx->priv;

	if (!f)
		return;
	mmt_load__close(f->load);
	free(f->cpus);
	free(f);
}

static const struct mmt_family_ops load_ops = {
	.open = load_open,
	.attach = load_attach,
	.detach = load_detach,
	.pass = load_pass,
	.flush = load_flush,
	.note = load_note,
	.close = load_close,
};

const struct mmt_family mmt_family_load = {
	.name = "load",
	.summary = "tasks per CPU, runnable or running, for the load of nodes",
	.ops = &load_ops,
};
