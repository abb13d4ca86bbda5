// SPDX-License-Identifier: GPL-2.0-only
/* What is known of the systems that the arms ran on. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "read_int.h"

/* Facts that belong to one run, or to the recording, are no difference between systems. */
bool cmp_fact_matters(const char *key)
{
	static const char *const own[] = { "run.",         "boot.",  "time.",   "tool.options",
					   "totals.place", "events", "ring.kb", "workload.",
					   "counters.reads", "profile.samples", "profile.lost", "profile.throttled",
					   "profile.unknown", "vm.cost_ns" };
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (!strncmp(key, own[i], strlen(own[i])))
			return false;
	return true;
}

int cmp_take_fact(struct cmp_arm *arm, const char *key, const char *value)
{
	struct cmp_fact *f;
	size_t i;

	for (i = 0; i < arm->n_facts; i++) {
		if (strcmp(arm->fact[i].key, key))
			continue;
		arm->fact[i].varies |= strcmp(arm->fact[i].value, value) != 0;
		return 0;
	}
	f = reallocarray(arm->fact, arm->n_facts + 1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	arm->fact = f;
	f = &arm->fact[arm->n_facts];
	*f = (struct cmp_fact){ .key = strdup(key), .value = strdup(value) };
	arm->n_facts++;
	return f->key && f->value ? 0 : -ENOMEM;
}

const char *cmp_fact(const struct cmp_arm *a, const char *key, bool *varies)
{
	size_t i;

	for (i = 0; i < a->n_facts; i++) {
		if (!strcmp(a->fact[i].key, key)) {
			*varies = a->fact[i].varies;
			return a->fact[i].value;
		}
	}
	*varies = false;
	return NULL;
}

const char *cmp_one_fact(const struct cmp_arm *a, const char *key)
{
	bool varies;
	const char *v = cmp_fact(a, key, &varies);

	return varies ? NULL : v;
}

static int facts_of_run(const struct cmp *c, struct cmp_arm *arm)
{
	char dir[READ_PATH];
	json_t *run = read_join(dir, c->dir, arm->name) ? read_run_json(c, dir) : NULL, *session;
	int err = 0;
	size_t i;

	json_array_foreach(json_object_get(run, "sessions"), i, session) {
		const char *key;
		json_t *v;

		json_object_foreach(json_object_get(session, "facts"), key, v)
			if (!err && json_is_string(v) && cmp_fact_matters(key))
				err = cmp_take_fact(arm, key, json_string_value(v));
	}
	json_decref(run);
	return err;
}

/* Traces know more, and call some things by other words: never one arm by these and another by those. */
int cmp_facts_of_runs(struct cmp *c)
{
	size_t k;
	int err = 0;

	if (!c->dir)
		return 0;
	for (k = 0; k < c->n_arms; k++)
		if (c->arm[k].n_facts)
			return 0;
	for (k = 0; k < c->n_arms && !err; k++)
		err = facts_of_run(c, &c->arm[k]);
	return err;
}
