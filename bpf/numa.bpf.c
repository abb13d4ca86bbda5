// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numa family: pages allocated by task and node, from CPUs of the node or of others;
 * what NUMA balancing did to the task; pages migrated, by reason; tasks that go to another node.
 *
 * The node of a page is in the top bits of its flags. A task runs on one CPU at a time, so
 * its lines are written without atomics by events of its own. An interrupt that allocates
 * within the program is not seen by it: the kernel runs no program inside itself. Before 6.2
 * (commit 05b24ff9b2cf; 6.1 has it in its updates) it does, and the additions are atomic.
 */
#include "numamaps.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* (page, order, gfp_flags, migratetype) */
MMT_SEC("mm_page_alloc")
int mmt_numa_alloc(__u64 *ctx)
{
	struct page *page = (struct page *)ctx[0];
	__u32 order = (__u32)ctx[1] & 31, slot, node, far;
	struct mmt_numa_cell *c;
	__u64 flags;

	if (!page)
		return 0;
	flags = page_flags_of(page);
	/* none of these bits is what page 0 of node 0 has, and what there is where the allocation failed */
	if (!flags && bpf_probe_read_kernel(&flags, sizeof(flags), page))
		return 0;
	node = numa_node_of_flags(flags);
	slot = slot_of(current_pid());
	c = numa_cell(slot, node);
	if (!c)
		return numa_odd(1ULL << order);
	far = node != numa_node_of_cpu(bpf_get_smp_processor_id());
	if (!slot || numa_cfg.nests) { /* slot 0 is of all tasks that have none */
		__sync_fetch_and_add(&c->pages[far], 1U << order);
		__sync_fetch_and_add(&c->allocs[far], 1);
		return 0;
	}
	c->pages[far] += 1U << order;
	c->allocs[far]++;
	return 0;
}

/* (nr_succeeded, nr_failed, nr_thp_succeeded, nr_thp_failed, nr_thp_split, [nr_split,] mode, reason), in base pages */
MMT_SEC("mm_migrate_pages")
int mmt_numa_migrate(__u64 *ctx)
{
	__u64 ok = ctx[0], failed = ctx[1], reason;
	__u32 slot = slot_of(current_pid());
	struct mmt_numa_slot *s;

	/* 6.7 added nr_split (commit 49cac03a8f0a) */
	reason = ctx[6];
	barrier_var(reason); /* two loads at two offsets: clang would make one at a computed offset */
	if (numa_cfg.args > 7)
		reason = ctx[7];
	reason &= 255;
	s = bpf_map_lookup_elem(&numa_slots, &slot);
	if (!s)
		return 0;
	if (slot)
		ok = numa_settle(s, slot, reason, ok);
	if (ok || failed)
		numa_moved_add(MMT_NU_KEY(slot, reason, MMT_NU_NONE, MMT_NU_NONE), ok, failed);
	__sync_fetch_and_add(&s->migrations, 1);
	return 0;
}

static __noinline int hop_odd(void)
{
	struct mmt_numa_state *st = numa_st();

	if (st)
		__sync_fetch_and_add(&st->odd_hops, 1);
	return 0;
}

/* (task, dest_cpu); the task's own lock or its run queue's is held, so that its counters need no atomics */
MMT_SEC("sched_migrate_task")
int mmt_numa_hop(__u64 *ctx)
{
	struct task_struct *p = (struct task_struct *)ctx[0];
	__u32 from = numa_node_of_cpu(cpu_of(p)), to = numa_node_of_cpu((__u32)ctx[1]), bits = numa_cfg.home_bits, slot, all, i;
	__u64 *n, *sum;

	if (from == to)
		return 0;
	from = numa_cfg.home[from & (MMT_NU_NODES - 1)];
	to = numa_cfg.home[to & (MMT_NU_NODES - 1)];
	if (from == MMT_NU_NONE || to == MMT_NU_NONE)
		return hop_odd();
	slot = slot_of(RD(p, pid));
	all = slot << 2 * bits;
	i = all | from << bits | to;
	n = bpf_map_lookup_elem(&numa_hops, &i);
	sum = bpf_map_lookup_elem(&numa_hops, &all);
	if (!n || !sum)
		return 0;
	if (slot) {
		*(volatile __u64 *)n += 1;
		*(volatile __u64 *)sum += 1; /* who sees this one sees the other */
	} else { /* of all tasks without a slot */
		__sync_fetch_and_add(n, 1);
		__sync_fetch_and_add(sum, 1);
	}
	return 0;
}

/* The task is not always the one that runs, so these add atomically; they are rare. */
static __always_inline struct mmt_numa_cell *cell_on(struct task_struct *p, __u64 cpu)
{
	return numa_cell(slot_of(RD(p, pid)), numa_node_of_cpu((__u32)cpu));
}

/* (task, src_cpu, dst_cpu) */
MMT_SEC("sched_move_numa")
int mmt_numa_move(__u64 *ctx)
{
	struct mmt_numa_cell *c = cell_on((struct task_struct *)ctx[0], ctx[2]);

	if (c)
		__sync_fetch_and_add(&c->moved, 1);
	return 0;
}

/* (task, its cpu, the other task, its cpu): both move */
MMT_SEC("sched_swap_numa")
int mmt_numa_swap(__u64 *ctx)
{
	struct task_struct *other = (struct task_struct *)ctx[2];
	struct mmt_numa_cell *c = cell_on((struct task_struct *)ctx[0], ctx[3]);

	if (c)
		__sync_fetch_and_add(&c->swapped, 1);
	if (!other)
		return 0;
	c = cell_on(other, ctx[1]);
	if (c)
		__sync_fetch_and_add(&c->swapped, 1);
	return 0;
}

/* (task, its cpu, the task it was to be swapped with, the CPU it was to go to): it stays */
MMT_SEC("sched_stick_numa")
int mmt_numa_stick(__u64 *ctx)
{
	struct mmt_numa_cell *c = cell_on((struct task_struct *)ctx[0], ctx[1]);

	if (c)
		__sync_fetch_and_add(&c->stuck, 1);
	return 0;
}
