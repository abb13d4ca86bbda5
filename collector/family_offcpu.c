// SPDX-License-Identifier: GPL-2.0-only
/*
 * The offcpu family: the programs add up periods off the CPU, and wakeups, by task and stack;
 * here they become rows, once a second and at marks.
 *
 * Of each kind there are two maps. At a cut the programs are told to go on with the other;
 * when all that were running then have ended, what is in the one is of before the cut, all of it.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../bpf/offcpu_shared.h"
#include "cells.h"
#include "family.h"
#include "grace.h"
#include "kcode.h"
#include "offcpu_who.h"
#include "offcpu.skel.h"
#include "offcpu_raw.skel.h"
#include "stacks.h"

#define ENTRIES 8192u       /* of a map, and as many for every 8 CPUs */
#define ENTRIES_MAX 65536u
#define CHUNK 512u          /* entries read at once */
#define DRAIN_NS 1000000000ULL /* mappings of what has ended are kept for 3 s */
#define HOLD_NS 2000000000ULL  /* a row waits so long for the record that names its task */

struct off_row {
	struct mmt_off_key k;
	struct mmt_off_val v;
	uint64_t time, segment;
};

struct waker_row {
	struct mmt_waker_key k;
	struct mmt_waker_val v;
	uint64_t time, segment;
};

/* Rows read from a map; the first `held` wait for the name of their task. */
struct rows {
	void *v;
	size_t n, size;
};

struct rest {
	uint64_t ns[2];
	uint32_t n[2];
};

struct off {
	struct mmt_off_slot *slots;
	struct mmt_off_state *st;
	size_t slots_len, st_len;
	struct mmt_grace grace;
	struct offcpu_who *who;
	struct rest *rest_done;     /* by slot */
	struct rows off, wakers;
	uint32_t entries, n_irq;
	uint64_t drained;           /* trace clock */
	uint64_t unknown;           /* periods of tasks that were never named */
	bool with_wakers, flipped;
};

/* ---------------------------------------------------------------- life */

static uint32_t n_entries(const struct mmt_family_ctx *ctx)
{
	const char *said = getenv("MMT_OFFCPU_ENTRIES"); /* fewer for tests */
	unsigned long n = said ? strtoul(said, NULL, 10) : 0;
	uint64_t want = ENTRIES * (1 + (uint64_t)ctx->probe->n_cpus / 8);

	if (n)
		return n < ENTRIES_MAX ? (uint32_t)n : ENTRIES_MAX;
	return want < ENTRIES_MAX ? (uint32_t)want : ENTRIES_MAX;
}

/* What is needed to know stacks of the kernel again without a walk; for tests: none of it, or both ways. */
static void config_raw(struct stack_raw_config *c)
{
#ifdef __x86_64__
	const char *said = getenv("MMT_OFFCPU_STACKS");
	struct btf *btf = said && !strcmp(said, "walk") ? NULL : btf__load_vmlinux_btf();
	/* THREAD_SIZE is no type, but this one's size is the same: arch/x86/include/asm/page_64_types.h */
	int id = btf ? btf__find_by_name_kind(btf, "irq_stack", BTF_KIND_STRUCT) : -1;

	if (id > 0 && mmt_code_of(NULL, "do_syscall_64", &c->syscall, &c->syscall_len))
		c->thread_size = btf__type_by_id(btf, (uint32_t)id)->size;
	c->check = said && !strcmp(said, "check");
	btf__free(btf);
#else
	(void)c;
#endif
}

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct off *f = ctx->priv;
	struct bpf_program *waking = bpf_object__find_program_by_name(obj, "mmt_off_waking");
	struct mmt_off_config *c;
	size_t size;
	int err;

	c = (struct mmt_off_config *)bpf_map__initial_value(mmt_probe__section(obj, ".rodata.family"), &size);
	if (!c || size != sizeof(*c) || !waking)
		return -EINVAL;
	memset(c, 0, sizeof(*c));
	c->wakers = f->with_wakers;
	config_raw(&c->raw);
	if (f->with_wakers)
		f->n_irq = mmt_irq_code(NULL, c->irq, c->irq_len, MMT_OFF_RANGES);
	err = bpf_program__set_autoload(waking, f->with_wakers);
	err = err ? err : mmt_family__size(ctx, obj, "off_slots", ctx->probe->cfg.n_slots);
	err = err ? err : mmt_family__size(ctx, obj, "off_a", f->entries);
	err = err ? err : mmt_family__size(ctx, obj, "off_b", f->entries);
	err = err ? err : mmt_family__size(ctx, obj, "waker_a", f->with_wakers ? f->entries : 1);
	return err ? err : mmt_family__size(ctx, obj, "waker_b", f->with_wakers ? f->entries : 1);
}

static int off_open(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_offcpu", offcpu_bpf__elf_bytes, offcpu_raw__elf_bytes };
	struct off *f = calloc(1, sizeof(*f));
	int err;

	if (!f)
		return -ENOMEM;
	ctx->priv = f;
	f->grace.outer = f->grace.inner = -1;
	if (ctx->totals_only) {
		snprintf(ctx->why, sizeof(ctx->why), "a live session has no stacks");
		return -ENOTSUP;
	}
	f->with_wakers = mmt_family__asked(ctx, &mmt_family_waker);
	f->entries = n_entries(ctx);
	f->rest_done = calloc(ctx->probe->cfg.n_slots, sizeof(*f->rest_done));
	if (!f->rest_done)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	err = err ? err : mmt_family__mmap(ctx, "off_slots", (void **)&f->slots, &f->slots_len);
	err = err ? err : mmt_family__mmap(ctx, ".data.family", (void **)&f->st, &f->st_len);
	err = err ? err : offcpu_who__open(ctx->tasks, ctx->probe->cfg.n_slots, f->slots, &f->who);
	return err ? err : mmt_grace__open(&f->grace);
}

/*
 * The programs come and go with the tasks already, but count nothing: so that all that was
 * counted by the scheduler family until now can be told from what comes.
 */
static void begin(struct mmt_family_ctx *ctx)
{
	struct off *f = ctx->priv;
	uint32_t i, n;

	for (i = 1; i <= ctx->probe->slots_given && i < ctx->probe->cfg.n_slots; i++) {
		volatile struct mmt_off_slot *o = &f->slots[i];
		const volatile struct mmt_slot *s = &ctx->probe->slots[i];

		do { /* again if the task has come meanwhile */
			n = s->off_n;
			if (!n && !s->wait_ns)
				break;
			o->off_n = n;
			o->off_ns = s->off_ns;
			o->wait_ns = s->wait_ns;
			__atomic_thread_fence(__ATOMIC_SEQ_CST);
		} while (s->off_n != n || s->off_ns != o->off_ns || s->wait_ns != o->wait_ns);
	}
	__atomic_store_n(&f->st->on, 1, __ATOMIC_SEQ_CST);
}

static int off_attach(struct mmt_family_ctx *ctx)
{
	int err = mmt_family__attach(ctx);

	if (!err)
		begin(ctx);
	return err;
}

static void off_close(struct mmt_family_ctx *ctx)
{
	struct off *f = ctx->priv;

	if (!f)
		return;
	mmt_grace__close(&f->grace);
	offcpu_who__close(f->who);
	if (f->slots)
		munmap(f->slots, f->slots_len);
	if (f->st)
		munmap(f->st, f->st_len);
	free(f->rest_done);
	free(f->off.v);
	free(f->wakers.v);
	free(f);
}

/* ---------------------------------------------------------------- rows */

/* Numbers of a task's stacks; time: when it was last there. */
static int stacks_of(struct mmt_family_ctx *ctx, const struct offcpu_task *t, uint64_t kstack, uint64_t ustack, uint64_t time,
		     uint64_t id[2])
{
	int err;

	id[0] = id[1] = 0;
	if (!ctx->stacks)
		return 0;
	err = kstack ? mmt_stacks__kernel_hash(ctx->stacks, kstack, &id[0]) : 0;
	if (err || !ustack)
		return err;
	return mmt_stacks__user_hash(ctx->stacks, ustack, t->leader, time < t->before ? time : t->before, &id[1]);
}

static int write_off(struct mmt_family_ctx *ctx, const struct off_row *r, const struct offcpu_task *t)
{
	uint64_t id[2], hist[MMT_OFF_HIST];
	uint8_t buf[MMT_OFF_HIST * 5 + 16];
	unsigned int i, n = 0;
	int err = stacks_of(ctx, t, r->k.khash, r->k.uhash, r->v.last, id), len;

	for (i = 0; i < MMT_OFF_HIST; i++) {
		hist[i] = r->v.hist[i];
		if (hist[i])
			n = i + 1;
	}
	len = n ? mmt_vec_pack(hist, n, buf, sizeof(buf)) : 0;
	if (err || len < 0)
		return err ? err : len;
	{
		const struct mmt_cell c[] = {
			cell_u(r->time), cell_u(r->segment), cell_u(t->epoch), cell_u(id[0]), cell_u(id[1]),
			cell_u(r->k.flags), cell_u(r->v.count), cell_u(r->v.total), cell_u(r->v.max),
			cell_b(buf, (size_t)len),
		};

		return ROW(ctx->w, MMT_TB_OFF_CPU, c);
	}
}

static int write_waker(struct mmt_family_ctx *ctx, const struct waker_row *r, const struct offcpu_task *t)
{
	struct off *f = ctx->priv;
	struct offcpu_task waker;
	uint64_t id[2], wid[2];
	int err;

	offcpu_who__is(f->who, r->k.waker_slot, r->k.waker_gen, &waker);
	err = stacks_of(ctx, t, r->k.khash, r->k.uhash, r->v.last, id);
	err = err ? err : stacks_of(ctx, &waker, r->k.waker_khash, r->k.waker_uhash, r->v.last, wid);
	if (err)
		return err;
	{
		const struct mmt_cell c[] = {
			cell_u(r->time), cell_u(r->segment), cell_u(t->epoch), cell_u(id[0]), cell_u(id[1]),
			cell_u(waker.epoch), cell_u(wid[0]), cell_u(wid[1]), cell_u(r->k.flags),
			cell_u(r->v.count), cell_u(r->v.blocked), cell_u(r->v.delay), cell_u(r->v.delay_max),
		};

		return ROW(ctx->w, MMT_TB_WAKER, c);
	}
}

/* May the row be written, or does its task have no name yet? */
static bool ready(struct off *f, uint32_t slot, uint32_t gen, uint64_t time, uint64_t now, struct offcpu_task *t)
{
	return offcpu_who__is(f->who, slot, gen, t) || now > time + HOLD_NS;
}

static int settle_off(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct off *f = ctx->priv;
	struct off_row *v = f->off.v;
	size_t i, kept = 0;
	int err = 0;

	for (i = 0; i < f->off.n; i++) {
		struct offcpu_task t;

		if (!ready(f, v[i].k.slot, v[i].k.gen, v[i].time, now, &t)) {
			v[kept++] = v[i];
			continue;
		}
		f->unknown += t.epoch ? 0 : v[i].v.count;
		err = err ? err : write_off(ctx, &v[i], &t);
	}
	f->off.n = kept;
	return err;
}

static int settle_wakers(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct off *f = ctx->priv;
	struct waker_row *v = f->wakers.v;
	size_t i, kept = 0;
	int err = 0;

	for (i = 0; i < f->wakers.n; i++) {
		struct offcpu_task t, waker;

		if (!ready(f, v[i].k.slot, v[i].k.gen, v[i].time, now, &t) ||
		    (v[i].k.waker_slot && !ready(f, v[i].k.waker_slot, v[i].k.waker_gen, v[i].time, now, &waker)))
			v[kept++] = v[i];
		else
			err = err ? err : write_waker(ctx, &v[i], &t);
	}
	f->wakers.n = kept;
	return err;
}

/* What found no entry in the maps: sums without stacks. */
static int write_rest(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct off *f = ctx->priv;
	struct rest *d = &f->rest_done[e->slot];
	const struct offcpu_task t = { .epoch = e->id };
	unsigned int k;
	int err = 0;

	for (k = 0; k < 2 && !err; k++) {
		const volatile struct mmt_off_rest *r = &f->slots[e->slot].rest[k];
		struct off_row row = { .time = now, .segment = ctx->segment };
		uint32_t n;
		uint64_t ns;

		do {
			n = r->n;
			ns = r->ns;
		} while (n != r->n);
		if (n == d->n[k])
			continue;
		row.k.flags = k ? MMT_OF_PREEMPTED : 0;
		row.v.count = n - d->n[k];
		row.v.total = ns - d->ns[k];
		row.v.max = r->max;
		d->n[k] = n;
		d->ns[k] = ns;
		err = write_off(ctx, &row, &t);
	}
	return err;
}

/* ---------------------------------------------------------------- maps */

static void *rows_more(struct rows *r, size_t n, size_t each)
{
	void *p;

	if (r->n + n > r->size) {
		p = reallocarray(r->v, r->n + n + CHUNK, each);
		if (!p)
			return NULL;
		r->v = p;
		r->size = r->n + n + CHUNK;
	}
	p = (char *)r->v + r->n * each;
	memset(p, 0, n * each);
	r->n += n;
	return p;
}

/* Everything in the map, which is empty then; 0 or -errno. */
static int take(struct mmt_family_ctx *ctx, const char *map, size_t key_size, size_t val_size, uint64_t now,
		int (*add)(struct mmt_family_ctx *ctx, const void *key, const void *val, uint64_t now))
{
	int fd = bpf_object__find_map_fd_by_name(ctx->obj, map), err = 0, end = 0;
	char *keys = malloc(CHUNK * key_size), *vals = malloc(CHUNK * val_size);
	uint32_t batch = 0, n, i;
	bool first = true;

	if (fd < 0 || !keys || !vals)
		err = fd < 0 ? -ENOENT : -ENOMEM;
	while (!err && !end) {
		n = CHUNK;
		if (bpf_map_lookup_and_delete_batch(fd, first ? NULL : &batch, &batch, keys, vals, &n, NULL)) {
			end = errno == ENOENT;
			err = end ? 0 : -errno;
		}
		first = false;
		for (i = 0; i < n && !err; i++)
			err = add(ctx, keys + i * key_size, vals + i * val_size, now);
	}
	free(keys);
	free(vals);
	return err;
}

static int add_off(struct mmt_family_ctx *ctx, const void *key, const void *val, uint64_t now)
{
	struct off *f = ctx->priv;
	struct off_row *r = rows_more(&f->off, 1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memcpy(&r->k, key, sizeof(r->k));
	memcpy(&r->v, val, sizeof(r->v));
	r->time = now;
	r->segment = ctx->segment;
	return 0;
}

static int add_waker(struct mmt_family_ctx *ctx, const void *key, const void *val, uint64_t now)
{
	struct off *f = ctx->priv;
	struct waker_row *r = rows_more(&f->wakers, 1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	memcpy(&r->k, key, sizeof(r->k));
	memcpy(&r->v, val, sizeof(r->v));
	r->time = now;
	r->segment = ctx->segment;
	return 0;
}

static void flip(struct off *f)
{
	__atomic_store_n(&f->st->gen, f->st->gen ^ 1, __ATOMIC_SEQ_CST);
	f->flipped = true;
}

/* Rows come in an order of their own, so that they compress. */
static int by_off_key(const void *a, const void *b)
{
	const struct off_row *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return memcmp(&x->k, &y->k, sizeof(x->k));
}

static int by_waker_key(const void *a, const void *b)
{
	const struct waker_row *x = a, *y = b;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return memcmp(&x->k, &y->k, sizeof(x->k));
}

static int drain(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct off *f = ctx->priv;
	const struct mmt_tasks *t = ctx->tasks;
	uint32_t old;
	size_t i;
	int err;

	if (!f->flipped)
		flip(f);
	f->flipped = false;
	f->drained = now;
	old = ~f->st->gen & 1;
	err = mmt_grace__wait(&f->grace);
	if (!err && f->st->used[old]) {
		err = take(ctx, old ? "off_b" : "off_a", sizeof(struct mmt_off_key), sizeof(struct mmt_off_val), now, add_off);
		if (!err && f->with_wakers)
			err = take(ctx, old ? "waker_b" : "waker_a", sizeof(struct mmt_waker_key), sizeof(struct mmt_waker_val),
				   now, add_waker);
		f->st->used[old] = 0;
	}
	if (f->off.n)
		qsort(f->off.v, f->off.n, sizeof(struct off_row), by_off_key);
	if (f->wakers.n)
		qsort(f->wakers.v, f->wakers.n, sizeof(struct waker_row), by_waker_key);
	err = err ? err : settle_off(ctx, now);
	err = err ? err : settle_wakers(ctx, now);
	for (i = 0; i < t->n_live && !err; i++)
		err = write_rest(ctx, t->live[i], now);
	offcpu_who__forget(f->who, now);
	return err;
}

/* ---------------------------------------------------------------- the family */

static void off_cut(struct mmt_family_ctx *ctx)
{
	struct off *f = ctx->priv;

	if (!f->flipped)
		flip(f);
}

static int off_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	const struct off *f = ctx->priv;

	return full || now > f->drained + DRAIN_NS ? drain(ctx, now) : 0;
}

/* A map that fills is emptied before its time. */
static int off_pass(struct mmt_family_ctx *ctx)
{
	const struct off *f = ctx->priv;
	const volatile uint32_t *used = f->st->used;

	return used[f->st->gen & 1] > f->entries / 2 ? drain(ctx, mmt_probe__now(ctx->probe)) : 0;
}

static void off_segment(struct mmt_family_ctx *ctx)
{
	struct off *f = ctx->priv;
	size_t i;

	for (i = 0; i < ctx->tasks->n_live; i++) {
		struct mmt_off_slot *o = &f->slots[ctx->tasks->live[i]->slot];

		if (o->rest[0].max | o->rest[1].max)
			o->rest[0].max = o->rest[1].max = 0;
	}
}

static int off_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct off *f = ctx->priv;
	struct mmt_off_slot *o = &f->slots[e->slot];
	int err = write_rest(ctx, e, now), ret;
	uint32_t gen = o->gen + 1;

	ret = offcpu_who__end(f->who, e, gen, now);
	memset(o, 0, sizeof(*o));
	o->gen = gen;
	memset(&f->rest_done[e->slot], 0, sizeof(f->rest_done[0]));
	return err ? err : ret;
}

static void off_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct off *f = ctx->priv;

	/* the last that nobody has named */
	settle_off(ctx, UINT64_MAX);
	settle_wakers(ctx, UINT64_MAX);
	if (f->st->full || f->st->full_wakers || f->unknown)
		snprintf(buf, size, "offcpu: too many different stacks at once: %llu periods have none, %llu wakeups are missing; %llu "
			 "periods are of unknown tasks", (unsigned long long)f->st->full, (unsigned long long)f->st->full_wakers,
			 (unsigned long long)f->unknown);
	else if (f->st->checked)
		snprintf(buf, size, "offcpu: of %llu stacks that were known %llu differ", (unsigned long long)f->st->checked,
			 (unsigned long long)f->st->differ);
	else if (f->with_wakers && !f->n_irq)
		snprintf(buf, size, "waker: the kernel hides its addresses, so wakeups by interrupts seem to be by whom they interrupted");
}

static const struct mmt_family_ops ops = {
	.open = off_open, .attach = off_attach, .pass = off_pass, .cut = off_cut, .flush = off_flush,
	.segment = off_segment, .task_end = off_task_end, .note = off_note, .close = off_close,
};

const struct mmt_family mmt_family_offcpu = {
	.name = "offcpu", .ops = &ops,
	.summary = "time off the CPU by task, and the stacks where it left: blocked, preempted",
};

const struct mmt_family mmt_family_waker = {
	.name = "waker", .part_of = &mmt_family_offcpu,
	.summary = "more of offcpu: who woke a blocked task, from where, and how late it ran",
};
