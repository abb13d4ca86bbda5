// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "logs.h"
#include "samples.h"

#define MOST_TEXT ((size_t)1 << 30) /* unpacked; a log that is larger is no log */

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t bare_length(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && (!strcmp(name + n - 3, ".gz") || !strcmp(name + n - 3, ".xz")) ? n - 3 : n;
}

static int add_name(struct logs *l, const char *name)
{
	char **more = reallocarray(l->name, l->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	l->name = more;
	more[l->n] = strndup(name, bare_length(name));
	return more[l->n] ? (l->n++, 0) : -ENOMEM;
}

int logs_open(struct logs *l, const char *dir)
{
	struct dirent *e;
	size_t i, k = 0;
	int err = 0;
	DIR *d;

	memset(l, 0, sizeof(*l));
	l->dir = dir;
	d = opendir(dir);
	if (!d) {
		snprintf(l->why, sizeof(l->why), "no logs/: %s", strerror(errno));
		return -errno;
	}
	while (!err && (e = readdir(d)))
		if (*e->d_name != '.')
			err = add_name(l, e->d_name);
	closedir(d);
	if (err || !l->n)
		return err;
	qsort(l->name, l->n, sizeof(*l->name), by_name);
	for (i = 1; i < l->n; i++) {
		if (strcmp(l->name[k], l->name[i]))
			l->name[++k] = l->name[i];
		else
			free(l->name[i]);
	}
	l->n = k + 1;
	return 0;
}

void logs_close(struct logs *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->name[i]);
	free(l->name);
	l->name = NULL;
	l->n = 0;
}

bool logs_have(const struct logs *l, const char *name)
{
	return l->n && bsearch(&name, l->name, l->n, sizeof(*l->name), by_name);
}

static int by_parts(const void *pa, const void *pb)
{
	const struct logs_file *a = pa, *b = pb;
	size_t i;

	for (i = 0; i < LOGS_PARTS; i++) {
		double x = mmtests_leading(a->part[i]), y = mmtests_leading(b->part[i]);

		if (x < y || x > y)
			return x < y ? -1 : 1;
	}
	return strcmp(a->name, b->name);
}

/* name is followed, in the same piece of memory, by the copy that the parts point into */
static int split(struct logs_file *f, const char *name, size_t skip, size_t len)
{
	size_t total = strlen(name) + 1, i;
	char *rest;

	f->name = malloc(total + len + 1);
	if (!f->name)
		return -ENOMEM;
	memcpy(f->name, name, total);
	rest = memcpy(f->name + total, name + skip, len);
	rest[len] = '\0';
	for (i = 0; i < LOGS_PARTS; i++) {
		f->part[i] = rest ? rest : f->name + total + len;
		f->n_parts += rest != NULL;
		if (rest && i + 1 < LOGS_PARTS && (rest = strchr(rest, '-')))
			*rest++ = '\0';
	}
	return 0;
}

int logs_match(const struct logs *l, const char *prefix, const char *suffix, struct logs_file **list, size_t *n)
{
	size_t a = strlen(prefix), b = strlen(suffix), i;

	*list = NULL;
	*n = 0;
	for (i = 0; i < l->n; i++) {
		const char *name = l->name[i];
		size_t len = strlen(name);
		struct logs_file *more;

		if (len <= a + b || strncmp(name, prefix, a) || strcmp(name + len - b, suffix))
			continue;
		more = reallocarray(*list, *n + 1, sizeof(*more));
		if (!more)
			goto no_memory;
		*list = more;
		more[*n] = (struct logs_file){ 0 };
		if (split(&more[*n], name, a, len - a - b))
			goto no_memory;
		++*n;
	}
	if (*n)
		qsort(*list, *n, sizeof(**list), by_parts);
	return 0;
no_memory:
	logs_match_free(*list, *n);
	*list = NULL;
	*n = 0;
	return -ENOMEM;
}

void logs_match_free(struct logs_file *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(list[i].name);
	free(list);
}

/* ------------------------------------------------------------------- text */

struct text { char *p; size_t n, cap; };

/* Room for another piece at the end, and a NUL. */
static int grow(struct text *t, size_t piece)
{
	size_t cap = t->cap ? t->cap * 2 : 65536;
	char *p;

	if (t->n + piece + 1 <= t->cap)
		return 0;
	while (cap < t->n + piece + 1)
		cap *= 2;
	if (cap > MOST_TEXT)
		return -EFBIG;
	p = realloc(t->p, cap);
	if (!p)
		return -ENOMEM;
	t->p = p;
	t->cap = cap;
	return 0;
}

/* Reads what is packed with gzip, and what is not packed. */
static int read_gz(const char *path, struct text *t)
{
	gzFile f;
	int err, got = 0, z;

	errno = 0;
	f = gzopen(path, "rb");
	if (!f)
		return errno ? -errno : -ENOMEM;
	for (;;) {
		err = grow(t, 65536);
		if (err)
			break;
		got = gzread(f, t->p + t->n, 65536);
		if (got <= 0)
			break;
		t->n += (size_t)got;
	}
	gzerror(f, &z);
	if (!err && (got < 0 || z == Z_BUF_ERROR))
		err = z == Z_ERRNO && errno ? -errno : -EBADMSG;
	z = gzclose(f);
	return err ? err : z == Z_BUF_ERROR ? -EBADMSG : 0;
}

static int read_xz(const char *path, struct text *t)
{
	lzma_stream z = LZMA_STREAM_INIT;
	lzma_ret ret = LZMA_OK;
	uint8_t in[16384];
	FILE *f = fopen(path, "re");
	int err = 0;

	if (!f)
		return -errno;
	if (lzma_stream_decoder(&z, UINT64_MAX, LZMA_CONCATENATED) != LZMA_OK) {
		fclose(f);
		return -ENOMEM;
	}
	while (!err && ret == LZMA_OK) {
		if (!z.avail_in && !feof(f)) {
			z.next_in = in;
			z.avail_in = fread(in, 1, sizeof(in), f);
			if (ferror(f))
				err = -EIO;
		}
		err = err ? err : grow(t, 65536);
		if (err)
			break;
		z.next_out = (uint8_t *)t->p + t->n;
		z.avail_out = 65536;
		ret = lzma_code(&z, feof(f) ? LZMA_FINISH : LZMA_RUN);
		t->n += 65536 - z.avail_out;
	}
	lzma_end(&z);
	fclose(f);
	if (err || ret == LZMA_STREAM_END)
		return err;
	return ret == LZMA_MEM_ERROR ? -ENOMEM : -EBADMSG;
}

int logs_text(struct logs *l, const char *name, char **text)
{
	static const char *const suffix[] = { ".gz", ".xz", "" };
	struct text t = { 0 };
	char *path = NULL;
	size_t i;
	int err = -ENOENT;

	*text = NULL;
	for (i = 0; i < 3 && err == -ENOENT; i++) {
		free(path);
		if (asprintf(&path, "%s/%s%s", l->dir, name, suffix[i]) < 0)
			return -ENOMEM;
		err = access(path, F_OK) ? -errno : i == 1 ? read_xz(path, &t) : read_gz(path, &t);
	}
	free(path);
	if (!err)
		err = grow(&t, 0);
	if (err) {
		snprintf(l->why, sizeof(l->why), "logs/%.200s: %s", name,
			 err == -EBADMSG ? "damaged or cut short" : strerror(-err));
		free(t.p);
		return err;
	}
	for (i = 0; i < t.n; i++)
		if (!t.p[i])
			t.p[i] = ' '; /* a log written by two programs at once may have such holes */
	t.p[t.n] = '\0';
	*text = t.p;
	return 0;
}

char *logs_line(char **p)
{
	char *line = *p, *end;

	if (!line || !*line)
		return NULL;
	end = strchr(line, '\n');
	*p = end ? end + 1 : line + strlen(line);
	if (end) {
		*end = '\0';
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
	}
	return line;
}

size_t logs_fields(char *line, char **field, size_t max)
{
	size_t n = 0;

	while (n < max) {
		line += strspn(line, " \t");
		if (!*line)
			break;
		field[n++] = line;
		line += strcspn(line, " \t");
		if (*line)
			*line++ = '\0';
	}
	return n;
}
