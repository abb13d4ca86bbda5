/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executable mappings of processes, read from /proc/PID/maps while they live: rows of
 * table `mapping`. Nothing here is done per event: processes are asked for (at first
 * sight, exec, mark and end), and read in passes of a given time.
 */
#ifndef MMT_MAPS_H
#define MMT_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "log.h"

#define MMT_MAPS_PER_PROCESS 4096       /* executable mappings */
#define MMT_MAPS_BYTES (8u << 20)       /* read of one process's maps */
#define MMT_MAPS_ALL (1u << 18)         /* mappings that live at once, of all processes */
#define MMT_MAPS_PAST (1u << 16)        /* mappings that are over and can still be found */
#define MMT_MAPS_PAST_NS 3000000000ull

struct mmt_maps;

struct mmt_maps_stats {
	uint64_t processes; /* read, each time counted */
	uint64_t gone;      /* had ended, or their number was another's, before they could be read */
	uint64_t cut;       /* had more mappings than are kept */
	uint64_t files;     /* whose build-id was read */
	uint64_t rows;
	uint64_t past;      /* that are over and are kept now */
};

int mmt_maps__open(struct mmt_writer *w, const struct mmt_log *log, struct mmt_maps **out);
void mmt_maps__close(struct mmt_maps *m);
/*
 * Read process `pid` at the next pass. epoch is its leader's; start its start time
 * (CLOCK_BOOTTIME, ns), by which another process of that number is known; 0: not known.
 */
int mmt_maps__want(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start);
/* Every process that is known and lives, again. */
int mmt_maps__want_all(struct mmt_maps *m);
/* Those that were last looked at so long ago that they may have loaded something: 50 ms, then ever more seldom. */
int mmt_maps__want_due(struct mmt_maps *m, uint64_t now);
/* Read what is wanted, the oldest wish first, until budget_ns are over (one process at least); how many are left. */
int mmt_maps__pass(struct mmt_maps *m, uint64_t now, uint64_t budget_ns);
/* It executed another program: its mappings are gone, the new ones are wanted. */
int mmt_maps__exec(struct mmt_maps *m, uint64_t epoch, uint64_t now);
/* It ended. */
int mmt_maps__exit(struct mmt_maps *m, uint64_t epoch, uint64_t now);
/*
 * The mapping that held an address at a time (of the trace clock; 0: none is known), and the address's
 * offset in its file, or itself where it has none. What was unmapped, what an exec replaced and what
 * was a process's that ended is found for MMT_MAPS_PAST_NS after; never across an exec.
 */
uint64_t mmt_maps__find(const struct mmt_maps *m, uint64_t epoch, uint64_t time, uint64_t address, uint64_t *offset);
/* Keep no more than this of what is over (MMT_MAPS_PAST at first). */
void mmt_maps__limit_past(struct mmt_maps *m, size_t most);
void mmt_maps__stats(const struct mmt_maps *m, struct mmt_maps_stats *st);

#endif
