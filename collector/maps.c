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

static void known_free(struct known *k)
{
	if (!k)
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
	m->alive -= p->n;
	for (i = 0; i < p->n; i++)
		known_free(p->map[i].k);
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
		known_free(x->h.k);
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
	free(m->queue);
	mmt_file_ids__free(m->files);
	free(m->buf);
	free(m);
}

struct process *mmt_maps__process(const struct mmt_maps *m, uint64_t epoch)
{
	struct process *p = m->by_epoch[epoch % MMT_MAPS_BUCKETS];

	while (p && p->epoch != epoch)
		p = p->next;
	return p;
}

int mmt_maps__want(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start)
{
	struct process *p = mmt_maps__process(m, epoch);

	if (!epoch || !pid)
		return -EINVAL;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->epoch = epoch;
		p->next = m->by_epoch[epoch % MMT_MAPS_BUCKETS];
		m->by_epoch[epoch % MMT_MAPS_BUCKETS] = p;
	}
	if (p->ended)
		return 0;
	p->pid = pid;
	p->start = start;
	return mmt_maps__enqueue(m, p);
}

/* --------------------------------------------------------- mappings come and go */

int mmt_maps__row(struct mmt_maps *m, const struct known *k, uint64_t last)
{
	const struct mmt_cell c[] = {
		cell_u(k->id), cell_u(k->epoch), cell_u(k->start), cell_u(k->end), cell_u(k->offset), cell_u(k->vaddr),
		cell_u(k->first), cell_u(last ? k->seen_at : 0), cell_u(last), cell_u(k->dev), cell_u(k->inode),
		cell_u(k->mtime), cell_u(k->uid), cell_u(k->flags), cell_b(k->build_id, k->id_len), cell_s(k->path),
	};

	m->st.rows++;
	return ROW(m->w, MMT_TB_MAPPING, c);
}

int mmt_maps__add(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t lo, uint64_t now)
{
	struct held *h;
	struct known *k;

	if (p->n >= MMT_MAPS_PER_PROCESS || m->alive >= MMT_MAPS_ALL)
		return -E2BIG;
	if (p->n == p->size) {
		size_t size = p->size ? p->size * 2 : 8;

		h = realloc(p->map, size * sizeof(*h));
		if (!h)
			return -ENOMEM;
		p->map = h;
		p->size = size;
	}
	k = malloc(sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct known){
		.id = m->n_ids + 1, .epoch = p->epoch, .start = l->start, .end = l->end, .offset = l->offset, .dev = l->dev,
		.inode = l->inode, .first = now, .seen_at = now, .uid = p->uid, .flags = l->flags, .path = strdup(l->path),
	};
	if (!k->path) {
		free(k);
		return -ENOMEM;
	}
	p->map[p->n++] = (struct held){ .k = k, .lo = lo, .from = now, .till = UINT64_MAX, .to = UINT64_MAX, .seen = true };
	m->n_ids++;
	m->alive++;
	return 0;
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

int mmt_maps__over(struct mmt_maps *m, struct process *p, size_t i, uint64_t to)
{
	struct held *h = &p->map[i];
	int err, kept;

	m->alive--;
	h->till = h->k->seen_at;
	h->to = to;
	err = mmt_maps__row(m, h->k, to);
	kept = keep_past(m, p, h);
	if (kept)
		known_free(h->k);
	return err ? err : kept;
}

/* All of them, at a time that is known: the process was theirs until then. */
static int all_over(struct mmt_maps *m, struct process *p, uint64_t now)
{
	size_t i;
	int err = 0, ret;

	for (i = 0; i < p->n; i++) {
		p->map[i].k->seen_at = now;
		ret = mmt_maps__over(m, p, i, now);
		err = err ? err : ret;
	}
	p->n = 0;
	return err;
}

int mmt_maps__exec(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = mmt_maps__process(m, epoch);
	int err;

	if (!p || p->ended)
		return 0;
	p->gap = 0;
	p->begin = now;
	err = all_over(m, p, now);
	return err ? err : mmt_maps__enqueue(m, p);
}

int mmt_maps__exit(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = mmt_maps__process(m, epoch);
	const struct held none = { .to = now };
	size_t i;
	int err;

	if (!p || p->ended)
		return 0;
	m->st.gone += p->queued && !p->n;
	for (i = 0; p->queued && i < m->n_queued; i++)
		if (m->queue[(m->head + i) % m->queue_size] == p)
			m->queue[(m->head + i) % m->queue_size] = NULL;
	p->queued = false;
	p->ended = true;
	p->due = 0;
	err = all_over(m, p, now);
	free(p->map);
	p->map = NULL;
	p->size = 0;
	if (!p->past)
		drop_process(m, p);
	else
		err = err ? err : keep_past(m, p, &none);
	return err;
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
	const struct held *h = held_now(p, address), *maybe = NULL;
	const struct past *x;
	bool several = false;

	if (h && h->from <= time)
		return h;
	if (h && h->lo <= time)
		maybe = h;
	for (x = p->past; x; x = x->next) {
		h = &x->h;
		if (!covers(h, address) || time < h->lo || time >= h->to)
			continue;
		if (h->from <= time && time <= h->till)
			return h;
		several = several || (maybe && !same_code(maybe->k, h->k));
		maybe = h;
	}
	return several ? NULL : maybe;
}

uint64_t mmt_maps__find(const struct mmt_maps *m, uint64_t epoch, uint64_t time, uint64_t address, uint64_t *offset)
{
	const struct process *p = mmt_maps__process(m, epoch);
	const struct held *h = p ? held_at(p, address, time) : NULL;

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
