/* SPDX-License-Identifier: GPL-2.0-only */
/* Call stacks, each written once: rows of table `stack`. */
#ifndef MMT_STACKS_H
#define MMT_STACKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "maps.h"

#define MMT_STACK_DEPTH 127 /* as deep as the kernel goes by default */
#define MMT_STACKS_ALL (1u << 17)

struct mmt_stacks;

/* maps may be NULL: user frames stay addresses. */
int mmt_stacks__open(struct mmt_writer *w, const struct mmt_maps *maps, struct mmt_stacks **out);
void mmt_stacks__close(struct mmt_stacks *s);
/*
 * Number of a stack (leaf first; epoch: of the process's leader, time: of the trace clock, of user
 * stacks, while its mappings are known), a row at its first sight. 0 is no stack: it is empty, or there are too many (counted).
 */
int mmt_stacks__user(struct mmt_stacks *s, uint64_t epoch, uint64_t time, const uint64_t *address, size_t n, uint64_t *id);
int mmt_stacks__kernel(struct mmt_stacks *s, const uint64_t *address, size_t n, uint64_t *id);
/* At the end: names of all kernel addresses in stacks. Rows written, or -errno (after a message). */
int mmt_stacks__ksyms(struct mmt_stacks *s, const struct mmt_log *log);
/* A kernel address that is in another table, to be named too. */
int mmt_stacks__kernel_address(struct mmt_stacks *s, uint64_t address);
uint64_t mmt_stacks__dropped(const struct mmt_stacks *s);

#endif
