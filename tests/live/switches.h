/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel itself has counted of a task's switches: the answer that ours is held to. */
#ifndef SWITCHES_H
#define SWITCHES_H

#include <stdint.h>
#include <sys/types.h>

struct kernel_switches { uint64_t nvcsw, nivcsw; };

/* Of the task now, from /proc; zeros when it is gone. */
struct kernel_switches kernel_switches(pid_t tid);
/* Voluntary switches of the caller's process so far. */
uint64_t own_nvcsw(void);
/*
 * Sleep until the kernel has counted n voluntary switches of ours: not n sleeps, for one whose timer fires before the
 * CPU is given away (a virtual CPU that was held up there) is no switch.
 */
void sleep_switches(unsigned int n);

#endif
