/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_MAPS_INT_H
#define MMT_MAPS_INT_H

#include "elf_id.h"
#include "maps.h"

#define MMT_MAPS_BUCKETS 4096
#define MMT_MAPS_DEPTH 64 /* of forks of forks, none of which executed anything */
#define MMT_MAPS_ERROR 100000ull  /* of the times of two records, by far */
#define MMT_MAPS_SLACK 1000000ull /* of clocks, between things that are further apart */
#define MMT_MAPS_FOREVER UINT64_MAX
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

struct known;
struct file_ids; /* build-ids of files, each read once */
struct file_ids *mmt_file_ids__new(void);
void mmt_file_ids__free(struct file_ids *f);
/* Of a mapping of a process; mtime 0: not known. *read counts files that had to be read. */
void mmt_file_ids__get(struct file_ids *f, uint32_t pid, const struct map_line *l, struct mmt_elf_id *id,
		       uint64_t *mtime, uint64_t *read);

/* The vdso of a process that lives. */
void mmt_file_ids__vdso(uint32_t pid, const struct map_line *l, struct mmt_elf_id *id);

struct told_files; /* the same, of files that the kernel told of; their processes may be gone */
struct told_files *mmt_told__new(void);
void mmt_told__free(struct told_files *f);
struct told_files *mmt_file_ids__told(struct file_ids *f);
/* The mapping of a record: its path and flags. */
void mmt_told__line(const struct mmt_map_rec *r, struct map_line *l);
/* Complete a mapping by what its file says, if that still is the one. pid: of a process that may live; 0. */
void mmt_told__get(struct told_files *f, uint32_t pid, const struct mmt_map_rec *r, struct known *k, uint64_t *read);

/* A mapping. The process in whose name its row is, and children that it forked, hold it. */
struct known {
	uint64_t id, epoch, start, end, offset, vaddr, dev, inode, mtime, first;
	uint64_t seen, last; /* 0 while it is there */
	uint32_t uid, flags, id_len, refs;
	bool unwritten; /* as it is now; in m->unwritten */
	uint8_t build_id[MMT_BUILD_ID_MAX];
	char *path;
};

/*
 * When a process had a mapping: surely in [from, till], perhaps in [lo, to) beyond that, as it
 * came and went between two looks. Of one that it has, till and to are MMT_MAPS_FOREVER.
 */
struct held {
	struct known *k;
	uint64_t lo, from, till, to;
	uint64_t looked; /* last seen there */
	bool seen;       /* by the reading that goes on */
};

/* One that is over, kept for observations that are yet to be taken up; k NULL: the process itself. */
struct past {
	struct past *next, *newer; /* of its process, of all: by the order in which they went */
	struct process *p;
	struct held h;
};

struct process {
	struct process *next, *next_pid; /* of its buckets */
	uint64_t epoch;
	uint64_t start, born; /* CLOCK_BOOTTIME; the same of the trace clock */
	uint64_t begin;    /* of its program, as far as that is known; 0: from before we looked */
	uint64_t executed; /* as records of tasks tell, the last that was taken up */
	uint64_t last_exec; /* of one that ends; 0 */
	uint64_t looked;   /* at its mappings */
	uint64_t due, gap; /* next look, and how long after the last */
	uint64_t ended;    /* MMT_MAPS_FOREVER while it lives */
	uint64_t parent;   /* what of its mappings is not known is this one's, as of begin; 0 */
	uint32_t pid, uid;
	bool queued, fresh;
	bool told;         /* begin is an exec that the kernel told */
	bool ignored;      /* the filters leave it out */
	bool complete;     /* all its mappings are known, by its fork or exec, or were looked at */
	bool done;         /* ended, and all of it is said */
	bool missed;       /* could not be read: is counted already */
	struct held *map;  /* by address */
	size_t n, size;
	struct past *past, *past_end;
};

/* Any of the lists of processes and mappings below. */
struct ptrs {
	void **v;
	size_t n, size;
};

struct mmt_maps {
	struct mmt_writer *w;
	const struct mmt_log *log;
	struct file_ids *files;
	struct process *by_epoch[MMT_MAPS_BUCKETS]; /* those that live, and those of which something is kept */
	struct process *by_pid[MMT_MAPS_BUCKETS];
	struct process **queue; /* a ring: head is the oldest wish */
	size_t head, n_queued, queue_size;
	struct past *oldest, *newest;
	size_t n_past, most_past;
	uint64_t n_ids, alive;
	struct mmt_maps_stats st;
	char *buf; /* of lines */
	/* where the kernel tells of mappings, see maps_take.c */
	bool captured;
	uint64_t boot_off; /* CLOCK_BOOTTIME - trace clock */
	uint64_t upto;     /* all that happened until then is known */
	void (*sync)(void *ctx, uint64_t epoch);
	void *sync_ctx;
	struct mmt_map_rec *rec; /* that wait for their process to be known */
	size_t n_rec, rec_size;
	struct ptrs fresh, ending; /* processes: new; ended, but records of theirs may come */
	struct ptrs unwritten;     /* struct known */
};

int mmt_ptrs__add(struct ptrs *l, void *p);
struct process *mmt_maps__process(const struct mmt_maps *m, uint64_t epoch);
/* The process that had this number at a time of the trace clock. */
struct process *mmt_maps__process_at(const struct mmt_maps *m, uint32_t pid, uint64_t time);
/* One more mapping, the last of p->map; its file is up to the caller, and mmt_maps__changed(). NULL: -errno in *err. */
struct known *mmt_maps__add(struct mmt_maps *m, struct process *p, const struct map_line *l, uint64_t lo, uint64_t now, int *err);
/* The same mapping in a child. */
int mmt_maps__hold(struct mmt_maps *m, struct process *p, const struct held *h);
void mmt_maps__put(struct known *k);
/* Its row is to be written. */
int mmt_maps__changed(struct mmt_maps *m, struct known *k);
/* Mapping i of the process is over, between till and to. The caller closes the gap. */
int mmt_maps__over(struct mmt_maps *m, struct process *p, size_t i, uint64_t till, uint64_t to);
/* All of them, at a time that is known. */
int mmt_maps__all_over(struct mmt_maps *m, struct process *p, uint64_t now);
/* All of it is said. */
int mmt_maps__done(struct mmt_maps *m, struct process *p);
/* From this time on the process has the mappings of another as of now, or none (0) but new ones. */
int mmt_maps__image(struct mmt_maps *m, const struct process *p, uint64_t parent, uint64_t now);
void mmt_maps__sort(struct process *p);
int mmt_maps__write_changed(struct mmt_maps *m);
/* What has been over for long is forgotten. */
void mmt_maps__forget(struct mmt_maps *m, uint64_t now);
int mmt_maps__enqueue(struct mmt_maps *m, struct process *p);

#endif
