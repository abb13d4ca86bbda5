/* SPDX-License-Identifier: GPL-2.0-only */
/* Sums over a trace file, straight from the reader: independent of the analyzer. */
#ifndef TRACE_SUMS_H
#define TRACE_SUMS_H

#include <stdint.h>
#include <sys/types.h>

#include "../../libmmtrace/mmtrace.h"

struct sums {
	uint64_t nvcsw, nivcsw, migrations, run_ns, off_ns;
};

struct machine_sums {
	uint64_t switches, idle_switches, seen_switch, lost, busy_ns, idle_ns, span_ns;
	uint64_t task_nvcsw, task_nivcsw;
	uint64_t tasks_with_totals, exits;
	uint64_t whole_lives;    /* tasks seen from fork to exit */
	uint64_t whole_mismatch; /* of these: our switches are not the kernel's own */
	uint64_t migration_mismatch; /* likewise */
	uint64_t unseen;         /* switches that the kernel did not show */
	unsigned int cpus;
};

/* The task `tid` between the first mark of `kind` and the next mark. */
void sums_of_totals(const char *path, pid_t tid, int kind, struct sums *s);
void sums_of_events(const char *path, pid_t tid, int kind, struct sums *s);
/* All tasks while in the cgroup with this path. */
void sums_of_cgroup(const char *path, const char *cgroup, int kind, struct sums *s);
/* kind 0: all segments */
void sums_of_machine(const char *path, int kind, struct machine_sums *m);

struct fault_sums {
	uint64_t minor, major, user_read, user_write, kernel_write, cow;
	uint64_t raised;   /* all kinds but faults on kernel addresses */
	uint64_t samples, n_max;
	uint64_t estimate; /* of the number of faults, from the samples */
	uint64_t variance; /* of it */
};

/* Of these tasks (none: of all), in the segment of the first mark of `kind`, -1: everywhere. */
void sums_of_faults(const char *path, const pid_t *tids, size_t n_tids, int kind, struct fault_sums *out);
/* Faults of all tasks of processes whose parent is this one. */
void sums_of_children(const char *path, pid_t parent, uint64_t *minor, uint64_t *major);
/* Every row of every table, in order; a number of a row. */
void sums_rows(const char *path, void (*fn)(void *ctx, const struct mmt_rows *rows, uint32_t row), void *ctx);
int sums_cell_is(const struct mmt_rows *r, uint32_t row, const char *name, const char *text);
uint64_t sums_cell(const struct mmt_rows *r, uint32_t row, const char *name);
int epochs_of_tid(const char *path, pid_t tid);
int marks_named(const char *path, const char *name, const char *arg);

#endif
