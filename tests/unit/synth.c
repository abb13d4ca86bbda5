// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/numa/pages.h"
#include "synth.h"

static struct mmt_cell num(uint64_t u)
{
	return (struct mmt_cell){ .u = u };
}

static struct mmt_cell str(const char *s)
{
	return (struct mmt_cell){ .p = s, .len = (uint32_t)strlen(s) };
}

/* Columns that were added behind those given are 0. */
static void row(struct synth *s, uint16_t table, const struct mmt_cell *c, size_t n)
{
	struct mmt_cell all[40] = { 0 };
	size_t want = mmt_std_type(table)->n_fields;

	assert_true(n <= want && want <= 40);
	memcpy(all, c, n * sizeof(*c));
	assert_int_equal(mmt_writer__row(s->w, table, all, want), 0);
}

void synth_open_types(struct synth *s, const struct mmt_type *extra, size_t n)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .extra_types = extra, .n_extra_types = n };
	int fd;

	strcpy(s->path, "/tmp/mmt-synth-XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(mmt_writer__open(s->path, &o, &s->w), 0);
}

void synth_open(struct synth *s)
{
	synth_open_types(s, NULL, 0);
}

void synth_close(struct synth *s)
{
	assert_int_equal(mmt_writer__close(s->w), 0);
	s->w = NULL;
}

void synth_remove(struct synth *s)
{
	unlink(s->path);
}

void synth_seal(struct synth *s)
{
	assert_int_equal(mmt_writer__seal(s->w), 0);
}

void synth_meta(struct synth *s, const char *key, const char *value)
{
	const struct mmt_cell c[] = { str(key), str(value) };

	row(s, MMT_TB_META, c, 2);
}

void synth_mark(struct synth *s, uint64_t seq, uint64_t time, unsigned int kind, const char *name)
{
	const struct mmt_cell c[] = { num(seq), num(time), num(kind), str(name), str("") };

	row(s, MMT_TB_MARK, c, 5);
}

void synth_cpu(struct synth *s, unsigned int cpu, unsigned int core, unsigned int llc, unsigned int node)
{
	const struct mmt_cell c[] = { num(cpu), num(core), num(llc), num(node), num(0), num(1), num(0) };

	row(s, MMT_TB_CPU, c, 7);
}

void synth_node(struct synth *s, unsigned int node, uint64_t mem_kb, const uint64_t *distance, size_t n)
{
	uint8_t buf[256];
	int len = mmt_vec_pack(distance, n, buf, sizeof(buf));
	const struct mmt_cell c[] = { num(node), num(mem_kb), { .p = buf, .len = (uint32_t)len } };

	assert_true(len >= 0);
	row(s, MMT_TB_NODE, c, 3);
}

void synth_task(struct synth *s, uint64_t epoch, unsigned int tid, unsigned int tgid, uint64_t start, uint64_t last,
		unsigned int flags, const char *comm)
{
	const struct mmt_cell c[] = {
		num(epoch), num(tid), num(tgid), num(1), num(start), num(start), num(last), num(0), num(flags), num(7), str(comm),
		num(0), num(0), num(0), num(0),
	};

	row(s, MMT_TB_TASK, c, 15);
}

void synth_cgroup(struct synth *s, uint64_t id, const char *path)
{
	const struct mmt_cell c[] = { num(id), str(path) };

	row(s, MMT_TB_CGROUP, c, 2);
}

static int hist(const uint64_t *x, uint64_t n, uint8_t *buf, size_t size, uint64_t *sum, uint64_t *max)
{
	uint32_t count[MMT_HIST_BUCKETS] = { 0 };
	uint64_t i;
	int len;

	*sum = *max = 0;
	for (i = 0; i < n; i++) {
		count[mmt_hist_bucket(x[i])]++;
		*sum += x[i];
		*max = x[i] > *max ? x[i] : *max;
	}
	len = mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, size);
	assert_true(len >= 0);
	return len;
}

void synth_totals(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const uint64_t v[MT_N],
		  const uint64_t *wait, const uint64_t *off)
{
	uint8_t wbuf[4096], obuf[4096];
	uint64_t wsum, wmax, osum, omax;
	int wlen = hist(wait, v[MT_WAIT_N], wbuf, sizeof(wbuf), &wsum, &wmax);
	int olen = hist(off, v[MT_OFF_N], obuf, sizeof(obuf), &osum, &omax);
	const struct mmt_cell c[] = {
		num(time), num(segment), num(epoch), num(cgroup), num(v[MT_NVCSW]), num(v[MT_NIVCSW]), num(v[MT_WAKEUPS]),
		num(v[MT_MIG_SMT]), num(v[MT_MIG_LLC]), num(v[MT_MIG_NODE]), num(v[MT_MIG_CROSS]), num(v[MT_RUN_NS]),
		num(v[MT_WAIT_N]), num(wsum), num(wmax), num(v[MT_OFF_N]), num(osum), num(omax), { .p = "", .len = 0 },
		{ .p = wbuf, .len = (uint32_t)wlen }, { .p = obuf, .len = (uint32_t)olen },
	};

	row(s, MMT_TB_TASK_TOTALS, c, 21);
}

void synth_places(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, const uint64_t *ns, size_t n)
{
	uint8_t buf[256];
	int len = mmt_vec_pack(ns, n, buf, sizeof(buf));
	struct mmt_cell c[21] = { num(time), num(segment), num(epoch), num(7) };
	size_t i;

	assert_true(len >= 0);
	for (i = 0; i < n; i++)
		c[11].u += ns[i]; /* run_ns */
	c[18] = (struct mmt_cell){ .p = buf, .len = (uint32_t)len };
	c[19] = c[20] = str("");
	row(s, MMT_TB_TASK_TOTALS, c, 21);
}

void synth_placement(struct synth *s, const struct synth_placement *p)
{
	const struct mmt_cell c[] = {
		num(p->time), num(p->segment), num(p->epoch), num(p->cgroup), num(p->node), num(p->kind), num(p->method),
		num(p->kb), num(p->lo ? p->lo : p->kb), num(p->hi ? p->hi : p->kb), num(p->n), num(p->sampled), num(p->cost_ns),
	};

	row(s, MMT_TB_PLACEMENT, c, 13);
}

void synth_vm(struct synth *s, const struct synth_vm *v)
{
	const struct mmt_cell c[] = {
		num(v->time), num(v->segment), num(v->number), num(v->event), str(v->name), str(v->kind ? v->kind : "qemu"),
		str(v->accel ? v->accel : "kvm"), num(v->tgid), num(v->epoch), num(v->cgroup), str(v->scope ? v->scope : ""),
		num(v->vcpus),
	};

	row(s, MMT_TB_VM, c, 12);
}

void synth_vcpu(struct synth *s, uint64_t time, uint64_t segment, uint64_t vm, uint64_t index, uint64_t tid, uint64_t epoch,
		unsigned int event)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(vm), num(index), num(tid), num(epoch), num(event) };

	row(s, MMT_TB_VCPU, c, 7);
}

void synth_kvm(struct synth *s, const struct synth_kvm *k)
{
	uint64_t hist[40] = { 0 };
	uint8_t buf[400];
	int len = 0;

	if (k->timed) {
		hist[k->power] = k->timed;
		len = mmt_vec_pack(hist, k->power + 1, buf, sizeof(buf));
	}
	{
		const struct mmt_cell c[] = {
			num(k->time), num(k->segment), num(k->epoch), num(k->reason), str(k->name), str(k->class), str(k->isa),
			num(k->count), num(k->timed), num(k->total), num(k->max), { .p = buf, .len = (uint32_t)len },
		};

		row(s, MMT_TB_KVM_TOTALS, c, 12);
	}
}

void synth_cpu_load(struct synth *s, const struct synth_load *l)
{
	const struct mmt_cell c[] = {
		num(l->time), num(l->segment), num(l->cpu), num(l->samples), num(l->running), num(l->max), num(l->busy),
	};

	row(s, MMT_TB_CPU_LOAD, c, 7);
}

void synth_perf_counter(struct synth *s, const struct synth_counter *v)
{
	const struct mmt_cell c[] = {
		num(v->time), num(v->segment), num(v->cpu), str(v->event), num(v->count), num(v->enabled), num(v->running),
	};

	row(s, MMT_TB_PERF_COUNTER, c, 7);
}

void synth_numa_totals(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, uint64_t node,
		       const uint64_t *v)
{
	struct mmt_cell c[4 + NP_N + 1] = { /* the cgroup comes before the two that were added later */ num(time), num(segment), num(epoch), num(node) };
	int i;

	for (i = 0; i < NP_N; i++)
		c[4 + i + (i >= NP_PAGES_LOCAL)] = num(v[i]);
	c[4 + NP_PAGES_LOCAL] = num(cgroup);
	row(s, MMT_TB_NUMA_TOTALS, c, 4 + NP_N + 1);
}

void synth_page_migration(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const char *reason,
			  uint64_t from, uint64_t to, uint64_t ok, uint64_t failed)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(epoch), str(reason), num(from), num(to), num(ok), num(failed),
				      num(cgroup) };

	row(s, MMT_TB_PAGE_MIGRATION, c, 9);
}

void synth_node_migration(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, uint64_t from,
			  uint64_t to, uint64_t count)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(epoch), num(from), num(to), num(count), num(cgroup) };

	row(s, MMT_TB_NODE_MIGRATION, c, 7);
}

void synth_cpu_totals(struct synth *s, uint64_t time, uint64_t segment, unsigned int cpu, const uint64_t v[MC_N])
{
	struct mmt_cell c[3 + MC_N] = { num(time), num(segment), num(cpu) };
	int i;

	for (i = 0; i < MC_N; i++)
		c[3 + i] = num(v[i]);
	row(s, MMT_TB_CPU_TOTALS, c, 3 + MC_N);
}

void synth_counter(struct synth *s, uint64_t segment, const char *source, const char *name, int64_t scope, uint64_t value)
{
	const struct mmt_cell c[] = { num(0), num(segment), str(source), str(name), num((uint64_t)scope), num(value) };

	row(s, MMT_TB_COUNTER, c, 6);
}

void synth_faults(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t cgroup, const uint64_t v[FT_N])
{
	struct mmt_cell c[4 + FT_N] = { num(time), num(segment), num(epoch), num(cgroup) };
	int i;

	for (i = 0; i < FT_N; i++)
		c[4 + i] = num(v[i]);
	row(s, MMT_TB_FAULT_TOTALS, c, 4 + FT_N);
}

void synth_fault_sample(struct synth *s, uint64_t segment, uint64_t epoch, uint64_t addr, uint64_t ip, uint64_t flags, uint64_t n)
{
	const struct mmt_cell c[] = { num(1), num(segment), num(epoch), num(0), num(addr), num(ip), num(flags), num(n), num(0), num(0) };

	row(s, MMT_TB_FAULT_SAMPLE, c, 10);
}

void synth_fault_latency(struct synth *s, uint64_t segment, uint64_t epoch, bool file, bool major, uint64_t count, uint64_t total,
			 uint64_t max, uint64_t each)
{
	uint32_t hist[MMT_HIST_BUCKETS] = { 0 };
	uint8_t packed[64];
	int len = 0;
	struct mmt_cell c[] = { num(1), num(segment), num(epoch), num(0), num(file), num(major), num(count), num(total), num(max),
				{ .p = packed } };

	if (each) {
		hist[mmt_hist_bucket(each)] = (uint32_t)count;
		len = mmt_hist_pack(hist, MMT_HIST_BUCKETS, packed, sizeof(packed));
		assert_true(len > 0);
	}
	c[9].len = (uint32_t)len;
	row(s, MMT_TB_FAULT_LATENCY, c, 10);
}

void synth_fault_stack(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t ip, uint64_t flags, uint64_t n,
		       uint64_t kstack, uint64_t ustack)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(epoch), num(0), num(0x1000), num(ip), num(flags), num(n),
				      num(kstack), num(ustack) };

	row(s, MMT_TB_FAULT_SAMPLE, c, 10);
}

void synth_stack(struct synth *s, uint64_t id, bool kernel, uint64_t epoch, uint64_t flags, const uint64_t *frames,
		 const uint64_t *mappings, size_t n)
{
	uint8_t f[4096], m[4096];
	int flen = mmt_vec_pack(frames, n, f, sizeof(f)), mlen = mmt_vec_pack(mappings, mappings ? n : 0, m, sizeof(m));
	const struct mmt_cell c[] = { num(id), num(kernel), num(epoch), num(flags), { .p = f, .len = (uint32_t)flen },
				      { .p = m, .len = mappings ? (uint32_t)mlen : 0 } };

	assert_true(flen >= 0 && mlen >= 0);
	row(s, MMT_TB_STACK, c, 6);
}

void synth_mapping(struct synth *s, uint64_t id, uint64_t epoch, uint64_t start, uint64_t end, const char *path)
{
	uint8_t build_id[16];
	const struct mmt_cell c[] = { num(id), num(epoch), num(start), num(end), num(0), num(0), num(0), num(0), num(0), num(1),
				      num(id), num(3), num(0), num(0), { .p = build_id, .len = 16 }, str(path) };

	memset(build_id, (int)id, sizeof(build_id));
	row(s, MMT_TB_MAPPING, c, 16);
}

void synth_ksym(struct synth *s, uint64_t address, uint64_t size, const char *name, const char *module)
{
	const struct mmt_cell c[] = { num(address), num(size), str(name), str(module) };

	row(s, MMT_TB_KSYM, c, 4);
}

void synth_symbol(struct synth *s, uint64_t mapping, uint64_t offset, uint64_t size, unsigned int depth, bool inlined,
		  uint64_t base, const char *function, const char *file, uint64_t line)
{
	uint8_t build_id[16];
	const struct mmt_cell c[] = { { .p = build_id, .len = 16 }, num(0), num(offset), num(size), num(depth), num(inlined), num(base),
				      str(function), str(file), num(line) };

	memset(build_id, (int)mapping, sizeof(build_id));
	row(s, MMT_TB_SYMBOL, c, 10);
}

void synth_call(struct synth *s, uint64_t mapping, uint64_t offset, uint64_t base, const char *function, const char *called,
		uint64_t called_base)
{
	uint8_t build_id[16];
	const struct mmt_cell c[] = { { .p = build_id, .len = 16 }, num(0), num(offset), num(1), num(0), num(0), num(base),
				      str(function), str(""), num(0), str(called), num(called_base) };

	memset(build_id, (int)mapping, sizeof(build_id));
	row(s, MMT_TB_SYMBOL, c, 12);
}

void synth_off_cpu(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t kstack, uint64_t ustack,
		   uint64_t flags, uint64_t count, uint64_t total, uint64_t max)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(epoch), num(kstack), num(ustack), num(flags), num(count), num(total),
				      num(max) };

	row(s, MMT_TB_OFF_CPU, c, 9);
}

void synth_waker(struct synth *s, uint64_t time, uint64_t segment, const struct synth_wake *w)
{
	const struct mmt_cell c[] = {
		num(time), num(segment), num(w->epoch), num(w->kstack), num(w->ustack), num(w->waker), num(w->waker_kstack),
		num(w->waker_ustack), num(w->flags), num(w->count), num(w->blocked), num(w->delay), num(w->delay_max),
	};

	row(s, MMT_TB_WAKER, c, 13);
}

void synth_cpu_sample(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t ip, uint64_t kstack,
		      uint64_t ustack, uint64_t flags, uint64_t weight)
{
	const struct mmt_cell c[] = { num(time), num(segment), num(epoch), num(0), num(ip), num(kstack), num(ustack), num(flags),
				      num(weight) };

	row(s, MMT_TB_CPU_SAMPLE, c, 9);
}

void synth_footprint(struct synth *s, uint64_t time, uint64_t segment, const uint64_t v[MF_N])
{
	struct mmt_cell c[2 + MF_N] = { num(time), num(segment) };
	int i;

	for (i = 0; i < MF_N; i++)
		c[2 + i] = num(v[i]);
	row(s, MMT_TB_FOOTPRINT, c, 2 + MF_N);
}

static void event(struct synth *s, unsigned int cpu, uint64_t time, uint64_t key, const uint64_t *arg, size_t n)
{
	const struct mmt_event e = { time, key };

	assert_true(mmt_writer__events(s->w, cpu, &e, 1, arg, n) >= 0);
}

void synth_switchx(struct synth *s, unsigned int cpu, uint64_t time, unsigned int state, unsigned int prev, unsigned int next)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_SWITCHX, state | (uint64_t)next << 4 | (uint64_t)prev << 28), NULL, 0);
}

void synth_switch(struct synth *s, unsigned int cpu, uint64_t time, unsigned int state, unsigned int next)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_SWITCH, state | (uint64_t)next << 4), NULL, 0);
}

void synth_wakeup(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int target, int new_task)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_WAKEUP, (uint64_t)(new_task != 0) | (uint64_t)tid << 4 | (uint64_t)target << 28), NULL, 0);
}

void synth_wakeupr(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int target, uint64_t delay)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_WAKEUPR, (uint64_t)tid << 4 | (uint64_t)target << 28), &delay, 1);
}

void synth_migrate(struct synth *s, unsigned int cpu, uint64_t time, unsigned int tid, unsigned int orig, unsigned int dest)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_MIGRATE, (uint64_t)tid | (uint64_t)orig << 24 | (uint64_t)dest << 40), NULL, 0);
}

void synth_lost(struct synth *s, unsigned int cpu, uint64_t time, unsigned int class, uint64_t count)
{
	event(s, cpu, time, MMT_KEY(MMT_EV_LOST, class), &count, 1);
}

struct model *synth_model(const struct synth *s, enum model_window window, const char *name)
{
	struct model_opts o = { .window = window, .name = name };
	struct model *m = NULL;

	assert_int_equal(model_load(s->path, &o, &m), 0);
	return m;
}
