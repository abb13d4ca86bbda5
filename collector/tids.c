// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tids.h"

#define HEADS 8192u
#define SLACK_NS 1000000ULL   /* between the clock of a sample and that of a last switch */
#define TIDY_NS 1000000000ULL /* between two looks for those that ended long ago */

/* A thread number that a task has, or had: by exec a task can take its leader's. */
struct holder {
	struct mmt_tid who;
	uint32_t slot;
	uint32_t next; /* of the same head; index + 1, 0 ends */
};

struct mmt_tids {
	const struct mmt_tasks *tasks;
	struct holder *v;
	uint32_t n, size;
	uint32_t head[HEADS]; /* index + 1 */
	uint32_t *of_slot;    /* of what lives: index + 1 */
	uint64_t n_epochs, n_execs, tidied;
};

int mmt_tids__open(const struct mmt_tasks *tasks, struct mmt_tids **out)
{
	struct mmt_tids *t = calloc(1, sizeof(*t));

	if (t)
		t->of_slot = calloc(tasks->bpf->cfg.n_slots, sizeof(*t->of_slot));
	if (!t || !t->of_slot) {
		free(t);
		return -ENOMEM;
	}
	t->tasks = tasks;
	*out = t;
	return 0;
}

void mmt_tids__close(struct mmt_tids *t)
{
	if (!t)
		return;
	free(t->v);
	free(t->of_slot);
	free(t);
}

static bool wanted(const struct mmt_tids *t, uint32_t slot)
{
	const struct mmt_probe *b = t->tasks->bpf;

	return !b->cfg.filter || b->slots[slot].flags & MMT_SF_WANT;
}

static void hang(struct mmt_tids *t, uint32_t i)
{
	uint32_t *head = &t->head[t->v[i].who.tid % HEADS];

	t->v[i].next = *head;
	*head = i + 1;
	if (t->v[i].who.last == UINT64_MAX)
		t->of_slot[t->v[i].slot] = i + 1;
}

static int add(struct mmt_tids *t, const struct mmt_epoch *e)
{
	if (t->n == t->size) {
		uint32_t size = t->size ? t->size * 2 : 1024;
		struct holder *v = reallocarray(t->v, size, sizeof(*v));

		if (!v)
			return -ENOMEM;
		t->v = v;
		t->size = size;
	}
	t->v[t->n] = (struct holder){
		.who = { .epoch = e->id, .last = UINT64_MAX, .tid = e->tid, .tgid = e->tgid }, .slot = e->slot,
	};
	hang(t, t->n++);
	return 0;
}

static void over(struct mmt_tids *t, struct holder *h, uint64_t last)
{
	h->who.last = last;
	h->who.want = wanted(t, h->slot);
	t->of_slot[h->slot] = 0;
}

static void tidy(struct mmt_tids *t, uint64_t now)
{
	uint32_t i, n = 0;

	if (now < t->tidied + TIDY_NS)
		return;
	t->tidied = now;
	memset(t->head, 0, sizeof(t->head));
	for (i = 0; i < t->n; i++) {
		if (t->v[i].who.last != UINT64_MAX && t->v[i].who.last + MMT_TIDS_PAST_NS < now)
			continue;
		t->v[n] = t->v[i];
		hang(t, n++);
	}
	t->n = n;
}

int mmt_tids__look(struct mmt_tids *t, uint64_t now)
{
	const struct mmt_tasks *tasks = t->tasks;
	size_t i;
	int err = 0;

	tidy(t, now);
	if (tasks->n_epochs == t->n_epochs && tasks->n_execs == t->n_execs)
		return 0;
	for (i = 0; i < tasks->n_live && !err; i++) {
		const struct mmt_epoch *e = tasks->live[i];
		uint32_t at = t->of_slot[e->slot];

		if (at && t->v[at - 1].who.tid == e->tid)
			continue;
		if (at)
			over(t, &t->v[at - 1], e->exec ? e->exec : now);
		err = add(t, e);
	}
	t->n_epochs = tasks->n_epochs;
	t->n_execs = tasks->n_execs;
	return err;
}

int mmt_tids__end(struct mmt_tids *t, const struct mmt_epoch *e)
{
	int err = t->of_slot[e->slot] ? 0 : add(t, e); /* its whole life between two looks */

	if (!err)
		over(t, &t->v[t->of_slot[e->slot] - 1], e->last);
	return err;
}

bool mmt_tids__find(const struct mmt_tids *t, uint32_t tid, uint64_t time, struct mmt_tid *out)
{
	const struct holder *best = NULL;
	uint32_t i;

	/* of those that had it and had not ended yet, the first to end */
	for (i = t->head[tid % HEADS]; i; i = t->v[i - 1].next) {
		const struct holder *h = &t->v[i - 1];

		if (h->who.tid == tid && (h->who.last == UINT64_MAX || time <= h->who.last + SLACK_NS) &&
		    (!best || h->who.last < best->who.last))
			best = h;
	}
	if (!best)
		return false;
	*out = best->who;
	if (best->who.last == UINT64_MAX)
		out->want = wanted(t, best->slot);
	return true;
}
