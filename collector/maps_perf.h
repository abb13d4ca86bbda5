/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's records of programs executed, processes forked and executable mappings made, through libperf. */
#ifndef MMT_MAPS_PERF_H
#define MMT_MAPS_PERF_H

#include "maps.h"

struct mmt_maps_perf;

/* From now on, on all CPUs that are online. Fails (-errno) where perf is refused. */
int mmt_maps_perf__open(struct mmt_maps_perf **out);
void mmt_maps_perf__close(struct mmt_maps_perf *p);
/* Does the kernel say build-ids? */
bool mmt_maps_perf__build_ids(const struct mmt_maps_perf *p);
/* Follow CPUs that went offline and came online; now and then. */
void mmt_maps_perf__cpus(struct mmt_maps_perf *p);
uint64_t mmt_maps_perf__bytes(const struct mmt_maps_perf *p);
/*
 * Take what is in the rings: *rec (malloc'ed, to be freed; paths too), times less clock_off
 * (CLOCK_MONOTONIC - trace clock). *lost: records that found no room since the last time.
 */
int mmt_maps_perf__drain(struct mmt_maps_perf *p, uint64_t clock_off, struct mmt_map_rec **rec, size_t *n, uint64_t *lost);

#endif
