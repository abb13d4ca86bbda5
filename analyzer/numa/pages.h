/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages by task and node over the window of a model: where they were allocated and from
 * where, NUMA hint faults, what NUMA balancing did, what was migrated and why. By groups also
 * what numa/hops.h has.
 */
#ifndef MMT_NUMA_PAGES_H
#define MMT_NUMA_PAGES_H

#include "hops.h"

/* Columns of numa_totals that add up. */
enum {
	NP_LOCAL, NP_REMOTE, NP_HINT_LOCAL, NP_HINT_REMOTE, NP_HINT_PAGES, NP_MOVED, NP_SWAPPED, NP_STUCK, NP_LOCAL_N,
	NP_REMOTE_N, NP_PAGES_LOCAL, NP_PAGES_REMOTE, NP_N,
};

#define NUMA_NO_NODE UINT32_MAX

struct numa_use { /* of a task in a cgroup, on a node */
	uint64_t epoch, cgroup, v[NP_N];
	uint32_t node, next; /* of the same task, U64MAP_NONE: none */
};

struct numa_move { /* by a task in a cgroup, for a reason, between nodes */
	uint64_t epoch, cgroup, ok, failed;
	const char *reason;
	uint32_t from, to, next;
};

struct numa_pages {
	struct numa_use *use; size_t n_use, cap_use;
	struct numa_move *moves; size_t n_moves, cap_moves;
	struct u64map by_epoch, moves_by_epoch;
};

#define NUMA_PAGES_COLS (NP_N + 4)
#define NUMA_MOVES_COLS 8
extern const char *const numa_pages_cols[NUMA_PAGES_COLS], *const numa_moves_cols[NUMA_MOVES_COLS];
int numa_pages_row(struct model *m, const struct row *r);
int numa_moves_row(struct model *m, const struct row *r);
void numa_pages_forget(struct numa_pages *p);
void numa_pages_free(struct numa_pages *p);

bool numa_pages_recorded(const struct model *m);
/* Why a part of it ("numa.hint", "numa.hint.pages", "numa.migrate", "numa.migrate.nodes", "numa.balancing", "numa.tasks") is missing; NULL: it is there. */
const char *numa_pages_lack(const struct model *m, const char *part);

/*
 * Off-node share of hint faults in percent, of sums; where these are not counted, of the pages that they were on, as
 * far as is known of them. NaN: of nothing, or not known.
 */
double numa_hint_off(const struct model *m, const uint64_t v[NP_N]);
/* Are faults not counted, but the pages that they were on? */
bool numa_hint_by_pages(const struct model *m);

/* Percent or counts, the collector's own left out. -ENODATA where the trace does not say; NaN: a share of nothing. */
enum numa_pages_what {
	NUMA_PAGES, NUMA_PAGES_REMOTE, NUMA_PAGES_REMOTE_SHARE, NUMA_HINT_REMOTE_SHARE, NUMA_MIGRATED, NUMA_MIGRATED_BALANCING,
	NUMA_MIGRATED_COMPACTION, NUMA_MIGRATED_FAILED, NUMA_TASKS_MOVED, NUMA_TASKS_STUCK,
	NUMA_HINT_PAGES, NUMA_HINT_SPLIT, /* pages that hint faults were on; percent of them of which is known if off-node */
	NUMA_TASKS_CROSS, NUMA_TASKS_DISTANCE, NUMA_TASKS_WEIGHTED, /* migrations to another node */
};
int numa_pages_metric(const struct model *m, enum numa_pages_what what, double *value);

struct numa_pages_group {
	const struct model_task *task; /* NULL: tasks without counters of their own */
	uint64_t id;                   /* epoch, tgid, cgroup */
	uint32_t n_tasks;
	uint64_t v[NP_N];              /* over all nodes */
	uint64_t ok, failed, balanced; /* pages migrated; of ok, by NUMA balancing */
	struct numa_far far;           /* migrations of tasks to other nodes */
};
/* Most pages first. free() it. */
int numa_pages_group(const struct model *m, enum model_by by, bool collector, struct numa_pages_group **out, size_t *n);

#endif
