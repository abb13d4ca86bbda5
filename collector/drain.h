/* SPDX-License-Identifier: GPL-2.0-only */
/* Rings -> events of the trace file. */
#ifndef MMT_DRAIN_H
#define MMT_DRAIN_H

#include "probe.h"

struct mmt_drain_cpu {
	uint64_t tail;
	uint64_t last;   /* time of the last event, so that a stream never goes back */
	uint32_t cur;    /* tid on the CPU after the last switch seen; ~0: unknown */
	bool explicit;   /* the next switch must name its prev: first of a chunk */
};

struct mmt_drain {
	struct mmt_probe *bpf;
	struct mmt_writer *w;
	struct mmt_drain_cpu *cpu;
	uint64_t events, passes;
	uint64_t last_pass; /* trace clock */
	uint64_t stalled;   /* words thrown away because the collector was stopped too long to date them */
};

int mmt_drain__init(struct mmt_drain *d, struct mmt_probe *bpf, struct mmt_writer *w);
/* Take all that is in the rings. Returns -errno of the writer. */
int mmt_drain__all(struct mmt_drain *d);
/* Words waiting in the fullest ring, as a share of its size in 1/1024. */
unsigned int mmt_drain__fill(const struct mmt_drain *d);
/* A chunk has been sealed. */
void mmt_drain__sealed(struct mmt_drain *d);
void mmt_drain__free(struct mmt_drain *d);

#endif
