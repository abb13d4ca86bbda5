/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Families of kernel events that are recorded only when asked for (-e). Each has BPF
 * objects of its own, which share the scheduler family's maps, so that a task has the
 * same slot in all of them; see mmt_family__load().
 *
 * A task that is given up (it died) has its slot zeroed and handed to another: what a
 * family keeps by slot is written and cleared in task_end, which comes just before.
 */
#ifndef MMT_FAMILY_H
#define MMT_FAMILY_H

#include "log.h"
#include "probe.h"
#include "tasks.h"
#include "topology.h"

#define MMT_MAX_FAMILIES 16
#define MMT_FAMILY_PROGS 16

struct bpf_object;
struct bpf_link;
struct mmt_maps;
struct mmt_stackmap;
struct mmt_stacks;
struct mmt_vm_watch;
struct mmt_family;
struct mmt_session_opts;

/* An open family: what it may use, and what it keeps. All functions return 0 or a negative errno. */
struct mmt_family_ctx {
	const struct mmt_family *family;
	struct mmt_probe *probe;   /* slots, configuration (filters), trace clock */
	struct mmt_tasks *tasks;   /* by_slot: the epoch of a slot */
	const struct mmt_topology *topo;
	const struct mmt_log *log;
	struct mmt_writer *w;      /* set before attach */
	struct mmt_stackmap *stackmap; /* of the session, for every object that has a map `stacks` */
	bool wants_stacks;         /* open may set it; mmt_family__load() does, for such an object */
	struct mmt_stacks *stacks; /* of the session, set before attach where some family wants it; else NULL */
	unsigned int which;        /* all that were asked for */
	uint64_t segment;          /* of rows written now */
	bool mark;                 /* the flush that runs is that of a mark */
	unsigned int freq;         /* samples a second, for families that sample by time; 0: their default */
	const struct mmt_session_opts *opts; /* during open only */
	/* Is this virtual machine to be recorded? NULL: the filters do not go by that. */
	bool (*vm_wanted)(void *ctx, const char *name);
	void *vm_ctx;
	struct mmt_vm_watch *vms;  /* of the vm family, set before attach where that is recorded; else NULL */
	bool totals_only;          /* a live session: no samples, nothing that costs at every event beyond the counts */
	uint64_t map_bytes;        /* kernel memory of its maps, for the footprint */
	struct bpf_object *obj;    /* of mmt_family__load() */
	struct bpf_link *links[MMT_FAMILY_PROGS];
	char why[160];             /* open: why it is not available here */
	bool later;                /* open: it may become so while recording, and says so then */
	void *priv;
};

struct mmt_family_ops {
	/* Load; fails with ctx->why said. */
	int (*open)(struct mmt_family_ctx *ctx);
	/* NULL: all programs that were loaded. */
	int (*attach)(struct mmt_family_ctx *ctx);
	/* Often (10 to 100 ms): take what is in rings. */
	int (*pass)(struct mmt_family_ctx *ctx);
	/* The tasks' totals have just been read for a full flush, which follows: what comes from now on is of the next. */
	void (*cut)(struct mmt_family_ctx *ctx);
	/*
	 * Rows of what was added since the last time, as of `now` of the trace clock. At every
	 * seal (200 ms); full: at marks and every --interval, when the dear parts are due.
	 */
	int (*flush)(struct mmt_family_ctx *ctx, uint64_t now, bool full);
	/* After the flush of a mark: ctx->segment is the new one, maxima start anew. */
	void (*segment)(struct mmt_family_ctx *ctx);
	/* The last rows of a task; whatever is kept for e->slot is to be cleared. */
	int (*task_end)(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, uint64_t now);
	/* A task was seen for the first time, executed a program, has another name or cgroup, its row is written; or is cut. */
	int (*task_news)(struct mmt_family_ctx *ctx, const struct mmt_epoch *e, enum mmt_task_news what);
	/* What went short, said once at the end: buf gets one line, "" for nothing. */
	void (*note)(struct mmt_family_ctx *ctx, char *buf, size_t size);
	/* NULL: mmt_family__detach(). */
	void (*detach)(struct mmt_family_ctx *ctx);
	/* Free priv; object and links are closed by the caller. Also after an open that failed. */
	void (*close)(struct mmt_family_ctx *ctx);
};

struct mmt_family {
	const char *name, *summary;
	const char *fact; /* key in the meta table: "yes", or why it is not available; NULL: none */
	const struct mmt_family_ops *ops;
	const struct mmt_family *beside; /* asked for too when this one is */
	const struct mmt_family *part_of; /* no family of its own, but more of that one, which see mmt_family__asked() */
};

/* All families, but for sched, which is always there; ends with NULL. Bit i of a set is the i-th. */
extern const struct mmt_family *const mmt_families[];
extern const struct mmt_family mmt_family_fault;
extern const struct mmt_family mmt_family_syscall;
extern const struct mmt_family mmt_family_fault_end;
extern const struct mmt_family mmt_family_map;
extern const struct mmt_family mmt_family_place;
extern const struct mmt_family mmt_family_offcpu;
extern const struct mmt_family mmt_family_waker;
extern const struct mmt_family mmt_family_profile;
extern const struct mmt_family mmt_family_load;
extern const struct mmt_family mmt_family_numa;
extern const struct mmt_family mmt_family_vm;
extern const struct mmt_family mmt_family_kvm;
extern const struct mmt_family mmt_family_counters;

/* The mappings that the map family follows: NULL before attach. */
const struct mmt_maps *mmt_family_map__maps(const struct mmt_family_ctx *ctx);

/* The virtual machines that the vm family knows: NULL before attach. */
struct mmt_vm_watch *mmt_family_vm__watch(const struct mmt_family_ctx *ctx);

/* An object file inside this program, for tp_btf and for raw_tp programs (see Makefile, X.bpf.c). */
struct mmt_family_elf {
	const char *name;
	const void *(*btf)(size_t *size), *(*raw)(size_t *size);
};
/*
 * Open and load the object into ctx->obj, the kind of programs that the scheduler family took
 * first. Maps of bpf/maps.bpf.h are shared with it: all of them, and `mem` (.bss), so a family
 * has no other variables in .bss; `cfg` is copied, so its own constants are in
 * SEC(".rodata.family"). setup, if any, may size maps and turn programs off (0 or -errno).
 * On failure ctx->why says the reason.
 */
int mmt_family__load(struct mmt_family_ctx *ctx, const struct mmt_family_elf *elf,
		     int (*setup)(struct mmt_family_ctx *ctx, struct bpf_object *obj));
/* Do the filters want rows of this task? NULL: of those without a slot together. */
static inline bool mmt_family__wants(const struct mmt_family_ctx *ctx, uint32_t slot, const struct mmt_epoch *e)
{
	return !ctx->probe->cfg.filter || (e && ctx->probe->slots[slot].flags & MMT_SF_WANT);
}
/* Was this family, or part of one, asked for? */
bool mmt_family__asked(const struct mmt_family_ctx *ctx, const struct mmt_family *family);
/* Attach all programs of ctx->obj that were loaded. */
int mmt_family__attach(struct mmt_family_ctx *ctx);
void mmt_family__detach(struct mmt_family_ctx *ctx);
/* Set the entries of a map before load, and count them into ctx->map_bytes. */
int mmt_family__size(struct mmt_family_ctx *ctx, struct bpf_object *obj, const char *map, uint64_t entries);
/* Fill a queue of free numbers: 1 to n - 1. */
int mmt_family__free_numbers(int fd, uint32_t n);
/* An mmapable array of the loaded object; unmapped at close by munmap(p, len). */
int mmt_family__mmap(struct mmt_family_ctx *ctx, const char *map, void **p, size_t *len);

/* ------------------------------------------------ all that were asked for, as the session has them */

struct mmt_family_set {
	struct mmt_family_ctx v[MMT_MAX_FAMILIES];
	unsigned int n, which;
	/* what was asked for and is not available */
	struct { const struct mmt_family *family; char why[160]; } refused[MMT_MAX_FAMILIES];
	unsigned int n_refused;
};

/*
 * Open the families of the set of bits. One that this kernel does not let in is said and
 * left out; all_or_none: it is then an error when none is left.
 */
int mmt_families__open(struct mmt_family_set *s, unsigned int which, bool all_or_none, const struct mmt_family_ctx *tmpl);
void mmt_families__set_writer(struct mmt_family_set *s, struct mmt_writer *w);
bool mmt_families__want_stacks(const struct mmt_family_set *s);
void mmt_families__set_stacks(struct mmt_family_set *s, struct mmt_stacks *stacks);
/* The stacks' user frames have mappings from then on, where those are recorded. */
int mmt_families__attach(struct mmt_family_set *s);
int mmt_families__pass(struct mmt_family_set *s);
void mmt_families__cut(struct mmt_family_set *s);
/* mark: this is the cut of a mark */
int mmt_families__flush(struct mmt_family_set *s, uint64_t now, bool full, bool mark);
void mmt_families__segment(struct mmt_family_set *s, uint64_t segment);
int mmt_families__task_end(struct mmt_family_set *s, const struct mmt_epoch *e, uint64_t now);
int mmt_families__task_news(struct mmt_family_set *s, const struct mmt_epoch *e, enum mmt_task_news what);
int mmt_families__notes(struct mmt_family_set *s);
/* The i-th fact for the meta table, of those that are recorded and those that are not available; NULL: no more. */
const char *mmt_families__fact(const struct mmt_family_set *s, unsigned int i, char *value, size_t size);
/* "sched syscall": what is recorded. */
void mmt_families__names(const struct mmt_family_set *s, char *buf, size_t size);
uint64_t mmt_families__map_bytes(const struct mmt_family_set *s);
void mmt_families__detach(struct mmt_family_set *s);
void mmt_families__close(struct mmt_family_set *s);

#endif
