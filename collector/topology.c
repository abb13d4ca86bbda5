// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"
#include "topology.h"

#define PATH_MAX_ 256

static void path_of(char *buf, const char *root, const char *fmt, unsigned int a, unsigned int b)
{
	int n = snprintf(buf, PATH_MAX_, "%s", root);

	if (n < 0 || n >= PATH_MAX_)
		n = 0;
	snprintf(buf + n, PATH_MAX_ - (size_t)n, fmt, a, b);
}

/* Calls fn for every number of a list like "0-3,8". */
static void for_list(const char *s, void (*fn)(void *, unsigned int, unsigned int), void *ctx, unsigned int arg)
{
	char *end;

	while (*s >= '0' && *s <= '9') {
		unsigned long a = strtoul(s, &end, 10), b = a;

		if (*end == '-')
			b = strtoul(end + 1, &end, 10);
		for (; a <= b && a < MMT_MAX_CPUS; a++)
			fn(ctx, (unsigned int)a, arg);
		s = *end == ',' ? end + 1 : end;
	}
}

/* The highest number of such a list in a file; 0: none, or no such file. */
static unsigned int highest(const char *root, const char *file)
{
	char path[PATH_MAX_], buf[4096], *last;

	path_of(path, root, file, 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	for (last = buf + strcspn(buf, "\n"); last > buf && last[-1] >= '0' && last[-1] <= '9'; last--)
		;
	return (unsigned int)strtoul(last, NULL, 10);
}

static void set_online(void *ctx, unsigned int cpu, unsigned int arg)
{
	struct mmt_topology *t = ctx;

	(void)arg;
	t->cpu[cpu].online = true;
}

static void set_node(void *ctx, unsigned int cpu, unsigned int node)
{
	struct mmt_topology *t = ctx;

	t->cpu[cpu].node = (uint16_t)node;
}

static void set_possible(void *ctx, unsigned int cpu, unsigned int arg)
{
	struct mmt_topology *t = ctx;

	(void)arg;
	if (cpu + 1 > t->n_cpus)
		t->n_cpus = cpu + 1;
}

static void set_node_present(void *ctx, unsigned int node, unsigned int arg)
{
	struct mmt_topology *t = ctx;

	(void)arg;
	if (node >= MMT_MAX_NODES)
		return;
	t->node[node].present = true;
	if (node + 1 > t->n_nodes)
		t->n_nodes = node + 1;
}

/* The unified cache of the highest level. */
static unsigned int llc_of(const char *root, unsigned int cpu, unsigned int core)
{
	unsigned int i, best = core;
	uint64_t level, top = 0;
	char path[PATH_MAX_];

	for (i = 0; i < 8; i++) {
		path_of(path, root, "/sys/devices/system/cpu/cpu%u/cache/index%u/level", cpu, i);
		if (mmt_read_u64(path, &level))
			break;
		if (level < top)
			continue;
		path_of(path, root, "/sys/devices/system/cpu/cpu%u/cache/index%u/shared_cpu_list", cpu, i);
		if (!mmt_read_first(path, &best))
			top = level;
	}
	return best;
}

static void read_cpu(struct mmt_topology *t, const char *root, unsigned int cpu)
{
	struct mmt_cpu_info *c = &t->cpu[cpu];
	unsigned int v = cpu, n;
	char path[PATH_MAX_];
	uint64_t x = 0;

	/* the lists of nodes have CPUs that are online only */
	for (n = 0; n < t->n_nodes && !c->online; n++) {
		path_of(path, root, "/sys/devices/system/cpu/cpu%u/node%u", cpu, n);
		if (!access(path, F_OK))
			set_node(t, cpu, n);
	}

	path_of(path, root, "/sys/devices/system/cpu/cpu%u/topology/thread_siblings_list", cpu, 0);
	if (mmt_read_first(path, &v))
		v = cpu;
	c->core = (uint16_t)v;
	c->llc = (uint16_t)llc_of(root, cpu, v);
	path_of(path, root, "/sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu, 0);
	if (!mmt_read_u64(path, &x))
		c->package = (uint16_t)x;
	path_of(path, root, "/sys/devices/system/cpu/cpu%u/cpufreq/cpuinfo_max_freq", cpu, 0);
	if (!mmt_read_u64(path, &x))
		c->max_khz = x;
}

static void read_node(struct mmt_topology *t, const char *root, unsigned int node)
{
	struct mmt_node_info *n = &t->node[node];
	char path[PATH_MAX_], buf[4096], *s, *end;

	path_of(path, root, "/sys/devices/system/node/node%u/cpulist", node, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) >= 0)
		for_list(buf, set_node, t, node);
	path_of(path, root, "/sys/devices/system/node/node%u/meminfo", node, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) >= 0) {
		s = strstr(buf, "MemTotal:");
		if (s)
			n->mem_kb = strtoull(s + 9, NULL, 10);
	}
	path_of(path, root, "/sys/devices/system/node/node%u/distance", node, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return;
	for (s = buf; n->n_dist < MMT_MAX_NODES; s = end) {
		unsigned long d = strtoul(s, &end, 10);

		if (end == s)
			break;
		n->dist[n->n_dist++] = (uint16_t)d;
	}
}

int mmt_topology__read(struct mmt_topology *t, const char *root)
{
	char path[PATH_MAX_], buf[4096];
	unsigned int i;

	memset(t, 0, sizeof(*t));
	path_of(path, root, "/sys/devices/system/cpu/possible", 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return -ENOENT;
	for_list(buf, set_possible, t, 0);
	if (!t->n_cpus)
		return -EINVAL;
	if (highest(root, "/sys/devices/system/cpu/online") >= MMT_MAX_CPUS ||
	    highest(root, "/sys/devices/system/node/online") >= MMT_MAX_NODES)
		return -E2BIG;
	path_of(path, root, "/sys/devices/system/cpu/online", 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) >= 0)
		for_list(buf, set_online, t, 0);
	path_of(path, root, "/sys/devices/system/node/possible", 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) >= 0)
		for_list(buf, set_node_present, t, 0);
	if (!t->n_nodes)
		set_node_present(t, 0, 0);
	for (i = 0; i < t->n_cpus; i++)
		read_cpu(t, root, i);
	for (i = 0; i < t->n_nodes; i++)
		read_node(t, root, i);
	return 0;
}

int mmt_topology__again(const struct mmt_topology *was, const char *root, struct mmt_topology *t)
{
	char path[PATH_MAX_], buf[4096];
	unsigned int i;

	*t = *was;
	for (i = 0; i < t->n_cpus; i++)
		t->cpu[i].online = false;
	path_of(path, root, "/sys/devices/system/cpu/online", 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return -ENOENT;
	for_list(buf, set_online, t, 0);
	for (i = 0; i < t->n_cpus; i++)
		if (t->cpu[i].online && !was->cpu[i].online)
			read_cpu(t, root, i);
	for (i = 0; i < t->n_nodes; i++) {
		t->node[i].mem_kb = 0;
		t->node[i].n_dist = 0;
		read_node(t, root, i);
	}
	return 0;
}

static void clear_bit(void *ctx, unsigned int cpu, unsigned int arg)
{
	uint64_t *bits = ctx;

	(void)arg;
	bits[cpu / 64] &= ~(1ULL << cpu % 64);
}

void mmt_topology__offline(const char *root, uint64_t bits[MMT_CPU_WORDS])
{
	char path[PATH_MAX_], buf[4096];

	path_of(path, root, "/sys/devices/system/cpu/online", 0, 0);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0) {
		memset(bits, 0, MMT_CPU_WORDS * sizeof(*bits));
		return;
	}
	memset(bits, 0xff, MMT_CPU_WORDS * sizeof(*bits));
	for_list(buf, clear_bit, bits, 0);
}
