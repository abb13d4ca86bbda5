// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "workload.h"

/* The first two CPUs we may run on; equal where there is one only. */
static void two_cpus(int cpu[2])
{
	cpu_set_t set;
	int i, n = 0;

	cpu[0] = cpu[1] = 0;
	if (sched_getaffinity(0, sizeof(set), &set))
		return;
	for (i = 0; i < CPU_SETSIZE && n < 2; i++)
		if (CPU_ISSET(i, &set))
			cpu[n++] = i;
	if (n == 1)
		cpu[1] = cpu[0];
}

static int pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

/* CPUs of the migrate workload, chosen before it pins itself. */
static int migrate_cpu(unsigned long step, int *cpu)
{
	static __thread int cpus[2] = { -1, -1 }; /* of this thread only: the mask shrinks with the first pin */

	if (cpus[0] < 0)
		two_cpus(cpus);
	if (cpus[0] == cpus[1])
		return -ENODEV;
	*cpu = cpus[step & 1];
	return 0;
}

static int migrate_prepare(unsigned long n)
{
	int cpu, err = migrate_cpu(1, &cpu);

	(void)n;
	return err ? err : pin(cpu);
}

static int migrate_run(unsigned long n)
{
	unsigned long i;
	int cpu, err = 0;

	for (i = 0; i < n && !err; i++) {
		err = migrate_cpu(i, &cpu);
		err = err ? err : pin(cpu);
	}
	return err;
}

static int sleep_run(unsigned long n)
{
	struct timespec ms = { 0, 1000000 };
	unsigned long i;

	for (i = 0; i < n; i++)
		if (nanosleep(&ms, NULL))
			return -errno;
	return 0;
}

static int wait_child(pid_t pid)
{
	int st;

	while (waitpid(pid, &st, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(st) ? -WEXITSTATUS(st) : -EINTR;
}

/* A child of higher real-time priority wakes n times on our CPU. */
static int preempt_run(unsigned long n)
{
	struct sched_param high = { .sched_priority = 2 }, low = { .sched_priority = 1 }, normal = { 0 };
	struct timespec ms = { 0, 2000000 };
	volatile unsigned long *left;
	unsigned long i;
	int cpu[2], err;
	pid_t pid;

	two_cpus(cpu);
	err = pin(cpu[0]);
	if (err)
		return err;
	left = mmap(NULL, sizeof(*left), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (left == MAP_FAILED)
		return -errno;
	*left = n + 1;
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		if (sched_setscheduler(0, SCHED_FIFO, &high))
			_exit(errno);
		for (i = 0; i < n; i++) {
			*left = n - i;
			nanosleep(&ms, NULL);
		}
		*left = 0;
		_exit(0);
	}
	if (sched_setscheduler(0, SCHED_FIFO, &low))
		err = -errno;
	while (!err && *left) /* on the CPU all the time but for the child */
		if (*left == n + 1 && waitpid(pid, NULL, WNOHANG) == pid)
			return -EPERM;
	sched_setscheduler(0, SCHED_OTHER, &normal);
	munmap((void *)left, sizeof(*left));
	return err ? err : wait_child(pid);
}

static int yield_run(unsigned long n)
{
	int cpu[2], err;
	unsigned long i;
	pid_t pid;

	two_cpus(cpu);
	err = pin(cpu[0]);
	if (err)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	for (i = 0; i < n; i++)
		sched_yield();
	if (!pid)
		_exit(0);
	return wait_child(pid);
}

/* A byte goes to a child and back n times. */
static int ping_pong(unsigned long n, int cpu)
{
	int to[2], back[2], err = 0;
	unsigned long i;
	char c = 'x';
	pid_t pid;

	if (pipe(to) || pipe(back))
		return -errno;
	if (cpu >= 0)
		err = pin(cpu);
	pid = err ? -1 : fork();
	if (pid < 0)
		return err ? err : -errno;
	if (!pid) {
		for (i = 0; i < n; i++)
			if (read(to[0], &c, 1) != 1 || write(back[1], &c, 1) != 1)
				_exit(EPIPE);
		_exit(0);
	}
	for (i = 0; i < n && !err; i++)
		if (write(to[1], &c, 1) != 1 || read(back[0], &c, 1) != 1)
			err = -EPIPE;
	close(to[0]);
	close(to[1]);
	close(back[0]);
	close(back[1]);
	return err ? err : wait_child(pid);
}

static int pipe_run(unsigned long n)
{
	return ping_pong(n, -1);
}

static int pipe_pinned_run(unsigned long n)
{
	int cpu[2];

	two_cpus(cpu);
	return ping_pong(n, cpu[0]);
}

static int for_each_cpu(int (*fn)(unsigned long n, int cpu), unsigned long n)
{
	int cpu, err = 0, st;
	cpu_set_t set;
	pid_t pid;

	if (sched_getaffinity(0, sizeof(set), &set))
		return -errno;
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &set))
			continue;
		pid = fork();
		if (pid < 0)
			return -errno;
		if (!pid)
			_exit(-fn(n, cpu));
	}
	while (wait(&st) > 0)
		if (!err && (!WIFEXITED(st) || WEXITSTATUS(st)))
			err = WIFEXITED(st) ? -WEXITSTATUS(st) : -EINTR;
	return err;
}

static double now_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int storm_cpu(unsigned long seconds, int cpu)
{
	double end = now_s() + (double)seconds;
	int err = pin(cpu), i;
	pid_t pid;

	if (err)
		return err;
	pid = fork();
	if (pid < 0)
		return -errno;
	do {
		for (i = 0; i < 1000; i++)
			sched_yield();
	} while (now_s() < end);
	if (!pid)
		_exit(0);
	return wait_child(pid);
}

static int storm_run(unsigned long n)
{
	return for_each_cpu(storm_cpu, n);
}

static int spin_cpu(unsigned long seconds, int cpu)
{
	double end = now_s() + (double)seconds;
	int err = pin(cpu);

	while (!err && now_s() < end)
		;
	return err;
}

static int spin_run(unsigned long n)
{
	return for_each_cpu(spin_cpu, n);
}

static int fork_run(unsigned long n)
{
	unsigned long i;
	int err = 0;
	pid_t pid;

	for (i = 0; i < n && !err; i++) {
		pid = fork();
		if (!pid)
			_exit(0);
		err = pid < 0 ? -errno : wait_child(pid);
	}
	return err;
}

static void *thread_nap(void *arg)
{
	sleep_run(*(unsigned long *)arg);
	return NULL;
}

/* n threads that sleep 23 times each */
static int threads_run(unsigned long n)
{
	unsigned long naps = 23, i, started = 0;
	pthread_attr_t attr;
	pthread_t *t;
	int err = 0;

	t = calloc(n, sizeof(*t));
	if (!t)
		return -ENOMEM;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 * 1024);
	for (i = 0; i < n && !err; i++) {
		err = -pthread_create(&t[i], &attr, thread_nap, &naps);
		started += !err;
	}
	for (i = 0; i < started; i++)
		pthread_join(t[i], NULL);
	pthread_attr_destroy(&attr);
	free(t);
	return err;
}

static int fault_run(unsigned long n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile char *p;
	unsigned long i;

	p = mmap(NULL, n * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return -errno;
	madvise((void *)p, n * page, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++)
		p[i * page] = 1;
	munmap((void *)p, n * page);
	return 0;
}

const struct workload workloads[] = {
	{ "migrate", "N moves", "pins itself to two CPUs in turn: N migrations", 23, migrate_prepare, migrate_run },
	{ "sleep", "N sleeps", "sleeps 1 ms N times: N voluntary switches", 23, NULL, sleep_run },
	{ "preempt", "N times", "is preempted N times by a real-time child: N involuntary switches", 23, NULL, preempt_run },
	{ "yield", "N yields", "two processes yield to each other on one CPU", 100000, NULL, yield_run },
	{ "pipe", "N trips", "a byte goes to a child and back, on any CPUs: 2 N wakeups", 100000, NULL, pipe_run },
	{ "pipe-pinned", "N trips", "the same on one CPU", 100000, NULL, pipe_pinned_run },
	{ "switch-storm", "N seconds", "two processes yield on every CPU: the highest rate of switches", 2, NULL, storm_run },
	{ "spin", "N seconds", "one process per CPU that never sleeps", 2, NULL, spin_run },
	{ "fork", "N children", "N children that exit at once: N task epochs", 1000, NULL, fork_run },
	{ "threads", "N threads", "N threads that sleep 23 times each", 500, NULL, threads_run },
	{ "fault", "N pages", "touches N fresh pages: N minor faults", 100000, NULL, fault_run },
	{ NULL, NULL, NULL, 0, NULL, NULL },
};

const struct workload *workload_find(const char *name)
{
	const struct workload *w;

	for (w = workloads; w->name; w++)
		if (!strcmp(w->name, name))
			return w;
	return NULL;
}
