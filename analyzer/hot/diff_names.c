// SPDX-License-Identifier: GPL-2.0-only
/* Names that mean the same in every trace: frames, paths, lines, instructions, each once. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../array.h"
#include "diff_int.h"

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0xff51afd7ed558ccdull;
	return h ^ h >> 32;
}

int diff_names_init(struct diff_names *n)
{
	memset(n, 0, sizeof(*n));
	n->mem = arena_new();
	return n->mem ? 0 : -ENOMEM;
}

void diff_names_free(struct diff_names *n)
{
	free(n->frame);
	free(n->path);
	free(n->tag);
	free(n->build);
	u64map_free(&n->frames);
	u64map_free(&n->paths);
	u64map_free(&n->tags);
	arena_free(n->mem);
	memset(n, 0, sizeof(*n));
}

static const char *keep(struct diff_names *n, const char *s)
{
	return arena_str(n->mem, s, strlen(s));
}

/* ------------------------------------------------------------ each only once */

#define SAME (HOT_KERNEL | HOT_UNKNOWN) /* flags that make another frame of it; the others are taken together */

int diff_frame(struct diff_names *n, const struct hot_frame *f, uint32_t *out)
{
	uint64_t key = mix(mix(model_name_hash(f->name), model_name_hash(f->module)), f->flags & SAME);
	struct hot_frame *to;

	for (; (*out = u64map_get(&n->frames, key)) != U64MAP_NONE; key++) {
		to = &n->frame[*out];
		if ((to->flags & SAME) == (f->flags & SAME) && !strcmp(to->name, f->name) && !strcmp(to->module, f->module)) {
			to->flags |= f->flags;
			return 0;
		}
	}
	to = array_more(&n->frame, &n->n_frames, &n->cap_frames, sizeof(*to));
	if (!to)
		return -ENOMEM;
	*to = (struct hot_frame){ .name = keep(n, f->name), .module = keep(n, f->module), .flags = f->flags };
	*out = (uint32_t)(n->n_frames - 1);
	return to->name && to->module ? u64map_put(&n->frames, key, *out) : -ENOMEM;
}

int diff_path(struct diff_names *n, const struct hot_path *p, uint32_t *out)
{
	uint64_t key = mix(p->n_kernel, p->n);
	struct hot_path *to;
	uint32_t i, *copy;

	for (i = 0; i < p->n; i++)
		key = mix(key, p->frame[i]);
	for (; (*out = u64map_get(&n->paths, key)) != U64MAP_NONE; key++) {
		to = &n->path[*out];
		if (to->n == p->n && to->n_kernel == p->n_kernel && !memcmp(to->frame, p->frame, p->n * sizeof(*p->frame))) {
			to->flags |= p->flags;
			return 0;
		}
	}
	copy = arena_alloc(n->mem, (p->n ? p->n : 1) * sizeof(*copy));
	to = copy ? array_more(&n->path, &n->n_paths, &n->cap_paths, sizeof(*to)) : NULL;
	if (!to)
		return -ENOMEM;
	if (p->n)
		memcpy(copy, p->frame, p->n * sizeof(*copy));
	*to = *p;
	to->frame = copy;
	*out = (uint32_t)(n->n_paths - 1);
	return u64map_put(&n->paths, key, *out);
}

int diff_tag(struct diff_names *n, uint32_t frame, const char *text, uint32_t *out)
{
	uint64_t key = mix(model_name_hash(text), frame);
	struct diff_tag *to;

	for (; (*out = u64map_get(&n->tags, key)) != U64MAP_NONE; key++)
		if (n->tag[*out].frame == frame && !strcmp(n->tag[*out].text, text))
			return 0;
	to = array_more(&n->tag, &n->n_tags, &n->cap_tags, sizeof(*to));
	if (!to)
		return -ENOMEM;
	*to = (struct diff_tag){ .frame = frame, .text = keep(n, text) };
	*out = (uint32_t)(n->n_tags - 1);
	return to->text ? u64map_put(&n->tags, key, *out) : -ENOMEM;
}

/* A file of a trace; id NULL: it is not known which build of it that is. */
int diff_build(struct diff_names *n, const char *path, const void *id, size_t len)
{
	const char *base = diff_base_name(path);
	uint64_t h = 0xcbf29ce484222325ull;
	struct diff_build *b;
	size_t i;

	for (i = 0; i < len && id; i++)
		h = mix(h, ((const unsigned char *)id)[i]);
	for (i = 0; i < n->n_builds && strcmp(n->build[i].module, base); i++)
		;
	if (i < n->n_builds) {
		n->build[i].several |= !id || n->build[i].id != h;
		return 0;
	}
	b = array_more(&n->build, &n->n_builds, &n->cap_builds, sizeof(*b));
	if (!b)
		return -ENOMEM;
	*b = (struct diff_build){ .module = keep(n, base), .id = h, .several = !id };
	return b->module ? 0 : -ENOMEM;
}

static bool one_build(const struct diff_names *n, const char *module)
{
	size_t i;

	for (i = 0; i < n->n_builds; i++)
		if (!strcmp(n->build[i].module, module))
			return !n->build[i].several;
	return false;
}

/* --------------------------------------------------------------- plain names */

const char *diff_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Where the compiler's suffix begins that tells a clone or a part of a function from it, or the version of a symbol. */
static size_t clone_suffix(const char *name)
{
	static const char *const suffix[] = {
		".isra.", ".constprop.", ".part.", ".cold", ".lto_priv.", ".llvm.", " [clone .", "@@", "@GLIBC", "@CXXABI",
	};
	size_t i, len = strlen(name), at;

	for (i = 0; i < sizeof(suffix) / sizeof(suffix[0]); i++) {
		const char *p = strstr(name, suffix[i]);

		at = p ? (size_t)(p - name) : len;
		len = at && at < len ? at : len;
	}
	return len;
}

/* "[/lib/libfoo.so+0x12: replaced since]" is "[libfoo.so+0x12]". */
static void plain_place(const struct hot_frame *f, const char *module, char *buf, size_t size)
{
	const char *plus = strrchr(f->name, '+');
	char *end;
	uint64_t offset = plus ? strtoull(plus + 1, &end, 16) : 0;

	if (f->flags & HOT_KERNEL)
		snprintf(buf, size, "%s%s%s", *module == '[' ? "" : "[", module, *module == '[' ? "" : "]"); /* KASLR */
	else if (!*module)
		snprintf(buf, size, "%s", strncmp(f->name, "[0x", 3) ? f->name : "[unknown]");
	else if (!plus || end == plus + 1)
		snprintf(buf, size, "[%s]", module);
	else
		snprintf(buf, size, "[%s+0x%" PRIx64 "]", module, offset);
}

int diff_plain_frame(struct diff_names *n, const struct hot_frame *f, uint32_t *out, bool *cut)
{
	const char *module = diff_base_name(f->module);
	struct hot_frame plain = { .module = module, .flags = f->flags };
	char name[1024];
	size_t len;

	*cut = false;
	if (f->flags & HOT_UNKNOWN) {
		plain_place(f, module, name, sizeof(name));
	} else {
		len = f->flags & HOT_JIT ? strlen(f->name) : clone_suffix(f->name);
		*cut = f->name[len] != '\0';
		snprintf(name, sizeof(name), "%.*s", (int)(len < sizeof(name) ? len : sizeof(name) - 1), f->name);
	}
	plain.name = name;
	return diff_frame(n, &plain, out);
}

/* ------------------------------------------------------------------ settling */

struct settle {
	struct diff_names *from, to;
	uint32_t *order, *frame, *path, *tag; /* new number by old */
};

/* Frames whose offsets are of different builds: places of the file. */
static int pool_places(struct diff_names *n)
{
	char name[1024];
	size_t i;

	for (i = 0; i < n->n_frames; i++) {
		struct hot_frame *f = &n->frame[i];

		if (!(f->flags & HOT_UNKNOWN) || f->flags & HOT_KERNEL || !*f->module || one_build(n, f->module))
			continue;
		snprintf(name, sizeof(name), "[%s]", f->module);
		f->name = keep(n, name);
		if (!f->name)
			return -ENOMEM;
	}
	return 0;
}

static int by_frame(const void *a, const void *b, void *ctx)
{
	const struct diff_names *n = ctx;
	const struct hot_frame *x = &n->frame[*(const uint32_t *)a], *y = &n->frame[*(const uint32_t *)b];
	int c = strcmp(x->name, y->name);

	c = c ? c : strcmp(x->module, y->module);
	return c ? c : (int)(x->flags & SAME) - (int)(y->flags & SAME);
}

/* From the outermost: neighbours share their callers. */
static int by_path(const void *a, const void *b, void *ctx)
{
	const struct settle *s = ctx;
	const struct hot_path *x = &s->from->path[*(const uint32_t *)a], *y = &s->from->path[*(const uint32_t *)b];
	uint32_t i;

	for (i = 1; i <= x->n && i <= y->n; i++) {
		uint32_t p = s->frame[x->frame[x->n - i]], q = s->frame[y->frame[y->n - i]];

		if (p != q)
			return p < q ? -1 : 1;
	}
	return x->n != y->n ? (x->n < y->n ? -1 : 1) : (x->n_kernel > y->n_kernel) - (x->n_kernel < y->n_kernel);
}

static uint32_t tag_frame(const struct settle *s, const struct diff_tag *t)
{
	return t->frame == DIFF_NONE ? DIFF_NONE : s->frame[t->frame];
}

static int by_tag(const void *a, const void *b, void *ctx)
{
	const struct settle *s = ctx;
	const struct diff_tag *x = &s->from->tag[*(const uint32_t *)a], *y = &s->from->tag[*(const uint32_t *)b];
	uint32_t p = tag_frame(s, x), q = tag_frame(s, y);

	return p != q ? (p < q ? -1 : 1) : strcmp(x->text, y->text);
}

static void put_in_order(uint32_t *order, size_t n, int (*by)(const void *a, const void *b, void *ctx), void *ctx)
{
	size_t i;

	for (i = 0; i < n; i++)
		order[i] = (uint32_t)i;
	qsort_r(order, n, sizeof(*order), by, ctx);
}

static int settle_frames(struct settle *s)
{
	size_t i;
	int err = pool_places(s->from);

	put_in_order(s->order, s->from->n_frames, by_frame, s->from);
	for (i = 0; i < s->from->n_frames && !err; i++)
		err = diff_frame(&s->to, &s->from->frame[s->order[i]], &s->frame[s->order[i]]);
	return err;
}

static int settle_paths(struct settle *s)
{
	size_t i, most = 1;
	uint32_t *frame, k;
	int err = 0;

	for (i = 0; i < s->from->n_paths; i++)
		most = s->from->path[i].n > most ? s->from->path[i].n : most;
	frame = calloc(most, sizeof(*frame));
	if (!frame)
		return -ENOMEM;
	put_in_order(s->order, s->from->n_paths, by_path, s);
	for (i = 0; i < s->from->n_paths && !err; i++) {
		struct hot_path p = s->from->path[s->order[i]];

		for (k = 0; k < p.n; k++)
			frame[k] = s->frame[p.frame[k]];
		p.frame = frame;
		err = diff_path(&s->to, &p, &s->path[s->order[i]]);
	}
	free(frame);
	return err;
}

static int settle_tags(struct settle *s)
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->from->n_tags; i++) { /* offsets into a function mean nothing in another build */
		struct diff_tag *t = &s->from->tag[i];
		const struct hot_frame *f = t->frame == DIFF_NONE ? NULL : &s->from->frame[t->frame];

		if (f && *t->text == '+' && !one_build(s->from, f->flags & HOT_KERNEL ? DIFF_KERNEL : f->module))
			t->text = "";
	}
	put_in_order(s->order, s->from->n_tags, by_tag, s);
	for (i = 0; i < s->from->n_tags && !err; i++) {
		const struct diff_tag *t = &s->from->tag[s->order[i]];

		err = diff_tag(&s->to, tag_frame(s, t), t->text, &s->tag[s->order[i]]);
	}
	return err;
}

static void renumber(const struct settle *s, struct diff_iter *it)
{
	size_t k, i;

	for (k = 0; k < HOT_DIFF_KINDS; k++)
		for (i = 0; i < it->n[k]; i++) {
			struct diff_sum *x = &it->sum[k][i];
			uint32_t *tag[] = { &x->line, &x->place, &x->comm, &x->call };
			size_t t;

			if (x->path != DIFF_NONE)
				x->path = s->path[x->path];
			for (t = 0; t < sizeof(tag) / sizeof(tag[0]); t++)
				if (*tag[t] != DIFF_NONE)
					*tag[t] = s->tag[*tag[t]];
		}
}

int diff_names_settle(struct diff_names *n, struct diff_iter *iter, size_t n_iter)
{
	size_t i, most = n->n_frames + n->n_paths + n->n_tags + 1;
	struct settle s = { .from = n };
	int err = diff_names_init(&s.to);

	s.order = calloc(most, sizeof(*s.order));
	s.frame = calloc(n->n_frames + 1, sizeof(*s.frame));
	s.path = calloc(n->n_paths + 1, sizeof(*s.path));
	s.tag = calloc(n->n_tags + 1, sizeof(*s.tag));
	if (!err && (!s.order || !s.frame || !s.path || !s.tag))
		err = -ENOMEM;
	err = err ? err : settle_frames(&s);
	err = err ? err : settle_paths(&s);
	err = err ? err : settle_tags(&s);
	for (i = 0; i < n_iter && !err; i++)
		renumber(&s, &iter[i]);
	free(s.order);
	free(s.frame);
	free(s.path);
	free(s.tag);
	if (err) {
		diff_names_free(&s.to);
		return err;
	}
	diff_names_free(n);
	*n = s.to;
	return 0;
}
