// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../collector/perf_events.h"
#include "events.h"
#include "../analyzer/suggest.h"

#define MAX_NAMES 32

/* Words that stand for several; families that this program has not are left out. */
static const char *const hot[] = { "sched", "fault", "offcpu", "profile", "syscall", "map" };
#define N_HOT (sizeof(hot) / sizeof(hot[0]))

static size_t names_of(const char **names)
{
	const char *summary;
	size_t n = 0;
	unsigned int i;

	names[n++] = "sched";
	names[n++] = "sched:waking";
	names[n++] = "hot";
	for (i = 0; n < MAX_NAMES && mmt_session__family(i, &summary); i++)
		names[n++] = mmt_session__family(i, &summary);
	return n;
}

static int unknown(const char *word, char *why, size_t size)
{
	const char *names[MAX_NAMES];
	size_t n = names_of(names), i;
	char hint[96];
	int at;

	at = snprintf(why, size, "no event '%s'%s; there are: ", word, suggest_hint(hint, sizeof(hint), word, names, n));
	for (i = 0; i < n && at >= 0 && (size_t)at < size; i++)
		at += snprintf(why + at, size - (size_t)at, "%s%s", i ? ", " : "", names[i]);
	return -EINVAL;
}

static int add_word(const char *word, struct events *ev, char *why, size_t size)
{
	const char *name, *summary;
	unsigned int i;
	size_t k;

	if (!strcmp(word, "sched")) {
		ev->sched = true;
		return 0;
	}
	if (!strcmp(word, "sched:waking")) {
		ev->sched = ev->waking = true;
		return 0;
	}
	for (i = 0; (name = mmt_session__family(i, &summary)); i++) {
		if (!strcmp(word, name)) {
			ev->families |= 1U << i;
			return 0;
		}
	}
	if (!strcmp(word, "hot")) {
		for (k = 0; k < N_HOT; k++)
			(void)add_word(hot[k], ev, why, size);
		return 0;
	}
	return unknown(word, why, size);
}

int events_parse(const char *list, struct events *ev, char *why, size_t size)
{
	const char *p = list;
	char word[64];
	size_t len, n = 0;
	int err = 0;

	while (!err) {
		p += strspn(p, ", \t");
		len = strcspn(p, ", \t");
		if (!len)
			break;
		snprintf(word, sizeof(word), "%.*s", (int)len, p);
		err = add_word(word, ev, why, size);
		p += len;
		n++;
	}
	return err || n ? err : unknown("", why, size);
}

int events_counters(const char *list, struct events *ev, char *why, size_t size)
{
	struct mmt_perf_parse p = { .root = "", .hint = suggest_hint };
	struct mmt_perf_events counters;
	int err = mmt_perf_events__parse(&p, list, &counters);

	if (err) {
		snprintf(why, size, "%s", err == -EINVAL ? p.why : strerror(-err));
		return err;
	}
	mmt_perf_events__free(&counters);
	ev->counters = list;
	return add_word("counters", ev, why, size);
}

bool events_have(const struct events *ev, const char *family)
{
	const char *name, *summary;
	unsigned int i;

	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (!strcmp(family, name))
			return ev->families & 1U << i;
	return false;
}

void events_apply(const struct events *ev, struct mmt_session_opts *o)
{
	o->waking |= ev->waking;
	o->families = ev->families;
	o->counters = ev->counters;
	o->families_only = ev->families && !ev->sched;
}
