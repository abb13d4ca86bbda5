/* SPDX-License-Identifier: GPL-2.0-only */
/* Which data to compare and how to decide: the options of every command that works on several runs. */
#ifndef MMT_COMPARE_OPTS_H
#define MMT_COMPARE_OPTS_H

#include <argp.h>

#include "../analyzer/compare/decide.h"

/* The kernel's metrics that are read are the command's own business: cmp.patterns, before compare_gather(). */
struct compare_opts {
	const char *dir, *bench, *names, *drop;
	char **traces; /* arguments */
	int n_traces;
	struct cmp_opts how;
};

/*
 * Child parsers; the input of both is a struct compare_opts. The first takes -d -b -n
 * --drop-iter and the arguments, unless the parent takes these itself; the second how to decide.
 */
extern const struct argp compare_data_argp, compare_how_argp;

/*
 * One of the second parser's options by its name, for configs; the value must stay. -ENOENT:
 * no such option; -EINVAL: *why says what was expected.
 */
int compare_set(struct compare_opts *o, const char *name, const char *value, char *why, size_t size);
/* Reads what the options name; says what is wrong. c: after cmp_init(), with its log. */
int compare_gather(struct cmp *c, const struct compare_opts *o, const char *command);
/* Of two runs at most; the arguments may be names of results, too. */
int compare_gather_two(struct cmp *c, const struct compare_opts *o, const char *command);
/* Every pattern names a kernel metric; -EINVAL after a message. */
int compare_known_metrics(const char *option, const char *patterns);

#endif
