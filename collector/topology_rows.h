/* SPDX-License-Identifier: GPL-2.0-only */
/* The topology as rows of the trace, and what of it changed while we recorded. */
#ifndef MMT_TOPOLOGY_ROWS_H
#define MMT_TOPOLOGY_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mmt_log;
struct mmt_topology;
struct mmt_writer;

int mmt_topology__rows(struct mmt_writer *w, const struct mmt_topology *t);
/* Looks again: meta cpus.changed where CPUs did, back again or not; notes, and new rows in place of the old ones, for CPUs that came or went and nodes whose memory changed. */
int mmt_topology__changes(struct mmt_writer *w, const struct mmt_topology *was, bool cpus_changed,
			   uint64_t time, struct mmt_log *log);

/* The notes, for tests: their lengths, 0: nothing to say. what: 0, 1, ... kinds of changes. */
size_t mmt_topology__cpu_note(const struct mmt_topology *was, const struct mmt_topology *is, unsigned int what, char *buf, size_t size);
size_t mmt_topology__node_note(const struct mmt_topology *was, const struct mmt_topology *is, char *buf, size_t size);

#endif
