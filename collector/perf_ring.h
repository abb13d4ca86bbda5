/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A perf event on every CPU, with what it records: libperf's events, rings and reading of
 * them. A CPU that comes online later is taken up by mmt_perf_ring__cpus().
 */
#ifndef MMT_PERF_RING_H
#define MMT_PERF_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct perf_event_attr;
struct perf_event_header;
struct mmt_perf_ring;

/* A record, valid during the call; 0, or -errno to stop. */
typedef int (*mmt_perf_fn)(void *ctx, unsigned int cpu, const struct perf_event_header *rec);

/*
 * Open on all CPUs that are online, not counting yet; pages of each ring are a power of two.
 * -errno: what the kernel says to the event on one of them.
 */
int mmt_perf_ring__open(const struct perf_event_attr *attr, unsigned int pages, struct mmt_perf_ring **out);
void mmt_perf_ring__enable(struct mmt_perf_ring *p);
void mmt_perf_ring__disable(struct mmt_perf_ring *p);
/* Everything that waits, CPU by CPU, each CPU's in order. */
int mmt_perf_ring__read(struct mmt_perf_ring *p, mmt_perf_fn fn, void *ctx);
/* Follow CPUs that went offline (their last records go to fn) and came online; those that refuse are counted. */
void mmt_perf_ring__cpus(struct mmt_perf_ring *p, mmt_perf_fn fn, void *ctx);
unsigned int mmt_perf_ring__refused(const struct mmt_perf_ring *p);
/* Kernel memory of the rings. */
uint64_t mmt_perf_ring__bytes(const struct mmt_perf_ring *p);
void mmt_perf_ring__close(struct mmt_perf_ring *p); /* NULL: nothing */

#endif
