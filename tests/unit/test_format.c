// SPDX-License-Identifier: GPL-2.0-only
/* What is written is what is read: events, arguments, rows, types nobody knows, losses. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>

#include "../../libmmtrace/internal.h"
#include "trace_make.h"

#define KSW(state, next) MMT_KEY(MMT_EV_SWITCH, (uint64_t)(next) << 4 | (state))
#define KWR(tid, cpu) MMT_KEY(MMT_EV_WAKEUPR, (uint64_t)(cpu) << 28 | (uint64_t)(tid) << 4)

static struct mmt_status read_status(struct mmt_reader *r)
{
	struct mmt_status st = { .sz = sizeof(st) };

	assert_int_equal(mmt_reader__status(r, &st), 0);
	return st;
}

/* Events of up to 3 streams, as given or as read. */
#define MAX_EV 300000
struct sample {
	struct mmt_event *ev[3];
	uint64_t *args[3];
	size_t n[3], n_args[3];
};

static struct sample sample_new(void)
{
	struct sample s = { 0 };
	unsigned int c;

	for (c = 0; c < 3; c++) {
		s.ev[c] = malloc(MAX_EV * sizeof(*s.ev[c]));
		s.args[c] = malloc(MAX_EV * sizeof(*s.args[c]));
	}
	return s;
}

static void sample_free(struct sample *s)
{
	unsigned int c;

	for (c = 0; c < 3; c++) {
		free(s->ev[c]);
		free(s->args[c]);
	}
}

static void sample_equal(const struct sample *a, const struct sample *b)
{
	unsigned int c;

	for (c = 0; c < 3; c++) {
		assert_int_equal(a->n[c], b->n[c]);
		assert_int_equal(a->n_args[c], b->n_args[c]);
		if (a->n[c])
			assert_memory_equal(a->ev[c], b->ev[c], a->n[c] * sizeof(*a->ev[c]));
		if (a->n_args[c])
			assert_memory_equal(a->args[c], b->args[c], a->n_args[c] * sizeof(*a->args[c]));
	}
}

/* n more events in each stream; times and durations on the grid of the unit. */
static void sample_add(struct sample *s, uint32_t seed, size_t n, unsigned int shift, unsigned int keys)
{
	unsigned int c;
	uint64_t t;
	size_t i;

	for (c = 0; c < 3; c++) {
		t = s->n[c] ? s->ev[c][s->n[c] - 1].time : 5000000000ull + trace_rnd(&seed) % 100000;
		for (i = 0; i < n; i++) {
			t += trace_rnd(&seed) % 5 ? trace_rnd(&seed) % 3000 : (uint64_t)trace_rnd(&seed) * 100;
			t = t >> shift << shift;
			if (trace_rnd(&seed) % 4) {
				s->ev[c][s->n[c]].key = KSW(trace_rnd(&seed) % 8, trace_rnd(&seed) % keys);
			} else {
				s->ev[c][s->n[c]].key = KWR(1000 + trace_rnd(&seed) % 40, c);
				s->args[c][s->n_args[c]++] =
					(uint64_t)trace_rnd(&seed) << (trace_rnd(&seed) % 32) >> shift << shift;
			}
			s->ev[c][s->n[c]++].time = t;
		}
	}
}

static const uint32_t stream_ids[3] = { 0, 1, MMT_STREAM_TASKS };

static void sample_put(struct mmt_writer *w, const struct sample *s, const size_t from[3], const size_t arg_from[3])
{
	unsigned int c;

	for (c = 0; c < 3; c++)
		assert_int_equal(mmt_writer__events(w, stream_ids[c], s->ev[c] + from[c], s->n[c] - from[c],
						    s->args[c] + arg_from[c], s->n_args[c] - arg_from[c]), 0);
}

static void sample_gather(struct sample *g, const struct mmt_chunk *ch)
{
	const struct mmt_block *b;
	uint32_t i, k;
	size_t na;

	for (b = ch->blocks; b < ch->blocks + ch->n_blocks; b++) {
		for (i = 0; i < 3 && stream_ids[i] != b->stream; i++)
			;
		assert_true(i < 3);
		for (k = 0, na = 0; k < b->n; k++) {
			assert_true(b->sym[k] < ch->n_keys);
			assert_true(b->time[k] >= ch->first_time && b->time[k] <= ch->last_time);
			g->ev[i][g->n[i]++] = (struct mmt_event){ b->time[k], ch->keys[b->sym[k]] };
			na += ch->key_args[b->sym[k]];
		}
		assert_int_equal(na, b->n_args);
		memcpy(g->args[i] + g->n_args[i], b->args, na * sizeof(uint64_t));
		g->n_args[i] += na;
	}
}

static void round_trip(size_t n, unsigned int shift, int level, unsigned int chunks, unsigned int keys)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = (uint8_t)shift, .level = level };
	struct sample want = sample_new(), got = sample_new();
	size_t at[3], arg_at[3];
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int k;
	int ret;

	assert_int_equal(mmt_writer__open(path, &o, &w), 0);
	for (k = 0; k < chunks; k++) {
		memcpy(at, want.n, sizeof(at));
		memcpy(arg_at, want.n_args, sizeof(arg_at));
		sample_add(&want, 7 + k, n, shift, keys);
		sample_put(w, &want, at, arg_at);
		assert_int_equal(mmt_writer__seal(w), 0);
		assert_int_equal(mmt_writer__pending(w), 0);
	}
	assert_int_equal(mmt_writer__close(w), 0);

	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	assert_int_equal(mmt_reader__time_shift(r), shift);
	while ((ret = mmt_reader__next(r, &ch)) > 0)
		sample_gather(&got, &ch);
	assert_int_equal(ret, 0);
	sample_equal(&want, &got);
	assert_string_equal(read_status(r).line, "");
	assert_int_equal(read_status(r).skipped_bytes, 0);
	mmt_reader__close(r);
	trace_drop(path);
	sample_free(&want);
	sample_free(&got);
}

static void test_events(void **state)
{
	unsigned int shift;

	(void)state;
	round_trip(1, 0, 0, 1, 5);
	round_trip(0, 0, 0, 1, 5);
	for (shift = 0; shift < 8; shift++)
		round_trip(2500, shift, 0, 2, 7);
	/* chunks of each way to choose contexts */
	round_trip(300, 4, 0, 2, 300);
	round_trip(1300, 4, 0, 2, 300);
	round_trip(6000, 4, 0, 2, 300);
	round_trip(2000, 0, -1, 2, 700);
	round_trip(2000, 5, 9, 1, 50);
	/* each event a key of its own, nearly */
	round_trip(20000, 3, 1, 1, 1u << 24);
	/* more than a chunk takes, sealed by itself on the way */
	round_trip(250000, 4, 1, 1, 90);
}

/* Great leaps, the ends of the number range, steps back. */
static void test_times(void **state)
{
	static const uint64_t t[] = { 0, 1, 31, 32, 1ull << 32, (1ull << 32) + 1, 1ull << 40, UINT64_MAX - 5, 7, UINT64_MAX };
	unsigned int shift, i;

	(void)state;
	for (shift = 0; shift <= MMT_MAX_SHIFT; shift += 4) {
		struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = (uint8_t)shift };
		struct mmt_event ev[ARRAY_SIZE(t)];
		char *path = trace_tmp();
		uint64_t want, last = 0;
		struct mmt_writer *w;
		struct mmt_reader *r;
		struct mmt_chunk ch;

		for (i = 0; i < ARRAY_SIZE(t); i++)
			ev[i] = (struct mmt_event){ t[i], KSW(2, 5) };
		assert_int_equal(mmt_writer__open(path, &o, &w), 0);
		assert_int_equal(mmt_writer__events(w, 3, ev, ARRAY_SIZE(t), NULL, 0), 0);
		assert_int_equal(mmt_writer__close(w), 0);
		assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
		assert_int_equal(mmt_reader__next(r, &ch), 1);
		assert_int_equal(ch.n_blocks, 1);
		assert_int_equal(ch.blocks[0].n, ARRAY_SIZE(t));
		for (i = 0; i < ARRAY_SIZE(t); i++) {
			want = MAX_OF(t[i] >> shift << shift, last);
			assert_true(ch.blocks[0].time[i] == want);
			last = want;
		}
		mmt_reader__close(r);
		trace_drop(path);
	}
}

static const struct mmt_field far_event_f[] = {
	{ "vcpu", MMT_FMT_CPU, MMT_ROLE_KEY, 16, "", "" },
	{ "who", MMT_FMT_TID, MMT_ROLE_KEY, 24, "", "" },
	{ "whom", MMT_FMT_TID, MMT_ROLE_KEY, 16, "", "" },
	{ "len", MMT_FMT_U64, MMT_ROLE_ARG, 0, "B", "length" },
	{ "took", MMT_FMT_NS, MMT_ROLE_ARG, 0, "ns", "" },
};
static const struct mmt_field far_table_f[] = {
	{ "when", MMT_FMT_TIME, MMT_ROLE_COL, 0, "ns", "" },
	{ "text", MMT_FMT_STR, MMT_ROLE_COL, 0, "", "" },
	{ "delta", MMT_FMT_S64, MMT_ROLE_COL, 0, "", "" },
	{ "data", MMT_FMT_BYTES, MMT_ROLE_COL, 0, "", "" },
};
static const struct mmt_type far_types[] = {
	{ 200, MMT_KIND_EVENT, "far_event", "from the future", ARRAY_SIZE(far_event_f), far_event_f },
	{ 40000, MMT_KIND_TABLE, "far_table", "likewise", ARRAY_SIZE(far_table_f), far_table_f },
};

/* A type that the library has never heard of is read by the file's own schema. */
static void test_extra_types(void **state)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .extra_types = far_types, .n_extra_types = 2, .time_shift = 4 };
	const uint64_t args[] = { 1ull << 60, 4096, 3, 17 };
	const struct mmt_event ev[] = {
		{ 100, MMT_KEY(200, 7ull | 0xabcdefull << 16 | 0x1234ull << 40) },
		{ 200, MMT_KEY(200, 8ull | 0xffffffull << 16) },
	};
	struct mmt_cell rows[3][4] = {
		{ { .u = 77 }, { .p = "abc", .len = 3 }, { .u = (uint64_t)-5 }, { .p = "\0\1", .len = 2 } },
		{ { .u = UINT64_MAX }, { .len = 0 }, { .u = 1ull << 63 }, { .len = 0 } },
		{ { .u = 0 }, { .p = "abcdef", .len = 6 }, { .u = 0 }, { .p = "x", .len = 1 } },
	};
	const struct mmt_type *t;
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int i, k;

	(void)state;
	assert_int_equal(mmt_writer__open(path, &o, &w), 0);
	assert_int_equal(mmt_writer__events(w, 70000, ev, 2, args, 4), 0);
	for (i = 0; i < 3; i++)
		assert_int_equal(mmt_writer__row(w, 40000, rows[i], 4), 0);
	assert_int_equal(mmt_writer__close(w), 0);

	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	t = mmt_reader__type(r, 200);
	assert_non_null(t);
	assert_string_equal(t->name, "far_event");
	assert_string_equal(t->fields[3].unit, "B");
	assert_string_equal(t->fields[3].desc, "length");
	assert_int_equal(mmt_type__field(t, "took"), 4);
	assert_int_equal(mmt_type__field(t, "nothing"), -ENOENT);
	assert_int_equal(mmt_reader__next(r, &ch), 1);
	assert_int_equal(ch.n_tables, 1);
	assert_string_equal(ch.tables[0].type->name, "far_table");
	assert_int_equal(ch.tables[0].n, 3);
	assert_int_equal(ch.first_time, 77);
	assert_true(ch.last_time == UINT64_MAX);
	for (i = 0; i < 3; i++) {
		for (k = 0; k < 4; k++) {
			const struct mmt_cell *c = &ch.tables[0].cells[i * 4 + k];

			assert_true(c->u == rows[i][k].u);
			assert_int_equal(c->len, rows[i][k].len);
			if (c->len)
				assert_memory_equal(c->p, rows[i][k].p, c->len);
		}
	}
	assert_int_equal(mmt_reader__next(r, &ch), 1);
	assert_int_equal(ch.n_blocks, 1);
	assert_int_equal(ch.blocks[0].stream, 70000);
	for (i = 0; i < 2; i++)
		assert_true(ch.keys[ch.blocks[0].sym[i]] == ev[i].key);
	assert_int_equal(mmt_key_field(t, 1, ev[0].key), 0xabcdef);
	assert_int_equal(mmt_key_field(t, 3, ev[0].key), 0);
	/* a duration is kept in the unit of the times, a number as it is */
	assert_true(ch.blocks[0].args[0] == 1ull << 60 && ch.blocks[0].args[1] == 4096);
	assert_true(ch.blocks[0].args[2] == 3 && ch.blocks[0].args[3] == 16);
	assert_int_equal(mmt_reader__next(r, &ch), 0);
	mmt_reader__close(r);
	trace_drop(path);
}

static void test_misuse(void **state)
{
	struct mmt_writer_opts o = { .sz = sizeof(o) };
	struct { struct mmt_writer_opts o; uint64_t more; } late = { .o = { .sz = sizeof(late) } };
	struct mmt_type bad = far_types[0];
	struct mmt_event ev = { 1, KSW(0, 1) };
	struct mmt_cell c[4] = { 0 };
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;

	(void)state;
	mmt_writer__abandon(NULL);
	mmt_reader__close(NULL);
	assert_int_equal(mmt_writer__close(NULL), 0);
	assert_int_equal(mmt_writer__open("/nonexistent/x", NULL, &w), -ENOENT);
	o.time_shift = 21;
	assert_int_equal(mmt_writer__open(path, &o, &w), -EINVAL);
	o = (struct mmt_writer_opts){ .sz = sizeof(o), .level = 10 };
	assert_int_equal(mmt_writer__open(path, &o, &w), -EINVAL);
	/* a struct of a later version: fine as long as what we do not know is not used */
	assert_int_equal(mmt_writer__open(path, &late.o, &w), 0);
	mmt_writer__abandon(w);
	late.more = 1;
	assert_int_equal(mmt_writer__open(path, &late.o, &w), -EINVAL);
	o = (struct mmt_writer_opts){ .sz = sizeof(o), .extra_types = &bad, .n_extra_types = 1 };
	bad.id = MMT_EV_SWITCH;
	assert_int_equal(mmt_writer__open(path, &o, &w), -EINVAL);
	bad.id = 300;
	assert_int_equal(mmt_writer__open(path, &o, &w), -EINVAL);

	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	ev.key = MMT_KEY(99, 1); /* no such type */
	assert_int_equal(mmt_writer__events(w, 0, &ev, 1, NULL, 0), -EINVAL);
	ev.key = KSW(0, 1) | 1ull << 40; /* beyond its fields */
	assert_int_equal(mmt_writer__events(w, 0, &ev, 1, NULL, 0), -EINVAL);
	ev.key = KWR(1, 1); /* without its argument */
	assert_int_equal(mmt_writer__events(w, 0, &ev, 1, NULL, 0), -EINVAL);
	assert_int_equal(mmt_writer__row(w, MMT_TB_META, c, 3), -EINVAL);
	assert_int_equal(mmt_writer__row(w, 9999, c, 3), -EINVAL);
	assert_int_equal(mmt_writer__row(w, MMT_EV_SWITCH, c, 2), -EINVAL);
	assert_int_equal(mmt_writer__close(w), 0);
	assert_int_equal(mmt_reader__open("/nonexistent/x", NULL, &r), -ENOENT);
	assert_int_equal(mmt_reader__open("/tmp", NULL, &r), -EISDIR);
	assert_int_equal(mmt_reader__open("/dev/null", NULL, &r), -EPROTO);
	trace_spill(path, "#!/bin/sh\necho this is no trace, however long it may be\n", 56);
	assert_int_equal(mmt_reader__open(path, NULL, &r), -EPROTO);
	trace_drop(path);
}

static void test_lost(void **state)
{
	const uint64_t a[MMT_N_CLASSES] = { 1, 2, 3, 1ull << 32 }, b[MMT_N_CLASSES] = { 1, 0, 0, 1 };
	uint64_t sum[MMT_N_CLASSES] = { 0 };
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int i;

	(void)state;
	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	mmt_writer__lost(w, a);
	assert_int_equal(mmt_writer__seal(w), 0);
	mmt_writer__lost(w, b);
	assert_int_equal(mmt_writer__close(w), 0);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &ch) > 0)
		for (i = 0; i < MMT_N_CLASSES; i++)
			sum[i] += ch.lost[i];
	for (i = 0; i < MMT_N_CLASSES; i++)
		assert_true(sum[i] == a[i] + b[i]);
	assert_int_equal(read_status(r).good_chunks, 4);
	mmt_reader__close(r);
	trace_drop(path);
}

static void test_deterministic(void **state)
{
	struct bytes a = trace_make(1, 4, 5, 900), b = trace_make(1, 4, 5, 900), c = trace_make(-1, 4, 5, 900);
	struct digest da = trace_digest_of(a.p, a.len), dc = trace_digest_of(c.p, c.len);

	(void)state;
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
	/* the codec changes the bytes, not what they say */
	assert_true(c.len > a.len);
	assert_memory_equal(da.of_chunk, dc.of_chunk, sizeof(da.of_chunk));
	free(a.p);
	free(b.p);
	free(c.p);
}

/* Threads share the event chunks; rows come to each of them. */
static void test_parts(void **state)
{
	struct bytes b = trace_make(1, 4, 7, 100);
	struct mmt_reader_opts o = { .sz = sizeof(o), .n_parts = 3 };
	struct digest all = trace_digest_of(b.p, b.len), d;
	uint64_t events = 0;
	char *path = trace_tmp();
	struct mmt_reader *r;

	(void)state;
	trace_spill(path, b.p, b.len);
	for (o.part = 0; o.part < o.n_parts; o.part++) {
		d = trace_digest(path, &o);
		assert_int_equal(d.ret, 0);
		assert_int_equal(d.rows, all.rows);
		assert_int_equal(d.st.good_chunks, all.st.good_chunks);
		assert_string_equal(d.st.line, "");
		events += d.events;
	}
	assert_int_equal(events, all.events);
	assert_int_equal(mmt_reader__open(path, &o, &r), -EINVAL);
	o = (struct mmt_reader_opts){ .sz = sizeof(o), .no_events = true };
	d = trace_digest(path, &o);
	assert_int_equal(d.rows, all.rows);
	assert_int_equal(d.events, 0);
	assert_string_equal(d.st.line, "");
	trace_drop(path);
	free(b.p);
}

static void test_rewind(void **state)
{
	struct bytes b = trace_make(1, 4, 7, 100);
	char *path = trace_tmp();
	struct mmt_status st[2];
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int i, n[2] = { 0 };

	(void)state;
	trace_spill(path, b.p, b.len - 10);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	for (i = 0; i < 2; i++) {
		while (mmt_reader__next(r, &ch) > 0)
			n[i]++;
		st[i] = read_status(r);
		assert_int_equal(mmt_reader__rewind(r), 0);
	}
	assert_int_equal(n[0], n[1]);
	assert_memory_equal(&st[0], &st[1], sizeof(st[0]));
	mmt_reader__close(r);
	trace_drop(path);
	free(b.p);
}

/* A later minor may lengthen headers and add chunks and sections; a later major is refused. */
static void test_later_versions(void **state)
{
	struct bytes b = trace_make(1, 4, 2, 50);
	struct digest want = trace_digest_of(b.p, b.len), d;
	uint8_t *p = calloc(1, b.len + 4096), *to = p;
	size_t off[16], len;
	unsigned int n = trace_offsets(&b, off, 16), i;

	(void)state;
	memcpy(p, b.p, MMT_PREAMBLE_LEN);
	mmt_put16(p + 10, 9);
	mmt_put32(p + 28, mmt_crc(p, 28));
	to += MMT_PREAMBLE_LEN;
	for (i = 0; i < n; i++) {
		/* 8 more bytes in the header */
		len = off[i + 1] - off[i] - MMT_HEADER_LEN;
		memcpy(to, b.p + off[i], MMT_HEADER_LEN - 4);
		mmt_put16(to + 4, MMT_HEADER_LEN + 8);
		mmt_put32(to + MMT_HEADER_LEN + 4, mmt_crc(to, MMT_HEADER_LEN + 4));
		memcpy(to + MMT_HEADER_LEN + 8, b.p + off[i] + MMT_HEADER_LEN, len);
		to += MMT_HEADER_LEN + 8 + len;
	}
	d = trace_digest_of(p, (size_t)(to - p));
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.chunks, want.chunks);
	assert_memory_equal(d.of_chunk, want.of_chunk, sizeof(d.of_chunk));
	assert_int_equal(d.st.bad_chunks, 0);

	/* a chunk of a type not known: no news, no complaint */
	b.p[off[2] + 6] = 77;
	mmt_put32(b.p + off[2] + 68, mmt_crc(b.p + off[2], 68));
	d = trace_digest_of(b.p, b.len);
	assert_int_equal(d.chunks, want.chunks - 1);
	assert_string_equal(d.st.line, "");

	mmt_put16(b.p + 8, 2);
	mmt_put32(b.p + 28, mmt_crc(b.p, 28));
	assert_int_equal(trace_digest_of(b.p, b.len).ret, -ENOTSUP);
	free(b.p);
	free(p);
}

/* Large blocks are mapped or not as malloc() pleases. */
static size_t heap_used(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

/* Memory stays what it was once the buffers have their size, in the writer and in the reader. */
static void test_flat_memory(void **state)
{
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int n = 0;
	size_t early = 0;

	(void)state;
	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	trace_fill(w, 5, 500);
	early = heap_used();
	trace_fill(w, 100, 500);
	assert_int_equal(heap_used(), early);
	assert_int_equal(mmt_writer__close(w), 0);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &ch) > 0)
		if (++n == 20)
			early = heap_used();
	assert_int_equal(n, 210);
	assert_int_equal(heap_used(), early);
	mmt_reader__close(r);
	trace_drop(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_times),
		cmocka_unit_test(test_extra_types),
		cmocka_unit_test(test_misuse),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_rewind),
		cmocka_unit_test(test_later_versions),
		cmocka_unit_test(test_flat_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
