// SPDX-License-Identifier: GPL-2.0-only
/* What is written is what is read: events, arguments, rows, unknown types, losses. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../libmmtrace/mmtrace.h"

#define KSW(state, next) MMT_KEY(MMT_EV_SWITCH, (uint64_t)(next) << 4 | (state))
#define KWR(tid, cpu) MMT_KEY(MMT_EV_WAKEUPR, (uint64_t)(cpu) << 28 | (uint64_t)(tid) << 4)

static char *tmp_path(void)
{
	static const char name[] = "/tmp/mmt-format-XXXXXX";
	char *p = strdup(name);
	int fd = mkstemp(p);

	assert_true(fd >= 0);
	close(fd);
	return p;
}

static void drop(char *path)
{
	unlink(path);
	free(path);
}

static struct mmt_status read_status(struct mmt_reader *r)
{
	struct mmt_status st = { .sz = sizeof(st) };

	assert_int_equal(mmt_reader__status(r, &st), 0);
	return st;
}

/* A reproducible mess: n events on three streams, some with arguments. */
struct sample {
	struct mmt_event ev[3][4000];
	uint64_t args[3][4000];
	size_t n[3], n_args[3];
};

static uint32_t rnd(uint32_t *s)
{
	*s = *s * 1664525u + 1013904223u;
	return *s >> 8;
}

static void make_sample(struct sample *s, uint32_t seed, size_t n, unsigned int shift)
{
	static const uint32_t streams = 3;
	uint64_t t;
	size_t i;
	uint32_t c;

	memset(s, 0, sizeof(*s));
	for (c = 0; c < streams; c++) {
		t = 5000000000ull + rnd(&seed) % 100000;
		s->n[c] = n;
		for (i = 0; i < n; i++) {
			t += rnd(&seed) % 5 ? rnd(&seed) % 3000 : (uint64_t)rnd(&seed) * 100;
			s->ev[c][i].time = t >> shift << shift;
			if (rnd(&seed) % 4) {
				s->ev[c][i].key = KSW(rnd(&seed) % 8, 1000 + rnd(&seed) % (i < 1000 ? 7 : 700));
			} else {
				s->ev[c][i].key = KWR(1000 + rnd(&seed) % 40, c);
				s->args[c][s->n_args[c]++] =
					(uint64_t)rnd(&seed) << (rnd(&seed) % 32) >> shift << shift;
			}
		}
	}
}

static void put_sample(struct mmt_writer *w, const struct sample *s)
{
	uint32_t c;

	for (c = 0; c < 3; c++)
		assert_int_equal(mmt_writer__events(w, c == 2 ? MMT_STREAM_TASKS : c, s->ev[c], s->n[c],
						    s->args[c], s->n_args[c]), 0);
}

struct collect {
	struct mmt_event ev[3][8000];
	uint64_t args[3][8000];
	size_t n[3], n_args[3];
};

static void gather(struct collect *g, const struct mmt_chunk *ch)
{
	uint32_t i, k;

	for (i = 0; i < ch->n_blocks; i++) {
		const struct mmt_block *b = &ch->blocks[i];
		unsigned int c = b->stream == MMT_STREAM_TASKS ? 2 : b->stream;
		size_t na = 0;

		assert_true(c < 3);
		for (k = 0; k < b->n; k++) {
			assert_true(b->sym[k] < ch->n_keys);
			g->ev[c][g->n[c]].time = b->time[k];
			g->ev[c][g->n[c]++].key = ch->keys[b->sym[k]];
			na += ch->key_args[b->sym[k]];
		}
		assert_int_equal(na, b->n_args);
		memcpy(&g->args[c][g->n_args[c]], b->args, na * sizeof(uint64_t));
		g->n_args[c] += na;
	}
}

static void round_trip(size_t n, unsigned int shift, int level, unsigned int chunks)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = (uint8_t)shift, .level = level };
	struct sample *s = malloc(sizeof(*s));
	struct collect *g = calloc(1, sizeof(*g)), *want = calloc(1, sizeof(*want));
	char *path = tmp_path();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	unsigned int k, c;
	int ret;

	assert_int_equal(mmt_writer__open(path, &o, &w), 0);
	for (k = 0; k < chunks; k++) {
		make_sample(s, 7 + k, n, shift);
		put_sample(w, s);
		for (c = 0; c < 3; c++) {
			memcpy(&want->ev[c][want->n[c]], s->ev[c], s->n[c] * sizeof(s->ev[0][0]));
			memcpy(&want->args[c][want->n_args[c]], s->args[c], s->n_args[c] * sizeof(uint64_t));
			want->n[c] += s->n[c];
			want->n_args[c] += s->n_args[c];
		}
		assert_int_equal(mmt_writer__seal(w), 0);
		assert_int_equal(mmt_writer__pending(w), 0);
	}
	assert_int_equal(mmt_writer__close(w), 0);

	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	assert_int_equal(mmt_reader__time_shift(r), shift);
	while ((ret = mmt_reader__next(r, &ch)) > 0)
		gather(g, &ch);
	assert_int_equal(ret, 0);
	for (c = 0; c < 3; c++) {
		assert_int_equal(g->n[c], want->n[c]);
		assert_int_equal(g->n_args[c], want->n_args[c]);
	}
	assert_memory_equal(g, want, sizeof(*g));
	assert_true(read_status(r).complete);
	assert_string_equal(read_status(r).line, "");
	assert_int_equal(read_status(r).skipped_bytes, 0);
	mmt_reader__close(r);
	drop(path);
	free(s);
	free(g);
	free(want);
}

static void test_events(void **state)
{
	unsigned int shift;
	(void)state;

	round_trip(1, 0, 0, 1);
	round_trip(0, 0, 0, 1);
	for (shift = 0; shift < 8; shift++)
		round_trip(4000, shift, 0, 2);
	round_trip(2000, 0, -1, 2);
	round_trip(2000, 5, 9, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
