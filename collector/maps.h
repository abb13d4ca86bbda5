/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Executable mappings of processes: rows of tables `mapping` and `image`. What was there before
 * the recording is read from /proc/PID/maps, in passes of a given time: processes are asked for at
 * first sight and marks. What comes later the kernel tells (maps_perf.h, mmt_maps__take()); where
 * it does not, that is read as well, and processes that end before their turn have none.
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

/* What the kernel tells of a process, with the time of the trace clock. */
enum mmt_map_rec_type { MMT_MAP_REC_MMAP = 1, MMT_MAP_REC_EXEC, MMT_MAP_REC_FORK };
struct mmt_map_rec {
	uint64_t time, seq;    /* seq: of records with one time */
	uint32_t type, pid, ppid;
	uint32_t id_len;       /* 0: the kernel says no build-id; then it says inode */
	uint64_t start, end, offset, dev, inode;
	uint8_t build_id[20];
	char *path;            /* malloc'ed; as the kernel writes it */
};

struct mmt_maps_stats {
	uint64_t processes; /* read, each time counted */
	uint64_t gone;      /* had ended, or their number was another's, before they could be read */
	uint64_t cut;       /* had more mappings than are kept */
	uint64_t files;     /* whose build-id was read */
	uint64_t rows;
	uint64_t past;      /* that are over and are kept now */
	uint64_t captured;  /* records of the kernel's that were taken */
	uint64_t homeless;  /* whose process was never known, or could not be waited for */
};

int mmt_maps__open(struct mmt_writer *w, const struct mmt_log *log, struct mmt_maps **out);
void mmt_maps__close(struct mmt_maps *m);
/*
 * Before an address is looked up at a time that is not covered yet, or of a process that is yet to be
 * read, sync is called, which may call mmt_maps__take() and mmt_maps__read().
 */
void mmt_maps__on_demand(struct mmt_maps *m, void (*sync)(void *ctx, uint64_t epoch), void *ctx);
/* The kernel's records are going to be taken. */
void mmt_maps__captured(struct mmt_maps *m);
/*
 * Take up records, in any order (their paths change hands, also on failure); all until `upto` are
 * among them, or were before. What is of processes that are not known yet waits for them. boot_off:
 * CLOCK_BOOTTIME - trace clock. Processes that are known now but of whose mappings this told not all are wanted.
 */
int mmt_maps__take(struct mmt_maps *m, struct mmt_map_rec *rec, size_t n, uint64_t upto, uint64_t boot_off);
/* There is such a process (see mmt_maps__want()); ignored: it is left out. It is read if the kernel does not tell all of it. */
int mmt_maps__know(struct mmt_maps *m, uint64_t epoch, uint32_t pid, uint64_t start, bool ignored);
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
/* Read one process now, if it is wanted. */
int mmt_maps__read(struct mmt_maps *m, uint64_t epoch, uint64_t now);
/* It executed another program: unless records told it, its mappings are gone, and the new ones are wanted. */
int mmt_maps__exec(struct mmt_maps *m, uint64_t epoch, uint64_t now);
/* The same of one that is about to end, which may have gone by too quickly for mmt_maps__exec(). */
void mmt_maps__last_exec(struct mmt_maps *m, uint64_t epoch, uint64_t exec);
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
