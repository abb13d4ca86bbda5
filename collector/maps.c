// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cells.h"
#include "maps_int.h"
#include "sysfs.h"

#define BUF_SIZE (64u << 10)
#define BUCKETS 4096
#define GAP_MIN 50000000ull     /* a program that was just executed has its libraries yet to load */
#define GAP_MAX 60000000000ull

struct known { /* a mapping that has a row */
	uint64_t id, start, end, offset, vaddr, dev, inode, mtime, first, seen_at;
	uint32_t flags, id_len;
	bool seen;
	uint8_t build_id[MMT_BUILD_ID_MAX];
	char *path;
};

struct process {
	struct process *next; /* of its bucket */
	uint64_t epoch, start;
	uint64_t due, gap; /* next look, and how long after the last */
	uint32_t pid, uid;
	bool queued;
	struct known *map; /* by address */
	size_t n, size;
};

struct mmt_maps {
	struct mmt_writer *w;
	const struct mmt_log *log;
	struct file_ids *files;
	struct process *by_epoch[BUCKETS]; /* those that live */
	struct process **queue; /* a ring: head is the oldest wish */
	size_t head, n_queued, queue_size;
	uint64_t n_ids, alive;
	struct mmt_maps_stats st;
	char *buf; /* of lines */
};

static uint64_t mono_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

int mmt_maps__open(struct mmt_writer *w, const struct mmt_log *log, struct mmt_maps **out)
{
	struct mmt_maps *m = calloc(1, sizeof(*m));

	if (!m)
		return -ENOMEM;
	m->w = w;
	m->log = log;
	m->buf = malloc(BUF_SIZE);
	m->files = mmt_file_ids__new();
	if (!m->buf || !m->files) {
		mmt_maps__close(m);
		return -ENOMEM;
	}
	*out = m;
	return 0;
}

static void drop_process(struct mmt_maps *m, struct process *p)
{
	struct process **link = &m->by_epoch[p->epoch % BUCKETS];
	size_t i;

	while (*link != p)
		link = &(*link)->next;
	*link = p->next;
	m->alive -= p->n;
	for (i = 0; i < p->n; i++)
		free(p->map[i].path);
	free(p->map);
	free(p);
}

void mmt_maps__close(struct mmt_maps *m)
{
	size_t i;

	if (!m)
		return;
	for (i = 0; i < BUCKETS; i++)
		while (m->by_epoch[i])
			drop_process(m, m->by_epoch[i]);
	free(m->queue);
	mmt_file_ids__free(m->files);
	free(m->buf);
	free(m);
}

/* ------------------------------------------------------------------- wishes */

static struct process *process_of(const struct mmt_maps *m, uint64_t epoch)
{
	struct process *p = m->by_epoch[epoch % BUCKETS];

	while (p && p->epoch != epoch)
		p = p->next;
	return p;
}

static int enqueue(struct mmt_maps *m, struct process *p)
{
	struct process **q;
	size_t i;

	if (p->queued)
		return 0;
	if (m->n_queued == m->queue_size) {
		size_t size = m->queue_size ? m->queue_size * 2 : 256;

		q = malloc(size * sizeof(*q));
		if (!q)
			return -ENOMEM;
		for (i = 0; i < m->n_queued; i++)
			q[i] = m->queue[(m->head + i) % m->queue_size];
		free(m->queue);
		m->queue = q;
		m->queue_size = size;
		m->head = 0;
	}
	m->queue[(m->head + m->n_queued++) % m->queue_size] = p;
	p->queued = true;
	return 0;
}

int mmt_maps__want(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start)
{
	struct process *p = process_of(m, epoch);

	if (!epoch || !pid)
		return -EINVAL;
	if (!p) {
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->epoch = epoch;
		p->next = m->by_epoch[epoch % BUCKETS];
		m->by_epoch[epoch % BUCKETS] = p;
	}
	p->pid = pid;
	p->start = start;
	return enqueue(m, p);
}

int mmt_maps__want_all(struct mmt_maps *m)
{
	struct process *p;
	size_t i;
	int err = 0;

	for (i = 0; i < BUCKETS; i++)
		for (p = m->by_epoch[i]; p && !err; p = p->next)
			err = enqueue(m, p);
	return err;
}

int mmt_maps__want_due(struct mmt_maps *m, uint64_t now)
{
	struct process *p;
	size_t i;
	int err = 0;

	for (i = 0; i < BUCKETS; i++)
		for (p = m->by_epoch[i]; p && !err; p = p->next)
			if (p->due && p->due <= now)
				err = enqueue(m, p);
	return err;
}

/* --------------------------------------------------------------------- rows */

static int write_row(struct mmt_maps *m, const struct process *p, const struct known *k, uint64_t last)
{
	const struct mmt_cell c[] = {
		cell_u(k->id), cell_u(p->epoch), cell_u(k->start), cell_u(k->end), cell_u(k->offset), cell_u(k->vaddr),
		cell_u(k->first), cell_u(last ? k->seen_at : 0), cell_u(last), cell_u(k->dev), cell_u(k->inode),
		cell_u(k->mtime), cell_u(p->uid), cell_u(k->flags), cell_b(k->build_id, k->id_len), cell_s(k->path),
	};

	m->st.rows++;
	return ROW(m->w, MMT_TB_MAPPING, c);
}

/* End the mappings that were not seen (all: every one), close the gaps. */
static int end_unseen(struct mmt_maps *m, struct process *p, uint64_t now, bool all)
{
	size_t i, n = 0;
	int err = 0;

	for (i = 0; i < p->n; i++) {
		struct known *k = &p->map[i];

		if (!all && k->seen) {
			p->map[n++] = *k;
			continue;
		}
		if (all) /* it was there until now: an end, or another program */
			k->seen_at = now;
		err = err ? err : write_row(m, p, k, now);
		free(k->path);
	}
	m->alive -= p->n - n;
	p->n = n;
	return err;
}

static int by_start(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static int add_mapping(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t now)
{
	struct mmt_elf_id id;
	struct known *k;

	if (p->n >= MMT_MAPS_PER_PROCESS || m->alive >= MMT_MAPS_ALL)
		return -E2BIG;
	if (p->n == p->size) {
		size_t size = p->size ? p->size * 2 : 8;

		k = realloc(p->map, size * sizeof(*k));
		if (!k)
			return -ENOMEM;
		p->map = k;
		p->size = size;
	}
	k = &p->map[p->n];
	*k = (struct known){
		.id = m->n_ids + 1, .start = l->start, .end = l->end, .offset = l->offset, .dev = l->dev, .inode = l->inode,
		.first = now, .seen_at = now, .seen = true, .path = strdup(l->path),
	};
	if (!k->path)
		return -ENOMEM;
	mmt_file_ids__get(m->files, p->pid, l, &id, &k->mtime, &m->st.files);
	k->flags = l->flags | id.flags;
	k->vaddr = id.vaddr;
	k->id_len = id.len;
	memcpy(k->build_id, id.id, id.len);
	p->n++;
	m->n_ids++;
	m->alive++;
	return write_row(m, p, k, 0);
}

/* known: how many mappings were there before this reading; they are in order. */
static int take_line(struct mmt_maps *m, struct process *p, size_t known, char *line, uint64_t now)
{
	struct known key = { 0 }, *k;
	struct map_line l;

	if (!mmt_maps__line(line, &l) || !l.exec || !strcmp(l.path, "[vsyscall]"))
		return 0;
	key.start = l.start;
	k = known ? bsearch(&key, p->map, known, sizeof(key), by_start) : NULL;
	if (k && k->end == l.end && k->offset == l.offset && k->dev == l.dev && k->inode == l.inode) {
		k->seen = true;
		k->seen_at = now;
		return 0;
	}
	return add_mapping(m, p, &l, now);
}

static int read_lines(struct mmt_maps *m, struct process *p, int fd, uint64_t now)
{
	size_t len = 0, total = 0, known = p->n;
	char *line, *end;
	ssize_t n;
	int err = 0;

	while (!err && (n = read(fd, m->buf + len, BUF_SIZE - 1 - len)) > 0) {
		total += (size_t)n;
		len += (size_t)n;
		m->buf[len] = 0;
		for (line = m->buf; !err && (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			err = take_line(m, p, known, line, now);
		}
		len -= (size_t)(line - m->buf);
		memmove(m->buf, line, len);
		if (!err && (total > MMT_MAPS_BYTES || len == BUF_SIZE - 1))
			err = -E2BIG;
	}
	return err;
}

/* ------------------------------------------------------------------ reading */

/* Is /proc/PID still the process that began at `start`? Its own unit is a tick. */
static bool same_process(const struct process *p)
{
	uint64_t tick = 1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK), began;
	char path[64], buf[1024], *s;
	int i;

	if (!p->start)
		return true;
	snprintf(path, sizeof(path), "/proc/%u/stat", p->pid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return false;
	s = strrchr(buf, ')'); /* the name may hold anything; field 2 ends here, 22 is wanted */
	for (i = 2; s && i < 22; i++) {
		s = strchr(s, ' ');
		s = s ? s + 1 : NULL;
	}
	if (!s)
		return false;
	began = strtoull(s, NULL, 10) * tick;
	return p->start < began + 2 * tick && began < p->start + 2 * tick;
}

static int read_process(struct mmt_maps *m, struct process *p, uint64_t now)
{
	uint64_t rows = m->st.rows;
	struct stat st;
	char path[64];
	size_t i;
	int fd, err;

	p->due = 0;
	snprintf(path, sizeof(path), "/proc/%u/maps", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !same_process(p)) {
		m->st.gone++;
		if (fd >= 0)
			close(fd);
		return 0;
	}
	p->uid = st.st_uid;
	m->st.processes++;
	for (i = 0; i < p->n; i++)
		p->map[i].seen = false;
	err = read_lines(m, p, fd, now);
	close(fd);
	if (err == -E2BIG) { /* what is not kept is unknown, not gone: nothing ends */
		m->st.cut++;
		err = 0;
	} else if (!err) {
		err = end_unseen(m, p, now, false);
	}
	if (p->n)
		qsort(p->map, p->n, sizeof(*p->map), by_start);
	/* who loads things is looked at more often */
	p->gap = !p->gap ? GAP_MIN : rows == m->st.rows ? p->gap * 2 : p->gap / 2;
	p->gap = p->gap < GAP_MIN ? GAP_MIN : p->gap > GAP_MAX ? GAP_MAX : p->gap;
	p->due = now + p->gap;
	return err;
}

int mmt_maps__pass(struct mmt_maps *m, uint64_t now, uint64_t budget_ns)
{
	uint64_t begin = mono_ns();
	struct process *p;
	int err = 0;

	while (m->n_queued && !err) {
		p = m->queue[m->head];
		m->head = (m->head + 1) % m->queue_size;
		m->n_queued--;
		if (!p)
			continue; /* ended while it waited */
		p->queued = false;
		err = read_process(m, p, now);
		if (mono_ns() - begin >= budget_ns)
			break;
	}
	return err ? err : m->n_queued > INT32_MAX ? INT32_MAX : (int)m->n_queued;
}

int mmt_maps__exec(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = process_of(m, epoch);
	int err;

	if (!p)
		return 0;
	p->gap = 0;
	err = end_unseen(m, p, now, true);
	return err ? err : enqueue(m, p);
}

int mmt_maps__exit(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = process_of(m, epoch);
	size_t i;
	int err;

	if (!p)
		return 0;
	m->st.gone += p->queued && !p->n;
	for (i = 0; p->queued && i < m->n_queued; i++)
		if (m->queue[(m->head + i) % m->queue_size] == p)
			m->queue[(m->head + i) % m->queue_size] = NULL;
	err = end_unseen(m, p, now, true);
	drop_process(m, p);
	return err;
}

uint64_t mmt_maps__find(const struct mmt_maps *m, uint64_t epoch, uint64_t address, uint64_t *offset)
{
	const struct process *p = process_of(m, epoch);
	size_t lo = 0, hi = p ? p->n : 0;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->map[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	*offset = address;
	if (!lo || p->map[lo - 1].end <= address)
		return 0;
	if (!(p->map[lo - 1].flags & MMT_MAP_ANON))
		*offset = address - p->map[lo - 1].start + p->map[lo - 1].offset;
	return p->map[lo - 1].id;
}

void mmt_maps__stats(const struct mmt_maps *m, struct mmt_maps_stats *st)
{
	*st = m->st;
}
