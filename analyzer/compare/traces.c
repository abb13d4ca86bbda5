// SPDX-License-Identifier: GPL-2.0-only
/*
 * The traces of a comparison. They are read by several threads, each a trace at a time,
 * and taken into the comparison in their order, so that the result does not depend on
 * who was first.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../pool.h"
#include "../vms/metric.h"
#include "read_int.h"

struct fact { char *key, *value; };

struct cmp_job {
	uint32_t arm, iter;
	char *path;
	int err;
	bool usable;        /* the metrics may be compared */
	const char *why;    /* where not */
	double *value;      /* by metric of the catalogue */
	bool *have;
	struct vms_named *vm; /* metrics of single virtual machines */
	size_t n_vm;
	struct fact *fact;
	size_t n_facts;
	char *boot_id;
	double start;       /* seconds of the epoch */
};

static int job_metrics(struct cmp_job *j, const struct model *m, const char *patterns)
{
	const struct metric *all;
	struct metric_ctx ctx;
	size_t i, n;
	int err;

	all = metrics_all(&n);
	j->value = calloc(n, sizeof(*j->value));
	j->have = calloc(n, sizeof(*j->have));
	if (!j->value || !j->have)
		return -ENOMEM;
	err = metric_ctx_init(&ctx, m);
	if (err)
		return err;
	for (i = 0; i < n; i++)
		j->have[i] = metric_wanted(&all[i], patterns) && !metric_value(&ctx, &all[i], &j->value[i]);
	metric_ctx_free(&ctx);
	return vms_named_metrics(m, patterns, &j->vm, &j->n_vm);
}

static int job_facts(struct cmp_job *j, const struct model *m)
{
	const char *boot = model_meta(m, "boot.id");
	size_t i;

	j->fact = calloc(m->n_meta + 1, sizeof(*j->fact));
	if (!j->fact)
		return -ENOMEM;
	for (i = 0; i < m->n_meta; i++) {
		struct fact *f = &j->fact[j->n_facts];

		if (!cmp_fact_matters(m->meta[i].key))
			continue;
		f->key = strdup(m->meta[i].key);
		f->value = strdup(m->meta[i].value);
		j->n_facts++;
		if (!f->key || !f->value)
			return -ENOMEM;
	}
	j->boot_id = boot ? strdup(boot) : NULL;
	return boot && !j->boot_id ? -ENOMEM : 0;
}

static void run_job(struct cmp_job *j, const char *patterns)
{
	struct model_opts mo = { .window = WINDOW_AUTO };
	struct model *m;

	j->err = model_load(j->path, &mo, &m);
	if (j->err == -EPROTO)
		j->why = "not a trace of mmt-trace";
	else if (j->err == -ENOTSUP)
		j->why = "written by a later, incompatible version of mmt-trace";
	else if (j->err == -EISDIR)
		j->why = "a directory";
	else if (j->err && j->err != -ENOMEM)
		j->why = "cannot be read";
	if (j->why)
		j->err = 0;
	if (j->err || j->why)
		return;
	j->err = job_facts(j, m);
	j->start = m->n_clocks ? (double)m->clocks[0].real / 1e9 : NAN;
	if (m->open_end || m->status.bad_chunks || m->status.missing_seq)
		j->why = "damaged or cut short, so its totals are not those of the whole run";
	else if (!m->have_task_totals && !m->have_cpu_totals)
		j->why = "no totals in it";
	else if (!j->err)
		j->err = job_metrics(j, m, patterns);
	j->usable = !j->err && !j->why;
	model_free(m);
}

static void work(void *ctx, size_t i)
{
	struct cmp *c = ctx;

	run_job(&c->job[i], c->patterns);
}

static int take_value(struct cmp *c, const struct cmp_job *j, const char *name, const struct metric *m, double value)
{
	struct cmp_arm *arm = &c->arm[j->arm];
	int id = cmp_metric(c, name, m->unit, m->better, CMP_KERNEL);

	if (id < 0)
		return id;
	c->metric[id].min_rel = m->min_rel;
	c->metric[id].kind = m->kind;
	return cmp_value(c, (uint32_t)id, arm, &arm->iter[j->iter], value);
}

static int take_job(struct cmp *c, struct cmp_job *j)
{
	struct cmp_arm *arm = &c->arm[j->arm];
	struct cmp_iteration *it = &arm->iter[j->iter];
	const struct metric *all;
	size_t i, n;
	int err = j->err;

	for (i = 0; i < j->n_facts && !err; i++)
		err = cmp_take_fact(arm, j->fact[i].key, j->fact[i].value);
	if (err)
		return err;
	if (j->boot_id) { /* the trace saw the machine itself */
		free(it->boot_id);
		it->boot_id = j->boot_id;
		j->boot_id = NULL;
	}
	if (isnan(it->start))
		it->start = j->start;
	it->traced = j->usable;
	if (j->why && !it->why && asprintf(&it->why, "kernel metrics left out, its trace: %s", j->why) < 0)
		it->why = NULL;
	all = metrics_all(&n);
	for (i = 0; i < n && !err && j->usable; i++)
		if (j->have[i])
			err = take_value(c, j, all[i].name, &all[i], j->value[i]);
	for (i = 0; i < j->n_vm && !err && j->usable; i++)
		err = take_value(c, j, j->vm[i].name, j->vm[i].base, j->vm[i].value);
	return err;
}

int cmp_queue_trace(struct cmp *c, const struct cmp_arm *arm, struct cmp_iteration *it, const char *path)
{
	struct cmp_job *j = reallocarray(c->job, c->n_jobs + 1, sizeof(*j));

	if (!j)
		return -ENOMEM;
	c->job = j;
	j = &c->job[c->n_jobs];
	*j = (struct cmp_job){ .arm = (uint32_t)(arm - c->arm), .iter = (uint32_t)(it - arm->iter), .path = strdup(path) };
	if (!it->trace)
		it->trace = strdup(path);
	if (!j->path || !it->trace) {
		free(j->path);
		return -ENOMEM;
	}
	c->n_jobs++;
	return 0;
}

void cmp_free_jobs(struct cmp *c)
{
	size_t i, k;

	for (i = 0; i < c->n_jobs; i++) {
		struct cmp_job *j = &c->job[i];

		for (k = 0; k < j->n_facts; k++) {
			free(j->fact[k].key);
			free(j->fact[k].value);
		}
		free(j->fact);
		free(j->value);
		free(j->have);
		vms_named_free(j->vm, j->n_vm);
		free(j->boot_id);
		free(j->path);
	}
	free(c->job);
	c->job = NULL;
	c->n_jobs = 0;
}

/* A pattern of single virtual machines that no trace has anything for. */
static int known_vms(const struct cmp *c)
{
	const char *p = c->patterns;
	char one[256];
	size_t len, i;

	for (; p && *p; p += len + (p[len] == ',')) {
		len = strcspn(p, ",");
		if (strncmp(p, "vm:", 3) || len >= sizeof(one))
			continue;
		snprintf(one, sizeof(one), "%.*s", (int)len, p);
		for (i = 0; i < c->n_metrics; i++)
			if (c->metric[i].source == CMP_KERNEL && metric_wanted(&(struct metric){ .name = c->metric[i].name }, one))
				break;
		if (i == c->n_metrics)
			return cmp_say(c, -ENODATA, "%s: no trace has such a VM or such a metric of it; mmt-trace vms TRACE shows its VMs", one);
	}
	return 0;
}

int cmp_load_traces(struct cmp *c)
{
	size_t i;
	int err = 0;

	if (!c->n_jobs)
		return cmp_facts_of_runs(c);
	pool_run(c->n_jobs, 0, work, c);
	for (i = 0; i < c->n_jobs && !err; i++) {
		const struct cmp_job *j = &c->job[i];

		err = take_job(c, &c->job[i]);
		/* a trace that was named is expected to be whole; one beside results may be left out */
		if (!err && !j->usable && !c->benchmark)
			err = cmp_say(c, -ENODATA, "%s: %s", j->path, j->why);
	}
	cmp_free_jobs(c);
	err = err ? err : known_vms(c);
	return err ? err : cmp_facts_of_runs(c);
}
