// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "hot/show.h"
#include "report_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define HOT_SPOTS 3 /* of each kind */

#define NAME_COL(id_, head_, max_, fl) { .id = id_, .head = head_, .type = COL_TEXT, .flags = COL_KEY | (fl), .max = max_ }
#define MACHINE_COL(id_, t) { .id = id_, .head = id_, .type = t, .flags = COL_NO_TEXT }
#define NUMBERS \
	{ .id = "run_ns", .head = "run", .unit = "ms", .type = COL_NS, .prec = 1 }, \
	{ .id = "nvcsw", .head = "vol", .type = COL_COUNT, .group = "switches" }, \
	{ .id = "nivcsw", .head = "invol", .type = COL_COUNT, .group = "switches" }, \
	{ .id = "wakeups", .head = "wakeups", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "mig_smt", .head = "smt", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" }, \
	{ .id = "mig_llc", .head = "llc", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" }, \
	{ .id = "mig_node", .head = "node", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" }, \
	{ .id = "mig_cross", .head = "cross", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" }, \
	MACHINE_COL("wait_n", COL_COUNT), MACHINE_COL("wait_sum_ns", COL_NS), \
	{ .id = "wait_p50_ns", .head = "p50", .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG, .group = "run queue" }, \
	MACHINE_COL("wait_p95_ns", COL_NS), \
	{ .id = "wait_p99_ns", .head = "p99", .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG, .group = "run queue" }, \
	{ .id = "wait_max_ns", .head = "max", .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG, .group = "run queue" }, \
	MACHINE_COL("off_n", COL_COUNT), MACHINE_COL("off_sum_ns", COL_NS), \
	{ .id = "off_p50_ns", .head = "p50", .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG, .group = "off CPU" }, \
	{ .id = "off_p99_ns", .head = "p99", .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG, .group = "off CPU" }, \
	MACHINE_COL("off_max_ns", COL_NS)

static const struct table_col task_cols[] = {
	NAME_COL("task", "task", 15, 0), { .id = "tid", .head = "tid", .type = COL_COUNT, .flags = COL_KEY },
	MACHINE_COL("epoch", COL_COUNT), MACHINE_COL("tgid", COL_COUNT), MACHINE_COL("cgroup", COL_TEXT), NUMBERS,
};
static const struct table_col process_cols[] = {
	NAME_COL("process", "process", 15, 0), { .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_KEY },
	{ .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col comm_cols[] = {
	NAME_COL("comm", "name", 15, 0), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col cgroup_cols[] = {
	NAME_COL("cgroup", "cgroup", 30, COL_TAIL), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col machine_cols[] = {
	NAME_COL("machine", "", 0, 0), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};

static const struct { const struct table_col *cols; size_t n; const char *id, *title; } shapes[] = {
	[REPORT_TASK] = { task_cols, N(task_cols), "tasks", "Tasks by run time" },
	[REPORT_PROCESS] = { process_cols, N(process_cols), "processes", "Processes by run time" },
	[REPORT_COMM] = { comm_cols, N(comm_cols), "comms", "Task names by run time" },
	[REPORT_CGROUP] = { cgroup_cols, N(cgroup_cols), "cgroups", "Cgroups by run time" },
	[REPORT_MACHINE] = { machine_cols, N(machine_cols), "machine", "The machine" },
};

static void put_u64(struct table *t, const struct report *r, int col, uint64_t v)
{
	/* events say nothing of what they do not carry */
	bool have = r->o->events ? col != MT_WAKEUPS || r->ev.has_wakeups : MODEL_HAS(r->m->task_has, col);

	if (have)
		table_u64(t, v);
	else
		table_none(t);
}

static void put_q(struct table *t, const struct rhist *h, bool have, double q)
{
	if (!have || !h->n)
		table_none(t);
	else
		table_f64(t, rhist_q(h, q));
}

static void numbers(struct table *t, const struct report *r, const struct model_group *g)
{
	bool wait = r->o->events || MODEL_HAS(r->m->hist_has, 0), off = r->o->events || MODEL_HAS(r->m->hist_has, 1);
	int k;

	put_u64(t, r, MT_RUN_NS, g->v[MT_RUN_NS]);
	for (k = MT_NVCSW; k <= MT_MIG_CROSS; k++)
		put_u64(t, r, k, g->v[k]);
	put_u64(t, r, MT_WAIT_N, g->v[MT_WAIT_N]);
	put_u64(t, r, MT_WAIT_NS, g->v[MT_WAIT_NS]);
	put_q(t, &g->wait, wait, 0.50);
	put_q(t, &g->wait, wait, 0.95);
	put_q(t, &g->wait, wait, 0.99);
	if (g->wait.n)
		table_u64(t, g->wait.max);
	else
		table_none(t);
	put_u64(t, r, MT_OFF_N, g->v[MT_OFF_N]);
	put_u64(t, r, MT_OFF_NS, g->v[MT_OFF_NS]);
	put_q(t, &g->off, off, 0.50);
	put_q(t, &g->off, off, 0.99);
	if (g->off.n)
		table_u64(t, g->off.max);
	else
		table_none(t);
}

static void names(struct table *t, const struct report *r, const struct model_group *g)
{
	const struct model *m = r->m;
	const char *path;

	switch (r->o->by) {
	case REPORT_TASK:
		table_text(t, g->task->comm);
		table_u64(t, g->task->tid);
		table_u64(t, g->task->epoch);
		table_u64(t, g->task->tgid);
		table_text(t, model_cgroup_path(m, g->task->cgroup));
		return;
	case REPORT_PROCESS:
		table_text(t, g->task->comm);
		table_u64(t, g->task->tgid);
		break;
	case REPORT_COMM:
		table_text(t, g->task->comm);
		break;
	case REPORT_CGROUP:
		path = model_cgroup_path(m, g->id);
		if (path)
			table_text(t, path);
		else
			table_textf(t, "(id %" PRIu64 ")", g->id);
		break;
	default:
		table_text(t, "machine");
	}
	table_u64(t, g->n_tasks);
}

struct table *report_table(const struct report *r)
{
	struct table *t;
	char title[96];
	size_t i;

	snprintf(title, sizeof(title), "%s%s", shapes[r->o->by].title, r->o->events ? ", from the events" : "");
	t = table_new(shapes[r->o->by].id, title, shapes[r->o->by].cols, shapes[r->o->by].n);
	for (i = 0; t && i < r->n; i++) {
		names(t, r, &r->g[i]);
		numbers(t, r, &r->g[i]);
	}
	return t;
}

struct table *report_cpus(const struct report *r)
{
	static const struct table_col cols[] = {
		{ .id = "cpu", .head = "CPU", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "node", .head = "node", .type = COL_COUNT },
		{ .id = "busy_ns", .head = "busy", .unit = "ms", .type = COL_NS, .prec = 1 },
		{ .id = "idle_ns", .head = "idle", .unit = "ms", .type = COL_NS, .prec = 1 },
		{ .id = "busy_pct", .head = "busy", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "switches", .head = "all", .type = COL_COUNT, .group = "switches" },
		{ .id = "nvcsw", .head = "vol", .type = COL_COUNT, .group = "switches" },
		{ .id = "nivcsw", .head = "invol", .type = COL_COUNT, .group = "switches" },
		{ .id = "idle_switches", .head = "from idle", .type = COL_COUNT, .group = "switches" },
		{ .id = "wakeups", .head = "wakeups", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "mig_smt", .head = "smt", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" },
		{ .id = "mig_llc", .head = "llc", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" },
		{ .id = "mig_node", .head = "node", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" },
		{ .id = "mig_cross", .head = "cross", .type = COL_COUNT, .flags = COL_HIDE_EMPTY, .group = "migrations" },
		{ .id = "lost", .head = "lost", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
	};
	static const int order[] = { MC_SWITCHES, MC_NVCSW, MC_NIVCSW, MC_IDLE_SWITCHES, MC_WAKEUPS, MC_MIG_SMT, MC_MIG_LLC,
				     MC_MIG_NODE, MC_MIG_CROSS };
	struct table *t = table_new("cpus", "CPUs", cols, N(cols));
	size_t i, k;

	for (i = 0; t && i < r->m->n_cpus; i++) {
		const struct model_cpu *c = &r->m->cpus[i];
		double total = (double)(c->v[MC_BUSY_NS] + c->v[MC_IDLE_NS]);

		if (!c->ran)
			continue;
		table_u64(t, c->cpu);
		if (c->in_topology)
			table_u64(t, c->node);
		else
			table_none(t);
		table_u64(t, c->v[MC_BUSY_NS]);
		table_u64(t, c->v[MC_IDLE_NS]);
		table_f64(t, total > 0 ? 100.0 * (double)c->v[MC_BUSY_NS] / total : (double)NAN);
		for (k = 0; k < N(order); k++) {
			if (MODEL_HAS(r->m->cpu_has, order[k]))
				table_u64(t, c->v[order[k]]);
			else
				table_none(t);
		}
		table_u64(t, c->v[MC_LOST_SWITCH] + c->v[MC_LOST_WAKEUP] + c->v[MC_LOST_MIGRATE]);
	}
	return t;
}

int report_say(const struct report *r, int err, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (r->o->log)
		r->o->log(r->o->log_ctx, MMT_LOG_ERROR, line);
	return err;
}

static int prepare_syscalls(const struct report *r)
{
	const struct report_opts *o = r->o;

	if (o->events || o->hist)
		return report_say(r, -EINVAL, "--syscalls takes neither --events nor --hist: system calls are totals by call");
	if (o->faults)
		return report_say(r, -EINVAL, "either --syscalls or --faults, not both");
	if (o->by == REPORT_CPU)
		return report_say(r, -EINVAL, "--syscalls has no rows by cpu: choose --by machine, task, process, comm or cgroup");
	if (!r->m->syscalls)
		return report_say(r, -ENODATA, "%s: no system calls in this trace: record it with -e syscall", r->m->path);
	return 0;
}

static int prepare(struct report *r)
{
	static const enum model_by by[] = { BY_TASK, BY_PROCESS, BY_COMM, BY_CGROUP, BY_MACHINE, BY_MACHINE };
	const struct report_opts *o = r->o;
	int err;

	if (r->m->picked && (o->nodes || o->counters || o->by == REPORT_CPU))
		return report_say(r, -EINVAL, "%s is of the whole machine: it goes without --vm and --vm-match",
				  o->nodes ? "--nodes" : o->counters ? "--counters" : "--by cpu");
	err = metric_ctx_init(&r->ctx, r->m);
	err = err ? err : verify_model(r->m, &r->verify);
	if (err)
		return err;
	if (o->syscalls)
		return prepare_syscalls(r);
	if (!o->events)
		return model_group(r->m, by[o->by], o->collector, &r->g, &r->n);
	if (o->by == REPORT_CPU)
		return report_say(r, -EINVAL, "--events has no table by cpu: leave --events out, or choose --by task|process|cgroup");
	err = sched_events_load(r->m, o->threads, o->log, o->log_ctx, &r->ev);
	if (err)
		return err;
	if (r->ev.status.line[0] && !r->m->status.line[0] && o->log) {
		char line[400];

		snprintf(line, sizeof(line), "%s: %s", r->m->path, r->ev.status.line);
		o->log(o->log_ctx, MMT_LOG_WARN, line);
	}
	if (!r->ev.events)
		return report_say(r, -ENODATA, "%s: no events in this trace (profile %s); leave --events out to report its totals",
			   r->m->path, model_meta(r->m, "profile") ? model_meta(r->m, "profile") : "unknown");
	return report_regroup(r, r->ev.g, r->ev.n);
}

int report_sort(const struct report *r, struct table *t, const char *some)
{
	char hint[96];
	int err = r->o->sort ? table_sort(t, r->o->sort, true) : 0;

	if (err == -ENOENT)
		report_say(r, err, "no column '%s' to sort by%s; there are, for example, %s (--csv: all, in its first line)", r->o->sort,
			   table_hint(t, r->o->sort, hint, sizeof(hint)), some);
	return err;
}

static int sort_and_cut(struct report *r, struct table *t)
{
	int err = report_sort(r, t, r->o->syscalls ? "time, count, errors, mean, max, p99" : "run, nvcsw, nivcsw, wait_p99, wait_max, off_sum");

	if (err)
		return err;
	table_limit(t, r->o->top);
	return 0;
}

static int write_json(const struct report *r, const struct table *main_table, FILE *f)
{
	struct table *t;
	struct json j;
	int err = 0;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "report");
	json_u64(&j, "version", 1);
	report_head_json(r, &j);
	table_write_json(main_table, &j, table_id(main_table));
	t = r->o->syscalls ? report_syscall_classes(r) : NULL;
	if (t)
		table_write_json(t, &j, table_id(t));
	table_free(t);
	t = verify_table(&r->verify);
	if (t)
		table_write_json(t, &j, table_id(t));
	table_free(t);
	t = r->o->hist ? report_hist_table(r) : NULL;
	if (t)
		table_write_json(t, &j, table_id(t));
	table_free(t);
	if (r->hot) {
		json_obj(&j, "hot_spots");
		err = hot_show_json(r->hot, &(struct hot_view){ .kinds = ~0u, .by = HOT_BY_PATH, .top = HOT_SPOTS }, &j);
		json_end(&j);
	}
	json_end(&j);
	return err;
}

/* Of a trace with call paths, beside the tables of tasks. */
static int load_hot(struct report *r)
{
	const struct hot_opts o = { .collector = r->o->collector, .log = r->o->log, .log_ctx = r->o->log_ctx };

	if (r->o->syscalls || r->o->verify || (r->o->out.fmt != TABLE_TEXT && r->o->out.fmt != TABLE_JSON) ||
	    !hot_recorded(r->m) || !model_has_rows(r->m, MMT_TB_STACK) || !strcmp(r->m->path, "-"))
		return 0;
	return hot_load(r->m, &o, &r->hot);
}

static void write_text(const struct report *r, const struct table *main_table, FILE *f)
{
	struct table *t;

	report_head_text(r, f);
	table_write_text(main_table, f, &r->o->out);
	t = r->o->syscalls ? report_syscall_classes(r) : NULL;
	if (t && table_rows(t)) {
		table_limit(t, r->o->top);
		fputc('\n', f);
		table_write_text(t, f, &r->o->out);
	}
	table_free(t);
	t = r->hot ? hot_brief(r->hot, HOT_SPOTS) : NULL;
	if (t && table_rows(t)) {
		fputc('\n', f);
		table_write_text(t, f, &r->o->out);
	}
	table_free(t);
	if (r->o->hist) {
		fputc('\n', f);
		report_hist_text(r, f);
	}
	if (r->o->verify) {
		t = verify_table(&r->verify);
		fputc('\n', f);
		if (t)
			table_write_text(t, f, &r->o->out);
		table_free(t);
	}
}

int report_write(const struct model *m, const struct report_opts *o, FILE *f)
{
	struct report r = { .m = m, .o = o };
	struct table *t = NULL;
	int err;

	err = prepare(&r);
	if (err)
		goto out;
	if (o->faults || o->numa || o->nodes || o->kvm || o->counters) {
		err = o->counters ? report_counters(&r, f) : o->kvm ? report_kvm(&r, f) : o->nodes ? report_nodes(&r, f) : o->numa ? report_numa(&r, f) : report_faults(&r, f);
		goto out;
	}
	t = o->syscalls ? report_syscalls(&r) : o->by == REPORT_CPU ? report_cpus(&r) : report_table(&r);
	err = t ? table_err(t) : -ENOMEM;
	err = err ? err : sort_and_cut(&r, t);
	if (err)
		goto out;
	err = load_hot(&r);
	if (err)
		goto out;
	if (o->out.fmt == TABLE_JSON)
		err = write_json(&r, t, f);
	else if (o->out.fmt == TABLE_TEXT)
		write_text(&r, t, f);
	else if (o->verify) {
		table_free(t);
		t = verify_table(&r.verify);
		if (t)
			table_write(t, f, &o->out);
	} else {
		table_write(t, f, &o->out);
	}
out:
	table_free(t);
	hot_free(r.hot);
	model_groups_free(r.g, r.n);
	sched_events_free(&r.ev);
	metric_ctx_free(&r.ctx);
	return err;
}
