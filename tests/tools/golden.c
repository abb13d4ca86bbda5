// SPDX-License-Identifier: GPL-2.0-only
/*
 * golden FILE [SEED]: write a small trace with known answers, always the same.
 *
 * A toy scheduler runs eight tasks on four CPUs of two nodes. It writes the events and,
 * counted on its own, the totals, so that both must tell the same story. The last event
 * and table types are ones that no reader knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libmmtrace/mmtrace.h"

#define CPUS 4
#define TASKS 8
#define STEPS 6000

enum { RUNNING, RUNNABLE, SLEEPING, DEAD };
enum { VOL, INVOL, WAKE, MIG, N_COUNT = MIG + 4 };

struct task {
	unsigned int tid, tgid, flags, cpu, state;
	const char *comm;
	uint64_t cgroup, epoch, first, last;
	uint64_t run_since, wait_since, off_since;
	uint64_t count[N_COUNT], run_ns, wait_n, wait_ns, wait_max, off_n, off_ns, off_max, place[CPUS];
	uint32_t wait_hist[MMT_HIST_BUCKETS], off_hist[MMT_HIST_BUCKETS];
	uint64_t all_count[N_COUNT], all_run; /* over its life */
};

struct cpu {
	int current, first; /* task, -1 idle */
	uint64_t busy_since, idle_since;
	uint64_t switches, idle_switches, vol, invol, wake, mig[4], busy, idle, seen[3];
};

struct sim {
	struct mmt_writer *w;
	struct task task[TASKS + 1];
	struct cpu cpu[CPUS];
	uint64_t now, seed, segment, ctxt, migrations;
	int n_tasks;
	int err;
};

static uint64_t rnd(struct sim *s, uint64_t n)
{
	s->seed = s->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (s->seed >> 33) % n;
}

static struct mmt_cell num(uint64_t u) { return (struct mmt_cell){ .u = u }; }
static struct mmt_cell str(const char *p) { return (struct mmt_cell){ .p = p, .len = (uint32_t)strlen(p) }; }
static struct mmt_cell blob(const void *p, int n) { return (struct mmt_cell){ .p = p, .len = n < 0 ? 0 : (uint32_t)n }; }

static void row(struct sim *s, uint16_t table, const struct mmt_cell *c, size_t n)
{
	struct mmt_cell all[40] = { 0 };
	const struct mmt_type *t = mmt_std_type(table);

	memcpy(all, c, n * sizeof(*c));
	s->err |= mmt_writer__row(s->w, table, all, t ? t->n_fields : n);
}
#define ROW(s, table, ...) \
	do { \
		const struct mmt_cell c_[] = { __VA_ARGS__ }; \
		row(s, table, c_, sizeof(c_) / sizeof(c_[0])); \
	} while (0)

static void event(struct sim *s, uint32_t stream, uint64_t key, const uint64_t *arg, size_t n)
{
	const struct mmt_event e = { s->now, key };

	s->err |= mmt_writer__events(s->w, stream, &e, 1, arg, n) < 0;
}

static int class_of(unsigned int a, unsigned int b)
{
	/* 0,1 are siblings; 2 and 3 are cores of another node */
	return a / 2 != b / 2 ? 3 : a < 2 ? 0 : 1;
}

static void migrate(struct sim *s, struct task *t, unsigned int to, unsigned int on)
{
	int k = class_of(t->cpu, to);

	event(s, on, MMT_KEY(MMT_EV_MIGRATE, (uint64_t)t->tid | (uint64_t)t->cpu << 24 | (uint64_t)to << 40), NULL, 0);
	t->count[MIG + k]++;
	s->cpu[on].mig[k]++;
	s->cpu[on].seen[2]++;
	s->migrations++;
	t->cpu = to;
}

static void stop_running(struct sim *s, struct task *t)
{
	t->run_ns += s->now - t->run_since;
	t->place[t->cpu] += s->now - t->run_since;
	t->run_since = s->now;
}

static void sample(uint32_t *hist, uint64_t v, uint64_t *n, uint64_t *sum, uint64_t *max)
{
	hist[mmt_hist_bucket(v)]++;
	(*n)++;
	*sum += v;
	*max = v > *max ? v : *max;
}

static int pick(struct sim *s, unsigned int cpu)
{
	int i, best = -1;

	for (i = 0; i < s->n_tasks; i++)
		if (s->task[i].state == RUNNABLE && s->task[i].cpu == cpu &&
		    (best < 0 || s->task[i].wait_since < s->task[best].wait_since))
			best = i;
	return best;
}

static void do_switch(struct sim *s, unsigned int n, unsigned int state)
{
	struct cpu *c = &s->cpu[n];
	struct task *prev = c->current < 0 ? NULL : &s->task[c->current], *next;
	int to = pick(s, n);
	uint64_t key;

	if (to < 0 && (!prev || state == MMT_STATE_R))
		return;
	next = to < 0 ? NULL : &s->task[to];
	key = state | (uint64_t)(next ? next->tid : 0) << 4;
	if (c->first)
		event(s, n, MMT_KEY(MMT_EV_SWITCHX, key | (uint64_t)(prev ? prev->tid : 0) << 28), NULL, 0);
	else
		event(s, n, MMT_KEY(MMT_EV_SWITCH, key), NULL, 0);
	c->first = 0;
	c->switches++;
	c->seen[0]++;
	s->ctxt++;
	if (prev) {
		stop_running(s, prev);
		c->busy += s->now - c->busy_since;
		if (state == MMT_STATE_R) {
			prev->count[INVOL]++;
			c->invol++;
			prev->state = RUNNABLE;
			prev->wait_since = s->now;
		} else {
			prev->count[VOL]++;
			c->vol++;
			prev->state = state == MMT_STATE_X ? DEAD : SLEEPING;
			prev->off_since = s->now;
			prev->last = state == MMT_STATE_X ? s->now : 0;
		}
	} else {
		c->idle_switches++;
		c->idle += s->now - c->idle_since;
	}
	c->busy_since = c->idle_since = s->now;
	c->current = to;
	if (!next)
		return;
	sample(next->wait_hist, s->now - next->wait_since, &next->wait_n, &next->wait_ns, &next->wait_max);
	if (next->off_since)
		sample(next->off_hist, s->now - next->off_since, &next->off_n, &next->off_ns, &next->off_max);
	next->off_since = 0;
	next->state = RUNNING;
	next->run_since = s->now;
}

static void wake(struct sim *s, struct task *t)
{
	unsigned int target = (unsigned int)rnd(s, CPUS), waker = (unsigned int)rnd(s, CPUS);
	uint64_t delay = rnd(s, 4) ? 0 : 1 + rnd(s, 300), key;

	if (delay > s->now - t->off_since)
		delay = 0;
	if (target != t->cpu)
		migrate(s, t, target, waker);
	key = (uint64_t)t->tid << 4 | (uint64_t)target << 28;
	if (delay)
		event(s, target, MMT_KEY(MMT_EV_WAKEUPR, key), &delay, 1);
	else
		event(s, waker, MMT_KEY(MMT_EV_WAKEUP, key), NULL, 0);
	s->cpu[delay ? target : waker].seen[1]++;
	s->cpu[delay ? target : waker].wake++;
	t->count[WAKE]++;
	t->state = RUNNABLE;
	t->wait_since = s->now - delay;
}

static void flush_task(struct sim *s, struct task *t)
{
	uint8_t wbuf[4096], obuf[4096], pbuf[64];
	int i, wl, ol, pl;

	if (t->state == RUNNING)
		stop_running(s, t);
	wl = mmt_hist_pack(t->wait_hist, MMT_HIST_BUCKETS, wbuf, sizeof(wbuf));
	ol = mmt_hist_pack(t->off_hist, MMT_HIST_BUCKETS, obuf, sizeof(obuf));
	pl = mmt_vec_pack(t->place, CPUS, pbuf, sizeof(pbuf));
	ROW(s, MMT_TB_TASK_TOTALS, num(s->now), num(s->segment), num(t->epoch), num(t->cgroup), num(t->count[VOL]),
	    num(t->count[INVOL]), num(t->count[WAKE]), num(t->count[MIG]), num(t->count[MIG + 1]), num(t->count[MIG + 2]),
	    num(t->count[MIG + 3]), num(t->run_ns), num(t->wait_n), num(t->wait_ns), num(t->wait_max), num(t->off_n),
	    num(t->off_ns), num(t->off_max), blob(pbuf, pl), blob(wbuf, wl), blob(obuf, ol));
	for (i = 0; i < N_COUNT; i++)
		t->all_count[i] += t->count[i];
	t->all_run += t->run_ns;
	memset(t->count, 0, sizeof(t->count));
	memset(t->place, 0, sizeof(t->place));
	memset(t->wait_hist, 0, sizeof(t->wait_hist));
	memset(t->off_hist, 0, sizeof(t->off_hist));
	t->run_ns = t->wait_n = t->wait_ns = t->wait_max = t->off_n = t->off_ns = t->off_max = 0;
}

static void flush(struct sim *s)
{
	int i;

	for (i = 0; i < s->n_tasks; i++)
		flush_task(s, &s->task[i]);
	for (i = 0; i < CPUS; i++) {
		struct cpu *c = &s->cpu[i];

		if (c->current < 0)
			c->idle += s->now - c->idle_since;
		else
			c->busy += s->now - c->busy_since;
		c->busy_since = c->idle_since = s->now;
		ROW(s, MMT_TB_CPU_TOTALS, num(s->now), num(s->segment), num((uint64_t)i), num(c->switches), num(c->idle_switches),
		    num(c->vol), num(c->invol), num(c->wake), num(c->mig[0]), num(c->mig[1]), num(c->mig[2]), num(c->mig[3]),
		    num(c->busy), num(c->idle), num(c->seen[0]), num(c->seen[1]), num(c->seen[2]));
		*c = (struct cpu){ .current = c->current, .first = c->first, .busy_since = s->now, .idle_since = s->now };
	}
}

static void task_row(struct sim *s, const struct task *t)
{
	bool dead = t->state == DEAD;

	ROW(s, MMT_TB_TASK, num(t->epoch), num(t->tid), num(t->tgid), num(1), num(t->first), num(t->first), num(t->last), num(0),
	    num(t->flags), num(t->cgroup), str(t->comm), num(dead ? t->all_count[VOL] : 0), num(dead ? t->all_count[INVOL] : 0),
	    num(dead ? t->all_run : 0), num(0));
}

static void mark(struct sim *s, unsigned int kind, const char *name)
{
	int i;

	s->now++; /* no event at the very instant of a cut */
	flush(s);
	/* as read a moment after the cut: three switches more each time */
	ROW(s, MMT_TB_COUNTER, num(s->now), num(s->segment + 1), str("proc.stat"), str("ctxt"), num((uint64_t)-1),
	    num(1000 + s->ctxt + 3 * s->segment));
	ROW(s, MMT_TB_COUNTER, num(s->now), num(s->segment + 1), str("proc.vmstat"), str("pgfault"), num((uint64_t)-1),
	    num(500 + s->now / 1000));
	for (i = 0; i < CPUS; i++)
		ROW(s, MMT_TB_COUNTER, num(s->now), num(s->segment + 1), str("perf.sw"), str("cpu-migrations"), num((uint64_t)i),
		    num(i ? 0 : s->migrations));
	ROW(s, MMT_TB_FOOTPRINT, num(s->now), num(s->segment), num(1000 + s->now / 100), num(s->now / 200), num(9000), num(9500),
	    num(2048), num(300), num(0), num(20 * s->segment), num(1), num(0), num(5 * s->segment), num(s->ctxt), num(0));
	ROW(s, MMT_TB_CLOCK, num(s->now), num(s->now + 5000), num(s->now + 7000), num(1700000000000000000ull + s->now), num(25));
	s->segment++;
	ROW(s, MMT_TB_MARK, num(s->segment), num(s->now), num(kind), str(name), str(""));
}

static void head(struct sim *s)
{
	static const char *const meta[][2] = {
		{ "tool.version", "0.1.0" }, { "kernel.release", "6.12.0-golden" }, { "kernel.cmdline", "quiet mitigations=auto" },
		{ "machine.arch", "x86_64" }, { "cpu.model", "Toy CPU" }, { "cpu.count", "4" }, { "node.count", "2" },
		{ "host.name", "golden" }, { "boot.id", "00000000-0000-0000-0000-000000000001" }, { "run.name", "gold" },
		{ "run.benchmark", "toy" }, { "run.iteration", "0" }, { "profile", "full" }, { "filter", "no" },
		{ "events", "switch migrate wakeup" }, { "totals.place", "cpu" },
	};
	uint64_t dist[2] = { 10, 20 };
	uint8_t buf[32];
	size_t i;
	int n;

	for (i = 0; i < sizeof(meta) / sizeof(meta[0]); i++)
		ROW(s, MMT_TB_META, str(meta[i][0]), str(meta[i][1]));
	for (i = 0; i < CPUS; i++)
		ROW(s, MMT_TB_CPU, num(i), num(i < 2 ? 0 : i), num(i / 2 * 2), num(i / 2), num(0), num(1), num(3000000));
	for (i = 0; i < 2; i++) {
		dist[0] = i ? 20 : 10;
		dist[1] = i ? 10 : 20;
		n = mmt_vec_pack(dist, 2, buf, sizeof(buf));
		ROW(s, MMT_TB_NODE, num(i), num(1048576), blob(buf, n));
	}
	ROW(s, MMT_TB_CGROUP, num(7), str("/user.slice/toy.scope"));
	ROW(s, MMT_TB_CGROUP, num(8), str("/system.slice/a name, with \"all\" sorts of things in it.service"));
	ROW(s, MMT_TB_NOTE, num(s->now), num(2), str("a note of the collector"));
}

static void make_tasks(struct sim *s)
{
	static const struct { unsigned int tid, tgid, flags; const char *comm; uint64_t cgroup; } t[TASKS] = {
		{ 100, 100, 0, "toy", 7 }, { 101, 100, 0, "toy-worker", 7 }, { 102, 100, 0, "toy-worker", 7 },
		{ 200, 200, 0, "a,\"b\" c", 8 }, { 300, 300, 1, "kworker/0:1", 8 }, { 400, 400, 4, "mmt-trace", 8 },
		{ 500, 500, 0, "dies", 7 }, { 600, 600, 0, "evil\033[31m", 8 },
	};
	int i;

	for (i = 0; i < TASKS; i++) {
		s->task[i] = (struct task){
			.tid = t[i].tid, .tgid = t[i].tgid, .flags = t[i].flags, .comm = t[i].comm, .cgroup = t[i].cgroup,
			.epoch = 1 + (uint64_t)i, .first = s->now, .cpu = (unsigned int)i % CPUS, .state = SLEEPING, /* since when is not known */
		};
		task_row(s, &s->task[i]);
	}
	s->n_tasks = TASKS;
	for (i = 0; i < CPUS; i++)
		s->cpu[i] = (struct cpu){ .current = -1, .first = 1, .idle_since = s->now };
}

/* The number of the dead is given to another. */
static void reborn(struct sim *s)
{
	struct task *dead = &s->task[6], *t = &s->task[TASKS];
	uint64_t cpu = 0;

	dead->last = dead->last ? dead->last : s->now;
	*t = (struct task){ .tid = 500, .tgid = 500, .comm = "reborn", .cgroup = 8, .epoch = 50, .first = s->now, .cpu = 0,
			    .state = RUNNABLE, .wait_since = s->now };
	s->n_tasks = TASKS + 1;
	event(s, MMT_STREAM_TASKS, MMT_KEY(MMT_EV_FORK, 500 | (uint64_t)100 << 24), &cpu, 1);
	event(s, 0, MMT_KEY(MMT_EV_WAKEUP, 1 | (uint64_t)500 << 4), NULL, 0);
	s->cpu[0].seen[1]++;
	s->cpu[0].wake++;
	t->count[WAKE]++;
	task_row(s, t);
}

static void step(struct sim *s, int i)
{
	unsigned int n = (unsigned int)rnd(s, CPUS);
	struct task *t = &s->task[rnd(s, (uint64_t)s->n_tasks)];

	s->now += 20 + rnd(s, 800);
	if (t->state == SLEEPING && s->now > t->off_since) {
		wake(s, t);
		return;
	}
	if (s->cpu[n].current == 6 && i > STEPS / 2 && s->task[6].state == RUNNING && i < STEPS * 3 / 5) {
		do_switch(s, n, MMT_STATE_X);
		return;
	}
	do_switch(s, n, rnd(s, 3) ? rnd(s, 5) ? MMT_STATE_S : MMT_STATE_D : MMT_STATE_R);
}

int main(int argc, char **argv)
{
	static const struct mmt_field ef[] = {
		{ "what", MMT_FMT_U64, MMT_ROLE_KEY, 8, "", "of a later version" }, { "how", MMT_FMT_NS, MMT_ROLE_ARG, 0, "ns", "" },
	};
	static const struct mmt_field tf[] = {
		{ "a", MMT_FMT_S64, MMT_ROLE_COL, 0, "", "" }, { "b", MMT_FMT_STR, MMT_ROLE_COL, 0, "", "" },
	};
	static const struct mmt_type extra[] = {
		{ 200, MMT_KIND_EVENT, "later", "an event of a later version", 2, ef },
		{ 900, MMT_KIND_TABLE, "later_table", "a table of a later version", 2, tf },
	};
	struct mmt_writer_opts o = { .sz = sizeof(o), .extra_types = extra, .n_extra_types = 2 };
	struct sim *s = calloc(1, sizeof(*s));
	uint64_t how = 77;
	int i, err;

	if (argc < 2 || !s || mmt_writer__open(argv[1], &o, &s->w)) {
		fprintf(stderr, "usage: golden FILE [SEED]\n");
		return 2;
	}
	s->seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	s->now = 5000000000;
	head(s);
	make_tasks(s);
	mark(s, 0, "start");
	for (i = 0; i < STEPS; i++) {
		step(s, i);
		if (i == STEPS / 6)
			mark(s, 2, "iteration");
		if (i == STEPS / 2)
			mark(s, 5, "half, \"time\"");
		if (i == STEPS * 4 / 5)
			mark(s, 3, "iteration");
		if (i == STEPS * 2 / 3 && s->task[6].state == DEAD)
			reborn(s);
		if (i % 500 == 250)
			flush(s);
		if (i % 700 == 100)
			s->err |= mmt_writer__seal(s->w) < 0;
	}
	event(s, 1, MMT_KEY(200, 9), &how, 1);
	ROW(s, 900, num((uint64_t)-5), str("text of\na later version"));
	mark(s, 1, "end");
	for (i = 0; i < s->n_tasks; i++)
		task_row(s, &s->task[i]);
	err = mmt_writer__close(s->w);
	if (err || s->err)
		fprintf(stderr, "golden: %s: could not be written\n", argv[1]);
	err = err || s->err;
	free(s);
	return err;
}
