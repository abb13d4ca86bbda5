/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every difference between kernels (5.10 to 7.x), and between tp_btf and raw_tp
 * programs, lives here, each with the version and the commit that made it.
 *
 * Arguments of tracepoints are read as 64-bit words from ctx: 5.10 and 6.1 refuse a
 * 4-byte load of an int argument of a tp_btf program with EINVAL, 6.12 takes it.
 */
#ifndef MMT_COMPAT_BPF_H
#define MMT_COMPAT_BPF_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "mmt_kernel.h"

/*
 * tp_btf: the verifier knows the type of each argument, a load is one instruction.
 * raw_tp (a kernel that refuses tp_btf): every load is a helper call.
 */
#ifdef MMT_RAW_TP
#define MMT_SEC(tp) SEC("?raw_tp/" tp)
#define RD(p, field)                                                                                   \
	({                                                                                             \
		typeof((p)->field) v_;                                                                 \
		bpf_core_read(&v_, sizeof(v_), &(p)->field);                                           \
		v_;                                                                                    \
	})
#else
#define MMT_SEC(tp) SEC("?tp_btf/" tp)
#define RD(p, field) ((p)->field)
#endif

/* The run queue of a task: cfs_rq is set for every scheduling class where CONFIG_FAIR_GROUP_SCHED is. */
static __always_inline struct rq *task_rq_of(struct task_struct *p)
{
	struct cfs_rq *cfs = RD(p, se.cfs_rq);

	return RD(cfs, rq);
}

/* TASK_* state; 5.14 (commit 2f064a59a11f) renamed state to __state */
static __always_inline unsigned int task_state_of(struct task_struct *p)
{
	if (bpf_core_field_exists(p->__state))
		return RD(p, __state);
#ifdef MMT_RAW_TP
	return (unsigned int)RD((struct task_struct___pre514 *)p, state);
#else
	return (unsigned int)((struct task_struct___pre514 *)p)->state;
#endif
}

/*
 * "trace,smp: Add tracepoints for scheduling remotelly called functions" (6.5) brought
 * csd_queue_cpu: it fires where a wakeup is handed to another CPU; the kind of the call
 * is in u_flags (include/linux/smp_types.h). Older kernels: sched_waking stamps instead.
 */
#define MMT_CSD_TYPE_MASK 0xf0
#define MMT_CSD_TYPE_TTWU 0x30

/* The running task, typed where the kernel has it so (5.11, commit 3ca1032ab7ab). */
static __always_inline struct task_struct *this_task(void)
{
#ifndef MMT_RAW_TP
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_get_current_task_btf))
		return (struct task_struct *)bpf_get_current_task_btf();
#endif
	return (struct task_struct *)bpf_get_current_task();
}

/* 6.18 (commit 53fbef56e07d) made a struct of page.flags */
static __always_inline __u64 page_flags_of(struct page *page)
{
	if (bpf_core_field_exists(((struct page___memdesc *)page)->flags.f))
		return RD((struct page___memdesc *)page, flags.f);
	return RD(page, flags);
}

/* Pages of the folio that begins with this one. */
static __always_inline __u32 pages_of_folio(struct page *page)
{
	__u32 n = 1;

	if (!(page_flags_of(page) >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 1;
	if (bpf_core_field_exists(((struct folio___nr *)page)->_folio_nr_pages))
		bpf_core_read(&n, sizeof(n), &((struct folio___nr *)page)->_folio_nr_pages);
	else if (bpf_core_field_exists(((struct folio___nr2 *)page)->_nr_pages))
		bpf_core_read(&n, sizeof(n), &((struct folio___nr2 *)page)->_nr_pages);
	else if (bpf_core_field_exists(((struct page___nr *)page)->compound_nr))
		bpf_core_read(&n, sizeof(n), &((struct page___nr *)((char *)page + bpf_core_type_size(struct page)))->compound_nr);
	return n ? n : 1;
}

/*
 * Arguments of kvm_exit. Until 5.15: reason, vcpu, isa. Since 5.16 (commit 0a62a0319abb) vcpu, isa:
 * the reason has to be looked for where the processor's module keeps it. False: this kernel has no
 * types of that module. n is known at load: a program that so much as names a third argument where
 * there is none is refused.
 */
#define MMT_KVM_VMX 1
#define MMT_KVM_SVM 2
static __always_inline bool kvm_exit_args(__u64 *ctx, __u32 n, __u32 *reason, __u32 *isa)
{
	void *vcpu = (void *)ctx[0], *vmcb = NULL;

	*reason = 0;
	if (n == 3) {
		*reason = (__u32)(__u64)vcpu;
		*isa = (__u32)ctx[2];
		return true;
	}
	*isa = (__u32)ctx[1];
	if (*isa == MMT_KVM_SVM && bpf_core_field_exists(((struct vcpu_svm___kvm *)0)->vmcb)) {
		bpf_core_read(&vmcb, sizeof(vmcb), &((struct vcpu_svm___kvm *)vcpu)->vmcb);
		/* 64 bits wide since 7.0, of which the lower 32 say all */
		bpf_core_read(reason, sizeof(*reason), &((struct vmcb___kvm *)vmcb)->control.exit_code);
		return true;
	}
	/* 6.16 put it into a part that TDX has too */
	if (*isa == MMT_KVM_VMX && bpf_core_field_exists(((struct vcpu_vmx___vt *)0)->vt)) {
		bpf_core_read(reason, sizeof(*reason), &((struct vcpu_vmx___vt *)vcpu)->vt.exit_reason);
		return true;
	}
	if (*isa == MMT_KVM_VMX && bpf_core_field_exists(((struct vcpu_vmx___kvm *)0)->exit_reason)) {
		bpf_core_read(reason, sizeof(*reason), &((struct vcpu_vmx___kvm *)vcpu)->exit_reason);
		return true;
	}
	return false;
}

#define MMT_TASK_DEAD_BIT 0x80
#define MMT_TASK_PARKED_BIT 0x40
#define MMT_TASK_NOLOAD_BIT 0x400

#endif
