// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dump.h"
#include "export.h"
#include "merge.h"
#include "names.h"

#define MAX_ARGS 8
#define MAX_COLUMNS 64
#define UNKNOWN UINT32_MAX

struct item { /* an event on its way through the merge */
	uint64_t key;
	uint32_t stream, current; /* who ran on that CPU before it */
	uint64_t arg[MAX_ARGS];
	uint8_t n_args;
	uint32_t next_free;
};

struct column { const char *name; bool tid; };

struct export {
	const struct model *m;
	const struct export_opts *o;
	FILE *f;
	struct mmt_reader *r;
	struct names names;
	struct item *item;
	uint32_t n_items, cap_items, free_item;
	struct column col[MAX_COLUMNS];
	size_t n_cols;
	struct json j;
};

static uint32_t take_item(struct export *e)
{
	uint32_t i = e->free_item;

	if (i != UNKNOWN) {
		e->free_item = e->item[i].next_free;
		return i;
	}
	if (e->n_items == e->cap_items) {
		uint32_t cap = e->cap_items ? e->cap_items * 2 : 4096;
		struct item *p = reallocarray(e->item, cap, sizeof(*p));

		if (!p)
			return UNKNOWN;
		e->item = p;
		e->cap_items = cap;
	}
	return e->n_items++;
}

static int64_t key_field(const struct mmt_type *t, const char *name, uint64_t key)
{
	int i = t ? mmt_type__field(t, name) : -ENOENT;

	if (i < 0 || t->fields[i].role != MMT_ROLE_KEY)
		return -1;
	return (int64_t)mmt_key_field(t, (unsigned int)i, key);
}

static bool type_wanted(const struct export *e, const struct mmt_type *t)
{
	const char *p = e->o->types, *q;
	size_t len;

	if (!p)
		return true;
	for (; t && *p; p = *q ? q + 1 : q) {
		q = strchrnul(p, ',');
		len = (size_t)(q - p);
		if (!strncmp(t->name, p, len) && (!t->name[len] || !strcmp(t->name + len, "x") || !strcmp(t->name + len, "r")))
			return true;
	}
	return false;
}

static bool in_list(const uint32_t *list, size_t n, uint64_t v)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == v)
			return true;
	return n == 0;
}

static bool tid_wanted(const struct export *e, const struct mmt_type *t, const struct item *it)
{
	bool is_switch = mmt_key_type(it->key) == MMT_EV_SWITCH;
	unsigned int k;

	if (!e->o->n_tids)
		return true;
	if (is_switch && in_list(e->o->tids, e->o->n_tids, it->current))
		return true;
	for (k = 0; t && k < t->n_fields; k++)
		if (t->fields[k].fmt == MMT_FMT_TID && t->fields[k].role == MMT_ROLE_KEY &&
		    in_list(e->o->tids, e->o->n_tids, mmt_key_field(t, k, it->key)))
			return true;
	return false;
}

static int on_block(void *ctx, const struct mmt_chunk *c, const struct mmt_block *b, struct merge_lane *l)
{
	struct export *e = ctx;
	const uint64_t *arg = b->args;
	bool cpu_ok = in_list(e->o->cpus, e->o->n_cpus, b->stream);
	uint32_t i, at, current = l->state ? l->state - 1 : UNKNOWN;

	for (i = 0; i < b->n; i++) {
		uint64_t key = c->keys[b->sym[i]], time = b->time[i];
		unsigned int type = mmt_key_type(key), n_args = c->key_args[b->sym[i]];
		const struct mmt_type *t = mmt_reader__type(e->r, (uint16_t)type);
		struct item it = { .key = key, .stream = b->stream, .current = current };

		it.n_args = (uint8_t)(n_args < MAX_ARGS ? n_args : MAX_ARGS);
		memcpy(it.arg, arg, it.n_args * sizeof(*arg));
		arg += n_args;
		if (type == MMT_EV_SWITCHX)
			it.current = (uint32_t)key_field(t, "prev", key);
		if (type == MMT_EV_SWITCH || type == MMT_EV_SWITCHX)
			current = (uint32_t)key_field(t, "next", key);
		if (type == MMT_EV_LOST)
			current = UNKNOWN;
		if (!cpu_ok || time < e->o->from || (e->o->to && time > e->o->to) || !type_wanted(e, t) || !tid_wanted(e, t, &it))
			continue;
		at = take_item(e);
		if (at == UNKNOWN)
			return -ENOMEM;
		e->item[at] = it;
		l->rec[l->n++] = (struct mrec){ time, at };
	}
	l->state = current == UNKNOWN ? 0 : current + 1;
	return 0;
}

static int on_gap(void *ctx, const struct mmt_chunk *c, uint64_t time, struct merge_lane *l)
{
	(void)ctx;
	(void)c;
	(void)time;
	l->state = 0;
	return 0;
}

/* ------------------------------------------------------------ perf script */

static const char *comm_of(const struct export *e, uint32_t tid, uint64_t t, char *idle, size_t size, uint32_t cpu)
{
	const struct model_task *task;

	if (!tid) {
		snprintf(idle, size, "swapper/%u", cpu);
		return idle;
	}
	task = tid == UNKNOWN ? NULL : names_at(&e->names, tid, t);
	return task && *task->comm ? task->comm : ":-1";
}

static void perf_head(struct export *e, uint64_t t, const struct item *it, const char *event)
{
	char idle[32];
	const char *comm = comm_of(e, it->current, t, idle, sizeof(idle), it->stream);

	if (!it->current)
		comm = "swapper";
	fprintf(e->f, "%16s %5d [%03u] %5" PRIu64 ".%06" PRIu64 ": %s: ", comm, it->current == UNKNOWN ? -1 : (int)it->current,
		it->stream, t / 1000000000, t % 1000000000 / 1000, event);
}

/* Priorities are not recorded; 120 is the default that parsers of this format expect to find. */
static void perf_script(struct export *e, uint64_t t, const struct item *it, const struct mmt_type *type)
{
	static const char *const state[] = { "R", "R", "S", "D", "T", "X", "I", "P" };
	char idle[32], idle2[32];
	uint32_t tid;
	int64_t s;

	switch (mmt_key_type(it->key)) {
	case MMT_EV_SWITCH:
	case MMT_EV_SWITCHX:
		if (it->current == UNKNOWN)
			return; /* right after lost records: who was switched out is not known */
		tid = (uint32_t)key_field(type, "next", it->key);
		s = key_field(type, "state", it->key);
		perf_head(e, t, it, "sched:sched_switch");
		fprintf(e->f, "prev_comm=%s prev_pid=%u prev_prio=120 prev_state=%s%s ==> next_comm=%s next_pid=%u next_prio=120\n",
			comm_of(e, it->current, t, idle, sizeof(idle), it->stream), it->current,
			!it->current ? "R" : s >= 0 && s < 8 ? state[s] : "?",
			s == MMT_STATE_R && it->current ? "+" : "", comm_of(e, tid, t, idle2, sizeof(idle2), it->stream), tid);
		break;
	case MMT_EV_WAKEUP:
	case MMT_EV_WAKEUPR:
		tid = (uint32_t)key_field(type, "tid", it->key);
		perf_head(e, t, it, key_field(type, "flags", it->key) & 1 ? "sched:sched_wakeup_new" : "sched:sched_wakeup");
		fprintf(e->f, "comm=%s pid=%u prio=120 target_cpu=%03" PRId64 "\n", comm_of(e, tid, t, idle, sizeof(idle), it->stream),
			tid, key_field(type, "cpu", it->key));
		break;
	case MMT_EV_WAKING:
		tid = (uint32_t)key_field(type, "tid", it->key);
		perf_head(e, t, it, "sched:sched_waking");
		fprintf(e->f, "comm=%s pid=%u prio=120 target_cpu=%03u\n", comm_of(e, tid, t, idle, sizeof(idle), it->stream), tid,
			it->stream);
		break;
	case MMT_EV_MIGRATE:
		tid = (uint32_t)key_field(type, "tid", it->key);
		perf_head(e, t, it, "sched:sched_migrate_task");
		fprintf(e->f, "comm=%s pid=%u prio=120 orig_cpu=%" PRId64 " dest_cpu=%" PRId64 "\n",
			comm_of(e, tid, t, idle, sizeof(idle), it->stream), tid, key_field(type, "orig", it->key),
			key_field(type, "dest", it->key));
		break;
	default: /* fork, exec and exit lie on a stream that is no CPU */
		break;
	}
}

/* ---------------------------------------------------------- csv and json */

/* The columns: every field of every event type of this file, under its name. */
static void make_columns(struct export *e)
{
	const struct mmt_type *types;
	size_t n, i, c;
	uint16_t k;

	types = mmt_reader__types(e->r, &n);
	for (i = 0; i < n; i++) {
		if (types[i].kind != MMT_KIND_EVENT || !type_wanted(e, &types[i]))
			continue;
		for (k = 0; k < types[i].n_fields; k++) {
			const struct mmt_field *f = &types[i].fields[k];

			for (c = 0; c < e->n_cols && strcmp(e->col[c].name, f->name); c++)
				;
			if (c == e->n_cols && c < MAX_COLUMNS)
				e->col[e->n_cols++] = (struct column){ f->name, f->fmt == MMT_FMT_TID };
		}
	}
}

/* A field's value in an event; switches get the prev that their stream implies. */
static bool value_of(const struct item *it, const struct mmt_type *t, const char *name, struct mmt_cell *c,
		     const struct mmt_field **field)
{
	static const struct mmt_field prev = { .name = "prev", .fmt = MMT_FMT_TID, .role = MMT_ROLE_KEY };
	unsigned int k, a = 0;

	memset(c, 0, sizeof(*c));
	for (k = 0; t && k < t->n_fields; k++) {
		if (!strcmp(t->fields[k].name, name)) {
			*field = &t->fields[k];
			if (t->fields[k].role == MMT_ROLE_KEY)
				c->u = mmt_key_field(t, k, it->key);
			else if (a < it->n_args)
				c->u = it->arg[a];
			else
				return false;
			return true;
		}
		a += t->fields[k].role == MMT_ROLE_ARG;
	}
	if (mmt_key_type(it->key) == MMT_EV_SWITCH && !strcmp(name, "prev") && it->current != UNKNOWN) {
		*field = &prev;
		c->u = it->current;
		return true;
	}
	return false;
}

static const char *type_name(const struct mmt_type *t)
{
	/* how a switch or wakeup was packed is the file's business */
	if (t && t->id == MMT_EV_SWITCHX)
		return "switch";
	if (t && t->id == MMT_EV_WAKEUPR)
		return "wakeup";
	return t ? t->name : "?";
}

static void csv_head(struct export *e, const char *sep)
{
	size_t c;

	fprintf(e->f, "time_ns%sstream%sevent", sep, sep);
	for (c = 0; c < e->n_cols; c++) {
		fprintf(e->f, "%s%s", sep, e->col[c].name);
		if (e->col[c].tid)
			fprintf(e->f, "%s%s_comm", sep, e->col[c].name);
	}
	fputc('\n', e->f);
}

static const char *tid_comm(struct export *e, uint64_t tid, uint64_t t)
{
	const struct model_task *task = names_at(&e->names, (uint32_t)tid, t);

	return !tid ? "swapper" : task ? task->comm : "";
}

static void csv_line(struct export *e, uint64_t t, const struct item *it, const struct mmt_type *type, const char *sep)
{
	static const struct mmt_field text = { .name = "", .fmt = MMT_FMT_STR };
	const struct mmt_field *field;
	struct mmt_cell v;
	size_t c;

	fprintf(e->f, "%" PRIu64 "%s%u%s%s", t, sep, it->stream, sep, type_name(type));
	for (c = 0; c < e->n_cols; c++) {
		bool have = value_of(it, type, e->col[c].name, &v, &field);

		fputs(sep, e->f);
		if (have)
			dump_value_csv(e->f, field, &v, sep);
		if (!e->col[c].tid)
			continue;
		fputs(sep, e->f);
		if (have) {
			const char *comm = tid_comm(e, v.u, t);
			struct mmt_cell cc = { .p = comm, .len = (uint32_t)strlen(comm) };

			dump_value_csv(e->f, &text, &cc, sep);
		}
	}
	fputc('\n', e->f);
}

static void json_line(struct export *e, uint64_t t, const struct item *it, const struct mmt_type *type)
{
	const struct mmt_field *field;
	char name[80];
	struct mmt_cell v;
	size_t c;

	if (e->o->fmt == EXPORT_NDJSON)
		json_init(&e->j, e->f, false);
	json_obj(&e->j, NULL);
	json_u64(&e->j, "time_ns", t);
	json_u64(&e->j, "stream", it->stream);
	json_str(&e->j, "event", type_name(type));
	for (c = 0; c < e->n_cols; c++) {
		if (!value_of(it, type, e->col[c].name, &v, &field))
			continue;
		dump_value_json(&e->j, field, &v);
		if (!e->col[c].tid)
			continue;
		snprintf(name, sizeof(name), "%s_comm", e->col[c].name);
		json_str(&e->j, name, tid_comm(e, v.u, t));
	}
	json_end(&e->j);
}

static int on_batch(void *ctx, const struct mrec *r, size_t n)
{
	struct export *e = ctx;
	const char *sep = e->o->sep ? e->o->sep : ",";
	size_t i;

	for (i = 0; i < n; i++) {
		struct item *it = &e->item[r[i].v];
		const struct mmt_type *t = mmt_reader__type(e->r, (uint16_t)mmt_key_type(it->key));

		if (e->o->fmt == EXPORT_PERF_SCRIPT)
			perf_script(e, r[i].time, it, t);
		else if (e->o->fmt == EXPORT_CSV)
			csv_line(e, r[i].time, it, t, sep);
		else
			json_line(e, r[i].time, it, t);
		it->next_free = e->free_item;
		e->free_item = (uint32_t)r[i].v;
	}
	return ferror(e->f) ? -EPIPE : 0;
}

int export_events(const struct model *m, const struct export_opts *o, FILE *f)
{
	static const struct merge_ops ops = { NULL, on_block, on_gap, on_batch };
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = o->log, .log_ctx = o->log_ctx };
	struct export e = { .m = m, .o = o, .f = f, .free_item = UNKNOWN };
	struct merge_stats st;
	int err;

	err = names_init(&e.names, m);
	if (err)
		return err;
	err = mmt_reader__open(m->path, &ro, &e.r);
	if (err)
		goto out;
	make_columns(&e);
	if (o->fmt == EXPORT_CSV)
		csv_head(&e, o->sep ? o->sep : ",");
	json_init(&e.j, f, false);
	if (o->fmt == EXPORT_JSON)
		json_arr(&e.j, NULL);
	err = merge_run(e.r, &ops, &e, &st);
	if (o->fmt == EXPORT_JSON)
		json_end(&e.j);
	if (err == -EPIPE)
		err = 0; /* said when the output is closed */
out:
	mmt_reader__close(e.r);
	names_free(&e.names);
	free(e.item);
	return err;
}
