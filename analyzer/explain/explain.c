// SPDX-License-Identifier: GPL-2.0-only
/* From a decided comparison to an explanation. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explain_int.h"

#define ALPHA 0.05

const char *explain_section_name(enum explain_section s)
{
	static const char *const name[EXPLAIN_SECTIONS] = { "both", "between", "bystander", "scatter", "rest", "untested" };

	return (unsigned int)s < EXPLAIN_SECTIONS ? name[s] : "?";
}

const char *explain_scale_name(enum explain_scale s)
{
	static const char *const name[] = { "raw", "log", "sqrt", "logit" };

	return (unsigned int)s < 4 ? name[s] : "?";
}

static int find_metric(const struct cmp *c, const char *name, enum cmp_source source)
{
	size_t i;

	for (i = 0; i < c->n_metrics; i++)
		if (c->metric[i].source == source && (!name || !strcmp(c->metric[i].name, name)))
			return (int)i;
	return -ENOENT;
}

/* The metric asked for; else the first of the benchmark that has values on both sides; else the length of the run. */
static int find_result(const struct cmp *c, const struct cmp_result *r, const char *name, uint32_t arm)
{
	size_t i;
	int at;

	if (name) {
		at = find_metric(c, name, CMP_BENCHMARK);
		return at < 0 ? find_metric(c, name, CMP_KERNEL) : at;
	}
	for (i = 0; i < c->n_metrics; i++)
		if (c->metric[i].source == CMP_BENCHMARK && cmp_row(c, r, i, 0)->n_unit && cmp_row(c, r, i, arm)->n_unit)
			return (int)i;
	return find_metric(c, "run.duration", CMP_KERNEL);
}

static int no_result(const struct cmp *c, const char *name)
{
	char list[400] = "";
	size_t i, n = 0;

	for (i = 0; i < c->n_metrics && n < sizeof(list); i++)
		if (c->metric[i].source == CMP_BENCHMARK)
			n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%s", n ? ", " : "", c->metric[i].name);
	if (name)
		return cmp_say(c, -EINVAL, "--result %s: no such metric; there %s %s and the kernel metrics (mmt-trace list metrics)",
			       name, n ? "are" : "is no benchmark result, only", n ? list : "traces");
	return cmp_say(c, -ENODATA, "nothing to explain: neither a benchmark result nor the length of an iteration in both arms");
}

static bool is_traced(const struct cmp_arm *a)
{
	size_t i;

	for (i = 0; i < a->n_iter; i++)
		if (a->iter[i].traced && !a->iter[i].excluded)
			return true;
	return false;
}

static bool changed(const struct cmp_row *row)
{
	switch (row->verdict) {
	case CMP_BETTER:
	case CMP_WORSE:
	case CMP_CHANGED:
	case CMP_TINY:
	case CMP_INDICATIVE:
		return true;
	case CMP_CONFOUNDED: /* something moved; whether the arms or the boots did, the header says */
		return row->p_adj < ALPHA;
	default:
		return false;
	}
}

static int check(const struct cmp *c, const struct cmp_result *r, const struct explain_opts *o, struct explain *e)
{
	int at;

	if (c->n_arms < 2)
		return cmp_say(c, -ENODATA, "only one run (%s): explain needs two, the second against the first",
			       c->n_arms ? c->arm[0].name : "none");
	e->arm = o->arm ? o->arm : 1;
	at = find_result(c, r, o->result, e->arm);
	if (at < 0)
		return no_result(c, o->result);
	e->result = (uint32_t)at;
	e->row = cmp_row(c, r, e->result, e->arm);
	if (c->metric[at].unit_varies)
		return cmp_say(c, -ENODATA, "%s: the runs do not agree on its unit, so it cannot be compared", c->metric[at].name);
	for (at = 0; at < 2; at++) {
		const struct cmp_arm *a = &c->arm[at ? e->arm : 0];

		if (!is_traced(a))
			return cmp_say(c, -ENODATA, "%s: no usable trace, so nothing is known of the kernel there%s%s%s; "
				       "mmt-trace run records one an iteration", a->name, a->n_iter && a->iter[0].why ? " (" : "",
				       a->n_iter && a->iter[0].why ? a->iter[0].why : "", a->n_iter && a->iter[0].why ? ")" : "");
	}
	return 0;
}

static int enough(const struct cmp *c, const struct explain *e)
{
	size_t i, best[2] = { 0, 0 };
	int k;

	for (i = 0; i < e->n_metrics; i++)
		for (k = 0; k < 2; k++)
			best[k] = e->m[i].n[k] > best[k] ? e->m[i].n[k] : best[k];
	for (k = 0; k < 2; k++)
		if (best[k] < 2)
			return cmp_say(c, -ENODATA, "%s: %zu iteration%s with both %s and a trace; one value has no spread to judge by, "
				       "run at least 2, better 10", c->arm[k ? e->arm : 0].name, best[k], best[k] == 1 ? "" : "s",
				       c->metric[e->result].name);
	return 0;
}

int explain_compute(const struct cmp *c, const struct cmp_result *r, const struct explain_opts *o, struct explain *e)
{
	struct explain_frame f = { .c = c, .r = r };
	int err;

	memset(e, 0, sizeof(*e));
	err = check(c, r, o, e);
	if (err)
		return err;
	e->changed = changed(e->row);
	err = explain_gather(&f, e);
	err = err ? err : enough(c, e);
	e->candidates = (e->n_blocks ? e->n_blocks : e->n[0] < e->n[1] ? e->n[0] : e->n[1]) < EXPLAIN_FLOOR;
	err = err ? err : explain_rank(&f, e);
	if (!err && !o->no_carriers)
		err = explain_carriers(&f, e);
	free(f.side[0].u);
	free(f.side[1].u);
	free(f.room);
	free(f.resid);
	if (err)
		explain_free(e);
	return err;
}

void explain_free(struct explain *e)
{
	free(e->m);
	free(e->order);
	free(e->carrier);
	memset(e, 0, sizeof(*e));
}
