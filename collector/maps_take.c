// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel tells: programs that are executed, processes that are forked, and each
 * executable mapping, in the order of time. All is known of a process from its exec on, or its
 * fork from one of which all is known, however short it lives.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "maps_int.h"

#define HOLD_NS 1000000000ull /* for records of processes that are not known yet */
#define HOLD_MAX 65536
#define LATER_NS 1000000000ull /* a look at whose mappings are told: what was unmapped only */

void mmt_maps__captured(struct mmt_maps *m)
{
	m->captured = true;
}

struct process *mmt_maps__process_at(const struct mmt_maps *m, uint32_t pid, uint64_t time)
{
	struct process *p = m->by_pid[pid % MMT_MAPS_BUCKETS], *best = NULL;

	for (; p; p = p->next_pid)
		if (p->pid == pid && p->born <= time + MMT_MAPS_SLACK && (p->ended == MMT_MAPS_FOREVER || time <= p->ended + MMT_MAPS_SLACK) &&
		    (!best || p->born > best->born))
			best = p;
	return best;
}

/* Who it is now, if it lives: a program may change that, and children are their parent's. */
static void set_user(struct process *p)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u", p->pid);
	if (p->ended == MMT_MAPS_FOREVER && !stat(path, &st))
		p->uid = st.st_uid;
}

static int take_exec(struct mmt_maps *m, struct process *p, uint64_t now)
{
	int err;

	if (now < p->begin)
		return 0;
	p->begin = now;
	p->parent = 0;
	p->complete = p->told = true;
	p->missed = false;
	p->due = now + LATER_NS;
	p->gap = LATER_NS;
	err = mmt_maps__image(m, p, 0, now);
	set_user(p);
	return err ? err : mmt_maps__all_over(m, p, now);
}

static int take_fork(struct mmt_maps *m, struct process *p, const struct mmt_map_rec *r)
{
	struct process *parent = mmt_maps__process_at(m, r->ppid, r->time);
	size_t i;
	int err;

	if (!parent || parent->ignored || parent == p || p->begin)
		return 0;
	p->begin = r->time;
	p->parent = parent->epoch;
	p->complete = parent->complete;
	p->uid = parent->uid;
	p->due = r->time + LATER_NS;
	p->gap = LATER_NS;
	err = mmt_maps__image(m, p, p->parent, r->time);
	for (i = 0; i < parent->n && !err; i++)
		err = mmt_maps__hold(m, p, &parent->map[i]);
	if (err == -E2BIG) { /* found through the parent, as long as that is known */
		m->st.cut++;
		err = 0;
	} else if (!err && p->complete) {
		p->parent = 0;
	}
	return err;
}

/* A part of a mapping that another was put over: what is left of it. */
static int keep_part(struct mmt_maps *m, struct process *p, const struct known *old, uint64_t start, uint64_t end, uint64_t now)
{
	struct map_line l = {
		.start = start, .end = end, .dev = old->dev, .inode = old->inode, .flags = old->flags, .path = old->path,
		.offset = old->flags & MMT_MAP_ANON ? 0 : old->offset + (start - old->start),
	};
	struct known *k;
	int err;

	if (start >= end)
		return 0;
	k = mmt_maps__add(m, p, &l, now, now, &err);
	if (!k)
		return err;
	k->flags |= MMT_MAP_EXACT;
	k->vaddr = old->vaddr + (old->flags & MMT_MAP_HAS_VADDR ? start - old->start : 0);
	k->mtime = old->mtime;
	k->id_len = old->id_len;
	memcpy(k->build_id, old->build_id, old->id_len);
	return mmt_maps__changed(m, k);
}

/* What the new one lies over is gone. */
static int make_place(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t now)
{
	size_t i, n = 0, old = p->n;
	int err = 0;

	for (i = 0; i < old && !err; i++) {
		struct known *k = p->map[i].k;

		if (k->end <= l->start || k->start >= l->end) {
			p->map[n++] = p->map[i];
			continue;
		}
		k->refs++;
		err = mmt_maps__over(m, p, i, p->map[i].looked, now);
		err = err ? err : keep_part(m, p, k, k->start, l->start < k->end ? l->start : k->end, now);
		err = err ? err : keep_part(m, p, k, l->end > k->start ? l->end : k->start, k->end, now);
		mmt_maps__put(k);
	}
	if (p->n > i)
		memmove(p->map + n, p->map + i, (p->n - i) * sizeof(*p->map));
	p->n -= i - n;
	return err;
}

static bool is_there(const struct process *p, const struct map_line *l, const struct mmt_map_rec *r)
{
	size_t i;

	for (i = 0; i < p->n; i++) {
		const struct known *k = p->map[i].k;

		if (k->start == l->start && k->end == l->end && k->offset == l->offset && !strcmp(k->path, l->path) &&
		    (!r->inode || !k->inode || k->inode == r->inode) &&
		    (!r->id_len || !k->id_len || (k->id_len == r->id_len && !memcmp(k->build_id, r->build_id, r->id_len))))
			return true;
	}
	return false;
}

static int take_mmap(struct mmt_maps *m, struct process *p, const struct mmt_map_rec *r)
{
	struct map_line l;
	struct known *k;
	int err;

	if (r->time < p->begin)
		return 0; /* of the program before */
	mmt_told__line(r, &l);
	if (is_there(p, &l, r)) /* its protection was changed, or it was read meanwhile */
		return 0;
	err = make_place(m, p, &l, r->time);
	k = err ? NULL : mmt_maps__add(m, p, &l, r->time, r->time, &err);
	if (k) {
		k->flags |= MMT_MAP_EXACT;
		mmt_told__get(mmt_file_ids__told(m->files), p->ended == MMT_MAPS_FOREVER ? p->pid : 0, r, k, &m->st.files);
		err = mmt_maps__changed(m, k);
	}
	mmt_maps__sort(p);
	if (err == -E2BIG) {
		m->st.cut++;
		err = 0;
	}
	return err;
}

/* -EAGAIN: nobody knows the process yet. */
static int take(struct mmt_maps *m, const struct mmt_map_rec *r)
{
	struct process *p = mmt_maps__process_at(m, r->pid, r->time);

	if (!p)
		return -EAGAIN;
	m->st.captured++;
	if (p->ignored || p->done)
		return 0;
	switch (r->type) {
	case MMT_MAP_REC_EXEC:
		return take_exec(m, p, r->time);
	case MMT_MAP_REC_FORK:
		return take_fork(m, p, r);
	default:
		return take_mmap(m, p, r);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct mmt_map_rec *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

static int add_records(struct mmt_maps *m, struct mmt_map_rec *rec, size_t n)
{
	struct mmt_map_rec *p;
	size_t i;

	if (m->n_rec + n > m->rec_size) {
		p = realloc(m->rec, (m->n_rec + n) * sizeof(*p));
		if (!p) {
			for (i = 0; i < n; i++)
				free(rec[i].path);
			return -ENOMEM;
		}
		m->rec = p;
		m->rec_size = m->n_rec + n;
	}
	memcpy(m->rec + m->n_rec, rec, n * sizeof(*rec));
	m->n_rec += n;
	qsort(m->rec, m->n_rec, sizeof(*m->rec), by_time);
	return 0;
}

/* Of processes that were not told in full the rest is read. */
static int want_fresh(struct mmt_maps *m)
{
	size_t i;
	int err = 0;

	for (i = 0; i < m->fresh.n; i++) {
		struct process *p = m->fresh.v[i];

		p->fresh = false;
		if (!p->complete && !p->ignored && p->ended == MMT_MAPS_FOREVER)
			err = err ? err : mmt_maps__enqueue(m, p);
	}
	m->fresh.n = 0;
	return err;
}

static int end_ended(struct mmt_maps *m)
{
	size_t i, n = 0;
	int err = 0, ret;

	for (i = 0; i < m->ending.n; i++) {
		struct process *p = m->ending.v[i];

		if (p->ended > m->upto) {
			m->ending.v[n++] = p;
			continue;
		}
		ret = mmt_maps__done(m, p);
		err = err ? err : ret;
	}
	m->ending.n = n;
	return err;
}

int mmt_maps__take(struct mmt_maps *m, struct mmt_map_rec *rec, size_t n, uint64_t upto, uint64_t boot_off)
{
	size_t i, kept = 0;
	int err, ret;

	m->boot_off = boot_off;
	err = n ? add_records(m, rec, n) : 0;
	for (i = 0; i < m->n_rec; i++) {
		struct mmt_map_rec *r = &m->rec[i];

		ret = r->time > upto || err ? -EAGAIN : take(m, r);
		if (ret == -EAGAIN && r->time + HOLD_NS > upto && kept < HOLD_MAX) {
			m->rec[kept++] = *r;
			continue;
		}
		m->st.homeless += ret == -EAGAIN;
		free(r->path);
		if (ret != -EAGAIN)
			err = ret;
	}
	m->n_rec = kept;
	m->upto = upto > m->upto ? upto : m->upto;
	ret = want_fresh(m);
	err = err ? err : ret;
	ret = end_ended(m);
	err = err ? err : ret;
	ret = mmt_maps__write_changed(m);
	return err ? err : ret;
}
