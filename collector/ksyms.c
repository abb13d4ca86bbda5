// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "ksyms.h"
#include "sysfs.h"

#define NAME_MAX_LEN 512 /* KSYM_NAME_LEN of the longest */
#define PAGE 4096ull

/* What is known of one address: the symbol that begins last before it, the one that begins first after it. */
struct use {
	uint64_t address, start, next;
	uint32_t next_in; /* hash of the module of next */
	char type;
	char *name, *module;
};

struct sym {
	uint64_t start;
	char type;
	char name[NAME_MAX_LEN], module[64];
};

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* "address type name [module]", spaces or tabs between. */
static bool parse(const char *line, struct sym *s)
{
	unsigned long long start;

	s->module[0] = 0;
	if (sscanf(line, "%llx %c %511s [%63[^]]]", &start, &s->type, s->name, s->module) < 3)
		return false;
	s->start = start;
	return strchr("tTwW", s->type);
}

/* The first address at or after x. */
static size_t first_from(const struct use *u, size_t n, uint64_t x)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (u[mid].address < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Of two names of one place: the public one, else the one without an underscore, else the first. */
static bool better(const struct sym *s, const struct use *u)
{
	bool pub = s->type == 'T' || s->type == 'W', was = u->type == 'T' || u->type == 'W';

	if (pub != was)
		return pub;
	return s->name[0] != '_' && u->name[0] == '_';
}

static uint32_t hash(const char *text)
{
	uint32_t h = 5381;

	while (*text)
		h = h * 33 + (uint8_t)*text++;
	return h;
}

/* Each symbol is told only to the address next to it on either side; spread() does the rest. */
static int take(struct use *u, size_t n, const struct sym *s)
{
	size_t i = first_from(u, n, s->start);

	if (i && (!u[i - 1].next || s->start < u[i - 1].next)) {
		u[i - 1].next = s->start;
		u[i - 1].next_in = hash(s->module);
	}
	/* u[i] is the first at or after the symbol; a symbol at an address is nearer than any before it */
	if (i == n || s->start < u[i].start || (s->start == u[i].start && u[i].name && !better(s, &u[i])))
		return 0;
	free(u[i].name);
	free(u[i].module);
	u[i].start = s->start;
	u[i].type = s->type;
	u[i].name = strdup(s->name);
	u[i].module = strdup(s->module);
	return u[i].name && u[i].module ? 0 : -ENOMEM;
}

static int spread(struct use *u, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (u[i].name || !u[i - 1].name)
			continue;
		u[i].start = u[i - 1].start;
		u[i].name = strdup(u[i - 1].name);
		u[i].module = strdup(u[i - 1].module);
		if (!u[i].name || !u[i].module)
			return -ENOMEM;
	}
	for (i = n; i-- > 1;) {
		if (u[i - 1].next)
			continue;
		u[i - 1].next = u[i].next;
		u[i - 1].next_in = u[i].next_in;
	}
	return 0;
}

/*
 * What begins where the text ends is no function; and the last one before a gap (of a module,
 * say) does not reach through it: what runs there, code made at run time, has no name here.
 */
static bool ends_text(const char *name)
{
	static const char *const marks[] = { "_etext", "_einittext", "__entry_text_end", "__irqentry_text_end", "__softirqentry_text_end" };
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (!strcmp(name, marks[i]))
			return true;
	return false;
}

static int write_rows(struct mmt_writer *w, const struct use *u, size_t n)
{
	uint64_t done = 0;
	size_t i;
	int err = 0, rows = 0;

	for (i = 0; i < n && !err; i++) {
		uint64_t end = u[i].next;

		if (!u[i].name || !u[i].start || ends_text(u[i].name) || (rows && u[i].start == done))
			continue;
		if (!end || end - u[i].start > 64 * PAGE || u[i].next_in != hash(u[i].module))
			end = end && end <= (u[i].start | (PAGE - 1)) ? end : (u[i].start | (PAGE - 1)) + 1;
		if (u[i].address >= end)
			continue;
		{
			const struct mmt_cell c[] = {
				cell_u(u[i].start), cell_u(end - u[i].start), cell_s(u[i].name), cell_s(u[i].module),
			};

			err = ROW(w, MMT_TB_KSYM, c);
		}
		done = u[i].start;
		rows++;
	}
	return err ? err : rows;
}

static int read_all(FILE *f, struct use *u, size_t n, bool *hidden)
{
	char *line = NULL;
	size_t size = 0;
	struct sym s;
	int err = 0;

	*hidden = true;
	while (!err && getline(&line, &size, f) > 0) {
		if (!parse(line, &s))
			continue;
		*hidden = *hidden && !s.start;
		err = s.start ? take(u, n, &s) : 0;
	}
	free(line);
	return err;
}

static void say_hidden(const struct mmt_log *log)
{
	uint64_t v = 0;

	if (!mmt_read_u64("/proc/sys/kernel/kptr_restrict", &v) && v)
		log_warn(log, "kernel functions stay unnamed: their addresses are hidden; allow it with sysctl kernel.kptr_restrict=%u",
			 v == 2 ? 1 : 0);
	else
		log_warn(log, "kernel functions stay unnamed: /proc/kallsyms shows no addresses (needs CAP_SYSLOG, and no lockdown of confidentiality)");
}

int mmt_ksyms__write(struct mmt_writer *w, uint64_t *address, size_t n, const char *path, const struct mmt_log *log)
{
	struct use *u;
	size_t i, k;
	bool hidden;
	FILE *f;
	int err;

	if (!n)
		return 0;
	qsort(address, n, sizeof(*address), by_value);
	u = calloc(n, sizeof(*u));
	if (!u)
		return -ENOMEM;
	for (i = k = 0; i < n; i++)
		if (!k || u[k - 1].address != address[i])
			u[k++].address = address[i];
	f = fopen(path ? path : "/proc/kallsyms", "re");
	if (!f) {
		err = -errno;
		log_warn(log, "kernel functions stay unnamed: %s: %s", path ? path : "/proc/kallsyms", strerror(-err));
		goto out;
	}
	err = read_all(f, u, k, &hidden);
	fclose(f);
	if (!err && hidden) {
		say_hidden(log);
		err = -EPERM;
	}
	err = err ? err : spread(u, k);
	err = err ? err : write_rows(w, u, k);
out:
	for (i = 0; i < k; i++) {
		free(u[i].name);
		free(u[i].module);
	}
	free(u);
	return err;
}
