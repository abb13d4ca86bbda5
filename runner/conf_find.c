// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf_find.h"
#include "../analyzer/suggest.h"

#ifndef MMT_DATADIR
#define MMT_DATADIR "/usr/local/share/mmt-trace"
#endif

char *conf_name(const char *path)
{
	const char *base = strrchr(path, '/');
	size_t n;

	base = base ? base + 1 : path;
	n = strlen(base);
	if (n > 5 && !strcmp(base + n - 5, ".conf"))
		n -= 5;
	return strndup(base, n);
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	const char *bx = strrchr(x, '/'), *by = strrchr(y, '/');

	return strcmp(bx ? bx : x, by ? by : y);
}

static bool have(const struct conf_list *l, const char *file)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(strrchr(l->path[i], '/') + 1, file))
			return true;
	return false;
}

static int scan(struct conf_list *l, const char *dir)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int ret = 0;

	while (d && !ret && (e = readdir(d))) {
		size_t n = strlen(e->d_name);
		char *path, **v;

		if (n < 6 || e->d_name[0] == '.' || strcmp(e->d_name + n - 5, ".conf") || have(l, e->d_name))
			continue;
		v = reallocarray(l->path, l->n + 1, sizeof(*v));
		if (v)
			l->path = v;
		if (!v || asprintf(&path, "%s/%s", dir, e->d_name) < 0)
			ret = -ENOMEM;
		else
			l->path[l->n++] = path;
	}
	if (d)
		closedir(d);
	return ret;
}

/* configs/ of the tree this program was built in, so that it works from any directory */
static int scan_beside(struct conf_list *l)
{
	char exe[PATH_MAX], dir[PATH_MAX + 32], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return 0;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (!slash)
		return 0;
	*slash = '\0';
	snprintf(dir, sizeof(dir), "%s/../configs", exe); /* built */
	n = scan(l, dir);
	if (n)
		return (int)n;
	snprintf(dir, sizeof(dir), "%s/../share/mmt-trace/configs", exe); /* installed, wherever that is */
	return scan(l, dir);
}

int conf_list_all(struct conf_list *l)
{
	const char *env = getenv("MMT_TRACE_CONFIGS");
	char dir[PATH_MAX];
	int ret;

	*l = (struct conf_list){ 0 };
	ret = scan(l, "configs");
	while (!ret && env && *env) {
		size_t n = strcspn(env, ":");

		snprintf(dir, sizeof(dir), "%.*s", (int)n, env);
		if (n)
			ret = scan(l, dir);
		env += n + (env[n] == ':');
	}
	if (!ret)
		ret = scan_beside(l);
	if (!ret)
		ret = scan(l, MMT_DATADIR "/configs");
	if (l->n)
		qsort(l->path, l->n, sizeof(*l->path), by_name);
	return ret;
}

void conf_list_free(struct conf_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->path[i]);
	free(l->path);
	*l = (struct conf_list){ 0 };
}

static bool makes(const char *path, const char *name)
{
	struct bench_machine m;
	struct benches b = { 0 };
	struct conf *c = NULL;
	struct conf_err err;
	bool yes = false;

	bench_machine_here(&m);
	if (!conf_load(path, &c, &err) && !conf_check(c, &err) && !bench_expand(c, &m, &b, &err))
		for (size_t i = 0; i < b.n; i++)
			yes |= !strcmp(b.v[i].name, name);
	benches_free(&b);
	conf_free(c);
	return yes;
}

static void say_unknown(const struct conf_list *l, const char *what, struct conf_err *err)
{
	const char **names = calloc(l->n + 1, sizeof(*names));
	char hint[160] = "";
	size_t n = 0;

	while (names && n < l->n && (names[n] = conf_name(l->path[n])))
		n++;
	if (names)
		suggest_hint(hint, sizeof(hint), what, names, n);
	snprintf(err->text, sizeof(err->text), "no config '%s'%s; mmt-trace list configs shows all", what, hint);
	while (n)
		free((char *)names[--n]);
	free(names);
}

int conf_find(const char *what, char **path, char **bench, struct conf_err *err)
{
	struct conf_list l;
	struct stat st;
	int ret;

	*path = *bench = NULL;
	if (!stat(what, &st) && S_ISREG(st.st_mode)) {
		*path = strdup(what);
		return *path ? 0 : -ENOMEM;
	}
	if (strchr(what, '/')) {
		snprintf(err->text, sizeof(err->text), "cannot read config %s: %s", what,
			 errno == ENOENT || errno == ENOTDIR ? strerror(errno) : "not a file");
		return -ENOENT;
	}
	ret = conf_list_all(&l);
	for (size_t i = 0; i < l.n && !ret && !*path; i++) {
		char *name = conf_name(l.path[i]);
		const char *file = strrchr(l.path[i], '/') + 1;

		if (!name)
			ret = -ENOMEM;
		else if (!strcmp(name, what) || !strcmp(file, what))
			*path = strdup(l.path[i]);
		free(name);
	}
	for (size_t i = 0; i < l.n && !ret && !*path; i++) {
		if (!makes(l.path[i], what))
			continue;
		*path = strdup(l.path[i]);
		*bench = strdup(what);
	}
	if (!ret && !*path) {
		say_unknown(&l, what, err);
		ret = -ENOENT;
	}
	conf_list_free(&l);
	return ret;
}
