/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of hot_load(). */
#ifndef MMT_HOT_INT_H
#define MMT_HOT_INT_H

#include "hot.h"

/* What is cut off the leaf end of stacks of the kernel: how it was come by, not what ran. */
enum hot_cut {
	HOT_CUT_TRACING,   /* the tracing's own functions */
	HOT_CUT_SCHEDULER, /* and __schedule(), where everything leaves the CPU */
	HOT_CUT_WAKEUP,    /* and try_to_wake_up(), where every wakeup ends */
	HOT_CUT_FAULT,     /* and the entry of the exception, on top of the instruction that raised it */
	HOT_CUTS,
};

struct hot_seq { /* a stack, or an address, with names */
	const uint32_t *frame;
	uint32_t n, flags;  /* HOT_P_* */
	bool named;         /* some frame has a name */
};

struct hot_int {
	struct arena *mem;
	struct hot_seq *seq; size_t n_seqs, cap_seqs;
	struct hot_addr *addr; size_t n_addrs, cap_addrs;
	/* number of what has this hash; hashes that meet by chance go on to the next */
	struct tells *tells; size_t n_tells, cap_tells; /* what functions of the kernel tell of why a task blocked */
	struct u64map tells_by; /* frame -> of these */
	struct u64map frames, paths, places, addrs, stacks, cells[HOT_KINDS];
};

/* What a path is made of. */
struct hot_where {
	uint64_t kstack, ustack;
	enum hot_cut cut;
	bool want_kernel, want_user; /* a stack of it should be there */
	/* a single instruction, for where its stack is not there; 0 none */
	uint64_t ip;
	bool ip_user;
	uint64_t leader, time; /* of the process, when */
};

static inline uint64_t hot_mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ (h >> 32);
}

/* Does a kernel function's name, less what the compiler added to it, fit one of n names or "prefix*"? */
bool hot_name_fits(const char *name, const char *pattern);
/* Why the path blocked, by its functions; flags: of table off_cpu. */
int hot_path_reason(struct hot *h, uint32_t path, uint64_t flags, uint32_t *reason);

/* The path's number; *named: as hot_cells.unnamed asks, *place: the instruction's. */
int hot_path_of(struct hot *h, const struct hot_where *w, uint32_t *path, bool *named, uint32_t *place);
void hot_frames_free(struct hot_int *p);

/* How many frames at the leaf end of n are to be cut. */
uint32_t hot_cut(const struct hot *h, const uint32_t *frame, uint32_t n, enum hot_cut cut);

/* The rows of the window into cells, and what the totals say of the same tasks. */
int hot_read(struct hot *h, const struct hot_opts *o);

#endif
