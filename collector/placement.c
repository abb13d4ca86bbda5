// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "clock.h"
#include "numa_maps.h"
#include "sysfs.h"

#define GIB_KB (1u << 20)
#define FIRST_NS_GIB 20e6    /* before the first measurement */
#define FIRST_SAMPLE_NS 3e6
#define LEARN 0.25
#define HUGE_KB 2048         /* of the usual huge page */
#define LEARN_KB 16384       /* of smaller processes the walk is not what costs */

struct mmt_placer {
	char proc[200];
	unsigned int n_nodes, page_kb;
	double ns_gib, sample_ns; /* as learned */
	uint64_t seed;
	struct mmt_place_maps maps;
};

static void path_of(const struct mmt_placer *p, uint32_t pid, const char *file, char *buf, size_t size)
{
	snprintf(buf, size, "%s/%u/%s", p->proc, pid, file);
}

int mmt_placer__open(const char *proc, const struct mmt_topology *topo, struct mmt_placer **out, char *why, size_t size)
{
	struct mmt_placer *p;
	char path[256];

	snprintf(path, sizeof(path), "%s/self/numa_maps", proc);
	if (access(path, R_OK)) {
		snprintf(why, size, "the kernel has no NUMA (no %s)", path);
		return -ENOSYS;
	}
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	snprintf(p->proc, sizeof(p->proc), "%s", proc);
	p->n_nodes = topo->n_nodes;
	p->page_kb = (unsigned int)(sysconf(_SC_PAGESIZE) / 1024);
	p->ns_gib = FIRST_NS_GIB;
	p->sample_ns = FIRST_SAMPLE_NS;
	p->seed = mmt_used_ns();
	p->maps.n_huge_dev = mmt_huge_devs(p->maps.huge_dev);
	*out = p;
	return 0;
}

void mmt_placer__close(struct mmt_placer *p)
{
	if (!p)
		return;
	free(p->maps.v);
	free(p);
}

/* "Key:   123 kB" */
static uint64_t status_kb(const char *text, const char *key)
{
	const char *s = strstr(text, key);

	return s ? strtoull(s + strlen(key), NULL, 10) : 0;
}

int mmt_placer__resident(struct mmt_placer *p, uint32_t pid, uint64_t *kb, uint64_t *walk_kb)
{
	char path[256], buf[4096];
	uint64_t rss, huge;
	ssize_t n;

	path_of(p, pid, "status", path, sizeof(path));
	n = mmt_read_file(path, buf, sizeof(buf));
	if (n < 0)
		return n == -ENOENT ? -ESRCH : (int)n;
	if (!strstr(buf, "\nVmRSS:"))
		return -ESRCH;
	rss = status_kb(buf, "\nVmRSS:");
	huge = status_kb(buf, "\nHugetlbPages:");
	*kb = rss + huge;
	*walk_kb = rss + huge / (HUGE_KB / p->page_kb);
	return 0;
}

int mmt_placer__exact(struct mmt_placer *p, uint32_t pid, struct mmt_placement *out)
{
	uint64_t start = mmt_used_ns();
	char path[256];
	int err;

	memset(out, 0, sizeof(*out));
	out->method = MMT_PLACE_EXACT;
	out->n_nodes = p->n_nodes;
	path_of(p, pid, "numa_maps", path, sizeof(path));
	err = mmt_numa_maps__read(path, out);
	out->cost_ns = mmt_used_ns() - start;
	return err == -EPERM ? -EACCES : err;
}

/* The kernel says where pages are when it is not told where to move them. */
static int ask_kernel(void *ctx, const uint64_t *addr, int *node, size_t n)
{
	const uint32_t *pid = ctx;
	int err;

	_Static_assert(sizeof(void *) == sizeof(*addr), "addresses are pointers");
	if (!syscall(SYS_move_pages, *pid, n, addr, NULL, node, 0))
		return 0;
	err = -errno;
	return err == -EPERM ? -EACCES : err;
}

static int sample(struct mmt_placer *p, uint32_t pid, uint64_t kb, struct mmt_placement *out)
{
	const struct mmt_place_sample_opts o = {
		.resident_kb = kb, .page_kb = p->page_kb, .seed = ++p->seed * 0x2545f4914f6cdd1dULL, .n_nodes = p->n_nodes,
	};
	char path[256];
	int err;

	path_of(p, pid, "maps", path, sizeof(path));
	p->maps.n = 0;
	err = mmt_place_maps__read(path, &p->maps);
	return err ? err : mmt_place__sample(p->maps.v, p->maps.n, &o, ask_kernel, &pid, out);
}

int mmt_placer__sample(struct mmt_placer *p, uint32_t pid, struct mmt_placement *out)
{
	uint64_t start = mmt_used_ns(), kb, walk_kb;
	int err = mmt_placer__resident(p, pid, &kb, &walk_kb);

	memset(out, 0, sizeof(*out));
	err = err ? err : sample(p, pid, kb, out);
	out->cost_ns = mmt_used_ns() - start;
	return err;
}

static double walk_ns(const struct mmt_placer *p, uint64_t walk_kb, double ns_gib)
{
	return (ns_gib > 0 ? ns_gib : p->ns_gib) * (double)walk_kb / GIB_KB;
}

static bool want_exact(const struct mmt_placer *p, uint64_t walk_kb, uint64_t limit_ns, double ns_gib)
{
	double exact = walk_ns(p, walk_kb, ns_gib);

	return exact <= (double)limit_ns || exact <= 1.25 * p->sample_ns;
}

static int exact(struct mmt_placer *p, uint32_t pid, uint64_t walk_kb, double *ns_gib, struct mmt_placement *out)
{
	int err = mmt_placer__exact(p, pid, out);

	if (!err && walk_kb >= LEARN_KB) {
		*ns_gib = (double)out->cost_ns * GIB_KB / (double)walk_kb;
		p->ns_gib += LEARN * (*ns_gib - p->ns_gib);
	}
	return err;
}

int mmt_placer__measure(struct mmt_placer *p, uint32_t pid, uint64_t limit_ns, double *ns_gib, struct mmt_placement *out)
{
	uint64_t start = mmt_used_ns(), kb, walk_kb, cost;
	int err = mmt_placer__resident(p, pid, &kb, &walk_kb);

	if (err)
		return err;
	if (want_exact(p, walk_kb, limit_ns, *ns_gib))
		return exact(p, pid, walk_kb, ns_gib, out);
	err = sample(p, pid, kb, out);
	cost = mmt_used_ns() - start;
	out->cost_ns = cost;
	if (!err)
		p->sample_ns += LEARN * ((double)cost - p->sample_ns);
	/* it may be hidden where a sample does not find it */
	if ((err == -ENODATA || (!err && out->unseen > 0)) &&
	    walk_ns(p, walk_kb, *ns_gib) <= 8 * (double)limit_ns) {
		err = exact(p, pid, walk_kb, ns_gib, out);
		out->cost_ns += cost;
	}
	return err;
}

int mmt_placer__cgroup(const char *dir, struct mmt_placement *out)
{
	uint64_t start = mmt_used_ns();
	char path[PATH_MAX];
	int err;

	memset(out, 0, sizeof(*out));
	out->method = MMT_PLACE_CGROUP;
	snprintf(path, sizeof(path), "%s/memory.numa_stat", dir);
	err = mmt_numa_stat__read(path, out);
	out->cost_ns = mmt_used_ns() - start;
	return err;
}
