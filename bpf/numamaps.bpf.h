/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps that bpf/numa.bpf.c and bpf/numafn.bpf.c have in common (the collector sees to that), and what adds to them. */
#ifndef MMT_NUMAMAPS_BPF_H
#define MMT_NUMAMAPS_BPF_H

#include "tasks.bpf.h"
#include "numa_shared.h"

const volatile struct mmt_numa_config numa_cfg SEC(".rodata.family");

/* slot << node_bits | node (load); slot 0 is of all tasks that have none */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mmt_numa_cell);
} numa_cells SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, MMT_N_SLOTS);
	__type(key, __u32);
	__type(value, struct mmt_numa_slot);
} numa_slots SEC(".maps");

/* see struct mmt_numa_config (load) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} numa_hops SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct mmt_numa_moved);
} numa_moved SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct mmt_numa_state);
} numa_state SEC(".maps");

static __always_inline struct mmt_numa_state *numa_st(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&numa_state, &zero);
}

static __noinline int numa_odd(__u64 pages)
{
	struct mmt_numa_state *st = numa_st();

	if (st)
		__sync_fetch_and_add(&st->odd, pages);
	return 0;
}

/* NULL: a node that there is not */
static __always_inline struct mmt_numa_cell *numa_cell(__u32 slot, __u32 node)
{
	__u32 i = slot << numa_cfg.node_bits | node;

	return node >> numa_cfg.node_bits ? NULL : bpf_map_lookup_elem(&numa_cells, &i);
}

static __always_inline __u32 numa_node_of_cpu(__u32 cpu)
{
	return cfg.topo[cpu & (MMT_MAX_CPUS - 1)].node;
}

static __always_inline __u32 numa_node_of_flags(__u64 flags)
{
	return numa_cfg.node_shift > 63 ? 0 : (__u32)(flags >> (numa_cfg.node_shift & 63));
}

static __always_inline struct mmt_numa_moved *numa_moved_at(__u64 *key)
{
	struct mmt_numa_moved *m = bpf_map_lookup_elem(&numa_moved, key), zero = { 0 };

	if (m)
		return m;
	bpf_map_update_elem(&numa_moved, key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(&numa_moved, key);
}

/* What finds no room is with that of no task, for which the collector has kept some. */
static __noinline int numa_moved_add(__u64 key, __u64 ok, __u64 failed)
{
	__u64 others = MMT_NU_KEY(0, key >> 32 & 255, MMT_NU_NONE, MMT_NU_NONE);
	struct mmt_numa_moved *m = numa_moved_at(&key);
	struct mmt_numa_state *st = numa_st();

	if (!st)
		return 0;
	if (!m) {
		__sync_fetch_and_add(&st->lost, ok + failed);
		m = bpf_map_lookup_elem(&numa_moved, &others);
	}
	if (!m)
		return 0;
	__sync_fetch_and_add(&m->ok, ok);
	if (failed) /* of a 0 that it knows clang makes an atomic OR, which 5.10 does not have */
		__sync_fetch_and_add(&m->failed, failed);
	__sync_fetch_and_add(&st->moves, 1);
	return 0;
}

/* The pages that a task has moved have their reason now. How many of `ok` are of nodes not known is returned. */
static __always_inline __u64 numa_settle(struct mmt_numa_slot *s, __u32 slot, __u64 reason, __u64 ok)
{
	__u32 i;

#pragma unroll
	for (i = 0; i < MMT_NU_PENDING; i++) {
		struct mmt_numa_pair *p = &s->pending[i];
		__u64 pages = p->pages;

		if (!pages)
			continue;
		numa_moved_add(MMT_NU_KEY(slot, reason, p->from, p->to), pages, 0);
		ok -= pages < ok ? pages : ok;
		p->pages = 0;
	}
	s->n = 0;
	return ok;
}

#endif
