// SPDX-License-Identifier: GPL-2.0-only
/* Names that a trace brings with it: of the kernel, and of files that may not be here. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../libmmtrace/mmtrace.h"
#include "../arena.h"
#include "module.h"
#include "symbols_int.h"

static uint64_t where_of(const void *id, size_t len, uint64_t mapping)
{
	const uint8_t *b = id;
	uint64_t h = 0xcbf29ce484222325ull;
	size_t i;

	if (!len)
		return mapping;
	for (i = 0; i < len; i++)
		h = (h ^ b[i]) * 0x100000001b3ull;
	return h | 1ull << 63; /* no mapping has such a number */
}

int symbols_add_bundled(struct symbols *s, const struct sym_bundled *b)
{
	struct bundled *p;

	if (!b->size || b->offset + b->size < b->offset || b->depth >= LINES_DEPTH || (!b->build_id_len && !b->mapping))
		return 0; /* says nothing */
	if (s->n_bundle == s->bundle_size) {
		size_t size = s->bundle_size ? s->bundle_size * 2 : 256;

		p = realloc(s->bundle, size * sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->bundle = p;
		s->bundle_size = size;
	}
	p = &s->bundle[s->n_bundle];
	*p = (struct bundled){
		.where = where_of(b->build_id, b->build_id_len, b->mapping), .start = b->offset, .end = b->offset + b->size,
		.base = b->base, .depth = (uint32_t)b->depth, .flags = (uint32_t)b->flags,
		.line = b->line > UINT32_MAX ? 0 : (uint32_t)b->line, .seq = (uint32_t)s->n_bundle, .called_base = b->called_base,
	};
	if ((b->function && *b->function && !(p->function = symbols_name(s, b->function))) ||
	    (b->file && *b->file && !(p->file = symbols_text(s, b->file))) ||
	    (b->called && *b->called && !(p->called = symbols_name(s, b->called))))
		return -ENOMEM;
	s->n_bundle++;
	free(s->bundle_frames);
	s->bundle_frames = NULL;
	return 0;
}

static int by_where(const void *a, const void *b)
{
	const struct bundled *x = a, *y = b;

	if (x->where != y->where)
		return x->where < y->where ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

/* In order, and of each place the depths 0, 1, ...: of rows that were written twice the first, none after a gap. */
static int sort_bundle(struct symbols *s)
{
	struct sym_frame *f = calloc(s->n_bundle, sizeof(*f));
	size_t i, n = 0;

	if (!f)
		return -ENOMEM;
	qsort(s->bundle, s->n_bundle, sizeof(*s->bundle), by_where);
	for (i = 0; i < s->n_bundle; i++) {
		const struct bundled *b = &s->bundle[i], *prev = n ? &s->bundle[n - 1] : NULL;
		bool same = prev && prev->where == b->where && prev->start == b->start;

		if (b->depth != (same ? prev->depth + 1 : 0))
			continue;
		f[n] = (struct sym_frame){
			.function = b->function, .file = b->file, .line = b->line, .inlined = b->flags & MMT_SYM_INLINED,
		};
		s->bundle[n++] = *b;
	}
	s->n_bundle = n;
	s->bundle_frames = f;
	return 0;
}

int symbols_bundled(struct symbols *s, const struct sym_at *at, struct sym_result *out)
{
	uint64_t where = at->anon || !at->build_id_len ? at->mapping : where_of(at->build_id, at->build_id_len, 0);
	size_t lo = 0, hi = s->n_bundle;
	const struct bundled *b;

	if (!s->n_bundle)
		return 0;
	if (!s->bundle_frames && sort_bundle(s))
		return -ENOMEM;
	hi = s->n_bundle;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		b = &s->bundle[mid];
		if (b->where < where || (b->where == where && b->start <= at->offset))
			lo = mid + 1;
		else
			hi = mid;
	}
	b = lo ? &s->bundle[lo - 1] : NULL; /* its outermost function */
	if (!b || b->where != where || b->end <= at->offset)
		return 0;
	*out = (struct sym_result){
		.status = SYM_FOUND, .frame = &s->bundle_frames[lo - 1 - b->depth], .n = b->depth + 1,
		.plt = b->flags & MMT_SYM_PLT, .jit = b->flags & MMT_SYM_JIT, .base = b->base,
		.called = b->called, .called_base = b->called_base,
	};
	return 1;
}

static struct mmt_cell number(uint64_t u)
{
	return (struct mmt_cell){ .u = u };
}

static struct mmt_cell bytes(const void *p, size_t len)
{
	return (struct mmt_cell){ .p = p, .len = (uint32_t)len };
}

static struct mmt_cell text(const char *s)
{
	return bytes(s ? s : "", s ? strlen(s) : 0);
}

static int write_result(const struct resolved *r, struct mmt_writer *w)
{
	const struct module *m = r->module;
	uint32_t i;
	int err = 0;

	for (i = 0; i < r->result.n && !err; i++) {
		const struct sym_frame *f = &r->result.frame[i];
		uint64_t flags = (f->inlined ? MMT_SYM_INLINED : 0) | (r->result.plt ? MMT_SYM_PLT : 0) |
				 (r->result.jit ? MMT_SYM_JIT : 0);
		const struct mmt_cell c[] = {
			bytes(m->id, m->id_len), number(m->id_len ? 0 : r->mapping), number(r->offset), number(1), number(i),
			number(flags), number(r->result.base), text(f->function), text(f->file), number(f->line),
			text(r->result.called), number(r->result.called_base),
		};

		err = mmt_writer__row(w, MMT_TB_SYMBOL, c, sizeof(c) / sizeof(c[0]));
	}
	return err;
}

int symbols_bundle(const struct symbols *s, struct mmt_writer *w)
{
	int err = 0, n = 0;
	size_t i;

	for (i = 0; i < s->n_results && !err; i++) {
		const struct resolved *r = &s->results[i];

		if (r->result.status != SYM_FOUND || (!r->module->id_len && !r->mapping))
			continue;
		err = write_result(r, w);
		n += (int)r->result.n;
	}
	return err ? err : n;
}

int symbols_add_kernel(struct symbols *s, uint64_t address, uint64_t size, const char *name, const char *module)
{
	struct kernel_sym *p;

	if (!size || address + size < address)
		return 0;
	if (s->n_kernel == s->kernel_size) {
		size_t more = s->kernel_size ? s->kernel_size * 2 : 256;

		p = realloc(s->kernel, more * sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->kernel = p;
		s->kernel_size = more;
	}
	p = &s->kernel[s->n_kernel];
	*p = (struct kernel_sym){
		.start = address, .end = address + size, .module = symbols_text(s, module),
		.frame.function = symbols_name(s, name),
	};
	if (!p->frame.function || !p->module)
		return -ENOMEM;
	s->n_kernel++;
	s->kernel_sorted = false;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct kernel_sym *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

bool symbols_kernel(struct symbols *s, uint64_t address, struct sym_result *out, const char **module)
{
	size_t lo = 0, hi = s->n_kernel;

	if (!s->kernel_sorted && s->n_kernel)
		qsort(s->kernel, s->n_kernel, sizeof(*s->kernel), by_address);
	s->kernel_sorted = true;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->kernel[mid].start <= address)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || s->kernel[lo - 1].end <= address)
		return false;
	*out = (struct sym_result){
		.status = SYM_FOUND, .frame = &s->kernel[lo - 1].frame, .n = 1, .base = s->kernel[lo - 1].start,
	};
	*module = s->kernel[lo - 1].module;
	return true;
}
