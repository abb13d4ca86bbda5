// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../libmmtrace/internal.h"
#include "trace_make.h"

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "trace_make: %s failed\n", what);
	abort();
}

uint32_t trace_rnd(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

char *trace_tmp(void)
{
	const char *dir = getenv("TMPDIR");
	char *p = NULL;
	int fd = asprintf(&p, "%s/mmt-test-XXXXXX", dir ? dir : "/tmp") > 0 ? mkstemp(p) : -1;

	must(fd >= 0, "mkstemp");
	close(fd);
	return p;
}

void trace_drop(char *path)
{
	if (path)
		unlink(path);
	free(path);
}

struct bytes trace_slurp(const char *path)
{
	struct bytes b = { 0 };
	struct stat st;
	FILE *f = fopen(path, "rb");

	must(f && !fstat(fileno(f), &st), "open");
	b.p = malloc((size_t)st.st_size + 1);
	must(b.p, "malloc");
	b.len = fread(b.p, 1, (size_t)st.st_size, f);
	fclose(f);
	return b;
}

void trace_spill(const char *path, const void *p, size_t len)
{
	FILE *f = fopen(path, "wb");

	must(f && fwrite(p, 1, len, f) == len, "write");
	must(!fclose(f), "close");
}

static void fill_rows(struct mmt_writer *w, unsigned int seal)
{
	static const uint32_t hist[100] = { [3] = 7, [64] = 1, [99] = 70000 };
	struct mmt_cell c[32];
	uint8_t buf[256];
	char name[16];
	unsigned int i, k;
	int n = mmt_hist_pack(hist, 100, buf, sizeof(buf));

	for (i = 0; i < 5 + seal % 3; i++) {
		const struct mmt_type *t = mmt_std_type(MMT_TB_TASK_TOTALS);

		memset(c, 0, sizeof(c));
		for (k = 0; k < t->n_fields; k++)
			c[k].u = seal * 1000ull + i * k;
		c[0].u = 1000000000ull * (seal + 1);
		c[t->n_fields - 1] = (struct mmt_cell){ .p = buf, .len = (uint32_t)n };
		c[t->n_fields - 2] = (struct mmt_cell){ .p = buf, .len = i % 2 ? (uint32_t)n : 0 };
		c[t->n_fields - 3] = (struct mmt_cell){ .p = NULL, .len = 0 };
		must(!mmt_writer__row(w, t->id, c, t->n_fields), "row");
	}
	memset(c, 0, sizeof(c));
	snprintf(name, sizeof(name), "seal %u", seal);
	c[0] = (struct mmt_cell){ .p = "some.key", .len = 8 };
	c[1] = (struct mmt_cell){ .p = name, .len = (uint32_t)strlen(name) };
	must(!mmt_writer__row(w, MMT_TB_META, c, 2), "row");
}

void trace_fill(struct mmt_writer *w, unsigned int seals, unsigned int events)
{
	uint32_t seed = 4711, cpu;
	unsigned int s, i;

	for (s = 0; s < seals; s++) {
		fill_rows(w, s);
		for (cpu = 0; cpu < 3; cpu++) {
			uint64_t t = 1000000000ull * (s + 1) + cpu, arg;

			for (i = 0; i < events; i++) {
				struct mmt_event ev = { .time = t };
				bool wake = trace_rnd(&seed) % 4 == 0;

				t += trace_rnd(&seed) % 3000;
				arg = trace_rnd(&seed) % 100000;
				ev.key = wake ? MMT_KEY(MMT_EV_WAKEUPR, (uint64_t)cpu << 28 |
							(100 + trace_rnd(&seed) % 20) << 4) :
						MMT_KEY(MMT_EV_SWITCH, trace_rnd(&seed) % 8 |
							(100 + trace_rnd(&seed) % 20) << 4);
				must(!mmt_writer__events(w, cpu, &ev, 1, &arg, wake), "events");
			}
		}
		must(!mmt_writer__seal(w), "seal");
	}
}

struct bytes trace_make(int level, unsigned int shift, unsigned int seals, unsigned int events)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .level = level, .time_shift = (uint8_t)shift };
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct bytes b;

	must(!mmt_writer__open(path, &o, &w), "writer");
	trace_fill(w, seals, events);
	must(!mmt_writer__close(w), "close");
	b = trace_slurp(path);
	trace_drop(path);
	return b;
}

static uint64_t mix(uint64_t h, const void *p, size_t len)
{
	const uint8_t *b = p;

	while (len--)
		h = (h ^ *b++) * 0x100000001b3ull;
	return h;
}

static uint64_t mix_rows(uint64_t h, const struct mmt_rows *r)
{
	size_t i, n = (size_t)r->n * r->type->n_fields;

	h = mix(h, &r->type->id, sizeof(r->type->id));
	for (i = 0; i < n; i++) {
		h = mix(h, &r->cells[i].u, 8);
		h = mix(h, &r->cells[i].len, 4);
		h = mix(h, r->cells[i].p, r->cells[i].len);
	}
	return h;
}

static uint64_t mix_block(uint64_t h, const struct mmt_chunk *c, const struct mmt_block *b)
{
	uint32_t i;

	h = mix(h, &b->stream, 4);
	for (i = 0; i < b->n; i++) {
		must(b->sym[i] < c->n_keys, "symbol");
		h = mix(h, &b->time[i], 8);
		h = mix(h, &c->keys[b->sym[i]], 8);
	}
	return mix(h, b->args, b->n_args * 8);
}

struct digest trace_digest(const char *path, const struct mmt_reader_opts *opts)
{
	struct digest d = { .st.sz = sizeof(d.st) };
	struct mmt_reader *r;
	struct mmt_chunk c;
	uint64_t h;
	uint32_t i;

	d.ret = mmt_reader__open(path, opts, &r);
	if (d.ret)
		return d;
	while ((d.ret = mmt_reader__next(r, &c)) > 0) {
		h = mix(0xcbf29ce484222325ull, c.lost, sizeof(c.lost));
		for (i = 0; i < c.n_tables; i++) {
			h = mix_rows(h, &c.tables[i]);
			d.rows += c.tables[i].n;
		}
		for (i = 0; i < c.n_blocks; i++) {
			h = mix_block(h, &c, &c.blocks[i]);
			d.events += c.blocks[i].n;
		}
		if (d.chunks < 64)
			d.of_chunk[d.chunks] = h;
		d.chunks++;
	}
	must(!mmt_reader__status(r, &d.st), "status");
	mmt_reader__close(r);
	return d;
}

struct digest trace_digest_of(const void *p, size_t len)
{
	int fd = memfd_create("trace", 0);
	struct digest d;
	char path[64];

	must(fd >= 0 && write(fd, p, len) == (ssize_t)len, "memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	d = trace_digest(path, NULL);
	close(fd);
	return d;
}

unsigned int trace_offsets(const struct bytes *b, size_t *off, unsigned int max)
{
	size_t at = MMT_PREAMBLE_LEN;
	struct mmt_head h;
	unsigned int n = 0;

	while (n < max - 2 && !mmt_head_get(b->p + at, b->len - at, &h)) {
		off[n++] = at;
		at += h.len + (size_t)h.stored;
	}
	off[n] = at;
	off[n + 1] = b->len;
	must(at + MMT_TRAILER_LEN == b->len && mmt_trailer_ok(b->p + at), "walk");
	return n;
}
