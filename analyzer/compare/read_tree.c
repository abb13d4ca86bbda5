// SPDX-License-Identifier: GPL-2.0-only
/* Gathers a comparison: finds iterations in result trees, reads their results, notes their traces. */
#include <ctype.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "read_int.h"

/* "dir/name"; false when that is longer than any path can be. */
bool read_join(char buf[READ_PATH], const char *dir, const char *name)
{
	size_t a = strlen(dir), b = strlen(name);

	if (a + b + 2 > READ_PATH)
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

int read_why(struct cmp_iteration *it, const char *fmt, ...)
{
	char line[600];
	va_list ap;

	if (it->why)
		return 0;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	it->why = strdup(line);
	return it->why ? 0 : -ENOMEM;
}

int read_open_lines(const char *path, struct read_lines *l)
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

char *read_line(struct read_lines *l)
{
	return l->next && *l->next ? strsep(&l->next, "\n") : NULL;
}

static int take_iteration(struct cmp *c, struct cmp_arm *arm, const char *iter_dir, unsigned int number, const json_t *run)
{
	const char *bench = c->benchmark;
	char dir[READ_PATH], trace[READ_PATH];
	struct cmp_iteration *it;
	int err;

	if (!read_join(dir, iter_dir, bench))
		return -ENAMETOOLONG;
	it = cmp_iteration(arm, dir, number);
	if (!it)
		return -ENOMEM;
	if (!is_dir(dir))
		return read_why(it, "benchmark %s was not run", bench);
	if (!read_stamps(c, it, iter_dir, run))
		return read_why(it, "the benchmark failed");
	err = read_results(c, arm, it, dir);
	if (err || !it->complete)
		return err;
	if (c->no_traces || !read_join(trace, dir, "trace.mmt") || access(trace, F_OK))
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

static int take_name(struct cmp *c, const char *dir, const char *name)
{
	const char *bench = c->benchmark;
	char path[READ_PATH], iter[READ_PATH], number[32];
	struct cmp_arm *arm;
	unsigned int *list;
	json_t *run;
	size_t i, n, good = 0;
	int err;

	if (!read_join(path, dir, name))
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
	run = read_run_json(c, path);
	for (i = 0; i < n && !err; i++) {
		snprintf(number, sizeof(number), "iter-%u", list[i]);
		err = read_join(iter, path, number) ? take_iteration(c, arm, iter, list[i], run) : -ENAMETOOLONG;
	}
	json_decref(run);
	for (i = 0; !err && i < arm->n_iter; i++)
		good += arm->iter[i].complete;
	if (!err && !good && !c->times_only)
		err = cmp_say(c, -ENODATA, "%s: no complete iteration of %s (%s)", path, bench,
			      arm->iter[0].why ? arm->iter[0].why : "no results");
	free(list);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b); /* 6.9 before 6.10 */
}

/* Directories below dir, as one comma-separated list in order of name; hidden ones and iterations' files apart. */
static char *list_dirs(const char *dir, size_t *n)
{
	DIR *d = opendir(dir);
	char **names = NULL, *out = NULL, *p, path[READ_PATH];
	struct dirent *e;
	size_t i, len = 1;

	*n = 0;
	if (!d)
		return NULL;
	while ((e = readdir(d))) {
		if (*e->d_name == '.' || strchr(e->d_name, ',') || !read_join(path, dir, e->d_name) || !is_dir(path))
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
	char path[READ_PATH], iter[READ_PATH], number[32], *first = strndup(names, strcspn(names, ","));
	unsigned int *list = NULL;
	size_t n = 0;
	int err = 0;

	if (!first)
		return -ENOMEM;
	if (!read_join(path, dir, first) || iterations(path, &list, &n) || !n) {
		err = cmp_say(c, -ENOENT, "%s: no results of a run named '%s' there; check -d and -n", dir, first);
		goto out;
	}
	snprintf(number, sizeof(number), "iter-%u", list[0]);
	n = 0;
	*bench = read_join(iter, path, number) ? list_dirs(iter, &n) : NULL;
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

/* bench NULL: has any iteration; else one of this benchmark, whatever came of it. */
static bool has_run(const char *dir, const char *name, const char *bench)
{
	char run[READ_PATH], iter[READ_PATH], path[READ_PATH], number[32];
	unsigned int *list = NULL;
	size_t i, n = 0;
	bool yes = false;

	if (read_join(run, dir, name) && !iterations(run, &list, &n))
		yes = n && !bench;
	for (i = 0; bench && i < n && !yes; i++) {
		snprintf(number, sizeof(number), "iter-%u", list[i]);
		yes = read_join(iter, run, number) && read_join(path, iter, bench) && is_dir(path);
	}
	free(list);
	return yes;
}

/* All runs below dir: whatever else lies there is none. */
static char *list_runs(const char *dir, size_t *n)
{
	char *all = list_dirs(dir, n), *copy = all ? strdup(all) : NULL, *p = copy, *to = all, *name;

	*n = 0;
	if (!copy) {
		free(all);
		return NULL;
	}
	*all = '\0';
	while ((name = strsep(&p, ",")))
		if (*name && has_run(dir, name, NULL))
			to += sprintf(to, "%s%s", (*n)++ ? "," : "", name);
	free(copy);
	return all;
}

int cmp_add_tree(struct cmp *c, const char *dir, const char *bench, const char *names)
{
	char *all = NULL, *copy = NULL, *p, *name, *own = NULL;
	size_t n;
	int err = 0;

	if (!is_dir(dir))
		return cmp_say(c, -ENOENT, "%s: no such directory of results; give it with -d", dir);
	if (!names) {
		names = all = list_runs(dir, &n);
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
	while (!err && (name = strsep(&p, ","))) {
		if (all && !c->times_only && !c->all_runs && !has_run(dir, name, c->benchmark))
			cmp_say(c, 0, "%s: %s was not run there; left out (-n names the runs to compare)", name, c->benchmark);
		else if (*name)
			err = take_name(c, dir, name);
	}
	if (!err && !c->n_arms)
		err = all ? cmp_say(c, -ENODATA, "%s: no run has results of %s", dir, c->benchmark) :
			    cmp_say(c, -EINVAL, "no run is named: -n A,B");
	free(copy);
	free(all);
	return err;
}

static bool arm_named(const struct cmp *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n_arms && strcmp(c->arm[i].name, name) != 0; i++)
		;
	return i < c->n_arms;
}

/*
 * What the traces of an arm have in common: the directory above those that differ
 * (a of log/a/iter-1/t.mmt,log/a/iter-2/t.mmt), the beginning of the files' names
 * (base of base-1.mmt,base-2.mmt), or their directory. Empty where that is nothing.
 */
static void common_name(const char *list, char *name, size_t size)
{
	const char *other, *slash;
	size_t common = strcspn(list, ","), n, len;

	for (other = list; (other = strchr(other, ',')); ) {
		other++;
		for (n = 0; n < common && list[n] == other[n]; n++)
			;
		common = n;
	}
	snprintf(name, size, "%.*s", (int)common, list);
	for (other = list, slash = NULL; other && !slash; other = strchr(other, ',') ? strchr(other, ',') + 1 : NULL)
		slash = memchr(other + common, '/', strcspn(other + common, ","));
	if (slash) /* directories differ: what stands above them */
		*(strrchr(name, '/') ? strrchr(name, '/') : name) = '\0';
	for (len = strlen(name); len && !isalnum((unsigned char)name[len - 1]); len--)
		name[len - 1] = '\0';
	if (strrchr(name, '/'))
		memmove(name, strrchr(name, '/') + 1, strlen(strrchr(name, '/')));
}

static struct cmp_arm *arm_of_traces(struct cmp *c, const char *list)
{
	char name[READ_PATH] = "";
	const char *slash = strrchr(list, '/');

	if (strchr(list, ','))
		common_name(list, name, sizeof(name));
	else
		snprintf(name, sizeof(name), "%s", slash ? slash + 1 : list);
	return cmp_arm(c, *name && !arm_named(c, name) ? name : list);
}

/* The same trace twice is one measurement, not two. */
static int named_once(const struct cmp *c, const struct cmp_arm *arm, const char *path, struct stat *st)
{
	size_t k, i;

	if (access(path, R_OK) || stat(path, st))
		return cmp_say(c, -errno, "%s: %s%s", path, strerror(errno),
			       errno == ENOENT && !strpbrk(path, "/.") ? " (of results, runs are named by -n A,B)" : "");
	for (k = 0; k < c->n_arms && S_ISREG(st->st_mode); k++)
		for (i = 0; i < c->arm[k].n_iter; i++)
			if (c->arm[k].iter[i].ino == st->st_ino && c->arm[k].iter[i].dev == st->st_dev)
				return cmp_say(c, &c->arm[k] == arm ? -EINVAL : 0, "%s: the same trace as %s; %s", path,
					       c->arm[k].iter[i].path, &c->arm[k] == arm ? "every iteration needs its own" :
					       "what both runs have is no difference between them");
	return 0;
}

int cmp_add_traces(struct cmp *c, const char *list)
{
	char *copy = strdup(list), *p = copy, *path;
	struct cmp_arm *arm;
	unsigned int k = 0;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	arm = arm_of_traces(c, list);
	if (!arm)
		err = -ENOMEM;
	while (!err && (path = strsep(&p, ","))) {
		struct cmp_iteration *it;
		struct stat st = { 0 };

		if (!*path)
			continue;
		err = named_once(c, arm, path, &st);
		if (err)
			break;
		it = cmp_iteration(arm, path, ++k);
		err = it ? cmp_queue_trace(c, arm, it, path) : -ENOMEM;
		if (!err) {
			it->dev = st.st_dev;
			it->ino = st.st_ino;
		}
	}
	if (!err && !k)
		err = cmp_say(c, -EINVAL, "'%s' names no trace", list);
	free(copy);
	return err;
}
