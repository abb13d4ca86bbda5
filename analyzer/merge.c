// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "merge.h"
#include "u64map.h"

#define SLICE 4096 /* records taken from the busiest lane at once: what is merged stays in the cache */

struct run { const struct mrec *p; size_t n; };

struct merge {
	const struct merge_ops *ops;
	void *ctx;
	struct merge_lane *lane;
	size_t n_lanes;
	struct u64map by_stream;
	struct run *run;
	struct mrec *buf[2];
	size_t buf_cap;
	uint64_t last;        /* time of the last record passed on */
	uint64_t begin[2];    /* first time of the last two chunks */
	uint64_t next_seq;
	bool started;
	struct merge_stats *st;
};

static struct merge_lane *lane_of(struct merge *m, uint32_t stream)
{
	uint32_t i = u64map_get(&m->by_stream, stream);
	struct merge_lane *l;
	struct run *r;

	if (i != U64MAP_NONE)
		return &m->lane[i];
	l = reallocarray(m->lane, m->n_lanes + 1, sizeof(*l));
	if (!l)
		return NULL;
	m->lane = l;
	r = reallocarray(m->run, m->n_lanes + 1, sizeof(*r));
	if (!r)
		return NULL;
	m->run = r;
	if (u64map_put(&m->by_stream, stream, (uint32_t)m->n_lanes))
		return NULL;
	l = memset(&m->lane[m->n_lanes++], 0, sizeof(*l));
	l->stream = stream;
	return l;
}

int merge_room(struct merge_lane *l, size_t extra)
{
	if (l->head && l->head >= l->n / 2) {
		memmove(l->rec, l->rec + l->head, (l->n - l->head) * sizeof(*l->rec));
		l->n -= l->head;
		l->head = 0;
	}
	if (l->n + extra > l->cap) {
		size_t cap = l->n + extra + (l->n + extra) / 4;
		struct mrec *p = reallocarray(l->rec, cap, sizeof(*p));

		if (!p)
			return -ENOMEM;
		l->rec = p;
		l->cap = cap;
	}
	return 0;
}

/* How many records of p[0..n) lie before `until`: most or few of them, so gallop. */
static size_t before(const struct mrec *p, size_t n, uint64_t until)
{
	size_t lo = 0, step = 1, hi;

	while (lo + step <= n && p[lo + step - 1].time < until) {
		lo += step;
		step *= 2;
	}
	hi = lo + step - 1 < n ? lo + step - 1 : n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p[mid].time < until)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Ties go to a: the lane that was seen first. */
static void merge_two(struct run a, struct run b, struct mrec *out)
{
	const struct mrec *p = a.p, *pe = p + a.n, *q = b.p, *qe = q + b.n;

	while (p < pe && q < qe) {
		size_t later = q->time < p->time;
		const struct mrec *s = later ? q : p;

		*out++ = *s;
		q += later;
		p += 1 - later;
	}
	memcpy(out, p, (size_t)(pe - p) * sizeof(*p));
	memcpy(out + (pe - p), q, (size_t)(qe - q) * sizeof(*q));
}

static int bufs_room(struct merge *m, size_t n)
{
	int i;

	if (n <= m->buf_cap)
		return 0;
	for (i = 0; i < 2; i++) {
		struct mrec *p = reallocarray(m->buf[i], n * 2, sizeof(*p));

		if (!p)
			return -ENOMEM;
		m->buf[i] = p;
	}
	m->buf_cap = n * 2;
	return 0;
}

static int pass_on(struct merge *m, struct run r)
{
	size_t i;

	for (i = 0; i < r.n && r.p[i].time < m->last; i++)
		m->st->disorder++;
	if (r.p[r.n - 1].time > m->last)
		m->last = r.p[r.n - 1].time;
	return m->ops->batch(m->ctx, r.p, r.n);
}

/* The next few thousand records before `until`; 0 when there are none. */
static long slice(struct merge *m, uint64_t until)
{
	struct merge_lane *big = NULL;
	size_t i, n_runs = 0, total = 0, most = 0, n;
	int side = 0, err;

	for (i = 0; i < m->n_lanes; i++) {
		struct merge_lane *l = &m->lane[i];

		if (l->head < l->n && l->rec[l->head].time < until && l->n - l->head > most) {
			most = l->n - l->head;
			big = l;
		}
	}
	if (!big)
		return 0;
	if (most > SLICE && big->rec[big->head + SLICE].time < until)
		until = big->rec[big->head + SLICE].time + 1;
	for (i = 0; i < m->n_lanes; i++) {
		struct merge_lane *l = &m->lane[i];

		n = before(l->rec + l->head, l->n - l->head, until);
		if (!n)
			continue;
		m->run[n_runs++] = (struct run){ l->rec + l->head, n };
		l->head += n;
		total += n;
	}
	err = n_runs > 1 ? bufs_room(m, total) : 0;
	if (err)
		return err;
	while (n_runs > 1) {
		struct mrec *out = m->buf[side];
		size_t k = 0;

		for (i = 0; i < n_runs; i += 2) {
			struct run a = m->run[i], b = { NULL, 0 };

			if (i + 1 < n_runs) {
				b = m->run[i + 1];
				merge_two(a, b, out);
				m->run[k++] = (struct run){ out, a.n + b.n };
			} else {
				memcpy(out, a.p, a.n * sizeof(*out));
				m->run[k++] = (struct run){ out, a.n };
			}
			out += a.n + b.n;
		}
		n_runs = k;
		side = !side;
	}
	err = pass_on(m, m->run[0]);
	return err ? err : (long)total;
}

static int drain(struct merge *m, uint64_t until)
{
	long n;

	do
		n = slice(m, until);
	while (n > 0);
	return (int)n;
}

static int note_gap(struct merge *m, const struct mmt_chunk *c)
{
	bool gap = m->started && c->seq > m->next_seq;
	size_t i;
	int err = 0;

	if (gap)
		m->st->missing += c->seq - m->next_seq;
	m->started = true;
	m->next_seq = c->seq + 1;
	for (i = 0; gap && m->ops->gap && i < m->n_lanes && !err; i++) {
		struct merge_lane *l = &m->lane[i];
		uint64_t time = c->first_time;

		err = merge_room(l, 1);
		if (l->n > l->head && l->rec[l->n - 1].time > time)
			time = l->rec[l->n - 1].time;
		err = err ? err : m->ops->gap(m->ctx, c, time, l);
	}
	return err;
}

static int take_chunk(struct merge *m, const struct mmt_chunk *c)
{
	uint64_t first = UINT64_MAX;
	uint32_t i;
	int err = 0;

	if (m->ops->chunk)
		err = m->ops->chunk(m->ctx, c);
	for (i = 0; i < c->n_blocks && !err; i++) {
		const struct mmt_block *b = &c->blocks[i];
		struct merge_lane *l = lane_of(m, b->stream);

		if (!b->n)
			continue;
		if (!l || merge_room(l, b->n))
			return -ENOMEM;
		if (b->time[0] < first)
			first = b->time[0];
		err = m->ops->block(m->ctx, c, b, l);
		m->st->events += b->n;
	}
	if (err || first == UINT64_MAX)
		return err;
	m->begin[0] = m->begin[1];
	m->begin[1] = first;
	return drain(m, m->begin[0] < m->begin[1] ? m->begin[0] : m->begin[1]);
}

static void merge_free(struct merge *m)
{
	size_t i;

	for (i = 0; i < m->n_lanes; i++)
		free(m->lane[i].rec);
	free(m->lane);
	free(m->run);
	free(m->buf[0]);
	free(m->buf[1]);
	u64map_free(&m->by_stream);
}

int merge_run(struct mmt_reader *r, const struct merge_ops *ops, void *ctx, struct merge_stats *st)
{
	struct merge m = { .ops = ops, .ctx = ctx, .st = st };
	struct mmt_chunk c;
	int err;

	memset(st, 0, sizeof(*st));
	while ((err = mmt_reader__next(r, &c)) > 0) {
		err = note_gap(&m, &c);
		err = err ? err : take_chunk(&m, &c);
		if (err)
			break;
	}
	if (!err)
		err = drain(&m, UINT64_MAX);
	merge_free(&m);
	return err;
}

/* ---------------------------------------------------------------- threads */

/* A thread unpacks every n-th chunk and holds it until the caller has taken it. */
struct feed {
	struct mmt_reader *r;
	struct mmt_chunk c;
	int ret;          /* as mmt_reader__next() */
	bool full, stop;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

static void *feed_main(void *arg)
{
	struct feed *f = arg;
	bool stop;
	int ret;

	do {
		do
			ret = mmt_reader__next(f->r, &f->c);
		while (ret > 0 && !f->c.n_blocks);
		pthread_mutex_lock(&f->lock);
		f->ret = ret;
		f->full = true;
		pthread_cond_broadcast(&f->changed);
		while (f->full && !f->stop)
			pthread_cond_wait(&f->changed, &f->lock);
		stop = f->stop;
		pthread_mutex_unlock(&f->lock);
	} while (ret > 0 && !stop);
	return NULL;
}

static void feed_wait(struct feed *f)
{
	pthread_mutex_lock(&f->lock);
	while (!f->full)
		pthread_cond_wait(&f->changed, &f->lock);
	pthread_mutex_unlock(&f->lock);
}

static void feed_release(struct feed *f, bool stop)
{
	pthread_mutex_lock(&f->lock);
	f->full = false;
	f->stop |= stop;
	pthread_cond_broadcast(&f->changed);
	pthread_mutex_unlock(&f->lock);
}

static int feed_open(struct feed *f, const char *path, unsigned int part, unsigned int n)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .part = part, .n_parts = n };
	int err;

	pthread_mutex_init(&f->lock, NULL);
	pthread_cond_init(&f->changed, NULL);
	err = mmt_reader__open(path, &ro, &f->r);
	if (err)
		return err;
	err = pthread_create(&f->thread, NULL, feed_main, f);
	f->started = !err;
	return -err;
}

/* 0 when the feed's reader found nothing wrong with the file. */
static int feed_close(struct feed *f)
{
	struct mmt_status st = { .sz = sizeof(st) };
	int damaged = 0;

	if (f->started) {
		feed_release(f, true);
		pthread_join(f->thread, NULL);
	}
	if (f->r)
		damaged = mmt_reader__status(f->r, &st) || st.bad_chunks || st.missing_seq;
	mmt_reader__close(f->r);
	pthread_cond_destroy(&f->changed);
	pthread_mutex_destroy(&f->lock);
	return damaged;
}

static int take_in_turn(struct merge *m, struct feed *feed, unsigned int n)
{
	unsigned int at;
	int err = 0;

	for (at = 0; !err; at = (at + 1) % n) {
		struct feed *f = &feed[at];

		feed_wait(f);
		if (f->ret <= 0)
			return f->ret;
		if (m->started && f->c.seq < m->next_seq)
			return -EAGAIN; /* a neighbour has skipped a damaged chunk */
		m->started = true;
		m->next_seq = f->c.seq + 1;
		err = take_chunk(m, &f->c);
		feed_release(f, false);
	}
	return err;
}

int merge_run_threads(const char *path, unsigned int n, const struct merge_ops *ops, void *ctx, struct merge_stats *st)
{
	struct merge m = { .ops = ops, .ctx = ctx, .st = st };
	struct feed *feed = calloc(n, sizeof(*feed));
	unsigned int i, opened = 0;
	int err = feed ? 0 : -ENOMEM, damaged = 0;

	memset(st, 0, sizeof(*st));
	while (!err && opened < n) {
		err = feed_open(&feed[opened], path, opened, n);
		opened++;
	}
	err = err ? err : take_in_turn(&m, feed, n);
	for (i = 0; i < opened; i++)
		damaged |= feed_close(&feed[i]);
	free(feed);
	if (!err && damaged)
		err = -EAGAIN;
	if (!err)
		err = drain(&m, UINT64_MAX);
	merge_free(&m);
	return err;
}
