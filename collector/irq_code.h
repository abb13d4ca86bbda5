/* SPDX-License-Identifier: GPL-2.0-only */
/* The code by which interrupts enter the kernel. */
#ifndef MMT_IRQ_CODE_H
#define MMT_IRQ_CODE_H

#include <stdint.h>

/*
 * Ranges of it, [start, start + len), into arrays of `max`; how many, 0 where the kernel hides
 * its addresses. path NULL: /proc/kallsyms.
 */
uint32_t mmt_irq_code(const char *path, uint64_t *start, uint64_t *len, uint32_t max);

#endif
