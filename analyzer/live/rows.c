// SPDX-License-Identifier: GPL-2.0-only
/* A live view for programs: counts of the interval with its length, nothing rounded. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define COL(id_, t) { .id = id_, .head = id_, .type = t }

static const struct table_col cols[] = {
	{ .id = "time_s", .head = "time_s", .type = COL_FLOAT, .prec = 3 }, { .id = "seconds", .head = "seconds", .type = COL_FLOAT, .prec = 6 },
	COL("name", COL_TEXT), COL("pid", COL_COUNT), COL("tid", COL_COUNT), COL("tasks", COL_COUNT), COL("state", COL_TEXT),
	COL("run_ns", COL_NS), COL("nvcsw", COL_COUNT), COL("nivcsw", COL_COUNT), COL("mig_smt", COL_COUNT),
	COL("mig_llc", COL_COUNT), COL("mig_node", COL_COUNT), COL("mig_cross", COL_COUNT), COL("minflt", COL_COUNT),
	COL("majflt", COL_COUNT), COL("wait_n", COL_COUNT), COL("wait_sum_ns", COL_NS), COL("wait_p50_ns", COL_NS),
	COL("wait_p99_ns", COL_NS), COL("wait_max_ns", COL_NS), COL("off_n", COL_COUNT), COL("off_sum_ns", COL_NS),
	COL("run_by_node_ns", COL_TEXT),
};

static void put_u64(struct table *t, bool have, uint64_t v)
{
	if (have)
		table_u64(t, v);
	else
		table_none(t);
}

static void put_q(struct table *t, const struct rhist *h, double q)
{
	table_known(t, rhist_q(h, q));
}

static void put_nodes(struct table *t, const struct live_view *v, const struct live_line *line)
{
	char buf[1024];
	size_t at = 0;
	unsigned int i;

	for (i = 0; line->node_ns && i < v->n_nodes && at < sizeof(buf) - 24; i++)
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%llu", i ? " " : "",
				       (unsigned long long)line->node_ns[i]);
	table_text(t, at ? buf : NULL);
}

static void put_line(struct table *t, const struct live_view *v, const struct live_line *line)
{
	const struct model_task *task = line->g.task && line->g.task->known ? line->g.task : NULL;
	const char state[2] = { line->state, 0 };
	const uint64_t *n = line->g.v;
	int k;

	if (v->real_ns)
		table_f64(t, (double)v->real_ns / 1e9);
	else
		table_none(t);
	table_f64(t, v->seconds);
	table_text(t, line->name);
	put_u64(t, task && (v->by == BY_TASK || v->by == BY_PROCESS), task ? task->tgid : 0);
	put_u64(t, task && v->by == BY_TASK, task ? task->tid : 0);
	table_u64(t, line->g.n_tasks);
	table_text(t, line->state && (v->by == BY_TASK || v->by == BY_PROCESS) ? state : NULL);
	table_u64(t, n[MT_RUN_NS]);
	table_u64(t, n[MT_NVCSW]);
	table_u64(t, n[MT_NIVCSW]);
	for (k = MT_MIG_SMT; k <= MT_MIG_CROSS; k++)
		table_u64(t, n[k]);
	put_u64(t, line->faults.known, line->faults.minor);
	put_u64(t, line->faults.known, line->faults.major);
	table_u64(t, n[MT_WAIT_N]);
	table_u64(t, n[MT_WAIT_NS]);
	put_q(t, &line->g.wait, 0.50);
	put_q(t, &line->g.wait, 0.99);
	put_u64(t, line->g.wait.n, line->g.wait.max);
	table_u64(t, n[MT_OFF_N]);
	table_u64(t, n[MT_OFF_NS]);
	put_nodes(t, v, line);
}

struct table *live_table(const struct live_view *v)
{
	struct table *t = table_new("lines", "", cols, N(cols));
	size_t i;

	for (i = 0; t && i < v->n; i++)
		put_line(t, v, &v->lines[i]);
	return t;
}

static void machine_json(const struct live_view *v, struct json *j)
{
	static const struct { const char *key; int col; } keys[] = {
		{ "busy_ns", MC_BUSY_NS }, { "idle_ns", MC_IDLE_NS }, { "switches", MC_SWITCHES },
		{ "idle_switches", MC_IDLE_SWITCHES }, { "nvcsw", MC_NVCSW }, { "nivcsw", MC_NIVCSW },
		{ "mig_smt", MC_MIG_SMT }, { "mig_llc", MC_MIG_LLC }, { "mig_node", MC_MIG_NODE }, { "mig_cross", MC_MIG_CROSS },
	};
	size_t i;

	json_obj(j, "machine");
	json_u64(j, "cpus", v->n_cpus);
	json_u64(j, "nodes", v->n_nodes);
	json_u64(j, "tasks_ran", v->all.n_tasks);
	json_u64(j, "tasks_alive", v->n_live);
	for (i = 0; i < N(keys); i++)
		json_u64(j, keys[i].key, v->cpu[keys[i].col]);
	if (v->faults.known) {
		json_u64(j, "minflt", v->faults.minor);
		json_u64(j, "majflt", v->faults.major);
	}
	json_u64(j, "wait_n", v->all.wait.n);
	if (rhist_count(&v->all.wait)) {
		json_num(j, "wait_p50_ns", rhist_q(&v->all.wait, 0.50));
		json_num(j, "wait_p99_ns", rhist_q(&v->all.wait, 0.99));
	}
	if (v->all.wait.n)
		json_u64(j, "wait_max_ns", v->all.wait.max);
	json_end(j);
	if (!v->have_own)
		return;
	json_obj(j, "own");
	json_num(j, "cpu_share", v->own_cpu);
	json_u64(j, "rss_kb", v->own_rss_kb);
	json_u64(j, "map_kb", v->own_map_kb);
	json_end(j);
}

int live_json(const struct live_view *v, FILE *f)
{
	struct table *t = live_table(v);
	struct json j;
	int err = t ? table_err(t) : -ENOMEM;

	if (!err) {
		json_init(&j, f, false);
		json_obj(&j, NULL);
		json_str(&j, "kind", "top");
		json_u64(&j, "version", 1);
		if (v->real_ns)
			json_num(&j, "time_s", (double)v->real_ns / 1e9);
		json_num(&j, "seconds", v->seconds);
		machine_json(v, &j);
		table_write_json(t, &j, "lines");
		json_end(&j);
	}
	table_free(t);
	return err;
}
