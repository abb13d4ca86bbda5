// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers by the kernel's arch/x86/include/uapi/asm/vmx.h and svm.h and include/uapi/linux/kvm.h, as of 6.18;
 * names as its tracepoints print them, in lower case.
 */
#include <stddef.h>

#include "../bpf/kvm_shared.h"
#include "kvm_names.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
#define ISA_VMX 1
#define ISA_SVM 2
#define VMX_FAILED_ENTRY 0x80000000u

static const char *const vmx_names[] = {
	[0] = "exception_nmi", [1] = "external_interrupt", [2] = "triple_fault", [3] = "init_signal",
	[4] = "sipi_signal", [7] = "interrupt_window", [8] = "nmi_window", [9] = "task_switch", [10] = "cpuid",
	[12] = "hlt", [13] = "invd", [14] = "invlpg", [15] = "rdpmc", [16] = "rdtsc", [18] = "vmcall",
	[19] = "vmclear", [20] = "vmlaunch", [21] = "vmptrld", [22] = "vmptrst", [23] = "vmread", [24] = "vmresume",
	[25] = "vmwrite", [26] = "vmoff", [27] = "vmon", [28] = "cr_access", [29] = "dr_access",
	[30] = "io_instruction", [31] = "msr_read", [32] = "msr_write", [33] = "invalid_state",
	[34] = "msr_load_fail", [36] = "mwait_instruction", [37] = "monitor_trap_flag", [39] = "monitor_instruction",
	[40] = "pause_instruction", [41] = "mce_during_vmentry", [43] = "tpr_below_threshold", [44] = "apic_access",
	[45] = "eoi_induced", [46] = "gdtr_idtr", [47] = "ldtr_tr", [48] = "ept_violation", [49] = "ept_misconfig",
	[50] = "invept", [51] = "rdtscp", [52] = "preemption_timer", [53] = "invvpid", [54] = "wbinvd",
	[55] = "xsetbv", [56] = "apic_write", [57] = "rdrand", [58] = "invpcid", [59] = "vmfunc", [60] = "encls",
	[61] = "rdseed", [62] = "pml_full", [63] = "xsaves", [64] = "xrstors", [67] = "umwait", [68] = "tpause",
	[74] = "bus_lock", [75] = "notify", [77] = "tdcall", [84] = "msr_read_imm", [85] = "msr_write_imm",
};

static const char *const svm_names[] = {
	[0x00] = "read_cr0", [0x02] = "read_cr2", [0x03] = "read_cr3", [0x04] = "read_cr4", [0x08] = "read_cr8",
	[0x10] = "write_cr0", [0x12] = "write_cr2", [0x13] = "write_cr3", [0x14] = "write_cr4", [0x18] = "write_cr8",
	[0x20] = "read_dr0", [0x21] = "read_dr1", [0x22] = "read_dr2", [0x23] = "read_dr3", [0x24] = "read_dr4",
	[0x25] = "read_dr5", [0x26] = "read_dr6", [0x27] = "read_dr7", [0x30] = "write_dr0", [0x31] = "write_dr1",
	[0x32] = "write_dr2", [0x33] = "write_dr3", [0x34] = "write_dr4", [0x35] = "write_dr5", [0x36] = "write_dr6",
	[0x37] = "write_dr7", [0x40] = "excp_de", [0x41] = "excp_db", [0x43] = "excp_bp", [0x44] = "excp_of",
	[0x45] = "excp_br", [0x46] = "excp_ud", [0x47] = "excp_nm", [0x48] = "excp_df", [0x4a] = "excp_ts",
	[0x4b] = "excp_np", [0x4c] = "excp_ss", [0x4d] = "excp_gp", [0x4e] = "excp_pf", [0x50] = "excp_mf",
	[0x51] = "excp_ac", [0x52] = "excp_mc", [0x53] = "excp_xf", [0x60] = "interrupt", [0x61] = "nmi",
	[0x62] = "smi", [0x63] = "init", [0x64] = "vintr", [0x65] = "cr0_sel_write", [0x66] = "read_idtr",
	[0x67] = "read_gdtr", [0x68] = "read_ldtr", [0x69] = "read_rt", [0x6a] = "write_idtr", [0x6b] = "write_gdtr",
	[0x6c] = "write_ldtr", [0x6d] = "write_rt", [0x6e] = "rdtsc", [0x6f] = "rdpmc", [0x70] = "pushf",
	[0x71] = "popf", [0x72] = "cpuid", [0x73] = "rsm", [0x74] = "iret", [0x75] = "swint", [0x76] = "invd",
	[0x77] = "pause", [0x78] = "hlt", [0x79] = "invlpg", [0x7a] = "invlpga", [0x7b] = "io", [0x7c] = "msr",
	[0x7d] = "task_switch", [0x7e] = "ferr_freeze", [0x7f] = "shutdown", [0x80] = "vmrun", [0x81] = "hypercall",
	[0x82] = "vmload", [0x83] = "vmsave", [0x84] = "stgi", [0x85] = "clgi", [0x86] = "skinit", [0x87] = "rdtscp",
	[0x88] = "icebp", [0x89] = "wbinvd", [0x8a] = "monitor", [0x8b] = "mwait", [0x8d] = "xsetbv",
	[0x8f] = "write_efer_trap", [0x90] = "write_cr0_trap", [0x94] = "write_cr4_trap", [0x98] = "write_cr8_trap",
	[0xa2] = "invpcid", [0xa5] = "buslock", [0xa6] = "idle_halt",
};

static const struct { uint32_t reason; const char *name; } svm_high[] = {
	{ 0x400, "npf" }, { 0x401, "avic_incomplete_ipi" }, { 0x402, "avic_unaccelerated_access" },
	{ 0x403, "vmgexit" }, { 0x80000001, "vmgexit_mmio_read" }, { 0x80000002, "vmgexit_mmio_write" },
	{ 0x80000003, "vmgexit_nmi_complete" }, { 0x80000004, "vmgexit_ap_hlt_loop" },
	{ 0x80000005, "vmgexit_ap_jump_table" }, { 0x80000010, "vmgexit_page_state_change" },
	{ 0x80000011, "vmgexit_guest_request" }, { 0x80000012, "vmgexit_ext_guest_request" },
	{ 0x80000013, "vmgexit_ap_creation" }, { 0x8000fffd, "vmgexit_hypervisor_feature" },
	{ 0xffffffff, "invalid_guest_state" },
};

static const char *const user_names[MMT_KVM_USER_N] = {
	[0] = "unknown", [1] = "exception", [2] = "io", [3] = "hypercall", [4] = "debug", [5] = "hlt", [6] = "mmio",
	[7] = "irq_window_open", [8] = "shutdown", [9] = "fail_entry", [10] = "intr", [11] = "set_tpr",
	[12] = "tpr_access", [13] = "s390_sieic", [14] = "s390_reset", [15] = "dcr", [16] = "nmi",
	[17] = "internal_error", [18] = "osi", [19] = "papr_hcall", [20] = "s390_ucontrol", [21] = "watchdog",
	[22] = "s390_tsch", [23] = "epr", [24] = "system_event", [25] = "s390_stsi", [26] = "ioapic_eoi",
	[27] = "hyperv", [28] = "arm_nisv", [29] = "rdmsr", [30] = "wrmsr", [31] = "dirty_ring_full",
	[32] = "ap_reset_hold", [33] = "bus_lock", [34] = "xen", [35] = "riscv_sbi", [36] = "riscv_csr",
	[37] = "notify", [38] = "loongarch_iocsr", [39] = "memory_fault", [40] = "tdx", [41] = "arm_sea",
};

uint64_t mmt_kvm_reason(uint32_t key)
{
	if (key < MMT_KVM_NESTED)
		return key - MMT_KVM_REASON;
	if (key < MMT_KVM_HIGH)
		return 0x400 + key - MMT_KVM_NESTED;
	if (key < MMT_KVM_TOP)
		return 0x80000000u + key - MMT_KVM_HIGH;
	if (key < MMT_KVM_ERROR)
		return 0x8000fff8u + key - MMT_KVM_TOP;
	return key == MMT_KVM_ERROR ? UINT32_MAX : UINT64_MAX;
}

static const char *svm_name(uint64_t reason)
{
	size_t i;

	if (reason < N(svm_names))
		return svm_names[reason];
	for (i = 0; i < N(svm_high); i++)
		if (svm_high[i].reason == reason)
			return svm_high[i].name;
	return NULL;
}

const char *mmt_kvm_exit_name(uint32_t isa, uint64_t reason)
{
	const char *name = NULL;

	if (isa == ISA_SVM)
		name = svm_name(reason);
	else if (isa == ISA_VMX && reason <= UINT32_MAX && (reason & ~(uint64_t)VMX_FAILED_ENTRY) < N(vmx_names))
		name = vmx_names[reason & ~(uint64_t)VMX_FAILED_ENTRY];
	return name ? name : "";
}

const char *mmt_kvm_isa_name(uint32_t isa)
{
	return isa == ISA_VMX ? "vmx" : isa == ISA_SVM ? "svm" : "";
}

const char *mmt_kvm_user_name(uint32_t reason)
{
	return reason < MMT_KVM_USER_N && user_names[reason] ? user_names[reason] : "";
}
