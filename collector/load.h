/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How many tasks are runnable on each CPU (running, or waiting in its run queue), read in
 * the kernel when asked; without the task that asks, and without tasks that sleep but are
 * still queued. One reading is one system call.
 */
#ifndef MMT_LOAD_H
#define MMT_LOAD_H

#include <stddef.h>
#include <stdint.h>

#include "../bpf/load_shared.h"

struct mmt_load;

/* On failure why says it. */
int mmt_load__open(unsigned int n_cpus, struct mmt_load **out, char *why, size_t size);
/* Tasks by CPU, MMT_LOAD_UNKNOWN where a CPU was never online; valid until the next reading. */
int mmt_load__read(struct mmt_load *l, const uint64_t **tasks);
uint64_t mmt_load__map_bytes(const struct mmt_load *l);
void mmt_load__close(struct mmt_load *l);

#endif
