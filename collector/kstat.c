// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cells.h"
#include "kstat.h"
#include "sysfs.h"

#define BUSY_TASKS 64

int mmt_counter__row(struct mmt_writer *w, uint64_t now, uint64_t segment, const char *source, const char *name,
		     int64_t scope, uint64_t value)
{
	const struct mmt_cell c[] = {
		cell_u(now), cell_u(segment), cell_s(source), cell_s(name), cell_u((uint64_t)scope), cell_u(value),
	};

	return ROW(w, MMT_TB_COUNTER, c);
}

/* Value of the line "key<space or tab>value". */
static int line_value(const char *text, const char *key, uint64_t *v)
{
	size_t len = strlen(key);
	const char *s = text;

	while (s) {
		if (!strncmp(s, key, len) && (s[len] == ' ' || s[len] == '\t')) {
			*v = strtoull(s + len, NULL, 10);
			return 0;
		}
		s = strchr(s, '\n');
		if (s)
			s++;
	}
	return -ENOENT;
}

/* Times of all CPUs that the totals do not have; in ns, though read in ticks. Kernels add columns at the end only. */
static int write_cpu_times(struct mmt_writer *w, const char *text, uint64_t now, uint64_t segment)
{
	static const char *const names[] = { NULL, NULL, NULL, NULL, "cpu.iowait", "cpu.irq", "cpu.softirq", "cpu.steal" };
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t v;
	size_t i;
	char *end;
	int err = 0;

	if (strncmp(text, "cpu ", 4) || hz <= 0)
		return 0;
	text += 4;
	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !err; i++, text = end) {
		v = strtoull(text, &end, 10);
		if (end == text || *text == '\n')
			break;
		if (names[i])
			err = mmt_counter__row(w, now, segment, "proc.stat", names[i], -1, v * (1000000000ULL / (uint64_t)hz));
	}
	return err;
}

static int write_stat(struct mmt_writer *w, char *buf, size_t size, uint64_t now, uint64_t segment)
{
	static const char *const keys[] = { "ctxt", "processes", "intr" };
	uint64_t v;
	size_t i;
	int err = 0;

	if (mmt_read_file("/proc/stat", buf, size) < 0)
		return 0;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++)
		if (!line_value(buf, keys[i], &v))
			err = mmt_counter__row(w, now, segment, "proc.stat", keys[i], -1, v);
	return err ? err : write_cpu_times(w, buf, now, segment);
}

static int write_vmstat(struct mmt_writer *w, char *buf, size_t size, uint64_t now, uint64_t segment)
{
	static const char *const keys[] = {
		"pgfault", "pgmajfault", "pgmigrate_success", "numa_hit", "numa_miss", "numa_foreign", "numa_local",
		"numa_other", "numa_pte_updates", "numa_hint_faults", "numa_hint_faults_local", "numa_pages_migrated",
	};
	uint64_t v;
	size_t i;
	int err = 0;

	if (mmt_read_file("/proc/vmstat", buf, size) < 0)
		return 0;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++)
		if (!line_value(buf, keys[i], &v))
			err = mmt_counter__row(w, now, segment, "proc.vmstat", keys[i], -1, v);
	return err;
}

static int write_task(struct mmt_writer *w, const struct mmt_epoch *e, char *buf, size_t size, uint64_t now,
		      uint64_t segment)
{
	char path[64];
	uint64_t v;
	int err = 0;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/status", e->tgid, e->tid);
	if (mmt_read_file(path, buf, size) < 0)
		return 0;
	if (!line_value(buf, "voluntary_ctxt_switches:", &v))
		err = mmt_counter__row(w, now, segment, "proc.task", "nvcsw", (int64_t)e->id, v);
	if (!err && !line_value(buf, "nonvoluntary_ctxt_switches:", &v))
		err = mmt_counter__row(w, now, segment, "proc.task", "nivcsw", (int64_t)e->id, v);
	return err;
}

int mmt_kstat__write(struct mmt_writer *w, const struct mmt_tasks *t, uint64_t now, uint64_t segment)
{
	const struct mmt_epoch *busy[BUSY_TASKS];
	size_t size = 1 << 18, i, n; /* /proc/stat has a long line of interrupts */
	char *buf = malloc(size);
	int err;

	if (!buf)
		return -ENOMEM;
	err = write_stat(w, buf, size, now, segment);
	err = err ? err : write_vmstat(w, buf, size, now, segment);
	n = t ? mmt_tasks__busiest(t, busy, BUSY_TASKS) : 0;
	for (i = 0; i < n && !err; i++)
		err = write_task(w, busy[i], buf, size, now, segment);
	free(buf);
	return err;
}

static uint64_t tv_ns(const struct timeval *tv)
{
	return (uint64_t)tv->tv_sec * 1000000000ULL + (uint64_t)tv->tv_usec * 1000;
}

uint64_t mmt_footprint__cpu_ns(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return tv_ns(&u.ru_utime) + tv_ns(&u.ru_stime);
}

int mmt_footprint__write(struct mmt_writer *w, const struct mmt_footprint *f, uint64_t now, uint64_t segment)
{
	uint64_t pages = 0;
	char buf[128], *s;
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	if (mmt_read_file("/proc/self/statm", buf, sizeof(buf)) > 0) {
		s = strchr(buf, ' ');
		pages = s ? strtoull(s, NULL, 10) : 0;
	}
	{
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(segment), cell_u(tv_ns(&u.ru_utime)), cell_u(tv_ns(&u.ru_stime)),
			cell_u(pages * (uint64_t)sysconf(_SC_PAGESIZE) / 1024), cell_u((uint64_t)u.ru_maxrss),
			cell_u(f->map_bytes / 1024), cell_u((uint64_t)u.ru_minflt), cell_u((uint64_t)u.ru_majflt),
			cell_u((uint64_t)u.ru_nvcsw), cell_u((uint64_t)u.ru_nivcsw), cell_u(f->migrations),
			cell_u(f->drains), cell_u(f->events), cell_u(mmt_writer__bytes(w)),
		};

		return ROW(w, MMT_TB_FOOTPRINT, c);
	}
}
