// SPDX-License-Identifier: GPL-2.0-only
/* System calls of the tasks that the filters let through, beside the paths. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "../syscalls.h"
#include "hot_int.h"
#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

struct call {
	uint32_t kind;
	uint64_t v[SC_N], max;
};

static int by_time(const void *a, const void *b)
{
	const struct call *x = a, *y = b;

	if (x->v[SC_TIME_NS] != y->v[SC_TIME_NS])
		return x->v[SC_TIME_NS] < y->v[SC_TIME_NS] ? 1 : -1;
	if (x->v[SC_COUNT] != y->v[SC_COUNT])
		return x->v[SC_COUNT] < y->v[SC_COUNT] ? 1 : -1;
	return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* Whole calls, or what the memory calls asked for, by time. */
static int gather(const struct model *m, const struct hot_opts *o, bool classes, struct call **out, size_t *n)
{
	const struct syscalls *s = m->syscalls;
	struct call *c = calloc(s->n_kinds + 1, sizeof(*c));
	size_t i, k;

	*n = 0;
	if (!c)
		return -ENOMEM;
	for (i = 0; i < s->n_kinds; i++)
		c[i].kind = (uint32_t)i;
	for (i = 0; i < s->n_sums; i++) {
		const struct syscall_sum *sum = &s->sums[i];
		const struct model_task *t = sum->epoch ? model_task(m, sum->epoch) : NULL;

		if (!*s->kinds[sum->kind].class == classes || !hot_task_wanted(m, o, t))
			continue;
		for (k = 0; k < SC_N; k++)
			c[sum->kind].v[k] += sum->v[k];
		if (sum->max_ns > c[sum->kind].max)
			c[sum->kind].max = sum->max_ns;
	}
	qsort(c, s->n_kinds, sizeof(*c), by_time);
	while (*n < s->n_kinds && c[*n].v[SC_COUNT])
		++*n;
	*out = c;
	return 0;
}

#define US(id_, head_) { .id = id_, .head = head_, .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG }

struct table *hot_syscalls(const struct model *m, const struct hot_opts *o)
{
	static const struct table_col cols[] = {
		{ .id = "call", .head = "call", .type = COL_TEXT, .flags = COL_KEY, .max = 24 },
		{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "time_ns", .head = "time", .unit = "ms", .type = COL_NS, .prec = 1 },
		{ .id = "count", .head = "calls", .type = COL_COUNT },
		{ .id = "errors", .head = "errors", .type = COL_COUNT },
		US("mean_ns", "mean"), US("max_ns", "max"),
	};
	struct table *t = NULL;
	struct call *c = NULL;
	size_t i, n = 0;
	char buf[64];
	double all = 0;

	if (!gather(m, o, false, &c, &n))
		t = table_new("syscalls", "System calls by time, asleep in them or not", cols, N(cols));
	for (i = 0; i < n; i++)
		all += (double)c[i].v[SC_TIME_NS];
	for (i = 0; t && i < n; i++) {
		double timed = (double)(c[i].v[SC_COUNT] - c[i].v[SC_UNTIMED]);

		table_text(t, syscalls_name(&m->syscalls->kinds[c[i].kind], buf, sizeof(buf)));
		table_f64(t, all > 0 ? 100 * (double)c[i].v[SC_TIME_NS] / all : (double)NAN);
		table_u64(t, c[i].v[SC_TIME_NS]);
		table_u64(t, c[i].v[SC_COUNT]);
		table_u64(t, c[i].v[SC_ERRORS]);
		if (timed > 0) {
			table_f64(t, (double)c[i].v[SC_TIME_NS] / timed);
			table_u64(t, c[i].max);
		} else {
			table_none(t);
			table_none(t);
		}
	}
	free(c);
	return t;
}

struct table *hot_memory_calls(const struct model *m, const struct hot_opts *o)
{
	static const struct table_col cols[] = {
		{ .id = "call", .head = "call", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "class", .head = "of", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "time_ns", .head = "time", .unit = "ms", .type = COL_NS, .prec = 1 },
		{ .id = "count", .head = "calls", .type = COL_COUNT },
		{ .id = "errors", .head = "errors", .type = COL_COUNT },
		{ .id = "bytes", .head = "bytes", .type = COL_COUNT },
	};
	struct table *t = NULL;
	struct call *c = NULL;
	size_t i, n = 0;
	double all = 0;

	if (!gather(m, o, true, &c, &n))
		t = table_new("memory_calls", "Memory management calls by what they asked for", cols, N(cols));
	for (i = 0; i < n; i++)
		all += (double)c[i].v[SC_TIME_NS];
	for (i = 0; t && i < n; i++) {
		table_text(t, m->syscalls->kinds[c[i].kind].name);
		table_text(t, m->syscalls->kinds[c[i].kind].class);
		table_f64(t, all > 0 ? 100 * (double)c[i].v[SC_TIME_NS] / all : (double)NAN);
		table_u64(t, c[i].v[SC_TIME_NS]);
		table_u64(t, c[i].v[SC_COUNT]);
		table_u64(t, c[i].v[SC_ERRORS]);
		table_u64(t, c[i].v[SC_BYTES]);
	}
	free(c);
	return t;
}
