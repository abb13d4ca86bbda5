// SPDX-License-Identifier: GPL-2.0-only
/*
 * What balance measures of a host in an interval: tasks on the run queues of each node,
 * sampled in the kernel; run time and waiting of each group's threads, which the kernel
 * counts exactly; memory by node.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "../collector/load.h"
#include "../collector/place.h"
#include "../collector/sysfs.h"
#include "balance.h"

#define SAMPLE_NS 20000000L
#define MEMORY_S 30          /* until the memory of a group is looked at again */

double host_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* ---------------------------------------------------------------- nodes */

static uint64_t kb_of(const char *text, const char *key)
{
	const char *s = strstr(text, key);

	return s ? strtoull(s + strlen(key), NULL, 10) : 0;
}

static void read_node(struct host *h, unsigned int i)
{
	struct bal_node *n = &h->node[i];
	char path[128], buf[4096];
	unsigned int k;

	for (k = 0; k < h->topo.node[i].n_dist && k < BAL_NODES; k++)
		n->dist[k] = h->topo.node[i].dist[k];
	snprintf(path, sizeof(path), "/sys/devices/system/node/node%u/meminfo", i);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return;
	n->mem_kb = kb_of(buf, "MemTotal:");
	n->free_kb = kb_of(buf, "MemFree:") + kb_of(buf, "Inactive(file):");
}

/* CPUs come and go: again for each round. */
static int read_nodes(struct host *h)
{
	unsigned int i;
	int err = mmt_topology__read(&h->topo, "");

	if (err)
		return err;
	memset(h->node, 0, sizeof(h->node));
	memset(h->node_cpus, 0, sizeof(h->node_cpus));
	h->n_nodes = h->topo.n_nodes < BAL_NODES ? h->topo.n_nodes : BAL_NODES;
	for (i = 0; i < h->topo.n_cpus; i++) {
		unsigned int node = h->topo.cpu[i].node;

		if (!h->topo.cpu[i].online || node >= h->n_nodes)
			continue;
		mmt_cpuset__add(&h->node_cpus[node], i);
		h->node[node].cpus++;
	}
	for (i = 0; i < h->n_nodes; i++)
		read_node(h, i);
	return 0;
}

static void sample(struct host *h)
{
	const uint64_t *tasks;
	unsigned int i;

	if (!h->load || mmt_load__read(h->load, &tasks))
		return;
	h->samples++;
	for (i = 0; i < h->topo.n_cpus; i++)
		if (h->topo.cpu[i].online && h->topo.cpu[i].node < h->n_nodes && tasks[i] != MMT_LOAD_UNKNOWN)
			h->node[h->topo.cpu[i].node].tasks += (double)tasks[i];
}

static int sample_for(struct host *h, double seconds)
{
	struct timespec pause = { 0, SAMPLE_NS };
	double end = host_now() + seconds;
	unsigned int i;

	h->samples = 0;
	while (!*h->stop && host_now() < end) {
		nanosleep(&pause, NULL);
		sample(h);
	}
	for (i = 0; i < h->n_nodes && h->samples; i++)
		h->node[i].tasks /= h->samples;
	return *h->stop ? -EINTR : 0;
}

/* ---------------------------------------------------------------- threads */

static int cmp_thread(const void *a, const void *b)
{
	const struct thread *x = a, *y = b;

	return (x->tid > y->tid) - (x->tid < y->tid);
}

static struct thread *more_threads(struct host *h)
{
	if (h->n_threads == h->cap_threads) {
		size_t cap = h->cap_threads ? h->cap_threads * 2 : 256;
		struct thread *v = reallocarray(h->threads, cap, sizeof(*v));

		if (!v)
			return NULL;
		h->threads = v;
		h->cap_threads = cap;
	}
	return &h->threads[h->n_threads++];
}

static void keep_threads(struct host *h)
{
	struct thread *v = h->old_threads;
	size_t cap = h->cap_old;

	h->old_threads = h->threads;
	h->n_old = h->n_threads;
	h->cap_old = h->cap_threads;
	h->threads = v;
	h->cap_threads = cap;
	h->n_threads = 0;
	if (h->n_old)
		qsort(h->old_threads, h->n_old, sizeof(*h->old_threads), cmp_thread);
}

/* Its run time and waiting in ns, and where it ran last. */
static int read_thread(struct host *h, uint32_t tid, uint64_t *run, uint64_t *wait, unsigned int *cpu)
{
	char path[64], buf[1024], *s, *end;
	uint64_t ticks = 0;
	int i;

	snprintf(path, sizeof(path), "/proc/%u/stat", tid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return -ESRCH;
	s = strrchr(buf, ')');
	for (i = 2; s && i < 39; i++) {
		s = strchr(s + 1, ' ');
		if (s && (i == 13 || i == 14))
			ticks += strtoull(s, NULL, 10);
	}
	*cpu = s ? (unsigned int)strtoul(s, NULL, 10) : 0;
	snprintf(path, sizeof(path), "/proc/%u/schedstat", tid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0) {
		h->no_wait = true;
		*run = ticks * (1000000000ULL / (uint64_t)sysconf(_SC_CLK_TCK));
		*wait = 0;
		return 0;
	}
	*run = strtoull(buf, &end, 10);
	*wait = strtoull(end, NULL, 10);
	return 0;
}

/* What its threads did since they were read last: demand, use, where. since: of those that were not there before. */
static int read_demand(struct host *h, struct subject *s, double since)
{
	struct bal_group *g = &s->g;
	uint32_t *ids = NULL;
	size_t i, n = 0;
	unsigned int k, cpu;
	int err = groups_ids(h, s, true, &ids, &n);

	g->demand = g->use = 0;
	memset(g->run, 0, sizeof(g->run));
	for (i = 0; i < n && !err; i++) {
		struct thread now = { .tid = ids[i] }, *was, *t;
		double ran, want, seconds;

		now.at = host_now();
		if (read_thread(h, ids[i], &now.run, &now.wait, &cpu))
			continue;
		was = h->n_old ? bsearch(&now, h->old_threads, h->n_old, sizeof(now), cmp_thread) : NULL;
		t = more_threads(h);
		if (!t) {
			err = -ENOMEM;
			break;
		}
		*t = now;
		seconds = now.at - (was ? was->at : since);
		if (!(seconds > 0) || (was && was->run > now.run))
			continue;
		ran = (double)(now.run - (was ? was->run : 0)) / 1e9 / seconds;
		want = ran + (double)(now.wait - (was ? was->wait : 0)) / 1e9 / seconds;
		if (!was && (!h->round || want > 1.1)) /* not new: it was overlooked */
			continue;
		want = fmin(want, 1); /* waiting is counted when it ends: at times too late */
		ran = fmin(ran, want);
		g->use += ran;
		g->demand += want;
		if (cpu < h->topo.n_cpus && h->topo.cpu[cpu].node < h->n_nodes)
			g->run[h->topo.cpu[cpu].node] += want;
	}
	free(ids);
	for (k = 0; k < h->n_nodes; k++)
		g->run[k] = g->demand > 0 ? g->run[k] / g->demand : 0;
	s->peak = fmax(s->peak, g->demand);
	return err;
}

/* One that has a single node ran there, wherever its threads were seen last. */
static void where_it_ran(struct host *h, struct bal_group *g)
{
	uint64_t with_cpus = 0;
	unsigned int k;

	for (k = 0; k < h->n_nodes; k++)
		with_cpus |= h->node[k].cpus ? 1ULL << k : 0;
	if (__builtin_popcountll(g->cpus_at & with_cpus) != 1)
		return;
	for (k = 0; k < h->n_nodes; k++)
		g->run[k] = g->cpus_at & with_cpus & 1ULL << k ? 1 : 0;
}

static int measure_groups(struct host *h, double since)
{
	double now = host_now();
	size_t i;
	int err = groups_find(h);

	for (i = 0; i < h->n && !err; i++) {
		struct subject *s = &h->v[i];

		if (!s->seen)
			continue;
		groups_state(h, s);
		err = read_demand(h, s, since);
		where_it_ran(h, &s->g);
		if (!s->memory_at || now - s->memory_at > MEMORY_S)
			groups_memory(h, s);
		s->g.width = s->vcpus > ceil(s->peak - 0.25) ? s->vcpus : (unsigned int)fmax(1, ceil(s->peak - 0.25));
		s->g.is_new = s->is_new && !s->placed;
		s->g.memory_bound = s->bound;
		s->g.moved = s->moved_at > 0;
		s->g.since_move = s->moved_at > 0 ? now - s->moved_at : INFINITY;
		s->g.name = s->name;
	}
	keep_threads(h);
	return err;
}

/* Where the kernel does not show its run queues: what the groups alone make of the loads. */
static void loads_of_groups(struct host *h)
{
	unsigned int k;
	size_t i;

	for (k = 0; k < h->n_nodes; k++)
		for (i = 0; i < h->n; i++)
			h->node[k].tasks += h->v[i].seen ? h->v[i].g.demand * h->v[i].g.run[k] : 0;
}

static int gather_groups(struct host *h)
{
	size_t i;

	free(h->groups);
	free(h->subject_of);
	h->n_groups = 0;
	h->groups = calloc(h->n + 1, sizeof(*h->groups));
	h->subject_of = calloc(h->n + 1, sizeof(*h->subject_of));
	if (!h->groups || !h->subject_of)
		return -ENOMEM;
	for (i = 0; i < h->n; i++) {
		if (!h->v[i].seen)
			continue;
		h->subject_of[h->n_groups] = i;
		h->groups[h->n_groups++] = h->v[i].g;
	}
	return 0;
}

int host_round(struct host *h)
{
	double cpu = cpu_now(), at;
	int err = read_nodes(h);

	err = err ? err : sample_for(h, h->o.interval);
	if (err)
		return err;
	h->round++;
	at = host_now();
	err = measure_groups(h, h->measured_at);
	h->measured_at = at;
	if (!h->load)
		loads_of_groups(h);
	err = err ? err : gather_groups(h);
	h->cost_s = cpu_now() - cpu;
	return err;
}

/* ---------------------------------------------------------------- cgroups */

static void find_mount(struct host *h)
{
	FILE *f = fopen("/proc/self/mounts", "re");
	char line[4096], type[64], at[256], path[512], text[4096];

	while (f && !h->mount[0] && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %255s %63s", at, type) == 2 && !strcmp(type, "cgroup2"))
			snprintf(h->mount, sizeof(h->mount), "%s", at);
	if (f)
		fclose(f);
	if (!h->mount[0]) {
		snprintf(h->cpuset_why, sizeof(h->cpuset_why), "no unified cgroup hierarchy (cgroup2) is mounted");
		return;
	}
	snprintf(path, sizeof(path), "%s/cgroup.controllers", h->mount);
	if (mmt_read_file(path, text, sizeof(text)) < 0 || !strstr(text, "cpuset")) {
		text[strcspn(text, "\n")] = 0;
		snprintf(h->cpuset_why, sizeof(h->cpuset_why),
			 "the unified cgroup hierarchy at %.60s has no cpuset controller (it has: %.40s); boot with cgroup_no_v1=all, or systemd.unified_cgroup_hierarchy=1", h->mount, text[0] ? text : "none");
	}
}

int host_open(struct host *h, const struct host_opts *o, volatile sig_atomic_t *stop)
{
	int err;

	memset(h, 0, sizeof(*h));
	h->o = *o;
	h->stop = stop;
	h->started = host_now();
	h->said_imbalance = h->said_exposure = NAN;
	err = read_nodes(h);
	if (err)
		out_err("balance: cannot read the CPUs and nodes from /sys/devices/system: %s", strerror(-err));
	find_mount(h);
	return err;
}

int host_start(struct host *h)
{
	char why[160] = "";
	int err;

	if (mmt_load__open(h->topo.n_cpus, &h->load, h->load_why, sizeof(h->load_why)) && !h->load_why[0])
		snprintf(h->load_why, sizeof(h->load_why), "the run queues cannot be read");
	if (mmt_placer__open("/proc", &h->topo, &h->placer, why, sizeof(why)))
		h->placer = NULL; /* memory is then not known, which is shown */
	h->measured_at = host_now();
	err = measure_groups(h, h->measured_at);
	if (err)
		out_err("balance: %s", strerror(-err));
	return err;
}

void host_close(struct host *h)
{
	mmt_load__close(h->load);
	if (h->placer)
		mmt_placer__close(h->placer);
	free(h->v);
	free(h->threads);
	free(h->old_threads);
	free(h->pids);
	free(h->groups);
	free(h->subject_of);
}
