/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call stacks, each kept once for all families: programs keep and send only its hash.
 *
 * The map is the session's, not the object's (collector/stackmap.c); least recently used
 * stacks give way, so the collector asks for a stack soon after it got its hash.
 */
#ifndef MMT_STACKS_BPF_H
#define MMT_STACKS_BPF_H

#include "maps.bpf.h"
#include "stack_shared.h"

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1);
	__type(key, __u64);
	__type(value, struct mmt_stack);
} stacks SEC(".maps");

/* By how deep captures are nested on the CPU: one may be interrupted by another. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct mmt_stack);
} stack_scratch SEC(".maps");

#define STACK_EEXIST 17

static __always_inline struct mmt_cpu *stack_cpu(void)
{
	return &mem.cpus[bpf_get_smp_processor_id() & (MMT_MAX_CPUS - 1)];
}

/*
 * A walk over the stack of a program reads its memory, and faults where there is none (no
 * frame pointers, say): such a fault is ours, not the program's.
 */
static __always_inline bool stack_being_taken(void)
{
	return *(volatile __u32 *)&stack_cpu()->stacking;
}

/* Two lanes, the second weighs each frame by its place. */
static __always_inline __u64 stack_hash(const struct mmt_stack *s, __u64 n)
{
	__u64 a = 0x9e3779b97f4a7c15ULL ^ n, b = 0xbf58476d1ce4e5b9ULL + s->flags;
	__u32 i;

	for (i = 0; i < MMT_STACK_FRAMES; i++) { /* the verifier of 5.10 wants to see the bound */
		if (i >= n)
			break;
		a = (a ^ s->ip[i]) * 0xff51afd7ed558ccdULL;
		a ^= a >> 32;
		b = (b << 23 | b >> 41) + s->ip[i] * 0xc4ceb9fe1a85ec53ULL;
	}
	b ^= b >> 29;
	a += b * 0x94d049bb133111ebULL;
	a ^= a >> 31;
	return a ? a : 1;
}

/* How many frames there are now in s. */
static __always_inline __u64 stack_walk(void *ctx, __u64 flags, struct mmt_stack *s)
{
	long len;

	if (!s)
		return 0;
	len = bpf_get_stack(ctx, s->ip, sizeof(s->ip), flags & BPF_F_USER_STACK);
	s->flags = flags & BPF_F_USER_STACK ? MMT_STK_USER : 0;
	return len < 8 ? 0 : (__u64)len / 8; /* a kernel thread has none in user space */
}

/* The hash under which the first n frames of s are kept. */
static __noinline __u64 stack_put(struct mmt_stack *s, __u64 n)
{
	__u64 hash;
	long err;

	if (!s || !n)
		return 0;
	s->n = n;
	s->flags |= n >= MMT_STACK_FRAMES ? MMT_STK_FULL : 0;
	hash = stack_hash(s, n);
	if (bpf_map_lookup_elem(&stacks, &hash))
		return hash;
	err = bpf_map_update_elem(&stacks, &hash, s, BPF_NOEXIST);
	if (err && err != -STACK_EEXIST) {
		__sync_fetch_and_add(&mem.state.stacks_lost, 1);
		return 0;
	}
	return hash;
}

/* Room for a stack to be taken, until stack_end(). NULL: there is none, which is counted. */
static __always_inline struct mmt_stack *stack_begin(__u32 *level)
{
	struct mmt_cpu *c = stack_cpu();
	struct mmt_stack *s;

	*level = c->stacking;
	s = bpf_map_lookup_elem(&stack_scratch, level);
	if (s)
		*(volatile __u32 *)&c->stacking = *level + 1;
	else
		__sync_fetch_and_add(&mem.state.stacks_lost, 1);
	return s;
}

static __always_inline void stack_end(__u32 level)
{
	*(volatile __u32 *)&stack_cpu()->stacking = level;
}

#if defined(__TARGET_ARCH_x86)
#define CALL_BEFORE 7
/* call rel32; call by a register or memory, in the lengths that its operand can have */
static __always_inline bool is_call(const __u8 *b)
{
#define BY_OPERAND(i) (b[i] == 0xff && (b[(i) + 1] & 0x38) == 0x10)
	return b[2] == 0xe8 || BY_OPERAND(5) || BY_OPERAND(4) || BY_OPERAND(3) || BY_OPERAND(1) || BY_OPERAND(0) ||
	       (b[7] == 0x48 && b[8] == 0xc7 && b[9] == 0xc0 && b[10] == 0x0f); /* a signal handler returns to rt_sigreturn */
}
#elif defined(__TARGET_ARCH_arm64)
#define CALL_BEFORE 4
static __always_inline bool is_call(const __u8 *b)
{
	return (b[3] & 0xfc) == 0x94 || /* bl; blr */
	       (b[3] == 0xd6 && b[2] == 0x3f && !(b[1] & 0xfc) && !(b[0] & 0x1f)) ||
	       (b[4] == 0x68 && b[5] == 0x11 && b[6] == 0x80 && b[7] == 0xd2); /* mov x8, 139: rt_sigreturn */
}
#endif

/*
 * Is what a walk took for the caller one? Code without frame pointers keeps anything in that
 * register, and a stack that begins with anything would be another one each time.
 */
static __noinline bool stack_called(__u64 ip)
{
#ifdef CALL_BEFORE
	__u8 b[12];

	return !bpf_probe_read_user(b, sizeof(b), (void *)(ip - CALL_BEFORE)) && is_call(b);
#else
	return true;
#endif
}

/*
 * The hash under which the stack of this moment is kept, 0: none. flags: 0 the kernel's,
 * BPF_F_USER_STACK the program's, from the registers it entered the kernel with.
 */
static __always_inline __u64 stack_id(void *ctx, __u64 flags)
{
	__u32 level;
	struct mmt_stack *s = stack_begin(&level);
	__u64 hash, n;

	if (!s)
		return 0;
	n = stack_walk(ctx, flags, s);
	if (n > 1 && flags & BPF_F_USER_STACK && !stack_called(s->ip[1]))
		n = 1;
	hash = stack_put(s, n);
	stack_end(level);
	return hash;
}

#endif
