// SPDX-License-Identifier: GPL-2.0-only
/* Hot spots as tables and JSON. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hot_int.h"
#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static double pct(double part, double whole)
{
	return whole > 0 ? 100 * part / whole : (double)NAN;
}

static void put_pct(struct table *t, double part, double whole)
{
	if (whole > 0)
		table_f64(t, 100 * part / whole);
	else
		table_none(t);
}

/* ------------------------------------------------------------- text tables */

#define SHARE(id_, head_) { .id = id_, .head = head_, .unit = "%", .type = COL_FLOAT, .prec = 1 }
#define TIME(id_, head_, unit_) { .id = id_, .head = head_, .unit = unit_, .type = COL_NS, .prec = 4, .flags = COL_SIG }
#define COUNT(id_, head_) { .id = id_, .head = head_, .type = COL_COUNT }
#define NAME { .id = "name", .head = "", .type = COL_TEXT, .flags = COL_KEY, .max = 28 }
#define WHERE { .id = "where", .head = "where", .type = COL_TEXT, .flags = COL_TAIL | COL_HIDE_EMPTY, .max = 16 }
#define INCLUSIVE SHARE("inclusive_pct", "all in")

static const char *base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s && s[1] ? s + 1 : path;
}

/* Source line, else file. */
static void put_where(struct table *t, const struct hot *h, enum hot_by by, const struct hot_row *r)
{
	const struct hot_frame *f = r->frame == HOT_NONE ? NULL : &h->frame[r->frame];

	if (!f || by == HOT_BY_LINE)
		table_none(t);
	else if (by == HOT_BY_INSTRUCTION && f->file && f->line)
		table_textf(t, "%s:%u", base(f->file), f->line);
	else if (*f->module && !(f->flags & HOT_UNKNOWN))
		table_text(t, base(f->module));
	else
		table_none(t);
}

int hot_text_table(const struct hot *h, enum hot_kind kind, enum hot_by by, const struct hot_view *v, FILE *f)
{
	static const struct table_col sampled[] = { NAME, WHERE, SHARE("share_pct", "share"), INCLUSIVE, SHARE("margin_pct", "+-"),
						    { .id = "faults", .head = "faults", .type = COL_FLOAT },
						    COUNT("samples", "samples") };
	static const struct table_col cpu[] = { NAME, WHERE, SHARE("share_pct", "share"), INCLUSIVE, SHARE("margin_pct", "+-"),
						TIME("time_ns", "time", "ms"), COUNT("samples", "samples") };
	static const struct table_col waker[] = { NAME, WHERE, SHARE("share_pct", "share"), INCLUSIVE, TIME("time_ns", "blocked", "ms"),
						  COUNT("wakeups", "wakeups"), TIME("delay_mean_ns", "delay", "us"),
						  TIME("delay_max_ns", "max", "us") };
	static const struct table_col blocked[] = { NAME, WHERE, SHARE("share_pct", "share"), INCLUSIVE, TIME("time_ns", "time", "ms"),
						    COUNT("periods", "periods"), TIME("mean_ns", "mean", "us"),
						    TIME("max_ns", "max", "us") };
	bool samples = kind == HOT_FAULT || kind == HOT_CPU, function = by == HOT_BY_FUNCTION;
	struct table_col cols[8];
	size_t i, n, n_cols = 0, n_from = samples ? 7 : 8;
	const struct table_col *from = kind == HOT_FAULT ? sampled : kind == HOT_CPU ? cpu : kind == HOT_WAKER ? waker : blocked;
	struct hot_row *row;
	struct table *t;
	char buf[1024];
	int err = hot_rank(h, kind, by, v->inclusive, &row, &n);

	if (err)
		return err;
	for (i = 0; i < n_from; i++)
		if (function || strcmp(from[i].id, "inclusive_pct"))
			cols[n_cols++] = from[i];
	cols[0].head = kind == HOT_WAKER && (by == HOT_BY_TASK || by == HOT_BY_PROCESS || by == HOT_BY_COMM) ? "waker -> woken" :
		       hot_by_name(by);
	t = table_new(hot_kind_name(kind), NULL, cols, n_cols);
	for (i = 0; t && i < n; i++) {
		table_text(t, hot_row_label(h, by, &row[i], buf, sizeof(buf)));
		put_where(t, h, by, &row[i]);
		put_pct(t, row[i].weight, h->kind[kind].weight);
		if (function)
			put_pct(t, row[i].total, h->kind[kind].weight);
		if (samples)
			table_f64(t, hot_row_margin(h, kind, &row[i]));
		table_f64(t, row[i].weight);
		table_u64(t, row[i].count);
		if (samples)
			continue;
		if (row[i].count) {
			table_f64(t, (kind == HOT_WAKER ? row[i].delay : row[i].weight) / (double)row[i].count);
			table_u64(t, row[i].max);
		} else { /* a function that only calls */
			table_none(t);
			table_none(t);
		}
	}
	free(row);
	err = t ? table_err(t) : -ENOMEM;
	if (!err) {
		table_limit(t, v->top);
		table_write_text(t, f, &v->out);
	}
	table_free(t);
	return err;
}

/* ----------------------------------------------------------- the flat table */

static const struct table_col flat_cols[] = {
	{ .id = "kind", .head = "kind", .type = COL_TEXT, .flags = COL_KEY },
	{ .id = "name", .head = "name", .type = COL_TEXT, .flags = COL_KEY },
	{ .id = "module", .head = "module", .type = COL_TEXT },
	{ .id = "source", .head = "source", .type = COL_TEXT },
	{ .id = "reason", .head = "reason", .type = COL_TEXT },
	{ .id = "task", .head = "task", .type = COL_TEXT },
	{ .id = "tid", .head = "tid", .type = COL_COUNT },
	{ .id = "woken", .head = "woken", .type = COL_TEXT },
	{ .id = "woken_tid", .head = "woken tid", .type = COL_COUNT },
	{ .id = "unit", .head = "unit", .type = COL_TEXT },
	{ .id = "weight", .head = "weight", .type = COL_FLOAT },
	{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 4 },
	{ .id = "margin_pct", .head = "margin", .unit = "%", .type = COL_FLOAT, .prec = 4 },
	{ .id = "inclusive", .head = "inclusive", .type = COL_FLOAT },
	{ .id = "count", .head = "count", .type = COL_COUNT },
	{ .id = "max_ns", .head = "max", .unit = "ns", .type = COL_NS },
	{ .id = "delay_ns", .head = "delay", .unit = "ns", .type = COL_FLOAT },
	{ .id = "path", .head = "path", .type = COL_TEXT },
	{ .id = "missing", .head = "missing", .type = COL_TEXT },
};

/* "truncated,no_user" */
static const char *missing(uint32_t flags, char *buf, size_t size)
{
	static const char *const name[] = { "truncated", "no_frame_pointers", "no_user", "no_kernel" };
	size_t i, at = 0;

	*buf = '\0';
	for (i = 0; i < N(name); i++)
		if (flags >> i & 1 && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? "," : "", name[i]);
	return buf;
}

static void put_task(struct table *t, const struct hot *h, uint32_t task, bool one)
{
	if (task == HOT_NONE || !one) {
		table_none(t);
		table_none(t);
		return;
	}
	table_text(t, h->m->tasks[task].comm);
	table_u64(t, h->m->tasks[task].tid);
}

static void flat_row(struct table *t, const struct hot *h, enum hot_kind kind, enum hot_by by, const struct hot_row *r)
{
	const struct hot_path *p = &h->path[r->path];
	const struct hot_frame *f = &h->frame[r->frame != HOT_NONE ? r->frame : p->frame[0]];
	bool sampled = kind == HOT_FAULT || kind == HOT_CPU, waker = kind == HOT_WAKER;
	const struct hot_row as_path = { .path = r->path };
	char buf[8192];

	table_text(t, hot_kind_name(kind));
	table_text(t, hot_row_label(h, by, r, buf, sizeof(buf)));
	table_text(t, *f->module ? f->module : NULL);
	if (f->file && f->line)
		table_textf(t, "%s:%u", f->file, f->line);
	else
		table_none(t);
	table_text(t, sampled ? NULL : hot_reason_id((enum hot_reason)r->reason));
	put_task(t, h, r->task, !r->many);
	put_task(t, h, waker ? r->other_task : HOT_NONE, !r->many);
	table_text(t, hot_kind_unit(kind));
	table_f64(t, r->weight);
	put_pct(t, r->weight, h->kind[kind].weight);
	if (sampled)
		table_f64(t, hot_row_margin(h, kind, r));
	else
		table_none(t);
	if (by == HOT_BY_FUNCTION)
		table_f64(t, r->total);
	else
		table_none(t);
	table_u64(t, r->count);
	if (sampled)
		table_none(t);
	else
		table_u64(t, r->max);
	if (waker)
		table_f64(t, r->delay);
	else
		table_none(t);
	table_text(t, hot_row_label(h, HOT_BY_PATH, &as_path, buf, sizeof(buf)));
	table_text(t, p->flags ? missing(p->flags, buf, sizeof(buf)) : NULL);
}

static int flat(const struct hot *h, const struct hot_view *v, FILE *f)
{
	struct table *t = table_new("hot", "Hot spots", flat_cols, N(flat_cols));
	struct hot_row *row;
	size_t i, n;
	int k, err = t ? 0 : -ENOMEM;

	for (k = 0; k < HOT_KINDS && !err; k++) {
		if (!(v->kinds >> k & 1))
			continue;
		err = hot_rank(h, (enum hot_kind)k, v->by, v->inclusive, &row, &n);
		if (err)
			break;
		for (i = 0; i < n && (!v->top || i < v->top); i++)
			flat_row(t, h, (enum hot_kind)k, v->by, &row[i]);
		free(row);
	}
	err = err ? err : table_err(t);
	if (!err)
		table_write(t, f, &v->out);
	table_free(t);
	return err;
}

/* --------------------------------------------------------------------- JSON */

static void json_path(const struct hot *h, const char *key, uint32_t path, struct json *j)
{
	const struct hot_path *p = &h->path[path];
	char buf[64];
	uint32_t i;

	json_obj(j, key);
	if (p->flags)
		json_str(j, "missing", missing(p->flags, buf, sizeof(buf)));
	json_arr(j, "frames");
	for (i = 0; i < p->n; i++) {
		const struct hot_frame *f = &h->frame[p->frame[i]];

		json_obj(j, NULL);
		json_str(j, "name", f->name);
		if (*f->module)
			json_str(j, "module", f->module);
		if (f->file)
			json_str(j, "file", f->file);
		if (f->line)
			json_u64(j, "line", f->line);
		if (f->flags & HOT_KERNEL)
			json_bool(j, "kernel", true);
		if (f->flags & HOT_INLINED)
			json_bool(j, "inlined", true);
		if (f->flags & HOT_INFERRED)
			json_bool(j, "inferred", true);
		if (f->flags & HOT_UNKNOWN)
			json_bool(j, "unknown", true);
		json_end(j);
	}
	json_end(j);
	json_end(j);
}

static void json_task(const struct hot *h, const char *key, uint32_t task, struct json *j)
{
	if (task == HOT_NONE)
		return;
	json_obj(j, key);
	json_str(j, "comm", h->m->tasks[task].comm);
	json_u64(j, "tid", h->m->tasks[task].tid);
	json_u64(j, "pid", h->m->tasks[task].tgid);
	json_end(j);
}

static void json_row(const struct hot *h, enum hot_kind kind, enum hot_by by, const struct hot_row *r, struct json *j)
{
	const struct hot_cells *c = &h->kind[kind];
	char buf[8192];

	json_obj(j, NULL);
	json_str(j, "name", hot_row_label(h, by, r, buf, sizeof(buf)));
	json_num(j, "weight", r->weight);
	json_num(j, "share_pct", pct(r->weight, c->weight));
	if (kind == HOT_FAULT || kind == HOT_CPU)
		json_num(j, "margin_pct", hot_row_margin(h, kind, r));
	else
		json_str(j, "reason", hot_reason_id((enum hot_reason)r->reason));
	if (by == HOT_BY_FUNCTION)
		json_num(j, "inclusive", r->total);
	json_u64(j, "count", r->count);
	if (kind == HOT_WAKER) {
		json_num(j, "delay_ns", r->delay);
		json_u64(j, "delay_max_ns", r->max);
		if (r->flags & HOT_C_INTERRUPT)
			json_bool(j, "interrupt", true);
	} else if (kind != HOT_FAULT && kind != HOT_CPU) {
		json_u64(j, "max_ns", r->max);
	}
	if (r->place != HOT_NONE) {
		json_obj(j, "instruction");
		json_str(j, "module", h->place[r->place].module);
		snprintf(buf, sizeof(buf), "0x%" PRIx64, h->place[r->place].offset);
		json_str(j, "offset", buf);
		json_end(j);
	}
	json_bool(j, "several_tasks", r->many);
	json_task(h, "task", r->task, j);
	json_task(h, "woken", r->other_task, j);
	json_path(h, "path", r->path, j);
	if (r->other != HOT_NONE)
		json_path(h, "blocked_path", r->other, j);
	json_end(j);
}

static int json_rows(const struct hot *h, enum hot_kind kind, enum hot_by by, const struct hot_view *v, const char *key, struct json *j)
{
	struct hot_row *row;
	char count[32];
	size_t i, n;
	int err = hot_rank(h, kind, by, v->inclusive, &row, &n);

	if (err)
		return err;
	snprintf(count, sizeof(count), "%s_in_all", key);
	json_u64(j, count, n);
	json_arr(j, key);
	for (i = 0; i < n && (!v->top || i < v->top); i++)
		json_row(h, kind, by, &row[i], j);
	json_end(j);
	free(row);
	return 0;
}

int hot_show_json(const struct hot *h, const struct hot_view *v, struct json *j)
{
	int k, err = 0;

	for (k = 0; k < HOT_KINDS && !err; k++) {
		const struct hot_cells *c = &h->kind[k];

		if (!(v->kinds >> k & 1) || !c->recorded)
			continue;
		json_obj(j, hot_kind_name((enum hot_kind)k));
		json_str(j, "unit", hot_kind_unit((enum hot_kind)k));
		json_num(j, "weight", c->weight);
		if (k == HOT_FAULT || k == HOT_CPU)
			json_num(j, "standard_error", sqrt(c->variance));
		if (!isnan(c->total)) {
			json_num(j, "total", c->total);
			json_num(j, "coverage_pct", pct(c->weight, c->total));
		}
		json_num(j, "unnamed", c->unnamed);
		json_u64(j, "count", c->count);
		json_u64(j, "rows_read", c->samples);
		json_u64(j, "rows_without_user", c->without_user);
		json_str(j, "by", hot_by_name(v->by));
		if (v->default_rows && k == HOT_FAULT)
			err = json_rows(h, HOT_FAULT, HOT_BY_INSTRUCTION, v, "instructions", j);
		err = err ? err : json_rows(h, (enum hot_kind)k, v->by, v, "rows", j);
		json_end(j);
	}
	return err;
}

static void json_head(const struct model *m, const struct hot_view *v, struct json *j)
{
	char buf[128];

	json_str(j, "kind", "hot");
	json_u64(j, "version", 1);
	json_obj(j, "window");
	json_str(j, "name", model_window_name(m, buf, sizeof(buf)));
	json_u64(j, "start_ns", v->opts->from ? v->opts->from : m->t0);
	json_u64(j, "end_ns", v->opts->to ? v->opts->to : m->t1);
	json_end(j);
}

/* ------------------------------------------------------------------- all of it */

static void text_head(const struct model *m, const struct hot *h, const struct hot_view *v, FILE *f)
{
	const char *release = model_meta(m, "kernel.release"), *host = model_meta(m, "host.name"), *lacking = symbols_lacking();
	const struct hot_opts *o = v->opts;
	uint64_t start = m->n_marks ? m->marks[0].time : m->t0;
	char buf[128];

	fprintf(f, "trace      %s", m->path);
	if (host || release)
		fprintf(f, "  (%s%s%s)", host ? host : "", host && release ? ", Linux " : release ? "Linux " : "", release ? release : "");
	fprintf(f, "\nwindow     %s", model_window_name(m, buf, sizeof(buf)));
	if (o->from || o->to)
		fprintf(f, ", of it from %.3f s to %.3f s", o->from > start ? (double)(o->from - start) / 1e9 : 0.0,
			(double)((o->to ? o->to : m->t1) - start) / 1e9);
	else if (m->duration)
		fprintf(f, ", %.3f s", (double)m->duration / 1e9);
	fputc('\n', f);
	if (o->n_tgids || o->n_tids || o->comm || o->cgroup)
		fprintf(f, "tasks      only those asked for; of wakeups the woken\n");
	if (h && !sym_trace_has_mappings(h->sym))
		fprintf(f, "names      of the kernel only: no mappings in this trace, record them with -e map\n");
	else if (h && lacking)
		fprintf(f, "names      %s\n", lacking);
}

static int show_calls(const struct model *m, const struct hot_view *v, struct json *j, FILE *f)
{
	struct table *t[2] = { hot_syscalls(m, v->opts), hot_memory_calls(m, v->opts) };
	int i, err = !t[0] || !t[1] ? -ENOMEM : 0;

	for (i = 0; i < 2 && !err; i++) {
		err = table_err(t[i]);
		table_limit(t[i], v->top);
		if (err || (!table_rows(t[i]) && !j))
			continue;
		if (j) {
			table_write_json(t[i], j, table_id(t[i]));
			continue;
		}
		fputc('\n', f);
		table_write_text(t[i], f, &v->out);
	}
	table_free(t[0]);
	table_free(t[1]);
	return err;
}

int hot_show(const struct model *m, const struct hot *h, const struct hot_view *v, FILE *f)
{
	/* they are sums over the whole window */
	bool calls = v->syscalls && m->syscalls && !v->opts->from && !v->opts->to;
	struct table *t;
	struct json j;
	int err = 0;

	if (v->out.fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_head(m, v, &j);
		err = h ? hot_show_json(h, v, &j) : 0;
		if (!err && calls)
			err = show_calls(m, v, &j, f);
		json_end(&j);
		return err;
	}
	if (v->out.fmt != TABLE_TEXT && h)
		return flat(h, v, f);
	if (v->out.fmt != TABLE_TEXT) {
		t = hot_syscalls(m, v->opts);
		if (!t)
			return -ENOMEM;
		table_limit(t, v->top);
		table_write(t, f, &v->out);
		table_free(t);
		return 0;
	}
	text_head(m, h, v, f);
	err = h ? hot_show_text(h, v, f) : 0;
	return !err && calls ? show_calls(m, v, NULL, f) : err;
}
