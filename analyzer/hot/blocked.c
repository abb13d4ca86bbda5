// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "blocked.h"

int hot_blocked(const struct model *m, struct hot_blocked *b)
{
	const struct hot_opts o = { .kinds = 1u << HOT_BLOCKED, .kernel_only = true };
	const struct hot_cells *c;
	bool named = false;
	struct hot *h;
	size_t i;
	int err;

	memset(b, 0, sizeof(*b));
	if (!(hot_recorded(m) >> HOT_BLOCKED & 1) || !strcmp(m->path, "-")) /* which cannot be read again */
		return -ENODATA;
	err = hot_load(m, &o, &h);
	if (err)
		return err;
	c = &h->kind[HOT_BLOCKED];
	for (i = 0; i < h->n_frames && !named; i++)
		named = !(h->frame[i].flags & HOT_UNKNOWN);
	for (i = 0; i < c->n; i++)
		b->ns[c->cell[i].reason] += c->cell[i].weight;
	if (c->n && !named)
		err = -ENODATA; /* "unknown" for all of it would say nothing */
	hot_free(h);
	return err;
}
