// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "hot_make.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define DEMO 1
#define LIBC 2
#define STRIPPED 3

/* Offsets in the files; one less for callers, as they are where they return to. */
#define MAIN 0x110
#define CHURN 0x210
#define DBG_MALLOC 0x310
#define COPY 0x410
#define MEMCPY 0x1010
#define LOCK_WAIT 0x2010
#define READ 0x3010

static void functions(struct synth *s)
{
	static const char *const name[K_FUNCTIONS] = {
		"__schedule", "schedule", "futex_wait_queue", "futex_wait", "do_futex", "__x64_sys_futex", "do_syscall_64",
		"entry_SYSCALL_64_after_hwframe", "bpf_prog_0123456789abcdef_off", "bpf_trace_run4", "__traceiter_sched_switch",
		"pipe_read", "vfs_read", "exc_page_fault", "asm_exc_page_fault", "rep_movs_alternative", "worker_thread", "kthread",
		"ret_from_fork", "try_to_wake_up", "clear_page_erms", "handle_mm_fault",
	};
	size_t i;

	for (i = 0; i < N(name); i++)
		synth_ksym(s, K(i) - 0x10, 0x100, name[i], i == K_BPF_PROG ? "bpf" : "");
	synth_symbol(s, DEMO, 0x100, 0x100, 0, false, 0x100, "main", "demo.c", 150);
	synth_symbol(s, DEMO, 0x200, 0x100, 0, false, 0x200, "churn", "demo.c", 71);
	synth_symbol(s, DEMO, 0x300, 0x100, 0, false, 0x300, "dbg_malloc", "demo.c", 34);
	synth_symbol(s, DEMO, 0x400, 0x100, 0, true, 0x400, "fill", "demo.c", 88);
	synth_symbol(s, DEMO, 0x400, 0x100, 1, false, 0x400, "copy", "demo.c", 120);
	synth_symbol(s, LIBC, 0x1000, 0x100, 0, false, 0x1000, "memcpy", "memcpy.S", 300);
	synth_symbol(s, LIBC, 0x2000, 0x100, 0, false, 0x2000, "__lll_lock_wait", "", 0);
	synth_symbol(s, LIBC, 0x3000, 0x100, 0, false, 0x3000, "read", "", 0);
}

static void stacks(struct synth *s)
{
	/* of off-CPU time with the tracing's own functions at its end, as the kernel gives them */
	const uint64_t futex[] = { K(K_BPF_PROG), K(K_BPF_TRACE), K(K_TRACEITER), K(K_SCHEDULE_), K(K_SCHEDULE), K(K_FUTEX_WAIT_QUEUE),
				   K(K_FUTEX_WAIT), K(K_DO_FUTEX), K(K_SYS_FUTEX), K(K_SYSCALL), K(K_ENTRY) };
	const uint64_t pipe[] = { K(K_SCHEDULE_), K(K_SCHEDULE), K(K_PIPE_READ), K(K_VFS_READ), K(K_SYSCALL), K(K_ENTRY) };
	const uint64_t idle[] = { K(K_SCHEDULE_), K(K_SCHEDULE), K(K_WORKER), K(K_KTHREAD), K(K_FORK) };
	const uint64_t fault[] = { K(K_BPF_PROG), K(K_BPF_TRACE), K(K_EXC_FAULT), K(K_ASM_EXC_FAULT), K(K_REP_MOVS), K(K_VFS_READ),
				   K(K_SYSCALL), K(K_ENTRY) };
	const uint64_t wake[] = { K(K_WAKE), K(K_SYS_FUTEX), K(K_SYSCALL), K(K_ENTRY) };
	const uint64_t cpu[] = { K(K_CLEAR_PAGE), K(K_MM_FAULT), K(K_EXC_FAULT), K(K_ASM_EXC_FAULT) };
	const uint64_t preempt[] = { K(K_SCHEDULE_), K(K_SCHEDULE), K(K_ENTRY) };
	const uint64_t lock[] = { LOCK_WAIT, DBG_MALLOC, CHURN, MAIN }, lock_map[] = { LIBC, DEMO, DEMO, DEMO };
	const uint64_t copy[] = { MEMCPY, COPY, CHURN, MAIN }, copy_map[] = { LIBC, DEMO, DEMO, DEMO };
	const uint64_t read[] = { READ, MAIN }, read_map[] = { LIBC, DEMO };
	const uint64_t stripped[] = { 0x111, 0x7fff00001234 }, stripped_map[] = { STRIPPED, 0 };
	const uint64_t other[] = { 0x5555 };

	synth_stack(s, HOT_S_FUTEX, true, 0, 0, futex, NULL, N(futex));
	synth_stack(s, HOT_S_PIPE, true, 0, 0, pipe, NULL, N(pipe));
	synth_stack(s, HOT_S_IDLE, true, 0, 0, idle, NULL, N(idle));
	synth_stack(s, HOT_S_FAULT, true, 0, 0, fault, NULL, N(fault));
	synth_stack(s, HOT_S_WAKE, true, 0, 0, wake, NULL, N(wake));
	synth_stack(s, HOT_S_CPU, true, 0, 0, cpu, NULL, N(cpu));
	synth_stack(s, HOT_S_PREEMPT, true, 0, 0, preempt, NULL, N(preempt));
	synth_stack(s, HOT_S_LOCK, false, HOT_T_MAIN, 0, lock, lock_map, N(lock));
	synth_stack(s, HOT_S_COPY, false, HOT_T_MAIN, MMT_STACK_TRUNCATED, copy, copy_map, N(copy));
	synth_stack(s, HOT_S_READ, false, HOT_T_MAIN, MMT_STACK_NO_FRAMES, read, read_map, N(read));
	synth_stack(s, HOT_S_STRIPPED, false, HOT_T_MAIN, 0, stripped, stripped_map, N(stripped));
	synth_stack(s, HOT_S_OTHER, false, HOT_T_OTHER, 0, other, NULL, N(other));
}

void hot_make_base(struct synth *s)
{
	synth_open(s);
	synth_meta(s, "fault.kinds", "yes");
	synth_mark(s, 1, 0, MARK_START, "start");
	synth_mark(s, 2, 5 * HOT_SEC, MARK_USER, "faults");
	synth_mark(s, 3, 10 * HOT_SEC, MARK_END, "end");
	synth_cgroup(s, 7, "/bench/a");
	synth_task(s, HOT_T_MAIN, 100, 100, 1, 0, 0, "demo");
	synth_task(s, HOT_T_THREAD, 101, 100, 2, 0, 0, "demo-worker");
	synth_task(s, HOT_T_OTHER, 200, 200, 3, 0, 0, "other");
	synth_task(s, HOT_T_COLLECTOR, 300, 300, 4, 0, TASK_COLLECTOR, "mmt-trace");
	synth_task(s, HOT_T_KTHREAD, 50, 50, 5, 0, TASK_KTHREAD, "kworker/0:1");
	synth_mapping(s, DEMO, HOT_T_MAIN, 0x400000, 0x500000, "/usr/bin/demo");
	synth_mapping(s, LIBC, HOT_T_MAIN, 0x7f0000000000, 0x7f0000100000, "/lib/libc.so.6");
	synth_mapping(s, STRIPPED, HOT_T_MAIN, 0x7f1000000000, 0x7f1000100000, "/lib/libgone.so");
	functions(s);
	stacks(s);
}

static void totals(struct synth *s, uint64_t time, uint64_t segment, uint64_t epoch, uint64_t run, uint64_t off)
{
	const uint64_t v[MT_N] = { [MT_RUN_NS] = run, [MT_OFF_N] = 1 };

	synth_totals(s, time, segment, epoch, 7, v, NULL, &off);
}

/*
 * Segment 1, in ms: the thread blocks 3000 in 30 periods for a lock, the longest 200, 30 of them without a stack of its
 * program; the main task 1000 in 23 on a pipe; the kernel thread 500 in nothing to do; "other" 40 no one knows where; the
 * thread is preempted 10. Totals: 4550 off CPU. The main task ends 2900 of the thread's and an interrupt 90.
 * Segment 2: faults by copying, 8 samples of 100 in the thread, by reading into a new buffer 2 of 100 (in the kernel),
 * 1 of 50 in a stripped library, 1 of 50 that has nothing but its instruction, 1 of 1 in "other" at an unknown place;
 * 1200 were raised. CPU: 6 samples of 100 ms in memcpy, 3 clearing pages, 1 without a stack; 1100 ms ran.
 */
void hot_make(struct synth *s)
{
	const uint64_t ms = 1000000;
	const uint64_t faults[FT_N] = { [FT_UW] = 1000, [FT_KW] = 200, [FT_MINOR] = 1190 };
	const struct synth_wake wake[] = {
		{ HOT_T_THREAD, HOT_S_FUTEX, HOT_S_LOCK, HOT_T_MAIN, HOT_S_WAKE, HOT_S_LOCK, 0, 29, 2900 * ms, 20 * ms, 5 * ms },
		{ HOT_T_THREAD, HOT_S_FUTEX, HOT_S_LOCK, HOT_T_OTHER, HOT_S_WAKE, HOT_S_OTHER, 1, 1, 90 * ms, 1 * ms, 1 * ms },
	};
	int i;

	hot_make_base(s);
	synth_off_cpu(s, 1 * HOT_SEC, 1, HOT_T_THREAD, HOT_S_FUTEX, HOT_S_LOCK, 0, 10, 1000 * ms, 150 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_THREAD, HOT_S_FUTEX, HOT_S_LOCK, 0, 19, 1970 * ms, 200 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_THREAD, HOT_S_FUTEX, 0, 0, 1, 30 * ms, 30 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_MAIN, HOT_S_PIPE, HOT_S_READ, 0, 23, 1000 * ms, 50 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_KTHREAD, HOT_S_IDLE, 0, 0, 5, 500 * ms, 100 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_OTHER, 0, 0, 0, 1, 40 * ms, 40 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_THREAD, HOT_S_PREEMPT, HOT_S_COPY, 1, 2, 10 * ms, 6 * ms);
	synth_off_cpu(s, 2 * HOT_SEC, 1, HOT_T_COLLECTOR, HOT_S_PIPE, 0, 0, 9, 9000 * ms, 1000 * ms);
	totals(s, 4 * HOT_SEC, 1, HOT_T_THREAD, 50 * ms, 3000 * ms);
	totals(s, 4 * HOT_SEC, 1, HOT_T_MAIN, 0, 1000 * ms);
	totals(s, 4 * HOT_SEC, 1, HOT_T_KTHREAD, 0, 500 * ms);
	totals(s, 4 * HOT_SEC, 1, HOT_T_OTHER, 0, 50 * ms);
	totals(s, 4 * HOT_SEC, 1, HOT_T_COLLECTOR, 7 * ms, 9000 * ms);
	for (i = 0; i < 2; i++)
		synth_waker(s, 2 * HOT_SEC, 1, &wake[i]);

	for (i = 0; i < 8; i++)
		synth_fault_stack(s, 6 * HOT_SEC, 2, HOT_T_THREAD, 0x7f0000001000 + 0x10, FAULT_USER | FAULT_WRITE, 100, 0, HOT_S_COPY);
	for (i = 0; i < 2; i++)
		synth_fault_stack(s, 6 * HOT_SEC, 2, HOT_T_MAIN, K(K_REP_MOVS), FAULT_WRITE, 100, HOT_S_FAULT, HOT_S_READ);
	synth_fault_stack(s, 7 * HOT_SEC, 2, HOT_T_MAIN, 0x7f1000000111, FAULT_USER, 50, 0, HOT_S_STRIPPED);
	synth_fault_stack(s, 7 * HOT_SEC, 2, HOT_T_MAIN, 0x7f0000001020, FAULT_USER, 50, 0, 0);
	synth_fault_stack(s, 8 * HOT_SEC, 2, HOT_T_OTHER, 0x5555, FAULT_USER, 1, 0, HOT_S_OTHER);
	synth_fault_stack(s, 8 * HOT_SEC, 2, HOT_T_COLLECTOR, 0x5555, FAULT_USER, 5000, 0, 0);
	synth_faults(s, 9 * HOT_SEC, 2, HOT_T_THREAD, 7, faults);
	for (i = 0; i < 6; i++)
		synth_cpu_sample(s, 6 * HOT_SEC, 2, HOT_T_THREAD, 0x7f0000001000 + 0x10 + (uint64_t)(i & 1), 0, HOT_S_COPY, 1, 100 * ms);
	for (i = 0; i < 3; i++)
		synth_cpu_sample(s, 7 * HOT_SEC, 2, HOT_T_THREAD, K(K_CLEAR_PAGE), HOT_S_CPU, HOT_S_COPY, 0, 100 * ms);
	synth_cpu_sample(s, 7 * HOT_SEC, 2, HOT_T_OTHER, 0x9999, 0, 0, 1, 100 * ms);
	totals(s, 9 * HOT_SEC, 2, HOT_T_THREAD, 1050 * ms, 0);
	synth_close(s);
}

static uint64_t rnd(uint64_t *seed, uint64_t n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (*seed >> 33) % n;
}

void hot_make_big(struct synth *s, unsigned int n_stacks, unsigned int n_rows)
{
	const uint64_t v[MT_N] = { [MT_RUN_NS] = 9000000000ull };
	uint64_t frame[30], map[30], seed = 1, ks, us, ip;
	unsigned int i, k;
	char name[32];

	hot_make_base(s);
	for (i = 0; i < 4000; i++) {
		snprintf(name, sizeof(name), "kernel_function_%u", i);
		synth_ksym(s, 0xffffffff82000000ull + i * 64, 64, name, "");
		snprintf(name, sizeof(name), "function_%u", i);
		synth_symbol(s, 1, 0x10000 + i * 64, 64, 0, false, 0x10000 + i * 64, name, "big.c", i + 1);
	}
	for (i = 0; i < n_stacks; i++) {
		for (k = 0; k < 30; k++)
			frame[k] = 0xffffffff82000000ull + rnd(&seed, 4000) * 64 + 8;
		synth_stack(s, 100 + i * 2, true, 0, 0, frame, NULL, 30);
		for (k = 0; k < 30; k++) {
			frame[k] = 0x10000 + rnd(&seed, 4000) * 64 + 8;
			map[k] = 1;
		}
		synth_stack(s, 101 + i * 2, false, HOT_T_MAIN, 0, frame, map, 30);
	}
	for (i = 0; i < n_rows; i++) {
		const struct synth_wake w = { HOT_T_THREAD, 100 + 2 * (i % n_stacks), 101 + 2 * (i % n_stacks), HOT_T_MAIN,
					      100 + 2 * ((i + 7) % n_stacks), 101 + 2 * ((i + 7) % n_stacks), 0, 1, 1000, 100, 100 };

		ks = 100 + 2 * rnd(&seed, n_stacks);
		us = 101 + 2 * rnd(&seed, n_stacks);
		ip = 0x400000 + 0x10000 + rnd(&seed, 4000 * 64);
		synth_fault_stack(s, i * 100, 1, HOT_T_THREAD, ip, FAULT_USER, 10, 0, us);
		synth_off_cpu(s, i * 100, 1, HOT_T_THREAD, ks, us, i % 8 == 0, 3, 30000, 20000);
		synth_waker(s, i * 100, 1, &w);
		synth_cpu_sample(s, i * 100, 1, HOT_T_MAIN, 0xffffffff82000000ull + rnd(&seed, 4000 * 64), ks, us, 0, 1000000);
		if (i % 4096 == 0)
			synth_seal(s);
	}
	synth_totals(s, 9 * HOT_SEC, 1, HOT_T_MAIN, 7, v, NULL, NULL);
	synth_close(s);
}
