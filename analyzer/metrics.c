// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "counters/counters.h"
#include "faults.h"
#include "hot/blocked.h"
#include "kvm/kvm.h"
#include "metrics.h"
#include "nodes/nodes.h"
#include "numa/numa.h"
#include "numa/pages.h"
#include "suggest.h"
#include "syscalls.h"
#include "vms/exits.h"
#include "vms/extra.h"
#include "vms/metric.h"

enum { /* source */
	FROM_WAITING,  /* run-queue latency in the window, see model_waited() */
	FROM_TASKS,    /* sum of task_totals columns `cols`, the collector left out */
	FROM_CPUS,     /* sum of cpu_totals columns `cols` */
	FROM_WAIT,     /* run-queue latency: quantile arg */
	FROM_OFF,      /* off-CPU time: quantile arg */
	FROM_COUNTER,  /* the kernel's own counter, over the machine */
	FROM_FOOT,     /* the collector's footprint, columns `cols` */
	FROM_WINDOW,   /* length of the window */
	FROM_N_TASKS,
	FROM_UTIL,
	FROM_SYSCALL,  /* column `cols` of the system calls: of the call `counter`, of its class `counter_name` */
	FROM_FAULTS,   /* sum of fault_totals columns `cols`, the collector left out */
	FROM_NUMA,     /* placement held against run time, arg says what of it */
	FROM_VMS,      /* virtual machines, all of them; arg says what */
	FROM_NODES,    /* tasks on run queues, arg says what of it */
	FROM_NUMA_PAGES, /* pages allocated and migrated, arg says what of it */
	FROM_KVM,      /* column `cols` of class `over` of virtual CPUs, of the reasons `counter` */
	FROM_PERF,     /* perf events `counter`, by those of `counter_name` */
	FROM_BLOCKED,  /* off_cpu rows of reason `cols` */
	FROM_SPREAD,   /* how busy time lies on the CPUs, arg says what of it */
};

enum { /* arg of FROM_SPREAD */
	SPREAD_USED, SPREAD_EFFECTIVE, SPREAD_IMBALANCE,
};

#define USED_SHARE 0.05 /* of the iteration, from which on a CPU counts as used */

enum { /* per: what the sum is divided by; quantiles and levels use PER_ITER */
	PER_ITER, PER_SECOND,
};

#define Q_MEAN (-1.0)
#define Q_MAX 2.0

#define B(i) (1u << (i))
#define SWITCHES (B(MT_NVCSW) | B(MT_NIVCSW))
#define MIGRATIONS (B(MT_MIG_SMT) | B(MT_MIG_LLC) | B(MT_MIG_NODE) | B(MT_MIG_CROSS))

#define TASKS(n, b, c, d) \
	{ .name = n, .unit = "count", .better = b, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_TASKS, .cols = c, \
	  .arg = 1, .definition = d }
#define RATE(n, b, c, d) \
	{ .name = n, .unit = "1/s", .better = b, .kind = METRIC_RATE, .min_rel = 0.05, .detail = true, .source = FROM_TASKS, \
	  .per = PER_SECOND, .cols = c, .arg = 1, .definition = d }
#define CPUS(n, b, k, u, mode, d) \
	{ .name = n, .unit = u, .better = b, .kind = k, .min_rel = 0.05, .detail = true, .source = FROM_SPREAD, .arg = mode, \
	  .definition = d }
#define KTIME(n, c, d) \
	{ .name = n, .unit = "s", .better = METRIC_LOWER, .kind = METRIC_TIME, .min_rel = 0.05, .detail = true, \
	  .source = FROM_COUNTER, .arg = 1e-9, .counter = "proc.stat", .counter_name = c, .definition = d }
#define SECONDS(n, b, src, c, d) \
	{ .name = n, .unit = "s", .better = b, .kind = METRIC_TIME, .min_rel = 0.02, .source = src, .cols = c, .arg = 1e-9, \
	  .definition = d }
#define LATENCY(n, src, q, m, det, d) \
	{ .name = n, .unit = "us", .better = METRIC_LOWER, .kind = METRIC_TIME, .min_rel = m, .source = src, .arg = q, \
	  .detail = det, .definition = d }
#define COUNTER(n, b, det, s, c, d) \
	{ .name = n, .unit = "count", .better = b, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_COUNTER, .detail = det, \
	  .arg = 1, .counter = s, .counter_name = c, .definition = d }
#define COUNTER_RATE(n, b, s, c, d) \
	{ .name = n, .unit = "1/s", .better = b, .kind = METRIC_RATE, .min_rel = 0.05, .source = FROM_COUNTER, .detail = true, \
	  .per = PER_SECOND, .arg = 1, .counter = s, .counter_name = c, .definition = d }

#define BLOCKED(n, b, det, reason, d) \
	{ .name = "blocked." n, .unit = "ms/s", .better = b, .kind = METRIC_RATE, .min_rel = 0.05, .source = FROM_BLOCKED, \
	  .detail = det, .per = PER_SECOND, .cols = reason, .arg = 1e-6, .definition = d }
#define SYSCALL(n, b, det, c, call, class, d) \
	{ .name = n, .unit = "count", .better = b, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_SYSCALL, .detail = det, \
	  .cols = c, .arg = 1, .counter = call, .counter_name = class, .definition = d }
#define SYSCALL_S(n, det, call, d) \
	{ .name = n, .unit = "s", .better = METRIC_LOWER, .kind = METRIC_TIME, .min_rel = 0.05, .source = FROM_SYSCALL, \
	  .detail = det, .cols = SC_TIME_NS, .arg = 1e-9, .counter = call, .definition = d }
#define SYSCALL_MB(n, call, class, d) \
	{ .name = n, .unit = "MB", .better = METRIC_LOWER, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_SYSCALL, \
	  .detail = true, .cols = SC_BYTES, .arg = 1e-6, .counter = call, .counter_name = class, .definition = d }
#define KVM(n, b, det, class, reasons, d) \
	{ .name = n, .unit = "count", .better = b, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_KVM, .detail = det, \
	  .cols = KVM_COUNT, .over = class, .arg = 1, .counter = reasons, .definition = d }
#define KVM_RATE(n, b, class, d) \
	{ .name = n, .unit = "1/s", .better = b, .kind = METRIC_RATE, .min_rel = 0.05, .source = FROM_KVM, .detail = true, \
	  .per = PER_SECOND, .cols = KVM_COUNT, .over = class, .arg = 1, .definition = d }
#define KVM_S(n, b, det, class, reasons, d) \
	{ .name = n, .unit = "s", .better = b, .kind = METRIC_TIME, .min_rel = 0.05, .source = FROM_KVM, .detail = det, \
	  .cols = KVM_TIME_NS, .over = class, .arg = 1e-9, .counter = reasons, .definition = d }
#define PERF(n, u, b, k, det, per_, by, events, base, d) \
	{ .name = n, .unit = u, .better = b, .kind = METRIC_ ## k, .min_rel = 0.05, .source = FROM_PERF, .detail = det, \
	  .per = per_, .arg = by, .counter = events, .counter_name = base, .definition = d }
#define PERF_COUNT(n, b, det, event, d) \
	PERF("counters." n, "count", b, COUNT, det, PER_ITER, 1, event, NULL, d "; only with -e counters"), \
	PERF("counters." n ".rate", "1/s", b, RATE, true, PER_SECOND, 1, event, NULL, d " a second")
#define PERF_SHARE(n, b, det, event, base, d) PERF(n, "%", b, FRACTION, det, PER_ITER, 100, event, base, d)
#define NUMA(n, u, b, det, what, d) \
	{ .name = n, .unit = u, .better = b, .kind = METRIC_FRACTION, .min_rel = 0.05, .source = FROM_NUMA, .detail = det, \
	  .arg = what, .definition = d }
#define VM(n, u, b, k, det, what, d) \
	{ .name = "vm." n, .unit = u, .better = b, .kind = k, .min_rel = 0.05, .source = FROM_VMS, .detail = det, .arg = what, \
	  .definition = d }
#define NUMA_SHARE(n, what, d) \
	{ .name = n, .unit = "%", .better = METRIC_LOWER, .kind = METRIC_FRACTION, .min_rel = 0.05, .source = FROM_NUMA_PAGES, \
	  .arg = what, .definition = d }
#define NUMA_COUNT(n, b, det, what, d) \
	{ .name = n, .unit = "count", .better = b, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_NUMA_PAGES, .detail = det, \
	  .arg = what, .definition = d }
#define FAULTS(n, det, c, d) \
	{ .name = n, .unit = "count", .better = METRIC_LOWER, .kind = METRIC_COUNT, .min_rel = 0.05, .source = FROM_FAULTS, \
	  .detail = det, .cols = c, .arg = 1, .definition = d }
#define FAULTS_RATE(n, c, d) \
	{ .name = n, .unit = "1/s", .better = METRIC_LOWER, .kind = METRIC_RATE, .min_rel = 0.05, .source = FROM_FAULTS, \
	  .detail = true, .per = PER_SECOND, .cols = c, .arg = 1, .definition = d }

static const struct metric catalogue[] = {
	{ .name = "run.duration", .unit = "s", .better = METRIC_LOWER, .kind = METRIC_TIME, .min_rel = 0.01,
	  .source = FROM_WINDOW, .arg = 1e-9, .definition = "length of the iteration, from mark to mark" },
	TASKS("sched.switches", METRIC_LOWER, SWITCHES,
	      "times a task was switched out, voluntarily or not; the idle task's own switches are not among them"),
	TASKS("sched.switches.voluntary", METRIC_LOWER, B(MT_NVCSW), "times a task was switched out because it blocked or ended"),
	TASKS("sched.switches.involuntary", METRIC_LOWER, B(MT_NIVCSW), "times a task was switched out while still runnable"),
	RATE("sched.switches.rate", METRIC_LOWER, SWITCHES, "switches a second of the iteration"),
	RATE("sched.switches.voluntary.rate", METRIC_LOWER, B(MT_NVCSW), "voluntary switches a second"),
	RATE("sched.switches.involuntary.rate", METRIC_LOWER, B(MT_NIVCSW), "involuntary switches a second"),
	{ .name = "sched.switches.involuntary.share", .unit = "%", .better = METRIC_LOWER, .kind = METRIC_FRACTION, .min_rel = 0.05,
	  .detail = true, .source = FROM_TASKS, .cols = B(MT_NIVCSW), .over = SWITCHES, .arg = 100,
	  .definition = "involuntary switches as a share of all switches" },
	{ .name = "sched.slice.mean", .unit = "us", .better = METRIC_NEITHER, .kind = METRIC_TIME, .min_rel = 0.05, .detail = true,
	  .source = FROM_TASKS, .cols = B(MT_RUN_NS), .over = SWITCHES, .arg = 1e-3,
	  .definition = "run time a switch: how long a task stays on CPU before the next one, mean" },
	TASKS("sched.wakeups", METRIC_NEITHER, B(MT_WAKEUPS), "times a task was put on a run queue; only where wakeups are traced"),
	RATE("sched.wakeups.rate", METRIC_NEITHER, B(MT_WAKEUPS), "wakeups a second; only where wakeups are traced"),
	TASKS("sched.migrations", METRIC_LOWER, MIGRATIONS, "times a task's CPU was changed"),
	TASKS("sched.migrations.smt", METRIC_LOWER, B(MT_MIG_SMT), "migrations to an SMT sibling of the same core"),
	TASKS("sched.migrations.llc", METRIC_LOWER, B(MT_MIG_LLC), "migrations to another core of the same last-level cache"),
	TASKS("sched.migrations.node", METRIC_LOWER, B(MT_MIG_NODE), "migrations to another last-level cache of the same NUMA node"),
	TASKS("sched.migrations.cross_node", METRIC_LOWER, B(MT_MIG_CROSS), "migrations to a CPU on another NUMA node"),
	RATE("sched.migrations.rate", METRIC_LOWER, MIGRATIONS, "migrations a second"),
	RATE("sched.migrations.smt.rate", METRIC_LOWER, B(MT_MIG_SMT), "migrations to an SMT sibling a second"),
	RATE("sched.migrations.llc.rate", METRIC_LOWER, B(MT_MIG_LLC), "migrations to another core of the same last-level cache a second"),
	RATE("sched.migrations.node.rate", METRIC_LOWER, B(MT_MIG_NODE),
	     "migrations to another last-level cache of the same node a second"),
	RATE("sched.migrations.cross_node.rate", METRIC_LOWER, B(MT_MIG_CROSS), "migrations to a CPU on another node a second"),
	{ .name = "sched.migrations.per_switch", .unit = "%", .better = METRIC_LOWER, .kind = METRIC_RATE, .min_rel = 0.05,
	  .detail = true, .source = FROM_TASKS, .cols = MIGRATIONS, .over = SWITCHES, .arg = 100,
	  .definition = "migrations for every 100 switches" },
	SECONDS("sched.run_time", METRIC_LOWER, FROM_TASKS, B(MT_RUN_NS), "time tasks spent on CPU, over all CPUs"),
	SECONDS("sched.idle_time", METRIC_NEITHER, FROM_CPUS, B(MC_IDLE_NS), "time CPUs spent in the idle task, over all CPUs"),
	{ .name = "sched.utilisation", .unit = "%", .better = METRIC_NEITHER, .kind = METRIC_FRACTION, .min_rel = 0.02,
	  .source = FROM_UTIL, .arg = 100, .definition = "share of CPU time with a task other than idle" },
	{ .name = "sched.idle_exits", .unit = "count", .better = METRIC_NEITHER, .kind = METRIC_COUNT, .min_rel = 0.05, .detail = true,
	  .source = FROM_CPUS, .cols = B(MC_IDLE_SWITCHES), .arg = 1, .definition = "times a CPU left the idle task, over all CPUs" },
	{ .name = "sched.idle_exits.rate", .unit = "1/s", .better = METRIC_NEITHER, .kind = METRIC_RATE, .min_rel = 0.05,
	  .detail = true, .source = FROM_CPUS, .per = PER_SECOND, .cols = B(MC_IDLE_SWITCHES), .arg = 1,
	  .definition = "times a second that a CPU left the idle task, over all CPUs" },
	CPUS("sched.cpus.used", METRIC_NEITHER, METRIC_COUNT, "CPUs", SPREAD_USED,
	     "CPUs that were busy for more than 5 % of the iteration"),
	CPUS("sched.cpus.effective", METRIC_NEITHER, METRIC_RATE, "CPUs", SPREAD_EFFECTIVE,
	     "CPUs over which busy time is spread: (sum of b)^2 / sum of b^2, b the busy time of a CPU"),
	CPUS("sched.cpus.imbalance", METRIC_LOWER, METRIC_RATE, "ratio", SPREAD_IMBALANCE,
	     "busy time of the busiest CPU over the mean of all CPUs; 1 is even"),
	SECONDS("sched.wait", METRIC_LOWER, FROM_TASKS, B(MT_WAIT_NS), "run-queue latency, sum: time tasks were runnable and not running"),
	{ .name = "sched.wait.share", .unit = "%", .better = METRIC_LOWER, .kind = METRIC_FRACTION, .min_rel = 0.05, .detail = true,
	  .source = FROM_TASKS, .cols = B(MT_WAIT_NS), .over = B(MT_WAIT_NS) | B(MT_RUN_NS), .arg = 100,
	  .definition = "share of the time that tasks wanted to run which they spent waiting: wait / (wait + run)" },
	{ .name = "sched.wait.tasks", .unit = "tasks", .better = METRIC_LOWER, .kind = METRIC_RATE, .min_rel = 0.05, .detail = true,
	  .source = FROM_WAITING, .per = PER_SECOND, .cols = B(MT_WAIT_NS), .arg = 1e-9,
	  .definition = "tasks that wait for a CPU at a time, mean over the iteration" },
	LATENCY("sched.wait.mean", FROM_WAIT, Q_MEAN, 0.05, false, "run-queue latency, mean: runnable to running"),
	LATENCY("sched.wait.p50", FROM_WAIT, 0.5, 0.05, false, "run-queue latency, median"),
	LATENCY("sched.wait.p95", FROM_WAIT, 0.95, 0.05, true, "run-queue latency, 95th percentile"),
	LATENCY("sched.wait.p99", FROM_WAIT, 0.99, 0.1, false, "run-queue latency, 99th percentile"),
	LATENCY("sched.wait.p999", FROM_WAIT, 0.999, 0.1, true, "run-queue latency, 99.9th percentile"),
	LATENCY("sched.wait.max", FROM_WAIT, Q_MAX, 0.25, false, "run-queue latency, maximum"),
	LATENCY("sched.offcpu.mean", FROM_OFF, Q_MEAN, 0.05, false, "off-CPU time, mean: switched out not runnable, to running again"),
	LATENCY("sched.offcpu.p50", FROM_OFF, 0.5, 0.05, false, "off-CPU time, median"),
	LATENCY("sched.offcpu.p99", FROM_OFF, 0.99, 0.1, false, "off-CPU time, 99th percentile"),
	{ .name = "sched.tasks", .unit = "count", .better = METRIC_NEITHER, .kind = METRIC_COUNT, .min_rel = 0.05, .detail = true,
	  .source = FROM_N_TASKS, .arg = 1, .definition = "tasks (threads) that did something in the iteration" },
	BLOCKED("futex", METRIC_LOWER, false, HOT_R_FUTEX,
		"time that tasks wait for locks of their own (futex), over all tasks, a second; only with -e offcpu"),
	BLOCKED("io", METRIC_LOWER, false, HOT_R_IO, "time that tasks wait for I/O"),
	BLOCKED("fault", METRIC_LOWER, false, HOT_R_FAULT, "time that tasks wait for a page that faulted"),
	BLOCKED("lock", METRIC_LOWER, false, HOT_R_LOCK, "time that tasks wait for a sleeping lock of the kernel"),
	BLOCKED("reclaim", METRIC_LOWER, true, HOT_R_RECLAIM, "time that tasks wait for memory to become free"),
	BLOCKED("sleep", METRIC_NEITHER, true, HOT_R_SLEEP, "time that tasks sleep as long as they asked for"),
	BLOCKED("pipe", METRIC_NEITHER, true, HOT_R_PIPE, "time that tasks wait on pipes, terminals, eventfd and the like"),
	BLOCKED("socket", METRIC_NEITHER, true, HOT_R_SOCKET, "time that tasks wait on sockets"),
	BLOCKED("poll", METRIC_NEITHER, true, HOT_R_POLL, "time that tasks wait in poll, select, epoll_wait"),
	BLOCKED("child", METRIC_NEITHER, true, HOT_R_WAIT, "time that tasks wait for child processes"),
	BLOCKED("ipc", METRIC_NEITHER, true, HOT_R_IPC, "time that tasks wait for System V semaphores and for messages"),
	BLOCKED("signal", METRIC_NEITHER, true, HOT_R_SIGNAL, "time that tasks wait for signals, or are stopped"),
	BLOCKED("vcpu", METRIC_NEITHER, true, HOT_R_VCPU, "time that virtual CPUs are halted"),
	BLOCKED("idle", METRIC_NEITHER, true, HOT_R_IDLE, "time that kernel threads have nothing to do"),
	BLOCKED("other", METRIC_NEITHER, true, HOT_R_OTHER, "time that tasks are blocked in functions that tell no reason"),
	BLOCKED("unknown", METRIC_NEITHER, true, HOT_R_UNKNOWN, "time that tasks are blocked and no stack tells where"),
	COUNTER("kernel.context_switches", METRIC_LOWER, true, "proc.stat", "ctxt",
		"all context switches, idle's included, by /proc/stat"),
	COUNTER_RATE("kernel.context_switches.rate", METRIC_LOWER, "proc.stat", "ctxt", "the same a second"),
	COUNTER("kernel.interrupts", METRIC_LOWER, true, "proc.stat", "intr", "interrupts serviced, by /proc/stat"),
	COUNTER_RATE("kernel.interrupts.rate", METRIC_LOWER, "proc.stat", "intr", "interrupts a second, by /proc/stat"),
	COUNTER("kernel.forks", METRIC_NEITHER, true, "proc.stat", "processes", "tasks created, by /proc/stat"),
	KTIME("kernel.time.steal", "cpu.steal", "CPU time that the hypervisor gave to others, over all CPUs, by /proc/stat"),
	KTIME("kernel.time.iowait", "cpu.iowait", "idle CPU time with I/O outstanding, over all CPUs, by /proc/stat"),
	KTIME("kernel.time.irq", "cpu.irq", "CPU time in interrupts, over all CPUs, by /proc/stat; 0 where the kernel does not account it"),
	KTIME("kernel.time.softirq", "cpu.softirq", "CPU time in softirqs, over all CPUs, by /proc/stat"),
	KVM("kvm.exits", METRIC_LOWER, false, KVM_EXIT, NULL, "exits of virtual CPUs from their guests; only with -e kvm"),
	KVM_RATE("kvm.exits.rate", METRIC_LOWER, KVM_EXIT, "exits of virtual CPUs a second"),
	KVM("kvm.exits.hlt", METRIC_NEITHER, true, KVM_EXIT, "hlt,idle_halt", "exits because the guest had nothing to do"),
	KVM("kvm.exits.io", METRIC_LOWER, true, KVM_EXIT, "io,io_instruction", "exits by instructions that read or write ports"),
	KVM("kvm.exits.msr", METRIC_LOWER, true, KVM_EXIT, "msr,msr_read,msr_write,msr_read_imm,msr_write_imm",
	    "exits by reads and writes of model-specific registers"),
	KVM("kvm.exits.fault", METRIC_LOWER, true, KVM_EXIT, "npf,ept_violation,ept_misconfig",
	    "exits by guest memory that the host has not mapped: first touches, and emulated devices"),
	KVM("kvm.exits.interrupt", METRIC_LOWER, true, KVM_EXIT, "interrupt,external_interrupt", "exits by interrupts of the host"),
	KVM_S("kvm.exit_time", METRIC_LOWER, false, KVM_EXIT, "!hlt,idle_halt",
	      "time of virtual CPUs from exit to entry, halted ones left out"),
	KVM("kvm.returns", METRIC_LOWER, false, KVM_USER, NULL, "returns from KVM_RUN to the program that runs the machine"),
	KVM_RATE("kvm.returns.rate", METRIC_LOWER, KVM_USER, "returns to the program a second"),
	KVM_S("kvm.halt_time", METRIC_NEITHER, true, KVM_HALT_POLL, "poll,wait,poll_invalid,wait_invalid",
	      "time that virtual CPUs were halted, polled for or asleep, where the kernel does the waiting"),
	COUNTER("mm.faults", METRIC_LOWER, false, "proc.vmstat", "pgfault", "page faults of the machine, by /proc/vmstat"),
	COUNTER_RATE("mm.faults.rate", METRIC_LOWER, "proc.vmstat", "pgfault", "page faults a second, by /proc/vmstat"),
	COUNTER("mm.faults.major", METRIC_LOWER, false, "proc.vmstat", "pgmajfault", "page faults that waited for I/O, by /proc/vmstat"),
	COUNTER_RATE("mm.faults.major.rate", METRIC_LOWER, "proc.vmstat", "pgmajfault", "major page faults a second"),
	FAULTS("mm.faults.task.minor", false, FT_B(FT_MINOR),
	       "minor page faults, by the kernel's counters of the tasks; only with -e fault"),
	FAULTS("mm.faults.task.major", false, FT_B(FT_MAJOR),
	       "page faults that waited, by the kernel's counters of the tasks; only with -e fault"),
	FAULTS_RATE("mm.faults.task.minor.rate", FT_B(FT_MINOR), "minor page faults of tasks a second"),
	FAULTS_RATE("mm.faults.task.major.rate", FT_B(FT_MAJOR), "major page faults of tasks a second"),
	FAULTS("mm.faults.task.user", true, FT_USER, "page faults raised in user mode; only with -e fault, on x86"),
	FAULTS("mm.faults.task.kernel", true, FT_KERNEL, "page faults raised in kernel mode on user addresses"),
	FAULTS("mm.faults.task.read", true, FT_READ, "page faults raised by reads"),
	FAULTS("mm.faults.task.write", true, FT_WRITE, "page faults raised by writes"),
	FAULTS("mm.faults.task.exec", true, FT_EXEC, "page faults raised by fetching instructions"),
	FAULTS("mm.faults.task.protection", true, FT_PROT,
	       "page faults on pages that were there, but not for this access: copy on write, for one"),
	FAULTS_RATE("mm.faults.task.user.rate", FT_USER, "page faults raised in user mode a second"),
	FAULTS_RATE("mm.faults.task.kernel.rate", FT_KERNEL, "page faults raised in kernel mode on user addresses a second"),
	COUNTER("mm.pages_migrated", METRIC_LOWER, true, "proc.vmstat", "pgmigrate_success",
		"pages moved for any reason (compaction, NUMA balancing, mempolicy), by /proc/vmstat"),
	SYSCALL("mm.madvise", METRIC_LOWER, true, SC_COUNT, "madvise", NULL, "calls of madvise; only with -e syscall"),
	SYSCALL("mm.madvise.dontneed", METRIC_LOWER, true, SC_COUNT, "madvise", "DONTNEED",
		"calls of madvise that give pages back at once (MADV_DONTNEED); only with -e syscall"),
	SYSCALL_MB("mm.madvise.dontneed.bytes", "madvise", "DONTNEED", "memory that calls of madvise(MADV_DONTNEED) named, in 10^6 bytes"),
	SYSCALL("mm.madvise.free", METRIC_LOWER, true, SC_COUNT, "madvise", "FREE",
		"calls of madvise that let the kernel take pages when it needs them (MADV_FREE)"),
	SYSCALL("mm.mmap", METRIC_LOWER, true, SC_COUNT, "mmap", NULL, "calls of mmap; only with -e syscall"),
	SYSCALL("mm.munmap", METRIC_LOWER, true, SC_COUNT, "munmap", NULL, "calls of munmap"),
	SYSCALL_MB("mm.munmap.bytes", "munmap", "all", "memory that calls of munmap named, in 10^6 bytes"),
	SYSCALL("mm.brk", METRIC_LOWER, true, SC_COUNT, "brk", NULL, "calls of brk"),
	SYSCALL("mm.mprotect", METRIC_LOWER, true, SC_COUNT, "mprotect", NULL, "calls of mprotect"),
	SYSCALL("mm.mremap", METRIC_LOWER, true, SC_COUNT, "mremap", NULL, "calls of mremap"),
	NUMA("numa.exposure", "%", METRIC_LOWER, false, NUMA_EXPOSURE,
	     "off-node exposure: run time of processes, weighted by the share of their memory on other nodes than where they ran; "
	     "only with -e place"),
	NUMA("numa.exposure.distance", "x", METRIC_LOWER, true, NUMA_DISTANCE,
	     "mean distance of memory from where it was used, 1 being that of a node to itself; only with -e place"),
	NUMA("numa.exposure.coverage", "%", METRIC_NEITHER, true, NUMA_COVERAGE,
	     "share of the run time that numa.exposure is about: that of processes whose memory was measured"),
	NUMA_SHARE("numa.alloc.remote.share", NUMA_PAGES_REMOTE_SHARE,
		   "share of the pages allocated that were not on the node of the CPU that asked; only with -e numa"),
	NUMA_COUNT("numa.alloc", METRIC_NEITHER, true, NUMA_PAGES, "pages allocated; only with -e numa"),
	NUMA_COUNT("numa.alloc.remote", METRIC_LOWER, true, NUMA_PAGES_REMOTE,
		   "pages allocated on another node than that of the CPU that asked; only with -e numa"),
	NUMA_SHARE("numa.hint.remote.share", NUMA_HINT_REMOTE_SHARE,
		   "share of the NUMA hint faults that were on memory of another node than where the task ran"),
	NUMA_COUNT("numa.migrated", METRIC_LOWER, false, NUMA_MIGRATED, "pages migrated, for whatever reason; only with -e numa"),
	NUMA_COUNT("numa.migrated.balancing", METRIC_LOWER, true, NUMA_MIGRATED_BALANCING, "pages migrated by NUMA balancing"),
	NUMA_COUNT("numa.migrated.compaction", METRIC_LOWER, true, NUMA_MIGRATED_COMPACTION, "pages migrated by compaction"),
	NUMA_COUNT("numa.migrated.failed", METRIC_LOWER, true, NUMA_MIGRATED_FAILED, "pages that could not be migrated"),
	NUMA_COUNT("numa.tasks.moved", METRIC_LOWER, true, NUMA_TASKS_MOVED,
		   "times NUMA balancing moved a task to another node, or swapped it with one there"),
	NUMA_COUNT("numa.tasks.stuck", METRIC_LOWER, true, NUMA_TASKS_STUCK,
		   "times NUMA balancing wanted to move a task and could not"),
	{ .name = "numa.task_migrations.distance", .unit = "x", .better = METRIC_LOWER, .kind = METRIC_FRACTION, .min_rel = 0.05,
	  .source = FROM_NUMA_PAGES, .detail = true, .arg = NUMA_TASKS_DISTANCE,
	  .definition = "mean distance of task migrations to another node, 1 being local; "
			"only with -e numa" },
	NUMA_COUNT("numa.task_migrations.weighted", METRIC_LOWER, true, NUMA_TASKS_WEIGHTED,
		   "task migrations to another node, weighted by distance, 1 being local"),
	COUNTER("numa.hint_faults", METRIC_LOWER, true, "proc.vmstat", "numa_hint_faults", "NUMA hint faults, by /proc/vmstat"),
	COUNTER("numa.hint_faults.local", METRIC_HIGHER, true, "proc.vmstat", "numa_hint_faults_local",
		"NUMA hint faults on memory of the task's own node"),
	COUNTER("numa.pages_migrated", METRIC_LOWER, true, "proc.vmstat", "numa_pages_migrated", "pages moved by NUMA balancing"),
	COUNTER("numa.alloc.miss", METRIC_LOWER, true, "proc.vmstat", "numa_miss",
		"pages allocated on a node other than the one wanted, by /proc/vmstat"),
	COUNTER("numa.alloc.other", METRIC_LOWER, true, "proc.vmstat", "numa_other",
		"pages allocated on a node other than that of the CPU, by /proc/vmstat"),
	PERF_SHARE("numa.pmu.loads.remote.share", METRIC_LOWER, false, "node-load-misses", "node-loads",
		   "share of the loads from memory that were from another node's, by the CPUs' PMU; only with -e counters, where the PMU "
		   "has node events"),
	PERF_SHARE("numa.pmu.stores.remote.share", METRIC_LOWER, true, "node-store-misses", "node-stores",
		   "share of the stores to memory that were to another node's, by the CPUs' PMU"),
	PERF("numa.pmu.remote.rate", "1/s", METRIC_LOWER, RATE, false, PER_SECOND, 1, "node-load-misses,node-store-misses", NULL,
	     "loads and stores a second that went to another node's memory, by the CPUs' PMU"),
	{ .name = "load.tasks", .unit = "tasks", .better = METRIC_NEITHER, .kind = METRIC_RATE, .min_rel = 0.05, .detail = true,
	  .source = FROM_NODES, .arg = NODES_TASKS,
	  .definition = "tasks that run or wait for a CPU, mean of samples of all run queues; only with -e load" },
	{ .name = "load.imbalance", .unit = "%", .better = METRIC_LOWER, .kind = METRIC_FRACTION, .min_rel = 0.05,
	  .source = FROM_NODES, .arg = NODES_IMBALANCE,
	  .definition = "what the least loaded node has less than the most loaded one, as a share of that; load: tasks for each CPU; "
			"only with -e load" },
	{ .name = "load.imbalance.cpu", .unit = "ratio", .better = METRIC_LOWER, .kind = METRIC_RATE, .min_rel = 0.05, .detail = true,
	  .source = FROM_NODES, .arg = NODES_CPU_IMBALANCE,
	  .definition = "tasks on the CPU that has most, over the mean of all CPUs; 1 is even; only with -e load" },
	VM("count", "count", METRIC_NEITHER, METRIC_COUNT, true, VMS_COUNT, "virtual machines that were there; only with -e vm"),
	VM("cpus", "CPUs", METRIC_NEITHER, METRIC_RATE, false, VMS_CPUS,
	   "CPUs that virtual machines used: run time of all their threads, a second; only with -e vm"),
	VM("memory", "MiB", METRIC_NEITHER, METRIC_COUNT, true, VMS_MEMORY,
	   "resident memory of virtual machines, mean of its measurements; only with -e vm,place"),
	VM("memory.off_node", "%", METRIC_LOWER, METRIC_FRACTION, false, VMS_OFF,
	   "share of virtual machines' memory on other nodes than the one where their virtual CPUs ran most; only with -e vm,place"),
	VM("exposure", "%", METRIC_LOWER, METRIC_FRACTION, false, VMS_EXPOSURE,
	   "off-node exposure: run time of virtual machines, weighted by the share of their memory on other nodes than where they ran; "
	   "only with -e vm,place"),
	VM("exposure.distance", "x", METRIC_LOWER, METRIC_FRACTION, true, VMS_DISTANCE,
	   "mean distance of virtual machines' memory from where it was used, 1 being that of a node to itself"),
	VM("alloc.off_node", "%", METRIC_LOWER, METRIC_FRACTION, true, VMS_NUMA + VMS_NUMA_ALLOC,
	   "share of the pages that tasks of virtual machines were given on other nodes than that of their CPU; only with -e vm,numa"),
	VM("hint.off_node", "%", METRIC_LOWER, METRIC_FRACTION, true, VMS_NUMA + VMS_NUMA_HINT,
	   "off-node share of the NUMA hint faults of virtual machines; only with -e vm,numa"),
	VM("migrated", "count", METRIC_LOWER, METRIC_COUNT, true, VMS_NUMA + VMS_NUMA_MIGRATED,
	   "pages migrated by tasks of virtual machines, as NUMA balancing does; only with -e vm,numa"),
	VM("steal", "%", METRIC_LOWER, METRIC_FRACTION, false, VMS_STEAL,
	   "of the time in which virtual CPUs could have run, the part in which they waited for a CPU; only with -e vm"),
	VM("wait.p99", "us", METRIC_LOWER, METRIC_TIME, false, VMS_WAIT_P99, "run-queue latency of virtual CPUs, 99th percentile"),
	VM("wait.max", "us", METRIC_LOWER, METRIC_TIME, true, VMS_WAIT_MAX, "run-queue latency of virtual CPUs, maximum"),
	VM("preemptions.rate", "1/s", METRIC_LOWER, METRIC_RATE, true, VMS_PREEMPTIONS,
	   "times a second that virtual CPUs were switched out while they could go on"),
	VM("migrations.rate", "1/s", METRIC_LOWER, METRIC_RATE, true, VMS_MIGRATIONS, "migrations of virtual CPUs a second"),
	VM("migrations.distance", "x", METRIC_LOWER, METRIC_FRACTION, true, VMS_NUMA + VMS_NUMA_DISTANCE,
	   "mean distance of migrations of virtual CPUs to another node, 1 being local; only with -e vm,numa"),
	VM("migrations.cross_node.rate", "1/s", METRIC_LOWER, METRIC_RATE, true, VMS_CROSS,
	   "migrations of virtual CPUs to another node a second"),
	VM("kvm.exits", "count", METRIC_LOWER, METRIC_COUNT, true, VMS_KVM + VMS_EXITS_COUNT,
	   "exits of virtual machines' virtual CPUs from their guests; only with -e vm,kvm"),
	VM("kvm.exits.rate", "1/s", METRIC_LOWER, METRIC_RATE, false, VMS_KVM + VMS_EXITS_RATE,
	   "the same a second; only with -e vm,kvm"),
	VM("kvm.exit_time.share", "%", METRIC_LOWER, METRIC_FRACTION, false, VMS_KVM + VMS_EXITS_TIME,
	   "time from exits, but for halts, to the next entries, over the run time of virtual CPUs; only with -e vm,kvm"),
	VM("kvm.returns.rate", "1/s", METRIC_LOWER, METRIC_RATE, true, VMS_KVM + VMS_EXITS_RETURNS,
	   "returns from KVM_RUN to the program that runs the virtual machine, a second; only with -e vm,kvm"),
	VM("kvm.halts.rate", "1/s", METRIC_NEITHER, METRIC_RATE, true, VMS_KVM + VMS_EXITS_HALTS,
	   "halts of virtual CPUs that the kernel waited for, a second; only with -e vm,kvm"),
	VM("kvm.halts.polled", "ms/s", METRIC_NEITHER, METRIC_RATE, true, VMS_KVM + VMS_EXITS_POLLED,
	   "time of halts that were over while the kernel polled for their end, a second; only with -e vm,kvm"),
	VM("kvm.halts.slept", "ms/s", METRIC_NEITHER, METRIC_RATE, true, VMS_KVM + VMS_EXITS_SLEPT,
	   "time of halts for which the thread slept in the end, what was polled before included, a second; only with -e vm,kvm"),
	SYSCALL("syscall.count", METRIC_LOWER, false, SC_COUNT, NULL, NULL, "system calls that returned; only with -e syscall"),
	{ .name = "syscall.rate", .unit = "1/s", .better = METRIC_NEITHER, .kind = METRIC_RATE, .min_rel = 0.05, .detail = true,
	  .source = FROM_SYSCALL, .per = PER_SECOND, .cols = SC_COUNT, .arg = 1, .definition = "system calls a second" },
	SYSCALL("syscall.errors", METRIC_LOWER, true, SC_ERRORS, NULL, NULL, "system calls that returned an error"),
	SYSCALL_S("syscall.time", false, NULL,
		  "time in system calls from entry to return, over all tasks; sleeping and waiting in them is part of it"),
	SYSCALL("syscall.futex", METRIC_LOWER, true, SC_COUNT, "futex", NULL, "calls of futex: locks that user space could not settle alone"),
	SYSCALL_S("syscall.futex.time", true, "futex", "time in futex, mostly asleep, over all tasks"),
	PERF_COUNT("cycles", METRIC_LOWER, false, "cycles", "cycles of the CPUs, by their PMU"),
	PERF_COUNT("instructions", METRIC_LOWER, false, "instructions", "instructions that the CPUs retired, by their PMU"),
	PERF("counters.ipc", "ratio", METRIC_HIGHER, RATE, false, PER_ITER, 1, "instructions", "cycles", "instructions a cycle"),
	PERF_COUNT("branches", METRIC_NEITHER, true, "branches", "branches"),
	PERF_COUNT("branch_misses", METRIC_LOWER, true, "branch-misses", "branches that were predicted wrongly"),
	PERF_SHARE("counters.branch_misses.share", METRIC_LOWER, true, "branch-misses", "branches",
		   "share of the branches that were predicted wrongly"),
	PERF_COUNT("cache_references", METRIC_NEITHER, true, "cache-references", "accesses to the last-level cache"),
	PERF_COUNT("cache_misses", METRIC_LOWER, true, "cache-misses", "misses of the last-level cache"),
	PERF_SHARE("counters.cache_misses.share", METRIC_LOWER, true, "cache-misses", "cache-references",
		   "share of the accesses to the last-level cache that missed it"),
	PERF_COUNT("llc_loads", METRIC_NEITHER, true, "LLC-loads", "loads from the last-level cache"),
	PERF_COUNT("llc_load_misses", METRIC_LOWER, true, "LLC-load-misses", "loads that missed the last-level cache"),
	PERF_COUNT("dtlb_load_misses", METRIC_LOWER, true, "dTLB-load-misses", "loads that missed the data TLB"),
	PERF_COUNT("itlb_load_misses", METRIC_LOWER, true, "iTLB-load-misses", "fetches that missed the instruction TLB"),
	PERF_COUNT("node_loads", METRIC_NEITHER, true, "node-loads", "loads from memory"),
	PERF_COUNT("node_load_misses", METRIC_LOWER, true, "node-load-misses", "loads from another node's memory"),
	PERF_COUNT("node_stores", METRIC_NEITHER, true, "node-stores", "stores to memory"),
	PERF_COUNT("node_store_misses", METRIC_LOWER, true, "node-store-misses", "stores to another node's memory"),
	PERF_COUNT("page_faults", METRIC_LOWER, true, "page-faults", "page faults, by perf"),
	PERF_COUNT("minor_faults", METRIC_LOWER, true, "minor-faults", "page faults that did not wait, by perf"),
	PERF_COUNT("major_faults", METRIC_LOWER, true, "major-faults", "page faults that waited for a page, by perf"),
	PERF_COUNT("context_switches", METRIC_LOWER, true, "context-switches", "context switches, by perf"),
	PERF_COUNT("cpu_migrations", METRIC_LOWER, true, "cpu-migrations", "times a task's CPU was changed, by perf"),
	PERF("counters.task_clock", "s", METRIC_NEITHER, TIME, true, PER_ITER, 1e-3, "task-clock", NULL,
	     "time that was counted, by perf's task-clock: of tasks the time they ran, of CPUs all of it"),
	{ .name = "trace.cpu_time", .unit = "s", .better = METRIC_LOWER, .kind = METRIC_TIME, .min_rel = 0.05, .detail = true,
	  .source = FROM_FOOT, .cols = B(MF_USER_NS) | B(MF_SYS_NS), .arg = 1e-9, .definition = "CPU time of the collector itself" },
	{ .name = "trace.events", .unit = "count", .better = METRIC_NEITHER, .kind = METRIC_COUNT, .min_rel = 0.05, .detail = true,
	  .source = FROM_CPUS, .cols = B(MC_SEEN_SWITCH) | B(MC_SEEN_WAKEUP) | B(MC_SEEN_MIGRATE), .arg = 1,
	  .definition = "event records that the filters let through" },
	{ .name = "trace.lost", .unit = "count", .better = METRIC_LOWER, .kind = METRIC_COUNT, .min_rel = 0.05, .detail = true,
	  .source = FROM_CPUS, .cols = B(MC_LOST_SWITCH) | B(MC_LOST_WAKEUP) | B(MC_LOST_MIGRATE), .arg = 1,
	  .definition = "event records lost to full rings; the totals do not need them" },
};

const struct metric *metrics_all(size_t *n)
{
	*n = sizeof(catalogue) / sizeof(catalogue[0]);
	return catalogue;
}

const struct metric *metric_find(const char *name)
{
	size_t i, n;
	const struct metric *all = metrics_all(&n);

	for (i = 0; i < n; i++)
		if (!strcmp(all[i].name, name))
			return &all[i];
	return NULL;
}

const char *metric_hint(const char *name, char *buf, size_t size)
{
	size_t n, i;
	const struct metric *all = metrics_all(&n);
	const char **names = calloc(n, sizeof(*names));

	*buf = '\0';
	for (i = 0; names && i < n; i++)
		names[i] = all[i].name;
	if (names)
		suggest_hint(buf, size, name, names, n);
	free(names);
	return buf;
}

bool metric_wanted(const struct metric *metric, const char *patterns)
{
	const char *p = patterns, *e;
	char one[128];
	size_t len;

	if (!patterns)
		return !metric->detail;
	for (; *p; p = *e ? e + 1 : e) {
		e = strchrnul(p, ',');
		len = (size_t)(e - p);
		if (!len || len >= sizeof(one))
			continue;
		memcpy(one, p, len);
		one[len] = '\0';
		if (!strcmp(one, "all") || !fnmatch(one, metric->name, 0))
			return true;
		if (!strncmp(one, metric->name, len) && metric->name[len] == '.')
			return true;
	}
	return false;
}

const char *metric_direction_name(enum metric_direction d)
{
	static const char *const name[] = { "neither", "lower", "higher" };

	return (unsigned int)d < 3 ? name[d] : "?";
}

const char *metric_kind_name(enum metric_kind k)
{
	static const char *const name[] = { "rate", "count", "time", "fraction" };

	return (unsigned int)k < 4 ? name[k] : "?";
}

int metric_ctx_init(struct metric_ctx *ctx, const struct model *m)
{
	int err = 0;

	ctx->m = m;
	ctx->blocked = model_has_rows(m, MMT_TB_OFF_CPU) ? malloc(sizeof(*ctx->blocked)) : NULL;
	if (ctx->blocked)
		err = hot_blocked(m, ctx->blocked);
	if (err) {
		free(ctx->blocked);
		ctx->blocked = NULL;
	}
	return model_group(m, BY_MACHINE, false, &ctx->machine, &ctx->n_machine);
}

void metric_ctx_free(struct metric_ctx *ctx)
{
	model_groups_free(ctx->machine, ctx->n_machine);
	free(ctx->blocked);
	ctx->blocked = NULL;
	ctx->machine = NULL;
}

static int sum_tasks(const struct metric_ctx *ctx, const struct metric *metric, double *value)
{
	const struct model_group *g = ctx->machine;
	unsigned int need = metric->cols | metric->over;
	double sum = 0, over = 0;
	int i;

	if (!ctx->m->have_task_totals || (ctx->m->task_has & need) != need)
		return -ENODATA;
	for (i = 0; i < MT_N; i++) {
		if (metric->cols & B(i))
			sum += (double)g->v[i];
		if (metric->over & B(i))
			over += (double)g->v[i];
	}
	if (metric->over) {
		*value = over > 0 ? sum / over * metric->arg : NAN;
		return 0;
	}
	if (metric->cols == B(MT_WAKEUPS) && sum == 0)
		return -ENODATA; /* wakeups are not traced in most profiles, and nothing runs without them */
	*value = sum * metric->arg;
	return 0;
}

static int sum_cpus(const struct metric_ctx *ctx, const struct metric *metric, double *value)
{
	double sum = 0;
	unsigned int i;

	if (!ctx->m->have_cpu_totals || (ctx->m->cpu_has & metric->cols) != metric->cols)
		return -ENODATA;
	for (i = 0; i < MC_N; i++)
		if (metric->cols & B(i))
			sum += (double)model_cpu_sum(ctx->m, i);
	*value = sum * metric->arg;
	return 0;
}

static int latency(const struct model *m, const struct rhist *h, unsigned int hist_bit, double q, double *value)
{
	if (!m->have_task_totals || !MODEL_HAS(m->hist_has, hist_bit))
		return -ENODATA;
	if (q == Q_MEAN)
		*value = h->n ? (double)h->sum / (double)h->n / 1e3 : NAN;
	else if (q == Q_MAX)
		*value = h->n ? (double)h->max / 1e3 : NAN;
	else
		*value = rhist_q(h, q) / 1e3;
	return 0;
}

static int utilisation(const struct model *m, double *value)
{
	double busy, idle;

	if (!m->have_cpu_totals || !MODEL_HAS(m->cpu_has, MC_BUSY_NS) || !MODEL_HAS(m->cpu_has, MC_IDLE_NS))
		return -ENODATA;
	busy = (double)model_cpu_sum(m, MC_BUSY_NS);
	idle = (double)model_cpu_sum(m, MC_IDLE_NS);
	*value = busy + idle > 0 ? busy / (busy + idle) : NAN;
	return 0;
}

/* Over the CPUs that were online, idle ones too. */
static int spread(const struct model *m, double mode, double *value)
{
	double sum = 0, squares = 0, most = 0, b;
	size_t i, n = 0, used = 0;

	if (!m->have_cpu_totals || !MODEL_HAS(m->cpu_has, MC_BUSY_NS))
		return -ENODATA;
	for (i = 0; i < m->n_cpus; i++) {
		if (!m->cpus[i].ran)
			continue;
		b = (double)m->cpus[i].v[MC_BUSY_NS];
		n++;
		sum += b;
		squares += b * b;
		most = b > most ? b : most;
		used += b > USED_SHARE * (double)m->duration;
	}
	if (mode == SPREAD_USED)
		*value = n ? (double)used : NAN;
	else if (mode == SPREAD_EFFECTIVE)
		*value = squares > 0 ? sum * sum / squares : NAN;
	else
		*value = sum > 0 ? most / (sum / (double)n) : NAN;
	return 0;
}

static int footprint(const struct metric_ctx *ctx, const struct metric *metric, double *value)
{
	uint64_t v[MF_N];
	double sum = 0;
	int i;

	if ((ctx->m->foot_has & metric->cols) != metric->cols || !model_footprint(ctx->m, v))
		return -ENODATA;
	for (i = 0; i < MF_N; i++)
		if (metric->cols & B(i))
			sum += (double)v[i];
	*value = sum;
	return 0;
}

int metric_value(const struct metric_ctx *ctx, const struct metric *metric, double *value)
{
	const struct model *m = ctx->m;
	uint64_t u;
	int err = 0;

	*value = NAN;
	switch (metric->source) {
	case FROM_TASKS:
		err = sum_tasks(ctx, metric, value);
		break;
	case FROM_WAITING:
		if (!m->have_task_totals || (m->task_has & metric->cols) != metric->cols)
			return -ENODATA;
		*value = model_waited(m) * metric->arg;
		break;
	case FROM_CPUS:
		err = sum_cpus(ctx, metric, value);
		break;
	case FROM_WAIT:
		return latency(m, &ctx->machine->wait, 0, metric->arg, value);
	case FROM_OFF:
		return latency(m, &ctx->machine->off, 1, metric->arg, value);
	case FROM_COUNTER:
		err = model_counter(m, metric->counter, metric->counter_name, -1, &u);
		*value = err ? NAN : (double)u * metric->arg;
		break;
	case FROM_FOOT:
		err = footprint(ctx, metric, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_WINDOW:
		*value = (double)m->duration * metric->arg;
		break;
	case FROM_N_TASKS:
		if (!m->have_task_totals)
			return -ENODATA;
		*value = ctx->machine->n_tasks;
		break;
	case FROM_UTIL:
		err = utilisation(m, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_SYSCALL:
		err = syscalls_total(m, metric->counter, metric->counter_name, metric->cols, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_FAULTS:
		err = faults_total(m, metric->cols, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_NUMA:
		return numa_metric(m, (enum numa_what)metric->arg, value);
	case FROM_VMS:
		return vms_metric(m, NULL, (enum vms_what)metric->arg, value);
	case FROM_NODES:
		return nodes_metric(m, (enum nodes_what)metric->arg, value);
	case FROM_NUMA_PAGES:
		return numa_pages_metric(m, (enum numa_pages_what)metric->arg, value);
	case FROM_KVM:
		err = kvm_total(m, (enum kvm_class)metric->over, metric->counter, (int)metric->cols, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_PERF:
		err = counters_metric(m, metric->counter, metric->counter_name, value);
		*value *= err ? 1 : metric->arg;
		break;
	case FROM_BLOCKED:
		if (!ctx->blocked)
			return -ENODATA;
		*value = ctx->blocked->ns[metric->cols] * metric->arg;
		break;
	case FROM_SPREAD:
		return spread(m, metric->arg, value);
	default:
		return -ENODATA;
	}
	if (!err && metric->per == PER_SECOND)
		*value = m->duration ? *value / ((double)m->duration / 1e9) : NAN;
	return err;
}

struct table *metrics_table(void)
{
	static const struct table_col cols[] = {
		{ .id = "name", .head = "metric", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "unit", .head = "unit", .type = COL_TEXT },
		{ .id = "better", .head = "better", .type = COL_TEXT },
		{ .id = "kind", .head = "kind", .type = COL_TEXT },
		{ .id = "min_rel", .head = "min", .unit = "%", .type = COL_FLOAT, .flags = COL_NO_TEXT },
		{ .id = "shown", .head = "shown", .type = COL_TEXT },
		{ .id = "definition", .head = "definition", .type = COL_TEXT },
	};
	struct table *t = table_new("metrics", NULL, cols, sizeof(cols) / sizeof(cols[0]));
	const struct metric *all;
	size_t i, n;

	all = metrics_all(&n);
	for (i = 0; t && i < n; i++) {
		table_text(t, all[i].name);
		table_text(t, all[i].unit);
		table_text(t, metric_direction_name(all[i].better));
		table_text(t, metric_kind_name(all[i].kind));
		table_f64(t, all[i].min_rel);
		table_text(t, all[i].detail ? "asked" : "usual");
		table_text(t, all[i].definition);
	}
	return t;
}
