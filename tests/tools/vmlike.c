// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmlike MS VCPUS [WORD...]: a process that looks like a virtual machine by the name it is called by (qemu-system-x86_64,
 * firecracker, cloud-hypervisor, crosvm, lkvm) and that its threads have, until each of these has run
 * for so many milliseconds. Other words are not read; with the word "unnamed" threads are not named. Says its process number, and those of its virtual CPUs.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define MAX 64

struct cpu {
	pthread_t thread;
	const char *format; /* NULL: none */
	int index, tid;
	pthread_barrier_t *named;
	long ms;
};

static void spin(long ms)
{
	struct timespec used;

	do
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
}

static void *run(void *p)
{
	struct cpu *c = p;
	char name[16];

	if (c->format) {
		snprintf(name, sizeof(name), c->format, c->index);
		prctl(PR_SET_NAME, name);
	}
	c->tid = (int)syscall(SYS_gettid);
	pthread_barrier_wait(c->named);
	spin(c->ms);
	return NULL;
}

static const char *format_of(const char *program)
{
	static const char *const of[][2] = {
		{ "qemu", "CPU %d/TCG" }, { "firecracker", "fc_vcpu %d" }, { "cloud-hypervisor", "vcpu%d" }, { "crosvm", "crosvm_vcpu%d" },
		{ "lkvm", "kvm-vcpu-%d" },
	};
	const char *s = strrchr(program, '/');
	size_t i;

	s = s ? s + 1 : program;
	for (i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		if (!strncmp(s, of[i][0], strlen(of[i][0])))
			return of[i][1];
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_barrier_t named;
	struct cpu cpu[MAX];
	const char *format;
	int i, n;

	if (argc < 3 || atoi(argv[2]) < 1 || atoi(argv[2]) > MAX)
		return 2;
	format = format_of(argv[0]);
	for (i = 3; i < argc; i++)
		if (!strcmp(argv[i], "unnamed"))
			format = NULL;
	n = atoi(argv[2]);
	pthread_barrier_init(&named, NULL, (unsigned int)n + 1);
	for (i = 0; i < n; i++) {
		cpu[i] = (struct cpu){ .format = format, .index = i, .named = &named, .ms = atol(argv[1]) };
		if (pthread_create(&cpu[i].thread, NULL, run, &cpu[i]))
			return 1;
	}
	pthread_barrier_wait(&named);
	printf("%d", (int)getpid());
	for (i = 0; i < n; i++)
		printf(" %d", cpu[i].tid);
	printf("\n");
	for (i = 0; i < n; i++)
		pthread_join(cpu[i].thread, NULL);
	return 0;
}
