// SPDX-License-Identifier: GPL-2.0-only
/* Which mappings the processes have and had, and what an address in them is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "maps_int.h"

int mmt_maps__open(struct mmt_writer *w, const struct mmt_log *log, struct mmt_maps **out)
{
	struct mmt_maps *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->w = w;
	m->log = log;
	m->most_past = MMT_MAPS_PAST;
	m->buf = malloc(MMT_MAPS_BUF);
	m->files = mmt_file_ids__new();
	if (!m->buf || !m->files) {
		mmt_maps__close(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

int mmt_ptrs__add(struct ptrs *l, void *p)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 64;
		void **v = realloc(l->v, size * sizeof(*v));

		if (!v)
			return -ENOMEM;
		l->v = v;
		l->size = size;
	}
	l->v[l->n++] = p;
	return 0;
}

void mmt_maps__put(struct known *k)
{
	if (!k || --k->refs)
		return;
	free(k->path);
	free(k);
}

static void drop_process(struct mmt_maps *m, struct process *p)
{
	struct process **link = &m->by_epoch[p->epoch % MMT_MAPS_BUCKETS];
	size_t i;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	for (link = &m->by_pid[p->pid % MMT_MAPS_BUCKETS]; *link != p; link = &(*link)->next_pid)
		;
	*link = p->next_pid;
	m->alive -= p->n;
	for (i = 0; i < p->n; i++)
		mmt_maps__put(p->map[i].k);
	free(p->map);
	free(p);
}

static void drop_oldest(struct mmt_maps *m)
{
	struct past *x = m->oldest;

	m->oldest = x->newer;
	if (!m->oldest)
		m->newest = NULL;
	m->n_past--;
	x->p->past = x->next; /* of its process, too, it is the oldest */
	if (!x->next)
		x->p->past_end = NULL;
	if (x->h.k)
		mmt_maps__put(x->h.k);
	else
		drop_process(m, x->p);
	free(x);
}

void mmt_maps__close(struct mmt_maps *m)
{
	size_t i;

	if (!m)
		return;
	while (m->oldest)
		drop_oldest(m);
	for (i = 0; i < MMT_MAPS_BUCKETS; i++)
		while (m->by_epoch[i])
			drop_process(m, m->by_epoch[i]);
	for (i = 0; i < m->unwritten.n; i++)
		mmt_maps__put(m->unwritten.v[i]);
	for (i = 0; i < m->n_rec; i++)
		free(m->rec[i].path);
	free(m->rec);
	free(m->unwritten.v);
	free(m->fresh.v);
	free(m->ending.v);
	free(m->queue);
	mmt_file_ids__free(m->files);
	free(m->buf);
	free(m);
}

/* ------------------------------------------------------------------- processes */

struct process *mmt_maps__process(const struct mmt_maps *m, uint64_t epoch)
{
	struct process *p = m->by_epoch[epoch % MMT_MAPS_BUCKETS];

	while (p && p->epoch != epoch)
		p = p->next;
	return p;
}

static struct process *process_new(struct mmt_maps *m, uint64_t epoch, uint32_t pid)
{
	struct process *p = calloc(1, sizeof(*p)), **bucket;

	if (!p)
		return NULL;
	p->epoch = epoch;
	p->pid = pid;
	p->uid = UINT32_MAX;
	p->ended = MMT_MAPS_FOREVER;
	bucket = &m->by_epoch[epoch % MMT_MAPS_BUCKETS];
	p->next = *bucket;
	*bucket = p;
	bucket = &m->by_pid[pid % MMT_MAPS_BUCKETS];
	p->next_pid = *bucket;
	*bucket = p;
	return p;
}

int mmt_maps__know(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start, bool ignored)
{
	struct process *p = mmt_maps__process(m, epoch);

	if (!epoch || !pid)
		return -EINVAL;
	if (!p)
		p = process_new(m, epoch, pid);
	if (!p)
		return -ENOMEM;
	p->start = start;
	p->born = start ? start - m->boot_off : 0; /* either clock may be ahead */
	p->ignored = ignored;
	if (ignored || p->complete || p->fresh || p->ended != MMT_MAPS_FOREVER)
		return 0;
	if (!m->captured)
		return mmt_maps__enqueue(m, p);
	p->fresh = true;
	return mmt_ptrs__add(&m->fresh, p);
}

int mmt_maps__want(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start)
{
	int err = mmt_maps__know(m, epoch, pid, start, false);
	struct process *p = err ? NULL : mmt_maps__process(m, epoch);

	return p && p->ended == MMT_MAPS_FOREVER ? mmt_maps__enqueue(m, p) : err;
}

void mmt_maps__on_demand(struct mmt_maps *m, void (*sync)(void *ctx, uint64_t epoch), void *ctx)
{
	m->sync = sync;
	m->sync_ctx = ctx;
}

/* --------------------------------------------------------- mappings come and go */

static int write_row(struct mmt_maps *m, const struct known *k)
{
	const struct mmt_cell c[] = {
		cell_u(k->id), cell_u(k->epoch), cell_u(k->start), cell_u(k->end), cell_u(k->offset), cell_u(k->vaddr),
		cell_u(k->first), cell_u(k->seen), cell_u(k->last), cell_u(k->dev), cell_u(k->inode),
		cell_u(k->mtime), cell_u(k->uid), cell_u(k->flags), cell_b(k->build_id, k->id_len), cell_s(k->path),
	};

	m->st.rows++;
	return ROW(m->w, MMT_TB_MAPPING, c);
}

int mmt_maps__changed(struct mmt_maps *m, struct known *k)
{
	if (!m->captured)
		return write_row(m, k);
	if (k->unwritten)
		return 0;
	k->unwritten = true;
	k->refs++;
	return mmt_ptrs__add(&m->unwritten, k);
}

/* Most processes that live a moment have come and gone by now: one row each. */
int mmt_maps__write_changed(struct mmt_maps *m)
{
	size_t i;
	int err = 0;

	for (i = 0; i < m->unwritten.n; i++) {
		struct known *k = m->unwritten.v[i];

		err = err ? err : write_row(m, k);
		k->unwritten = false;
		mmt_maps__put(k);
	}
	m->unwritten.n = 0;
	return err;
}

int mmt_maps__image(struct mmt_maps *m, const struct process *p, uint64_t parent, uint64_t now)
{
	const struct mmt_cell c[] = { cell_u(now), cell_u(p->epoch), cell_u(parent) };

	return ROW(m->w, MMT_TB_IMAGE, c);
}

static int room(struct mmt_maps *m, struct process *p)
{
	size_t size = p->size ? p->size * 2 : 8;
	struct held *h;

	if (p->n >= MMT_MAPS_PER_PROCESS || m->alive >= MMT_MAPS_ALL)
		return -E2BIG;
	if (p->n < p->size)
		return 0;
	h = realloc(p->map, size * sizeof(*h));
	if (!h)
		return -ENOMEM;
	p->map = h;
	p->size = size;
	return 0;
}

int mmt_maps__hold(struct mmt_maps *m, struct process *p, const struct held *h)
{
	int err = room(m, p);

	if (err)
		return err;
	p->map[p->n++] = *h;
	h->k->refs++;
	m->alive++;
	return 0;
}

struct known *mmt_maps__add(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t lo, uint64_t now, int *err)
{
	struct known *k;

	*err = room(m, p);
	if (*err)
		return NULL;
	k = malloc(sizeof(*k));
	*err = -ENOMEM;
	if (!k)
		return NULL;
	*k = (struct known){
		.id = m->n_ids + 1, .epoch = p->epoch, .start = l->start, .end = l->end, .offset = l->offset, .dev = l->dev,
		.inode = l->inode, .first = now, .uid = p->uid, .flags = l->flags, .refs = 1, .path = strdup(l->path),
	};
	if (!k->path) {
		free(k);
		return NULL;
	}
	p->map[p->n++] = (struct held){
		.k = k, .lo = lo, .from = now, .till = MMT_MAPS_FOREVER, .to = MMT_MAPS_FOREVER, .looked = now, .seen = true,
	};
	m->n_ids++;
	m->alive++;
	*err = 0;
	return k;
}

static int by_start(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return x->k->start < y->k->start ? -1 : x->k->start > y->k->start;
}

void mmt_maps__sort(struct process *p)
{
	if (p->n)
		qsort(p->map, p->n, sizeof(*p->map), by_start);
}

static int keep_past(struct mmt_maps *m, struct process *p, const struct held *h)
{
	struct past *x;

	while (m->oldest && m->n_past >= m->most_past)
		drop_oldest(m);
	x = malloc(sizeof(*x));
	if (!x)
		return -ENOMEM;
	*x = (struct past){ .p = p, .h = *h };
	if (p->past_end)
		p->past_end->next = x;
	else
		p->past = x;
	p->past_end = x;
	if (m->newest)
		m->newest->newer = x;
	else
		m->oldest = x;
	m->newest = x;
	m->n_past++;
	return 0;
}

int mmt_maps__over(struct mmt_maps *m, struct process *p, size_t i, uint64_t till, uint64_t to)
{
	struct held *h = &p->map[i];
	int err = 0, kept;

	m->alive--;
	h->till = till;
	h->to = to;
	if (h->k->epoch == p->epoch) { /* else it is over for a child only */
		h->k->seen = till;
		h->k->last = to;
		err = mmt_maps__changed(m, h->k);
	}
	kept = keep_past(m, p, h);
	if (kept)
		mmt_maps__put(h->k);
	return err ? err : kept;
}

int mmt_maps__all_over(struct mmt_maps *m, struct process *p, uint64_t now)
{
	size_t i;
	int err = 0, ret;

	for (i = 0; i < p->n; i++) {
		ret = mmt_maps__over(m, p, i, now, now);
		err = err ? err : ret;
	}
	p->n = 0;
	return err;
}

/* An exec that the records of tasks tell: do the kernel's records of mappings, too? */
static bool is_told(const struct mmt_maps *m, const struct process *p, uint64_t exec)
{
	return m->captured && p->told && p->begin > p->executed && p->begin <= exec + MMT_MAPS_SLACK;
}

/* It was not told: what it mapped then is not known. */
static int other_program(struct mmt_maps *m, struct process *p, uint64_t now)
{
	int err;

	p->gap = 0;
	p->begin = now;
	p->parent = 0;
	p->complete = p->told = p->missed = false;
	err = mmt_maps__image(m, p, 0, now);
	return err ? err : mmt_maps__all_over(m, p, now);
}

int mmt_maps__exec(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = mmt_maps__process(m, epoch);
	bool told;
	int err;

	if (!p || p->ended != MMT_MAPS_FOREVER)
		return 0;
	told = is_told(m, p, now);
	p->executed = now;
	if (told || now <= p->begin || p->ignored)
		return 0;
	err = other_program(m, p, now);
	return err ? err : mmt_maps__enqueue(m, p);
}

void mmt_maps__last_exec(struct mmt_maps *m, uint64_t epoch, uint64_t exec)
{
	struct process *p = mmt_maps__process(m, epoch);

	if (p && p->ended == MMT_MAPS_FOREVER)
		p->last_exec = exec;
}

int mmt_maps__done(struct mmt_maps *m, struct process *p)
{
	const struct held none = { .to = p->ended };
	int err = 0, ret;

	if (p->last_exec > p->executed && p->last_exec > p->begin && !is_told(m, p, p->last_exec) && !p->ignored)
		err = other_program(m, p, p->last_exec);
	ret = mmt_maps__all_over(m, p, p->ended);
	err = err ? err : ret;
	p->done = true;
	m->st.gone += !p->complete && !p->missed && !p->ignored;
	free(p->map);
	p->map = NULL;
	p->size = 0;
	if (!p->past && !m->captured)
		drop_process(m, p);
	else /* records that come late are known to be its, and children ask for it */
		err = err ? err : keep_past(m, p, &none);
	return err;
}

int mmt_maps__exit(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = mmt_maps__process(m, epoch);
	size_t i;

	if (!p || p->ended != MMT_MAPS_FOREVER)
		return 0;
	for (i = 0; p->queued && i < m->n_queued; i++)
		if (m->queue[(m->head + i) % m->queue_size] == p)
			m->queue[(m->head + i) % m->queue_size] = NULL;
	p->queued = false;
	p->due = 0;
	p->ended = now;
	return m->captured ? mmt_ptrs__add(&m->ending, p) : mmt_maps__done(m, p);
}

void mmt_maps__forget(struct mmt_maps *m, uint64_t now)
{
	while (m->oldest && m->oldest->h.to < now && now - m->oldest->h.to > MMT_MAPS_PAST_NS)
		drop_oldest(m);
}

void mmt_maps__limit_past(struct mmt_maps *m, size_t most)
{
	m->most_past = most;
	while (m->n_past > most)
		drop_oldest(m);
}

/* ------------------------------------------------------------------- addresses */

static bool covers(const struct held *h, uint64_t address)
{
	return h->k && h->k->start <= address && address < h->k->end;
}

static const struct held *held_now(const struct process *p, uint64_t address)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->map[mid].k->start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && covers(&p->map[lo - 1], address) ? &p->map[lo - 1] : NULL;
}

static bool same_code(const struct known *a, const struct known *b)
{
	return a->offset - a->start == b->offset - b->start && a->inode == b->inode && a->dev == b->dev &&
	       !strcmp(a->path, b->path);
}

/* One that was there, else the only one that may have been. */
static const struct held *held_at(const struct process *p, uint64_t address, uint64_t time)
{
	const struct held *h = held_now(p, address), *maybe = NULL, *near = NULL;
	const struct past *x;
	bool several = false;

	if (h && h->from <= time && time < p->ended)
		return h;
	if (h && h->lo <= time && time < p->ended)
		maybe = h;
	else if (h && time >= p->begin && time + MMT_MAPS_ERROR >= h->from)
		near = h;
	for (x = p->past; x; x = x->next) {
		h = &x->h;
		if (!covers(h, address) || time < h->lo || time >= h->to)
			continue;
		if (h->from <= time && time <= h->till)
			return h;
		several = several || (maybe && !same_code(maybe->k, h->k));
		maybe = h;
	}
	return several ? NULL : maybe ? maybe : near;
}

uint64_t mmt_maps__find(const struct mmt_maps *m, uint64_t epoch, uint64_t time, uint64_t address, uint64_t *offset)
{
	const struct held *h = NULL;
	const struct process *p;
	int depth = 0;

	p = mmt_maps__process(m, epoch);
	if (m->sync && (time > m->upto || !p || (!p->complete && !p->missed))) {
		m->sync(m->sync_ctx, epoch);
		p = mmt_maps__process(m, epoch);
	}
	while (p && !(h = held_at(p, address, time)) && p->parent && time >= p->begin && depth++ < MMT_MAPS_DEPTH) {
		time = p->begin;
		p = mmt_maps__process(m, p->parent);
	}
	*offset = address;
	if (!h)
		return 0;
	if (!(h->k->flags & MMT_MAP_ANON))
		*offset = address - h->k->start + h->k->offset;
	return h->k->id;
}

void mmt_maps__stats(const struct mmt_maps *m, struct mmt_maps_stats *st)
{
	*st = m->st;
	st->past = m->n_past;
}
