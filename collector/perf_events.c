// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "perf_events.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Which belong together: those of the same number, not 0. Caches have theirs from 0x100. */
enum { PAIR_NONE, PAIR_CYCLES, PAIR_CACHE, PAIR_BRANCH, PAIR_CACHES = 0x100 };

#define HW(name, alias, id, pair) { name, alias, PERF_TYPE_HARDWARE, PERF_COUNT_HW_##id, pair }
#define SW(name, alias, id) { name, alias, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_##id, PAIR_NONE }

static const struct generic {
	const char *name, *alias;
	uint32_t type;
	uint64_t config;
	unsigned int pair;
} generics[] = {
	HW("cycles", "cpu-cycles", CPU_CYCLES, PAIR_CYCLES),
	HW("instructions", NULL, INSTRUCTIONS, PAIR_CYCLES),
	HW("cache-references", NULL, CACHE_REFERENCES, PAIR_CACHE),
	HW("cache-misses", NULL, CACHE_MISSES, PAIR_CACHE),
	HW("branches", "branch-instructions", BRANCH_INSTRUCTIONS, PAIR_BRANCH),
	HW("branch-misses", NULL, BRANCH_MISSES, PAIR_BRANCH),
	HW("bus-cycles", NULL, BUS_CYCLES, PAIR_NONE),
	HW("stalled-cycles-frontend", "idle-cycles-frontend", STALLED_CYCLES_FRONTEND, PAIR_NONE),
	HW("stalled-cycles-backend", "idle-cycles-backend", STALLED_CYCLES_BACKEND, PAIR_NONE),
	HW("ref-cycles", NULL, REF_CPU_CYCLES, PAIR_NONE),
	SW("cpu-clock", NULL, CPU_CLOCK),
	SW("task-clock", NULL, TASK_CLOCK),
	SW("page-faults", "faults", PAGE_FAULTS),
	SW("minor-faults", NULL, PAGE_FAULTS_MIN),
	SW("major-faults", NULL, PAGE_FAULTS_MAJ),
	SW("context-switches", "cs", CONTEXT_SWITCHES),
	SW("cpu-migrations", "migrations", CPU_MIGRATIONS),
	SW("alignment-faults", NULL, ALIGNMENT_FAULTS),
	SW("emulation-faults", NULL, EMULATION_FAULTS),
	{ "cgroup-switches", NULL, PERF_TYPE_SOFTWARE, 11, PAIR_NONE }, /* since 5.13 */
};

static const struct { const char *name, *alias; uint64_t id; } caches[] = {
	{ "L1-dcache", "l1d", PERF_COUNT_HW_CACHE_L1D }, { "L1-icache", "l1i", PERF_COUNT_HW_CACHE_L1I },
	{ "LLC", "L2", PERF_COUNT_HW_CACHE_LL }, { "dTLB", "d-tlb", PERF_COUNT_HW_CACHE_DTLB },
	{ "iTLB", "i-tlb", PERF_COUNT_HW_CACHE_ITLB }, { "branch", "bpu", PERF_COUNT_HW_CACHE_BPU },
	{ "node", NULL, PERF_COUNT_HW_CACHE_NODE },
};

static const struct { const char *name, *alias; uint64_t op, result; } ops[] = {
	{ "loads", "read-access", PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "load-misses", "read-misses", PERF_COUNT_HW_CACHE_OP_READ, PERF_COUNT_HW_CACHE_RESULT_MISS },
	{ "stores", "write-access", PERF_COUNT_HW_CACHE_OP_WRITE, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "store-misses", "write-misses", PERF_COUNT_HW_CACHE_OP_WRITE, PERF_COUNT_HW_CACHE_RESULT_MISS },
	{ "prefetches", NULL, PERF_COUNT_HW_CACHE_OP_PREFETCH, PERF_COUNT_HW_CACHE_RESULT_ACCESS },
	{ "prefetch-misses", NULL, PERF_COUNT_HW_CACHE_OP_PREFETCH, PERF_COUNT_HW_CACHE_RESULT_MISS },
};

struct parse {
	struct mmt_perf_parse *p;
	struct mmt_perf_events ev;
	size_t cap;
	unsigned int pair[MMT_PERF_MAX]; /* of each event, with what its modifiers are; 0: none */
};

const char *mmt_perf_events__name(unsigned int i, const char **kind, char *buf, size_t size)
{
	if (i < N(generics)) {
		*kind = generics[i].type == PERF_TYPE_SOFTWARE ? "software" : "hardware";
		return generics[i].name;
	}
	i -= N(generics);
	if (i >= N(caches) * N(ops))
		return NULL;
	*kind = "cache";
	snprintf(buf, size, "%s-%s", caches[i / N(ops)].name, ops[i % N(ops)].name);
	return buf;
}

int mmt_perf__fail(struct mmt_perf_parse *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p->why, sizeof(p->why), fmt, ap);
	va_end(ap);
	return -EINVAL;
}

const char *mmt_perf__hint(const struct mmt_perf_parse *p, char *buf, size_t size, const char *word, const char *const *words,
			   size_t n)
{
	return p->hint ? p->hint(buf, size, word, words, n) : "";
}

struct mmt_perf_box *mmt_perf__box(struct mmt_perf_event *e)
{
	struct mmt_perf_box *v = realloc(e->boxes, (e->n_boxes + 1) * sizeof(*v));

	if (!v)
		return NULL;
	e->boxes = v;
	memset(&v[e->n_boxes], 0, sizeof(*v));
	return &v[e->n_boxes++];
}

static int one_box(struct mmt_perf_event *e, uint32_t type, uint64_t config)
{
	struct mmt_perf_box *b = mmt_perf__box(e);

	if (!b)
		return -ENOMEM;
	b->type = type;
	b->config = config;
	return 0;
}

/* ---------------------------------------------------------------- one event */

static int unknown(struct mmt_perf_parse *p, const char *word)
{
	const char *names[N(generics) + N(caches) * N(ops)], *kind;
	char text[N(caches) * N(ops)][32], near[128];
	size_t n;

	for (n = 0; n < N(names); n++)
		names[n] = mmt_perf_events__name((unsigned int)n, &kind, text[n < N(generics) ? 0 : n - N(generics)], sizeof(text[0]));
	return mmt_perf__fail(p, "no counter '%s'%s; mmt-trace list counters has all", word,
			      mmt_perf__hint(p, near, sizeof(near), word, names, N(names)));
}

static int generic(struct parse *s, const struct generic *g, struct mmt_perf_event *e, unsigned int *pair)
{
	snprintf(e->name, sizeof(e->name), "%s", g->name);
	*pair = g->pair;
	if (g->type == PERF_TYPE_SOFTWARE) {
		if (g->config == PERF_COUNT_SW_CPU_CLOCK || g->config == PERF_COUNT_SW_TASK_CLOCK) {
			e->scale = 1e-6;
			snprintf(e->unit, sizeof(e->unit), "msec");
		}
		return one_box(e, g->type, g->config);
	}
	e->kind = MMT_PERF_CORE;
	return mmt_perf_pmu__core_boxes(s->p->root, e, g->type, g->config);
}

static bool cache_of(const char *name, size_t len, uint64_t *id, const char **usual)
{
	size_t i;

	for (i = 0; i < N(caches); i++) {
		const char *word[2] = { caches[i].name, caches[i].alias };
		int k;

		for (k = 0; k < 2; k++) {
			if (!word[k] || strlen(word[k]) != len || strncasecmp(word[k], name, len))
				continue;
			*id = caches[i].id;
			*usual = caches[i].name;
			return true;
		}
	}
	return false;
}

/* node-load-misses: the name of a cache, then what is done to it. */
static int cache_event(struct parse *s, const char *word, struct mmt_perf_event *e, unsigned int *pair)
{
	const char *dash, *usual;
	uint64_t id;
	size_t i;

	for (dash = strchr(word, '-'); dash; dash = strchr(dash + 1, '-')) {
		if (!cache_of(word, (size_t)(dash - word), &id, &usual))
			continue;
		for (i = 0; i < N(ops); i++) {
			if (strcasecmp(dash + 1, ops[i].name) && (!ops[i].alias || strcasecmp(dash + 1, ops[i].alias)))
				continue;
			snprintf(e->name, sizeof(e->name), "%s-%s", usual, ops[i].name);
			e->kind = MMT_PERF_CORE;
			*pair = PAIR_CACHES | (unsigned int)(id | ops[i].op << 4);
			return mmt_perf_pmu__core_boxes(s->p->root, e, PERF_TYPE_HW_CACHE, id | ops[i].op << 8 | ops[i].result << 16);
		}
	}
	return -ENOENT;
}

/* r1a8 */
static int raw_event(const char *word, struct mmt_perf_event *e)
{
	uint64_t config;
	char *end;

	if (word[0] != 'r' || !isxdigit((unsigned char)word[1]) || strlen(word) > 17)
		return -ENOENT;
	config = strtoull(word + 1, &end, 16);
	if (*end)
		return -ENOENT;
	snprintf(e->name, sizeof(e->name), "r%llx", (unsigned long long)config);
	e->kind = MMT_PERF_CORE;
	return one_box(e, PERF_TYPE_RAW, config);
}

static int named_event(struct parse *s, const char *word, struct mmt_perf_event *e, unsigned int *pair)
{
	size_t i;
	int err;

	for (i = 0; i < N(generics); i++)
		if (!strcasecmp(word, generics[i].name) || (generics[i].alias && !strcasecmp(word, generics[i].alias)))
			return generic(s, &generics[i], e, pair);
	err = cache_event(s, word, e, pair);
	if (err == -ENOENT)
		err = raw_event(word, e);
	if (err == -ENOENT)
		err = mmt_perf_pmu__alias(s->p, word, e);
	return err == -ENOENT ? unknown(s->p, word) : err;
}

/* What is after the colon: whose code counts. u alone is user code alone; so is what else is named. */
static int modifiers(struct parse *s, const char *word, const char *mod, struct mmt_perf_event *e)
{
	const char *m;
	bool rings = strpbrk(mod, "ukh"), sides = strpbrk(mod, "GH");

	e->no_user = rings && !strchr(mod, 'u');
	e->no_kernel = rings && !strchr(mod, 'k');
	e->no_hv = rings && !strchr(mod, 'h');
	e->no_guest = sides && !strchr(mod, 'G');
	e->no_host = sides && !strchr(mod, 'H');
	e->no_idle = strchr(mod, 'I');
	e->pinned = strchr(mod, 'D');
	for (m = mod; *m; m++) {
		if (*m == 'p' || *m == 'P' || *m == 'S')
			return mmt_perf__fail(s->p, "%s: modifier '%c' is of sampling; here events are counted", word, *m);
		if (!strchr("ukhGHID", *m))
			return mmt_perf__fail(s->p, "%s: no modifier '%c'; there are u, k, h, G, H, I, D", word, *m);
	}
	if (!*mod)
		return mmt_perf__fail(s->p, "%s: no modifier after the colon: u, k, h, G, H, I, D", word);
	return 0;
}

static struct mmt_perf_event *more(struct parse *s)
{
	size_t cap = s->cap ? 2 * s->cap : 8;
	struct mmt_perf_event *v = s->ev.n < s->cap ? s->ev.v : realloc(s->ev.v, cap * sizeof(*v));

	if (!v)
		return NULL;
	if (s->ev.n == s->cap)
		s->cap = cap;
	s->ev.v = v;
	memset(&v[s->ev.n], 0, sizeof(*v));
	return &v[s->ev.n++];
}

static unsigned int flags_of(const struct mmt_perf_event *e)
{
	return 1U | (unsigned int)e->no_user << 1 | (unsigned int)e->no_kernel << 2 | (unsigned int)e->no_hv << 3 |
	       (unsigned int)e->no_host << 4 | (unsigned int)e->no_guest << 5 | (unsigned int)e->no_idle << 6 |
	       (unsigned int)e->pinned << 7;
}

/* word is changed. group 0: it finds its own. */
static int add_event(struct parse *s, char *word, unsigned int group)
{
	char whole[MMT_PERF_NAME + 1], *slash = strchr(word, '/'), *end = slash ? strrchr(word, '/') : NULL, *mod;
	struct mmt_perf_event *e;
	unsigned int pair = 0;
	size_t i;
	int err;

	if (s->ev.n == MMT_PERF_MAX)
		return mmt_perf__fail(s->p, "more than %d counters", MMT_PERF_MAX);
	if (snprintf(whole, sizeof(whole), "%s", word) >= MMT_PERF_NAME - 8)
		return mmt_perf__fail(s->p, "'%.40s...': too long for a counter", word);
	if (slash && (slash == end || slash == word))
		return mmt_perf__fail(s->p, "'%s': a PMU's event is PMU/event/ or PMU/term=value,.../", word);
	e = more(s);
	if (!e)
		return -ENOMEM;
	if (slash) {
		mod = end[1] ? end + 1 + (end[1] == ':') : NULL;
		*slash = *end = '\0';
		err = mmt_perf_pmu__event(s->p, word, slash + 1, e);
	} else {
		mod = strchr(word, ':');
		if (mod)
			*mod++ = '\0';
		err = named_event(s, word, e, &pair);
	}
	if (!err && mod) {
		err = modifiers(s, whole, mod, e);
		snprintf(e->name + strlen(e->name), sizeof(e->name) - strlen(e->name), ":%s", mod);
	}
	for (i = 0; !err && i + 1 < s->ev.n; i++)
		if (!strcmp(s->ev.v[i].name, e->name))
			return mmt_perf__fail(s->p, "counter '%s' is there twice", e->name);
	if (err)
		return err;
	if (pair && !group) { /* braces say it themselves */
		s->pair[s->ev.n - 1] = pair << 8 | flags_of(e);
		for (i = 0; i + 1 < s->ev.n; i++)
			if (s->pair[i] == s->pair[s->ev.n - 1])
				group = s->ev.v[i].group;
	}
	e->group = group ? group : ++s->ev.n_groups;
	return 0;
}

/* ---------------------------------------------------------------- the list */

/* Up to the next comma, blank or brace that is not between slashes. */
static size_t word_len(const char *p)
{
	bool in = false;
	size_t n;

	for (n = 0; p[n] && (in || !strchr(", \t\n{}", p[n])); n++)
		in ^= p[n] == '/';
	return n;
}

int mmt_perf_events__parse(struct mmt_perf_parse *p, const char *list, struct mmt_perf_events *out)
{
	struct parse s = { .p = p };
	unsigned int group = 0;
	const char *at = list;
	int err = 0;

	p->why[0] = '\0';
	while (!err) {
		char word[256];
		size_t len;

		at += strspn(at, ", \t\n");
		if (!*at)
			break;
		if (*at == '{' || *at == '}') {
			if ((*at == '{') == (group != 0))
				err = mmt_perf__fail(p, "'%s': %s", list, group ? "braces within braces" : "a brace is closed that was not open");
			group = *at++ == '{' ? ++s.ev.n_groups : 0;
			continue;
		}
		len = word_len(at);
		snprintf(word, sizeof(word), "%.*s", (int)len, at);
		err = add_event(&s, word, group);
		at += len;
	}
	if (!err && group)
		err = mmt_perf__fail(p, "'%s': a brace is not closed", list);
	if (!err && !s.ev.n)
		err = mmt_perf__fail(p, "no counter is named");
	if (err)
		mmt_perf_events__free(&s.ev);
	else
		*out = s.ev;
	return err;
}

void mmt_perf_events__free(struct mmt_perf_events *ev)
{
	size_t i;

	for (i = 0; i < ev->n; i++)
		free(ev->v[i].boxes);
	free(ev->v);
	ev->v = NULL;
	ev->n = 0;
}
