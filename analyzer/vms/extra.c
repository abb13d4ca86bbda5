// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../numa/pages.h"
#include "extra.h"

static int load_pages(const struct model *m, struct vms_extra *x)
{
	const struct numa_pages *p = m->numa_pages;
	size_t i;

	if (!numa_pages_recorded(m))
		return 0;
	x->pages = calloc(m->vms->n_vm + 1, sizeof(*x->pages));
	if (!x->pages)
		return -ENOMEM;
	for (i = 0; p && i < p->n_use; i++) {
		const struct model_task *t = p->use[i].epoch ? model_task(m, p->use[i].epoch) : NULL;
		const struct vms_vm *vm = t ? vms_of_task(m, t, NULL) : NULL;

		if (!vm)
			continue;
		x->pages[vm - m->vms->vm].local += p->use[i].v[NP_LOCAL];
		x->pages[vm - m->vms->vm].remote += p->use[i].v[NP_REMOTE];
	}
	return 0;
}

int vms_extra_load(const struct model *m, struct vms_extra *x)
{
	memset(x, 0, sizeof(*x));
	return m->vms ? load_pages(m, x) : 0;
}

void vms_extra_free(struct vms_extra *x)
{
	free(x->pages);
	x->pages = NULL;
}

double vms_pages_off(const struct vms_pages *p)
{
	return p && p->local + p->remote ? 100 * (double)p->remote / (double)(p->local + p->remote) : (double)NAN;
}
