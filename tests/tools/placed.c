// SPDX-License-Identifier: GPL-2.0-only
/*
 * placed hold POLICY CPU MIB KIND: memory of a known place, used from a known CPU, until killed. POLICY is bind:N,
 *   interleave (all nodes that have memory) or default; KIND small, thp, huge (hugetlbfs) or shared. Says "ready".
 * placed check PID REPEATS: exact pages per node by numa_maps, then samples against them; what both cost.
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../collector/place.h"

static int die(const char *what)
{
	fprintf(stderr, "placed: %s: %s\n", what, strerror(errno));
	return 1;
}

static int topology(struct mmt_topology **t)
{
	*t = calloc(1, sizeof(**t));
	return *t ? mmt_topology__read(*t, "") : -ENOMEM;
}

static int policy(void *p, size_t len, const char *what)
{
	unsigned long mask = 0;
	struct mmt_topology *t;
	int mode = MPOL_INTERLEAVE;
	unsigned int i;

	if (!strcmp(what, "default"))
		return 0;
	if (!strncmp(what, "bind:", 5)) {
		mask = 1UL << atoi(what + 5);
		mode = MPOL_BIND;
	} else {
		if (topology(&t))
			return -1;
		for (i = 0; i < t->n_nodes; i++)
			mask |= t->node[i].mem_kb ? 1UL << i : 0;
		free(t);
	}
	return (int)syscall(SYS_mbind, p, len, mode, &mask, sizeof(mask) * 8 + 1, 0);
}

static void *memory(size_t len, const char *kind)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS, fd = -1;

	if (!strcmp(kind, "huge"))
		flags |= MAP_HUGETLB;
	if (!strcmp(kind, "shared")) {
		fd = memfd_create("ram", 0);
		if (fd < 0 || ftruncate(fd, (off_t)len))
			return MAP_FAILED;
		flags = MAP_SHARED;
	}
	return mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
}

static int hold(char **argv)
{
	size_t len = (size_t)atoi(argv[2]) << 20, i;
	volatile char *p;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(argv[1]), &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		return die("sched_setaffinity");
	p = memory(len, argv[3]);
	if (p == MAP_FAILED)
		return die("mmap");
	if (!strcmp(argv[3], "small"))
		madvise((void *)p, len, MADV_NOHUGEPAGE);
	if (!strcmp(argv[3], "thp"))
		madvise((void *)p, len, MADV_HUGEPAGE);
	if (policy((void *)p, len, argv[0]))
		return die("mbind");
	for (i = 0; i < len; i += 4096)
		p[i] = 1;
	printf("ready\n");
	fflush(stdout);
	for (i = 0;; i += 4096)
		p[i % len]++;
}

static void print_exact(const struct mmt_placement *e)
{
	static const char *const kind[] = { "all", "anon", "file", "shared", "huge" };
	unsigned int i, k;

	for (i = 0; i < e->n_nodes; i++)
		for (k = 0; k < MMT_PLACE_KINDS; k++)
			if (e->at[k][i].kb)
				printf("%s N%u %llu kB %.2f %%\n", kind[k], i, (unsigned long long)e->at[k][i].kb,
				       100.0 * (double)e->at[k][i].kb / (double)e->kb);
}

/* A repeat is good when no node's exact share is outside its interval. */
static int check(uint32_t pid, int repeats)
{
	struct mmt_placement e, s;
	struct mmt_topology *topo;
	struct mmt_placer *p;
	double cost_e = 0, cost_s = 0, worst = 0, width = 0, gib;
	char why[160];
	int i, err, good = 0, nodes = 0, covered = 0;
	unsigned int k;

	if (topology(&topo) || mmt_placer__open("/proc", topo, &p, why, sizeof(why)))
		return die("cannot begin");
	for (i = 0; i < repeats; i++) {
		int out = 0;

		err = mmt_placer__exact(p, pid, &e);
		cost_e += (double)e.cost_ns;
		err = err ? err : mmt_placer__sample(p, pid, &s);
		cost_s += (double)s.cost_ns;
		if (err) {
			errno = -err;
			return die("measuring");
		}
		for (k = 0; k < topo->n_nodes; k++) {
			const struct mmt_place_cell *c = &s.at[MMT_PLACE_ALL][k];
			double truth = (double)e.at[MMT_PLACE_ALL][k].kb / (double)e.kb, kb = (double)s.kb;
			double off = (double)c->kb / kb - truth, half = (double)(c->hi - c->lo) / 2 / kb;
			/* kB are whole */
			int in = truth * kb >= (double)c->lo - 2 && truth * kb <= (double)c->hi + 2;

			worst = off > worst ? off : -off > worst ? -off : worst;
			width = half > width ? half : width;
			out += !in;
			covered += in;
			nodes++;
		}
		good += !out;
	}
	print_exact(&e);
	gib = (double)e.kb / (1 << 20);
	printf("sampled %d repeats: all nodes in their interval in %d, %d of %d intervals hold; off by %.2f points at most, +- %.2f\n",
	       repeats, good, covered, nodes, 100 * worst, 100 * width);
	printf("cost exact %.3f ms %.3f ms/GiB, sample %.3f ms %.3f ms/GiB, of %.3f GiB, %llu pages of %llu addresses\n",
	       cost_e / repeats / 1e6, cost_e / repeats / 1e6 / gib, cost_s / repeats / 1e6, cost_s / repeats / 1e6 / gib, gib,
	       (unsigned long long)s.hits, (unsigned long long)s.draws);
	mmt_placer__close(p);
	free(topo);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "hold"))
		return hold(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "check"))
		return check((uint32_t)atoi(argv[2]), atoi(argv[3]));
	fprintf(stderr, "usage: placed hold POLICY CPU MIB KIND | check PID REPEATS\n");
	return 2;
}
