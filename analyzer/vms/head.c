// SPDX-License-Identifier: GPL-2.0-only
/* What stands above the tables: the host, all VMs together, what was not recorded, what it cost. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "exits.h"
#include "show_int.h"

/* Of the VMs that are shown, or of all of them. */
struct together {
	size_t vms, vcpus;
	double run, vcpu_run, wait; /* ns; NaN: not recorded */
	double kb;                  /* of VMs whose memory was measured */
	double known_kb, off_kb;    /* of those that ran */
	size_t measured;
	struct numa_sum exposure;
	double cost;                /* ns, of the measurements */
};

static struct together add_up(const struct vms_view *v)
{
	struct together s = { .vms = v->n };
	size_t i, k;

	if (!v->m->have_task_totals)
		s.run = s.vcpu_run = s.wait = NAN;
	for (i = 0; i < v->n; i++) {
		const struct vms_vm *vm = v->vm[i];

		for (k = 0; k < vm->n_vcpus; k++)
			s.vcpus += v->x->vcpu[vm->first_vcpu + k].in_window;
		s.run += (double)vm->part[VMS_WHOLE].v[MT_RUN_NS];
		s.vcpu_run += (double)vm->part[VMS_VCPUS].v[MT_RUN_NS];
		s.wait += (double)vm->part[VMS_VCPUS].v[MT_WAIT_NS];
		if (!isnan(vm->place_cost_ns))
			s.cost += vm->place_cost_ns;
		if (!vm->proc)
			continue;
		numa_sum_add(&s.exposure, &vm->proc->sum);
		s.measured++;
		s.kb += vm->kb;
		if (!isnan(vm->off)) {
			s.known_kb += vm->kb;
			s.off_kb += vm->kb * vm->off;
		}
	}
	return s;
}

static double ratio(double part, double all)
{
	return all > 0 ? 100 * part / all : (double)NAN;
}

static void machine_lines(const struct vms_view *v, FILE *f)
{
	static const struct { const char *key, *before, *after; } parts[] = {
		{ "host.name", "", "" }, { "kernel.release", "Linux ", "" }, { "cpu.count", "", " CPUs" }, { "node.count", "", " nodes" },
	};
	char buf[256];
	size_t i;

	fprintf(f, "machine  ");
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *value = model_meta(v->m, parts[i].key);
		bool one = value && !strcmp(value, "1") && *parts[i].after;

		if (value && *value)
			fprintf(f, "  %s%s%.*s", parts[i].before, value, (int)(strlen(parts[i].after) - one), parts[i].after);
	}
	fprintf(f, "\nwindow     %s", v->o->live ? "live" : model_window_name(v->m, buf, sizeof(buf)));
	if (v->m->duration)
		fprintf(f, ", %.3f s", (double)v->m->duration / 1e9);
	fprintf(f, "%s\n", v->m->open_end && !v->o->live ? " (cut short: no mark ends it)" : "");
}

static void vms_lines(const struct vms_view *v, const struct together *s, FILE *f)
{
	const struct numa_exposure e = numa_exposure(&s->exposure);

	fprintf(f, "VMs        %zu", s->vms);
	if (s->vms < v->x->n_vm)
		fprintf(f, " of %zu", v->x->n_vm);
	if (s->vcpus)
		fprintf(f, ", %zu vCPU%s", s->vcpus, s->vcpus == 1 ? "" : "s");
	if (v->m->duration && s->run > 0)
		fprintf(f, "; %.2f CPUs used", s->run / (double)v->m->duration);
	if (s->vcpu_run + s->wait > 0)
		fprintf(f, ", steal %.1f %%", ratio(s->wait, s->vcpu_run + s->wait));
	fputc('\n', f);
	if (s->measured)
		fprintf(f, "memory     %.0f MiB", s->kb / 1024);
	if (s->measured && s->known_kb > 0)
		fprintf(f, ", %.1f %% of it off the node where its VM ran most", ratio(s->off_kb, s->known_kb));
	if (s->measured)
		fputc('\n', f);
	if (!s->measured)
		return;
	if (isnan(e.share)) {
		fprintf(f, "exposure   not known: no VM whose memory was measured ran\n");
		return;
	}
	fprintf(f, "exposure   %.1f %% of the run time was off-node", 100 * e.share);
	if (100 * (e.hi - e.lo) >= 0.1)
		fprintf(f, " (%.1f to %.1f)", 100 * e.lo, 100 * e.hi);
	fputc('\n', f);
	if (!isnan(e.distance))
		fprintf(f, "           mean distance to memory: %.2f x local\n", e.distance);
	if (e.covered < 0.9995)
		fprintf(f, "           covers %.1f %% of the run time; of the other VMs, memory was not measured\n", 100 * e.covered);
}

static void load_line(const struct vms_view *v, FILE *f)
{
	const struct vms_nodes *n = &v->nodes;

	if (isnan(n->load))
		return;
	fprintf(f, "load       %.2f tasks per CPU", n->load);
	if (!isnan(n->imbalance))
		fprintf(f, "; imbalance of the nodes %.1f %%", 100 * n->imbalance);
	fputc('\n', f);
}

/* Of the recording. */
static void cost_line(const struct vms_view *v, const struct together *s, FILE *f)
{
	uint64_t own[MF_N];
	bool some = false;

	if (v->m->duration && model_footprint(v->m, own)) {
		fprintf(f, "cost       %.2f %% of a CPU, %.0f MiB and %.0f MiB of BPF maps",
			100 * (double)(own[MF_USER_NS] + own[MF_SYS_NS]) / (double)v->m->duration, (double)own[MF_RSS_KB] / 1024,
			(double)own[MF_MAP_KB] / 1024);
		some = true;
	}
	if (s->cost > 0)
		fprintf(f, "%s%.1f ms to measure memory\n", some ? "; " : "cost       ", s->cost / 1e6);
	else if (some)
		fputc('\n', f);
	if (!isnan(v->x->cost_ns) && v->x->n_vm)
		fprintf(f, "           %.1f ms to find VMs, since the recording began\n", v->x->cost_ns / 1e6);
}

/* The filters of the recording let none of their tasks through. */
static bool others_only(const struct vms_view *v, const struct together *s)
{
	const char *filter = model_meta(v->m, "filter");

	return filter && strcmp(filter, "no") && s->run <= 0;
}

/* VMs of which the filters let nothing through, while they did of others. */
static size_t left_out(const struct vms_view *v)
{
	const char *filter = model_meta(v->m, "filter");
	size_t i, n = 0;

	for (i = 0; i < v->n && filter && strcmp(filter, "no"); i++)
		n += !v->vm[i]->part[VMS_WHOLE].tasks;
	return n;
}

static void missing_lines(const struct vms_view *v, const struct together *s, FILE *f)
{
	size_t i, unseen = 0, partly = 0;

	for (i = 0; i < v->n; i++) {
		unseen += !v->vm[i]->n_vcpus;
		partly += v->vm[i]->n_vcpus && v->vm[i]->vcpus_told > v->vm[i]->n_vcpus;
	}
	if (!v->x->n_vm)
		fprintf(f, "           no VM was found\n");
	if (v->n && others_only(v, s))
		fprintf(f, "run time   not available: only other tasks were recorded (use record -a, or --vm all)\n");
	else if (left_out(v))
		fprintf(f, "run time   not available for %zu VM%s: not among those recorded, or ended too soon\n", left_out(v), left_out(v) == 1 ? "" : "s");
	if (v->x->n_vm && !numa_recorded(v->m))
		fprintf(f, "memory     not available: placement was not recorded (-e place)\n");
	else if (v->n && !s->measured)
		fprintf(f, "memory     not available: not measured for any of these VMs\n");
	if (isnan(v->nodes.load))
		fprintf(f, "load       not available: run-queue lengths were not recorded (-e load)\n");
	if (v->n && !v->x->has_nodes)
		fprintf(f, "run time   by node not available: the trace does not have it\n");
	if (unseen)
		fprintf(f, "vCPUs      not known for %zu VM%s: no thread was recognized as a vCPU\n", unseen, unseen == 1 ? "" : "s");
	if (partly)
		fprintf(f, "vCPUs      not all known for %zu VM%s: some threads were not recognized\n", partly, partly == 1 ? "" : "s");
}

void vms_head_text(const struct vms_view *v, FILE *f)
{
	struct together s = add_up(v);
	size_t i;

	machine_lines(v, f);
	vms_lines(v, &s, f);
	vms_exits_head_text(v, f);
	load_line(v, f);
	cost_line(v, &s, f);
	missing_lines(v, &s, f);
	for (i = 0; i < v->m->n_notes; i++)
		if (v->m->notes[i].level <= 1)
			fprintf(f, "note       %s\n", v->m->notes[i].text);
}

/* What the recording counted, where it did. */
static void counted(const struct model *m, const char *fact, const char *name, struct json *j)
{
	const char *v = model_meta(m, fact);

	if (v)
		json_u64(j, name, strtoull(v, NULL, 10));
}

static void not_available(const struct vms_view *v, const struct together *s, struct json *j)
{
	json_obj(j, "not_available");
	if (v->n && others_only(v, s))
		json_str(j, "run_ns", "only other tasks were recorded (use record -a, or --vm all)");
	if (!numa_recorded(v->m))
		json_str(j, "memory", "placement was not recorded (-e place)");
	else if (v->n && !s->measured)
		json_str(j, "memory", "not measured for any of these VMs");
	if (isnan(v->nodes.load))
		json_str(j, "load", "run-queue lengths were not recorded (-e load)");
	if (v->n && !v->x->has_nodes)
		json_str(j, "run_by_node", "the trace does not have it");
	if (vms_exits_missing(v->m) && *vms_exits_missing(v->m))
		json_str(j, "exits", vms_exits_missing(v->m));
	json_end(j);
}

void vms_head_json(const struct vms_view *v, struct json *j)
{
	static const char *const keys[] = { "host.name", "kernel.release", "cpu.count", "node.count", "boot.id" };
	struct together s = add_up(v);
	const struct numa_exposure e = numa_exposure(&s.exposure);
	uint64_t own[MF_N];
	char buf[256];
	size_t i;

	json_obj(j, "meta");
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (model_meta(v->m, keys[i]))
			json_str(j, keys[i], model_meta(v->m, keys[i]));
	json_end(j);
	json_obj(j, "window");
	json_str(j, "name", v->o->live ? "live" : model_window_name(v->m, buf, sizeof(buf)));
	if (!isnan(v->real_s))
		json_num(j, "end_s", v->real_s);
	json_u64(j, "duration_ns", v->m->duration);
	json_bool(j, "cut_short", v->m->open_end && !v->o->live);
	json_end(j);
	json_obj(j, "all");
	json_u64(j, "vms", s.vms);
	if (s.vcpus || !s.vms)
		json_u64(j, "vcpus", s.vcpus);
	if (!isnan(s.run))
		json_num(j, "run_ns", s.run);
	if (!isnan(s.run) && s.vcpus) {
		json_num(j, "vcpu_run_ns", s.vcpu_run);
		json_num(j, "vcpu_wait_ns", s.wait);
	}
	if (s.measured) {
		json_u64(j, "measured", s.measured);
		json_num(j, "mib", s.kb / 1024);
		json_num(j, "mem_off_pct", ratio(s.off_kb, s.known_kb));
		json_num(j, "exposure_pct", 100 * e.share);
		json_num(j, "exposure_lo_pct", 100 * e.lo);
		json_num(j, "exposure_hi_pct", 100 * e.hi);
		json_num(j, "covered_pct", 100 * e.covered);
		json_num(j, "distance", e.distance);
		json_num(j, "place_cost_ns", s.cost);
	}
	if (!isnan(v->x->cost_ns) && v->x->n_vm)
		json_num(j, "find_cost_ns", v->x->cost_ns);
	counted(v->m, "vm.missed", "missed", j);
	counted(v->m, "vm.nameless", "nameless", j);
	if (model_footprint(v->m, own)) {
		json_u64(j, "own_cpu_ns", own[MF_USER_NS] + own[MF_SYS_NS]);
		json_u64(j, "own_rss_kb", own[MF_RSS_KB]);
		json_u64(j, "own_map_kb", own[MF_MAP_KB]);
	}
	if (!isnan(v->nodes.load))
		json_num(j, "load", v->nodes.load);
	if (!isnan(v->nodes.imbalance))
		json_num(j, "imbalance_pct", 100 * v->nodes.imbalance);
	vms_exits_head_json(v, j);
	json_end(j);
	not_available(v, &s, j);
}
