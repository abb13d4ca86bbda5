/* SPDX-License-Identifier: GPL-2.0-only */
/* Small traces with known answers, made through the writer. */
#ifndef MMT_SYNTH_H
#define MMT_SYNTH_H

#include <stdint.h>

#include "../../analyzer/faults.h"
#include "../../analyzer/model.h"
#include "../../libmmtrace/mmtrace.h"

struct synth {
	struct mmt_writer *w;
	char path[64];
};

/* All of them fail the test when they cannot. */
void synth_open(struct synth *s);
void synth_open_types(struct synth *s, const struct mmt_type *extra, size_t n);
void synth_close(struct synth *s);   /* index, trailer */
void synth_remove(struct synth *s);
void synth_seal(struct synth *s);

void synth_meta(struct synth *s, const char *key, const char *value);
void synth_mark(struct synth *s, uint64_t seq, uint64_t time, unsigned int kind, const char *name);
void synth_cpu(struct synth *s, unsigned int cpu, unsigned int core, unsigned int llc, unsigned int node);
void synth_node(struct synth *s, unsigned int node, uint64_t mem_kb, const uint64_t *distance, size_t n);
void synth_task(struct synth *s, uint64_t epoch, unsigned int tid, unsigned int tgid, uint64_t start, uint64_t last,
		unsigned int flags, const char *comm);
void synth_cgroup(struct synth *s, uint64_t id, const char *path);
/* wait and off hold single values, their number in v[MT_WAIT_N] and v[MT_OFF_N]; sums and maxima follow. */
void synth_totals(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const uint64_t v[MT_N],
		  const uint64_t *wait, const uint64_t *off);
/* Run time by place alone. */
void synth_places(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, const uint64_t *ns, size_t n);
struct synth_placement { uint64_t time, segment, epoch, cgroup, node, kind, method, kb, lo, hi, n, sampled, cost_ns; };
void synth_placement(struct synth *s, const struct synth_placement *p);
/* v: NP_N columns, see analyzer/numa/pages.h */
void synth_numa_totals(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, uint64_t node,
		       const uint64_t *v);
void synth_page_migration(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const char *reason,
			  uint64_t from, uint64_t to, uint64_t ok, uint64_t failed);
void synth_node_migration(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, uint64_t from,
			  uint64_t to, uint64_t count);
struct synth_vm { uint64_t time, segment, number, event; const char *name, *kind, *accel; uint64_t tgid, epoch, cgroup; const char *scope; uint64_t vcpus; };
/* kind and accel NULL: qemu, kvm; scope NULL: none */
void synth_vm(struct synth *s, const struct synth_vm *v);
void synth_vcpu(struct synth *s, uint64_t time, uint64_t segment, uint64_t vm, uint64_t index, uint64_t tid, uint64_t epoch,
		unsigned int event);
/* power: all that are timed are from 2^power ns on, below 2^(power + 1) */
struct synth_kvm {
	uint64_t time, segment, epoch, reason;
	const char *name, *class, *isa;
	uint64_t count, timed, total, max;
	unsigned int power;
};
void synth_kvm(struct synth *s, const struct synth_kvm *k);
struct synth_load { uint64_t time, segment, cpu, samples, running, max, busy; };
void synth_cpu_load(struct synth *s, const struct synth_load *l);
struct synth_counter { uint64_t time, segment, cpu; const char *event; uint64_t count, enabled, running; };
void synth_perf_counter(struct synth *s, const struct synth_counter *c);
void synth_cpu_totals(struct synth *s, uint64_t time, uint64_t segment, unsigned int cpu, const uint64_t v[MC_N]);
void synth_counter(struct synth *s, uint64_t segment, const char *source, const char *name, int64_t scope, uint64_t value);
void synth_faults(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const uint64_t v[FT_N]);
void synth_fault_sample(struct synth *s, uint64_t segment, uint64_t epoch, uint64_t addr, uint64_t ip, uint64_t flags, uint64_t n);
/* A sample with stacks. */
/* each: in the histogram all took this; 0: no histogram */
void synth_fault_latency(struct synth *s, uint64_t segment, uint64_t epoch, bool file, bool major, uint64_t count, uint64_t total,
			 uint64_t max, uint64_t each);
void synth_fault_stack(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t ip, uint64_t flags, uint64_t n,
		       uint64_t kstack, uint64_t ustack);
/* mappings NULL: all frames are addresses. */
void synth_stack(struct synth *s, uint64_t id, bool kernel, uint64_t epoch, uint64_t flags, const uint64_t *frames,
		 const uint64_t *mappings, size_t n);
/* A file mapped from its beginning, of build-id 16 times the byte id. */
void synth_mapping(struct synth *s, uint64_t id, uint64_t epoch, uint64_t start, uint64_t end, const char *path);
void synth_ksym(struct synth *s, uint64_t address, uint64_t size, const char *name, const char *module);
/* What a bundle says of bytes of that file; depth 0: innermost. */
void synth_symbol(struct synth *s, uint64_t mapping, uint64_t offset, uint64_t size, unsigned int depth, bool inlined,
		  uint64_t base, const char *function, const char *file, uint64_t line);
/* Of the last byte of a call: what it calls. */
void synth_call(struct synth *s, uint64_t mapping, uint64_t offset, uint64_t base, const char *function, const char *called,
		uint64_t called_base);
void synth_off_cpu(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t kstack, uint64_t ustack,
		   uint64_t flags, uint64_t count, uint64_t total, uint64_t max);
struct synth_wake { uint64_t epoch, kstack, ustack, waker, waker_kstack, waker_ustack, flags, count, blocked, delay, delay_max; };
void synth_waker(struct synth *s, uint64_t time, uint64_t segment, const struct synth_wake *w);
void synth_cpu_sample(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t ip, uint64_t kstack,
		      uint64_t ustack, uint64_t flags, uint64_t weight);
void synth_footprint(struct synth *s, uint64_t time, uint64_t segment, const uint64_t v[MF_N]);

void synth_switchx(struct synth *s, unsigned int cpu, uint64_t time, unsigned int state, unsigned int prev, unsigned int next);
void synth_switch(struct synth *s, unsigned int cpu, uint64_t time, unsigned int state, unsigned int next);
void synth_wakeup(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int target, int new_task);
void synth_wakeupr(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int target, uint64_t delay);
void synth_migrate(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int orig, unsigned int dest);
void synth_lost(struct synth *s, unsigned int cpu, uint64_t time, unsigned int class, uint64_t count);

/* The trace as a model, window as asked. */
struct model *synth_model(const struct synth *s, enum model_window window, const char *name);

#endif
