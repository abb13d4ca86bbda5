// SPDX-License-Identifier: GPL-2.0-only
/*
 * The screen as lines of text. This is no table of the table engine: its columns stand
 * still from one refresh to the next, and which are shown follows from the width alone.
 */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <wchar.h>
#include <wctype.h>

#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define NAME_MIN 8
#define MAX_NODE_COLS 8
#define CELL 16 /* bytes of a cell's text */

#define SGR_OFF "\033[0m"
#define SGR_HEAD "\033[7m"
#define SGR_BOLD "\033[1m"

static void fmt_rate(char *b, double v)
{
	if (v < 9.95 && v > 0)
		snprintf(b, CELL, "%.1f", v);
	else if (v < 99999.5)
		snprintf(b, CELL, "%.0f", v);
	else if (v < 9999500)
		snprintf(b, CELL, "%.0fk", v / 1e3);
	else
		snprintf(b, CELL, v < 99999.5e6 ? "%.0fM" : "%.0e", v < 99999.5e6 ? v / 1e6 : v);
}

static void fmt_ns(char *b, double ns)
{
	static const struct { double below, unit; const char *fmt; } f[] = {
		{ 999.5, 1, "%.0fns" }, { 99950, 1e3, "%.1fus" }, { 999500, 1e3, "%.0fus" }, { 99.95e6, 1e6, "%.1fms" },
		{ 9999.5e6, 1e6, "%.0fms" }, { 999.95e9, 1e9, "%.1fs" }, { 99999.5e9, 1e9, "%.0fs" }, { INFINITY, 1e9, "%.0e" },
	};
	size_t i;

	for (i = 0; i + 1 < N(f) && ns >= f[i].below; i++)
		;
	snprintf(b, CELL, f[i].fmt, ns / f[i].unit);
}

static void fmt_pct(char *b, double v)
{
	snprintf(b, CELL, v < 999.95 ? "%.1f" : v < 99999.5 ? "%.0f" : "%.0e", v);
}

static void fmt_kb(char *b, uint64_t kb)
{
	if (kb < 10ull << 20)
		snprintf(b, CELL, "%.1f MB", (double)kb * 1024 / 1e6);
	else
		snprintf(b, CELL, "%.1f GB", (double)kb * 1024 / 1e9);
}

/* A quantile, where the tasks have histograms. */
static void fmt_q(char *b, const struct rhist *h, double q)
{
	double v = rhist_q(h, q);

	if (isnan(v))
		strcpy(b, "-");
	else
		fmt_ns(b, v);
}

void live_put_text(FILE *f, const char *s, int width, bool pad)
{
	mbstate_t st = { 0 };
	int used = 0;

	while (*s && used < width) {
		wchar_t wc;
		size_t len = mbrtowc(&wc, s, strlen(s), &st);
		int w = len && len < (size_t)-2 && iswprint((wint_t)wc) ? wcwidth(wc) : -1;

		if (w < 1) { /* no character, or one that would move the cursor or join another */
			memset(&st, 0, sizeof(st));
			fputc('?', f);
			s += len && len < (size_t)-2 ? len : 1;
			used++;
			continue;
		}
		if (used + w > width)
			break;
		fwrite(s, 1, len, f);
		s += len;
		used += w;
	}
	while (pad && used++ < width)
		fputc(' ', f);
}

/* ---------------------------------------------------------------- columns */

enum col_id {
	C_PID, C_TASKS, C_STATE, C_CPU, C_WAITING, C_VOL, C_INVOL, C_MIG, C_SMT, C_LLC, C_NODE, C_CROSS, C_FAULTS, C_MAJOR,
	C_P50, C_P99, C_MAX, C_ONNODE, C_SHARE, /* share of node n: C_SHARE + n */
};

struct col {
	enum col_id id;
	const char *head;
	int width;
	int prio; /* the lowest are shown first */
};

/* In their order on the screen. */
static const struct col all_cols[] = {
	{ C_PID, "PID", 7, 1 },
	{ C_TASKS, "TASKS", 5, 12 },
	{ C_STATE, "S", 1, 10 },
	{ C_CPU, "%CPU", 5, 2 },
	{ C_WAITING, "%WAIT", 5, 14 },
	{ C_VOL, "VOL/s", 6, 4 },
	{ C_INVOL, "INV/s", 6, 7 },
	{ C_MIG, "MIG/s", 6, 5 },
	{ C_SMT, "SMT/s", 6, 15 },
	{ C_LLC, "LLC/s", 6, 15 },
	{ C_NODE, "NODE/s", 6, 15 },
	{ C_CROSS, "CROSS/s", 7, 15 },
	{ C_FAULTS, "FLT/s", 6, 6 },
	{ C_MAJOR, "MAJ/s", 6, 16 },
	{ C_P50, "P50", 6, 11 },
	{ C_P99, "P99", 6, 3 },
	{ C_MAX, "MAX", 6, 8 },
	{ C_ONNODE, "NODE", 6, 9 },
};

struct layout {
	struct col col[N(all_cols) + MAX_NODE_COLS];
	size_t n;
	int name; /* columns left for the name */
};

static const enum col_id sort_col[] = {
	[LIVE_CPU] = C_CPU, [LIVE_WAIT] = C_P99, [LIVE_SWITCHES] = C_VOL, [LIVE_MIGRATIONS] = C_MIG, [LIVE_FAULTS] = C_FAULTS,
};

static bool applies(enum col_id id, const struct live_view *v)
{
	int k, n = 0;

	for (k = 0; k < 4; k++)
		n += v->has_class[k];
	switch (id) {
	case C_PID:
		return v->by == BY_TASK || v->by == BY_PROCESS;
	case C_TASKS:
		return v->by != BY_TASK;
	case C_STATE:
		return v->by == BY_TASK || v->by == BY_PROCESS;
	case C_SMT: case C_LLC: case C_NODE: case C_CROSS:
		return n > 1 && v->has_class[id - C_SMT]; /* one class: MIG says it all */
	case C_ONNODE:
		return v->n_nodes > 1;
	default:
		return true;
	}
}

static void choose(struct layout *l, const struct live_view *v, const struct live_show *s)
{
	static const char *const nodes[MAX_NODE_COLS] = { "%N0", "%N1", "%N2", "%N3", "%N4", "%N5", "%N6", "%N7" };
	struct col want[N(all_cols) + MAX_NODE_COLS];
	int used = v->by == BY_CGROUP ? 24 : NAME_MIN, prio, width = s->width;
	size_t i, n = 0;
	bool in[N(want)] = { false };

	for (i = 0; i < N(all_cols); i++) {
		if (!applies(all_cols[i].id, v))
			continue;
		want[n] = all_cols[i];
		if (want[n].id == sort_col[s->sort])
			want[n].prio = 0;
		else if (want[n].id == C_TASKS && v->by != BY_PROCESS)
			want[n].prio = 1;
		n++;
	}
	for (i = 0; v->n_nodes > 1 && v->n_nodes <= MAX_NODE_COLS && i < v->n_nodes; i++)
		want[n++] = (struct col){ (enum col_id)(C_SHARE + i), nodes[i], 5, 13 };
	if (used > width / 2)
		used = width / 2;
	for (prio = 0; prio <= 16; prio++) {
		if (prio == 12 && v->by != BY_CGROUP) /* a whole name before the fine print */
			used += 15 - NAME_MIN;
		for (i = 0; i < n; i++) {
			if (want[i].prio != prio || used + want[i].width + 1 > width)
				continue;
			used += want[i].width + 1;
			in[i] = true;
		}
	}
	l->n = 0;
	l->name = width;
	for (i = 0; i < n; i++) {
		if (!in[i])
			continue;
		l->col[l->n++] = want[i];
		l->name -= want[i].width + 1;
	}
}

static void fmt_node(char *b, const struct live_line *line, const struct live_view *v)
{
	uint64_t sum = 0;
	unsigned int i, best = 0;

	strcpy(b, "-");
	for (i = 0; line->node_ns && i < v->n_nodes; i++) {
		sum += line->node_ns[i];
		if (line->node_ns[i] > line->node_ns[best])
			best = i;
	}
	if (sum)
		snprintf(b, CELL, "%u:%.0f%%", best, 100.0 * (double)line->node_ns[best] / (double)sum);
}

static void fmt_share(char *b, const struct live_line *line, const struct live_view *v, unsigned int node)
{
	if (line->node_ns && node < v->n_nodes)
		fmt_pct(b, 100.0 * (double)line->node_ns[node] / 1e9 / v->seconds);
	else
		strcpy(b, "-");
}

static void fmt_cell(char *b, enum col_id id, const struct live_line *line, const struct live_view *v)
{
	const uint64_t *t = line->g.v;

	strcpy(b, "-");
	switch (id) {
	case C_PID:
		if (line->g.task && line->g.task->known)
			snprintf(b, CELL, "%u", v->by == BY_TASK ? line->g.task->tid : line->g.task->tgid);
		break;
	case C_TASKS:
		snprintf(b, CELL, "%u", line->g.n_tasks);
		break;
	case C_STATE:
		if (line->state)
			snprintf(b, CELL, "%c", line->state);
		break;
	case C_CPU:
		fmt_pct(b, 100.0 * (double)t[MT_RUN_NS] / 1e9 / v->seconds);
		break;
	case C_WAITING:
		fmt_pct(b, 100.0 * (double)t[MT_WAIT_NS] / 1e9 / v->seconds);
		break;
	case C_VOL:
		fmt_rate(b, (double)t[MT_NVCSW] / v->seconds);
		break;
	case C_INVOL:
		fmt_rate(b, (double)t[MT_NIVCSW] / v->seconds);
		break;
	case C_MIG:
		fmt_rate(b, (double)model_migrations(t) / v->seconds);
		break;
	case C_SMT: case C_LLC: case C_NODE: case C_CROSS:
		fmt_rate(b, (double)t[MT_MIG_SMT + (id - C_SMT)] / v->seconds);
		break;
	case C_FAULTS:
		if (line->faults.known)
			fmt_rate(b, (double)(line->faults.minor + line->faults.major) / v->seconds);
		break;
	case C_MAJOR:
		if (line->faults.known)
			fmt_rate(b, (double)line->faults.major / v->seconds);
		break;
	case C_P50:
		fmt_q(b, &line->g.wait, 0.50);
		break;
	case C_P99:
		fmt_q(b, &line->g.wait, 0.99);
		break;
	case C_MAX:
		if (line->g.wait.n)
			fmt_ns(b, (double)line->g.wait.max);
		break;
	case C_ONNODE:
		fmt_node(b, line, v);
		break;
	default:
		fmt_share(b, line, v, (unsigned int)(id - C_SHARE));
	}
}

/* ---------------------------------------------------------------- the head */

/* One line, cut to the width. */
static void line_out(const struct live_show *s, FILE *f, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void line_out(const struct live_show *s, FILE *f, const char *fmt, ...)
{
	char buf[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	live_put_text(f, buf, s->width, false);
	fputc('\n', f);
}

static void own_line(const struct live_view *v, const struct live_show *s, FILE *f)
{
	char clock[16] = "", rss[CELL], map[CELL];
	time_t t = (time_t)(v->real_ns / 1000000000);
	struct tm tm;

	if (v->real_ns && localtime_r(&t, &tm))
		strftime(clock, sizeof(clock), "%H:%M:%S ", &tm);
	fmt_kb(rss, v->own_rss_kb);
	fmt_kb(map, v->own_map_kb);
	if (v->have_own)
		line_out(s, f, "mmt-trace top %severy %g s; costs %.1f %% of a CPU, %s + %s BPF", clock, s->interval,
			 100 * v->own_cpu, rss, map);
	else
		line_out(s, f, "mmt-trace top %severy %g s", clock, s->interval);
}

static void class_list(const struct live_view *v, char *buf, size_t size)
{
	static const char *const names[] = { "smt", "llc", "node", "cross" };
	static const int col[] = { MC_MIG_SMT, MC_MIG_LLC, MC_MIG_NODE, MC_MIG_CROSS };
	char rate[CELL];
	size_t at = 0;
	int k;

	buf[0] = 0;
	for (k = 0; k < 4; k++) {
		if (!v->has_class[k] && !v->cpu[col[k]])
			continue;
		fmt_rate(rate, (double)v->cpu[col[k]] / v->seconds);
		at += (size_t)snprintf(buf + at, size - at, "%s%s %s", at ? ", " : " (", names[k], rate);
	}
	if (at)
		snprintf(buf + at, size - at, ")");
}

static void machine_lines(const struct live_view *v, const struct live_show *s, FILE *f)
{
	double total = (double)(v->cpu[MC_BUSY_NS] + v->cpu[MC_IDLE_NS]);
	uint64_t mig = v->cpu[MC_MIG_SMT] + v->cpu[MC_MIG_LLC] + v->cpu[MC_MIG_NODE] + v->cpu[MC_MIG_CROSS];
	char sw[CELL], vol[CELL], inv[CELL], m[CELL], flt[CELL] = "-", maj[CELL] = "-", busy[CELL] = "-", p50[CELL], p99[CELL],
	     max[CELL] = "-", classes[96];
	bool narrow = s->width < 64;

	if (total > 0)
		fmt_pct(busy, 100 * (double)v->cpu[MC_BUSY_NS] / total);
	fmt_rate(sw, (double)v->cpu[MC_SWITCHES] / v->seconds);
	fmt_rate(vol, (double)v->cpu[MC_NVCSW] / v->seconds);
	fmt_rate(inv, (double)v->cpu[MC_NIVCSW] / v->seconds);
	fmt_rate(m, (double)mig / v->seconds);
	if (v->faults.known) {
		fmt_rate(flt, (double)(v->faults.minor + v->faults.major) / v->seconds);
		fmt_rate(maj, (double)v->faults.major / v->seconds);
	}
	fmt_q(p50, &v->all.wait, 0.50);
	fmt_q(p99, &v->all.wait, 0.99);
	if (v->all.wait.n)
		fmt_ns(max, (double)v->all.wait.max);
	class_list(v, classes, sizeof(classes));
	if (narrow) {
		line_out(s, f, "CPUs %u, %s %% busy; %u ran, %zu alive", v->n_cpus, busy, v->all.n_tasks, v->n_live);
		line_out(s, f, "Switches/s %s, migrations/s %s", sw, m);
		line_out(s, f, "Run queue p99 %s, faults/s %s", p99, flt);
		return;
	}
	line_out(s, f, "CPUs %u, %s %% busy; tasks: %u ran, %zu alive%s", v->n_cpus, busy, v->all.n_tasks, v->n_live,
		 s->what);
	line_out(s, f, "Switches/s %s (voluntary %s, involuntary %s); migrations/s %s%s", sw, vol, inv, m, classes);
	line_out(s, f, "Run queue: p50 %s, p99 %s, max %s; faults/s %s (major %s)", p50, p99, max, flt, maj);
}

void live_show_head(const struct live_view *v, const struct live_show *s, FILE *f)
{
	const char *name = v->by == BY_CGROUP ? "CGROUP" : "COMMAND";
	struct layout l;
	size_t i;

	own_line(v, s, f);
	machine_lines(v, s, f);
	choose(&l, v, s);
	if (s->color)
		fputs(SGR_HEAD, f);
	for (i = 0; i < l.n; i++) {
		bool key = s->color && l.col[i].id == sort_col[s->sort];

		fprintf(f, "%s%*s%s ", key ? SGR_BOLD : "", l.col[i].width,
			l.col[i].id == C_PID && v->by == BY_TASK ? "TID" : l.col[i].head, key ? SGR_OFF SGR_HEAD : "");
	}
	live_put_text(f, name, l.name, s->fill);
	fprintf(f, "%s\n", s->color ? SGR_OFF : "");
}

void live_show_lines(const struct live_view *v, const struct live_show *s, FILE *f)
{
	struct layout l;
	char b[CELL];
	size_t i, k;

	choose(&l, v, s);
	for (i = s->first; i < v->n && i - s->first < s->rows; i++) {
		for (k = 0; k < l.n; k++) {
			fmt_cell(b, l.col[k].id, &v->lines[i], v);
			fprintf(f, "%*s ", l.col[k].width, b);
		}
		live_put_text(f, v->lines[i].name, l.name, false);
		fputc('\n', f);
	}
}
