// SPDX-License-Identifier: GPL-2.0-only
/* report --faults: who faults, and by the samples from where and on which addresses. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "report_int.h"
#include "symbols/sym_trace.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define REGION_PAGES (1u << (FAULT_REGION_BITS - 12))
#define Z95 1.959964
#define N_TABLES 4 /* totals, latency, instructions, addresses */

#define NAME_COL(id_, head_, max_, fl) \
	{ .id = id_, .head = head_, .type = COL_TEXT, .flags = COL_KEY | (fl), .max = max_ }
#define NUMBERS \
	{ .id = "minor", .head = "minor", .type = COL_COUNT }, \
	{ .id = "major", .head = "major", .type = COL_COUNT }, \
	{ .id = "user", .head = "user", .type = COL_COUNT, .group = "raised" }, \
	{ .id = "kernel", .head = "kernel", .type = COL_COUNT, .group = "raised" }, \
	{ .id = "read_pct", .head = "read", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "of these" }, \
	{ .id = "write_pct", .head = "write", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "of these" }, \
	{ .id = "exec_pct", .head = "exec", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "of these" }, \
	{ .id = "prot_pct", .head = "prot", .unit = "%", .type = COL_FLOAT, .prec = 1, .group = "of these" }, \
	{ .id = "read", .head = "read", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "write", .head = "write", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "exec", .head = "exec", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "protection", .head = "protection", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "kernel_addr", .head = "kaddr", .type = COL_COUNT, .flags = COL_HIDE_EMPTY }

static const struct table_col task_cols[] = {
	NAME_COL("task", "task", 15, 0), { .id = "tid", .head = "tid", .type = COL_COUNT, .flags = COL_KEY },
	{ .id = "epoch", .head = "epoch", .type = COL_COUNT, .flags = COL_NO_TEXT }, NUMBERS,
};
static const struct table_col process_cols[] = {
	NAME_COL("process", "process", 15, 0), { .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_KEY },
	{ .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col comm_cols[] = {
	NAME_COL("comm", "name", 15, 0), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col cgroup_cols[] = {
	NAME_COL("cgroup", "cgroup", 24, COL_TAIL), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};
static const struct table_col machine_cols[] = {
	NAME_COL("machine", "", 0, 0), { .id = "tasks", .head = "tasks", .type = COL_COUNT }, NUMBERS,
};

static const struct { const struct table_col *cols; size_t n; const char *title; enum model_by by; } shapes[] = {
	[REPORT_TASK] = { task_cols, N(task_cols), "Page faults by task", BY_TASK },
	[REPORT_PROCESS] = { process_cols, N(process_cols), "Page faults by process", BY_PROCESS },
	[REPORT_COMM] = { comm_cols, N(comm_cols), "Page faults by task name", BY_COMM },
	[REPORT_CGROUP] = { cgroup_cols, N(cgroup_cols), "Page faults by cgroup", BY_CGROUP },
	[REPORT_CPU] = { NULL, 0, NULL, BY_MACHINE },
	[REPORT_MACHINE] = { machine_cols, N(machine_cols), "Page faults of the machine", BY_MACHINE },
};

static void names(struct table *t, const struct report *r, const struct fault_group *g)
{
	const char *path;

	switch (r->o->by) {
	case REPORT_TASK:
		table_text(t, g->task ? g->task->comm : "(others)");
		table_u64(t, g->task ? g->task->tid : 0);
		table_u64(t, g->id);
		return;
	case REPORT_PROCESS:
		table_text(t, g->task ? g->task->comm : "(others)");
		table_u64(t, g->id);
		break;
	case REPORT_COMM:
		table_text(t, g->task ? g->task->comm : "(others)");
		break;
	case REPORT_CGROUP:
		path = model_cgroup_path(r->m, g->id);
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

/* Without kinds their cells are missing, not 0. */
static void numbers(struct table *t, const struct fault_group *g, bool kinds)
{
	static const unsigned int shares[] = { FT_READ, FT_WRITE, FT_EXEC, FT_PROT };
	uint64_t all = faults_sum(g->v, FT_RAISED);
	size_t i;

	table_u64(t, g->v[FT_MINOR]);
	table_u64(t, g->v[FT_MAJOR]);
	if (!kinds) {
		for (i = 0; i < 2 + 2 * N(shares) + 1; i++)
			table_none(t);
		return;
	}
	table_u64(t, faults_sum(g->v, FT_USER));
	table_u64(t, faults_sum(g->v, FT_KERNEL));
	for (i = 0; i < N(shares); i++)
		table_f64(t, all ? 100.0 * (double)faults_sum(g->v, shares[i]) / (double)all : (double)NAN);
	for (i = 0; i < N(shares); i++)
		table_u64(t, faults_sum(g->v, shares[i]));
	table_u64(t, g->v[FT_KADDR]);
}

static struct table *totals_table(const struct report *r, const struct fault_group *g, size_t n)
{
	struct table *t = table_new("faults", shapes[r->o->by].title, shapes[r->o->by].cols, shapes[r->o->by].n);
	bool kinds = faults_recorded(r->m, true);
	size_t i;

	for (i = 0; t && i < n; i++) {
		names(t, r, &g[i]);
		numbers(t, &g[i], kinds);
	}
	return t;
}

/* Half the width of the 95 % interval, in percent of the estimate. */
static void margin(struct table *t, double faults, double variance)
{
	table_f64(t, faults > 0 ? 100 * Z95 * sqrt(variance) / faults : (double)NAN);
}

static void place(struct table *t, const struct fault_place *p, const struct fault_samples *s)
{
	table_text(t, p->process ? p->process->comm : "(unknown)");
	if (p->process)
		table_u64(t, p->process->tgid);
	else
		table_none(t);
	table_textf(t, "0x%" PRIx64, p->addr);
	table_u64(t, p->samples);
	table_f64(t, p->faults);
	table_f64(t, 100 * p->faults / s->faults);
	margin(t, p->faults, p->variance);
}

#define PLACE_COLS(id_, head_) \
	NAME_COL("process", "process", 15, 0), { .id = "pid", .head = "pid", .type = COL_COUNT, .flags = COL_KEY }, \
	{ .id = id_, .head = head_, .type = COL_TEXT, .flags = COL_KEY | COL_RIGHT }, \
	{ .id = "samples", .head = "samples", .type = COL_COUNT }, \
	{ .id = "faults", .head = "faults", .type = COL_FLOAT, .prec = 0 }, \
	{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 }, \
	{ .id = "margin_pct", .head = "+-", .unit = "%", .type = COL_FLOAT, .prec = 1 }

/* What the files that were mapped call an instruction, and its source line. */
static int name_ip(struct table *t, struct sym_trace *names, const struct fault_place *p)
{
	const struct sym_frame *f;
	struct sym_place at;
	char buf[512];
	int err = 0;

	if (p->user && !p->process) {
		table_none(t);
		table_none(t);
		return 0;
	}
	err = p->user ? sym_trace_user(names, p->process->epoch, p->time, p->addr, &at) :
			sym_trace_kernel(names, p->addr, &at);
	if (err)
		return err;
	f = at.result.n ? &at.result.frame[0] : NULL;
	if (f || at.at.path)
		table_text(t, sym_trace_name(&at, buf, sizeof(buf)));
	else
		table_none(t); /* in no mapping that is known: the address says as much */
	if (f && f->file && f->line)
		table_textf(t, "%s:%u", f->file, f->line);
	else
		table_none(t);
	return 0;
}

static struct table *ips_table(const struct report *r, const struct fault_samples *s)
{
	static const struct table_col cols[] = {
		PLACE_COLS("ip", "instruction"),
		{ .id = "mode", .head = "mode", .type = COL_TEXT },
		/* of traces with mappings only */
		{ .id = "function", .head = "function", .type = COL_TEXT, .flags = COL_HIDE_EMPTY, .max = 40 },
		{ .id = "source", .head = "source", .type = COL_TEXT, .flags = COL_HIDE_EMPTY | COL_TAIL, .max = 36 },
	};
	struct sym_trace *names = NULL;
	struct table *t = NULL;
	size_t i;
	int err;

	err = sym_trace_open(r->m->path, NULL, r->o->log, r->o->log_ctx, &names);
	if (!err && !sym_trace_has_mappings(names)) {
		sym_trace_close(names);
		names = NULL;
	}
	if (!err)
		t = table_new("fault_ips", "Instructions that fault, by the samples", cols, N(cols) - (names ? 0 : 2));
	for (i = 0; t && i < s->n_ips && !err; i++) {
		place(t, &s->ips[i], s);
		table_text(t, s->ips[i].user ? "user" : "kernel");
		err = names ? name_ip(t, names, &s->ips[i]) : 0;
	}
	if (t)
		table_limit(t, r->o->top);
	if (t && names && symbols_lacking())
		table_note(t, "%s", symbols_lacking());
	sym_trace_close(names);
	if (err) {
		table_free(t);
		t = NULL;
	}
	return t;
}

static struct table *regions_table(const struct report *r, const struct fault_samples *s)
{
	static const struct table_col cols[] = {
		PLACE_COLS("region", "2 MiB from"),
		{ .id = "pages", .head = "pages", .unit = "seen", .type = COL_COUNT },
		{ .id = "faults_per_page", .head = "faults", .unit = "a page", .type = COL_FLOAT, .prec = 2 },
	};
	struct table *t = table_new("fault_regions", "Addresses that fault, by the samples", cols, N(cols));
	size_t i;

	for (i = 0; t && i < s->n_regions; i++) {
		place(t, &s->regions[i], s);
		table_u64(t, s->regions[i].pages);
		table_f64(t, s->regions[i].faults / REGION_PAGES);
	}
	if (t)
		table_limit(t, r->o->top);
	return t;
}

static void put_time(struct table *t, double ns)
{
	table_f64(t, ns / 1000);
}

/* How long faults took; NULL, without an error, where the trace does not tell. */
static int latency_table(const struct report *r, struct table **out)
{
	static const struct table_col cols[] = {
		{ .id = "kind", .head = "fault", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "mapping", .head = "mapping", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "faults", .head = "faults", .type = COL_COUNT },
		{ .id = "total_us", .head = "total", .unit = "us", .type = COL_FLOAT, .prec = 0 },
		{ .id = "mean_us", .head = "mean", .unit = "us", .type = COL_FLOAT, .prec = 2 },
		{ .id = "p50_us", .head = "p50", .unit = "us", .type = COL_FLOAT, .prec = 2 },
		{ .id = "p95_us", .head = "p95", .unit = "us", .type = COL_FLOAT, .prec = 2 },
		{ .id = "p99_us", .head = "p99", .unit = "us", .type = COL_FLOAT, .prec = 2 },
		{ .id = "max_us", .head = "max", .unit = "us", .type = COL_FLOAT, .prec = 2 },
	};
	struct table *t;
	int i;

	*out = NULL;
	for (i = 0; i < 4 && !(r->m->faults && r->m->faults->latency[i / 2][i % 2].count); i++)
		;
	if (i == 4)
		return 0;
	*out = t = table_new("fault_latency", "How long page faults took", cols, N(cols));
	for (i = 0; t && i < 4; i++) {
		const struct fault_latency *l = &r->m->faults->latency[i / 2][i % 2];
		struct rhist h = l->hist; /* a view of it */

		if (!l->count)
			continue;
		h.n = rhist_count(&h);
		h.max = l->max;
		table_text(t, i / 2 ? "major" : "minor");
		table_text(t, i % 2 ? "file" : "anonymous");
		table_u64(t, l->count);
		put_time(t, (double)l->ns);
		put_time(t, (double)l->ns / (double)l->count);
		put_time(t, h.n ? rhist_q(&h, 0.50) : (double)NAN);
		put_time(t, h.n ? rhist_q(&h, 0.95) : (double)NAN);
		put_time(t, h.n ? rhist_q(&h, 0.99) : (double)NAN);
		put_time(t, (double)l->max);
	}
	return t ? 0 : -ENOMEM;
}

/* What all that the samples may be of were. */
static uint64_t raised(const struct fault_group *g, size_t n)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += faults_sum(g[i].v, FT_RAISED | FT_B(FT_KADDR));
	return sum;
}

static void coverage_text(const struct report *r, const struct fault_samples *s, uint64_t all, FILE *f)
{
	const char *kinds = model_meta(r->m, "fault.kinds");

	fprintf(f, "faults     minor and major by the kernel's own counters: exact; ");
	if (!faults_recorded(r->m, true)) {
		fprintf(f, "kinds and samples: %s\n", kinds ? kinds : "no");
		return;
	}
	fprintf(f, "raised counted one by one\n");
	fprintf(f, "samples    %" PRIu64 " of %" PRIu64 " raised", s->samples, all);
	if (all)
		fprintf(f, ": coverage %.4f %%", 100.0 * (double)s->samples / (double)all);
	if (s->samples)
		fprintf(f, "; they stand for %.0f (+- %.0f)", s->faults, Z95 * sqrt(s->variance));
	fprintf(f, "\n");
}

static void latency_text(const struct report *r, FILE *f)
{
	const char *latency = model_meta(r->m, "fault.latency");

	if (latency && strcmp(latency, "yes"))
		fprintf(f, "latency    %s\n", latency);
}

static void coverage_json(const struct fault_samples *s, uint64_t all, struct json *j)
{
	json_obj(j, "fault_samples");
	json_u64(j, "samples", s->samples);
	json_u64(j, "raised", all);
	json_num(j, "faults", s->faults);
	json_num(j, "standard_error", sqrt(s->variance));
	json_end(j);
}

static void write_json(const struct report *r, const struct fault_samples *s, uint64_t all, struct table *const t[N_TABLES],
		       FILE *f)
{
	struct json j;
	int i;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "report.faults");
	json_u64(&j, "version", 1);
	report_head_json(r, &j);
	if (faults_recorded(r->m, true))
		coverage_json(s, all, &j);
	if (model_meta(r->m, "fault.latency"))
		json_str(&j, "fault_latency_recorded", model_meta(r->m, "fault.latency"));
	for (i = 0; i < N_TABLES; i++)
		if (t[i])
			table_write_json(t[i], &j, table_id(t[i]));
	json_end(&j);
}

static void write_text(const struct report *r, const struct fault_samples *s, uint64_t all, struct table *const t[N_TABLES],
		       FILE *f)
{
	int i;

	report_head_text(r, f);
	coverage_text(r, s, all, f);
	latency_text(r, f);
	for (i = 0; i < N_TABLES; i++) {
		if (!t[i])
			continue;
		fputc('\n', f);
		table_write_text(t[i], f, &r->o->out);
	}
}

int report_faults(struct report *r, FILE *f)
{
	struct table *t[N_TABLES] = { NULL };
	struct fault_samples s = { 0 };
	struct fault_group *g = NULL;
	size_t n = 0;
	int err, i;

	if (r->o->by == REPORT_CPU || r->o->events)
		return report_say(r, -EINVAL, "--faults goes with --by task, process, comm, cgroup or machine, "
				  "and not with --events");
	if (!faults_recorded(r->m, false))
		return report_say(r, -ENODATA, "%s: no page faults by task in this trace; record with -e fault", r->m->path);
	err = faults_group(r->m, shapes[r->o->by].by, r->o->collector, &g, &n);
	err = err ? err : fault_samples_load(r->m, r->o->collector, r->o->log, r->o->log_ctx, &s);
	if (err)
		goto out;
	t[0] = totals_table(r, g, n);
	if (s.samples) {
		t[2] = ips_table(r, &s);
		t[3] = regions_table(r, &s);
	}
	err = latency_table(r, &t[1]);
	err = err || !t[0] || (s.samples && (!t[2] || !t[3])) ? -ENOMEM : 0;
	for (i = 0; i < N_TABLES && !err; i++)
		err = t[i] ? table_err(t[i]) : 0;
	err = err ? err : report_sort(r, t[0], "minor, major, user, kernel, write");
	if (err)
		goto out;
	table_limit(t[0], r->o->top);
	if (r->o->out.fmt == TABLE_JSON)
		write_json(r, &s, raised(g, n), t, f);
	else if (r->o->out.fmt == TABLE_TEXT)
		write_text(r, &s, raised(g, n), t, f);
	else
		table_write(t[0], f, &r->o->out);
out:
	for (i = 0; i < N_TABLES; i++)
		table_free(t[i]);
	fault_samples_free(&s);
	free(g);
	return err;
}
