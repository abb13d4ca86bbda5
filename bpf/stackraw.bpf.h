/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Known stacks without a walk, on x86.
 *
 * The unwinder goes from a function to its caller by tables: where it is, and what lies on the
 * stack at a distance that follows from that. So stacks that hold the same code addresses at
 * the same distances from here lead to the same callers. Reading the stack as it lies, and
 * looking up the hash of all that may be an address of code, takes a fraction of a walk. What
 * is no return address (a leftover, a function in a variable) may make two of one stack.
 *
 * A system call begins at a random distance from the top (since 5.13), and leftovers fill the
 * gap: so the hash ends at the first address within do_syscall_64(), with the number of the
 * call. Could that be a leftover itself? Then what is above it is not known, and the walk's
 * addresses are not all below: such a stack is not learnt.
 *
 * The registers with which the program came in are at the top: where the frame pointer is no
 * pointer into its stack, the program keeps none, and there is nothing to walk.
 */
#ifndef MMT_STACKRAW_BPF_H
#define MMT_STACKRAW_BPF_H

#include "stacks.bpf.h"
#include "stackraw_shared.h"

#define RAW_WORDS 256u
#define RAW_CODE 0xffffffff80000000ULL /* the kernel, its modules, BPF programs */
#define RAW_CODE_LEN 0x7f000000ULL
#define RAW_REGS 21u /* struct pt_regs of x86-64 in words */
#define RAW_FRAMES_WITHIN (64ULL << 20) /* of a stack pointer */

struct stack_raw {
	__u64 sp, n;       /* n: words in w, 0: it could not be read */
	__u64 hash;
	__u64 end;         /* word that is an address in do_syscall_64(), RAW_WORDS: none is */
	__u64 at;
	__u64 regs;        /* word where the program's registers begin, 0: not found */
	__u64 w[RAW_WORDS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stack_raw);
} stack_raw SEC(".maps");

struct stack_known {
	__u64 hash;        /* in `stacks` */
	__u64 flags;       /* the caller's */
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct stack_known);
} stacks_known SEC(".maps");

/*
 * The running task's stack in the kernel, from here to its top. The frame is small, so that it is
 * on that stack: from 6.13 on large ones are elsewhere. What is on another stack, an interrupt's, is not read.
 */
static __noinline int raw_read(struct stack_raw *r, __u64 top)
{
	__u64 sp, len;

	if (!r)
		return 0;
	r->n = 0;
	asm volatile("%0 = r10" : "=r"(sp));
	*(volatile __u64 *)&r->sp = sp; /* a number from now on */
	len = top - *(volatile __u64 *)&r->sp;
	barrier_var(len);
	if (len > sizeof(r->w))
		return 0;
	if (bpf_probe_read_kernel(r->w, len, (void *)*(volatile __u64 *)&r->sp))
		return 0;
	r->n = len / 8;
	return 0;
}

static __always_inline __u64 raw_word(const struct stack_raw *r, __u64 i)
{
	barrier_var(i);
	i &= RAW_WORDS - 1;
	barrier_var(i);
	return r->w[i];
}

/* cs and ss of a 64-bit program; where the kernel may use FRED there are two words above. */
static __always_inline bool raw_regs_end(const struct stack_raw *r, __u64 n)
{
	return (__u16)raw_word(r, n - 4) == 0x33 && (__u16)raw_word(r, n - 1) == 0x2b;
}

static __noinline int raw_hash(struct stack_raw *r, const volatile struct stack_raw_config *c)
{
	__u64 h = 0, n, w, lo, len;
	__u32 i;

	if (!r || !c)
		return 0;
	lo = c->syscall;
	len = c->syscall_len;
	n = r->n;
	r->end = RAW_WORDS;
	for (i = 0; i < RAW_WORDS; i++) {
		if (i >= n)
			break;
		w = r->w[i];
		if (w - RAW_CODE >= RAW_CODE_LEN)
			continue;
		h = (h ^ (w + ((__u64)i << 32))) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
		if (w - lo < len) {
			r->end = i;
			break;
		}
	}
	r->regs = raw_regs_end(r, n) ? n - RAW_REGS : raw_regs_end(r, n - 2) ? n - 2 - RAW_REGS : 0;
	/* no call's number is that large */
	w = *(volatile __u64 *)&r->end == RAW_WORDS ? n + (1ULL << 40) : raw_word(r, r->regs + 15);
	r->hash = (h ^ w) * 0xc4ceb9fe1a85ec53ULL;
	return 0;
}

/* NULL: there is no such stack here, or it cannot be read. */
static __always_inline struct stack_raw *raw_of(struct task_struct *me, const volatile struct stack_raw_config *c)
{
	__u32 zero = 0;
	struct stack_raw *r;

	if (!c->thread_size)
		return NULL;
	r = bpf_map_lookup_elem(&stack_raw, &zero);
	if (!r)
		return NULL;
	raw_read(r, (__u64)RD(me, stack) + c->thread_size);
	if (!r->n)
		return NULL;
	raw_hash(r, c);
	return r;
}

/* The stack has been seen before, and is kept still. */
static __always_inline struct stack_known *raw_known(struct stack_raw *r)
{
	struct stack_known *k = r ? bpf_map_lookup_elem(&stacks_known, &r->hash) : NULL;

	return k && bpf_map_lookup_elem(&stacks, &k->hash) ? k : NULL;
}

/*
 * Are all addresses of s, from the second on, below the end of r in their order? The first is
 * this program's. How far it has got is in memory, for the verifier not to follow every way.
 */
static __noinline int raw_covers(struct stack_raw *r, const struct mmt_stack *s)
{
	volatile __u64 *at;
	__u64 end, j;
	__u32 i;

	if (!r || !s)
		return 0;
	end = r->end;
	if (end == RAW_WORDS)
		return 1; /* it is known up to its top */
	at = &r->at;
	*at = 1;
	for (i = 0; i < RAW_WORDS; i++) {
		if (i > end)
			break;
		j = *at;
		barrier_var(j);
		if (j >= MMT_STACK_FRAMES)
			return 0;
		if (r->w[i] == s->ip[j])
			*at = j + 1;
	}
	j = *at - 1;
	barrier_var(j);
	return j < MMT_STACK_FRAMES && end < RAW_WORDS && s->ip[j] == raw_word(r, end);
}

/* s: as it was walked */
static __always_inline void raw_learn(struct stack_raw *r, const struct mmt_stack *s, __u64 hash, __u64 flags)
{
	struct stack_known k = { hash, flags };

	if (r && hash && raw_covers(r, s))
		bpf_map_update_elem(&stacks_known, &r->hash, &k, BPF_ANY);
}

/* The program's stack; with a look at its registers, if they are there. */
static __noinline __u64 raw_user(void *ctx, const struct stack_raw *r)
{
	struct mmt_stack *s;
	__u64 bp, sp, hash;
	__u32 level;

	if (!r || !r->regs)
		return stack_id(ctx, BPF_F_USER_STACK);
	bp = raw_word(r, r->regs + 4);
	sp = raw_word(r, r->regs + 19);
	if (bp - sp < RAW_FRAMES_WITHIN && !(bp & 7))
		return stack_id(ctx, BPF_F_USER_STACK);
	s = stack_begin(&level);
	if (!s)
		return 0;
	s->ip[0] = raw_word(r, r->regs + 16);
	s->flags = MMT_STK_USER;
	hash = stack_put(s, 1);
	stack_end(level);
	return hash;
}

#endif
