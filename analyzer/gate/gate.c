// SPDX-License-Identifier: GPL-2.0-only
/* The options of a gate: what is gated, by which rule. */
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gate.h"

static const char *const kind_names[GATE_KINDS] = {
	"ok",      "worse",   "limit",      "not-same",   "indicative", "confounded",
	"changed", "unclear", "incomplete", "no-verdict", "missing",
};

const char *gate_kind_name(enum gate_kind k)
{
	return (unsigned int)k < GATE_KINDS ? kind_names[k] : "?";
}

const char *gate_kind_list(void)
{
	return "worse, indicative, confounded, changed, unclear, incomplete, no-verdict, missing";
}

void gate_opts_init(struct gate_opts *o)
{
	static const enum gate_outcome usual[GATE_KINDS] = {
		[GATE_OK] = GATE_PASS, [GATE_WORSE] = GATE_FAIL, [GATE_LIMIT] = GATE_FAIL, [GATE_NOT_SAME] = GATE_FAIL,
		/* what looks like a regression must not pass for want of a design that could show it */
		[GATE_INDICATIVE] = GATE_TROUBLE, [GATE_CONFOUNDED] = GATE_TROUBLE, [GATE_CHANGED] = GATE_WARN,
		[GATE_UNCLEAR] = GATE_SKIP, [GATE_INCOMPLETE] = GATE_WARN, [GATE_NO_VERDICT] = GATE_TROUBLE,
		[GATE_MISSING] = GATE_TROUBLE,
	};

	memset(o, 0, sizeof(*o));
	memcpy(o->policy, usual, sizeof(usual));
}

void gate_opts_free(struct gate_opts *o)
{
	size_t i;

	for (i = 0; i < o->n_rules; i++)
		free(o->rule[i].pattern);
	free(o->rule);
	free(o->metrics);
	memset(o, 0, sizeof(*o));
}

struct gate_rule *gate_rule_add(struct gate_opts *o, const char *pattern, const char *where)
{
	struct gate_rule *r = reallocarray(o->rule, o->n_rules + 1, sizeof(*r));

	if (!r)
		return NULL;
	o->rule = r;
	r += o->n_rules;
	*r = (struct gate_rule){
		.pattern = strdup(pattern), .threshold = NAN, .max = NAN, .min = NAN, .require_same = -1, .ignore = -1
	};
	if (!r->pattern)
		return NULL;
	snprintf(r->where, sizeof(r->where), "%s", where);
	o->n_rules++;
	return r;
}

int gate_metrics_add(struct gate_opts *o, const char *patterns)
{
	char *all;

	if (asprintf(&all, "%s%s%s", o->metrics ? o->metrics : "", o->metrics ? "," : "", patterns) < 0)
		return -ENOMEM;
	free(o->metrics);
	o->metrics = all;
	return 0;
}

int gate_policy(struct gate_opts *o, const char *list, enum gate_outcome outcome, char *bad, size_t size)
{
	const char *p, *e;
	size_t n, k;

	for (p = list; *p; p = *e ? e + 1 : e) {
		e = p + strcspn(p, ",| ");
		n = (size_t)(e - p);
		for (k = GATE_WORSE; n && k < GATE_KINDS; k++)
			if (k != GATE_LIMIT && k != GATE_NOT_SAME && strlen(kind_names[k]) == n &&
			    !strncasecmp(kind_names[k], p, n))
				break;
		if (n && k == GATE_KINDS) {
			snprintf(bad, size, "%.*s", (int)n, p);
			return -EINVAL;
		}
		if (n) {
			o->policy[k] = outcome;
			o->said[k] = true;
		}
	}
	return 0;
}

/* A name, the first words of one before a '.', or with '*' and '?'. Names of benchmarks may hold anything. */
bool gate_match(const char *pattern, const char *name)
{
	size_t n = strlen(pattern);

	return !strcmp(pattern, name) || !fnmatch(pattern, name, 0) ||
	       (n && !strncmp(pattern, name, n) && name[n] == '.');
}

/* All of the benchmark; a kernel metric must be named by more than this. */
static bool is_all(const char *pattern)
{
	return !strcmp(pattern, "*") || !strcmp(pattern, "all");
}

/* Calls with each pattern of a list until one returns true. */
static bool any_pattern(const char *list, bool (*fn)(const char *pattern, void *ctx), void *ctx)
{
	char *copy = list ? strdup(list) : NULL, *p = copy, *one;
	bool yes = false;
	size_t n;

	while (!yes && p && (one = strsep(&p, ","))) {
		one += strspn(one, " \t");
		for (n = strlen(one); n && (one[n - 1] == ' ' || one[n - 1] == '\t'); n--)
			one[n - 1] = '\0';
		yes = *one && fn(one, ctx);
	}
	free(copy);
	return yes;
}

static bool matches(const char *pattern, void *ctx)
{
	const struct cmp_metric *m = ctx;

	if (is_all(pattern))
		return m->source == CMP_BENCHMARK;
	return gate_match(pattern, m->name);
}

/* Of a rule's pattern for this metric: "*" is for the benchmark's. */
static bool rule_is_for(const struct gate_rule *r, const struct cmp_metric *m)
{
	return matches(r->pattern, (void *)m);
}

/*
 * A limit that names a metric is for it alone: metrics below it may be in another unit (vm.exposure is in percent,
 * vm.exposure.distance a ratio). A name that only others begin with is for all of them.
 */
static bool limit_is_for(const struct cmp *c, const struct gate_rule *r, const struct cmp_metric *m)
{
	size_t i;

	for (i = 0; i < c->n_metrics; i++)
		if (!strcmp(r->pattern, c->metric[i].name))
			return !strcmp(r->pattern, m->name);
	return rule_is_for(r, m);
}

struct wants { bool compare, limit; }; /* of a metric */

static struct wants wants(const struct cmp *c, const struct gate_opts *o, const struct cmp_metric *m)
{
	struct wants w = { .compare = o->metrics ? any_pattern(o->metrics, matches, (void *)m)
						 : m->source == CMP_BENCHMARK };
	size_t i;

	for (i = 0; i < o->n_rules; i++) {
		const struct gate_rule *r = &o->rule[i];

		if (!rule_is_for(r, m))
			continue;
		/* a threshold names a kernel metric too */
		if (m->source == CMP_KERNEL && (!isnan(r->threshold) || r->require_same >= 0))
			w.compare = true;
		if (r->ignore >= 0 && r->ignore)
			w.compare = false;
		w.limit |= (!isnan(r->max) || !isnan(r->min)) && limit_is_for(c, r, m);
	}
	return w;
}

struct joined { char *text; };

static bool join(const char *pattern, void *ctx)
{
	struct joined *j = ctx;
	char *more;

	if (is_all(pattern))
		return false;
	if (asprintf(&more, "%s%s%s", j->text, *j->text ? "," : "", pattern) < 0)
		more = NULL;
	free(j->text);
	j->text = more;
	return !more;
}

char *gate_kernel_patterns(const struct gate_opts *o)
{
	struct joined j = { strdup("") };
	size_t i;

	if (j.text && o->metrics)
		any_pattern(o->metrics, join, &j);
	for (i = 0; i < o->n_rules && j.text; i++)
		if (!strchr(o->rule[i].pattern, ','))
			join(o->rule[i].pattern, &j);
	return j.text;
}

struct seek { const struct cmp *c; char name[256]; };

static bool is_missing(const char *pattern, void *ctx)
{
	struct seek *s = ctx;
	size_t i;

	for (i = 0; i < s->c->n_metrics; i++)
		if (matches(pattern, &s->c->metric[i]))
			return false;
	snprintf(s->name, sizeof(s->name), "%s", pattern);
	return true;
}

/* A gate that guards what is not there would always be open. */
static int check_patterns(const struct cmp *c, const struct gate_opts *o)
{
	struct seek s = { .c = c };
	char hint[96];
	size_t i;

	if (any_pattern(o->metrics, is_missing, &s))
		return cmp_say(c, -ENODATA, "--metrics %s: no run has such a metric", s.name);
	for (i = 0; i < o->n_rules; i++)
		if (!o->rule[i].optional && is_missing(o->rule[i].pattern, &s))
			return cmp_say(c, -ENODATA, "%s: no run has a metric '%s'%s", o->rule[i].where, o->rule[i].pattern,
				       metric_hint(o->rule[i].pattern, hint, sizeof(hint)));
	return 0;
}

int gate_select(struct cmp *c, const struct gate_opts *o)
{
	size_t i, k, n = 0, compared = 0, limited = 0;
	bool *keep;
	int err = check_patterns(c, o);

	if (err)
		return err;
	keep = calloc(c->n_metrics + 1, sizeof(*keep));
	if (!keep)
		return -ENOMEM;
	for (i = 0; i < c->n_metrics; i++) {
		struct wants w = wants(c, o, &c->metric[i]);

		keep[i] = w.compare || w.limit;
		compared += w.compare;
		limited += w.limit;
		for (k = 0; k < o->n_rules; k++)
			if (!isnan(o->rule[k].threshold) && rule_is_for(&o->rule[k], &c->metric[i]))
				c->metric[i].threshold = o->rule[k].threshold;
	}
	for (i = 0; i < c->n_values; i++)
		if (keep[c->value[i].metric])
			c->value[n++] = c->value[i];
	c->n_values = n;
	free(keep);
	if (!compared && !limited)
		return cmp_say(c, -ENODATA, "there is no metric to gate%s",
			       c->benchmark ? "" : ": with traces, name kernel metrics by --metrics");
	if (c->n_arms < 2 && compared && !limited)
		return cmp_say(c, -EINVAL,
			       "there is one run only: name two by -n A,B, or give a limit by --max or --min");
	return 0;
}

/* ------------------------------------------------------------------- checks */

/* Worse by the threshold or more, by the numbers alone. */
static bool looks_bad(const struct cmp_metric *m, const struct cmp_row *row)
{
	double d = 100 * row->min_effect;

	if (isnan(row->delta))
		return row->diff != 0 && (m->better == METRIC_LOWER) == (row->diff > 0);
	return row->delta <= -d || (m->better == METRIC_NEITHER && row->delta >= d);
}

static enum gate_kind clear_kind(const struct cmp_metric *m, const struct cmp_row *row)
{
	switch (row->verdict) {
	case CMP_WORSE:
		return GATE_WORSE;
	case CMP_CHANGED:
		return GATE_CHANGED;
	case CMP_INDICATIVE: /* a gain, or next to nothing, is no reason to worry */
		return looks_bad(m, row) ? GATE_INDICATIVE : GATE_OK;
	case CMP_CONFOUNDED:
		return looks_bad(m, row) ? GATE_CONFOUNDED : GATE_OK;
	case CMP_UNCLEAR:
		return GATE_UNCLEAR;
	case CMP_NO_VERDICT:
		return GATE_NO_VERDICT;
	default:
		return GATE_OK;
	}
}

/* Is a regression as large as the threshold ruled out by the interval? */
static bool shown_same(const struct cmp_metric *m, const struct cmp_row *row)
{
	double d = 100 * row->min_effect;

	if (row->status == STATS_ZERO_VARIANCE && row->diff == 0)
		return true;
	return row->lo > -d && (m->better != METRIC_NEITHER || row->hi < d);
}

static enum gate_kind kind_of(const struct cmp_metric *m, const struct cmp_row *row, bool require_same)
{
	enum gate_kind k;

	/* "from 0" has numbers, only no percentage */
	if (row->word && (row->test == CMP_TEST_NONE || m->unit_varies))
		return row->n_unit && !m->unit_varies && isfinite(row->diff) ? GATE_NO_VERDICT : GATE_MISSING;
	k = clear_kind(m, row);
	if (require_same && k != GATE_WORSE && k != GATE_NO_VERDICT && !shown_same(m, row))
		return GATE_NOT_SAME;
	return k;
}

static enum gate_outcome outcome_of(const struct gate_opts *o, enum gate_kind k)
{
	bool doubtful = k == GATE_INDICATIVE || k == GATE_CONFOUNDED || k == GATE_CHANGED || k == GATE_INCOMPLETE;

	return !o->said[k] && o->strict && doubtful ? GATE_FAIL : o->policy[k];
}

static bool same_wanted(const struct gate_opts *o, const struct cmp_metric *m)
{
	bool same = o->require_same;
	size_t i;

	for (i = 0; i < o->n_rules; i++)
		if (o->rule[i].require_same >= 0 && rule_is_for(&o->rule[i], m))
			same = o->rule[i].require_same;
	return same;
}

static void add(struct gate *g, const struct gate_opts *o, struct gate_check k)
{
	/* an incomplete set of values is worth a word where all else is well */
	if (k.kind == GATE_OK && k.lost && outcome_of(o, GATE_INCOMPLETE) != GATE_PASS)
		k.kind = GATE_INCOMPLETE;
	k.outcome = outcome_of(o, k.kind);
	g->check[g->n++] = k;
}

static void check_limits(struct gate *g, const struct gate_opts *o, const struct cmp_row *row)
{
	const struct cmp_metric *m = &g->c->metric[row->metric];
	double bound[2] = { NAN, NAN };
	size_t i;

	for (i = 0; i < o->n_rules; i++) {
		if (!limit_is_for(g->c, &o->rule[i], m))
			continue;
		bound[0] = isnan(o->rule[i].min) ? bound[0] : o->rule[i].min;
		bound[1] = isnan(o->rule[i].max) ? bound[1] : o->rule[i].max;
	}
	for (i = 0; i < 2; i++) {
		struct gate_check k = { .metric = row->metric,
					.arm = row->arm,
					.row = row,
					.limit = true,
					.upper = i,
					.bound = bound[i],
					.lost = row->missing + row->dropped };

		if (isnan(bound[i]))
			continue;
		if (!row->n_unit)
			k.kind = GATE_MISSING;
		else if (i ? row->desc.mean > bound[i] : row->desc.mean < bound[i])
			k.kind = GATE_LIMIT;
		add(g, o, k);
	}
}

/* Benchmarks that crash are a kind of regression too. */
static void check_iterations(struct gate *g, const struct gate_opts *o, uint32_t arm)
{
	const struct cmp_arm *a = &g->c->arm[arm];
	struct gate_check k = { .metric = GATE_NO_METRIC, .arm = arm, .kind = GATE_INCOMPLETE };
	size_t i;

	for (i = 0; i < a->n_iter; i++)
		k.lost += !a->iter[i].excluded && !a->iter[i].complete && !a->iter[i].traced;
	if (k.lost)
		add(g, o, k);
}

static int by_severity(const void *pa, const void *pb)
{
	const struct gate_check *a = pa, *b = pb;
	static const int rank[] = {
		[GATE_FAIL] = 0, [GATE_TROUBLE] = 1, [GATE_WARN] = 2, [GATE_SKIP] = 3, [GATE_PASS] = 4
	};

	if (rank[a->outcome] != rank[b->outcome])
		return rank[a->outcome] - rank[b->outcome];
	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	if (a->arm != b->arm)
		return a->arm < b->arm ? -1 : 1;
	return a->limit != b->limit ? a->limit - b->limit : a->upper - b->upper;
}

int gate_judge(const struct cmp *c, const struct cmp_result *r, const struct gate_opts *o, struct gate *g)
{
	size_t i;
	uint32_t k;

	*g = (struct gate){ .c = c, .r = r };
	g->check = calloc(3 * r->n_rows + c->n_arms + 1, sizeof(*g->check));
	if (!g->check)
		return -ENOMEM;
	for (k = 0; k < c->n_arms; k++)
		check_iterations(g, o, k);
	for (i = 0; i < r->n_rows; i++) {
		const struct cmp_row *row = &r->row[i], *base = row - row->arm;
		const struct cmp_metric *m = &c->metric[row->metric];
		struct wants w = wants(c, o, m);
		bool same = same_wanted(o, m);

		if (w.compare && row->arm)
			add(g, o,
			    (struct gate_check){ .metric = row->metric,
						 .arm = row->arm,
						 .row = row,
						 .same = same,
						 .kind = kind_of(m, row, same),
						 .lost = row->missing + row->dropped + base->missing + base->dropped });
		if (w.limit && (row->arm || c->n_arms == 1))
			check_limits(g, o, row);
	}
	for (i = 0; i < g->n; i++)
		g->count[g->check[i].outcome]++;
	g->outcome = g->count[GATE_FAIL] ? GATE_FAIL : g->count[GATE_TROUBLE] || !g->n ? GATE_TROUBLE : GATE_PASS;
	qsort(g->check, g->n, sizeof(*g->check), by_severity);
	return 0;
}

void gate_free(struct gate *g)
{
	free(g->check);
	memset(g, 0, sizeof(*g));
}

int gate_status(const struct gate *g)
{
	return g->outcome == GATE_FAIL ? 1 : g->outcome == GATE_TROUBLE ? 2 : 0;
}
