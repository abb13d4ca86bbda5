/* SPDX-License-Identifier: GPL-2.0-only */
/* Our totals against the kernel's own counters, read beside them at every mark. */
#ifndef MMT_VERIFY_H
#define MMT_VERIFY_H

#include <stdbool.h>

#include "model.h"
#include "table.h"

#define VERIFY_MAX 48
#define VERIFY_NOTES 4

struct verify_row {
	const char *what, *source, *unit; /* unit: "count" or "ns" */
	uint64_t ours, kernel;
	uint64_t compared;     /* tasks in the sums; 0: the machine */
	uint64_t worst;        /* largest difference of one task, or VM */
	const char *worst_task;
	bool vms;              /* compared and worst are of virtual machines */
	const char *edge;      /* why they need not be equal */
};

struct verify {
	struct verify_row row[VERIFY_MAX];
	size_t n;
	char note[VERIFY_NOTES][256]; /* what could not be compared, and why */
	size_t n_notes;
};

/* A row for others to fill in; NULL: there is no room. The texts stay the caller's. */
struct verify_row *verify_add(struct verify *v, const char *what, const char *source, const char *unit, const char *edge);
/* What could not be compared, and why. */
void verify_note(struct verify *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int verify_model(const struct model *m, struct verify *v);
/* The one line of every report: "" when there is nothing to compare with. */
void verify_line(const struct verify *v, char *buf, size_t size);
struct table *verify_table(const struct verify *v);

#endif
