// SPDX-License-Identifier: GPL-2.0-only
/* The few hottest spots of each kind, a line each. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static size_t add(char *buf, size_t size, size_t at, const struct hot_frame *f)
{
	char name[512];

	if (at >= size)
		return at;
	return at + (size_t)snprintf(buf + at, size - at, "%s%s", at ? " < " : "",
				     f->flags & HOT_UNKNOWN ? hot_fmt_frame(f, name, sizeof(name)) : f->name);
}

/* The leaf, then the innermost functions of the program that have names: three in all. */
static const char *where(const struct hot *h, enum hot_kind kind, uint32_t path, char *buf, size_t size)
{
	const struct hot_path *p = &h->path[path];
	uint32_t i, n = 0;
	size_t at = 0;

	*buf = '\0';
	/* in the kernel everything blocks alike: the reason says more */
	if ((kind == HOT_FAULT || kind == HOT_CPU || p->n == p->n_kernel) && !(h->frame[p->frame[0]].flags & HOT_NO_STACK)) {
		at = add(buf, size, at, &h->frame[p->frame[0]]);
		n++;
	}
	for (i = p->n_kernel; i < p->n && n < 3; i++) {
		const struct hot_frame *f = &h->frame[p->frame[i]];

		if ((f->flags & HOT_UNKNOWN && p->n - p->n_kernel > 1) || (!i && n))
			continue;
		at = add(buf, size, at, f);
		n++;
	}
	if (!at)
		snprintf(buf, size, "%s", h->frame[p->frame[0]].name);
	return buf;
}

static const char *amount(enum hot_kind kind, double weight, char *buf, size_t size)
{
	if (kind != HOT_FAULT)
		return hot_fmt_time(buf, size, weight);
	snprintf(buf, size, "%.0f", weight);
	return buf;
}

static int add_rows(struct table *t, const struct hot *h, enum hot_kind kind, size_t top)
{
	struct hot_row *row;
	char buf[1024];
	size_t i, n, shown = 0;
	int err = hot_rank(h, kind, HOT_BY_PATH, false, &row, &n);

	for (i = 0; !err && i < n && shown < top; i++) {
		if (row[i].reason == HOT_R_IDLE && kind == HOT_BLOCKED)
			continue;
		shown++;
		table_text(t, hot_kind_name(kind));
		table_f64(t, 100 * row[i].weight / h->kind[kind].weight);
		table_text(t, amount(kind, row[i].weight, buf, sizeof(buf)));
		table_text(t, kind == HOT_BLOCKED || kind == HOT_WAKER ? hot_reason_name((enum hot_reason)row[i].reason) : NULL);
		table_text(t, where(h, kind, row[i].path, buf, sizeof(buf)));
	}
	free(err ? NULL : row);
	return err;
}

struct table *hot_brief(const struct hot *h, size_t top)
{
	static const struct table_col cols[] = {
		{ .id = "what", .head = "what", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "amount", .head = "amount", .type = COL_TEXT, .flags = COL_RIGHT },
		{ .id = "reason", .head = "reason", .type = COL_TEXT },
		{ .id = "where", .head = "where", .type = COL_TEXT, .max = 48 },
	};
	struct table *t = table_new("hot_spots", "Hot spots (mmt-trace hot has them with their call paths)", cols, N(cols));
	int k, err = 0;

	for (k = 0; t && k < HOT_KINDS && !err; k++)
		if (h->kind[k].n && h->kind[k].weight > 0)
			err = add_rows(t, h, (enum hot_kind)k, top);
	if (err || (t && table_err(t))) {
		table_free(t);
		return NULL;
	}
	return t;
}
