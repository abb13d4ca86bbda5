// SPDX-License-Identifier: GPL-2.0-only
/*
 * Fixed amounts of scheduler work, and the clock around it.
 *
 *   storm switch N          a pair of threads on each CPU, N sched_yield() each
 *   storm pipe N            a pair of threads on each CPU, N round trips through pipes
 *   storm pipefree N        the same pairs, not pinned
 *   storm fault N           a thread on each CPU touches N fresh pages
 *   storm syscall N         a thread on each CPU calls getppid() N times
 *   storm refault N         a thread on each CPU reads N pages of nothing, and gives them back: the
 *                           cheapest fault, for the zero page is mapped and no memory taken
 *   storm cpu N             a thread on each CPU computes N million steps
 *   storm deep N            the same steps, 30 calls deep
 *   storm run CMD ARG...    any command
 *   storm time CMD ARG...   around a tracer that runs one of the above
 *
 * The first nine write "name value" lines about themselves to $STORM_OUT, `time` writes
 * about the whole tree to $STORM_TIME; times in ns, instants on CLOCK_MONOTONIC.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_CPUS 256
#define FAULT_BATCH 1024

struct work {
	unsigned long n;
	int cpu;             /* -1: not pinned */
	int in, out;         /* pipe ends of this thread */
	int first;           /* this thread writes first */
	volatile uint64_t *sink;
	pthread_barrier_t *go;
	void (*body)(struct work *w);
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static uint64_t tv_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000ULL + (uint64_t)tv->tv_usec * 1000ULL;
}

static void pin(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void body_yield(struct work *w)
{
	unsigned long i;

	for (i = 0; i < w->n; i++)
		sched_yield();
}

static void body_pipe(struct work *w)
{
	unsigned long i;
	char c = 0;

	for (i = 0; i < w->n; i++) {
		if (w->first && write(w->out, &c, 1) != 1)
			return;
		if (read(w->in, &c, 1) != 1)
			return;
		if (!w->first && write(w->out, &c, 1) != 1)
			return;
	}
}

static void body_fault(struct work *w)
{
	long page = sysconf(_SC_PAGESIZE);
	unsigned long done = 0, i;

	while (done < w->n) {
		char *p = mmap(NULL, FAULT_BATCH * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED)
			return;
		madvise(p, FAULT_BATCH * page, MADV_NOHUGEPAGE);
		for (i = 0; i < FAULT_BATCH && done < w->n; i++, done++)
			p[i * page] = 1;
		munmap(p, FAULT_BATCH * page);
	}
}

static void body_syscall(struct work *w)
{
	unsigned long i;

	for (i = 0; i < w->n; i++)
		syscall(SYS_getppid);
}

static void body_refault(struct work *w)
{
	long page = sysconf(_SC_PAGESIZE);
	unsigned long done = 0, i;
	volatile char *p = mmap(NULL, FAULT_BATCH * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return;
	madvise((void *)p, FAULT_BATCH * page, MADV_NOHUGEPAGE);
	while (done < w->n) {
		for (i = 0; i < FAULT_BATCH && done < w->n; i++, done++)
			(void)p[i * page];
		madvise((void *)p, FAULT_BATCH * page, MADV_DONTNEED);
	}
}

static void body_cpu(struct work *w)
{
	uint64_t x = 88172645463325252ULL, i, n = w->n * 1000000ULL;

	for (i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
	}
	*w->sink = x;
}

/* Calls that a walk by frame pointers finds. */
static void __attribute__((noinline, optimize("no-omit-frame-pointer", "no-optimize-sibling-calls"))) deeper(struct work *w, int n)
{
	if (n)
		deeper(w, n - 1);
	else
		body_cpu(w);
	__asm__ volatile("" : : : "memory");
}

static void body_deep(struct work *w)
{
	deeper(w, 30);
}

static void *thread(void *arg)
{
	struct work *w = arg;

	pin(w->cpu);
	pthread_barrier_wait(w->go);
	w->body(w);
	return NULL;
}

static int cpus_allowed(int *cpu)
{
	cpu_set_t set;
	int i, n = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		return 0;
	for (i = 0; i < CPU_SETSIZE && n < MAX_CPUS; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	return n;
}

static int run_threads(const char *kind, unsigned long n)
{
	static struct work w[2 * MAX_CPUS];
	static pthread_t tid[2 * MAX_CPUS];
	int cpu[MAX_CPUS], n_cpus = cpus_allowed(cpu), per = 1, i, count, a[2], b[2];
	volatile uint64_t sink = 0;
	pthread_barrier_t go;
	void (*body)(struct work *);

	if (!strcmp(kind, "switch"))
		body = body_yield, per = 2;
	else if (!strcmp(kind, "pipe") || !strcmp(kind, "pipefree"))
		body = body_pipe, per = 2;
	else if (!strcmp(kind, "fault"))
		body = body_fault;
	else if (!strcmp(kind, "syscall"))
		body = body_syscall;
	else if (!strcmp(kind, "refault"))
		body = body_refault;
	else if (!strcmp(kind, "cpu"))
		body = body_cpu;
	else if (!strcmp(kind, "deep"))
		body = body_deep;
	else
		return -EINVAL;
	count = n_cpus * per;
	pthread_barrier_init(&go, NULL, (unsigned int)count);
	for (i = 0; i < count; i++) {
		w[i] = (struct work){ .n = n, .cpu = cpu[i / per], .go = &go, .body = body, .sink = &sink };
		if (!strcmp(kind, "pipefree"))
			w[i].cpu = -1;
		if (body != body_pipe)
			continue;
		if (i % 2 == 0 && (pipe(a) || pipe(b)))
			return -errno;
		w[i].first = i % 2 == 0;
		w[i].in = w[i].first ? a[0] : b[0];
		w[i].out = w[i].first ? b[1] : a[1];
	}
	for (i = 0; i < count; i++)
		if (pthread_create(&tid[i], NULL, thread, &w[i]))
			return -EAGAIN;
	for (i = 0; i < count; i++)
		pthread_join(tid[i], NULL);
	return 0;
}

static int run_command(char **argv)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -ECHILD;
}

/* Peak memory of the tracer that started us, while it still lives. */
static unsigned long parent_hwm_kb(void)
{
	char path[64], line[256];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)getppid());
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

static int report(const char *env, uint64_t t0, uint64_t t1, const struct rusage *u, const struct rusage *u2)
{
	const char *path = getenv(env);
	FILE *f = path ? fopen(path, "w") : stdout;

	if (!f)
		return -errno;
	fprintf(f, "begin %llu\nend %llu\nwall %llu\n", (unsigned long long)t0, (unsigned long long)t1,
		(unsigned long long)(t1 - t0));
	fprintf(f, "cpu %llu\n", (unsigned long long)(tv_ns(&u->ru_utime) + tv_ns(&u->ru_stime) +
						      (u2 ? tv_ns(&u2->ru_utime) + tv_ns(&u2->ru_stime) : 0)));
	fprintf(f, "switches %ld\n", u->ru_nvcsw + u->ru_nivcsw + (u2 ? u2->ru_nvcsw + u2->ru_nivcsw : 0));
	if (u2)
		fprintf(f, "parent_hwm_kb %lu\n", parent_hwm_kb());
	else
		fprintf(f, "maxrss_kb %ld\n", u->ru_maxrss);
	if (path)
		fclose(f);
	return 0;
}

static int time_command(char **argv)
{
	uint64_t t0 = now_ns();
	struct rusage u;
	int err = run_command(argv);

	getrusage(RUSAGE_CHILDREN, &u);
	report("STORM_TIME", t0, now_ns(), &u, NULL);
	return err;
}

int main(int argc, char **argv)
{
	struct rusage self, children;
	uint64_t t0 = now_ns();
	int err;

	if (argc < 3) {
		fprintf(stderr, "usage: storm switch|pipe|pipefree|fault|refault|syscall|cpu|deep N | run CMD... | time CMD...\n");
		return 2;
	}
	signal(SIGINT, SIG_IGN); /* some tracers stop on it, and the whole group gets it */
	if (!strcmp(argv[1], "time"))
		return time_command(argv + 2) ? 1 : 0;
	if (!strcmp(argv[1], "run"))
		err = run_command(argv + 2);
	else
		err = run_threads(argv[1], strtoul(argv[2], NULL, 0));
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	if (err) {
		fprintf(stderr, "storm: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	return report("STORM_OUT", t0, now_ns(), &self, &children) ? 1 : 0;
}
