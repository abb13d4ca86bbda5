/* SPDX-License-Identifier: GPL-2.0-only */
/* Help for the tests of the trace file: make one, keep it in memory, read it back in short. */
#ifndef MMT_TRACE_MAKE_H
#define MMT_TRACE_MAKE_H

#include "../../libmmtrace/mmtrace.h"

struct bytes {
	uint8_t *p;
	size_t len;
};

/* What was read, in a form that can be compared. */
struct digest {
	unsigned int chunks;
	uint64_t events, rows;
	uint64_t of_chunk[64]; /* hash of all that the first 64 chunks hold, in order */
	struct mmt_status st;
	int ret; /* of the last mmt_reader__next(), or of the open */
};

uint32_t trace_rnd(uint32_t *seed);
char *trace_tmp(void);       /* an empty file in /tmp; free() after trace_drop() */
void trace_drop(char *path); /* NULL is fine */
struct bytes trace_slurp(const char *path);
void trace_spill(const char *path, const void *p, size_t len);

/* n seals, each with rows and events of 3 streams. */
void trace_fill(struct mmt_writer *w, unsigned int seals, unsigned int events);
struct bytes trace_make(int level, unsigned int shift, unsigned int seals, unsigned int events);
struct digest trace_digest(const char *path, const struct mmt_reader_opts *opts);
struct digest trace_digest_of(const void *p, size_t len);
/* Offsets of the chunks of a sound trace, the trailer's and the end; how many chunks. */
unsigned int trace_offsets(const struct bytes *b, size_t *off, unsigned int max);

#endif
