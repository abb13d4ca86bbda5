// SPDX-License-Identifier: GPL-2.0-only
/* report --numa: where memory lay, where it was used from, how much of it was far; how it came there. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "../counters/counters.h"
#include "../counters/report_counters.h"
#include "numa.h"
#include "pages.h"
#include "report_pages.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define N_PLACE_TABLES 4

#define NAME_COL(id_, head_, max_, fl) \
	{ .id = id_, .head = head_, .type = COL_TEXT, .flags = COL_KEY | (fl), .max = max_ }
#define PID_COL { .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_KEY }
#define NODE_COL { .id = "node", .head = "node", .type = COL_COUNT, .flags = COL_KEY }
#define KIND_COL(id_, head_) \
	{ .id = id_, .head = head_, .unit = "MiB", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT }
#define MEMORY_COLS \
	{ .id = "pages", .head = "pages", .type = COL_COUNT, .group = "memory" }, \
	{ .id = "mib", .head = "", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .group = "memory" }, \
	{ .id = "mem_pct", .head = "", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "memory" }, \
	{ .id = "mem_lo_pct", .head = "low", .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT }, \
	{ .id = "mem_hi_pct", .head = "high", .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = COL_NO_TEXT }, \
	{ .id = "mem_margin_pct", .head = "+-", .unit = "%", .type = COL_FLOAT, .prec = 1, .flags = COL_HIDE_EMPTY, .group = "memory" }
#define KINDS KIND_COL("anon_mib", "anon"), KIND_COL("file_mib", "file"), KIND_COL("shared_mib", "shared"), KIND_COL("huge_mib", "huge")
#define RUN_COLS \
	{ .id = "run_ns", .head = "", .unit = "ms", .type = COL_NS, .prec = 1, .group = "run time" }, \
	{ .id = "run_pct", .head = "", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "run time" }

static double sum_of(const double *v, unsigned int n)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		sum += v[i];
	return sum;
}

static void put_pct(struct table *t, double part, double all)
{
	if (all > 0)
		table_f64(t, 100 * part / all);
	else
		table_none(t);
}

/* Most off-node run time first; then the largest. */
static int cmp_proc(const void *a, const void *b)
{
	const struct numa_proc *x = *(const struct numa_proc *const *)a, *y = *(const struct numa_proc *const *)b;

	if (x->sum.off != y->sum.off)
		return x->sum.off < y->sum.off ? 1 : -1;
	if (x->sum.run != y->sum.run)
		return x->sum.run < y->sum.run ? 1 : -1;
	return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

/* Processes (or cgroups) that were measured or ran, in the order of the tables. */
static const struct numa_proc **choose(const struct model *m, bool cgroups, size_t *n)
{
	const struct numa *x = m->numa;
	const struct numa_proc **v = calloc(x->n_procs + 1, sizeof(*v));
	size_t i;

	*n = 0;
	for (i = 0; v && i < x->n_procs; i++)
		if (!x->procs[i].epoch == cgroups && (x->procs[i].seen || x->procs[i].sum.run > 0))
			v[(*n)++] = &x->procs[i];
	if (v)
		qsort(v, *n, sizeof(*v), cmp_proc);
	return v;
}

static void name_proc(struct table *t, const struct model *m, const struct numa_proc *p)
{
	const struct model_task *task = model_task(m, p->epoch);

	table_text(t, task && task->known ? task->comm : "(unknown)");
	if (task && task->known)
		table_u64(t, task->tgid);
	else
		table_none(t);
}

static void put_exposure(struct table *t, const struct numa_exposure *e)
{
	if (isnan(e->share)) {
		table_none(t);
		table_none(t);
		table_none(t);
	} else {
		table_f64(t, 100 * e->share);
		table_f64(t, 100 * e->lo);
		table_f64(t, 100 * e->hi);
	}
	if (isnan(e->distance))
		table_none(t);
	else
		table_f64(t, e->distance);
}

static struct table *exposure_table(const struct report *r, const struct numa_proc *const *v, size_t n)
{
	static const struct table_col cols[] = {
		NAME_COL("process", "process", 15, 0), PID_COL,
		{ .id = "epoch", .head = "epoch", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "run_ns", .head = "run", .unit = "ms", .type = COL_NS, .prec = 1 },
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 1 },
		{ .id = "exposure_pct", .head = "exposure", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "off-node" },
		{ .id = "exposure_lo_pct", .head = "low", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "off-node" },
		{ .id = "exposure_hi_pct", .head = "high", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "off-node" },
		{ .id = "distance", .head = "distance", .unit = "x", .type = COL_FLOAT, .prec = 2 },
		{ .id = "measured", .head = "measured", .unit = "times", .type = COL_COUNT },
		{ .id = "method", .head = "by", .type = COL_TEXT },
		{ .id = "cost_ns", .head = "cost", .unit = "ms", .type = COL_NS, .prec = 2, .flags = COL_NO_TEXT },
	};
	static const char *const method[] = { NULL, "walk", "sample", "both" };
	struct table *t = table_new("numa_exposure", "Off-node exposure of processes", cols, N(cols));
	unsigned int nodes = r->m->numa->n_nodes;
	size_t i;

	for (i = 0; t && i < n; i++) {
		const struct numa_proc *p = v[i];
		const struct numa_exposure e = numa_exposure(&p->sum);

		name_proc(t, r->m, p);
		table_u64(t, p->epoch);
		table_f64(t, p->sum.run);
		if (p->seen)
			table_f64(t, sum_of(p->kb, nodes) / 1024);
		else
			table_none(t);
		put_exposure(t, &e);
		table_u64(t, p->in_window);
		table_text(t, method[p->methods & 3]);
		table_u64(t, p->cost_ns);
	}
	return t;
}

/* Cells of what lies on a node. */
static void put_memory(struct table *t, const struct report *r, const struct numa_proc *p, unsigned int node)
{
	const char *page = model_meta(r->m, "page.kb");
	uint64_t page_kb = page ? strtoull(page, NULL, 10) : 0;
	unsigned int n = r->m->numa->n_nodes;
	double all = sum_of(p->kb, n);

	if (page_kb)
		table_f64(t, p->kb[node] / (double)page_kb);
	else
		table_none(t);
	table_f64(t, p->kb[node] / 1024);
	put_pct(t, p->kb[node], all);
	put_pct(t, p->lo[node], all);
	put_pct(t, p->hi[node], all);
	if (p->hi[node] > p->lo[node])
		put_pct(t, (p->hi[node] - p->lo[node]) / 2, all);
	else
		table_f64(t, 0);
}

static void put_kinds(struct table *t, const struct report *r, const struct numa_proc *p, unsigned int node)
{
	unsigned int k;

	for (k = NUMA_ANON; k < NUMA_KINDS; k++)
		table_f64(t, p->kb[k * r->m->numa->n_nodes + node] / 1024);
}

static struct table *places_table(const struct report *r, const struct numa_proc *const *v, size_t n)
{
	static const struct table_col cols[] = { NAME_COL("process", "process", 15, 0), PID_COL, NODE_COL, MEMORY_COLS, RUN_COLS, KINDS };
	struct table *t = table_new("numa_places", "Memory and run time of processes by node", cols, N(cols));
	size_t i, most = r->o->top && r->o->out.fmt == TABLE_TEXT && n > r->o->top ? r->o->top : n;
	unsigned int k;

	for (i = 0; t && i < most; i++) {
		const struct numa_proc *p = v[i];

		for (k = 0; k < r->m->numa->n_nodes; k++) {
			if (!p->seen || (p->kb[k] <= 0 && p->run[k] <= 0))
				continue;
			name_proc(t, r->m, p);
			table_u64(t, k);
			put_memory(t, r, p, k);
			table_f64(t, p->run[k]);
			put_pct(t, p->run[k], p->sum.run);
			put_kinds(t, r, p, k);
		}
	}
	return t;
}

static struct table *nodes_table(const struct report *r, const struct numa_proc *const *v, size_t n)
{
	static const struct table_col cols[] = {
		NODE_COL,
		{ .id = "cpus", .head = "CPUs", .type = COL_COUNT },
		{ .id = "node_mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		{ .id = "mib", .head = "", .unit = "MiB", .type = COL_FLOAT, .prec = 1, .group = "of processes" },
		{ .id = "mem_pct", .head = "", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "of processes" },
		RUN_COLS,
		{ .id = "distance", .head = "distances", .type = COL_TEXT, .flags = COL_LEFT },
	};
	struct table *t = table_new("numa_nodes", "Nodes", cols, N(cols));
	const struct model *m = r->m;
	size_t i, k;

	for (i = 0; t && i < m->n_nodes; i++) {
		const struct model_node *node = &m->nodes[i];
		double kb = 0, all_kb = 0, run = 0, all_run = 0;
		uint64_t cpus = 0;
		char text[256] = "";
		size_t at = 0;

		if (node->node >= m->numa->n_nodes)
			continue;
		for (k = 0; k < n; k++) {
			kb += v[k]->kb[node->node];
			all_kb += sum_of(v[k]->kb, m->numa->n_nodes);
			run += v[k]->run[node->node];
			all_run += v[k]->sum.run;
		}
		for (k = 0; k < m->n_cpus; k++)
			cpus += m->cpus[k].in_topology && m->cpus[k].node == node->node;
		for (k = 0; k < node->n_distance && at < sizeof(text); k++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%" PRIu64, k ? " " : "", node->distance[k]);
		table_u64(t, node->node);
		table_u64(t, cpus);
		table_f64(t, (double)node->mem_kb / 1024);
		table_f64(t, kb / 1024);
		put_pct(t, kb, all_kb);
		table_f64(t, run);
		put_pct(t, run, all_run);
		table_text(t, text[0] ? text : NULL);
	}
	return t;
}

static struct table *cgroups_table(const struct report *r, const struct numa_proc *const *v, size_t n)
{
	static const struct table_col cols[] = { NAME_COL("cgroup", "cgroup", 30, COL_TAIL), NODE_COL, MEMORY_COLS, KINDS };
	struct table *t = table_new("numa_cgroups", "Memory charged to cgroups, by node", cols, N(cols));
	const char *path;
	unsigned int k;
	size_t i;

	for (i = 0; t && i < n; i++) {
		for (k = 0; k < r->m->numa->n_nodes; k++) {
			if (v[i]->kb[k] <= 0)
				continue;
			path = model_cgroup_path(r->m, v[i]->cgroup);
			if (path)
				table_text(t, path);
			else
				table_textf(t, "(id %" PRIu64 ")", v[i]->cgroup);
			table_u64(t, k);
			put_memory(t, r, v[i], k);
			put_kinds(t, r, v[i], k);
		}
	}
	return t;
}

static void machine_text(const struct report *r, FILE *f)
{
	const struct numa *x = r->m->numa;
	const struct numa_exposure e = numa_exposure(&x->all);
	uint64_t cost = 0, n = 0;
	double mib = 0;
	size_t i;

	for (i = 0; i < x->n_procs; i++) {
		n += x->procs[i].in_window;
		cost += x->procs[i].cost_ns;
		mib += x->procs[i].in_window * sum_of(x->procs[i].kb, x->n_nodes) / 1024;
	}
	if (n)
		fprintf(f, "placement  %" PRIu64 " measurement%s of %.0f MiB together: %.1f ms of CPU time, %.1f ms per GiB\n", n, n == 1 ? "" : "s", mib,
			(double)cost / 1e6, mib > 0 ? (double)cost / 1e6 / (mib / 1024) : 0);
	fprintf(f, "numa       ");
	if (isnan(e.share)) {
		fprintf(f, "exposure not known: no process whose memory was measured ran\n");
		return;
	}
	fprintf(f, "off-node exposure %.1f %% of the run time", 100 * e.share);
	if (100 * (e.hi - e.lo) >= 0.1)
		fprintf(f, " (%.1f to %.1f)", 100 * e.lo, 100 * e.hi);
	fputc('\n', f);
	if (!isnan(e.distance))
		fprintf(f, "           mean distance to memory: %.2f x local\n", e.distance);
	if (e.covered < 0.9995)
		fprintf(f, "           covers %.1f %% of the run time; memory of the other processes was not measured\n", 100 * e.covered);
	if (x->lost_kb > 0)
		fprintf(f, "           %.0f MiB were on nodes that the trace does not know\n", x->lost_kb / 1024);
}

static void machine_json(const struct report *r, struct json *j)
{
	const struct numa_sum *s = &r->m->numa->all;
	const struct numa_exposure e = numa_exposure(s);

	json_obj(j, "numa");
	json_num(j, "run_ns", s->run);
	json_num(j, "covered_pct", 100 * e.covered);
	json_num(j, "exposure_pct", 100 * e.share);
	json_num(j, "exposure_lo_pct", 100 * e.lo);
	json_num(j, "exposure_hi_pct", 100 * e.hi);
	json_num(j, "distance", e.distance);
	json_end(j);
}

/* The tables that there are; NULL at the end. */
static void write_all(const struct report *r, struct table *const *t, FILE *f)
{
	bool placed = numa_recorded(r->m) && r->m->numa, pages = numa_pages_recorded(r->m);
	struct json j;

	if (r->o->out.fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "report.numa");
		json_u64(&j, "version", 1);
		report_head_json(r, &j);
		if (placed)
			machine_json(r, &j);
		if (pages)
			report_pages_json(r, &j);
		if (report_pmu_asked(r->m))
			report_pmu_json(r, &j);
		for (; *t; t++)
			table_write_json(*t, &j, table_id(*t));
		json_end(&j);
		return;
	}
	if (r->o->out.fmt != TABLE_TEXT) {
		table_write(*t, f, &r->o->out);
		return;
	}
	report_head_text(r, f);
	if (placed)
		machine_text(r, f);
	if (pages)
		report_pages_text(r, f);
	if (report_pmu_asked(r->m))
		report_pmu_text(r, f);
	for (; *t; t++) {
		if (!table_rows(*t))
			continue;
		fputc('\n', f);
		table_write_text(*t, f, &r->o->out);
	}
}

static int place_tables(const struct report *r, struct table *t[N_PLACE_TABLES])
{
	size_t n = 0, n_cgroups = 0;
	const struct numa_proc **procs = choose(r->m, false, &n), **cgroups = choose(r->m, true, &n_cgroups);
	int err = procs && cgroups ? 0 : -ENOMEM, i;

	if (!err) {
		t[0] = exposure_table(r, procs, n);
		t[1] = places_table(r, procs, n);
		t[2] = nodes_table(r, procs, n);
		t[3] = cgroups_table(r, cgroups, n_cgroups);
	}
	for (i = 0; i < N_PLACE_TABLES && !err; i++)
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	free(procs);
	free(cgroups);
	return err;
}

int report_numa(struct report *r, FILE *f)
{
	struct table *t[N_PLACE_TABLES + REPORT_PAGES_TABLES + 2] = { NULL };
	bool placed = numa_recorded(r->m) && r->m->numa, pages = numa_pages_recorded(r->m);
	int err = 0, i;

	if (r->o->events || r->o->hist || r->o->syscalls || r->o->faults)
		return report_say(r, -EINVAL, "--numa goes alone: without --events, --hist, --syscalls and --faults");
	if (r->o->by == REPORT_CPU)
		return report_say(r, -EINVAL, "--numa has no rows by CPU: use --by task, process, comm, cgroup or machine");
	if (!placed && !pages)
		return report_say(r, -ENODATA, "%s: neither placement of memory nor its allocation in this trace: "
				  "record it with -e place, -e numa, or both", r->m->path);
	if (placed)
		err = place_tables(r, t);
	if (!err && pages)
		err = report_pages_tables(r, t + (placed ? N_PLACE_TABLES : 0));
	if (!err && report_pmu_asked(r->m) && !counters_missing(r->m)) {
		for (i = 0; t[i]; i++)
			;
		t[i] = report_pmu_table(r);
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	}
	if (!err)
		err = report_sort(r, t[0], placed ? "run, memory, exposure, distance, cost" : "alloc_mib, remote, hint, migrated");
	if (!err) {
		table_limit(t[0], r->o->top);
		if (placed && pages)
			table_limit(t[N_PLACE_TABLES], r->o->top);
		write_all(r, t, f);
	}
	for (i = 0; t[i]; i++)
		table_free(t[i]);
	return err;
}
