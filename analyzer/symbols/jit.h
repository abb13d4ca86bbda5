/* SPDX-License-Identifier: GPL-2.0-only */
/* Functions made at run time, as their makers write them to /tmp/perf-PID.map. */
#ifndef MMT_JIT_H
#define MMT_JIT_H

#include <stddef.h>
#include <stdint.h>

struct jit;

/* "START SIZE NAME" lines, hexadecimal; a line that is none is left out. NULL without memory. */
struct jit *jit_parse(const char *text, size_t len);
/*
 * The map of a process, in its own root directory while it lives, else in /tmp; it must
 * belong to root, the user `uid` or us, and be no older than `begin` (real time, ns).
 */
int jit_open(uint32_t pid, uint32_t uid, uint64_t begin, struct jit **out);
void jit_close(struct jit *j);
/* NULL: no function is there. Of several the one that was written last. */
const char *jit_find(const struct jit *j, uint64_t address, uint64_t *base);

#endif
