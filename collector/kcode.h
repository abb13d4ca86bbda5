/* SPDX-License-Identifier: GPL-2.0-only */
/* Where in the kernel certain code is: that by which interrupts enter, a function. */
#ifndef MMT_KCODE_H
#define MMT_KCODE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Ranges of it, [start, start + len), into arrays of `max`; how many, 0 where the kernel hides
 * its addresses. path NULL: /proc/kallsyms.
 */
uint32_t mmt_irq_code(const char *path, uint64_t *start, uint64_t *len, uint32_t max);
/* Likewise the code of one function; false: not known. */
bool mmt_code_of(const char *path, const char *function, uint64_t *start, uint64_t *len);

#endif
