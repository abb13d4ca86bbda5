// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "syscalls.h"

enum { C_SEGMENT = SC_N, C_TIME, C_EPOCH, C_ABI, C_NR, C_NAME, C_CLASS, C_MAX, C_HIST };
const char *const syscalls_cols[SYSCALLS_COLS] = {
	"count", "errors", "restarts", "untimed", "time_ns", "bytes", "open", "open_ns", "segment", "time", "epoch", "abi",
	"nr", "name", "class", "max_ns", "hist",
};

static bool same_text(const char *s, const struct mmt_cell *c)
{
	return strlen(s) == c->len && (!c->len || !memcmp(s, c->p, c->len));
}

static void *grow(void *array, size_t n, size_t *cap, size_t size)
{
	void *p = array;

	if (n == *cap) {
		p = reallocarray(array, *cap ? *cap * 2 : 64, size);
		if (p)
			*cap = *cap ? *cap * 2 : 64;
	}
	return p;
}

static int kind_of(struct model *m, const struct row *r, uint32_t *at)
{
	const struct mmt_cell *name = row_blob(r, C_NAME), *class = row_blob(r, C_CLASS);
	struct syscalls *s = m->syscalls;
	bool compat = row_u64(r, C_ABI) == 1;
	uint64_t nr = row_u64(r, C_NR);
	struct syscall_kind *k;
	size_t i;

	for (i = 0; i < s->n_kinds; i++) {
		k = &s->kinds[i];
		if (k->nr == nr && k->compat == compat && same_text(k->class, class) && same_text(k->name, name)) {
			*at = (uint32_t)i;
			return 0;
		}
	}
	if (s->n_kinds == SYSCALLS_MAX_KINDS)
		return -EBADMSG;
	k = grow(s->kinds, s->n_kinds, &s->cap_kinds, sizeof(*k));
	if (!k)
		return -ENOMEM;
	s->kinds = k;
	k += s->n_kinds;
	memset(k, 0, sizeof(*k));
	k->compat = compat;
	k->nr = nr;
	k->name = arena_str(m->mem, name->p, name->len);
	k->class = arena_str(m->mem, class->p, class->len);
	if (!k->name || !k->class)
		return -ENOMEM;
	*at = (uint32_t)s->n_kinds++;
	return 0;
}

static struct syscall_sum *sum_of(struct syscalls *s, uint64_t epoch, uint32_t kind)
{
	uint64_t key = epoch * SYSCALLS_MAX_KINDS + kind;
	uint32_t i = u64map_get(&s->map, key);
	struct syscall_sum *p;

	if (i != U64MAP_NONE)
		return &s->sums[i];
	p = grow(s->sums, s->n_sums, &s->cap_sums, sizeof(*p));
	if (!p)
		return NULL;
	s->sums = p;
	p += s->n_sums;
	if (u64map_put(&s->map, key, (uint32_t)s->n_sums))
		return NULL;
	s->n_sums++;
	*p = (struct syscall_sum){ .kind = kind, .epoch = epoch };
	return p;
}

int syscalls_row(struct model *m, const struct row *r)
{
	const struct mmt_cell *hist = row_blob(r, C_HIST);
	uint64_t time = row_u64(r, C_TIME);
	struct syscall_sum *sum;
	struct syscalls *s;
	uint32_t kind;
	int i, err;

	if (!m->syscalls)
		m->syscalls = calloc(1, sizeof(*m->syscalls));
	if (!m->syscalls)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)))
		return 0;
	s = m->syscalls;
	err = kind_of(m, r, &kind);
	if (err)
		return err;
	sum = sum_of(s, row_u64(r, C_EPOCH), kind);
	if (!sum)
		return -ENOMEM;
	for (i = 0; i < SC_OPEN; i++)
		sum->v[i] += row_u64(r, i);
	if (row_u64(r, SC_OPEN)) {
		sum->v[SC_OPEN] = row_u64(r, SC_OPEN);
		sum->v[SC_OPEN_NS] = row_u64(r, SC_OPEN_NS);
		sum->open_time = time;
	}
	if (row_u64(r, C_MAX) > sum->max_ns)
		sum->max_ns = row_u64(r, C_MAX);
	if (time > s->last)
		s->last = time;
	return hist->p ? rhist_add_packed(&s->kinds[kind].hist, hist->p, hist->len) : 0;
}

void syscalls_forget(struct syscalls *s)
{
	size_t i;

	for (i = 0; s && i < s->n_kinds; i++) {
		rhist_free(&s->kinds[i].hist);
		memset(&s->kinds[i].hist, 0, sizeof(s->kinds[i].hist));
	}
	if (!s)
		return;
	u64map_free(&s->map);
	memset(&s->map, 0, sizeof(s->map));
	s->n_sums = 0;
	s->last = 0;
}

void syscalls_free(struct syscalls *s)
{
	if (!s)
		return;
	syscalls_forget(s);
	free(s->kinds);
	free(s->sums);
	free(s);
}

bool syscalls_open(const struct syscalls *s, const struct syscall_sum *sum)
{
	return sum->v[SC_OPEN] && sum->open_time == s->last;
}

const char *syscalls_name(const struct syscall_kind *k, char *buf, size_t size)
{
	if (*k->name)
		snprintf(buf, size, "%s%s", k->name, k->compat ? " (32-bit)" : "");
	else
		snprintf(buf, size, "call %" PRIu64 "%s", k->nr, k->compat ? " (32-bit)" : "");
	return buf;
}

int syscalls_total(const struct model *m, const char *name, const char *class, unsigned int col, double *value)
{
	const struct syscalls *s = m->syscalls;
	double sum = 0;
	size_t i;

	if (!s)
		return -ENODATA;
	for (i = 0; i < s->n_sums; i++) {
		const struct syscall_kind *k = &s->kinds[s->sums[i].kind];

		if (strcmp(k->class, class ? class : "") || (name && strcmp(k->name, name)))
			continue;
		if (!model_hides(m, model_task(m, s->sums[i].epoch), false))
			sum += (double)s->sums[i].v[col];
	}
	*value = sum;
	return 0;
}
