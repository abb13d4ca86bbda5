/* SPDX-License-Identifier: GPL-2.0-only */
/* System calls of the window of a model: sums by call and task, latency by call. */
#ifndef MMT_SYSCALLS_H
#define MMT_SYSCALLS_H

#include "load_row.h"
#include "model.h"

/* Columns of syscall_totals that add up. */
enum { SC_COUNT, SC_ERRORS, SC_RESTARTS, SC_UNTIMED, SC_TIME_NS, SC_BYTES, SC_OPEN, SC_OPEN_NS, SC_N };

/* A call, or a part of its calls: class is then not empty. */
struct syscall_kind {
	bool compat;
	uint64_t nr;
	const char *name, *class; /* name: "" where the recording machine did not know it */
	struct rhist hist;        /* of all tasks but the collector's; not of classes */
};

struct syscall_sum { /* of a task */
	uint32_t kind;
	uint64_t epoch, v[SC_N], max_ns;
	uint64_t open_time; /* of SC_OPEN */
};

struct syscalls {
	struct syscall_kind *kinds; size_t n_kinds, cap_kinds;
	struct syscall_sum *sums; size_t n_sums, cap_sums;
	struct u64map map;          /* epoch and kind -> sum */
	uint64_t last;              /* time of the last row */
};

#define SYSCALLS_MAX_KINDS 4096

/* For the loader: its columns, a row that lies in the window, and what to do when the window begins anew. */
#define SYSCALLS_COLS 17
extern const char *const syscalls_cols[SYSCALLS_COLS];
int syscalls_row(struct model *m, const struct row *r);
void syscalls_forget(struct syscalls *s);
void syscalls_free(struct syscalls *s);

/* Calls in progress at the end of the window; those of earlier marks have returned or are counted again. */
bool syscalls_open(const struct syscalls *s, const struct syscall_sum *sum);
/* "getpid", "getpid (32-bit)", "call 511". */
const char *syscalls_name(const struct syscall_kind *k, char *buf, size_t size);
/*
 * A column over all tasks but the collector's. name NULL: all calls; class NULL: whole calls.
 * -ENODATA where the trace has no system calls.
 */
int syscalls_total(const struct model *m, const char *name, const char *class, unsigned int col, double *value);

#endif
