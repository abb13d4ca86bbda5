// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "offcpu_who.h"

#define KEEP_NS 10000000000ULL /* a task may wait so long for the CPU after the one that woke it has ended */

/* A task that has ended, in generations [first, end) of its slot. */
struct past {
	struct past *of_slot; /* the one before it in the slot */
	struct past *newer;   /* the next to end */
	uint32_t slot, first, last, end;
	uint64_t ended, exec;
	struct offcpu_task task;
};

struct offcpu_who {
	const struct mmt_tasks *tasks;
	const struct mmt_off_slot *slots;
	uint32_t n_slots;
	uint32_t *first;      /* by slot: generation with which its task began */
	struct past **past;   /* by slot, the newest first */
	struct past *oldest, *newest;
};

int offcpu_who__open(const struct mmt_tasks *tasks, uint32_t n_slots, const struct mmt_off_slot *slots, struct offcpu_who **out)
{
	struct offcpu_who *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->tasks = tasks;
	w->slots = slots;
	w->n_slots = n_slots;
	w->first = calloc(n_slots, sizeof(*w->first));
	w->past = calloc(n_slots, sizeof(*w->past));
	if (!w->first || !w->past) {
		offcpu_who__close(w);
		return -ENOMEM;
	}
	*out = w;
	return 0;
}

static void forget_oldest(struct offcpu_who *w)
{
	struct past *p = w->oldest, **at = &w->past[p->slot];

	while (*at != p)
		at = &(*at)->of_slot;
	*at = NULL; /* it was the slot's first */
	w->oldest = p->newer;
	if (!w->oldest)
		w->newest = NULL;
	free(p);
}

void offcpu_who__close(struct offcpu_who *w)
{
	if (!w)
		return;
	while (w->oldest)
		forget_oldest(w);
	free(w->first);
	free(w->past);
	free(w);
}

void offcpu_who__forget(struct offcpu_who *w, uint64_t now)
{
	while (w->oldest && w->oldest->ended + KEEP_NS < now)
		forget_oldest(w);
}

/* Of a generation before the last exec, the program's mappings are those of before it. */
static uint64_t before(uint32_t gen, uint32_t last, uint64_t exec)
{
	return gen != last && exec ? exec - 1 : UINT64_MAX;
}

bool offcpu_who__is(const struct offcpu_who *w, uint32_t slot, uint32_t gen, struct offcpu_task *t)
{
	const struct past *p;

	*t = (struct offcpu_task){ .before = UINT64_MAX };
	if (!slot || slot >= w->n_slots)
		return false;
	if ((int32_t)(gen - w->first[slot]) >= 0) {
		const struct mmt_epoch *e = w->tasks->by_slot[slot];

		if (!e)
			return false;
		t->epoch = e->id;
		t->leader = mmt_tasks__leader(w->tasks, e);
		t->before = before(gen, *(const volatile mmt_u32 *)&w->slots[slot].gen, e->exec);
		return true;
	}
	for (p = w->past[slot]; p; p = p->of_slot) {
		if ((int32_t)(gen - p->first) < 0 || (int32_t)(gen - p->end) >= 0)
			continue;
		*t = p->task;
		t->before = before(gen, p->last, p->exec);
		return true;
	}
	return false;
}

int offcpu_who__end(struct offcpu_who *w, const struct mmt_epoch *e, uint32_t next_gen, uint64_t now)
{
	struct past *p = calloc(1, sizeof(*p));

	if (p) {
		p->slot = e->slot;
		p->first = w->first[e->slot];
		p->last = next_gen - 1;
		p->end = next_gen;
		p->ended = now;
		p->exec = e->exec;
		p->task.epoch = e->id;
		p->task.leader = mmt_tasks__leader(w->tasks, e);
		p->of_slot = w->past[e->slot];
		w->past[e->slot] = p;
		if (w->newest)
			w->newest->newer = p;
		else
			w->oldest = p;
		w->newest = p;
	}
	w->first[e->slot] = next_gen;
	return p ? 0 : -ENOMEM;
}
