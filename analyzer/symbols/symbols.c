// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../u64map.h"
#include "demangle.h"
#include "module.h"
#include "symbols_int.h"

int symbols_open(const struct symbols_opts *opts, struct symbols **out)
{
	struct symbols *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	if (opts)
		s->opts = *opts;
	s->mem = arena_new();
	if (!s->mem) {
		free(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void symbols_here(struct symbols *s, bool here)
{
	s->opts.here = here;
}

void symbols_close(struct symbols *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n_modules; i++) {
		module_free(s->modules[i]);
		free(s->modules[i]);
	}
	free(s->modules);
	free(s->results);
	free(s->bundle);
	free(s->bundle_frames);
	free(s->kernel);
	u64map_free(&s->by_place);
	u64map_free(&s->by_text);
	arena_free(s->mem);
	free(s);
}

static uint64_t hash(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t h = 0xcbf29ce484222325ull;

	while (len--)
		h = (h ^ *b++) * 0x100000001b3ull;
	return h;
}

/* Each text once. Two texts of one hash are kept twice, not mixed up. */
const char *symbols_text(struct symbols *s, const char *text)
{
	size_t len = strlen(text);
	uint64_t h = hash(text, len);
	uint32_t i = u64map_get(&s->by_text, h);
	const char *copy, **p;

	if (i != U64MAP_NONE && !strcmp(s->texts[i], text))
		return s->texts[i];
	if (s->n_texts == s->texts_size) {
		/* in the arena: what it outgrows is as much again, at most */
		size_t size = s->texts_size ? s->texts_size * 2 : 256;

		p = arena_alloc(s->mem, size * sizeof(*p));
		if (!p)
			return NULL;
		if (s->n_texts)
			memcpy(p, s->texts, s->n_texts * sizeof(*p));
		s->texts = p;
		s->texts_size = size;
	}
	copy = arena_str(s->mem, text, len);
	if (!copy || u64map_put(&s->by_text, h, (uint32_t)s->n_texts))
		return NULL;
	s->texts[s->n_texts++] = copy;
	return copy;
}

/* Names that are mangled are kept as they are meant to be read. */
const char *symbols_name(struct symbols *s, const char *name)
{
	char *plain, *at = strstr(name, "@plt");
	const char *text;

	if (at && !at[4]) { /* the demangler does not know what the linker made */
		char *stem = strndup(name, (size_t)(at - name));

		plain = stem ? demangle(stem) : NULL;
		free(stem);
		if (plain && (stem = realloc(plain, strlen(plain) + 5))) {
			plain = stem;
			strcat(plain, "@plt");
		}
	} else {
		plain = demangle(name);
	}
	text = symbols_text(s, plain ? plain : name);
	free(plain);
	return text;
}

static void close_one(struct symbols *s)
{
	struct module *oldest = NULL;
	size_t i, n = 0;

	for (i = 0; i < s->n_modules; i++) {
		struct module *m = s->modules[i];

		if (!m->opened || m->status != SYM_FOUND)
			continue;
		n++;
		if (!oldest || m->used < oldest->used)
			oldest = m;
	}
	if (n >= SYM_OPEN_FILES)
		module_close(oldest);
}

static struct module *module_of(struct symbols *s, const struct sym_at *at, int *err)
{
	struct module *m, **p;
	size_t i = s->n_modules;

	*err = 0;
	if (s->last && module_is(s->last, at))
		return s->last;
	while (i-- > 0)
		if (module_is(s->modules[i], at))
			return s->last = s->modules[i];
	*err = -ENOMEM;
	p = realloc(s->modules, (s->n_modules + 1) * sizeof(*p));
	if (!p)
		return NULL;
	s->modules = p;
	m = malloc(sizeof(*m));
	if (!m)
		return NULL;
	*err = module_init(m, at);
	if (*err) {
		free(m);
		return NULL;
	}
	m->number = (uint32_t)s->n_modules;
	s->modules[s->n_modules++] = m;
	return s->last = m;
}

/* Frames of this moment to frames that stay. */
static int keep(struct symbols *s, const struct module_frames *f, struct sym_result *r)
{
	struct sym_frame *out = arena_alloc(s->mem, (size_t)f->n * sizeof(*out));
	int i;

	if (!out)
		return -ENOMEM;
	for (i = 0; i < f->n; i++) {
		const struct line_frame *in = &f->frame[i];

		out[i].line = in->line;
		out[i].inlined = in->inlined;
		if ((in->function && !(out[i].function = symbols_name(s, in->function))) ||
		    (in->file && !(out[i].file = symbols_text(s, in->file))))
			return -ENOMEM;
	}
	r->frame = out;
	r->n = (uint32_t)f->n;
	r->plt = f->plt;
	r->jit = f->jit;
	r->base = f->base;
	if (f->called && !(r->called = symbols_name(s, f->called->name)))
		return -ENOMEM;
	r->called_base = f->called_base;
	return 0;
}

static int ask_module(struct symbols *s, struct module *m, const struct sym_at *at, struct sym_result *out)
{
	struct module_frames f;
	int err;

	if (!m->opened) {
		close_one(s);
		err = module_open(m, &s->opts, at);
		if (err)
			return err;
	}
	m->used = ++s->clock;
	memset(out, 0, sizeof(*out));
	out->status = module_find(m, at, &f);
	return out->status == SYM_FOUND ? keep(s, &f, out) : 0;
}

int symbols_resolve(struct symbols *s, const struct sym_at *at, struct sym_result *out)
{
	struct module *m;
	struct resolved *r;
	uint64_t key;
	uint32_t i;
	int err;

	err = symbols_bundled(s, at, out);
	if (err)
		return err < 0 ? err : 0;
	m = module_of(s, at, &err);
	if (!m)
		return err;
	/* offsets are below 2^47 in files, and addresses too but on the largest machines: those are just not cached */
	key = (uint64_t)m->number << 48 | (at->offset & ((1ull << 48) - 1));
	i = m->number < 65536 && !(at->offset >> 48) ? u64map_get(&s->by_place, key) : U64MAP_NONE;
	if (i != U64MAP_NONE) {
		*out = s->results[i].result;
		return 0;
	}
	err = ask_module(s, m, at, out);
	if (err || m->number >= 65536 || at->offset >> 48)
		return err;
	if (s->n_results == s->results_size) {
		size_t size = s->results_size ? s->results_size * 2 : 256;

		r = realloc(s->results, size * sizeof(*r));
		if (!r)
			return -ENOMEM;
		s->results = r;
		s->results_size = size;
	}
	s->results[s->n_results] = (struct resolved){ .module = m, .offset = at->offset, .mapping = at->mapping, .result = *out };
	return u64map_put(&s->by_place, key, (uint32_t)s->n_results++);
}

const char *symbols_unknown(const struct sym_at *at, enum sym_status status, char *buf, size_t size)
{
	static const char *const why[] = {
		[SYM_FOUND] = "", [SYM_NONE] = "", [SYM_NO_FILE] = ": not there", [SYM_REPLACED] = ": replaced since",
		[SYM_UNVERIFIED] = ": may have been replaced",
	};
	const char *path = at->path && *at->path ? at->path : NULL;

	if (at->anon && !path)
		snprintf(buf, size, "[0x%llx]", (unsigned long long)at->offset);
	else
		snprintf(buf, size, "[%s+0x%llx%s]", path ? path : "?", (unsigned long long)at->offset,
			 at->anon ? "" : why[status]);
	return buf;
}

const char *symbols_lacking(void)
{
	if (!lines_work())
		return demangle_works() ? "built without libdw: no source lines, no inlined functions" :
					  "built without libdw and libiberty: no source lines, no inlined functions, C++ and Rust names as linked";
	return demangle_works() ? NULL : "built without libiberty: C++ and Rust names as linked";
}
