// SPDX-License-Identifier: GPL-2.0-only
/*
 * The profile family: what the CPUs do, by a perf event that samples each of them. It has
 * no programs; a sample tells its task by number, and waits a moment until the records of
 * tasks and the mappings of processes from before it have been taken up.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cells.h"
#include "family.h"
#include "perf_ring.h"
#include "stacks.h"
#include "sysfs.h"
#include "tids.h"

#define DEFAULT_HZ 199u
#define WAIT_NS 100000000ULL     /* the longest between two passes: by then tasks and mappings of its time are known */
#define MAX_WAITING (32u << 20)  /* bytes of samples that wait */
#define HOLD_MS 250u             /* of samples that a ring holds: two slow passes */

/* values of the flags column of cpu_sample */
enum { SAMPLE_USER = 1, SAMPLE_GUEST = 2 };

/* A sample that waits: ips follow, the kernel's, then the program's. */
struct waiting {
	uint64_t time, ip, weight, segment;
	uint32_t tid, cpu;
	uint16_t n_kernel, n_user, flags, pad;
	uint64_t at[];
};

struct profile {
	struct mmt_family_ctx *ctx;
	struct mmt_perf_ring *ring;
	struct mmt_tids *tids;
	const char *event;
	unsigned int hz, precise;
	bool hardware;
	uint8_t *q;                /* waiting, the oldest first */
	size_t q_from, q_to, q_size;
	uint64_t cut, before;      /* when the segment began, and the one before it */
	uint64_t samples, lost, throttled, unknown;
};

/* ---------------------------------------------------------------- opening */

static unsigned int pages_for(unsigned int hz)
{
	uint64_t bytes = (uint64_t)hz * HOLD_MS / 1000 * 8 * (MMT_STACK_DEPTH + 12), page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned int pages = 8;

	while (pages * page < bytes && pages < 2048)
		pages *= 2;
	return pages;
}

static int try_event(struct profile *p, bool hardware, unsigned int precise)
{
	struct perf_event_attr attr = {
		.type = hardware ? PERF_TYPE_HARDWARE : PERF_TYPE_SOFTWARE,
		.config = hardware ? PERF_COUNT_HW_CPU_CYCLES : PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1, .sample_freq = p->hz, .precise_ip = precise & 3, .exclude_idle = 1,
		.sample_type = PERF_SAMPLE_IP | PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_CPU |
			       PERF_SAMPLE_PERIOD | PERF_SAMPLE_CALLCHAIN,
		.use_clockid = 1, .clockid = CLOCK_MONOTONIC, .sample_max_stack = MMT_STACK_DEPTH,
	};
	int err = mmt_perf_ring__open(&attr, pages_for(p->hz), &p->ring);

	if (err == -EOVERFLOW) { /* sysctl kernel.perf_event_max_stack is lower */
		attr.sample_max_stack = 0;
		err = mmt_perf_ring__open(&attr, pages_for(p->hz), &p->ring);
	}
	p->hardware = hardware;
	p->precise = precise;
	p->event = hardware ? "cycles" : "cpu-clock";
	return err;
}

static int open_event(struct profile *p)
{
	int precise, err = -ENOENT;

	for (precise = 3; precise >= 0 && err && err != -EACCES && err != -EPERM; precise--)
		err = try_event(p, true, (unsigned int)precise);
	return err ? try_event(p, false, 0) : 0;
}

/* The rate asked for, as far as the kernel lets it be. */
static void choose_rate(struct profile *p)
{
	uint64_t most = 0;

	p->hz = p->ctx->freq ? p->ctx->freq : DEFAULT_HZ;
	if (mmt_read_u64("/proc/sys/kernel/perf_event_max_sample_rate", &most) || !most || p->hz <= most)
		return;
	log_warn(p->ctx->log, "profile: %" PRIu64 " samples a second, not %u: sysctl kernel.perf_event_max_sample_rate", most, p->hz);
	p->hz = (unsigned int)most;
}

static void say_why(struct mmt_family_ctx *ctx, int err)
{
	uint64_t paranoid = 0;

	if (err == -EACCES || err == -EPERM) {
		mmt_read_u64("/proc/sys/kernel/perf_event_paranoid", &paranoid);
		snprintf(ctx->why, sizeof(ctx->why), "the kernel lets nobody sample its CPUs: %s (root, CAP_PERFMON, "
			 "or sysctl kernel.perf_event_paranoid=-1, which is %" PRId64 ")", strerror(-err), (int64_t)paranoid);
	} else {
		snprintf(ctx->why, sizeof(ctx->why), "no perf event samples the CPUs here: %s", strerror(-err));
	}
}

static int profile_open(struct mmt_family_ctx *ctx)
{
	struct profile *p = calloc(1, sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	ctx->priv = p;
	p->ctx = ctx;
	if (ctx->totals_only)
		return 0;
	choose_rate(p);
	err = open_event(p);
	if (err) {
		say_why(ctx, err);
		return err;
	}
	ctx->wants_stacks = true;
	ctx->map_bytes = mmt_perf_ring__bytes(p->ring);
	return mmt_tids__open(ctx->tasks, &p->tids);
}

static int write_meta(struct mmt_family_ctx *ctx, const char *key, const char *value)
{
	const struct mmt_cell c[] = { cell_s(key), cell_s(value) };

	return ROW(ctx->w, MMT_TB_META, c);
}

static int write_number(struct mmt_family_ctx *ctx, const char *key, uint64_t v)
{
	char value[24];

	snprintf(value, sizeof(value), "%" PRIu64, v);
	return write_meta(ctx, key, value);
}

static int profile_attach(struct mmt_family_ctx *ctx)
{
	struct profile *p = ctx->priv;
	char event[32];
	int err;

	if (!p->ring)
		return 0;
	snprintf(event, sizeof(event), "%s%s%.*s", p->event, p->precise ? ":" : "", (int)p->precise, "ppp");
	err = write_meta(ctx, "profile.event", event);
	err = err ? err : write_number(ctx, "profile.freq", p->hz);
	mmt_perf_ring__enable(p->ring);
	return err;
}

/* ---------------------------------------------------------------- taking */

static int queue(struct profile *p, const struct waiting *head, const uint64_t *kernel, const uint64_t *user)
{
	size_t nk = head->n_kernel * sizeof(uint64_t), nu = head->n_user * sizeof(uint64_t), len = sizeof(*head) + nk + nu;
	struct waiting *w;

	if (p->q_to + len > p->q_size && p->q_from) {
		memmove(p->q, p->q + p->q_from, p->q_to - p->q_from);
		p->q_to -= p->q_from;
		p->q_from = 0;
	}
	if (p->q_to + len > p->q_size) {
		size_t size = p->q_size ? p->q_size * 2 : 1 << 16;
		uint8_t *q = size <= MAX_WAITING ? realloc(p->q, size) : NULL;

		if (!q) {
			p->lost++;
			return 0;
		}
		p->q = q;
		p->q_size = size;
	}
	w = (struct waiting *)(p->q + p->q_to);
	*w = *head;
	if (nk)
		memcpy(w->at, kernel, nk);
	if (nu)
		memcpy(w->at + head->n_kernel, user, nu);
	p->q_to += len;
	return 0;
}

/* The kernel's frames and the program's: a mark stands before each kind. */
static void split(const uint64_t *chain, uint64_t n, struct waiting *w, const uint64_t **kernel, const uint64_t **user)
{
	uint16_t *count = NULL;
	uint64_t i;

	for (i = 0; i < n; i++) {
		if (chain[i] == PERF_CONTEXT_KERNEL) {
			count = &w->n_kernel;
			*kernel = &chain[i + 1];
		} else if (chain[i] == PERF_CONTEXT_USER) {
			count = &w->n_user;
			*user = &chain[i + 1];
		} else if (chain[i] >= (uint64_t)PERF_CONTEXT_MAX) {
			count = NULL; /* of a guest */
		} else if (count && *count < MMT_STACK_DEPTH) {
			++*count;
		}
	}
}

/* A record as attr.sample_type lays it out. */
static int take_sample(struct profile *p, unsigned int cpu, const struct perf_event_header *rec)
{
	const struct {
		struct perf_event_header header;
		uint64_t ip;
		uint32_t pid, tid;
		uint64_t time;
		uint32_t cpu, res;
		uint64_t period, n, chain[];
	} *s = (const void *)rec;
	const struct mmt_probe *probe = p->ctx->probe;
	const uint64_t *kernel = NULL, *user = NULL;
	uint16_t mode = rec->misc & PERF_RECORD_MISC_CPUMODE_MASK;
	struct waiting w = { .cpu = cpu, .ip = s->ip, .tid = s->tid };

	if (rec->size < sizeof(*s) || s->n > (rec->size - sizeof(*s)) / sizeof(uint64_t)) {
		p->lost++;
		return 0;
	}
	if (!s->tid) /* not every event can leave the idle task out */
		return 0;
	w.weight = p->hardware ? 1000000000ULL / p->hz : s->period;
	w.time = s->time - (probe->cfg.use_rq_clock ? *(volatile uint64_t *)&probe->state->clock_off : 0);
	w.segment = w.time < p->cut ? p->before : p->ctx->segment;
	w.flags = mode == PERF_RECORD_MISC_USER ? SAMPLE_USER :
		  mode == PERF_RECORD_MISC_GUEST_KERNEL || mode == PERF_RECORD_MISC_GUEST_USER ? SAMPLE_GUEST : 0;
	split(s->chain, s->n, &w, &kernel, &user);
	return queue(p, &w, kernel, user);
}

static int on_record(void *ctx, unsigned int cpu, const struct perf_event_header *rec)
{
	struct profile *p = ctx;

	switch (rec->type) {
	case PERF_RECORD_SAMPLE:
		return take_sample(p, cpu, rec);
	case PERF_RECORD_LOST: /* id, lost */
	case PERF_RECORD_LOST_SAMPLES:
		p->lost += ((const uint64_t *)(rec + 1))[rec->type == PERF_RECORD_LOST];
		return 0;
	case PERF_RECORD_THROTTLE:
		p->throttled++;
		return 0;
	}
	return 0;
}

/* ---------------------------------------------------------------- writing */

static int write_sample(struct profile *p, const struct waiting *w)
{
	struct mmt_family_ctx *ctx = p->ctx;
	uint64_t kstack = 0, ustack = 0, leader = 0;
	struct mmt_tid who = { 0 }, process;
	bool known = mmt_tids__find(p->tids, w->tid, w->time, &who);
	int err = 0;

	if (ctx->probe->cfg.filter && !who.want)
		return 0;
	p->samples++;
	p->unknown += !known;
	if (known)
		leader = who.tid == who.tgid ? who.epoch :
			 mmt_tids__find(p->tids, who.tgid, w->time, &process) ? process.epoch : 0;
	if (w->n_kernel)
		err = mmt_stacks__kernel(ctx->stacks, w->at, w->n_kernel, &kstack);
	else if (!w->flags)
		err = mmt_stacks__kernel_address(ctx->stacks, w->ip);
	if (!err && leader)
		err = mmt_stacks__user(ctx->stacks, leader, w->time, w->at + w->n_kernel, w->n_user, &ustack);
	{
		const struct mmt_cell c[] = {
			cell_u(w->time), cell_u(w->segment), cell_u(who.epoch), cell_u(w->cpu), cell_u(w->ip),
			cell_u(kstack), cell_u(ustack), cell_u(w->flags), cell_u(w->weight),
		};

		return err ? err : ROW(ctx->w, MMT_TB_CPU_SAMPLE, c);
	}
}

/* Those that have waited long enough at `now`; UINT64_MAX: all. */
static int settle(struct profile *p, uint64_t now)
{
	int err = 0;

	while (p->q_from < p->q_to && !err) {
		const struct waiting *w = (const struct waiting *)(p->q + p->q_from);

		if (now != UINT64_MAX && w->time + WAIT_NS > now)
			break;
		err = write_sample(p, w);
		p->q_from += sizeof(*w) + (w->n_kernel + w->n_user) * sizeof(w->at[0]);
	}
	return err;
}

static int profile_pass(struct mmt_family_ctx *ctx)
{
	struct profile *p = ctx->priv;
	uint64_t now;
	int err;

	if (!p->ring)
		return 0;
	now = mmt_probe__now(ctx->probe);
	err = mmt_tids__look(p->tids, now);
	err = err ? err : mmt_perf_ring__read(p->ring, on_record, p);
	return err ? err : settle(p, now);
}

static int profile_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct profile *p = ctx->priv;

	if (!p->ring)
		return 0;
	if (full)
		mmt_perf_ring__cpus(p->ring, on_record, p);
	if (ctx->mark) {
		p->cut = now;
		p->before = ctx->segment;
	}
	return 0;
}

static int profile_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct profile *p = ctx->priv;

	(void)now;
	return p->tids ? mmt_tids__end(p->tids, e) : 0;
}

static void profile_detach(struct mmt_family_ctx *ctx)
{
	struct profile *p = ctx->priv;
	int err;

	if (!p->ring)
		return;
	mmt_perf_ring__disable(p->ring);
	err = mmt_tids__look(p->tids, mmt_probe__now(ctx->probe));
	err = err ? err : mmt_perf_ring__read(p->ring, on_record, p);
	err = err ? err : settle(p, UINT64_MAX);
	err = err ? err : write_number(ctx, "profile.samples", p->samples);
	err = err ? err : write_number(ctx, "profile.lost", p->lost);
	err = err ? err : write_number(ctx, "profile.throttled", p->throttled);
	err = err ? err : write_number(ctx, "profile.unknown", p->unknown);
	if (err)
		log_err(ctx->log, "profile: the last samples are not in the trace: %s", strerror(-err));
}

static void profile_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct profile *p = ctx->priv;
	unsigned int refused = p->ring ? mmt_perf_ring__refused(p->ring) : 0;
	size_t at = 0;

	if (p->lost || p->throttled || p->unknown * 1000 > p->samples) /* one or two are at every edge */
		at = (size_t)snprintf(buf, size, "profile: of %" PRIu64 " samples %" PRIu64 " of unknown tasks, %" PRIu64
				      " more lost; the kernel held sampling back %" PRIu64 " times", p->samples, p->unknown,
				      p->lost, p->throttled);
	if (refused && at < size)
		snprintf(buf + at, size - at, "%s %u CPUs that came later were not sampled", at ? ";" : "profile:", refused);
}

static void profile_close(struct mmt_family_ctx *ctx)
{
	struct profile *p = ctx->priv;

	if (!p)
		return;
	mmt_perf_ring__close(p->ring);
	mmt_tids__close(p->tids);
	free(p->q);
	free(p);
}

static const struct mmt_family_ops ops = {
	.open = profile_open, .attach = profile_attach, .pass = profile_pass, .flush = profile_flush,
	.task_end = profile_task_end, .note = profile_note, .detach = profile_detach, .close = profile_close,
};

const struct mmt_family mmt_family_profile = {
	.name = "profile", .ops = &ops,
	.summary = "what runs on the CPUs, sampled, with the call stacks of the kernel and of programs",
};
