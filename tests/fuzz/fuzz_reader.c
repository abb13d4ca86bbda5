// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a trace: read, decode every cell, recover. Odd sizes have their checksums
 * repaired first, for else hardly any mutation would get past them.
 */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "libmmtrace/internal.h"

static void say_nothing(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)level;
	*(size_t *)ctx += strlen(msg);
}

/* What a valid file says of itself must be true of every chunk in it. */
static void must(bool ok)
{
	if (!ok)
		abort();
}

static uint64_t touch(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t sum = 0;

	while (len--)
		sum = sum * 31 + b[len];
	return sum;
}

static uint64_t walk_rows(const struct mmt_rows *r)
{
	static struct mmt_hist h;
	uint64_t v[64], sum = 0;
	unsigned int f;
	uint32_t i;

	for (i = 0; i < r->n; i++) {
		for (f = 0; f < r->type->n_fields; f++) {
			const struct mmt_cell *c = &r->cells[i * r->type->n_fields + f];

			switch (r->type->fields[f].fmt) {
			case MMT_FMT_STR:
			case MMT_FMT_BYTES:
				sum += touch(c->p, c->len);
				break;
			case MMT_FMT_HIST:
				sum += (uint64_t)mmt_hist_unpack(c->p, c->len, &h);
				break;
			case MMT_FMT_VEC:
				sum += (uint64_t)mmt_vec_unpack(c->p, c->len, v, 64);
				break;
			default:
				sum += c->u;
			}
		}
	}
	return sum;
}

static uint64_t walk_block(const struct mmt_reader *r, const struct mmt_chunk *c, const struct mmt_block *b)
{
	size_t args = 0;
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < b->n; i++) {
		const struct mmt_type *t;

		must(b->sym[i] < c->n_keys);
		must(i == 0 || b->time[i] >= b->time[i - 1]);
		t = mmt_reader__type(r, (uint16_t)mmt_key_type(c->keys[b->sym[i]]));
		if (t && t->n_fields)
			sum += mmt_key_field(t, 0, c->keys[b->sym[i]]);
		args += c->key_args[b->sym[i]];
	}
	must(args == b->n_args);
	return sum + touch(b->args, b->n_args * sizeof(*b->args));
}

static uint64_t walk(const char *path)
{
	size_t said = 0, n;
	struct mmt_reader_opts opts = { .sz = sizeof(opts), .log = say_nothing, .log_ctx = &said };
	struct mmt_status st = { .sz = sizeof(st) };
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint64_t sum = 0;
	uint32_t i;

	if (mmt_reader__open(path, &opts, &r))
		return 0;
	mmt_reader__types(r, &n);
	while (mmt_reader__next(r, &c) > 0) {
		for (i = 0; i < c.n_tables; i++)
			sum += walk_rows(&c.tables[i]);
		for (i = 0; i < c.n_blocks; i++)
			sum += walk_block(r, &c, &c.blocks[i]);
	}
	if (!mmt_reader__status(r, &st)) {
		must(memchr(st.line, 0, sizeof(st.line)) != NULL);
		must(st.complete || st.line[0]);
	}
	mmt_reader__close(r);
	return sum;
}

static void repair(uint8_t *p, size_t len)
{
	size_t at = MMT_PREAMBLE_LEN;

	if (len < MMT_PREAMBLE_LEN)
		return;
	memcpy(p, MMT_MAGIC, MMT_MAGIC_LEN);
	mmt_put32(p + 28, mmt_crc(p, 28));
	while (at + MMT_HEADER_LEN <= len) {
		uint32_t hlen, stored;

		if (mmt_get32(p + at) != MMT_SYNC) {
			at++;
			continue;
		}
		hlen = mmt_get16(p + at + 4);
		if (hlen < MMT_HEADER_LEN || hlen > len - at) {
			at++;
			continue;
		}
		stored = mmt_get32(p + at + 16);
		if (stored > len - at - hlen) {
			at += 4;
			continue;
		}
		mmt_put32(p + at + 64, mmt_crc(p + at + hlen, stored));
		mmt_put32(p + at + hlen - 4, mmt_crc(p + at, hlen - 4));
		at += hlen + stored;
	}
	if (len >= MMT_TRAILER_LEN && mmt_get32(p + len - MMT_TRAILER_LEN) == MMT_SYNC_END)
		mmt_put32(p + len - 4, mmt_crc(p + len - MMT_TRAILER_LEN, 28));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mmt_status st = { .sz = sizeof(st) };
	char in[64], out[64];
	int fd, to;
	uint8_t *p = malloc(size + 1);

	if (!p)
		return 0;
	memcpy(p, data, size);
	if (size & 1)
		repair(p, size);
	fd = memfd_create("in", 0);
	to = memfd_create("out", 0);
	if (fd >= 0 && to >= 0 && write(fd, p, size) == (ssize_t)size) {
		snprintf(in, sizeof(in), "/proc/self/fd/%d", fd);
		snprintf(out, sizeof(out), "/proc/self/fd/%d", to);
		walk(in);
		if (!mmt_recover(in, out, NULL, &st))
			walk(out);
	}
	close(fd);
	close(to);
	free(p);
	return 0;
}

/* A value that fits the field. */
static void seed_row(struct mmt_writer *w, uint16_t id, unsigned int round)
{
	static const uint64_t vec[] = { 1, 1000, 1000000 };
	static const uint32_t hist[40] = { [3] = 7, [39] = 1 };
	const struct mmt_type *t = mmt_std_type(id);
	struct mmt_cell cells[64];
	uint8_t b[2][512];
	unsigned int f;
	int nh = mmt_hist_pack(hist, 40, b[0], sizeof(b[0])), nv = mmt_vec_pack(vec, 3, b[1], sizeof(b[1]));

	for (f = 0; t && f < t->n_fields && f < 64; f++) {
		cells[f] = (struct mmt_cell){ .u = round * 1000 + f };
		if (t->fields[f].fmt == MMT_FMT_HIST)
			cells[f] = (struct mmt_cell){ .p = b[0], .len = (uint32_t)nh };
		else if (t->fields[f].fmt == MMT_FMT_VEC)
			cells[f] = (struct mmt_cell){ .p = b[1], .len = (uint32_t)nv };
		else if (t->fields[f].fmt == MMT_FMT_STR || t->fields[f].fmt == MMT_FMT_BYTES)
			cells[f] = (struct mmt_cell){ .p = "a name", .len = 6 };
	}
	if (t)
		mmt_writer__row(w, id, cells, t->n_fields);
}

static void seed_events(struct mmt_writer *w, unsigned int round)
{
	struct mmt_event ev[64];
	uint64_t args[64];
	uint32_t cpu, i;

	for (cpu = 0; cpu < 3; cpu++) {
		for (i = 0; i < 64; i++) {
			ev[i].time = round * 1000000ULL + i * 317 + cpu;
			ev[i].key = i % 7 ? MMT_KEY(MMT_EV_SWITCH, (i % 3) | (uint64_t)(100 + i % 5) << 4) :
					    MMT_KEY(MMT_EV_WAKEUP, (uint64_t)(100 + i % 4) << 4);
		}
		mmt_writer__events(w, cpu, ev, 64, NULL, 0);
	}
	for (i = 0; i < 4; i++) {
		ev[i].time = round * 1000000ULL + i;
		ev[i].key = MMT_KEY(MMT_EV_FORK, 200 + i);
		args[i] = i;
	}
	mmt_writer__events(w, MMT_STREAM_TASKS, ev, 4, args, 4);
}

size_t fuzz_seed(unsigned int i, uint8_t **data)
{
	static const int levels[] = { -1, 1 };
	struct mmt_writer_opts opts = { .sz = sizeof(opts) };
	struct mmt_writer *w;
	unsigned int round;
	uint16_t id;
	off_t len;
	int fd;

	if (i >= 4)
		return 0;
	opts.level = levels[i & 1];
	opts.time_shift = i & 2 ? 6 : 0;
	fd = memfd_create("seed", 0);
	if (fd < 0 || mmt_writer__open_fd(dup(fd), &opts, &w))
		return 0;
	for (round = 1; round < 3; round++) {
		for (id = MMT_TB_META; id <= MMT_TB_FAULT_SAMPLE; id++)
			seed_row(w, id, round);
		seed_events(w, round);
		mmt_writer__seal(w);
	}
	if (mmt_writer__close(w))
		return 0;
	len = lseek(fd, 0, SEEK_END);
	*data = malloc((size_t)len);
	if (!*data || pread(fd, *data, (size_t)len, 0) != len)
		return 0;
	close(fd);
	return (size_t)len;
}
