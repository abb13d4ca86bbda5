// SPDX-License-Identifier: GPL-2.0-only
/* Hot spots of both arms: graphs of their difference. */
#include <errno.h>

#include "../hot/page.h"
#include "page_int.h"

#define MOST_BYTES 400000
#define LEAST_BYTES 30000

/* Kinds that some trace of each arm has. */
static unsigned int common(const struct page *p)
{
	unsigned int have[2] = { 0, 0 };
	size_t k, i;

	if (p->c->n_arms != 2)
		return 0;
	for (k = 0; k < 2; k++)
		for (i = 0; i < p->c->arm[k].n_iter; i++)
			have[k] |= page_trace(p, k, i)->hot;
	return have[0] & have[1];
}

static int stacks_of(const struct hot_diff *d, const struct page *p, unsigned int kinds, struct stacks **s, size_t *n)
{
	enum hot_kind k;
	int err = 0;

	*n = 0;
	for (k = 0; k < HOT_KINDS && !err; k++) {
		if (!(kinds & (1u << k)) || !d->iterations[k][0] || !d->iterations[k][1])
			continue;
		err = stacks_of_diff(d, k, STACKS_BY_COMM, true, &p->r->opts, &s[*n]);
		*n += !err;
		if (err == -ENODATA)
			err = 0;
	}
	return err;
}

static int section(const struct page *p, struct stacks *const *s, size_t n, FILE *f)
{
	const char *const arm[] = { p->c->arm[0].name, p->c->arm[1].name };
	struct hot_page_opts o = { .version = p->o->version, .arm = arm, .rows = 15 };
	size_t room = page_room(f, ROOM_HOT) ? (size_t)ROOM_HOT - (size_t)ftello(f) : 0, parts;
	int err;

	fputs("<section id=\"hot\" aria-labelledby=\"h-hot\">\n<h2 id=\"h-hot\">Hot spots</h2>\n", f);
	if (room < LEAST_BYTES) {
		fputs("<p class=\"limit\">Left out, to keep this page small; <code>mmt-trace hot --diff --html</code> has them.</p>\n</section>\n", f);
		return 0;
	}
	err = hot_page_parts(s, n, &o, room < MOST_BYTES ? room : MOST_BYTES, 3, &parts, f);
	if (!err && !parts)
		fputs("<p class=\"how\">No call path of either arm weighs anything.</p>\n", f);
	fputs("</section>\n", f);
	return err;
}

int page_hot(const struct page *p, FILE *f)
{
	struct hot_diff_opts o = { .no_syscalls = true, .how = p->r->opts };
	struct stacks *s[HOT_KINDS] = { NULL };
	unsigned int kinds = common(p);
	struct hot_diff *d = NULL;
	size_t n = 0, i;
	int err;

	if (!kinds)
		return 0;
	o.hot.kinds = kinds;
	err = hot_diff_load(p->c, &o, &d);
	if (!err)
		err = stacks_of(d, p, kinds, s, &n);
	if (!err && n)
		err = section(p, s, n, f);
	for (i = 0; i < n; i++)
		stacks_free(s[i]);
	hot_diff_free(d);
	return err == -ENODATA ? 0 : err;
}
