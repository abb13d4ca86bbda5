// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations and migrations of a number of pages that is known, between the marks "begin" and "end" ($MMT_TRACE_CTL).
 * numaload alloc POLICY CPU PAGES KIND   POLICY bind:N, interleave (all nodes) or default; KIND small or thp
 * numaload move FROM TO PAGES            by move_pages(2)
 * numaload mbind FROM TO PAGES           by mbind(2)
 * numaload balance CPU CPU MIB SECONDS KIND  memory is got on the first CPU, and then used from the second;
 *   "CPU+": it begins there and may then go wherever it likes
 * numaload hop TIMES CPU CPU...          it goes from the first CPU to the next, after the last to the first again
 */
#include <errno.h>
#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "../../collector/session.h"

#define PAGE 4096ul
#define HUGE (2ul << 20)

static int die(const char *what)
{
	fprintf(stderr, "numaload: %s: %s\n", what, strerror(errno));
	return 1;
}

static int mark(const char *name)
{
	int err = getenv("MMT_TRACE_CTL") ? mmt_mark_request(NULL, MMT_MARK_PHASE, name, "") : 0;

	errno = -err;
	return err ? die("mark") : 0;
}

static int pin(const char *cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)atoi(cpu), &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static int free_to_go(void)
{
	cpu_set_t set;
	size_t i;

	CPU_ZERO(&set);
	for (i = 0; i < CPU_SETSIZE; i++)
		CPU_SET(i, &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

/* Aligned to a huge page; nothing of it is there yet. */
static char *memory(size_t len, const char *kind)
{
	char *p = mmap(NULL, len + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	p = (char *)(((size_t)p + HUGE - 1) / HUGE * HUGE);
	return madvise(p, len, strcmp(kind, "thp") ? MADV_NOHUGEPAGE : MADV_HUGEPAGE) ? NULL : p;
}

static int bind_to(char *p, size_t len, unsigned long nodes, int mode, unsigned int flags)
{
	return (int)syscall(SYS_mbind, p, len, mode, &nodes, sizeof(nodes) * 8 + 1, flags);
}

static int policy(char *p, size_t len, const char *what)
{
	unsigned long nodes = 0;
	unsigned int i;
	char path[64];

	if (!strcmp(what, "default"))
		return 0;
	if (!strncmp(what, "bind:", 5))
		return bind_to(p, len, 1UL << atoi(what + 5), MPOL_BIND, 0);
	for (i = 0; i < 64; i++) {
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%u", i);
		nodes |= access(path, F_OK) ? 0 : 1UL << i;
	}
	return bind_to(p, len, nodes, MPOL_INTERLEAVE, 0);
}

/* Written at once: what is read first is given the zero page, a huge one too. */
static void touch(volatile char *p, size_t len)
{
	size_t i;

	for (i = 0; i < len; i += PAGE)
		p[i] = 1;
}

static int alloc(char **v)
{
	size_t len = (size_t)atol(v[2]) * PAGE;
	char *p = memory(len, v[3]);

	if (!p || pin(v[1]) || policy(p, len, v[0]))
		return die("alloc");
	if (mark("begin"))
		return 1;
	touch(p, len);
	return mark("end");
}

/* Until the file NUMALOAD_STAY is there. */
static void stay(void)
{
	const char *file = getenv("NUMALOAD_STAY");

	while (file && access(file, F_OK))
		usleep(10000);
}

static int move(char **v, int by_mbind)
{
	size_t n = (size_t)atol(v[2]), i;
	char *p = memory(n * PAGE, "small");
	void **pages = malloc(n * sizeof(*pages));
	int *to = malloc(n * sizeof(*to)), *status = malloc(n * sizeof(*status));
	long ret;

	if (!p || !pages || !to || !status || bind_to(p, n * PAGE, 1UL << atoi(v[0]), MPOL_BIND, 0))
		return die("move");
	touch(p, n * PAGE);
	for (i = 0; i < n; i++) {
		pages[i] = p + i * PAGE;
		to[i] = atoi(v[1]);
	}
	if (mark("begin"))
		return 1;
	ret = by_mbind ? bind_to(p, n * PAGE, 1UL << atoi(v[1]), MPOL_BIND, MPOL_MF_MOVE) :
			 syscall(SYS_move_pages, 0, n, pages, to, status, MPOL_MF_MOVE);
	if (ret)
		return die(by_mbind ? "mbind" : "move_pages");
	for (i = 0; i < n && !by_mbind; i++)
		if (status[i] != to[i])
			return die("a page did not move");
	stay();
	return mark("end");
}

static int balance(char **v)
{
	size_t len = (size_t)atoi(v[2]) << 20;
	char *p = memory(len, v[4]);
	struct timespec t;
	time_t end;

	if (!p || pin(v[0]))
		return die("balance");
	touch(p, len);
	if (pin(v[1]) || (strchr(v[1], '+') && free_to_go()) || mark("begin"))
		return die("balance");
	clock_gettime(CLOCK_MONOTONIC, &t);
	for (end = t.tv_sec + atoi(v[3]); t.tv_sec < end; clock_gettime(CLOCK_MONOTONIC, &t))
		touch(p, len);
	return mark("end");
}

static int hop(char **v, int cpus)
{
	int i, times = atoi(v[0]);

	if (pin(v[1]) || mark("begin"))
		return die("hop");
	for (i = 1; i <= times; i++)
		if (pin(v[1 + i % cpus]))
			return die("hop");
	return mark("end");
}

int main(int argc, char **argv)
{
	if (argc == 6 && !strcmp(argv[1], "alloc"))
		return alloc(argv + 2);
	if (argc == 5 && (!strcmp(argv[1], "move") || !strcmp(argv[1], "mbind")))
		return move(argv + 2, !strcmp(argv[1], "mbind"));
	if (argc == 7 && !strcmp(argv[1], "balance"))
		return balance(argv + 2);
	if (argc >= 5 && !strcmp(argv[1], "hop"))
		return hop(argv + 2, argc - 3);
	fprintf(stderr, "usage: numaload alloc POLICY CPU PAGES KIND | move FROM TO PAGES | mbind FROM TO PAGES | "
			"balance CPU CPU MIB SECONDS KIND | hop TIMES CPU CPU...\n");
	return 2;
}
