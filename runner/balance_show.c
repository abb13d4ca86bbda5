// SPDX-License-Identifier: GPL-2.0-only
/* What balance says: of the host, of a round, of its steps. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "balance.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_LEFT 8 /* lines of those that are left, in text */

static const struct subject *subject_of(const struct host *h, size_t group)
{
	return &h->v[h->subject_of[group]];
}

static void put(struct table *t, double v, double scale)
{
	if (isfinite(v))
		table_f64(t, v * scale);
	else
		table_none(t);
}

void balance_show_head(const struct host *h, FILE *f)
{
	unsigned int i, cpus = 0, with = 0;

	for (i = 0; i < h->n_nodes; i++) {
		cpus += h->node[i].cpus;
		with += h->node[i].cpus > 0;
	}
	fprintf(f, "host       %u node%s with CPUs, %u CPUs; every %.4g s\n", with, with == 1 ? "" : "s", cpus, h->o.interval);
	if (h->cpuset_why[0])
		fprintf(f, "cpusets    not available: %s\n", h->cpuset_why);
	else
		fprintf(f, "cpusets    of %s\n", h->mount);
	if (!h->load)
		fprintf(f, "loads      of the groups below alone: %s\n", h->load_why);
	if (!h->placer)
		fprintf(f, "memory     not known: this kernel shows no NUMA placement\n");
}

static struct table *nodes_table(const struct host *h)
{
	static const struct table_col cols[] = {
		{ .id = "node", .head = "node", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "cpus", .head = "CPUs", .type = COL_COUNT },
		{ .id = "tasks", .head = "tasks", .type = COL_FLOAT, .prec = 2 },
		{ .id = "load", .head = "load", .type = COL_FLOAT, .prec = 2 },
		{ .id = "groups", .head = "groups", .type = COL_COUNT },
		{ .id = "free_mib", .head = "free", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
	};
	struct table *t = table_new("nodes", NULL, cols, N(cols));
	unsigned int i;
	size_t k;

	for (i = 0; t && i < h->n_nodes; i++) {
		const struct bal_node *n = &h->node[i];
		uint64_t groups = 0;

		if (!n->cpus && !n->mem_kb)
			continue;
		for (k = 0; k < h->n_groups; k++)
			groups += h->groups[k].run[i] >= 0.5;
		table_u64(t, i);
		table_u64(t, n->cpus);
		table_f64(t, n->tasks);
		put(t, n->cpus ? n->tasks / n->cpus : NAN, 1);
		table_u64(t, groups);
		table_f64(t, (double)n->free_kb / 1024);
		table_f64(t, (double)n->mem_kb / 1024);
	}
	return t;
}

static struct table *groups_table(const struct host *h)
{
	static const struct table_col cols[] = {
		{ .id = "group", .head = "group", .type = COL_TEXT, .flags = COL_KEY | COL_TAIL, .max = 30 },
		{ .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
		{ .id = "width", .head = "width", .type = COL_COUNT },
		{ .id = "demand", .head = "demand", .unit = "tasks", .type = COL_FLOAT, .prec = 2 },
		{ .id = "use", .head = "use", .unit = "CPUs", .type = COL_FLOAT, .prec = 2 },
		{ .id = "cpus_at", .head = "CPUs of", .type = COL_TEXT },
		{ .id = "mems_at", .head = "memory of", .type = COL_TEXT },
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		{ .id = "exposure_pct", .head = "exposure", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "fixed", .head = "not moved because", .type = COL_TEXT, .flags = COL_HIDE_EMPTY },
	};
	struct table *t = table_new("groups", NULL, cols, N(cols));
	char text[256];
	size_t i;

	for (i = 0; t && i < h->n_groups; i++) {
		const struct bal_group *g = &h->groups[i];
		double kb = 0;
		unsigned int k;

		for (k = 0; k < h->n_nodes; k++)
			kb += g->kb[k];
		table_text(t, g->name);
		if (subject_of(h, i)->pid)
			table_u64(t, subject_of(h, i)->pid);
		else
			table_none(t);
		table_u64(t, g->width);
		table_f64(t, g->demand);
		table_f64(t, g->use);
		nodes_text(g->cpus_at, text, sizeof(text));
		table_text(t, text);
		nodes_text(g->mems_at, text, sizeof(text));
		table_text(t, text);
		put(t, g->memory_known ? kb / 1024 : NAN, 1);
		put(t, bal_exposure(h->node, h->n_nodes, g, 0), 100);
		table_text(t, bal_fixed_name(g->fixed));
	}
	return t;
}

struct table *balance_show_steps(const struct host *h, const struct bal_plan *p, const struct step_done *done)
{
	static const struct table_col cols[] = {
		{ .id = "round", .head = "round", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "rule", .head = "step", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "group", .head = "group", .type = COL_TEXT, .flags = COL_KEY | COL_TAIL, .max = 24 },
		{ .id = "sets", .head = "sets", .type = COL_TEXT },
		{ .id = "from", .head = "from", .type = COL_TEXT, .flags = COL_RIGHT, .group = "node" },
		{ .id = "to", .head = "to", .type = COL_TEXT, .flags = COL_RIGHT, .group = "node" },
		{ .id = "load_from", .head = "from", .type = COL_FLOAT, .prec = 2, .group = "load" },
		{ .id = "load_from_then", .head = "then", .type = COL_FLOAT, .prec = 2, .group = "load" },
		{ .id = "load_to", .head = "to", .type = COL_FLOAT, .prec = 2, .group = "load" },
		{ .id = "load_to_then", .head = "then", .type = COL_FLOAT, .prec = 2, .group = "load" },
		{ .id = "mib_per_cpu", .head = "MiB/CPU", .type = COL_FLOAT, .prec = 0 },
		{ .id = "exposure_pct", .head = "now", .unit = "%", .type = COL_FLOAT, .prec = 0, .group = "exposure" },
		{ .id = "exposure_cpus_pct", .head = "CPUs", .unit = "%", .type = COL_FLOAT, .prec = 0, .group = "exposure" },
		{ .id = "exposure_memory_pct", .head = "memory", .unit = "%", .type = COL_FLOAT, .prec = 0, .group = "exposure" },
		{ .id = "move_mib", .head = "to move", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		{ .id = "cost_ms", .head = "took", .unit = "ms", .type = COL_FLOAT, .prec = 1, .flags = COL_HIDE_EMPTY },
		{ .id = "pages", .head = "moved", .unit = "pages", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
		{ .id = "result", .head = "result", .type = COL_TEXT, .flags = COL_HIDE_EMPTY },
	};
	struct table *t = table_new("steps", NULL, cols, N(cols));
	char from[256], to[256];
	size_t i;

	for (i = 0; t && i < p->n; i++) {
		const struct bal_step *s = &p->steps[i];

		nodes_text(s->from, from, sizeof(from));
		nodes_text(s->to, to, sizeof(to));
		table_u64(t, h->round);
		table_text(t, bal_kind_name(s->kind));
		table_text(t, h->groups[s->group].name);
		table_text(t, s->cpus && s->memory ? "both" : s->cpus ? "CPUs" : "memory");
		table_text(t, from);
		table_text(t, to);
		put(t, s->cpus ? s->load_from : NAN, 1);
		put(t, s->cpus ? s->load_from_then : NAN, 1);
		put(t, s->cpus ? s->load_to : NAN, 1);
		put(t, s->cpus ? s->load_to_then : NAN, 1);
		put(t, s->mib_per_cpu, 1);
		put(t, s->exposure, 100);
		put(t, s->exposure_cpus, 100);
		put(t, s->exposure_memory, 100);
		put(t, s->move_kb / 1024, 1);
		if (done) {
			table_f64(t, done[i].ms);
			table_u64(t, done[i].pages);
			table_text(t, done[i].made ? "done" : done[i].err ? strerror(-done[i].err) : "not made: stopped");
		} else {
			table_none(t);
			table_none(t);
			table_none(t);
		}
	}
	return t;
}

static void show_left(const struct host *h, const struct bal_plan *p, FILE *f)
{
	size_t i, most = p->n_left < MAX_LEFT ? p->n_left : MAX_LEFT;

	for (i = 0; i < most; i++)
		fprintf(f, "left       %s: %s\n", h->groups[p->left[i].group].name, p->left[i].why);
	if (p->n_left > most)
		fprintf(f, "left       %zu more\n", p->n_left - most);
}

static void pct(FILE *f, const char *what, double v)
{
	if (isfinite(v))
		fprintf(f, "%s %.1f %%", what, 100 * v);
	else
		fprintf(f, "%s not known", what);
}

void balance_show_round(const struct host *h, const struct bal_plan *p, const struct step_done *done,
			const struct table_out *o, FILE *f)
{
	struct table *groups = h->round == 1 ? groups_table(h) : NULL, *steps = balance_show_steps(h, p, done);
	struct table *nodes = nodes_table(h);

	fprintf(f, "\nround %-4u after %.0f s; %zu group%s; measuring took %.1f ms of CPU time%s\n", h->round,
		host_now() - h->started, h->n_groups, h->n_groups == 1 ? "" : "s", h->cost_s * 1e3, h->no_wait ? "; demand is run time alone: this kernel has no waiting time of tasks" : "");
	pct(f, "now        imbalance", p->imbalance);
	fprintf(f, ", highest load %.2f, ", p->high);
	pct(f, "exposure", p->exposure);
	fputc('\n', f);
	if (isfinite(h->said_imbalance)) {
		pct(f, "predicted  imbalance", h->said_imbalance);
		pct(f, ", exposure", h->said_exposure);
		fputc('\n', f);
	}
	if (nodes)
		table_write_text(nodes, f, o);
	if (groups && table_rows(groups)) {
		fputc('\n', f);
		table_write_text(groups, f, o);
	}
	if (p->nothing)
		fprintf(f, "nothing    to do: %s\n", p->nothing);
	if (steps && p->n) {
		fprintf(f, "\n%s:\n", done ? "Steps made" : "Advice");
		table_write_text(steps, f, o);
		pct(f, done ? "then       imbalance" : "predicted  imbalance", p->imbalance_then);
		pct(f, ", exposure", p->exposure_then);
		pct(f, ", when all memory has followed", p->exposure_memory);
		fputc('\n', f);
	}
	show_left(h, p, f);
	fflush(f);
	table_free(nodes);
	table_free(groups);
	table_free(steps);
}

void balance_show_json(const struct host *h, const struct bal_plan *p, const struct step_done *done, bool pretty, FILE *f)
{
	struct table *t[3] = { nodes_table(h), groups_table(h), balance_show_steps(h, p, done) };
	struct json j;
	size_t i;

	json_init(&j, f, pretty);
	json_obj(&j, NULL);
	json_str(&j, "kind", "balance");
	json_u64(&j, "version", 1);
	json_u64(&j, "round", h->round);
	json_num(&j, "time_s", host_now() - h->started);
	json_num(&j, "cost_ms", h->cost_s * 1e3);
	json_bool(&j, "applied", done);
	json_str(&j, "cpusets_missing", h->cpuset_why[0] ? h->cpuset_why : NULL);
	json_str(&j, "loads_missing", h->load ? NULL : h->load_why);
	json_num(&j, "high", p->high);
	json_num(&j, "ratio", p->ratio);
	json_num(&j, "imbalance_pct", 100 * p->imbalance);
	json_num(&j, "imbalance_then_pct", 100 * p->imbalance_then);
	json_num(&j, "exposure_pct", 100 * p->exposure);
	json_num(&j, "exposure_then_pct", 100 * p->exposure_then);
	json_num(&j, "exposure_cpus_pct", 100 * p->exposure_cpus);
	json_num(&j, "exposure_memory_pct", 100 * p->exposure_memory);
	json_num(&j, "predicted_imbalance_pct", 100 * h->said_imbalance);
	json_num(&j, "predicted_exposure_pct", 100 * h->said_exposure);
	json_str(&j, "nothing", p->nothing);
	for (i = 0; i < N(t); i++)
		if (t[i])
			table_write_json(t[i], &j, table_id(t[i]));
	json_arr(&j, "left");
	for (i = 0; i < p->n_left; i++) {
		json_obj(&j, NULL);
		json_str(&j, "group", h->groups[p->left[i].group].name);
		json_str(&j, "why", p->left[i].why);
		json_end(&j);
	}
	json_end(&j);
	json_end(&j);
	fflush(f);
	for (i = 0; i < N(t); i++)
		table_free(t[i]);
}
