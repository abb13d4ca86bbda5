/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a trace's tables say, in memory: facts, marks, tasks by epoch and the totals of
 * one window of it. Nothing here depends on the machine it is read on.
 *
 * Memory: about 200 bytes a task epoch and 300 a (task, cgroup) that did something in
 * the window; its two histograms take 8 bytes a bucket in use while there are few, then
 * 256 an octave (17 KB at the very most); 48 bytes a counter sample. Groups made from it
 * take as much again. It does not grow with the number of intervals or events.
 */
#ifndef MMT_MODEL_H
#define MMT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../libmmtrace/mmtrace.h"
#include "rhist.h"
#include "u64map.h"

/* Columns of task_totals that add up. */
enum {
	MT_NVCSW, MT_NIVCSW, MT_WAKEUPS, MT_MIG_SMT, MT_MIG_LLC, MT_MIG_NODE, MT_MIG_CROSS,
	MT_RUN_NS, MT_WAIT_N, MT_WAIT_NS, MT_OFF_N, MT_OFF_NS, MT_N,
};

/* Columns of cpu_totals. */
enum {
	MC_SWITCHES, MC_IDLE_SWITCHES, MC_NVCSW, MC_NIVCSW, MC_WAKEUPS, MC_MIG_SMT, MC_MIG_LLC, MC_MIG_NODE,
	MC_MIG_CROSS, MC_BUSY_NS, MC_IDLE_NS, MC_SEEN_SWITCH, MC_SEEN_WAKEUP, MC_SEEN_MIGRATE, MC_LOST_SWITCH,
	MC_LOST_WAKEUP, MC_LOST_MIGRATE, MC_SHED_WAKEUP, MC_UNSEEN, MC_N,
};

/* Columns of footprint. */
enum {
	MF_USER_NS, MF_SYS_NS, MF_RSS_KB, MF_MAXRSS_KB, MF_MAP_KB, MF_MINFLT, MF_MAJFLT, MF_NVCSW, MF_NIVCSW,
	MF_MIGRATIONS, MF_DRAINS, MF_EVENTS, MF_BYTES, MF_N,
};

/* A column that the file's schema does not have is not available: its bit here is 0. */
#define MODEL_HAS(mask, i) (((mask) >> (i)) & 1u)

enum model_mark_kind { MARK_START, MARK_END, MARK_ITER_START, MARK_ITER_END, MARK_PHASE, MARK_USER };

struct model_mark {
	uint64_t seq, time;
	uint32_t kind;
	bool selected; /* the segment that it begins belongs to the window */
	const char *name, *arg;
};

enum {
	TASK_KTHREAD = 1, TASK_INCOMPLETE = 2, TASK_COLLECTOR = 4,
	TASK_PICKED = 8, /* not of the file: see model.picked */
};

struct model_task {
	uint64_t epoch, start, first, last, exit_code, cgroup;
	uint64_t k_nvcsw, k_nivcsw, k_run_ns, k_migrations;
	uint32_t tid, tgid, ppid, flags;
	bool known;        /* its task row was read */
	uint32_t leader;   /* task that stands for its process */
	uint32_t totals;   /* first of its totals, U64MAP_NONE: none */
	const char *comm;
};

struct model_totals { /* of a task in a cgroup, over the window */
	uint32_t task, next;
	uint64_t cgroup;
	uint64_t v[MT_N];
	struct rhist wait, off;
	uint64_t *place;
	uint32_t n_place;
};

struct model_cpu {
	uint32_t cpu, core, llc, node, package;
	bool in_topology, online, ran;
	uint64_t v[MC_N];
	struct { uint64_t samples, running, max, busy; } load; /* sums of cpu_load; see nodes/nodes.h */
};

struct model_node {
	uint32_t node;
	uint64_t mem_kb;
	uint32_t n_distance;
	uint64_t *distance;
};

struct model_cgroup { uint64_t id; const char *path; };
struct model_meta { const char *key, *value; };
struct model_clock { uint64_t time, mono, boot, real, error; };
struct model_note { uint64_t time; uint32_t level; const char *text; };
struct model_sample { uint32_t source, name; uint64_t segment, time, value; int64_t scope; };
struct model_footprint { uint64_t time, segment, v[MF_N]; };

struct model_segment { /* machine totals, for tables by segment */
	uint64_t seq, first, last, rows;
	uint64_t v[MT_N];
	uint64_t cpu[MC_N];
};

enum model_window {
	WINDOW_AUTO,      /* the iteration where there is one, else everything */
	WINDOW_ALL,
	WINDOW_ITERATION,
	WINDOW_SEGMENT,   /* by number */
	WINDOW_NAME,      /* segments that begin at marks of this name */
};

struct model_opts {
	enum model_window window;
	uint64_t segment;
	const char *name;
	mmt_log_fn log;
	void *log_ctx;
};

struct counters;
struct syscalls;
struct faults;
struct kvm;
struct numa;
struct numa_pages;
struct numa_hops;
struct vms;

struct model {
	const char *path;
	struct mmt_status status;
	unsigned int time_shift;
	struct model_meta *meta; size_t n_meta;
	struct model_mark *marks; size_t n_marks;  /* by seq */
	struct model_clock *clocks; size_t n_clocks;
	struct model_cpu *cpus; size_t n_cpus;     /* by number */
	struct model_node *nodes; size_t n_nodes;
	struct model_task *tasks; size_t n_tasks;
	struct model_totals *totals; size_t n_totals;
	struct model_cgroup *cgroups; size_t n_cgroups;
	struct model_note *notes; size_t n_notes;
	struct model_sample *samples; size_t n_samples;
	struct model_footprint *footprint; size_t n_footprint;
	struct model_segment *segments; size_t n_segments;
	const char **names; size_t n_names;        /* interned: sources and names of counters */
	struct syscalls *syscalls; /* NULL: the trace says nothing of them; see syscalls.h */
	struct faults *faults; /* NULL: no task faulted, or the trace says nothing of it; see faults.h */
	struct kvm *kvm; /* NULL: no virtual CPUs in the trace; see kvm/kvm.h */
	struct counters *counters; /* NULL: none in the trace; see counters/counters.h */
	struct numa *numa; /* NULL: no placement in the trace; see numa/numa.h */
	struct numa_pages *numa_pages; /* NULL: nothing, or not recorded; see numa/pages.h */
	struct numa_hops *numa_hops;   /* likewise; see numa/hops.h */
	struct vms *vms; /* NULL: no virtual machine in the trace; see vms/vms.h */
	struct u64map by_epoch, by_cgroup, by_cpu;
	uint32_t task_has, cpu_has, foot_has, hist_has; /* columns in the file; hist: bit 0 wait, bit 1 off, bit 2 place */
	bool have_task_totals, have_cpu_totals, placed; /* placed: placement was recorded */
	uint64_t tables; /* that have rows, in the window or not: bit id - MMT_TB_META, see model_has_rows() */
	enum model_window window; /* what AUTO became */
	uint64_t t0, t1;          /* first and last instant of the window */
	uint64_t duration;        /* of its segments */
	const char *picked;       /* words for the tasks that are asked for, which are TASK_PICKED; NULL: all are */
	bool open_end;            /* no mark ends it: the recording was cut short */
	struct arena *mem;
};

/* -EPROTO no trace, -ENOTSUP other major, -ENOENT no such window, or as errno says. */
int model_load(const char *path, const struct model_opts *opts, struct model **out);
void model_free(struct model *m);

const char *model_meta(const struct model *m, const char *key); /* NULL when absent */
const struct model_task *model_task(const struct model *m, uint64_t epoch);
const char *model_cgroup_path(const struct model *m, uint64_t id);
bool model_has_rows(const struct model *m, unsigned int table);
/* Segment seq lies in the window. */
bool model_selected(const struct model *m, uint64_t seq);
/* A key for names that are the same. */
uint64_t model_name_hash(const char *s);
/* Is nothing of it to be shown or counted? t NULL: a task that the trace does not know, or tasks without a place of their own. */
static inline bool model_hides(const struct model *m, const struct model_task *t, bool collector)
{
	return (m->picked && !(t && t->flags & TASK_PICKED)) || (t && t->flags & TASK_COLLECTOR && !collector);
}
/* Text for people: "iteration", "mark load", ... */
const char *model_window_name(const struct model *m, char *buf, size_t size);

/* Does the window begin (+1) or end (-1) at mark seq? 0: neither. */
int model_edge(const struct model *m, uint64_t seq);
/*
 * What a kernel counter did over the window; MODEL_ALL_SCOPES sums over them. -ENODATA
 * when it was not read at both ends of the window.
 */
#define MODEL_ALL_SCOPES INT64_MIN
int model_counter(const struct model *m, const char *source, const char *name, int64_t scope, uint64_t *value);
/* Footprint over the window by subtraction of cumulative rows; false where there is none. */
bool model_footprint(const struct model *m, uint64_t v[MF_N]);

/* A row of task_totals or cpu_totals that belongs to the window, for what the model does not keep: times. */
struct model_row {
	bool cpu;
	uint64_t time, segment;
	uint64_t id;       /* epoch, or number of the CPU */
	uint64_t cgroup;   /* of tasks */
	const uint64_t *v; /* MT_N or MC_N of them; 0 where the file has no such column */
};
typedef int (*model_row_fn)(void *ctx, const struct model_row *row);

/* Reads them again, in the file's order, until fn returns other than 0, which is returned. */
int model_scan(const struct model *m, mmt_log_fn log, void *log_ctx, model_row_fn fn, void *ctx);

/* Totals added up by something. */
enum model_by { BY_TASK, BY_PROCESS, BY_COMM, BY_CGROUP, BY_MACHINE };

struct model_group {
	const struct model_task *task; /* by task; by process its leader, or any thread */
	uint64_t id;                   /* epoch, tgid, cgroup */
	uint32_t n_tasks;
	uint64_t v[MT_N];
	struct rhist wait, off;
};

/* The collector's own tasks are left out unless `collector`. */
int model_group(const struct model *m, enum model_by by, bool collector, struct model_group **out, size_t *n);
void model_groups_free(struct model_group *g, size_t n);

static inline uint64_t model_migrations(const uint64_t v[MT_N])
{
	return v[MT_MIG_SMT] + v[MT_MIG_LLC] + v[MT_MIG_NODE] + v[MT_MIG_CROSS];
}

/*
 * Run-queue latency of all tasks but the collector, ns, within the window: a wait counts wholly
 * where it ends, but no task waits longer than the window less what it ran.
 */
double model_waited(const struct model *m);
/* Sum of a cpu_totals column over CPUs. */
uint64_t model_cpu_sum(const struct model *m, unsigned int col);

#endif
