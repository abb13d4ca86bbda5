// SPDX-License-Identifier: GPL-2.0-only
/* What was recorded of the runs' arrangement: order, blocks, boots; and the units made of samples. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "design.h"

static bool counts(const struct cmp_iteration *it)
{
	return (it->complete || it->traced) && !it->excluded;
}

static int by_start(const void *pa, const void *pb)
{
	const struct cmp_place *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->arm != b->arm)
		return a->arm < b->arm ? -1 : 1;
	return (a->iter > b->iter) - (a->iter < b->iter);
}

void cmp_map_free(struct cmp_map *map)
{
	free(map->place);
	free(map->first);
	memset(map, 0, sizeof(*map));
}

static int map_new(const struct cmp *c, struct cmp_map *map)
{
	size_t k, i;

	memset(map, 0, sizeof(*map));
	for (k = 0; k < c->n_arms; k++)
		map->n += c->arm[k].n_iter;
	map->place = calloc(map->n + 1, sizeof(*map->place));
	map->first = calloc(c->n_arms + 1, sizeof(*map->first));
	if (!map->place || !map->first)
		return -ENOMEM;
	for (k = 0, map->n = 0; k < c->n_arms; k++) {
		map->first[k] = map->n;
		for (i = 0; i < c->arm[k].n_iter; i++)
			map->place[map->n++] = (struct cmp_place){
				.arm = (uint32_t)k, .iter = (uint32_t)i, .rank = (uint32_t)i, .block = UINT32_MAX,
				.boot = UINT32_MAX, .start = c->arm[k].iter[i].start,
			};
	}
	return 0;
}

/* Greedy: a block ends where an arm comes again. Returns the complete blocks, numbered in places. */
static uint32_t find_blocks(const struct cmp *c, struct cmp_place *p, size_t n, bool *seen)
{
	uint32_t blocks = 0;
	size_t i, from = 0, k;

	memset(seen, 0, c->n_arms * sizeof(*seen));
	for (i = 0; i <= n; i++) {
		if (i < n && !seen[p[i].arm]) {
			seen[p[i].arm] = true;
			continue;
		}
		if (i - from == c->n_arms) {
			for (k = from; k < i; k++)
				p[k].block = blocks;
			blocks++;
		}
		memset(seen, 0, c->n_arms * sizeof(*seen));
		if (i < n)
			seen[p[i].arm] = true;
		from = i;
	}
	return blocks;
}

static bool sequential(const struct cmp_place *p, size_t n, bool *done)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i && p[i].arm == p[i - 1].arm)
			continue;
		if (done[p[i].arm])
			return false;
		done[p[i].arm] = true;
	}
	return true;
}

static void say_order(struct cmp_design *d, const struct cmp_opts *o, size_t n)
{
	char *s = d->order_why;
	size_t size = sizeof(d->order_why);

	switch (d->order) {
	case CMP_ORDER_BLOCKS:
		snprintf(s, size, "%zu blocks with one iteration of every arm: %s", d->n_blocks,
			 o->unpaired ? "not compared within them, as asked for" : "compared within blocks");
		break;
	case CMP_ORDER_SEQUENTIAL:
		snprintf(s, size, "one arm after the other: a drift of the machine looks like a difference");
		break;
	case CMP_ORDER_MIXED:
		snprintf(s, size, "arms mixed, but not in blocks");
		break;
	default:
		snprintf(s, size, n ? "start times were not recorded" : "no iterations");
	}
}

static int find_order(const struct cmp *c, const struct cmp_opts *o, struct cmp_design *d, struct cmp_map *map)
{
	struct cmp_place *p = calloc(map->n + 1, sizeof(*p));
	bool *mark = calloc(c->n_arms + 1, sizeof(*mark)), known = true;
	uint32_t *rank = calloc(c->n_arms + 1, sizeof(*rank));
	size_t i, n = 0;
	int err = p && mark && rank ? 0 : -ENOMEM;

	for (i = 0; i < map->n && !err; i++) {
		if (!counts(&c->arm[map->place[i].arm].iter[map->place[i].iter]))
			continue;
		known &= !isnan(map->place[i].start);
		p[n++] = map->place[i];
	}
	d->order = CMP_ORDER_UNKNOWN;
	if (!err && known && n) {
		qsort(p, n, sizeof(*p), by_start);
		d->n_blocks = c->n_arms > 1 ? find_blocks(c, p, n, mark) : 0;
		memset(mark, 0, c->n_arms * sizeof(*mark));
		if (sequential(p, n, mark))
			d->order = CMP_ORDER_SEQUENTIAL;
		else if (d->n_blocks >= 3 && d->n_blocks * c->n_arms * 5 >= n * 4)
			d->order = CMP_ORDER_BLOCKS;
		else
			d->order = CMP_ORDER_MIXED;
		for (i = 0; i < n; i++) {
			struct cmp_place *to = &map->place[map->first[p[i].arm] + p[i].iter];

			to->rank = rank[p[i].arm]++;
			to->block = d->order == CMP_ORDER_BLOCKS ? p[i].block : UINT32_MAX;
		}
	}
	if (d->order != CMP_ORDER_BLOCKS)
		d->n_blocks = 0;
	say_order(d, o, n);
	free(rank);
	free(mark);
	free(p);
	return err;
}

struct boots { /* of one arm */
	size_t iterations, boots, shared; /* shared: boots that another arm has too */
};

static void count_boots(const struct cmp *c, const struct cmp_map *map, size_t arm, struct boots *b)
{
	const struct cmp_place *p = map->place;
	size_t i, k, from = map->first[arm], to = from + c->arm[arm].n_iter;

	memset(b, 0, sizeof(*b));
	for (i = from; i < to; i++) {
		if (!counts(&c->arm[arm].iter[i - from]))
			continue;
		b->iterations++;
		for (k = from; k < i && (p[k].boot != p[i].boot || !counts(&c->arm[arm].iter[k - from])); k++)
			;
		if (k < i)
			continue;
		b->boots++;
		for (k = 0; k < map->n; k++)
			if (p[k].arm != arm && p[k].boot == p[i].boot && counts(&c->arm[p[k].arm].iter[p[k].iter]))
				break;
		b->shared += k < map->n;
	}
}

/* Equal boot ids get equal numbers; false when one is not known. */
static bool number_boots(const struct cmp *c, struct cmp_map *map)
{
	uint32_t next = 0;
	bool known = true;
	size_t i, k;

	for (i = 0; i < map->n; i++) {
		const struct cmp_iteration *it = &c->arm[map->place[i].arm].iter[map->place[i].iter], *other;

		if (!counts(it))
			continue;
		known &= it->boot_id != NULL;
		for (k = 0; k < i && it->boot_id; k++) {
			other = &c->arm[map->place[k].arm].iter[map->place[k].iter];
			if (counts(other) && other->boot_id && !strcmp(other->boot_id, it->boot_id))
				break;
		}
		if (it->boot_id)
			map->place[i].boot = k < i ? map->place[k].boot : next++;
	}
	return known && next;
}

/* Benchmark metrics whose samples are processes of their own, or are not. */
static bool some_fresh(const struct cmp *c, bool fresh)
{
	size_t i;

	for (i = 0; i < c->n_metrics; i++)
		if (c->metric[i].source == CMP_BENCHMARK && c->metric[i].fresh == fresh)
			return true;
	return false;
}

static void find_unit(const struct cmp *c, const struct cmp_opts *o, struct cmp_design *d, struct cmp_map *map)
{
	bool own = false, single = false, several = false;
	char *why = d->unit_why;
	size_t size = sizeof(d->unit_why), k;
	struct boots b;

	d->boots_known = number_boots(c, map);
	for (k = 0; k < c->n_arms && d->boots_known; k++) {
		count_boots(c, map, k, &b);
		own |= b.shared < b.boots;
		single |= b.boots == 1 && b.shared == 0;
		several |= b.boots > 1 && b.iterations > b.boots;
	}
	d->confounded_boot = c->n_arms > 1 && own && single;
	d->unit = o->unit;
	if (o->unit != CMP_UNIT_AUTO) {
		snprintf(why, size, "as asked for%s", o->unit != CMP_UNIT_BOOT || d->boots_known ? "" :
			 "; boots were not recorded, so each iteration counts as one");
	} else if (own && several && !single) {
		d->unit = CMP_UNIT_BOOT;
		snprintf(why, size, "iterations of one boot are averaged: boots differ more than iterations");
	} else if (d->order != CMP_ORDER_BLOCKS && some_fresh(c, true)) {
		d->unit = CMP_UNIT_RUN;
		snprintf(why, size, "each run is a process of its own%s%s",
			 some_fresh(c, false) ? "; where values share one, the iteration" : "",
			 d->boots_known ? "" : "; boots were not recorded");
	} else {
		d->unit = CMP_UNIT_ITERATION;
		snprintf(why, size, "%s", !d->boots_known ? "boots were not recorded" : !own ? "all arms within the same boots" :
			 single ? "one boot an arm" : "one iteration a boot");
	}
}

int cmp_design_make(const struct cmp *c, const struct cmp_opts *o, struct cmp_design *d, struct cmp_map *map)
{
	int err;

	memset(d, 0, sizeof(*d));
	err = map_new(c, map);
	if (!err)
		err = find_order(c, o, d, map);
	if (!err)
		find_unit(c, o, d, map);
	return err;
}

/* ------------------------------------------------------------------ units */

static uint32_t rank_of(const struct cmp_map *map, const struct cmp_value *v)
{
	return map->place[map->first[v->arm] + v->iter].rank;
}

static int by_position(const void *pa, const void *pb, void *ctx)
{
	const struct cmp_value *a = pa, *b = pb;
	uint32_t x, y;

	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	if (a->arm != b->arm)
		return a->arm < b->arm ? -1 : 1;
	x = rank_of(ctx, a);
	y = rank_of(ctx, b);
	if (x != y)
		return x < y ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}

struct making { /* of a row's units */
	const struct cmp *c;
	const struct cmp_map *map;
	struct cmp_result *r;
	struct cmp_unit *next;
};

static uint32_t unit_key(const struct making *k, const struct cmp_value *v)
{
	const struct cmp_metric *m = &k->c->metric[v->metric];
	const struct cmp_place *p = &k->map->place[k->map->first[v->arm] + v->iter];

	if (k->r->design.unit == CMP_UNIT_RUN && (m->fresh || k->r->opts.unit == CMP_UNIT_RUN))
		return v->seq;
	if (k->r->design.unit == CMP_UNIT_BOOT && p->boot != UINT32_MAX)
		return p->boot;
	return v->iter;
}

/* The samples [v, end) of one metric and arm. */
static void make_row(struct making *k, struct cmp_row *row, const struct cmp_value *v, const struct cmp_value *end)
{
	const struct cmp_arm *arm = &k->c->arm[row->arm];
	bool kernel = k->c->metric[row->metric].source == CMP_KERNEL;
	size_t due = 0, have = 0, i;
	uint32_t last = UINT32_MAX, key;

	row->unit = k->next;
	while (v < end) {
		struct cmp_unit u = { .iter = v->iter, .block = k->map->place[k->map->first[v->arm] + v->iter].block };
		size_t n = 0;

		for (key = unit_key(k, v); v < end && unit_key(k, v) == key; v++) {
			if (arm->iter[v->iter].excluded)
				continue;
			have += v->iter != last;
			last = v->iter;
			if (isfinite(v->value))
				u.value += (v->value - u.value) / (double)++n;
			else
				row->dropped++;
		}
		if (n)
			*k->next++ = u;
	}
	row->n_unit = (size_t)(k->next - row->unit);
	for (i = 0; i < arm->n_iter; i++)
		due += !arm->iter[i].excluded && (kernel ? arm->iter[i].traced : arm->iter[i].complete);
	row->missing = due > have ? due - have : 0;
}

int cmp_units_make(const struct cmp *c, const struct cmp_map *map, struct cmp_result *r)
{
	struct making k = { .c = c, .map = map, .r = r };
	const struct cmp_value *v = c->value, *end = v + c->n_values, *to;
	size_t i;

	if (c->n_values)
		qsort_r(c->value, c->n_values, sizeof(*c->value), by_position, (void *)map);
	r->n_rows = c->n_metrics * c->n_arms;
	r->row = calloc(r->n_rows + 1, sizeof(*r->row));
	r->units = k.next = calloc(c->n_values + 1, sizeof(*r->units));
	r->outliers = calloc(c->n_values + 1, sizeof(*r->outliers));
	if (!r->row || !r->units || !r->outliers)
		return -ENOMEM;
	for (i = 0; i < r->n_rows; i++) {
		struct cmp_row *row = &r->row[i];

		row->metric = (uint32_t)(i / c->n_arms);
		row->arm = (uint32_t)(i % c->n_arms);
		for (to = v; to < end && to->metric == row->metric && to->arm == row->arm; to++)
			;
		make_row(&k, row, v, to);
		v = to;
	}
	return 0;
}
