// SPDX-License-Identifier: GPL-2.0-only
/* The order of things: open, start, poll, mark, stop. */
#include <errno.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cells.h"
#include "clock.h"
#include "control.h"
#include "drain.h"
#include "family.h"
#include "kstat.h"
#include "log.h"
#include "oracle.h"
#include "session.h"
#include "stacks.h"
#include "tasks.h"
#include "topology.h"
#include "topology_rows.h"
#include "totals.h"

#define SEAL_NS 200000000ULL     /* with a pass of the drain, below the 250 ms that a crash may cost */
#define PASS_MIN_NS 10000000ULL
#define PASS_MAX_NS 100000000ULL
#define MAX_EXTRA_FDS 16

struct mmt_session {
	struct mmt_log log;
	struct mmt_topology topo;
	struct mmt_probe bpf;
	struct mmt_writer *w;
	struct mmt_drain drain;
	struct mmt_tasks tasks;
	struct mmt_cpu_totals cpu_totals;
	struct mmt_oracle *oracle;
	struct mmt_control control;
	struct mmt_family_set families;
	struct mmt_stackmap stackmap;
	struct mmt_stacks *stacks; /* NULL: no family has any */
	uint64_t segment, n_marks;
	uint64_t interval_ns, pass_ns;
	uint64_t next_pass, next_seal, next_full; /* CLOCK_MONOTONIC, ns */
	uint64_t lost_total, cpu_ns_start, bytes;
	bool running, fifo;
	bool live; /* rows go to a sink */
	int old_policy, old_prio;
	int err; /* first error of the file: reported by every later call */
};

/* ---------------------------------------------------------------- rows at marks */

static int write_clock(struct mmt_session *s)
{
	uint64_t a = mmt_probe__now(&s->bpf), mono = mmt_mono_ns(), boot = mmt_clock(CLOCK_BOOTTIME),
		 real = mmt_clock(CLOCK_REALTIME), b = mmt_probe__now(&s->bpf);
	const struct mmt_cell c[] = {
		cell_u(a + (b - a) / 2), cell_u(mono), cell_u(boot), cell_u(real), cell_u((b - a) / 2),
	};

	return ROW(s->w, MMT_TB_CLOCK, c);
}

static int write_mark(struct mmt_session *s, uint64_t now, int kind, const char *name, const char *arg)
{
	const struct mmt_cell c[] = {
		cell_u(s->n_marks), cell_u(now), cell_u((uint64_t)kind), cell_s(name ? name : ""),
		cell_s(arg ? arg : ""),
	};

	return ROW(s->w, MMT_TB_MARK, c);
}

static int write_meta(struct mmt_session *s, const char *key, const char *value)
{
	const struct mmt_cell c[] = { cell_s(key), cell_s(value) };

	return ROW(s->w, MMT_TB_META, c);
}

static int write_number(struct mmt_session *s, const char *key, uint64_t v)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)v);
	return write_meta(s, key, buf);
}

static int write_head(struct mmt_session *s, const struct mmt_session_opts *o)
{
	static const char *const profiles[] = { "light", "default", "full" };
	const struct mmt_config *c = &s->bpf.cfg;
	char names[128], value[192];
	const char *fact;
	size_t i;
	int err = 0;

	for (i = 0; i < o->n_meta && !err; i++)
		err = write_meta(s, o->meta[i].key, o->meta[i].value);
	err = err ? err : write_meta(s, "profile", profiles[o->profile]);
	err = err ? err : write_meta(s, "probe", s->bpf.raw_tp ? "raw_tp" : "tp_btf");
	err = err ? err : write_meta(s, "clock", c->use_rq_clock ? "run queue" : "CLOCK_MONOTONIC");
	err = err ? err : write_meta(s, "latency.start", !c->use_sched_info ? "wakeup" :
					c->stamp_waking ? "waking" : "remote waking, local enqueue");
	err = err ? err : write_meta(s, "filter", c->filter ? "yes" : "no");
	err = err ? err : write_meta(s, "events", !c->record ? "none" :
					o->profile == MMT_PROFILE_FULL ? "switch migrate wakeup" : "switch migrate");
	if (o->families) {
		mmt_families__names(&s->families, names, sizeof(names));
		err = err ? err : write_meta(s, "families", names);
		for (i = 0; !err && (fact = mmt_families__fact(&s->families, (unsigned int)i, value, sizeof(value))); i++)
			err = write_meta(s, fact, value);
	}
	err = err ? err : write_meta(s, "totals.place", s->topo.n_cpus <= 16 ? "cpu" : "node");
	err = err ? err : write_number(s, "ring.kb", (8ULL << c->ring_bits) / 1024);
	err = err ? err : write_number(s, "cpu.count", s->topo.n_cpus);
	err = err ? err : write_number(s, "node.count", s->topo.n_nodes);
	return err ? err : mmt_topology__rows(s->w, &s->topo);
}

/* ---------------------------------------------------------------- drain, flush, seal */

static int keep(struct mmt_session *s, int err)
{
	if (err && !s->err) {
		s->err = err;
		if (err == -ENOSPC)
			log_err(&s->log, "no space left for the trace file: what was written until now is kept");
		else
			log_err(&s->log, "writing the trace: %s", strerror(-err));
	}
	return s->err;
}

static int pass(struct mmt_session *s)
{
	int err = mmt_probe__consume(&s->bpf);

	if (err >= 0)
		err = mmt_probe__more_slots(&s->bpf, s->tasks.n_live);
	if (err >= 0)
		err = mmt_drain__all(&s->drain);
	if (err >= 0)
		err = mmt_families__pass(&s->families);
	return keep(s, err < 0 ? err : 0);
}

/* Rows of all totals as of now, which is returned. */
static int flush(struct mmt_session *s, uint64_t *at, bool full, bool mark)
{
	uint64_t lost[MMT_N_CLASSES] = { 0 };
	unsigned int i;
	uint64_t now;
	int err;

	now = mmt_probe__now(&s->bpf);
	err = mmt_tasks__read(&s->tasks);
	if (full)
		mmt_families__cut(&s->families);
	mmt_cpu_totals__read(&s->cpu_totals, &s->bpf);
	now += (mmt_probe__now(&s->bpf) - now) / 2; /* events are cut by this instant */
	*at = now;
	err = err ? err : mmt_tasks__flush(&s->tasks, now, full);
	err = err ? err : mmt_cpu_totals__flush(&s->cpu_totals, &s->bpf, s->w, now, s->segment, lost);
	err = err ? err : mmt_totals__others(&s->tasks, &s->cpu_totals, now);
	err = err ? err : mmt_families__flush(&s->families, now, full, mark);
	mmt_writer__lost(s->w, lost);
	for (i = 0; i < MMT_N_CLASSES; i++)
		s->lost_total += lost[i];
	return keep(s, err);
}

static int seal(struct mmt_session *s)
{
	int err = mmt_writer__seal(s->w);

	mmt_drain__sealed(&s->drain);
	s->next_seal = s->live ? UINT64_MAX : mmt_mono_ns() + SEAL_NS; /* live: totals at marks only */
	return keep(s, err);
}

static int write_footprint(struct mmt_session *s, uint64_t now)
{
	const struct mmt_footprint f = {
		.drains = s->drain.passes, .events = s->drain.events, .map_bytes = s->bpf.map_bytes + mmt_families__map_bytes(&s->families) + s->stackmap.map_bytes,
		.migrations = mmt_tasks__self_migrations(&s->tasks),
	};

	return mmt_footprint__write(s->w, &f, now, s->segment);
}

/*
 * Cut: events until now, totals until now, the kernel's own counters, then the mark. The
 * counters are read right after our totals: what happens between the two readings is the
 * difference at the edge that reports explain.
 */
static int cut(struct mmt_session *s, int kind, const char *name, const char *arg)
{
	uint64_t now;
	int err;

	err = pass(s);
	err = err ? err : flush(s, &now, true, true);
	if (err)
		return err;
	err = mmt_oracle__write(s->oracle, s->w, now, s->n_marks);
	err = err ? err : mmt_kstat__write(s->w, s->live ? NULL : &s->tasks, now, s->n_marks);
	err = err ? err : write_footprint(s, now);
	err = err ? err : write_clock(s);
	err = err ? err : write_mark(s, now, kind, name, arg);
	keep(s, err);
	s->segment = s->n_marks++;
	mmt_tasks__new_segment(&s->tasks, s->segment);
	mmt_families__segment(&s->families, s->segment);
	s->next_full = mmt_mono_ns() + s->interval_ns;
	return s->err;
}

/* Slow down when there is little to take, speed up before a ring is an eighth full. */
static void pace(struct mmt_session *s)
{
	unsigned int fill = mmt_drain__fill(&s->drain); /* before this pass */

	if (fill > 128 && s->pass_ns > PASS_MIN_NS)
		s->pass_ns /= 2;
	else if (fill < 32 && s->pass_ns < PASS_MAX_NS)
		s->pass_ns += s->pass_ns / 4;
	s->next_pass = mmt_mono_ns() + s->pass_ns;
}

static int work(struct mmt_session *s)
{
	uint64_t mono = mmt_mono_ns(), now;
	bool full;
	int err;

	if (mono < s->next_pass && mono < s->next_seal)
		return s->err;
	pace(s);
	err = pass(s);
	if (err || mono + PASS_MIN_NS < s->next_seal)
		return err;
	full = mono >= s->next_full;
	err = flush(s, &now, full, false);
	if (!err && full) {
		s->next_full = mono + s->interval_ns;
		err = keep(s, write_footprint(s, now));
	}
	return err ? err : seal(s);
}

/* ---------------------------------------------------------------- life */

/* A benchmark that takes all CPUs must not starve the drain; a refusal is no error. */
static void prefer(struct mmt_session *s)
{
	struct sched_param p = { 0 };

	s->old_policy = sched_getscheduler(0);
	sched_getparam(0, &p);
	s->old_prio = p.sched_priority;
	p.sched_priority = 1;
	s->fifo = s->old_policy >= 0 && !sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &p);
}

static void prefer_end(struct mmt_session *s)
{
	struct sched_param p = { .sched_priority = s->old_prio };

	if (s->fifo)
		sched_setscheduler(0, s->old_policy, &p);
	s->fifo = false;
}

/* Visit every CPU, so that each has switched once and what runs on it is known. */
static void visit_cpus(const struct mmt_session *s)
{
	cpu_set_t *old, *one;
	size_t size = CPU_ALLOC_SIZE(MMT_MAX_CPUS);
	unsigned int i;

	old = CPU_ALLOC(MMT_MAX_CPUS);
	one = CPU_ALLOC(MMT_MAX_CPUS);
	if (old && one && !sched_getaffinity(0, size, old)) {
		for (i = 0; i < s->topo.n_cpus; i++) {
			if (!s->topo.cpu[i].online)
				continue;
			CPU_ZERO_S(size, one);
			CPU_SET_S(i, size, one);
			sched_setaffinity(0, size, one);
		}
		sched_setaffinity(0, size, old);
	}
	CPU_FREE(old);
	CPU_FREE(one);
}

static int on_task_end(void *ctx, const struct mmt_epoch *e, uint64_t now)
{
	return mmt_families__task_end(ctx, e, now);
}

static int on_task_news(void *ctx, const struct mmt_epoch *e, enum mmt_task_news what)
{
	return mmt_families__task_news(ctx, e, what);
}

static int open_families(struct mmt_session *s, const struct mmt_session_opts *o)
{
	const struct mmt_family_ctx tmpl = {
		.probe = &s->bpf, .tasks = &s->tasks, .topo = &s->topo, .log = &s->log, .totals_only = s->live, .freq = o->freq,
		.stackmap = &s->stackmap, .vm_wanted = o->vm_wanted, .vm_ctx = o->vm_ctx, .opts = o,
	};

	s->tasks.on_end = on_task_end;
	s->tasks.on_news = on_task_news;
	s->tasks.end_ctx = &s->families;
	return o->families ? mmt_families__open(&s->families, o->families, o->families_only, &tmpl) : 0;
}

/* After the writer is there, before the families are attached. */
static int open_stacks(struct mmt_session *s)
{
	int err;

	mmt_families__set_writer(&s->families, s->w);
	if (!mmt_families__want_stacks(&s->families))
		return 0;
	err = mmt_stacks__open(s->w, NULL, &s->stacks);
	if (err)
		return err;
	mmt_stacks__set_map(s->stacks, &s->stackmap);
	mmt_families__set_stacks(&s->families, s->stacks);
	return 0;
}

const char *mmt_session__family(unsigned int i, const char **summary)
{
	*summary = mmt_families[i] ? mmt_families[i]->summary : NULL;
	return mmt_families[i] ? mmt_families[i]->name : NULL;
}

/* Events of perf that cost as much as ours, each time: only when asked for. */
static unsigned int oracle_events(const struct mmt_session_opts *o)
{
	return o->verify ? MMT_ORACLE_SWITCHES | MMT_ORACLE_FAULTS : 0;
}

int mmt_session__open(const struct mmt_session_opts *o, struct mmt_session **out)
{
	struct mmt_probe_opts b = {
		.record = o->profile != MMT_PROFILE_LIGHT, .wakeups = o->profile == MMT_PROFILE_FULL,
		.waking = o->waking, .ring_kb = o->ring_kb, .probe = o->probe, .pids = o->pids, .n_pids = o->n_pids,
		.tids = o->tids, .n_tids = o->n_tids, .comm = o->comm, .cgroup = o->cgroup,
		.tree = (unsigned int)o->tree, .filter = o->vm_wanted, .on_rec = mmt_tasks__on_rec,
	};
	struct mmt_writer_opts wo = { .sz = sizeof(wo), .log = o->log, .log_ctx = o->log_ctx, .level = o->level };
	struct mmt_session *s = calloc(1, sizeof(*s));
	int err;

	if (!s)
		return -ENOMEM;
	s->log = (struct mmt_log){ o->log, o->log_ctx };
	s->live = o->sink;
	s->control.listen_fd = -1;
	s->stackmap = (struct mmt_stackmap){ .fd = -1, .entries = o->stack_entries };
	s->interval_ns = (o->interval_ms ? o->interval_ms : 1000) * 1000000ULL;
	s->pass_ns = 25000000;
	s->n_marks = 1; /* segment 0 is what happened before the first mark */
	s->cpu_ns_start = mmt_footprint__cpu_ns();
	if (s->live)
		wo.level = -1;
	wo.time_shift = (uint8_t)(o->time_shift < 0 ? 4 : o->time_shift);
	err = mmt_topology__read(&s->topo, "");
	if (err) {
		log_err(&s->log, "reading the CPUs from /sys/devices/system/cpu: %s",
			err == -E2BIG ? "more than 1024 CPUs or 64 nodes are online" : strerror(-err));
		goto err_close;
	}
	b.rec_ctx = &s->tasks;
	err = mmt_probe__load(&s->bpf, &b, &s->topo, &s->log);
	if (err)
		goto err_close;
	err = mmt_tasks__init(&s->tasks, &s->bpf, o->cgroup, &s->log);
	err = err ? err : open_families(s, o);
	malloc_trim(0); /* parsing the kernel's types took 20 MB for a moment */
	err = err ? err : mmt_cpu_totals__init(&s->cpu_totals, &s->bpf);
	if (err)
		goto err_close;
	if (s->live)
		err = mmt_writer__open_rows(o->sink, o->sink_ctx, &wo, &s->w);
	else
		err = mmt_writer__open(o->output, &wo, &s->w);
	if (err) {
		log_err(&s->log, "cannot create %s: %s", o->output, strerror(-err));
		goto err_close;
	}
	mmt_tasks__set_writer(&s->tasks, s->w);
	s->tasks.all_deaths = s->live;
	err = open_stacks(s);
	err = err ? err : mmt_drain__init(&s->drain, &s->bpf, s->w);
	err = err ? err : write_head(s, o);
	if (err)
		goto err_close;
	err = mmt_control__open(&s->control, o->ctl_path, &s->log);
	if (err)
		goto err_close;
	if (!o->no_oracle)
		mmt_oracle__open(&s->oracle, oracle_events(o), &s->log); /* its absence is shown, not fatal */
	*out = s;
	return 0;
err_close:
	mmt_session__close(s);
	return err;
}

int mmt_session__start(struct mmt_session *s)
{
	int err;

	if (!s->live) /* nothing is lost by coming late */
		prefer(s);
	err = mmt_probe__attach(&s->bpf, &s->log);
	if (err)
		return err;
	s->running = true;
	visit_cpus(s);
	err = mmt_families__attach(&s->families); /* all that run have a slot now */
	if (err)
		return err;
	err = cut(s, MMT_MARK_START, "start", "");
	return err ? err : seal(s);
}

int mmt_session__mark(struct mmt_session *s, enum mmt_mark_kind kind, const char *name, const char *arg)
{
	return s->err ? s->err : cut(s, kind, name, arg);
}

static int on_mark(void *ctx, int kind, const char *name, const char *arg)
{
	return mmt_session__mark(ctx, (enum mmt_mark_kind)kind, name, arg);
}

static int wait_ms(const struct mmt_session *s, uint64_t mono, uint64_t deadline)
{
	uint64_t next = s->next_pass < s->next_seal ? s->next_pass : s->next_seal;

	if (deadline < next)
		next = deadline;
	return next <= mono ? 0 : (int)((next - mono + 999999) / 1000000);
}

int mmt_session__poll(struct mmt_session *s, struct pollfd *fds, size_t n, int timeout_ms)
{
	uint64_t mono = mmt_mono_ns(), deadline;
	struct pollfd all[MAX_EXTRA_FDS + 1 + MMT_CTL_CLIENTS];
	unsigned int n_ctl;
	size_t i;
	int ready, err;

	if (n > MAX_EXTRA_FDS)
		return -EINVAL;
	deadline = timeout_ms < 0 ? UINT64_MAX : mono + (uint64_t)timeout_ms * 1000000ULL;
	for (;;) {
		err = work(s);
		if (err)
			return err;
		mono = mmt_mono_ns();
		if (n)
			memcpy(all, fds, n * sizeof(*fds));
		n_ctl = mmt_control__fds(&s->control, all + n);
		ready = poll(all, n + n_ctl, wait_ms(s, mono, deadline));
		if (ready < 0 && errno == EINTR)
			return -EINTR;
		if (ready < 0)
			return -errno;
		mmt_control__serve(&s->control, all + n, n_ctl, on_mark, s);
		for (i = 0, ready = 0; i < n; i++) {
			fds[i].revents = all[i].revents;
			ready += !!all[i].revents;
		}
		if (ready || mmt_mono_ns() >= deadline)
			return ready;
	}
}

static int write_note(struct mmt_session *s, uint64_t n, const char *what)
{
	char text[256];

	if (!n)
		return 0;
	snprintf(text, sizeof(text), "%llu %s", (unsigned long long)n, what);
	log_warn(&s->log, "%s", text);
	{
		const struct mmt_cell c[] = { cell_u(mmt_probe__now(&s->bpf)), cell_u(1), cell_s(text) };

		return ROW(s->w, MMT_TB_NOTE, c);
	}
}

/* What went short, said once, in the file and to the user. */
static int write_notes(struct mmt_session *s)
{
	const struct mmt_state *st = s->bpf.state;
	int err;

	err = write_note(s, st->no_slot, "times a task found no slot: it is counted with the others (epoch 0)");
	err = err ? err : write_note(s, st->no_hist, "tasks have no latency histogram of their own, only sums");
	err = err ? err : write_note(s, st->rec_lost, "records of new or ended tasks lost: their names may be missing");
	if (s->stacks) {
		err = err ? err : write_note(s, st->stacks_lost, "call stacks found no place in the kernel's map: they are missing");
		err = err ? err : write_note(s, mmt_stacks__evicted(s->stacks),
					     "call stacks had given way to others before they could be read: they are missing");
		err = err ? err : write_note(s, mmt_stacks__dropped(s->stacks), "call stacks beyond the 131072 that a trace may have: they are missing");
	}
	err = err ? err : write_note(s, s->drain.stalled, "ring words thrown away: the collector was stopped for a minute");
	return err ? err : write_note(s, s->lost_total, "events lost or shed: see the loss in `mmt-trace info`");
}

/* Names of the kernel's functions; without them, which has been said then, the trace is as good otherwise. */
static int write_ksyms(struct mmt_session *s)
{
	int err = s->stacks ? mmt_stacks__ksyms(s->stacks, &s->log) : 0;

	return err >= 0 || err == -EPERM || err == -EACCES || err == -ENOENT ? 0 : err;
}

int mmt_session__stop(struct mmt_session *s)
{
	uint64_t now;
	int err;

	if (!s->running)
		return s->err;
	s->running = false;
	if (mmt_tasks__lost(&s->tasks) && !pass(s))
		flush(s, &now, false, false);
	cut(s, MMT_MARK_END, "end", "");
	keep(s, write_notes(s));
	keep(s, mmt_topology__changes(s->w, &s->topo, s->cpu_totals.changed, mmt_probe__now(&s->bpf), &s->log));
	mmt_families__detach(&s->families); /* their last rows */
	keep(s, mmt_families__notes(&s->families));
	mmt_probe__detach(&s->bpf);
	prefer_end(s);
	keep(s, write_ksyms(s));
	seal(s);
	s->bytes = mmt_writer__bytes(s->w);
	err = mmt_writer__close(s->w);
	s->w = NULL;
	return keep(s, err);
}

void mmt_session__stats(const struct mmt_session *s, struct mmt_session_stats *st)
{
	unsigned int i;

	memset(st, 0, sizeof(*st));
	st->events = s->drain.events;
	st->tasks = s->tasks.n_epochs;
	st->bytes = s->w ? mmt_writer__bytes(s->w) : s->bytes;
	st->cpu_ns = mmt_footprint__cpu_ns() - s->cpu_ns_start;
	for (i = 0; s->bpf.cpus && i < s->bpf.n_cpus; i++) {
		const struct mmt_cpu *c = &s->bpf.cpus[i];

		st->lost += c->lost[0] + c->lost[1] + c->lost[2] + c->lost[3];
		st->shed += c->shed[0] + c->shed[1] + c->shed[2] + c->shed[3];
	}
	st->lost += s->drain.stalled;
}

void mmt_session__close(struct mmt_session *s)
{
	if (!s)
		return;
	prefer_end(s);
	mmt_control__close(&s->control);
	mmt_oracle__close(s->oracle);
	mmt_writer__abandon(s->w);
	mmt_drain__free(&s->drain);
	mmt_cpu_totals__free(&s->cpu_totals);
	mmt_families__close(&s->families);
	mmt_stacks__close(s->stacks);
	mmt_stackmap__close(&s->stackmap);
	mmt_tasks__free(&s->tasks);
	mmt_probe__close(&s->bpf);
	free(s);
}
