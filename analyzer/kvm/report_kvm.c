// SPDX-License-Identifier: GPL-2.0-only
/* report --kvm: why virtual CPUs left their guest, for how long, and how halts were waited for. */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../report_int.h"
#include "kvm.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define N_TABLES 4

struct line { /* of a group's kind */
	const struct model_task *task; /* NULL: threads without counters of their own */
	uint64_t group;
	struct kvm_sum s;
};

struct lines {
	struct line *v;
	size_t n, cap;
	struct u64map groups, map; /* group -> its number; number and kind -> line */
	uint32_t n_groups;
};

struct vcpu { /* sums of a thread */
	uint64_t epoch, exits, returns, polled, waited;
	double out_ns, halt_ns;
};

/* ---------------------------------------------------------------- sums */

static struct line *line_of(struct lines *l, uint64_t group, uint32_t kind)
{
	uint32_t g = u64map_get(&l->groups, group), i;
	struct line *p;

	if (g == U64MAP_NONE) {
		g = l->n_groups++;
		if (u64map_put(&l->groups, group, g))
			return NULL;
	}
	i = u64map_get(&l->map, (uint64_t)g * KVM_MAX_KINDS + kind);
	if (i != U64MAP_NONE)
		return &l->v[i];
	p = array_more(&l->v, &l->n, &l->cap, sizeof(*p));
	if (!p || u64map_put(&l->map, (uint64_t)g * KVM_MAX_KINDS + kind, (uint32_t)(p - l->v)))
		return NULL;
	p->group = group;
	p->s.kind = kind;
	return p;
}

static int cmp_line(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int i;

	for (i = KVM_TIME_NS; i >= KVM_COUNT; i -= KVM_TIME_NS - KVM_COUNT)
		if (x->s.v[i] != y->s.v[i])
			return x->s.v[i] < y->s.v[i] ? 1 : -1;
	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	return x->s.kind < y->s.kind ? -1 : x->s.kind > y->s.kind;
}

/* Is it one of how halts ended, not a change of the time to poll? */
static bool is_halt(const struct kvm_kind *k)
{
	return k->class == KVM_HALT_POLL && (!strncmp(k->name, "poll", 4) || !strncmp(k->name, "wait", 4));
}

static int gather(const struct report *r, enum kvm_class class, struct lines *l)
{
	const struct kvm *k = r->m->kvm;
	size_t i;

	for (i = 0; k && i < k->n_sums; i++) {
		const struct kvm_sum *s = &k->sums[i];
		const struct kvm_kind *kind = &k->kinds[s->kind];
		const struct model_task *t = model_task(r->m, s->epoch);
		struct line *p;

		if (kind->class != class || (class == KVM_HALT_POLL && !is_halt(kind)))
			continue;
		p = line_of(l, report_group_key(r, t, s->epoch), s->kind);
		if (!p)
			return -ENOMEM;
		kvm_add(&p->s, s);
		if (!p->task || (t && t->tid == t->tgid && p->task->tid != p->task->tgid))
			p->task = t;
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), cmp_line);
	return 0;
}

static void lines_free(struct lines *l)
{
	free(l->v);
	u64map_free(&l->groups);
	u64map_free(&l->map);
}

static int cmp_vcpu(const void *a, const void *b)
{
	const struct vcpu *x = a, *y = b;

	if (x->exits != y->exits)
		return x->exits < y->exits ? 1 : -1;
	if (x->returns != y->returns)
		return x->returns < y->returns ? 1 : -1;
	return (x->epoch > y->epoch) - (x->epoch < y->epoch);
}

static void vcpu_add(struct vcpu *p, const struct kvm_kind *kind, const struct kvm_sum *s)
{
	if (kind->class == KVM_EXIT) {
		p->exits += s->v[KVM_COUNT];
		p->out_ns += (double)s->v[KVM_TIME_NS];
	} else if (kind->class == KVM_USER) {
		p->returns += s->v[KVM_COUNT];
	} else if (is_halt(kind)) {
		*(kind->name[0] == 'p' ? &p->polled : &p->waited) += s->v[KVM_COUNT];
		p->halt_ns += (double)s->v[KVM_TIME_NS];
	}
}

/* All threads, the busiest first; epoch 0 is those without counters of their own. */
static int gather_vcpus(const struct kvm *k, struct vcpu **v, size_t *n)
{
	struct u64map map = { 0 };
	size_t i, cap = 0;
	int err = 0;

	for (i = 0; k && i < k->n_sums && !err; i++) {
		uint32_t at = u64map_get(&map, k->sums[i].epoch);
		struct vcpu *p = at == U64MAP_NONE ? array_more(v, n, &cap, sizeof(*p)) : &(*v)[at];

		if (!p || (at == U64MAP_NONE && u64map_put(&map, k->sums[i].epoch, (uint32_t)(p - *v)))) {
			err = -ENOMEM;
			continue;
		}
		p->epoch = k->sums[i].epoch;
		vcpu_add(p, &k->kinds[k->sums[i].kind], &k->sums[i]);
	}
	u64map_free(&map);
	if (*n)
		qsort(*v, *n, sizeof(**v), cmp_vcpu);
	return err;
}

/* ---------------------------------------------------------------- tables */

static void put_ratio(struct table *t, double a, double b)
{
	if (b > 0)
		table_f64(t, a / b);
	else
		table_none(t);
}

static void put_sum(struct table *t, const struct report *r, const struct kvm_sum *s, double all)
{
	const struct kvm_kind *k = &r->m->kvm->kinds[s->kind];
	bool timed = s->v[KVM_TIMED];
	char buf[64];

	table_text(t, kvm_name(k, buf, sizeof(buf)));
	if (k->reason == UINT64_MAX)
		table_none(t);
	else
		table_u64(t, k->reason);
	table_text(t, *k->isa ? k->isa : NULL);
	table_u64(t, s->v[KVM_COUNT]);
	put_ratio(t, 100.0 * (double)s->v[KVM_COUNT], all);
	put_ratio(t, 1e9 * (double)s->v[KVM_COUNT], (double)r->m->duration);
	table_u64(t, s->v[KVM_TIMED]);
	table_known(t, timed ? (double)s->v[KVM_TIME_NS] : NAN);
	put_ratio(t, (double)s->v[KVM_TIME_NS], (double)s->v[KVM_TIMED]);
	table_known(t, kvm_q(s, 0.50));
	table_known(t, kvm_q(s, 0.99));
	table_known(t, timed ? (double)s->max_ns : NAN);
}

#define US(id_, head_) { .id = id_, .head = head_, .unit = "us", .type = COL_NS, .prec = 4, .flags = COL_SIG }
#define SUM_COLS(head_) \
	{ .id = "reason", .head = head_, .flags = COL_KEY, .max = 24 }, \
	{ .id = "nr", .head = "nr", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "isa", .head = "isa", .flags = COL_NO_TEXT }, \
	{ .id = "count", .head = "count", .type = COL_COUNT }, \
	{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 1 }, \
	{ .id = "rate", .head = "rate", .unit = "1/s", .type = COL_FLOAT, .prec = 1 }, \
	{ .id = "timed", .head = "timed", .type = COL_COUNT, .flags = COL_NO_TEXT }, \
	{ .id = "time_ns", .head = "time", .unit = "ms", .type = COL_NS, .prec = 2 }, \
	US("mean_ns", "mean"), US("p50_ns", "p50"), US("p99_ns", "p99"), US("max_ns", "max")

static struct table *sums_table(const struct report *r, enum kvm_class class, const char *id, const char *title)
{
	static const struct table_col machine[] = { SUM_COLS("reason") }, grouped[] = { REPORT_GROUP_COLS, SUM_COLS("reason") };
	bool groups = r->o->by != REPORT_MACHINE;
	struct lines l = { 0 };
	struct table *t = NULL;
	double all = 0;
	size_t i;

	if (!gather(r, class, &l))
		t = table_new(id, title, groups ? grouped : machine, groups ? N(grouped) : N(machine));
	for (i = 0; t && i < l.n; i++)
		all += (double)l.v[i].s.v[KVM_COUNT];
	for (i = 0; t && i < l.n; i++) {
		if (groups)
			report_put_group(t, r, l.v[i].task);
		put_sum(t, r, &l.v[i].s, all);
	}
	lines_free(&l);
	return t;
}

static struct table *vcpus_table(const struct report *r, bool exits)
{
	static const struct table_col cols[] = {
		{ .id = "task", .head = "thread", .flags = COL_KEY, .max = 15 },
		{ .id = "tid", .head = "tid", .type = COL_COUNT, .flags = COL_KEY },
		{ .id = "epoch", .head = "epoch", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "tgid", .head = "pid", .type = COL_COUNT },
		{ .id = "exits", .head = "exits", .type = COL_COUNT },
		{ .id = "exit_rate", .head = "exits", .unit = "1/s", .type = COL_FLOAT, .prec = 1 },
		{ .id = "out_ns", .head = "out", .unit = "ms", .type = COL_NS, .prec = 2 },
		{ .id = "halts", .head = "halts", .type = COL_COUNT },
		{ .id = "halt_ns", .head = "halted", .unit = "ms", .type = COL_NS, .prec = 2 },
		{ .id = "awake_pct", .head = "awake", .unit = "%", .type = COL_FLOAT, .prec = 1 },
		{ .id = "returns", .head = "returns", .type = COL_COUNT },
	};
	struct table *t = NULL;
	struct vcpu *v = NULL;
	size_t n = 0, i;

	if (!gather_vcpus(r->m->kvm, &v, &n))
		t = table_new("vcpus", "Virtual CPUs by exits", cols, N(cols));
	for (i = 0; t && i < n; i++) {
		const struct model_task *task = v[i].epoch ? model_task(r->m, v[i].epoch) : NULL;
		uint64_t halts = v[i].polled + v[i].waited;

		table_text(t, task && task->known ? task->comm : v[i].epoch ? "(unknown)" : "(others)");
		if (task && task->known)
			table_u64(t, task->tid);
		else
			table_none(t);
		table_u64(t, v[i].epoch);
		if (task && task->known)
			table_u64(t, task->tgid);
		else
			table_none(t);
		if (exits)
			table_u64(t, v[i].exits);
		else
			table_none(t);
		put_ratio(t, 1e9 * (double)v[i].exits, exits ? (double)r->m->duration : 0);
		table_known(t, exits ? v[i].out_ns : NAN);
		table_u64(t, halts);
		table_known(t, halts ? v[i].halt_ns : NAN);
		put_ratio(t, 100.0 * (double)v[i].polled, (double)halts);
		table_u64(t, v[i].returns);
	}
	free(v);
	return t;
}

/* ---------------------------------------------------------------- all */

/* Seconds of the window in which KVM was not loaded yet; 0: none. */
static double before_kvm(const struct model *m)
{
	const char *from = model_meta(m, "kvm.from");
	uint64_t t = from ? strtoull(from, NULL, 10) : 0;

	return t > m->t0 ? (double)((t < m->t1 ? t : m->t1) - m->t0) / 1e9 : 0;
}

static void head_text(const struct model *m, bool exits, bool entries, double n, FILE *f)
{
	double before = before_kvm(m);

	if (exits)
		fprintf(f, "kvm        %.0f exits%s\n", n, entries ? "" : "; their times are not available: no entry was told");
	else
		fprintf(f, "kvm        exits not available: this host's KVM runs virtual CPUs without telling (kvm_exit never fired)\n");
	if (before > 0)
		fprintf(f, "           counted from %.1f s on: KVM was loaded then\n", before);
}

static void write_all(const struct report *r, struct table *const t[N_TABLES], bool exits, FILE *f)
{
	double n = 0, entries = 0;
	struct json j;
	int i;

	kvm_total(r->m, KVM_EXIT, NULL, KVM_COUNT, &n);
	kvm_total(r->m, KVM_ENTRY, NULL, KVM_COUNT, &entries);
	if (r->o->out.fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "report.kvm");
		json_u64(&j, "version", 1);
		report_head_json(r, &j);
		json_obj(&j, "kvm");
		json_num(&j, "exits", exits ? n : (double)NAN);
		json_num(&j, "entries", exits ? entries : (double)NAN);
		if (before_kvm(r->m) > 0)
			json_num(&j, "from_s", before_kvm(r->m));
		json_end(&j);
		for (i = 0; i < N_TABLES; i++)
			table_write_json(t[i], &j, table_id(t[i]));
		json_end(&j);
		return;
	}
	if (r->o->out.fmt != TABLE_TEXT) {
		table_write(t[0], f, &r->o->out);
		return;
	}
	report_head_text(r, f);
	head_text(r->m, exits, entries > 0 || n <= 0, n, f);
	for (i = 0; i < N_TABLES; i++) {
		if (!table_rows(t[i]))
			continue;
		fputc('\n', f);
		table_write_text(t[i], f, &r->o->out);
	}
}

static int check(const struct report *r)
{
	const struct report_opts *o = r->o;
	const char *why = kvm_missing(r->m);

	if (o->events || o->hist || o->syscalls || o->faults || o->numa || o->nodes)
		return report_say(r, -EINVAL, "--kvm goes alone: without --events, --hist, --syscalls, --faults, --numa and --nodes");
	if (o->by == REPORT_CPU)
		return report_say(r, -EINVAL, "--kvm has no rows by cpu: choose --by machine, task, process, comm or cgroup");
	if (why && *why)
		return report_say(r, -ENODATA, "%s: virtual CPUs: not available: %s", r->m->path, why);
	if (why)
		return report_say(r, -ENODATA, "%s: no virtual CPUs in this trace: record it with -e kvm", r->m->path);
	return 0;
}

int report_kvm(struct report *r, FILE *f)
{
	struct table *t[N_TABLES] = { NULL };
	int err = check(r), i;
	double n;
	bool exits;

	if (err)
		return err;
	exits = !kvm_total(r->m, KVM_EXIT, NULL, KVM_COUNT, &n);
	t[0] = sums_table(r, KVM_EXIT, "kvm_exits", "Exits of virtual CPUs by reason");
	t[1] = sums_table(r, KVM_USER, "kvm_returns", "Returns to the program that runs the machine (KVM_RUN), by reason");
	t[2] = sums_table(r, KVM_HALT_POLL, "kvm_halts", "Halts that the kernel waited for, by how they ended");
	t[3] = vcpus_table(r, exits);
	for (i = 0; i < N_TABLES && !err; i++)
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	err = err ? err : report_sort(r, t[0], "time, count, mean, p99, max");
	if (err)
		goto out;
	table_note(t[0], "time: from the exit to the next entry, asleep or not (hlt: halted); p50, p99: times are kept by power of two");
	table_note(t[2], "poll: without sleep; wait: the thread slept; invalid: not by what halts wait for");
	for (i = 0; i < N_TABLES; i++)
		table_limit(t[i], r->o->top);
	write_all(r, t, exits, f);
out:
	for (i = 0; i < N_TABLES; i++)
		table_free(t[i]);
	return err;
}
