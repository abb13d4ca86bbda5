// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <perf/core.h>
#include <perf/cpumap.h>
#include <perf/evlist.h>
#include <perf/threadmap.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "perf_lib.h"

static int print_none(enum libperf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

void mmt_perf_lib__init(void)
{
	libperf_init(print_none);
}

unsigned int *mmt_perf_lib__online(size_t *n)
{
	struct perf_cpu_map *cpus = perf_cpu_map__new(NULL);
	int i, nr = perf_cpu_map__nr(cpus);
	unsigned int *v = cpus ? calloc((size_t)nr, sizeof(*v)) : NULL;

	for (i = 0, *n = 0; v && i < nr; i++)
		if (perf_cpu_map__cpu(cpus, i).cpu >= 0)
			v[(*n)++] = (unsigned int)perf_cpu_map__cpu(cpus, i).cpu;
	perf_cpu_map__put(cpus);
	return v;
}

int mmt_perf_lib__aim(struct perf_evlist *list, int cpu, int tid)
{
	struct perf_thread_map *threads = perf_thread_map__new_dummy();
	struct perf_cpu_map *cpus;
	char text[16] = ""; /* of no CPU: any */

	if (cpu >= 0)
		snprintf(text, sizeof(text), "%d", cpu);
	cpus = perf_cpu_map__new(text);
	if (threads && cpus) {
		perf_thread_map__set_pid(threads, 0, tid);
		perf_evlist__set_maps(list, cpus, threads);
	}
	perf_cpu_map__put(cpus);
	perf_thread_map__put(threads);
	return threads && cpus ? 0 : -ENOMEM;
}

void mmt_perf_lib__delete(struct perf_evlist *list)
{
	perf_evlist__close(list);
	perf_evlist__set_maps(list, NULL, NULL); /* an event that is deleted keeps its part of them */
	perf_evlist__delete(list);
}
