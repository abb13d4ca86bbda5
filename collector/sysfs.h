/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading small files of /proc and /sys. */
#ifndef MMT_SYSFS_H
#define MMT_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whole file into buf, always terminated; length or -errno. */
ssize_t mmt_read_file(const char *path, char *buf, size_t size);
/* First number of a file, or -errno. */
int mmt_read_u64(const char *path, uint64_t *v);
/* First number of a list such as "0-3,8", or -errno: the lowest CPU of a mask file. */
int mmt_read_first(const char *path, unsigned int *v);
/* Digits only: the names of processes and descriptors in /proc. */
bool mmt_is_number(const char *s);

#endif
