// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "../metrics.h"
#include "exits.h"
#include "extra.h"
#include "metric.h"

#define ONE "vm:"
#define ALL "vm."

/* Share of all memory that is not where its VM ran most; of those that are known. */
static double off_of_all(const struct vms *x, double *kb)
{
	double off = 0, known = 0;
	size_t i;

	*kb = 0;
	for (i = 0; i < x->n_vm; i++) {
		if (!x->vm[i].in_window || isnan(x->vm[i].kb))
			continue;
		*kb += x->vm[i].kb;
		if (isnan(x->vm[i].off))
			continue;
		known += x->vm[i].kb;
		off += x->vm[i].kb * x->vm[i].off;
	}
	return known > 0 ? off / known : (double)NAN;
}

static int memory(const struct model *m, const struct vms_vm *vm, enum vms_what what, double *value)
{
	struct numa_exposure e;
	double kb, off;

	if (!numa_recorded(m))
		return -ENODATA;
	e = vm ? vm->exposure : numa_exposure(&m->vms->exposure);
	kb = vm ? vm->kb : 0;
	off = vm ? vm->off : off_of_all(m->vms, &kb);
	*value = what == VMS_MEMORY ? kb / 1024 : what == VMS_OFF ? 100 * off : what == VMS_EXPOSURE ? 100 * e.share : e.distance;
	return 0;
}

static int sched(const struct model *m, const struct vms_sum *part, enum vms_what what, double *value)
{
	const struct vms_sum *vcpus = &part[VMS_VCPUS];
	unsigned int need = what == VMS_CPUS ? 1u << MT_RUN_NS : what == VMS_STEAL ? 1u << MT_RUN_NS | 1u << MT_WAIT_NS :
			    what == VMS_PREEMPTIONS ? 1u << MT_NIVCSW : what == VMS_CROSS ? 1u << MT_MIG_CROSS :
			    what == VMS_MIGRATIONS ? 1u << MT_MIG_SMT | 1u << MT_MIG_LLC | 1u << MT_MIG_NODE | 1u << MT_MIG_CROSS : 0;
	double seconds = (double)m->duration / 1e9;

	if (!m->have_task_totals || (m->task_has & need) != need)
		return -ENODATA;
	switch (what) {
	case VMS_CPUS:
		*value = (double)part[VMS_WHOLE].v[MT_RUN_NS] / 1e9 / seconds;
		break;
	case VMS_STEAL:
		*value = 100 * vms_wait_share(vcpus);
		break;
	case VMS_PREEMPTIONS:
		*value = (double)vcpus->v[MT_NIVCSW] / seconds;
		break;
	case VMS_MIGRATIONS:
		*value = (double)model_migrations(vcpus->v) / seconds;
		break;
	default:
		*value = (double)vcpus->v[MT_MIG_CROSS] / seconds;
	}
	if (!(seconds > 0))
		*value = what == VMS_STEAL ? *value : (double)NAN;
	return 0;
}

int vms_metric(const struct model *m, const struct vms_vm *vm, enum vms_what what, double *value)
{
	const struct vms *x = m->vms;
	const struct vms_sum *part;
	size_t i;

	*value = NAN;
	if (!vms_recorded(m) || (vm && what == VMS_COUNT))
		return -ENODATA;
	if (what == VMS_COUNT) {
		*value = 0;
		for (i = 0; x && i < x->n_vm; i++)
			*value += x->vm[i].in_window;
		return 0;
	}
	if (!x)
		return -ENODATA;
	if (what >= VMS_NUMA && what < VMS_KVM)
		return vms_numa_metric(m, vm, (enum vms_numa_what)(what - VMS_NUMA), value);
	if (what >= VMS_KVM)
		return vms_exits_metric(m, vm, (enum vms_exits_what)(what - VMS_KVM), value);
	part = vm ? vm->part : x->part;
	switch (what) {
	case VMS_MEMORY:
	case VMS_OFF:
	case VMS_EXPOSURE:
	case VMS_DISTANCE:
		return memory(m, vm, what, value);
	case VMS_WAIT_P99:
	case VMS_WAIT_MAX:
		if (!m->have_task_totals || !(m->hist_has & 1))
			return -ENODATA;
		*value = (what == VMS_WAIT_P99 ? part[VMS_VCPUS].wait_p99 : part[VMS_VCPUS].wait_max) / 1e3;
		return 0;
	default:
		return sched(m, part, what, value);
	}
}

/* ---------------------------------------------------------------- by name */

/* Of the patterns those of single VMs; "" where there are none, NULL without memory. */
static char *ours(const char *patterns)
{
	char *buf = calloc(1, patterns ? strlen(patterns) + 2 : 1);
	const char *p = patterns;
	size_t len, at = 0;

	for (; buf && p && *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (strncmp(p, ONE, strlen(ONE)))
			continue;
		if (at)
			buf[at++] = ',';
		memcpy(buf + at, p, len);
		at += len;
	}
	return buf;
}

char *vms_label(const struct vms *x, size_t at)
{
	unsigned int n = 1;
	char *label;
	size_t i;

	for (i = 0; i < at; i++)
		n += x->vm[i].in_window && !strcmp(x->vm[i].name, x->vm[at].name);
	if (n < 2)
		return strdup(x->vm[at].name);
	return asprintf(&label, "%s#%u", x->vm[at].name, n) < 0 ? NULL : label;
}

struct list { struct vms_named *v; size_t n, cap; };

static int add_vm(const struct model *m, const struct vms_vm *vm, const char *label, const char *patterns, struct list *l)
{
	const struct metric *all;
	struct metric one;
	struct vms_named *v;
	char *name;
	size_t i, n;

	all = metrics_all(&n);
	for (i = 0; i < n; i++) {
		double value;

		if (strncmp(all[i].name, ALL, strlen(ALL)) || vms_metric(m, vm, (enum vms_what)all[i].arg, &value))
			continue;
		if (asprintf(&name, ONE "%s.%s", label, all[i].name + strlen(ALL)) < 0)
			return -ENOMEM;
		one = all[i];
		one.name = name;
		one.detail = true;
		if (!metric_wanted(&one, patterns)) {
			free(name);
			continue;
		}
		v = array_more(&l->v, &l->n, &l->cap, sizeof(*v));
		if (!v) {
			free(name);
			return -ENOMEM;
		}
		*v = (struct vms_named){ name, &all[i], value };
	}
	return 0;
}

int vms_named_metrics(const struct model *m, const char *patterns, struct vms_named **out, size_t *n)
{
	char *wanted = ours(patterns);
	struct list l = { 0 };
	size_t i;
	int err = wanted ? 0 : -ENOMEM;

	for (i = 0; !err && *wanted && m->vms && i < m->vms->n_vm; i++) {
		char *label;

		if (!m->vms->vm[i].in_window)
			continue;
		label = vms_label(m->vms, i);
		err = label ? add_vm(m, &m->vms->vm[i], label, wanted, &l) : -ENOMEM;
		free(label);
	}
	free(wanted);
	if (err) {
		vms_named_free(l.v, l.n);
		return err;
	}
	*out = l.v;
	*n = l.n;
	return 0;
}

void vms_named_free(struct vms_named *v, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(v[i].name);
	free(v);
}
