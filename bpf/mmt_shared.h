/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and the collector share: record layouts and map values.
 * Append-only; sizes and offsets are asserted on both sides.
 */
#ifndef MMT_SHARED_H
#define MMT_SHARED_H

#ifdef __BPF__
typedef __u8 mmt_u8;
typedef __u16 mmt_u16;
typedef __u32 mmt_u32;
typedef __s32 mmt_s32;
typedef __u64 mmt_u64;
typedef __s64 mmt_s64;
#else
#include <stdint.h>
typedef uint8_t mmt_u8;
typedef uint16_t mmt_u16;
typedef uint32_t mmt_u32;
typedef int32_t mmt_s32;
typedef uint64_t mmt_u64;
typedef int64_t mmt_s64;
#endif

#define MMT_MAX_CPUS 1024
#define MMT_COMM_LEN 16
#define MMT_HIST_N 1056 /* buckets of one histogram, see mmt_hist_bucket() */

/*
 * Ring word: one 8-byte store publishes one event.
 *   bits  0..35  time, ns of the scheduler's clock, wraps at 68.7 s
 *   bits 36..57  tid (PID_MAX_LIMIT is 2^22)
 *   bits 58..60  state or flags
 *   bits 61..63  type; 0 is never written
 * MMT_W_EXT continues the word before it: 61 bits of payload.
 */
#define MMT_W_TIME_BITS 36
#define MMT_W_TIME_MASK ((1ULL << MMT_W_TIME_BITS) - 1)
#define MMT_W_PID_SHIFT 36
#define MMT_W_PID_MASK 0x3fffffULL
#define MMT_W_STATE_SHIFT 58
#define MMT_W_TYPE_SHIFT 61
#define MMT_W_EXT_MASK ((1ULL << 61) - 1)

enum mmt_word {
	MMT_W_SWITCH = 1,  /* tid next, state of prev; prev is the next of the switch before */
	MMT_W_SWITCHX = 2, /* the same, EXT: prev */
	MMT_W_WAKEUP = 3,  /* tid; state bit 0 new task, bit 1 EXT follows: cpu:16 delay:45 */
	MMT_W_MIGRATE = 4, /* tid; EXT: orig:16 dest:16 */
	MMT_W_WAKING = 5,  /* tid */
	MMT_W_LOST = 6,    /* state class; time field: number of lost records */
	MMT_W_EXT = 7,
};

/* Classes, as MMT_CLASS_* of mmtrace.h */
enum { MMT_C_SWITCH, MMT_C_WAKEUP, MMT_C_MIGRATE, MMT_C_TASK, MMT_N_C };

/* Migration classes */
enum { MMT_MIG_SMT, MMT_MIG_LLC, MMT_MIG_NODE, MMT_MIG_CROSS, MMT_N_MIG };

/*
 * One per CPU, written by that CPU with its run queue lock held or interrupts off; tail by
 * the collector. What every switch touches lies in the first two cache lines.
 */
struct mmt_cpu {
	mmt_u64 head;      /* ring words ever written */
	mmt_u64 last;      /* clock of the last switch */
	mmt_u64 switches;  /* the first thing that a switch changes */
	mmt_u64 done;      /* = switches once all of a switch is counted */
	mmt_u64 busy_ns, idle_ns;
	mmt_u32 cur;       /* next of the last switch record; ~0: unknown */
	mmt_u32 running;   /* tid on the CPU since last */
	mmt_u32 slot;      /* its slot; 0: none */
	mmt_u16 place;     /* of this CPU; set by the collector */
	mmt_u16 gapped;    /* some gap[] is not 0 */
	/* second line */
	mmt_u64 idle_switches, nvcsw, nivcsw, wakeups;
	mmt_u64 seen[MMT_N_C];
	/* the rest */
	mmt_u64 lost[MMT_N_C];
	mmt_u64 shed[MMT_N_C];
	mmt_u64 mig[MMT_N_MIG];
	mmt_u64 gap[MMT_N_C]; /* lost since the last record that was written */
	mmt_u64 tail;      /* ring words consumed */
	mmt_u64 unseen;    /* times the task on the CPU was not the one seen coming */
	mmt_u32 stacking;  /* call stacks being taken on it, one within another */
	mmt_u32 pad0;
	mmt_u64 pad[5];
};
_Static_assert(sizeof(struct mmt_cpu) == 320, "mmt_cpu: whole cache lines");
_Static_assert(__builtin_offsetof(struct mmt_cpu, idle_switches) == 64, "mmt_cpu: second line");
_Static_assert(__builtin_offsetof(struct mmt_cpu, tail) == 256, "mmt_cpu.tail: own cache line");

enum mmt_slot_state {
	MMT_S_NEW = 0,  /* just claimed: what it did before is unknown */
	MMT_S_RUN,      /* on a CPU since stamp */
	MMT_S_READY,    /* switched out runnable at stamp */
	MMT_S_SLEEP,    /* switched out not runnable at stamp */
	MMT_S_DEAD,
	MMT_S_BORN,     /* forked, has not run yet */
};

#define MMT_SF_WANT 1 /* passes the filters */

/* Totals of one task epoch. All events of one task are ordered by its run queue's and its own lock. */
struct mmt_slot {
	mmt_u64 stamp;
	mmt_u64 run_ns;
	mmt_u64 place_base; /* run_ns when it came to its place: what is above belongs to it */
	mmt_u64 run_delay;  /* the kernel's own, since the last switch in */
	mmt_u64 wake_req;   /* CLOCK_MONOTONIC of a wake request from another CPU; 0: none */
	mmt_u32 nvcsw, nivcsw;
	mmt_u32 hist;       /* block of histograms; 0: none yet, ~0: there was none left */
	mmt_u16 cpu;        /* where it runs or last ran */
	mmt_u8 state, flags;
	mmt_u16 place;
	mmt_u16 pad0[3];
	/* second cache line: only for the task switched in */
	mmt_u64 wait_ns, off_ns;
	mmt_u64 wait_max, off_max;
	mmt_u32 wait_n, off_n;
	mmt_u32 mig[MMT_N_MIG];
	mmt_u32 wakeups;
	mmt_u32 pid;
};
_Static_assert(sizeof(struct mmt_slot) == 128, "mmt_slot: two cache lines");
_Static_assert(__builtin_offsetof(struct mmt_slot, wait_ns) == 64, "mmt_slot: second line");

enum { MMT_H_WAIT, MMT_H_OFF, MMT_N_H };
struct mmt_hists {
	mmt_u32 count[MMT_N_H][MMT_HIST_N];
};

/* pid -> slot number, packed so that 2^22 pids take 16 MB */
#define MMT_PIDS_PER_LINE 16
struct mmt_pidline {
	mmt_u32 slot[MMT_PIDS_PER_LINE]; /* 0: none */
};

/* Rare records, through a BPF ring buffer. */
enum mmt_rec_type { MMT_R_NEW = 1, MMT_R_FORK, MMT_R_EXEC, MMT_R_EXIT, MMT_R_COMM, MMT_R_CGROUP };

struct mmt_rec {
	mmt_u16 type, cpu;
	mmt_u32 slot;
	mmt_u32 pid, tgid;
	mmt_u32 ppid;      /* FORK: the forking thread */
	mmt_u32 old_pid;   /* EXEC */
	mmt_u32 flags;     /* task->flags; CGROUP: 1 the whole process */
	mmt_u32 exit_code;
	mmt_u64 time;      /* scheduler's clock */
	mmt_u64 start;     /* start_boottime */
	mmt_u64 cgroup;
	mmt_u64 nvcsw, nivcsw, run_ns, migrations; /* the kernel's own counters of the task */
	char comm[MMT_COMM_LEN];
	mmt_u64 min_flt, maj_flt; /* likewise */
};
_Static_assert(sizeof(struct mmt_rec) == 120, "mmt_rec");

struct mmt_topo {
	mmt_u16 core, llc, node, place;
};

/* Read-only for the programs: settled before load, so that the verifier drops dead branches. */
struct mmt_config {
	mmt_u32 ring_mask;      /* words per CPU - 1 */
	mmt_u32 ring_bits;
	mmt_u32 n_slots;        /* MMT_N_SLOTS, or fewer for tests */
	mmt_u32 place_bits;     /* log2 of the places of a slot */
	mmt_u32 pid_lines;
	mmt_u32 shed_at;        /* ring words in use from which wakeups are shed */
	mmt_u8 record;          /* write events */
	mmt_u8 use_rq_clock;    /* 0: bpf_ktime_get_ns() everywhere */
	mmt_u8 use_sched_info;  /* 0: wakeups stamp the start of waiting */
	mmt_u8 filter;          /* some filter is set */
	mmt_u8 publish_atomic;  /* weakly ordered machine */
	mmt_u8 filter_comm;
	mmt_u8 filter_cgroup;
	mmt_u8 stamp_waking;    /* sched_waking stamps wake requests (no csd_queue_cpu) */
	mmt_u8 record_waking;
	mmt_u8 cgroup_v1;       /* cgroup of the v1 hierarchy with subsystem cgroup_subsys */
	mmt_u8 pad[6];
	mmt_u32 cgroup_subsys;
	mmt_u32 tree;           /* tgid whose tree is wanted */
	mmt_u64 want_cgroup;
	char want_comm[MMT_COMM_LEN];
	struct mmt_topo topo[MMT_MAX_CPUS];
};

/* Writable state shared by all CPUs. */
struct mmt_state {
	mmt_u64 clock_off;      /* CLOCK_MONOTONIC - scheduler's clock */
	mmt_u64 clock_when;     /* scheduler's clock of that reading */
	mmt_u64 no_slot;        /* tasks that found no slot */
	mmt_u64 no_hist;        /* tasks that found no histogram block */
	mmt_u64 rec_lost;       /* rare records lost */
	mmt_u64 enabled;        /* 0: programs return at once */
	mmt_u64 stacks_lost;    /* call stacks that found no place */
	mmt_u64 pad[1];
};

#define MMT_N_SLOTS 16384 /* a power of two: tasks alive at once that get totals of their own */

/*
 * All that hot paths touch at a computed index, in one variable: its address is a
 * constant of the program, which an array map's look-up is not. Below 4 MB, the limit of
 * a map value before 6.2.
 */
struct mmt_mem {
	struct mmt_state state;
	struct mmt_cpu cpus[MMT_MAX_CPUS];
	struct mmt_slot slots[MMT_N_SLOTS];
};
_Static_assert(sizeof(struct mmt_state) == 64, "mmt_state: one cache line");
_Static_assert(sizeof(struct mmt_mem) < 4 << 20, "mmt_mem: largest map value");

#endif
