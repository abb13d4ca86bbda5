// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The standard schema: every trace carries it, so every field here has a definition and a unit. */
#include <errno.h>
#include <string.h>

#include "mmtrace.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define KEY(n, f, b, u, d) { n, MMT_FMT_##f, MMT_ROLE_KEY, b, u, d }
#define ARG(n, f, u, d) { n, MMT_FMT_##f, MMT_ROLE_ARG, 0, u, d }
#define COL(n, f, u, d) { n, MMT_FMT_##f, MMT_ROLE_COL, 0, u, d }

#define STATES "R,Y,S,D,T,X,I,P"

static const struct mmt_field switch_f[] = {
	KEY("state", ENUM, 4, STATES, "state the previous task was switched out in; R and Y are involuntary"),
	KEY("next", TID, 24, "", "task switched in; 0 is the idle task"),
};
static const struct mmt_field switchx_f[] = {
	KEY("state", ENUM, 4, STATES, "state the previous task was switched out in; R and Y are involuntary"),
	KEY("next", TID, 24, "", "task switched in; 0 is the idle task"),
	KEY("prev", TID, 24, "", "task switched out"),
};
static const struct mmt_field wakeup_f[] = {
	KEY("flags", HEX, 4, "", "bit 0: first wakeup of a new task"),
	KEY("tid", TID, 24, "", "task that became runnable"),
	KEY("cpu", CPU, 16, "", "CPU on whose run queue it was put"),
};
static const struct mmt_field wakeupr_f[] = {
	KEY("flags", HEX, 4, "", "bit 0: first wakeup of a new task"),
	KEY("tid", TID, 24, "", "task that became runnable"),
	KEY("cpu", CPU, 16, "", "CPU on whose run queue it was put"),
	ARG("delay", NS, "ns", "from the wake request on the waker's CPU to the enqueue"),
};
static const struct mmt_field migrate_f[] = {
	KEY("tid", TID, 24, "", "task that moved"),
	KEY("orig", CPU, 16, "", "CPU it left"),
	KEY("dest", CPU, 16, "", "CPU it goes to"),
};
static const struct mmt_field waking_f[] = {
	KEY("tid", TID, 24, "", "task that is being woken"),
};
static const struct mmt_field fork_f[] = {
	KEY("tid", TID, 24, "", "child"),
	KEY("ptid", TID, 24, "", "parent thread"),
	ARG("cpu", CPU, "", "CPU of the parent"),
};
static const struct mmt_field exec_f[] = {
	KEY("tid", TID, 24, "", "task after exec"),
	KEY("old_tid", TID, 24, "", "its thread id before exec"),
	ARG("cpu", CPU, "", "CPU it ran on"),
};
static const struct mmt_field exit_f[] = {
	KEY("tid", TID, 24, "", "task that ended"),
	ARG("cpu", CPU, "", "CPU of its last switch"),
	ARG("code", U64, "", "exit code as wait(2) encodes it"),
};
static const struct mmt_field lost_f[] = {
	KEY("class", ENUM, 4, "switch,wakeup,migrate,task", "class of the lost records"),
	ARG("count", U64, "count", "records lost before this point of the stream"),
};
static const struct mmt_field meta_f[] = {
	COL("key", STR, "", "dotted name, e.g. kernel.release"),
	COL("value", STR, "", "text"),
};
static const struct mmt_field mark_f[] = {
	COL("seq", U64, "", "number of the mark, from 1; totals rows with this segment lie after it, segment 0 before the first"),
	COL("time", TIME, "ns", "instant of the cut"),
	COL("kind", ENUM, "start,end,iteration_start,iteration_end,phase,user", "what the mark stands for"),
	COL("name", STR, "", "name given"),
	COL("arg", STR, "", "free text"),
};
static const struct mmt_field clock_f[] = {
	COL("time", TIME, "ns", "trace clock (the scheduler's clock)"),
	COL("mono", U64, "ns", "CLOCK_MONOTONIC"),
	COL("boot", U64, "ns", "CLOCK_BOOTTIME"),
	COL("real", U64, "ns", "CLOCK_REALTIME"),
	COL("error", NS, "ns", "half width of the reading window"),
};
static const struct mmt_field cpu_f[] = {
	COL("cpu", CPU, "", ""),
	COL("core", U64, "", "lowest CPU of its SMT siblings"),
	COL("llc", U64, "", "lowest CPU that shares its last-level cache"),
	COL("node", U64, "", "NUMA node"),
	COL("package", U64, "", "physical package"),
	COL("online", U64, "", "1 online at start"),
	COL("max_khz", U64, "kHz", "cpufreq maximum, 0 unknown"),
};
static const struct mmt_field node_f[] = {
	COL("node", U64, "", ""),
	COL("mem_kb", U64, "KiB", "memory of the node"),
	COL("distance", VEC, "", "ACPI distance to nodes 0..n-1"),
};
static const struct mmt_field task_f[] = {
	COL("epoch", U64, "", "task epoch: one (tid, start time); a later row of an epoch replaces the earlier"),
	COL("tid", TID, "", ""),
	COL("tgid", TID, "", "process"),
	COL("ppid", TID, "", "parent process at first sight"),
	COL("start", U64, "ns", "start time, CLOCK_BOOTTIME"),
	COL("first", TIME, "ns", "first seen"),
	COL("last", TIME, "ns", "last switch of a dead task, 0 while it lives"),
	COL("exit_code", U64, "", "as wait(2) encodes it"),
	COL("flags", HEX, "", "bit 0 kernel thread, bit 1 metadata incomplete, bit 2 part of the collector"),
	COL("cgroup", U64, "", "id in the cgroup table"),
	COL("comm", STR, "", "command name"),
	COL("k_nvcsw", U64, "count", "the kernel's own voluntary switches, over the task's whole life, when it died"),
	COL("k_nivcsw", U64, "count", "the kernel's own involuntary switches, likewise"),
	COL("k_run_ns", NS, "ns", "the kernel's own sum_exec_runtime, likewise"),
	COL("k_migrations", U64, "count", "the kernel's own se.nr_migrations, likewise"),
};
static const struct mmt_field cgroup_f[] = {
	COL("id", U64, "", "kernfs id"),
	COL("path", STR, "", "path below the hierarchy's mount"),
};
static const struct mmt_field task_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks that found no place in the kernel's table"),
	COL("cgroup", U64, "", "cgroup of the task in the interval"),
	COL("nvcsw", U64, "count", "voluntary switches"),
	COL("nivcsw", U64, "count", "involuntary switches"),
	COL("wakeups", U64, "count", "wakeups; only where wakeups are traced"),
	COL("mig_smt", U64, "count", "migrations to an SMT sibling"),
	COL("mig_llc", U64, "count", "migrations inside a last-level cache"),
	COL("mig_node", U64, "count", "migrations inside a NUMA node"),
	COL("mig_cross", U64, "count", "migrations to another NUMA node"),
	COL("run_ns", NS, "ns", "time on CPU"),
	COL("wait_n", U64, "count", "times it was runnable and then ran"),
	COL("wait_ns", NS, "ns", "run-queue latency, sum"),
	COL("wait_max", NS, "ns", "run-queue latency, maximum since the mark; 0 in rows between the full ones"),
	COL("off_n", U64, "count", "times it was off CPU and not runnable, and then ran"),
	COL("off_ns", NS, "ns", "off-CPU time, sum"),
	COL("off_max", NS, "ns", "off-CPU time, maximum since the mark; likewise"),
	COL("place_ns", VEC, "ns", "time on CPU by place (meta totals.place: cpu or node)"),
	COL("wait_hist", HIST, "ns", "run-queue latency"),
	COL("off_hist", HIST, "ns", "off-CPU time"),
};
static const struct mmt_field cpu_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("cpu", CPU, "", ""),
	COL("switches", U64, "count", "all context switches, as /proc/stat ctxt counts"),
	COL("idle_switches", U64, "count", "of these, away from the idle task"),
	COL("nvcsw", U64, "count", "voluntary switches"),
	COL("nivcsw", U64, "count", "involuntary switches"),
	COL("wakeups", U64, "count", "wakeups; only where wakeups are traced"),
	COL("mig_smt", U64, "count", "migrations decided on this CPU, to an SMT sibling"),
	COL("mig_llc", U64, "count", "inside a last-level cache"),
	COL("mig_node", U64, "count", "inside a NUMA node"),
	COL("mig_cross", U64, "count", "to another NUMA node"),
	COL("busy_ns", NS, "ns", "time with a task other than idle"),
	COL("idle_ns", NS, "ns", "time with the idle task"),
	COL("seen_switch", U64, "count", "switch records that the filters let through"),
	COL("seen_wakeup", U64, "count", "wakeup records, likewise"),
	COL("seen_migrate", U64, "count", "migrate records, likewise"),
	COL("lost_switch", U64, "count", "switch records lost to a full ring"),
	COL("lost_wakeup", U64, "count", "wakeup records lost to a full ring"),
	COL("lost_migrate", U64, "count", "migrate records lost to a full ring"),
	COL("shed_wakeup", U64, "count", "wakeup records shed under pressure, to keep the switches"),
	COL("unseen", U64, "count", "times the task on the CPU was not the one seen coming: switches that the kernel did not show"),
};
static const struct mmt_field counter_f[] = {
	COL("time", TIME, "ns", ""),
	COL("segment", U64, "", "number of the mark it was read at"),
	COL("source", STR, "", "perf.sw, proc.stat, proc.vmstat, proc.task"),
	COL("name", STR, "", "e.g. context-switches"),
	COL("scope", S64, "", "-1 machine, else a CPU (perf.sw) or a task epoch (proc.task)"),
	COL("value", U64, "", "cumulative value"),
};
static const struct mmt_field footprint_f[] = {
	COL("time", TIME, "ns", ""),
	COL("segment", U64, "", "number of the mark before it"),
	COL("user_ns", NS, "ns", "collector CPU time, user, cumulative"),
	COL("sys_ns", NS, "ns", "collector CPU time, system, cumulative"),
	COL("rss_kb", U64, "KiB", "resident memory, rings and maps included where mapped"),
	COL("maxrss_kb", U64, "KiB", "its maximum"),
	COL("map_kb", U64, "KiB", "kernel memory of BPF maps and rings"),
	COL("minflt", U64, "count", "minor faults, cumulative"),
	COL("majflt", U64, "count", "major faults, cumulative"),
	COL("nvcsw", U64, "count", "voluntary switches, cumulative"),
	COL("nivcsw", U64, "count", "involuntary switches, cumulative"),
	COL("migrations", U64, "count", "migrations, cumulative; 0 where the kernel does not say"),
	COL("drains", U64, "count", "passes over the rings, cumulative"),
	COL("events", U64, "count", "events taken from the rings, cumulative"),
	COL("bytes", U64, "B", "bytes written to the file, cumulative"),
};
static const struct mmt_field note_f[] = {
	COL("time", TIME, "ns", ""),
	COL("level", ENUM, "error,warn,info", ""),
	COL("text", STR, "", "one line"),
};
static const struct mmt_field fault_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks that found no place in the kernel's table, without minor and major"),
	COL("cgroup", U64, "", "cgroup of the task in the interval"),
	COL("minor", U64, "count", "faults that ended well and did not wait, by the kernel's own counter of the task"),
	COL("major", U64, "count", "faults that waited, likewise"),
	COL("user_read", U64, "count", "faults raised in user mode, page not present, by a read"),
	COL("user_write", U64, "count", "by a write"),
	COL("user_exec", U64, "count", "by fetching an instruction"),
	COL("user_read_prot", U64, "count", "in user mode, page present but not for this access, by a read"),
	COL("user_write_prot", U64, "count", "by a write (copy on write, say)"),
	COL("user_exec_prot", U64, "count", "by fetching an instruction"),
	COL("kernel_read", U64, "count", "raised in kernel mode on a user address, page not present, by a read"),
	COL("kernel_write", U64, "count", "by a write"),
	COL("kernel_read_prot", U64, "count", "likewise, page present but not for this access, by a read"),
	COL("kernel_write_prot", U64, "count", "by a write"),
	COL("kernel_addr", U64, "count", "raised in kernel mode on a kernel address"),
};
static const struct mmt_field fault_latency_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: the histograms of all tasks but the collector's"),
	COL("cgroup", U64, "", "cgroup of the task in the interval"),
	COL("mapping", ENUM, "anon,file", "whether the address is in a mapping of a file, a shared or an executable one say"),
	COL("major", U64, "", "1: the fault waited for a page"),
	COL("count", U64, "count", "faults that ended well"),
	COL("total", NS, "ns", "from the entry of handle_mm_fault() to its return, retries included, sum"),
	COL("max", NS, "ns", "maximum since the mark"),
	COL("hist", HIST, "ns", "in rows of epoch 0"),
};
static const struct mmt_field fault_sample_f[] = {
	COL("time", TIME, "ns", "entry of the fault"),
	COL("segment", U64, "", "number of the mark before the row was written"),
	COL("epoch", U64, "", "task epoch; 0: not known"),
	COL("cpu", CPU, "", ""),
	COL("addr", HEX, "", "address that was touched"),
	COL("ip", HEX, "", "instruction that touched it"),
	COL("flags", HEX, "", "bit 0 page present, bit 1 write, bit 2 user mode, bit 3 instruction fetch, bit 4 something else"),
	COL("n", U64, "", "each fault was sampled with chance 1/n then: this one stands for n"),
	COL("kstack", U64, "", "stack in the kernel, a number of table stack; 0 none"),
	COL("ustack", U64, "", "stack of the program, a number of table stack; 0 none"),
};
static const struct mmt_field stack_f[] = {
	COL("id", U64, "", "number of the stack, from 1"),
	COL("kind", ENUM, "user,kernel", "whose code"),
	COL("epoch", U64, "", "task epoch of the process's leader, of user stacks; else 0"),
	COL("flags", HEX, "", "bit 0 truncated: deeper than the kernel goes, bit 1 no frame pointers suspected, bit 2 could not be walked"),
	COL("frames", VEC, "", "addresses, leaf first; offsets into files where `mappings` says so"),
	COL("mappings", VEC, "", "of each frame: the mapping whose file the frame is an offset into, 0: an address; empty: all are addresses"),
};
static const struct mmt_field mapping_f[] = {
	COL("id", U64, "", "number of the mapping, from 1; a later row of an id replaces the earlier"),
	COL("epoch", U64, "", "task epoch of the process's leader; 0 not known"),
	COL("start", HEX, "", "first address; 0 with end 0: known by build-id only"),
	COL("end", HEX, "", "address after the last"),
	COL("offset", HEX, "", "of start in the file"),
	COL("vaddr", HEX, "", "address that the file's program headers give to start; where flags bit 5 is set"),
	COL("first", TIME, "ns", "first seen; it may have been there before, unless flags bit 6 says no"),
	COL("seen", TIME, "ns", "last seen, of one that is gone; it went between this and last"),
	COL("last", TIME, "ns", "gone at this time, at the latest; 0 while it lives"),
	COL("dev", HEX, "", "device of the file, major << 20 | minor, as maps tells it"),
	COL("inode", U64, "", "of the file"),
	COL("mtime", U64, "ns", "last change of the file, CLOCK_REALTIME; 0 not known"),
	COL("uid", U64, "", "user that the process ran as; 2^32 - 1 not known"),
	COL("flags", HEX, "", "bit 0 deleted, bit 1 vdso, bit 2 no file, bit 3 has no build-id, bit 4 could not be read, bit 5 vaddr is known, bit 6 first is exact"),
	COL("build_id", BYTES, "", "GNU build-id of the file"),
	COL("path", STR, "", "as the process saw it; [name] where it is no file"),
};
static const struct mmt_field cpu_load_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("cpu", CPU, "", "one that was online at its end"),
	COL("samples", U64, "count", "times its run queue was looked at"),
	COL("running", U64, "count", "tasks on it, running or waiting to, sum over the samples; the collector itself is not counted"),
	COL("max", U64, "count", "the most tasks that a sample saw"),
	COL("busy", U64, "count", "samples that saw a task"),
};
static const struct mmt_field image_f[] = {
	COL("time", TIME, "ns", "when the process was forked, or executed a program"),
	COL("epoch", U64, "", "task epoch of the process's leader"),
	COL("parent", U64, "", "epoch whose mappings, as of time, it has, beside those of its own that begin later; 0: no other mapping than these"),
};
static const struct mmt_field ksym_f[] = {
	COL("address", HEX, "", "where it begins, of the boot that was traced"),
	COL("size", U64, "B", "bytes until what follows"),
	COL("name", STR, "", "symbol of the kernel; only those that hold an address in the trace are here"),
	COL("module", STR, "", "its module; empty: the kernel itself"),
};
static const struct mmt_field symbol_f[] = {
	COL("build_id", BYTES, "", "of the file that it is in; empty: `mapping` says where"),
	COL("mapping", U64, "", "mapping, of what has no build-id; else 0"),
	COL("offset", HEX, "", "file offset of the first byte that the row is about; an address where the mapping has no file"),
	COL("size", U64, "B", "bytes that it is about"),
	COL("depth", U64, "", "0: the innermost function; 1, ...: what it was inlined into"),
	COL("flags", HEX, "", "bit 0 inlined into the next depth, bit 1 linkage stub, bit 2 made at run time"),
	COL("base", HEX, "", "offset at which the function begins that all was inlined into; as `offset`"),
	COL("function", STR, "", "name, demangled"),
	COL("file", STR, "", "source file; empty not known"),
	COL("line", U64, "", "in the source file; 0 not known"),
	COL("called", STR, "", "of a caller's place: the function that the call there goes to; empty not known"),
	COL("called_base", HEX, "", "offset at which that begins; as `offset`"),
};

static const struct mmt_field off_cpu_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks without a place in the kernel's table"),
	COL("kstack", U64, "", "where in the kernel it left the CPU, a number of table stack; 0 none"),
	COL("ustack", U64, "", "where in the program, a number of table stack; 0 none"),
	COL("flags", HEX, "", "bit 0 preempted: still runnable, bit 1 waited for I/O (in_iowait), bit 2 uninterruptible"),
	COL("count", U64, "count", "periods that ended, from switch-out to switch-in"),
	COL("total", NS, "ns", "of these periods, sum"),
	COL("max", NS, "ns", "of these periods, the longest"),
	COL("hist", VEC, "count", "periods by power of two: i is of those from 2^i to below 2^(i+1) ns"),
};
static const struct mmt_field waker_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch of the one that was woken"),
	COL("kstack", U64, "", "where in the kernel it had blocked, a number of table stack; 0 none"),
	COL("ustack", U64, "", "where in the program it had blocked, a number of table stack; 0 none"),
	COL("waker_epoch", U64, "", "task epoch of the one that woke it; 0 not known"),
	COL("waker_kstack", U64, "", "where in the kernel the waker was, a number of table stack; 0 none"),
	COL("waker_ustack", U64, "", "where in its program the waker was, a number of table stack; 0 none"),
	COL("flags", HEX, "", "bit 0 from an interrupt or the idle task: who ran there did not ask for it"),
	COL("count", U64, "count", "periods that were ended so"),
	COL("blocked", NS, "ns", "from switch-out to the wakeup, sum"),
	COL("delay", NS, "ns", "from the wakeup to running, sum"),
	COL("delay_max", NS, "ns", "from the wakeup to running, the longest"),
};
static const struct mmt_field cpu_sample_f[] = {
	COL("time", TIME, "ns", "of the sample"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0 not known"),
	COL("cpu", CPU, "", ""),
	COL("ip", HEX, "", "instruction that ran"),
	COL("kstack", U64, "", "stack in the kernel, a number of table stack; 0 none"),
	COL("ustack", U64, "", "stack of the program, a number of table stack; 0 none"),
	COL("flags", HEX, "", "bit 0 user mode, bit 1 in a guest: `ip` is an address there"),
	COL("weight", NS, "ns", "CPU time that the sample stands for"),
};

static const struct mmt_field placement_f[] = {
	COL("time", TIME, "ns", "when it was begun; rows of the same time, epoch and cgroup are one measurement"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch of the process's leader; 0: of a cgroup"),
	COL("cgroup", U64, "", "cgroup whose charged memory it is; 0: of a process"),
	COL("node", U64, "", "NUMA node"),
	COL("kind", ENUM, "all,anon,file,shared,huge", "kind of the mapping: no file, a file, shared memory, hugetlbfs; all: these together"),
	COL("method", ENUM, "exact,sample,cgroup", "page tables walked (numa_maps), random pages asked for, or memory.numa_stat"),
	COL("kb", U64, "KiB", "memory on the node; of samples an estimate"),
	COL("lo", U64, "KiB", "lower end of its 95 % interval; kb where it is exact"),
	COL("hi", U64, "KiB", "upper end"),
	COL("n", U64, "count", "size of a simple random sample of pages that says as much; 0: exact"),
	COL("sampled", U64, "count", "pages that were found by sampling, of the whole measurement"),
	COL("cost_ns", NS, "ns", "CPU time of the whole measurement"),
};

static const struct mmt_field vm_f[] = {
	COL("time", TIME, "ns", "when it was seen"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("vm", U64, "", "number of the virtual machine, from 1: one for each process that is one"),
	COL("event", ENUM, "found,renamed,ended,still", "still: at a mark, it is there"),
	COL("name", STR, "", "as it was started or is known to systemd, or made of the process's number"),
	COL("kind", STR, "", "what runs it: qemu, firecracker, cloud-hypervisor, crosvm, kvmtool, other"),
	COL("accel", STR, "", "kvm, tcg or unknown"),
	COL("tgid", TID, "", "its process"),
	COL("epoch", U64, "", "task epoch of the process's leader; 0 not known"),
	COL("cgroup", U64, "", "cgroup of that task; 0 not known"),
	COL("scope", STR, "", "unit of systemd that it is in, as libvirt makes them; empty none"),
	COL("vcpus", U64, "count", "virtual CPUs by its file descriptors; 0 not known"),
};
static const struct mmt_field vcpu_f[] = {
	COL("time", TIME, "ns", "when it was seen"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("vm", U64, "", "number of the virtual machine, see table vm"),
	COL("index", U64, "", "number of the virtual CPU; 2^32 - 1: the thread runs all of them in turn"),
	COL("tid", TID, "", "its thread"),
	COL("epoch", U64, "", "task epoch of the thread; 0 not known"),
	COL("event", ENUM, "found,ended,still", "still: its epoch is known now; or, live, it is there"),
};

static const struct mmt_field numa_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks without counters of their own"),
	COL("node", U64, "", "NUMA node: of the memory, or that the task was moved to"),
	COL("alloc_local", U64, "pages", "allocated on the node by its CPUs"),
	COL("alloc_remote", U64, "pages", "allocated on the node by CPUs of others"),
	COL("hint_local", U64, "count", "hint faults on memory of the node that the task ran on"),
	COL("hint_remote", U64, "count", "hint faults on memory of another node"),
	COL("hint_pages", U64, "pages", "of these faults; `node` is where the memory was afterwards"),
	COL("moved_to", U64, "count", "times NUMA balancing moved the task to the node (sched_move_numa)"),
	COL("swapped_to", U64, "count", "times it was swapped there with another task (sched_swap_numa)"),
	COL("stuck", U64, "count", "times it was to leave the node and could not (sched_stick_numa)"),
	COL("allocs_local", U64, "count", "allocations, of any size, that alloc_local is the pages of"),
	COL("allocs_remote", U64, "count", "likewise of alloc_remote"),
	COL("cgroup", U64, "", "cgroup of the task; 0 not known"),
	COL("hint_pages_local", U64, "pages", "where faults are not counted, of hint_pages: on the node that the task ran on, as far as is known; `node` is all ones"),
	COL("hint_pages_remote", U64, "pages", "likewise on other nodes"),
};

static const struct mmt_field page_migration_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch of who moved them; 0: tasks without counters of their own"),
	COL("reason", STR, "", "the kernel's reason: numa_misplaced, compaction, syscall, mempolicy_mbind, ..."),
	COL("from", U64, "", "NUMA node they were on; all ones: not known"),
	COL("to", U64, "", "node they went to; all ones: not known"),
	COL("ok", U64, "pages", "moved"),
	COL("failed", U64, "pages", "could not be moved"),
	COL("cgroup", U64, "", "cgroup of the task; 0 not known"),
};

static const struct mmt_field node_migration_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks without counters of their own"),
	COL("from", U64, "", "NUMA node of the CPU that the task was on"),
	COL("to", U64, "", "NUMA node of the CPU that it was given; the distance of the two is in table node"),
	COL("count", U64, "count", "times that the task's CPU was changed so"),
	COL("cgroup", U64, "", "cgroup of the task; 0 not known"),
};

static const struct mmt_field syscall_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch; 0: tasks without counters of their own, and the histograms of all tasks"),
	COL("abi", ENUM, "native,compat", "compat: by the 32-bit ABI of a 64-bit kernel, whose numbers are others"),
	COL("nr", U64, "", "number of the call, 511 for all from there on"),
	COL("name", STR, "", "its name on the machine of the recording; empty: not known there"),
	COL("class", STR, "", "empty: all calls; else a part of them, counted again: advice, kind of mapping, direction, protection"),
	COL("count", U64, "count", "calls that returned, and calls of exit and exit_group"),
	COL("errors", U64, "count", "of these, returned an error"),
	COL("restarts", U64, "count", "of the errors, ended by a signal, to be restarted or to fail with EINTR"),
	COL("untimed", U64, "count", "of the calls, without time: their beginning was not seen, or they never return"),
	COL("time_ns", NS, "ns", "from entry to return, sum"),
	COL("max_ns", NS, "ns", "from entry to return, maximum since the mark; not of classes"),
	COL("bytes", U64, "B", "of a class: bytes that its calls without error named"),
	COL("open", U64, "count", "at a mark: calls in progress; they count when they return"),
	COL("open_ns", NS, "ns", "at a mark: time since they were entered"),
	COL("hist", HIST, "ns", "from entry to return, of all tasks but the collector; in rows of epoch 0"),
};

static const struct mmt_field kvm_totals_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("epoch", U64, "", "task epoch of the thread that runs the virtual CPU; 0: threads without counters of their own"),
	COL("reason", U64, "", "of class exit by the processor's manual, all ones: not known; of class user KVM_EXIT_*"),
	COL("name", STR, "", "of the reason, by the processor's kind; empty: not known"),
	COL("class", STR, "", "exit, entry; user: KVM_RUN returned to the program; halt_poll: a halt that ended, by how, and changes of the time to poll"),
	COL("isa", STR, "", "of class exit: vmx or svm, whose reasons they are; empty: not known"),
	COL("count", U64, "count", "how often"),
	COL("timed", U64, "count", "times that ended in the interval; those of exits end at the next entry"),
	COL("total", NS, "ns", "sum of these: from exit, or return to the program, to entry; of a halt, from its begin; of grow and shrink, what the time to poll became"),
	COL("max", NS, "ns", "the longest since the mark"),
	COL("hist", VEC, "count", "times by power of two: i is of those from 2^i to below 2^(i+1) ns, 4 also of shorter ones"),
};

static const struct mmt_field perf_counter_f[] = {
	COL("time", TIME, "ns", "end of the interval"),
	COL("segment", U64, "", "number of the mark before it"),
	COL("cpu", CPU, "", "2^32 - 1: of tasks, wherever they ran"),
	COL("event", STR, "", "by perf's name; meta counters.event.NAME tells of each, counters.unit.NAME its unit"),
	COL("count", U64, "", "counted in the interval, not scaled"),
	COL("enabled", NS, "ns", "of the interval, time in which it was to be counted; of tasks, their run time"),
	COL("running", NS, "ns", "of this, time in which it was: less where there are more events than the PMU has counters"),
};

#define EV(i, n, f, d) { i, MMT_KIND_EVENT, n, d, N(f), f }
#define TB(i, n, f, d) { i, MMT_KIND_TABLE, n, d, N(f), f }

static const struct mmt_type std_types[] = {
	EV(MMT_EV_SWITCH, "switch", switch_f, "context switch; the task switched out is the `next` of the stream's previous switch"),
	EV(MMT_EV_SWITCHX, "switchx", switchx_f, "context switch with the task switched out"),
	EV(MMT_EV_WAKEUP, "wakeup", wakeup_f, "a task was put on a run queue"),
	EV(MMT_EV_WAKEUPR, "wakeupr", wakeupr_f, "a task was put on a run queue at the request of another CPU"),
	EV(MMT_EV_MIGRATE, "migrate", migrate_f, "a task's CPU was changed"),
	EV(MMT_EV_WAKING, "waking", waking_f, "a wakeup was requested on this CPU"),
	EV(MMT_EV_FORK, "fork", fork_f, "a task was created"),
	EV(MMT_EV_EXEC, "exec", exec_f, "a task executed a program"),
	EV(MMT_EV_EXIT, "exit", exit_f, "a task's last switch"),
	EV(MMT_EV_LOST, "lost", lost_f, "records were lost here"),
	TB(MMT_TB_META, "meta", meta_f, "facts about the machine, the tool and the run"),
	TB(MMT_TB_MARK, "mark", mark_f, "named instants; segment k lies between mark k and mark k + 1"),
	TB(MMT_TB_CLOCK, "clock", clock_f, "readings of all clocks at one instant"),
	TB(MMT_TB_CPU, "cpu", cpu_f, "topology"),
	TB(MMT_TB_NODE, "node", node_f, "NUMA nodes"),
	TB(MMT_TB_TASK, "task", task_f, "tasks by epoch"),
	TB(MMT_TB_CGROUP, "cgroup", cgroup_f, "cgroups"),
	TB(MMT_TB_TASK_TOTALS, "task_totals", task_totals_f, "what a task did since its previous row (sums), maxima since the mark"),
	TB(MMT_TB_CPU_TOTALS, "cpu_totals", cpu_totals_f, "what a CPU did since its previous row"),
	TB(MMT_TB_COUNTER, "counter", counter_f, "the kernel's own counters, read beside ours"),
	TB(MMT_TB_FOOTPRINT, "footprint", footprint_f, "the collector's own cost"),
	TB(MMT_TB_NOTE, "note", note_f, "messages of the collector"),
	TB(MMT_TB_SYSCALL_TOTALS, "syscall_totals", syscall_totals_f, "system calls of a task since its previous row (sums), maxima since the mark; only with -e syscall"),
	TB(MMT_TB_FAULT_TOTALS, "fault_totals", fault_totals_f, "page faults of a task since its previous row"),
	TB(MMT_TB_FAULT_SAMPLE, "fault_sample", fault_sample_f, "page faults, sampled"),
	TB(MMT_TB_STACK, "stack", stack_f, "call stacks, each once"),
	TB(MMT_TB_MAPPING, "mapping", mapping_f, "executable mappings of processes"),
	TB(MMT_TB_KSYM, "ksym", ksym_f, "symbols of the kernel, the used ones"),
	TB(MMT_TB_SYMBOL, "symbol", symbol_f, "names and lines of used addresses, looked up where the files are"),
	TB(MMT_TB_OFF_CPU, "off_cpu", off_cpu_f, "where a task was off the CPU, and how long, since its previous row"),
	TB(MMT_TB_WAKER, "waker", waker_f, "who woke a task from where, and how late it ran, since its previous row"),
	TB(MMT_TB_CPU_SAMPLE, "cpu_sample", cpu_sample_f, "what a CPU was doing, sampled"),
	TB(MMT_TB_PLACEMENT, "placement", placement_f, "memory per node of processes and cgroups"),
	TB(MMT_TB_NUMA_TOTALS, "numa_totals", numa_totals_f, "memory by task and node since its previous row; only with -e numa"),
	TB(MMT_TB_PAGE_MIGRATION, "page_migration", page_migration_f, "pages migrated since the previous row; only with -e numa"),
	TB(MMT_TB_FAULT_LATENCY, "fault_latency", fault_latency_f, "how long page faults took, added in the interval"),
	TB(MMT_TB_VM, "vm", vm_f, "virtual machines among the processes"),
	TB(MMT_TB_VCPU, "vcpu", vcpu_f, "threads that are virtual CPUs"),
	TB(MMT_TB_CPU_LOAD, "cpu_load", cpu_load_f, "tasks on a CPU's run queue, sampled, since its previous row"),
	TB(MMT_TB_KVM_TOTALS, "kvm_totals", kvm_totals_f, "exits and entries of virtual CPUs since their previous row (sums), maxima since the mark"),
	TB(MMT_TB_PERF_COUNTER, "perf_counter", perf_counter_f, "perf events since their previous row; only with -e counters"),
	TB(MMT_TB_NODE_MIGRATION, "node_migration", node_migration_f, "tasks that went to another node since the previous row; only with -e numa"),
	TB(MMT_TB_IMAGE, "image", image_f, "from when on a process had which mappings"),
};

const struct mmt_type *mmt_std_types(size_t *n)
{
	*n = N(std_types);
	return std_types;
}

const struct mmt_type *mmt_std_type(uint16_t id)
{
	size_t i;

	for (i = 0; i < N(std_types); i++)
		if (std_types[i].id == id)
			return &std_types[i];
	return NULL;
}

int mmt_type__field(const struct mmt_type *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n_fields; i++)
		if (!strcmp(t->fields[i].name, name))
			return (int)i;
	return -ENOENT;
}
