// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "../model_int.h"
#include "live.h"
#include "vms.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_COLS 40

/* Rows that are carried over, and what of a row says which one it replaces. */
static const struct { uint16_t table; const char *key, *key2; } carried[] = {
	/* in this order: rows are understood by those before them */
	{ MMT_TB_META, "key", NULL }, { MMT_TB_CLOCK, NULL, NULL }, { MMT_TB_FOOTPRINT, NULL, NULL }, { MMT_TB_CPU, "cpu", NULL }, { MMT_TB_NODE, "node", NULL },
	{ MMT_TB_CGROUP, "id", NULL }, { MMT_TB_TASK, "epoch", NULL }, { MMT_TB_VM, "vm", NULL }, { MMT_TB_VCPU, "vm", "tid" },
	{ MMT_TB_PLACEMENT, "epoch", "cgroup" },
};

struct kept { /* a row; of placements those of one measurement */
	uint64_t key, time;
	struct mmt_cell *cells; /* their texts in the same block, of a single row */
	uint32_t n;
	bool gone;              /* it is not carried over */
};

struct store {
	const struct mmt_type *type;
	int key, key2, time, event, last, segment; /* columns; negative: none */
	bool many; /* rows to an entry */
	struct kept *v;
	size_t n, cap;
	struct u64map by_key;
};

struct side {
	struct model *m;
	struct load *load;
};

struct vms_live {
	struct store store[N(carried)];
	struct side cur, shown;
	bool begun;
};

static void side_free(struct side *s)
{
	model_rows_end(s->load);
	model_free(s->m);
	memset(s, 0, sizeof(*s));
}

static int side_init(struct side *s)
{
	s->load = NULL;
	s->m = calloc(1, sizeof(*s->m));
	if (!s->m)
		return -ENOMEM;
	s->m->mem = arena_new();
	s->load = model_rows_begin(s->m);
	return s->m->mem && s->load ? 0 : -ENOMEM;
}

static void store_init(struct store *s, uint16_t table, const char *key, const char *key2)
{
	s->type = mmt_std_type(table);
	s->key = key ? mmt_type__field(s->type, key) : -1;
	s->key2 = key2 ? mmt_type__field(s->type, key2) : -1;
	s->time = mmt_type__field(s->type, "time");
	s->segment = mmt_type__field(s->type, "segment");
	s->event = table == MMT_TB_VM || table == MMT_TB_VCPU ? mmt_type__field(s->type, "event") : -1;
	s->last = table == MMT_TB_TASK ? mmt_type__field(s->type, "last") : -1;
	s->many = table == MMT_TB_PLACEMENT;
}

static void store_free(struct store *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		free(s->v[i].cells);
	free(s->v);
	u64map_free(&s->by_key);
}

int vms_live_new(struct vms_live **out)
{
	struct vms_live *l = calloc(1, sizeof(*l));
	size_t i;

	if (!l)
		return -ENOMEM;
	for (i = 0; i < N(carried); i++)
		store_init(&l->store[i], carried[i].table, carried[i].key, carried[i].key2);
	if (side_init(&l->cur)) {
		vms_live_free(l);
		return -ENOMEM;
	}
	*out = l;
	return 0;
}

void vms_live_free(struct vms_live *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < N(carried); i++)
		store_free(&l->store[i]);
	side_free(&l->cur);
	side_free(&l->shown);
	free(l);
}

const struct model *vms_live_model(const struct vms_live *l)
{
	return l->shown.m;
}

/* ---------------------------------------------------------------- what is kept */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t value(const struct mmt_type *t, int col, const struct mmt_cell *c)
{
	const unsigned char *p = c[col].p;
	uint64_t h = 1;
	uint32_t i;

	if (t->fields[col].fmt < MMT_FMT_STR)
		return c[col].u;
	for (i = 0; i < c[col].len; i++)
		h = mix(h, p[i]);
	return h;
}

static uint64_t key_of(const struct store *s, const struct mmt_cell *c)
{
	uint64_t h = s->key < 0 ? 0 : value(s->type, s->key, c);

	return s->key2 < 0 ? h : mix(mix(1, h), value(s->type, s->key2, c));
}

/* A copy with its texts in one block. */
static struct mmt_cell *copy(const struct mmt_type *t, const struct mmt_cell *c)
{
	size_t size = t->n_fields * sizeof(*c), i;
	struct mmt_cell *v;
	char *p;

	for (i = 0; i < t->n_fields; i++)
		size += c[i].p ? c[i].len : 0;
	v = malloc(size);
	if (!v)
		return NULL;
	memcpy(v, c, t->n_fields * sizeof(*c));
	p = (char *)(v + t->n_fields);
	for (i = 0; i < t->n_fields; i++) {
		if (!c[i].p)
			continue;
		memcpy(p, c[i].p, c[i].len);
		v[i].p = p;
		p += c[i].len;
	}
	return v;
}

/* One more row of a measurement: numbers alone. */
static int append(const struct store *s, struct kept *k, const struct mmt_cell *c)
{
	struct mmt_cell *v = reallocarray(k->cells, (k->n + 1) * (size_t)s->type->n_fields, sizeof(*v));

	if (!v)
		return -ENOMEM;
	memcpy(v + k->n++ * (size_t)s->type->n_fields, c, s->type->n_fields * sizeof(*v));
	k->cells = v;
	return 0;
}

static bool is_gone(const struct store *s, const struct mmt_cell *c)
{
	if (s->last >= 0)
		return c[s->last].u;
	if (s->event < 0)
		return false;
	return c[s->event].u == (s->type->id == MMT_TB_VM ? VMS_ENDED : VMS_VCPU_ENDED);
}

static int keep(struct store *s, const struct mmt_cell *c)
{
	uint64_t key = key_of(s, c), time = s->time < 0 ? 0 : c[s->time].u;
	uint32_t i = u64map_get(&s->by_key, key);
	struct mmt_cell *cells;
	struct kept *k;

	if (i == U64MAP_NONE) {
		k = array_more(&s->v, &s->n, &s->cap, sizeof(*k));
		if (!k || u64map_put(&s->by_key, key, (uint32_t)(s->n - 1)))
			return -ENOMEM;
		k->key = key;
	} else {
		k = &s->v[i];
	}
	if (s->many && k->n && k->time == time)
		return append(s, k, c);
	cells = copy(s->type, c);
	if (!cells)
		return -ENOMEM;
	free(k->cells);
	k->cells = cells;
	k->n = 1;
	k->time = time;
	k->gone = is_gone(s, c);
	return 0;
}

/* ---------------------------------------------------------------- from one interval to the next */

/* Without what has ended, in new order. */
static int compact(struct store *s)
{
	struct u64map map = { 0 };
	size_t i, n = 0;
	int err = 0;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].gone) {
			free(s->v[i].cells);
			continue;
		}
		s->v[n] = s->v[i];
		if (u64map_put(&map, s->v[n].key, (uint32_t)n))
			err = -ENOMEM;
		n++;
	}
	s->n = n;
	u64map_free(&s->by_key);
	s->by_key = map;
	return err;
}

/* Memory of processes that are gone: their leader is no live task. */
static void drop_placements(struct store *tasks, struct store *places)
{
	int epoch = places->key;
	size_t i;

	for (i = 0; i < places->n; i++) {
		uint64_t e = places->v[i].cells[epoch].u;

		if (e && u64map_get(&tasks->by_key, e) == U64MAP_NONE)
			places->v[i].gone = true;
	}
}

static int carry(struct vms_live *l)
{
	struct store *tasks = NULL;
	size_t t, i, r;
	int err = 0;

	for (t = 0; t < N(carried) && !err; t++) {
		struct store *s = &l->store[t];

		if (s->type->id == MMT_TB_PLACEMENT && tasks)
			drop_placements(tasks, s);
		err = compact(s);
		if (s->type->id == MMT_TB_TASK)
			tasks = s;
		for (i = 0; i < s->n && !err; i++) {
			for (r = 0; r < s->v[i].n && !err; r++) {
				struct mmt_cell *c = s->v[i].cells + r * s->type->n_fields;

				if (s->segment >= 0)
					c[s->segment].u = 0; /* from before */
				err = model_rows_add(l->cur.load, s->type, c);
			}
		}
	}
	return err;
}

static int add_mark(struct side *s, const struct mmt_cell *mark)
{
	return model_rows_add(s->load, mmt_std_type(MMT_TB_MARK), mark);
}

static int cut(struct vms_live *l, const struct mmt_cell *cells)
{
	const struct mmt_type *type = mmt_std_type(MMT_TB_MARK);
	struct mmt_cell mark[MAX_COLS] = { 0 };
	int err = 0;
	size_t i;

	for (i = 0; i < type->n_fields && i < MAX_COLS; i++)
		if (type->fields[i].fmt < MMT_FMT_STR)
			mark[i].u = cells[i].u;
	if (l->begun) {
		side_free(&l->shown);
		l->shown = l->cur;
		memset(&l->cur, 0, sizeof(l->cur));
		err = add_mark(&l->shown, mark);
		err = err ? err : model_finish(l->shown.m);
	} else {
		side_free(&l->cur);
	}
	l->begun = true;
	err = err ? err : side_init(&l->cur);
	err = err ? err : add_mark(&l->cur, mark);
	return err ? err : carry(l);
}

int vms_live_row(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells)
{
	struct vms_live *l = ctx;
	size_t i;
	int err = 0;

	if (type->id == MMT_TB_MARK)
		return cut(l, cells);
	for (i = 0; i < N(carried) && !err; i++)
		if (carried[i].table == type->id)
			err = keep(&l->store[i], cells);
	return err ? err : model_rows_add(l->cur.load, type, cells);
}
