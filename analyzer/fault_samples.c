// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "array.h"
#include "faults.h"

#define PAGE_BITS 12 /* pages of samples are counted in 4 KiB, whatever the machine has */

static uint64_t mix(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;

	h = (h ^ (h >> 32) ^ b) * 0xc4ceb9fe1a85ec53ull;
	return h ^ (h >> 29);
}

/* Keys that meet by chance go on to the next. */
static struct fault_place *place_of(struct fault_place **all, size_t *n, size_t *cap, struct u64map *map,
				    const struct model_task *process, uint64_t addr, bool user)
{
	uint64_t key = mix(process ? process->epoch : 0, addr << 1 | user);
	struct fault_place *p;
	uint32_t i;

	while ((i = u64map_get(map, key)) != U64MAP_NONE) {
		p = &(*all)[i];
		if (p->process == process && p->addr == addr && p->user == user)
			return p;
		key++;
	}
	p = array_more(all, n, cap, sizeof(*p));
	if (!p || u64map_put(map, key, (uint32_t)(*n - 1)))
		return NULL;
	p->process = process;
	p->addr = addr;
	p->user = user;
	return p;
}

static void count(struct fault_place *p, uint64_t n)
{
	p->samples++;
	p->faults += (double)n;
	p->variance += (double)n * ((double)n - 1);
}

static int add(struct fault_samples *s, const struct model *m, const struct model_task *t, uint64_t addr, uint64_t ip,
	       uint64_t flags, uint64_t n, uint64_t time)
{
	const struct model_task *process = t ? &m->tasks[t->leader] : NULL;
	struct fault_place *p;
	uint64_t page;

	s->samples++;
	s->faults += (double)n;
	s->variance += (double)n * ((double)n - 1);
	p = place_of(&s->ips, &s->n_ips, &s->cap_ips, &s->by_ip, process, ip, flags & FAULT_USER);
	if (!p)
		return -ENOMEM;
	count(p, n);
	p->time = time;
	p = place_of(&s->regions, &s->n_regions, &s->cap_regions, &s->by_region, process,
		     addr >> FAULT_REGION_BITS << FAULT_REGION_BITS, false);
	if (!p)
		return -ENOMEM;
	count(p, n);
	page = mix(process ? process->epoch : 0, addr >> PAGE_BITS);
	if (u64map_get(&s->pages, page) != U64MAP_NONE)
		return 0;
	p->pages++;
	return u64map_put(&s->pages, page, 0);
}

enum { S_SEGMENT, S_EPOCH, S_ADDR, S_IP, S_FLAGS, S_N, S_TIME, S_COLS };

static int add_rows(struct fault_samples *s, const struct model *m, const struct mmt_rows *rows, bool collector)
{
	static const char *const names[S_COLS] = { "segment", "epoch", "addr", "ip", "flags", "n", "time" };
	int idx[S_COLS], err = 0;
	struct row r = { rows->cells, idx };
	const struct model_task *t;
	uint32_t i;

	for (i = 0; i < S_COLS; i++) {
		idx[i] = mmt_type__field(rows->type, names[i]);
		if (idx[i] >= 0 && rows->type->fields[idx[i]].fmt >= MMT_FMT_STR)
			idx[i] = -1;
	}
	for (i = 0; i < rows->n && !err; i++, r.c += rows->type->n_fields) {
		t = row_u64(&r, S_EPOCH) ? model_task(m, row_u64(&r, S_EPOCH)) : NULL;
		if (!model_selected(m, row_u64(&r, S_SEGMENT)) || model_hides(m, t, collector))
			continue;
		err = add(s, m, t, row_u64(&r, S_ADDR), row_u64(&r, S_IP), row_u64(&r, S_FLAGS), row_u64(&r, S_N),
			  row_u64(&r, S_TIME));
	}
	return err;
}

static int cmp_place(const void *a, const void *b)
{
	const struct fault_place *x = a, *y = b;

	if (x->faults != y->faults)
		return x->faults < y->faults ? 1 : -1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return (x->addr > y->addr) - (x->addr < y->addr);
}

int fault_samples_load(const struct model *m, bool collector, mmt_log_fn log, void *log_ctx, struct fault_samples *s)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = log, .log_ctx = log_ctx, .no_events = true };
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i;
	int err;

	memset(s, 0, sizeof(*s));
	err = mmt_reader__open(m->path, &ro, &r);
	if (err)
		return err;
	while ((err = mmt_reader__next(r, &chunk)) > 0) {
		err = 0;
		for (i = 0; i < chunk.n_tables && !err; i++)
			if (chunk.tables[i].type->id == MMT_TB_FAULT_SAMPLE)
				err = add_rows(s, m, &chunk.tables[i], collector);
		if (err)
			break;
	}
	mmt_reader__close(r);
	if (s->n_ips)
		qsort(s->ips, s->n_ips, sizeof(*s->ips), cmp_place);
	if (s->n_regions)
		qsort(s->regions, s->n_regions, sizeof(*s->regions), cmp_place);
	return err;
}

void fault_samples_free(struct fault_samples *s)
{
	free(s->ips);
	free(s->regions);
	u64map_free(&s->by_ip);
	u64map_free(&s->by_region);
	u64map_free(&s->pages);
	memset(s, 0, sizeof(*s));
}
