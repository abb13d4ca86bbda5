// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/out.h"
#include "../analyzer/suggest.h"
#include "../analyzer/vms/vms.h"
#include "../collector/session.h"
#include "../collector/vms.h"
#include "vm_opts.h"

int vm_opts_match(struct argp_state *state, const char *arg, struct vm_opts *v)
{
	char why[128];
	int err;

	if (v->have_match) {
		argp_error(state, "--vm-match once: A|B matches either");
		return EINVAL;
	}
	err = regcomp(&v->match, arg, REG_EXTENDED | REG_NOSUB);
	v->have_match = !err;
	v->pattern = arg;
	if (!err)
		return 0;
	regerror(err, &v->match, why, sizeof(why));
	argp_error(state, "--vm-match %s: %s", arg, why);
	return EINVAL;
}

bool vm_opts_set(const struct vm_opts *v)
{
	return v->names || v->have_match;
}

bool vm_opts_fits(void *ctx, const char *name)
{
	const struct vm_opts *v = ctx;

	/* a whole name first: names may have commas */
	if (v->names && (!strcmp(v->names, "all") || !strcmp(v->names, name) || vms_in_list(v->names, name)))
		return true;
	return v->have_match && !regexec(&v->match, name, 0, NULL, 0);
}

/* "web, db"; "none" */
static void list_running(const struct mmt_vms *s, char *buf, size_t size)
{
	size_t i, at = 0;

	snprintf(buf, size, "none");
	for (i = 0; i < s->n && i < 6 && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, "%s%.40s", i ? ", " : "", s->v[i].name);
	if (s->n > 6 && at < size)
		snprintf(buf + at, size - at, ", ... (%zu)", s->n);
}

static const char *near_running(const struct mmt_vms *s, const char *name, char *buf, size_t size)
{
	const char **names = calloc(s->n + 1, sizeof(*names));
	size_t i;

	*buf = '\0';
	for (i = 0; names && i < s->n; i++)
		names[i] = s->v[i].name;
	if (names && name)
		suggest_hint(buf, size, name, names, s->n);
	free(names);
	return buf;
}

bool vm_opts_none_runs(struct vm_opts *v, char *why, size_t size)
{
	char names[320], hint[300];
	struct mmt_vms s;
	bool none;
	size_t k;

	if (mmt_vms__scan("/proc", &s))
		return false;
	for (k = 0; k < s.n && !vm_opts_fits(v, s.v[k].name); k++)
		;
	none = k == s.n;
	if (none) {
		list_running(&s, names, sizeof(names));
		snprintf(why, size, "no VM '%s' runs now%s; there are: %s", v->names ? v->names : v->pattern,
			 near_running(&s, v->names, hint, sizeof(hint)), names);
	}
	mmt_vms__free(&s);
	return none;
}

void vm_opts_apply(struct vm_opts *v, struct mmt_session_opts *o, const char *command)
{
	const char *name, *summary;
	char why[1024];
	unsigned int i;

	if (!vm_opts_set(v))
		return;
	o->vm_wanted = vm_opts_fits;
	o->vm_ctx = v;
	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (!strcmp(name, "vm"))
			o->families |= 1u << i;
	if (vm_opts_none_runs(v, why, sizeof(why)))
		out_warn("%s: %s; those that start later are recorded", command, why);
}

int vm_opts_pick(struct vm_opts *v, struct model *m)
{
	char names[400], one[256], hint[300];
	int err;

	if (!vm_opts_set(v))
		return 0;
	if (!vms_recorded(m)) {
		out_err("%s: this trace was recorded without virtual machines; record it with -e vm", m->path);
		return -ENOENT;
	}
	vms_names(m, names, sizeof(names)); /* vms_pick() leaves none in the window where none fits */
	err = vms_pick(m, vm_opts_fits, v);
	if (v->names && strcmp(v->names, "all") && vms_unknown(m, v->names, one, sizeof(one), hint, sizeof(hint))) {
		out_err("%s: no VM '%s'%s; there are: %s", m->path, one, hint, names);
		return -ENOENT;
	}
	if (err == -ENOENT)
		out_err("%s: none of these VMs is in this part of the trace; there are: %s", m->path, names);
	return err;
}

void vm_opts_free(struct vm_opts *v)
{
	if (v->have_match)
		regfree(&v->match);
	v->have_match = false;
}
