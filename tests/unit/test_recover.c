// SPDX-License-Identifier: GPL-2.0-only
/*
 * Damage: a trace cut at any byte gives all its complete chunks and one line about it; a
 * flipped bit costs at most the chunk it hit; lying lengths cost nothing but their chunk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "../../libmmtrace/internal.h"
#include "trace_make.h"

#define SEALS 6
#define EVENTS 150
#define CHUNKS (2 * SEALS) /* rows and events */

struct whole { /* the sound trace */
	struct bytes b;
	struct digest d;
	size_t off[CHUNKS + 8];
	unsigned int n; /* chunks, the schema and the index among them */
};

static int setup(void **state)
{
	struct whole *w = calloc(1, sizeof(*w));

	w->b = trace_make(1, 4, SEALS, EVENTS);
	w->d = trace_digest_of(w->b.p, w->b.len);
	w->n = trace_offsets(&w->b, w->off, CHUNKS + 8);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct whole *w = *state;

	free(w->b.p);
	free(w);
	return 0;
}

static void test_whole(void **state)
{
	struct whole *w = *state;

	assert_int_equal(w->d.ret, 0);
	assert_int_equal(w->d.chunks, CHUNKS);
	assert_int_equal(w->d.events, 3 * SEALS * EVENTS);
	assert_int_equal(w->n, CHUNKS + 2);
	assert_true(w->d.st.complete);
	assert_string_equal(w->d.st.line, "");
	assert_int_equal(w->d.st.size, w->b.len);
	assert_int_equal(w->d.st.good_chunks, CHUNKS + 2);
}

/* What a cut at `at` must leave. */
static void check_cut(const struct whole *w, size_t at)
{
	struct digest d = trace_digest_of(w->b.p, at);
	unsigned int k, whole = 0;

	if (at < MMT_MAGIC_LEN) {
		assert_int_equal(d.ret, -EPROTO);
		return;
	}
	assert_int_equal(d.ret, 0);
	/* chunk 0 is the schema, the last one the index */
	for (k = 1; k < w->n - 1; k++)
		whole += w->off[k + 1] <= at;
	assert_int_equal(d.chunks, whole);
	assert_memory_equal(d.of_chunk, w->d.of_chunk, whole * sizeof(d.of_chunk[0]));
	assert_int_equal(d.st.complete, at == w->b.len);
	assert_int_equal(d.st.line[0] != 0, at != w->b.len);
	assert_null(strchr(d.st.line, '\n'));
	assert_int_equal(d.st.bad_chunks, 0);
	assert_int_equal(d.st.missing_seq, 0);
	assert_int_equal(d.st.size, at);
	for (k = 0; k < w->n && w->off[k + 1] <= at; k++)
		;
	assert_int_equal(d.st.skipped_bytes, at - (at < MMT_PREAMBLE_LEN ? 0 : w->off[k]) -
			 (at == w->b.len ? MMT_TRAILER_LEN : 0));
}

static void test_cut_boundaries(void **state)
{
	struct whole *w = *state;
	unsigned int k;

	for (k = 0; k < w->n + 2; k++) {
		check_cut(w, w->off[k]);
		check_cut(w, w->off[k] - 1);
		if (w->off[k] < w->b.len)
			check_cut(w, w->off[k] + 1);
	}
	for (k = 0; k < 200; k++)
		check_cut(w, k);
}

static void test_cut_random(void **state)
{
	struct whole *w = *state;
	uint32_t seed = 1;
	unsigned int i;

	for (i = 0; i < 1000; i++)
		check_cut(w, trace_rnd(&seed) % (w->b.len + 1));
}

/* The chunks read are the sound trace's but for those from first to last. */
static void check_lost(const struct whole *w, const struct digest *d, unsigned int most)
{
	unsigned int k, j = 0, lost = 0;

	assert_int_equal(d->ret, 0);
	for (k = 0; k < w->d.chunks; k++) {
		if (j < d->chunks && d->of_chunk[j] == w->d.of_chunk[k])
			j++;
		else
			lost++;
	}
	/* nothing that was not written is read */
	assert_int_equal(j, d->chunks);
	assert_true(lost <= most);
	if (lost)
		assert_true(d->st.line[0]);
}

static void test_flips(void **state)
{
	struct whole *w = *state;
	uint32_t seed = 2, at, bit;
	struct digest d;
	unsigned int i;

	for (i = 0; i < 1000; i++) {
		at = trace_rnd(&seed) % w->b.len;
		bit = 1u << trace_rnd(&seed) % 8;
		w->b.p[at] ^= (uint8_t)bit;
		d = trace_digest_of(w->b.p, w->b.len);
		w->b.p[at] ^= (uint8_t)bit;
		check_lost(w, &d, 1);
		assert_true(d.st.line[0] || d.chunks == w->d.chunks);
		/* the end is there unless it was hit */
		assert_int_equal(d.st.complete, at < w->b.len - MMT_TRAILER_LEN);
	}
}

/* A header in what is put in at `from`, whose length by chance leads to a chunk: nothing tells it from one of a chunk with a hole. */
static bool leads_on(const struct whole *w, uint32_t from, uint32_t first, uint32_t len)
{
	unsigned int k;

	for (k = 0; k <= w->n; k++)
		if (first <= w->off[0] && w->off[k] == from + w->off[1] - first - len)
			return true;
	return false;
}

/* A hole or a foreign piece in the middle: all chunks around it are found again. */
static void test_holes(void **state)
{
	struct whole *w = *state;
	uint8_t *p = malloc(w->b.len * 2);
	uint32_t seed = 3, from, len;
	unsigned int i, k, hit;
	struct digest d;

	for (i = 0; i < 300; i++) {
		from = MMT_PREAMBLE_LEN + trace_rnd(&seed) % (w->b.len - MMT_PREAMBLE_LEN - 300);
		len = 1 + trace_rnd(&seed) % 200;
		for (k = hit = 0; k < w->n; k++)
			hit += w->off[k] < from + len && from < w->off[k + 1];
		memcpy(p, w->b.p, from);
		memcpy(p + from, w->b.p + from + len, w->b.len - from - len);
		d = trace_digest_of(p, w->b.len - len);
		check_lost(w, &d, hit);
		assert_true(d.st.line[0]);

		memcpy(p, w->b.p, from);
		memcpy(p + from, w->b.p + i, len);
		memcpy(p + from + len, w->b.p + from, w->b.len - from);
		d = trace_digest_of(p, w->b.len + len);
		if (!leads_on(w, from, i, len))
			check_lost(w, &d, 1);
	}
	free(p);
}

/* Numbers of a header changed to lies, its checksum made to fit. */
static void test_lies(void **state)
{
	static const uint32_t lies[] = { 0, 1, 7, 71, 72, 1000, 65535, 65536, 1u << 20, (1u << 20) + 1,
					 1u << 26, (1u << 26) + 1, 1u << 31, UINT32_MAX };
	static const unsigned int fields[] = { 16, 20, 24, 28, 64 }; /* lengths, counts, checksum */
	struct whole *w = *state;
	unsigned int k, f, l;
	struct digest d;
	uint8_t keep[MMT_HEADER_LEN], *p;

	for (k = 1; k < w->n - 1; k++) {
		p = w->b.p + w->off[k];
		memcpy(keep, p, sizeof(keep));
		for (f = 0; f < sizeof(fields) / sizeof(fields[0]); f++) {
			for (l = 0; l < sizeof(lies) / sizeof(lies[0]); l++) {
				mmt_put32(p + fields[f], lies[l]);
				mmt_put32(p + 68, mmt_crc(p, 68));
				d = trace_digest_of(w->b.p, w->b.len);
				check_lost(w, &d, 1);
				memcpy(p, keep, sizeof(keep));
			}
		}
		/* the other bytes: type, codec, flags, unit, times */
		for (f = 6; f < 12; f++) {
			for (l = 0; l < 256; l += 5) {
				p[f] = (uint8_t)l;
				mmt_put32(p + 68, mmt_crc(p, 68));
				d = trace_digest_of(w->b.p, w->b.len);
				assert_int_equal(d.ret, 0);
				memcpy(p, keep, sizeof(keep));
			}
		}
	}
}

/* Any byte of any payload changed, all checksums made to fit: no crash, no overrun, an end. */
static void test_lying_payloads(void **state)
{
	struct bytes b = trace_make(-1, 0, 1, 40);
	size_t off[16], at;
	unsigned int n = trace_offsets(&b, off, 16), k, v;
	static const uint8_t values[] = { 0x00, 0x7f, 0x80, 0xff };
	struct digest d;

	(void)state;
	for (k = 0; k < n; k++) {
		uint8_t *head = b.p + off[k];
		size_t len = off[k + 1] - off[k] - MMT_HEADER_LEN;

		for (at = 0; at < len; at += k ? 1 : 13) {
			uint8_t *p = head + MMT_HEADER_LEN + at, keep = *p;

			for (v = 0; v < sizeof(values); v++) {
				*p = values[v];
				mmt_put32(head + 64, mmt_crc(head + MMT_HEADER_LEN, len));
				mmt_put32(head + 68, mmt_crc(head, 68));
				d = trace_digest_of(b.p, b.len);
				assert_int_equal(d.ret, 0);
			}
			*p = keep;
		}
		mmt_put32(head + 64, mmt_crc(head + MMT_HEADER_LEN, len));
		mmt_put32(head + 68, mmt_crc(head, 68));
	}
	d = trace_digest_of(b.p, b.len);
	assert_string_equal(d.st.line, "");
	free(b.p);
}

static void check_recovered(const char *in, const struct digest *before)
{
	struct mmt_status st = { .sz = sizeof(st) };
	char *out = trace_tmp();
	struct digest after;

	assert_int_equal(mmt_recover(in, out, NULL, &st), 0);
	assert_string_equal(st.line, before->st.line);
	assert_int_equal(st.good_chunks, before->st.good_chunks);
	after = trace_digest(out, NULL);
	assert_int_equal(after.ret, 0);
	assert_true(after.st.complete);
	assert_int_equal(after.st.bad_chunks, 0);
	assert_int_equal(after.st.skipped_bytes, 0);
	assert_int_equal(after.chunks, before->chunks);
	assert_memory_equal(after.of_chunk, before->of_chunk, sizeof(after.of_chunk));
	trace_drop(out);
}

static void test_recover(void **state)
{
	struct whole *w = *state;
	char *in = trace_tmp();
	uint32_t seed = 5;
	struct digest d;
	unsigned int i;
	size_t at;

	for (i = 0; i < 100; i++) {
		at = MMT_PREAMBLE_LEN + trace_rnd(&seed) % (w->b.len - MMT_PREAMBLE_LEN);
		trace_spill(in, w->b.p, at);
		d = trace_digest(in, NULL);
		check_recovered(in, &d);
		w->b.p[at] ^= 0x20;
		trace_spill(in, w->b.p, w->b.len);
		w->b.p[at] ^= 0x20;
		d = trace_digest(in, NULL);
		check_recovered(in, &d);
	}
	/* of a sound trace, the same trace */
	trace_spill(in, w->b.p, w->b.len);
	check_recovered(in, &w->d);
	assert_int_equal(mmt_recover(in, in, NULL, NULL), -EINVAL);
	assert_int_equal(mmt_recover("/nonexistent/x", in, NULL, NULL), -ENOENT);
	trace_drop(in);
}

/* A copy takes more rows, and is the same trace before them. */
static void test_copy_more(void **state)
{
	static const char text[] = "added";
	const struct mmt_cell row[] = { { .u = 0 }, { .u = 1 }, { .p = text, .len = sizeof(text) - 1 } };
	struct whole *w = *state;
	char *in = trace_tmp(), *out = trace_tmp();
	struct mmt_writer *copy = NULL;
	struct digest d;
	unsigned int i;

	trace_spill(in, w->b.p, w->b.len);
	for (i = 0; i < 2; i++) { /* of a whole trace, and of the copy */
		assert_int_equal(mmt_writer__open_copy(i ? out : in, i ? in : out, NULL, NULL, &copy), 0);
		assert_int_equal(mmt_writer__row(copy, MMT_TB_NOTE, row, 3), 0);
		assert_int_equal(mmt_writer__close(copy), 0);
		d = trace_digest(i ? in : out, NULL);
		assert_int_equal(d.ret, 0);
		assert_true(d.st.complete);
		assert_int_equal(d.st.bad_chunks, 0);
		assert_int_equal(d.st.skipped_bytes, 0);
		assert_int_equal(d.chunks, w->d.chunks + i + 1);
	}
	assert_int_equal(mmt_writer__open_copy(in, in, NULL, NULL, &copy), -EINVAL);
	trace_drop(in);
	trace_drop(out);
}

/* Without preamble and schema the standard types are assumed. */
static void test_head_lost(void **state)
{
	struct whole *w = *state;
	struct bytes b = { .p = malloc(w->b.len), .len = w->b.len };
	struct digest d;

	memcpy(b.p, w->b.p, b.len);
	memset(b.p, 0, MMT_PREAMBLE_LEN);
	d = trace_digest_of(b.p, b.len);
	check_lost(w, &d, 0);
	assert_true(d.st.line[0]);
	memcpy(b.p, w->b.p, MMT_PREAMBLE_LEN);
	memset(b.p + MMT_PREAMBLE_LEN, 0xf5, w->off[1] - MMT_PREAMBLE_LEN);
	d = trace_digest_of(b.p, b.len);
	check_lost(w, &d, 0);
	assert_non_null(strstr(d.st.line, "schema lost"));
	memset(b.p, 0, w->off[1]);
	d = trace_digest_of(b.p, b.len);
	assert_int_equal(d.ret, -EPROTO);
	free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_cut_boundaries),
		cmocka_unit_test(test_cut_random),
		cmocka_unit_test(test_flips),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_lies),
		cmocka_unit_test(test_lying_payloads),
		cmocka_unit_test(test_recover),
		cmocka_unit_test(test_copy_more),
		cmocka_unit_test(test_head_lost),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
