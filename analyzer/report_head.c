// SPDX-License-Identifier: GPL-2.0-only
/* What a report says before its tables: which run, where, how much of it was seen, at what cost. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "report_int.h"

#define MAX_MARKS 12 /* info shows all */

static void meta_part(const struct model *m, FILE *f, const char *label, const char *key, const char *after)
{
	const char *v = model_meta(m, key);

	if (v && *v)
		fprintf(f, "  %s%s%s", label, v, after);
}

static void meta_count(const struct model *m, FILE *f, const char *key, const char *what)
{
	const char *v = model_meta(m, key);

	if (v && *v)
		fprintf(f, "  %s %s%s", v, what, strcmp(v, "1") ? "s" : "");
}

/* Digits in threes, so that a million is seen to be one. */
static const char *grouped(char *buf, size_t size, uint64_t v)
{
	char digits[24];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, v), i;
	size_t k = 0;

	for (i = 0; i < n && k + 2 < size; i++) {
		if (i && (n - i) % 3 == 0)
			buf[k++] = ' ';
		buf[k++] = digits[i];
	}
	buf[k] = '\0';
	return buf;
}

struct coverage {
	bool known;
	uint64_t counted, recorded, lost, shed;
};

static struct coverage coverage(const struct model *m)
{
	struct coverage c = { .known = m->have_cpu_totals && MODEL_HAS(m->cpu_has, MC_SEEN_SWITCH) };
	int i;

	for (i = MC_SEEN_SWITCH; i <= MC_SEEN_MIGRATE; i++)
		c.counted += model_cpu_sum(m, (unsigned int)i);
	for (i = MC_LOST_SWITCH; i <= MC_LOST_MIGRATE; i++)
		c.lost += model_cpu_sum(m, (unsigned int)i);
	c.shed = model_cpu_sum(m, MC_SHED_WAKEUP);
	c.recorded = c.counted - c.lost - (c.shed < c.counted - c.lost ? c.shed : 0);
	return c;
}

static void events_line(const struct report *r, FILE *f)
{
	struct coverage c = coverage(r->m);
	const char *kinds = model_meta(r->m, "events");
	char a[32], b[32];

	if (!c.known)
		return;
	fprintf(f, "events     ");
	if (kinds && !strcmp(kinds, "none")) {
		fprintf(f, "none recorded (totals only): the numbers below do not need them\n");
		return;
	}
	fprintf(f, "%s counted, %s recorded, ", grouped(a, sizeof(a), c.counted), grouped(b, sizeof(b), c.recorded));
	fprintf(f, "%s lost, %s shed", grouped(a, sizeof(a), c.lost), grouped(b, sizeof(b), c.shed));
	if (kinds)
		fprintf(f, " (%s)", kinds);
	fputc('\n', f);
	if (model_cpu_sum(r->m, MC_UNSEEN))
		fprintf(f, "           the kernel did not show %s switches: they are in no number below\n",
			grouped(a, sizeof(a), model_cpu_sum(r->m, MC_UNSEEN)));
}

static void filter_line(const struct report *r, FILE *f)
{
	const char *filter = model_meta(r->m, "filter");

	if (r->m->picked)
		fprintf(f, "only       %s: what is told of tasks is told of theirs\n", r->m->picked);

	if (filter && strcmp(filter, "no"))
		fprintf(f, "filter     on: the numbers below are those of the tasks asked for, not of the machine\n");
}

static void source_line(const struct report *r, FILE *f)
{
	struct coverage c = coverage(r->m);
	uint64_t seen = r->ev.seen[MMT_CLASS_SWITCH] + r->ev.seen[MMT_CLASS_WAKEUP] + r->ev.seen[MMT_CLASS_MIGRATE];

	if (!r->o->events) {
		fprintf(f, "numbers    totals counted in the kernel: exact, whatever was lost of the events\n");
		if (r->m->status.bad_chunks || r->m->status.missing_seq)
			fprintf(f, "           but parts of this trace are damaged or missing: the totals may be too low\n");
		return;
	}
	fprintf(f, "numbers    recomputed from %" PRIu64 " events", seen);
	if (c.known && c.counted)
		fprintf(f, " of %" PRIu64 " counted: coverage %.4f %%%s", c.counted, 100.0 * (double)seen / (double)c.counted,
			seen < c.counted && !c.lost && !c.shed && !r->ev.missing ? ", the rest at the window's edges" : "");
	if (r->ev.disorder)
		fprintf(f, ", %" PRIu64 " out of order", r->ev.disorder);
	fputc('\n', f);
	if (r->ev.missing)
		fprintf(f, "           %" PRIu64 " chunks are damaged or missing: what spans them is left out\n", r->ev.missing);
	if (!r->ev.has_wakeups)
		fprintf(f, "           no wakeups in the stream: run-queue latency is that after preemption only\n");
}

static void overhead_line(const struct report *r, FILE *f)
{
	uint64_t v[MF_N];
	size_t i, cpus = 0;
	double cpu;

	if (!model_footprint(r->m, v))
		return;
	for (i = 0; i < r->m->n_cpus; i++)
		cpus += r->m->cpus[i].online || r->m->cpus[i].ran;
	cpu = (double)(v[MF_USER_NS] + v[MF_SYS_NS]);
	fprintf(f, "overhead   collector %.3f s CPU", cpu / 1e9);
	if (r->m->duration && cpus)
		fprintf(f, " (%.2f %% of %zu CPU%s)", 100 * cpu / ((double)r->m->duration * (double)cpus), cpus,
			cpus == 1 ? "" : "s");
	fprintf(f, ", %.1f MiB memory, %.1f MiB kernel maps\n", (double)v[MF_MAXRSS_KB] / 1024, (double)v[MF_MAP_KB] / 1024);
}

static void latency_line(FILE *f, const char *name, const struct rhist *h)
{
	char mean[32], p50[32], p95[32], p99[32], max[32];

	if (!h->n) {
		fprintf(f, "%-10s never\n", name);
		return;
	}
	table_fmt_sig(mean, sizeof(mean), (double)h->sum / (double)h->n / 1e3, 4, false);
	table_fmt_sig(p50, sizeof(p50), rhist_q(h, 0.50) / 1e3, 4, false);
	table_fmt_sig(p95, sizeof(p95), rhist_q(h, 0.95) / 1e3, 4, false);
	table_fmt_sig(p99, sizeof(p99), rhist_q(h, 0.99) / 1e3, 4, false);
	table_fmt_sig(max, sizeof(max), (double)h->max / 1e3, 4, false);
	fprintf(f, "%-10s %" PRIu64 " times; us: mean %s  p50 %s  p95 %s  p99 %s  max %s\n", name, h->n, mean, p50, p95, p99, max);
}

static void tasks_lines(const struct report *r, const struct model_group *all, FILE *f)
{
	const struct model *m = r->m;
	double s = (double)m->duration / 1e9;
	uint64_t sw = all->v[MT_NVCSW] + all->v[MT_NIVCSW];
	double util;
	const struct metric *u;

	fprintf(f, "switches   %" PRIu64, sw);
	if (s > 0)
		fprintf(f, " (%.0f/s)", (double)sw / s);
	fprintf(f, ": %" PRIu64 " voluntary, %" PRIu64 " involuntary\n", all->v[MT_NVCSW], all->v[MT_NIVCSW]);
	fprintf(f, "migrations %" PRIu64 ": %" PRIu64 " SMT sibling, %" PRIu64 " same LLC, %" PRIu64 " same node, %" PRIu64
		" cross-node\n", model_migrations(all->v), all->v[MT_MIG_SMT], all->v[MT_MIG_LLC], all->v[MT_MIG_NODE],
		all->v[MT_MIG_CROSS]);
	fprintf(f, "run time   %.3f s", (double)all->v[MT_RUN_NS] / 1e9);
	u = metric_find("sched.utilisation");
	if (u && !metric_value(&r->ctx, u, &util) && isfinite(util))
		fprintf(f, "; CPUs busy %.1f %%, idle %.3f s", util, (double)model_cpu_sum(m, MC_IDLE_NS) / 1e9);
	fputc('\n', f);
	latency_line(f, "run queue", &all->wait);
	latency_line(f, "off CPU", &all->off);
}

static void machine_lines(const struct report *r, const struct model_group *all, FILE *f)
{
	if (!r->o->events && !r->m->have_task_totals) {
		fprintf(f, "           no totals in this trace; --events computes them from the events, if it has those\n");
		return;
	}
	tasks_lines(r, all, f);
}

/* What was said of the run while it ran: users' marks with words of their own, such as the steps of balance. */
static void marks_table(const struct report *r, FILE *f)
{
	static const struct table_col cols[] = {
		{ .id = "at_s", .head = "at", .unit = "s", .type = COL_FLOAT, .prec = 3 },
		{ .id = "mark", .head = "mark", .type = COL_TEXT, .max = 24 },
		{ .id = "arg", .head = "says", .type = COL_TEXT, .max = 110 },
	};
	struct table *t = table_new("marks", "Marks", cols, sizeof(cols) / sizeof(cols[0]));
	const struct model *m = r->m;
	size_t i;

	for (i = 0; t && i < m->n_marks; i++) {
		const struct model_mark *k = &m->marks[i];

		if (k->kind != MARK_USER || !*k->arg || !k->selected)
			continue;
		table_f64(t, (double)(k->time - m->marks[0].time) / 1e9);
		table_text(t, k->name);
		table_text(t, k->arg);
	}
	if (t && table_rows(t)) {
		fputc('\n', f);
		table_limit(t, MAX_MARKS);
		table_write_text(t, f, &r->o->out);
	}
	table_free(t);
}

void report_head_text(const struct report *r, FILE *f)
{
	const struct model *m = r->m;
	const struct model_group *all = r->ctx.machine;
	struct model_group sum = { .n_tasks = 0 };
	char buf[256];
	size_t i;
	int k;

	fprintf(f, "run      ");
	meta_part(m, f, "", "run.name", "");
	meta_part(m, f, "", "run.benchmark", "");
	meta_part(m, f, "iteration ", "run.iteration", "");
	if (!model_meta(m, "run.name") && !model_meta(m, "run.benchmark"))
		fprintf(f, "  (recorded)");
	fprintf(f, "\nmachine  ");
	meta_part(m, f, "", "host.name", "");
	meta_part(m, f, "Linux ", "kernel.release", "");
	meta_count(m, f, "cpu.count", "CPU");
	meta_count(m, f, "node.count", "node");
	meta_part(m, f, "", "cpu.model", "");
	fprintf(f, "\nwindow     %s", model_window_name(m, buf, sizeof(buf)));
	if (m->duration)
		fprintf(f, ", %.3f s", (double)m->duration / 1e9);
	fprintf(f, "%s\n", m->open_end ? " (cut short: no mark ends it)" : "");
	events_line(r, f);
	source_line(r, f);
	filter_line(r, f);
	overhead_line(r, f);
	verify_line(&r->verify, buf, sizeof(buf));
	if (*buf)
		fprintf(f, "checked    %s\n", buf);
	for (i = 0; i < m->n_notes; i++)
		if (m->notes[i].level <= 1)
			fprintf(f, "note       %s\n", m->notes[i].text);
	if (r->o->events) {
		all = &sum;
		for (i = 0; i < r->ev.n; i++) {
			if (model_hides(m, r->ev.g[i].task, r->o->collector))
				continue;
			for (k = 0; k < MT_N; k++)
				sum.v[k] += r->ev.g[i].v[k];
			if (rhist_merge(&sum.wait, &r->ev.g[i].wait) || rhist_merge(&sum.off, &r->ev.g[i].off))
				break;
		}
	}
	machine_lines(r, all, f);
	marks_table(r, f);
	rhist_free(&sum.wait);
	rhist_free(&sum.off);
	fputc('\n', f);
}

static void meta_json(const struct model *m, struct json *j)
{
	size_t i;

	json_obj(j, "meta");
	for (i = 0; i < m->n_meta; i++)
		if (model_meta(m, m->meta[i].key) == m->meta[i].value)
			json_str(j, m->meta[i].key, m->meta[i].value);
	json_end(j);
}

void report_head_json(const struct report *r, struct json *j)
{
	const struct model *m = r->m;
	struct coverage c = coverage(m);
	const struct metric *all;
	uint64_t foot[MF_N];
	char buf[128];
	size_t i, n;
	double v;

	meta_json(m, j);
	json_obj(j, "window");
	json_str(j, "name", model_window_name(m, buf, sizeof(buf)));
	json_u64(j, "start_ns", m->t0);
	json_u64(j, "end_ns", m->t1);
	json_u64(j, "duration_ns", m->duration);
	json_bool(j, "cut_short", m->open_end);
	json_end(j);
	if (m->picked)
		json_str(j, "only", m->picked);
	json_str(j, "source", r->o->events ? "events" : "totals");
	if (c.known) {
		json_obj(j, "coverage");
		json_u64(j, "counted", c.counted);
		json_u64(j, "recorded", c.recorded);
		json_u64(j, "lost", c.lost);
		json_u64(j, "shed", c.shed);
		if (r->o->events) {
			json_u64(j, "seen_switch", r->ev.seen[MMT_CLASS_SWITCH]);
			json_u64(j, "seen_wakeup", r->ev.seen[MMT_CLASS_WAKEUP]);
			json_u64(j, "seen_migrate", r->ev.seen[MMT_CLASS_MIGRATE]);
			json_u64(j, "disorder", r->ev.disorder);
		}
		json_end(j);
	}
	if (model_footprint(m, foot)) {
		json_obj(j, "overhead");
		json_u64(j, "user_ns", foot[MF_USER_NS]);
		json_u64(j, "sys_ns", foot[MF_SYS_NS]);
		json_u64(j, "maxrss_kb", foot[MF_MAXRSS_KB]);
		json_u64(j, "map_kb", foot[MF_MAP_KB]);
		json_end(j);
	}
	json_obj(j, "metrics"); /* of the totals, whatever the tables are made from */
	all = metrics_all(&n);
	for (i = 0; i < n; i++)
		if (!metric_value(&r->ctx, &all[i], &v))
			json_num(j, all[i].name, v);
	json_end(j);
	json_arr(j, "notes");
	for (i = 0; i < m->n_notes; i++)
		json_str(j, NULL, m->notes[i].text);
	json_end(j);
}
