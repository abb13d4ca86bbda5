// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "show_int.h"

/* The tables of --by, from its first on; then one that goes with all; then those for people alone. */
enum { T_VM, T_PLACE, T_VCPU, T_NODE, T_WAYS, T_EXITS, T_VCPU_EXITS, T_NUMA, N_TABLES };

static int say(const struct vms_show_opts *o, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static int say(const struct vms_show_opts *o, int err, const char *fmt, ...)
{
	char line[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (o->log)
		o->log(o->log_ctx, MMT_LOG_ERROR, line);
	return err;
}

const char *vms_by_name(enum vms_by by)
{
	static const char *const name[VMS_BYS] = { "all", "vm", "place", "vcpu", "node" };

	return name[by];
}

/* ---------------------------------------------------------------- which VMs */

/* NULL: all. */
static const char *list_of(const struct vms_show_opts *o)
{
	return o->names && strcmp(o->names, "all") ? o->names : NULL;
}

bool vms_name_wanted(const struct vms_show_opts *o, const char *name)
{
	const char *list = list_of(o);

	if (!list && !o->match)
		return true;
	return (list && vms_in_list(list, name)) || (o->match && !regexec(o->match, name, 0, NULL, 0));
}

/* A name that no VM has or had, or a pattern that fits none. */
static int check_names(const struct vms_view *v, const char *list)
{
	const char *path = v->m->path ? v->m->path : "vms";
	char one[256], hint[300], names[400];

	if (list && vms_unknown(v->m, list, one, sizeof(one), hint, sizeof(hint)))
		return say(v->o, -ENOENT, "%s: no VM '%s'%s; there are: %s", path, one, hint, vms_names(v->m, names, sizeof(names)));
	if (!v->n && !list && v->o->match && v->x->n_vm)
		return say(v->o, -ENOENT, "%s: no VM has a name that --vm-match fits; there are: %s", path,
			   vms_names(v->m, names, sizeof(names)));
	return 0;
}

static int choose(struct vms_view *v, bool *shown)
{
	const struct vms_show_opts *o = v->o;
	const char *list = list_of(o);
	uint32_t k;
	size_t i;

	for (i = 0; i < v->x->n_vm; i++) {
		const struct vms_vm *vm = &v->x->vm[i];

		for (k = 0; k < vm->n_names && !shown[i]; k++)
			shown[i] = vms_name_wanted(o, vm->names[k].name);
		if (shown[i] && vm->in_window)
			v->vm[v->n++] = vm;
	}
	return o->live ? 0 : check_names(v, list); /* live it may come yet */
}

/* Most off-node run time first; then what ran longest. */
static int cmp_vm(const void *a, const void *b)
{
	const struct vms_vm *x = *(const struct vms_vm *const *)a, *y = *(const struct vms_vm *const *)b;
	double p = x->proc ? x->proc->sum.off : -1, q = y->proc ? y->proc->sum.off : -1;
	uint64_t r = x->part[VMS_WHOLE].v[MT_RUN_NS], s = y->part[VMS_WHOLE].v[MT_RUN_NS];

	if (p < q || p > q)
		return p < q ? 1 : -1;
	if (r != s)
		return r < s ? 1 : -1;
	return (x->number > y->number) - (x->number < y->number);
}

/* A trace clock's time as that of the day, by the reading next to it. */
static double real_of(const struct model *m, uint64_t time)
{
	const struct model_clock *c = m->n_clocks ? &m->clocks[0] : NULL;
	size_t i;

	for (i = 1; i < m->n_clocks && m->clocks[i].time <= time; i++)
		c = &m->clocks[i];
	return c ? ((double)c->real + ((double)time - (double)c->time)) / 1e9 : (double)NAN;
}

static int prepare(struct vms_view *v)
{
	static const struct vms none;
	const char *page = model_meta(v->m, "page.kb");
	bool *shown = NULL;
	int err;

	v->x = v->m->vms ? v->m->vms : &none;
	v->page_kb = page && strtoul(page, NULL, 10) ? (double)strtoul(page, NULL, 10) : (double)NAN;
	v->real_s = real_of(v->m, v->m->t1);
	v->vm = calloc(v->x->n_vm + 1, sizeof(*v->vm));
	shown = calloc(v->x->n_vm + 1, sizeof(*shown));
	err = v->vm && shown ? choose(v, shown) : -ENOMEM;
	if (!err) {
		qsort(v->vm, v->n, sizeof(*v->vm), cmp_vm);
		err = vms_nodes(v->m, shown, &v->nodes);
		err = err ? err : vms_extra_load(v->m, &v->extra);
	}
	free(shown);
	return err;
}

/* ---------------------------------------------------------------- writing */

static void write_json(const struct vms_view *v, struct table *const t[N_TABLES], FILE *f)
{
	struct json j;
	int i;

	json_init(&j, f, !v->o->live);
	json_obj(&j, NULL);
	json_str(&j, "kind", "vms");
	json_u64(&j, "version", 1);
	vms_head_json(v, &j);
	for (i = 0; i < N_TABLES; i++)
		if (t[i])
			table_write_json(t[i], &j, table_id(t[i]));
	json_end(&j);
}

/* people: others find what is in them in rows of VMs and virtual CPUs. */
static const struct {
	struct table *(*make)(const struct vms_view *);
	enum vms_by of;
	bool people;
} kinds[N_TABLES] = {
	[T_VM] = { vms_table, VMS_BY_VM, false }, [T_PLACE] = { vms_places_table, VMS_BY_PLACE, false },
	[T_VCPU] = { vms_vcpus_table, VMS_BY_VCPU, false }, [T_NODE] = { vms_nodes_table, VMS_BY_NODE, false },
	[T_WAYS] = { vms_ways_table, VMS_BY_ALL, false }, [T_EXITS] = { vms_exits_table, VMS_BY_VM, true },
	[T_VCPU_EXITS] = { vms_exits_vcpus_table, VMS_BY_VCPU, true }, [T_NUMA] = { vms_numa_table, VMS_BY_VM, true },
};
static const int in_text[N_TABLES] = { T_VM, T_EXITS, T_NUMA, T_PLACE, T_WAYS, T_VCPU, T_VCPU_EXITS, T_NODE };

/* Of a live view the heads once. */
static int write_csv(const struct vms_view *v, const struct table *t, FILE *f)
{
	char *text = NULL, *from;
	size_t size = 0;
	FILE *m = open_memstream(&text, &size);

	if (!m)
		return -ENOMEM;
	table_write_csv(t, m, v->o->out.sep);
	if (fclose(m)) {
		free(text);
		return -ENOMEM;
	}
	from = v->o->again ? strchr(text, '\n') : NULL;
	fputs(from ? from + 1 : text, f);
	free(text);
	return 0;
}

static int write_all(const struct vms_view *v, struct table *const t[N_TABLES], FILE *f)
{
	struct table *first = NULL;
	int i;

	for (i = N_TABLES; i-- > 0;)
		first = t[i] ? t[i] : first;
	switch (v->o->out.fmt) {
	case TABLE_JSON:
		write_json(v, t, f);
		return 0;
	case TABLE_CSV:
		return write_csv(v, first, f);
	case TABLE_TEXT:
		break;
	default:
		table_write(first, f, &v->o->out);
		return 0;
	}
	vms_head_text(v, f);
	for (i = 0; i < N_TABLES; i++) {
		const struct table *one = t[in_text[i]];

		if (!one || !table_rows(one))
			continue;
		fputc('\n', f);
		table_write_text(one, f, &v->o->out);
	}
	return 0;
}

static bool is_made(const struct vms_show_opts *o, int i)
{
	if (kinds[i].people && o->out.fmt != TABLE_TEXT)
		return false;
	return o->out.fmt == TABLE_JSON || (o->by == VMS_BY_ALL ? kinds[i].of != VMS_BY_VCPU : kinds[i].of == o->by);
}

static int make_tables(const struct vms_view *v, struct table *t[N_TABLES])
{
	const struct vms_show_opts *o = v->o;
	bool one = o->by != VMS_BY_ALL, json = o->out.fmt == TABLE_JSON;
	int i, err = 0, first = one ? (int)o->by - VMS_BY_VM : 0;
	char hint[96];

	for (i = 0; i < N_TABLES && !err; i++) {
		if (!is_made(o, i))
			continue;
		t[i] = kinds[i].make(v);
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	}
	if (!err && o->sort && table_sort(t[first], o->sort, true))
		err = say(o, -ENOENT, "no column '%s' to sort by%s; the first line of --csv --by %s names them all", o->sort,
			  table_hint(t[first], o->sort, hint, sizeof(hint)), vms_by_name(one ? o->by : VMS_BY_VM));
	for (i = T_WAYS; i < N_TABLES && !err && o->sort; i++)
		if (t[i])
			(void)table_sort(t[i], o->sort, true); /* where it has that column */
	if (!err && !json)
		for (i = 0; i < N_TABLES; i++)
			if (t[i] && i != T_PLACE && i != T_WAYS && i != T_NODE)
				table_limit(t[i], o->top);
	return err;
}

int vms_show(const struct model *m, const struct vms_show_opts *o, FILE *f)
{
	struct vms_view v = { .m = m, .o = o };
	struct table *t[N_TABLES] = { NULL };
	int err = 0, i;

	if (!vms_recorded(m))
		return say(o, -ENODATA, "%s: this trace was recorded without virtual machines; record it with -e vm,place,load",
			   m->path ? m->path : "vms");
	err = prepare(&v);
	if (!err)
		err = make_tables(&v, t);
	if (!err)
		err = write_all(&v, t, f);
	for (i = 0; i < N_TABLES; i++)
		table_free(t[i]);
	vms_nodes_free(&v.nodes);
	vms_extra_free(&v.extra);
	free(v.vm);
	return err;
}
