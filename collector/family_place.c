// SPDX-License-Identifier: GPL-2.0-only
/*
 * The place family: pages per node of processes, at marks and every interval. Nothing of
 * it is in the kernel: the processes are known from the records of tasks, and are
 * measured one by one between passes over the rings, the largest and longest not
 * measured first, within a hundredth of the time. What does not fit has its turn later.
 * In between, the young are looked at when they have become twice as old, so that
 * processes that live shorter than the interval are seen, and others as they grow.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cells.h"
#include "cgroup.h"
#include "family.h"
#include "place.h"

#define PF_KTHREAD 0x00200000u
#define PASS_NS 2000000ULL   /* of a pass over the rings */
#define MARK_NS 20000000ULL  /* at a mark */
#define SHARE 100            /* of the time: one in so many ns */
#define CREDIT_NS 50000000   /* that is saved up, at most */
#define YOUNG_NS 100000000ULL /* between looks at the young, and when they are first due */
#define EXACT_NS 5000000ULL  /* of a process; above, it is sampled */
#define NEVER_NS 60e9        /* how old a measurement is taken to be that was never made */

struct proc {
	uint64_t epoch, cgroup, kb, walk_kb, last, born;
	uint32_t tgid;
	bool leader, wanted; /* leader: epoch is its */
	double ns_gib, rank;
};

struct place {
	struct mmt_placer *placer;
	struct proc *v;        /* of this round; then those of the last one, for what is known of them */
	struct proc *old;
	size_t n, n_all, cap, n_old, cap_old; /* n: those that are due, first in v */
	size_t sized, next;
	bool running, ranked, young; /* ranked: sizes are known; young: a round of these only */
	uint64_t *cgroups;     /* of this round, by number; cap of them */
	size_t n_cgroups, left_cgroups;
	uint64_t last_cgroup;  /* that was measured: the one after it is next, in the next round too */
	uint64_t first_at;     /* first round: who was there before is not young */
	uint64_t round_at, credit_at, free_ns; /* free_ns: of a mark, beside the credit */
	int64_t credit;        /* ns that may be used */
	uint64_t sizing_ns, measuring_ns; /* what this round has cost */
	uint64_t due, left_out, denied; /* measurements */
	struct mmt_placement out;
	int err;
};

static int place_open(struct mmt_family_ctx *ctx)
{
	struct place *p = calloc(1, sizeof(*p));

	ctx->priv = p;
	return p ? mmt_placer__open("/proc", ctx->topo, &p->placer, ctx->why, sizeof(ctx->why)) : -ENOMEM;
}

static int place_attach(struct mmt_family_ctx *ctx)
{
	const struct mmt_cell c[] = { cell_s("place"), cell_s("yes") };
	char kb[24];
	int err = ROW(ctx->w, MMT_TB_META, c);

	snprintf(kb, sizeof(kb), "%ld", sysconf(_SC_PAGESIZE) / 1024);
	{
		const struct mmt_cell page[] = { cell_s("page.kb"), cell_s(kb) };

		return err ? err : ROW(ctx->w, MMT_TB_META, page);
	}
}

static void place_detach(struct mmt_family_ctx *ctx)
{
	(void)ctx;
}

/* ---------------------------------------------------------------- who is due */

static int cmp_tgid(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return y->leader - x->leader;
}

static int cmp_epoch(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

static int cmp_rank(const void *a, const void *b)
{
	const struct proc *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? 1 : -1;
	return cmp_epoch(a, b);
}

static int cmp_id(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int more(struct place *p, size_t n)
{
	struct proc *v;

	if (n <= p->cap)
		return 0;
	v = reallocarray(p->v, n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	p->v = v;
	p->cap = n;
	return 0;
}

/* The last round's, by epoch, for when they were measured last. */
static void keep_old(struct place *p)
{
	struct proc *v = p->old;
	size_t cap = p->cap_old;

	p->old = p->v;
	p->n_old = p->n_all;
	p->cap_old = p->cap;
	p->v = v;
	p->cap = cap;
	p->n = p->n_all = 0;
	if (p->n_old)
		qsort(p->old, p->n_old, sizeof(*p->old), cmp_epoch);
}

/* Processes of tasks that the filters let through: each has one row, of its leader. */
static int collect(struct mmt_family_ctx *ctx)
{
	const struct mmt_tasks *t = ctx->tasks;
	struct place *p = ctx->priv;
	bool filter = ctx->probe->cfg.filter;
	size_t i, n = 0;
	int err = more(p, t->n_live + t->n_known);

	if (err)
		return err;
	for (i = 0; i < t->n_live; i++) {
		const struct mmt_epoch *e = t->live[i];
		bool want = !filter || ctx->probe->slots[e->slot].flags & MMT_SF_WANT;

		if (e->flags & PF_KTHREAD || e->tgid == (uint32_t)getpid() || (e->tid != e->tgid && (!filter || !want)))
			continue;
		p->v[n++] = (struct proc){ .epoch = e->id, .tgid = e->tgid, .cgroup = e->cgroup, .born = e->first,
					   .wanted = want, .leader = e->tid == e->tgid };
	}
	/* leaders that sleep all the time; whether they are wanted is told by their threads */
	for (i = 0; i < t->n_known; i++)
		if (t->known[i].tid == t->known[i].tgid)
			p->v[n++] = (struct proc){ .epoch = t->known[i].id, .tgid = t->known[i].tgid, .wanted = !filter, .leader = true };
	qsort(p->v, n, sizeof(*p->v), cmp_tgid);
	for (i = 0; i < n; i++) {
		if (p->n && p->v[p->n - 1].tgid == p->v[i].tgid)
			p->v[p->n - 1].wanted |= p->v[i].wanted;
		else if (p->v[i].leader && (!p->n || p->v[p->n - 1].wanted))
			p->v[p->n++] = p->v[i];
		else if (p->v[i].leader)
			p->v[p->n - 1] = p->v[i];
	}
	p->n -= p->n && !p->v[p->n - 1].wanted;
	return 0;
}

/* ---------------------------------------------------------------- what it may cost */

static void pay(struct place *p, uint64_t ns)
{
	uint64_t free_part = ns < p->free_ns ? ns : p->free_ns;

	p->free_ns -= free_part;
	p->credit -= (int64_t)(ns - free_part);
}

/* There is time left to use. */
static bool may(struct mmt_family_ctx *ctx)
{
	struct place *p = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);

	if (now > p->credit_at) {
		p->credit += (int64_t)((now - p->credit_at) / SHARE);
		p->credit_at = now;
	}
	p->credit = p->credit > CREDIT_NS ? CREDIT_NS : p->credit;
	return p->free_ns || p->credit > 0;
}

/* ---------------------------------------------------------------- a round */

static bool is_due(const struct place *p, const struct proc *v, uint64_t now)
{
	if (!p->young)
		return true;
	if (v->born <= p->first_at)
		return !v->last;
	return v->last > v->born ? now - v->born > 2 * (v->last - v->born) : now - v->born > YOUNG_NS / 2;
}

static int start_round(struct mmt_family_ctx *ctx, bool young, uint64_t free_ns)
{
	struct place *p = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);
	size_t i, due = 0;
	int err;

	if (p->running)
		p->left_out += p->n - p->next + p->left_cgroups;
	keep_old(p);
	err = collect(ctx);
	if (err)
		return err;
	p->young = young;
	p->ranked = false;
	p->first_at = p->first_at ? p->first_at : now;
	for (i = 0; i < p->n; i++) {
		const struct proc *o = p->n_old ? bsearch(&p->v[i], p->old, p->n_old, sizeof(*o), cmp_epoch) : NULL;

		p->v[i].last = o ? o->last : 0;
		p->v[i].ns_gib = o ? o->ns_gib : 0;
	}
	for (i = 0; i < p->n; i++) {
		struct proc v = p->v[i];

		if (!is_due(p, &v, now))
			continue;
		p->v[i] = p->v[due];
		p->v[due++] = v;
	}
	p->n_all = p->n;
	p->n = due;
	p->sized = p->next = p->n_cgroups = p->left_cgroups = 0;
	p->free_ns = free_ns;
	p->round_at = now;
	p->running = p->n;
	p->due += p->n;
	p->sizing_ns = mmt_probe__now(ctx->probe) - now;
	p->measuring_ns = 0;
	pay(p, p->sizing_ns);
	return 0;
}

/* Of the processes of the round, each once. */
static int find_cgroups(struct place *p)
{
	uint64_t *v = reallocarray(p->cgroups, p->n + 1, sizeof(*v));
	size_t i, n = 0;

	if (!v)
		return -ENOMEM;
	p->cgroups = v;
	for (i = 0; i < p->n; i++)
		if (p->v[i].cgroup)
			v[n++] = p->v[i].cgroup;
	qsort(v, n, sizeof(*v), cmp_id);
	for (i = 0; i < n; i++)
		if (!i || v[i] != v[i - 1])
			v[p->n_cgroups++] = v[i];
	p->left_cgroups = p->n_cgroups;
	p->due += p->n_cgroups;
	return 0;
}

/* Sizes of all, some of them in this pass: 1 when all are known, 0 when not, or -errno. */
static int size_up(struct mmt_family_ctx *ctx, uint64_t until)
{
	struct place *p = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe), t = now, then;
	int err = 0;

	while (p->sized < p->n) {
		struct proc *v = &p->v[p->sized++];

		if (mmt_placer__resident(p->placer, v->tgid, &v->kb, &v->walk_kb))
			v->kb = 0;
		v->rank = (double)v->kb * (v->last ? (double)(now - v->last) : NEVER_NS);
		if (p->sized & 15 && p->sized < p->n)
			continue;
		then = t;
		t = mmt_probe__now(ctx->probe);
		p->sizing_ns += t - then;
		pay(p, t - then);
		if (p->sized < p->n && (t > until || !may(ctx)))
			return 0;
	}
	if (p->ranked)
		return 1;
	p->ranked = true;
	qsort(p->v, p->n, sizeof(*p->v), cmp_rank);
	while (p->n && !p->v[p->n - 1].kb) /* gone, or without memory */
		p->n--;
	if (!p->young)
		err = find_cgroups(p);
	p->sized = p->n;
	return err ? err : 1;
}

/* ---------------------------------------------------------------- measuring */

static int write_rows(struct mmt_family_ctx *ctx, uint64_t now, uint64_t epoch, uint64_t cgroup)
{
	const struct mmt_placement *o = &((struct place *)ctx->priv)->out;
	unsigned int i, k;
	int err = 0;

	for (i = 0; i < o->n_nodes && i < MMT_MAX_NODES; i++) {
		for (k = 0; k < MMT_PLACE_KINDS && !err; k++) {
			const struct mmt_place_cell *a = &o->at[k][i];
			const struct mmt_cell c[] = {
				cell_u(now), cell_u(ctx->segment), cell_u(epoch), cell_u(cgroup), cell_u(i), cell_u(k),
				cell_u(o->method), cell_u(a->kb), cell_u(a->lo), cell_u(a->hi), cell_u(a->n), cell_u(o->hits),
				cell_u(o->cost_ns),
			};

			/* nothing, on a node that could hold something, is worth a row */
			if (a->kb || (k == MMT_PLACE_ALL && ctx->topo->node[i].mem_kb))
				err = ROW(ctx->w, MMT_TB_PLACEMENT, c);
		}
	}
	return err;
}

static int measure(struct mmt_family_ctx *ctx, struct proc *v)
{
	struct place *p = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);
	int err;

	p->out.cost_ns = 0; /* of one that is gone already */
	err = mmt_placer__measure(p->placer, v->tgid, EXACT_NS, &v->ns_gib, &p->out);
	v->last = now;
	p->measuring_ns += p->out.cost_ns;
	pay(p, p->out.cost_ns);
	if (err == -ENOMEM)
		return err;
	p->denied += err == -EACCES;
	return err ? 0 : write_rows(ctx, now, v->epoch, 0);
}

static int measure_cgroup(struct mmt_family_ctx *ctx, uint64_t id)
{
	struct mmt_cgroup_names *names = &ctx->tasks->cgroups;
	struct place *p = ctx->priv;
	uint64_t now = mmt_probe__now(ctx->probe);
	char path[2048], dir[4096];

	mmt_cgroup__path(names, id, path, sizeof(path));
	if (path[0] != '/')
		return 0;
	snprintf(dir, sizeof(dir), "%s%s", names->mount, path);
	if (mmt_placer__cgroup(dir, &p->out))
		return 0; /* the root's is not accounted; nor is any without the memory controller */
	p->measuring_ns += p->out.cost_ns;
	pay(p, p->out.cost_ns);
	return write_rows(ctx, now, 0, id);
}

static uint64_t next_cgroup(struct place *p)
{
	size_t lo = 0, hi = p->n_cgroups;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->cgroups[mid] <= p->last_cgroup)
			lo = mid + 1;
		else
			hi = mid;
	}
	p->left_cgroups--;
	p->last_cgroup = p->cgroups[lo < p->n_cgroups ? lo : 0];
	return p->last_cgroup;
}

/* Go on with the round for this long, or until the credit is used up. */
static int go_on(struct mmt_family_ctx *ctx, uint64_t for_ns)
{
	struct place *p = ctx->priv;
	uint64_t until = mmt_probe__now(ctx->probe) + for_ns;
	int err = p->running && may(ctx) ? size_up(ctx, until) : 0;

	if (err <= 0)
		return err;
	/* in turn: processes may take all of the time there is */
	for (err = 0; p->next < p->n || p->left_cgroups;) {
		if (!may(ctx))
			return 0;
		if (p->next < p->n)
			err = measure(ctx, &p->v[p->next++]);
		if (p->left_cgroups && !err)
			err = measure_cgroup(ctx, next_cgroup(p));
		if (err || mmt_probe__now(ctx->probe) > until)
			return err;
	}
	p->running = false;
	return 0;
}

static int place_pass(struct mmt_family_ctx *ctx)
{
	struct place *p = ctx->priv;
	int err = p->err;

	p->err = 0;
	if (!err && !p->running && mmt_probe__now(ctx->probe) - p->round_at > YOUNG_NS && may(ctx))
		err = start_round(ctx, true, 0);
	return err ? err : go_on(ctx, PASS_NS);
}

static int place_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	const struct place *p = ctx->priv;

	(void)now;
	/* so many processes that their sizes take most of the time there is: go on with these */
	if (!full || ctx->mark || (p->running && !p->young && (p->sized < p->n || p->measuring_ns < p->sizing_ns)))
		return 0;
	return start_round(ctx, false, 0);
}

/* After the cut, so that the counters of both its sides are not torn apart by what this takes. */
static void place_segment(struct mmt_family_ctx *ctx)
{
	struct place *p = ctx->priv;

	p->err = start_round(ctx, false, MARK_NS);
	if (!p->err)
		p->err = go_on(ctx, MARK_NS);
}

static void place_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	struct place *p = ctx->priv;

	if (p->denied)
		snprintf(buf, size, "place: %" PRIu64 " times a process's memory was not to be looked at: no permission", p->denied);
	else if (p->left_out)
		snprintf(buf, size, "place: %" PRIu64 " of %" PRIu64 " measurements did not fit into 1 %% of the time: smaller "
			 "processes, and cgroups, were measured less often", p->left_out, p->due);
}

static void place_close(struct mmt_family_ctx *ctx)
{
	struct place *p = ctx->priv;

	if (!p)
		return;
	mmt_placer__close(p->placer);
	free(p->v);
	free(p->old);
	free(p->cgroups);
	free(p);
}

static const struct mmt_family_ops place_ops = {
	.open = place_open,
	.attach = place_attach,
	.pass = place_pass,
	.flush = place_flush,
	.segment = place_segment,
	.note = place_note,
	.detach = place_detach,
	.close = place_close,
};

const struct mmt_family mmt_family_place = {
	.name = "place",
	.summary = "pages per NUMA node of processes and cgroups",
	.ops = &place_ops,
};
