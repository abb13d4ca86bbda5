// SPDX-License-Identifier: GPL-2.0-only
/* report --nodes: tasks and load of nodes, and of their CPUs. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "nodes.h"
#include "../report_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define SUM_COLS \
	{ .id = "tasks", .head = "tasks", .type = COL_FLOAT, .prec = 2 }

static struct table *nodes_table(const struct node_load *v, size_t n)
{
	static const struct table_col cols[] = {
		{ .id = "node", .head = "node", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "cpus", .head = "CPUs", .type = COL_COUNT },
		{ .id = "mib", .head = "memory", .unit = "MiB", .type = COL_FLOAT, .prec = 0 },
		SUM_COLS,
		{ .id = "load", .head = "load", .type = COL_FLOAT, .prec = 2 },
		{ .id = "max", .head = "most", .type = COL_COUNT },
		{ .id = "busy_pct", .head = "busy", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "samples", .head = "samples", .type = COL_COUNT },
	};
	struct table *t = table_new("nodes", "Load of the nodes: tasks running or waiting, and tasks per CPU", cols, N(cols));
	size_t i;

	for (i = 0; t && i < n; i++) {
		table_u64(t, v[i].node);
		table_u64(t, v[i].cpus);
		if (v[i].mem_kb)
			table_f64(t, (double)v[i].mem_kb / 1024);
		else
			table_none(t);
		table_known(t, v[i].tasks);
		table_known(t, v[i].load);
		if (v[i].samples)
			table_u64(t, v[i].max);
		else
			table_none(t);
		table_known(t, 100 * v[i].busy);
		table_u64(t, v[i].samples);
	}
	return t;
}

static struct table *cpus_table(const struct model *m)
{
	static const struct table_col cols[] = {
		{ .id = "cpu", .head = "CPU", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "node", .head = "node", .type = COL_COUNT },
		SUM_COLS,
		{ .id = "max", .head = "most", .type = COL_COUNT },
		{ .id = "sampled_busy_pct", .head = "with tasks", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "busy_pct", .head = "busy", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "samples", .head = "samples", .type = COL_COUNT },
	};
	struct table *t = table_new("cpus", "Load of the CPUs", cols, N(cols));
	size_t i;

	for (i = 0; t && i < m->n_cpus; i++) {
		const struct model_cpu *c = &m->cpus[i];
		double time = (double)(c->v[MC_BUSY_NS] + c->v[MC_IDLE_NS]), n = (double)c->load.samples;

		if (!c->load.samples)
			continue;
		table_u64(t, c->cpu);
		table_u64(t, c->node);
		table_f64(t, (double)c->load.running / n);
		table_u64(t, c->load.max);
		table_f64(t, 100 * (double)c->load.busy / n);
		table_known(t, time > 0 ? (double)c->v[MC_BUSY_NS] / time * 100 : NAN);
		table_u64(t, c->load.samples);
	}
	return t;
}

static void write_all(const struct report *r, struct table *const t[2], double imbalance, FILE *f)
{
	struct json j;

	if (r->o->out.fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "report.nodes");
		json_u64(&j, "version", 1);
		report_head_json(r, &j);
		json_num(&j, "imbalance_pct", 100 * imbalance);
		table_write_json(t[0], &j, table_id(t[0]));
		table_write_json(t[1], &j, table_id(t[1]));
		json_end(&j);
		return;
	}
	if (r->o->out.fmt != TABLE_TEXT) {
		table_write(t[0], f, &r->o->out);
		return;
	}
	report_head_text(r, f);
	if (isnan(imbalance))
		fprintf(f, "imbalance  not available: needs two nodes with CPUs, and running tasks\n");
	else
		fprintf(f, "imbalance  %.1f %%: (highest - lowest) / highest load of the nodes\n",
			100 * imbalance);
	fputc('\n', f);
	table_write_text(t[0], f, &r->o->out);
	fputc('\n', f);
	table_write_text(t[1], f, &r->o->out);
}

int report_nodes(struct report *r, FILE *f)
{
	struct table *t[2] = { NULL, NULL };
	struct node_load *v = NULL;
	size_t n = 0;
	int err, i;

	if (r->o->events || r->o->hist || r->o->syscalls || r->o->faults || r->o->numa)
		return report_say(r, -EINVAL, "--nodes goes alone: without --events, --hist, --syscalls, --faults and --numa");
	if (!nodes_recorded(r->m))
		return report_say(r, -ENODATA, "%s: no load of CPUs in this trace: record it with -e load", r->m->path);
	err = nodes_load(r->m, &v, &n);
	if (err)
		goto out;
	t[0] = nodes_table(v, n);
	t[1] = cpus_table(r->m);
	for (i = 0; i < 2 && !err; i++)
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	err = err ? err : report_sort(r, t[0], "load, tasks, busy, cpus");
	if (err)
		goto out;
	table_limit(t[1], r->o->top);
	write_all(r, t, nodes_imbalance(v, n), f);
out:
	for (i = 0; i < 2; i++)
		table_free(t[i]);
	free(v);
	return err;
}
