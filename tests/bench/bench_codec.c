// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event weighs and costs in the trace file: reads a trace, then writes and reads
 * its events again at several time units and slice lengths.
 * Usage: bench_codec TRACE.mmt ...; tests/data has some.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "../../libmmtrace/mmtrace.h"

#define BATCH 256

struct lane { /* one stream */
	uint32_t id;
	struct mmt_event *ev;
	uint64_t *args;
	size_t n, cap, n_args, args_cap;
	size_t at, at_arg;
};

struct bench {
	struct lane *lanes;
	size_t n_lanes, n_events;
	uint8_t n_args[256];
};

struct result {
	double append, seal, decode; /* ns per event */
	double bytes;
};

static double now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

static void *grow(void *p, size_t *cap, size_t n, size_t size)
{
	if (n <= *cap)
		return p;
	*cap = n * 2;
	p = realloc(p, *cap * size);
	if (!p)
		abort();
	return p;
}

static struct lane *lane_of(struct bench *b, uint32_t id)
{
	size_t i;

	for (i = 0; i < b->n_lanes; i++)
		if (b->lanes[i].id == id)
			return &b->lanes[i];
	b->lanes = realloc(b->lanes, (b->n_lanes + 1) * sizeof(*b->lanes));
	memset(&b->lanes[b->n_lanes], 0, sizeof(*b->lanes));
	b->lanes[b->n_lanes].id = id;
	return &b->lanes[b->n_lanes++];
}

static int load(struct bench *b, const char *path)
{
	struct mmt_chunk ch;
	struct mmt_reader *r;
	uint32_t i, k;
	int err = mmt_reader__open(path, NULL, &r);

	if (err)
		return err;
	while ((err = mmt_reader__next(r, &ch)) > 0) {
		for (i = 0; i < ch.n_blocks; i++) {
			const struct mmt_block *blk = &ch.blocks[i];
			struct lane *l = lane_of(b, blk->stream);

			l->ev = grow(l->ev, &l->cap, l->n + blk->n, sizeof(*l->ev));
			l->args = grow(l->args, &l->args_cap, l->n_args + blk->n_args, sizeof(*l->args));
			for (k = 0; k < blk->n; k++) {
				uint64_t key = ch.keys[blk->sym[k]];

				l->ev[l->n++] = (struct mmt_event){ blk->time[k], key };
				b->n_args[mmt_key_type(key)] = ch.key_args[blk->sym[k]];
			}
			memcpy(l->args + l->n_args, blk->args, blk->n_args * sizeof(uint64_t));
			l->n_args += blk->n_args;
			b->n_events += blk->n;
		}
	}
	mmt_reader__close(r);
	return err;
}

/* One pass over all lanes, cut into slices as the collector cuts. */
static int write_all(struct bench *b, int fd, unsigned int shift, uint64_t slice, struct result *res)
{
	struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = (uint8_t)shift };
	uint64_t end, first = UINT64_MAX;
	double t0, append = 0, seal = 0;
	struct mmt_writer *w;
	size_t i, n, na, left = b->n_events;
	int err;

	for (i = 0; i < b->n_lanes; i++) {
		b->lanes[i].at = b->lanes[i].at_arg = 0;
		if (b->lanes[i].n && b->lanes[i].ev[0].time < first)
			first = b->lanes[i].ev[0].time;
	}
	err = mmt_writer__open_fd(fd, &o, &w);
	if (err)
		return err;
	for (end = first + slice; left && !err; end += slice) {
		t0 = now_ns();
		for (i = 0; i < b->n_lanes; i++) {
			struct lane *l = &b->lanes[i];

			while (l->at < l->n && l->ev[l->at].time < end && !err) {
				for (n = na = 0; n < BATCH && l->at + n < l->n && l->ev[l->at + n].time < end; n++)
					na += b->n_args[mmt_key_type(l->ev[l->at + n].key)];
				err = mmt_writer__events(w, l->id, l->ev + l->at, n, l->args + l->at_arg, na);
				l->at += n;
				l->at_arg += na;
				left -= n;
			}
		}
		append += now_ns() - t0;
		t0 = now_ns();
		err = err ? err : mmt_writer__seal(w);
		seal += now_ns() - t0;
	}
	res->append = append / (double)b->n_events;
	res->seal = seal / (double)b->n_events;
	res->bytes = (double)mmt_writer__bytes(w) / (double)b->n_events;
	return err ? mmt_writer__abandon(w), err : mmt_writer__close(w);
}

static int read_all(const char *path, size_t n_events, struct result *res)
{
	struct mmt_reader *r;
	struct mmt_chunk ch;
	double t0 = now_ns();
	size_t n = 0;
	uint32_t i;
	int err = mmt_reader__open(path, NULL, &r);

	if (err)
		return err;
	while ((err = mmt_reader__next(r, &ch)) > 0)
		for (i = 0; i < ch.n_blocks; i++)
			n += ch.blocks[i].n;
	mmt_reader__close(r);
	res->decode = (now_ns() - t0) / (double)n_events;
	return err ? err : n == n_events ? 0 : -1;
}

static int one(struct bench *b, unsigned int shift, uint64_t slice, unsigned int repeat)
{
	struct result best = { 1e9, 1e9, 1e9, 0 }, res = { 0 };
	char path[64];
	unsigned int i;
	int fd, err = 0;

	for (i = 0; i < repeat && !err; i++) {
		fd = memfd_create("bench", 0);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		err = write_all(b, dup(fd), shift, slice, &res);
		if (!err)
			err = read_all(path, b->n_events, &res);
		close(fd);
		best.bytes = res.bytes;
		best.append = res.append < best.append ? res.append : best.append;
		best.seal = res.seal < best.seal ? res.seal : best.seal;
		best.decode = res.decode < best.decode ? res.decode : best.decode;
	}
	if (!err)
		printf("%10u %8llu %10.3f %9.1f %9.1f %9.1f\n", shift, (unsigned long long)(slice / 1000000),
		       best.bytes, best.append, best.seal, best.decode);
	return err;
}

static void bench_free(struct bench *b)
{
	size_t i;

	for (i = 0; i < b->n_lanes; i++) {
		free(b->lanes[i].ev);
		free(b->lanes[i].args);
	}
	free(b->lanes);
}

static int bench(const char *path, unsigned int repeat)
{
	static const unsigned int shifts[] = { 0, 3, 4, 5, 6 };
	struct bench b = { 0 };
	unsigned int i;
	int err = load(&b, path);

	if (err || !b.n_events) {
		fprintf(stderr, "bench_codec: cannot read events of %s: %s\n", path, err ? strerror(-err) : "none there");
		bench_free(&b);
		return 2;
	}
	printf("%s: %zu events\n", path, b.n_events);
	printf("time_shift slice,ms bytes/event append,ns  seal,ns decode,ns\n");
	for (i = 0; i < sizeof(shifts) / sizeof(shifts[0]) && !err; i++)
		err = one(&b, shifts[i], 250000000, repeat);
	if (!err)
		err = one(&b, 4, 1000000000, repeat);
	if (err)
		fprintf(stderr, "bench_codec: %s: %s\n", path, strerror(err < 0 ? -err : err));
	bench_free(&b);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	int i, err = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: bench_codec TRACE.mmt ...\n");
		return 2;
	}
	for (i = 1; i < argc && !err; i++)
		err = bench(argv[i], 3);
	return err;
}
