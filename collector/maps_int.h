/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_MAPS_INT_H
#define MMT_MAPS_INT_H

#include "elf_id.h"
#include "maps.h"

#define MMT_MAPS_BUCKETS 4096
#define MMT_MAPS_BUF (64u << 10) /* of lines */

/* A line of maps. */
struct map_line {
	uint64_t start, end, offset, dev, inode;
	uint32_t flags; /* MMT_MAP_* */
	bool exec;
	char *path; /* into the line */
};

/* Take a line (without its end) apart, in place; false: it is none. */
bool mmt_maps__line(char *line, struct map_line *out);

struct file_ids; /* build-ids of files, each read once */
struct file_ids *mmt_file_ids__new(void);
void mmt_file_ids__free(struct file_ids *f);
/* Of a mapping of a process; mtime 0: not known. *read counts files that had to be read. */
void mmt_file_ids__get(struct file_ids *f, uint32_t pid, const struct map_line *l, struct mmt_elf_id *id,
		       uint64_t *mtime, uint64_t *read);

/* A mapping that has a row. */
struct known {
	uint64_t id, epoch, start, end, offset, vaddr, dev, inode, mtime, first, seen_at;
	uint32_t uid, flags, id_len;
	uint8_t build_id[MMT_BUILD_ID_MAX];
	char *path;
};

/*
 * When a process had a mapping: surely in [from, till], perhaps in [lo, to) beyond that, as it
 * came and went between two looks. Of one that it has, till and to are UINT64_MAX.
 */
struct held {
	struct known *k;
	uint64_t lo, from, till, to;
	bool seen; /* by the reading that goes on */
};

/* One that is over, kept for observations that are yet to be taken up; k NULL: the process itself. */
struct past {
	struct past *next, *newer; /* of its process, of all: by the order in which they went */
	struct process *p;
	struct held h;
};

struct process {
	struct process *next; /* of its bucket */
	uint64_t epoch, start;
	uint64_t begin;    /* of its program, as far as that is known; 0: from before we looked */
	uint64_t looked;   /* at its mappings */
	uint64_t due, gap; /* next look, and how long after the last */
	uint32_t pid, uid;
	bool queued, ended;
	struct held *map;  /* by address */
	size_t n, size;
	struct past *past, *past_end;
};

struct mmt_maps {
	struct mmt_writer *w;
	const struct mmt_log *log;
	struct file_ids *files;
	struct process *by_epoch[MMT_MAPS_BUCKETS]; /* those that live, and those of which something is kept */
	struct process **queue; /* a ring: head is the oldest wish */
	size_t head, n_queued, queue_size;
	struct past *oldest, *newest;
	size_t n_past, most_past;
	uint64_t n_ids, alive;
	struct mmt_maps_stats st;
	char *buf; /* of lines */
};

struct process *mmt_maps__process(const struct mmt_maps *m, uint64_t epoch);
/* A mapping that is there now and was perhaps since lo: the last of p->map. What its file says, and its row, is up to the caller. */
int mmt_maps__add(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t lo, uint64_t now);
/* The row of a mapping; last: when it was gone, 0 while it is there. */
int mmt_maps__row(struct mmt_maps *m, const struct known *k, uint64_t last);
/* Mapping i of the process is over, by `to`: its row, and what is kept of it. The caller closes the gap. */
int mmt_maps__over(struct mmt_maps *m, struct process *p, size_t i, uint64_t to);
/* What has been over for long is forgotten. */
void mmt_maps__forget(struct mmt_maps *m, uint64_t now);
int mmt_maps__enqueue(struct mmt_maps *m, struct process *p);

#endif
