// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "numa_moved.h"

static mmt_u32 slot_of(const struct mmt_moved *m)
{
	return (mmt_u32)m->key;
}

static int by_slot(const void *a, const void *b)
{
	const struct mmt_moved *x = a, *y = b;

	if (slot_of(x) != slot_of(y))
		return slot_of(x) < slot_of(y) ? -1 : 1;
	return (x->key > y->key) - (x->key < y->key);
}

void mmt_moved__take(struct mmt_moved_set *s, struct mmt_moved *fresh, size_t n)
{
	size_t i, k;

	if (n)
		qsort(fresh, n, sizeof(*fresh), by_slot);
	for (i = 0, k = 0; i < n; i++) {
		struct mmt_moved *m = &fresh[i];
		const struct mmt_moved *old;

		while (k < s->n && by_slot(&s->v[k], m) < 0)
			k++;
		old = k < s->n && s->v[k].key == m->key && !s->v[k].gone ? &s->v[k] : NULL;
		m->done = old ? old->done : (struct mmt_numa_moved){ 0 };
		m->idle = old && old->v.ok == m->v.ok && old->v.failed == m->v.failed;
		m->gone = false;
	}
	free(s->v);
	s->v = fresh;
	s->n = n;
}

struct mmt_moved *mmt_moved__of(const struct mmt_moved_set *s, mmt_u32 slot, size_t *n)
{
	size_t lo = 0, hi = s->n, mid;

	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (slot_of(&s->v[mid]) < slot)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (*n = 0; lo + *n < s->n && slot_of(&s->v[lo + *n]) == slot; ++*n)
		;
	return *n ? &s->v[lo] : NULL;
}

void mmt_moved__free(struct mmt_moved_set *s)
{
	free(s->v);
	*s = (struct mmt_moved_set){ 0 };
}
