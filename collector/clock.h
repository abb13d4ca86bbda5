/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_CLOCK_H
#define MMT_CLOCK_H

#include <stdint.h>
#include <time.h>

/* A clock now, ns. */
static inline uint64_t mmt_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static inline uint64_t mmt_mono_ns(void)
{
	return mmt_clock(CLOCK_MONOTONIC);
}

/* CPU time that the calling thread has used. */
static inline uint64_t mmt_used_ns(void)
{
	return mmt_clock(CLOCK_THREAD_CPUTIME_ID);
}

#endif
