/* SPDX-License-Identifier: GPL-2.0-only */
/* Symbols of the kernel, of the addresses in the trace only: rows of table `ksym`. */
#ifndef MMT_KSYMS_H
#define MMT_KSYMS_H

#include <stddef.h>
#include <stdint.h>

#include "log.h"

/*
 * One pass over kallsyms for n addresses (sorted in place). Returns the number of rows;
 * -EPERM, after a message, where the kernel hides its addresses. path NULL: /proc/kallsyms.
 */
int mmt_ksyms__write(struct mmt_writer *w, uint64_t *address, size_t n, const char *path, const struct mmt_log *log);

#endif
