/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-CPU rings of 8-byte words, drained by the collector through mmap on a timer.
 *
 * Writers on one CPU never interrupt each other: sched_switch, sched_wakeup and
 * sched_migrate_task run with a run queue or task lock held and interrupts off. So a
 * plain "store words, then store head" is enough on a strongly ordered machine; a
 * weakly ordered one publishes with an atomic that is a full barrier.
 *
 * What does not fit is counted by class, and a LOST word stands where it is missing.
 */
#ifndef MMT_RING_BPF_H
#define MMT_RING_BPF_H

#include "maps.bpf.h"

#define W(type, state, pid, time)                                                                         \
	(((__u64)(type) << MMT_W_TYPE_SHIFT) | ((__u64)(state) << MMT_W_STATE_SHIFT) |                    \
	 ((__u64)(pid) << MMT_W_PID_SHIFT) | ((time) & MMT_W_TIME_MASK))
#define W_EXT(payload) (((__u64)MMT_W_EXT << MMT_W_TYPE_SHIFT) | (payload))

static __always_inline void ring_store(__u32 cpu, __u64 pos, __u64 word)
{
	__u32 i = (cpu << cfg.ring_bits) | ((__u32)pos & cfg.ring_mask);
	__u64 *w = bpf_map_lookup_elem(&rings, &i);

	if (w)
		*(volatile __u64 *)w = word;
}

static __always_inline void ring_publish(struct mmt_cpu *c, __u64 n)
{
	asm volatile("" ::: "memory");
	if (cfg.publish_atomic)
		__sync_fetch_and_add(&c->head, n);
	else
		*(volatile __u64 *)&c->head += n;
}

/* After a loss: say what is missing, once there is room again. */
static __noinline int ring_gap(struct mmt_cpu *c, __u32 cpu)
{
	__u64 head;
	int i, n = 0;

	if (!c)
		return 0;
	head = c->head;
	for (i = 0; i < MMT_N_C; i++) {
		__u64 lost = c->gap[i];

		if (!lost)
			continue;
		ring_store(cpu, head + n++, W(MMT_W_LOST, i, 0, lost));
		c->gap[i] = 0;
	}
	c->gapped = 0;
	ring_publish(c, n);
	return 0;
}

/* Room for one event of at most 2 words (and for the words of a gap)? Counts the loss if not. */
static __always_inline bool ring_room(struct mmt_cpu *c, __u32 cpu, __u32 class)
{
	__u64 used = c->head - *(volatile __u64 *)&c->tail;

	if (used + 8 > cfg.ring_mask) {
		c->lost[class]++;
		c->gap[class]++;
		c->gapped = 1;
		c->cur = ~0U;
		return false;
	}
	if (c->gapped)
		ring_gap(c, cpu);
	return true;
}

static __always_inline void ring_put(struct mmt_cpu *c, __u32 cpu, __u64 word)
{
	ring_store(cpu, c->head, word);
	ring_publish(c, 1);
}

static __always_inline void ring_put2(struct mmt_cpu *c, __u32 cpu, __u64 word, __u64 ext)
{
	ring_store(cpu, c->head, word);
	ring_store(cpu, c->head + 1, W_EXT(ext));
	ring_publish(c, 2);
}

#endif
