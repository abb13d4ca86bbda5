// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "numa_maps.h"

#define TOKEN 128 /* what is kept of a word: paths are told apart by how they begin */
#define PIECE 32768

/* Words of lines, whatever the pieces that they come in. */
struct words {
	int (*word)(void *ctx, unsigned int field, const char *s);
	int (*line)(void *ctx); /* after its last word */
	void *ctx;
	char s[TOKEN];
	unsigned int len, field;
};

static int end_word(struct words *w)
{
	int err = 0;

	if (w->len) {
		w->s[w->len < TOKEN ? w->len : TOKEN - 1] = 0;
		err = w->word(w->ctx, w->field++, w->s);
	}
	w->len = 0;
	return err;
}

static int feed(struct words *w, const char *p, size_t n)
{
	size_t i;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		if (p[i] != ' ' && p[i] != '\n') {
			if (w->len < TOKEN - 1)
				w->s[w->len++] = p[i];
			continue;
		}
		err = end_word(w);
		if (p[i] == '\n' && !err) {
			err = w->field ? w->line(w->ctx) : 0;
			w->field = 0;
		}
	}
	return err;
}

/* The bytes that were read, or -errno. */
static ssize_t read_words(const char *path, struct words *w)
{
	char *buf = malloc(PIECE);
	ssize_t n, sum = 0;
	int fd, err = 0;

	if (!buf)
		return -ENOMEM;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		goto out;
	}
	while (!err && (n = read(fd, buf, PIECE))) {
		if (n < 0 && errno == EINTR)
			continue;
		err = n < 0 ? -errno : feed(w, buf, (size_t)n);
		sum += n < 0 ? 0 : n;
	}
	close(fd);
out:
	free(buf);
	return err ? err : sum;
}

/* "N12=345" */
static bool node_word(const char *s, unsigned int *node, uint64_t *v)
{
	char *end;

	if (s[0] != 'N' || s[1] < '0' || s[1] > '9')
		return false;
	*node = (unsigned int)strtoul(s + 1, &end, 10);
	if (*end != '=' || end[1] < '0' || end[1] > '9')
		return false;
	*v = strtoull(end + 1, &end, 10);
	return !*end;
}

static bool begins(const char *s, const char *with)
{
	return !strncmp(s, with, strlen(with));
}

static enum mmt_place_kind kind_of(const char *path)
{
	if (begins(path, "/anon_hugepage"))
		return MMT_PLACE_HUGE;
	if (begins(path, "/memfd:") || begins(path, "/SYSV") || begins(path, "/dev/shm/") || begins(path, "/dev/zero") ||
	    begins(path, "[anon_shmem:"))
		return MMT_PLACE_SHARED;
	return path[0] == '/' ? MMT_PLACE_FILE : MMT_PLACE_ANON;
}

/* ---------------------------------------------------------------- numa_maps */

struct numa_line {
	struct mmt_placement *out;
	enum mmt_place_kind kind;
	uint64_t node[MMT_MAX_NODES];
	unsigned int touched[MMT_MAX_NODES], n; /* nodes of this line */
	uint64_t page_kb;
};

static int numa_word(void *ctx, unsigned int field, const char *s)
{
	struct numa_line *l = ctx;
	unsigned int node;
	uint64_t v;

	if (field < 2) /* address, policy */
		return 0;
	if (begins(s, "file=") && l->kind != MMT_PLACE_HUGE) {
		l->kind = kind_of(s + 5);
	} else if (!strcmp(s, "huge")) {
		l->kind = MMT_PLACE_HUGE;
	} else if (begins(s, "kernelpagesize_kB=")) {
		l->page_kb = strtoull(s + 18, NULL, 10);
	} else if (node_word(s, &node, &v)) {
		if (node >= MMT_MAX_NODES)
			return -ERANGE;
		l->node[node] = v;
		if (l->n < MMT_MAX_NODES)
			l->touched[l->n++] = node;
	}
	return 0;
}

static void add(struct mmt_placement *out, enum mmt_place_kind kind, unsigned int node, uint64_t kb)
{
	out->at[kind][node].kb += kb;
	out->at[MMT_PLACE_ALL][node].kb += kb;
	out->kb += kb;
	if (node >= out->n_nodes)
		out->n_nodes = node + 1;
}

static int numa_end(void *ctx)
{
	struct numa_line *l = ctx;
	unsigned int i;

	for (i = 0; i < l->n; i++)
		add(l->out, l->kind, l->touched[i], l->node[l->touched[i]] * l->page_kb);
	l->out->mappings++;
	l->n = 0;
	l->kind = MMT_PLACE_ANON;
	l->page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	return 0;
}

/* Exact: the interval is the value. */
static void no_doubt(struct mmt_placement *out)
{
	unsigned int k, i;

	for (k = 0; k < MMT_PLACE_KINDS; k++)
		for (i = 0; i < MMT_MAX_NODES; i++)
			out->at[k][i].lo = out->at[k][i].hi = out->at[k][i].kb;
}

int mmt_numa_maps__read(const char *path, struct mmt_placement *out)
{
	struct numa_line l = { .out = out, .kind = MMT_PLACE_ANON, .page_kb = (uint64_t)sysconf(_SC_PAGESIZE) / 1024 };
	struct words w = { .word = numa_word, .line = numa_end, .ctx = &l };
	ssize_t n = read_words(path, &w);

	if (n == -ENOENT)
		return -ESRCH;
	if (n < 0)
		return (int)n;
	no_doubt(out);
	return n ? 0 : -ESRCH;
}

/* ---------------------------------------------------------------- memory.numa_stat */

enum { STAT_NONE, STAT_ANON, STAT_FILE, STAT_SHMEM };

struct stat_line {
	struct mmt_placement *out;
	int what;
	uint64_t shmem[MMT_MAX_NODES];
};

static int stat_word(void *ctx, unsigned int field, const char *s)
{
	struct stat_line *l = ctx;
	unsigned int node;
	uint64_t v;

	if (!field) {
		l->what = !strcmp(s, "anon") ? STAT_ANON : !strcmp(s, "file") ? STAT_FILE : !strcmp(s, "shmem") ? STAT_SHMEM : STAT_NONE;
		return 0;
	}
	if (l->what == STAT_NONE || !node_word(s, &node, &v))
		return 0;
	if (node >= MMT_MAX_NODES)
		return -ERANGE;
	if (l->what == STAT_SHMEM)
		l->shmem[node] = v / 1024;
	else
		add(l->out, l->what == STAT_ANON ? MMT_PLACE_ANON : MMT_PLACE_FILE, node, v / 1024);
	return 0;
}

static int stat_end(void *ctx)
{
	struct stat_line *l = ctx;

	l->out->mappings += l->what != STAT_NONE; /* lines that were understood */
	return 0;
}

int mmt_numa_stat__read(const char *path, struct mmt_placement *out)
{
	struct stat_line l = { .out = out };
	struct words w = { .word = stat_word, .line = stat_end, .ctx = &l };
	ssize_t n = read_words(path, &w);
	unsigned int i;

	if (n < 0)
		return (int)n;
	if (!out->mappings)
		return -ENOENT;
	out->mappings = 0;
	/* "file" is the page cache, shared memory included */
	for (i = 0; i < MMT_MAX_NODES; i++) {
		uint64_t *file = &out->at[MMT_PLACE_FILE][i].kb, part = l.shmem[i] < *file ? l.shmem[i] : *file;

		*file -= part;
		out->at[MMT_PLACE_SHARED][i].kb += part;
	}
	no_doubt(out);
	return 0;
}

/* ---------------------------------------------------------------- maps */

struct maps_line {
	struct mmt_place_maps *m;
	uint64_t start, end, dev, page;
	enum mmt_place_kind kind;
	bool skip;
};

static int maps_word(void *ctx, unsigned int field, const char *s)
{
	struct maps_line *l = ctx;
	char *end;
	unsigned int i;

	switch (field) {
	case 0:
		l->start = strtoull(s, &end, 16);
		l->end = *end == '-' ? strtoull(end + 1, NULL, 16) : 0;
		break;
	case 1:
		l->skip |= begins(s, "---");
		break;
	case 3:
		l->dev = strtoull(s, &end, 16) << 20;
		l->dev |= *end == ':' ? strtoull(end + 1, NULL, 16) : 0;
		break;
	case 5:
		l->kind = kind_of(s);
		for (i = 0; i < l->m->n_huge_dev; i++)
			if (s[0] == '/' && l->m->huge_dev[i] == l->dev)
				l->kind = MMT_PLACE_HUGE;
		l->skip |= begins(s, "[v"); /* vdso, vvar, vsyscall: the kernel's */
		break;
	}
	return 0;
}

static int maps_end(void *ctx)
{
	struct maps_line *l = ctx;
	struct mmt_place_maps *m = l->m;
	struct mmt_place_map *v;

	if (!l->skip && l->start < l->end) {
		if (m->n == m->cap) {
			size_t cap = m->cap ? m->cap * 2 : 256;

			v = reallocarray(m->v, cap, sizeof(*v));
			if (!v)
				return -ENOMEM;
			m->v = v;
			m->cap = cap;
		}
		m->v[m->n++] = (struct mmt_place_map){ l->start, (l->end - l->start) / l->page, l->kind };
	}
	*l = (struct maps_line){ .m = m, .page = l->page, .kind = MMT_PLACE_ANON };
	return 0;
}

int mmt_place_maps__read(const char *path, struct mmt_place_maps *m)
{
	struct maps_line l = { .m = m, .page = (uint64_t)sysconf(_SC_PAGESIZE), .kind = MMT_PLACE_ANON };
	struct words w = { .word = maps_word, .line = maps_end, .ctx = &l };
	ssize_t n = read_words(path, &w);

	if (n == -ENOENT)
		return -ESRCH;
	return n < 0 ? (int)n : n ? 0 : -ESRCH;
}

static unsigned int add_dev(uint64_t dev[MMT_HUGE_DEVS], unsigned int n, const struct stat *st)
{
	uint64_t d = (uint64_t)major(st->st_dev) << 20 | minor(st->st_dev);
	unsigned int i;

	for (i = 0; i < n && dev[i] != d; i++)
		;
	if (i == n && n < MMT_HUGE_DEVS)
		dev[n++] = d;
	return n;
}

struct mounts {
	uint64_t *dev;
	unsigned int n;
	char dir[TOKEN];
};

static int mount_word(void *ctx, unsigned int field, const char *s)
{
	struct mounts *m = ctx;
	struct stat st;

	if (field == 1)
		memcpy(m->dir, s, strlen(s) + 1);
	if (field == 2 && !strcmp(s, "hugetlbfs") && !stat(m->dir, &st))
		m->n = add_dev(m->dev, m->n, &st);
	return 0;
}

static int mount_end(void *ctx)
{
	(void)ctx;
	return 0;
}

unsigned int mmt_huge_devs(uint64_t dev[MMT_HUGE_DEVS])
{
	/* one of the kernel's own for each size, which anonymous mappings and memfds are on */
	static const unsigned int sizes[] = { MFD_HUGE_2MB, MFD_HUGE_1GB, 0 };
	struct mounts m = { .dev = dev };
	struct words w = { .word = mount_word, .line = mount_end, .ctx = &m };
	struct stat st;
	size_t i;
	int fd;

	read_words("/proc/self/mounts", &w);
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fd = memfd_create("mmt", MFD_CLOEXEC | MFD_HUGETLB | sizes[i]);
		if (fd < 0)
			continue;
		if (!fstat(fd, &st))
			m.n = add_dev(dev, m.n, &st);
		close(fd);
	}
	return m.n;
}
