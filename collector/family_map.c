// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map family: where the code of each process came from, so that addresses in other
 * families' tables have names later. It has no programs in the kernel: processes are
 * known from the records of tasks, their mappings are read from /proc while they live.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "family.h"
#include "maps.h"

#define PF_KTHREAD 0x00200000u
#define PASS_NS 2000000ULL  /* of a pass over the rings, for reading maps */
#define MARK_NS 20000000ULL /* at a mark */
#define DUE_NS 50000000ULL

struct map {
	struct mmt_maps *maps;
	uint64_t n_epochs, n_execs; /* of tasks, as last looked at */
	uint64_t exec_seen;         /* time of the last exec that was taken up */
	uint64_t missed;            /* processes that came and went between two looks */
	uint64_t due_at;            /* when those that are due are looked for again */
};

static int map_open(struct mmt_family_ctx *ctx)
{
	ctx->priv = calloc(1, sizeof(struct map));
	return ctx->priv ? 0 : -ENOMEM;
}

static int map_attach(struct mmt_family_ctx *ctx)
{
	struct map *m = ctx->priv;

	return mmt_maps__open(ctx->w, ctx->log, &m->maps);
}

const struct mmt_maps *mmt_family_map__maps(const struct mmt_family_ctx *ctx)
{
	const struct map *m = ctx->priv;

	return m->maps;
}

static void map_detach(struct mmt_family_ctx *ctx)
{
	(void)ctx;
}

static bool wanted(const struct mmt_family_ctx *ctx, const struct mmt_epoch *e)
{
	if (e->flags & PF_KTHREAD || e->tid != e->tgid || e->tgid == (uint32_t)getpid())
		return false;
	return !ctx->probe->cfg.filter || ctx->probe->slots[e->slot].flags & MMT_SF_WANT;
}

/* Processes that are new, or became another program; all: every one. */
static int look(struct mmt_family_ctx *ctx, bool all)
{
	const struct mmt_tasks *t = ctx->tasks;
	struct map *m = ctx->priv;
	uint64_t exec_seen = m->exec_seen;
	size_t i;
	int err = 0;

	if (!all && t->n_epochs == m->n_epochs && t->n_execs == m->n_execs)
		return 0;
	for (i = 0; i < t->n_live && !err; i++) {
		const struct mmt_epoch *e = t->live[i];
		bool exec = e->exec > m->exec_seen;

		if (!wanted(ctx, e))
			continue;
		if (exec)
			err = mmt_maps__exec(m->maps, e->id, e->exec);
		if (!err && (all || exec || e->id > m->n_epochs))
			err = mmt_maps__want(m->maps, e->id, e->tgid, e->start);
		if (e->exec > exec_seen)
			exec_seen = e->exec;
	}
	m->exec_seen = exec_seen;
	m->n_epochs = t->n_epochs;
	m->n_execs = t->n_execs;
	return err;
}

static int read_some(struct mmt_family_ctx *ctx, uint64_t budget)
{
	struct map *m = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);
	int err = 0;

	if (now >= m->due_at) {
		err = mmt_maps__want_due(m->maps, now);
		m->due_at = now + DUE_NS;
	}
	err = err ? err : mmt_maps__pass(m->maps, now, budget);
	return err < 0 ? err : 0;
}

static int map_pass(struct mmt_family_ctx *ctx)
{
	int err = look(ctx, false);

	return err ? err : read_some(ctx, PASS_NS);
}

static int map_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	int err;

	(void)now;
	(void)full;
	if (!ctx->mark)
		return 0;
	err = look(ctx, true);
	return err ? err : read_some(ctx, MARK_NS);
}

static int map_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct map *m = ctx->priv;

	m->missed += e->id > m->n_epochs && wanted(ctx, e);
	return m->maps ? mmt_maps__exit(m->maps, e->id, now) : 0;
}

static void map_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct map *m = ctx->priv;
	struct mmt_maps_stats st = { 0 };

	if (m->maps)
		mmt_maps__stats(m->maps, &st);
	st.gone += m->missed;
	if (st.gone && st.cut)
		snprintf(buf, size, "map: %" PRIu64 " processes ended before their mappings could be read, %" PRIu64
			 " had more than are kept: their addresses have no names", st.gone, st.cut);
	else if (st.gone)
		snprintf(buf, size, "map: %" PRIu64 " processes ended before their mappings could be read: their addresses have no names",
			 st.gone);
	else if (st.cut)
		snprintf(buf, size, "map: %" PRIu64 " times a process had more mappings than are kept: some addresses have no names",
			 st.cut);
}

static void map_close(struct mmt_family_ctx *ctx)
{
	struct map *m = ctx->priv;

	if (m)
		mmt_maps__close(m->maps);
	free(m);
}

static const struct mmt_family_ops map_ops = {
	.open = map_open,
	.attach = map_attach,
	.pass = map_pass,
	.flush = map_flush,
	.task_end = map_task_end,
	.note = map_note,
	.detach = map_detach,
	.close = map_close,
};

const struct mmt_family mmt_family_map = {
	.name = "map",
	.summary = "executable mappings of processes, by which addresses get names",
	.ops = &map_ops,
};
