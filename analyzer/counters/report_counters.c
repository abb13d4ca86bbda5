// SPDX-License-Identifier: GPL-2.0-only
/* report --counters: perf events by event, node and CPU; and the PMU's lines of report --numa. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "counters.h"
#include "report_counters.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define PLACE_COL(id_) { .id = id_, .head = id_, .type = COL_COUNT, .flags = COL_KEY }
#define COUNTER_COLS \
	{ .id = "event", .head = "event", .flags = COL_KEY, .max = 40 }, \
	{ .id = "shown", .head = "count", .flags = COL_ONLY_TEXT | COL_RIGHT }, \
	{ .id = "value", .head = "value", .type = COL_FLOAT, .prec = 6, .flags = COL_NO_TEXT }, \
	{ .id = "unit", .head = "unit", .flags = COL_HIDE_EMPTY }, \
	{ .id = "rate", .head = "rate", .unit = "1/s", .type = COL_FLOAT, .prec = 1 }, \
	{ .id = "ratio", .head = "ratio", .type = COL_FLOAT, .prec = 6, .flags = COL_NO_TEXT }, \
	{ .id = "ratio_of", .head = "of", .flags = COL_NO_TEXT }, \
	{ .id = "told", .head = "", .flags = COL_ONLY_TEXT | COL_LEFT | COL_HIDE_EMPTY }, \
	{ .id = "counted_pct", .head = "counted", .unit = "%", .type = COL_FLOAT, .prec = 1 }, \
	{ .id = "count", .head = "count", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "enabled_ns", .head = "enabled", .unit = "ns", .type = COL_NS, .flags = COL_NO_TEXT }, \
	{ .id = "running_ns", .head = "running", .unit = "ns", .type = COL_NS, .flags = COL_NO_TEXT }

/* ---------------------------------------------------------------- rows */

/* The number as perf stat groups it; ~ where it is scaled. */
static void put_shown(struct table *t, const struct counter *c)
{
	char digits[64], text[96];
	size_t i, n, len, at = 0;

	if (isnan(c->value)) {
		table_none(t);
		return;
	}
	snprintf(digits, sizeof(digits), "%.*f", *c->unit ? 2 : 0, c->value);
	len = strcspn(digits, ".");
	if (c->counted < 1)
		text[at++] = '~';
	for (i = 0, n = strlen(digits); i < n; i++) {
		if (i && i < len && (len - i) % 3 == 0)
			text[at++] = ',';
		text[at++] = digits[i];
	}
	text[at] = '\0';
	table_text(t, text);
}

/* "18.3 % of node-loads", "1.21 a cycle" */
static void put_ratio(struct table *t, const struct counter *c, const struct counter *v, size_t n)
{
	char name[160];
	const char *base = counters_base(c->name, name, sizeof(name));
	const struct counter *of = base ? counters_find(v, n, base) : NULL;
	double ratio = of && of->value > 0 ? c->value / of->value : NAN;

	if (isnan(ratio)) {
		table_none(t);
		table_none(t);
		table_none(t);
		return;
	}
	table_f64(t, ratio);
	table_text(t, base);
	if (!strncmp(base, "cycles", 6))
		table_textf(t, "%.2f a cycle", ratio);
	else
		table_textf(t, "%.1f %% of %s", 100 * ratio, base);
}

static void put_counter(struct table *t, const struct report *r, const struct counter *c, const struct counter *v, size_t n)
{
	bool there = c->cpus && !c->lack;

	table_text(t, c->name);
	if (!there) {
		table_none(t);
		table_none(t);
	} else {
		put_shown(t, c);
		table_known(t, c->value);
	}
	table_text(t, *c->unit ? c->unit : NULL);
	table_known(t, there && r->m->duration ? c->value / ((double)r->m->duration / 1e9) : (double)NAN);
	put_ratio(t, c, v, n);
	table_known(t, there ? 100 * c->counted : (double)NAN);
	if (!there) {
		table_none(t);
		table_none(t);
		table_none(t);
		return;
	}
	table_u64(t, c->v[COUNTER_COUNT]);
	table_u64(t, c->v[COUNTER_ENABLED]);
	table_u64(t, c->v[COUNTER_RUNNING]);
}

static bool node_event(const char *name)
{
	return !strncmp(name, "node-", 5);
}

/* Rows of one place; number UINT32_MAX: of all, without a column for it. only_node: events of PMU node alone. */
static int put_place(struct table *t, const struct report *r, enum counter_where where, uint32_t number, bool only_node)
{
	struct counter *v;
	size_t i, n;
	int err = counters_list(r->m, where, number, &v, &n);

	for (i = 0; !err && i < n; i++) {
		if (only_node && !node_event(v[i].name))
			continue;
		if (where != COUNTER_ALL && !v[i].cpus)
			continue; /* is not counted there, or nowhere */
		if (where != COUNTER_ALL)
			table_u64(t, number);
		put_counter(t, r, &v[i], v, n);
	}
	free(v);
	return err;
}

static int cmp_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Nodes (or CPUs) with CPUs that count; to be freed. */
static uint32_t *places(const struct model *m, bool nodes, size_t *n)
{
	uint32_t *v = calloc(m->n_cpus + 1, sizeof(*v));
	size_t i, k;

	for (i = 0, *n = 0; v && i < m->n_cpus; i++) {
		uint32_t number = nodes ? m->cpus[i].node : m->cpus[i].cpu;

		for (k = 0; k < *n && v[k] != number; k++)
			;
		if (k == *n && (!nodes || m->cpus[i].in_topology))
			v[(*n)++] = number;
	}
	if (v)
		qsort(v, *n, sizeof(*v), cmp_u32);
	return v;
}

static struct table *place_table(const struct report *r, bool nodes, bool only_node, const char *title)
{
	static const struct table_col node_cols[] = { PLACE_COL("node"), COUNTER_COLS }, cpu_cols[] = { PLACE_COL("cpu"), COUNTER_COLS };
	struct table *t = table_new(nodes ? "counters_nodes" : "counters_cpus", title, nodes ? node_cols : cpu_cols, N(node_cols));
	size_t i, n;
	uint32_t *v = places(r->m, nodes, &n);
	int err = t && v ? 0 : -ENOMEM;

	for (i = 0; i < n && !err; i++)
		err = put_place(t, r, nodes ? COUNTER_NODE : COUNTER_CPU, v[i], only_node);
	free(v);
	if (!err)
		return t;
	table_free(t);
	return NULL;
}

static struct table *events_table(const struct report *r)
{
	static const struct table_col cols[] = { COUNTER_COLS };
	struct table *t = table_new("counters", "Counters", cols, N(cols));

	if (t && put_place(t, r, COUNTER_ALL, 0, false)) {
		table_free(t);
		return NULL;
	}
	return t;
}

/* ---------------------------------------------------------------- all */

static bool same_lack(const struct counter *a, const struct counter *b, bool only_node)
{
	return a->lack && b->lack && !strcmp(a->lack, b->lack) && (!only_node || node_event(a->name));
}

/* Why events are not counted, each reason once. */
static void lacks_text(const struct counter *v, size_t n, bool only_node, const char *head, FILE *f)
{
	size_t i, k;

	for (i = 0; i < n; i++) {
		const char *sep = "";

		for (k = 0; k < i && !same_lack(&v[k], &v[i], only_node); k++)
			;
		if (k < i || !same_lack(&v[i], &v[i], only_node))
			continue;
		fprintf(f, "%-11snot available: ", head);
		for (k = i; k < n; k++) {
			if (!same_lack(&v[k], &v[i], only_node))
				continue;
			fprintf(f, "%s%s", sep, v[k].name);
			sep = ", ";
		}
		fprintf(f, ": %s\n", v[i].lack);
	}
}

/* What reading them took the collector. */
static bool cost(const struct model *m, uint64_t *reads, uint64_t *ns)
{
	const char *value = model_meta(m, "counters.reads");

	return value && sscanf(value, "%" SCNu64 " %" SCNu64, reads, ns) == 2 && *reads;
}

static void head_text(const struct report *r, FILE *f)
{
	struct counter *v;
	uint64_t reads, ns;
	size_t i, n;

	fprintf(f, "counters   %s\n", counters_of_tasks(r->m) ? "of the tasks that were recorded, and what they started, on whichever CPU" :
						       "of all that the CPUs did, recorded or not");
	if (cost(r->m, &reads, &ns))
		fprintf(f, "           %" PRIu64 " readings of the whole recording took %.2f ms, %.1f us each\n", reads, (double)ns / 1e6,
			(double)ns / 1e3 / (double)reads);
	if (counters_list(r->m, COUNTER_ALL, 0, &v, &n))
		return;
	lacks_text(v, n, false, "", f);
	for (i = 0; i < n; i++)
		if (v[i].blind)
			fprintf(f, "           %s: the PMU had no counter free for it on %u of %u CPUs: it is not in the sum\n", v[i].name,
				v[i].blind, v[i].cpus);
	free(v);
}

static void head_json(const struct report *r, struct json *j)
{
	uint64_t reads, ns;
	struct counter *v;
	size_t i, n;

	json_str(j, "scope", counters_of_tasks(r->m) ? "tasks" : "CPUs");
	if (cost(r->m, &reads, &ns)) {
		json_u64(j, "readings", reads);
		json_u64(j, "reading_ns", ns);
	}
	if (counters_list(r->m, COUNTER_ALL, 0, &v, &n))
		return;
	json_obj(j, "not_available");
	for (i = 0; i < n; i++)
		if (v[i].lack)
			json_str(j, v[i].name, v[i].lack);
	json_end(j);
	free(v);
}

static void write_all(const struct report *r, struct table *const t[2], FILE *f)
{
	struct json j;
	int i;

	if (r->o->out.fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "report.counters");
		json_u64(&j, "version", 1);
		report_head_json(r, &j);
		head_json(r, &j);
		for (i = 0; i < 2 && t[i]; i++)
			table_write_json(t[i], &j, table_id(t[i]));
		json_end(&j);
		return;
	}
	if (r->o->out.fmt != TABLE_TEXT) {
		table_write(t[0], f, &r->o->out);
		return;
	}
	report_head_text(r, f);
	head_text(r, f);
	for (i = 0; i < 2 && t[i]; i++) {
		fputc('\n', f);
		table_write_text(t[i], f, &r->o->out);
	}
}

static bool scaled(const struct model *m)
{
	size_t i;

	for (i = 0; m->counters && i < m->counters->n_uses; i++)
		if (m->counters->uses[i].v[COUNTER_RUNNING] < m->counters->uses[i].v[COUNTER_ENABLED])
			return true;
	return false;
}

static int check(const struct report *r)
{
	const struct report_opts *o = r->o;
	const char *why = counters_missing(r->m);

	if (o->events || o->hist || o->syscalls || o->faults || o->numa || o->nodes || o->kvm)
		return report_say(r, -EINVAL, "--counters goes alone: without --events, --hist, --syscalls, --faults, --numa, --nodes "
				  "and --kvm");
	if (o->by != REPORT_CPU && o->by != REPORT_MACHINE)
		return report_say(r, -EINVAL, "--counters has no rows by task: use --by machine or cpu; record one task or command to "
				  "count for it alone");
	if (why && *why)
		return report_say(r, -ENODATA, "%s: counters: not available: %s", r->m->path, why);
	if (why)
		return report_say(r, -ENODATA, "%s: no counters in this trace: record it with -e counters", r->m->path);
	if (o->by == REPORT_CPU && counters_of_tasks(r->m))
		return report_say(r, -ENODATA, "%s: these counters are of tasks, on whichever CPU: record with -a to have them by CPU",
				  r->m->path);
	return 0;
}

int report_counters(struct report *r, FILE *f)
{
	struct table *t[2] = { NULL, NULL };
	int err = check(r), i;

	if (err)
		return err;
	if (r->o->by == REPORT_CPU) {
		t[0] = place_table(r, false, false, "Counters by CPU");
	} else {
		t[0] = events_table(r);
		if (r->m->n_nodes > 1 && !counters_of_tasks(r->m))
			t[1] = place_table(r, true, false, "Counters by node of the CPU");
	}
	err = t[0] ? table_err(t[0]) : -ENOMEM;
	err = err ? err : report_sort(r, t[0], "value, rate, ratio, counted_pct");
	if (!err) {
		if (scaled(r->m))
			table_note(t[0], "~: scaled: counted for a part of the time, as there are more events than counters of the PMU");
		table_limit(t[0], r->o->top);
		write_all(r, t, f);
	}
	for (i = 0; i < 2; i++)
		table_free(t[i]);
	return err;
}

/* ---------------------------------------------------------------- beside exposure */

bool report_pmu_asked(const struct model *m)
{
	struct counter *v;
	size_t i, n;
	int err = counters_list(m, COUNTER_ALL, 0, &v, &n);

	for (i = 0; !err && i < n && !node_event(v[i].name); i++)
		;
	free(v);
	return (!err && i < n) || (counters_missing(m) && *counters_missing(m));
}

static double metric(const struct model *m, const char *names, const char *over, double by)
{
	double v;

	return counters_metric(m, names, over, &v) ? (double)NAN : v * by;
}

void report_pmu_text(const struct report *r, FILE *f)
{
	static const char *const kinds[][3] = {
		{ "loads", "node-load-misses", "node-loads" }, { "stores", "node-store-misses", "node-stores" },
	};
	const char *why = counters_missing(r->m);
	double s = (double)r->m->duration / 1e9, share, rate;
	struct counter *v;
	size_t i, n;

	if (why) {
		fprintf(f, "pmu        not available: %s\n", why);
		return;
	}
	if (counters_list(r->m, COUNTER_ALL, 0, &v, &n))
		return;
	lacks_text(v, n, true, "pmu", f);
	for (i = 0; i < N(kinds) && s > 0; i++) {
		share = metric(r->m, kinds[i][1], kinds[i][2], 100);
		rate = metric(r->m, kinds[i][1], NULL, 1 / s);
		if (!isnan(share) && !isnan(rate))
			fprintf(f, "pmu        %s from memory: %.1f %% off-node, %.3f M/s%s\n", kinds[i][0], share, rate / 1e6,
				counters_of_tasks(r->m) ? ", of the recorded tasks" : "");
	}
	free(v);
}

void report_pmu_json(const struct report *r, struct json *j)
{
	double s = (double)r->m->duration / 1e9;

	json_obj(j, "pmu");
	json_num(j, "loads_remote_pct", metric(r->m, "node-load-misses", "node-loads", 100));
	json_num(j, "stores_remote_pct", metric(r->m, "node-store-misses", "node-stores", 100));
	json_num(j, "loads_remote_rate", s > 0 ? metric(r->m, "node-load-misses", NULL, 1 / s) : (double)NAN);
	json_num(j, "stores_remote_rate", s > 0 ? metric(r->m, "node-store-misses", NULL, 1 / s) : (double)NAN);
	json_end(j);
}

struct table *report_pmu_table(const struct report *r)
{
	return place_table(r, true, true, "Accesses to memory of nodes, by node of the CPU (PMU)");
}
