/* SPDX-License-Identifier: GPL-2.0-only */
/* Whose a slot was when a period began in it: slots are used again, and programs replaced. */
#ifndef MMT_OFFCPU_WHO_H
#define MMT_OFFCPU_WHO_H

#include <stdbool.h>
#include <stdint.h>

#include "../bpf/offcpu_shared.h"
#include "tasks.h"

struct offcpu_who;

struct offcpu_task {
	uint64_t epoch, leader; /* 0: not known */
	uint64_t before;        /* its program was another from this time on; UINT64_MAX: it is the one that runs */
};

int offcpu_who__open(const struct mmt_tasks *tasks, uint32_t n_slots, const struct mmt_off_slot *slots, struct offcpu_who **out);
void offcpu_who__close(struct offcpu_who *w);
/* The task of a slot and its generation; false: it is not known, as yet or any more. */
bool offcpu_who__is(const struct offcpu_who *w, uint32_t slot, uint32_t gen, struct offcpu_task *t);
/* A task has ended; the next in its slot begins with this generation. */
int offcpu_who__end(struct offcpu_who *w, const struct mmt_epoch *e, uint32_t next_gen, uint64_t now);
/* Those that ended so long ago that nothing of them can come. */
void offcpu_who__forget(struct offcpu_who *w, uint64_t now);

#endif
