/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording session: BPF programs, rings, totals, oracle counters -> one trace file.
 *
 * One thread drives it: open, start, then poll until done, mark where totals shall be
 * cut, stop, close. All functions return 0 or a negative errno; what went wrong, on
 * what, and what to try has then been said through opts.log.
 */
#ifndef MMT_SESSION_H
#define MMT_SESSION_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../libmmtrace/mmtrace.h"

enum mmt_profile { MMT_PROFILE_LIGHT, MMT_PROFILE_DEFAULT, MMT_PROFILE_FULL };

/* values of the kind column of the mark table */
enum mmt_mark_kind {
	MMT_MARK_START, MMT_MARK_END, MMT_MARK_ITER_START, MMT_MARK_ITER_END, MMT_MARK_PHASE, MMT_MARK_USER,
};

struct mmt_meta_pair { const char *key, *value; };

struct mmt_session_opts {
	size_t sz;
	mmt_log_fn log;
	void *log_ctx;
	const char *output;          /* trace file; "-" is standard output */
	/*
	 * Live: rows go to sink instead of a file, those of totals at marks and when a task
	 * ends. The last row of a cut is the mark's. For the profile without events; families
	 * count, and sample nothing.
	 */
	mmt_row_fn sink;
	void *sink_ctx;
	enum mmt_profile profile;
	bool waking;                 /* also record sched_waking with the waker's own clock reading */
	bool no_oracle;              /* leave the perf software counters out */
	bool verify;                 /* also count context-switches by perf: about 60 ns a switch */
	const char *ctl_path;        /* unix socket for `mmt-trace mark`; NULL: none */
	unsigned int interval_ms;    /* totals rows, 0: 1000 */
	unsigned int ring_kb;        /* per CPU, 0: default */
	int time_shift;              /* -1: default */
	int level;                   /* zlib; 0: default */
	/* filters; all empty: everything. A task that matches any of them is wanted. */
	const pid_t *pids; size_t n_pids;     /* processes, and what they fork */
	const pid_t *tids; size_t n_tids;     /* threads */
	const char *comm;            /* exact command name */
	const char *cgroup;          /* directory of a cgroup; its subtree */
	pid_t tree;                  /* this process and all its descendants; 0: none */
	/* virtual machines of such a name, those that start later, too; only with the vm family */
	bool (*vm_wanted)(void *ctx, const char *name); void *vm_ctx;
	const struct mmt_meta_pair *meta; size_t n_meta; /* stored in the meta table */
	const char *probe;           /* "auto", "tp_btf" or "raw_tp" */
	unsigned int families;       /* bits of mmt_families[], beside sched */
	unsigned int freq;           /* samples of each CPU a second, of families that sample by time; 0: default */
	const char *counters;        /* of the counters family, see perf_events.h; NULL: its default */
	bool families_only;          /* an error when the kernel lets in none of them */
	unsigned int stack_entries;  /* call stacks that the kernel keeps at once; 0: default */
};

struct mmt_session;

/* Name and description of the i-th family that can be asked for; NULL after the last. */
const char *mmt_session__family(unsigned int i, const char **summary);

struct mmt_session_stats {
	uint64_t events, lost, shed; /* records; lost and shed are exact */
	uint64_t bytes;              /* of the file */
	uint64_t cpu_ns;             /* the collector's own */
	uint64_t tasks;              /* epochs seen */
};

/* Load programs and open the file; nothing is recorded yet. */
int mmt_session__open(const struct mmt_session_opts *opts, struct mmt_session **out);
/* Attach and write the first mark. */
int mmt_session__start(struct mmt_session *s);
/*
 * Wait at most timeout_ms (-1: for ever) for one of fds, draining rings, sealing chunks
 * and answering mark requests meanwhile. Returns the number of fds with revents, 0 on
 * time-out, or -errno (a full disk, say: the session can still be stopped and closed).
 */
int mmt_session__poll(struct mmt_session *s, struct pollfd *fds, size_t n, int timeout_ms);
/* Cut the totals here. */
int mmt_session__mark(struct mmt_session *s, enum mmt_mark_kind kind, const char *name, const char *arg);
/* Last mark, drain, detach; the file is complete afterwards. */
int mmt_session__stop(struct mmt_session *s);
void mmt_session__stats(const struct mmt_session *s, struct mmt_session_stats *st);
/* Accepts NULL; without stop the file is left as after a crash. */
void mmt_session__close(struct mmt_session *s);

/* Client side of the mark socket: returns when the cut has been made. path NULL: $MMT_TRACE_CTL. */
int mmt_mark_request(const char *path, enum mmt_mark_kind kind, const char *name, const char *arg);

/* One line per capability of this machine for `check`. */
enum mmt_cap_state { MMT_CAP_OK, MMT_CAP_DEGRADED, MMT_CAP_MISSING };
struct mmt_cap { const char *name; enum mmt_cap_state state; char detail[160]; char fix[160]; bool required; };
/* Fills caps (at most max), returns how many. */
int mmt_caps_probe(struct mmt_cap *caps, size_t max, bool try_load);

#endif
