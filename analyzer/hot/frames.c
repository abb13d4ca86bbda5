// SPDX-License-Identifier: GPL-2.0-only
/* Frames and paths, each once, from stacks and addresses. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "hot_int.h"

/* An address that was looked up, with the frames that it stands for. */
struct hot_addr {
	uint64_t mapping, x; /* mapping KERNEL_SPACE: of the kernel; 0: not mapped */
	const uint32_t *frame;
	uint32_t n, place; /* place: HOT_NONE until asked for */
	bool named;
	const char *module;
	uint64_t base;
	bool has_base;
	struct sym_place at; /* of a user address */
};

#define KERNEL_SPACE UINT64_MAX
#define SEED 0x9e3779b97f4a7c15ull
#define MAX_INLINED 64 /* functions at one address */

static uint64_t mix_text(uint64_t h, const char *s)
{
	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3ull;
	return hot_mix(h, 0);
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static int intern_frame(struct hot *h, const struct hot_frame *want, uint32_t *out)
{
	uint64_t key = mix_text(mix_text(SEED, want->name), want->module);
	struct hot_frame *f;
	uint32_t i;

	key = hot_mix(mix_text(key, want->file ? want->file : ""), (uint64_t)want->line << 32 | want->flags);
	for (; (i = u64map_get(&h->priv->frames, key)) != U64MAP_NONE; key++) {
		f = &h->frame[i];
		if (f->line == want->line && f->flags == want->flags && same_text(f->name, want->name) &&
		    same_text(f->module, want->module) && same_text(f->file, want->file)) {
			*out = i;
			return 0;
		}
	}
	f = array_more(&h->frame, &h->n_frames, &h->cap_frames, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = *want;
	*out = (uint32_t)(h->n_frames - 1);
	return u64map_put(&h->priv->frames, key, *out);
}

static const char *keep(struct hot *h, const char *s)
{
	return arena_str(h->priv->mem, s, strlen(s));
}

/* A place without a name is called by where it is. */
static int unnamed(struct hot *h, const struct sym_place *p, bool kernel, const char *module, uint32_t *out)
{
	char buf[512];
	struct hot_frame f = { .module = module, .flags = HOT_UNKNOWN | (kernel ? HOT_KERNEL : 0) };

	f.name = keep(h, symbols_unknown(&p->at, p->result.status, buf, sizeof(buf)));
	return f.name ? intern_frame(h, &f, out) : -ENOMEM;
}

/* Without the version that a library's symbols have: pthread_create@@GLIBC_2.34. */
static const char *function_name(struct hot *h, const char *name)
{
	const char *at = name ? strstr(name, "@@") : NULL;

	return at && at != name ? arena_str(h->priv->mem, name, (size_t)(at - name)) : name;
}

static int name_addr(struct hot *h, struct hot_addr *a, const struct sym_place *p)
{
	bool kernel = a->mapping == KERNEL_SPACE;
	uint32_t frame[MAX_INLINED], i, n = p->result.n < MAX_INLINED ? p->result.n : MAX_INLINED, *copy;
	int err = 0;

	a->module = kernel ? (p->module && *p->module ? p->module : "[kernel]") : p->at.path ? p->at.path : "";
	for (i = 0; i < n && !err; i++) {
		const struct sym_frame *s = &p->result.frame[i];
		const struct hot_frame f = {
			.name = function_name(h, s->function), .module = a->module, .file = s->file, .line = s->file ? s->line : 0,
			.flags = (kernel ? HOT_KERNEL : 0) | (s->inlined ? HOT_INLINED : 0) | (p->result.plt ? HOT_PLT : 0) |
				 (p->result.jit ? HOT_JIT : 0),
		};

		if (!s->function) {
			err = unnamed(h, p, kernel, a->module, &frame[i]);
			continue;
		}
		a->named = true;
		err = f.name ? intern_frame(h, &f, &frame[i]) : -ENOMEM;
	}
	if (!n)
		err = unnamed(h, p, kernel, a->module, &frame[n++]);
	a->has_base = a->named && p->result.status == SYM_FOUND && p->result.base <= a->x;
	a->base = p->result.base;
	if (err)
		return err;
	copy = arena_alloc(h->priv->mem, n * sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, frame, n * sizeof(*copy));
	a->frame = copy;
	a->n = n;
	return 0;
}

/* Looked up before? Else *key is where it goes. */
static struct hot_addr *find_addr(struct hot *h, uint64_t mapping, uint64_t x, uint64_t *key)
{
	uint32_t i;

	*key = hot_mix(hot_mix(SEED, mapping), x);
	for (; (i = u64map_get(&h->priv->addrs, *key)) != U64MAP_NONE; (*key)++)
		if (h->priv->addr[i].mapping == mapping && h->priv->addr[i].x == x)
			return &h->priv->addr[i];
	return NULL;
}

static int new_addr(struct hot *h, uint64_t key, uint64_t mapping, uint64_t x, const struct sym_place *p,
		    struct hot_addr **out)
{
	struct hot_addr *a = array_more(&h->priv->addr, &h->priv->n_addrs, &h->priv->cap_addrs, sizeof(*a));
	int err;

	if (!a)
		return -ENOMEM;
	*out = a;
	a->mapping = mapping;
	a->x = x;
	a->place = HOT_NONE;
	a->at = *p;
	err = name_addr(h, a, p);
	return err ? err : u64map_put(&h->priv->addrs, key, (uint32_t)(h->priv->n_addrs - 1));
}

static int addr_of_frame(struct hot *h, const struct sym_stack *s, uint32_t i, struct hot_addr **out)
{
	uint64_t x = s->frame[i] - (i ? 1 : 0), mapping = s->kernel ? KERNEL_SPACE : s->mapping ? s->mapping[i] : 0, key;
	struct sym_place p;
	int err;

	*out = find_addr(h, mapping, x, &key);
	if (*out)
		return 0;
	err = sym_trace_frame(h->sym, s, i, &p);
	return err ? err : new_addr(h, key, mapping, x, &p, out);
}

static int addr_of_ip(struct hot *h, const struct hot_where *w, struct hot_addr **out)
{
	uint64_t mapping = KERNEL_SPACE, x = w->ip, key;
	struct sym_place p;
	int err;

	err = w->ip_user ? sym_trace_user(h->sym, w->leader, w->time, w->ip, &p) : sym_trace_kernel(h->sym, w->ip, &p);
	if (err)
		return err;
	if (w->ip_user) {
		mapping = p.at.path ? p.at.mapping : 0;
		x = p.at.offset;
	}
	*out = find_addr(h, mapping, x, &key);
	return *out ? 0 : new_addr(h, key, mapping, x, &p, out);
}

/* ------------------------------------------------------------------- stacks */

static uint32_t path_flags(uint32_t stack_flags)
{
	return (stack_flags & MMT_STACK_TRUNCATED ? HOT_P_TRUNCATED : 0) | (stack_flags & MMT_STACK_NO_FRAMES ? HOT_P_NO_FRAMES : 0);
}

/* The function that was called between two frames and is not among them. 1: there is one; 0: none. */
static int skipped(struct hot *h, const struct sym_place *inner, const struct hot_addr *outer, uint32_t *out)
{
	const char *name = sym_trace_skipped(h->sym, inner, &outer->at);
	struct hot_frame f = { .name = name, .module = "", .flags = HOT_INFERRED };
	const struct sym_frame *begin;
	struct sym_place p;
	int err;

	if (!name)
		return 0;
	if (name == outer->at.result.called) { /* else through a stub of the linker, in another file */
		err = sym_trace_called(h->sym, &outer->at, &p);
		if (err)
			return err;
		begin = p.result.n ? &p.result.frame[p.result.n - 1] : NULL;
		f.module = outer->module;
		f.file = begin ? begin->file : NULL;
		f.line = f.file ? begin->line : 0;
	}
	err = intern_frame(h, &f, out);
	return err ? err : 1;
}

static int fill_seq(struct hot *h, const struct sym_stack *s, enum hot_cut cut, struct hot_seq *q)
{
	uint32_t *frame = NULL, i, k, n = 0, cap = 0, skip = 0, *p;
	struct sym_place inner;
	struct hot_addr *a;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		err = addr_of_frame(h, s, i, &a);
		if (!err && n + a->n + 1 > cap) {
			cap = (n + a->n + 1) * 2;
			p = reallocarray(frame, cap, sizeof(*p));
			err = p ? 0 : -ENOMEM;
			frame = p ? p : frame;
		}
		if (err)
			break;
		if (i && !s->kernel) {
			err = skipped(h, &inner, a, &frame[n]);
			n += err == 1;
			err = err < 0 ? err : 0;
		}
		for (k = 0; k < a->n; k++)
			frame[n++] = a->frame[k];
		inner = a->at; /* the next look-up may move them */
	}
	if (s->kernel && !err)
		skip = hot_cut(h, frame, n, cut);
	n -= skip;
	p = err ? NULL : arena_alloc(h->priv->mem, (n ? n : 1) * sizeof(*p));
	if (p && n)
		memcpy(p, frame + skip, n * sizeof(*p));
	free(frame);
	if (!p)
		return err ? err : -ENOMEM;
	q->frame = p;
	q->n = n;
	q->flags = path_flags(s->flags);
	for (i = 0; i < n; i++)
		q->named |= !(h->frame[p[i]].flags & HOT_UNKNOWN);
	return 0;
}

/* The frames of stack id; none where there is no such stack, or it is of the other kind. */
static int seq_of(struct hot *h, uint64_t id, bool kernel, enum hot_cut cut, struct hot_seq *out)
{
	const struct sym_stack *s = id ? sym_trace_stack(h->sym, id) : NULL;
	uint64_t key = id * HOT_CUTS + (kernel ? cut : 0);
	uint32_t i;
	int err;

	*out = (struct hot_seq){ 0 };
	if (!s || s->kernel != kernel)
		return 0;
	i = u64map_get(&h->priv->stacks, key);
	if (i != U64MAP_NONE) {
		*out = h->priv->seq[i];
		return 0;
	}
	err = fill_seq(h, s, cut, out);
	if (err)
		return err;
	if (!array_more(&h->priv->seq, &h->priv->n_seqs, &h->priv->cap_seqs, sizeof(*out)))
		return -ENOMEM;
	h->priv->seq[h->priv->n_seqs - 1] = *out;
	return u64map_put(&h->priv->stacks, key, (uint32_t)(h->priv->n_seqs - 1));
}

/* -------------------------------------------------------------------- paths */

static int intern_path(struct hot *h, const uint32_t *frame, uint32_t n, uint32_t n_kernel, uint32_t flags, uint32_t *out)
{
	uint64_t key = hot_mix(hot_mix(SEED, n_kernel), flags);
	struct hot_path *p;
	uint32_t i, *copy;

	for (i = 0; i < n; i++)
		key = hot_mix(key, frame[i]);
	for (; (i = u64map_get(&h->priv->paths, key)) != U64MAP_NONE; key++) {
		p = &h->path[i];
		if (p->n == n && p->n_kernel == n_kernel && p->flags == flags && !memcmp(p->frame, frame, n * sizeof(*frame))) {
			*out = i;
			return 0;
		}
	}
	copy = arena_alloc(h->priv->mem, n * sizeof(*copy));
	p = copy ? array_more(&h->path, &h->n_paths, &h->cap_paths, sizeof(*p)) : NULL;
	if (!p)
		return -ENOMEM;
	memcpy(copy, frame, n * sizeof(*copy));
	*p = (struct hot_path){ .frame = copy, .n = n, .n_kernel = n_kernel, .flags = flags };
	*out = (uint32_t)(h->n_paths - 1);
	return u64map_put(&h->priv->paths, key, *out);
}

static int join(struct hot *h, const struct hot_seq *k, const struct hot_seq *u, uint32_t flags, uint32_t *path)
{
	static const struct hot_frame none = { .name = "[unknown: no stack]", .module = "", .flags = HOT_UNKNOWN | HOT_NO_STACK };
	uint32_t n = k->n + u->n, one, *frame;
	int err;

	flags |= k->flags | u->flags;
	if (!n) {
		err = intern_frame(h, &none, &one);
		return err ? err : intern_path(h, &one, 1, 0, flags, path);
	}
	frame = malloc(n * sizeof(*frame));
	if (!frame)
		return -ENOMEM;
	if (k->n)
		memcpy(frame, k->frame, k->n * sizeof(*frame));
	if (u->n)
		memcpy(frame + k->n, u->frame, u->n * sizeof(*frame));
	err = intern_path(h, frame, n, k->n, flags, path);
	free(frame);
	return err;
}

static int place_of(struct hot *h, struct hot_addr *a, uint32_t *out)
{
	const struct hot_place want = {
		.module = a->module, .offset = a->x, .frame = a->frame[0],
		.in = a->has_base && a->x - a->base < UINT32_MAX ? (uint32_t)(a->x - a->base) : UINT32_MAX,
	};
	uint64_t key = hot_mix(mix_text(SEED, want.module), want.offset);
	struct hot_place *p;
	uint32_t i = a->place;

	/* the same file mapped by two processes is two mappings, one place */
	for (; i == HOT_NONE && (i = u64map_get(&h->priv->places, key)) != U64MAP_NONE; key++) {
		p = &h->place[i];
		if (p->offset == want.offset && p->frame == want.frame && same_text(p->module, want.module))
			break;
		i = HOT_NONE;
	}
	if (i == U64MAP_NONE) {
		p = array_more(&h->place, &h->n_places, &h->cap_places, sizeof(*p));
		if (!p)
			return -ENOMEM;
		*p = want;
		i = (uint32_t)(h->n_places - 1);
		if (u64map_put(&h->priv->places, key, i))
			return -ENOMEM;
	}
	*out = a->place = i;
	return 0;
}

int hot_path_of(struct hot *h, const struct hot_where *w, uint32_t *path, bool *named, uint32_t *place)
{
	struct hot_seq k, u, *leaf = w->ip_user ? &u : &k;
	struct hot_addr *a;
	uint32_t flags = 0;
	int err;

	err = seq_of(h, w->kstack, true, w->cut, &k);
	err = err ? err : seq_of(h, w->ustack, false, w->cut, &u);
	if (err)
		return err;
	flags |= w->want_user && !u.n ? HOT_P_NO_USER : 0;
	flags |= w->want_kernel && !k.n ? HOT_P_NO_KERNEL : 0;
	*place = HOT_NONE;
	if (w->ip) {
		err = addr_of_ip(h, w, &a);
		err = err ? err : place_of(h, a, place);
		if (err)
			return err;
		if (!leaf->n)
			*leaf = (struct hot_seq){ .frame = a->frame, .n = a->n, .named = a->named };
	}
	*named = w->want_user ? u.named : k.named || u.named;
	return join(h, &k, &u, flags, path);
}

void hot_frames_free(struct hot_int *p)
{
	int i;

	free(p->seq);
	free(p->addr);
	u64map_free(&p->frames);
	u64map_free(&p->paths);
	u64map_free(&p->places);
	u64map_free(&p->addrs);
	u64map_free(&p->stacks);
	for (i = 0; i < HOT_KINDS; i++)
		u64map_free(&p->cells[i]);
	if (p->mem)
		arena_free(p->mem);
}
