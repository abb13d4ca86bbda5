// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "names.h"
#include "sched_events.h"

/*
 * An event becomes one word: op:4, then by op
 *   SWITCH   state:4 prev:28 next:28
 *   WAKEUP   new:4 task:28 delay:28 (ns; saturates at 268 ms, where WAKEUP_MS takes over)
 *   MIGRATE  class:4 task:28
 *   GAP      -:4 task:28; what the task did since is unknown
 *   LOST     class:4 task:28 count:28; the task that was thought to run
 *   FORK     -:4 task:28
 * Tasks are numbered densely as they appear; 0 is the idle task.
 */
enum { OP_NONE, OP_SWITCH, OP_FIRST, OP_WAKEUP, OP_WAKEUP_MS, OP_MIGRATE, OP_GAP, OP_LOST, OP_FORK };

#define ID_MASK 0xfffffffull
#define WORD(op, small, id) ((uint64_t)(op) << 60 | (uint64_t)(small) << 56 | (uint64_t)(id) << 28)
#define LANE_UNKNOWN 0xffffffffu /* merge_lane.state is the task that runs, plus one; 0: nothing seen yet */

struct slot {
	uint64_t run_since, wait_since, off_since; /* 0: not in that state, or since when is unknown */
	uint64_t run_ns, first;
	uint32_t nvcsw, nivcsw, wakeups, mig[4], tid;
	bool seen;
	struct rhist wait, off;
};

struct life { /* a task epoch that has ended, or was open at the end */
	uint32_t tid, nvcsw, nivcsw, wakeups, mig[4];
	uint64_t first, last, run_ns;
	struct rhist wait, off;
};

struct keyinfo {
	uint64_t word;
	uint32_t prev, next; /* dense */
	uint8_t op, n_args, explicit_prev;
};

struct interval { uint64_t from, to; };

struct engine {
	const struct model *m;
	const struct mmt_reader *reader;
	struct sched_events *ev;
	struct u64map by_tid;
	struct slot *slot;
	size_t n_slots, cap_slots;
	struct keyinfo *key;
	size_t cap_keys;
	struct life *life;
	size_t n_lives, cap_lives;
	struct interval *window;
	size_t n_window, at;
	bool on;            /* inside window[at] */
	uint64_t start;     /* the recording began */
	uint64_t gap;       /* the last time events were known to be missing */
	uint64_t last;
	int err;
};

static uint32_t dense(struct engine *e, uint64_t tid)
{
	uint32_t i = u64map_get(&e->by_tid, tid);

	if (i != U64MAP_NONE)
		return i;
	if (e->n_slots == e->cap_slots) {
		size_t cap = e->cap_slots ? e->cap_slots * 2 : 256;
		struct slot *s = reallocarray(e->slot, cap, sizeof(*s));

		if (!s) {
			e->err = -ENOMEM;
			return 0;
		}
		e->slot = s;
		e->cap_slots = cap;
	}
	i = (uint32_t)e->n_slots++;
	memset(&e->slot[i], 0, sizeof(e->slot[i]));
	e->slot[i].tid = (uint32_t)tid;
	if (u64map_put(&e->by_tid, tid, i))
		e->err = -ENOMEM;
	return i;
}

/* Once a key: the file's own schema says how its fields are packed. */
static uint64_t field(const struct mmt_type *t, const char *name, uint64_t key)
{
	int i = mmt_type__field(t, name);

	return i < 0 || t->fields[i].role != MMT_ROLE_KEY ? 0 : mmt_key_field(t, (unsigned int)i, key);
}

static unsigned int migration_class(const struct model *m, uint64_t from, uint64_t to)
{
	uint32_t i = u64map_get(&m->by_cpu, from), k = u64map_get(&m->by_cpu, to);
	const struct model_cpu *a, *b;

	if (i == U64MAP_NONE || k == U64MAP_NONE)
		return 2;
	a = &m->cpus[i];
	b = &m->cpus[k];
	return a->node != b->node ? 3 : a->llc != b->llc ? 2 : a->core != b->core ? 1 : 0;
}

static void look_at_key(struct engine *e, uint64_t key, unsigned int n_args, struct keyinfo *k)
{
	const struct mmt_type *t = mmt_reader__type(e->reader, (uint16_t)mmt_key_type(key));
	uint32_t id;

	memset(k, 0, sizeof(*k));
	k->n_args = (uint8_t)n_args;
	if (!t)
		return;
	switch (t->id) {
	case MMT_EV_SWITCHX:
		k->explicit_prev = 1;
		k->prev = dense(e, field(t, "prev", key));
		/* fall through */
	case MMT_EV_SWITCH:
		k->op = OP_SWITCH;
		k->next = dense(e, field(t, "next", key));
		k->word = WORD(OP_SWITCH, field(t, "state", key), 0) | k->next;
		break;
	case MMT_EV_WAKEUP:
	case MMT_EV_WAKEUPR:
		id = dense(e, field(t, "tid", key));
		k->op = OP_WAKEUP;
		k->word = WORD(OP_WAKEUP, field(t, "flags", key) & 1, id);
		e->ev->has_wakeups = true;
		break;
	case MMT_EV_MIGRATE:
		id = dense(e, field(t, "tid", key));
		k->op = OP_MIGRATE;
		k->word = WORD(OP_MIGRATE, migration_class(e->m, field(t, "orig", key), field(t, "dest", key)), id);
		break;
	case MMT_EV_FORK:
		k->op = OP_FORK;
		k->word = WORD(OP_FORK, 0, dense(e, field(t, "tid", key)));
		break;
	case MMT_EV_LOST:
		k->op = OP_LOST;
		k->word = WORD(OP_LOST, field(t, "class", key), 0);
		break;
	}
}

static int on_chunk(void *ctx, const struct mmt_chunk *c)
{
	struct engine *e = ctx;
	uint32_t i;

	if (c->n_keys > e->cap_keys) {
		struct keyinfo *k = reallocarray(e->key, c->n_keys, sizeof(*k));

		if (!k)
			return -ENOMEM;
		e->key = k;
		e->cap_keys = c->n_keys;
	}
	for (i = 0; i < c->n_keys; i++)
		look_at_key(e, c->keys[i], c->key_args[i], &e->key[i]);
	return e->err;
}

static uint64_t with_delay(uint64_t word, uint64_t delay)
{
	if (delay <= ID_MASK)
		return word | delay;
	delay >>= 20;
	word = (word & ~(15ull << 60)) | (uint64_t)OP_WAKEUP_MS << 60;
	return word | (delay < ID_MASK ? delay : ID_MASK);
}

/* Who the lane believes to be on its CPU; 0 when that is the idle task, or not known. */
static uint64_t running(const struct merge_lane *l)
{
	return l->state && l->state != LANE_UNKNOWN ? l->state - 1 : 0;
}

/* A switch whose outgoing task is not the one that this CPU was running: something is missing. */
static int mismatch(struct merge_lane *l, uint64_t time, uint32_t prev, uint32_t left)
{
	if (merge_room(l, left + 2))
		return -ENOMEM;
	if (running(l))
		l->rec[l->n++] = (struct mrec){ time, WORD(OP_GAP, 0, running(l)) };
	if (l->state && prev)
		l->rec[l->n++] = (struct mrec){ time, WORD(OP_GAP, 0, prev) };
	return merge_room(l, left);
}

static int on_block(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b, struct merge_lane *l)
{
	struct engine *e = ctx;
	const uint64_t *arg = b->args, *arg_end = b->args + b->n_args;
	uint32_t i, cur;
	uint64_t v;

	(void)c;
	for (i = 0; i < b->n; i++) {
		const struct keyinfo *k = &e->key[b->sym[i]];

		v = k->word;
		if (__builtin_expect(k->op == OP_SWITCH, 1)) {
			cur = l->state - 1;
			if (k->explicit_prev && cur != k->prev) {
				if (!l->state)
					v ^= (uint64_t)(OP_SWITCH ^ OP_FIRST) << 60;
				else if (mismatch(l, b->time[i], k->prev, b->n - i))
					return -ENOMEM;
				cur = k->prev;
			} else if (cur >= ID_MASK) {
				cur = 0; /* a damaged stream: no task is better than a wrong one */
			}
			v |= (uint64_t)cur << 28;
			l->state = k->next + 1;
		} else if (k->n_args && arg < arg_end) {
			if (k->op == OP_WAKEUP) {
				v = with_delay(v, *arg);
			} else if (k->op == OP_LOST) {
				v |= *arg < ID_MASK ? *arg : ID_MASK;
				if ((v >> 56 & 15) == MMT_CLASS_SWITCH) {
					v |= running(l) << 28;
					l->state = l->state ? LANE_UNKNOWN : 0;
				}
			}
		}
		arg += k->n_args;
		l->rec[l->n++] = (struct mrec){ b->time[i], v };
	}
	return 0;
}

/* Chunks are missing: as if all of their switches had been lost here. */
static int on_gap(void *ctx, const struct mmt_chunk *c, uint64_t time, struct merge_lane *l)
{
	(void)ctx;
	(void)c;
	l->rec[l->n++] = (struct mrec){ time, WORD(OP_LOST, MMT_CLASS_SWITCH, running(l)) };
	l->state = l->state ? LANE_UNKNOWN : 0;
	return 0;
}

/* ----------------------------------------------------------------- states */

static void end_life(struct engine *e, struct slot *s, uint64_t t)
{
	struct life *l;

	if (e->n_lives == e->cap_lives) {
		size_t cap = e->cap_lives ? e->cap_lives * 2 : 256;

		l = reallocarray(e->life, cap, sizeof(*l));
		if (!l) {
			e->err = -ENOMEM;
			return;
		}
		e->life = l;
		e->cap_lives = cap;
	}
	l = &e->life[e->n_lives++];
	*l = (struct life){
		.tid = s->tid, .nvcsw = s->nvcsw, .nivcsw = s->nivcsw, .wakeups = s->wakeups, .first = s->first, .last = t,
		.run_ns = s->run_ns, .wait = s->wait, .off = s->off,
	};
	memcpy(l->mig, s->mig, sizeof(l->mig));
	*s = (struct slot){ .tid = s->tid };
}

static inline void seen(struct slot *s, uint64_t t)
{
	if (__builtin_expect(!s->seen, 0)) {
		s->seen = true;
		s->first = t;
	}
}

/* An interval that spans lost events may hide others: it is left out, and the coverage says so. */
static inline void span(struct engine *e, struct rhist *h, uint64_t since, uint64_t t)
{
	if (__builtin_expect(since <= e->gap, 0))
		return;
	if (!rhist_add(h, t > since ? t - since : 0))
		e->err = -ENOMEM;
}

static inline void do_switch(struct engine *e, uint64_t t, uint64_t v, bool on)
{
	uint32_t prev = (uint32_t)(v >> 28 & ID_MASK), next = (uint32_t)(v & ID_MASK), state = (uint32_t)(v >> 56 & 15);
	struct slot *s;

	if (prev) {
		s = &e->slot[prev];
		seen(s, t);
		if (on && s->run_since && t > s->run_since)
			s->run_ns += t - s->run_since;
		s->run_since = 0;
		if (state <= MMT_STATE_Y) {
			s->nivcsw += on;
			s->wait_since = t;
			s->off_since = 0;
		} else {
			s->nvcsw += on;
			s->off_since = t;
			s->wait_since = 0;
			if (__builtin_expect(state == MMT_STATE_X, 0))
				end_life(e, s, t);
		}
	}
	if (next) {
		s = &e->slot[next];
		seen(s, t);
		if (s->wait_since) {
			if (on)
				span(e, &s->wait, s->wait_since, t);
			s->wait_since = 0;
		}
		if (s->off_since) {
			if (on)
				span(e, &s->off, s->off_since, t);
			s->off_since = 0;
		}
		s->run_since = t;
	}
}

static inline void do_wakeup(struct slot *s, uint64_t t, uint64_t delay, bool on)
{
	uint64_t since = delay < t ? t - delay : 1;

	seen(s, t);
	s->wakeups += on;
	if (s->run_since || s->wait_since)
		return; /* it never slept, or is waiting already */
	s->wait_since = since > s->off_since ? since : s->off_since;
}

static inline bool has_lived(const struct slot *s)
{
	return s->nvcsw || s->nivcsw || s->run_ns;
}

static void do_rare(struct engine *e, uint64_t t, uint64_t v, bool on)
{
	struct slot *s = &e->slot[v >> 28 & ID_MASK];
	unsigned int small = v >> 56 & 15;

	switch (v >> 60) {
	case OP_FIRST: /* who runs when the recording begins has run since then */
		if (v >> 28 & ID_MASK && !s->seen)
			s->run_since = e->start;
		do_switch(e, t, v, on);
		break;
	case OP_GAP:
		s->run_since = s->wait_since = s->off_since = 0;
		break;
	case OP_LOST:
		if (small < MMT_N_CLASSES && on)
			e->ev->lost[small] += v & ID_MASK;
		if (small == MMT_CLASS_SWITCH) {
			e->gap = t;
			s->run_since = 0;
		}
		break;
	case OP_FORK: /* the number's former owner is gone, even if its last switch was not seen */
		if (has_lived(s))
			end_life(e, s, t);
		break;
	}
}

static inline void run_batch(struct engine *e, const struct mrec *r, const struct mrec *end, bool on)
{
	uint64_t n_switch = 0, n_wakeup = 0, n_migrate = 0;

	for (; r < end; r++) {
		uint64_t v = r->v;
		struct slot *s;

		switch (v >> 60) {
		case OP_SWITCH:
			do_switch(e, r->time, v, on);
			n_switch++;
			break;
		case OP_WAKEUP:
		case OP_WAKEUP_MS:
			s = &e->slot[v >> 28 & ID_MASK];
			if ((v >> 56 & 1) && has_lived(s))
				end_life(e, s, r->time);
			do_wakeup(s, r->time, v >> 60 == OP_WAKEUP ? v & ID_MASK : (v & ID_MASK) << 20, on);
			n_wakeup++;
			break;
		case OP_MIGRATE:
			s = &e->slot[v >> 28 & ID_MASK];
			seen(s, r->time);
			s->mig[v >> 56 & 3] += on;
			n_migrate++;
			break;
		case OP_NONE:
			break;
		default:
			n_switch += v >> 60 == OP_FIRST;
			do_rare(e, r->time, v, on);
		}
	}
	if (on) {
		e->ev->seen[MMT_CLASS_SWITCH] += n_switch;
		e->ev->seen[MMT_CLASS_WAKEUP] += n_wakeup;
		e->ev->seen[MMT_CLASS_MIGRATE] += n_migrate;
	}
}

/* The window opens or closes at t: tasks on CPU have their run time cut there. */
static void toggle(struct engine *e, uint64_t t)
{
	size_t i;

	for (i = 1; i < e->n_slots; i++) {
		struct slot *s = &e->slot[i];

		if (!s->run_since || s->run_since >= t)
			continue;
		if (e->on)
			s->run_ns += t - s->run_since;
		s->run_since = t;
	}
	if (e->on)
		e->at++;
	e->on = !e->on;
}

static uint64_t next_edge(const struct engine *e)
{
	if (e->at >= e->n_window)
		return UINT64_MAX;
	return e->on ? e->window[e->at].to : e->window[e->at].from;
}

static int on_batch(void *ctx, const struct mrec *r, size_t n)
{
	struct engine *e = ctx;
	const struct mrec *end = r + n, *stop;
	uint64_t edge;

	while (r < end && !e->err) {
		edge = next_edge(e);
		if (r->time >= edge) {
			toggle(e, edge);
			continue;
		}
		stop = end;
		if (end[-1].time >= edge)
			for (stop = r; stop < end && stop->time < edge; stop++)
				;
		if (e->on)
			run_batch(e, r, stop, true);
		else
			run_batch(e, r, stop, false);
		e->last = stop[-1].time;
		r = stop;
	}
	return e->err;
}

/* ---------------------------------------------------------------- results */

static bool used(const struct life *l)
{
	return l->nvcsw || l->nivcsw || l->wakeups || l->run_ns || l->wait.n || l->off.n || l->mig[0] || l->mig[1] || l->mig[2] ||
	       l->mig[3];
}

static void fill(struct model_group *g, struct life *l)
{
	g->v[MT_NVCSW] += l->nvcsw;
	g->v[MT_NIVCSW] += l->nivcsw;
	g->v[MT_WAKEUPS] += l->wakeups;
	g->v[MT_MIG_SMT] += l->mig[0];
	g->v[MT_MIG_LLC] += l->mig[1];
	g->v[MT_MIG_NODE] += l->mig[2];
	g->v[MT_MIG_CROSS] += l->mig[3];
	g->v[MT_RUN_NS] += l->run_ns;
	g->v[MT_WAIT_N] += l->wait.n;
	g->v[MT_WAIT_NS] += l->wait.sum;
	g->v[MT_OFF_N] += l->off.n;
	g->v[MT_OFF_NS] += l->off.sum;
}

static int cmp_run(const void *a, const void *b)
{
	const struct model_group *x = a, *y = b;

	if (x->v[MT_RUN_NS] != y->v[MT_RUN_NS])
		return x->v[MT_RUN_NS] < y->v[MT_RUN_NS] ? 1 : -1;
	return x->task->tid != y->task->tid ? (x->task->tid < y->task->tid ? -1 : 1) : (x->id > y->id) - (x->id < y->id);
}

static int results(struct engine *e)
{
	struct sched_events *ev = e->ev;
	struct u64map by_epoch = { 0 };
	struct names names;
	uint32_t at;
	size_t i;
	int err;

	for (i = 1; i < e->n_slots; i++)
		if (e->slot[i].seen)
			end_life(e, &e->slot[i], UINT64_MAX);
	err = names_init(&names, e->m);
	if (err)
		return err;
	err = -ENOMEM;
	ev->g = calloc(e->n_lives + 1, sizeof(*ev->g));
	ev->own = calloc(e->n_lives + 1, sizeof(*ev->own));
	if (!ev->g || !ev->own || e->err)
		goto out;
	for (i = 0; i < e->n_lives; i++) {
		struct life *l = &e->life[i];
		const struct model_task *t = names_between(&names, l->tid, l->first, l->last);

		if (!used(l))
			continue;
		if (!t) {
			ev->own[ev->n_own] = (struct model_task){
				.tid = l->tid, .tgid = l->tid, .first = l->first, .comm = "?", .epoch = UINT64_MAX - ev->n_own,
			};
			t = &ev->own[ev->n_own++];
		}
		at = u64map_get(&by_epoch, t->epoch);
		if (at == U64MAP_NONE) {
			at = (uint32_t)ev->n++;
			if (u64map_put(&by_epoch, t->epoch, at))
				goto out;
			ev->g[at].task = t;
			ev->g[at].id = t->epoch;
			ev->g[at].n_tasks = 1;
		}
		fill(&ev->g[at], l);
		if (rhist_merge(&ev->g[at].wait, &l->wait) || rhist_merge(&ev->g[at].off, &l->off))
			goto out;
	}
	qsort(ev->g, ev->n, sizeof(*ev->g), cmp_run);
	err = 0;
out:
	names_free(&names);
	u64map_free(&by_epoch);
	return err;
}

static int windows(struct engine *e)
{
	const struct model *m = e->m;
	size_t i;

	e->window = calloc(m->n_marks + 1, sizeof(*e->window));
	if (!e->window)
		return -ENOMEM;
	if (!m->n_marks)
		e->window[e->n_window++] = (struct interval){ 0, UINT64_MAX };
	for (i = 0; i < m->n_marks; i++) {
		uint64_t from = m->marks[i].time, to = i + 1 < m->n_marks ? m->marks[i + 1].time : UINT64_MAX;

		if (!m->marks[i].selected)
			continue;
		if (e->n_window && e->window[e->n_window - 1].to == from)
			e->window[e->n_window - 1].to = to;
		else
			e->window[e->n_window++] = (struct interval){ from, to };
	}
	e->start = m->n_marks ? m->marks[0].time : 0;
	return 0;
}

static void engine_free(struct engine *e)
{
	size_t i;

	for (i = 0; i < e->n_slots; i++) {
		rhist_free(&e->slot[i].wait);
		rhist_free(&e->slot[i].off);
	}
	for (i = 0; i < e->n_lives; i++) {
		rhist_free(&e->life[i].wait);
		rhist_free(&e->life[i].off);
	}
	free(e->slot);
	free(e->life);
	free(e->key);
	free(e->window);
	u64map_free(&e->by_tid);
}

static int load(const struct model *m, unsigned int threads, mmt_log_fn log, void *log_ctx, struct sched_events *ev)
{
	static const struct merge_ops ops = { on_chunk, on_block, on_gap, on_batch };
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = log, .log_ctx = log_ctx };
	struct engine e = { .m = m, .ev = ev };
	struct merge_stats st;
	struct mmt_reader *r = NULL;
	int err;

	memset(ev, 0, sizeof(*ev));
	err = windows(&e);
	dense(&e, 0);
	err = err ? err : e.err;
	err = err ? err : mmt_reader__open(m->path, &ro, &r);
	e.reader = r; /* for its schema, whoever unpacks */
	if (!err && threads)
		err = merge_run_threads(m->path, threads, &ops, &e, &st);
	else
		err = err ? err : merge_run(r, &ops, &e, &st);
	ev->status.sz = sizeof(ev->status);
	if (!err && !threads)
		err = mmt_reader__status(r, &ev->status);
	if (!err && e.on)
		toggle(&e, next_edge(&e) < m->t1 ? next_edge(&e) : m->t1 > e.last ? m->t1 : e.last);
	err = err ? err : results(&e);
	if (!err) {
		ev->events = st.events;
		ev->disorder = st.disorder;
		ev->missing = st.missing;
	}
	mmt_reader__close(r);
	engine_free(&e);
	if (err)
		sched_events_free(ev);
	return err;
}

int sched_events_load(const struct model *m, unsigned int threads, mmt_log_fn log, void *log_ctx, struct sched_events *ev)
{
	int err = threads ? load(m, threads, log, log_ctx, ev) : -EAGAIN;

	return err == -EAGAIN ? load(m, 0, log, log_ctx, ev) : err;
}

void sched_events_free(struct sched_events *ev)
{
	model_groups_free(ev->g, ev->n);
	free(ev->own);
	ev->g = NULL;
	ev->own = NULL;
	ev->n = ev->n_own = 0;
}
