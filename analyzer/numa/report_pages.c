// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "pages.h"
#include "report_pages.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define NAME_COL(id_, head_, max_, fl) \
	{ .id = id_, .head = head_, .type = COL_TEXT, .flags = COL_KEY | (fl), .max = max_ }
#define COUNT_COL(id_, head_, group_, fl) { .id = id_, .head = head_, .type = COL_COUNT, .group = group_, .flags = fl }
#define PCT_COL(id_, head_, group_) { .id = id_, .head = head_, .unit = "%", .type = COL_FLOAT, .prec = 1, .group = group_ }
#define MIB_COL(id_, head_, group_) { .id = id_, .head = head_, .unit = "MiB", .type = COL_FLOAT, .prec = 1, .group = group_ }
/* what there is of a task and of a node alike */
#define ALLOC_COLS \
	MIB_COL("alloc_mib", "", "allocated"), PCT_COL("remote_pct", "off-node", "allocated"), \
	COUNT_COL("alloc_local", "local", NULL, COL_NO_TEXT), COUNT_COL("alloc_remote", "remote", NULL, COL_NO_TEXT), \
	COUNT_COL("allocs_local", "local", NULL, COL_NO_TEXT), COUNT_COL("allocs_remote", "remote", NULL, COL_NO_TEXT), \
	COUNT_COL("hint", "", "hint faults", COL_HIDE_EMPTY), \
	{ .id = "hint_remote_pct", .head = "remote", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "hint faults", \
	  .flags = COL_HIDE_EMPTY }, \
	COUNT_COL("hint_local", "local", NULL, COL_NO_TEXT), COUNT_COL("hint_remote", "remote", NULL, COL_NO_TEXT), \
	COUNT_COL("hint_pages", "pages", NULL, COL_NO_TEXT), \
	COUNT_COL("hint_pages_text", "pages", "hint faults", COL_ONLY_TEXT | COL_HIDE_EMPTY), COUNT_COL("moved", "moved", "balancing", COL_HIDE_EMPTY), \
	COUNT_COL("swapped", "swapped", "balancing", COL_HIDE_EMPTY), COUNT_COL("stuck", "stuck", "balancing", COL_HIDE_EMPTY)
#define MIGRATED_COLS \
	COUNT_COL("cross_node", "times", "to other nodes", COL_HIDE_EMPTY), \
	{ .id = "cross_distance", .head = "distance", .unit = "x", .type = COL_FLOAT, .prec = 2, .group = "to other nodes", \
	  .flags = COL_HIDE_EMPTY }, \
	COUNT_COL("migrated", "", "migrated", COL_HIDE_EMPTY), COUNT_COL("failed", "failed", "migrated", COL_HIDE_EMPTY), \
	COUNT_COL("balanced", "balanced", NULL, COL_NO_TEXT)

static const struct table_col task_cols[] = {
	NAME_COL("task", "task", 15, 0), COUNT_COL("tid", "tid", NULL, COL_KEY), COUNT_COL("epoch", "epoch", NULL, COL_NO_TEXT),
	ALLOC_COLS, MIGRATED_COLS,
};
static const struct table_col process_cols[] = {
	NAME_COL("process", "process", 15, 0), COUNT_COL("pid", "pid", NULL, COL_KEY), COUNT_COL("tasks", "tasks", NULL, COL_NO_TEXT),
	ALLOC_COLS, MIGRATED_COLS,
};
static const struct table_col comm_cols[] = {
	NAME_COL("comm", "name", 15, 0), COUNT_COL("tasks", "tasks", NULL, 0), ALLOC_COLS, MIGRATED_COLS,
};
static const struct table_col cgroup_cols[] = {
	NAME_COL("cgroup", "cgroup", 24, COL_TAIL), COUNT_COL("tasks", "tasks", NULL, 0), ALLOC_COLS, MIGRATED_COLS,
};
static const struct table_col machine_cols[] = {
	NAME_COL("machine", "", 0, 0), COUNT_COL("tasks", "tasks", NULL, 0), ALLOC_COLS, MIGRATED_COLS,
};

static const struct { const struct table_col *cols; size_t n; const char *title; enum model_by by; } shapes[] = {
	[REPORT_TASK] = { task_cols, N(task_cols), "Pages allocated and moved, by task", BY_TASK },
	[REPORT_PROCESS] = { process_cols, N(process_cols), "Pages allocated and moved, by process", BY_PROCESS },
	[REPORT_COMM] = { comm_cols, N(comm_cols), "Pages allocated and moved, by task name", BY_COMM },
	[REPORT_CGROUP] = { cgroup_cols, N(cgroup_cols), "Pages allocated and moved, by cgroup", BY_CGROUP },
	[REPORT_MACHINE] = { machine_cols, N(machine_cols), "Pages allocated and moved", BY_MACHINE },
};

/* MiB of a page; NaN: its size is not known. */
static double page_mib(const struct model *m)
{
	const char *v = model_meta(m, "page.kb");
	uint64_t kb = v ? strtoull(v, NULL, 10) : 0;

	return kb ? (double)kb / 1024 : (double)NAN;
}

static void put_mib(struct table *t, const struct model *m, uint64_t pages)
{
	double mib = page_mib(m) * (double)pages;

	if (isnan(mib))
		table_none(t);
	else
		table_f64(t, mib);
}

static void put_share(struct table *t, uint64_t part, uint64_t rest)
{
	if (part + rest)
		table_f64(t, 100 * (double)part / (double)(part + rest));
	else
		table_none(t);
}

static void put_n(struct table *t, bool known, uint64_t v)
{
	if (known)
		table_u64(t, v);
	else
		table_none(t);
}

static void put_alloc(struct table *t, const struct model *m, const uint64_t v[NP_N])
{
	bool hint = !numa_pages_lack(m, "numa.hint"), pages = numa_hint_by_pages(m), moves = !numa_pages_lack(m, "numa.balancing");

	put_mib(t, m, v[NP_LOCAL] + v[NP_REMOTE]);
	put_share(t, v[NP_REMOTE], v[NP_LOCAL]);
	table_u64(t, v[NP_LOCAL]);
	table_u64(t, v[NP_REMOTE]);
	table_u64(t, v[NP_LOCAL_N]);
	table_u64(t, v[NP_REMOTE_N]);
	put_n(t, hint, v[NP_HINT_LOCAL] + v[NP_HINT_REMOTE]);
	if (isnan(numa_hint_off(m, v)))
		table_none(t);
	else
		table_f64(t, numa_hint_off(m, v));
	put_n(t, hint, v[NP_HINT_LOCAL]);
	put_n(t, hint, v[NP_HINT_REMOTE]);
	put_n(t, hint || pages, v[NP_HINT_PAGES]);
	put_n(t, pages, v[NP_HINT_PAGES]);
	put_n(t, moves, v[NP_MOVED]);
	put_n(t, moves, v[NP_SWAPPED]);
	put_n(t, moves, v[NP_STUCK]);
}

/* ---------------------------------------------------------------- tables */

static void put_name(struct table *t, const struct report *r, const struct numa_pages_group *g)
{
	const char *comm = g->task ? g->task->comm : "(others)", *path;

	switch (r->o->by) {
	case REPORT_TASK:
		table_text(t, comm);
		put_n(t, g->task, g->task ? g->task->tid : 0);
		table_u64(t, g->id);
		return;
	case REPORT_PROCESS:
		table_text(t, comm);
		put_n(t, g->task, g->id);
		break;
	case REPORT_COMM:
		table_text(t, comm);
		break;
	case REPORT_CGROUP:
		path = g->id ? model_cgroup_path(r->m, g->id) : "(unknown)";
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

static struct table *groups_table(const struct report *r)
{
	struct table *t = table_new("numa_pages", shapes[r->o->by].title, shapes[r->o->by].cols, shapes[r->o->by].n);
	bool migrate = !numa_pages_lack(r->m, "numa.migrate"), tasks = !numa_pages_lack(r->m, "numa.tasks");
	struct numa_pages_group *g;
	size_t i, n;

	if (!t || numa_pages_group(r->m, shapes[r->o->by].by, r->o->collector, &g, &n)) {
		table_free(t);
		return NULL;
	}
	for (i = 0; i < n; i++) {
		put_name(t, r, &g[i]);
		put_alloc(t, r->m, g[i].v);
		put_n(t, tasks, g[i].far.count);
		if (isnan(numa_far_mean(&g[i].far)))
			table_none(t);
		else
			table_f64(t, numa_far_mean(&g[i].far));
		put_n(t, migrate, g[i].ok);
		put_n(t, migrate, g[i].failed);
		put_n(t, migrate, g[i].balanced);
	}
	free(g);
	return t;
}

static bool shown(const struct report *r, uint64_t epoch)
{
	return !model_hides(r->m, epoch ? model_task(r->m, epoch) : NULL, r->o->collector);
}

static struct table *nodes_table(const struct report *r)
{
	static const struct table_col cols[] = {
		COUNT_COL("node", "node", NULL, COL_KEY), ALLOC_COLS, COUNT_COL("migrated_from", "from", "migrated", COL_HIDE_EMPTY),
		COUNT_COL("migrated_to", "to", "migrated", COL_HIDE_EMPTY),
	};
	struct table *t = table_new("numa_pages_nodes", "Pages allocated and moved, by node", cols, N(cols));
	const struct numa_pages *p = r->m->numa_pages;
	bool nodes = !numa_pages_lack(r->m, "numa.migrate.nodes");
	size_t i, k;
	int c;

	for (i = 0; t && i < r->m->n_nodes; i++) {
		uint64_t v[NP_N] = { 0 }, from = 0, to = 0;
		uint32_t node = r->m->nodes[i].node;

		for (k = 0; p && k < p->n_use; k++)
			for (c = 0; p->use[k].node == node && shown(r, p->use[k].epoch) && c < NP_N; c++)
				v[c] += p->use[k].v[c];
		for (k = 0; p && k < p->n_moves; k++) {
			if (!shown(r, p->moves[k].epoch))
				continue;
			from += p->moves[k].from == node ? p->moves[k].ok : 0;
			to += p->moves[k].to == node ? p->moves[k].ok : 0;
		}
		table_u64(t, node);
		put_alloc(t, r->m, v);
		put_n(t, nodes, from);
		put_n(t, nodes, to);
	}
	return t;
}

static int cmp_kind(const void *a, const void *b)
{
	const struct numa_move *x = a, *y = b;
	int c = strcmp(x->reason, y->reason);

	return c ? c : x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

static struct table *moves_table(const struct report *r)
{
	static const struct table_col cols[] = {
		NAME_COL("reason", "reason", 0, 0), COUNT_COL("from", "from", "node", COL_KEY), COUNT_COL("to", "to", "node", COL_KEY),
		COUNT_COL("migrated", "pages", NULL, 0), MIB_COL("migrated_mib", "", NULL), COUNT_COL("failed", "failed", NULL, 0),
	};
	struct table *t = table_new("numa_migrations", "Pages migrated, by reason", cols, N(cols));
	const struct numa_pages *p = r->m->numa_pages;
	struct numa_move *v = calloc((p ? p->n_moves : 0) + 1, sizeof(*v)), sum;
	size_t i, n = 0;

	for (i = 0; v && p && i < p->n_moves; i++)
		if (shown(r, p->moves[i].epoch))
			v[n++] = p->moves[i];
	if (!t || !v) {
		table_free(t);
		free(v);
		return NULL;
	}
	qsort(v, n, sizeof(*v), cmp_kind);
	for (i = 0; i < n;) {
		for (sum = v[i++]; i < n && !cmp_kind(&sum, &v[i]); i++) {
			sum.ok += v[i].ok;
			sum.failed += v[i].failed;
		}
		table_text(t, sum.reason);
		put_n(t, sum.from != NUMA_NO_NODE, sum.from);
		put_n(t, sum.to != NUMA_NO_NODE, sum.to);
		table_u64(t, sum.ok);
		put_mib(t, r->m, sum.ok);
		table_u64(t, sum.failed);
	}
	table_sort(t, "migrated", true);
	free(v);
	return t;
}

static int cmp_hop(const void *a, const void *b)
{
	const struct numa_hop *x = a, *y = b;

	return x->from != y->from ? (x->from < y->from ? -1 : 1) : (x->to > y->to) - (x->to < y->to);
}

/* The distance as the firmware tells it, of a row of table node. */
static void put_distance(struct table *t, const struct model *m, uint32_t from, uint32_t to)
{
	size_t i;

	for (i = 0; i < m->n_nodes && m->nodes[i].node != from; i++)
		;
	put_n(t, i < m->n_nodes && to < m->nodes[i].n_distance, i < m->n_nodes && to < m->nodes[i].n_distance ? m->nodes[i].distance[to] : 0);
}

static struct table *hops_table(const struct report *r)
{
	static const struct table_col cols[] = {
		COUNT_COL("from", "from", "node", COL_KEY), COUNT_COL("to", "to", "node", COL_KEY),
		COUNT_COL("distance", "distance", NULL, 0), COUNT_COL("migrations", "migrations", NULL, 0), PCT_COL("migrations_pct", "", NULL),
	};
	struct table *t = table_new("numa_task_migrations", "Migrations of tasks between nodes", cols, N(cols));
	const struct numa_hops *h = r->m->numa_hops;
	struct numa_hop *v = calloc((h ? h->n : 0) + 1, sizeof(*v)), sum;
	uint64_t all = 0;
	size_t i, n = 0;

	for (i = 0; v && h && i < h->n; i++) {
		if (!shown(r, h->v[i].epoch))
			continue;
		v[n++] = h->v[i];
		all += h->v[i].count;
	}
	if (!t || !v) {
		table_free(t);
		free(v);
		return NULL;
	}
	qsort(v, n, sizeof(*v), cmp_hop);
	for (i = 0; i < n;) {
		for (sum = v[i++]; i < n && !cmp_hop(&sum, &v[i]); i++)
			sum.count += v[i].count;
		table_u64(t, sum.from);
		table_u64(t, sum.to);
		put_distance(t, r->m, sum.from, sum.to);
		table_u64(t, sum.count);
		put_share(t, sum.count, all - sum.count);
	}
	table_sort(t, "migrations", true);
	free(v);
	return t;
}

int report_pages_tables(const struct report *r, struct table *t[REPORT_PAGES_TABLES])
{
	int i, err = 0;

	t[0] = groups_table(r);
	t[1] = nodes_table(r);
	t[2] = moves_table(r);
	t[3] = hops_table(r);
	for (i = 0; i < REPORT_PAGES_TABLES && !err; i++)
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	return err;
}

/* ---------------------------------------------------------------- head */

static const struct { const char *part, *what; } parts[] = {
	{ "numa.hint", "hint faults by task and node" }, { "numa.hint.pages", "pages of hint faults" }, { "numa.migrate", "migrated pages" },
	{ "numa.migrate.nodes", "nodes of migrated pages" }, { "numa.balancing", "moves of tasks by balancing" }, { "numa.tasks", "tasks that change node" },
};

static double value(const struct model *m, enum numa_pages_what what)
{
	double v;

	return numa_pages_metric(m, what, &v) ? (double)NAN : v;
}

/* The machine's, where tasks have none. */
static void hint_text(const struct model *m, FILE *f)
{
	uint64_t all;

	if (!model_counter(m, "proc.vmstat", "numa_hint_faults", -1, &all) && all)
		fprintf(f, "hint       %" PRIu64 " NUMA hint faults, by /proc/vmstat; %.1f %% of them on memory of another node\n", all,
			value(m, NUMA_HINT_REMOTE_SHARE));
	if (!numa_hint_by_pages(m) || !(value(m, NUMA_HINT_PAGES) > 0))
		return;
	fprintf(f, "           by task: hint faults on %.0f pages, from what NUMA balancing keeps of tasks;\n", value(m, NUMA_HINT_PAGES));
	fprintf(f, "           for %.1f %% of these pages it is known if they were off-node\n", value(m, NUMA_HINT_SPLIT));
}

void report_pages_text(const struct report *r, FILE *f)
{
	const struct model *m = r->m;
	double pages = value(m, NUMA_PAGES), mib = page_mib(m), moved = value(m, NUMA_MIGRATED), hops = value(m, NUMA_TASKS_CROSS);
	size_t i, k;

	fprintf(f, "pages      %.0f allocated", pages);
	if (!isnan(mib))
		fprintf(f, " (%.1f MiB)", pages * mib);
	if (pages > 0)
		fprintf(f, "; %.2f %% off-node", value(m, NUMA_PAGES_REMOTE_SHARE));
	fputc('\n', f);
	hint_text(m, f);
	if (moved > 0 || value(m, NUMA_MIGRATED_FAILED) > 0)
		fprintf(f, "migrated   %.0f pages, of these %.0f by NUMA balancing; %.0f failed\n", moved,
			value(m, NUMA_MIGRATED_BALANCING), value(m, NUMA_MIGRATED_FAILED));
	if (hops > 0) {
		fprintf(f, "tasks      %.0f cross-node migrations", hops);
		if (!isnan(value(m, NUMA_TASKS_DISTANCE)))
			fprintf(f, ", mean distance %.2f x local", value(m, NUMA_TASKS_DISTANCE));
		fputc('\n', f);
	}
	/* parts that lack for the same reason go together */
	for (i = 0; i < N(parts); i++) {
		const char *why = numa_pages_lack(m, parts[i].part), *other;

		for (k = 0; why && k < i; k++) {
			other = numa_pages_lack(m, parts[k].part);
			if (other && !strcmp(why, other))
				why = NULL;
		}
		if (!why)
			continue;
		fprintf(f, "missing    %s", parts[i].what);
		for (k = i + 1; k < N(parts); k++) {
			other = numa_pages_lack(m, parts[k].part);
			if (other && !strcmp(why, other))
				fprintf(f, ", %s", parts[k].what);
		}
		fprintf(f, ": %s\n", why);
	}
}

void report_pages_json(const struct report *r, struct json *j)
{
	static const struct { const char *name; enum numa_pages_what what; } v[] = {
		{ "alloc_pages", NUMA_PAGES }, { "alloc_remote_pages", NUMA_PAGES_REMOTE }, { "alloc_remote_pct", NUMA_PAGES_REMOTE_SHARE },
		{ "hint_remote_pct", NUMA_HINT_REMOTE_SHARE }, { "migrated_pages", NUMA_MIGRATED },
		{ "balanced_pages", NUMA_MIGRATED_BALANCING }, { "failed_pages", NUMA_MIGRATED_FAILED },
		{ "tasks_moved", NUMA_TASKS_MOVED }, { "tasks_stuck", NUMA_TASKS_STUCK }, { "cross_node", NUMA_TASKS_CROSS },
		{ "cross_distance", NUMA_TASKS_DISTANCE },
	};
	double x;
	size_t i;

	json_obj(j, "pages");
	for (i = 0; i < N(v); i++)
		if (!numa_pages_metric(r->m, v[i].what, &x))
			json_num(j, v[i].name, x);
	json_obj(j, "not_available");
	for (i = 0; i < N(parts); i++)
		if (numa_pages_lack(r->m, parts[i].part))
			json_str(j, parts[i].part, numa_pages_lack(r->m, parts[i].part));
	json_end(j);
	json_end(j);
}
