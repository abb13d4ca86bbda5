// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "clock.h"
#include "perf_count.h"
#include "perf_lib.h"
#include "sysfs.h"

#define STOPPED_NS 100000000ULL /* for so long time has not gone on: no coarse clock explains that */
#define SPARE_FDS 256 /* for all that is not an event, and CPUs that come */

struct member {
	struct perf_evsel *sel;
	unsigned int event;
	struct mmt_count last; /* when it was read */
};

/* A group on a CPU, or of a task: a list of its own, so that one that goes takes nothing from the others. */
struct unit {
	struct perf_evlist *list; /* owns the events */
	int cpu, tid;
	bool stopped; /* it is counted no more */
	unsigned int n;
	struct member m[];
};

struct place { /* of an event, on a CPU */
	struct mmt_count sum;
	unsigned int units;
};

struct mmt_perf_count {
	const struct mmt_perf_events *ev;
	struct mmt_count_state *state; /* by event */
	struct place *places;          /* by CPU (one, of tasks) and event */
	struct unit **units;
	size_t n_units, cap_units, n_open;
	bool *on;                      /* CPUs that were taken up; NULL: tasks */
	unsigned int n_cpus;
	uint64_t read;                 /* when they were read */
	bool enabled;
	struct rlimit files;           /* as they were */
};

/* ---------------------------------------------------------------- one group in one place */

static struct perf_event_attr attr_of(const struct mmt_perf_event *e, const struct mmt_perf_box *b, bool leader, bool inherit)
{
	return (struct perf_event_attr){
		.size = sizeof(struct perf_event_attr), .type = b->type, .config = b->config, .config1 = b->config1,
		.config2 = b->config2, .disabled = leader, .inherit = inherit, .pinned = leader && e->pinned,
		.exclude_user = e->no_user, .exclude_kernel = e->no_kernel, .exclude_hv = e->no_hv, .exclude_host = e->no_host,
		.exclude_guest = e->no_guest, .exclude_idle = e->no_idle,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
	};
}

static void unit_close(struct unit *u)
{
	if (!u)
		return;
	if (u->list)
		mmt_perf_lib__delete(u->list);
	free(u);
}

static int unit_add(struct unit *u, const struct mmt_perf_events *ev, unsigned int event, unsigned int box, bool inherit)
{
	struct perf_event_attr attr = attr_of(&ev->v[event], &ev->v[event].boxes[box], !u->n, inherit);
	struct perf_evsel *sel = perf_evsel__new(&attr);

	if (!sel)
		return -ENOMEM;
	perf_evlist__add(u->list, sel);
	u->m[u->n].sel = sel;
	u->m[u->n++].event = event;
	return 0;
}

/* Box `box` of n events, on a CPU or of a task. */
static int unit_open(const struct mmt_perf_events *ev, const unsigned int *events, unsigned int n, unsigned int box, int cpu,
		     struct mmt_count_task task, struct unit **out)
{
	struct unit *u = calloc(1, sizeof(*u) + n * sizeof(u->m[0]));
	unsigned int i;
	int err;

	if (!u)
		return -ENOMEM;
	u->cpu = cpu;
	u->tid = task.tid;
	u->list = perf_evlist__new();
	err = u->list ? 0 : -ENOMEM;
	for (i = 0; i < n && !err; i++)
		err = unit_add(u, ev, events[i], box, task.inherit);
	err = err ? err : mmt_perf_lib__aim(u->list, cpu, task.tid);
	if (!err) {
		perf_evlist__set_leader(u->list);
		err = perf_evlist__open(u->list);
	}
	if (err) {
		unit_close(u);
		return err < 0 ? err : -EIO;
	}
	*out = u;
	return 0;
}

/* ---------------------------------------------------------------- all groups in one place */

static int keep(struct mmt_perf_count *c, struct unit *u)
{
	unsigned int i, place = u->cpu < 0 ? 0 : (unsigned int)u->cpu;

	if (c->n_units == c->cap_units) {
		size_t cap = c->cap_units ? 2 * c->cap_units : 64;
		struct unit **v = realloc(c->units, cap * sizeof(*v));

		if (!v) {
			unit_close(u);
			return -ENOMEM;
		}
		c->units = v;
		c->cap_units = cap;
	}
	c->units[c->n_units++] = u;
	for (i = 0; i < u->n; i++) {
		c->places[place * c->ev->n + u->m[i].event].units++;
		c->state[u->m[i].event].opened++;
	}
	c->n_open += u->n;
	if (c->enabled)
		perf_evlist__enable(u->list);
	return 0;
}

/* Together; what the PMU cannot count together (EINVAL), or not all of it on this CPU, apart. Only -ENOMEM is an error. */
static int open_box(struct mmt_perf_count *c, const unsigned int *events, unsigned int n, unsigned int box, int cpu,
		    struct mmt_count_task task)
{
	struct unit *u;
	unsigned int i;
	int err = -EINVAL, ret = 0;

	if (!n)
		return 0;
	if (n == 1 || !c->state[events[0]].apart)
		err = unit_open(c->ev, events, n, box, cpu, task, &u);
	if (!err)
		return keep(c, u);
	if (n > 1 && (err == -EINVAL || err == -ENOENT)) {
		for (i = 0; i < n && !ret; i++) {
			c->state[events[i]].apart |= err == -EINVAL;
			ret = open_box(c, &events[i], 1, box, cpu, task);
		}
		return ret;
	}
	for (i = 0; i < n; i++) {
		c->state[events[i]].refused += err != -ESRCH; /* a task that has just ended */
		c->state[events[i]].why = err;
	}
	return err == -ENOMEM ? err : 0;
}

static bool counts_on(const struct mmt_perf_event *e, unsigned int box, int cpu)
{
	return box < e->n_boxes && (cpu < 0 || !e->boxes[box].some || mmt_cpuset__has(&e->boxes[box].cpus, (unsigned int)cpu));
}

static int open_place(struct mmt_perf_count *c, int cpu, struct mmt_count_task task)
{
	unsigned int group, box, boxes, i, n, events[MMT_PERF_MAX];
	int err = 0;

	for (group = 1; group <= c->ev->n_groups && !err; group++) {
		for (i = 0, boxes = 0; i < c->ev->n; i++)
			if (c->ev->v[i].group == group && c->ev->v[i].n_boxes > boxes)
				boxes = (unsigned int)c->ev->v[i].n_boxes;
		for (box = 0; box < boxes && !err; box++) {
			for (i = 0, n = 0; i < c->ev->n; i++)
				if (c->ev->v[i].group == group && !c->state[i].err && counts_on(&c->ev->v[i], box, cpu))
					events[n++] = i;
			err = open_box(c, events, n, box, cpu, task);
		}
	}
	return err;
}

static void read_unit(struct mmt_perf_count *c, struct unit *u, bool long_ago)
{
	unsigned int i, place = u->cpu < 0 ? 0 : (unsigned int)u->cpu;
	struct perf_counts_values v;

	for (i = 0; i < u->n; i++) {
		struct member *m = &u->m[i];
		struct mmt_count *sum = &c->places[place * c->ev->n + m->event].sum;

		if (perf_evsel__read(m->sel, 0, 0, &v))
			continue;
		u->stopped |= u->cpu >= 0 && long_ago && v.ena == m->last.enabled; /* its CPU was offline */
		sum->count += v.val - m->last.count;
		sum->enabled += v.ena - m->last.enabled;
		sum->running += v.run - m->last.running;
		m->last = (struct mmt_count){ v.val, v.ena, v.run };
	}
}

static void close_cpu(struct mmt_perf_count *c, int cpu)
{
	size_t i, n = 0;
	unsigned int k;

	for (i = 0; i < c->n_units; i++) {
		struct unit *u = c->units[i];

		if (u->cpu != cpu) {
			c->units[n++] = u;
			continue;
		}
		for (k = 0; k < u->n; k++) {
			c->places[(unsigned int)cpu * c->ev->n + u->m[k].event].units--;
			c->state[u->m[k].event].opened--;
		}
		c->n_open -= u->n;
		unit_close(u);
	}
	c->n_units = n;
	c->on[cpu] = false;
}

/* The kernel takes events off a CPU that goes offline, and does not put them back. */
static int follow(struct mmt_perf_count *c)
{
	size_t i, k, n = 0;
	unsigned int *online = mmt_perf_lib__online(&n);
	int err = online ? 0 : -ENOMEM;

	for (i = 0; online && i < c->n_cpus; i++) {
		for (k = 0; k < n && online[k] != i; k++)
			;
		if (c->on[i] && k == n)
			close_cpu(c, (int)i);
	}
	for (i = 0; i < c->n_units; i++) {
		if (!c->units[i]->stopped)
			continue;
		close_cpu(c, c->units[i]->cpu);
		i = (size_t)-1; /* they have moved up */
	}
	for (k = 0; k < n && !err; k++) {
		if (online[k] >= c->n_cpus || c->on[online[k]])
			continue;
		c->on[online[k]] = true;
		err = open_place(c, (int)online[k], (struct mmt_count_task){ .tid = -1 });
	}
	free(online);
	return err;
}

/* ---------------------------------------------------------------- all */

/* Can it be counted at all? On the first CPU where it could be; of ourselves, where tasks are counted. */
static int try_event(const struct mmt_perf_events *ev, unsigned int event, const unsigned int *online, size_t n_online)
{
	const struct mmt_perf_event *e = &ev->v[event];
	struct unit *u = NULL;
	unsigned int box;
	int err = -ENODEV;
	size_t i;

	for (box = 0; box < e->n_boxes; box++) {
		for (i = 0; online && i < n_online && !counts_on(e, box, (int)online[i]); i++)
			;
		if (online && i == n_online)
			continue;
		err = unit_open(ev, &event, 1, box, online ? (int)online[i] : -1,
				(struct mmt_count_task){ online ? -1 : 0, !online }, &u);
		if (err)
			continue;
		unit_close(u);
		return 0;
	}
	return err;
}

void mmt_perf_count__why(const struct mmt_perf_event *e, int err, bool tasks, char *buf, size_t size)
{
	uint64_t paranoid = 0;

	if (err == -EACCES || err == -EPERM) {
		mmt_read_u64("/proc/sys/kernel/perf_event_paranoid", &paranoid);
		snprintf(buf, size, "the kernel does not let us: %s (sysctl kernel.perf_event_paranoid is %" PRId64 ")",
			 strerror(-err), (int64_t)paranoid);
	} else if (e->kind == MMT_PERF_PMU && tasks && err == -EINVAL) {
		snprintf(buf, size, "its PMU counts what CPUs do, not tasks: record the machine (-a)");
	} else if (e->kind == MMT_PERF_CORE && (err == -ENOENT || err == -ENODEV || err == -EOPNOTSUPP)) {
		snprintf(buf, size, "%s", mmt_perf_pmu__core("") ? "the CPUs' PMU has no such event" :
			 "the CPUs have no PMU, or the hypervisor shows none");
	} else if (e->kind == MMT_PERF_SOFT && (err == -ENOENT || err == -EINVAL)) {
		snprintf(buf, size, "this kernel has no such event");
	} else {
		snprintf(buf, size, "the kernel refuses it: %s", strerror(-err));
	}
}

int mmt_perf_count__try(const char *name, char *why, size_t size)
{
	struct mmt_perf_parse p = { .root = "" };
	struct mmt_perf_events ev;
	unsigned int *online;
	size_t n;
	int err = mmt_perf_events__parse(&p, name, &ev);

	if (err) {
		snprintf(why, size, "%s", err == -EINVAL ? p.why : strerror(-err));
		return err;
	}
	mmt_perf_lib__init();
	online = mmt_perf_lib__online(&n);
	err = online ? try_event(&ev, 0, online, n) : -ENOMEM;
	if (err)
		mmt_perf_count__why(&ev.v[0], err, false, why, size);
	free(online);
	mmt_perf_events__free(&ev);
	return err;
}

/* A descriptor for each event and CPU: more than a program usually may have, on a large machine. */
static int allow_files(struct mmt_perf_count *c, size_t places)
{
	size_t i, need = SPARE_FDS;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &c->files))
		return -errno;
	for (i = 0; i < c->ev->n; i++)
		need += places * c->ev->v[i].n_boxes;
	r = c->files;
	if (r.rlim_cur >= need)
		return 0;
	if (r.rlim_max < need) /* the trace, too, needs some */
		return -EMFILE;
	r.rlim_cur = need;
	return setrlimit(RLIMIT_NOFILE, &r) ? -errno : 0;
}

int mmt_perf_count__open(const struct mmt_perf_events *ev, unsigned int n_cpus, const struct mmt_count_task *tasks,
			 size_t n_tasks, struct mmt_perf_count **out)
{
	struct mmt_perf_count *c = calloc(1, sizeof(*c));
	unsigned int *online = NULL, i;
	size_t n_online = 0;
	int err = -ENOMEM;

	if (!c)
		return -ENOMEM;
	mmt_perf_lib__init();
	c->ev = ev;
	c->n_cpus = tasks ? 1 : n_cpus;
	c->state = calloc(ev->n, sizeof(*c->state));
	c->places = calloc(c->n_cpus * ev->n, sizeof(*c->places));
	c->on = tasks ? NULL : calloc(n_cpus, sizeof(*c->on));
	online = tasks ? NULL : mmt_perf_lib__online(&n_online);
	if (!c->state || !c->places || (!tasks && (!c->on || !online)))
		goto out;
	err = allow_files(c, tasks ? n_tasks : n_online);
	if (err)
		goto out;
	for (i = 0; i < ev->n; i++)
		c->state[i].err = try_event(ev, i, online, n_online);
	err = 0;
	if (!tasks)
		err = follow(c);
	for (i = 0; tasks && i < n_tasks && !err; i++)
		err = open_place(c, -1, tasks[i]);
out:
	free(online);
	if (err)
		mmt_perf_count__close(c);
	else
		*out = c;
	return err;
}

void mmt_perf_count__enable(struct mmt_perf_count *c)
{
	size_t i;

	for (i = 0; i < c->n_units; i++)
		perf_evlist__enable(c->units[i]->list);
	c->enabled = true;
}

void mmt_perf_count__read(struct mmt_perf_count *c)
{
	uint64_t now = mmt_mono_ns();
	size_t i;

	for (i = 0; i < c->n_units; i++)
		read_unit(c, c->units[i], c->read && now - c->read > STOPPED_NS);
	c->read = now;
	if (c->on)
		follow(c); /* no memory: it is tried again the next time */
}

int mmt_perf_count__take(struct mmt_perf_count *c, mmt_count_fn fn, void *ctx)
{
	unsigned int cpu, i;
	int err = 0;

	for (cpu = 0; cpu < c->n_cpus; cpu++) {
		for (i = 0; i < c->ev->n && !err; i++) {
			struct place *p = &c->places[cpu * c->ev->n + i];

			if (!p->units && !p->sum.enabled)
				continue;
			err = fn(ctx, i, c->on ? cpu : MMT_COUNT_TASKS, &p->sum);
			p->sum = (struct mmt_count){ 0 };
		}
	}
	return err;
}

const struct mmt_count_state *mmt_perf_count__state(const struct mmt_perf_count *c, unsigned int event)
{
	return &c->state[event];
}

size_t mmt_perf_count__n(const struct mmt_perf_count *c)
{
	return c->n_open;
}

void mmt_perf_count__close(struct mmt_perf_count *c)
{
	size_t i;

	if (!c)
		return;
	for (i = 0; i < c->n_units; i++)
		unit_close(c->units[i]);
	if (c->files.rlim_cur)
		setrlimit(RLIMIT_NOFILE, &c->files);
	free(c->units);
	free(c->state);
	free(c->places);
	free(c->on);
	free(c);
}
