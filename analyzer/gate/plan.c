// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../stats/desc.h"
#include "../stats/power.h"
#include "plan.h"

#define LEVEL_SD 0.8 /* of the upper limit of sd */

double plan_size(size_t i)
{
	static const double size[PLAN_SIZES] = { 3, 5, 8, 10, 20, 30 };

	return i < PLAN_SIZES ? size[i] : NAN;
}

double plan_iterations_a_boot(double boot_s, double run_s, double within, double between)
{
	double n;

	if (!(boot_s > 0) || !(run_s > 0) || !(within > 0))
		return NAN;
	if (!(between > 0))
		return INFINITY;
	n = ceil(sqrt(boot_s / run_s) * within / between);
	return n < 1 ? 1 : n;
}

/* ------------------------------------------------------ variance components */

bool plan_components(const double *x, const uint32_t *g, size_t n, size_t n_groups, double *within, double *between)
{
	double *sum = calloc(n_groups + 1, sizeof(*sum)), *count = calloc(n_groups + 1, sizeof(*count));
	double mean, ssw = 0, ssb = 0, n2 = 0, msw, msb, n0, used = 0;
	size_t i;
	bool ok = sum && count && n > 0;

	for (i = 0; i < n && ok; i++) {
		sum[g[i]] += x[i];
		count[g[i]]++;
	}
	mean = stats_mean(x, n);
	for (i = 0; i < n && ok; i++) {
		double d = x[i] - sum[g[i]] / count[g[i]];

		ssw += d * d;
	}
	for (i = 0; i < n_groups && ok; i++) {
		if (!(count[i] > 0))
			continue;
		ssb += count[i] * (sum[i] / count[i] - mean) * (sum[i] / count[i] - mean);
		n2 += count[i] * count[i];
		used++;
	}
	ok = ok && used >= 2 && (double)n > used;
	if (ok) {
		msw = ssw / ((double)n - used);
		msb = ssb / (used - 1);
		n0 = ((double)n - n2 / (double)n) / (used - 1);
		*within = msw;
		*between = msb > msw ? (msb - msw) / n0 : 0;
	}
	free(sum);
	free(count);
	return ok;
}

/* The iterations of all arms and their boots; relative to the mean of their arm, so that arms do not count as boots. */
struct boot_values { double *x; uint32_t *g; const char **id; size_t n, n_ids; };

static uint32_t boot_index(struct boot_values *v, size_t from, const char *id)
{
	size_t i;

	/* a boot that two arms share has a part in each */
	for (i = from; i < v->n_ids; i++)
		if (!strcmp(v->id[i], id))
			return (uint32_t)i;
	v->id[v->n_ids] = id;
	return (uint32_t)v->n_ids++;
}

/* By samples, as units are means of a boot where boots are the units. Values stand in order of iteration. */
static bool boots_of_arm(const struct plan *p, uint32_t metric, uint32_t arm, struct boot_values *v)
{
	const struct cmp_value *value = p->c->value, *end = value + p->c->n_values;
	double mean = cmp_row(p->c, p->r, metric, arm)->desc.mean;
	size_t from = v->n_ids, same = 0;
	uint32_t last = UINT32_MAX;

	if (!(mean > 0))
		return true;
	for (; value < end; value++) {
		const struct cmp_iteration *it;

		if (value->metric != metric || value->arm != arm || !isfinite(value->value))
			continue;
		it = &p->c->arm[arm].iter[value->iter];
		if (it->excluded)
			continue;
		if (!it->boot_id)
			return false;
		if (value->iter != last) {
			v->x[v->n] = 0;
			v->g[v->n++] = boot_index(v, from, it->boot_id);
			last = value->iter;
			same = 0;
		}
		v->x[v->n - 1] += (value->value / mean - v->x[v->n - 1]) / (double)++same;
	}
	return true;
}

static int find_boots(const struct plan *p, struct plan_metric *m)
{
	struct boot_values v = { 0 };
	double within = NAN, between = NAN, sd;
	bool known = true;
	uint32_t arm;
	size_t i;

	v.x = calloc(p->c->n_values + 1, sizeof(*v.x));
	v.g = calloc(p->c->n_values + 1, sizeof(*v.g));
	v.id = calloc(p->c->n_values + 1, sizeof(*v.id));
	if (!v.x || !v.g || !v.id) {
		free(v.x);
		free(v.g);
		free(v.id);
		return -ENOMEM;
	}
	for (arm = 0; arm < p->c->n_arms && known; arm++)
		known = boots_of_arm(p, m->metric, arm, &v);
	m->boots.boots = known ? v.n_ids : 0;
	m->boots.known = known && plan_components(v.x, v.g, v.n, v.n_ids, &within, &between);
	m->boots.within = sqrt(within);
	m->boots.between = sqrt(between);
	m->boots.best = m->boots.known
				? plan_iterations_a_boot(p->o.boot_s, p->iteration_s, m->boots.within, m->boots.between)
				: NAN;
	sd = sqrt(within + between);
	for (i = 0; i < p->n_effects; i++)
		m->boots.n[i] = m->boots.known && sd > 0
					? stats_power_n(p->effect[i] / sd, p->alpha_each, p->o.power, false)
					: NAN;
	free(v.x);
	free(v.g);
	free(v.id);
	return 0;
}

/* -------------------------------------------------------------------- spread */

/* Deviation of the log ratios (of the relative differences where a value is not positive), pooled over the arms. */
static bool paired_spread(const struct plan *p, struct plan_metric *m, double *room, double *df)
{
	const struct cmp_row *base = cmp_row(p->c, p->r, m->metric, 0);
	double ss = 0;
	size_t i, k, n;
	uint32_t arm;

	*df = 0;
	m->units = 0;
	for (arm = 1; arm < p->c->n_arms; arm++) {
		const struct cmp_row *row = base + arm;

		for (i = n = 0; i < base->n_unit; i++) {
			for (k = 0; k < row->n_unit; k++)
				if (row->unit[k].block == base->unit[i].block)
					break;
			if (k == row->n_unit || base->unit[i].block == UINT32_MAX || !(base->unit[i].value > 0) ||
			    !(row->unit[k].value > 0))
				continue;
			room[n++] = log(row->unit[k].value / base->unit[i].value);
		}
		if (n < 2)
			continue;
		ss += ((double)n - 1) * stats_variance(room, n);
		*df += (double)n - 1;
		m->units += n;
	}
	m->sd = *df > 0 ? sqrt(ss / *df) : NAN;
	return *df > 0;
}

static bool pooled_spread(const struct plan *p, struct plan_metric *m, double *df)
{
	double ss = 0;
	uint32_t arm;

	*df = 0;
	m->units = 0;
	for (arm = 0; arm < p->c->n_arms; arm++) {
		const struct cmp_row *row = cmp_row(p->c, p->r, m->metric, arm);

		m->units += row->n_unit;
		if (row->n_unit < 2 || !isfinite(row->desc.cv))
			continue;
		ss += ((double)row->n_unit - 1) * row->desc.cv * row->desc.cv;
		*df += (double)row->n_unit - 1;
	}
	m->sd = *df > 0 ? sqrt(ss / *df) : NAN;
	return *df > 0;
}

/* How many units an iteration gave: what they cost depends on it. */
static double units_an_iteration(const struct plan *p, uint32_t metric)
{
	size_t k, i, n = 0, units = 0;

	for (k = 0; k < p->c->n_arms; k++) {
		const struct cmp_row *row = cmp_row(p->c, p->r, metric, k);
		const struct cmp_arm *arm = &p->c->arm[k];
		size_t due = 0;

		for (i = 0; i < arm->n_iter; i++)
			due += !arm->iter[i].excluded && (arm->iter[i].complete || arm->iter[i].traced);
		n += due > row->missing ? due - row->missing : 0;
		units += row->n_unit;
	}
	return n && units ? (double)units / (double)n : 1;
}

static void fill(const struct plan *p, struct plan_metric *m)
{
	size_t i;

	for (i = 0; i < p->n_effects; i++) {
		m->n[i] = m->sd > 0 ? stats_power_n(p->effect[i] / m->sd, p->alpha_each, p->o.power, m->paired) : NAN;
		m->n_hi[i] = m->sd_hi > 0 ? stats_power_n(p->effect[i] / m->sd_hi, p->alpha_each, p->o.power, m->paired)
					  : NAN;
	}
	for (i = 0; i < PLAN_SIZES; i++)
		m->mde[i] = m->sd > 0
				    ? 100 * m->sd * stats_power_mde(plan_size(i), p->alpha_each, p->o.power, m->paired)
				    : NAN;
}

static int plan_one(struct plan *p, uint32_t metric, double *room)
{
	struct plan_metric *m = &p->m[p->n];
	double df = 0;
	size_t k, some = 0;

	for (k = 0; k < p->c->n_arms; k++)
		some += cmp_row(p->c, p->r, metric, k)->n_unit;
	if (!some)
		return 0;
	*m = (struct plan_metric){
		.metric = metric, .sd = NAN, .sd_hi = NAN, .boots = { .within = NAN, .between = NAN, .best = NAN }
	};
	m->paired = p->r->design.order == CMP_ORDER_BLOCKS && !p->r->opts.unpaired && paired_spread(p, m, room, &df);
	if (!m->paired && !pooled_spread(p, m, &df))
		m->why = m->units <= p->c->n_arms ? "one value an arm" : "mean 0";
	else if (!(m->sd > 0))
		m->why = "no spread";
	else
		m->sd_hi = stats_sd_upper(m->sd, df, LEVEL_SD);
	m->per_iteration = units_an_iteration(p, metric);
	fill(p, m);
	p->n++;
	return find_boots(p, m);
}

static void set_effects(struct plan *p)
{
	static const double usual[] = { 0.01, 0.02, 0.05 };
	double asked = p->o.effect;
	size_t i;

	for (i = 0; i < 3; i++) {
		if (asked > 0 && asked < usual[i] - 1e-12) {
			p->effect[p->n_effects++] = asked;
			asked = 0;
		}
		if (fabs(asked - usual[i]) < 1e-12)
			asked = 0;
		p->effect[p->n_effects++] = usual[i];
	}
	if (asked > 0)
		p->effect[p->n_effects++] = asked;
}

static double mean_elapsed(const struct cmp *c)
{
	double sum = 0;
	size_t k, i, n = 0;

	for (k = 0; k < c->n_arms; k++) {
		for (i = 0; i < c->arm[k].n_iter; i++) {
			const struct cmp_iteration *it = &c->arm[k].iter[i];

			if (it->excluded || !(it->elapsed > 0))
				continue;
			sum += it->elapsed;
			n++;
		}
	}
	return n ? sum / (double)n : NAN;
}

int plan_make(const struct cmp *c, const struct cmp_result *r, const struct plan_opts *o, struct plan *p)
{
	double *room;
	uint32_t i;
	int err = 0;

	*p = (struct plan){ .c = c, .r = r, .o = *o, .iteration_s = o->run_s > 0 ? o->run_s : NAN, .arms = 2 };
	p->o.alpha = o->alpha > 0 ? o->alpha : 0.05;
	p->o.power = o->power > 0 ? o->power : 0.8;
	p->o.tests = o->tests ? o->tests : 1;
	p->alpha_each = p->o.alpha / p->o.tests;
	set_effects(p);
	p->m = calloc((c ? c->n_metrics : 0) + 1, sizeof(*p->m));
	room = calloc((c ? c->n_values : 0) + 1, sizeof(*room));
	if (!p->m || !room)
		err = -ENOMEM;
	if (!err && !c) {
		p->m[0] = (struct plan_metric){ .sd = o->cv, .sd_hi = NAN, .paired = o->paired, .per_iteration = 1, .boots.best = NAN };
		fill(p, &p->m[0]);
		p->n = 1;
	}
	if (c) {
		p->arms = c->n_arms > 2 ? c->n_arms : 2;
		p->iteration_s = o->run_s > 0 ? o->run_s : mean_elapsed(c);
	}
	for (i = 0; c && !err && i < c->n_metrics; i++)
		err = plan_one(p, i, room);
	free(room);
	if (err)
		plan_free(p);
	return err;
}

void plan_free(struct plan *p)
{
	free(p->m);
	memset(p, 0, sizeof(*p));
}
