/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Hot spots: where a workload's faults, blocked time and CPU time come from, by call path.
 *
 * The rows of a trace that have stacks become cells: a weight on a path of frames, of a
 * task, in a segment. What a kind weighs in all, by the exact totals, stands beside the
 * sum of its cells, so that every view can say how much of it its paths explain.
 *
 *   hot_load()  -> struct hot   frames and paths, each once; cells by kind
 *   hot_rank()  -> rows by path, function, instruction, line, task ...   rank.h
 *   views: text and JSON, folded, speedscope, flame graph, difference of two arms
 *
 * Memory: 32 bytes a frame, 4 a frame of a path, 112 a cell; cells of one path, task,
 * segment and instruction are added up, so it grows with the number of different places,
 * not with the length of the recording.
 */
#ifndef MMT_HOT_H
#define MMT_HOT_H

#include <sys/types.h>

#include "../model.h"
#include "../symbols/sym_trace.h"

#define HOT_NONE UINT32_MAX

enum hot_kind {
	HOT_FAULT,   /* weight: page faults that the samples stand for; count: samples */
	HOT_BLOCKED, /* weight: ns off the CPU, not runnable; count: periods */
	HOT_PREEMPT, /* weight: ns off the CPU, runnable; count: periods */
	HOT_WAKER,   /* weight: ns that the woken were blocked; count: wakeups; path: the waker's */
	HOT_CPU,     /* weight: ns on the CPU; count: samples */
	HOT_KINDS,
};

/* Why a task was blocked, by the innermost kernel functions that tell; see reason.h. */
enum hot_reason {
	HOT_R_UNKNOWN,   /* the kernel's functions are not known */
	HOT_R_FUTEX, HOT_R_IO, HOT_R_SLEEP, HOT_R_FAULT, HOT_R_PIPE, HOT_R_SOCKET, HOT_R_POLL, HOT_R_WAIT, HOT_R_LOCK,
	HOT_R_RECLAIM, HOT_R_IPC, HOT_R_SIGNAL, HOT_R_VCPU, HOT_R_IDLE, HOT_R_PREEMPTED,
	HOT_R_OTHER,     /* they are known, and none tells */
	HOT_REASONS,
};

enum { HOT_KERNEL = 1, HOT_INLINED = 2, HOT_UNKNOWN = 4, HOT_PLT = 8, HOT_JIT = 16, HOT_NO_STACK = 32, HOT_INFERRED = 64 };

struct hot_frame { /* each once: the same function, file and line, and the same place where it has no name */
	const char *name;   /* what to call it: "memcpy", "[/lib/libfoo.so+0x1234]", "[0xffff...]", "[unknown: no stack]" */
	const char *module; /* path of the file, "[kernel]", name of the kernel's module; "" not known */
	const char *file;   /* source; NULL not known */
	uint32_t line;      /* 0 not known */
	uint32_t flags;     /* HOT_*; UNKNOWN: name is a place, no function; NO_STACK: and not even that;
			     INFERRED: the walk by frame pointers missed it, its caller's call names it; the line is where it begins */
};

enum {
	HOT_P_TRUNCATED = 1, /* deeper than was kept: outer callers are missing */
	HOT_P_NO_FRAMES = 2, /* the program seems to keep no frame pointers: callers may be missing */
	HOT_P_NO_USER = 4,   /* there is no stack of the program, though one was meant to be */
	HOT_P_NO_KERNEL = 8, /* likewise of the kernel */
};

struct hot_path { /* each once */
	const uint32_t *frame; /* leaf first: kernel, then user, inlined functions as frames of their own */
	uint32_t n;            /* never 0: what has no frame at all has one that says so */
	uint32_t n_kernel;     /* of these, in the kernel: the first */
	uint32_t flags;        /* HOT_P_*: what is missing of it */
};

struct hot_place { /* an instruction that faulted or ran, each once */
	const char *module; /* as of a frame */
	uint64_t offset;    /* in the file; an address where that is not known, and in the kernel */
	uint32_t frame;     /* innermost function there */
	uint32_t in;        /* bytes from where the function begins into which all is inlined; UINT32_MAX not known */
};

enum { HOT_C_INTERRUPT = 1 }; /* HOT_WAKER: an interrupt or the idle task: `task` is not known */

struct hot_cell {
	uint32_t path;
	uint32_t task;      /* index into model->tasks; HOT_NONE not known */
	uint64_t segment;
	uint64_t cgroup;    /* the task's last */
	double weight;
	double variance;    /* of weight, by sampling; 0 where it is exact */
	uint64_t count;
	uint64_t max;       /* ns, of a single period; 0 where there is no such thing */
	uint32_t reason;    /* enum hot_reason, of HOT_BLOCKED and HOT_PREEMPT */
	uint32_t other;     /* HOT_WAKER: path where the woken had blocked; else HOT_NONE */
	uint32_t other_task; /* HOT_WAKER: who was woken; `task` is the waker */
	uint32_t place;     /* HOT_FAULT, HOT_CPU: the instruction; else HOT_NONE */
	uint32_t flags;     /* HOT_C_* */
	double delay;       /* HOT_WAKER: ns from wakeup to running; `max` is its longest */
};

struct hot_cells {
	bool recorded;      /* the trace has this kind at all, be it without rows in the window */
	struct hot_cell *cell; size_t n, cap;
	double weight;      /* sum over cells */
	double variance;    /* of weight */
	double total;       /* what the exact totals say of the same tasks and window; NaN: not known */
	double unnamed;     /* of weight: user tasks' without a user frame known by name, others' without any name */
	uint64_t count;     /* sum over cells */
	uint64_t samples, without_user; /* rows that were read; of these, such as `unnamed` counts */
};

struct hot_opts {
	bool collector;          /* its own tasks too */
	bool kernel_only;        /* paths of blocked time end where the kernel was entered: no names of programs needed */
	unsigned int kinds;      /* bits 1 << enum hot_kind; 0: all */
	/* filters, all of which a task must pass (of HOT_WAKER: the woken); 0 or NULL: any */
	const pid_t *tgids; size_t n_tgids;
	const pid_t *tids; size_t n_tids;
	const char *comm;        /* patterns, see pattern.h */
	const char *cgroup;      /* patterns of its path, or of a cgroup above */
	uint64_t from, to;       /* trace clock, from <= time < to; rows of sums are where they end. to 0: open */
	const struct symbols_opts *symbols;
	mmt_log_fn log;
	void *log_ctx;
};

struct hot {
	const struct model *m;
	struct sym_trace *sym;
	struct hot_frame *frame; size_t n_frames, cap_frames;
	struct hot_path *path; size_t n_paths, cap_paths;
	struct hot_place *place; size_t n_places, cap_places;
	struct hot_cells kind[HOT_KINDS];
	struct hot_int *priv;    /* tables to find frames and paths by, strings */
};

/* Which kinds a trace has, as bits 1 << enum hot_kind; kinds whose rows have no stacks are not there. */
unsigned int hot_recorded(const struct model *m);
/* The window is the model's. -ENODATA after a message when the trace has no stacks of any kind asked for. */
int hot_load(const struct model *m, const struct hot_opts *o, struct hot **out);
void hot_free(struct hot *h);
/* Does it pass the filters? t NULL: what is of no known task. */
bool hot_task_wanted(const struct model *m, const struct hot_opts *o, const struct model_task *t);

const char *hot_kind_name(enum hot_kind k);     /* "faults", "blocked", "preempted", "wakers", "cpu" */
const char *hot_kind_unit(enum hot_kind k);     /* "count" or "ns" */
const char *hot_reason_name(enum hot_reason r); /* "futex", "I/O", "page fault", ... */
const char *hot_reason_id(enum hot_reason r);   /* for machines: "futex", "io", "fault", ... */

#endif
