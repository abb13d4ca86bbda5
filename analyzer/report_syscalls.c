// SPDX-License-Identifier: GPL-2.0-only
/* Tables of system calls: by call, and by task, process, name or cgroup and call. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report_int.h"
#include "syscalls.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct line { /* of a group's call */
	const struct model_task *task; /* NULL: tasks without counters of their own */
	uint64_t group;
	uint32_t kind;
	uint64_t v[SC_N], max_ns;
};

struct lines {
	struct line *v;
	size_t n, cap;
	struct u64map groups, map; /* group -> its number; number and kind -> line */
	uint32_t n_groups;
};

static uint64_t name_hash(const char *s)
{
	uint64_t h = 0xcbf29ce484222325ull;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return h;
}

uint64_t report_group_key(const struct report *r, const struct model_task *t, uint64_t epoch)
{
	if (r->o->by == REPORT_MACHINE || !t)
		return 0;
	switch (r->o->by) {
	case REPORT_PROCESS:
		return t->known ? r->m->tasks[t->leader].epoch : epoch;
	case REPORT_COMM:
		return name_hash(t->comm);
	case REPORT_CGROUP:
		return t->cgroup;
	default:
		return epoch;
	}
}

static struct line *line_of(struct lines *l, uint64_t group, uint32_t kind)
{
	uint32_t g = u64map_get(&l->groups, group), i;
	struct line *p;

	if (g == U64MAP_NONE) {
		g = l->n_groups++;
		if (u64map_put(&l->groups, group, g))
			return NULL;
	}
	i = u64map_get(&l->map, (uint64_t)g * SYSCALLS_MAX_KINDS + kind);
	if (i != U64MAP_NONE)
		return &l->v[i];
	if (l->n == l->cap) {
		p = reallocarray(l->v, l->cap ? l->cap * 2 : 64, sizeof(*p));
		if (!p)
			return NULL;
		l->v = p;
		l->cap = l->cap ? l->cap * 2 : 64;
	}
	if (u64map_put(&l->map, (uint64_t)g * SYSCALLS_MAX_KINDS + kind, (uint32_t)l->n))
		return NULL;
	p = &l->v[l->n++];
	*p = (struct line){ .group = group, .kind = kind };
	return p;
}

static int cmp_line(const void *a, const void *b)
{
	const struct line *x = a, *y = b;

	if (x->v[SC_TIME_NS] != y->v[SC_TIME_NS])
		return x->v[SC_TIME_NS] < y->v[SC_TIME_NS] ? 1 : -1;
	if (x->v[SC_COUNT] != y->v[SC_COUNT])
		return x->v[SC_COUNT] < y->v[SC_COUNT] ? 1 : -1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* Whole calls, or their parts. */
static int gather(const struct report *r, bool classes, struct lines *l)
{
	const struct syscalls *s = r->m->syscalls;
	size_t i;
	int k;

	for (i = 0; i < s->n_sums; i++) {
		const struct syscall_sum *sum = &s->sums[i];
		const struct model_task *t = model_task(r->m, sum->epoch);
		struct line *p;

		if (!*s->kinds[sum->kind].class == classes || model_hides(r->m, t, r->o->collector))
			continue;
		if (!sum->v[SC_COUNT] && !syscalls_open(s, sum))
			continue;
		p = line_of(l, report_group_key(r, t, sum->epoch), sum->kind);
		if (!p)
			return -ENOMEM;
		for (k = 0; k < SC_OPEN; k++)
			p->v[k] += sum->v[k];
		if (syscalls_open(s, sum)) {
			p->v[SC_OPEN] += sum->v[SC_OPEN];
			p->v[SC_OPEN_NS] += sum->v[SC_OPEN_NS];
		}
		if (sum->max_ns > p->max_ns)
			p->max_ns = sum->max_ns;
		if (!p->task || (t && t->tid == t->tgid && p->task->tid != p->task->tgid))
			p->task = t;
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), cmp_line);
	return 0;
}

static void lines_free(struct lines *l)
{
	free(l->v);
	u64map_free(&l->groups);
	u64map_free(&l->map);
}

/* ---------------------------------------------------------------- cells */

void report_put_group(struct table *t, const struct report *r, const struct model_task *task)
{
	const char *path;

	if (!task) {
		table_text(t, r->o->by == REPORT_MACHINE ? "machine" : "(others)");
		table_none(t);
		return;
	}
	switch (r->o->by) {
	case REPORT_TASK:
		table_text(t, task->comm);
		table_u64(t, task->tid);
		return;
	case REPORT_PROCESS:
		table_text(t, task->comm);
		table_u64(t, task->tgid);
		return;
	case REPORT_COMM:
		table_text(t, task->comm);
		break;
	case REPORT_CGROUP:
		path = model_cgroup_path(r->m, task->cgroup);
		table_text(t, path ? path : "(unknown)");
		break;
	default:
		table_text(t, "machine");
	}
	table_none(t);
}

static void put_ratio(struct table *t, double a, double b)
{
	if (b > 0)
		table_f64(t, a / b);
	else
		table_none(t);
}

static void put_quantiles(struct table *t, const struct report *r, const struct line *p)
{
	struct rhist h = r->m->syscalls->kinds[p->kind].hist; /* a view of it */

	h.n = rhist_count(&h);
	h.max = p->max_ns;
	if (r->o->by != REPORT_MACHINE || !h.n) {
		table_none(t);
		table_none(t);
		table_none(t);
		return;
	}
	table_f64(t, rhist_q(&h, 0.50));
	table_f64(t, rhist_q(&h, 0.95));
	table_f64(t, rhist_q(&h, 0.99));
}

static void put_call(struct table *t, const struct report *r, const struct line *p, double total)
{
	const struct syscall_kind *k = &r->m->syscalls->kinds[p->kind];
	double timed = (double)(p->v[SC_COUNT] - p->v[SC_UNTIMED]);
	char buf[64];

	table_text(t, syscalls_name(k, buf, sizeof(buf)));
	table_u64(t, k->nr);
	table_text(t, k->compat ? "compat" : "native");
	table_u64(t, p->v[SC_COUNT]);
	table_u64(t, p->v[SC_ERRORS]);
	table_u64(t, p->v[SC_RESTARTS]);
	table_u64(t, p->v[SC_UNTIMED]);
	table_u64(t, p->v[SC_TIME_NS]);
	put_ratio(t, 100.0 * (double)p->v[SC_TIME_NS], total);
	put_ratio(t, (double)p->v[SC_TIME_NS], timed);
	put_quantiles(t, r, p);
	if (timed > 0)
		table_u64(t, p->max_ns);
	else
		table_none(t);
	table_u64(t, p->v[SC_OPEN]);
	table_u64(t, p->v[SC_OPEN_NS]);
}

#define US_COL(id_, head_, fl) { .id = id_, .head = head_, .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG | (fl) }
#define US(id_, head_) US_COL(id_, head_, 0)
#define CALL_COLS \
	{ .id = "call", .head = "call", .flags = COL_KEY, .max = 24 }, \
	{ .id = "nr", .head = "nr", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "abi", .head = "abi", .flags = COL_NO_TEXT }, \
	{ .id = "count", .head = "count", .type = COL_COUNT }, \
	{ .id = "errors", .head = "errors", .type = COL_COUNT }, \
	{ .id = "restarts", .head = "restarts", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "untimed", .head = "untimed", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "time_ns", .head = "time", .unit = "ms", .type = COL_NS, .prec = 2 }, \
	{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 }, \
	US("mean_ns", "mean"), US_COL("p50_ns", "p50", COL_HIDE_EMPTY), \
	{ .id = "p95_ns", .head = "p95", .type = COL_NS, .flags = COL_NO_TEXT }, \
	US_COL("p99_ns", "p99", COL_HIDE_EMPTY), US("max_ns", "max"), \
	{ .id = "open", .head = "open", .type = COL_COUNT, .flags = COL_HIDE_EMPTY }, \
	{ .id = "open_ns", .head = "open", .type = COL_NS, .flags = COL_NO_TEXT }

struct table *report_syscalls(const struct report *r)
{
	static const struct table_col machine[] = { CALL_COLS }, grouped[] = { REPORT_GROUP_COLS, CALL_COLS };
	bool groups = r->o->by != REPORT_MACHINE;
	struct lines l = { 0 };
	struct table *t = NULL;
	double total = 0;
	size_t i;

	if (!gather(r, false, &l))
		t = table_new("syscalls", "System calls by time", groups ? grouped : machine, groups ? N(grouped) : N(machine));
	for (i = 0; i < l.n; i++)
		total += (double)l.v[i].v[SC_TIME_NS];
	for (i = 0; t && i < l.n; i++) {
		if (groups)
			report_put_group(t, r, l.v[i].task);
		put_call(t, r, &l.v[i], total);
	}
	if (t && !groups)
		table_note(t, "time runs from entry to return, asleep or not; open: in progress at the end, without time yet");
	lines_free(&l);
	return t;
}

struct table *report_syscall_classes(const struct report *r)
{
#define CLASS_COLS \
	{ .id = "call", .head = "call", .flags = COL_KEY }, \
	{ .id = "class", .head = "of", .flags = COL_KEY }, \
	{ .id = "count", .head = "count", .type = COL_COUNT }, \
	{ .id = "errors", .head = "errors", .type = COL_COUNT }, \
	{ .id = "bytes", .head = "bytes", .type = COL_COUNT }, \
	{ .id = "time_ns", .head = "time", .unit = "ms", .type = COL_NS, .prec = 2 }, \
	US("mean_ns", "mean")
	static const struct table_col machine[] = { CLASS_COLS }, grouped[] = { REPORT_GROUP_COLS, CLASS_COLS };
	bool groups = r->o->by != REPORT_MACHINE;
	struct lines l = { 0 };
	struct table *t = NULL;
	size_t i;

	if (!gather(r, true, &l))
		t = table_new("memory_calls", "Memory management calls by what they asked for", groups ? grouped : machine,
			      groups ? N(grouped) : N(machine));
	for (i = 0; t && i < l.n; i++) {
		const struct line *p = &l.v[i];

		if (groups)
			report_put_group(t, r, p->task);
		table_text(t, r->m->syscalls->kinds[p->kind].name);
		table_text(t, r->m->syscalls->kinds[p->kind].class);
		table_u64(t, p->v[SC_COUNT]);
		table_u64(t, p->v[SC_ERRORS]);
		table_u64(t, p->v[SC_BYTES]);
		table_u64(t, p->v[SC_TIME_NS]);
		put_ratio(t, (double)p->v[SC_TIME_NS], (double)p->v[SC_COUNT]);
	}
	lines_free(&l);
	return t;
}
