// SPDX-License-Identifier: GPL-2.0-only
/* Call paths: what is cut off them, what they weigh, what is not known of them, why they blocked. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "../../analyzer/hot/rank.h"
#include "../../analyzer/hot/reason.h"
#include "../../analyzer/metrics.h"
#include "hot_make.h"

#define MS 1e6

static struct {
	struct synth s;
	struct model *m;
	struct hot *h;
	char said[512];
} t;

static int set_up(void **state)
{
	(void)state;
	hot_make(&t.s);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	hot_free(t.h);
	model_free(t.m);
	synth_remove(&t.s);
	memset(&t, 0, sizeof(t));
	return 0;
}

static void log_line(void *ctx, enum mmt_log_level level, const char *line)
{
	(void)ctx;
	(void)level;
	snprintf(t.said, sizeof(t.said), "%s", line);
}

static void load(struct hot_opts o)
{
	hot_free(t.h);
	t.h = NULL;
	o.log = log_line;
	if (!t.m)
		t.m = synth_model(&t.s, WINDOW_ALL, NULL);
	assert_int_equal(hot_load(t.m, &o, &t.h), 0);
}

/* "a < b < c | d < e": the kernel's before the bar; (a): inlined. */
static const char *path_text(uint32_t path)
{
	static char buf[2048];
	const struct hot_path *p;
	size_t at = 0;
	uint32_t i;

	assert_true(path < t.h->n_paths);
	p = &t.h->path[path];
	for (i = 0; i < p->n; i++) {
		const struct hot_frame *f = &t.h->frame[p->frame[i]];

		assert_int_equal(!!(f->flags & HOT_KERNEL), i < p->n_kernel);
		at += (size_t)snprintf(buf + at, sizeof(buf) - at, "%s%s%s%s", i == 0 ? "" : i == p->n_kernel ? " | " : " < ",
				       f->flags & HOT_INLINED ? "(" : "", f->name, f->flags & HOT_INLINED ? ")" : "");
	}
	return buf;
}

static const struct hot_cell *cell(enum hot_kind kind, const char *path)
{
	const struct hot_cells *c = &t.h->kind[kind];
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(path_text(c->cell[i].path), path))
			return &c->cell[i];
	for (i = 0; i < c->n; i++)
		printf("# %s\n", path_text(c->cell[i].path));
	fail_msg("no path %s", path);
	return NULL;
}

#define ENTRY "do_syscall_64 < entry_SYSCALL_64_after_hwframe"
#define FUTEX "futex_wait_queue < futex_wait < do_futex < __x64_sys_futex < " ENTRY
#define LOCK "__lll_lock_wait < dbg_malloc < churn < main"
#define COPY "memcpy < (fill) < copy < churn < main"

static void test_blocked(void **state)
{
	const struct hot_cells *b;
	const struct hot_cell *c;

	(void)state;
	load((struct hot_opts){ 0 });
	b = &t.h->kind[HOT_BLOCKED];
	assert_true(b->recorded);
	assert_int_equal(b->n, 5);
	assert_int_equal(b->samples, 6);
	assert_float_equal(b->weight, 4540 * MS, 1);
	assert_float_equal(b->total, 4550 * MS, 1);
	assert_int_equal(b->count, 59);
	c = cell(HOT_BLOCKED, FUTEX " | " LOCK);
	assert_float_equal(c->weight, 2970 * MS, 1); /* of two intervals */
	assert_int_equal(c->count, 29);
	assert_int_equal(c->max, 200000000);
	assert_int_equal(c->reason, HOT_R_FUTEX);
	assert_int_equal(t.m->tasks[c->task].tid, 101);
	assert_int_equal(c->segment, 1);
	assert_true(c->variance == 0);
	assert_int_equal(t.h->path[c->path].flags, 0);
	c = cell(HOT_BLOCKED, FUTEX);
	assert_float_equal(c->weight, 30 * MS, 1);
	assert_int_equal(t.h->path[c->path].flags, HOT_P_NO_USER);
	c = cell(HOT_BLOCKED, "pipe_read < vfs_read < " ENTRY " | read < main");
	assert_int_equal(c->reason, HOT_R_PIPE);
	assert_int_equal(c->count, 23);
	assert_int_equal(t.h->path[c->path].flags, HOT_P_NO_FRAMES);
	c = cell(HOT_BLOCKED, "worker_thread < kthread < ret_from_fork");
	assert_int_equal(c->reason, HOT_R_IDLE);
	assert_int_equal(t.h->path[c->path].flags, 0); /* a kernel thread has no program */
	c = cell(HOT_BLOCKED, "[unknown: no stack]");
	assert_int_equal(c->reason, HOT_R_UNKNOWN);
	assert_int_equal(t.h->path[c->path].flags, HOT_P_NO_USER | HOT_P_NO_KERNEL);
	/* what has no name in its program: 30 and 40 */
	assert_float_equal(b->unnamed, 70 * MS, 1);
	assert_int_equal(b->without_user, 2);

	b = &t.h->kind[HOT_PREEMPT];
	assert_int_equal(b->n, 1);
	assert_true(isnan(b->total));
	c = cell(HOT_PREEMPT, "entry_SYSCALL_64_after_hwframe | " COPY);
	assert_float_equal(c->weight, 10 * MS, 1);
	assert_int_equal(c->reason, HOT_R_PREEMPTED);
	assert_int_equal(t.h->path[c->path].flags, HOT_P_TRUNCATED);
}

static void test_faults(void **state)
{
	const struct hot_cells *f;
	const struct hot_cell *c;

	(void)state;
	load((struct hot_opts){ .kinds = 1u << HOT_FAULT });
	assert_int_equal(t.h->kind[HOT_BLOCKED].n, 0);
	f = &t.h->kind[HOT_FAULT];
	assert_int_equal(f->n, 5);
	assert_int_equal(f->samples, 13);
	assert_float_equal(f->weight, 1101, 0);
	assert_float_equal(f->total, 1200, 0);
	c = cell(HOT_FAULT, COPY);
	assert_float_equal(c->weight, 800, 0);
	assert_float_equal(c->variance, 8 * 9900, 0);
	assert_int_equal(c->count, 8);
	assert_string_equal(t.h->place[c->place].module, "/lib/libc.so.6");
	assert_int_equal(t.h->place[c->place].offset, 0x1010);
	assert_int_equal(t.h->place[c->place].in, 0x10);
	assert_string_equal(t.h->frame[t.h->place[c->place].frame].file, "memcpy.S");
	assert_int_equal(t.h->frame[t.h->place[c->place].frame].line, 300);
	c = cell(HOT_FAULT, "rep_movs_alternative < vfs_read < " ENTRY " | read < main");
	assert_float_equal(c->weight, 200, 0);
	assert_int_equal(t.h->place[c->place].in, 0x10);
	c = cell(HOT_FAULT, "[/lib/libgone.so+0x111: not there] < [0x7fff00001233]");
	assert_float_equal(c->weight, 50, 0);
	c = cell(HOT_FAULT, "memcpy"); /* nothing but the instruction */
	assert_int_equal(t.h->path[c->path].flags, HOT_P_NO_USER);
	assert_int_equal(t.h->place[c->place].offset, 0x1020);
	cell(HOT_FAULT, "[0x5555]");
	assert_float_equal(f->unnamed, 51, 0);
}

static void test_cpu_and_wakers(void **state)
{
	const struct hot_cells *x;
	const struct hot_cell *c;

	(void)state;
	load((struct hot_opts){ .kinds = 1u << HOT_CPU | 1u << HOT_WAKER });
	x = &t.h->kind[HOT_CPU];
	assert_int_equal(x->n, 4); /* two instructions of memcpy */
	assert_float_equal(x->weight, 1000 * MS, 1);
	assert_float_equal(x->total, 1100 * MS, 1);
	c = cell(HOT_CPU, "clear_page_erms < handle_mm_fault < exc_page_fault < asm_exc_page_fault | " COPY);
	assert_float_equal(c->weight, 300 * MS, 1);
	cell(HOT_CPU, "[0x9999]");
	x = &t.h->kind[HOT_WAKER];
	assert_int_equal(x->n, 2);
	c = cell(HOT_WAKER, "__x64_sys_futex < " ENTRY " | " LOCK);
	assert_float_equal(c->weight, 2900 * MS, 1);
	assert_float_equal(c->delay, 20 * MS, 1);
	assert_int_equal(c->max, 5000000);
	assert_int_equal(c->reason, HOT_R_FUTEX);
	assert_int_equal(t.m->tasks[c->task].tid, 100);
	assert_int_equal(t.m->tasks[c->other_task].tid, 101);
	assert_string_equal(path_text(c->other), FUTEX " | " LOCK);
	c = cell(HOT_WAKER, "__x64_sys_futex < " ENTRY);
	assert_int_equal(c->task, HOT_NONE);
	assert_int_equal(c->flags, HOT_C_INTERRUPT);
}

static void test_filters(void **state)
{
	const pid_t tid = 101, tgid = 200;

	(void)state;
	load((struct hot_opts){ .tids = &tid, .n_tids = 1 });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 3000 * MS, 1);
	assert_float_equal(t.h->kind[HOT_BLOCKED].total, 3000 * MS, 1);
	assert_float_equal(t.h->kind[HOT_FAULT].weight, 800, 0);
	assert_int_equal(t.h->kind[HOT_WAKER].n, 2); /* by the woken */
	load((struct hot_opts){ .tgids = &tgid, .n_tgids = 1 });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 40 * MS, 1);
	assert_int_equal(t.h->kind[HOT_WAKER].n, 0);
	load((struct hot_opts){ .comm = "demo,kw*" });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 1500 * MS, 1);
	load((struct hot_opts){ .cgroup = "/bench" });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 4540 * MS, 1);
	load((struct hot_opts){ .cgroup = "/other*" });
	assert_int_equal(t.h->kind[HOT_BLOCKED].n, 0);
	load((struct hot_opts){ .collector = true });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 13540 * MS, 1);
	assert_float_equal(t.h->kind[HOT_BLOCKED].total, 13550 * MS, 1);
	load((struct hot_opts){ .to = HOT_SEC });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 1000 * MS, 1);
	load((struct hot_opts){ .from = HOT_SEC, .to = 7 * HOT_SEC });
	assert_float_equal(t.h->kind[HOT_BLOCKED].weight, 3540 * MS, 1);
	assert_float_equal(t.h->kind[HOT_FAULT].weight, 1000, 0);
	assert_int_equal(t.h->kind[HOT_CPU].samples, 6);
	model_free(t.m);
	t.m = synth_model(&t.s, WINDOW_NAME, "faults");
	load((struct hot_opts){ 0 });
	assert_int_equal(t.h->kind[HOT_BLOCKED].n, 0);
	assert_true(t.h->kind[HOT_BLOCKED].recorded);
	assert_float_equal(t.h->kind[HOT_BLOCKED].total, 0, 0);
	assert_float_equal(t.h->kind[HOT_FAULT].weight, 1101, 0);
}

static void test_nothing(void **state)
{
	const struct hot_opts o = { .log = log_line }, cpu = { .log = log_line, .kinds = 1u << HOT_CPU };
	struct synth s;
	struct model *m;

	(void)state;
	hot_make_base(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_ALL, NULL);
	assert_int_equal(hot_recorded(m), 0);
	assert_int_equal(hot_load(m, &o, &t.h), -ENODATA);
	assert_non_null(strstr(t.said, "record it with -e hot"));
	assert_int_equal(hot_load(m, &cpu, &t.h), -ENODATA);
	assert_non_null(strstr(t.said, "no CPU samples in this trace: record it with -e profile"));
	assert_null(t.h);
	model_free(m);
	synth_remove(&s);
}

#define STACK(...) ((const char *const[]){ __VA_ARGS__ }), sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

static void test_reasons(void **state)
{
	(void)state;
	/* as recorded on 5.10, 6.1, 6.12, 6.18 and 7.2 */
	assert_int_equal(hot_reason_of(STACK("futex_wait_queue_me", "futex_wait", "do_futex", "__x64_sys_futex"), 0), HOT_R_FUTEX);
	assert_int_equal(hot_reason_of(STACK("__schedule", "schedule", "futex_wait_queue", "__futex_wait"), 0), HOT_R_FUTEX);
	assert_int_equal(hot_reason_of(STACK("futex_do_wait", "__futex_wait", "futex_wait"), 0), HOT_R_FUTEX);
	assert_int_equal(hot_reason_of(STACK("rt_mutex_slowlock_block.constprop.0", "rt_mutex_wait_proxy_lock", "futex_lock_pi"), 0),
			 HOT_R_FUTEX);
	assert_int_equal(hot_reason_of(STACK("io_schedule", "folio_wait_bit_common", "filemap_get_pages", "filemap_read", "vfs_read"), 2),
			 HOT_R_IO);
	assert_int_equal(hot_reason_of(STACK("io_schedule", "folio_wait_bit_common", "filemap_fault", "__do_fault", "handle_mm_fault"), 2),
			 HOT_R_FAULT);
	assert_int_equal(hot_reason_of(STACK("io_schedule", "blk_mq_get_tag", "shrink_folio_list", "try_to_free_pages"), 0), HOT_R_RECLAIM);
	assert_int_equal(hot_reason_of(STACK("rwsem_down_read_slowpath", "down_read", "do_user_addr_fault", "exc_page_fault"), 0),
			 HOT_R_LOCK);
	assert_int_equal(hot_reason_of(STACK("do_nanosleep", "hrtimer_nanosleep", "common_nsleep", "__x64_sys_clock_nanosleep"), 0),
			 HOT_R_SLEEP);
	assert_int_equal(hot_reason_of(STACK("schedule_hrtimeout_range_clock", "do_sys_poll", "__x64_sys_poll"), 0), HOT_R_POLL);
	assert_int_equal(hot_reason_of(STACK("schedule_hrtimeout_range", "ep_poll", "do_epoll_wait"), 0), HOT_R_POLL);
	assert_int_equal(hot_reason_of(STACK("schedule_hrtimeout_range", "some_driver_wait"), 0), HOT_R_SLEEP);
	assert_int_equal(hot_reason_of(STACK("pipe_wait_readable", "pipe_read", "vfs_read"), 0), HOT_R_PIPE);
	assert_int_equal(hot_reason_of(STACK("anon_pipe_read", "vfs_read"), 0), HOT_R_PIPE);
	assert_int_equal(hot_reason_of(STACK("mutex_lock", "pipe_write"), 0), HOT_R_LOCK);
	assert_int_equal(hot_reason_of(STACK("schedule_timeout", "wait_woken", "sk_wait_data", "tcp_recvmsg_locked"), 0), HOT_R_SOCKET);
	assert_int_equal(hot_reason_of(STACK("schedule_timeout", "unix_stream_data_wait", "unix_stream_read_generic"), 0), HOT_R_SOCKET);
	assert_int_equal(hot_reason_of(STACK("do_wait", "kernel_wait4"), 0), HOT_R_WAIT);
	assert_int_equal(hot_reason_of(STACK("io_cqring_wait", "__do_sys_io_uring_enter"), 0), HOT_R_IO);
	assert_int_equal(hot_reason_of(STACK("sigsuspend", "__x64_sys_rt_sigsuspend"), 0), HOT_R_SIGNAL);
	assert_int_equal(hot_reason_of(STACK("kvm_vcpu_block", "kvm_vcpu_halt", "vcpu_run"), 0), HOT_R_VCPU);
	/* a kernel thread without work, and one that waits in its work */
	assert_int_equal(hot_reason_of(STACK("worker_thread", "kthread", "ret_from_fork"), 0), HOT_R_IDLE);
	assert_int_equal(hot_reason_of(STACK("schedule_timeout", "rcu_gp_fqs_loop", "rcu_gp_kthread", "kthread"), 0), HOT_R_IDLE);
	assert_int_equal(hot_reason_of(STACK("schedule_timeout_idle", "some_driver_thread", "kthread", "ret_from_fork"), 0), HOT_R_IDLE);
	assert_int_equal(hot_reason_of(STACK("io_schedule", "submit_bio_wait", "process_one_work", "worker_thread", "kthread"), 0), HOT_R_IO);
	assert_int_equal(hot_reason_of(STACK("wait_for_completion", "process_one_work", "worker_thread", "kthread"), 0), HOT_R_OTHER);
	/* flags tell what functions do not */
	assert_int_equal(hot_reason_of(STACK("anything"), 1), HOT_R_PREEMPTED);
	assert_int_equal(hot_reason_of(STACK("new_fs_wait"), 2), HOT_R_IO);
	assert_int_equal(hot_reason_of(STACK("new_fs_wait"), 4), HOT_R_OTHER);
	assert_int_equal(hot_reason_of(STACK(NULL, NULL), 0), HOT_R_UNKNOWN);
	assert_int_equal(hot_reason_of(STACK(NULL, "pipe_read"), 0), HOT_R_PIPE);
	assert_int_equal(hot_reason_of(NULL, 0, 0), HOT_R_UNKNOWN);
	assert_int_equal(hot_reason_of(NULL, 0, 2), HOT_R_IO);
}

/* memcpy keeps no frame pointer: its caller is not in the stack, but in the call of the caller's caller. */
static void test_skipped(void **state)
{
	const uint64_t at[] = { 0x1010, 0x250, 0x110 }, full[] = { 0x1010, 0x410, 0x250 }, other[] = { 0x1010, 0x260 };
	const uint64_t map[] = { 2, 1, 1 };
	const struct hot_path *p;

	(void)state;
	synth_remove(&t.s);
	hot_make_base(&t.s);
	synth_call(&t.s, 1, 0x24f, 0x200, "churn", "copy", 0x400);
	synth_call(&t.s, 1, 0x25f, 0x200, "churn", "memcpy@plt", 0x50);
	synth_stack(&t.s, 50, false, HOT_T_MAIN, 0, at, map, 3);
	synth_stack(&t.s, 51, false, HOT_T_MAIN, 0, full, map, 3);
	synth_stack(&t.s, 52, false, HOT_T_MAIN, 0, other, map, 2);
	synth_fault_stack(&t.s, HOT_SEC, 1, HOT_T_MAIN, 0x7f0000001010, FAULT_USER, 1, 0, 50);
	synth_fault_stack(&t.s, HOT_SEC, 1, HOT_T_MAIN, 0x7f0000001010, FAULT_USER, 1, 0, 51);
	synth_fault_stack(&t.s, HOT_SEC, 1, HOT_T_MAIN, 0x7f0000001010, FAULT_USER, 1, 0, 52);
	synth_close(&t.s);
	load((struct hot_opts){ .kinds = 1 << HOT_FAULT });
	p = &t.h->path[cell(HOT_FAULT, "memcpy < copy < churn < main")->path];
	assert_int_equal(t.h->frame[p->frame[1]].flags, HOT_INFERRED);
	assert_string_equal(t.h->frame[p->frame[1]].module, "/usr/bin/demo");
	assert_int_equal(t.h->frame[p->frame[1]].line, 120); /* where it begins */
	cell(HOT_FAULT, "memcpy < (fill) < copy < churn"); /* it is there: nothing is put in */
	cell(HOT_FAULT, "memcpy < churn");                 /* what the stub leads to is there */
}

/* "name weight total count" of each row, in order. */
static void rank(enum hot_kind kind, enum hot_by by, bool inclusive, const char *const *want, size_t n_want)
{
	struct hot_row *row;
	char label[512], line[1024];
	double sum = 0;
	size_t i, n;

	assert_int_equal(hot_rank(t.h, kind, by, inclusive, &row, &n), 0);
	for (i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "%s: %.0f %.0f %llu", hot_row_label(t.h, by, &row[i], label, sizeof(label)),
			 row[i].weight / (kind == HOT_FAULT ? 1 : MS), row[i].total / (kind == HOT_FAULT ? 1 : MS),
			 (unsigned long long)row[i].count);
		sum += row[i].weight;
		if (i < n_want)
			assert_string_equal(line, want[i]);
		else
			print_message("# unexpected: %s\n", line);
	}
	assert_int_equal(n, n_want);
	assert_float_equal(sum, t.h->kind[kind].weight, 1);
	free(row);
}
#define RANK(kind, by, ...) rank(kind, by, false, STACK(__VA_ARGS__))

static void test_rank(void **state)
{
	struct hot_row *row;
	size_t n;

	(void)state;
	load((struct hot_opts){ 0 });
	RANK(HOT_BLOCKED, HOT_BY_REASON, "futex: 3000 3000 30", "pipe: 1000 1000 23", "idle: 500 500 5", "unknown: 40 40 1");
	RANK(HOT_BLOCKED, HOT_BY_TASK, "demo-worker 101: 3000 3000 30", "demo 100: 1000 1000 23", "kworker/0:1 50: 500 500 5",
	     "other 200: 40 40 1");
	RANK(HOT_BLOCKED, HOT_BY_PROCESS, "demo 100: 4000 4000 53", "kworker/0:1 50: 500 500 5", "other 200: 40 40 1");
	RANK(HOT_BLOCKED, HOT_BY_CGROUP, "/bench/a: 4540 4540 59");
	RANK(HOT_FAULT, HOT_BY_SEGMENT, "2: 1101 1101 13");
	RANK(HOT_FAULT, HOT_BY_COMM, "demo-worker: 800 800 8", "demo: 300 300 4", "other: 1 1 1");
	RANK(HOT_FAULT, HOT_BY_LINE, "memcpy.S:300: 850 850 9", "demo.c:150: 200 200 2", "[unknown: no source line]: 51 51 2");
	/* of equal weight by name; two instructions are two rows, and are not the one without a name */
	RANK(HOT_FAULT, HOT_BY_INSTRUCTION, "memcpy+0x10: 800 800 8", "rep_movs_alternative+0x10: 200 200 2",
	     "[/lib/libgone.so+0x111: not there]: 50 50 1", "memcpy+0x20: 50 50 1", "[0x5555]: 1 1 1");
	RANK(HOT_FAULT, HOT_BY_FUNCTION, "memcpy: 850 850 9", "rep_movs_alternative: 200 200 2", "[unknown in libgone.so]: 50 50 1",
	     "[unknown]: 1 51 1", "main: 0 1000 0", "churn: 0 800 0", "copy: 0 800 0", "fill: 0 800 0", "do_syscall_64: 0 200 0",
	     "entry_SYSCALL_64_after_hwframe: 0 200 0", "read: 0 200 0", "vfs_read: 0 200 0");
	rank(HOT_CPU, HOT_BY_FUNCTION, true, STACK("memcpy: 600 900 6", "churn: 0 900 0", "copy: 0 900 0", "fill: 0 900 0",
	     "main: 0 900 0", "clear_page_erms: 300 300 3", "asm_exc_page_fault: 0 300 0", "exc_page_fault: 0 300 0",
	     "handle_mm_fault: 0 300 0", "[unknown]: 100 100 1"));
	RANK(HOT_WAKER, HOT_BY_TASK, "demo 100 -> demo-worker 101: 2900 2900 29", "(interrupt) -> demo-worker 101: 90 90 1");
	RANK(HOT_WAKER, HOT_BY_REASON, "futex: 2990 2990 30");
	assert_int_equal(hot_rank(t.h, HOT_FAULT, HOT_BY_PATH, false, &row, &n), 0);
	/* of 1101 with variance 103900 this is 800 with 79200 */
	assert_float_equal(hot_row_margin(t.h, HOT_FAULT, &row[0]), 24.512210, 0.00001);
	free(row);
}

/* A function that calls itself is on its path once. */
static void test_recursion(void **state)
{
	const uint64_t frame[] = { 0x210, 0x210, 0x210, 0x110 }, map[] = { 1, 1, 1, 1 };
	struct synth s;

	(void)state;
	hot_make_base(&s);
	synth_stack(&s, 50, false, HOT_T_MAIN, 0, frame, map, 4);
	synth_cpu_sample(&s, 1, 1, HOT_T_MAIN, 0x400210, 0, 50, 1, 1000000);
	synth_close(&s);
	t.m = synth_model(&s, WINDOW_ALL, NULL);
	load((struct hot_opts){ 0 });
	RANK(HOT_CPU, HOT_BY_FUNCTION, "churn: 1 1 1", "main: 0 1 0");
	assert_true(isnan(t.h->kind[HOT_CPU].total));
	synth_remove(&s);
}

static double metric(const char *name)
{
	struct metric_ctx ctx;
	double v;
	int err;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, t.m), 0);
	err = metric_value(&ctx, metric_find(name), &v);
	metric_ctx_free(&ctx);
	assert_true(!err || err == -ENODATA);
	return err ? -1 : v;
}

/* ms a second of 10 s; the collector's 9 s on a pipe are left out. */
static void test_metrics(void **state)
{
	const uint64_t hidden[] = { 0xffffffffa0000000 };
	struct synth s;

	(void)state;
	t.m = synth_model(&t.s, WINDOW_ALL, NULL);
	assert_float_equal(metric("blocked.futex"), 300, 1e-9);
	assert_float_equal(metric("blocked.pipe"), 100, 1e-9);
	assert_float_equal(metric("blocked.idle"), 50, 1e-9);
	assert_float_equal(metric("blocked.unknown"), 4, 1e-9);
	assert_float_equal(metric("blocked.io"), 0, 0);
	model_free(t.m);
	t.m = synth_model(&t.s, WINDOW_NAME, "faults"); /* nothing blocked there: that is 0 */
	assert_float_equal(metric("blocked.futex"), 0, 0);
	model_free(t.m);

	hot_make_base(&s); /* not recorded */
	synth_close(&s);
	t.m = synth_model(&s, WINDOW_ALL, NULL);
	assert_float_equal(metric("blocked.futex"), -1, 0);
	model_free(t.m);
	synth_remove(&s);
	hot_make_base(&s); /* without the names of the kernel */
	synth_stack(&s, 50, true, 0, 0, hidden, NULL, 1);
	synth_off_cpu(&s, 1, 1, HOT_T_MAIN, 50, HOT_S_LOCK, 0, 1, 1000, 1000);
	synth_close(&s);
	t.m = synth_model(&s, WINDOW_ALL, NULL);
	assert_float_equal(metric("blocked.futex"), -1, 0);
	assert_float_equal(metric("blocked.unknown"), -1, 0);
	synth_remove(&s);
}

/* test_hot FILE: leave that trace there, for the tests of the command; test_hot FILE big: a large one. */
static int leave(const char *file, bool big)
{
	if (big)
		hot_make_big(&t.s, 5000, 20000);
	else
		hot_make(&t.s);
	return rename(t.s.path, file) ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_blocked, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_faults, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_cpu_and_wakers, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_filters, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_skipped, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_rank, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_recursion, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_metrics, set_up, tear_down),
		cmocka_unit_test(test_reasons),
	};

	if (argc > 1)
		return leave(argv[1], argc > 2);
	return cmocka_run_group_tests_name("hot", tests, NULL, NULL);
}
