// SPDX-License-Identifier: GPL-2.0-only
/*
 * The NUMA family: pages allocated by task and node, on the node of the CPU or off it; hint
 * faults; what NUMA balancing did to tasks; pages migrated, by reason and between which nodes.
 *
 * Two BPF objects share their maps. The tracepoints are in one; the other goes in at
 * functions, which not every kernel allows: then hint faults are the machine's only, and
 * migrations have no nodes.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../bpf/numa_shared.h"
#include "cells.h"
#include "family.h"
#include "numa.skel.h"
#include "numa_facts.h"
#include "numa_fn.h"
#include "numa_hops.h"
#include "numa_moved.h"
#include "numa_poll.h"
#include "numa_raw.skel.h"

#define MOVED 8192u      /* kinds of migrations, by task, reason and nodes, at a time */
#define MOVED_MIN (2u * MMT_NUMA_REASONS)
#define SETTLED_NS 5000000ULL /* so long after a moment all clocks agree that it is over */
#define OFTEN_CELLS 8192u /* up to so many are read at every seal, else at full flushes only */

/* What of a cell has been written, or lies before the recording. */
struct done { uint32_t pages[2], allocs[2], hint[2], hint_pages, moved, swapped, stuck; };

struct numa {
	struct mmt_family_ctx fn; /* of the object that goes in at functions; no obj: refused */
	struct mmt_numa_facts facts;
	struct mmt_numa_cell *cells;
	struct mmt_numa_slot *slots;
	struct mmt_numa_state *st;
	size_t cells_len, slots_len, st_len;
	struct done *done;
	struct mmt_numa_hops hops;
	struct mmt_numa_poll poll; /* in place of fn */
	struct mmt_moved_set moved;
	uint64_t moves, moved_at; /* the programs' count of additions when that was read, and when it was */
	bool unwritten;           /* it may have something that no row tells yet */
	unsigned int bits;
	uint32_t room;            /* of the map of migrations */
	bool started;
};

/* ---------------------------------------------------------------- opening */

static struct numa *numa_of(const struct mmt_family_ctx *ctx)
{
	return ctx->priv;
}

static int set_constants(const struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	const struct numa *x = numa_of(ctx);
	struct mmt_numa_config *c;
	size_t size;

	c = (struct mmt_numa_config *)bpf_map__initial_value(mmt_probe__section(obj, ".rodata.family"), &size);
	if (!c || size != sizeof(*c))
		return -EINVAL;
	c->node_shift = x->facts.node_shift;
	c->node_bits = x->bits;
	c->args = x->facts.args;
	c->nests = x->facts.nests;
	c->home_bits = x->hops.bits;
	memcpy(c->home, x->hops.of, sizeof(c->home));
	c->n_nodes = ctx->topo->n_nodes;
	c->node_ids = x->facts.node_ids;
	return 0;
}

static const struct { const char *prog, *tp; } tracepoints[] = {
	{ "mmt_numa_migrate", "btf_trace_mm_migrate_pages" }, { "mmt_numa_move", "btf_trace_sched_move_numa" },
	{ "mmt_numa_swap", "btf_trace_sched_swap_numa" }, { "mmt_numa_stick", "btf_trace_sched_stick_numa" },
};

/* A kernel may be built without migration, or without NUMA balancing; a machine may have too many nodes. */
static int choose_programs(struct bpf_object *obj, const struct numa *x)
{
	struct btf *btf = btf__load_vmlinux_btf();
	size_t i;

	if (!btf)
		return -errno;
	for (i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(obj, tracepoints[i].prog);

		if (p && !mmt_probe__btf_has_typedef(btf, tracepoints[i].tp))
			bpf_program__set_autoload(p, false);
	}
	btf__free(btf);
	if (!x->hops.n)
		bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "mmt_numa_hop"), false);
	return 0;
}

static int setup(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct numa *x = numa_of(ctx);
	uint64_t slots = ctx->probe->cfg.n_slots;
	int err = set_constants(ctx, obj);

	err = err ? err : choose_programs(obj, x);
	err = err ? err : mmt_family__size(ctx, obj, "numa_cells", slots << x->bits);
	err = err ? err : mmt_family__size(ctx, obj, "numa_slots", slots);
	err = err ? err : mmt_family__size(ctx, obj, "numa_hops", mmt_numa_hops__entries(&x->hops, ctx));
	return err ? err : mmt_family__size(ctx, obj, "numa_moved", x->room);
}

static int read_facts(struct mmt_family_ctx *ctx)
{
	struct numa *x = numa_of(ctx);
	struct btf *btf = btf__load_vmlinux_btf();
	int err;

	if (!btf)
		return -errno;
	err = mmt_numa_facts__read(btf, ctx->topo, &x->facts, ctx->why, sizeof(ctx->why));
	btf__free(btf);
	while (1U << x->bits < ctx->topo->n_nodes)
		x->bits++;
	mmt_numa_hops__homes(&x->hops, ctx->topo);
	return err;
}

/* Less for tests. */
static uint32_t room_of(void)
{
	const char *said = getenv("MMT_NUMA_ROOM");
	unsigned long asked = said ? strtoul(said, NULL, 10) : MOVED;

	return asked < MOVED_MIN || asked > MOVED ? MOVED : (uint32_t)asked;
}

/* Of each reason an entry for what finds none: see numa_moved_add(). */
static int keep_room(struct mmt_family_ctx *ctx)
{
	const struct mmt_numa_moved none = { 0 };
	unsigned int r;

	for (r = 0; r < MMT_NUMA_REASONS; r++) {
		uint64_t key = MMT_NU_KEY(0, r, MMT_NU_NONE, MMT_NU_NONE);

		if (bpf_map_update_elem(bpf_object__find_map_fd_by_name(ctx->obj, "numa_moved"), &key, &none, BPF_NOEXIST))
			return -errno;
	}
	return 0;
}

static int numa_open(struct mmt_family_ctx *ctx)
{
	static const struct mmt_family_elf elf = { "mmt_numa", numa_bpf__elf_bytes, numa_raw__elf_bytes };
	struct numa *x = calloc(1, sizeof(*x));
	int err;

	if (!x)
		return -ENOMEM;
	ctx->priv = x;
	x->room = room_of();
	err = read_facts(ctx);
	if (err)
		return err;
	x->done = calloc((size_t)ctx->probe->cfg.n_slots << x->bits, sizeof(*x->done));
	if (!x->done)
		return -ENOMEM;
	err = mmt_family__load(ctx, &elf, setup);
	err = err ? err : mmt_family__mmap(ctx, "numa_cells", (void **)&x->cells, &x->cells_len);
	err = err ? err : mmt_family__mmap(ctx, "numa_slots", (void **)&x->slots, &x->slots_len);
	err = err ? err : mmt_family__mmap(ctx, "numa_state", (void **)&x->st, &x->st_len);
	err = err ? err : keep_room(ctx);
	err = err ? err : mmt_numa_hops__map(&x->hops, ctx);
	if (err)
		return err;
	mmt_numa_fn__open(&x->fn, ctx, set_constants);
	if (!x->fn.obj)
		(void)mmt_numa_poll__open(&x->poll, ctx, x->bits, set_constants); /* why not is said in the trace */
	return 0;
}

static int write_meta(struct mmt_family_ctx *ctx, const char *key, const char *why)
{
	char value[200];

	snprintf(value, sizeof(value), "%s%s", why ? "not available: " : "yes", why ? why : "");
	{
		const struct mmt_cell c[] = { cell_s(key), cell_s(value) };

		return ROW(ctx->w, MMT_TB_META, c);
	}
}

/* As the placement family does. */
static int write_page_size(struct mmt_family_ctx *ctx)
{
	char kb[24];

	snprintf(kb, sizeof(kb), "%ld", sysconf(_SC_PAGESIZE) / 1024);
	{
		const struct mmt_cell c[] = { cell_s("page.kb"), cell_s(kb) };

		return ROW(ctx->w, MMT_TB_META, c);
	}
}

static bool loaded(const struct mmt_family_ctx *ctx, const char *prog)
{
	struct bpf_program *p = bpf_object__find_program_by_name(ctx->obj, prog);

	return p && bpf_program__autoload(p);
}

static int numa_attach(struct mmt_family_ctx *ctx)
{
	const struct numa *x = numa_of(ctx);
	const char *fn = x->fn.obj ? NULL : x->fn.why;
	int err = mmt_family__attach(ctx);

	if (!mmt_family__asked(ctx, &mmt_family_place))
		err = err ? err : write_page_size(ctx);
	err = err ? err : write_meta(ctx, "numa.tasks", x->hops.n ? NULL : "more than 16 nodes have CPUs");
	err = err ? err : write_meta(ctx, "numa.hint", fn);
	err = err ? err : write_meta(ctx, "numa.hint.pages", x->fn.obj || x->poll.ctx.obj ? NULL : x->poll.ctx.why);
	err = err ? err : write_meta(ctx, "numa.migrate", loaded(ctx, "mmt_numa_migrate") ? NULL : "a kernel without migration");
	err = err ? err : write_meta(ctx, "numa.migrate.nodes", fn);
	return err ? err : write_meta(ctx, "numa.balancing",
				      loaded(ctx, "mmt_numa_move") ? NULL : "a kernel without NUMA balancing");
}

/* ---------------------------------------------------------------- totals */

static void read_cell(const struct mmt_numa_cell *cell, struct done *d)
{
	const volatile struct mmt_numa_cell *c = cell;
	int i;

	for (i = 0; i < 2; i++) {
		d->pages[i] = c->pages[i];
		d->allocs[i] = c->allocs[i];
		d->hint[i] = c->hint[i];
	}
	d->hint_pages = c->hint_pages;
	d->moved = c->moved;
	d->swapped = c->swapped;
	d->stuck = c->stuck;
}

/* Rows of what the task got on each node, where there is anything to say. */
static int cell_rows(struct mmt_family_ctx *ctx, uint32_t slot, const struct mmt_epoch *e, uint64_t now)
{
	struct numa *x = numa_of(ctx);
	unsigned int node;
	int err = 0;

	for (node = 0; node < ctx->topo->n_nodes && !err; node++) {
		size_t i = (size_t)slot << x->bits | node;
		struct done old = x->done[i], d;

		read_cell(&x->cells[i], &d);
		if (!memcmp(&d, &old, sizeof(d)))
			continue;
		x->done[i] = d;
		if (!mmt_family__wants(ctx, slot, e))
			continue;
		{
			const struct mmt_cell c[] = {
				cell_u(now), cell_u(ctx->segment), cell_u(e ? e->id : 0), cell_u(node),
				cell_u(d.pages[0] - old.pages[0]), cell_u(d.pages[1] - old.pages[1]),
				cell_u(d.hint[1] - old.hint[1]), cell_u(d.hint[0] - old.hint[0]),
				cell_u(d.hint_pages - old.hint_pages), cell_u(d.moved - old.moved),
				cell_u(d.swapped - old.swapped), cell_u(d.stuck - old.stuck),
				cell_u(d.allocs[0] - old.allocs[0]), cell_u(d.allocs[1] - old.allocs[1]),
				cell_u(e ? e->cgroup : 0), cell_u(0), cell_u(0),
			};

			err = ROW(ctx->w, MMT_TB_NUMA_TOTALS, c);
		}
	}
	return err;
}

/* ---------------------------------------------------------------- migrations */

static int moved_fd(const struct mmt_family_ctx *ctx)
{
	return bpf_object__find_map_fd_by_name(ctx->obj, "numa_moved");
}

static uint64_t moves_now(const struct numa *x)
{
	return __atomic_load_n(&x->st->moves, __ATOMIC_ACQUIRE);
}

/* All that is in the map. */
static int read_moved(struct mmt_family_ctx *ctx)
{
	struct numa *x = numa_of(ctx);
	uint64_t moves = moves_now(x), at = mmt_probe__now(ctx->probe), *keys = malloc(x->room * sizeof(*keys));
	struct mmt_numa_moved *vals = malloc(x->room * sizeof(*vals));
	struct mmt_moved *fresh = NULL;
	uint32_t n = x->room, batch, i;
	int err = 0;

	if (!keys || !vals)
		err = -ENOMEM;
	else if (bpf_map_lookup_batch(moved_fd(ctx), NULL, &batch, keys, vals, &n, NULL) && errno != ENOENT)
		err = -errno;
	if (!err && n) {
		fresh = calloc(n, sizeof(*fresh));
		err = fresh ? 0 : -ENOMEM;
	}
	for (i = 0; i < n && !err; i++)
		fresh[i] = (struct mmt_moved){ .key = keys[i], .v = vals[i] };
	if (!err) {
		mmt_moved__take(&x->moved, fresh, n);
		x->moves = moves; /* what it has by then, and maybe more */
		x->moved_at = at;
		x->unwritten = true;
	}
	free(keys);
	free(vals);
	return err;
}

/*
 * Is what was read all that a task did until `last`? Many tasks end at a time, and the map is too
 * large to be read for each of them.
 */
static bool have_read(const struct numa *x, uint64_t last)
{
	return moves_now(x) == x->moves || x->moved_at > last + SETTLED_NS;
}

static uint64_t node_cell(uint64_t key, unsigned int shift)
{
	uint64_t node = key >> shift & 255;

	return node == MMT_NU_NONE ? UINT64_MAX : node;
}

/* What was added, if anything; it is done with then. */
static int moved_row(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, struct mmt_moved *m, uint64_t now)
{
	const struct numa *x = numa_of(ctx);
	const struct mmt_numa_moved old = m->done;
	uint32_t reason = m->key >> 32 & 255;
	char number[16];
	const char *name = reason < MMT_NUMA_REASONS && x->facts.reason[reason][0] ? x->facts.reason[reason] : number;

	m->done = m->v;
	if ((m->v.ok == old.ok && m->v.failed == old.failed) || !mmt_family__wants(ctx, (uint32_t)m->key, e))
		return 0;
	snprintf(number, sizeof(number), "reason-%u", reason);
	{
		const struct mmt_cell c[] = {
			cell_u(now), cell_u(ctx->segment), cell_u(e ? e->id : 0), cell_s(name), cell_u(node_cell(m->key, 40)),
			cell_u(node_cell(m->key, 48)), cell_u(m->v.ok - old.ok), cell_u(m->v.failed - old.failed),
			cell_u(e ? e->cgroup : 0),
		};

		return ROW(ctx->w, MMT_TB_PAGE_MIGRATION, c);
	}
}

/* Kinds of migrations that tasks have come to the end of make room for others. */
static int make_room(struct mmt_family_ctx *ctx, uint64_t now)
{
	struct numa *x = numa_of(ctx);
	size_t i;
	int err = 0;

	for (i = 0; i < x->moved.n && x->moved.n > x->room / 2 && !err; i++) {
		struct mmt_moved *m = &x->moved.v[i];
		uint32_t slot = (uint32_t)m->key;

		if (!m->idle || m->gone || !slot || m->v.ok != m->done.ok || m->v.failed != m->done.failed)
			continue;
		/* 5.14 can do both at once (commit 3e87f192b405) */
		if (bpf_map_lookup_and_delete_elem(moved_fd(ctx), &m->key, &m->v) &&
		    (bpf_map_lookup_elem(moved_fd(ctx), &m->key, &m->v) || bpf_map_delete_elem(moved_fd(ctx), &m->key)))
			continue;
		m->gone = true;
		err = moved_row(ctx, ctx->tasks->by_slot[slot], m, now);
	}
	return err;
}

static int moved_rows(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	struct numa *x = numa_of(ctx);
	size_t i;
	int err;

	if (!x->unwritten && moves_now(x) == x->moves)
		return 0;
	err = read_moved(ctx);
	x->unwritten = false;
	for (i = 0; i < x->moved.n && !err; i++) {
		uint32_t slot = (uint32_t)x->moved.v[i].key;
		const struct mmt_epoch *e = slot && slot < ctx->probe->cfg.n_slots ? ctx->tasks->by_slot[slot] : NULL;

		if (slot && !e) /* not named yet */
			x->unwritten = true;
		else
			err = moved_row(ctx, e, &x->moved.v[i], now);
	}
	return err || !full ? err : make_room(ctx, now);
}

/* All that a task did until `last`; ends: its entries go. */
static int moved_by(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t last, bool ends, uint64_t now)
{
	struct numa *x = numa_of(ctx);
	struct mmt_moved *m;
	size_t n;
	int err, ret;

	if (!x->slots[e->slot].migrations)
		return 0;
	err = have_read(x, last) ? 0 : read_moved(ctx);
	for (m = mmt_moved__of(&x->moved, e->slot, &n); n; m++, n--) {
		if (m->gone)
			continue;
		ret = moved_row(ctx, e, m, now);
		err = err ? err : ret;
		if (!ends)
			continue;
		bpf_map_delete_elem(moved_fd(ctx), &m->key);
		m->gone = true;
	}
	return err;
}

/* ---------------------------------------------------------------- flushing */

/* Counting begins: what is there already is not ours. */
static int begin(struct mmt_family_ctx *ctx)
{
	struct numa *x = numa_of(ctx);
	size_t i, n = (size_t)(ctx->probe->slots_given + 1) << x->bits;
	int err;

	for (i = 0; i < n && i < (size_t)ctx->probe->cfg.n_slots << x->bits; i++)
		read_cell(&x->cells[i], &x->done[i]);
	mmt_numa_hops__begin(&x->hops, ctx);
	x->started = true;
	err = x->poll.ctx.obj ? mmt_numa_poll__begin(&x->poll) : 0;
	if (err)
		return err;
	err = read_moved(ctx);
	for (i = 0; i < x->moved.n; i++)
		x->moved.v[i].done = x->moved.v[i].v;
	return err;
}

static void numa_cut(struct mmt_family_ctx *ctx)
{
	if (numa_of(ctx)->started)
		mmt_numa_hops__cut(&numa_of(ctx)->hops, ctx, true);
}

static int numa_flush(struct mmt_family_ctx *ctx, uint64_t now, bool full)
{
	const struct mmt_tasks *t = ctx->tasks;
	struct numa *x = numa_of(ctx);
	size_t i;
	int err = 0;

	if (!x->started)
		err = begin(ctx);
	else if (full || t->n_live << x->bits <= OFTEN_CELLS) {
		err = x->poll.ctx.obj ? mmt_numa_poll__flush(&x->poll, ctx, x->cells, now) : 0;
		for (i = 0; i < t->n_live && !err; i++)
			err = cell_rows(ctx, t->live[i]->slot, t->live[i], now);
		err = err ? err : cell_rows(ctx, 0, NULL, now);
		err = err ? err : mmt_numa_hops__flush(&x->hops, ctx, now);
		err = err ? err : moved_rows(ctx, now, full);
	}
	return err || !ctx->mark ? err : mmt_numa_counters__write(ctx->w, ctx->topo, "", now, ctx->segment + 1);
}

static int numa_task_news(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, enum mmt_task_news what)
{
	uint64_t now = mmt_probe__now(ctx->probe);
	int err;

	if (what != MMT_TASK_CUT || !numa_of(ctx)->started)
		return 0;
	err = cell_rows(ctx, e->slot, e, now);
	err = err ? err : mmt_numa_hops__task(&numa_of(ctx)->hops, ctx, e, now);
	return err ? err : moved_by(ctx, e, now, false, now);
}

static int numa_task_end(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now)
{
	struct numa *x = numa_of(ctx);
	size_t at = (size_t)e->slot << x->bits;
	int err = 0;

	if (x->poll.ctx.obj)
		err = mmt_numa_poll__end(&x->poll, ctx, x->cells, e, x->started, now);
	if (x->started && !err) {
		err = cell_rows(ctx, e->slot, e, now);
		err = err ? err : moved_by(ctx, e, e->last, true, now);
	}
	err = err ? err : mmt_numa_hops__end(&x->hops, ctx, e, x->started, now);
	memset(&x->cells[at], 0, sizeof(x->cells[0]) << x->bits);
	memset(&x->done[at], 0, sizeof(x->done[0]) << x->bits);
	memset(&x->slots[e->slot], 0, sizeof(x->slots[0]));
	return err;
}

/* ---------------------------------------------------------------- the end */

static uint64_t missed_by(const struct mmt_family_ctx *ctx, const char *prog)
{
	struct bpf_program *p = ctx->obj ? bpf_object__find_program_by_name(ctx->obj, prog) : NULL;
	struct bpf_prog_info info = { 0 };
	uint32_t len = sizeof(info);

	return p && bpf_program__fd(p) >= 0 && !bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &len) ? info.recursion_misses : 0;
}

static void numa_note(struct mmt_family_ctx *ctx, char *buf, size_t size)
{
	const struct numa *x = numa_of(ctx);
	uint64_t missed = missed_by(ctx, "mmt_numa_alloc");

	buf[0] = '\0';
	if (missed || x->st->odd || x->st->lost || x->st->odd_hops)
		snprintf(buf, size, "numa: %llu allocations within another not seen, %llu pages on nodes that came later, "
			 "%llu migrated pages without room: with those of no task; %llu tasks to or from nodes that had no CPU",
			 (unsigned long long)missed, (unsigned long long)x->st->odd, (unsigned long long)x->st->lost,
			 (unsigned long long)x->st->odd_hops);
}

static void numa_detach(struct mmt_family_ctx *ctx)
{
	mmt_family__detach(&numa_of(ctx)->fn);
	mmt_family__detach(ctx);
}

static void numa_close(struct mmt_family_ctx *ctx)
{
	struct numa *x = numa_of(ctx);

	if (!x)
		return;
	mmt_family__detach(&x->fn);
	bpf_object__close(x->fn.obj);
	if (x->cells)
		munmap(x->cells, x->cells_len);
	if (x->slots)
		munmap(x->slots, x->slots_len);
	if (x->st)
		munmap(x->st, x->st_len);
	mmt_numa_poll__close(&x->poll);
	mmt_numa_hops__close(&x->hops);
	mmt_moved__free(&x->moved);
	free(x->done);
	free(x);
}

static const struct mmt_family_ops ops = {
	.open = numa_open, .attach = numa_attach, .cut = numa_cut, .flush = numa_flush, .task_news = numa_task_news,
	.task_end = numa_task_end, .note = numa_note, .detach = numa_detach, .close = numa_close,
};

const struct mmt_family mmt_family_numa = {
	.name = "numa", .fact = "numa", .ops = &ops,
	.summary = "pages allocated on and off the node, NUMA hint faults, balancing, pages migrated, tasks that change node",
};
