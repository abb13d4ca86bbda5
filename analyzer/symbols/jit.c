// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "jit.h"

#define MAX_BYTES (256u << 20)
#define MAX_ENTRIES (4u << 20)

struct entry {
	uint64_t start, end, max_end; /* max_end: of this one and all before it */
	uint32_t seq, name;           /* line; offset in text */
};

struct jit {
	struct entry *e;
	size_t n, size;
	char *text;
};

static int by_start(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

static int add(struct jit *j, uint64_t start, uint64_t size, uint32_t name)
{
	struct entry *p;

	if (j->n == j->size) {
		size_t more = j->size ? j->size * 2 : 256;

		p = realloc(j->e, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		j->e = p;
		j->size = more;
	}
	j->e[j->n] = (struct entry){ .start = start, .end = start + size, .seq = (uint32_t)j->n, .name = name };
	j->n++;
	return 0;
}

static int parse_line(struct jit *j, char *line)
{
	unsigned long long start, size;
	char *s = line, *end;

	start = strtoull(s, &end, 16);
	if (end == s || *end != ' ')
		return 0;
	s = end + 1;
	size = strtoull(s, &end, 16);
	if (end == s || *end != ' ' || !end[1] || !size || start + size < start)
		return 0;
	return add(j, start, size, (uint32_t)(end + 1 - j->text));
}

struct jit *jit_parse(const char *text, size_t len)
{
	struct jit *j = calloc(1, sizeof(*j));
	char *s, *next;
	size_t i;
	int err = 0;

	if (!j)
		return NULL;
	j->text = malloc(len + 1);
	if (!j->text)
		goto err_free;
	memcpy(j->text, text, len);
	j->text[len] = 0;
	for (s = j->text; s && !err && j->n < MAX_ENTRIES; s = next) {
		next = strchr(s, '\n');
		if (!next)
			break; /* a line that is still being written */
		*next++ = 0;
		err = parse_line(j, s);
	}
	if (err)
		goto err_free;
	if (j->n)
		qsort(j->e, j->n, sizeof(*j->e), by_start);
	for (i = 0; i < j->n; i++)
		j->e[i].max_end = i && j->e[i - 1].max_end > j->e[i].end ? j->e[i - 1].max_end : j->e[i].end;
	return j;
err_free:
	jit_close(j);
	return NULL;
}

/* The process's number inside its own pid namespace. */
static uint32_t inner_pid(uint32_t pid)
{
	char path[64], line[256], *s;
	uint32_t inner = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (!inner && fgets(line, sizeof(line), f))
		if (!strncmp(line, "NSpid:", 6) && (s = strrchr(line, '\t')))
			inner = (uint32_t)strtoul(s + 1, NULL, 10);
	fclose(f);
	return inner;
}

static int read_map(const char *path, uint32_t uid, uint64_t begin, struct jit **out)
{
	/* /tmp is everybody's: no links, no pipes, nobody else's file */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY), err = 0;
	size_t len = 0;
	struct stat st;
	ssize_t n = 0;
	char *buf = NULL;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size > (off_t)MAX_BYTES)
		err = -EINVAL;
	else if (st.st_uid && st.st_uid != uid && st.st_uid != geteuid())
		err = -EPERM;
	else if ((uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec < begin)
		err = -ESTALE;
	if (!err && !(buf = malloc((size_t)st.st_size + 1)))
		err = -ENOMEM;
	while (!err && len < (size_t)st.st_size && (n = read(fd, buf + len, (size_t)st.st_size - len)) > 0)
		len += (size_t)n;
	if (!err && n < 0)
		err = -errno;
	if (!err) {
		*out = jit_parse(buf, len);
		err = *out ? 0 : -ENOMEM;
	}
	free(buf);
	close(fd);
	return err;
}

int jit_open(uint32_t pid, uint32_t uid, uint64_t begin, struct jit **out)
{
	uint32_t inner = inner_pid(pid);
	char path[96];
	int err;

	if (inner) {
		snprintf(path, sizeof(path), "/proc/%u/root/tmp/perf-%u.map", pid, inner);
		err = read_map(path, uid, begin, out);
		if (!err || err == -ENOMEM)
			return err;
	}
	snprintf(path, sizeof(path), "/tmp/perf-%u.map", pid);
	return read_map(path, uid, begin, out);
}

void jit_close(struct jit *j)
{
	if (!j)
		return;
	free(j->e);
	free(j->text);
	free(j);
}

const char *jit_find(const struct jit *j, uint64_t address, uint64_t *base)
{
	const struct entry *best = NULL;
	size_t lo = 0, hi = j->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (j->e[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0 && j->e[lo].max_end > address)
		if (j->e[lo].end > address && (!best || j->e[lo].seq > best->seq))
			best = &j->e[lo];
	if (!best)
		return NULL;
	*base = best->start;
	return j->text + best->name;
}
