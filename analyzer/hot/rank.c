// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "hot_int.h"
#include "rank.h"

#define Z95 1.959964

struct rank {
	const struct hot *h;
	enum hot_kind kind;
	enum hot_by by;
	bool inclusive;
	uint32_t *group;   /* by frame: the first frame of the same function, or line; HOT_NONE: has none */
	uint64_t *stamp;   /* by frame: the last cell in which its function was seen */
	struct u64map map; /* key -> row */
	struct hot_row *row;
	size_t n, cap;
};

static const char *const by_names[HOT_BYS] = {
	[HOT_BY_PATH] = "path", [HOT_BY_FUNCTION] = "function", [HOT_BY_INSTRUCTION] = "instruction", [HOT_BY_LINE] = "line",
	[HOT_BY_REASON] = "reason", [HOT_BY_TASK] = "task", [HOT_BY_PROCESS] = "process", [HOT_BY_COMM] = "comm",
	[HOT_BY_CGROUP] = "cgroup", [HOT_BY_SEGMENT] = "segment",
};

double hot_row_margin(const struct hot *h, enum hot_kind kind, const struct hot_row *r)
{
	const struct hot_cells *c = &h->kind[kind];
	double share = r->weight / c->weight, rest = c->variance > r->variance ? c->variance - r->variance : 0;

	/* what is drawn too often adds to the whole too */
	return c->weight > 0 ? 100 * Z95 * sqrt((1 - share) * (1 - share) * r->variance + share * share * rest) / c->weight : (double)NAN;
}

const char *hot_by_name(enum hot_by by)
{
	return (unsigned int)by < HOT_BYS ? by_names[by] : "?";
}

/* ---------------------------------------------------- functions and lines */

static bool same_group(enum hot_by by, const struct hot_frame *a, const struct hot_frame *b)
{
	if (by == HOT_BY_LINE)
		return a->line == b->line && !strcmp(a->file, b->file);
	if (strcmp(a->module, b->module) || (a->flags ^ b->flags) & (HOT_UNKNOWN | HOT_NO_STACK))
		return false;
	return a->flags & HOT_UNKNOWN || !strcmp(a->name, b->name);
}

static uint64_t group_hash(enum hot_by by, const struct hot_frame *f)
{
	if (by == HOT_BY_LINE)
		return hot_mix(model_name_hash(f->file), f->line);
	return hot_mix(model_name_hash(f->module), f->flags & HOT_UNKNOWN ? f->flags & HOT_NO_STACK : model_name_hash(f->name));
}

/* Frames that differ only by line are one function; places without a name are one a file. */
static int group_frames(struct rank *r)
{
	struct u64map map = { 0 };
	uint32_t i, at;
	int err = 0;

	r->group = calloc(r->h->n_frames + 1, sizeof(*r->group));
	r->stamp = calloc(r->h->n_frames + 1, sizeof(*r->stamp));
	if (!r->group || !r->stamp)
		return -ENOMEM;
	for (i = 0; i < r->h->n_frames && !err; i++) {
		const struct hot_frame *f = &r->h->frame[i];
		uint64_t key;

		r->group[i] = HOT_NONE;
		if (r->by == HOT_BY_LINE && (!f->file || !f->line))
			continue;
		key = group_hash(r->by, f);
		while ((at = u64map_get(&map, key)) != U64MAP_NONE && !same_group(r->by, f, &r->h->frame[at]))
			key++;
		r->group[i] = at == U64MAP_NONE ? i : at;
		if (at == U64MAP_NONE)
			err = u64map_put(&map, key, i);
	}
	u64map_free(&map);
	return err;
}

/* --------------------------------------------------------------------- rows */

static uint64_t pair(uint64_t a, uint64_t b)
{
	return hot_mix(hot_mix(0x9e3779b97f4a7c15ull, a), b);
}

static uint64_t who(const struct rank *r, uint32_t task)
{
	const struct model *m = r->h->m;

	if (task == HOT_NONE)
		return UINT64_MAX;
	if (r->by == HOT_BY_PROCESS)
		return m->tasks[task].leader;
	return r->by == HOT_BY_COMM ? model_name_hash(m->tasks[task].comm) : task;
}

/* What sets a cell's row apart, and in *row what the row is of. */
static uint64_t key_of(const struct rank *r, const struct hot_cell *c, struct hot_row *row)
{
	const struct hot_path *p = &r->h->path[c->path];
	uint32_t i;

	switch (r->by) {
	case HOT_BY_PATH:
		return pair(c->path, c->other);
	case HOT_BY_FUNCTION:
		row->frame = r->group[p->frame[0]];
		row->unknown = r->h->frame[row->frame].flags & HOT_UNKNOWN;
		return row->frame;
	case HOT_BY_INSTRUCTION:
		row->place = c->place;
		row->frame = c->place != HOT_NONE ? r->h->place[c->place].frame : p->frame[0];
		row->unknown = r->h->frame[row->frame].flags & HOT_UNKNOWN;
		return pair(row->place, row->place == HOT_NONE ? row->frame : 0);
	case HOT_BY_LINE:
		for (i = 0; i < p->n && r->group[p->frame[i]] == HOT_NONE; i++)
			;
		row->frame = i < p->n ? r->group[p->frame[i]] : HOT_NONE;
		row->unknown = i == p->n;
		return row->frame;
	case HOT_BY_REASON:
		row->unknown = c->reason == HOT_R_UNKNOWN;
		return c->reason;
	case HOT_BY_CGROUP:
		row->unknown = c->task == HOT_NONE;
		row->id = c->cgroup;
		return row->unknown ? UINT64_MAX : c->cgroup;
	case HOT_BY_SEGMENT:
		row->id = c->segment;
		return c->segment;
	default:
		row->unknown = c->task == HOT_NONE;
		return r->kind != HOT_WAKER ? who(r, c->task) :
			pair(who(r, c->task) ^ (c->flags & HOT_C_INTERRUPT ? 1ull << 40 : 0), who(r, c->other_task));
	}
}

static bool same_row(const struct rank *r, const struct hot_row *a, const struct hot_cell *c, const struct hot_row *new)
{
	switch (r->by) {
	case HOT_BY_PATH:
		return a->path == c->path && a->other == c->other;
	case HOT_BY_FUNCTION:
	case HOT_BY_LINE:
		return a->frame == new->frame;
	case HOT_BY_INSTRUCTION:
		return a->place == new->place && (a->place != HOT_NONE || a->frame == new->frame);
	case HOT_BY_REASON:
		return a->reason == c->reason;
	case HOT_BY_CGROUP:
	case HOT_BY_SEGMENT:
		return a->id == new->id && a->unknown == new->unknown;
	default:
		return who(r, a->task) == who(r, c->task) &&
		       (r->kind != HOT_WAKER || (who(r, a->other_task) == who(r, c->other_task) && a->flags == c->flags));
	}
}

static struct hot_row *row_of(struct rank *r, const struct hot_cell *c)
{
	struct hot_row new = { .frame = HOT_NONE, .place = HOT_NONE, .heaviest = -1, .path = c->path, .other = c->other,
			       .task = c->task, .other_task = c->other_task, .reason = c->reason, .flags = c->flags };
	uint64_t key = key_of(r, c, &new);
	struct hot_row *row;
	uint32_t i;

	for (; (i = u64map_get(&r->map, key)) != U64MAP_NONE; key++)
		if (same_row(r, &r->row[i], c, &new))
			return &r->row[i];
	row = array_more(&r->row, &r->n, &r->cap, sizeof(*row));
	if (!row || u64map_put(&r->map, key, (uint32_t)(r->n - 1)))
		return NULL;
	*row = new;
	return row;
}

/* A cell that stands for the row better than those before. */
static void lead(const struct rank *r, struct hot_row *row, const struct hot_cell *c)
{
	row->many |= c->task != row->task || c->other_task != row->other_task;
	if (c->weight <= row->heaviest)
		return;
	row->heaviest = c->weight;
	row->path = c->path;
	row->other = c->other;
	row->reason = c->reason;
	row->task = c->task;
	row->other_task = c->other_task;
	if (r->by == HOT_BY_PROCESS && c->task != HOT_NONE)
		row->task = r->h->m->tasks[c->task].leader;
	if (r->by == HOT_BY_PROCESS && c->other_task != HOT_NONE)
		row->other_task = r->h->m->tasks[c->other_task].leader;
}

static void add(const struct rank *r, struct hot_row *row, const struct hot_cell *c)
{
	row->weight += c->weight;
	row->variance += c->variance;
	row->count += c->count;
	row->delay += c->delay;
	row->max = c->max > row->max ? c->max : row->max;
	if (r->by != HOT_BY_FUNCTION)
		lead(r, row, c);
}

/* Every function of its path once, be it there several times. */
static int add_inclusive(struct rank *r, const struct hot_cell *c, uint64_t number)
{
	const struct hot_path *p = &r->h->path[c->path];
	struct hot_row *row;
	uint32_t i, k, g;

	for (k = 0; k < p->n; k++) {
		g = r->group[p->frame[k]];
		if (r->stamp[g] == number)
			continue;
		r->stamp[g] = number;
		i = u64map_get(&r->map, g);
		if (i == U64MAP_NONE) {
			row = array_more(&r->row, &r->n, &r->cap, sizeof(*row));
			if (!row || u64map_put(&r->map, g, (uint32_t)(r->n - 1)))
				return -ENOMEM;
			*row = (struct hot_row){ .frame = g, .place = HOT_NONE, .path = c->path, .other = c->other, .task = c->task,
						 .other_task = c->other_task, .reason = c->reason, .heaviest = -1,
						 .unknown = r->h->frame[g].flags & HOT_UNKNOWN };
		} else {
			row = &r->row[i];
		}
		row->total += c->weight;
		lead(r, row, c);
	}
	return 0;
}

/* -------------------------------------------------------------------- names */

static const char *base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s && s[1] ? s + 1 : path;
}

static void path_label(const struct hot *h, uint32_t path, char *buf, size_t size)
{
	const struct hot_path *p = &h->path[path];
	size_t at = 0;
	uint32_t i;

	for (i = 0; i < p->n && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%s", i ? " < " : "", h->frame[p->frame[i]].name);
}

static size_t task_label(const struct hot *h, enum hot_by by, uint32_t task, uint32_t flags, char *buf, size_t size)
{
	const struct model_task *t = task == HOT_NONE ? NULL : &h->m->tasks[task];

	if (!t)
		return (size_t)snprintf(buf, size, "%s", flags & HOT_C_INTERRUPT ? "(interrupt)" : "(unknown)");
	if (by == HOT_BY_COMM)
		return (size_t)snprintf(buf, size, "%s", t->comm);
	return (size_t)snprintf(buf, size, "%s %u", t->comm, by == HOT_BY_PROCESS ? t->tgid : t->tid);
}

static void frame_label(const struct hot *h, enum hot_by by, const struct hot_row *r, char *buf, size_t size)
{
	const struct hot_frame *f = r->frame == HOT_NONE ? NULL : &h->frame[r->frame];
	const struct hot_place *p = r->place == HOT_NONE ? NULL : &h->place[r->place];

	if (!f)
		snprintf(buf, size, "[unknown: no source line]");
	else if (by == HOT_BY_LINE)
		snprintf(buf, size, "%s:%u", f->file, f->line);
	else if (by == HOT_BY_FUNCTION && f->flags & HOT_UNKNOWN)
		snprintf(buf, size, *f->module ? "[unknown in %s]" : f->flags & HOT_NO_STACK ? "%s" : "[unknown]",
			 *f->module ? base(f->module) : f->name);
	else if (by == HOT_BY_INSTRUCTION && p && !(f->flags & HOT_UNKNOWN) && p->in != UINT32_MAX)
		snprintf(buf, size, "%s+0x%x", f->name, p->in);
	else
		snprintf(buf, size, "%s", f->name);
}

const char *hot_row_label(const struct hot *h, enum hot_by by, const struct hot_row *r, char *buf, size_t size)
{
	const char *path;
	size_t at;

	*buf = '\0';
	switch (by) {
	case HOT_BY_PATH:
		path_label(h, r->path, buf, size);
		break;
	case HOT_BY_FUNCTION:
	case HOT_BY_INSTRUCTION:
	case HOT_BY_LINE:
		frame_label(h, by, r, buf, size);
		break;
	case HOT_BY_REASON:
		snprintf(buf, size, "%s", hot_reason_name((enum hot_reason)r->reason));
		break;
	case HOT_BY_CGROUP:
		path = r->unknown ? "(unknown)" : model_cgroup_path(h->m, r->id);
		if (path)
			snprintf(buf, size, "%s", path);
		else
			snprintf(buf, size, "(id %" PRIu64 ")", r->id);
		break;
	case HOT_BY_SEGMENT:
		snprintf(buf, size, "%" PRIu64, r->id);
		break;
	default:
		at = task_label(h, by, r->task, r->flags, buf, size);
		if (r->other != HOT_NONE && at + 8 < size) { /* a waker's */
			at += (size_t)snprintf(buf + at, size - at, " -> ");
			task_label(h, by, r->other_task, 0, buf + at, size - at);
		}
	}
	return buf;
}

/* -------------------------------------------------------------------- order */

/* By the names of their frames, the shorter of two that are alike first. */
static int cmp_path(const struct hot *h, uint32_t a, uint32_t b)
{
	const struct hot_path *p, *q;
	uint32_t i;
	int c;

	if (a == b || a == HOT_NONE || b == HOT_NONE)
		return a == b ? 0 : a == HOT_NONE ? -1 : 1;
	p = &h->path[a];
	q = &h->path[b];
	for (i = 0; i < p->n && i < q->n; i++) {
		if (p->frame[i] == q->frame[i])
			continue;
		c = strcmp(h->frame[p->frame[i]].name, h->frame[q->frame[i]].name);
		if (c)
			return c;
	}
	return p->n < q->n ? -1 : p->n > q->n;
}

static int cmp_row(const void *a, const void *b, void *ctx)
{
	const struct hot_row *x = a, *y = b;
	const struct rank *r = ctx;
	char p[1024], q[1024];
	double wx = r->inclusive ? x->total : x->weight, wy = r->inclusive ? y->total : y->weight;
	int c;

	if (wx != wy)
		return wx < wy ? 1 : -1;
	if (x->total != y->total)
		return x->total < y->total ? 1 : -1;
	if (x->weight != y->weight)
		return x->weight < y->weight ? 1 : -1;
	if (r->by == HOT_BY_SEGMENT)
		return x->id < y->id ? -1 : x->id > y->id;
	if (r->by == HOT_BY_PATH)
		c = cmp_path(r->h, x->path, y->path);
	else
		c = strcmp(hot_row_label(r->h, r->by, x, p, sizeof(p)), hot_row_label(r->h, r->by, y, q, sizeof(q)));
	c = c ? c : cmp_path(r->h, x->other, y->other);
	if (c)
		return c;
	return x->path != y->path ? (x->path < y->path ? -1 : 1) : x->other < y->other ? -1 : x->other > y->other;
}

int hot_rank(const struct hot *h, enum hot_kind kind, enum hot_by by, bool inclusive, struct hot_row **rows, size_t *n)
{
	const struct hot_cells *c = &h->kind[kind];
	struct rank r = { .h = h, .kind = kind, .by = by, .inclusive = inclusive && by == HOT_BY_FUNCTION };
	struct hot_row *row;
	int err = 0;
	size_t i;

	if (by == HOT_BY_FUNCTION || by == HOT_BY_LINE)
		err = group_frames(&r);
	for (i = 0; i < c->n && !err; i++) {
		row = row_of(&r, &c->cell[i]);
		if (!row) {
			err = -ENOMEM;
			break;
		}
		add(&r, row, &c->cell[i]);
		if (by == HOT_BY_FUNCTION)
			err = add_inclusive(&r, &c->cell[i], i + 1);
	}
	for (i = 0; i < r.n && by != HOT_BY_FUNCTION; i++)
		r.row[i].total = r.row[i].weight;
	if (!err && r.n)
		qsort_r(r.row, r.n, sizeof(*r.row), cmp_row, &r);
	free(r.group);
	free(r.stamp);
	u64map_free(&r.map);
	if (err) {
		free(r.row);
		return err;
	}
	*rows = r.row;
	*n = r.n;
	return 0;
}
