// SPDX-License-Identifier: GPL-2.0-only
/* A model of some virtual machines only. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../faults.h"
#include "../suggest.h"
#include "../syscalls.h"
#include "vms_int.h"

#define SHOWN 6 /* names in a line */

const char *vms_names(const struct model *m, char *buf, size_t size)
{
	const struct vms *x = m->vms;
	size_t i, k, n = 0, at = 0;

	snprintf(buf, size, "none");
	for (i = 0; x && i < x->n_vm; i++) {
		for (k = 0; k < i && strcmp(x->vm[k].name, x->vm[i].name); k++)
			;
		if (k < i || !x->vm[i].in_window)
			continue;
		if (n++ < SHOWN && at < size)
			at += (size_t)snprintf(buf + at, size - at, "%s%.60s", n > 1 ? ", " : "", x->vm[i].name);
	}
	if (n > SHOWN && at < size)
		snprintf(buf + at, size - at, ", ... (%zu)", n);
	return buf;
}

bool vms_in_list(const char *list, const char *name)
{
	size_t n = strlen(name), len;

	for (; *list; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len == n && !memcmp(list, name, n))
			return true;
	}
	return false;
}

bool vms_unknown(const struct model *m, const char *list, char *one, size_t one_size, char *hint, size_t hint_size)
{
	const struct vms *x = m->vms;
	size_t i, len, n = 0, all = 0;
	const char **names;
	bool found = true;
	uint32_t k;

	for (i = 0; x && i < x->n_vm; i++)
		all += x->vm[i].n_names;
	names = calloc(all + 1, sizeof(*names));
	for (i = 0; names && x && i < x->n_vm; i++)
		for (k = 0; k < x->vm[i].n_names; k++)
			names[n++] = x->vm[i].names[k].name;
	*hint = '\0';
	for (i = 0; i < n; i++)
		if (!strcmp(names[i], list)) /* names may have commas */
			list = "";
	for (; *list && found; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		snprintf(one, one_size, "%.*s", (int)len, list);
		for (i = 0, found = !len || !names; i < n && !found; i++)
			found = !strcmp(names[i], one);
	}
	if (!found)
		suggest_hint(hint, hint_size, one, names, n);
	free(names);
	return !found;
}

static bool has_name(const struct vms_vm *vm, bool (*fits)(void *ctx, const char *name), void *ctx)
{
	uint32_t i;

	for (i = 0; i < vm->n_names; i++)
		if (fits(ctx, vm->names[i].name))
			return true;
	return false;
}

/* Memory and residency of the others' processes; cgroups are nobody's. */
static void pick_memory(const struct model *m)
{
	struct numa *x = m->numa;
	size_t i;

	if (!x)
		return;
	memset(&x->all, 0, sizeof(x->all));
	x->lost_kb = 0;
	for (i = 0; i < x->n_procs; i++) {
		struct numa_proc *p = &x->procs[i];

		if (p->epoch && !model_hides(m, model_task(m, p->epoch), false)) {
			numa_sum_add(&x->all, &p->sum);
			continue;
		}
		memset(&p->sum, 0, sizeof(p->sum));
		p->seen = p->in_window = 0;
		p->cost_ns = 0;
	}
}

/* Only of all tasks together. */
static void forget_rest(const struct model *m)
{
	int i;
	size_t k;

	for (k = 0; m->syscalls && k < m->syscalls->n_kinds; k++) {
		rhist_free(&m->syscalls->kinds[k].hist);
		m->syscalls->kinds[k].hist = (struct rhist){ 0 };
	}
	for (i = 0; m->faults && i < 4; i++) {
		struct fault_latency *l = &m->faults->latency[i / 2][i % 2];

		rhist_free(&l->hist);
		*l = (struct fault_latency){ 0 };
	}
}

int vms_pick(struct model *m, bool (*fits)(void *ctx, const char *name), void *ctx)
{
	struct vms *x = m->vms;
	char names[400], words[440];
	size_t i, n = 0;

	for (i = 0; x && i < x->n_vm; i++) {
		x->vm[i].in_window &= has_name(&x->vm[i], fits, ctx);
		n += x->vm[i].in_window;
	}
	if (!n)
		return -ENOENT;
	for (i = 0; i < x->n_vcpu; i++)
		x->vcpu[i].in_window &= x->vm[x->vcpu[i].vm].in_window;
	for (i = 0; i < m->n_tasks; i++)
		if (x->task_vm[i] != U64MAP_NONE && x->vm[x->task_vm[i]].in_window)
			m->tasks[i].flags |= TASK_PICKED;
	snprintf(words, sizeof(words), "VM%s %s", n == 1 ? "" : "s", vms_names(m, names, sizeof(names)));
	m->picked = arena_str(m->mem, words, strlen(words));
	if (!m->picked)
		return -ENOMEM;
	pick_memory(m);
	forget_rest(m);
	return vms_sum_all(m);
}
