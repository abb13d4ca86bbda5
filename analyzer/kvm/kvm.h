/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exits of virtual CPUs in the window of a model: sums by thread and kind. m->kvm; NULL where
 * the trace has no table kvm_totals.
 *
 * Memory: 300 bytes a thread and reason; it does not grow with time.
 */
#ifndef MMT_KVM_MODEL_H
#define MMT_KVM_MODEL_H

#include "../load_row.h"
#include "../model.h"

enum kvm_class { KVM_EXIT, KVM_ENTRY, KVM_USER, KVM_HALT_POLL, KVM_UNKNOWN, KVM_CLASSES };
enum { KVM_COUNT, KVM_TIMED, KVM_TIME_NS, KVM_N };
#define KVM_HIST 40 /* powers of two */

struct kvm_kind {
	enum kvm_class class;
	const char *isa, *name; /* name "": the recording machine did not know it */
	uint64_t reason;
};

struct kvm_sum { /* of a thread */
	uint32_t kind;
	uint64_t epoch; /* 0: threads without counters of their own */
	uint64_t v[KVM_N], max_ns;
	uint64_t last, last_v[KVM_N]; /* when something was added last, and what; of kvm_row() */
	uint32_t hist[KVM_HIST];
};

struct kvm {
	struct kvm_kind *kinds; size_t n_kinds, cap_kinds;
	struct kvm_sum *sums; size_t n_sums, cap_sums;
	struct u64map map; /* epoch and kind -> sum */
};

#define KVM_MAX_KINDS 4096

/* For the loader. */
#define KVM_COLS 12
extern const char *const kvm_cols[KVM_COLS];
int kvm_row(struct model *m, const struct row *r);
void kvm_forget(struct kvm *k);
void kvm_free(struct kvm *k);

/* Was the family recorded? NULL: yes; else why not, "" where the trace does not say. */
const char *kvm_missing(const struct model *m);
/* "hlt", "reason 0x6c", "reason not known". */
const char *kvm_name(const struct kvm_kind *k, char *buf, size_t size);
void kvm_add(struct kvm_sum *to, const struct kvm_sum *from);
/* Of the times, by rank inside a power of two: at most a factor of two off. NaN: there are none. */
double kvm_q(const struct kvm_sum *s, double q);

/* Is it of this class, and one of these? NULL: all, "a,b": these, "!a,b": all but these. */
bool kvm_is(const struct kvm_kind *k, enum kvm_class class, const char *names);
/*
 * For metrics. A column of a class over all threads; names as for kvm_is().
 * -ENODATA where the trace does not say: of exits also where virtual CPUs ran and none was told.
 */
int kvm_total(const struct model *m, enum kvm_class class, const char *names, int col, double *value);

#endif
