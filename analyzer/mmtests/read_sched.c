// SPDX-License-Identifier: GPL-2.0-only
/* Logs of benchmarks of the scheduler, of locks and of NUMA balancing. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MOST_FIELDS = 4096 };

/* hackbench-G: "     Total time: 0.303 [sec]", a process each */
static int hackbench_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *field[3];
	unsigned int nr = 0;
	int err = 0;

	while (!err && (line = logs_line(&p)))
		if (strstr(line, "Total time:") && logs_fields(line, field, 3) == 3)
			err = mmtests_take(r, "time", f->part[0], NULL, ++nr, field[2], false);
	return err;
}

int mmtests_read_hackbench(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "hackbench-", "", hackbench_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* A block of percentiles; it counts once "current rps" follows: the last summary covers them all again. */
struct window {
	const char *metric;
	double runtime;
	struct { const char *metric; char percentile[12]; double runtime, value; } line[64];
	size_t n;
};

/* "  50.0th: 5  (1234 samples)", "* 99.0th: 9 ..." */
static void percentile_line(struct window *w, char *line)
{
	static const char *const wanted[] = { "20.0th:", "50.0th:", "90.0th:", "99.0th:", "99.9th:" };
	char *field[4];
	size_t i, n = logs_fields(line, field, 4), at = n && !strcmp(field[0], "*");

	if (n < at + 2 || !w->metric || w->n == sizeof(w->line) / sizeof(*w->line))
		return;
	for (i = 0; i < sizeof(wanted) / sizeof(*wanted); i++) {
		if (strcmp(field[at], wanted[i]) || !mmtests_number(field[at + 1], &w->line[w->n].value))
			continue;
		w->line[w->n].metric = w->metric;
		w->line[w->n].runtime = w->runtime;
		snprintf(w->line[w->n].percentile, sizeof(w->line[w->n].percentile), "%.6s", wanted[i]);
		w->n++;
	}
}

static int schbench_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	static const char *const kind[] = { "Wakeup", "Request", "RPS" };
	struct window w = { .runtime = 1 };
	char *line, *p = text, *at;
	size_t i;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		if (strstr(line, "percentile")) {
			w.metric = NULL;
			for (i = 0; i < 3; i++)
				if (!strncmp(line, kind[i], strlen(kind[i])))
					w.metric = kind[i];
			at = strstr(line, "runtime");
			if (at && w.metric == kind[0])
				w.runtime = mmtests_leading(at + strlen("runtime"));
		} else if (strstr(line, "current rps")) {
			for (i = 0; i < w.n && !err; i++)
				err = mmtests_samples_add(r->out, w.line[i].metric, w.line[i].percentile, f->part[0],
							  w.line[i].runtime, w.line[i].value, false);
			w.n = 0;
		} else if (strstr(line, "th:")) {
			percentile_line(&w, line);
		}
	}
	return err;
}

int mmtests_read_schbench(struct mmtests_reader *r)
{
	return mmtests_each(r, "schbench-", ".log", schbench_log);
}

/* "# Avg Latencies: 00003 00004": a number for each CPU */
static int cyclictest_log(struct mmtests_reader *r, char *text, char **field)
{
	char *line, *p = text, *at, name[16], cpu[24];
	size_t n, i;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		if (!strncmp(line, "# Histogram Overflows:", 22)) {
			strcpy(name, "Overflow");
			at = line + 22;
		} else if (!strncmp(line, "# ", 2) && !strncmp(line + 5, " Latencies:", 11)) {
			snprintf(name, sizeof(name), "%.3sLat", line + 2);
			at = line + 16;
		} else {
			continue;
		}
		n = logs_fields(at, field, MOST_FIELDS);
		for (i = 0; i < n && !err; i++) {
			snprintf(cpu, sizeof(cpu), "%zu", i);
			err = mmtests_take(r, name, cpu, NULL, 0, field[i], false);
		}
	}
	return err;
}

/* The one log there is, and room for the fields of a line; fn may be without a result. */
static int one_log(struct mmtests_reader *r, const char *name, int (*fn)(struct mmtests_reader *, char *, char **))
{
	char **field, *text = NULL;
	int err;

	if (!logs_have(&r->logs, name))
		return 0;
	field = calloc(MOST_FIELDS, sizeof(*field));
	err = field ? logs_text(&r->logs, name, &text) : -ENOMEM;
	if (!err)
		err = fn(r, text, field);
	if (!err && !r->out->n && !r->n_empty++)
		snprintf(r->empty, sizeof(r->empty), "%s", name);
	free(text);
	free(field);
	return err;
}

int mmtests_read_cyclictest(struct mmtests_reader *r)
{
	return one_log(r, "cyclictest-histogram.log", cyclictest_log);
}

/* A table of samples, a column for each task, then the tasks with their priorities. */
static int rtmigration_log(struct mmtests_reader *r, char *text, char **field)
{
	char *line, *p, *copy = strdup(text), prio[24], label[64];
	size_t tasks = 0, nr, n, i;
	unsigned int task, pr;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (p = copy; (line = logs_line(&p));)
		if (!strncmp(line, "Iter:", 5))
			tasks = logs_fields(line + 5, field, MOST_FIELDS);
	for (i = 0; i < tasks && !err; i++) {
		strcpy(prio, "");
		strcpy(copy, text);
		for (p = copy; (line = logs_line(&p));)
			if (sscanf(line, " Task %u (prio %u)", &task, &pr) == 2 && task == i)
				snprintf(prio, sizeof(prio), "%u", pr);
		snprintf(label, sizeof(label), "task-%zu-p%s", i, prio);
		strcpy(copy, text);
		for (p = copy, nr = 0; !err && (line = logs_line(&p));) {
			if (!strncmp(line, "Parent pid:", 11))
				break;
			n = isspace((unsigned char)*line) ? logs_fields(line, field, MOST_FIELDS) : 0;
			if (n > i + 1 && isdigit((unsigned char)*field[0]) && field[0][strspn(field[0], "0123456789")] == ':')
				err = mmtests_take(r, label, NULL, NULL, (double)++nr, field[i + 1], false);
		}
	}
	free(copy);
	return err;
}

int mmtests_read_rtmigration(struct mmtests_reader *r)
{
	return one_log(r, "rtmigration.log", rtmigration_log);
}

/* "#1 -> #0, Min    2, Cur    5, Avg    4, Max   41": once a pair */
static int pmqtest_log(struct mmtests_reader *r, char *text, char **field)
{
	static const char *const name[] = { "Min", "Avg", "Max" };
	char *p = text, *line, label[64];
	double v[3], cur;
	unsigned int a, b, i;
	int err = 0;

	(void)field;
	while (!err && (line = logs_line(&p))) {
		line += strcspn(line, "#"); /* what moves the cursor stands before it */
		if (sscanf(line, "#%u -> #%u, Min %lf , Cur %lf , Avg %lf , Max %lf", &a, &b, &v[0], &cur, &v[1], &v[2]) != 6)
			continue;
		for (i = 0; i < 3 && !err; i++) {
			snprintf(label, sizeof(label), "%s-%u->%u", name[i], a, b);
			err = mmtests_samples_add(r->out, label, NULL, NULL, 1, v[i], false);
		}
	}
	return err;
}

int mmtests_read_pmqtest(struct mmtests_reader *r)
{
	return one_log(r, "pmqtest.log", pmqtest_log);
}

/* The number of a line of perf bench futex, in the unit of its workload; false: no result in it. */
static bool futex_value(const char *line, double *v)
{
	static const struct { const char *mark; double scale; } ms[] = {
		{ ": Requeued", 1 }, { ": Awoke and Requeued", 1 }, { ": Wokeup", 1 }, { ": Avg per-thread latency", 1000 },
	};
	const char *at;
	size_t i;

	at = strstr(line, " ops/sec") && (strstr(line, "futexes:") || strstr(line, "futex:")) ? strstr(line, "[ ") : NULL;
	if (at && isdigit((unsigned char)at[2])) {
		*v = mmtests_leading(at + 2);
		return true;
	}
	for (i = 0; i < sizeof(ms) / sizeof(*ms); i++) {
		at = strstr(line, ms[i].mark) && strstr(line, " ms") ? strstr(line, " in ") : NULL;
		if (!at)
			continue;
		*v = mmtests_leading(at + 4) * ms[i].scale;
		return true;
	}
	return false;
}

static int futex_log(struct mmtests_reader *r, const char *workload, const struct logs_file *f)
{
	const char *type = "private";
	char *text, *p, *line;
	unsigned int nr = 0;
	double v;
	int err = logs_text(&r->logs, f->name, &text);

	for (p = text; !err && (line = logs_line(&p));) {
		if (strstr(line, "shared"))
			type = "shared";
		if (futex_value(line, &v))
			err = mmtests_samples_add(r->out, workload, type, f->part[0], ++nr, v, false);
	}
	if (!err && !nr && !r->n_empty++)
		snprintf(r->empty, sizeof(r->empty), "%s", f->name);
	free(text);
	return err;
}

/* by threads, then by workload in the order of the file that names them */
static int by_threads(const void *pa, const void *pb)
{
	const struct mmtests_sample *a = pa, *b = pb;
	double x = mmtests_leading(a->b), y = mmtests_leading(b->b);

	return x < y ? -1 : x > y ? 1 : (a->seq > b->seq) - (a->seq < b->seq);
}

int mmtests_read_futexbench(struct mmtests_reader *r)
{
	char *text, *word[32], prefix[64];
	struct logs_file *list;
	size_t n, k, i, j;
	int err;

	if (!logs_have(&r->logs, "workloads"))
		return 0;
	err = logs_text(&r->logs, "workloads", &text);
	if (err)
		return err;
	text[strcspn(text, "\n")] = '\0';
	n = logs_fields(text, word, 32);
	for (i = 0; i < n && !err; i++) {
		snprintf(prefix, sizeof(prefix), "%s-", word[i]);
		err = logs_match(&r->logs, prefix, ".log", &list, &k);
		for (j = 0; j < k && !err; j++)
			if (list[j].n_parts == 1) /* requeue-pi-8.log is no log of requeue */
				err = futex_log(r, word[i], &list[j]);
		logs_match_free(list, k);
	}
	free(text);
	if (r->out->n)
		qsort(r->out->v, r->out->n, sizeof(*r->out->v), by_threads);
	return err;
}

/* "  12.345, secs,  NUMA-convergence-latency", and the two speeds */
static int perfnuma_log(struct mmtests_reader *r, const char *workload, const char *name)
{
	static const struct { const char *label, *mark; bool ratio; } kind[] = {
		{ "converged", "NUMA-convergence-latency", true },
		{ "threadspeed", "thread-speed", false },
		{ "totalspeed", "total-speed", false },
	};
	char *text, *p, *line, *at, label[160];
	unsigned int nr = 0;
	double v;
	size_t i;
	int err = logs_text(&r->logs, name, &text);

	for (p = text; !err && (line = logs_line(&p));) {
		for (i = 0; i < 3 && !err; i++) {
			at = strstr(line, kind[i].mark) ? strstr(line, i ? ", GB/sec," : ", secs,") : NULL;
			if (!at)
				continue;
			*at = '\0';
			while (at > line && strchr("0123456789.", at[-1]))
				at--;
			if (!mmtests_number(at, &v))
				continue;
			snprintf(label, sizeof(label), "%s-%s", kind[i].label, workload);
			err = mmtests_samples_add(r->out, label, NULL, NULL, ++nr, v, kind[i].ratio);
		}
	}
	if (!err && !nr && !r->n_empty++)
		snprintf(r->empty, sizeof(r->empty), "%s", name);
	free(text);
	return err;
}

/* WORKLOAD-I.log; "_converge" is in all their names and left out of the label */
int mmtests_read_perfnuma(struct mmtests_reader *r)
{
	char workload[128], *at;
	size_t i, len;
	int err = 0;

	for (i = 0; i < r->logs.n && !err; i++) {
		const char *name = r->logs.name[i];

		len = strlen(name);
		if (len < 6 || strcmp(name + len - 4, ".log"))
			continue;
		for (len -= 4; len && isdigit((unsigned char)name[len - 1]); len--)
			;
		if (!len || name[len - 1] != '-')
			continue;
		snprintf(workload, sizeof(workload), "%.*s", (int)len - 1, name);
		at = strstr(workload, "_converge");
		if (at)
			memmove(at, at + 9, strlen(at + 9) + 1);
		err = perfnuma_log(r, workload, name);
	}
	return err;
}
