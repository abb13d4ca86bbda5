/* SPDX-License-Identifier: GPL-2.0-only */
/* Hot spots in other forms: for flame graph scripts, for speedscope, as a page. */
#ifndef MMT_CMD_HOT_OUT_H
#define MMT_CMD_HOT_OUT_H

#include <argp.h>

#include "../analyzer/hot/diff.h"
#include "../analyzer/hot/show.h"
#include "../analyzer/hot/stacks.h"

struct hot_forms {
	bool folded;
	const char *speedscope, *html; /* files; "-" is standard output */
};

/* A child parser; its input is a struct hot_forms. */
extern const struct argp hot_forms_argp;

static inline bool hot_forms_wanted(const struct hot_forms *o)
{
	return o->folded || o->speedscope || o->html;
}

/*
 * What can be seen to be wrong before anything is read; -EINVAL after a message. diff: of two arms. sections: kinds were
 * chosen.
 */
int hot_forms_check(const struct hot_forms *o, const struct hot_view *v, enum table_fmt fmt, bool sections, bool diff);
/* All that was asked for; f: where --folded writes. */
int hot_forms_write(const struct hot_forms *o, const struct hot *h, const struct hot_view *v, bool sections, FILE *f);
/* The same of two arms: --folded with both weights, --html with what differs. */
int hot_forms_diff(const struct hot_forms *o, const struct hot_diff *d, const struct cmp_opts *how, const struct hot_view *v,
		   bool sections, FILE *f);

#endif
