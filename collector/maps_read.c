// SPDX-License-Identifier: GPL-2.0-only
/* Reading /proc/PID/maps: who is to be looked at, and what is new there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "maps_int.h"
#include "sysfs.h"

#define GAP_MIN 50000000ull     /* a program that was just executed has its libraries yet to load */
#define GAP_TOLD 1000000000ull  /* the kernel tells what comes: what is unmapped only */
#define GAP_MAX 60000000000ull

/* ------------------------------------------------------------------- wishes */

int mmt_maps__enqueue(struct mmt_maps *m, struct process *p)
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

int mmt_maps__want_all(struct mmt_maps *m)
{
	struct process *p;
	size_t i;
	int err = 0;

	for (i = 0; i < MMT_MAPS_BUCKETS; i++)
		for (p = m->by_epoch[i]; p && !err; p = p->next)
			err = p->ended != MMT_MAPS_FOREVER || p->ignored ? 0 : mmt_maps__enqueue(m, p);
	return err;
}

int mmt_maps__want_due(struct mmt_maps *m, uint64_t now)
{
	struct process *p;
	size_t i;
	int err = 0;

	for (i = 0; i < MMT_MAPS_BUCKETS; i++)
		for (p = m->by_epoch[i]; p && !err; p = p->next)
			if (p->due && p->due <= now && p->ended == MMT_MAPS_FOREVER && !p->ignored)
				err = mmt_maps__enqueue(m, p);
	return err;
}

/* --------------------------------------------------------------------- lines */

/* End the mappings that were not seen, close the gaps. */
static int end_unseen(struct mmt_maps *m, struct process *p, uint64_t now)
{
	size_t i, n = 0;
	int err = 0, ret;

	for (i = 0; i < p->n; i++) {
		if (p->map[i].seen) {
			p->map[n++] = p->map[i];
			continue;
		}
		ret = mmt_maps__over(m, p, i, p->map[i].looked, now);
		err = err ? err : ret;
	}
	p->n = n;
	return err;
}

static int add_mapping(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t now)
{
	uint64_t lo = p->looked > p->begin ? p->looked : p->begin;
	struct mmt_elf_id id;
	struct known *k;
	int err;

	k = mmt_maps__add(m, p, l, lo, now, &err);
	if (!k)
		return err;
	mmt_file_ids__get(m->files, p->pid, l, &id, &k->mtime, &m->st.files);
	k->flags |= id.flags;
	k->vaddr = id.vaddr;
	k->id_len = id.len;
	memcpy(k->build_id, id.id, id.len);
	return mmt_maps__changed(m, k);
}

/* The first `known` of the process's mappings are in order; the one that begins there. */
static struct held *held_from(const struct process *p, size_t known, uint64_t start)
{
	size_t lo = 0, hi = known;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->map[mid].k->start < start)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < known && p->map[lo].k->start == start ? &p->map[lo] : NULL;
}

/* The kernel's records have a build-id instead of an inode, and devices may be called otherwise by their files. */
static bool same_mapping(const struct known *k, const struct map_line *l)
{
	if (k->end != l->end || k->offset != l->offset)
		return false;
	if (k->inode == l->inode)
		return k->dev == l->dev || !strcmp(k->path, l->path);
	return !k->inode && !(k->flags & (MMT_MAP_ANON | MMT_MAP_VDSO)) && !strcmp(k->path, l->path);
}

/* known: how many mappings were there before this reading, which began at now and saw the line at `at`. */
static int take_line(struct mmt_maps *m, struct process *p, size_t known, char *line, uint64_t now, uint64_t at)
{
	struct map_line l;
	struct held *h;

	if (!mmt_maps__line(line, &l) || !l.exec || !strcmp(l.path, "[vsyscall]"))
		return 0;
	h = held_from(p, known, l.start);
	if (!h || !same_mapping(h->k, &l))
		return add_mapping(m, p, &l, at);
	h->seen = true;
	h->looked = now;
	return 0;
}

static int read_lines(struct mmt_maps *m, struct process *p, int fd, uint64_t now)
{
	size_t len = 0, total = 0, known = p->n;
	uint64_t begin = mmt_mono_ns(), at = now;
	char *line, *end;
	ssize_t n;
	int err = 0;

	while (!err && (n = read(fd, m->buf + len, MMT_MAPS_BUF - 1 - len)) > 0) {
		total += (size_t)n;
		len += (size_t)n;
		m->buf[len] = 0;
		/* beside exact times: it may have executed another program just before this instant, but not after */
		if (m->captured)
			at = now + (mmt_mono_ns() - begin);
		for (line = m->buf; !err && (end = strchr(line, '\n')); line = end + 1) {
			*end = 0;
			err = take_line(m, p, known, line, now, at);
		}
		len -= (size_t)(line - m->buf);
		memmove(m->buf, line, len);
		if (!err && (total > MMT_MAPS_BYTES || len == MMT_MAPS_BUF - 1))
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
	uint64_t begin = mmt_mono_ns(), rows = m->st.rows, least = m->captured ? GAP_TOLD : GAP_MIN;
	struct stat st;
	char path[64];
	size_t i;
	int fd, err;

	p->due = 0;
	snprintf(path, sizeof(path), "/proc/%u/maps", p->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !same_process(p)) {
		m->st.gone += !p->missed;
		p->missed = true;
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
		err = end_unseen(m, p, m->captured ? now + (mmt_mono_ns() - begin) : now);
	}
	mmt_maps__sort(p);
	/* who loads things is looked at more often */
	p->gap = !p->gap ? least : rows == m->st.rows ? p->gap * 2 : p->gap / 2;
	p->gap = p->gap < least ? least : p->gap > GAP_MAX ? GAP_MAX : p->gap;
	p->due = now + p->gap;
	p->looked = now;
	p->complete = true;
	p->parent = 0;
	return err;
}

int mmt_maps__read(struct mmt_maps *m, uint64_t epoch, uint64_t now)
{
	struct process *p = mmt_maps__process(m, epoch);

	if (!p || p->ended != MMT_MAPS_FOREVER || p->complete || p->missed || p->ignored)
		return 0;
	return read_process(m, p, now); /* it stays in the queue: another look costs little */
}

int mmt_maps__pass(struct mmt_maps *m, uint64_t now, uint64_t budget_ns)
{
	uint64_t begin = mmt_mono_ns();
	struct process *p;
	int err = 0;

	mmt_maps__forget(m, now);
	while (m->n_queued && !err) {
		p = m->queue[m->head];
		m->head = (m->head + 1) % m->queue_size;
		m->n_queued--;
		if (!p)
			continue; /* ended while it waited */
		p->queued = false;
		err = read_process(m, p, m->captured ? now + (mmt_mono_ns() - begin) : now);
		if (mmt_mono_ns() - begin >= budget_ns)
			break;
	}
	err = err ? err : mmt_maps__write_changed(m);
	return err ? err : m->n_queued > INT32_MAX ? INT32_MAX : (int)m->n_queued;
}
