// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "../array.h"
#include "kvm.h"

enum { C_SEGMENT = KVM_N, C_EPOCH, C_REASON, C_NAME, C_CLASS, C_ISA, C_MAX, C_HIST, C_TIME };
const char *const kvm_cols[KVM_COLS] = {
	"count", "timed", "total", "segment", "epoch", "reason", "name", "class", "isa", "max", "hist", "time",
};

static bool same_text(const char *s, const struct mmt_cell *c)
{
	return strlen(s) == c->len && (!c->len || !memcmp(s, c->p, c->len));
}

static enum kvm_class class_of(const struct mmt_cell *c)
{
	static const char *const names[] = { "exit", "entry", "user", "halt_poll" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (same_text(names[i], c))
			return (enum kvm_class)i;
	return KVM_UNKNOWN;
}

static int kind_of(struct model *m, const struct row *r, uint32_t *at)
{
	const struct mmt_cell *name = row_blob(r, C_NAME), *isa = row_blob(r, C_ISA);
	enum kvm_class class = class_of(row_blob(r, C_CLASS));
	uint64_t reason = row_u64(r, C_REASON);
	struct kvm *x = m->kvm;
	struct kvm_kind *k;
	size_t i;

	for (i = 0; i < x->n_kinds; i++) {
		k = &x->kinds[i];
		if (k->class == class && k->reason == reason && same_text(k->name, name) && same_text(k->isa, isa)) {
			*at = (uint32_t)i;
			return 0;
		}
	}
	if (x->n_kinds == KVM_MAX_KINDS)
		return -EBADMSG;
	k = array_more(&x->kinds, &x->n_kinds, &x->cap_kinds, sizeof(*k));
	if (!k)
		return -ENOMEM;
	*k = (struct kvm_kind){
		.class = class, .reason = reason, .isa = arena_str(m->mem, isa->p, isa->len),
		.name = arena_str(m->mem, name->p, name->len),
	};
	*at = (uint32_t)(k - x->kinds);
	return k->isa && k->name ? 0 : -ENOMEM;
}

static struct kvm_sum *sum_of(struct kvm *x, uint64_t epoch, uint32_t kind)
{
	uint64_t key = epoch * KVM_MAX_KINDS + kind;
	uint32_t i = u64map_get(&x->map, key);
	struct kvm_sum *s;

	if (i != U64MAP_NONE)
		return &x->sums[i];
	s = array_more(&x->sums, &x->n_sums, &x->cap_sums, sizeof(*s));
	if (!s || u64map_put(&x->map, key, (uint32_t)(s - x->sums)))
		return NULL;
	s->kind = kind;
	s->epoch = epoch;
	return s;
}

int kvm_row(struct model *m, const struct row *r)
{
	const struct mmt_cell *hist = row_blob(r, C_HIST);
	uint64_t v[KVM_HIST];
	struct kvm_sum *s;
	uint32_t kind;
	int i, n, err;

	if (!m->kvm)
		m->kvm = calloc(1, sizeof(*m->kvm));
	if (!m->kvm)
		return -ENOMEM;
	if (!model_selected(m, row_u64(r, C_SEGMENT)))
		return 0;
	err = kind_of(m, r, &kind);
	if (err)
		return err;
	s = sum_of(m->kvm, row_u64(r, C_EPOCH), kind);
	if (!s)
		return -ENOMEM;
	if (row_u64(r, C_TIME) > s->last) {
		s->last = row_u64(r, C_TIME);
		memset(s->last_v, 0, sizeof(s->last_v));
	}
	for (i = 0; i < KVM_N; i++) {
		s->v[i] += row_u64(r, i);
		s->last_v[i] += row_u64(r, C_TIME) == s->last ? row_u64(r, i) : 0;
	}
	if (row_u64(r, C_MAX) > s->max_ns)
		s->max_ns = row_u64(r, C_MAX);
	n = hist->p ? mmt_vec_unpack(hist->p, hist->len, v, KVM_HIST) : 0;
	if (n < 0)
		return n;
	for (i = 0; i < n && i < KVM_HIST; i++)
		s->hist[i] += (uint32_t)v[i];
	return 0;
}

void kvm_forget(struct kvm *k)
{
	if (!k)
		return;
	u64map_free(&k->map);
	memset(&k->map, 0, sizeof(k->map));
	k->n_sums = 0;
}

void kvm_free(struct kvm *k)
{
	if (!k)
		return;
	kvm_forget(k);
	free(k->kinds);
	free(k->sums);
	free(k);
}

const char *kvm_missing(const struct model *m)
{
	static const char prefix[] = "not available: ";
	const char *fact = model_meta(m, "kvm");

	if (m->kvm || (fact && !strcmp(fact, "yes")))
		return NULL;
	if (!fact)
		return "";
	return strncmp(fact, prefix, sizeof(prefix) - 1) ? fact : fact + sizeof(prefix) - 1;
}

const char *kvm_name(const struct kvm_kind *k, char *buf, size_t size)
{
	if (*k->name)
		snprintf(buf, size, "%s", k->name);
	else if (k->reason == UINT64_MAX)
		snprintf(buf, size, "reason not known");
	else
		snprintf(buf, size, "reason 0x%" PRIx64, k->reason);
	return buf;
}

void kvm_add(struct kvm_sum *to, const struct kvm_sum *from)
{
	int i;

	for (i = 0; i < KVM_N; i++)
		to->v[i] += from->v[i];
	for (i = 0; i < KVM_HIST; i++)
		to->hist[i] += from->hist[i];
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
}

double kvm_q(const struct kvm_sum *s, double q)
{
	uint64_t n = 0, seen = 0;
	double rank, at;
	int i;

	for (i = 0; i < KVM_HIST; i++)
		n += s->hist[i];
	if (!n)
		return NAN;
	rank = q * (double)n;
	for (i = 0; i < KVM_HIST - 1 && (double)(seen + s->hist[i]) < rank; i++)
		seen += s->hist[i];
	/* even on the scale of the buckets */
	at = s->hist[i] ? (rank - (double)seen) / s->hist[i] : 0;
	return fmin(ldexp(exp2(fmin(fmax(at, 0), 1)), i), (double)s->max_ns);
}

static bool named(const char *names, const char *name)
{
	bool not = names && *names == '!';
	size_t len = strlen(name);
	const char *p = names + not;

	if (!names)
		return true;
	for (; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		if (!strncmp(p, name, len) && (!p[len] || p[len] == ','))
			return !not;
	return not;
}

bool kvm_is(const struct kvm_kind *k, enum kvm_class class, const char *names)
{
	return k->class == class && named(names, k->name);
}

int kvm_total(const struct model *m, enum kvm_class class, const char *names, int col, double *value)
{
	const struct kvm *k = m->kvm;
	bool told = class != KVM_EXIT, users = false;
	double sum = 0;
	size_t i;

	*value = 0;
	if (!k)
		return kvm_missing(m) ? -ENODATA : 0;
	for (i = 0; i < k->n_sums; i++) {
		const struct kvm_kind *kind = &k->kinds[k->sums[i].kind];

		users |= kind->class == KVM_USER;
		told |= kind->class == KVM_EXIT || kind->class == KVM_ENTRY;
		if (kvm_is(kind, class, names))
			sum += (double)k->sums[i].v[col];
	}
	*value = sum;
	return told || !users ? 0 : -ENODATA;
}
