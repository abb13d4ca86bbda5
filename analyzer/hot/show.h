/* SPDX-License-Identifier: GPL-2.0-only */
/* What `mmt-trace hot` and the section of `report` print. */
#ifndef MMT_HOT_SHOW_H
#define MMT_HOT_SHOW_H

#include "../table.h"
#include "rank.h"

struct hot_view {
	const struct hot_opts *opts; /* what the hot spots are of */
	unsigned int kinds;          /* sections, bits 1 << enum hot_kind */
	bool syscalls;
	bool default_rows;           /* no --by: by path, and of faults by instruction too */
	enum hot_by by;
	bool inclusive;
	size_t top;                  /* rows of a section, 0: all */
	unsigned int depth;          /* frames of a path on either side of the kernel's edge, in text; 0: all */
	struct table_out out;
};

/* h may be NULL when only system calls are asked for. */
int hot_show(const struct model *m, const struct hot *h, const struct hot_view *v, FILE *f);

/* Parts of it: the sections of the kinds of v, in text; as members of an object. */
int hot_show_text(const struct hot *h, const struct hot_view *v, FILE *f);
int hot_show_json(const struct hot *h, const struct hot_view *v, struct json *j);

/* The `top` heaviest paths of each kind, a line each; NULL without memory. */
struct table *hot_brief(const struct hot *h, size_t top);

/* "2.97 s", "690 us" */
const char *hot_fmt_time(char *buf, size_t size, double ns);
/* A frame as people read it: "churn demo.c:71 (inlined)". */
const char *hot_fmt_frame(const struct hot_frame *f, char *buf, size_t size);
/* A path, kernel and program on lines of their own. */
void hot_text_path(const struct hot *h, uint32_t path, const char *kernel, const char *user, unsigned int depth, int width, FILE *f);
/* Missing, of all paths of the rows: lines that say what it means. */
void hot_text_notes(unsigned int flags, FILE *f);

/* A section's rows as a table. */
int hot_text_table(const struct hot *h, enum hot_kind kind, enum hot_by by, const struct hot_view *v, FILE *f);

/* Tables of system calls of the tasks of o; NULL without memory. */
struct table *hot_syscalls(const struct model *m, const struct hot_opts *o);
struct table *hot_memory_calls(const struct model *m, const struct hot_opts *o);

#endif
