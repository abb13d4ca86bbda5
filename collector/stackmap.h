/* SPDX-License-Identifier: GPL-2.0-only */
/* The map in which programs of all families keep call stacks, by hash (bpf/stacks.bpf.h). */
#ifndef MMT_STACKMAP_H
#define MMT_STACKMAP_H

#include <stdint.h>

#include "../bpf/stack_shared.h"

#define MMT_STACKMAP_ENTRIES 16384u

/* Nothing is made before a family asks for it; fd is -1 until then. */
struct mmt_stackmap {
	int fd;
	uint32_t entries;   /* 0: MMT_STACKMAP_ENTRIES */
	uint32_t limit;     /* frames beyond which the kernel does not go */
	uint64_t map_bytes; /* kernel memory, for the footprint */
};

/* Its fd, made at the first call; or -errno. */
int mmt_stackmap__fd(struct mmt_stackmap *m);
/* The stack of a hash; MMT_STK_FULL is set by the kernel's own limit too. -ENOENT: it had to give way to others. */
int mmt_stackmap__get(const struct mmt_stackmap *m, uint64_t hash, struct mmt_stack *out);
void mmt_stackmap__close(struct mmt_stackmap *m);

#endif
