/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Events of perf by perf's names: what `perf stat -e` would take to count, as the kernel
 * wants it. Generic ones are in a table, those of PMUs are read from sysfs.
 */
#ifndef MMT_PERF_EVENTS_H
#define MMT_PERF_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpulist.h"

#define MMT_PERF_NAME 96
#define MMT_PERF_MAX 64 /* events of a list */

/* The default: what node memory was in, and what the CPUs did meanwhile. */
#define MMT_PERF_DEFAULT "{node-loads,node-load-misses},{node-stores,node-store-misses},{cycles,instructions}"

/* What the kernel counts it by. A PMU of which there are several, one a memory controller say, has a box for each. */
struct mmt_perf_box {
	uint32_t type;
	uint64_t config, config1, config2;
	bool some; /* it counts on these CPUs, not on all */
	struct mmt_cpuset cpus;
};

enum mmt_perf_kind { MMT_PERF_SOFT, MMT_PERF_CORE, MMT_PERF_PMU };

struct mmt_perf_event {
	char name[MMT_PERF_NAME]; /* the usual one, where there are several */
	enum mmt_perf_kind kind;
	unsigned int group;       /* those of a number are to be counted at the same time */
	bool no_user, no_kernel, no_hv, no_host, no_guest, no_idle, pinned;
	struct mmt_perf_box *boxes;
	size_t n_boxes;
	double scale;             /* of a unit, 0: it is a count */
	char unit[16];
};

struct mmt_perf_events {
	struct mmt_perf_event *v;
	size_t n;
	unsigned int n_groups;
};

struct mmt_perf_parse {
	const char *root; /* "", or a directory with a /sys of its own, for tests */
	/* " (did you mean 'that'?)" of some words in buf, or ""; may be NULL. */
	const char *(*hint)(char *buf, size_t size, const char *word, const char *const *words, size_t n);
	char why[256];    /* what is wrong, one line */
};

/*
 * "page-faults,{cycles,instructions},cache-misses:u,r1a8,cpu/event=0x3c,umask=1/": events separated
 * by commas or blanks. Braces group; loads and their misses, cycles and instructions are groups
 * without. 0, -EINVAL with p->why, -ENOMEM.
 */
int mmt_perf_events__parse(struct mmt_perf_parse *p, const char *list, struct mmt_perf_events *out);
void mmt_perf_events__free(struct mmt_perf_events *ev);

/* The i-th generic name and what counts it ("hardware", "software", "cache"); NULL after the last. */
const char *mmt_perf_events__name(unsigned int i, const char **kind, char *buf, size_t size);
/* fn for each event that the PMUs of this machine name themselves, until it returns other than 0. */
int mmt_perf_pmu__each(const char *root, int (*fn)(void *ctx, const char *pmu, const char *event), void *ctx);

/* Does the machine show the counters of its CPUs? */
bool mmt_perf_pmu__core(const char *root);

/* ------------------------------------------------ between the two files of the parser */

int mmt_perf__fail(struct mmt_perf_parse *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
const char *mmt_perf__hint(const struct mmt_perf_parse *p, char *buf, size_t size, const char *word, const char *const *words,
			   size_t n);
struct mmt_perf_box *mmt_perf__box(struct mmt_perf_event *e);
/* "pmu", "terms" of pmu/terms/ */
int mmt_perf_pmu__event(struct mmt_perf_parse *p, const char *pmu, const char *terms, struct mmt_perf_event *e);
/* A name that some PMU has as an event of its own. -ENOENT: none has. */
int mmt_perf_pmu__alias(struct mmt_perf_parse *p, const char *name, struct mmt_perf_event *e);
/* The box of an event of the CPUs; one for each kind of CPU where there are several. */
int mmt_perf_pmu__core_boxes(const char *root, struct mmt_perf_event *e, uint32_t type, uint64_t config);

#endif
