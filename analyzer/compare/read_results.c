// SPDX-License-Identifier: GPL-2.0-only
/* The values of an iteration: results.tsv with metrics.tsv, else what the logs of the benchmark say. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../mmtests/bench.h"
#include "../unit.h"
#include "read_int.h"

enum { COLUMNS = 6 }; /* metric, A, B, interval, value, extra */

/* Cuts the next line at its tabs; returns the number of fields, 0 at the end; missing ones are "_". */
static size_t next_fields(struct read_lines *l, char **field)
{
	char *line, *p;
	size_t n = 0;

	do {
		line = read_line(l);
		if (!line)
			return 0;
	} while (!*line || *line == '#');
	for (p = line; *p; p++) /* names are shown as they are: nothing that moves a terminal's cursor */
		if ((unsigned char)*p < 0x20 && *p != '\t' && !isspace((unsigned char)*p))
			*p = '?';
	for (p = line; p && n < COLUMNS;)
		field[n++] = strsep(&p, "\t");
	for (; n < COLUMNS; n++)
		field[n] = (char *)"_";
	return n;
}

/* ---------------------------------------------------------------- what a metric is */

struct unit_line { char *name, *unit; enum metric_direction better; bool says_better; };

struct units {
	struct read_lines l;
	struct unit_line *u;
	size_t n;
};

static void units_free(struct units *u)
{
	free(u->l.text);
	free(u->u);
}

static int read_units(const char *path, struct units *u)
{
	char *f[COLUMNS];
	int err;

	memset(u, 0, sizeof(*u));
	err = read_open_lines(path, &u->l);
	if (err)
		return err == -ENOENT ? 0 : err;
	while (next_fields(&u->l, f)) {
		struct unit_line *x = reallocarray(u->u, u->n + 1, sizeof(*x));

		if (!x)
			return -ENOMEM;
		u->u = x;
		x[u->n++] = (struct unit_line){
			f[0], !strcmp(f[1], "_") ? (char *)"" : f[1],
			!strcmp(f[2], "lower") ? METRIC_LOWER : !strcmp(f[2], "higher") ? METRIC_HIGHER : METRIC_NEITHER,
			!strcmp(f[2], "lower") || !strcmp(f[2], "higher") || !strcmp(f[2], "neither"),
		};
	}
	return 0;
}

/* The word stands in the text by itself: "time-4", "avg_latency", but not "sometimes". */
static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);
	const char *p;

	for (p = text; (p = strcasestr(p, word)); p++)
		if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return true;
	return false;
}

/* By the unit, else by words that cannot be meant otherwise; NEITHER also where these contradict each other. */
static enum metric_direction direction_of(const char *name, const char *unit)
{
	static const char *const lower[] = { "time", "latency", "elapsed", "duration", "usec", "usecs", "msec", "msecs" };
	static const char *const higher[] = {
		"ops/s", "ops/sec", "rps", "events/s", "events/sec", "txn/s", "txn/sec", "throughput",
		"B/s", "kB/s", "MB/s", "GB/s", "KiB/s", "MiB/s", "GiB/s", "Mbit/s", "Gbit/s",
	};
	const char *by_unit = unit_better(unit);
	bool small = by_unit && !strcmp(by_unit, "lower"), large = by_unit && !small;
	size_t i;

	for (i = 0; i < sizeof(lower) / sizeof(*lower); i++)
		small |= has_word(name, lower[i]);
	for (i = 0; i < sizeof(higher) / sizeof(*higher); i++)
		large |= has_word(name, higher[i]);
	return small == large ? METRIC_NEITHER : small ? METRIC_LOWER : METRIC_HIGHER;
}

/* Index of the metric of this label; what metrics.tsv says of it counts before what we know of the benchmark. */
static int metric_of(struct cmp *c, const char *label, const char *name, const struct unit_line *u, bool ratio)
{
	const struct mmtests_metric *known = mmtests_metric(mmtests_bench(c->benchmark), name);
	const char *unit = u ? u->unit : known ? known->unit : "";
	int id;

	id = cmp_metric(c, label, unit, u && u->says_better ? u->better : known ? known->better : direction_of(name, unit),
			CMP_BENCHMARK);
	if (id < 0)
		return id;
	c->metric[id].fresh |= known && known->fresh;
	c->metric[id].ratio |= ratio;
	return id;
}

/* ------------------------------------------------------------------------ sources */

static int from_table(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *path,
		      const struct units *units)
{
	char label[512], *f[COLUMNS], *end;
	struct read_lines l = { 0 };
	int err = read_open_lines(path, &l), id;
	char first[160] = "";
	size_t i, bad = 0;
	double v;

	if (err)
		return err == -ENOMEM ? err : read_why(it, "no results: %s", strerror(-err));
	while (!err && next_fields(&l, f)) {
		const struct unit_line *u = NULL;

		v = strtod(f[4], &end);
		if (end == f[4] || (*end && !isspace((unsigned char)*end))) {
			if (!bad++)
				snprintf(first, sizeof(first), "'%.40s' for %.80s", f[4], f[0]);
			v = NAN; /* counts as one that is no number, so that the metric does not vanish */
		}
		for (i = 0; i < units->n && !u; i++)
			if (!strcmp(units->u[i].name, f[0]))
				u = &units->u[i];
		mmtests_label(label, sizeof(label), f[0], f[1], f[2]);
		id = metric_of(c, label, f[0], u, *f[5] == 'R');
		err = id < 0 ? id : cmp_value(c, (uint32_t)id, arm, it, v);
		it->complete |= !err;
	}
	if (bad)
		cmp_say(c, 0, "%s: %zu value%s no number, left out: %s%s", path, bad, bad == 1 ? " is" : "s are", first,
			bad > 1 ? ", and others" : "");
	free(l.text);
	return err || it->complete ? err : read_why(it, "no results: results.tsv is empty");
}

static int from_logs(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *dir)
{
	const struct mmtests_bench *b = mmtests_bench(c->benchmark);
	char logs[READ_PATH], label[512], why[300];
	struct mmtests_samples s;
	size_t i;
	int err, id;

	if (!b)
		return read_why(it, "no results: there is no results.tsv, and logs of %s are none that are known "
				"(mmt-trace-mmtests(7) lists them)", c->benchmark);
	if (!read_join(logs, dir, "logs"))
		return -ENAMETOOLONG;
	err = mmtests_samples_init(&s);
	if (err)
		return err;
	err = mmtests_read(b, logs, &s, why, sizeof(why));
	if (err && err != -ENOMEM) {
		err = read_why(it, "no results: there is no results.tsv, and %s", why);
		goto out;
	}
	if (*why)
		cmp_say(c, 0, "%s: %s", dir, why);
	if (s.dropped)
		cmp_say(c, 0, "%s/logs: %zu results are no numbers; they are left out", dir, s.dropped);
	for (i = 0; i < s.n && !err; i++) {
		const struct mmtests_sample *x = &s.v[i];

		mmtests_label(label, sizeof(label), x->metric, x->a, x->b);
		id = metric_of(c, label, x->metric, NULL, x->ratio);
		err = id < 0 ? id : cmp_value(c, (uint32_t)id, arm, it, x->value);
		it->complete |= !err;
	}
out:
	mmtests_samples_free(&s);
	return err;
}

int read_results(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *dir)
{
	struct units units = { 0 };
	char path[READ_PATH];
	int err;

	if (!read_join(path, dir, "metrics.tsv"))
		return -ENAMETOOLONG;
	err = read_units(path, &units);
	if (err)
		err = err == -ENOMEM ? err : read_why(it, "no results: metrics.tsv: %s", strerror(-err));
	else if (!read_join(path, dir, "results.tsv"))
		err = -ENAMETOOLONG;
	else if (!access(path, F_OK))
		err = from_table(c, arm, it, path, &units);
	else
		err = from_logs(c, arm, it, dir);
	units_free(&units);
	return err;
}
