// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cells.h"
#include "sysfs.h"
#include "tasks.h"
#include "totals.h"

#define PF_KTHREAD 0x00200000u
enum { TASK_KTHREAD = 1, TASK_INCOMPLETE = 2, TASK_COLLECTOR = 4 };

int mmt_tasks__init(struct mmt_tasks *t, struct mmt_probe *bpf, const char *cgroup_dir, const struct mmt_log *log)
{
	memset(t, 0, sizeof(*t));
	t->bpf = bpf;
	t->log = log;
	mmt_cgroup__names_init(&t->cgroups, cgroup_dir);
	t->by_slot = calloc(bpf->cfg.n_slots, sizeof(*t->by_slot));
	t->odd = calloc(bpf->cfg.n_slots, sizeof(*t->odd));
	t->buf_size = (2 * MMT_HIST_BUCKETS * 10 + (10U << bpf->cfg.place_bits) + 64);
	t->buf = malloc(t->buf_size);
	return t->by_slot && t->odd && t->buf ? 0 : -ENOMEM;
}

void mmt_tasks__set_writer(struct mmt_tasks *t, struct mmt_writer *w)
{
	t->w = w;
}

static int write_task(struct mmt_tasks *t, const struct mmt_epoch *e)
{
	uint64_t flags = (e->flags & PF_KTHREAD ? TASK_KTHREAD : 0) |
			 (e->tgid == (uint32_t)getpid() ? TASK_COLLECTOR : 0) |
			 (e->start ? 0 : TASK_INCOMPLETE);
	const struct mmt_cell c[] = {
		cell_u(e->id), cell_u(e->tid), cell_u(e->tgid), cell_u(e->ppid), cell_u(e->start), cell_u(e->first),
		cell_u(e->last), cell_u(e->exit_code), cell_u(flags), cell_u(e->cgroup),
		cell_b(e->comm, strnlen(e->comm, sizeof(e->comm))), cell_u(e->k_nvcsw), cell_u(e->k_nivcsw),
		cell_u(e->k_run_ns), cell_u(e->k_migrations),
	};

	return ROW(t->w, MMT_TB_TASK, c);
}

/* Name a cgroup once, before its first use. */
static int write_cgroup(struct mmt_tasks *t, uint64_t id)
{
	char path[4096];
	uint64_t *p;
	size_t i;

	for (i = 0; i < t->n_cgroups; i++)
		if (t->known_cgroups[i] == id)
			return 0;
	if (t->n_cgroups == t->cgroups_size) {
		p = realloc(t->known_cgroups, (t->cgroups_size + 64) * sizeof(*p));
		if (!p)
			return -ENOMEM;
		t->known_cgroups = p;
		t->cgroups_size += 64;
	}
	t->known_cgroups[t->n_cgroups++] = id;
	mmt_cgroup__path(&t->cgroups, id, path, sizeof(path));
	{
		const struct mmt_cell c[] = { cell_u(id), cell_s(path) };

		return ROW(t->w, MMT_TB_CGROUP, c);
	}
}

/* The number that was given to a thread before it ran; it cannot have ended without running. */
static uint64_t known_take(struct mmt_tasks *t, uint32_t tid)
{
	uint64_t id;
	size_t i;

	for (i = 0; i < t->n_known; i++) {
		if (t->known[i].tid != tid)
			continue;
		id = t->known[i].id;
		t->known[i] = t->known[--t->n_known];
		return id;
	}
	return 0;
}

static void epoch_free(struct mmt_epoch *e)
{
	if (!e)
		return;
	free(e->place_done);
	free(e->hist_done);
	free(e);
}

static struct mmt_epoch *epoch_new(struct mmt_tasks *t, uint32_t slot, uint32_t tid)
{
	struct mmt_epoch *e, **live;
	struct mmt_slot *snap;

	if (t->n_live == t->live_size) {
		size_t size = t->live_size ? t->live_size * 2 : 256;

		live = realloc(t->live, size * sizeof(*live));
		if (!live)
			return NULL;
		t->live = live;
		snap = realloc(t->snap, size * sizeof(*snap));
		if (!snap)
			return NULL;
		t->snap = snap;
		t->live_size = size;
	}
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->place_done = calloc(1U << t->bpf->cfg.place_bits, sizeof(*e->place_done));
	if (!e->place_done) {
		free(e);
		return NULL;
	}
	e->id = known_take(t, tid);
	e->id = e->id ? e->id : ++t->n_epochs;
	e->slot = slot;
	e->live_at = (uint32_t)t->n_live;
	t->live[t->n_live++] = e;
	t->by_slot[slot] = e;
	return e;
}

/* Out of the live set; its slot goes back to the kernel. */
static int epoch_end(struct mmt_tasks *t, struct mmt_epoch *e)
{
	struct mmt_epoch *last = t->live[--t->n_live];
	int err = t->on_end ? t->on_end(t->end_ctx, e, e->last) : 0;

	t->live[e->live_at] = last;
	last->live_at = e->live_at;
	t->by_slot[e->slot] = NULL;
	mmt_probe__free_slot(t->bpf, e->slot);
	epoch_free(e);
	return err;
}

static void epoch_describe(struct mmt_epoch *e, const struct mmt_rec *r)
{
	e->tid = r->pid;
	e->tgid = r->tgid;
	e->ppid = r->ppid;
	e->flags = r->flags;
	e->start = r->start;
	e->cgroup = r->cgroup;
	memcpy(e->comm, r->comm, sizeof(e->comm));
}

static int write_life(struct mmt_tasks *t, const struct mmt_rec *r)
{
	struct mmt_event ev = { .time = r->time };
	uint64_t args[2] = { r->cpu, r->exit_code };
	size_t n_args = 1;

	if (!t->bpf->cfg.record)
		return 0;
	switch (r->type) {
	case MMT_R_FORK:
		ev.key = MMT_KEY(MMT_EV_FORK, r->pid | (uint64_t)r->ppid << 24);
		break;
	case MMT_R_EXEC:
		ev.key = MMT_KEY(MMT_EV_EXEC, r->pid | (uint64_t)r->old_pid << 24);
		break;
	case MMT_R_EXIT:
		ev.key = MMT_KEY(MMT_EV_EXIT, r->pid);
		n_args = 2;
		break;
	default:
		return 0;
	}
	return mmt_writer__events(t->w, MMT_STREAM_TASKS, &ev, 1, args, n_args);
}

/* What a task did until this moment, in full. */
static int write_totals(struct mmt_tasks *t, struct mmt_epoch *e, uint64_t now)
{
	struct mmt_slot s;

	mmt_totals__read_slot(&t->bpf->slots[e->slot], &s);
	return mmt_totals__task(t, e, &s, now, true);
}

static int on_death(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_rec *r)
{
	int err, end;

	e->last = r->time;
	e->exit_code = r->exit_code;
	e->k_nvcsw = r->nvcsw;
	e->k_nivcsw = r->nivcsw;
	e->k_run_ns = r->run_ns;
	e->k_migrations = r->migrations;
	e->k_minflt = r->min_flt;
	e->k_majflt = r->maj_flt;
	memcpy(e->comm, r->comm, sizeof(e->comm));
	err = write_totals(t, e, r->time);
	if (!err && (!t->bpf->cfg.filter || t->all_deaths || t->bpf->slots[e->slot].flags & MMT_SF_WANT))
		err = write_task(t, e);
	end = epoch_end(t, e);
	return err ? err : end;
}

static int tell(struct mmt_tasks *t, const struct mmt_epoch *e, enum mmt_task_news what)
{
	return t->on_news ? t->on_news(t->end_ctx, e, what) : 0;
}

int mmt_tasks__want(struct mmt_tasks *t, struct mmt_epoch *e, bool want, uint64_t now)
{
	struct mmt_slot *k = &t->bpf->slots[e->slot], s;
	int err;

	if (want == !!(k->flags & MMT_SF_WANT))
		return 0;
	err = tell(t, e, MMT_TASK_CUT);
	mmt_totals__read_slot(k, &s);
	k->flags = want ? k->flags | MMT_SF_WANT : k->flags & ~MMT_SF_WANT;
	return want && !err ? mmt_totals__skip(t, e, &s, now) : err;
}

/* A task came into the filtered cgroup, or left it. */
static int refilter(struct mmt_tasks *t, struct mmt_epoch *e, uint64_t now)
{
	if (!t->bpf->cfg.filter_cgroup)
		return 0;
	return mmt_tasks__want(t, e, mmt_cgroup__below(&t->cgroups, e->cgroup), now);
}

/* A process, or one thread, moved: what it did until now belongs to the cgroup it left. */
static int on_cgroup(struct mmt_tasks *t, const struct mmt_rec *r)
{
	size_t i;
	int err = 0;

	for (i = 0; i < t->n_live && !err; i++) {
		struct mmt_epoch *e = t->live[i];

		if (e->tid != r->pid && !(r->flags & 1 && e->tgid == r->tgid))
			continue;
		err = write_totals(t, e, r->time);
		if (e->tid == r->pid) {
			e->k_minflt = r->min_flt;
			e->k_majflt = r->maj_flt;
		}
		err = err ? err : tell(t, e, MMT_TASK_CUT);
		e->cgroup = r->cgroup;
		err = err ? err : refilter(t, e, r->time);
		err = err ? err : write_cgroup(t, e->cgroup);
		err = err ? err : write_task(t, e);
		err = err ? err : tell(t, e, MMT_TASK_MOVED);
	}
	return err;
}

static int on_exec(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_rec *r)
{
	size_t i;
	int err;

	/* a thread took its leader's id; the leader goes on, for its last instants, with the thread's */
	for (i = 0; r->old_pid != r->pid && i < t->n_live; i++)
		if (t->live[i] != e && t->live[i]->tid == r->pid)
			t->live[i]->tid = r->old_pid;
	e->tid = r->pid;
	e->exec = r->time;
	t->n_execs++;
	memcpy(e->comm, r->comm, sizeof(e->comm));
	err = write_task(t, e);
	return err ? err : tell(t, e, MMT_TASK_EXEC);
}

int mmt_tasks__on_rec(void *ctx, void *data, size_t size)
{
	const struct mmt_rec *r = data;
	struct mmt_tasks *t = ctx;
	struct mmt_epoch *e;
	int err = 0;

	if (size < sizeof(*r) || r->slot >= t->bpf->cfg.n_slots)
		return 0;
	e = r->slot ? t->by_slot[r->slot] : NULL;
	if (!e && r->slot && r->type != MMT_R_CGROUP) {
		e = epoch_new(t, r->slot, r->pid);
		if (!e) {
			t->err = -ENOMEM;
			return 0;
		}
		e->first = r->time;
		epoch_describe(e, r);
		err = write_cgroup(t, e->cgroup);
		err = err ? err : write_task(t, e);
		if (r->pid == (uint32_t)getpid())
			t->self = e->id;
		err = err ? err : tell(t, e, MMT_TASK_NEW);
	}
	if (e && !e->start && r->type != MMT_R_CGROUP && !err) { /* its first was lost */
		epoch_describe(e, r);
		err = write_cgroup(t, e->cgroup);
		err = err ? err : write_task(t, e);
		err = err ? err : tell(t, e, MMT_TASK_NEW);
	}
	err = err ? err : write_life(t, r);
	if (!err && r->type == MMT_R_CGROUP)
		err = on_cgroup(t, r);
	else if (!err && e && r->type == MMT_R_EXIT)
		err = on_death(t, e, r);
	else if (!err && e && r->type == MMT_R_EXEC)
		err = on_exec(t, e, r);
	else if (!err && e && r->type == MMT_R_COMM) {
		memcpy(e->comm, r->comm, sizeof(e->comm));
		err = write_task(t, e);
		err = err ? err : tell(t, e, MMT_TASK_NAME);
	}
	if (err)
		t->err = err;
	return 0;
}

/* A task in a slot of which no record came. */
static int found(struct mmt_tasks *t, uint32_t slot, uint64_t now)
{
	const struct mmt_slot *s = &t->bpf->slots[slot];
	struct mmt_epoch *e = t->by_slot[slot];
	int err = 0, end;

	if (!e) {
		e = epoch_new(t, slot, s->pid);
		if (!e)
			return -ENOMEM;
		e->tid = e->tgid = s->pid;
		e->first = now;
		err = write_task(t, e);
	}
	if (s->state != MMT_S_DEAD)
		return err;
	e->last = s->stamp;
	err = err ? err : write_totals(t, e, now);
	err = err ? err : write_task(t, e);
	end = epoch_end(t, e);
	return err ? err : end;
}

/*
 * Records of new or dead tasks were lost (a flood of short-lived tasks while the collector
 * slept): find tasks without a name, and slots of tasks that are gone. Some of these have
 * their records on the way still; all that were when we looked last have come since.
 */
static int reconcile(struct mmt_tasks *t)
{
	uint64_t now = mmt_probe__now(t->bpf);
	uint64_t lost = *(volatile uint64_t *)&t->bpf->state->rec_lost;
	uint32_t i;
	int err = 0;

	if (lost == t->rec_lost_seen && !t->any_odd)
		return 0;
	t->any_odd = false;
	for (i = 1; i < t->bpf->cfg.n_slots && !err; i++) {
		const struct mmt_slot *s = &t->bpf->slots[i];
		uint32_t pid = s->pid;
		bool odd = pid && (!t->by_slot[i] || s->state == MMT_S_DEAD);

		if (odd && t->odd[i] == pid) {
			err = found(t, i, now);
			odd = false;
		}
		t->odd[i] = odd && lost != t->rec_lost_seen ? pid : 0;
		t->any_odd |= t->odd[i];
	}
	t->rec_lost_seen = lost;
	return err;
}

int mmt_tasks__read(struct mmt_tasks *t)
{
	int err = t->err ? t->err : reconcile(t);
	size_t i;

	t->err = 0;
	for (i = 0; i < t->n_live; i++)
		mmt_totals__read_slot(&t->bpf->slots[t->live[i]->slot], &t->snap[i]);
	return err;
}

bool mmt_tasks__lost(const struct mmt_tasks *t)
{
	return *(volatile uint64_t *)&t->bpf->state->rec_lost != t->rec_lost_seen;
}

int mmt_tasks__flush(struct mmt_tasks *t, uint64_t now, bool full)
{
	size_t i;
	int err = 0;

	for (i = 0; i < t->n_live && !err; i++)
		err = mmt_totals__task(t, t->live[i], &t->snap[i], now, full);
	return err;
}

void mmt_tasks__new_segment(struct mmt_tasks *t, uint64_t segment)
{
	size_t i;

	t->segment = segment;
	for (i = 0; i < t->n_live; i++) {
		struct mmt_slot *s = &t->bpf->slots[t->live[i]->slot];
		uint64_t wait = t->snap[i].wait_max, off = t->snap[i].off_max;

		/* what grew since the last reading belongs to the new segment */
		__atomic_compare_exchange_n(&s->wait_max, &wait, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		__atomic_compare_exchange_n(&s->off_max, &off, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		t->live[i]->done.wait_max = t->live[i]->done.off_max = 0;
	}
}

uint64_t mmt_tasks__leader(const struct mmt_tasks *t, const struct mmt_epoch *e)
{
	struct mmt_epoch *thread = t->by_slot[e->slot];
	size_t i;

	if (e->tid == e->tgid)
		return e->id;
	if (e->leader || !thread)
		return e->leader;
	for (i = 0; i < t->n_live && !thread->leader; i++)
		if (t->live[i]->tid == e->tgid)
			thread->leader = t->live[i]->id;
	for (i = 0; i < t->n_known && !thread->leader; i++)
		if (t->known[i].tid == e->tgid)
			thread->leader = t->known[i].id;
	return thread->leader;
}

struct mmt_epoch *mmt_tasks__find(const struct mmt_tasks *t, uint32_t tid)
{
	uint32_t slot = mmt_probe__slot_of(t->bpf, tid);
	struct mmt_epoch *e = slot ? t->by_slot[slot] : NULL;

	return e && e->tid == tid ? e : NULL;
}

/* Who a thread is that has not run: its row is written once more, from the kernel, when it does. */
static int read_known(uint32_t tgid, uint32_t tid, struct mmt_epoch *e)
{
	unsigned long long start = 0;
	uint64_t tick;
	char path[64], buf[1024], *s, *comm;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/stat", tgid, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
		return -ESRCH;
	comm = strchr(buf, '(');
	s = strrchr(buf, ')');
	if (!comm || !s)
		return -ESRCH;
	*s = 0;
	snprintf(e->comm, sizeof(e->comm), "%s", comm + 1);
	if (sscanf(s + 1, " %*c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &e->ppid, &e->flags,
		   &start) != 3)
		return -ESRCH;
	e->tid = tid;
	e->tgid = tgid;
	/* of a process not later than it was, of a thread not earlier: it is younger than its process */
	tick = 1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK);
	e->start = start * tick + (tid == tgid ? 0 : tick - 1);
	return 0;
}

uint64_t mmt_tasks__number(struct mmt_tasks *t, uint32_t tgid, uint32_t tid)
{
	const struct mmt_epoch *live = mmt_tasks__find(t, tid);
	struct mmt_epoch e = { 0 };
	struct mmt_known *p;
	size_t i;

	if (live)
		return live->id;
	for (i = 0; i < t->n_known; i++)
		if (t->known[i].tid == tid)
			return t->known[i].id;
	if (mmt_probe__slot_of(t->bpf, tid) || read_known(tgid, tid, &e))
		return 0;
	if (t->n_known == t->known_size) {
		p = reallocarray(t->known, t->known_size * 2 + 16, sizeof(*p));
		if (!p)
			return 0;
		t->known = p;
		t->known_size = t->known_size * 2 + 16;
	}
	e.id = ++t->n_epochs;
	e.first = mmt_probe__now(t->bpf);
	for (i = 0; i < t->n_live && !e.cgroup; i++) /* that of the rest of its process */
		if (t->live[i]->tgid == tgid)
			e.cgroup = t->live[i]->cgroup;
	if (write_task(t, &e))
		return 0;
	t->known[t->n_known++] = (struct mmt_known){ .id = e.id, .tid = tid, .tgid = tgid, .start = e.start };
	return e.id;
}

uint64_t mmt_tasks__self_migrations(const struct mmt_tasks *t)
{
	uint64_t n = 0;
	size_t i;
	int k;

	for (i = 0; i < t->n_live; i++)
		if (t->live[i]->id == t->self)
			for (k = 0; k < MMT_N_MIG; k++)
				n += t->bpf->slots[t->live[i]->slot].mig[k];
	return n;
}

size_t mmt_tasks__busiest(const struct mmt_tasks *t, const struct mmt_epoch **out, size_t n)
{
	size_t i, k, have = 0;

	for (i = 0; i < t->n_live; i++) {
		const struct mmt_epoch *e = t->live[i];
		uint64_t v = (uint64_t)e->done.nvcsw + e->done.nivcsw;

		for (k = have; k > 0 && (uint64_t)out[k - 1]->done.nvcsw + out[k - 1]->done.nivcsw < v; k--)
			if (k < n)
				out[k] = out[k - 1];
		if (k < n) {
			out[k] = e;
			if (have < n)
				have++;
		}
	}
	return have;
}

void mmt_tasks__free(struct mmt_tasks *t)
{
	size_t i;

	for (i = 0; i < t->n_live; i++)
		epoch_free(t->live[i]);
	free(t->live);
	free(t->snap);
	free(t->by_slot);
	free(t->odd);
	free(t->known);
	free(t->known_cgroups);
	free(t->buf);
	mmt_cgroup__names_close(&t->cgroups);
	memset(t, 0, sizeof(*t));
}
