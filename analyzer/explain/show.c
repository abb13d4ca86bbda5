// SPDX-License-Identifier: GPL-2.0-only
/* An explanation for machines: JSON, CSV, NDJSON. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "explain_int.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define NUM(i) { .id = i, .head = i, .type = COL_FLOAT }
#define TEXT(i) { .id = i, .head = i, .type = COL_TEXT }
#define COUNT(i) { .id = i, .head = i, .type = COL_COUNT }

static const struct table_col metric_cols[] = {
	COUNT("rank"), TEXT("section"), TEXT("metric"), TEXT("unit"), TEXT("family"), TEXT("stands_for"), TEXT("left_out"),
	TEXT("scale"), COUNT("n_a"), COUNT("n_b"), NUM("mean_a"), NUM("mean_b"), NUM("shift_pct"), NUM("shift_sd"), NUM("p_shift"),
	NUM("q_shift"), NUM("r_within"), NUM("slope"), NUM("slope_se"), NUM("p_within"), NUM("q_within"), NUM("perm_p_within"),
	NUM("spearman_within"), NUM("spearman_p"), NUM("p_joint"), NUM("q_joint"), NUM("indirect"), NUM("sobel_se"), NUM("share"),
	NUM("share_clipped"), NUM("share_upper"), TEXT("signs_agree"), TEXT("confounder"), TEXT("by_definition"),
};

static const char *dropped_name(enum explain_dropped d)
{
	static const char *const name[] = { NULL, "result", "twin", "tracer" };

	return (unsigned int)d < 4 ? name[d] : "?";
}

static void num(struct table *t, double v)
{
	if (isfinite(v))
		table_f64(t, v);
	else
		table_none(t); /* an infinite shift is one without spread: p and q say so */
}

static void metric_row(struct table *t, const struct cmp *c, const struct explain *e, size_t rank)
{
	uint32_t at = e->order[rank];
	const struct explain_metric *m = &e->m[at];
	bool tested = m->section != EXPLAIN_UNTESTED;
	const double v[] = {
		m->mean[0], m->mean[1], m->shift_pct, m->shift_sd, m->s.a_p, m->q_a, m->s.r_within, m->s.b, m->s.b_se, m->s.b_p,
		m->q_b, m->s.within_perm_p, m->spearman, m->spearman_p, m->p_joint, m->q_joint, m->s.indirect, m->s.sobel_se,
		e->changed ? m->s.share : NAN, m->share, e->changed ? m->share_hi : NAN,
	};
	size_t i;

	table_u64(t, rank + 1);
	table_text(t, explain_section_name(m->section));
	table_text(t, c->metric[m->metric].name);
	table_text(t, c->metric[m->metric].unit);
	table_text(t, m->family->name);
	table_text(t, tested && m->group != at ? c->metric[e->m[m->group].metric].name : NULL);
	table_text(t, dropped_name(m->dropped));
	table_text(t, explain_scale_name(m->scale));
	table_u64(t, m->n[0]);
	table_u64(t, m->n[1]);
	for (i = 0; i < N(v); i++) {
		if (i >= 3 && !tested)
			table_none(t);
		else
			num(t, v[i]);
	}
	table_text(t, !tested || isnan(m->share) ? NULL : m->signs ? "yes" : "no");
	table_text(t, m->family->confounder ? "yes" : "no");
	table_text(t, m->tied ? "yes" : "no");
}

struct table *explain_metrics_table(const struct cmp *c, const struct explain *e)
{
	struct table *t = table_new("metrics", "Kernel metrics", metric_cols, N(metric_cols));
	size_t i;

	for (i = 0; t && i < e->n_metrics; i++)
		metric_row(t, c, e, i);
	return t;
}

struct table *explain_carriers_table(const struct cmp *c, const struct explain *e)
{
	static const struct table_col cols[] = {
		TEXT("of"), TEXT("quantity"), TEXT("unit"), TEXT("name"), COUNT("n_a"), COUNT("n_b"), NUM("mean_a"), NUM("mean_b"),
		NUM("diff"), NUM("share"), NUM("p"), NUM("q"),
	};
	struct table *t = table_new("carriers", "Tasks, CPUs and times", cols, N(cols));
	size_t i;

	(void)c;
	for (i = 0; t && i < e->n_carriers; i++) {
		const struct explain_carrier *k = &e->carrier[i];
		const struct explain_quantity *q = explain_quantity(k->of, k->quantity);

		table_text(t, explain_of_name(k->of));
		table_text(t, q->name);
		table_text(t, q->unit);
		table_text(t, k->name);
		table_u64(t, k->n[0]);
		table_u64(t, k->n[1]);
		num(t, k->mean[0]);
		num(t, k->mean[1]);
		num(t, k->diff);
		num(t, k->share);
		num(t, k->p);
		num(t, k->q);
	}
	return t;
}

static void result_json(const struct cmp *c, const struct cmp_result *r, const struct explain *e, struct json *j)
{
	const struct cmp_row *row = e->row, *base = cmp_row(c, r, e->result, 0);
	const struct cmp_metric *m = &c->metric[e->result];

	json_obj(j, "result");
	json_str(j, "metric", m->name);
	json_str(j, "source", m->source == CMP_KERNEL ? "kernel" : "benchmark");
	json_str(j, "unit", m->unit);
	json_str(j, "better", metric_direction_name(m->better));
	json_str(j, "base", c->arm[0].name);
	json_str(j, "arm", c->arm[e->arm].name);
	json_u64(j, "n_a", e->n[0]);
	json_u64(j, "n_b", e->n[1]);
	json_num(j, "mean_a", base->desc.mean);
	json_num(j, "mean_b", row->desc.mean);
	json_num(j, "diff", row->diff);
	json_num(j, "ratio", row->ratio);
	json_num(j, "ratio_lo", row->ratio_lo);
	json_num(j, "ratio_hi", row->ratio_hi);
	json_num(j, "p", row->p);
	json_num(j, "p_adj", row->p_adj);
	json_str(j, "test", cmp_test_name(row->test));
	json_str(j, "verdict", cmp_verdict_name(row->verdict));
	json_bool(j, "changed", e->changed);
	json_str(j, "scale", e->log_result ? "log" : "raw");
	json_num(j, "total", e->total);
	json_num(j, "unexplained_share", e->unexplained);
	json_end(j);
}

static int write_json(const struct cmp *c, const struct cmp_result *r, const struct explain *e, FILE *f)
{
	struct table *m = explain_metrics_table(c, e), *k = explain_carriers_table(c, e);
	struct json j;
	int err = m && k ? table_err(m) ? table_err(m) : table_err(k) : -ENOMEM;

	if (!err) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "explain");
		json_u64(&j, "version", 1);
		json_str(&j, "benchmark", c->benchmark);
		result_json(c, r, e, &j);
		json_str(&j, "unit_of_replication", cmp_unit_name(r->design.unit));
		json_u64(&j, "blocks", e->n_blocks);
		json_bool(&j, "candidates_only", e->candidates);
		json_bool(&j, "fixed_work", e->fixed_work);
		json_str(&j, "standing", explain_standing(e));
		json_u64(&j, "tested", e->n_tested);
		json_u64(&j, "groups", e->n_groups);
		table_write_json(m, &j, "metrics");
		table_write_json(k, &j, "carriers");
		json_end(&j);
	}
	table_free(m);
	table_free(k);
	return err;
}

int explain_write(const struct cmp *c, const struct cmp_result *r, const struct explain *e, const struct explain_opts *o,
		  const struct table_out *to, FILE *f)
{
	struct table *t;
	int err;

	if (to->fmt == TABLE_JSON)
		return write_json(c, r, e, f);
	if (to->fmt == TABLE_TEXT)
		return explain_write_text(c, r, e, o->top ? o->top : 8, to, f);
	t = o->carriers ? explain_carriers_table(c, e) : explain_metrics_table(c, e);
	err = t ? table_err(t) : -ENOMEM;
	if (!err)
		table_write(t, f, to);
	table_free(t);
	return err;
}
