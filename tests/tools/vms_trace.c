// SPDX-License-Identifier: GPL-2.0-only
/*
 * vms_trace FILE [WHAT=NUMBER...]: write a trace of a host of virtual machines whose answers are known.
 *
 * vms, vcpus, nodes, seconds, cpus (of a node): how many; places=0, load=0, vm=0: without those
 * tables; life=1: the first VM is renamed half way, the second ends there, the last begins there;
 * pages=N: a virtual CPU is given so many pages a second, 3 of 4 off-node, and has 100 hint faults, 1 of 5 off-node, of
 *   which NUMA balancing brings 10 pages from the next node; VM 3's go to that once and come back thrice; see -e numa;
 * exits=N: a virtual CPU of VM i has (i + 1) N exits a second, 3 of 4 by io, of 100 us each, the rest halts, half of
 * which the kernel polls for (10 us each, 1 ms the others);
 * bare=1: one more node with memory and no CPU, where a tenth of all VMs' memory is;
 * names=1: the second has a long name, the third one that is not of ASCII; names=2: the first are web1 and db1;
 * shift=N: VM i has the placement of VM i + N.
 *
 * VM i has its home on node i % nodes and its memory (mib=64 of it) by i % 4:
 *   0 at home; 1 on the next node; 2 on all alike; 3 half at home, half on the next, and runs so too
 * which makes its off-node exposure 0 %, 100 %, (nodes - 1) / nodes and 50 %. Of every eight VMs
 * the last four were sampled (10000 draws). A virtual CPU runs, and waits a quarter as long.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libmmtrace/mmtrace.h"

#define MS 1000000ull
#define SEC (1000 * MS)
#define MAX_NODES 65

enum { VMS, VCPUS, NODES, SECONDS, CPUS, PLACES, LOAD, VM, LIFE, SHIFT, MIB, PAGES, BARE, NAMES, EXITS, N_NUMBERS };
static const char *const names[N_NUMBERS] = {
	"vms", "vcpus", "nodes", "seconds", "cpus", "places", "load", "vm", "life", "shift", "mib", "pages", "bare", "names", "exits",
};

struct trace {
	struct mmt_writer *w;
	uint64_t n[N_NUMBERS];
	uint64_t run_ns; /* of a virtual CPU in a second */
};

/* Columns by name: name, number, ...; a text where p is not NULL. */
struct col { const char *name; uint64_t u; const void *p; uint32_t len; };

static void row(struct trace *t, uint16_t table, const struct col *col, size_t n)
{
	const struct mmt_type *type = mmt_std_type(table);
	struct mmt_cell c[40] = { 0 };
	size_t i;
	int at;

	for (i = 0; i < n; i++) {
		at = type ? mmt_type__field(type, col[i].name) : -1;
		if (at < 0 || at >= 40) {
			fprintf(stderr, "vms_trace: table %u has no column %s\n", table, col[i].name);
			exit(2);
		}
		c[at] = (struct mmt_cell){ .u = col[i].u, .p = col[i].p, .len = col[i].len };
	}
	if (mmt_writer__row(t->w, table, c, type->n_fields))
		exit(2);
}
#define ROW(t, table, ...) row(t, table, (const struct col[]){ __VA_ARGS__ }, \
			       sizeof((const struct col[]){ __VA_ARGS__ }) / sizeof(struct col))
#define TEXT(name, s) { name, 0, s, (uint32_t)strlen(s) }
#define NUM(name, v) { name, v, NULL, 0 }

static void meta(struct trace *t, const char *key, const char *value)
{
	ROW(t, MMT_TB_META, TEXT("key", key), TEXT("value", value));
}

/* ---------------------------------------------------------------- who there is */

static uint64_t tgid_of(uint64_t vm)
{
	return 1000 + vm * 1000;
}

/* Thread k of a VM: 0 its leader, then virtual CPUs. */
static uint64_t epoch_of(const struct trace *t, uint64_t vm, uint64_t k)
{
	return 1 + vm * (t->n[VCPUS] + 1) + k;
}

static uint64_t half(const struct trace *t)
{
	return SEC + t->n[SECONDS] / 2 * SEC;
}

static uint64_t born(const struct trace *t, uint64_t vm)
{
	return t->n[LIFE] && vm + 1 == t->n[VMS] ? half(t) : 0;
}

static uint64_t died(const struct trace *t, uint64_t vm)
{
	return t->n[LIFE] && vm == 1 ? half(t) : 0;
}

static bool lives(const struct trace *t, uint64_t vm, uint64_t time)
{
	return time > born(t, vm) && (!died(t, vm) || time <= died(t, vm));
}

static void machine(struct trace *t)
{
	static const char *const of_numa[] = { "numa", "numa.hint", "numa.migrate", "numa.migrate.nodes", "numa.balancing", "numa.tasks" };
	uint64_t i, k, dist[MAX_NODES];
	uint8_t vec[MAX_NODES * 2];
	char text[32];
	int len;

	meta(t, "families", t->n[LOAD] ? "sched place vm load" : "sched place vm");
	meta(t, "kernel.release", "6.18.0");
	meta(t, "host.name", "host1");
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(t->n[NODES] * t->n[CPUS]));
	meta(t, "cpu.count", text);
	snprintf(text, sizeof(text), "%llu", (unsigned long long)t->n[NODES]);
	meta(t, "node.count", text);
	meta(t, "totals.place", "node");
	meta(t, "page.kb", "4");
	if (t->n[PLACES])
		meta(t, "place", "yes");
	if (t->n[VM])
		meta(t, "vm", "yes");
	if (t->n[PAGES])
		for (i = 0; i < sizeof(of_numa) / sizeof(of_numa[0]); i++)
			meta(t, of_numa[i], "yes");
	if (t->n[EXITS])
		meta(t, "kvm", "yes");
	for (i = 0; i < t->n[NODES] + t->n[BARE]; i++) {
		for (k = 0; k < t->n[NODES] + t->n[BARE]; k++)
			dist[k] = i == k ? 10 : (i ^ k) == 1 ? 16 : 32;
		len = mmt_vec_pack(dist, t->n[NODES] + t->n[BARE], vec, sizeof(vec));
		if (len < 0)
			exit(2);
		ROW(t, MMT_TB_NODE, NUM("node", i), NUM("mem_kb", 64 << 20), { "distance", 0, vec, (uint32_t)len });
	}
	for (i = 0; i < t->n[NODES] * t->n[CPUS]; i++)
		ROW(t, MMT_TB_CPU, NUM("cpu", i), NUM("core", i), NUM("llc", i - i % t->n[CPUS]), NUM("node", i / t->n[CPUS]),
		    NUM("online", 1));
	ROW(t, MMT_TB_CLOCK, NUM("time", SEC), NUM("mono", SEC), NUM("boot", SEC), NUM("real", 1700000000 * SEC));
}

static void task(struct trace *t, uint64_t vm, uint64_t k, uint64_t last)
{
	char comm[16];

	if (k)
		snprintf(comm, sizeof(comm), "CPU %u/KVM", (unsigned int)(k - 1) & 0xffff);
	else
		snprintf(comm, sizeof(comm), "qemu-system-x86");
	ROW(t, MMT_TB_TASK, NUM("epoch", epoch_of(t, vm, k)), NUM("tid", tgid_of(vm) + k), NUM("tgid", tgid_of(vm)), NUM("ppid", 1),
	    NUM("start", 1 + vm), NUM("first", SEC), NUM("last", last), NUM("cgroup", 100 + vm), TEXT("comm", comm));
}

static void vm_row(struct trace *t, uint64_t vm, uint64_t time, const char *name, uint64_t event)
{
	char scope[64];

	if (!t->n[VM])
		return;
	snprintf(scope, sizeof(scope), "machine-qemu-%llu.scope", (unsigned long long)vm);
	ROW(t, MMT_TB_VM, NUM("time", time), NUM("segment", 1), NUM("vm", vm + 1), NUM("event", event), TEXT("name", name),
	    TEXT("kind", "qemu"), TEXT("accel", "kvm"), NUM("tgid", tgid_of(vm)), NUM("epoch", epoch_of(t, vm, 0)),
	    NUM("cgroup", 100 + vm), TEXT("scope", scope));
}

static void vcpu_row(struct trace *t, uint64_t vm, uint64_t k, uint64_t time, uint64_t event)
{
	if (t->n[VM])
		ROW(t, MMT_TB_VCPU, NUM("time", time), NUM("segment", 1), NUM("vm", vm + 1), NUM("index", k - 1),
		    NUM("tid", tgid_of(vm) + k), NUM("epoch", epoch_of(t, vm, k)), NUM("event", event));
}

static const char *name_of(const struct trace *t, char buf[64], uint64_t vm)
{
	if (t->n[NAMES] == 2 && vm < 2)
		return vm ? "db1" : "web1";
	if (t->n[NAMES] && vm == 1)
		return "mailserver-production-eu-central-1-a";
	if (t->n[NAMES] && vm == 2)
		return "b\xc3\xbc" "cher-\xe3\x83\x87\xe3\x83\xbc\xe3\x82\xbf-\xf0\x9f\x98\x80";
	snprintf(buf, 64, "vm%03llu", (unsigned long long)vm);
	return buf;
}

static void begin_vm(struct trace *t, uint64_t vm, uint64_t time)
{
	char name[64], path[64];
	uint64_t k;

	snprintf(path, sizeof(path), "/machine.slice/machine-qemu-%llu.scope", (unsigned long long)vm);
	ROW(t, MMT_TB_CGROUP, NUM("id", 100 + vm), TEXT("path", path));
	for (k = 0; k <= t->n[VCPUS]; k++)
		task(t, vm, k, 0);
	vm_row(t, vm, time, name_of(t, name, vm), 0);
	for (k = 1; k <= t->n[VCPUS]; k++)
		vcpu_row(t, vm, k, time, 0);
}

static void end_vm(struct trace *t, uint64_t vm, uint64_t time)
{
	char name[64];
	uint64_t k;

	for (k = 1; k <= t->n[VCPUS]; k++)
		vcpu_row(t, vm, k, time, 1);
	vm_row(t, vm, time, name_of(t, name, vm), 2);
	for (k = 0; k <= t->n[VCPUS]; k++)
		task(t, vm, k, time);
}

/* ---------------------------------------------------------------- what they do */

static void place(struct trace *t, uint64_t vm, uint64_t time)
{
	uint64_t what = (vm + t->n[SHIFT]) % 4, home = vm % t->n[NODES], next = (home + 1) % t->n[NODES], node, kind, all = t->n[MIB] * 1024;

	for (node = 0; node < t->n[NODES] + t->n[BARE]; node++) {
		uint64_t kb = node == t->n[NODES] ? all / 9 : what == 0 ? (node == home) * all : what == 1 ? (node == next) * all : what == 2 ? all / t->n[NODES] :
			      node == home || node == next ? all / 2 : 0;
		bool sampled = vm % 8 > 3;
		uint64_t half_width = sampled && kb && kb < all ? all / 100 : 0;

		for (kind = 0; kind <= 4; kind += 4)
			if (kb || !kind)
				ROW(t, MMT_TB_PLACEMENT, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch_of(t, vm, 0)), NUM("node", node),
				    NUM("kind", kind), NUM("method", sampled), NUM("kb", kb), NUM("lo", kb - half_width),
				    NUM("hi", kb + half_width), NUM("n", sampled ? 10000 : 0), NUM("sampled", sampled ? 10000 : 0),
				    NUM("cost_ns", MS));
	}
}

/* Waits of 1 ms, 1 in 100 of 8 ms. */
static uint32_t wait_hist(uint64_t wait_ns, uint8_t *buf, size_t size, uint64_t *n)
{
	uint32_t count[MMT_HIST_BUCKETS] = { 0 };
	int len;

	*n = wait_ns / MS ? wait_ns / MS : 1;
	count[mmt_hist_bucket(MS)] = (uint32_t)(*n - *n / 100);
	count[mmt_hist_bucket(8 * MS)] = (uint32_t)(*n / 100);
	len = mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, size);
	return len < 0 ? 0 : (uint32_t)len;
}

/* What -e numa tells of a virtual CPU in a second. */
static void numa(struct trace *t, uint64_t vm, uint64_t k, uint64_t time, uint64_t home, uint64_t next)
{
	uint64_t epoch = epoch_of(t, vm, k), far = t->n[PAGES] - t->n[PAGES] / 4;

	ROW(t, MMT_TB_NUMA_TOTALS, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch), NUM("node", home),
	    NUM("alloc_local", t->n[PAGES] - far), NUM("alloc_remote", far), NUM("hint_local", 80), NUM("hint_remote", 20),
	    NUM("hint_pages", 100));
	ROW(t, MMT_TB_PAGE_MIGRATION, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch), TEXT("reason", "numa_misplaced"),
	    NUM("from", next), NUM("to", home), NUM("ok", 10), NUM("failed", 1));
	if ((vm + t->n[SHIFT]) % 4 != 3)
		return;
	ROW(t, MMT_TB_NODE_MIGRATION, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch), NUM("from", home), NUM("to", next),
	    NUM("count", 1));
	ROW(t, MMT_TB_NODE_MIGRATION, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch), NUM("from", next), NUM("to", home),
	    NUM("count", 3));
}

#define EXIT(class_, name_, n_, ns_) \
	ROW(t, MMT_TB_KVM_TOTALS, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch), TEXT("class", class_), TEXT("name", name_), \
	    NUM("count", n_), NUM("timed", (ns_) ? (n_) : 0), NUM("total", (n_) * (ns_)), NUM("max", ns_))

static void exits(struct trace *t, uint64_t time, uint64_t vm, uint64_t epoch)
{
	uint64_t n = (vm + 1) * t->n[EXITS];

	EXIT("exit", "io", 3 * n / 4, 100000ull);
	EXIT("exit", "hlt", n / 4, 500000ull);
	EXIT("entry", "", n, 0ull);
	EXIT("user", "io", n / 2, 50000ull);
	EXIT("halt_poll", "poll", n / 8, 10000ull);
	EXIT("halt_poll", "wait", n / 8, MS);
}

/* A second of a thread; at the end the histogram of all seconds. */
static void totals(struct trace *t, uint64_t vm, uint64_t k, uint64_t time, bool last)
{
	uint64_t home = vm % t->n[NODES], run = k ? t->run_ns : t->run_ns / 100, v[MAX_NODES] = { 0 }, wait = run / 4, n = 0;
	uint64_t what = (vm + t->n[SHIFT]) % 4;
	uint8_t vec[MAX_NODES * 10], hist[256];
	uint32_t hist_len = last ? wait_hist(wait * t->n[SECONDS], hist, sizeof(hist), &n) : 0;
	int len;

	v[home] = run;
	if (what == 3) {
		v[home] = run / 2;
		v[(home + 1) % t->n[NODES]] = run - run / 2;
	}
	len = mmt_vec_pack(v, t->n[NODES], vec, sizeof(vec));
	if (len < 0)
		exit(2);
	ROW(t, MMT_TB_TASK_TOTALS, NUM("time", time), NUM("segment", 1), NUM("epoch", epoch_of(t, vm, k)), NUM("cgroup", 100 + vm),
	    NUM("nvcsw", 100), NUM("nivcsw", k ? 20 : 0), NUM("mig_llc", 2), NUM("mig_cross", what == 3), NUM("run_ns", run),
	    NUM("wait_n", n), NUM("wait_ns", wait), NUM("wait_max", last ? 8 * MS : 0), { "place_ns", 0, vec, (uint32_t)len },
	    { "wait_hist", 0, hist, hist_len });
	if (k && t->n[PAGES])
		numa(t, vm, k, time, home, (home + 1) % t->n[NODES]);
	if (k && t->n[EXITS])
		exits(t, time, vm, epoch_of(t, vm, k));
}

static void cpus(struct trace *t, uint64_t time)
{
	uint64_t i, node;

	for (i = 0; i < t->n[NODES] * t->n[CPUS]; i++) {
		node = i / t->n[CPUS];
		ROW(t, MMT_TB_CPU_TOTALS, NUM("time", time), NUM("segment", 1), NUM("cpu", i), NUM("busy_ns", SEC - 100 * MS),
		    NUM("idle_ns", 100 * MS), NUM("switches", 1000));
		/* node n has a load of n + 1 on every CPU */
		if (t->n[LOAD])
			ROW(t, MMT_TB_CPU_LOAD, NUM("time", time), NUM("segment", 1), NUM("cpu", i), NUM("samples", 100),
			    NUM("running", 100 * (node + 1)), NUM("max", node + 2), NUM("busy", 100));
	}
}

static void second(struct trace *t, uint64_t s)
{
	uint64_t time = SEC + (s + 1) * SEC, vm, k;

	for (vm = 0; vm < t->n[VMS]; vm++) {
		if (born(t, vm) == time)
			begin_vm(t, vm, born(t, vm));
		if (!lives(t, vm, time))
			continue;
		for (k = 0; k <= t->n[VCPUS]; k++)
			totals(t, vm, k, time, s + 1 == t->n[SECONDS] || time == died(t, vm));
		if (t->n[PLACES])
			place(t, vm, time);
		if (died(t, vm) == time)
			end_vm(t, vm, time);
	}
	if (t->n[LIFE] && time == half(t))
		vm_row(t, 0, time, "renamed", 1);
	cpus(t, time);
	if (mmt_writer__seal(t->w))
		exit(2);
}

static void write_all(struct trace *t)
{
	uint64_t vm, s, end = SEC + t->n[SECONDS] * SEC;

	machine(t);
	ROW(t, MMT_TB_MARK, NUM("seq", 1), NUM("time", SEC), NUM("kind", 0), TEXT("name", "start"));
	for (vm = 0; vm < t->n[VMS]; vm++) {
		if (born(t, vm))
			continue;
		begin_vm(t, vm, SEC);
		if (t->n[PLACES])
			place(t, vm, SEC);
	}
	for (s = 0; s < t->n[SECONDS]; s++)
		second(t, s);
	ROW(t, MMT_TB_MARK, NUM("seq", 2), NUM("time", end), NUM("kind", 1), TEXT("name", "end"));
}

int main(int argc, char **argv)
{
	const struct mmt_writer_opts o = { .sz = sizeof(o) };
	struct trace t = { .n = { [VMS] = 8, [VCPUS] = 2, [NODES] = 4, [SECONDS] = 2, [CPUS] = 16, [PLACES] = 1, [LOAD] = 1, [VM] = 1,
				  [MIB] = 64 } };
	size_t k, len;
	int i;

	for (i = 2; i < argc; i++) {
		for (k = 0; k < N_NUMBERS; k++) {
			len = strlen(names[k]);
			if (!strncmp(argv[i], names[k], len) && argv[i][len] == '=')
				break;
		}
		if (k == N_NUMBERS) {
			fprintf(stderr, "vms_trace: what is '%s'?\n", argv[i]);
			return 2;
		}
		t.n[k] = strtoull(strchr(argv[i], '=') + 1, NULL, 10);
	}
	if (argc < 2 || !t.n[NODES] || t.n[NODES] + t.n[BARE] > MAX_NODES || t.n[BARE] > 1 || !t.n[CPUS] || !t.n[SECONDS] || t.n[VCPUS] > 900) {
		fprintf(stderr, "usage: vms_trace FILE [WHAT=NUMBER...]\n");
		return 2;
	}
	/* nine tenths of the host, a whole CPU each at most */
	t.run_ns = SEC;
	if (t.n[VMS] * t.n[VCPUS] > t.n[NODES] * t.n[CPUS])
		t.run_ns = SEC * t.n[NODES] * t.n[CPUS] / (t.n[VMS] * t.n[VCPUS]);
	t.run_ns = t.run_ns / 10 * 9;
	if (mmt_writer__open(argv[1], &o, &t.w))
		return 2;
	write_all(&t);
	return mmt_writer__close(t.w) ? 2 : 0;
}
