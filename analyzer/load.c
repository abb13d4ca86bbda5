// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the tables of a trace into a model. Columns are found by name in the file's own
 * schema: what it lacks is "not available", what it has beyond is passed over.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "array.h"
#include "counters/counters.h"
#include "faults.h"
#include "kvm/kvm.h"
#include "load_row.h"
#include "model_int.h"
#include "numa/hops.h"
#include "numa/numa.h"
#include "numa/pages.h"
#include "syscalls.h"
#include "vms/vms.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define MAX_COLS 40
#define MAX_TABLES 32

/* Where the wanted columns stand in a table of this file; -1: nowhere. */
struct colmap {
	const struct mmt_type *type;
	int idx[MAX_COLS];
};

struct load {
	struct model *m;
	const struct model_opts *opts;
	struct colmap map[MAX_TABLES]; /* by loader */
	uint32_t last_name[2]; /* interned source and name of the previous counter row */
	bool iteration_seen;
	size_t cap_marks, cap_meta, cap_clocks, cap_cpus, cap_nodes, cap_tasks, cap_totals, cap_cgroups, cap_notes,
		cap_samples, cap_foot, cap_segments, cap_names;
};

static const char *const meta_cols[] = { "key", "value" };
static const char *const mark_cols[] = { "seq", "time", "kind", "name", "arg" };
static const char *const clock_cols[] = { "time", "mono", "boot", "real", "error" };
static const char *const cpu_cols[] = { "cpu", "core", "llc", "node", "package", "online" };
static const char *const node_cols[] = { "node", "mem_kb", "distance" };
static const char *const task_cols[] = {
	"epoch", "tid", "tgid", "ppid", "start", "first", "last", "exit_code", "flags", "cgroup", "comm",
	"k_nvcsw", "k_nivcsw", "k_run_ns", "k_migrations",
};
static const char *const cgroup_cols[] = { "id", "path" };
enum { TT_SEGMENT = MT_N, TT_EPOCH, TT_CGROUP, TT_WAIT_MAX, TT_OFF_MAX, TT_PLACE, TT_WAIT_HIST, TT_OFF_HIST, TT_TIME };
static const char *const task_totals_cols[] = {
	"nvcsw", "nivcsw", "wakeups", "mig_smt", "mig_llc", "mig_node", "mig_cross", "run_ns", "wait_n", "wait_ns",
	"off_n", "off_ns", "segment", "epoch", "cgroup", "wait_max", "off_max", "place_ns", "wait_hist", "off_hist",
	"time",
};
enum { CT_SEGMENT = MC_N, CT_CPU, CT_TIME };
static const char *const cpu_totals_cols[] = {
	"switches", "idle_switches", "nvcsw", "nivcsw", "wakeups", "mig_smt", "mig_llc", "mig_node", "mig_cross",
	"busy_ns", "idle_ns", "seen_switch", "seen_wakeup", "seen_migrate", "lost_switch", "lost_wakeup",
	"lost_migrate", "shed_wakeup", "unseen", "segment", "cpu", "time",
};
static const char *const counter_cols[] = { "time", "segment", "source", "name", "scope", "value" };
enum { FP_TIME = MF_N, FP_SEGMENT };
static const char *const footprint_cols[] = {
	"user_ns", "sys_ns", "rss_kb", "maxrss_kb", "map_kb", "minflt", "majflt", "nvcsw", "nivcsw", "migrations",
	"drains", "events", "bytes", "time", "segment",
};
enum { CL_SAMPLES, CL_RUNNING, CL_MAX, CL_BUSY, CL_SEGMENT, CL_CPU, CL_TIME };
static const char *const cpu_load_cols[] = { "samples", "running", "max", "busy", "segment", "cpu", "time" };
static const char *const note_cols[] = { "time", "level", "text" };

#define get row_u64
#define blob row_blob

static const char *text(struct load *l, const struct row *r, int col)
{
	const struct mmt_cell *c = blob(r, col);

	return arena_str(l->m->mem, c->p, c->p ? c->len : 0);
}

#define MORE(l, field, cap) array_more(&(l)->m->field, &(l)->m->n_##field, &(l)->cap, sizeof(*(l)->m->field))

static int row_meta(struct load *l, const struct row *r)
{
	struct model_meta *x = MORE(l, meta, cap_meta);

	if (!x)
		return -ENOMEM;
	x->key = text(l, r, 0);
	x->value = text(l, r, 1);
	if (!x->key || !x->value)
		return -ENOMEM;
	l->m->placed |= !strcmp(x->key, "place");
	return 0;
}

/* What came before the first iteration is edge: start again. */
static void forget_totals(struct model *m)
{
	size_t i;

	for (i = 0; i < m->n_totals; i++) {
		struct model_totals *t = &m->totals[i];

		memset(t->v, 0, sizeof(t->v));
		rhist_free(&t->wait);
		rhist_free(&t->off);
		if (t->n_place)
			memset(t->place, 0, t->n_place * sizeof(*t->place));
	}
	for (i = 0; i < m->n_cpus; i++) {
		memset(m->cpus[i].v, 0, sizeof(m->cpus[i].v));
		memset(&m->cpus[i].load, 0, sizeof(m->cpus[i].load));
		m->cpus[i].ran = false;
	}
	syscalls_forget(m->syscalls);
	faults_forget(m->faults);
	kvm_forget(m->kvm);
	counters_forget(m->counters);
	numa_forget(m->numa);
	numa_pages_forget(m->numa_pages);
	numa_hops_forget(m->numa_hops);
}

static void select_marks(struct load *l)
{
	struct model *m = l->m;
	bool in = false;
	size_t i;

	for (i = 0; i < m->n_marks; i++) {
		struct model_mark *k = &m->marks[i];

		if (k->kind == MARK_ITER_START)
			in = true;
		else if (k->kind == MARK_ITER_END || k->kind == MARK_END)
			in = false;
		switch (m->window) {
		case WINDOW_ITERATION:
			k->selected = in;
			break;
		case WINDOW_SEGMENT:
			k->selected = k->seq == l->opts->segment;
			break;
		case WINDOW_NAME:
			k->selected = !strcmp(k->name, l->opts->name);
			break;
		default:
			k->selected = k->kind != MARK_END;
		}
	}
}

static int row_mark(struct load *l, const struct row *r)
{
	struct model *m = l->m;
	struct model_mark *k;
	struct model_mark new = {
		.seq = get(r, 0), .time = get(r, 1), .kind = (uint32_t)get(r, 2),
		.name = text(l, r, 3), .arg = text(l, r, 4),
	};
	size_t i;

	if (!new.name || !new.arg)
		return -ENOMEM;
	k = MORE(l, marks, cap_marks);
	if (!k)
		return -ENOMEM;
	for (i = m->n_marks - 1; i && m->marks[i - 1].seq > new.seq; i--)
		m->marks[i] = m->marks[i - 1];
	m->marks[i] = new;
	if (new.kind == MARK_ITER_START && m->window == WINDOW_AUTO) {
		m->window = WINDOW_ITERATION;
		forget_totals(m);
	}
	l->iteration_seen |= new.kind == MARK_ITER_START;
	select_marks(l);
	return 0;
}

static int row_clock(struct load *l, const struct row *r)
{
	struct model_clock *x = MORE(l, clocks, cap_clocks);

	if (!x)
		return -ENOMEM;
	*x = (struct model_clock){ get(r, 0), get(r, 1), get(r, 2), get(r, 3), get(r, 4) };
	return 0;
}

static struct model_cpu *cpu_of(struct load *l, uint64_t cpu)
{
	uint32_t i = u64map_get(&l->m->by_cpu, cpu);
	struct model_cpu *c;

	if (i != U64MAP_NONE)
		return &l->m->cpus[i];
	c = MORE(l, cpus, cap_cpus);
	if (!c || u64map_put(&l->m->by_cpu, cpu, (uint32_t)(l->m->n_cpus - 1)))
		return NULL;
	c->cpu = (uint32_t)cpu;
	return c;
}

static int row_cpu(struct load *l, const struct row *r)
{
	struct model_cpu *c = cpu_of(l, get(r, 0));

	if (!c)
		return -ENOMEM;
	c->in_topology = true;
	c->core = (uint32_t)get(r, 1);
	c->llc = (uint32_t)get(r, 2);
	c->node = (uint32_t)get(r, 3);
	c->package = (uint32_t)get(r, 4);
	c->online = get(r, 5);
	return 0;
}

static int row_node(struct load *l, const struct row *r)
{
	const struct mmt_cell *d = blob(r, 2);
	struct model_node *x = NULL;
	uint64_t v[1024];
	size_t i;
	int n = d->p ? mmt_vec_unpack(d->p, d->len, v, N(v)) : 0;

	/* told again where its memory changed: the last one holds */
	for (i = 0; i < l->m->n_nodes && !x; i++)
		x = l->m->nodes[i].node == get(r, 0) ? &l->m->nodes[i] : NULL;
	if (!x)
		x = MORE(l, nodes, cap_nodes);
	if (!x)
		return -ENOMEM;
	x->node = (uint32_t)get(r, 0);
	x->mem_kb = get(r, 1);
	if (n <= 0 || n > (int)N(v))
		return 0;
	x->distance = arena_alloc(l->m->mem, (size_t)n * sizeof(*v));
	if (!x->distance)
		return -ENOMEM;
	memcpy(x->distance, v, (size_t)n * sizeof(*v));
	x->n_distance = (uint32_t)n;
	return 0;
}

static struct model_task *task_of(struct load *l, uint64_t epoch)
{
	uint32_t i = u64map_get(&l->m->by_epoch, epoch);
	struct model_task *t;

	if (i != U64MAP_NONE)
		return &l->m->tasks[i];
	t = MORE(l, tasks, cap_tasks);
	if (!t || u64map_put(&l->m->by_epoch, epoch, (uint32_t)(l->m->n_tasks - 1)))
		return NULL;
	t->epoch = epoch;
	t->totals = U64MAP_NONE;
	t->comm = epoch ? "?" : "(others)";
	return t;
}

static int row_task(struct load *l, const struct row *r)
{
	struct model_task *t = task_of(l, get(r, 0));
	const struct mmt_cell *comm = blob(r, 10);

	if (!t)
		return -ENOMEM;
	t->known = true;
	t->tid = (uint32_t)get(r, 1);
	t->tgid = (uint32_t)get(r, 2);
	t->ppid = (uint32_t)get(r, 3);
	t->start = get(r, 4);
	t->first = get(r, 5);
	t->last = get(r, 6);
	t->exit_code = get(r, 7);
	t->flags = (uint32_t)get(r, 8);
	t->cgroup = get(r, 9);
	t->k_nvcsw = get(r, 11);
	t->k_nivcsw = get(r, 12);
	t->k_run_ns = get(r, 13);
	t->k_migrations = get(r, 14);
	if (strlen(t->comm) != comm->len || memcmp(t->comm, comm->p ? comm->p : "", comm->len))
		t->comm = text(l, r, 10);
	numa_leader(l->m, t);
	return t->comm ? 0 : -ENOMEM;
}

static int row_cgroup(struct load *l, const struct row *r)
{
	uint64_t id = get(r, 0);
	uint32_t i = u64map_get(&l->m->by_cgroup, id);
	struct model_cgroup *c = i == U64MAP_NONE ? MORE(l, cgroups, cap_cgroups) : &l->m->cgroups[i];

	if (!c || (i == U64MAP_NONE && u64map_put(&l->m->by_cgroup, id, (uint32_t)(l->m->n_cgroups - 1))))
		return -ENOMEM;
	c->id = id;
	c->path = text(l, r, 1);
	return c->path ? 0 : -ENOMEM;
}

static struct model_segment *segment_of(struct load *l, uint64_t seq, uint64_t time)
{
	struct model *m = l->m;
	struct model_segment *s;
	size_t i = m->n_segments;

	while (i && m->segments[i - 1].seq > seq)
		i--;
	if (i && m->segments[i - 1].seq == seq) {
		s = &m->segments[i - 1];
	} else {
		if (!MORE(l, segments, cap_segments))
			return NULL;
		memmove(&m->segments[i + 1], &m->segments[i], (m->n_segments - 1 - i) * sizeof(*s));
		s = memset(&m->segments[i], 0, sizeof(*s));
		s->seq = seq;
		s->first = time;
	}
	s->rows++;
	if (time > s->last)
		s->last = time;
	return s;
}

static struct model_totals *totals_of(struct load *l, struct model_task *task, uint64_t cgroup)
{
	struct model *m = l->m;
	uint32_t i, ti = (uint32_t)(task - m->tasks);
	struct model_totals *t;

	for (i = task->totals; i != U64MAP_NONE; i = m->totals[i].next)
		if (m->totals[i].cgroup == cgroup)
			return &m->totals[i];
	t = MORE(l, totals, cap_totals);
	if (!t)
		return NULL;
	t->task = ti;
	t->cgroup = cgroup;
	t->next = task->totals;
	task->totals = (uint32_t)(m->n_totals - 1);
	return t;
}

static int add_place(struct load *l, struct model_totals *t, const struct mmt_cell *c)
{
	uint64_t v[4096];
	int i, n = c->p ? mmt_vec_unpack(c->p, c->len, v, N(v)) : 0;

	if (n <= 0)
		return 0;
	if (n > (int)N(v))
		n = N(v);
	if ((uint32_t)n > t->n_place) {
		uint64_t *p = arena_alloc(l->m->mem, (size_t)n * sizeof(*p));

		if (!p)
			return -ENOMEM;
		if (t->n_place)
			memcpy(p, t->place, t->n_place * sizeof(*p));
		t->place = p;
		t->n_place = (uint32_t)n;
	}
	for (i = 0; i < n; i++)
		t->place[i] += v[i];
	return numa_run(l->m, &l->m->tasks[t->task], v, (unsigned int)n);
}

static int add_hist(struct rhist *h, const struct mmt_cell *c, uint64_t n, uint64_t sum, uint64_t max)
{
	h->n += n;
	h->sum += sum;
	if (max > h->max)
		h->max = max;
	return c->p ? rhist_add_packed(h, c->p, c->len) : 0;
}

static int row_task_totals(struct load *l, const struct row *r)
{
	struct model_segment *s = segment_of(l, get(r, TT_SEGMENT), get(r, TT_TIME));
	struct model_task *task = task_of(l, get(r, TT_EPOCH));
	struct model_totals *t;
	int i, err;

	if (!s || !task)
		return -ENOMEM;
	for (i = 0; i < MT_N; i++)
		s->v[i] += get(r, i);
	if (!model_selected(l->m, s->seq))
		return 0;
	t = totals_of(l, task, get(r, TT_CGROUP));
	if (!t)
		return -ENOMEM;
	for (i = 0; i < MT_N; i++)
		t->v[i] += get(r, i);
	err = add_place(l, t, blob(r, TT_PLACE));
	if (!err)
		err = add_hist(&t->wait, blob(r, TT_WAIT_HIST), get(r, MT_WAIT_N), get(r, MT_WAIT_NS), get(r, TT_WAIT_MAX));
	if (!err)
		err = add_hist(&t->off, blob(r, TT_OFF_HIST), get(r, MT_OFF_N), get(r, MT_OFF_NS), get(r, TT_OFF_MAX));
	return err;
}

static int row_cpu_totals(struct load *l, const struct row *r)
{
	struct model_segment *s = segment_of(l, get(r, CT_SEGMENT), get(r, CT_TIME));
	struct model_cpu *c = cpu_of(l, get(r, CT_CPU));
	int i;

	if (!s || !c)
		return -ENOMEM;
	for (i = 0; i < MC_N; i++)
		s->cpu[i] += get(r, i);
	if (!model_selected(l->m, s->seq))
		return 0;
	c->ran = true;
	for (i = 0; i < MC_N; i++)
		c->v[i] += get(r, i);
	return 0;
}

static int intern(struct load *l, const struct mmt_cell *c, uint32_t *last)
{
	struct model *m = l->m;
	const char *s = c->p ? c->p : "";
	const char **slot;
	size_t i, k;

	/* samples come in the same order at every mark: the one after the last is the likely one */
	for (k = 0; k < m->n_names; k++) {
		i = (*last + k) % m->n_names;
		if (!strncmp(m->names[i], s, c->len) && !m->names[i][c->len]) {
			*last = (uint32_t)i;
			return 0;
		}
	}
	slot = MORE(l, names, cap_names);
	if (!slot)
		return -ENOMEM;
	*slot = arena_str(m->mem, s, c->len);
	*last = (uint32_t)(m->n_names - 1);
	return *slot ? 0 : -ENOMEM;
}

static int row_counter(struct load *l, const struct row *r)
{
	struct model_sample *x;
	int err = intern(l, blob(r, 2), &l->last_name[0]);

	if (!err)
		err = intern(l, blob(r, 3), &l->last_name[1]);
	if (err)
		return err;
	x = MORE(l, samples, cap_samples);
	if (!x)
		return -ENOMEM;
	x->time = get(r, 0);
	x->segment = get(r, 1);
	x->source = l->last_name[0];
	x->name = l->last_name[1];
	x->scope = (int64_t)get(r, 4);
	x->value = get(r, 5);
	return 0;
}

static int row_footprint(struct load *l, const struct row *r)
{
	struct model_footprint *x = MORE(l, footprint, cap_foot);
	int i;

	if (!x)
		return -ENOMEM;
	for (i = 0; i < MF_N; i++)
		x->v[i] = get(r, i);
	x->time = get(r, FP_TIME);
	x->segment = get(r, FP_SEGMENT);
	return 0;
}

static int row_note(struct load *l, const struct row *r)
{
	struct model_note *x = MORE(l, notes, cap_notes);

	if (!x)
		return -ENOMEM;
	x->time = get(r, 0);
	x->level = (uint32_t)get(r, 1);
	x->text = text(l, r, 2);
	return x->text ? 0 : -ENOMEM;
}

static int row_cpu_load(struct load *l, const struct row *r)
{
	struct model_segment *s = segment_of(l, get(r, CL_SEGMENT), get(r, CL_TIME));
	struct model_cpu *c = cpu_of(l, get(r, CL_CPU));

	if (!s || !c)
		return -ENOMEM;
	if (!model_selected(l->m, s->seq))
		return 0;
	c->load.samples += get(r, CL_SAMPLES);
	c->load.running += get(r, CL_RUNNING);
	c->load.busy += get(r, CL_BUSY);
	if (get(r, CL_MAX) > c->load.max)
		c->load.max = get(r, CL_MAX);
	return 0;
}

static const struct table_loader {
	uint16_t id;
	const char *const *cols;
	size_t n_cols;
	int (*row)(struct load *l, const struct row *r);
	int (*of_model)(struct model *m, const struct row *r); /* where row is NULL: it needs no more */
} loaders[] = {
	/* in this order within a chunk: rows are understood by the marks before them */
	{ MMT_TB_META, meta_cols, N(meta_cols), .row = row_meta },
	{ MMT_TB_MARK, mark_cols, N(mark_cols), .row = row_mark },
	{ MMT_TB_CLOCK, clock_cols, N(clock_cols), .row = row_clock },
	{ MMT_TB_CPU, cpu_cols, N(cpu_cols), .row = row_cpu },
	{ MMT_TB_NODE, node_cols, N(node_cols), .row = row_node },
	{ MMT_TB_TASK, task_cols, N(task_cols), .row = row_task },
	{ MMT_TB_CGROUP, cgroup_cols, N(cgroup_cols), .row = row_cgroup },
	{ MMT_TB_TASK_TOTALS, task_totals_cols, N(task_totals_cols), .row = row_task_totals },
	{ MMT_TB_CPU_TOTALS, cpu_totals_cols, N(cpu_totals_cols), .row = row_cpu_totals },
	{ MMT_TB_COUNTER, counter_cols, N(counter_cols), .row = row_counter },
	{ MMT_TB_FOOTPRINT, footprint_cols, N(footprint_cols), .row = row_footprint },
	{ MMT_TB_NOTE, note_cols, N(note_cols), .row = row_note },
	{ MMT_TB_SYSCALL_TOTALS, syscalls_cols, SYSCALLS_COLS, .of_model = syscalls_row },
	{ MMT_TB_FAULT_TOTALS, faults_cols, FAULTS_COLS, .of_model = faults_row },
	{ MMT_TB_FAULT_LATENCY, fault_latency_cols, FAULT_LATENCY_COLS, .of_model = fault_latency_row },
	{ MMT_TB_PLACEMENT, numa_cols, NUMA_COLS, .of_model = numa_row },
	{ MMT_TB_NUMA_TOTALS, numa_pages_cols, NUMA_PAGES_COLS, .of_model = numa_pages_row },
	{ MMT_TB_PAGE_MIGRATION, numa_moves_cols, NUMA_MOVES_COLS, .of_model = numa_moves_row },
	{ MMT_TB_NODE_MIGRATION, numa_hops_cols, NUMA_HOPS_COLS, .of_model = numa_hops_row },
	{ MMT_TB_VM, vms_cols, VMS_COLS, .of_model = vms_row },
	{ MMT_TB_VCPU, vms_vcpu_cols, VMS_VCPU_COLS, .of_model = vms_vcpu_row },
	{ MMT_TB_KVM_TOTALS, kvm_cols, KVM_COLS, .of_model = kvm_row },
	{ MMT_TB_PERF_COUNTER, counters_cols, COUNTERS_COLS, .of_model = counters_row },
	{ MMT_TB_CPU_LOAD, cpu_load_cols, N(cpu_load_cols), .row = row_cpu_load },
};

static uint32_t has_mask(const struct colmap *map, int n)
{
	uint32_t mask = 0;
	int i;

	for (i = 0; i < n; i++)
		mask |= (uint32_t)(map->idx[i] >= 0) << i;
	return mask;
}

/* A column whose kind (number or bytes) is not the one that the standard has for it is as good as absent. */
static bool usable(const struct mmt_field *f, uint16_t table)
{
	const struct mmt_type *std = mmt_std_type(table);
	int i = mmt_type__field(std, f->name);

	return i >= 0 && (f->fmt >= MMT_FMT_STR) == (std->fields[i].fmt >= MMT_FMT_STR);
}

static void map_columns(const struct table_loader *t, struct colmap *map, const struct mmt_type *type)
{
	size_t i;

	map->type = type;
	for (i = 0; i < t->n_cols; i++) {
		map->idx[i] = mmt_type__field(type, t->cols[i]);
		if (map->idx[i] >= 0 && !usable(&type->fields[map->idx[i]], t->id))
			map->idx[i] = -1;
	}
}

static void note_columns(struct model *m, const struct table_loader *t, const struct colmap *map)
{
	if (t->id == MMT_TB_TASK_TOTALS) {
		m->task_has = has_mask(map, MT_N);
		m->hist_has = (uint32_t)(map->idx[TT_WAIT_HIST] >= 0) | (uint32_t)(map->idx[TT_OFF_HIST] >= 0) << 1 |
			      (uint32_t)(map->idx[TT_PLACE] >= 0) << 2;
	} else if (t->id == MMT_TB_CPU_TOTALS) {
		m->cpu_has = has_mask(map, MC_N);
	} else if (t->id == MMT_TB_FOOTPRINT) {
		m->foot_has = has_mask(map, MF_N);
	}
}

static int load_rows(struct load *l, size_t which, const struct mmt_rows *rows)
{
	const struct table_loader *t = &loaders[which];
	struct colmap *map = &l->map[which];
	struct row r = { rows->cells, map->idx };
	uint32_t i;
	int err = 0;

	if (map->type != rows->type) {
		map_columns(t, map, rows->type);
		note_columns(l->m, t, map);
	}
	l->m->have_task_totals |= t->id == MMT_TB_TASK_TOTALS;
	l->m->have_cpu_totals |= t->id == MMT_TB_CPU_TOTALS;
	/* a histogram that is nonsense costs the histogram, not the trace */
	for (i = 0; i < rows->n && (!err || err == -EBADMSG); i++, r.c += rows->type->n_fields)
		err = t->row ? t->row(l, &r) : t->of_model(l->m, &r);
	return err == -EBADMSG ? 0 : err;
}

static int load_chunk(struct load *l, const struct mmt_chunk *chunk)
{
	size_t which;
	uint32_t i;
	int err;

	for (i = 0; i < chunk->n_tables; i++)
		if (chunk->tables[i].n && (unsigned int)(chunk->tables[i].type->id - MMT_TB_META) < 64)
			l->m->tables |= 1ull << (chunk->tables[i].type->id - MMT_TB_META);
	for (which = 0; which < N(loaders); which++) {
		for (i = 0; i < chunk->n_tables; i++) {
			if (chunk->tables[i].type->id != loaders[which].id)
				continue;
			err = load_rows(l, which, &chunk->tables[i]);
			if (err)
				return err;
		}
	}
	return 0;
}

struct load *model_rows_begin(struct model *m)
{
	static const struct model_opts all = { .window = WINDOW_ALL };
	struct load *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->m = m;
	l->opts = &all;
	m->window = WINDOW_ALL;
	return l;
}

int model_rows_add(struct load *l, const struct mmt_type *type, const struct mmt_cell *cells)
{
	const struct mmt_rows rows = { type, 1, cells };
	size_t which;

	for (which = 0; which < N(loaders) && loaders[which].id != type->id; which++)
		;
	return which < N(loaders) ? load_rows(l, which, &rows) : 0;
}

void model_rows_end(struct load *l)
{
	free(l);
}

static int read_all(struct load *l, const char *path)
{
	struct mmt_reader_opts ro = {
		.sz = sizeof(ro), .log = l->opts->log, .log_ctx = l->opts->log_ctx, .no_events = true,
	};
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	int err;

	err = mmt_reader__open(path, &ro, &r);
	if (err)
		return err;
	l->m->time_shift = mmt_reader__time_shift(r);
	while ((err = mmt_reader__next(r, &chunk)) > 0) {
		err = load_chunk(l, &chunk);
		if (err)
			break;
	}
	l->m->status.sz = sizeof(l->m->status);
	if (!err)
		err = mmt_reader__status(r, &l->m->status);
	mmt_reader__close(r);
	return err;
}

int model_load(const char *path, const struct model_opts *opts, struct model **out)
{
	static const struct model_opts none;
	struct load l = { .opts = opts ? opts : &none };
	struct model *m = calloc(1, sizeof(*m));
	int err = -ENOMEM;

	if (!m)
		return -ENOMEM;
	l.m = m;
	m->window = l.opts->window;
	m->mem = arena_new();
	if (!m->mem)
		goto err_free;
	m->path = arena_str(m->mem, path, strlen(path));
	if (!m->path)
		goto err_free;
	err = read_all(&l, path);
	if (err)
		goto err_free;
	if (m->window == WINDOW_AUTO)
		m->window = WINDOW_ALL;
	err = model_finish(m);
	if (err)
		goto err_free;
	*out = m;
	return 0;
err_free:
	model_free(m);
	return err;
}

struct scan {
	const struct model *m;
	struct colmap map[2]; /* of tasks, of CPUs */
	model_row_fn fn;
	void *ctx;
};

static const struct table_loader *loader_of(uint16_t id)
{
	size_t i;

	for (i = 0; i < N(loaders) && loaders[i].id != id; i++)
		;
	return i < N(loaders) ? &loaders[i] : NULL;
}

static int scan_rows(struct scan *s, const struct mmt_rows *rows)
{
	bool cpu = rows->type->id == MMT_TB_CPU_TOTALS;
	struct colmap *map = &s->map[cpu];
	struct row r = { rows->cells, map->idx };
	int k, n = cpu ? MC_N : MT_N, err = 0;
	uint64_t v[(int)MT_N > (int)MC_N ? (int)MT_N : (int)MC_N];
	struct model_row out = { .cpu = cpu, .v = v };
	uint32_t i;

	if (map->type != rows->type)
		map_columns(loader_of(rows->type->id), map, rows->type);
	for (i = 0; i < rows->n && !err; i++, r.c += rows->type->n_fields) {
		out.segment = get(&r, cpu ? (int)CT_SEGMENT : (int)TT_SEGMENT);
		if (!model_selected(s->m, out.segment))
			continue;
		out.time = get(&r, cpu ? (int)CT_TIME : (int)TT_TIME);
		out.id = get(&r, cpu ? (int)CT_CPU : (int)TT_EPOCH);
		out.cgroup = cpu ? 0 : get(&r, TT_CGROUP);
		for (k = 0; k < n; k++)
			v[k] = get(&r, k);
		err = s->fn(s->ctx, &out);
	}
	return err;
}

int model_scan(const struct model *m, mmt_log_fn log, void *log_ctx, model_row_fn fn, void *ctx)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = log, .log_ctx = log_ctx, .no_events = true };
	struct scan s = { .m = m, .fn = fn, .ctx = ctx };
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	uint32_t i;
	int err;

	err = mmt_reader__open(m->path, &ro, &r);
	if (err)
		return err;
	while ((err = mmt_reader__next(r, &chunk)) > 0) {
		err = 0;
		for (i = 0; i < chunk.n_tables && !err; i++)
			if (chunk.tables[i].type->id == MMT_TB_TASK_TOTALS || chunk.tables[i].type->id == MMT_TB_CPU_TOTALS)
				err = scan_rows(&s, &chunk.tables[i]);
		if (err)
			break;
	}
	mmt_reader__close(r);
	return err;
}
