// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "../array.h"
#include "hot_int.h"
#include "reason.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

enum {
	WEAK = 1, /* says how, not what for */
	LEAF = 2, /* only where nothing but waiting is further in: it is at the bottom of all that the thread does */
};

static const struct {
	const char *name; /* exact, or "prefix*" */
	uint8_t reason, how;
} table[] = {
	/* ways to wait */
	{ "io_schedule*", HOT_R_IO, WEAK }, { "bit_wait_io*", HOT_R_IO, WEAK }, { "folio_wait_*", HOT_R_IO, WEAK },
	{ "wait_on_page_*", HOT_R_IO, WEAK }, { "__folio_lock*", HOT_R_IO, WEAK }, { "__lock_page*", HOT_R_IO, WEAK },
	{ "__wait_on_buffer", HOT_R_IO, WEAK }, { "submit_bio_wait", HOT_R_IO, WEAK }, { "blk_mq_get_tag", HOT_R_IO, WEAK },
	{ "rq_qos_wait", HOT_R_IO, WEAK }, { "blk_execute_rq", HOT_R_IO, WEAK },
	{ "schedule_hrtimeout*", HOT_R_SLEEP, WEAK }, { "schedule_timeout_*", HOT_R_SLEEP, WEAK },
	{ "rt_mutex_*", HOT_R_LOCK, WEAK }, { "__rt_mutex_*", HOT_R_LOCK, WEAK },

	{ "futex_*", HOT_R_FUTEX, 0 }, { "__futex_*", HOT_R_FUTEX, 0 }, { "do_futex", HOT_R_FUTEX, 0 },

	{ "io_cqring_wait*", HOT_R_IO, 0 }, { "__do_sys_io_uring_enter", HOT_R_IO, 0 }, { "io_uring_cancel*", HOT_R_IO, 0 },
	{ "read_events", HOT_R_IO, 0 }, { "do_io_getevents", HOT_R_IO, 0 }, { "iomap_dio_*", HOT_R_IO, 0 },
	{ "__iomap_dio_rw", HOT_R_IO, 0 }, { "blkdev_direct_IO*", HOT_R_IO, 0 }, { "balance_dirty_pages*", HOT_R_IO, 0 },
	{ "jbd2_*", HOT_R_IO, 0 }, { "wait_transaction_locked", HOT_R_IO, 0 }, { "add_transaction_credits", HOT_R_IO, 0 },
	{ "xfs_log_force*", HOT_R_IO, 0 }, { "__xfs_log_force*", HOT_R_IO, 0 }, { "xlog_*", HOT_R_IO, 0 },
	{ "xfs_buf_iowait", HOT_R_IO, 0 }, { "btrfs_wait_*", HOT_R_IO, 0 }, { "wait_current_trans", HOT_R_IO, 0 },
	{ "nfs_wait_*", HOT_R_IO, 0 }, { "rpc_wait_bit_killable", HOT_R_IO, 0 }, { "request_wait_answer", HOT_R_IO, 0 },
	{ "p9_client_rpc", HOT_R_IO, 0 }, { "wait_for_response", HOT_R_IO, 0 }, { "md_super_wait", HOT_R_IO, 0 },

	{ "do_nanosleep", HOT_R_SLEEP, 0 }, { "hrtimer_nanosleep", HOT_R_SLEEP, 0 }, { "common_nsleep*", HOT_R_SLEEP, 0 },
	{ "alarm_timer_nsleep", HOT_R_SLEEP, 0 }, { "msleep*", HOT_R_SLEEP, 0 }, { "usleep_range*", HOT_R_SLEEP, 0 },

	{ "handle_mm_fault", HOT_R_FAULT, 0 }, { "__handle_mm_fault", HOT_R_FAULT, 0 }, { "filemap_fault", HOT_R_FAULT, 0 },
	{ "do_swap_page", HOT_R_FAULT, 0 }, { "migration_entry_wait*", HOT_R_FAULT, 0 }, { "handle_userfault", HOT_R_FAULT, 0 },
	{ "exc_page_fault", HOT_R_FAULT, 0 }, { "do_user_addr_fault", HOT_R_FAULT, 0 }, { "do_page_fault", HOT_R_FAULT, 0 },
	{ "kvm_async_pf_task_wait*", HOT_R_FAULT, 0 },

	{ "pipe_read", HOT_R_PIPE, 0 }, { "pipe_write", HOT_R_PIPE, 0 }, { "anon_pipe_*", HOT_R_PIPE, 0 },
	{ "fifo_pipe_*", HOT_R_PIPE, 0 }, { "pipe_wait*", HOT_R_PIPE, 0 }, { "wait_for_partner", HOT_R_PIPE, 0 },
	{ "fifo_open", HOT_R_PIPE, 0 }, { "ipipe_prep*", HOT_R_PIPE, 0 }, { "opipe_prep*", HOT_R_PIPE, 0 },
	{ "wait_for_space", HOT_R_PIPE, 0 }, { "eventfd_*", HOT_R_PIPE, 0 }, { "n_tty_*", HOT_R_PIPE, 0 },
	{ "signalfd_*", HOT_R_PIPE, 0 }, { "timerfd_*", HOT_R_PIPE, 0 }, { "inotify_read", HOT_R_PIPE, 0 },
	{ "fanotify_read", HOT_R_PIPE, 0 }, { "userfaultfd_*", HOT_R_PIPE, 0 },

	{ "unix_*", HOT_R_SOCKET, 0 }, { "tcp_*", HOT_R_SOCKET, 0 }, { "udp_*", HOT_R_SOCKET, 0 }, { "udpv6_*", HOT_R_SOCKET, 0 },
	{ "inet_csk_*", HOT_R_SOCKET, 0 }, { "__inet_stream_connect", HOT_R_SOCKET, 0 }, { "inet_wait_for_connect", HOT_R_SOCKET, 0 },
	{ "sk_wait_data", HOT_R_SOCKET, 0 }, { "sk_stream_wait_*", HOT_R_SOCKET, 0 }, { "sock_alloc_send_*", HOT_R_SOCKET, 0 },
	{ "sock_wait_for_wmem", HOT_R_SOCKET, 0 }, { "__skb_wait_for_more_packets", HOT_R_SOCKET, 0 },
	{ "__skb_recv_*", HOT_R_SOCKET, 0 }, { "skb_recv_*", HOT_R_SOCKET, 0 }, { "raw_recvmsg", HOT_R_SOCKET, 0 },
	{ "netlink_*", HOT_R_SOCKET, 0 }, { "packet_*", HOT_R_SOCKET, 0 }, { "vsock_*", HOT_R_SOCKET, 0 },
	{ "mptcp_*", HOT_R_SOCKET, 0 }, { "sctp_*", HOT_R_SOCKET, 0 }, { "smc_*", HOT_R_SOCKET, 0 },

	{ "ep_poll", HOT_R_POLL, 0 }, { "do_epoll_*", HOT_R_POLL, 0 }, { "do_sys_poll", HOT_R_POLL, 0 }, { "do_poll", HOT_R_POLL, 0 },
	{ "do_select", HOT_R_POLL, 0 }, { "core_sys_select", HOT_R_POLL, 0 }, { "poll_schedule_timeout*", HOT_R_POLL, 0 },

	{ "do_wait*", HOT_R_WAIT, 0 }, { "kernel_wait*", HOT_R_WAIT, 0 }, { "wait_for_vfork_done", HOT_R_WAIT, 0 },
	{ "de_thread", HOT_R_WAIT, 0 },

	{ "mutex_lock*", HOT_R_LOCK, 0 }, { "__mutex_lock*", HOT_R_LOCK, 0 }, { "ww_mutex_lock*", HOT_R_LOCK, 0 },
	{ "__ww_mutex_lock*", HOT_R_LOCK, 0 }, { "rwsem_*", HOT_R_LOCK, 0 }, { "down_read*", HOT_R_LOCK, 0 },
	{ "down_write*", HOT_R_LOCK, 0 }, { "__down*", HOT_R_LOCK, 0 }, { "down", HOT_R_LOCK, 0 },
	{ "down_interruptible", HOT_R_LOCK, 0 }, { "down_killable", HOT_R_LOCK, 0 }, { "down_timeout", HOT_R_LOCK, 0 },
	{ "percpu_rwsem_wait", HOT_R_LOCK, 0 }, { "__percpu_down_read*", HOT_R_LOCK, 0 }, { "percpu_down_*", HOT_R_LOCK, 0 },
	{ "rtlock_*", HOT_R_LOCK, 0 }, { "rt_spin_lock*", HOT_R_LOCK, 0 }, { "rt_read_lock", HOT_R_LOCK, 0 },
	{ "rt_write_lock", HOT_R_LOCK, 0 }, { "rwbase_*", HOT_R_LOCK, 0 }, { "__lock_sock", HOT_R_LOCK, 0 },
	{ "lock_sock_nested", HOT_R_LOCK, 0 }, { "__wait_on_freeing_inode", HOT_R_LOCK, 0 },
	{ "vma_start_write*", HOT_R_LOCK, 0 }, { "__vma_start_write*", HOT_R_LOCK, 0 }, { "__vma_enter_locked", HOT_R_LOCK, 0 },

	{ "reclaim_throttle", HOT_R_RECLAIM, 0 }, { "throttle_direct_reclaim", HOT_R_RECLAIM, 0 },
	{ "congestion_wait", HOT_R_RECLAIM, 0 }, { "wait_iff_congested", HOT_R_RECLAIM, 0 }, { "shrink_*", HOT_R_RECLAIM, 0 },
	{ "try_to_free_pages", HOT_R_RECLAIM, 0 }, { "try_to_free_mem_cgroup_pages", HOT_R_RECLAIM, 0 },
	{ "mem_cgroup_handle_over_high", HOT_R_RECLAIM, 0 }, { "__mem_cgroup_handle_over_high", HOT_R_RECLAIM, 0 },
	{ "try_to_compact_pages", HOT_R_RECLAIM, 0 }, { "compact_zone*", HOT_R_RECLAIM, 0 },

	{ "do_semtimedop", HOT_R_IPC, 0 }, { "__do_semtimedop", HOT_R_IPC, 0 }, { "do_msgrcv", HOT_R_IPC, 0 },
	{ "do_msgsnd", HOT_R_IPC, 0 }, { "wq_sleep", HOT_R_IPC, 0 }, { "do_mq_timed*", HOT_R_IPC, 0 },

	{ "do_sigtimedwait*", HOT_R_SIGNAL, 0 }, { "sigsuspend", HOT_R_SIGNAL, 0 }, { "__x64_sys_pause", HOT_R_SIGNAL, 0 },
	{ "do_signal_stop", HOT_R_SIGNAL, 0 }, { "ptrace_stop*", HOT_R_SIGNAL, 0 }, { "do_freezer_trap", HOT_R_SIGNAL, 0 },
	{ "do_jobctl_trap", HOT_R_SIGNAL, 0 },

	{ "kvm_vcpu_block", HOT_R_VCPU, 0 }, { "kvm_vcpu_halt", HOT_R_VCPU, 0 },

	{ "rcu_gp_*", HOT_R_IDLE, LEAF }, { "rcu_nocb_*", HOT_R_IDLE, LEAF }, { "nocb_*", HOT_R_IDLE, LEAF },
	{ "rcu_tasks_*", HOT_R_IDLE, LEAF }, { "kswapd_try_to_sleep", HOT_R_IDLE, LEAF }, { "kcompactd*", HOT_R_IDLE, LEAF },
	{ "khugepaged*", HOT_R_IDLE, LEAF }, { "io_wq_worker", HOT_R_IDLE, LEAF }, { "io_sq_thread", HOT_R_IDLE, LEAF },
	{ "vhost_worker", HOT_R_IDLE, LEAF }, { "vhost_task_fn", HOT_R_IDLE, LEAF }, { "svc_recv", HOT_R_IDLE, LEAF },
	{ "kthread", HOT_R_IDLE, LEAF }, { "kthreadd", HOT_R_IDLE, LEAF },
};

/* Of every wait; they tell nothing at all. */
static const char *const generic[] = {
	"__schedule*", "schedule", "schedule_timeout*", "schedule_hrtimeout*", "schedule_preempt_disabled", "wait_woken",
	"freezable_schedule*", "io_schedule*",
};

/* The compiler's copies of a function are called func.isra.0, func.constprop.1, func.part.0, func.cold, func.llvm.1234. */
bool hot_name_fits(const char *name, const char *pattern)
{
	for (; *pattern && *name == *pattern; name++, pattern++)
		;
	return (*pattern == '*' && !pattern[1]) || (!*pattern && (!*name || *name == '.'));
}

/* What a function's name tells, wherever it stands. */
struct tells {
	uint8_t reason; /* HOT_REASONS: nothing */
	uint8_t how;
	bool known, generic, kthread;
};

static struct tells tells(const char *fn)
{
	struct tells x = { .reason = HOT_REASONS, .known = fn };
	size_t i;

	if (!fn)
		return x;
	for (i = 0; i < N(table); i++) {
		if (!hot_name_fits(fn, table[i].name))
			continue;
		x.reason = table[i].reason;
		x.how = table[i].how;
		break;
	}
	for (i = 0; i < N(generic) && !x.generic; i++)
		x.generic = hot_name_fits(fn, generic[i]);
	x.kthread = hot_name_fits(fn, "kthread");
	return x;
}

/* Leaf first. */
static enum hot_reason judge(const struct tells *t, uint32_t n, uint64_t flags)
{
	uint32_t i, known = 0;
	int weak = HOT_REASONS;
	bool leaf = true;

	if (flags & HOT_OFF_PREEMPTED)
		return HOT_R_PREEMPTED;
	for (i = 0; i < n; i++) {
		if (!t[i].known)
			continue;
		known++;
		if (t[i].reason != HOT_REASONS && (leaf || !(t[i].how & LEAF))) {
			if (!(t[i].how & WEAK))
				return (enum hot_reason)t[i].reason;
			weak = weak == HOT_REASONS ? t[i].reason : weak;
		}
		if (!leaf || t[i].generic)
			continue;
		leaf = false;
		/* the main function of a kernel thread waits itself: it has nothing to do */
		if (i + 1 < n && t[i + 1].kthread)
			return weak == HOT_R_IO ? HOT_R_IO : HOT_R_IDLE;
	}
	if (weak != HOT_REASONS)
		return (enum hot_reason)weak;
	if (flags & HOT_OFF_IOWAIT)
		return HOT_R_IO;
	return known ? HOT_R_OTHER : HOT_R_UNKNOWN;
}

enum hot_reason hot_reason_of(const char *const *fn, uint32_t n, uint64_t flags)
{
	struct tells t[128];
	uint32_t i;

	n = n < N(t) ? n : N(t);
	for (i = 0; i < n; i++)
		t[i] = tells(fn[i]);
	return judge(t, n, flags);
}

/* Of a frame, asked once. */
static int tells_of(struct hot *h, uint32_t frame, struct tells *out)
{
	struct hot_int *x = h->priv;
	uint32_t i = u64map_get(&x->tells_by, frame);
	const struct hot_frame *f = &h->frame[frame];
	struct tells *t;

	if (i == U64MAP_NONE) {
		t = array_more(&x->tells, &x->n_tells, &x->cap_tells, sizeof(*t));
		i = (uint32_t)(x->n_tells - 1);
		if (!t || u64map_put(&x->tells_by, frame, i))
			return -ENOMEM;
		*t = tells(f->flags & HOT_UNKNOWN ? NULL : f->name);
	}
	*out = x->tells[i];
	return 0;
}

int hot_path_reason(struct hot *h, uint32_t path, uint64_t flags, uint32_t *reason)
{
	const struct hot_path *p = &h->path[path];
	struct tells t[128];
	uint32_t i, n = p->n_kernel < N(t) ? p->n_kernel : N(t);
	int err;

	for (i = 0; i < n; i++) {
		err = tells_of(h, p->frame[i], &t[i]);
		if (err)
			return err;
	}
	*reason = judge(t, n, flags);
	return 0;
}

/* ---------------------------------------------------------------- leaf ends */

static const char *const tracing[] = {
	"bpf_prog_*", "bpf_trace_run*", "__bpf_trace_*", "__traceiter_*", "__SCT__tp_func_*", "trace_call_bpf*", "bpf_get_stack*",
	"__bpf_get_stack*", "perf_trace_*", "trace_event_raw_event_*", "bpf_trampoline_*", "__bpf_prog_enter*", "__bpf_prog_exit*",
	"bpf_overflow_handler", "perf_swevent_*", "___perf_sw_event", "__perf_sw_event", "perf_tp_event", "perf_trace_run_bpf_submit",
	"get_perf_callchain", "perf_callchain*", "stack_trace_save*",
};
static const char *const scheduler[] = { "__schedule", "schedule", "schedule_preempt_disabled" };
static const char *const wakeup[] = { "try_to_wake_up", "wake_up_q", "wake_up_process", "wake_up_state", "default_wake_function" };
static const char *const exception[] = {
	"exc_page_fault", "asm_exc_page_fault", "page_fault", "async_page_fault", "do_page_fault", "__do_page_fault",
	"do_user_addr_fault", "handle_page_fault", "trace_page_fault_entries*", "exc_page_fault_*", "handle_mm_fault",
	"mm_account_fault", "do_mem_abort", "do_translation_fault", "el1h_64_sync*", "el1_abort",
};

static bool in(const char *name, const char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (hot_name_fits(name, list[i]))
			return true;
	return false;
}

#define MAX_UNNAMED 4 /* programs of ours whose names the kernel hid, before one that has a name */

uint32_t hot_cut(const struct hot *h, const uint32_t *frame, uint32_t n, enum hot_cut cut)
{
	static const struct { const char *const *name; size_t n; } also[HOT_CUTS] = {
		[HOT_CUT_SCHEDULER] = { scheduler, N(scheduler) }, [HOT_CUT_WAKEUP] = { wakeup, N(wakeup) },
		[HOT_CUT_FAULT] = { exception, N(exception) },
	};
	uint32_t i, last = 0, blind = 0;

	for (i = 0; i < n; i++) {
		const struct hot_frame *f = &h->frame[frame[i]];

		if (f->flags & HOT_UNKNOWN) {
			if (blind++ == MAX_UNNAMED)
				break;
			continue;
		}
		if (!in(f->name, tracing, N(tracing)) && !in(f->name, also[cut].name, also[cut].n))
			break;
		last = i + 1;
	}
	return last;
}

static const struct { const char *name, *id; } reasons[HOT_REASONS] = {
	[HOT_R_UNKNOWN] = { "unknown", "unknown" }, [HOT_R_FUTEX] = { "futex", "futex" }, [HOT_R_IO] = { "I/O", "io" },
	[HOT_R_SLEEP] = { "sleep", "sleep" }, [HOT_R_FAULT] = { "page fault", "fault" }, [HOT_R_PIPE] = { "pipe", "pipe" },
	[HOT_R_SOCKET] = { "socket", "socket" }, [HOT_R_POLL] = { "poll", "poll" }, [HOT_R_WAIT] = { "child", "child" },
	[HOT_R_LOCK] = { "kernel lock", "lock" }, [HOT_R_RECLAIM] = { "reclaim", "reclaim" }, [HOT_R_IPC] = { "ipc", "ipc" },
	[HOT_R_SIGNAL] = { "signal", "signal" }, [HOT_R_VCPU] = { "vcpu halt", "vcpu" }, [HOT_R_IDLE] = { "idle", "idle" },
	[HOT_R_PREEMPTED] = { "preempted", "preempted" }, [HOT_R_OTHER] = { "other", "other" },
};

const char *hot_reason_name(enum hot_reason r)
{
	return (unsigned int)r < HOT_REASONS ? reasons[r].name : "?";
}

const char *hot_reason_id(enum hot_reason r)
{
	return (unsigned int)r < HOT_REASONS ? reasons[r].id : "?";
}
