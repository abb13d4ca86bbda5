/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one way out: messages go to stderr with the program's name, results to stdout
 * (through a pager on a terminal), colour only where it is wanted.
 */
#ifndef MMT_OUT_H
#define MMT_OUT_H

#include <stdbool.h>
#include <stdio.h>

#include "../libmmtrace/mmtrace.h"

struct out;

struct out_opts {
	bool no_pager;
	const char *color; /* "auto" (default), "always", "never"; NO_COLOR is honoured */
	int verbose;       /* -1 quiet, 0, 1, ... */
};

struct out *out_open(const struct out_opts *opts); /* never fails: falls back to plain stdout */
FILE *out_stream(struct out *o);
bool out_color(const struct out *o);
int out_width(const struct out *o); /* columns of the terminal, 80 where there is none */
/* Flush and wait for the pager; -EIO when standard output could not be written (full disk). EPIPE is no error. */
int out_close(struct out *o);

/* "mmt-trace: ..." on stderr, one line each. */
void out_err(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void out_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* An mmt_log_fn; ctx is a const int * with the verbosity, or NULL. */
void out_log(void *ctx, enum mmt_log_level level, const char *msg);

#endif
