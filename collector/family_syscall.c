// SPDX-License-Identifier: GPL-2.0-only
/*
 * The syscall family: counters of the programs -> rows of what was added. What a task did
 * is in blocks of its own; what found none is with the CPU's others, written as epoch 0,
 * which also carries the latency histograms of all calls.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bpf/syscall_shared.h"
#include "cells.h"
#include "clock.h"
#include "family.h"
#include "syscall.skel.h"
#include "syscall_raw.skel.h"
#include "syscall_names.h"

#define BLOCKS 32768u    /* 8 calls of one task each: 8 MB */
#define HISTS_A_CPU 64u  /* calls with a histogram; the pool is shared */
#define HISTS_MIN 256u
#define HISTS_MAX 16384u

static const char *const native_names[MMT_SYS_NR] = { NATIVE_SYSCALLS };
static const char *const compat_names[MMT_SYS_NR] = { COMPAT_SYSCALLS };

static const char *const class_names[MMT_SC_N] = {
	"NORMAL", "RANDOM", "SEQUENTIAL", "WILLNEED", "DONTNEED", NULL, NULL, NULL, "FREE", "REMOVE", "DONTFORK", "DOFORK",
	"MERGEABLE", "UNMERGEABLE", "HUGEPAGE", "NOHUGEPAGE", "DONTDUMP", "DODUMP", "WIPEONFORK", "KEEPONFORK", "COLD",
	"PAGEOUT", "POPULATE_READ", "POPULATE_WRITE", "DONTNEED_LOCKED", "COLLAPSE", NULL, NULL, "GUARD_INSTALL",
	"GUARD_REMOVE", NULL, "other",
	[MMT_SC_MMAP] = "anonymous private", "file private", "anonymous shared", "file shared", "anonymous reserved",
	"hugetlb", [MMT_SC_MUNMAP] = "all", [MMT_SC_BRK] = "query", "grow", "shrink",
	[MMT_SC_MREMAP] = "same size", "grow", "shrink",
	[MMT_SC_MPROTECT] = "none", "r", "w", "rw", "x", "rx", "wx", "rwx",
};

struct sys {
	struct mmt_sys_task *tasks;
	struct mmt_sys_block *blocks, *blocks_done;
	struct mmt_sys_cpu *cpus, *cpus_done;
	struct mmt_sys_hist *hists, *hists_done;
	struct { void *p; size_t len; } maps[4];
	uint32_t n_blocks, n_hists;
	int free_blocks_fd;
	uint64_t others; /* calls that found no counters of their own */
	uint32_t delta[MMT_HIST_N];
	uint8_t buf[MMT_HIST_N * 10];
};

/* One row to be. */
struct added {
	uint64_t epoch;
	uint32_t key;
	struct mmt_sys_count c; /* what was added; max_ns since the mark */
	uint64_t open, open_ns;
	size_t hist_len;
};

/* ---------------------------------------------------------------- life */

static uint32_t n_hists_of(unsigned int cpus)
{
	uint32_t n = cpus * HISTS_A_CPU;

	return n < HISTS_MIN ? HISTS_MIN : n > HISTS_MAX ? HISTS_MAX : n;
}

/* Fewer for tests. */
static uint32_t n_blocks_of(const char *said)
{
	unsigned long n = said ? strtoul(said, NULL, 10) : 0;

	return n > 1 && n < BLOCKS ? (uint32_t)n : BLOCKS;
}

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct sys *s = ctx->priv;
	int err = mmt_family__size(ctx, obj, "sys_tasks", ctx->probe->cfg.n_slots);

	err = err ? err : mmt_family__size(ctx, obj, "sys_blocks", s->n_blocks);
	err = err ? err : mmt_family__size(ctx, obj, "sys_free_blocks", s->n_blocks);
	err = err ? err : mmt_family__size(ctx, obj, "sys_cpus", ctx->probe->n_cpus);
	err = err ? err : mmt_family__size(ctx, obj, "sys_hists", s->n_hists);
	return err ? err : mmt_family__size(ctx, obj, "sys_free_hists", s->n_hists);
}

static int map_all(struct mmt_family_ctx *ctx)
{
	struct sys *s = ctx->priv;
	void **at[4] = { (void **)&s->tasks, (void **)&s->blocks, (void **)&s->cpus, (void **)&s->hists };
	static const char *const names[4] = { "sys_tasks", "sys_blocks", "sys_cpus", "sys_hists" };
	int i, err = 0;

	for (i = 0; i < 4 && !err; i++) {
		err = mmt_family__mmap(ctx, names[i], at[i], &s->maps[i].len);
		s->maps[i].p = err ? NULL : *at[i];
	}
	return err;
}

static int sys_open(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_syscall", syscall_bpf__elf_bytes, syscall_raw__elf_bytes };
	struct sys *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	ctx->priv = s;
	s->n_blocks = n_blocks_of(getenv("MMT_SYSCALL_BLOCKS"));
	s->n_hists = n_hists_of(ctx->probe->n_cpus);
	s->blocks_done = calloc(s->n_blocks, sizeof(*s->blocks_done));
	s->cpus_done = calloc(ctx->probe->n_cpus, sizeof(*s->cpus_done));
	s->hists_done = calloc(s->n_hists, sizeof(*s->hists_done));
	if (!s->blocks_done || !s->cpus_done || !s->hists_done)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	err = err ? err : map_all(ctx);
	if (err)
		return err;
	s->free_blocks_fd = bpf_object__find_map_fd_by_name(ctx->obj, "sys_free_blocks");
	err = mmt_family__free_numbers(s->free_blocks_fd, s->n_blocks);
	return err ? err : mmt_family__free_numbers(bpf_object__find_map_fd_by_name(ctx->obj, "sys_free_hists"), s->n_hists);
}

static void sys_close(struct mmt_family_ctx *ctx)
{
	struct sys *s = ctx->priv;
	int i;

	for (i = 0; s && i < 4; i++)
		if (s->maps[i].p)
			munmap(s->maps[i].p, s->maps[i].len);
	if (s) {
		free(s->blocks_done);
		free(s->cpus_done);
		free(s->hists_done);
	}
	free(s);
}

/* ---------------------------------------------------------------- rows */

static const char *class_call(uint32_t class)
{
	return class < MMT_SC_MMAP ? "madvise" : class < MMT_SC_MUNMAP ? "mmap" : class < MMT_SC_BRK ? "munmap" :
	       class < MMT_SC_MREMAP ? "brk" : class < MMT_SC_MPROTECT ? "mremap" : "mprotect";
}

static const char *name_of(uint32_t key)
{
	uint32_t nr = key % MMT_SYS_NR;

	if (key >= MMT_SYS_CLASS)
		return class_call(key - MMT_SYS_CLASS);
	return key < MMT_SYS_NR ? native_names[nr] : compat_names[nr];
}

/* The number of a class's call: found by its name, once a row of a class is written. */
static uint32_t number_of(uint32_t key)
{
	const char *name = name_of(key);
	uint32_t i;

	if (key < MMT_SYS_CLASS)
		return key % MMT_SYS_NR;
	for (i = 0; i < MMT_SYS_NR; i++)
		if (native_names[i] && !strcmp(native_names[i], name))
			return i;
	return MMT_SYS_NR - 1;
}

static int write_row(struct mmt_family_ctx *ctx, uint64_t now, const struct added *a)
{
	const struct sys *s = ctx->priv;
	bool class = a->key >= MMT_SYS_CLASS;
	const char *name = name_of(a->key), *what = "";
	char other[16];

	if (class) {
		what = class_names[a->key - MMT_SYS_CLASS];
		snprintf(other, sizeof(other), "%u", a->key - MMT_SYS_CLASS);
		what = what ? what : other;
	}
	{
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(ctx->segment), cell_u(a->epoch),
			cell_u(!class && a->key >= MMT_SYS_NR), cell_u(number_of(a->key)), cell_s(name), cell_s(what),
			cell_u(a->c.count), cell_u(a->c.errors), cell_u(a->c.restarts), cell_u(a->c.untimed),
			cell_u(a->c.time_ns), cell_u(class ? 0 : a->c.max_ns), cell_u(class ? a->c.max_ns : 0),
			cell_u(a->open), cell_u(a->open_ns), cell_b(s->buf, a->hist_len),
		};

		return ROW(ctx->w, MMT_TB_SYSCALL_TOTALS, c);
	}
}

/* What was added since *done, which becomes *cur; false: nothing. */
static bool grown(const struct mmt_sys_count *cur, struct mmt_sys_count *done, bool class, struct mmt_sys_count *d)
{
	const volatile struct mmt_sys_count *v = cur;
	struct mmt_sys_count now = { v->time_ns, v->max_ns, v->count, v->errors, v->restarts, v->untimed };

	if (now.count == done->count)
		return false;
	d->count = now.count - done->count;
	d->errors = now.errors - done->errors;
	d->restarts = now.restarts - done->restarts;
	d->untimed = now.untimed - done->untimed;
	d->time_ns = now.time_ns - done->time_ns;
	d->max_ns = class ? now.max_ns - done->max_ns : now.max_ns;
	*done = now;
	return true;
}

/* The call that the task is in; its row is added to what else there is of that call. */
static void open_call(struct sys *s, uint32_t slot, uint64_t mono, uint32_t *key, uint64_t *ns)
{
	const volatile struct mmt_sys_task *t = &s->tasks[slot];
	uint64_t enter = t->enter;

	*key = t->key;
	*ns = mono > enter ? mono - enter : 0;
	if (!enter || t->enter != enter)
		*key = MMT_SYS_KEYS;
}

/* Rows of one task; mark: also what is in progress. */
static int task_rows(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now, bool mark)
{
	struct sys *s = ctx->priv;
	struct mmt_sys_task *t = &s->tasks[e->slot];
	uint32_t open_key = MMT_SYS_KEYS, g, i;
	uint64_t open_ns = 0;
	bool shown = false;
	int err = 0;

	t->self = e->tgid == (uint32_t)getpid();
	if (mark && (!ctx->probe->cfg.filter || ctx->probe->slots[e->slot].flags & MMT_SF_WANT))
		open_call(s, e->slot, mmt_mono_ns(), &open_key, &open_ns);
	for (g = 0; g < MMT_SYS_GROUPS && !err; g++) {
		uint32_t b = *(const volatile mmt_u16 *)&t->block[g];

		if (!b || b >= s->n_blocks)
			continue;
		for (i = 0; i < MMT_SYS_GROUP && !err; i++) {
			struct added a = { .epoch = e->id, .key = g * MMT_SYS_GROUP + i };
			bool any = grown(&s->blocks[b].c[i], &s->blocks_done[b].c[i], a.key >= MMT_SYS_CLASS, &a.c);

			if (a.key == open_key) {
				shown = true;
				a.open = 1;
				a.open_ns = open_ns;
			}
			if (any || a.open)
				err = write_row(ctx, now, &a);
		}
	}
	if (open_key < MMT_SYS_KEYS && !shown && !err) {
		const struct added a = { .epoch = e->id, .key = open_key, .open = 1, .open_ns = open_ns };

		err = write_row(ctx, now, &a);
	}
	return err;
}

static void add_count(struct mmt_sys_count *sum, const struct mmt_sys_count *d, bool class)
{
	sum->count += d->count;
	sum->errors += d->errors;
	sum->restarts += d->restarts;
	sum->untimed += d->untimed;
	sum->time_ns += d->time_ns;
	if (class)
		sum->max_ns += d->max_ns;
	else if (d->max_ns > sum->max_ns)
		sum->max_ns = d->max_ns;
}

/* Add what a CPU's histogram of a call got to s->delta. */
static bool hist_grown(struct sys *s, uint32_t h)
{
	const volatile uint32_t *cur = s->hists[h].count;
	uint32_t *done = s->hists_done[h].count, any = 0, i;

	for (i = 0; i < MMT_HIST_N; i++) {
		uint32_t v = cur[i];

		s->delta[i] += v - done[i];
		any |= v - done[i];
		done[i] = v;
	}
	return any;
}

/* Histograms of all calls, and the calls of tasks without counters. */
static int other_rows(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct sys *s = ctx->priv;
	uint32_t key, cpu;
	int err = 0, len;

	for (key = 0; key < MMT_SYS_KEYS && !err; key++) {
		bool class = key >= MMT_SYS_CLASS, any = false;
		struct added a = { .key = key };

		for (cpu = 0; cpu < ctx->probe->n_cpus; cpu++) {
			uint32_t h = class ? 0 : *(volatile mmt_u16 *)&s->cpus[cpu].hist[key];
			struct mmt_sys_count d;

			if (grown(&s->cpus[cpu].others[key], &s->cpus_done[cpu].others[key], class, &d)) {
				add_count(&a.c, &d, class);
				s->others += class ? 0 : d.count;
			}
			if (!h || h >= s->n_hists)
				continue;
			if (!any)
				memset(s->delta, 0, sizeof(s->delta));
			any = hist_grown(s, h) || any;
		}
		if (any) {
			len = mmt_hist_pack(s->delta, MMT_HIST_N, s->buf, sizeof(s->buf));
			if (len < 0)
				return len;
			a.hist_len = (size_t)len;
		}
		if (any || a.c.count)
			err = write_row(ctx, now, &a);
	}
	return err;
}

static int sys_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct mmt_tasks *t = ctx->tasks;
	size_t i;
	int err = 0;

	if (!full)
		return 0;
	for (i = 0; i < t->n_live && !err; i++)
		err = task_rows(ctx, t->live[i], now, ctx->mark);
	return err ? err : other_rows(ctx, now);
}

static void sys_segment(struct mmt_family_ctx *ctx)
{
	struct sys *s = ctx->priv;
	uint32_t b, i;

	for (i = 0; i < ctx->probe->n_cpus; i++)
		for (b = 0; b < MMT_SYS_CLASS; b++)
			s->cpus[i].others[b].max_ns = 0;
	for (i = 0; i < ctx->tasks->n_live; i++) {
		const struct mmt_sys_task *t = &s->tasks[ctx->tasks->live[i]->slot];
		uint32_t g, k;

		for (g = 0; g < MMT_SYS_CLASS / MMT_SYS_GROUP; g++) {
			b = t->block[g];
			for (k = 0; b && b < s->n_blocks && k < MMT_SYS_GROUP; k++)
				s->blocks[b].c[k].max_ns = 0;
		}
	}
}

static int sys_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct sys *s = ctx->priv;
	struct mmt_sys_task *t = &s->tasks[e->slot];
	int err = task_rows(ctx, e, now, false);
	uint32_t g, b;

	for (g = 0; g < MMT_SYS_GROUPS; g++) {
		b = t->block[g];
		if (!b || b >= s->n_blocks)
			continue;
		memset(&s->blocks[b], 0, sizeof(s->blocks[b]));
		memset(&s->blocks_done[b], 0, sizeof(s->blocks_done[b]));
		bpf_map_update_elem(s->free_blocks_fd, NULL, &b, BPF_ANY);
	}
	memset(t, 0, sizeof(*t));
	return err;
}

/*
 * Times that the kernel skipped a program because it was running already on that CPU: a kernel
 * that lets it be preempted (7.2) does so until it goes on. The end of a call that was skipped
 * alone is made up for at the task's next call, and a beginning at the end.
 */
static uint64_t missed(struct mmt_family_ctx *ctx)
{
	struct bpf_program *p;
	uint64_t n = 0;

	bpf_object__for_each_program(p, ctx->obj) {
		struct bpf_prog_info info = { 0 };
		uint32_t len = sizeof(info);

		if (bpf_program__fd(p) >= 0 && !bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) &&
		    len >= offsetof(struct bpf_prog_info, recursion_misses) + sizeof(info.recursion_misses))
			n += info.recursion_misses;
	}
	return n;
}

static void sys_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct sys *s = ctx->priv;
	uint64_t lost = missed(ctx);

	if (lost)
		snprintf(buf, size, "the kernel let the syscall programs be preempted and skipped them %llu times: at most so many "
			 "calls have no time, or are not counted", (unsigned long long)lost);
	else if (s->others)
		snprintf(buf, size, "%llu system calls of tasks without counters of their own: they are counted with the others (epoch 0)",
			 (unsigned long long)s->others);
}

static const struct mmt_family_ops ops = {
	.open = sys_open,
	.flush = sys_flush,
	.segment = sys_segment,
	.task_end = sys_task_end,
	.note = sys_note,
	.close = sys_close,
};

const struct mmt_family mmt_family_syscall = {
	.name = "syscall",
	.summary = "system calls: count, errors, time by task and call; memory management calls by what they ask",
	.ops = &ops,
};
