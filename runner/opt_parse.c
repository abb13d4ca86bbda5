// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "opt_parse.h"
#include "../analyzer/suggest.h"

int opt_ids(struct argp_state *state, const char *arg, pid_t *ids, size_t *n)
{
	const char *s = arg;
	char *end;

	for (;; s = end + 1) {
		unsigned long v = strtoul(s, &end, 10);

		if (end == s || (*end && *end != ',') || !v || v > 1 << 22) {
			argp_error(state, "'%s' is not a list of process ids", arg);
			return EINVAL;
		}
		if (*n == OPT_MAX_IDS) {
			argp_error(state, "more than %d ids", OPT_MAX_IDS);
			return EINVAL;
		}
		ids[(*n)++] = (pid_t)v;
		if (!*end)
			return 0;
	}
}

int opt_number(struct argp_state *state, const char *arg, const char *what, unsigned long lo, unsigned long hi,
	       unsigned long *v)
{
	char *end;

	errno = 0;
	*v = strtoul(arg, &end, 10);
	if (!errno && end != arg && !*end && *v >= lo && *v <= hi)
		return 0;
	argp_error(state, "%s '%s' is not a number from %lu to %lu", what, arg, lo, hi);
	return EINVAL;
}

int opt_delay(struct argp_state *state, const char *arg, double *v)
{
	char *end;

	*v = strtod(arg, &end);
	if (end != arg && !*end && *v >= 0.1 && *v <= 3600)
		return 0;
	argp_error(state, "delay '%s' is not a number of seconds from 0.1 to 3600", arg);
	return EINVAL;
}

int opt_segment(struct argp_state *state, const char *arg, struct model_opts *m)
{
	char *end;

	m->window = !strcmp(arg, "all") ? WINDOW_ALL : !strcmp(arg, "iteration") ? WINDOW_ITERATION : WINDOW_SEGMENT;
	if (m->window != WINDOW_SEGMENT)
		return 0;
	m->segment = strtoull(arg, &end, 10);
	if (*arg && !*end && *arg != '-')
		return 0;
	argp_error(state, "--segment %s: choose iteration, all or a number (mmt-trace info lists them)", arg);
	return EINVAL;
}

int opt_choice(struct argp_state *state, const char *arg, const char *what, const char *const *names, size_t n,
	       size_t *i)
{
	char list[128], hint[96];

	for (*i = 0; *i < n; (*i)++)
		if (!strcmp(arg, names[*i]))
			return 0;
	for (size_t k = 0, at = 0; k < n && at < sizeof(list); k++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", k ? ", " : "", names[k]);
	argp_error(state, "no %s '%s'%s; there are: %s", what, arg, suggest_hint(hint, sizeof(hint), arg, names, n), list);
	return EINVAL;
}
