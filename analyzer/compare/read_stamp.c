// SPDX-License-Identifier: GPL-2.0-only
/* When an iteration began, how long it took, in which boot: tests-timestamp and run.json. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "read_int.h"

json_t *read_run_json(const struct cmp *c, const char *run_dir)
{
	char path[READ_PATH];
	json_error_t why;
	json_t *j;

	if (!read_join(path, run_dir, "run.json") || access(path, F_OK))
		return NULL;
	j = json_load_file(path, 0, &why);
	if (!j)
		cmp_say(c, 0, "%s: %s; boots and exact times are not known", path, why.text);
	return j;
}

/* The last execution of the iteration: it may have been repeated. */
static const json_t *execution(const json_t *run, unsigned int iteration, const char *bench)
{
	const json_t *list = json_object_get(run, "executions"), *found = NULL;
	size_t i;
	json_t *e;

	json_array_foreach(list, i, e) {
		const char *name = json_string_value(json_object_get(e, "benchmark"));
		const json_t *n = json_object_get(e, "iteration");

		if (name && !strcmp(name, bench) && json_is_integer(n) && json_integer_value(n) == (json_int_t)iteration)
			found = e;
	}
	return found;
}

/* What follows "KEY :: BENCH " in the line, else NULL. */
static const char *stamp(const char *line, const char *key, const char *bench)
{
	size_t n = strlen(key), b = strlen(bench);

	if (strncmp(line, key, n) || strncmp(line + n, " :: ", 4) || strncmp(line + n + 4, bench, b) || line[n + 4 + b] != ' ')
		return NULL;
	return line + n + 4 + b + 1;
}

bool read_stamps(const struct cmp *c, struct cmp_iteration *it, const char *iter_dir, const json_t *run)
{
	const char *bench = c->benchmark, *rest, *boot;
	const json_t *e = execution(run, it->number, bench);
	char path[READ_PATH], *line;
	double user, system, elapsed, at;
	struct read_lines l;
	bool ok = true;
	int status;

	/* whole seconds; the run's own record below is finer */
	if (read_join(path, iter_dir, "tests-timestamp") && !read_open_lines(path, &l)) {
		while ((line = read_line(&l))) {
			if ((rest = stamp(line, "test begin", bench)) && sscanf(rest, "%lf", &at) == 1 && isfinite(at))
				it->start = at;
			else if ((rest = stamp(line, "test end", bench)))
				ok = sscanf(rest, "%*s %d", &status) != 1 || !status;
			else if ((rest = stamp(line, "time", bench)) &&
				 sscanf(rest, "%lf user %lf system %lf elapsed", &user, &system, &elapsed) == 3) {
				it->user = user;
				it->system = system;
				it->elapsed = elapsed;
			}
		}
		free(l.text);
	}
	if (json_is_number(json_object_get(e, "start")))
		it->start = json_number_value(json_object_get(e, "start"));
	boot = json_string_value(json_object_get(e, "boot_id"));
	if (boot && *boot && !it->boot_id)
		it->boot_id = strdup(boot);
	return ok;
}
