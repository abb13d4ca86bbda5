// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../compare/show.h"
#include "plan.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ROW_WIDTH 118
#define MOST_COLS 40

/* Columns are made at run time: the effects are the user's. */
struct sheet {
	struct table_col col[MOST_COLS];
	char id[MOST_COLS][32], head[MOST_COLS][32];
	size_t n;
};

static struct table_col *column(struct sheet *s, const char *id, const char *head, const char *unit, uint8_t type,
				unsigned int flags)
{
	struct table_col *c = &s->col[s->n];

	snprintf(s->id[s->n], sizeof(s->id[0]), "%s", id);
	snprintf(s->head[s->n], sizeof(s->head[0]), "%s", head);
	*c = (struct table_col){ .id = s->id[s->n], .head = s->head[s->n], .unit = unit, .type = type, .prec = 3,
				 .flags = (uint16_t)(flags | (type == COL_FLOAT ? COL_SIG : 0)) };
	s->n++;
	return c;
}

static void make_columns(const struct plan *p, struct sheet *s)
{
	char id[32], head[32];
	size_t i;

	column(s, "metric", "metric", NULL, COL_TEXT, COL_KEY)->max = 34;
	column(s, "source", "source", NULL, COL_TEXT, COL_NO_TEXT);
	column(s, "design", "design", NULL, COL_TEXT, 0);
	column(s, "units", "pilot", "units", COL_COUNT, COL_HIDE_EMPTY);
	column(s, "sd_pct", "sd", "%", COL_FLOAT, 0);
	column(s, "sd_hi_pct", "at most", "%", COL_FLOAT, COL_HIDE_EMPTY);
	for (i = 0; i < p->n_effects; i++) {
		snprintf(head, sizeof(head), "%.3g %%", 100 * p->effect[i]);
		snprintf(id, sizeof(id), "text_%.3gpct", 100 * p->effect[i]);
		column(s, id, head, "n", COL_TEXT, COL_ONLY_TEXT | COL_RIGHT)->group = "units an arm to see";
		snprintf(id, sizeof(id), "n_%.3gpct", 100 * p->effect[i]);
		column(s, id, head, NULL, COL_FLOAT, COL_NO_TEXT);
		snprintf(id, sizeof(id), "n_hi_%.3gpct", 100 * p->effect[i]);
		column(s, id, head, NULL, COL_FLOAT, COL_NO_TEXT);
	}
	for (i = 0; i < PLAN_SIZES; i++) {
		snprintf(head, sizeof(head), "n = %.0f", plan_size(i));
		snprintf(id, sizeof(id), "sees_%.0f_pct", plan_size(i));
		column(s, id, head, "%", COL_FLOAT, 0)->prec = 2;
		s->col[s->n - 1].group = "least change that n units an arm show";
	}
	column(s, "boots", "boots", NULL, COL_COUNT, COL_NO_TEXT);
	column(s, "within_boot_sd_pct", "within", "%", COL_FLOAT, COL_NO_TEXT);
	column(s, "between_boots_sd_pct", "between", "%", COL_FLOAT, COL_NO_TEXT);
	column(s, "iterations_a_boot", "iterations_a_boot", NULL, COL_FLOAT, COL_NO_TEXT);
	column(s, "why", "why", NULL, COL_TEXT, COL_HIDE_EMPTY);
}

static void count_or_none(struct table *t, double v)
{
	if (isfinite(v))
		table_f64(t, v);
	else
		table_none(t);
}

/* "17", "17-29" with the upper limit of sd */
static void needed(struct table *t, double n, double hi)
{
	if (isnan(n))
		table_none(t);
	else if (isfinite(hi) && hi > n)
		table_textf(t, "%.0f-%.0f", n, hi);
	else
		table_textf(t, "%.0f", n);
}

static void plan_row(struct table *t, const struct plan *p, const struct plan_metric *m)
{
	const struct cmp_metric *metric = p->c ? &p->c->metric[m->metric] : NULL;
	size_t i;

	table_text(t, metric ? metric->name : "(as given)");
	table_text(t, metric ? (metric->source == CMP_KERNEL ? "kernel" : "benchmark") : NULL);
	table_text(t, m->paired ? "blocks" : "two arms");
	if (metric)
		table_u64(t, m->units);
	else
		table_none(t);
	count_or_none(t, 100 * m->sd);
	count_or_none(t, 100 * m->sd_hi);
	for (i = 0; i < p->n_effects; i++) {
		needed(t, m->n[i], m->n_hi[i]);
		count_or_none(t, m->n[i]);
		count_or_none(t, m->n_hi[i]);
	}
	for (i = 0; i < PLAN_SIZES; i++)
		count_or_none(t, m->mde[i]);
	if (m->boots.boots)
		table_u64(t, m->boots.boots);
	else
		table_none(t);
	count_or_none(t, m->boots.known ? 100 * m->boots.within : NAN);
	count_or_none(t, m->boots.known ? 100 * m->boots.between : NAN);
	count_or_none(t, m->boots.best);
	table_text(t, m->why);
}

static void duration(char *buf, size_t size, double s)
{
	if (s < 100)
		snprintf(buf, size, "%.3g s", s);
	else if (s < 6000)
		snprintf(buf, size, "%.3g min", s / 60);
	else
		snprintf(buf, size, "%.3g h", s / 3600);
}

/* The metric of the benchmark that needs most for effect i, of those that can be had at all. */
static const struct plan_metric *hardest(const struct plan *p, size_t i)
{
	const struct plan_metric *m = NULL;
	size_t k;

	for (k = 0; k < p->n; k++)
		if (isfinite(p->m[k].n[i]) && (!p->c || p->c->metric[p->m[k].metric].source == CMP_BENCHMARK) &&
		    (!m || p->m[k].n[i] > m->n[i]))
			m = &p->m[k];
	return m;
}

static size_t asked(const struct plan *p)
{
	double want = p->o.effect > 0 ? p->o.effect : 0.02;
	size_t i;

	for (i = 0; i + 1 < p->n_effects && fabs(p->effect[i] - want) > 1e-12; i++)
		;
	return i;
}

static const char *name_of(const struct plan *p, const struct plan_metric *m)
{
	return p->c ? p->c->metric[m->metric].name : "it";
}

/* Of a unit: what an iteration takes is shared by the runs in it, and a boot takes its iterations and itself. */
static double unit_seconds(const struct plan *p, const struct plan_metric *m)
{
	double boot = p->r && p->r->design.unit == CMP_UNIT_BOOT && p->o.boot_s > 0 ? p->o.boot_s : 0;

	return p->iteration_s / m->per_iteration + boot;
}

static bool time_line(const struct plan *p, char *buf, size_t size)
{
	size_t i = asked(p);
	const struct plan_metric *m = hardest(p, i);
	char all[32], one[32];
	int n;

	if (!m) {
		snprintf(buf, size, "time: nothing can be said");
		return true;
	}
	n = snprintf(buf, size, "time: an effect of %.3g %% in %s%s needs %.0f units in each of %zu arms", 100 * p->effect[i],
		     name_of(p, m), p->n > 1 ? ", which needs most," : "", m->n[i], p->arms);
	if (n < 0 || (size_t)n >= size)
		return true;
	if (isnan(unit_seconds(p, m))) {
		snprintf(buf + n, size - (size_t)n, "; how long one takes was not recorded");
		return true;
	}
	duration(all, sizeof(all), m->n[i] * (double)p->arms * unit_seconds(p, m));
	duration(one, sizeof(one), unit_seconds(p, m));
	snprintf(buf + n, size - (size_t)n, ", %s at %s each", all, one);
	return true;
}

/* Boots of the benchmark metric whose boots differ most. */
static const struct plan_metric *most_by_boot(const struct plan *p)
{
	const struct plan_metric *m = NULL;
	size_t k;

	for (k = 0; k < p->n; k++)
		if (p->m[k].boots.known && p->c->metric[p->m[k].metric].source == CMP_BENCHMARK &&
		    (!m || p->m[k].boots.between > m->boots.between))
			m = &p->m[k];
	return m;
}

static bool boot_line(const struct plan *p, char *buf, size_t size)
{
	const struct plan_metric *m = p->c ? most_by_boot(p) : NULL;
	size_t i = asked(p);
	char best[120] = "; --boot-time would say how many iterations a boot are worth their time";

	if (!m) {
		snprintf(buf, size,
			 "boots: %s; where the arms differ in kernel, 10 boots with 1 iteration show more than 5 with "
			 "2",
			 p->c ? "what they add is not known (it takes several iterations in each of several boots)"
			      : "not asked");
		return true;
	}
	if (isinf(m->boots.best))
		snprintf(best, sizeof(best),
			 "; boots add nothing that can be seen, so one boot with many iterations is cheapest");
	else if (isfinite(m->boots.best))
		snprintf(best, sizeof(best), "; time is spent best with %.0f iteration%s a boot", m->boots.best,
			 m->boots.best > 1 ? "s" : "");
	snprintf(buf, size,
		 "boots: %s differs by %.2g %% between %zu boots and by %.2g %% within one; %.3g %% needs %.0f boots "
		 "an arm with "
		 "one iteration each%s",
		 name_of(p, m), 100 * m->boots.between, m->boots.boots, 100 * m->boots.within, 100 * p->effect[i],
		 m->boots.n[i], best);
	return true;
}

static bool plan_line(const struct plan *p, unsigned int i, char *buf, size_t size)
{
	char shared[64] = "";

	switch (i) {
	case 0:
		if (p->o.tests > 1)
			snprintf(shared, sizeof(shared), " / %u tests (Bonferroni; Holm needs no more)", p->o.tests);
		snprintf(buf, size, "rule: power %.3g at alpha %.3g%s, two-sided, exact noncentral t", p->o.power,
			 p->o.alpha, shared);
		return true;
	case 1:
		if (p->r)
			snprintf(buf, size, "unit: %s (%s)", cmp_unit_name(p->r->design.unit), p->r->design.unit_why);
		else
			snprintf(buf, size, "unit: whatever the given deviation is of");
		return true;
	case 2:
		return time_line(p, buf, size);
	case 3:
		return boot_line(p, buf, size);
	case 4:
		snprintf(buf, size,
			 "note: n-m is for the pilot's sd and for its upper 80 %% limit, which a small pilot leaves "
			 "far away; from 8 units on "
			 "the rank test decides, which needs up to 5 %% more where noise is normal, and less where it "
			 "has spikes");
		return true;
	}
	return false;
}

static void write_text(const struct plan *p, struct table *t, const struct table_out *o, FILE *f)
{
	bool markdown = o->fmt == TABLE_MARKDOWN;
	struct table_out wide = *o;
	char line[600];
	unsigned int i;

	if (wide.width && wide.width < ROW_WIDTH)
		wide.width = ROW_WIDTH;
	if (p->c && p->c->benchmark)
		fprintf(f, markdown ? "## Plan: %s\n\n" : "plan       %s\n", p->c->benchmark);
	for (i = 0; plan_line(p, i, line, sizeof(line)); i++)
		cmp_put_line(line, markdown, f);
	fputc('\n', f);
	table_write(t, f, &wide);
}

static void write_json(const struct plan *p, struct table *t, FILE *f)
{
	char line[600];
	struct json j;
	unsigned int i;

	json_init(&j, f, true);
	json_obj(&j, NULL);
	json_str(&j, "kind", "plan");
	json_u64(&j, "version", 1);
	json_str(&j, "benchmark", p->c ? p->c->benchmark : NULL);
	json_num(&j, "alpha", p->o.alpha);
	json_u64(&j, "tests", p->o.tests);
	json_num(&j, "power", p->o.power);
	json_str(&j, "unit", p->r ? cmp_unit_name(p->r->design.unit) : NULL);
	json_num(&j, "iteration_s", p->iteration_s);
	json_u64(&j, "arms", p->arms);
	json_arr(&j, "lines");
	for (i = 0; plan_line(p, i, line, sizeof(line)); i++)
		json_str(&j, NULL, line);
	json_end(&j);
	table_write_json(t, &j, "metrics");
	json_end(&j);
}

int plan_write(const struct plan *p, const struct table_out *o, FILE *f)
{
	struct sheet *s = calloc(1, sizeof(*s));
	struct table *t = NULL;
	size_t i;
	int err;

	if (!s)
		return -ENOMEM;
	make_columns(p, s);
	t = table_new("plan", NULL, s->col, s->n);
	for (i = 0; t && i < p->n; i++)
		plan_row(t, p, &p->m[i]);
	err = t ? table_err(t) : -ENOMEM;
	if (!err && (o->fmt == TABLE_TEXT || o->fmt == TABLE_MARKDOWN))
		write_text(p, t, o, f);
	else if (!err && o->fmt == TABLE_JSON)
		write_json(p, t, f);
	else if (!err)
		table_write(t, f, o);
	table_free(t);
	free(s);
	return err;
}
