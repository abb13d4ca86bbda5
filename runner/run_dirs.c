// SPDX-License-Identifier: GPL-2.0-only
/* DIR/NAME/iter-N/BENCH/logs, as MMTests lays it. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "run.h"
#include "sysinfo.h"

static int make_path(const char *path)
{
	char *copy = strdup(path), *p;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	for (p = copy + 1; *p && !err; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0777) && errno != EEXIST)
			err = -errno;
		*p = '/';
	}
	if (!err && mkdir(copy, 0777) && errno != EEXIST)
		err = -errno;
	free(copy);
	if (err)
		out_err("run: cannot create %s: %s", path, strerror(-err));
	return err;
}

/* -1 when dir is not there; else the number after the highest iter-N; ours: it is a tree of results. */
static int next_iteration(const char *dir, bool *ours, bool *empty)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	int next = 0;

	*ours = false;
	*empty = true;
	if (!d)
		return -1;
	while ((e = readdir(d))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		*empty = false;
		if (!strcmp(e->d_name, "run.json"))
			*ours = true;
		if (strncmp(e->d_name, "iter-", 5) || !isdigit((unsigned char)e->d_name[5]))
			continue;
		*ours = true;
		if (atoi(e->d_name + 5) >= next)
			next = atoi(e->d_name + 5) + 1;
	}
	closedir(d);
	return next;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int prepare_arm(const struct run *r, struct run_arm *a)
{
	bool ours, empty;
	int next;

	if (asprintf(&a->path, "%s/%s", r->o->dir, a->name) < 0) {
		a->path = NULL;
		return -ENOMEM;
	}
	next = next_iteration(a->path, &ours, &empty);
	if (next < 0 || empty)
		return 0;
	if (r->o->append && ours) {
		a->first = (unsigned int)next;
		return 0;
	}
	if (r->o->force && ours)
		return 0;
	if (ours)
		out_err("run: %s is there already: --append adds iterations, --force replaces it, -n names another", a->path);
	else
		out_err("run: %s is there already and holds no results of a run; remove it or use -n", a->path);
	return -EEXIST;
}

static int start_arm(const struct run *r, struct run_arm *a)
{
	char *dir;
	int err;

	if (r->o->force && !a->first && !access(a->path, F_OK) && nftw(a->path, remove_one, 16, FTW_DEPTH | FTW_PHYS)) {
		err = -errno;
		out_err("run: cannot remove %s: %s", a->path, strerror(-err));
		return err;
	}
	if (asprintf(&dir, "%s/iter-%u", a->path, a->first) < 0)
		return -ENOMEM;
	err = make_path(dir);
	a->made = !a->first;
	if (!err) {
		err = sysinfo_write(dir, &r->facts);
		if (err)
			out_err("run: cannot write to %s: %s", dir, strerror(-err));
	}
	free(dir);
	return err;
}

int run_dirs_prepare(struct run *r)
{
	int err = 0;

	/* nothing is touched before all arms are known to be free */
	for (size_t i = 0; i < r->n_arms && !err; i++)
		err = prepare_arm(r, &r->arms[i]);
	for (size_t i = 0; i < r->n_arms && !err; i++)
		err = start_arm(r, &r->arms[i]);
	return err;
}

void run_dirs_undo(const struct run *r)
{
	for (size_t i = 0; i < r->n_arms; i++)
		if (r->arms[i].made)
			nftw(r->arms[i].path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int run_dirs_exec(struct run_exec *x)
{
	int n;

	if (x->warmup)
		n = asprintf(&x->iter_dir, "%s/warmup", x->arm->path);
	else
		n = asprintf(&x->iter_dir, "%s/iter-%u", x->arm->path, x->iteration);
	if (n < 0 || asprintf(&x->dir, "%s/%s", x->iter_dir, x->bench->name) < 0 ||
	    asprintf(&x->logs, "%s/logs", x->dir) < 0)
		return -ENOMEM;
	return make_path(x->logs);
}

void run_dirs_exec_free(struct run_exec *x)
{
	free(x->iter_dir);
	free(x->dir);
	free(x->logs);
	x->iter_dir = x->dir = x->logs = NULL;
}

int run_stamp(const struct run_exec *x, const char *fmt, ...)
{
	char *path;
	va_list ap;
	FILE *f;
	int err = 0;

	if (asprintf(&path, "%s/tests-timestamp", x->iter_dir) < 0)
		return -ENOMEM;
	f = fopen(path, "ae");
	if (f) {
		va_start(ap, fmt);
		vfprintf(f, fmt, ap);
		va_end(ap);
	}
	if (!f || fclose(f)) {
		err = -errno;
		out_err("run: cannot write %s: %s", path, strerror(-err));
	}
	free(path);
	return err;
}
