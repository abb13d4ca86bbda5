// SPDX-License-Identifier: GPL-2.0-only
/*
 * The map family: where the code of each process came from, so that addresses in other
 * families' tables have names later. Processes are known from the records of tasks. What code
 * they map the kernel tells (perf's records of mappings); what they had before, and where perf
 * is refused, is read from /proc while they live.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "cells.h"
#include "family.h"
#include "maps.h"
#include "maps_perf.h"

#define PF_KTHREAD 0x00200000u
#define PASS_NS 2000000ULL  /* of a pass over the rings, for reading maps */
#define MARK_NS 20000000ULL /* at a mark */
#define DUE_NS 50000000ULL

struct map {
	struct mmt_maps *maps;
	struct mmt_maps_perf *perf; /* NULL: refused */
	uint64_t n_epochs, n_execs; /* of tasks, as last looked at */
	uint64_t exec_seen;         /* time of the last exec that was taken up */
	uint64_t missed;            /* processes that came and went between two looks */
	uint64_t lost;              /* the kernel's records */
	uint64_t due_at;            /* when those that are due are looked for again */
	int err;                    /* of what was done on demand */
};

static int map_open(struct mmt_family_ctx *ctx)
{
	ctx->priv = calloc(1, sizeof(struct map));
	return ctx->priv ? 0 : -ENOMEM;
}

static void on_demand(void *ctx, uint64_t epoch);

static int map_attach(struct mmt_family_ctx *ctx)
{
	const char *how = "/proc";
	struct map *m = ctx->priv;
	int err = mmt_maps__open(ctx->w, ctx->log, &m->maps), ret;

	if (err)
		return err;
	mmt_maps__on_demand(m->maps, on_demand, ctx);
	ret = mmt_maps_perf__open(&m->perf);
	if (ret) {
		log_warn(ctx->log, "map: the kernel does not tell of mappings (perf: %s): /proc is read, which misses what lives a moment",
			 strerror(-ret));
	} else {
		how = mmt_maps_perf__build_ids(m->perf) ? "perf, with build-ids" : "perf";
		mmt_maps__captured(m->maps);
		ctx->map_bytes += mmt_maps_perf__bytes(m->perf);
	}
	{
		const struct mmt_cell c[] = { cell_s("map.source"), cell_s(how) };

		return ROW(ctx->w, MMT_TB_META, c);
	}
}

const struct mmt_maps *mmt_family_map__maps(const struct mmt_family_ctx *ctx)
{
	const struct map *m = ctx->priv;

	return m->maps;
}

static void map_detach(struct mmt_family_ctx *ctx)
{
	struct map *m = ctx->priv;

	mmt_maps_perf__close(m->perf);
	m->perf = NULL;
}

static bool wanted(const struct mmt_family_ctx *ctx, const struct mmt_epoch *e)
{
	if (e->flags & PF_KTHREAD || e->tgid == (uint32_t)getpid())
		return false;
	return !ctx->probe->cfg.filter || ctx->probe->slots[e->slot].flags & MMT_SF_WANT;
}

/* Processes that are new, or became another program, or have another leader; all: every one. */
static int know(struct mmt_family_ctx *ctx, bool all)
{
	const struct mmt_tasks *t = ctx->tasks;
	struct map *m = ctx->priv;
	size_t i;
	int err = 0;

	for (i = 0; i < t->n_live && !err; i++) {
		const struct mmt_epoch *e = t->live[i];
		bool want = e->tid == e->tgid && wanted(ctx, e);

		if (e->tid != e->tgid || !(all || e->exec > m->exec_seen || e->id > m->n_epochs))
			continue;
		if (want && all)
			err = mmt_maps__want(m->maps, e->id, e->tgid, e->start);
		else if (want || m->perf) /* the kernel's records do not wait for those that are left out */
			err = mmt_maps__know(m->maps, e->id, e->tgid, e->start, !want);
	}
	return err;
}

static int executed(struct mmt_family_ctx *ctx)
{
	const struct mmt_tasks *t = ctx->tasks;
	struct map *m = ctx->priv;
	uint64_t exec_seen = m->exec_seen;
	size_t i;
	int err = 0;

	for (i = 0; i < t->n_live && !err; i++) {
		const struct mmt_epoch *e = t->live[i];

		if (e->exec <= m->exec_seen || e->tid != e->tgid || !wanted(ctx, e))
			continue;
		err = mmt_maps__exec(m->maps, e->id, e->exec);
		if (e->exec > exec_seen)
			exec_seen = e->exec;
	}
	m->exec_seen = exec_seen;
	return err;
}

static uint64_t ns_of(const struct timespec *ts)
{
	return (uint64_t)ts->tv_sec * 1000000000ULL + (uint64_t)ts->tv_nsec;
}

/* What the kernel told until now. */
static int take(struct mmt_family_ctx *ctx)
{
	struct map *m = ctx->priv;
	struct mmt_map_rec *rec = NULL;
	uint64_t now, lost = 0;
	struct timespec mono, boot;
	size_t n = 0;
	int err, ret;

	clock_gettime(CLOCK_MONOTONIC, &mono);
	now = mmt_probe__now(ctx->probe);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	err = mmt_maps_perf__drain(m->perf, ns_of(&mono) - now, &rec, &n, &lost);
	ret = mmt_maps__take(m->maps, rec, n, now, ns_of(&boot) - now);
	err = err ? err : ret;
	free(rec);
	if (lost) {
		m->lost += lost;
		ret = mmt_maps__want_all(m->maps);
		err = err ? err : ret;
	}
	return err;
}

static int look(struct mmt_family_ctx *ctx, bool all)
{
	const struct mmt_tasks *t = ctx->tasks;
	bool news = t->n_epochs != ((struct map *)ctx->priv)->n_epochs || t->n_execs != ((struct map *)ctx->priv)->n_execs;
	struct map *m = ctx->priv;
	int err = 0;

	if (all || news)
		err = know(ctx, all);
	if (!err && m->perf)
		err = take(ctx);
	if (!err && news)
		err = executed(ctx);
	m->n_epochs = t->n_epochs;
	m->n_execs = t->n_execs;
	return err;
}

/* Another family asks for an address, at a time or of a process of which not all is known yet. */
static void on_demand(void *arg, uint64_t epoch)
{
	struct mmt_family_ctx *ctx = arg;
	struct map *m = ctx->priv;
	int err = look(ctx, false);

	err = err ? err : mmt_maps__read(m->maps, epoch, mmt_probe__now(ctx->probe));
	m->err = m->err ? m->err : err;
}

static int read_some(struct mmt_family_ctx *ctx, uint64_t budget)
{
	struct map *m = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);
	int err = m->err;

	if (!err && now >= m->due_at) {
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
	if (full && ((struct map *)ctx->priv)->perf)
		mmt_maps_perf__cpus(((struct map *)ctx->priv)->perf);
	if (!ctx->mark)
		return 0;
	err = look(ctx, true);
	return err ? err : read_some(ctx, MARK_NS);
}

static int map_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct map *m = ctx->priv;
	bool want = e->tid == e->tgid && wanted(ctx, e), unseen = e->id > m->n_epochs;
	int err = 0;

	if (!m->maps || e->tid != e->tgid)
		return 0;
	if (m->perf && unseen)
		err = mmt_maps__know(m->maps, e->id, e->tgid, e->start, !want);
	else
		m->missed += unseen && want;
	if (m->perf && e->exec)
		mmt_maps__last_exec(m->maps, e->id, e->exec);
	return err ? err : mmt_maps__exit(m->maps, e->id, now);
}

static void map_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct map *m = ctx->priv;
	struct mmt_maps_stats st = { 0 };
	size_t at = 0;

	if (m->maps)
		mmt_maps__stats(m->maps, &st);
	st.gone += m->missed;
	if (!st.gone && !st.cut && !m->lost)
		return;
	at += (size_t)snprintf(buf, size, "map: ");
	if (st.gone)
		at += (size_t)snprintf(buf + at, size - at, "%" PRIu64 " processes ended before their mappings could be read, ", st.gone);
	if (st.cut)
		at += (size_t)snprintf(buf + at, size - at, "%" PRIu64 " times a process had more than are kept, ", st.cut);
	if (m->lost)
		at += (size_t)snprintf(buf + at, size - at, "%" PRIu64 " records of mappings found no room and /proc was read again, ", m->lost);
	snprintf(buf + at - 2, size - at + 2, ": %s addresses have no names", st.gone && !st.cut && !m->lost ? "their" : "some");
}

static void map_close(struct mmt_family_ctx *ctx)
{
	struct map *m = ctx->priv;

	if (m) {
		mmt_maps_perf__close(m->perf);
		mmt_maps__close(m->maps);
	}
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
