// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../u64map.h"
#include "sym_trace.h"
#include "symbols_int.h"

#define MAX_FRAMES 4096 /* of one stack; the kernel keeps 127 */
#define MAX_STACKS (16u << 20)
#define CLOCK_ERROR_NS 100000 /* of the times of two records, by far */
#define MAX_FORKS 64 /* of forks of forks, none of which executed anything */

struct mapping {
	uint64_t id, epoch, start, end, offset, vaddr, first, seen, last, inode, mtime, uid, flags;
	uint64_t max_end; /* of this one and all before it of the process */
	const char *path;
	const void *build_id;
	uint32_t build_id_len;
};

struct task { /* of a leader: what is asked for code made at run time */
	uint64_t epoch, start;
	uint32_t tgid;
};

/* From `time` on a process has the mappings of parent as of then, or none, beside those of its own that begin later. */
struct image {
	uint64_t time, epoch, parent;
};

struct sym_trace {
	struct arena *mem;
	struct symbols *s;
	char boot_id[64];
	int64_t boot_to_real; /* to add to CLOCK_BOOTTIME; of the first clock row */
	bool have_clock;
	struct mapping *map; /* by id */
	struct mapping **by_place; /* by process, start */
	size_t n_map, map_size;
	struct image *image; /* by process, time */
	size_t n_image, image_size;
	struct sym_stack *stack;
	size_t n_stack, stack_size;
	struct task *task;
	size_t n_task, task_size;
	struct u64map map_id, stack_id, task_id;
};

/* ------------------------------------------------------------------- tables */

static const char *const meta_cols[] = { "key", "value" };
static const char *const clock_cols[] = { "boot", "real" };
static const char *const task_cols[] = { "epoch", "start", "tgid" };
static const char *const stack_cols[] = { "id", "kind", "epoch", "flags", "frames", "mappings" };
static const char *const mapping_cols[] = { "id", "epoch", "start", "end", "offset", "vaddr", "first", "seen", "last", "inode",
					    "mtime", "uid", "flags", "build_id", "path" };
static const char *const image_cols[] = { "time", "epoch", "parent" };
static const char *const ksym_cols[] = { "address", "size", "name", "module" };
static const char *const symbol_cols[] = { "build_id", "mapping", "offset", "size", "depth", "flags", "base", "line", "function",
					   "file", "called", "called_base" };
#define MAX_COLS 16

/* Cells of a row by the columns above; those that a file does not have are empty. */
struct row {
	struct mmt_cell c[MAX_COLS];
};

static const char *text(struct sym_trace *t, const struct mmt_cell *c)
{
	return arena_str(t->mem, c->p, c->p ? c->len : 0);
}

static bool is(const struct mmt_cell *c, const char *s)
{
	return c->p && c->len == strlen(s) && !memcmp(c->p, s, c->len);
}

/* Room for one more; NULL without memory. */
static void *more(void **p, size_t *n, size_t *size, size_t each)
{
	if (*n == *size) {
		size_t want = *size ? *size * 2 : 64;
		void *q = reallocarray(*p, want, each);

		if (!q)
			return NULL;
		*p = q;
		*size = want;
	}
	return memset((char *)*p + (*n)++ * each, 0, each);
}
#define MORE(t, what) more((void **)&(t)->what, &(t)->n_##what, &(t)->what##_size, sizeof(*(t)->what))

static int row_meta(struct sym_trace *t, const struct row *r)
{
	if (is(&r->c[0], "boot.id") && r->c[1].p && r->c[1].len < sizeof(t->boot_id)) {
		memcpy(t->boot_id, r->c[1].p, r->c[1].len);
		t->boot_id[r->c[1].len] = 0;
	}
	return 0;
}

static int row_clock(struct sym_trace *t, const struct row *r)
{
	if (!t->have_clock)
		t->boot_to_real = (int64_t)(r->c[1].u - r->c[0].u);
	t->have_clock = true;
	return 0;
}

static int row_task(struct sym_trace *t, const struct row *r)
{
	uint32_t i = u64map_get(&t->task_id, r->c[0].u);
	struct task *x = i != U64MAP_NONE ? &t->task[i] : MORE(t, task);

	if (!x)
		return -ENOMEM;
	*x = (struct task){ .epoch = r->c[0].u, .start = r->c[1].u, .tgid = (uint32_t)r->c[2].u };
	return i != U64MAP_NONE ? 0 : u64map_put(&t->task_id, x->epoch, (uint32_t)(t->n_task - 1));
}

static int vector(struct sym_trace *t, const struct mmt_cell *c, const uint64_t **out, uint32_t *n)
{
	uint64_t v[MAX_FRAMES], *copy;
	int k = c->p ? mmt_vec_unpack(c->p, c->len, v, MAX_FRAMES) : 0;

	*n = 0;
	*out = NULL;
	if (k <= 0)
		return 0;
	if (k > MAX_FRAMES)
		k = MAX_FRAMES;
	copy = arena_alloc(t->mem, (size_t)k * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, v, (size_t)k * sizeof(*copy));
	*n = (uint32_t)k;
	*out = copy;
	return 0;
}

static int row_stack(struct sym_trace *t, const struct row *r)
{
	struct sym_stack *s;
	uint32_t n_mappings;
	int err;

	if (t->n_stack >= MAX_STACKS || u64map_get(&t->stack_id, r->c[0].u) != U64MAP_NONE)
		return 0;
	s = MORE(t, stack);
	if (!s)
		return -ENOMEM;
	s->id = r->c[0].u;
	s->kernel = r->c[1].u == 1;
	s->epoch = r->c[2].u;
	s->flags = (uint32_t)r->c[3].u;
	err = vector(t, &r->c[4], &s->frame, &s->n);
	err = err ? err : vector(t, &r->c[5], &s->mapping, &n_mappings);
	if (!err && n_mappings < s->n) /* too few tell nothing */
		s->mapping = NULL;
	return err ? err : u64map_put(&t->stack_id, s->id, (uint32_t)(t->n_stack - 1));
}

static int row_mapping(struct sym_trace *t, const struct row *r)
{
	uint32_t i = u64map_get(&t->map_id, r->c[0].u);
	struct mapping *m = i != U64MAP_NONE ? &t->map[i] : MORE(t, map);

	if (!m)
		return -ENOMEM;
	*m = (struct mapping){
		.id = r->c[0].u, .epoch = r->c[1].u, .start = r->c[2].u, .end = r->c[3].u, .offset = r->c[4].u, .vaddr = r->c[5].u,
		.first = r->c[6].u, .seen = r->c[7].u, .last = r->c[8].u, .inode = r->c[9].u, .mtime = r->c[10].u,
		.uid = r->c[11].u, .flags = r->c[12].u, .path = text(t, &r->c[14]), .build_id = text(t, &r->c[13]),
		.build_id_len = r->c[13].len,
	};
	if (!m->path || !m->build_id)
		return -ENOMEM;
	return i != U64MAP_NONE ? 0 : u64map_put(&t->map_id, m->id, (uint32_t)(t->n_map - 1));
}

static int row_image(struct sym_trace *t, const struct row *r)
{
	struct image *x = MORE(t, image);

	if (!x)
		return -ENOMEM;
	*x = (struct image){ .time = r->c[0].u, .epoch = r->c[1].u, .parent = r->c[2].u };
	return 0;
}

static int row_ksym(struct sym_trace *t, const struct row *r)
{
	const char *name = text(t, &r->c[2]), *module = text(t, &r->c[3]);

	return name && module ? symbols_add_kernel(t->s, r->c[0].u, r->c[1].u, name, module) : -ENOMEM;
}

static int row_symbol(struct sym_trace *t, const struct row *r)
{
	const struct sym_bundled b = {
		.build_id = r->c[0].p, .build_id_len = r->c[0].p ? r->c[0].len : 0, .mapping = r->c[1].u, .offset = r->c[2].u,
		.size = r->c[3].u, .depth = r->c[4].u, .flags = r->c[5].u, .base = r->c[6].u, .line = r->c[7].u,
		.function = text(t, &r->c[8]), .file = text(t, &r->c[9]), .called = text(t, &r->c[10]), .called_base = r->c[11].u,
	};

	return b.function && b.file && b.called ? symbols_add_bundled(t->s, &b) : -ENOMEM;
}

static const struct loader {
	uint16_t id;
	uint8_t n_cols;
	const char *const *cols;
	int (*row)(struct sym_trace *t, const struct row *r);
} loaders[] = {
#define LOADER(id, name) { id, sizeof(name##_cols) / sizeof(name##_cols[0]), name##_cols, row_##name }
	LOADER(MMT_TB_META, meta), LOADER(MMT_TB_CLOCK, clock), LOADER(MMT_TB_TASK, task), LOADER(MMT_TB_STACK, stack),
	LOADER(MMT_TB_MAPPING, mapping), LOADER(MMT_TB_IMAGE, image), LOADER(MMT_TB_KSYM, ksym), LOADER(MMT_TB_SYMBOL, symbol),
};

/* A column whose kind is another than it was meant to be is as good as absent. */
static bool usable(uint16_t id, const char *name, uint8_t fmt)
{
	const struct mmt_type *std = mmt_std_type(id);
	int i = std ? mmt_type__field(std, name) : -1;

	return i >= 0 && (std->fields[i].fmt >= MMT_FMT_STR) == (fmt >= MMT_FMT_STR);
}

static int load_rows(struct sym_trace *t, const struct loader *l, const struct mmt_rows *rows)
{
	int at[MAX_COLS], err = 0;
	struct row r;
	uint32_t i, k;

	for (k = 0; k < l->n_cols; k++) {
		at[k] = mmt_type__field(rows->type, l->cols[k]);
		if (at[k] >= 0 && !usable(l->id, l->cols[k], rows->type->fields[at[k]].fmt))
			at[k] = -1;
	}
	for (i = 0; i < rows->n && !err; i++) {
		for (k = 0; k < l->n_cols; k++)
			r.c[k] = at[k] >= 0 ? rows->cells[(size_t)i * rows->type->n_fields + (size_t)at[k]] : (struct mmt_cell){ 0 };
		err = l->row(t, &r);
	}
	return err;
}

static int load(struct sym_trace *t, const char *path, mmt_log_fn log, void *log_ctx)
{
	const struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = log, .log_ctx = log_ctx, .no_events = true };
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i;
	size_t k;
	int err = mmt_reader__open(path, &ro, &r);

	if (err)
		return err;
	while ((err = mmt_reader__next(r, &chunk)) > 0) {
		for (i = 0, err = 0; i < chunk.n_tables && !err; i++)
			for (k = 0; k < sizeof(loaders) / sizeof(loaders[0]) && !err; k++)
				if (loaders[k].id == chunk.tables[i].type->id)
					err = load_rows(t, &loaders[k], &chunk.tables[i]);
		if (err)
			break;
	}
	mmt_reader__close(r);
	return err;
}

/* ------------------------------------------------------------------ opening */

static int by_place(const void *a, const void *b)
{
	const struct mapping *x = *(struct mapping *const *)a, *y = *(struct mapping *const *)b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static int by_time(const void *a, const void *b)
{
	const struct image *x = a, *y = b;

	if (x->epoch != y->epoch)
		return x->epoch < y->epoch ? -1 : 1;
	return x->time < y->time ? -1 : x->time > y->time;
}

/* Are we on the machine, and in the boot, that was traced? */
static bool is_here(const struct sym_trace *t)
{
	char now[64] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");

	if (!f)
		return false;
	if (!fgets(now, sizeof(now), f))
		now[0] = 0;
	fclose(f);
	now[strcspn(now, "\n")] = 0;
	return *now && !strcmp(now, t->boot_id);
}

int sym_trace_open(const char *path, const struct symbols_opts *opts, mmt_log_fn log, void *log_ctx, struct sym_trace **out)
{
	struct sym_trace *t = calloc(1, sizeof(*t));
	size_t i;
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->mem = arena_new();
	if (!t->mem)
		goto err_close;
	err = symbols_open(opts, &t->s);
	err = err ? err : load(t, path, log, log_ctx);
	if (err)
		goto err_close;
	symbols_here(t->s, is_here(t));
	if (t->n_image)
		qsort(t->image, t->n_image, sizeof(*t->image), by_time);
	if (t->n_map) {
		t->by_place = calloc(t->n_map, sizeof(*t->by_place));
		if (!t->by_place) {
			err = -ENOMEM;
			goto err_close;
		}
		for (i = 0; i < t->n_map; i++)
			t->by_place[i] = &t->map[i];
		qsort(t->by_place, t->n_map, sizeof(*t->by_place), by_place);
		for (i = 0; i < t->n_map; i++) {
			const struct mapping *before = i ? t->by_place[i - 1] : NULL;

			t->by_place[i]->max_end = t->by_place[i]->end;
			if (before && before->epoch == t->by_place[i]->epoch && before->max_end > t->by_place[i]->end)
				t->by_place[i]->max_end = before->max_end;
		}
	}
	*out = t;
	return 0;
err_close:
	sym_trace_close(t);
	return err;
}

void sym_trace_close(struct sym_trace *t)
{
	if (!t)
		return;
	symbols_close(t->s);
	u64map_free(&t->map_id);
	u64map_free(&t->stack_id);
	u64map_free(&t->task_id);
	free(t->by_place);
	free(t->map);
	free(t->image);
	free(t->stack);
	free(t->task);
	if (t->mem)
		arena_free(t->mem);
	free(t);
}

bool sym_trace_has_mappings(const struct sym_trace *t)
{
	return t->n_map > 0;
}

/* ------------------------------------------------------------------- places */

const struct sym_stack *sym_trace_stack(const struct sym_trace *t, uint64_t id)
{
	uint32_t i = u64map_get(&t->stack_id, id);

	return i == U64MAP_NONE ? NULL : &t->stack[i];
}

static int resolve(struct sym_trace *t, const struct mapping *m, uint64_t offset, bool ret, struct sym_place *out)
{
	uint32_t i = u64map_get(&t->task_id, m->epoch);
	const struct task *task = i == U64MAP_NONE ? NULL : &t->task[i];

	memset(out, 0, sizeof(*out));
	out->at = (struct sym_at){
		.build_id = m->build_id, .build_id_len = m->build_id_len, .path = m->path, .offset = offset, .mapping = m->id,
		.has_vaddr = m->flags & MMT_MAP_HAS_VADDR, .vaddr = offset - m->offset + m->vaddr, .inode = m->inode,
		.mtime = m->mtime, .anon = m->flags & MMT_MAP_ANON, .ret = ret, .pid = task ? task->tgid : 0, .uid = (uint32_t)m->uid,
		.begin = task && task->start && t->have_clock ? task->start + (uint64_t)t->boot_to_real : 0,
	};
	return symbols_resolve(t->s, &out->at, &out->result);
}

static int unmapped(uint64_t address, struct sym_place *out)
{
	memset(out, 0, sizeof(*out));
	out->at.offset = address;
	out->at.anon = true;
	out->result.status = SYM_NONE;
	return 0;
}

static bool same_code(const struct mapping *a, const struct mapping *b)
{
	return a->offset - a->start == b->offset - b->start && a->inode == b->inode && !strcmp(a->path, b->path) &&
	       a->build_id_len == b->build_id_len && !memcmp(a->build_id, b->build_id, a->build_id_len);
}

/* How long a process had which mappings. */
struct span {
	uint64_t begin, end; /* end UINT64_MAX: until it ended */
	uint64_t parent;     /* see struct image; 0 */
};

/* The span that holds a time; all of it where the trace does not say. */
static struct span span_at(const struct sym_trace *t, uint64_t epoch, uint64_t time)
{
	struct span s = { .end = UINT64_MAX };
	size_t lo = 0, hi = t->n_image;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct image *x = &t->image[mid];

		if (x->epoch < epoch || (x->epoch == epoch && x->time <= time))
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < t->n_image && t->image[lo].epoch == epoch)
		s.end = t->image[lo].time;
	if (lo && t->image[lo - 1].epoch == epoch) {
		s.begin = t->image[lo - 1].time;
		s.parent = t->image[lo - 1].parent;
	}
	return s;
}

/*
 * The mapping that was there at a time, of those that began in the span of it: one that had been seen
 * before and was seen after. Else one that may have been, first seen later or gone between two looks,
 * if there is one such only.
 */
static const struct mapping *mapping_in(const struct sym_trace *t, const struct span *span, uint64_t epoch, uint64_t time,
					uint64_t address)
{
	const struct mapping *m, *sure = NULL, *maybe = NULL, *near = NULL;
	size_t lo = 0, hi = t->n_map;
	bool several = false;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		m = t->by_place[mid];
		if (m->epoch < epoch || (m->epoch == epoch && m->start <= address))
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0 && t->by_place[lo]->epoch == epoch && t->by_place[lo]->max_end > address) {
		m = t->by_place[lo];
		if (m->end <= address || (m->last && m->last < time) || m->first < span->begin || m->first >= span->end)
			continue;
		if (m->first <= time && (!m->last || time <= m->seen)) {
			if (!sure || m->first > sure->first)
				sure = m;
		} else if (!(m->flags & MMT_MAP_EXACT) || m->first <= time) {
			several = several || (maybe && !same_code(m, maybe));
			maybe = m;
		} else if (time + CLOCK_ERROR_NS >= m->first) {
			near = m;
		}
	}
	return sure ? sure : several ? NULL : maybe ? maybe : near;
}

/* In the process, or in those that it was forked from, as they were then. */
static const struct mapping *mapping_at(const struct sym_trace *t, uint64_t epoch, uint64_t time, uint64_t address)
{
	const struct mapping *m = NULL;
	int depth;

	for (depth = 0; epoch && !m && depth < MAX_FORKS; depth++) {
		const struct span s = span_at(t, epoch, time);

		m = mapping_in(t, &s, epoch, time, address);
		epoch = s.parent;
		time = s.begin;
	}
	return m;
}

int sym_trace_user(struct sym_trace *t, uint64_t epoch, uint64_t time, uint64_t address, struct sym_place *out)
{
	const struct mapping *m = mapping_at(t, epoch, time, address);

	if (!m)
		return unmapped(address, out);
	return resolve(t, m, m->flags & MMT_MAP_ANON ? address : address - m->start + m->offset, false, out);
}

int sym_trace_kernel(struct sym_trace *t, uint64_t address, struct sym_place *out)
{
	unmapped(address, out);
	out->module = "";
	symbols_kernel(t->s, address, &out->result, &out->module);
	return 0;
}

int sym_trace_frame(struct sym_trace *t, const struct sym_stack *s, uint32_t i, struct sym_place *out)
{
	/* what calls returns to the next instruction, which may be the next line's, or another function's */
	uint64_t x = i < s->n ? s->frame[i] - (i ? 1 : 0) : 0;
	uint32_t k;
	int err;

	if (s->kernel)
		err = sym_trace_kernel(t, x, out);
	else if (!s->mapping || i >= s->n)
		err = unmapped(x, out);
	else if (k = u64map_get(&t->map_id, s->mapping[i]), k != U64MAP_NONE)
		err = resolve(t, &t->map[k], x, i > 0, out);
	else
		err = unmapped(x, out);
	return err;
}

static const char *outermost(const struct sym_place *p)
{
	const char *f = p->result.n ? p->result.frame[p->result.n - 1].function : NULL;

	return f ? f : "";
}

const char *sym_trace_skipped(struct sym_trace *t, const struct sym_place *inner, const struct sym_place *outer)
{
	const char *called = outer->result.called, *at;
	char stem[1024];

	if (!called || !inner->at.path)
		return NULL;
	if (inner->result.base == outer->result.called_base && outer->at.path && !strcmp(inner->at.path, outer->at.path))
		return NULL;
	at = strstr(called, "@plt"); /* through the linker's stub: only the name can tell */
	if (!at || (size_t)(at - called) >= sizeof(stem))
		return called;
	snprintf(stem, sizeof(stem), "%.*s", (int)(at - called), called);
	return strcmp(stem, outermost(inner)) ? symbols_text(t->s, stem) : NULL;
}

int sym_trace_called(struct sym_trace *t, const struct sym_place *outer, struct sym_place *out)
{
	memset(out, 0, sizeof(*out));
	out->at = outer->at;
	out->at.ret = false;
	out->at.offset = outer->result.called_base;
	out->at.vaddr = outer->at.vaddr + outer->result.called_base - outer->at.offset;
	return outer->result.called ? symbols_resolve(t->s, &out->at, &out->result) : 0;
}

const char *sym_trace_name(const struct sym_place *p, char *buf, size_t size)
{
	const struct sym_frame *f = p->result.n ? &p->result.frame[0] : NULL;

	if (!f || !f->function)
		return symbols_unknown(&p->at, p->result.status, buf, size);
	if (p->module && *p->module)
		snprintf(buf, size, "%s [%s]", f->function, p->module);
	else
		snprintf(buf, size, "%s", f->function);
	return buf;
}

const void *sym_trace_build_id(const struct sym_trace *t, const char *path, size_t *len)
{
	const struct mapping *one = NULL, *m;
	size_t i;

	for (i = 0; i < t->n_map; i++) {
		m = &t->map[i];
		if (strcmp(m->path, path))
			continue;
		if (!m->build_id_len || (one && (one->build_id_len != m->build_id_len ||
						 memcmp(one->build_id, m->build_id, m->build_id_len))))
			return NULL;
		one = m;
	}
	*len = one ? one->build_id_len : 0;
	return one ? one->build_id : NULL;
}

int sym_trace_bundle(struct sym_trace *t, struct mmt_writer *w)
{
	struct sym_place p, called;
	size_t i;
	uint32_t k;
	int err = 0;

	for (i = 0; i < t->n_stack; i++) {
		for (k = 0; k < t->stack[i].n && !err && !t->stack[i].kernel; k++) {
			err = sym_trace_frame(t, &t->stack[i], k, &p);
			err = err ? err : sym_trace_called(t, &p, &called);
		}
	}
	return err ? err : symbols_bundle(t->s, w);
}
