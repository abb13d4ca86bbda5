/* SPDX-License-Identifier: GPL-2.0-only */
/* Page faults of the window of a model: totals by task, and what the samples say of places. */
#ifndef MMT_FAULTS_H
#define MMT_FAULTS_H

#include "load_row.h"
#include "model.h"
#include "rhist.h"

/* Columns of fault_totals that add up. */
enum {
	FT_MINOR, FT_MAJOR, FT_UR, FT_UW, FT_UX, FT_URP, FT_UWP, FT_UXP, FT_KR, FT_KW, FT_KRP, FT_KWP, FT_KADDR, FT_N,
};

#define FT_B(i) (1u << (i))
#define FT_USER (FT_B(FT_UR) | FT_B(FT_UW) | FT_B(FT_UX) | FT_B(FT_URP) | FT_B(FT_UWP) | FT_B(FT_UXP))
#define FT_KERNEL (FT_B(FT_KR) | FT_B(FT_KW) | FT_B(FT_KRP) | FT_B(FT_KWP))
#define FT_RAISED (FT_USER | FT_KERNEL) /* faults on kernel addresses apart */
#define FT_READ (FT_B(FT_UR) | FT_B(FT_URP) | FT_B(FT_KR) | FT_B(FT_KRP))
#define FT_WRITE (FT_B(FT_UW) | FT_B(FT_UWP) | FT_B(FT_KW) | FT_B(FT_KWP))
#define FT_EXEC (FT_B(FT_UX) | FT_B(FT_UXP))
#define FT_PROT (FT_B(FT_URP) | FT_B(FT_UWP) | FT_B(FT_UXP) | FT_B(FT_KRP) | FT_B(FT_KWP))

struct fault_sum { /* of a task in a cgroup */
	uint64_t epoch, cgroup, v[FT_N];
	uint32_t next; /* of the same task, U64MAP_NONE: none */
};

/* How long faults took, of all tasks but the collector's: [major][of a mapping with a file] */
struct fault_latency {
	uint64_t count, ns, max;
	struct rhist hist; /* count and max are in it, too */
};

struct faults {
	struct fault_sum *sums; size_t n_sums, cap_sums;
	struct u64map by_epoch; /* epoch -> its first sum */
	struct fault_latency latency[2][2];
};

/* For the loader: its columns, a row, and what to do when the window begins anew. */
#define FAULTS_COLS (FT_N + 3)
extern const char *const faults_cols[FAULTS_COLS];
int faults_row(struct model *m, const struct row *r);
#define FAULT_LATENCY_COLS 8
extern const char *const fault_latency_cols[FAULT_LATENCY_COLS];
int fault_latency_row(struct model *m, const struct row *r);
void faults_forget(struct faults *f);
void faults_free(struct faults *f);

/* Were they recorded at all; with their kinds? */
bool faults_recorded(const struct model *m, bool kinds);
uint64_t faults_sum(const uint64_t v[FT_N], unsigned int cols);
/* The sum of columns over all tasks but the collector's. -ENODATA where the trace does not say. */
int faults_total(const struct model *m, unsigned int cols, double *value);

struct fault_group {
	const struct model_task *task; /* NULL: tasks that had no place in the kernel's table */
	uint64_t id;                   /* epoch, tgid, cgroup */
	uint32_t n_tasks;
	uint64_t v[FT_N];
};
/* Most faults first. Groups are free()'d. */
int faults_group(const struct model *m, enum model_by by, bool collector, struct fault_group **out, size_t *n);

/* ---------------------------------------------------------------- samples */

#define FAULT_REGION_BITS 21 /* 2 MiB */

/* bits of the flags column of fault_sample */
enum { FAULT_PRESENT = 1, FAULT_WRITE = 2, FAULT_USER = 4, FAULT_EXEC = 8 };

struct fault_place { /* an instruction, or a region, of a process */
	const struct model_task *process;
	uint64_t addr;
	uint64_t time;     /* of one of the samples */
	bool user;         /* mode of the instruction */
	uint64_t samples;
	double faults;     /* that the samples stand for */
	double variance;   /* of that */
	uint64_t pages;    /* region: different pages among the samples */
};

struct fault_samples {
	struct fault_place *ips; size_t n_ips, cap_ips;
	struct fault_place *regions; size_t n_regions, cap_regions;
	struct u64map by_ip, by_region, pages;
	uint64_t samples;
	double faults, variance; /* of all */
};

/* Reads the samples of the window from the file again; places by faults, most first. */
int fault_samples_load(const struct model *m, bool collector, mmt_log_fn log, void *log_ctx, struct fault_samples *s);
void fault_samples_free(struct fault_samples *s);

#endif
