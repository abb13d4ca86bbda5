/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The virtual machines of a trace and what they did in the window of the model: m->vms, made
 * by model_load() from tables vm and vcpu; NULL where the trace has none of them.
 *
 * A VM is one process. What it did is what its tasks did: virtual CPUs; its other threads
 * (I/O, migration, the monitor); and kernel threads that the kernel names by the process
 * (vhost-PID, kvm-pit/PID). Run time, waits and migrations are task_totals of the window,
 * memory and exposure those of the process in numa/numa.h.
 *
 * Unknown is not 0: see the note at each.
 *
 * Memory: 1.1 KB and 32 a node for a VM, 240 and 8 a node for a virtual CPU, 4 a task.
 */
#ifndef MMT_VMS_MODEL_H
#define MMT_VMS_MODEL_H

#include "../load_row.h"
#include "../model.h"
#include "../numa/numa.h"

/* of column event of table vm, and of table vcpu */
enum { VMS_FOUND, VMS_RENAMED, VMS_ENDED, VMS_STILL };
enum { VMS_VCPU_FOUND, VMS_VCPU_ENDED, VMS_VCPU_STILL };

#define VMS_ALL_CPUS UINT32_MAX /* index of a thread that runs all virtual CPUs in turn (TCG) */

/* Whose: of the virtual CPUs, the VM's other threads, the kernel's threads for it, all three. */
enum vms_part { VMS_VCPUS, VMS_HELPERS, VMS_KERNEL, VMS_WHOLE, VMS_PARTS };

struct vms_sum {
	uint32_t tasks;      /* that have totals in the window */
	uint64_t v[MT_N];    /* all 0 without tasks; whether the file has a column: m->task_has */
	double wait_p50, wait_p99, wait_max; /* ns, of the run-queue wait; NaN: none, or no histogram */
	uint64_t *node;      /* run time by node, ns, vms->n_nodes of them; NULL: not known (see vms->has_nodes) */
};

/* What KVM tells of virtual CPUs in the window; see exits.h. All 0 where it was not recorded. */
struct vms_exits {
	uint64_t exits, entries, returns;
	uint64_t out_ns;                          /* from exits, but for halts, to the entries after them */
	uint64_t polled, slept;                   /* halts, by how they were waited for to the end */
	uint64_t polled_ns, slept_ns;
	uint64_t top_n; uint32_t top;             /* the reason of most exits, a kind of m->kvm; top_n 0: none */
};

struct vms_vcpu {
	uint32_t vm;         /* index in vms->vm */
	uint32_t index, tid; /* index: VMS_ALL_CPUS */
	uint64_t epoch;
	const struct model_task *task; /* NULL: the trace says nothing else of it; then sum has no tasks */
	uint64_t first, last; /* found; gone, 0: it was still there */
	bool in_window;       /* it lived at some time of it */
	struct vms_sum sum;
	struct vms_exits exits;
	double off;          /* share of its run time x memory of the VM that is on other nodes, by the window's mean; NaN */
};

struct vms_name { uint64_t time; const char *name; };

struct vms_vm {
	uint32_t number;     /* in the trace, from 1 */
	const char *name;    /* the last one */
	struct vms_name *names; uint32_t n_names; /* each with the time from when on; more than one: it was renamed */
	const char *kind, *accel, *scope; /* "qemu"...; "kvm", "tcg", "unknown"; "" none */
	uint32_t tgid;
	uint64_t epoch, cgroup; /* of the leader */
	const struct model_task *task; /* the leader; NULL: the trace says nothing else of it */
	uint64_t first, last;   /* found; gone, 0: it was still there */
	bool in_window;
	uint32_t vcpus_told;    /* virtual CPUs by its descriptors; 0 not known. More than n_vcpus: some threads were not recognised */
	uint32_t first_vcpu, n_vcpus; /* of vms->vcpu, by index and time; those that lived in the trace */
	struct vms_sum part[VMS_PARTS];
	struct vms_exits exits;

	/* memory: NULL where its placement was not recorded or not measured */
	const struct numa_proc *proc; /* kb, lo, hi by node: proc->kb[NUMA_ALL * m->numa->n_nodes + node] ... */
	double kb;              /* on all nodes; NaN */
	struct numa_exposure exposure; /* of all its threads; shares 0 to 1, NaN: not known */
	/* share of its memory that is not on the node where its virtual CPUs ran most (all its threads, where none is one); NaN: not known */
	int main_node;          /* that node; -1: they did not run */
	double off, off_lo, off_hi;
	double place_cost_ns;   /* CPU time of the measurements of the window; NaN: none */
};

struct vms {
	struct vms_vm *vm; size_t n_vm, cap_vm;         /* by number */
	struct vms_vcpu *vcpu; size_t n_vcpu, cap_vcpu; /* by VM, index, time */
	unsigned int n_nodes;   /* of the node arrays */
	bool has_nodes;         /* the trace tells run time by node */
	struct vms_sum part[VMS_PARTS]; /* of all VMs */
	struct numa_sum exposure;       /* of all VMs, for numa_exposure() */
	struct vms_exits exits;         /* of all VMs */
	bool exits_told;                /* KVM tells exits; returns and halts it may tell all the same */
	double cost_ns;         /* CPU time of finding them, over the recording; NaN: not told */
	/* by task of the model: VM (U64MAP_NONE: of none) and part */
	uint32_t *task_vm;
	uint8_t *task_part;
	struct u64map by_number;
};

/* For the loader. */
#define VMS_COLS 11
#define VMS_VCPU_COLS 6
extern const char *const vms_cols[VMS_COLS];
extern const char *const vms_vcpu_cols[VMS_VCPU_COLS];
int vms_row(struct model *m, const struct row *r);
int vms_vcpu_row(struct model *m, const struct row *r);
int vms_finish(struct model *m);
void vms_free(struct vms *x);

/*
 * Leave only the tasks of VMs of which fits() takes some name: see model.picked. Other VMs
 * are not in the window any more, sums over all are over these, what is known of all tasks
 * together only (histograms of system calls and page faults) is not known. -ENOENT: there is
 * none; vms_names() tells what there is.
 */
int vms_pick(struct model *m, bool (*fits)(void *ctx, const char *name), void *ctx);
/* "web, db, ... (17)"; "none" */
const char *vms_names(const struct model *m, char *buf, size_t size);
/* A name stands in a list of them, separated by commas. */
bool vms_in_list(const char *list, const char *name);
/* Some name of the list that no VM of the trace has or had: one, with the nearest in hint, see suggest.h; false: there is none. */
bool vms_unknown(const struct model *m, const char *list, char *one, size_t one_size, char *hint, size_t hint_size);
/* Were VMs looked for? m->vms is NULL then, when there was none. */
bool vms_recorded(const struct model *m);
/* The VM that a task of the model belongs to, and as what; NULL: none. part may be NULL. */
const struct vms_vm *vms_of_task(const struct model *m, const struct model_task *t, enum vms_part *part);
/* Its run time by CPU in the window, added to ns[0 .. n - 1]; false: the trace tells nodes only, or nothing. */
bool vms_run_by_cpu(const struct model *m, const struct vms_vcpu *c, uint64_t *ns, size_t n);
/* Share of the time that it could have run in which it did not: wait / (run + wait); NaN: neither. */
double vms_wait_share(const struct vms_sum *s);

#endif
