// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault family. Minor and major faults are the kernel's own counters of each task, read
 * by an iterator at every flush and from the record of a task's last switch; kinds come
 * from the exceptions tracepoints; samples through a ring buffer.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../bpf/fault_shared.h"
#include "cells.h"
#include "clock.h"
#include "family.h"
#include "stacks.h"
#include "fault.skel.h"
#include "fault_raw.skel.h"

#define BUDGET 2000u          /* samples a second */
#define LOOK_NS 100000000ULL  /* between two looks at their rate */
#define HOLD_NS 500000000ULL  /* a sample waits so long for the record that names its task */
#define MAPS_NS 150000000ULL  /* and so long for the mappings of its process, which may be new */
#define DEAR_NS 500000ULL     /* an iteration over all tasks that takes longer is for full flushes only */
#define MAX_PENDING (1u << 16)

/* values of the flags column of fault_sample */
enum { SAMPLE_PRESENT = 1, SAMPLE_WRITE = 2, SAMPLE_USER = 4, SAMPLE_EXEC = 8, SAMPLE_OTHER = 16 };

/* What of a slot has been written, or lies before the recording. */
struct done {
	uint64_t min, maj;
	uint32_t n[MMT_F_N];
	bool based; /* min and maj are from when counting began */
};

/* A sample that waits. */
struct pending {
	struct mmt_fault_rec r;
	uint64_t epoch, leader; /* 0: not known yet */
};

struct fault {
	struct mmt_family_ctx *ctx;
	struct mmt_fault_slot *slots;
	struct mmt_fault_state *st;
	size_t slots_len, st_len;
	struct ring_buffer *recs;
	struct done *done;
	struct mmt_fault_task *base; /* tasks that had no slot when counting began */
	size_t n_base;
	struct pending *pending;
	size_t n_pending, pending_size;
	uint64_t looked, taken;   /* CLOCK_MONOTONIC of the last look, samples until then */
	uint64_t iter_ns;         /* how long the last iteration over all tasks took */
	uint64_t unknown;         /* samples whose task is not known */
	int iter;                 /* link fd */
	bool started, kinds;
	char kinds_why[200];      /* for the meta table: "yes", or why not */
	int err;
};

/* ---------------------------------------------------------------- opening */

static int set_constants(struct bpf_object *obj)
{
	struct mmt_fault_config *c;
	size_t size;
	int i;

	c = (struct mmt_fault_config *)bpf_map__initial_value(mmt_probe__section(obj, ".rodata.family"), &size);
	if (!c || size != sizeof(*c))
		return -EINVAL;
	c->quota = BUDGET / 10;
	for (i = 1; i <= MMT_FAULT_MAX_SHIFT; i++)
		c->mean[i] = (uint64_t)llround(-65536.0 / log1p(-ldexp(1, -i)));
	return 0;
}

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct fault *f = ctx->priv;
	struct bpf_program *p;
	int err = set_constants(obj);

	bpf_object__for_each_program(p, obj)
		if (!err)
			err = bpf_program__set_autoload(p, f->kinds || !strcmp(bpf_program__name(p), "mmt_fault_iter"));
	err = err ? err : mmt_family__size(ctx, obj, "fault_slots", ctx->probe->cfg.n_slots);
	return err ? err : mmt_family__size(ctx, obj, "fault_recs", 1 << 20);
}

/* Read its stacks before they have to give way to others. */
static int keep_stacks(struct fault *f, struct mmt_fault_rec *r)
{
	bool kernel, user;
	int err;

	if (!f->ctx->stacks)
		return 0;
	err = mmt_stacks__read(f->ctx->stacks, r->kstack, &kernel);
	err = err ? err : mmt_stacks__read(f->ctx->stacks, r->ustack, &user);
	if (err)
		return err;
	r->kstack = kernel ? r->kstack : 0;
	r->ustack = user ? r->ustack : 0;
	return 0;
}

static int on_rec(void *priv, void *data, size_t size)
{
	struct fault *f = priv;
	struct pending *x;
	int err;

	if (size < sizeof(x->r))
		return 0;
	if (f->n_pending == f->pending_size) {
		size_t n = f->pending_size ? f->pending_size * 2 : 1024;
		void *p = n <= MAX_PENDING ? reallocarray(f->pending, n, sizeof(*f->pending)) : NULL;

		if (!p) {
			f->unknown++;
			return 0;
		}
		f->pending = p;
		f->pending_size = n;
	}
	x = &f->pending[f->n_pending++];
	memset(x, 0, sizeof(*x));
	memcpy(&x->r, data, sizeof(x->r));
	err = keep_stacks(f, &x->r);
	f->err = f->err ? f->err : err;
	return 0;
}

static int fault_open(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_fault", fault_bpf__elf_bytes, fault_raw__elf_bytes };
	struct fault *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	ctx->priv = f;
	f->ctx = ctx;
	f->iter = -1;
	f->looked = mmt_mono_ns();
#if defined(__x86_64__) || defined(__i386__)
	f->kinds = !ctx->totals_only;
#endif
	/* elsewhere there are no such tracepoints, or the code of the error is another */
	snprintf(f->kinds_why, sizeof(f->kinds_why), "%s",
		 f->kinds ? "yes" : ctx->totals_only ? "no: totals only" :
		 "no: x86 alone tells the kind of a fault at exceptions:page_fault_user");
	f->done = calloc(ctx->probe->cfg.n_slots, sizeof(*f->done));
	if (!f->done)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	if (err && f->kinds && err != -EPERM) {
		snprintf(f->kinds_why, sizeof(f->kinds_why), "no: %s", ctx->why);
		ctx->why[0] = '\0';
		f->kinds = false;
		err = mmt_family__load(ctx, &elf, setup);
	}
	err = err ? err : mmt_family__mmap(ctx, "fault_slots", (void **)&f->slots, &f->slots_len);
	err = err ? err : mmt_family__mmap(ctx, ".data.family", (void **)&f->st, &f->st_len);
	if (err)
		return err;
	f->recs = ring_buffer__new(bpf_object__find_map_fd_by_name(ctx->obj, "fault_recs"), on_rec, f, NULL);
	return f->recs ? 0 : -errno;
}

static int write_meta(struct mmt_family_ctx *ctx, const char *key, const char *value)
{
	const struct mmt_cell c[] = { cell_s(key), cell_s(value) };

	return ROW(ctx->w, MMT_TB_META, c);
}

static int fault_attach(struct mmt_family_ctx *ctx)
{
	struct fault *f = ctx->priv;
	struct bpf_program *p;
	int err = mmt_family__attach(ctx), i = 0;
	char budget[16];

	if (err)
		return err;
	bpf_object__for_each_program(p, ctx->obj) {
		if (!bpf_program__autoload(p))
			continue;
		if (!strcmp(bpf_program__name(p), "mmt_fault_iter"))
			f->iter = bpf_link__fd(ctx->links[i]);
		i++;
	}
	snprintf(budget, sizeof(budget), "%u", BUDGET);
	if (!f->kinds && !ctx->totals_only)
		log_warn(ctx->log, "fault: minor and major faults only, %s", f->kinds_why);
	err = write_meta(ctx, "fault.kinds", f->kinds_why);
	return err ? err : write_meta(ctx, "fault.budget", f->kinds ? budget : "0");
}

/* ---------------------------------------------------------------- totals */

/* What the iterator says of tasks without a slot, into *out (malloc'ed) if asked for. */
static int iterate(struct fault *f, struct mmt_fault_task **out, size_t *n_out)
{
	uint64_t t = mmt_mono_ns();
	size_t have = 0, size = 0;
	char *buf = NULL, skip[4096], *p;
	ssize_t n = 0;
	int fd, err = 0;

	fd = bpf_iter_create(f->iter);
	if (fd < 0)
		return -errno;
	while (!err) {
		if (out && size - have < sizeof(skip)) {
			size += 1 << 16;
			p = realloc(buf, size);
			if (!p) {
				err = -ENOMEM;
				break;
			}
			buf = p;
		}
		n = out ? read(fd, buf + have, size - have) : read(fd, skip, sizeof(skip));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		have += (size_t)n;
	}
	if (n < 0)
		err = -errno;
	close(fd);
	f->iter_ns = mmt_mono_ns() - t;
	if (err || !out) {
		free(buf);
		return err;
	}
	*out = (struct mmt_fault_task *)buf;
	*n_out = have / sizeof(**out);
	return 0;
}

static int by_tid(const void *a, const void *b)
{
	const struct mmt_fault_task *x = a, *y = b;

	return x->tid < y->tid ? -1 : x->tid > y->tid;
}

/* Counting begins: what tasks have on their counters until now is not ours. */
static int begin(struct fault *f)
{
	uint32_t i;
	int err = iterate(f, &f->base, &f->n_base);

	if (err)
		return err;
	qsort(f->base, f->n_base, sizeof(*f->base), by_tid);
	for (i = 0; i <= f->ctx->probe->slots_given; i++) { /* the others are not in use, nor in our memory */
		const struct mmt_fault_slot *s = &f->slots[i];
		struct done *d = &f->done[i];

		memcpy(d->n, s->n, sizeof(d->n));
		d->min = s->min;
		d->maj = s->maj;
		d->based = s->min || s->maj;
	}
	f->n_pending = 0; /* nor are the samples */
	f->started = true;
	return 0;
}

/* A task seen for the first time: where its counters stood when counting began; 0 if it was born since. */
static void find_base(const struct fault *f, const struct mmt_epoch *e, struct done *d)
{
	const struct mmt_fault_task key = { .tid = e->tid }, *b;

	d->based = true;
	b = f->n_base ? bsearch(&key, f->base, f->n_base, sizeof(key), by_tid) : NULL;
	if (!b || (e->start && e->start != b->start))
		return;
	d->min = b->min;
	d->maj = b->maj;
}

/* One row, if there is anything to say. min, maj: the kernel's counters now. */
static int write_row(struct fault *f, uint32_t slot, const struct mmt_epoch *e, uint64_t min, uint64_t maj,
		     uint64_t now)
{
	const struct mmt_probe *probe = f->ctx->probe;
	struct done *d = &f->done[slot], old;
	struct mmt_cell c[6 + MMT_F_N];
	uint64_t any;
	int i;

	if (e && !d->based)
		find_base(f, e, d);
	old = *d;
	if (min > d->min)
		d->min = min;
	if (maj > d->maj)
		d->maj = maj;
	any = (d->min - old.min) | (d->maj - old.maj);
	for (i = 0; i < MMT_F_N; i++) {
		d->n[i] = *(volatile uint32_t *)&f->slots[slot].n[i];
		c[6 + i] = cell_u(d->n[i] - old.n[i]);
		any |= c[6 + i].u;
	}
	if (!any || (probe->cfg.filter && !(e && probe->slots[slot].flags & MMT_SF_WANT)))
		return 0;
	c[0] = cell_u(now);
	c[1] = cell_u(f->ctx->segment);
	c[2] = cell_u(e ? e->id : 0);
	c[3] = cell_u(e ? e->cgroup : 0);
	c[4] = cell_u(d->min - old.min);
	c[5] = cell_u(d->maj - old.maj);
	return ROW(f->ctx->w, MMT_TB_FAULT_TOTALS, c);
}

static int write_totals(struct fault *f, uint64_t now, bool full)
{
	const struct mmt_tasks *t = f->ctx->tasks;
	size_t i;
	int err;

	if (!full && f->iter_ns > DEAR_NS)
		return 0;
	err = iterate(f, NULL, NULL);
	for (i = 0; i < t->n_live && !err; i++) {
		const struct mmt_epoch *e = t->live[i];

		err = write_row(f, e->slot, e, f->slots[e->slot].min, f->slots[e->slot].maj, now);
	}
	return err ? err : write_row(f, 0, NULL, 0, 0, now);
}

/* ---------------------------------------------------------------- samples */

/* Numbers of the sample's stacks, the kernel's and the program's. */
static int stacks_of(struct fault *f, const struct pending *x, uint64_t id[2])
{
	struct mmt_stacks *s = f->ctx->stacks;
	int err;

	id[0] = id[1] = 0;
	if (!s)
		return 0;
	err = x->r.kernel ? mmt_stacks__kernel_address(s, x->r.ip) : 0;
	err = err ? err : mmt_stacks__kernel_hash(s, x->r.kstack, &id[0]);
	if (err || !x->epoch || !x->r.ustack)
		return err;
	return mmt_stacks__user_hash(s, x->r.ustack, x->leader, x->r.time, &id[1]);
}

static int write_sample(struct fault *f, const struct pending *x)
{
	const struct mmt_fault_rec *r = &x->r;
	uint64_t stack[2];
	int err = stacks_of(f, x, stack);
	uint64_t flags = (r->code & 1 ? SAMPLE_PRESENT : 0) | (r->code & 2 ? SAMPLE_WRITE : 0) |
			 (r->kernel ? 0 : SAMPLE_USER) | (r->code & MMT_F_EXEC ? SAMPLE_EXEC : 0) |
			 (r->code & ~(uint32_t)(MMT_F_EXEC | 7) ? SAMPLE_OTHER : 0);
	const struct mmt_cell c[] = {
		cell_u(r->time), cell_u(f->ctx->segment), cell_u(x->epoch), cell_u(r->cpu), cell_u(r->addr),
		cell_u(r->ip), cell_u(flags), cell_u(1ULL << r->shift), cell_u(stack[0]), cell_u(stack[1]),
	};

	return err ? err : ROW(f->ctx->w, MMT_TB_FAULT_SAMPLE, c);
}

static void name_pending(struct fault *f, struct pending *x)
{
	const struct mmt_tasks *t = f->ctx->tasks;
	const struct mmt_epoch *e = x->r.slot < f->ctx->probe->cfg.n_slots ? t->by_slot[x->r.slot] : NULL;

	if (!e || (x->epoch && x->epoch != e->id))
		return;
	x->epoch = e->id;
	x->leader = mmt_tasks__leader(t, e);
}

/* Must it wait for the record of its task, or for its mappings? */
static bool must_wait(const struct fault *f, const struct pending *x, uint64_t now)
{
	if (!x->epoch)
		return x->r.time + HOLD_NS > now;
	return x->r.ustack && mmt_stacks__has_maps(f->ctx->stacks) && x->r.time + MAPS_NS > now;
}

/* Write what need not wait; at a mark nothing does whose task is known. */
static int settle(struct fault *f, uint64_t now, bool mark)
{
	size_t i, kept = 0;
	int err = f->err;

	f->err = 0;
	for (i = 0; i < f->n_pending; i++) {
		struct pending x = f->pending[i];

		if (!x.leader)
			name_pending(f, &x);
		if (must_wait(f, &x, now) && !(mark && x.epoch)) {
			f->pending[kept++] = x;
			continue;
		}
		f->unknown += !x.epoch;
		if (f->started && !err)
			err = write_sample(f, &x);
	}
	f->n_pending = kept;
	return err;
}

/* The task is about to be forgotten; other threads' samples need their leader. */
static void name_all(struct fault *f, const struct mmt_epoch *e)
{
	size_t i;

	for (i = 0; i < f->n_pending; i++)
		if (!f->pending[i].leader && (f->pending[i].r.slot == e->slot || e->tid == e->tgid))
			name_pending(f, &f->pending[i]);
}

/* Sample more often again when little came; a flood is thinned by the programs themselves. */
static void look(struct fault *f)
{
	uint64_t now = mmt_mono_ns(), gone = now - f->looked, taken, fair;
	volatile struct mmt_fault_state *st = f->st;
	uint32_t shift = st->shift, least = shift > 4 ? shift - 4 : 0;

	if (gone < LOOK_NS)
		return;
	f->looked = now;
	taken = st->taken - f->taken;
	f->taken += taken;
	st->window = 0;
	/* a little below the half, so that what is doubled stays within */
	fair = BUDGET * gone / 1000000000ULL * 2 / 5;
	for (; shift > least && taken < fair; taken *= 2)
		shift--;
	if (shift != st->shift)
		st->shift = shift;
}

static int fault_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct fault *f = ctx->priv;
	int err;

	if (!f->started)
		return begin(f);
	err = write_totals(f, now, full);
	return err || !ctx->mark ? err : settle(f, now, true);
}

static int fault_pass(struct mmt_family_ctx *ctx)
{
	struct fault *f = ctx->priv;

	if (ring_buffer__consume(f->recs) < 0)
		return 0;
	look(f);
	return f->n_pending ? settle(f, mmt_probe__now(ctx->probe), false) : 0;
}

/* Other threads of a process that moves have the kernel's counts as they were last read. */
static int fault_task_news(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, enum mmt_task_news what)
{
	struct fault *f = ctx->priv;
	const struct mmt_fault_slot *s = &f->slots[e->slot];

	if (what != MMT_TASK_CUT || !f->started)
		return 0;
	return write_row(f, e->slot, e, e->k_minflt > s->min ? e->k_minflt : s->min, e->k_majflt > s->maj ? e->k_majflt : s->maj,
			 mmt_probe__now(ctx->probe));
}

static int fault_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct fault *f = ctx->priv;
	int err = 0;

	if (f->kinds) {
		ring_buffer__consume(f->recs);
		name_all(f, e);
	}
	if (f->started && !err)
		err = write_row(f, e->slot, e, e->k_minflt, e->k_majflt, now);
	memset(&f->slots[e->slot], 0, sizeof(f->slots[0]));
	memset(&f->done[e->slot], 0, sizeof(f->done[0]));
	return err;
}

static void fault_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct fault *f = ctx->priv;

	buf[0] = '\0';
	if (f->st && (f->st->lost || f->unknown))
		snprintf(buf, size, "fault: %llu samples lost, %llu of unknown tasks; the totals do not need them",
			 (unsigned long long)f->st->lost, (unsigned long long)f->unknown);
}

static void fault_close(struct mmt_family_ctx *ctx)
{
	struct fault *f = ctx->priv;

	if (!f)
		return;
	ring_buffer__free(f->recs);
	if (f->slots)
		munmap(f->slots, f->slots_len);
	if (f->st)
		munmap(f->st, f->st_len);
	free(f->done);
	free(f->base);
	free(f->pending);
	free(f);
}

static const struct mmt_family_ops ops = {
	.open = fault_open, .attach = fault_attach, .pass = fault_pass, .flush = fault_flush,
	.task_news = fault_task_news, .task_end = fault_task_end, .note = fault_note, .close = fault_close,
};

const struct mmt_family mmt_family_fault = {
	.name = "fault", .ops = &ops,
	.summary = "page faults by task: minor, major, user, kernel, read, write; a sample of them",
};
