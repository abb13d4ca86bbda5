// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "kvm/verify_kvm.h"
#include "numa/verify_pages.h"

static const char edge_machine[] =
	"read one after the other at each mark: what switched in between is in one of them only";
static const char edge_perf[] =
	"read CPU by CPU right after our cut: what happened in between, the collector's own part included, is in one only";
static const char edge_moves[] = "perf counts a task that is moved several times before it runs once; and the collector's own "
				 "moves between the two readings are in one only";
static const char edge_hotplug[] =
	"CPUs went offline or came while recording: perf counts nothing there from then on, ours does";
static const char edge_clock[] = "perf's task clock runs from reading to reading, our times from cut to cut";
static const char edge_task[] = "read task by task after our cut; a switch in between is on one side of the mark for the "
				"kernel, on the other for us";
static const char edge_life[] = "whole lives inside the window, so there is no edge";

struct verify_row *verify_add(struct verify *v, const char *what, const char *source, const char *unit, const char *edge)
{
	struct verify_row *r;

	if (v->n == VERIFY_MAX)
		return NULL;
	r = &v->row[v->n++];
	memset(r, 0, sizeof(*r));
	r->what = what;
	r->source = source;
	r->unit = unit;
	r->edge = edge;
	return r;
}

static uint64_t absdiff(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool filtered(const struct model *m)
{
	const char *v = m->picked ? "yes" : model_meta(m, "filter");

	return v && !strcmp(v, "yes");
}

/* perf's counters of a CPU end with it */
static const char *perf_edge(const struct model *m, const char *edge)
{
	const char *v = model_meta(m, "cpus.changed");

	return v && !strcmp(v, "yes") ? edge_hotplug : edge;
}

static void machine_rows(const struct model *m, const struct model_group *all, struct verify *v)
{
	struct verify_row *r;
	uint64_t k;

	if (m->have_cpu_totals && MODEL_HAS(m->cpu_has, MC_SWITCHES)) {
		if (!model_counter(m, "proc.stat", "ctxt", -1, &k)) {
			r = verify_add(v, "context switches", "/proc/stat", "count", edge_machine);
			r->ours = model_cpu_sum(m, MC_SWITCHES);
			r->kernel = k;
		}
		if (!model_counter(m, "perf.sw", "context-switches", MODEL_ALL_SCOPES, &k)) {
			r = verify_add(v, "context switches", "perf", "count", perf_edge(m, edge_perf));
			r->ours = model_cpu_sum(m, MC_SWITCHES);
			r->kernel = k;
		}
	}
	if (m->have_cpu_totals && !model_counter(m, "perf.sw", "cpu-migrations", MODEL_ALL_SCOPES, &k)) {
		r = verify_add(v, "migrations", "perf", "count", perf_edge(m, edge_moves));
		r->ours = model_cpu_sum(m, MC_MIG_SMT) + model_cpu_sum(m, MC_MIG_LLC) + model_cpu_sum(m, MC_MIG_NODE) +
			  model_cpu_sum(m, MC_MIG_CROSS);
		r->kernel = k;
	}
	if (m->have_cpu_totals && !model_counter(m, "perf.sw", "task-clock", MODEL_ALL_SCOPES, &k)) {
		r = verify_add(v, "busy + idle time", "perf task-clock", "ns", perf_edge(m, edge_clock));
		r->ours = model_cpu_sum(m, MC_BUSY_NS) + model_cpu_sum(m, MC_IDLE_NS);
		r->kernel = k;
	}
	/* a filter keeps tasks out of their totals: then the sums need not meet */
	if (m->have_cpu_totals && m->have_task_totals && !filtered(m)) {
		r = verify_add(v, "switches of tasks", "CPU totals", "count",
			"the same switches counted by task and by CPU: they must be equal");
		r->ours = all->v[MT_NVCSW] + all->v[MT_NIVCSW];
		r->kernel = model_cpu_sum(m, MC_NVCSW) + model_cpu_sum(m, MC_NIVCSW);
		r = verify_add(v, "run time of tasks", "CPU totals", "ns",
			"the same time counted by task and by CPU, cut at slightly different instants");
		r->ours = all->v[MT_RUN_NS];
		r->kernel = model_cpu_sum(m, MC_BUSY_NS);
	}
}

/* Page faults of the tasks, the collector's too, against those of the machine. */
static void fault_rows(const struct model *m, struct verify *v)
{
	struct verify_row *r;
	uint64_t sum[FT_N] = { 0 }, k;
	size_t i;
	int c;

	if (!faults_recorded(m, false) || filtered(m))
		return;
	for (i = 0; m->faults && i < m->faults->n_sums; i++)
		for (c = 0; c < FT_N; c++)
			sum[c] += m->faults->sums[i].v[c];
	if (!model_counter(m, "proc.vmstat", "pgfault", -1, &k)) {
		r = verify_add(v, "page faults", "/proc/vmstat", "count",
			"it counts faults that failed too, is gathered by CPU, and is read after our cut");
		if (r) {
			r->ours = sum[FT_MINOR] + sum[FT_MAJOR];
			r->kernel = k;
		}
	}
	if (faults_recorded(m, true) && !model_counter(m, "perf.sw", "page-faults", MODEL_ALL_SCOPES, &k)) {
		r = verify_add(v, "page faults raised", "perf", "count",
			"ours are counted first: perf leaves out those that the kernel meets where it may not wait");
		if (r) {
			r->ours = faults_sum(sum, FT_RAISED);
			r->kernel = k;
		}
	}
}

static void take(struct verify_row *r, const struct model_task *t, uint64_t ours, uint64_t kernel)
{
	uint64_t d = absdiff(ours, kernel);

	r->ours += ours;
	r->kernel += kernel;
	r->compared++;
	if (d > r->worst) {
		r->worst = d;
		r->worst_task = t->comm;
	}
}

/* Was the task born inside the window? Its first event may come long after its birth. */
static bool born_inside(const struct model *m, const struct model_task *t)
{
	const struct model_clock *c = m->n_clocks ? &m->clocks[0] : NULL;

	return t->first >= m->t0 && (!c || !t->start || t->start - c->boot + c->time >= m->t0);
}

/* Tasks born and dead inside the window: the kernel's own count over their whole life. */
static void life_rows(const struct model *m, const struct model_group *g, size_t n, struct verify *v)
{
	struct verify_row *r[4];
	size_t i;

	r[0] = verify_add(v, "voluntary switches", "kernel, at death", "count", edge_life);
	r[1] = verify_add(v, "involuntary switches", "kernel, at death", "count", edge_life);
	r[2] = verify_add(v, "run time", "kernel, at death", "ns", edge_life);
	r[3] = verify_add(v, "migrations", "kernel, at death", "count",
		   "whole lives inside the window; the kernel also counts moves of a task that is not yet running");
	if (!r[3])
		return;
	for (i = 0; i < n; i++) {
		const struct model_task *t = g[i].task;

		if (!t->known || !t->last || !born_inside(m, t) || t->last > m->t1 || t->flags & TASK_INCOMPLETE || !t->k_run_ns)
			continue;
		take(r[0], t, g[i].v[MT_NVCSW], t->k_nvcsw);
		take(r[1], t, g[i].v[MT_NIVCSW], t->k_nivcsw);
		take(r[2], t, g[i].v[MT_RUN_NS], t->k_run_ns);
		take(r[3], t, model_migrations(g[i].v), t->k_migrations);
	}
	if (!r[0]->compared)
		v->n -= 4;
}

struct pair { uint64_t begin, end; bool has_begin, has_end; };

/* The two ends of a counter of a task, collected in one pass over the samples. */
static int task_counter(const struct model *m, const char *name, struct pair *p)
{
	uint64_t first = 0, last = 0;
	bool any = false;
	size_t i;

	memset(p, 0, m->n_tasks * sizeof(*p));
	for (i = 0; i < m->n_marks; i++) {
		if (m->marks[i].selected && !any) {
			first = m->marks[i].seq;
			any = true;
		}
		if (!m->marks[i].selected && i && m->marks[i - 1].selected)
			last = m->marks[i].seq;
	}
	if (!any || !last)
		return -ENODATA;
	for (i = 0; i < m->n_samples; i++) {
		const struct model_sample *s = &m->samples[i];
		uint32_t at;

		if ((s->segment != first && s->segment != last) || strcmp(m->names[s->name], name) ||
		    strcmp(m->names[s->source], "proc.task"))
			continue;
		at = u64map_get(&m->by_epoch, (uint64_t)s->scope);
		if (at == U64MAP_NONE)
			continue;
		if (s->segment == first) {
			p[at].begin = s->value;
			p[at].has_begin = true;
		} else {
			p[at].end = s->value;
			p[at].has_end = true;
		}
	}
	return 0;
}

static void task_row(const struct model *m, const struct model_group *g, size_t n, const char *name, int col,
		     const char *what, struct pair *p, struct verify *v)
{
	struct verify_row *r;
	size_t i;

	if (task_counter(m, name, p))
		return;
	r = verify_add(v, what, "/proc task status", "count", edge_task);
	if (!r)
		return;
	for (i = 0; i < n; i++) {
		const struct pair *x = &p[g[i].task - m->tasks];

		if (x->has_begin && x->has_end && x->end >= x->begin)
			take(r, g[i].task, g[i].v[col], x->end - x->begin);
	}
	if (!r->compared)
		v->n--;
}

int verify_model(const struct model *m, struct verify *v)
{
	struct model_group *all = NULL, *g = NULL;
	size_t n_all = 0, n = 0;
	struct pair *p = calloc(m->n_tasks + 1, sizeof(*p));
	int err = -ENOMEM;

	v->n = v->n_notes = 0;
	if (!p)
		return err;
	err = model_group(m, BY_MACHINE, true, &all, &n_all);
	err = err ? err : model_group(m, BY_TASK, true, &g, &n);
	if (!err) {
		machine_rows(m, all, v);
		fault_rows(m, v);
		if (!filtered(m))
			verify_pages(m, v);
		err = verify_kvm(m, v);
	}
	if (!err) {
		life_rows(m, g, n, v);
		task_row(m, g, n, "nvcsw", MT_NVCSW, "voluntary switches", p, v);
		task_row(m, g, n, "nivcsw", MT_NIVCSW, "involuntary switches", p, v);
	}
	model_groups_free(all, n_all);
	model_groups_free(g, n);
	free(p);
	return err;
}

void verify_note(struct verify *v, const char *fmt, ...)
{
	va_list ap;

	if (v->n_notes == VERIFY_NOTES)
		return;
	va_start(ap, fmt);
	vsnprintf(v->note[v->n_notes++], sizeof(v->note[0]), fmt, ap);
	va_end(ap);
}

void verify_line(const struct verify *v, char *buf, size_t size)
{
	const struct verify_row *best = NULL, *mig = NULL;
	size_t i;
	int n;

	for (i = 0; i < v->n; i++) {
		if (!best && !strcmp(v->row[i].what, "context switches"))
			best = &v->row[i];
		if (!mig && !v->row[i].compared && !strcmp(v->row[i].what, "migrations"))
			mig = &v->row[i];
	}
	*buf = '\0';
	if (!best)
		return;
	n = snprintf(buf, size, "%" PRIu64 " switches, %s %" PRIu64 " (%+" PRId64 ")", best->ours, best->source, best->kernel,
		     (int64_t)(best->ours - best->kernel));
	if (mig && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "; %" PRIu64 " migrations, perf %" PRIu64 " (%+" PRId64 ")", mig->ours,
			 mig->kernel, (int64_t)(mig->ours - mig->kernel));
}

static void put_compared(struct table *t, const struct verify_row *r, bool vms)
{
	if (r->compared && r->vms == vms)
		table_u64(t, r->compared);
	else
		table_none(t);
}

struct table *verify_table(const struct verify *v)
{
	static const struct table_col cols[] = {
		{ .id = "what", .head = "what", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "source", .head = "against", .type = COL_TEXT },
		{ .id = "unit", .head = "unit", .type = COL_TEXT, .flags = COL_HIDE_EMPTY },
		{ .id = "ours", .head = "ours", .type = COL_COUNT },
		{ .id = "kernel", .head = "theirs", .type = COL_COUNT },
		{ .id = "difference", .head = "diff", .type = COL_FLOAT, .flags = COL_SIGN },
		{ .id = "tasks", .head = "tasks", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
		{ .id = "worst", .head = "worst", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "worst_task", .head = "of task", .type = COL_TEXT, .flags = COL_NO_TEXT },
		{ .id = "edge", .head = "edge", .type = COL_TEXT, .flags = COL_NO_TEXT },
		{ .id = "vms", .head = "VMs", .type = COL_COUNT, .flags = COL_HIDE_EMPTY },
	};
	struct table *t = table_new("verify", "Checked against the kernel's own counters", cols, sizeof(cols) / sizeof(cols[0]));
	size_t i, k;

	if (!t)
		return NULL;
	for (i = 0; i < v->n; i++) {
		const struct verify_row *r = &v->row[i];

		table_text(t, r->what);
		table_text(t, r->source);
		table_text(t, r->unit);
		table_u64(t, r->ours);
		table_u64(t, r->kernel);
		table_f64(t, (double)(int64_t)(r->ours - r->kernel));
		put_compared(t, r, false);
		if (r->compared)
			table_u64(t, r->worst);
		else
			table_none(t);
		table_text(t, r->worst_task);
		table_text(t, r->edge);
		put_compared(t, r, true);
	}
	for (i = 0; i < v->n; i++) {
		for (k = 0; k < i && v->row[k].edge != v->row[i].edge; k++)
			;
		if (k == i)
			table_note(t, "%s, %s: %s", v->row[i].what, v->row[i].source, v->row[i].edge);
		if (v->row[i].worst)
			table_note(t, "%s, %s: largest difference of one %s %" PRIu64 " (%s)", v->row[i].what, v->row[i].source,
				   v->row[i].vms ? "VM" : "task", v->row[i].worst, v->row[i].worst_task);
	}
	for (i = 0; i < v->n_notes; i++)
		table_note(t, "%s", v->note[i]);
	if (!v->n)
		table_note(t, "nothing to check with: the trace has no kernel counters at both ends of the window");
	return t;
}
