// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/perf_event.h>
#include <perf/cpumap.h>
#include <perf/evsel.h>
#include <stdlib.h>
#include <string.h>

#include "kstat.h"
#include "oracle.h"
#include "perf_lib.h"

static const struct { const char *name; uint64_t config; unsigned int what; } events[] = {
	{ "cpu-migrations", PERF_COUNT_SW_CPU_MIGRATIONS, 0 },
	{ "page-faults", PERF_COUNT_SW_PAGE_FAULTS, MMT_ORACLE_FAULTS },
	{ "task-clock", PERF_COUNT_SW_TASK_CLOCK, 0 },
	{ "context-switches", PERF_COUNT_SW_CONTEXT_SWITCHES, MMT_ORACLE_SWITCHES },
};
#define N_EVENTS (sizeof(events) / sizeof(events[0]))

struct mmt_oracle {
	struct perf_evsel *sel[N_EVENTS];
	const char *name[N_EVENTS];
	struct perf_cpu_map *cpus;
	size_t n;
};

int mmt_oracle__open(struct mmt_oracle **out, unsigned int what, const struct mmt_log *log)
{
	struct mmt_oracle *o = calloc(1, sizeof(*o));
	size_t i;
	int err = -ENOMEM;

	if (!o)
		return -ENOMEM;
	mmt_perf_lib__init();
	o->cpus = perf_cpu_map__new(NULL);
	if (!o->cpus)
		goto err_close;
	for (i = 0; i < N_EVENTS; i++) {
		struct perf_event_attr attr = {
			.type = PERF_TYPE_SOFTWARE, .config = events[i].config, .size = sizeof(attr),
		};

		if (events[i].what & ~what)
			continue;
		o->name[o->n] = events[i].name;
		o->sel[o->n] = perf_evsel__new(&attr);
		err = o->sel[o->n] ? perf_evsel__open(o->sel[o->n], o->cpus, NULL) : -ENOMEM;
		o->n++;
		if (err)
			goto err_close;
	}
	*out = o;
	return 0;
err_close:
	log_warn(log, "no perf software counters to check against: %s (sysctl kernel.perf_event_paranoid?)",
		 strerror(-err));
	mmt_oracle__close(o);
	return err;
}

int mmt_oracle__write(struct mmt_oracle *o, struct mmt_writer *w, uint64_t now, uint64_t segment)
{
	struct perf_counts_values v;
	int cpu, n, err = 0;
	size_t i;

	if (!o)
		return 0;
	n = perf_cpu_map__nr(o->cpus);
	for (i = 0; i < o->n && !err; i++)
		for (cpu = 0; cpu < n && !err; cpu++) {
			if (perf_evsel__read(o->sel[i], cpu, 0, &v))
				continue; /* the CPU went offline: no row, not a zero */
			err = mmt_counter__row(w, now, segment, "perf.sw", o->name[i],
					       perf_cpu_map__cpu(o->cpus, cpu).cpu, v.val);
		}
	return err;
}

void mmt_oracle__close(struct mmt_oracle *o)
{
	size_t i;

	if (!o)
		return;
	for (i = 0; i < o->n && o->sel[i]; i++) {
		perf_evsel__close(o->sel[i]);
		perf_evsel__delete(o->sel[i]);
	}
	perf_cpu_map__put(o->cpus);
	free(o);
}
