// SPDX-License-Identifier: GPL-2.0-only
/* What metrics are about, and which experiment would tell whether that carries a change. */
#include <stdio.h>
#include <string.h>

#include "../metrics.h"
#include "explain.h"

static const struct explain_family families[] = {
	{ .name = "wait", .title = "waiting for a CPU", .prefixes = "sched.wait",
	  .experiment = "take the competition away: run both arms with fewer tasks than CPUs, or alone in a cpuset "
			"(wrap=taskset -c LIST on CPUs that nothing else uses); if waiting carries the change, it goes away" },
	{ .name = "preemption", .title = "preemption", .prefixes = "sched.switches.involuntary,sched.slice",
	  .experiment = "run both arms without wakeup preemption (wrap=chrt -b 0), or with a longer slice "
			"(/sys/kernel/debug/sched/base_slice_ns); if preemption carries the change, it shrinks" },
	{ .name = "switching", .title = "switching", .prefixes = "sched.switches,kernel.context_switches,counters.context_switches",
	  .experiment = "make the same work with fewer switches (a larger message or batch size of the benchmark) in both arms; "
			"if switching carries the change, it shrinks with their number" },
	{ .name = "sleeping", .title = "sleeping and waking", .prefixes = "sched.offcpu,sched.wakeups,sched.idle_exits,blocked",
	  .experiment = "keep the CPUs out of deep idle in both arms (cpupower idle-set -D 0), and record again with "
			"--profile full to see the wakeups" },
	{ .name = "migration", .title = "migrations", .prefixes = "sched.migrations,counters.cpu_migrations",
	  .experiment = "take migrations away: pin in both arms (wrap=taskset -c LIST, or one task a CPU); "
			"if they carry the change, it goes away with them" },
	{ .name = "numa", .title = "NUMA placement, memory off-node",
	  .prefixes = "sched.migrations.cross_node,numa,counters.node_loads,counters.node_load_misses,counters.node_stores,"
		      "counters.node_store_misses",
	  .experiment = "hold both arms on one node (wrap=numactl -N 0 -m 0); mmt-trace report --numa on a trace of each shows whose "
			"memory was where" },
	{ .name = "numa balancing", .title = "NUMA balancing, hint faults and migrated pages",
	  .prefixes = "numa.hint,numa.hint_faults,numa.migrated,numa.pages_migrated,numa.tasks,mm.pages_migrated,vm.hint,vm.migrated",
	  .experiment = "switch it off in both arms (sysctl kernel.numa_balancing=0); if hint faults or the migration of pages carry "
			"the change, it goes away" },
	{ .name = "vm placement", .title = "NUMA placement of virtual machines",
	  .prefixes = "vm.exposure,vm.memory,vm.alloc,vm.migrations.cross_node,vm.migrations.distance",
	  .experiment = "see which of them differ (mmt-trace vms on a trace of each), and give each VM the same node in both arms, CPUs and "
			"memory (virsh vcpupin and numatune; mmt-trace balance says which)" },
	{ .name = "vms", .title = "virtual machines", .prefixes = "vm",
	  .experiment = "see which of them differ (mmt-trace vms on a trace of each), and give their virtual CPUs CPUs of their own in both "
			"arms; if they carry the change by waiting, it goes away" },
	{ .name = "exits", .title = "exits of virtual CPUs", .prefixes = "kvm,vm.kvm",
	  .experiment = "see which reasons differ (mmt-trace report --kvm on a trace of each); set halt polling alike in both arms "
			"(/sys/module/kvm/parameters/halt_poll_ns), and take away what asks for exits (virtio in place of emulated devices): "
			"if exits carry the change, it shrinks with their number" },
	{ .name = "spread", .title = "use of the CPUs", .prefixes = "sched.cpus,sched.utilisation,sched.idle_time,load",
	  .experiment = "give both arms the same CPUs (wrap=taskset -c LIST, or a cpuset); if their use carries the change, "
			"it goes away" },
	{ .name = "cpu", .title = "CPU time for the same work", .prefixes = "sched.run_time,counters", .elapsed = true,
	  .experiment = "hold the frequency (performance governor) and count cycles and instructions in both arms "
			"(-e counters): more instructions are more work, more cycles an instruction are colder caches" },
	{ .name = "tasks", .title = "number of tasks", .prefixes = "sched.tasks,kernel.forks",
	  .experiment = "check that both arms start the same tasks (mmt-trace report --by comm on a trace of each)" },
	{ .name = "io", .title = "waiting for I/O",
	  .prefixes = "mm.faults.major,counters.major_faults,kernel.time.iowait,blocked.io,blocked.fault",
	  .experiment = "warm the page cache in both arms (--warmup 1), or empty it in both before each run "
			"(before=echo 3 >/proc/sys/vm/drop_caches)" },
	{ .name = "memory", .title = "page faults", .prefixes = "mm,blocked.reclaim,counters.page_faults,counters.minor_faults",
	  .experiment = "set huge pages alike in both arms (/sys/kernel/mm/transparent_hugepage/enabled: always, then never); "
			"if faults carry the change, it follows" },
	{ .name = "mapping", .title = "memory management calls",
	  .prefixes = "mm.madvise,mm.mmap,mm.munmap,mm.brk,mm.mprotect,mm.mremap",
	  .experiment = "have the allocator keep its memory in both arms (env.GLIBC_TUNABLES=glibc.malloc.trim_threshold=4294967296"
			":glibc.malloc.mmap_threshold=4294967296, or another allocator by LD_PRELOAD)" },
	{ .name = "locks", .title = "locks of user space", .prefixes = "syscall.futex,blocked.futex",
	  .experiment = "run both arms with fewer threads, or with another allocator (LD_PRELOAD); if a lock carries the change, "
			"it shrinks with the number of those who want it" },
	{ .name = "kernel locks", .title = "locks of the kernel", .prefixes = "blocked.lock",
	  .experiment = "see whose they are (mmt-trace hot --blocked on a trace of each), and run both arms with processes in the "
			"place of threads, or with fewer: if a lock carries the change, it shrinks with those who want it" },
	{ .name = "syscalls", .title = "system calls", .prefixes = "syscall",
	  .experiment = "see which calls differ (mmt-trace report --syscalls on a trace of each), and run both arms with "
			"mitigations=off: if their number carries the change, it shrinks with their price" },
	{ .name = "interrupts", .title = "interrupts", .prefixes = "kernel.interrupts,kernel.time.irq,kernel.time.softirq",
	  .experiment = "see which ones differ (/proc/interrupts before and after): rescheduling interrupts come with wakeups on "
			"other CPUs and go away with pinning; move a device's off the benchmark's CPUs (/proc/irq/N/smp_affinity)" },
	{ .name = "steal", .title = "the hypervisor's other guests", .prefixes = "kernel.time.steal",
	  .experiment = "repeat on an idle host: stolen time is somebody else's load, not the kernel's doing", .confounder = true },
	{ .name = "tracer", .title = "the tracer", .prefixes = "trace",
	  .experiment = "repeat with --no-trace and see whether the change is the same", .confounder = true },
	{ .name = "length", .title = "length of the iteration", .prefixes = "run", .elapsed = true,
	  .experiment = "give both arms the same time or the same amount of work" },
	{ .name = "other", .title = "other", .prefixes = "",
	  .experiment = "switch off in both arms what this metric counts, and see whether the change goes away" },
};

static size_t fits(const char *prefixes, const char *metric)
{
	const char *p = prefixes, *e;
	size_t best = 0, n;

	for (; *p; p = *e ? e + 1 : e) {
		e = strchrnul(p, ',');
		n = (size_t)(e - p);
		if (n > best && !strncmp(metric, p, n) && (!metric[n] || metric[n] == '.'))
			best = n;
	}
	return best;
}

/* vm.exposure of vm:NAME.exposure; names may have dots. */
static const char *of_all_vms(const char *metric, char *buf, size_t size)
{
	const char *p;

	for (p = metric; !strncmp(metric, "vm:", 3) && (p = strchr(p, '.')); p++) {
		snprintf(buf, size, "vm%s", p);
		if (metric_find(buf))
			return buf;
	}
	return metric;
}

const struct explain_family *explain_family(const char *metric)
{
	const struct explain_family *found = &families[sizeof(families) / sizeof(families[0]) - 1];
	size_t best = 0, i, n;
	char buf[64];

	metric = of_all_vms(metric, buf, sizeof(buf));
	for (i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		n = fits(families[i].prefixes, metric);
		if (n > best) {
			best = n;
			found = &families[i];
		}
	}
	return found;
}
