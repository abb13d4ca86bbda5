/* SPDX-License-Identifier: GPL-2.0-only */
/* Call stacks, each written once: rows of table `stack`. */
#ifndef MMT_STACKS_H
#define MMT_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps.h"
#include "stackmap.h"

#define MMT_STACK_DEPTH 127 /* as deep as the kernel goes by default */
#define MMT_STACKS_ALL (1u << 17)

struct mmt_stacks;

/* maps may be NULL, until mmt_stacks__set_maps(): user frames stay addresses. */
int mmt_stacks__open(struct mmt_writer *w, const struct mmt_maps *maps, struct mmt_stacks **out);
void mmt_stacks__close(struct mmt_stacks *s);
void mmt_stacks__set_maps(struct mmt_stacks *s, const struct mmt_maps *maps);
bool mmt_stacks__has_maps(const struct mmt_stacks *s);
/* Where the stacks are that programs tell by hash. */
void mmt_stacks__set_map(struct mmt_stacks *s, const struct mmt_stackmap *map);
/*
 * Number of a stack (leaf first; epoch: of the process's leader, of user stacks; time: of the trace clock, when
 * it was taken), a row at its first sight. 0 is no stack: it is empty, or there are too many (counted).
 */
int mmt_stacks__user(struct mmt_stacks *s, uint64_t epoch, uint64_t time, const uint64_t *address, size_t n, uint64_t *id);
int mmt_stacks__kernel(struct mmt_stacks *s, const uint64_t *address, size_t n, uint64_t *id);
/*
 * The same of a stack that a program told by its hash. 0, counted, too where it had to give
 * way to others before it was asked for: ask soon, or have it read at once for a later call.
 */
int mmt_stacks__read(struct mmt_stacks *s, uint64_t hash, bool *there);
int mmt_stacks__user_hash(struct mmt_stacks *s, uint64_t hash, uint64_t epoch, uint64_t time, uint64_t *id);
int mmt_stacks__kernel_hash(struct mmt_stacks *s, uint64_t hash, uint64_t *id);
/* At the end: names of all kernel addresses in stacks. Rows written, or -errno (after a message). */
int mmt_stacks__ksyms(struct mmt_stacks *s, const struct mmt_log *log);
/* A kernel address that is in another table, to be named too. */
int mmt_stacks__kernel_address(struct mmt_stacks *s, uint64_t address);
/* Times a stack got no number: there were too many; its hash was no longer known. */
uint64_t mmt_stacks__dropped(const struct mmt_stacks *s);
uint64_t mmt_stacks__evicted(const struct mmt_stacks *s);

#endif
