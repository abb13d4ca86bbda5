// SPDX-License-Identifier: GPL-2.0-only
/*
 * PMUs as /sys/bus/event_source/devices shows them: the number that the kernel knows one by, its
 * terms (which bits of which word they are), its events (values of terms), the CPUs to count on.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "perf_events.h"
#include "sysfs.h"

#define DEVICES "/sys/bus/event_source/devices"
#define MAX_NAMES 512

struct names {
	char *v[MAX_NAMES];
	size_t n;
};

static void names_free(struct names *l)
{
	while (l->n)
		free(l->v[--l->n]);
}

static int cmp_name(const void *a, const void *b)
{
	return strverscmp(*(char *const *)a, *(char *const *)b);
}

/* Of a directory, in order; those that another file adds to (event.scale) are left out. */
static void names_read(struct names *l, const char *fmt, const char *root, const char *pmu)
{
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;

	l->n = 0;
	snprintf(path, sizeof(path), fmt, root, pmu);
	dir = opendir(path);
	while (dir && l->n < MAX_NAMES && (d = readdir(dir))) {
		if (strchr(d->d_name, '.'))
			continue;
		l->v[l->n] = strdup(d->d_name);
		l->n += l->v[l->n] != NULL;
	}
	if (dir)
		closedir(dir);
	qsort(l->v, l->n, sizeof(l->v[0]), cmp_name);
}

/* A file of a PMU without its newline; length, or -errno. */
static ssize_t pmu_file(const char *root, const char *pmu, const char *file, char *buf, size_t size)
{
	char path[PATH_MAX];
	ssize_t n;

	snprintf(path, sizeof(path), "%s" DEVICES "/%s/%s", root, pmu, file);
	n = mmt_read_file(path, buf, size);
	if (n > 0)
		buf[strcspn(buf, "\n")] = '\0';
	return n;
}

static int pmu_type(const char *root, const char *pmu, uint32_t *type)
{
	char buf[32];
	ssize_t n = pmu_file(root, pmu, "type", buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	*type = (uint32_t)strtoul(buf, NULL, 10);
	return 0;
}

/* file: "cpus" of the CPUs' own, "cpumask" of others; leaves b alone where there is none. */
static bool pmu_cpus(const char *root, const char *pmu, const char *file, struct mmt_perf_box *b)
{
	char buf[4096];

	if (pmu_file(root, pmu, file, buf, sizeof(buf)) <= 0 || !buf[0])
		return false;
	mmt_cpulist__parse(buf, &b->cpus);
	b->some = true;
	return true;
}

/* ---------------------------------------------------------------- of the CPUs */

/* "cpu", or several: cpu_core and cpu_atom, armv8_pmuv3_0 and _1, each with a list of its CPUs. */
static bool is_core(const char *root, const char *pmu)
{
	struct mmt_perf_box b;

	return !strcmp(pmu, "cpu") || pmu_cpus(root, pmu, "cpus", &b);
}

bool mmt_perf_pmu__core(const char *root)
{
	struct names l;
	bool found;
	size_t i;

	names_read(&l, "%s" DEVICES "%s", root, "");
	for (i = 0; i < l.n && !is_core(root, l.v[i]); i++)
		;
	found = i < l.n;
	names_free(&l);
	return found;
}

int mmt_perf_pmu__core_boxes(const char *root, struct mmt_perf_event *e, uint32_t type, uint64_t config)
{
	struct mmt_perf_box kinds[8] = { 0 }, *b;
	struct names l;
	size_t i, n = 0;

	names_read(&l, "%s" DEVICES "%s", root, "");
	for (i = 0; i < l.n && n < 8; i++)
		n += pmu_cpus(root, l.v[i], "cpus", &kinds[n]) && !pmu_type(root, l.v[i], &kinds[n].type);
	names_free(&l);
	if (n < 2) { /* of one kind: the kernel knows which */
		memset(kinds, 0, sizeof(kinds));
		n = 1;
	}
	for (i = 0; i < n; i++) {
		b = mmt_perf__box(e);
		if (!b)
			return -ENOMEM;
		*b = kinds[i];
		b->config = config | (uint64_t)b->type << 32;
		b->type = type;
	}
	return 0;
}

/* ---------------------------------------------------------------- terms */

/* Put value into the bits that a format says: "config:0-7,32-35". */
static int put_bits(struct mmt_perf_parse *p, const char *pmu, const char *term, const char *format, uint64_t value,
		    struct mmt_perf_box *b)
{
	uint64_t *const words[] = { &b->config, &b->config1, &b->config2 }, *word = NULL, left = value;
	static const char *const names[] = { "config:", "config1:", "config2:" };
	const char *at = strchr(format, ':');
	unsigned int w, bits = 0;

	for (w = 0; w < 3; w++)
		if (!strncmp(format, names[w], strlen(names[w])))
			word = words[w];
	if (!word)
		return mmt_perf__fail(p, "%s: term '%s' has a format that is not known here: %.40s", pmu, term, format);
	while (*at) {
		unsigned long from, to;
		char *end;

		from = to = strtoul(at + 1, &end, 10);
		if (*end == '-')
			to = strtoul(end + 1, &end, 10);
		for (; from <= to && to < 64; from++, bits++) {
			*word = (*word & ~(1ULL << from)) | (left & 1) << from;
			left >>= 1;
		}
		at = strchrnul(end, ',');
	}
	if (left)
		return mmt_perf__fail(p, "%s: %s=%#llx is too large: it has %u bits", pmu, term, (unsigned long long)value, bits);
	return 0;
}

static int no_term(struct mmt_perf_parse *p, const char *pmu, const char *term)
{
	const char *all[2 * MAX_NAMES];
	struct names formats, events;
	char near[128];
	size_t i, n = 0;

	names_read(&formats, "%s" DEVICES "/%s/format", p->root, pmu);
	names_read(&events, "%s" DEVICES "/%s/events", p->root, pmu);
	for (i = 0; i < events.n; i++)
		all[n++] = events.v[i];
	for (i = 0; i < formats.n; i++)
		all[n++] = formats.v[i];
	mmt_perf__fail(p, "PMU %s has no event or term '%s'%s", pmu, term, mmt_perf__hint(p, near, sizeof(near), term, all, n));
	names_free(&formats);
	names_free(&events);
	return -EINVAL;
}

static int terms(struct mmt_perf_parse *p, const char *pmu, const char *list, bool alias, struct mmt_perf_event *e,
		 struct mmt_perf_box *b);

/* An event that the PMU names: its terms, and the unit that it counts in. */
static int alias_term(struct mmt_perf_parse *p, const char *pmu, const char *name, struct mmt_perf_event *e, struct mmt_perf_box *b)
{
	char file[288], list[512], text[64];

	snprintf(file, sizeof(file), "events/%.250s", name);
	if (pmu_file(p->root, pmu, file, list, sizeof(list)) < 0)
		return no_term(p, pmu, name);
	snprintf(file, sizeof(file), "events/%.250s.scale", name);
	if (pmu_file(p->root, pmu, file, text, sizeof(text)) > 0)
		e->scale = strtod(text, NULL);
	snprintf(file, sizeof(file), "events/%.250s.unit", name);
	if (pmu_file(p->root, pmu, file, text, sizeof(text)) > 0)
		snprintf(e->unit, sizeof(e->unit), "%.15s", text);
	return terms(p, pmu, list, true, e, b);
}

/* term=value, term alone (1), or an event by its name. */
static int one_term(struct mmt_perf_parse *p, const char *pmu, char *term, bool alias, struct mmt_perf_event *e, struct mmt_perf_box *b)
{
	char *value = strchr(term, '='), *end = NULL, file[288], format[256];
	uint64_t v = 1;
	ssize_t n;

	if (value)
		*value++ = '\0';
	if (value && !strcmp(term, "name")) {
		snprintf(e->name, sizeof(e->name), "%s", value);
		return *value ? 0 : mmt_perf__fail(p, "%s: name= is empty", pmu);
	}
	if (value) {
		errno = 0;
		v = strtoull(value, &end, 0);
		if (*value == '?')
			return mmt_perf__fail(p, "%s: the event needs a value: add %s=VALUE", pmu, term);
		if (end == value || *end || errno || *value == '-')
			return mmt_perf__fail(p, "%s: %s=%s is not a number", pmu, term, value);
	}
	snprintf(file, sizeof(file), "format/%.250s", term);
	n = strchr(term, '/') ? -ENOENT : pmu_file(p->root, pmu, file, format, sizeof(format));
	if (n > 0)
		return put_bits(p, pmu, term, format, v, b);
	if (!strcmp(term, "config") || !strcmp(term, "config1") || !strcmp(term, "config2")) {
		*(term[6] == '1' ? &b->config1 : term[6] == '2' ? &b->config2 : &b->config) = v;
		return 0;
	}
	if (value || alias)
		return no_term(p, pmu, term);
	return alias_term(p, pmu, term, e, b);
}

/* alias: these are an event's own, which name no event again. Later ones win. */
static int terms(struct mmt_perf_parse *p, const char *pmu, const char *list, bool alias, struct mmt_perf_event *e,
		 struct mmt_perf_box *b)
{
	char buf[512], *at = buf, *word;
	int err = 0;

	snprintf(buf, sizeof(buf), "%s", list);
	while (!err && (word = strsep(&at, ", \t")))
		if (*word)
			err = one_term(p, pmu, word, alias, e, b);
	return err;
}

/* ---------------------------------------------------------------- events of PMUs */

/* uncore_imc, or imc, is all of uncore_imc_0, uncore_imc_1, ... */
static bool same_pmu(const char *pmu, const char *word)
{
	static const char prefix[] = "uncore_";
	size_t len = strlen(word);

	if (!strcmp(pmu, word))
		return true;
	if (!strncmp(pmu, prefix, sizeof(prefix) - 1) && strncmp(word, prefix, sizeof(prefix) - 1))
		pmu += sizeof(prefix) - 1;
	if (strncmp(pmu, word, len))
		return false;
	pmu += len;
	pmu += *pmu == '_';
	return pmu[strspn(pmu, "0123456789")] == '\0';
}

static int add_pmu(struct mmt_perf_parse *p, const char *pmu, const char *list, struct mmt_perf_event *e)
{
	struct mmt_perf_box *b = mmt_perf__box(e);
	int err = b ? pmu_type(p->root, pmu, &b->type) : -ENOMEM;

	if (err == -ENOMEM)
		return err;
	if (err)
		return mmt_perf__fail(p, "PMU %s cannot be read: %s", pmu, strerror(-err));
	e->kind = is_core(p->root, pmu) ? MMT_PERF_CORE : MMT_PERF_PMU;
	if (!pmu_cpus(p->root, pmu, "cpumask", b))
		pmu_cpus(p->root, pmu, "cpus", b);
	return terms(p, pmu, list, false, e, b);
}

static int no_pmu(struct mmt_perf_parse *p, const char *pmu, const struct names *l)
{
	size_t i, at;
	char near[128];

	mmt_perf__fail(p, "this machine has no PMU '%s'%s; there are:", pmu,
		       mmt_perf__hint(p, near, sizeof(near), pmu, (const char *const *)l->v, l->n));
	for (i = 0; i < l->n; i++) {
		at = strlen(p->why);
		snprintf(p->why + at, sizeof(p->why) - at, "%s %s", i ? "," : "", l->v[i]);
	}
	return -EINVAL;
}

int mmt_perf_pmu__event(struct mmt_perf_parse *p, const char *pmu, const char *list, struct mmt_perf_event *e)
{
	struct names l;
	size_t i;
	int err = 0;

	snprintf(e->name, sizeof(e->name), "%s/%s/", pmu, list);
	names_read(&l, "%s" DEVICES "%s", p->root, "");
	for (i = 0; i < l.n && !err; i++)
		if (same_pmu(l.v[i], pmu))
			err = add_pmu(p, l.v[i], list, e);
	if (!err && !e->n_boxes)
		err = no_pmu(p, pmu, &l);
	names_free(&l);
	return err;
}

int mmt_perf_pmu__alias(struct mmt_perf_parse *p, const char *name, struct mmt_perf_event *e)
{
	char file[288], buf[512];
	struct names l;
	size_t i;
	int err = 0;

	if (strchr(name, '/') || strchr(name, '.'))
		return -ENOENT;
	snprintf(file, sizeof(file), "events/%.250s", name);
	names_read(&l, "%s" DEVICES "%s", p->root, "");
	for (i = 0; i < l.n && !err; i++)
		if (pmu_file(p->root, l.v[i], file, buf, sizeof(buf)) >= 0)
			err = add_pmu(p, l.v[i], name, e);
	names_free(&l);
	if (!err && !e->n_boxes)
		return -ENOENT;
	snprintf(e->name, sizeof(e->name), "%s", name);
	return err;
}

int mmt_perf_pmu__each(const char *root, int (*fn)(void *ctx, const char *pmu, const char *event), void *ctx)
{
	struct names pmus, events;
	size_t i, k;
	int err = 0;

	names_read(&pmus, "%s" DEVICES "%s", root, "");
	for (i = 0; i < pmus.n && !err; i++) {
		names_read(&events, "%s" DEVICES "/%s/events", root, pmus.v[i]);
		for (k = 0; k < events.n && !err; k++)
			err = fn(ctx, pmus.v[i], events.v[k]);
		names_free(&events);
	}
	names_free(&pmus);
	return err;
}
