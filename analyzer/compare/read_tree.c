// SPDX-License-Identifier: GPL-2.0-only
/* Gathers a comparison: finds iterations in result trees, reads their results, notes their traces. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compare.h"

#define PATH 4096

/* "dir/name"; false when that is longer than any path can be. */
static bool join(char buf[PATH], const char *dir, const char *name)
{
	size_t a = strlen(dir), b = strlen(name);

	if (a + b + 2 > PATH)
		return false;
	memcpy(buf, dir, a);
	buf[a] = '/';
	memcpy(buf + a + 1, name, b + 1);
	return true;
}

static bool is_dir(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* The first reason stays. */
static int why(struct cmp_iteration *it, const char *fmt, const char *arg)
{
	char line[600];

	if (it->why)
		return 0;
	snprintf(line, sizeof(line), fmt, arg);
	it->why = strdup(line);
	return it->why ? 0 : -ENOMEM;
}

/* ---------------------------------------------------------------- results */

struct lines {
	char *text, *next;
};

static int read_lines(const char *path, struct lines *l)
{
	FILE *f = fopen(path, "re");
	size_t cap = 0;
	ssize_t n;

	l->text = NULL;
	if (!f)
		return -errno;
	n = getdelim(&l->text, &cap, '\0', f);
	fclose(f);
	if (n < 0) {
		free(l->text);
		l->text = strdup("");
	}
	l->next = l->text;
	return l->text ? 0 : -ENOMEM;
}

/* Cuts the next line at its tabs; returns the number of fields, 0 at the end. */
static size_t next_fields(struct lines *l, char **field, size_t max)
{
	char *line, *p;
	size_t n = 0;

	do {
		if (!l->next || !*l->next)
			return 0;
		line = strsep(&l->next, "\n");
	} while (!*line || *line == '#');
	for (p = line; p && n < max;)
		field[n++] = strsep(&p, "\t");
	for (; n < max && n < 6; n++)
		field[n] = (char *)"_";
	return n;
}

struct unit_line { char *name, *unit; enum metric_direction better; };

struct units {
	struct lines l;
	struct unit_line *u;
	size_t n;
};

static int read_units(const char *path, struct units *u)
{
	char *f[6];
	int err;

	memset(u, 0, sizeof(*u));
	err = read_lines(path, &u->l);
	if (err)
		return err == -ENOENT ? 0 : err;
	while (next_fields(&u->l, f, 6)) {
		struct unit_line *x = reallocarray(u->u, u->n + 1, sizeof(*x));

		if (!x)
			return -ENOMEM;
		u->u = x;
		x[u->n++] = (struct unit_line){
			f[0], !strcmp(f[1], "_") ? (char *)"" : f[1],
			!strcmp(f[2], "lower") ? METRIC_LOWER : !strcmp(f[2], "higher") ? METRIC_HIGHER : METRIC_NEITHER,
		};
	}
	return 0;
}

static void label(char *buf, size_t size, char *const *f)
{
	int n = snprintf(buf, size, "%s", f[0]), i;

	for (i = 1; i <= 2; i++)
		if (*f[i] && strcmp(f[i], "_") && n >= 0 && (size_t)n < size)
			n += snprintf(buf + n, size - (size_t)n, "-%s", f[i]);
}

static int read_results(struct cmp *c, struct cmp_arm *arm, struct cmp_iteration *it, const char *dir)
{
	char path[PATH], name[512], *f[6], *end;
	struct units units;
	struct lines l = { 0 };
	size_t got = 0, i;
	int err, id;

	memset(&units, 0, sizeof(units));
	err = join(path, dir, "metrics.tsv") ? read_units(path, &units) : -ENAMETOOLONG;
	if (!err)
		err = join(path, dir, "results.tsv") ? read_lines(path, &l) : -ENAMETOOLONG;
	if (err) {
		err = err == -ENOMEM ? err : why(it, "no results: %s", strerror(-err));
		goto out;
	}
	while (!err && next_fields(&l, f, 6)) {
		const struct unit_line *u = NULL;
		double v;

		v = strtod(f[4], &end);
		if (end == f[4] || (*end && !isspace((unsigned char)*end))) {
			cmp_say(c, 0, "%s: '%s' is no number for metric %s; this line is left out", path, f[4], f[0]);
			continue;
		}
		for (i = 0; i < units.n && !u; i++)
			if (!strcmp(units.u[i].name, f[0]))
				u = &units.u[i];
		label(name, sizeof(name), f);
		id = cmp_metric(c, name, u ? u->unit : "", u ? u->better : METRIC_NEITHER, CMP_BENCHMARK);
		err = id < 0 ? id : cmp_value(c, (uint32_t)id, arm, it, v);
		got++;
	}
	if (!err && got)
		it->complete = true;
	else if (!err)
		err = why(it, "no results: results.tsv is empty%s", "");
out:
	free(l.text);
	free(units.l.text);
	free(units.u);
	return err;
}

/* "test end :: BENCH 1700000000 3": a benchmark that failed has no result worth comparing. */
static bool failed(const char *iter_dir, const char *bench)
{
	char path[PATH], word[300];
	struct lines l;
	char *line, *p;
	bool bad = false;

	if (!join(path, iter_dir, "tests-timestamp") || read_lines(path, &l))
		return false;
	snprintf(word, sizeof(word), "test end :: %s ", bench);
	while (l.next && *l.next) {
		line = strsep(&l.next, "\n");
		if (strncmp(line, word, strlen(word)))
			continue;
		p = strchr(line + strlen(word), ' ');
		bad = p && atoi(p) != 0;
	}
	free(l.text);
	return bad;
}

static int take_iteration(struct cmp *c, struct cmp_arm *arm, const char *iter_dir, unsigned int number, const char *bench)
{
	char dir[PATH], trace[PATH];
	struct cmp_iteration *it;
	int err;

	if (!join(dir, iter_dir, bench))
		return -ENAMETOOLONG;
	it = cmp_iteration(arm, dir, number);
	if (!it)
		return -ENOMEM;
	if (!is_dir(dir))
		return why(it, "benchmark %s was not run", bench);
	if (failed(iter_dir, bench))
		return why(it, "the benchmark failed%s", "");
	err = read_results(c, arm, it, dir);
	if (err || !it->complete)
		return err;
	if (!join(trace, dir, "trace.mmt") || access(trace, F_OK))
		return 0;
	return cmp_queue_trace(c, arm, it, trace);
}

static int cmp_uint(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* The N of all iter-N, in order of number: 10 comes after 2. */
static int iterations(const char *dir, unsigned int **list, size_t *n)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	unsigned int *p;
	char *end;

	*list = NULL;
	*n = 0;
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		unsigned long k;

		if (strncmp(e->d_name, "iter-", 5) || !isdigit((unsigned char)e->d_name[5]))
			continue;
		k = strtoul(e->d_name + 5, &end, 10);
		if (*end || k > 1000000)
			continue;
		p = reallocarray(*list, *n + 1, sizeof(*p));
		if (!p) {
			closedir(d);
			return -ENOMEM;
		}
		*list = p;
		p[(*n)++] = (unsigned int)k;
	}
	closedir(d);
	if (*n)
		qsort(*list, *n, sizeof(**list), cmp_uint);
	return 0;
}

static int take_name(struct cmp *c, const char *dir, const char *name, const char *bench)
{
	char path[PATH], iter[PATH], number[32];
	struct cmp_arm *arm;
	unsigned int *list;
	size_t i, n, good = 0;
	int err;

	if (!join(path, dir, name))
		return -ENAMETOOLONG;
	err = iterations(path, &list, &n);
	if (!err && !n)
		err = -ENOENT;
	if (err) {
		free(list);
		return cmp_say(c, -ENOENT, "%s: no results of a run named '%s' there (expected %s/iter-1/%s); check -d and -n",
			       path, name, path, bench);
	}
	for (i = 0; i < c->n_arms; i++)
		if (!strcmp(c->arm[i].name, name)) {
			free(list);
			return cmp_say(c, -EINVAL, "-n: run '%s' is named twice; every arm must be another run", name);
		}
	arm = cmp_arm(c, name);
	err = arm ? 0 : -ENOMEM;
	for (i = 0; i < n && !err; i++) {
		snprintf(number, sizeof(number), "iter-%u", list[i]);
		err = join(iter, path, number) ? take_iteration(c, arm, iter, list[i], bench) : -ENAMETOOLONG;
	}
	for (i = 0; !err && i < arm->n_iter; i++)
		good += arm->iter[i].complete;
	if (!err && !good)
		err = cmp_say(c, -ENODATA, "%s: no complete iteration of %s (%s)", path, bench,
			      arm->iter[0].why ? arm->iter[0].why : "no results");
	free(list);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Directories below dir, as one comma-separated list in order of name; hidden ones and iterations' files apart. */
static char *list_dirs(const char *dir, size_t *n)
{
	DIR *d = opendir(dir);
	char **names = NULL, *out = NULL, *p, path[PATH];
	struct dirent *e;
	size_t i, len = 1;

	*n = 0;
	if (!d)
		return NULL;
	while ((e = readdir(d))) {
		if (*e->d_name == '.' || strchr(e->d_name, ',') || !join(path, dir, e->d_name) || !is_dir(path))
			continue;
		char **more = reallocarray(names, *n + 1, sizeof(*names));

		if (!more)
			break;
		names = more;
		names[*n] = strdup(e->d_name);
		if (!names[*n])
			break;
		len += strlen(names[(*n)++]) + 1;
	}
	closedir(d);
	if (*n)
		qsort(names, *n, sizeof(*names), by_name);
	out = p = malloc(len);
	for (i = 0; i < *n; i++) {
		if (out)
			p += sprintf(p, "%s%s", i ? "," : "", names[i]);
		free(names[i]);
	}
	if (out)
		*p = '\0';
	free(names);
	return out;
}

static int choose_bench(struct cmp *c, const char *dir, const char *names, char **bench)
{
	char path[PATH], iter[PATH], number[32], *first = strndup(names, strcspn(names, ","));
	unsigned int *list = NULL;
	size_t n = 0;
	int err = 0;

	if (!first)
		return -ENOMEM;
	if (!join(path, dir, first) || iterations(path, &list, &n) || !n) {
		err = cmp_say(c, -ENOENT, "%s: no results of a run named '%s' there; check -d and -n", dir, first);
		goto out;
	}
	snprintf(number, sizeof(number), "iter-%u", list[0]);
	n = 0;
	*bench = join(iter, path, number) ? list_dirs(iter, &n) : NULL;
	if (!*bench || n != 1) {
		if (*bench && n)
			err = cmp_say(c, -EINVAL, "%s: several benchmarks; choose one with -b: %s", iter, *bench);
		else
			err = cmp_say(c, -ENOENT, "%s: no benchmark results there", iter);
		free(*bench);
		*bench = NULL;
	}
out:
	free(list);
	free(first);
	return err;
}

int cmp_add_tree(struct cmp *c, const char *dir, const char *bench, const char *names)
{
	char *all = NULL, *copy = NULL, *p, *name, *own = NULL;
	size_t n;
	int err = 0;

	if (!is_dir(dir))
		return cmp_say(c, -ENOENT, "%s: no such directory of results; give it with -d", dir);
	if (!names) {
		names = all = list_dirs(dir, &n);
		if (!all || !n) {
			free(all);
			return cmp_say(c, -ENOENT, "%s: no results there; give the directory with -d", dir);
		}
	}
	if (!bench)
		err = choose_bench(c, dir, names, &own);
	c->benchmark = own ? own : bench ? strdup(bench) : NULL;
	c->dir = strdup(dir);
	err = err ? err : c->dir ? 0 : -ENOMEM;
	copy = p = strdup(names);
	if (!err && (!copy || !c->benchmark))
		err = -ENOMEM;
	while (!err && (name = strsep(&p, ",")))
		if (*name)
			err = take_name(c, dir, name, c->benchmark);
	if (!err && !c->n_arms)
		err = cmp_say(c, -EINVAL, "no run is named: -n A,B");
	free(copy);
	free(all);
	return err;
}

int cmp_add_traces(struct cmp *c, const char *list)
{
	char *copy = strdup(list), *p = copy, *path;
	struct cmp_arm *arm;
	const char *base;
	unsigned int k = 0;
	size_t i;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	base = strrchr(list, '/');
	base = strchr(list, ',') || !base ? list : base + 1;
	for (i = 0; i < c->n_arms; i++)
		if (!strcmp(c->arm[i].name, base))
			base = list;
	arm = cmp_arm(c, base);
	if (!arm)
		err = -ENOMEM;
	while (!err && (path = strsep(&p, ","))) {
		struct cmp_iteration *it;

		if (!*path)
			continue;
		if (access(path, R_OK)) {
			err = cmp_say(c, -errno, "%s: %s", path, strerror(errno));
			break;
		}
		it = cmp_iteration(arm, path, ++k);
		err = it ? cmp_queue_trace(c, arm, it, path) : -ENOMEM;
	}
	free(copy);
	return err;
}
