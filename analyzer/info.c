// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "info.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define LOSS_LINES 12

struct count { uint16_t id; uint64_t n, chunks; const char *name; };

struct loss { uint64_t from, to; uint64_t lost[MMT_N_CLASSES]; };

struct info {
	const struct model *m;
	struct count ev[256];
	struct count *tb;
	size_t n_tb;
	uint64_t chunks, event_chunks, stored, raw, events;
	uint64_t table_stored, table_raw;
	uint64_t first, last;
	uint32_t n_streams;
	struct u64map streams;
	struct loss loss[LOSS_LINES];
	size_t n_loss;
	uint64_t lost[MMT_N_CLASSES];
	struct mmt_reader *r;
	struct mmt_status status; /* of all of the file; the model's knows nothing of the events */
};

static struct count *table_count(struct info *in, const struct mmt_type *t)
{
	struct count *c;
	size_t i;

	for (i = 0; i < in->n_tb; i++)
		if (in->tb[i].id == t->id)
			return &in->tb[i];
	c = reallocarray(in->tb, in->n_tb + 1, sizeof(*c));
	if (!c)
		return NULL;
	in->tb = c;
	c = &in->tb[in->n_tb++];
	*c = (struct count){ .id = t->id, .name = strdup(t->name) };
	return c->name ? c : NULL;
}

static void count_loss(struct info *in, const struct mmt_chunk *c)
{
	struct loss *l;
	uint64_t sum = 0;
	int k;

	for (k = 0; k < MMT_N_CLASSES; k++) {
		sum += c->lost[k];
		in->lost[k] += c->lost[k];
	}
	if (!sum)
		return;
	/* the last line takes what does not fit any more */
	if (in->n_loss < LOSS_LINES)
		in->loss[in->n_loss++] = (struct loss){ .from = c->first_time };
	l = &in->loss[in->n_loss - 1];
	l->to = c->last_time;
	for (k = 0; k < MMT_N_CLASSES; k++)
		l->lost[k] += c->lost[k];
}

static int count_chunk(struct info *in, const struct mmt_chunk *c, uint64_t *per_key)
{
	uint32_t i, k;

	in->chunks++;
	count_loss(in, c);
	for (i = 0; i < c->n_tables; i++) {
		struct count *t = table_count(in, c->tables[i].type);

		if (!t)
			return -ENOMEM;
		t->n += c->tables[i].n;
		t->chunks++;
	}
	if (!c->n_blocks) {
		in->table_stored += c->stored_len;
		in->table_raw += c->raw_len;
		return 0;
	}
	in->event_chunks++;
	in->stored += c->stored_len;
	in->raw += c->raw_len;
	memset(per_key, 0, c->n_keys * sizeof(*per_key));
	for (i = 0; i < c->n_blocks; i++) {
		const struct mmt_block *b = &c->blocks[i];

		in->events += b->n;
		if (u64map_get(&in->streams, b->stream) == U64MAP_NONE && u64map_put(&in->streams, b->stream, in->n_streams++))
			return -ENOMEM;
		if (b->n && (!in->first || b->time[0] < in->first))
			in->first = b->time[0];
		if (b->n && b->time[b->n - 1] > in->last)
			in->last = b->time[b->n - 1];
		for (k = 0; k < b->n; k++)
			per_key[b->sym[k]]++;
	}
	for (i = 0; i < c->n_keys; i++) {
		struct count *e = &in->ev[mmt_key_type(c->keys[i])];
		const struct mmt_type *t = mmt_reader__type(in->r, (uint16_t)mmt_key_type(c->keys[i]));

		e->n += per_key[i];
		e->id = (uint16_t)mmt_key_type(c->keys[i]);
		if (!e->name)
			e->name = strdup(t ? t->name : "(not in the schema)");
	}
	return 0;
}

static int read_events(struct info *in)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro) };
	uint64_t *per_key = NULL;
	struct mmt_chunk c;
	size_t cap = 0;
	int err;

	err = mmt_reader__open(in->m->path, &ro, &in->r);
	if (err)
		return err;
	while ((err = mmt_reader__next(in->r, &c)) > 0) {
		if (c.n_keys > cap) {
			uint64_t *p = reallocarray(per_key, c.n_keys, sizeof(*p));

			if (!p) {
				err = -ENOMEM;
				break;
			}
			per_key = p;
			cap = c.n_keys;
		}
		err = count_chunk(in, &c, per_key);
		if (err)
			break;
	}
	free(per_key);
	in->status.sz = sizeof(in->status);
	err = err ? err : mmt_reader__status(in->r, &in->status);
	mmt_reader__close(in->r);
	in->r = NULL;
	return err;
}

static const char *mark_kind(uint32_t k)
{
	static const char *const name[] = { "start", "end", "iteration start", "iteration end", "phase", "user" };

	return k < N(name) ? name[k] : "?";
}

static double since_start(const struct model *m, uint64_t t)
{
	uint64_t t0 = m->n_marks ? m->marks[0].time : 0;

	return t >= t0 ? (double)(t - t0) / 1e9 : -(double)(t0 - t) / 1e9;
}

static const struct model_segment *segment(const struct model *m, uint64_t seq)
{
	size_t i;

	for (i = 0; i < m->n_segments; i++)
		if (m->segments[i].seq == seq)
			return &m->segments[i];
	return NULL;
}

static struct table *marks_table(const struct model *m)
{
	static const struct table_col cols[] = {
		{ .id = "seq", .head = "segment", .type = COL_COUNT },
		{ .id = "time_ns", .head = "time", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "at_s", .head = "at", .unit = "s", .type = COL_FLOAT, .prec = 6 },
		{ .id = "length_s", .head = "length", .unit = "s", .type = COL_FLOAT, .prec = 6 },
		{ .id = "kind", .head = "mark", .type = COL_TEXT },
		{ .id = "name", .head = "name", .type = COL_TEXT, .max = 24 },
		{ .id = "arg", .head = "arg", .type = COL_TEXT, .flags = COL_HIDE_EMPTY, .max = 24 },
		{ .id = "switches", .head = "switches", .type = COL_COUNT },
		{ .id = "migrations", .head = "migrations", .type = COL_COUNT },
	};
	struct table *t = table_new("marks", "Marks, and the segments that they begin", cols, N(cols));
	size_t i;

	for (i = 0; t && i < m->n_marks; i++) {
		const struct model_mark *k = &m->marks[i];
		const struct model_segment *s = segment(m, k->seq);

		table_u64(t, k->seq);
		table_u64(t, k->time);
		table_f64(t, since_start(m, k->time));
		if (i + 1 < m->n_marks)
			table_f64(t, (double)(m->marks[i + 1].time - k->time) / 1e9);
		else
			table_none(t);
		table_text(t, mark_kind(k->kind));
		table_text(t, k->name);
		table_text(t, *k->arg ? k->arg : NULL);
		if (s && m->have_task_totals) {
			table_u64(t, s->v[MT_NVCSW] + s->v[MT_NIVCSW]);
			table_u64(t, model_migrations(s->v));
		} else {
			table_none(t);
			table_none(t);
		}
	}
	return t;
}

static struct table *events_table(const struct info *in)
{
	static const struct table_col cols[] = {
		{ .id = "type", .head = "event", .type = COL_TEXT },
		{ .id = "id", .head = "id", .type = COL_COUNT },
		{ .id = "count", .head = "count", .type = COL_COUNT },
		{ .id = "share_pct", .head = "share", .unit = "%", .type = COL_FLOAT, .prec = 2 },
		{ .id = "rate", .head = "rate", .unit = "1/s", .type = COL_FLOAT, .prec = 0 },
	};
	struct table *t = table_new("events", "Events", cols, N(cols));
	double s = (double)(in->last - in->first) / 1e9;
	size_t i;

	for (i = 0; t && i < N(in->ev); i++) {
		if (!in->ev[i].n)
			continue;
		table_text(t, in->ev[i].name);
		table_u64(t, in->ev[i].id);
		table_u64(t, in->ev[i].n);
		table_f64(t, 100.0 * (double)in->ev[i].n / (double)in->events);
		if (s > 0)
			table_f64(t, (double)in->ev[i].n / s);
		else
			table_none(t);
	}
	return t;
}

static struct table *tables_table(const struct info *in)
{
	static const struct table_col cols[] = {
		{ .id = "table", .head = "table", .type = COL_TEXT },
		{ .id = "id", .head = "id", .type = COL_COUNT },
		{ .id = "rows", .head = "rows", .type = COL_COUNT },
		{ .id = "chunks", .head = "chunks", .type = COL_COUNT },
	};
	struct table *t = table_new("tables", "Tables", cols, N(cols));
	size_t i;

	for (i = 0; t && i < in->n_tb; i++) {
		table_text(t, in->tb[i].name);
		table_u64(t, in->tb[i].id);
		table_u64(t, in->tb[i].n);
		table_u64(t, in->tb[i].chunks);
	}
	if (t)
		table_sort(t, "id", false);
	return t;
}

static struct table *meta_table(const struct model *m)
{
	static const struct table_col cols[] = {
		{ .id = "key", .head = "fact", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "value", .head = "value", .type = COL_TEXT },
	};
	struct table *t = table_new("meta", "Facts", cols, N(cols));
	size_t i;

	for (i = 0; t && i < m->n_meta; i++) {
		if (model_meta(m, m->meta[i].key) != m->meta[i].value)
			continue;
		table_text(t, m->meta[i].key);
		table_text(t, m->meta[i].value);
	}
	return t;
}

static struct table *loss_table(const struct info *in)
{
	static const struct table_col cols[] = {
		{ .id = "from_s", .head = "from", .unit = "s", .type = COL_FLOAT, .prec = 3 },
		{ .id = "to_s", .head = "to", .unit = "s", .type = COL_FLOAT, .prec = 3 },
		{ .id = "switch", .head = "switch", .type = COL_COUNT },
		{ .id = "wakeup", .head = "wakeup", .type = COL_COUNT },
		{ .id = "migrate", .head = "migrate", .type = COL_COUNT },
		{ .id = "task", .head = "task", .type = COL_COUNT },
	};
	struct table *t = table_new("lost", "Lost events, by class and time", cols, N(cols));
	size_t i;
	int k;

	for (i = 0; t && i < in->n_loss; i++) {
		table_f64(t, since_start(in->m, in->loss[i].from));
		table_f64(t, since_start(in->m, in->loss[i].to));
		for (k = 0; k < MMT_N_CLASSES; k++)
			table_u64(t, in->loss[i].lost[k]);
	}
	return t;
}

static struct table *clocks_table(const struct model *m)
{
	static const struct table_col cols[] = {
		{ .id = "time_ns", .head = "trace clock", .unit = "ns", .type = COL_COUNT },
		{ .id = "mono_ns", .head = "monotonic", .unit = "ns", .type = COL_COUNT },
		{ .id = "boot_ns", .head = "boottime", .unit = "ns", .type = COL_COUNT, .flags = COL_NO_TEXT },
		{ .id = "real_ns", .head = "realtime", .unit = "ns", .type = COL_COUNT },
		{ .id = "error_ns", .head = "error", .unit = "ns", .type = COL_COUNT },
		{ .id = "drift_ppm", .head = "drift", .unit = "ppm", .type = COL_FLOAT, .prec = 3, .flags = COL_SIGN },
	};
	struct table *t = table_new("clocks", "Clocks", cols, N(cols));
	size_t i;

	for (i = 0; t && i < m->n_clocks; i++) {
		const struct model_clock *c = &m->clocks[i], *z = &m->clocks[0];

		if (i && i + 1 < m->n_clocks)
			continue; /* first and last say what there is to say */
		table_u64(t, c->time);
		table_u64(t, c->mono);
		table_u64(t, c->boot);
		table_u64(t, c->real);
		table_u64(t, c->error);
		if (i && c->time > z->time)
			table_f64(t, ((double)(c->mono - z->mono) / (double)(c->time - z->time) - 1) * 1e6);
		else
			table_none(t);
	}
	return t;
}

static void file_lines(const struct info *in, FILE *f)
{
	const struct mmt_status *st = &in->status;
	uint64_t v[MF_N];
	size_t i;

	fprintf(f, "file       %s: %" PRIu64 " bytes, %s\n", in->m->path, st->size,
		st->line[0] ? st->line : "complete");
	fprintf(f, "chunks     %" PRIu64 " good (%" PRIu64 " with events), %" PRIu64 " bad\n", st->good_chunks, in->event_chunks,
		st->bad_chunks);
	fprintf(f, "events     %" PRIu64, in->events);
	if (in->events)
		fprintf(f, " on %u streams over %.3f s; %.2f bytes/event stored, %.2f before compression", in->n_streams,
			(double)(in->last - in->first) / 1e9, (double)in->stored / (double)in->events,
			(double)in->raw / (double)in->events);
	fprintf(f, "\ntables     %" PRIu64 " bytes stored, %" PRIu64 " before compression\n", in->table_stored, in->table_raw);
	fprintf(f, "tasks      %zu epochs, %zu cgroups\n", in->m->n_tasks, in->m->n_cgroups);
	if (model_footprint(in->m, v))
		fprintf(f, "collector  %.3f s user, %.3f s system, %.1f MiB, %" PRIu64 " faults, %" PRIu64 "+%" PRIu64
			" switches, %" PRIu64 " drains\n", (double)v[MF_USER_NS] / 1e9, (double)v[MF_SYS_NS] / 1e9,
			(double)v[MF_MAXRSS_KB] / 1024, v[MF_MINFLT] + v[MF_MAJFLT], v[MF_NVCSW], v[MF_NIVCSW], v[MF_DRAINS]);
	for (i = 0; i < in->m->n_notes; i++)
		fprintf(f, "note       %s\n", in->m->notes[i].text);
}

static void file_json(const struct info *in, struct json *j)
{
	const struct mmt_status *st = &in->status;
	size_t i;

	json_obj(j, "file");
	json_str(j, "path", in->m->path);
	json_u64(j, "size", st->size);
	json_bool(j, "complete", st->complete);
	json_u64(j, "good_chunks", st->good_chunks);
	json_u64(j, "bad_chunks", st->bad_chunks);
	json_u64(j, "skipped_bytes", st->skipped_bytes);
	json_u64(j, "missing_chunks", st->missing_seq);
	json_str(j, "status", st->line);
	json_u64(j, "event_chunks", in->event_chunks);
	json_u64(j, "events", in->events);
	json_u64(j, "event_bytes", in->stored);
	json_u64(j, "event_bytes_raw", in->raw);
	json_u64(j, "table_bytes", in->table_stored);
	json_u64(j, "streams", in->n_streams);
	json_u64(j, "first_event_ns", in->first);
	json_u64(j, "last_event_ns", in->last);
	json_u64(j, "tasks", in->m->n_tasks);
	json_end(j);
	json_arr(j, "notes");
	for (i = 0; i < in->m->n_notes; i++)
		json_str(j, NULL, in->m->notes[i].text);
	json_end(j);
}

static int write_all(const struct info *in, const struct table_out *o, FILE *f)
{
	struct table *t[] = {
		meta_table(in->m), marks_table(in->m), events_table(in), loss_table(in), tables_table(in), clocks_table(in->m),
	};
	struct json j;
	size_t i;
	int err = 0;

	for (i = 0; i < N(t) && !err; i++)
		err = t[i] ? table_err(t[i]) : -ENOMEM;
	if (err)
		goto out;
	if (o->fmt == TABLE_JSON) {
		json_init(&j, f, true);
		json_obj(&j, NULL);
		json_str(&j, "kind", "info");
		json_u64(&j, "version", 1);
		file_json(in, &j);
		for (i = 0; i < N(t); i++)
			table_write_json(t[i], &j, table_id(t[i]));
		json_end(&j);
	} else if (o->fmt == TABLE_NDJSON) {
		for (i = 0; i < N(t); i++)
			table_write_ndjson(t[i], f);
	} else {
		file_lines(in, f);
		for (i = 0; i < N(t); i++) {
			if (!table_rows(t[i]))
				continue;
			fputc('\n', f);
			table_write_text(t[i], f, o);
		}
	}
out:
	for (i = 0; i < N(t); i++)
		table_free(t[i]);
	return err;
}

int info_write(const struct model *m, const struct table_out *o, FILE *f)
{
	struct info in = { .m = m };
	size_t i;
	int err;

	err = read_events(&in);
	err = err ? err : write_all(&in, o, f);
	for (i = 0; i < N(in.ev); i++)
		free((char *)in.ev[i].name);
	for (i = 0; i < in.n_tb; i++)
		free((char *)in.tb[i].name);
	free(in.tb);
	u64map_free(&in.streams);
	return err;
}
