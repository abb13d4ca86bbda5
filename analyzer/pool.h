/* SPDX-License-Identifier: GPL-2.0-only */
/* The same work for many things, on all CPUs. */
#ifndef MMT_POOL_H
#define MMT_POOL_H

#include <stddef.h>

/*
 * fn(ctx, i) once for each i < n, in no order, on as many threads as there are CPUs (the
 * caller's is one of them; threads: 0, or their number). What it writes must be i's own.
 */
void pool_run(size_t n, unsigned int threads, void (*fn)(void *ctx, size_t i), void *ctx);

#endif
