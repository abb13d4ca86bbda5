/* SPDX-License-Identifier: GPL-2.0-only */
/* The live view: on a screen with keys, or as text or rows for a pipe. */
#ifndef MMT_TOP_H
#define MMT_TOP_H

#include "../analyzer/live/show.h"
#include "../collector/session.h"

enum top_form { TOP_TEXT, TOP_CSV, TOP_JSON };

struct top_opts {
	struct mmt_session_opts session; /* filters; log */
	struct live_view_opts view;
	double delay;              /* s */
	unsigned long iterations;  /* 0: until stopped */
	bool batch;
	enum top_form form;        /* of batches */
	const char *sep;           /* of CSV */
	unsigned long rows;        /* of a batch, 0: all */
	int width;                 /* of a batch */
	char what[48];             /* filters in a few words */
};

/* What /proc says of a thread: a live_state_fn. */
char top_state(uint32_t pid, uint32_t tid);

/* Returns 0, or -errno after a message. */
int top_run(struct top_opts *o);

#endif
