// SPDX-License-Identifier: GPL-2.0-only
/* NAME/run.json: what was run in which order, and how it ended; whole at every moment. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "run.h"
#include "run_summary.h"

static int save(const struct run_arm *a)
{
	char *path, *tmp;
	int err = 0;

	if (asprintf(&path, "%s/run.json", a->path) < 0)
		return -ENOMEM;
	if (asprintf(&tmp, "%s.new", path) < 0) {
		free(path);
		return -ENOMEM;
	}
	errno = 0;
	if (json_dump_file(a->json, tmp, JSON_INDENT(1) | JSON_REAL_PRECISION(12)) || rename(tmp, path)) {
		err = errno ? -errno : -EIO;
		out_err("run: cannot write %s: %s", path, strerror(-err));
		unlink(tmp);
	}
	free(tmp);
	free(path);
	return err;
}

static json_t *load_old(const struct run_arm *a)
{
	json_error_t why;
	char *path;
	json_t *j;

	if (asprintf(&path, "%s/run.json", a->path) < 0)
		return NULL;
	j = json_load_file(path, 0, &why);
	if (j && !json_is_object(j)) {
		json_decref(j);
		j = NULL;
	}
	if (!j && !access(path, F_OK))
		out_warn("%s: %s; a new one is begun", path, why.text);
	free(path);
	return j;
}

static json_t *text(const char *s)
{
	json_t *j = s ? json_string(s) : NULL;

	return j ? j : s ? json_string_nocheck("(not UTF-8)") : json_null();
}

static json_t *array_of(json_t *j, const char *key)
{
	json_t *list = json_object_get(j, key);

	if (json_is_array(list))
		return list;
	json_object_set_new(j, key, json_array());
	return json_object_get(j, key);
}

static json_t *describe(const struct run *r, const struct run_arm *a)
{
	json_t *s = json_object(), *order = json_array(), *facts = json_object();

	json_object_set_new(s, "options", text(r->o->line));
	json_object_set_new(s, "boot_id", text(conf_pairs_get(&r->facts, "boot.id")));
	json_object_set_new(s, "kernel", text(conf_pairs_get(&r->facts, "kernel.release")));
	json_object_set_new(s, "first_iteration", json_integer(a->first));
	for (size_t i = 0; i < r->n_arms; i++)
		json_array_append_new(order, text(r->arms[i].name));
	json_object_set_new(s, "arms", order);
	json_object_set_new(s, "wrap", text(a->arm.wrap));
	for (size_t i = 0; i < a->arm.set.n; i++)
		json_object_set_new(facts, a->arm.set.v[i].key, text(a->arm.set.v[i].value));
	json_object_set_new(s, "set", facts);
	facts = json_object();
	for (size_t i = 0; i < r->facts.n; i++)
		json_object_set_new(facts, r->facts.v[i].key, text(r->facts.v[i].value));
	json_object_set_new(s, "facts", facts);
	return s;
}

int run_json_open(struct run *r, struct run_arm *a)
{
	a->json = a->first ? load_old(a) : NULL;
	if (!a->json)
		a->json = json_object();
	if (!a->json)
		return -ENOMEM;
	json_object_set_new(a->json, "format", json_integer(1));
	json_object_set_new(a->json, "name", text(a->name));
	json_object_set_new(a->json, "arm", text(a->arm.name ? a->arm.name : a->name));
	json_object_set_new(a->json, "boot_id", text(conf_pairs_get(&r->facts, "boot.id")));
	json_array_append_new(array_of(a->json, "sessions"), describe(r, a));
	array_of(a->json, "executions");
	return save(a);
}

int run_json_begin(struct run *r, struct run_exec *x)
{
	json_t *e;

	if (x->warmup)
		return 0;
	e = json_object();
	json_object_set_new(e, "order", json_integer(x->order));
	json_object_set_new(e, "arm", text(x->arm->name));
	json_object_set_new(e, "iteration", json_integer(x->iteration));
	json_object_set_new(e, "benchmark", text(x->bench->name));
	json_object_set_new(e, "boot_id", text(conf_pairs_get(&r->facts, "boot.id")));
	json_object_set_new(e, "start", json_real(x->at));
	json_object_set_new(e, "status", text("running"));
	if (json_array_append_new(array_of(x->arm->json, "executions"), e))
		return -ENOMEM;
	return save(x->arm);
}

static void put_trace(json_t *e, const struct run *r, const struct run_exec *x)
{
	const struct mmt_session_stats *t = &x->trace;
	json_t *j;

	if (r->o->no_trace) {
		json_object_set_new(e, "trace", json_null());
		return;
	}
	j = json_object();
	json_object_set_new(j, "events", json_integer((json_int_t)t->events));
	json_object_set_new(j, "lost", json_integer((json_int_t)t->lost));
	json_object_set_new(j, "shed", json_integer((json_int_t)t->shed));
	json_object_set_new(j, "bytes", json_integer((json_int_t)t->bytes));
	json_object_set_new(j, "collector_cpu_s", json_real((double)t->cpu_ns / 1e9));
	json_object_set_new(j, "collector_cpu_while_running_s", json_real((double)x->cpu_ns / 1e9));
	json_object_set_new(e, "trace", j);
}

int run_json_end(struct run *r, struct run_exec *x)
{
	static const char *const outcomes[] = { "ok", "failed", "interrupted" };
	const struct run_usage *u = &x->usage;
	json_t *list, *e;

	if (x->warmup)
		return 0;
	list = array_of(x->arm->json, "executions");
	e = json_array_get(list, json_array_size(list) - 1);
	json_object_set_new(e, "status", text(x->outcome == RUN_OK && x->unread ? "unread" : outcomes[x->outcome]));
	json_object_set_new(e, "exit", json_integer(x->status));
	json_object_set_new(e, "elapsed", json_real(u->elapsed));
	json_object_set_new(e, "user", json_real(u->user));
	json_object_set_new(e, "system", json_real(u->system));
	json_object_set_new(e, "maxrss_kb", json_integer((json_int_t)u->maxrss_kb));
	json_object_set_new(e, "minflt", json_integer((json_int_t)u->minflt));
	json_object_set_new(e, "majflt", json_integer((json_int_t)u->majflt));
	json_object_set_new(e, "nvcsw", json_integer((json_int_t)u->nvcsw));
	json_object_set_new(e, "nivcsw", json_integer((json_int_t)u->nivcsw));
	put_trace(e, r, x);
	return save(x->arm);
}

int run_json_summary(const char *dir, const char *name, struct run_summary *sum)
{
	json_t *j, *e;
	char *path;
	size_t i;

	*sum = (struct run_summary){ 0 };
	if (asprintf(&path, "%s/%s/run.json", dir, name) < 0)
		return -ENOMEM;
	j = json_load_file(path, 0, NULL);
	free(path);
	if (!j)
		return -ENOENT;
	json_array_foreach(json_object_get(j, "executions"), i, e) {
		const char *status = json_string_value(json_object_get(e, "status"));

		sum->ok += status && !strcmp(status, "ok");
		sum->bad += !status || strcmp(status, "ok");
	}
	e = json_array_get(json_object_get(j, "sessions"), 0);
	if (json_is_string(json_object_get(e, "kernel")))
		sum->kernel = strdup(json_string_value(json_object_get(e, "kernel")));
	if (json_is_string(json_object_get(e, "options")))
		sum->options = strdup(json_string_value(json_object_get(e, "options")));
	json_decref(j);
	return 0;
}
