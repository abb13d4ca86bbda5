// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cells.h"
#include "numa_poll.h"
#include "numapoll.skel.h"
#include "numapoll_raw.skel.h"
#include "sysfs.h"

/* ---------------------------------------------------------------- arithmetic */

/* Of one counter; moved: MEMBUF may have been added to the half of MEM, and have begun anew. */
static uint64_t added(uint64_t mem, uint64_t buf, uint64_t mem_now, uint64_t buf_now, bool moved)
{
	uint64_t kept = mem - mem / 2;

	if (!moved && buf_now >= buf && mem_now == mem)
		return buf_now - buf;
	if (moved && mem_now >= kept && mem_now - kept >= buf)
		return mem_now - kept - buf + buf_now;
	return buf_now; /* all was zeroed, by an exec: what came just before it is not known */
}

bool mmt_numa_poll__take(struct mmt_numa_looked *was, const struct mmt_numa_polled *head, const struct mmt_numa_faults *now,
			 unsigned int n_nodes, bool last, uint64_t *pages, uint64_t split[2])
{
	bool moved = !was->known || head->seq != was->seq;
	uint64_t sum = 0, local, remote;
	unsigned int i, k;

	if (!last && (head->torn || (was->known && moved && head->seq != was->seen)))
		return false;
	for (i = 0; i < n_nodes; i++) {
		pages[i] = 0;
		for (k = 0; k < 2; k++)
			pages[i] += added(was->node[i].mem[k], was->node[i].buf[k], now[i].mem[k], now[i].buf[k], moved);
		sum += pages[i];
		was->node[i] = now[i];
	}
	local = head->local - was->local;
	remote = head->remote - was->remote;
	if (head->local < was->local || head->remote < was->remote || (moved && local + remote != sum)) {
		/* they were forgotten meanwhile */
		local = head->local;
		remote = head->remote;
	}
	split[0] = local + remote <= sum ? remote : 0;
	split[1] = local + remote <= sum ? local : 0;
	was->known = true;
	was->seq = was->seen = head->seq;
	was->local = head->local;
	was->remote = head->remote;
	return true;
}

/* ---------------------------------------------------------------- opening */

struct setup {
	struct mmt_numa_poll *x;
	struct mmt_family_ctx *family;
	int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj);
};

/* Maps that the family's own object has are that one's. */
static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	const struct setup *s = ctx->priv;
	uint64_t slots = ctx->probe->cfg.n_slots;
	struct bpf_map *m;
	int err = s->set_constants(s->family, obj);

	bpf_object__for_each_map(m, obj) {
		int fd = bpf_object__find_map_fd_by_name(s->family->obj, bpf_map__name(m));

		if (!err && fd >= 0 && !strncmp(bpf_map__name(m), "numa_", 5))
			err = bpf_map__reuse_fd(m, fd);
	}
	err = err ? err : mmt_family__size(ctx, obj, "numa_faults", slots << s->x->bits);
	return err ? err : mmt_family__size(ctx, obj, "numa_polled", slots);
}

static int attach(struct mmt_numa_poll *x)
{
	struct bpf_program *p = bpf_object__find_program_by_name(x->ctx.obj, "mmt_numa_exit");

	x->ctx.links[0] = p ? bpf_program__attach(p) : NULL;
	return x->ctx.links[0] ? 0 : -errno;
}

int mmt_numa_poll__open(struct mmt_numa_poll *x, struct mmt_family_ctx *family, unsigned int bits,
			int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj))
{
	static const struct mmt_family_elf elf = { "mmt_numapoll", numapoll_bpf__elf_bytes, numapoll_raw__elf_bytes };
	struct setup s = { x, family, set_constants };
	size_t n = family->probe->cfg.n_slots, i;
	int err;

	x->ctx = *family;
	x->ctx.obj = NULL;
	x->ctx.priv = &s;
	x->ctx.why[0] = '\0';
	memset(x->ctx.links, 0, sizeof(x->ctx.links));
	x->bits = bits;
	x->was = calloc(n, sizeof(*x->was));
	x->was_faults = calloc(n << bits, sizeof(*x->was_faults));
	err = x->was && x->was_faults ? mmt_family__load(&x->ctx, &elf, setup) : -ENOMEM;
	x->ctx.priv = NULL;
	err = err ? err : mmt_family__mmap(&x->ctx, "numa_faults", (void **)&x->faults, &x->faults_len);
	err = err ? err : mmt_family__mmap(&x->ctx, "numa_polled", (void **)&x->polled, &x->polled_len);
	err = err ? err : attach(x);
	if (err && !x->ctx.why[0])
		snprintf(x->ctx.why, sizeof(x->ctx.why), "%s", strerror(-err));
	if (err) {
		mmt_family__detach(&x->ctx);
		bpf_object__close(x->ctx.obj);
		x->ctx.obj = NULL;
		return err;
	}
	for (i = 0; i < n; i++)
		x->was[i].node = x->was_faults + (i << bits);
	family->map_bytes += x->ctx.map_bytes;
	return 0;
}

void mmt_numa_poll__close(struct mmt_numa_poll *x)
{
	mmt_family__detach(&x->ctx);
	bpf_object__close(x->ctx.obj);
	if (x->faults)
		munmap(x->faults, x->faults_len);
	if (x->polled)
		munmap(x->polled, x->polled_len);
	free(x->was);
	free(x->was_faults);
	memset(x, 0, sizeof(*x));
}

/* ---------------------------------------------------------------- looking */

static bool is_on(void)
{
	uint64_t v = 1;

	return mmt_read_u64("/proc/sys/kernel/numa_balancing", &v) || v;
}

int mmt_numa_poll__begin(struct mmt_numa_poll *x)
{
	uint32_t n = x->ctx.probe->cfg.n_slots, i;
	uint64_t pages[MMT_NU_NODES], split[2];
	int err = mmt_probe__run_iter(x->ctx.obj, "mmt_numa_poll");

	for (i = 0; i < n && !err; i++)
		if (x->polled[i].has)
			(void)mmt_numa_poll__take(&x->was[i], &x->polled[i], x->faults + ((size_t)i << x->bits), x->ctx.topo->n_nodes, true,
						  pages, split);
	return err;
}

static int look(struct mmt_numa_poll *x)
{
	const struct mmt_tasks *t = x->ctx.tasks;
	bool again = false;
	size_t i;
	int err = is_on() ? mmt_probe__run_iter(x->ctx.obj, "mmt_numa_poll") : 0;

	/* where the kernel has begun to move a task's counters, it is done with it when we come once more */
	for (i = 0; i < t->n_live; i++) {
		uint32_t slot = t->live[i]->slot;

		if (!x->polled[slot].has || !x->was[slot].known || x->polled[slot].seq == x->was[slot].seq)
			continue;
		x->was[slot].seen = x->polled[slot].seq;
		again = true;
	}
	return err || !again ? err : mmt_probe__run_iter(x->ctx.obj, "mmt_numa_poll");
}

static int take(struct mmt_numa_poll *x, struct mmt_family_ctx *family, struct mmt_numa_cell *cells, const struct mmt_epoch *e,
		bool last, uint64_t now)
{
	size_t first = (size_t)e->slot << x->bits;
	uint64_t pages[MMT_NU_NODES], split[2];
	unsigned int i, n = family->topo->n_nodes;

	if (!x->polled[e->slot].has ||
	    !mmt_numa_poll__take(&x->was[e->slot], &x->polled[e->slot], x->faults + first, n, last, pages, split))
		return 0;
	for (i = 0; i < n; i++)
		cells[first + i].hint_pages += (mmt_u32)pages[i];
	if (!mmt_family__wants(family, e->slot, e) || !(split[0] + split[1]))
		return 0;
	{
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(family->segment), cell_u(e->id), cell_u(UINT64_MAX), cell_u(0), cell_u(0), cell_u(0), cell_u(0),
			cell_u(0), cell_u(0), cell_u(0), cell_u(0), cell_u(0), cell_u(0), cell_u(e->cgroup), cell_u(split[1]), cell_u(split[0]),
		};

		return ROW(family->w, MMT_TB_NUMA_TOTALS, c);
	}
}

int mmt_numa_poll__flush(struct mmt_numa_poll *x, struct mmt_family_ctx *family, struct mmt_numa_cell *cells, uint64_t now)
{
	const struct mmt_tasks *t = family->tasks;
	int err = look(x);
	size_t i;

	for (i = 0; i < t->n_live && !err; i++)
		err = take(x, family, cells, t->live[i], false, now);
	return err;
}

int mmt_numa_poll__end(struct mmt_numa_poll *x, struct mmt_family_ctx *family, struct mmt_numa_cell *cells, const struct mmt_epoch *e,
		       bool write, uint64_t now)
{
	struct mmt_numa_faults *node = x->was[e->slot].node;
	size_t first = (size_t)e->slot << x->bits;
	int err = write ? take(x, family, cells, e, true, now) : 0;

	memset(node, 0, sizeof(*node) << x->bits);
	x->was[e->slot] = (struct mmt_numa_looked){ .node = node };
	memset(x->faults + first, 0, sizeof(*x->faults) << x->bits);
	memset(&x->polled[e->slot], 0, sizeof(x->polled[0]));
	return err;
}
