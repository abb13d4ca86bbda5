// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault-latency family: how long page faults take, where the kernel lets a program see
 * both ends of handle_mm_fault(). Sums and maxima by task, histograms of the machine.
 * It costs two programs and two readings of the clock a fault, so it is asked for by name.
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bpf/faultend_shared.h"
#include "cells.h"
#include "family.h"
#include "faultend.skel.h"
#include "faultend_raw.skel.h"

/* What of a slot has been written, or lies before the recording. */
struct done {
	uint64_t ns[MMT_FE_N];
	uint32_t count[MMT_FE_N];
};

struct fault_end {
	struct mmt_fault_times *times;
	struct mmt_fault_hist *hists, *hists_done;
	size_t times_len, hists_len;
	struct done *done;
	bool started;
	uint32_t delta[MMT_HIST_N];
	uint8_t buf[2 * MMT_HIST_N * 10];
};

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct mmt_fault_end_config *c;
	size_t size;
	int err;

	c = (struct mmt_fault_end_config *)bpf_map__initial_value(mmt_probe__section(obj, ".rodata.family"), &size);
	if (!c || size != sizeof(*c))
		return -EINVAL;
	c->self = (uint32_t)getpid();
	err = mmt_family__size(ctx, obj, "fault_times", ctx->probe->cfg.n_slots);
	return err ? err : mmt_family__size(ctx, obj, "fault_hists", (uint64_t)ctx->probe->n_cpus * MMT_FE_N);
}

static int end_open(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_fault_end", faultend_bpf__elf_bytes, faultend_raw__elf_bytes };
	struct fault_end *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	ctx->priv = f;
	f->done = calloc(ctx->probe->cfg.n_slots, sizeof(*f->done));
	f->hists_done = calloc((size_t)ctx->probe->n_cpus * MMT_FE_N, sizeof(*f->hists_done));
	if (!f->done || !f->hists_done)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	if (err == -EPERM || err == -ESRCH)
		snprintf(ctx->why, sizeof(ctx->why), "the kernel %s at handle_mm_fault(): %s",
			 err == -EPERM ? "refuses BPF programs" : "has no place for BPF programs", strerror(-err));
	err = err ? err : mmt_family__mmap(ctx, "fault_times", (void **)&f->times, &f->times_len);
	err = err ? err : mmt_family__mmap(ctx, "fault_hists", (void **)&f->hists, &f->hists_len);
	if (err)
		return err;
	err = mmt_family__attach(ctx); /* they return at once until the scheduler's programs run */
	if (err)
		snprintf(ctx->why, sizeof(ctx->why), "its programs cannot be attached: %s", strerror(-err));
	return err;
}

static int end_attach(struct mmt_family_ctx *ctx)
{
	(void)ctx;
	return 0;
}

/* ---------------------------------------------------------------- rows */

struct added {
	uint64_t count, ns, max;
	const void *hist;
	size_t hist_len;
};

static int write_row(struct mmt_family_ctx *ctx, uint64_t now, const struct mmt_epoch *e, uint32_t kind, const struct added *a)
{
	const struct mmt_cell c[] = {
		cell_u(now), cell_u(ctx->segment), cell_u(e ? e->id : 0), cell_u(e ? e->cgroup : 0), cell_u(kind & MMT_FE_FILE),
		cell_u(kind / MMT_FE_MAJOR), cell_u(a->count), cell_u(a->ns), cell_u(a->max), cell_b(a->hist, a->hist_len),
	};

	return ROW(ctx->w, MMT_TB_FAULT_LATENCY, c);
}

/* What was added; of a task that the filters leave out it is passed over, and not kept for when they may let it through. */
static int task_rows(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	bool wanted = !ctx->probe->cfg.filter || ctx->probe->slots[e->slot].flags & MMT_SF_WANT;
	struct fault_end *f = ctx->priv;
	volatile struct mmt_fault_times *t = &f->times[e->slot];
	struct done *d = &f->done[e->slot];
	uint32_t k;
	int err = 0;

	for (k = 0; k < MMT_FE_N && !err; k++) {
		uint32_t count = t->count[k];
		struct added a = { .count = count - d->count[k] };

		if (!a.count)
			continue;
		a.ns = t->ns[k];
		a.ns -= d->ns[k];
		a.max = t->max[k];
		d->count[k] = count;
		d->ns[k] += a.ns;
		err = wanted ? write_row(ctx, now, e, k, &a) : 0;
	}
	return err;
}

/* Add what the CPUs' histograms of a kind got to f->delta. */
static bool hist_grown(struct fault_end *f, uint32_t kind, unsigned int n_cpus)
{
	uint32_t any = 0, i;
	unsigned int cpu;

	memset(f->delta, 0, sizeof(f->delta));
	for (cpu = 0; cpu < n_cpus; cpu++) {
		const volatile uint32_t *cur = f->hists[cpu * MMT_FE_N + kind].count;
		uint32_t *done = f->hists_done[cpu * MMT_FE_N + kind].count;

		for (i = 0; i < MMT_HIST_N; i++) {
			uint32_t v = cur[i];

			f->delta[i] += v - done[i];
			any |= v - done[i];
			done[i] = v;
		}
	}
	return any;
}

static int hist_rows(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct fault_end *f = ctx->priv;
	uint32_t k, i;
	int err = 0;

	for (k = 0; k < MMT_FE_N && !err; k++) {
		struct added a = { .hist = f->buf };
		int len;

		if (!hist_grown(f, k, ctx->probe->n_cpus))
			continue;
		for (i = 0; i < MMT_HIST_N; i++)
			a.count += f->delta[i];
		len = mmt_hist_pack(f->delta, MMT_HIST_N, f->buf, sizeof(f->buf));
		if (len < 0)
			return len;
		a.hist_len = (size_t)len;
		err = write_row(ctx, now, NULL, k, &a);
	}
	return err;
}

/* Measuring begins: what was counted while the recording started is not ours. */
static int begin(struct mmt_family_ctx *ctx)
{
	struct fault_end *f = ctx->priv;
	uint32_t i, k;

	for (i = 0; i <= ctx->probe->slots_given; i++) { /* the others are not in use, nor in our memory */
		for (k = 0; k < MMT_FE_N; k++) {
			f->done[i].count[k] = f->times[i].count[k];
			f->done[i].ns[k] = f->times[i].ns[k];
			f->times[i].max[k] = 0;
		}
	}
	for (k = 0; k < MMT_FE_N; k++)
		hist_grown(f, k, ctx->probe->n_cpus);
	f->started = true;
	return 0;
}

static int end_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct fault_end *f = ctx->priv;
	const struct mmt_tasks *t = ctx->tasks;
	size_t i;
	int err = 0;

	if (!f->started)
		return begin(ctx);
	if (!full)
		return 0;
	for (i = 0; i < t->n_live && !err; i++)
		err = task_rows(ctx, t->live[i], now);
	return err ? err : hist_rows(ctx, now);
}

static void end_segment(struct mmt_family_ctx *ctx)
{
	struct fault_end *f = ctx->priv;
	size_t i, k;

	for (i = 0; i < ctx->tasks->n_live; i++)
		for (k = 0; k < MMT_FE_N; k++)
			f->times[ctx->tasks->live[i]->slot].max[k] = 0;
}

static int end_news(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, enum mmt_task_news what)
{
	const struct fault_end *f = ctx->priv;

	return what == MMT_TASK_CUT && f->started ? task_rows(ctx, e, mmt_probe__now(ctx->probe)) : 0;
}

static int end_task(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct fault_end *f = ctx->priv;
	int err = f->started ? task_rows(ctx, e, now) : 0;

	memset(&f->times[e->slot], 0, sizeof(f->times[0]));
	memset(&f->done[e->slot], 0, sizeof(f->done[0]));
	return err;
}

static void end_close(struct mmt_family_ctx *ctx)
{
	struct fault_end *f = ctx->priv;

	if (!f)
		return;
	if (f->times)
		munmap(f->times, f->times_len);
	if (f->hists)
		munmap(f->hists, f->hists_len);
	free(f->hists_done);
	free(f->done);
	free(f);
}

static const struct mmt_family_ops ops = {
	.open = end_open, .attach = end_attach, .flush = end_flush, .segment = end_segment, .task_news = end_news,
	.task_end = end_task, .close = end_close,
};

const struct mmt_family mmt_family_fault_end = {
	.name = "fault-latency", .fact = "fault.latency", .ops = &ops, .beside = &mmt_family_fault,
	.summary = "how long page faults take, where the kernel shows their end",
};
