// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "tmpl.h"

#define MAX_AXES 8
#define MAX_LEVELS 64

struct level { char *label, *value; };

struct axis {
	const char *key;
	struct level level[MAX_LEVELS];
	size_t n, at;
};

struct grid {
	const struct conf *c;
	struct axis axis[MAX_AXES];
	size_t n;
	char cpus[16], nodes[16], self[PATH_MAX];
	bool labels; /* ${name} stands for the label: names of files and directories */
};

void bench_machine_here(struct bench_machine *m)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);
	DIR *d = opendir("/sys/devices/system/node");
	const struct dirent *e;

	m->cpus = n > 0 ? (unsigned int)n : 1;
	m->nodes = 0;
	while (d && (e = readdir(d)))
		if (!strncmp(e->d_name, "node", 4) && isdigit((unsigned char)e->d_name[4]))
			m->nodes++;
	if (d)
		closedir(d);
	if (!m->nodes)
		m->nodes = 1;
}

static const char *lookup(void *ctx, const char *name)
{
	struct grid *g = ctx;
	const char *dot = strrchr(name, '.'), *value;
	bool label = g->labels || (dot && !strcmp(dot, ".label"));
	size_t len = dot && !strcmp(dot, ".label") ? (size_t)(dot - name) : strlen(name);

	for (size_t i = 0; i < g->n; i++) {
		const struct level *l = &g->axis[i].level[g->axis[i].at];

		if (strlen(g->axis[i].key) == len && !strncmp(g->axis[i].key, name, len))
			return label ? l->label : l->value;
	}
	value = conf_pairs_get(&g->c->params, name);
	if (value)
		return value;
	if (!strcmp(name, "ncpu"))
		return g->cpus;
	if (!strcmp(name, "self"))
		return g->self;
	if (!strcmp(name, "logs"))
		return BENCH_LOGS; /* known when it runs */
	return strcmp(name, "nnode") ? NULL : g->nodes;
}

static int fail(const struct grid *g, const char *what, const char *why, struct conf_err *err)
{
	snprintf(err->text, sizeof(err->text), "%s: %s: %.300s", g->c->path, what, why);
	return -EINVAL;
}

/* "process:--process, thread:--threads": levels of one axis; a level that came before is left out. */
static int fill_axis(struct grid *g, struct axis *a, const char *list, struct conf_err *err)
{
	char why[256] = "no memory", *all, *save = NULL, *item, *colon;
	int ret = tmpl_expand(list, lookup, g, &all, why, sizeof(why));

	if (ret)
		return fail(g, a->key, why, err);
	for (item = strtok_r(all, ",", &save); item; item = strtok_r(NULL, ",", &save)) {
		size_t i;

		item += strspn(item, " \t");
		for (i = strlen(item); i && isblank((unsigned char)item[i - 1]); )
			item[--i] = '\0';
		colon = strchr(item, ':');
		if (colon)
			*colon++ = '\0';
		if (!*item || strpbrk(item, "/ \t") || a->n == MAX_LEVELS) {
			ret = fail(g, a->key, a->n == MAX_LEVELS ? "more than 64 values" :
				   "values are separated by commas; a label is one word without '/'", err);
			break;
		}
		for (i = 0; i < a->n && strcmp(a->level[i].label, item); i++)
			;
		if (i < a->n)
			continue;
		a->level[a->n].label = strdup(item);
		a->level[a->n].value = strdup(colon ? colon : item);
		a->n++;
		if (!a->level[a->n - 1].label || !a->level[a->n - 1].value)
			ret = -ENOMEM;
	}
	free(all);
	return ret || a->n ? ret : fail(g, a->key, "has no values", err);
}

static void grid_free(struct grid *g)
{
	for (size_t i = 0; i < g->n; i++) {
		for (size_t k = 0; k < g->axis[i].n; k++) {
			free(g->axis[i].level[k].label);
			free(g->axis[i].level[k].value);
		}
	}
}

static void part_free(struct bench_part *p)
{
	free(p->a);
	free(p->b);
	free(p->label);
	free(p->command);
	words_free(p->argv);
	free(p->log);
	free(p->output);
}

void benches_free(struct benches *b)
{
	for (size_t i = 0; i < b->n; i++) {
		for (size_t k = 0; k < b->v[i].n_parts; k++)
			part_free(&b->v[i].parts[k]);
		free(b->v[i].parts);
		free(b->v[i].name);
	}
	free(b->v);
	*b = (struct benches){ 0 };
}

static int expand(struct grid *g, const char *key, const char *text, bool labels, char **out, struct conf_err *err)
{
	char why[256] = "no memory";
	int ret;

	g->labels = labels;
	ret = tmpl_expand(text, lookup, g, out, why, sizeof(why));
	g->labels = false;
	return ret == -EINVAL ? fail(g, key, why, err) : ret;
}

/* Axes that do not occur in the benchmark's name are its factors, in the order of the file. */
static int set_factors(struct grid *g, struct bench_part *p, struct conf_err *err)
{
	const char *factor[3] = { "_", "_" };
	size_t n = 0, size;
	FILE *f = open_memstream(&p->label, &size);

	if (!f)
		return -ENOMEM;
	for (size_t i = 0; i < g->n && n < 3; i++) {
		const struct level *l = &g->axis[i].level[g->axis[i].at];

		if (tmpl_uses(g->c->name, g->axis[i].key))
			continue;
		fprintf(f, "%s%s=%s", n ? " " : "", g->axis[i].key, l->label);
		factor[n++] = l->label;
	}
	if (fclose(f))
		return -ENOMEM;
	if (n > 2)
		return fail(g, "[matrix]", "more than two keys that are not part of the benchmark's name", err);
	p->a = strdup(factor[0]);
	p->b = strdup(factor[1]);
	return p->a && p->b ? 0 : -ENOMEM;
}

static int default_log(struct bench_part *p)
{
	const char *a = strcmp(p->a, "_") ? p->a : NULL, *b = strcmp(p->b, "_") ? p->b : NULL;

	return asprintf(&p->log, "output%s%s%s%s", a ? "-" : "", a ? a : "", b ? "-" : "", b ? b : "") < 0 ? -ENOMEM : 0;
}

static int fill_part(struct grid *g, struct bench_part *p, struct conf_err *err)
{
	char why[256] = "no memory", *command = NULL;
	int ret = set_factors(g, p, err);

	if (!ret)
		ret = expand(g, "command", g->c->command, false, &command, err);
	if (ret)
		return ret;
	ret = words_split(command, &p->argv, &p->argc, why, sizeof(why));
	if (ret == -EINVAL)
		fail(g, "command", why, err);
	else if (!ret && !p->argc)
		ret = fail(g, "command", "is empty", err);
	p->command = command;
	if (!ret && g->c->log)
		ret = expand(g, "log", g->c->log, true, &p->log, err);
	else if (!ret)
		ret = default_log(p);
	if (!ret && strchr(p->log, '/'))
		ret = fail(g, "log", "must be a file name without '/'", err);
	if (!ret && g->c->output && strcmp(g->c->output, "stdout"))
		ret = expand(g, "output", g->c->output, true, &p->output, err);
	return ret;
}

static struct bench *bench_named(struct benches *out, const struct conf *c, const char *name)
{
	struct bench *v;

	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].conf == c && !strcmp(out->v[i].name, name))
			return &out->v[i];
	v = reallocarray(out->v, out->n + 1, sizeof(*v));
	if (!v)
		return NULL;
	out->v = v;
	v += out->n;
	*v = (struct bench){ .name = strdup(name), .conf = c };
	if (!v->name)
		return NULL;
	out->n++;
	return v;
}

static int add_point(struct grid *g, struct benches *out, struct conf_err *err)
{
	struct bench_part *parts;
	struct bench *b;
	char *name;
	int ret = expand(g, "name", g->c->name, true, &name, err);

	if (ret)
		return ret;
	if (!*name || strchr(name, '/') || *name == '.' || strpbrk(name, " \t")) {
		free(name);
		return fail(g, "name", "must be one word without '/'", err);
	}
	b = bench_named(out, g->c, name);
	free(name);
	parts = b ? reallocarray(b->parts, b->n_parts + 1, sizeof(*parts)) : NULL;
	if (!parts)
		return -ENOMEM;
	b->parts = parts;
	parts += b->n_parts++;
	*parts = (struct bench_part){ 0 };
	return fill_part(g, parts, err);
}

int bench_expand(const struct conf *c, const struct bench_machine *m, struct benches *out, struct conf_err *err)
{
	struct grid *g = calloc(1, sizeof(*g));
	int ret = 0;
	size_t i;

	if (!g)
		return -ENOMEM;
	g->c = c;
	snprintf(g->cpus, sizeof(g->cpus), "%u", m->cpus);
	snprintf(g->nodes, sizeof(g->nodes), "%u", m->nodes);
	if (readlink("/proc/self/exe", g->self, sizeof(g->self) - 1) < 0)
		strcpy(g->self, "mmt-trace");
	if (c->matrix.n > MAX_AXES)
		ret = fail(g, "[matrix]", "more than 8 keys", err);
	for (i = 0; i < c->matrix.n && !ret; i++) {
		g->axis[i].key = c->matrix.v[i].key;
		ret = fill_axis(g, &g->axis[i], c->matrix.v[i].value, err);
		g->n = i + 1;
	}
	while (!ret) {
		ret = add_point(g, out, err);
		for (i = g->n; i; i--) { /* the last axis turns fastest */
			if (++g->axis[i - 1].at < g->axis[i - 1].n)
				break;
			g->axis[i - 1].at = 0;
		}
		if (!i)
			break;
	}
	grid_free(g);
	free(g);
	return ret;
}

static bool in_path(const char *prog)
{
	const char *path = getenv("PATH"), *next;
	char file[4096];

	if (strchr(prog, '/'))
		return !access(prog, X_OK);
	for (path = path ? path : "/usr/bin:/bin"; path; path = next) {
		size_t len = strcspn(path, ":");

		next = path[len] ? path + len + 1 : NULL;
		if ((size_t)snprintf(file, sizeof(file), "%.*s/%s", (int)len, path, prog) < sizeof(file) &&
		    !access(file, X_OK))
			return true;
	}
	return false;
}

int bench_executable(const char *prog)
{
	if (!strchr(prog, '/'))
		return in_path(prog) ? 0 : 127;
	return !access(prog, X_OK) ? 0 : access(prog, F_OK) ? 127 : 126;
}

int bench_missing(const struct conf *c, char *prog, size_t prog_size, char *package, size_t package_size)
{
	const char *p = c->needs;

	while (p && *p) {
		size_t item, len;
		const char *open;

		p += strspn(p, ", \t");
		item = strcspn(p, ",");
		len = strcspn(p, ", \t(");
		if (!len)
			break;
		snprintf(prog, prog_size, "%.*s", (int)len, p);
		open = memchr(p, '(', item);
		snprintf(package, package_size, "%.*s", open ? (int)strcspn(open + 1, "),") : 0, open ? open + 1 : "");
		if (!in_path(prog))
			return 1;
		p += item;
	}
	return 0;
}
