/* SPDX-License-Identifier: GPL-2.0-only */
/* What bpf/numa.bpf.c, bpf/numafn.bpf.c and the collector share. */
#ifndef MMT_NUMA_SHARED_H
#define MMT_NUMA_SHARED_H

#include "mmt_shared.h"

#define MMT_NU_NODES 64     /* at most, as in collector/topology.h */
#define MMT_NU_NONE 255     /* a node that is not known */
#define MMT_NU_PENDING 7

/* Of a task (slot << node_bits | node), about memory on this node, or moves to it. */
struct mmt_numa_cell {
	mmt_u32 pages[2];   /* allocated by CPUs of this node, of others */
	mmt_u32 allocs[2];  /* the same: how many allocations */
	mmt_u32 hint[2];    /* hint faults, remote and local */
	mmt_u32 hint_pages;
	mmt_u32 moved, swapped, stuck;
	mmt_u32 pad[6];
};
_Static_assert(sizeof(struct mmt_numa_cell) == 64, "mmt_numa_cell: one cache line");

/* Of a task: pages that were moved by the migration that is not at its end yet. */
struct mmt_numa_slot {
	mmt_u32 migrations; /* ended */
	mmt_u32 n;          /* of the pairs that are in use */
	struct mmt_numa_pair {
		mmt_u8 from, to;
		mmt_u16 pad;
		mmt_u32 pages;
	} pending[MMT_NU_PENDING];
};
_Static_assert(sizeof(struct mmt_numa_slot) == 64, "mmt_numa_slot: one cache line");

/* Key of a migration: bits 0..31 slot, 32..39 reason, 40..47 from, 48..55 to */
#define MMT_NU_KEY(slot, reason, from, to) \
	((mmt_u64)(slot) | (mmt_u64)(reason) << 32 | (mmt_u64)(from) << 40 | (mmt_u64)(to) << 48)

struct mmt_numa_moved {
	mmt_u64 ok, failed; /* pages */
};

/*
 * How often a task went from node to node: slot << 2 * home_bits | from << home_bits | to, of nodes
 * that have CPUs, by a number of their own. From a node to itself nothing goes: the first of a slot,
 * of node 0 to node 0, counts all that the slot's others do.
 */
struct mmt_numa_config {
	mmt_u32 node_shift; /* the node of a page is in its flags from this bit on; 64: there is one node only */
	mmt_u32 node_bits;  /* log2 of the nodes of a slot */
	mmt_u32 args;       /* of mm_migrate_pages */
	mmt_u32 home_bits;  /* log2 of the nodes with CPUs */
	mmt_u8 home[MMT_NU_NODES]; /* their numbers by node; MMT_NU_NONE: no CPU */
	mmt_u32 nests;      /* an interrupt's program runs within that of the task it came upon */
	mmt_u32 n_nodes;
	mmt_u32 node_ids;          /* the kernel's: of nodes that there may be */
	mmt_u32 pad;
};

/* Of a task and node: pages of hint faults, as NUMA balancing keeps them: settled, and not yet; shared, and private. */
struct mmt_numa_faults {
	mmt_u64 mem[2], buf[2];
};

/* Of a task: the same by where it ran, and the scan of its memory that all of this is of. */
struct mmt_numa_polled {
	mmt_u64 local, remote;
	mmt_u32 seq;
	mmt_u8 torn; /* the next scan came while it was being read */
	mmt_u8 has;  /* it was read */
	mmt_u16 pad;
};

struct mmt_numa_state {
	mmt_u64 odd;        /* pages of nodes that there are not */
	mmt_u64 lost;       /* migrated pages that found no room */
	mmt_u64 moves;      /* times that something was added to the migrations */
	mmt_u64 odd_hops;   /* tasks that went to a node, or came from one, that had no CPU when this began */
	mmt_u64 pad[4];
};
_Static_assert(sizeof(struct mmt_numa_state) == 64, "mmt_numa_state: one cache line");

#endif
