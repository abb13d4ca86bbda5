// SPDX-License-Identifier: GPL-2.0-only
/*
 * What no tracepoint tells of NUMA: hint faults, and between which nodes pages are moved.
 * Only where the kernel lets programs in at its functions; see bpf/numa.bpf.c for the rest.
 */
#include "numamaps.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* include/linux/sched/numa_balancing.h, the same from 5.10 on */
#define TNF_MIGRATED 0x01
#define TNF_FAULT_LOCAL 0x08

/* (last_cpupid, node of the page by now, pages, flags) */
SEC("?fentry/task_numa_fault")
int mmt_numa_hint(__u64 *ctx)
{
	__u32 slot = slot_of(current_pid()), pages = (__u32)ctx[2], flags = (__u32)ctx[3], local = !!(flags & TNF_FAULT_LOCAL);
	struct mmt_numa_cell *c = numa_cell(slot, (__u32)ctx[1]);
	struct mmt_numa_slot *s;

	if (!c)
		return numa_odd(pages);
	if (!slot) {
		__sync_fetch_and_add(&c->hint[local], 1);
		__sync_fetch_and_add(&c->hint_pages, pages);
		return 0;
	}
	c->hint[local]++;
	c->hint_pages += pages;
	/* before 5.14 (commit c5b5a3dd2c1f) huge pages are moved without a word at mm_migrate_pages */
	s = flags & TNF_MIGRATED ? bpf_map_lookup_elem(&numa_slots, &slot) : NULL;
	if (s && s->n) {
		numa_settle(s, slot, bpf_core_enum_value(enum migrate_reason, MR_NUMA_MISPLACED), 0);
		s->migrations++;
	}
	return 0;
}

/* A page (folio) moves: the task's migration gets its reason when it ends. */
static __always_inline int moves(struct page *to, struct page *from)
{
	__u32 slot = slot_of(current_pid()), a, b, i, pages;
	struct mmt_numa_slot *s;

	s = bpf_map_lookup_elem(&numa_slots, &slot);
	if (!slot || !s)
		return 0;
	a = numa_node_of_flags(page_flags_of(from));
	b = numa_node_of_flags(page_flags_of(to));
	pages = pages_of_folio(from);
#pragma unroll
	for (i = 0; i < MMT_NU_PENDING; i++) {
		struct mmt_numa_pair *p = &s->pending[i];

		if (p->pages && (p->from != a || p->to != b))
			continue;
		if (!p->pages)
			s->n++;
		p->from = a;
		p->to = b;
		p->pages += pages;
		break;
	}
	return 0;
}

/* (newfolio, folio) */
SEC("?fentry/folio_migrate_flags")
int mmt_numa_folio(__u64 *ctx)
{
	return moves((struct page *)ctx[0], (struct page *)ctx[1]);
}

/* (newpage, page); folios since 5.16, commit 19138349ed59 */
SEC("?fentry/migrate_page_copy")
int mmt_numa_page(__u64 *ctx)
{
	return moves((struct page *)ctx[0], (struct page *)ctx[1]);
}
