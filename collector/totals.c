// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cells.h"
#include "totals.h"

void mmt_totals__read_slot(const struct mmt_slot *src, struct mmt_slot *s)
{
	const volatile struct mmt_slot *v = src;
	int tries = 0;

	do {
		uint64_t stamp = v->stamp;

		memcpy(s, src, sizeof(*s));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (stamp == v->stamp && stamp == s->stamp)
			break;
	} while (++tries < 8);
}

static uint64_t max_since(uint64_t v, uint64_t *done)
{
	if (v > *done)
		*done = v;
	return v;
}

/* What was added to the histograms since last time, packed; 0 bytes: nothing. */
static int hist_delta(struct mmt_tasks *t, struct mmt_epoch *e, uint32_t block, unsigned int which, uint8_t *buf,
		      size_t size)
{
	const volatile uint32_t *cur = t->bpf->hists[block].count[which];
	uint32_t *done = e->hist_done->count[which], delta[MMT_HIST_BUCKETS], any = 0;
	unsigned int i;

	for (i = 0; i < MMT_HIST_BUCKETS; i++) {
		uint32_t v = cur[i];

		delta[i] = v - done[i];
		any |= delta[i];
		done[i] = v;
	}
	return any ? mmt_hist_pack(delta, MMT_HIST_BUCKETS, buf, size) : 0;
}

/*
 * run: all of its run time until now. The places are read after the slot: what a task that moved
 * meanwhile has settled would be there twice, and is left for the next time.
 */
static int place_delta(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_slot *s, uint64_t open, uint64_t run,
		       uint8_t *buf, size_t size)
{
	const struct mmt_config *cfg = &t->bpf->cfg;
	const uint64_t *at = &t->bpf->places[(uint64_t)e->slot << cfg->place_bits];
	unsigned int n = 1U << cfg->place_bits, i, used = 0;
	uint64_t delta[MMT_MAX_NODES], sum = 0, off;

	n = n < MMT_MAX_NODES ? n : MMT_MAX_NODES;
	for (i = 0; i < n; i++) {
		uint64_t v = __atomic_load_n(&at[i], __ATOMIC_RELAXED);

		if (s->place == i) /* not settled yet */
			v += s->run_ns - s->place_base + open;
		delta[i] = v > e->place_done[i] ? v - e->place_done[i] : 0;
		sum += e->place_done[i] + delta[i];
	}
	for (i = 0; i < n; i++) {
		unsigned int k = (s->place + i) % n; /* where it was first */

		off = sum > run ? sum - run : 0;
		off = off < delta[k] ? off : delta[k];
		delta[k] -= off;
		sum -= off;
		e->place_done[k] += delta[k];
		if (delta[k] && k >= used)
			used = k + 1;
	}
	return used ? mmt_vec_pack(delta, used, buf, size) : 0;
}

static void counts_take(struct mmt_counts *d, const struct mmt_slot *s, uint64_t run)
{
	d->run_ns = run;
	d->wait_ns = s->wait_ns;
	d->off_ns = s->off_ns;
	d->nvcsw = s->nvcsw;
	d->nivcsw = s->nivcsw;
	d->wait_n = s->wait_n;
	d->off_n = s->off_n;
	d->wakeups = s->wakeups;
	memcpy(d->mig, s->mig, sizeof(d->mig));
}

static void sum_add(struct mmt_counts *sum, const struct mmt_counts *now, const struct mmt_counts *old)
{
	int k;

	sum->nvcsw += now->nvcsw - old->nvcsw;
	sum->nivcsw += now->nivcsw - old->nivcsw;
	sum->run_ns += now->run_ns - old->run_ns;
	for (k = 0; k < MMT_N_MIG; k++)
		sum->mig[k] += now->mig[k] - old->mig[k];
}

/*
 * The stretch on the CPU that has not ended. A CPU that goes offline does not show its last
 * switch, to idle: what it seems to run until it comes back is not run.
 */
static uint64_t open_run(const struct mmt_tasks *t, const struct mmt_slot *s, uint64_t now)
{
	return s->state == MMT_S_RUN && now > s->stamp && !mmt_cpu_in(t->bpf->absent, s->cpu) ? now - s->stamp : 0;
}

int mmt_totals__task(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_slot *s, uint64_t now, bool full)
{
	struct mmt_counts *d = &e->done, old = *d;
	int len_place = 0, len_wait = 0, len_off = 0;
	uint8_t *buf = t->buf;
	size_t room = t->buf_size;
	uint64_t open, run;

	open = open_run(t, s, now);
	if (t->bpf->cfg.filter && !(s->flags & MMT_SF_WANT))
		return 0;
	run = s->run_ns + open;
	if (run < d->run_ns) /* the clock was read a little late last time */
		run = d->run_ns;
	if (full && s->hist && s->hist < t->bpf->n_hists) {
		if (!e->hist_done)
			e->hist_done = calloc(1, sizeof(*e->hist_done));
		if (!e->hist_done)
			return -ENOMEM;
		len_wait = hist_delta(t, e, s->hist, MMT_H_WAIT, buf, room);
		len_off = hist_delta(t, e, s->hist, MMT_H_OFF, buf + len_wait, room - (size_t)len_wait);
	}
	if (full)
		len_place = place_delta(t, e, s, open, run, buf + len_wait + len_off,
					room - (size_t)(len_wait + len_off));
	if (run == d->run_ns && s->nvcsw == d->nvcsw && s->nivcsw == d->nivcsw && s->wakeups == d->wakeups &&
	    s->wait_n == d->wait_n && s->off_n == d->off_n && !memcmp(s->mig, d->mig, sizeof(s->mig)) &&
	    (!full || (!len_wait && !len_off && !len_place && s->wait_max <= d->wait_max && s->off_max <= d->off_max)))
		return 0;
	counts_take(d, s, run);
	sum_add(&t->sum, d, &old);
	{
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(t->segment), cell_u(e->id), cell_u(e->cgroup),
			cell_u(s->nvcsw - old.nvcsw), cell_u(s->nivcsw - old.nivcsw), cell_u(s->wakeups - old.wakeups),
			cell_u(s->mig[0] - old.mig[0]), cell_u(s->mig[1] - old.mig[1]),
			cell_u(s->mig[2] - old.mig[2]), cell_u(s->mig[3] - old.mig[3]),
			cell_u(run - old.run_ns),
			cell_u(s->wait_n - old.wait_n), cell_u(s->wait_ns - old.wait_ns),
			cell_u(full ? max_since(s->wait_max, &d->wait_max) : 0),
			cell_u(s->off_n - old.off_n), cell_u(s->off_ns - old.off_ns),
			cell_u(full ? max_since(s->off_max, &d->off_max) : 0),
			cell_b(buf + len_wait + len_off, (size_t)len_place),
			cell_b(buf, (size_t)len_wait), cell_b(buf + len_wait, (size_t)len_off),
		};

		return ROW(t->w, MMT_TB_TASK_TOTALS, c);
	}
}

int mmt_totals__skip(struct mmt_tasks *t, struct mmt_epoch *e, const struct mmt_slot *s, uint64_t now)
{
	uint64_t open = open_run(t, s, now);

	place_delta(t, e, s, open, s->run_ns + open, t->buf, t->buf_size);
	counts_take(&e->done, s, s->run_ns + open);
	e->done.wait_max = s->wait_max;
	e->done.off_max = s->off_max;
	if (!s->hist || s->hist >= t->bpf->n_hists)
		return 0;
	if (!e->hist_done)
		e->hist_done = malloc(sizeof(*e->hist_done));
	if (!e->hist_done)
		return -ENOMEM;
	memcpy(e->hist_done, &t->bpf->hists[s->hist], sizeof(*e->hist_done));
	return 0;
}

int mmt_cpu_totals__init(struct mmt_cpu_totals *c, const struct mmt_probe *bpf)
{
	c->now = calloc(bpf->n_cpus, sizeof(*c->now));
	c->done = calloc(bpf->n_cpus, sizeof(*c->done));
	c->busy = calloc(bpf->n_cpus, sizeof(*c->busy));
	c->idle = calloc(bpf->n_cpus, sizeof(*c->idle));
	c->away = calloc(bpf->n_cpus, sizeof(*c->away));
	c->gone_at = calloc(bpf->n_cpus, sizeof(*c->gone_at));
	c->gone = calloc(bpf->n_cpus, sizeof(*c->gone));
	return c->now && c->done && c->busy && c->idle && c->away && c->gone_at && c->gone ? 0 : -ENOMEM;
}

/*
 * switches is the first thing that a switch changes, done the last. False: a switch is held up between them, by a host that
 * has taken a virtual CPU away for instance.
 */
static bool read_cpu(const struct mmt_cpu *src, struct mmt_cpu *copy)
{
	const struct timespec pause = { 0, 100000 };
	const volatile struct mmt_cpu *v = src;
	int tries;

	for (tries = 0; tries < 150; tries++) {
		memcpy(copy, src, sizeof(*copy));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (v->switches == copy->switches && copy->done == copy->switches)
			return true;
		if (tries >= 100)
			nanosleep(&pause, NULL);
	}
	return false;
}

void mmt_cpu_totals__read(struct mmt_cpu_totals *c, struct mmt_probe *bpf)
{
	uint64_t was[MMT_CPU_WORDS];
	unsigned int i;

	memcpy(was, bpf->offline, sizeof(was));
	mmt_topology__offline("", bpf->offline);
	c->changed |= c->looked && memcmp(was, bpf->offline, sizeof(was));
	c->looked = true;
	for (i = 0; i < bpf->n_cpus; i++) {
		struct mmt_cpu cur;

		if (read_cpu(&bpf->cpus[i], &cur)) /* else it stands as it was, until the next time */
			c->now[i] = cur;
		/* it is back when it switches: until then what it ran last is not what it runs */
		if (mmt_cpu_in(was, i) && c->now[i].switches == c->done[i].switches)
			bpf->offline[i / 64] |= 1ULL << i % 64;
	}
	for (i = 0; i < MMT_CPU_WORDS; i++)
		bpf->absent[i] = was[i] | bpf->offline[i];
}

static uint64_t grown(uint64_t v, uint64_t *done)
{
	uint64_t d = v > *done ? v - *done : 0;

	*done += d;
	return d;
}

/* The time since the last switch, which is neither busy nor idle while the CPU is gone. */
static uint64_t open_stretch(struct mmt_cpu_totals *c, unsigned int cpu, bool offline, uint64_t now)
{
	uint64_t last = c->now[cpu].last, open = last && now > last ? now - last : 0;

	if (c->gone[cpu] && c->gone_at[cpu] != last) { /* it came back, and booked the gap as idle */
		c->away[cpu] += c->gone[cpu];
		c->gone[cpu] = 0;
	}
	if (!offline)
		return open > c->gone[cpu] ? open - c->gone[cpu] : 0;
	c->gone_at[cpu] = last;
	c->gone[cpu] = open;
	return 0;
}

int mmt_cpu_totals__flush(struct mmt_cpu_totals *c, const struct mmt_probe *bpf, struct mmt_writer *w, uint64_t now,
			  uint64_t segment, uint64_t lost[MMT_N_CLASSES])
{
	unsigned int i, k;
	int err = 0;

	for (i = 0; i < bpf->n_cpus && !err; i++) {
		struct mmt_cpu cur = c->now[i], *d = &c->done[i];
		uint64_t open = open_stretch(c, i, mmt_cpu_in(bpf->offline, i), now);
		uint64_t busy = grown(cur.busy_ns + (cur.running ? open : 0), &c->busy[i]);
		uint64_t idle = grown(cur.idle_ns - c->away[i] + (cur.running ? 0 : open), &c->idle[i]);
		const struct mmt_cell row[] = {
			cell_u(now), cell_u(segment), cell_u(i), cell_u(cur.switches - d->switches),
			cell_u(cur.idle_switches - d->idle_switches), cell_u(cur.nvcsw - d->nvcsw),
			cell_u(cur.nivcsw - d->nivcsw), cell_u(cur.wakeups - d->wakeups),
			cell_u(cur.mig[0] - d->mig[0]), cell_u(cur.mig[1] - d->mig[1]),
			cell_u(cur.mig[2] - d->mig[2]), cell_u(cur.mig[3] - d->mig[3]), cell_u(busy), cell_u(idle),
			cell_u(cur.seen[MMT_C_SWITCH] - d->seen[MMT_C_SWITCH]),
			cell_u(cur.seen[MMT_C_WAKEUP] - d->seen[MMT_C_WAKEUP]),
			cell_u(cur.seen[MMT_C_MIGRATE] - d->seen[MMT_C_MIGRATE]),
			cell_u(cur.lost[MMT_C_SWITCH] - d->lost[MMT_C_SWITCH]),
			cell_u(cur.lost[MMT_C_WAKEUP] - d->lost[MMT_C_WAKEUP]),
			cell_u(cur.lost[MMT_C_MIGRATE] - d->lost[MMT_C_MIGRATE]),
			cell_u(cur.shed[MMT_C_WAKEUP] - d->shed[MMT_C_WAKEUP]), cell_u(cur.unseen - d->unseen),
		};

		for (k = 0; k < MMT_N_CLASSES; k++)
			lost[k] += cur.lost[k] - d->lost[k] + cur.shed[k] - d->shed[k];
		if (busy || idle || cur.switches != d->switches)
			err = ROW(w, MMT_TB_CPU_TOTALS, row);
		*d = cur;
	}
	return err;
}

static uint32_t over(uint64_t all, uint32_t tasks, uint32_t *done)
{
	int32_t d = (int32_t)((uint32_t)all - tasks - *done);

	if (d < 0) /* read at slightly different instants */
		d = 0;
	*done += (uint32_t)d;
	return (uint32_t)d;
}

int mmt_totals__others(struct mmt_tasks *t, const struct mmt_cpu_totals *c, uint64_t now)
{
	uint64_t nvcsw = 0, nivcsw = 0, busy = 0, mig[MMT_N_MIG] = { 0 }, ran;
	struct mmt_counts *o = &t->others;
	unsigned int i, k;

	if (!*(volatile mmt_u64 *)&t->bpf->state->no_slot || t->bpf->cfg.filter)
		return 0;
	for (i = 0; i < t->bpf->n_cpus; i++) {
		nvcsw += c->done[i].nvcsw;
		nivcsw += c->done[i].nivcsw;
		busy += c->busy[i];
		for (k = 0; k < MMT_N_MIG; k++)
			mig[k] += c->done[i].mig[k];
	}
	ran = busy > t->sum.run_ns + o->run_ns ? busy - t->sum.run_ns - o->run_ns : 0;
	o->run_ns += ran;
	{
		const struct mmt_cell row[] = {
			cell_u(now), cell_u(t->segment), cell_u(0), cell_u(0),
			cell_u(over(nvcsw, t->sum.nvcsw, &o->nvcsw)), cell_u(over(nivcsw, t->sum.nivcsw, &o->nivcsw)),
			cell_u(0), cell_u(over(mig[0], t->sum.mig[0], &o->mig[0])),
			cell_u(over(mig[1], t->sum.mig[1], &o->mig[1])), cell_u(over(mig[2], t->sum.mig[2], &o->mig[2])),
			cell_u(over(mig[3], t->sum.mig[3], &o->mig[3])), cell_u(ran), cell_u(0), cell_u(0), cell_u(0),
			cell_u(0), cell_u(0), cell_u(0), cell_b("", 0), cell_b("", 0), cell_b("", 0),
		};

		return ROW(t->w, MMT_TB_TASK_TOTALS, row);
	}
}

void mmt_cpu_totals__free(struct mmt_cpu_totals *c)
{
	free(c->now);
	free(c->done);
	free(c->busy);
	free(c->idle);
	free(c->away);
	free(c->gone_at);
	free(c->gone);
	memset(c, 0, sizeof(*c));
}
