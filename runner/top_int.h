/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_TOP_INT_H
#define MMT_TOP_INT_H

#include "term.h"
#include "top.h"

#define TOP_PROMPT_MAX 64

struct top {
	struct top_opts *o;
	struct mmt_session *s;
	struct live *live;
	struct term term;
	int sig_fd;
	struct live_view v;
	bool have_view, printed;
	uint64_t last;    /* when the last interval ended, CLOCK_MONOTONIC */
	/* the screen */
	bool quit, now;   /* end it; cut the interval here */
	bool help, typing;
	char typed[TOP_PROMPT_MAX];
	regex_t filter;
	bool have_filter;
	char filter_text[TOP_PROMPT_MAX];
	size_t first;     /* line of the list at the top */
	char msg[160];
};

uint64_t top_now(void);
/* When the interval that runs is over. */
uint64_t top_next(const struct top *t);
/* End an interval; show the last one again as the options now say. */
int top_cut(struct top *t);
int top_view(struct top *t);
/* Act on what was typed. */
int top_keys(struct top *t);
int top_draw(struct top *t);

#endif
