// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "pages.h"

enum { C_SEGMENT = NP_N, C_EPOCH, C_NODE, C_CGROUP };
const char *const numa_pages_cols[NUMA_PAGES_COLS] = {
	"alloc_local", "alloc_remote", "hint_local", "hint_remote", "hint_pages", "moved_to", "swapped_to", "stuck", "allocs_local",
	"allocs_remote", "hint_pages_local", "hint_pages_remote", "segment", "epoch", "node", "cgroup",
};

enum { M_SEGMENT, M_EPOCH, M_REASON, M_FROM, M_TO, M_OK, M_FAILED, M_CGROUP };
const char *const numa_moves_cols[NUMA_MOVES_COLS] = { "segment", "epoch", "reason", "from", "to", "ok", "failed", "cgroup" };

static const char balancing[] = "numa_misplaced";

/* ---------------------------------------------------------------- rows */

static struct numa_pages *pages_of(struct model *m)
{
	if (!m->numa_pages)
		m->numa_pages = calloc(1, sizeof(*m->numa_pages));
	return m->numa_pages;
}

static uint32_t node_of(uint64_t v)
{
	return v < NUMA_NO_NODE ? (uint32_t)v : NUMA_NO_NODE;
}

static struct numa_use *use_of(struct numa_pages *p, uint64_t epoch, uint64_t cgroup, uint32_t node)
{
	uint32_t first = u64map_get(&p->by_epoch, epoch), i;
	struct numa_use *u;

	for (i = first; i != U64MAP_NONE; i = p->use[i].next)
		if (p->use[i].node == node && p->use[i].cgroup == cgroup)
			return &p->use[i];
	u = array_more(&p->use, &p->n_use, &p->cap_use, sizeof(*u));
	if (!u || u64map_put(&p->by_epoch, epoch, (uint32_t)(u - p->use)))
		return NULL;
	*u = (struct numa_use){ .epoch = epoch, .cgroup = cgroup, .node = node, .next = first };
	return u;
}

int numa_pages_row(struct model *m, const struct row *r)
{
	struct numa_pages *p = pages_of(m);
	struct numa_use *u;
	int i;

	if (!p)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)))
		return 0;
	u = use_of(p, row_u64(r, C_EPOCH), row_u64(r, C_CGROUP), node_of(row_u64(r, C_NODE)));
	if (!u)
		return -ENOMEM;
	for (i = 0; i < NP_N; i++)
		u->v[i] += row_u64(r, i);
	return 0;
}

int numa_moves_row(struct model *m, const struct row *r)
{
	struct numa_pages *p = pages_of(m);
	const struct mmt_cell *reason = row_blob(r, M_REASON);
	uint64_t epoch = row_u64(r, M_EPOCH), cgroup = row_u64(r, M_CGROUP);
	uint32_t from = node_of(row_u64(r, M_FROM)), to = node_of(row_u64(r, M_TO)), first, i;
	struct numa_move *o = NULL;

	if (!p)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, M_SEGMENT)))
		return 0;
	first = u64map_get(&p->moves_by_epoch, epoch);
	for (i = first; i != U64MAP_NONE && !o; i = p->moves[i].next) {
		struct numa_move *x = &p->moves[i];

		if (x->from == from && x->to == to && x->cgroup == cgroup && strlen(x->reason) == reason->len &&
		    !memcmp(x->reason, reason->p ? reason->p : "", reason->len))
			o = x;
	}
	if (!o) {
		const char *name = arena_str(m->mem, reason->p ? reason->p : "", reason->len);

		o = name ? array_more(&p->moves, &p->n_moves, &p->cap_moves, sizeof(*o)) : NULL;
		if (!o || u64map_put(&p->moves_by_epoch, epoch, (uint32_t)(o - p->moves)))
			return -ENOMEM;
		*o = (struct numa_move){ .epoch = epoch, .cgroup = cgroup, .reason = name, .from = from, .to = to, .next = first };
	}
	o->ok += row_u64(r, M_OK);
	o->failed += row_u64(r, M_FAILED);
	return 0;
}

void numa_pages_forget(struct numa_pages *p)
{
	if (!p)
		return;
	u64map_free(&p->by_epoch);
	u64map_free(&p->moves_by_epoch);
	memset(&p->by_epoch, 0, sizeof(p->by_epoch));
	memset(&p->moves_by_epoch, 0, sizeof(p->moves_by_epoch));
	p->n_use = p->n_moves = 0;
}

void numa_pages_free(struct numa_pages *p)
{
	if (!p)
		return;
	numa_pages_forget(p);
	free(p->use);
	free(p->moves);
	free(p);
}

/* ---------------------------------------------------------------- what there is */

bool numa_pages_recorded(const struct model *m)
{
	const char *v = model_meta(m, "numa");

	return v && !strcmp(v, "yes");
}

const char *numa_pages_lack(const struct model *m, const char *part)
{
	static const char not[] = "not available: ";
	const char *v = model_meta(m, part);

	if (!v)
		return "not recorded";
	if (!strcmp(v, "yes"))
		return NULL;
	return strncmp(v, not, sizeof(not) - 1) ? v : v + sizeof(not) - 1;
}

static bool hidden(const struct model *m, uint64_t epoch)
{
	return model_hides(m, epoch ? model_task(m, epoch) : NULL, false);
}

static double sum_use(const struct model *m, int col)
{
	const struct numa_pages *p = m->numa_pages;
	double sum = 0;
	size_t i;

	for (i = 0; p && i < p->n_use; i++)
		if (!hidden(m, p->use[i].epoch))
			sum += (double)p->use[i].v[col];
	return sum;
}

static double sum_moves(const struct model *m, const char *reason, bool failed)
{
	const struct numa_pages *p = m->numa_pages;
	double sum = 0;
	size_t i;

	for (i = 0; p && i < p->n_moves; i++)
		if (!hidden(m, p->moves[i].epoch) && (!reason || !strcmp(p->moves[i].reason, reason)))
			sum += (double)(failed ? p->moves[i].failed : p->moves[i].ok);
	return sum;
}

static double share(double part, double rest)
{
	return part + rest > 0 ? 100 * part / (part + rest) : (double)NAN;
}

bool numa_hint_by_pages(const struct model *m)
{
	return numa_pages_lack(m, "numa.hint") && !numa_pages_lack(m, "numa.hint.pages");
}

double numa_hint_off(const struct model *m, const uint64_t v[NP_N])
{
	if (numa_hint_by_pages(m))
		return share((double)v[NP_PAGES_REMOTE], (double)v[NP_PAGES_LOCAL]);
	return numa_pages_lack(m, "numa.hint") ? (double)NAN : share((double)v[NP_HINT_REMOTE], (double)v[NP_HINT_LOCAL]);
}

/* By task where the kernel let us in, else as the machine counts them. */
static int hint_share(const struct model *m, double *value)
{
	uint64_t all, local;

	if (!numa_pages_lack(m, "numa.hint")) {
		*value = share(sum_use(m, NP_HINT_REMOTE), sum_use(m, NP_HINT_LOCAL));
		return 0;
	}
	if (model_counter(m, "proc.vmstat", "numa_hint_faults", -1, &all) ||
	    model_counter(m, "proc.vmstat", "numa_hint_faults_local", -1, &local) || local > all)
		return -ENODATA;
	*value = share((double)(all - local), (double)local);
	return 0;
}

int numa_pages_metric(const struct model *m, enum numa_pages_what what, double *value)
{
	static const char *const parts[] = {
		[NUMA_MIGRATED] = "numa.migrate", [NUMA_MIGRATED_BALANCING] = "numa.migrate", [NUMA_MIGRATED_COMPACTION] = "numa.migrate",
		[NUMA_MIGRATED_FAILED] = "numa.migrate", [NUMA_TASKS_MOVED] = "numa.balancing", [NUMA_TASKS_STUCK] = "numa.balancing",
		[NUMA_HINT_PAGES] = "numa.hint.pages", [NUMA_HINT_SPLIT] = "numa.hint.pages", [NUMA_TASKS_CROSS] = "numa.tasks",
		[NUMA_TASKS_DISTANCE] = "numa.tasks", [NUMA_TASKS_WEIGHTED] = "numa.tasks",
	};
	struct numa_far hops;

	if (what == NUMA_HINT_REMOTE_SHARE)
		return hint_share(m, value);
	if (!numa_pages_recorded(m) || (parts[what] && numa_pages_lack(m, parts[what])))
		return -ENODATA;
	switch (what) {
	case NUMA_PAGES:
		*value = sum_use(m, NP_LOCAL) + sum_use(m, NP_REMOTE);
		break;
	case NUMA_PAGES_REMOTE:
		*value = sum_use(m, NP_REMOTE);
		break;
	case NUMA_PAGES_REMOTE_SHARE:
		*value = share(sum_use(m, NP_REMOTE), sum_use(m, NP_LOCAL));
		break;
	case NUMA_MIGRATED:
	case NUMA_MIGRATED_FAILED:
		*value = sum_moves(m, NULL, what == NUMA_MIGRATED_FAILED);
		break;
	case NUMA_MIGRATED_BALANCING:
	case NUMA_MIGRATED_COMPACTION:
		*value = sum_moves(m, what == NUMA_MIGRATED_BALANCING ? balancing : "compaction", false);
		break;
	case NUMA_TASKS_MOVED:
		*value = sum_use(m, NP_MOVED) + sum_use(m, NP_SWAPPED);
		break;
	case NUMA_TASKS_STUCK:
		*value = sum_use(m, NP_STUCK);
		break;
	case NUMA_HINT_PAGES:
		*value = sum_use(m, NP_HINT_PAGES);
		break;
	case NUMA_HINT_SPLIT:
		*value = 100 * (sum_use(m, NP_PAGES_LOCAL) + sum_use(m, NP_PAGES_REMOTE)) / sum_use(m, NP_HINT_PAGES);
		break;
	case NUMA_TASKS_CROSS:
	case NUMA_TASKS_DISTANCE:
	case NUMA_TASKS_WEIGHTED:
		hops = numa_hops_sum(m);
		*value = what == NUMA_TASKS_CROSS ? (double)hops.count : what == NUMA_TASKS_DISTANCE ? numa_far_mean(&hops) :
			 hops.known < (double)hops.count ? (double)NAN : hops.sum;
		break;
	default:
		return -ENODATA;
	}
	return 0;
}

/* ---------------------------------------------------------------- groups */

struct grouping {
	const struct model *m;
	struct u64map map, tasks; /* tasks: epochs that are counted already, of this cgroup */
	struct numa_pages_group *g;
	size_t n;
	enum model_by by;
	bool collector;
};

static uint64_t key_of(const struct grouping *x, const struct model_task *t, uint64_t epoch, uint64_t cgroup)
{
	switch (x->by) {
	case BY_TASK:
		return epoch;
	case BY_PROCESS:
		return t ? x->m->tasks[t->leader].epoch : 0;
	case BY_COMM:
		return t ? model_name_hash(t->comm) : 0;
	case BY_CGROUP:
		return cgroup;
	default:
		return 0;
	}
}

/* The group of what a task did; *out NULL: not to be counted. */
static int group_of(struct grouping *x, uint64_t epoch, uint64_t cgroup, struct numa_pages_group **out)
{
	const struct model_task *t = epoch ? model_task(x->m, epoch) : NULL;
	uint64_t key = key_of(x, t, epoch, cgroup), once = epoch * 0x9e3779b97f4a7c15ull ^ (x->by == BY_CGROUP ? cgroup : 0);
	uint32_t at = u64map_get(&x->map, key);
	struct numa_pages_group *g;

	*out = NULL;
	if (model_hides(x->m, t, x->collector))
		return 0;
	if (at == U64MAP_NONE) {
		at = (uint32_t)x->n++;
		if (u64map_put(&x->map, key, at))
			return -ENOMEM;
		g = &x->g[at];
		g->id = x->by == BY_PROCESS ? (t ? t->tgid : 0) : x->by == BY_COMM ? 0 : key;
		g->task = !t ? NULL : x->by == BY_PROCESS ? &x->m->tasks[t->leader] : t;
	}
	*out = g = &x->g[at];
	if (u64map_get(&x->tasks, once) != U64MAP_NONE)
		return 0;
	g->n_tasks++;
	return u64map_put(&x->tasks, once, at);
}

static int cmp_group(const void *a, const void *b)
{
	const struct numa_pages_group *x = a, *y = b;
	uint64_t px = x->v[NP_LOCAL] + x->v[NP_REMOTE] + x->ok, py = y->v[NP_LOCAL] + y->v[NP_REMOTE] + y->ok;

	if (px != py)
		return px < py ? 1 : -1;
	return (x->id > y->id) - (x->id < y->id);
}

int numa_pages_group(const struct model *m, enum model_by by, bool collector, struct numa_pages_group **out, size_t *n)
{
	const struct numa_pages *p = m->numa_pages;
	const struct numa_hops *h = m->numa_hops;
	struct grouping x = { .m = m, .by = by, .collector = collector };
	struct numa_pages_group *g;
	size_t i;
	int k, err = 0;

	x.g = calloc((p ? p->n_use + p->n_moves : 0) + (h ? h->n : 0) + 1, sizeof(*x.g));
	if (!x.g)
		return -ENOMEM;
	for (i = 0; p && i < p->n_use && !err; i++) {
		err = group_of(&x, p->use[i].epoch, p->use[i].cgroup, &g);
		for (k = 0; g && !err && k < NP_N; k++)
			g->v[k] += p->use[i].v[k];
	}
	for (i = 0; p && i < p->n_moves && !err; i++) {
		const struct numa_move *o = &p->moves[i];

		err = group_of(&x, o->epoch, o->cgroup, &g);
		if (err || !g)
			continue;
		g->ok += o->ok;
		g->failed += o->failed;
		g->balanced += strcmp(o->reason, balancing) ? 0 : o->ok;
	}
	for (i = 0; h && i < h->n && !err; i++) {
		err = group_of(&x, h->v[i].epoch, h->v[i].cgroup, &g);
		if (!err && g)
			numa_far_add(m, &h->v[i], &g->far);
	}
	u64map_free(&x.map);
	u64map_free(&x.tasks);
	if (err) {
		free(x.g);
		return err;
	}
	qsort(x.g, x.n, sizeof(*x.g), cmp_group);
	*out = x.g;
	*n = x.n;
	return 0;
}
