// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cells.h"
#include "ksyms.h"
#include "stacks.h"

#define SLOTS (2 * MMT_STACKS_ALL)
#define MAX_KERNEL (1u << 18) /* addresses */
/* of any program, on any machine: pages from 0 on, and the upper half, are no one's */
#define LEAST_CODE 4096ull
#define MOST_CODE 0x7fffffffffffffffull
#define COPIES (1u << 15)
#define COPY_FRAMES (1u << 19) /* of all copies */

/* A stack that has a row is known by 128 bits of hash of what the row says. */
struct seen {
	uint64_t hash[2];
	uint32_t id; /* 0: empty */
};

/* A stack of the kernel's map, so that it is read once and may be evicted there. */
struct copy {
	uint64_t hash; /* 0: empty */
	uint32_t at;   /* in frames */
	uint16_t n, flags;
};

struct mmt_stacks {
	struct mmt_writer *w;
	const struct mmt_maps *maps;
	struct seen *seen;
	uint32_t n;
	uint64_t dropped, evicted;
	const struct mmt_stackmap *map;
	struct copy *copy;
	uint64_t *frames;
	uint32_t n_copies, n_frames;
	uint64_t *kernel; /* addresses; each once after a tidying */
	size_t n_kernel, kernel_size;
};

int mmt_stacks__open(struct mmt_writer *w, const struct mmt_maps *maps, struct mmt_stacks **out)
{
	struct mmt_stacks *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->w = w;
	s->maps = maps;
	s->seen = calloc(SLOTS, sizeof(*s->seen)); /* touched where it is used only */
	if (!s->seen) {
		free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void mmt_stacks__close(struct mmt_stacks *s)
{
	if (!s)
		return;
	free(s->seen);
	free(s->kernel);
	free(s->copy);
	free(s->frames);
	free(s);
}

void mmt_stacks__set_maps(struct mmt_stacks *s, const struct mmt_maps *maps)
{
	s->maps = maps;
}

bool mmt_stacks__has_maps(const struct mmt_stacks *s)
{
	return s->maps;
}

void mmt_stacks__set_map(struct mmt_stacks *s, const struct mmt_stackmap *map)
{
	s->map = map;
}

uint64_t mmt_stacks__dropped(const struct mmt_stacks *s)
{
	return s->dropped;
}

uint64_t mmt_stacks__evicted(const struct mmt_stacks *s)
{
	return s->evicted;
}

static uint64_t mix(uint64_t h, uint64_t v, uint64_t k)
{
	h = (h ^ v) * k;
	return h ^ h >> 29;
}

static struct seen *find(const struct mmt_stacks *s, const uint64_t hash[2])
{
	uint32_t i = (uint32_t)hash[0] % SLOTS;

	while (s->seen[i].id && (s->seen[i].hash[0] != hash[0] || s->seen[i].hash[1] != hash[1]))
		i = (i + 1) % SLOTS;
	return &s->seen[i];
}

struct frames {
	bool kernel;
	uint64_t epoch, flags, at[MMT_STACK_DEPTH], mapping[MMT_STACK_DEPTH];
	size_t n;
};

static int write_row(struct mmt_stacks *s, uint64_t id, const struct frames *f)
{
	uint8_t at[MMT_STACK_DEPTH * 10 + 16], mapping[MMT_STACK_DEPTH * 10 + 16];
	int n_at = mmt_vec_pack(f->at, f->n, at, sizeof(at));
	int n_mapping = f->kernel ? 0 : mmt_vec_pack(f->mapping, f->n, mapping, sizeof(mapping));

	if (n_at < 0 || n_mapping < 0)
		return -EINVAL;
	{
		const struct mmt_cell c[] = {
			cell_u(id), cell_u(f->kernel), cell_u(f->epoch), cell_u(f->flags), cell_b(at, (size_t)n_at),
			cell_b(mapping, (size_t)n_mapping),
		};

		return ROW(s->w, MMT_TB_STACK, c);
	}
}

static int intern(struct mmt_stacks *s, const struct frames *f, uint64_t *id)
{
	uint64_t hash[2] = { 0x9e3779b97f4a7c15ull ^ f->kernel, f->epoch << 8 | f->flags };
	struct seen *e;
	size_t i;

	for (i = 0; i < f->n; i++) {
		hash[0] = mix(mix(hash[0], f->at[i], 0xff51afd7ed558ccdull), f->mapping[i], 0xc4ceb9fe1a85ec53ull);
		hash[1] = mix(mix(hash[1], f->mapping[i], 0x2545f4914f6cdd1dull), f->at[i], 0xd6e8feb86659fd93ull);
	}
	e = find(s, hash);
	*id = e->id;
	if (e->id)
		return 0;
	if (s->n >= MMT_STACKS_ALL) {
		s->dropped++;
		return 0;
	}
	e->hash[0] = hash[0];
	e->hash[1] = hash[1];
	*id = e->id = ++s->n;
	return write_row(s, *id, f);
}

static int user(struct mmt_stacks *s, uint64_t epoch, uint64_t time, const uint64_t *address, size_t n, bool full, uint64_t *id)
{
	struct frames f = { .epoch = epoch, .n = n < MMT_STACK_DEPTH ? n : MMT_STACK_DEPTH };
	size_t i;

	*id = 0;
	if (!n)
		return 0;
	f.flags = full ? MMT_STACK_TRUNCATED : 0;
	for (i = 0; i < f.n; i++) {
		f.at[i] = address[i];
		if (s->maps)
			f.mapping[i] = mmt_maps__find(s->maps, epoch, time, address[i], &f.at[i]);
		/*
		 * An address where no program can be, or in no mapping of one that has any, is what the
		 * register held that is no frame pointer: from there on all is chance.
		 */
		if (i && ((f.mapping[0] && !f.mapping[i]) || address[i] < LEAST_CODE || address[i] > MOST_CODE)) {
			f.n = i;
			f.flags = MMT_STACK_NO_FRAMES;
		}
	}
	if (n < 3) /* even main() was called, by two others */
		f.flags |= MMT_STACK_NO_FRAMES;
	return intern(s, &f, id);
}

int mmt_stacks__user(struct mmt_stacks *s, uint64_t epoch, uint64_t time, const uint64_t *address, size_t n, uint64_t *id)
{
	return user(s, epoch, time, address, n, n >= MMT_STACK_DEPTH, id);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Each address once: a few thousand are all that ever come. */
static void tidy_kernel(struct mmt_stacks *s)
{
	size_t i, n = 0;

	if (!s->n_kernel)
		return;
	qsort(s->kernel, s->n_kernel, sizeof(*s->kernel), by_value);
	for (i = 0; i < s->n_kernel; i++)
		if (!n || s->kernel[n - 1] != s->kernel[i])
			s->kernel[n++] = s->kernel[i];
	s->n_kernel = n;
}

int mmt_stacks__kernel_address(struct mmt_stacks *s, uint64_t address)
{
	uint64_t *p;

	if (s->n_kernel == s->kernel_size)
		tidy_kernel(s);
	if (2 * s->n_kernel >= s->kernel_size && s->n_kernel < MAX_KERNEL) { /* sorting must pay */
		size_t size = s->kernel_size ? s->kernel_size * 2 : 1024;

		p = realloc(s->kernel, size * sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->kernel = p;
		s->kernel_size = size;
	}
	if (s->n_kernel < s->kernel_size)
		s->kernel[s->n_kernel++] = address; /* else it stays without a name */
	return 0;
}

static int kernel(struct mmt_stacks *s, const uint64_t *address, size_t n, bool full, uint64_t *id)
{
	struct frames f = { .kernel = true, .n = n < MMT_STACK_DEPTH ? n : MMT_STACK_DEPTH };
	uint32_t before = s->n;
	size_t i;
	int err;

	*id = 0;
	if (!n)
		return 0;
	memcpy(f.at, address, f.n * sizeof(*address));
	f.flags = full ? MMT_STACK_TRUNCATED : 0;
	err = intern(s, &f, id);
	/* the frames of a stack that had been seen are there already; callers are looked up where they call */
	for (i = 0; i < f.n && !err && s->n != before; i++)
		err = mmt_stacks__kernel_address(s, f.at[i] - (i ? 1 : 0));
	return err;
}

int mmt_stacks__kernel(struct mmt_stacks *s, const uint64_t *address, size_t n, uint64_t *id)
{
	return kernel(s, address, n, n >= MMT_STACK_DEPTH, id);
}

/* ---------------------------------------------------------------- by hash */

static struct copy *copy_of(const struct mmt_stacks *s, uint64_t hash)
{
	uint32_t i = (uint32_t)hash % COPIES;

	while (s->copy[i].hash && s->copy[i].hash != hash)
		i = (i + 1) % COPIES;
	return &s->copy[i];
}

/* NULL in *out: it is known no more. */
static int fetch(struct mmt_stacks *s, uint64_t hash, const struct copy **out)
{
	struct mmt_stack stack;
	struct copy *c;

	*out = NULL;
	if (!s->copy) {
		s->copy = calloc(COPIES, sizeof(*s->copy));
		s->frames = malloc(COPY_FRAMES * sizeof(*s->frames)); /* touched as far as it is used */
	}
	if (!s->copy || !s->frames)
		return -ENOMEM;
	c = copy_of(s, hash);
	if (c->hash) {
		*out = c;
		return 0;
	}
	if (!s->map || mmt_stackmap__get(s->map, hash, &stack)) {
		s->evicted++;
		return 0;
	}
	if (2 * s->n_copies >= COPIES || s->n_frames + stack.n > COPY_FRAMES) {
		memset(s->copy, 0, COPIES * sizeof(*s->copy));
		s->n_copies = s->n_frames = 0;
		c = copy_of(s, hash);
	}
	*c = (struct copy){ hash, s->n_frames, (uint16_t)stack.n, (uint16_t)stack.flags };
	memcpy(s->frames + s->n_frames, stack.ip, stack.n * sizeof(*s->frames));
	s->n_frames += stack.n;
	s->n_copies++;
	*out = c;
	return 0;
}

int mmt_stacks__read(struct mmt_stacks *s, uint64_t hash, bool *there)
{
	const struct copy *c = NULL;
	int err = hash ? fetch(s, hash, &c) : 0;

	*there = c;
	return err;
}

int mmt_stacks__user_hash(struct mmt_stacks *s, uint64_t hash, uint64_t epoch, uint64_t time, uint64_t *id)
{
	const struct copy *c = NULL;
	int err = hash ? fetch(s, hash, &c) : 0;

	*id = 0;
	return err || !c ? err : user(s, epoch, time, s->frames + c->at, c->n, c->flags & MMT_STK_FULL, id);
}

int mmt_stacks__kernel_hash(struct mmt_stacks *s, uint64_t hash, uint64_t *id)
{
	const struct copy *c = NULL;
	int err = hash ? fetch(s, hash, &c) : 0;

	*id = 0;
	return err || !c ? err : kernel(s, s->frames + c->at, c->n, c->flags & MMT_STK_FULL, id);
}

int mmt_stacks__ksyms(struct mmt_stacks *s, const struct mmt_log *log)
{
	return mmt_ksyms__write(s->w, s->kernel, s->n_kernel, NULL, log);
}
