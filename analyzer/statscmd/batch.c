// SPDX-License-Identifier: GPL-2.0-only
/* Many cases in one file: computed first, printed when all went well. */
#include <stdio.h>
#include <string.h>

#include "../out.h"
#include "call.h"
#include "show.h"
#include "statscmd.h"

static const json_t *cases_of(const json_t *o)
{
	const json_t *cases = json_object_get(o, "cases");

	return cases ? cases : json_object_get(o, "examples");
}

static int run_case(const struct stat_def *def, const char *file, const json_t *one, size_t nr, json_t *out)
{
	const json_t *in = json_object_get(one, "in"), *id = json_object_get(one, "id");
	char where[200], name[100];
	json_t *result;
	int err;

	if (json_is_string(id))
		snprintf(name, sizeof(name), "%s", json_string_value(id));
	else if (json_is_integer(id))
		snprintf(name, sizeof(name), "%lld", (long long)json_integer_value(id));
	else
		name[0] = '\0';
	if (!name[0] || !in) {
		out_err("%s: %s: case %zu%s%s has no '%s'", file, def->name, nr + 1, name[0] ? " " : "", name,
			name[0] ? "in" : "id");
		return -EINVAL;
	}
	snprintf(where, sizeof(where), "%s: case %s: ", file, name);
	err = call_run(def, in, where, &result);
	if (err)
		return err;
	return json_object_set_new(out, json_is_string(id) ? json_string_value(id) : name, result) ? -ENOMEM : 0;
}

static int run_cases(const char *name, const char *file, const json_t *cases, json_t *out)
{
	const struct stat_def *def = stat_find(name);
	size_t i;
	int err = def ? 0 : -EINVAL;

	if (def && !json_is_array(cases)) {
		out_err("%s: %s: no array 'cases'", file, name);
		err = -EINVAL;
	}
	for (i = 0; !err && i < json_array_size(cases); i++)
		err = run_case(def, file, json_array_get(cases, i), i, out);
	return err;
}

/* {statistic: {"examples": [...]}, ...} */
static int run_several(const char *file, json_t *top, json_t *out)
{
	const char *name;
	json_t *one;
	int err = 0;

	if (!json_object_size(top)) {
		out_err("%s: no 'statistic' and no cases", file);
		return -EINVAL;
	}
	json_object_foreach(top, name, one) {
		json_t *part = json_object();

		if (!part || json_object_set_new(out, name, part))
			return -ENOMEM;
		err = run_cases(name, file, cases_of(one), part);
		if (err)
			break;
	}
	return err;
}

static int run_file(const char *file, const char *name, json_t *top, json_t *out)
{
	const json_t *said = json_object_get(top, "statistic"), *cases = json_is_array(top) ? top : cases_of(top);

	if (!json_is_object(top) && !(json_is_array(top) && name)) {
		out_err("%s: want an object with 'statistic' and 'cases'", file);
		return -EINVAL;
	}
	if (!name && !said && !cases)
		return run_several(file, top, out);
	if (!name && !json_is_string(said)) {
		out_err("%s: no 'statistic'", file);
		return -EINVAL;
	}
	return run_cases(name ? name : json_string_value(said), file, cases, out);
}

int statscmd_batch(const char *file, const char *name, FILE *f)
{
	json_t *top = read_json(file), *out = json_object();
	int err = -EINVAL;

	if (top)
		err = out ? run_file(file, name, top, out) : -ENOMEM;
	if (!err)
		show_json(out, true, f);
	json_decref(top);
	json_decref(out);
	return err;
}
