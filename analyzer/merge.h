/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The events of all streams in one order of time, as a stream themselves.
 *
 * A chunk is a time slice of all streams, but slices overlap: a chunk may be sealed while
 * a pass over the rings is half way. So what is read waits until two further chunks have
 * shown where they begin; a record that comes later still is passed on late and counted.
 */
#ifndef MMT_MERGE_H
#define MMT_MERGE_H

#include <stddef.h>
#include <stdint.h>

#include "../libmmtrace/mmtrace.h"

struct mrec {
	uint64_t time;
	uint64_t v; /* what block() made of the event */
};

struct merge_lane {
	uint32_t stream;
	uint32_t state; /* for block(): anything, 0 at first */
	struct mrec *rec;
	size_t head, n, cap;
};

struct merge_ops {
	/* A new chunk: look at its keys. */
	int (*chunk)(void *ctx, const struct mmt_chunk *c);
	/* Append what a block's events become to the lane; there is room for b->n records. */
	int (*block)(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b, struct merge_lane *lane);
	/* Chunks are missing before c: the lane's past is not known any more. May append one record. */
	int (*gap)(void *ctx, const struct mmt_chunk *c, uint64_t time, struct merge_lane *l);
	/* Records in order. */
	int (*batch)(void *ctx, const struct mrec *r, size_t n);
};

struct merge_stats {
	uint64_t events, disorder;
	uint64_t missing; /* chunks */
};

/* For block(): room for `extra` records behind lane->n. */
int merge_room(struct merge_lane *l, size_t extra);

int merge_run(struct mmt_reader *r, const struct merge_ops *ops, void *ctx, struct merge_stats *st);
/*
 * The same with n threads beside the caller's that unpack chunks. Only for a file that is
 * whole: -EAGAIN says that it is not, after an unknown number of batches; start again
 * with merge_run(). Operations are called in the caller's thread.
 */
int merge_run_threads(const char *path, unsigned int n, const struct merge_ops *ops, void *ctx, struct merge_stats *st);

#endif
