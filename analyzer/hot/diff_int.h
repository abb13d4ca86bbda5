/* SPDX-License-Identifier: GPL-2.0-only */
/* Between the parts of a difference. */
#ifndef MMT_HOT_DIFF_INT_H
#define MMT_HOT_DIFF_INT_H

#include "../arena.h"
#include "../u64map.h"
#include "diff.h"

struct diff_tag { /* what else a sum is known by: a line, an instruction, a task's name, a system call */
	uint32_t frame;   /* that it belongs to; HOT_DIFF_NO_PATH: to none */
	const char *text; /* "" not known */
};

struct diff_build { /* of a file, by its name */
	const char *module;
	uint64_t id;  /* hash of the build-id */
	bool several; /* traces ran different ones, or which ones is not known */
};

/* Names, each once. */
struct diff_names {
	struct arena *mem;
	struct hot_frame *frame; size_t n_frames, cap_frames;
	struct hot_path *path; size_t n_paths, cap_paths;
	struct diff_tag *tag; size_t n_tags, cap_tags;
	struct diff_build *build; size_t n_builds, cap_builds;
	struct u64map frames, paths, tags;
};

#define DIFF_NONE UINT32_MAX
#define DIFF_KERNEL "[kernel]" /* what the kernel and its modules are as a file that has builds */

struct diff_sum {
	uint32_t path;
	uint32_t line, place, comm, call; /* tags, DIFF_NONE where there is no such thing */
	uint32_t reason;
	double weight, variance;
};

struct diff_iter { /* an iteration that counts */
	uint32_t arm, iter;
	int err;
	const char *why;   /* it gave nothing */
	double seconds;
	bool has[HOT_DIFF_KINDS];
	double exact[HOT_DIFF_KINDS]; /* NaN: not known */
	struct diff_sum *sum[HOT_DIFF_KINDS];
	size_t n[HOT_DIFF_KINDS];
};

struct hot_diff_int {
	struct diff_names names;
	struct diff_iter *iter;
	size_t n_iter;
};

void diff_names_free(struct diff_names *n);
int diff_names_init(struct diff_names *n);
int diff_frame(struct diff_names *n, const struct hot_frame *f, uint32_t *out);
int diff_path(struct diff_names *n, const struct hot_path *p, uint32_t *out);
int diff_tag(struct diff_names *n, uint32_t frame, const char *text, uint32_t *out);
int diff_build(struct diff_names *n, const char *path, const void *id, size_t len);

/* A frame of a trace as it is called in every trace; *cut: part of a function that the compiler made a clone of. */
int diff_plain_frame(struct diff_names *n, const struct hot_frame *f, uint32_t *out, bool *cut);
const char *diff_base_name(const char *path);

/*
 * When all traces are read: what is a place becomes one where builds differ, and all is
 * put in order of name. Numbers in the iterations follow.
 */
int diff_names_settle(struct diff_names *n, struct diff_iter *iter, size_t n_iter);

/* What a sum is divided by. */
static inline double diff_unit(const struct hot_diff *d, const struct diff_iter *it)
{
	return d->per == HOT_DIFF_PER_RUN ? 1 : it->seconds;
}

#endif
