/* SPDX-License-Identifier: GPL-2.0-only */
/* Call paths as the JSON that speedscope (https://www.speedscope.app) opens. */
#ifndef MMT_HOT_SPEEDSCOPE_H
#define MMT_HOT_SPEEDSCOPE_H

#include "stacks.h"

struct speedscope_opts {
	const char *name;    /* of the file as a whole: the trace */
	const char *version; /* of the program */
	bool groups;         /* a profile a group, heaviest first; else one a kind */
};

/* A stacks a kind, n of them. */
int speedscope_write(struct stacks *const *s, size_t n, const struct speedscope_opts *o, FILE *f);

#endif
