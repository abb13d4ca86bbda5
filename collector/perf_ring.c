// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/perf_event.h>
#include <perf/event.h>
#include <perf/evlist.h>
#include <perf/evsel.h>
#include <perf/mmap.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "perf_lib.h"
#include "perf_ring.h"

/* A list of its own for each CPU: one that goes and comes takes nothing from the others. */
struct ring {
	struct perf_evlist *list; /* owns the event; NULL: not open */
	unsigned int cpu;
	bool refused;
};

struct mmt_perf_ring {
	struct perf_event_attr attr;
	unsigned int pages;
	struct ring *v; /* in the order of CPUs */
	size_t n;
	bool enabled;
};

static void ring_close(struct ring *r)
{
	if (!r->list)
		return;
	perf_evlist__munmap(r->list);
	mmt_perf_lib__delete(r->list);
	r->list = NULL;
}

static int ring_open(const struct mmt_perf_ring *p, struct ring *r)
{
	struct perf_event_attr attr = p->attr;
	struct perf_evsel *sel = perf_evsel__new(&attr);
	int err = -ENOMEM;

	r->list = perf_evlist__new();
	if (!sel || !r->list) {
		perf_evsel__delete(sel);
		goto out;
	}
	perf_evlist__add(r->list, sel);
	err = mmt_perf_lib__aim(r->list, (int)r->cpu, -1);
	err = err ? err : perf_evlist__open(r->list);
	err = err ? err : perf_evlist__mmap(r->list, (int)p->pages);
out:
	if (err)
		ring_close(r);
	return err < 0 ? err : err ? -EIO : 0;
}

int mmt_perf_ring__open(const struct perf_event_attr *attr, unsigned int pages, struct mmt_perf_ring **out)
{
	struct mmt_perf_ring *p = calloc(1, sizeof(*p));
	unsigned int *cpu;
	size_t i, n = 0;
	int err = 0;

	mmt_perf_lib__init();
	cpu = mmt_perf_lib__online(&n);
	if (p)
		p->v = calloc(n ? n : 1, sizeof(*p->v));
	if (!p || !cpu || !p->v) {
		err = -ENOMEM;
		goto out;
	}
	p->attr = *attr;
	p->attr.size = sizeof(p->attr);
	p->attr.disabled = 1;
	p->pages = pages;
	for (i = 0; i < n && !err; i++) {
		p->v[i].cpu = cpu[i];
		p->n = i + 1;
		err = ring_open(p, &p->v[i]);
	}
	if (!err)
		*out = p;
out:
	free(cpu);
	if (err)
		mmt_perf_ring__close(p);
	return err;
}

static void ring_switch(struct ring *r, bool on)
{
	if (r->list && on)
		perf_evlist__enable(r->list);
	else if (r->list)
		perf_evlist__disable(r->list);
}

void mmt_perf_ring__enable(struct mmt_perf_ring *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		ring_switch(&p->v[i], true);
	p->enabled = true;
}

void mmt_perf_ring__disable(struct mmt_perf_ring *p)
{
	size_t i;

	for (i = 0; i < p->n; i++)
		ring_switch(&p->v[i], false);
	p->enabled = false;
}

static int ring_read(struct ring *r, mmt_perf_fn fn, void *ctx)
{
	struct perf_mmap *map;
	union perf_event *ev;
	int err = 0;

	perf_evlist__for_each_mmap(r->list, map, false) {
		if (perf_mmap__read_init(map))
			continue; /* nothing there */
		while (!err && (ev = perf_mmap__read_event(map))) {
			err = fn(ctx, r->cpu, (const struct perf_event_header *)ev);
			perf_mmap__consume(map);
		}
		perf_mmap__read_done(map);
	}
	return err;
}

int mmt_perf_ring__read(struct mmt_perf_ring *p, mmt_perf_fn fn, void *ctx)
{
	size_t i;
	int err = 0;

	for (i = 0; i < p->n && !err; i++)
		if (p->v[i].list)
			err = ring_read(&p->v[i], fn, ctx);
	return err;
}

static struct ring *ring_of(struct mmt_perf_ring *p, unsigned int cpu)
{
	struct ring *v;
	size_t i;

	for (i = 0; i < p->n; i++)
		if (p->v[i].cpu == cpu)
			return &p->v[i];
	v = realloc(p->v, (p->n + 1) * sizeof(*v));
	if (!v)
		return NULL;
	p->v = v;
	v[p->n] = (struct ring){ .cpu = cpu };
	return &v[p->n++];
}

/* The kernel takes an event off a CPU that goes offline, and does not put it back. */
void mmt_perf_ring__cpus(struct mmt_perf_ring *p, mmt_perf_fn fn, void *ctx)
{
	size_t i, k, n = 0;
	unsigned int *cpu = mmt_perf_lib__online(&n);
	struct ring *r;

	for (i = 0; cpu && i < p->n; i++) {
		for (k = 0; k < n && cpu[k] != p->v[i].cpu; k++)
			;
		if (k < n || !p->v[i].list)
			continue;
		ring_read(&p->v[i], fn, ctx);
		ring_close(&p->v[i]);
	}
	for (i = 0; cpu && i < n; i++) {
		r = ring_of(p, cpu[i]);
		if (!r || r->list || r->refused)
			continue;
		r->refused = ring_open(p, r) != 0;
		if (p->enabled)
			ring_switch(r, true);
	}
	free(cpu);
}

unsigned int mmt_perf_ring__refused(const struct mmt_perf_ring *p)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		n += p->v[i].refused;
	return n;
}

uint64_t mmt_perf_ring__bytes(const struct mmt_perf_ring *p)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < p->n; i++)
		n += p->v[i].list ? ((uint64_t)p->pages + 1) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
	return n;
}

void mmt_perf_ring__close(struct mmt_perf_ring *p)
{
	size_t i;

	if (!p)
		return;
	for (i = 0; p->v && i < p->n; i++)
		ring_close(&p->v[i]);
	free(p->v);
	free(p);
}
