/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of a report. */
#ifndef MMT_REPORT_INT_H
#define MMT_REPORT_INT_H

#include "metrics.h"
#include "report.h"
#include "sched_events.h"
#include "verify.h"

struct hot;

struct report {
	const struct model *m;
	const struct report_opts *o;
	struct metric_ctx ctx;
	struct sched_events ev;
	struct verify verify;
	struct model_group *g; /* rows of the main table */
	size_t n;
	struct hot *hot; /* NULL: not there, or not to be shown */
};

/* Sums task groups (of the totals, or of the events) by something else. */
int report_regroup(struct report *r, const struct model_group *tasks, size_t n);
void report_head_text(const struct report *r, FILE *f);
void report_head_json(const struct report *r, struct json *j);
/* The main table. */
struct table *report_table(const struct report *r);
struct table *report_cpus(const struct report *r);
/* --faults: tables of page faults in the place of the main table. */
int report_faults(struct report *r, FILE *f);
/* --numa: where memory was, and where it was used from. */
int report_numa(struct report *r, FILE *f);
/* --nodes: tasks and load of nodes and CPUs. */
int report_nodes(struct report *r, FILE *f);
/* One line through the log, printf-like; returns err. */
/* By --sort, if it was given; says what columns there are, `some` of them, where it names none. */
int report_sort(const struct report *r, struct table *t, const char *some);
int report_say(const struct report *r, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* System calls; and the memory management calls of them by what they asked for. */
struct table *report_syscalls(const struct report *r);
/* Rows of tables by group: its key (epoch: of a task that the trace does not know), and its cells. */
#define REPORT_GROUP_COLS \
	{ .id = "group", .head = "who", .flags = COL_KEY, .max = 15 }, \
	{ .id = "id", .head = "id", .type = COL_COUNT, .flags = COL_KEY | COL_HIDE_EMPTY }
uint64_t report_group_key(const struct report *r, const struct model_task *t, uint64_t epoch);
void report_put_group(struct table *t, const struct report *r, const struct model_task *task);
/* --kvm: exits of virtual CPUs. */
int report_kvm(struct report *r, FILE *f);
/* --counters: perf events. */
int report_counters(struct report *r, FILE *f);
struct table *report_syscall_classes(const struct report *r);
void report_hist_text(const struct report *r, FILE *f);
struct table *report_hist_table(const struct report *r);

#endif
