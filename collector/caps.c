// SPDX-License-Identifier: GPL-2.0-only
/* What this machine lets the collector do, found by trying. */
#include <bpf/btf.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "perf_count.h"
#include "probe.h"
#include "session.h"
#include "sysfs.h"

struct list {
	struct mmt_cap *caps;
	size_t n, max;
};

static void add(struct list *l, const char *name, enum mmt_cap_state state, bool required, const char *fix,
		const char *fmt, ...) __attribute__((format(printf, 6, 7)));

static void add(struct list *l, const char *name, enum mmt_cap_state state, bool required, const char *fix,
		const char *fmt, ...)
{
	struct mmt_cap *c;
	va_list ap;

	if (l->n == l->max)
		return;
	c = &l->caps[l->n++];
	memset(c, 0, sizeof(*c));
	c->name = name;
	c->state = state;
	c->required = required;
	if (state != MMT_CAP_OK)
		snprintf(c->fix, sizeof(c->fix), "%s", fix);
	va_start(ap, fmt);
	vsnprintf(c->detail, sizeof(c->detail), fmt, ap);
	va_end(ap);
}

static uint64_t effective_caps(void)
{
	char buf[8192], *s;

	if (mmt_read_file("/proc/self/status", buf, sizeof(buf)) < 0)
		return 0;
	s = strstr(buf, "CapEff:");
	return s ? strtoull(s + 7, NULL, 16) : 0;
}

static void probe_privilege(struct list *l)
{
	uint64_t eff = effective_caps();
	bool admin = eff >> CAP_SYS_ADMIN & 1, bpf = admin || (eff >> 39 & 1), perfmon = admin || (eff >> 38 & 1);

	add(l, "CAP_BPF", bpf ? MMT_CAP_OK : MMT_CAP_MISSING, true, "run as root, or setcap cap_bpf,cap_perfmon+ep",
	    bpf ? "yes" : "no: BPF programs cannot be loaded");
	add(l, "CAP_PERFMON", perfmon ? MMT_CAP_OK : MMT_CAP_MISSING, true,
	    "run as root, or setcap cap_bpf,cap_perfmon+ep",
	    perfmon ? "yes" : "no: tracepoints and kernel memory cannot be read");
	add(l, "CAP_SYS_NICE", eff >> CAP_SYS_NICE & 1 ? MMT_CAP_OK : MMT_CAP_DEGRADED, false,
	    "run as root, or setcap cap_sys_nice+ep",
	    eff >> CAP_SYS_NICE & 1 ? "yes" : "no: the drain cannot run at real-time priority and may be starved");
}

static void probe_lockdown(struct list *l)
{
	char buf[256];

	if (mmt_read_file("/sys/kernel/security/lockdown", buf, sizeof(buf)) < 0)
		add(l, "lockdown", MMT_CAP_OK, true, "", "not built in or securityfs not mounted");
	else if (strstr(buf, "[confidentiality]"))
		add(l, "lockdown", MMT_CAP_MISSING, true, "boot with lockdown=integrity or none",
		    "confidentiality: BPF may not read kernel memory");
	else
		add(l, "lockdown", MMT_CAP_OK, true, "", "%.*s", (int)strcspn(buf, "\n"), buf);
}

static void probe_btf(struct list *l)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool kinds;

	if (!btf) {
		add(l, "BTF", MMT_CAP_MISSING, true, "use a kernel with CONFIG_DEBUG_INFO_BTF=y",
		    "no kernel type information: %s", strerror(errno));
		return;
	}
	add(l, "BTF", MMT_CAP_OK, true, "", "%u types", btf__type_cnt(btf));
	add(l, "run queue clock", mmt_probe__btf_has_field(btf, "cfs_rq", "rq") ? MMT_CAP_OK : MMT_CAP_DEGRADED, false,
	    "use a kernel with CONFIG_FAIR_GROUP_SCHED=y", "%s",
	    mmt_probe__btf_has_field(btf, "cfs_rq", "rq") ? "yes" : "no: every event reads CLOCK_MONOTONIC, about 50 ns more");
	add(l, "sched_info", mmt_probe__btf_has_field(btf, "sched_info", "run_delay") ? MMT_CAP_OK : MMT_CAP_DEGRADED,
	    false, "use a kernel with CONFIG_SCHED_INFO=y (SCHEDSTATS or TASK_DELAY_ACCT)", "%s",
	    mmt_probe__btf_has_field(btf, "sched_info", "run_delay") ? "yes" :
	    "no: every wakeup is traced to know run-queue latency");
	add(l, "csd_queue_cpu", mmt_probe__btf_has_typedef(btf, "btf_trace_csd_queue_cpu") ? MMT_CAP_OK :
	    MMT_CAP_DEGRADED, false, "use a kernel from 6.5", "%s",
	    mmt_probe__btf_has_typedef(btf, "btf_trace_csd_queue_cpu") ? "yes: remote wakeups are stamped by the waker" :
	    "no: every wakeup request is stamped, about 100 ns each");
	kinds = mmt_probe__btf_has_typedef(btf, "btf_trace_page_fault_user");
#if !defined(__x86_64__) && !defined(__i386__)
	kinds = false;
#endif
	add(l, "page_fault_user", kinds ? MMT_CAP_OK : MMT_CAP_DEGRADED, false, "use an x86 machine", "%s",
	    kinds ? "yes: -e fault has kinds, addresses and instructions" : "no: -e fault has minor and major faults only");
	btf__free(btf);
}

static void probe_load(struct list *l, const char *probe, bool required)
{
	struct mmt_probe_opts o = { .record = true, .wakeups = true, .waking = true, .probe = probe };
	const struct mmt_log quiet = { 0 };
	struct mmt_topology *t = malloc(sizeof(*t));
	struct mmt_probe p;
	int err = t ? mmt_topology__read(t, "") : -ENOMEM;

	memset(&p, 0, sizeof(p));
	if (!err)
		err = mmt_probe__load(&p, &o, t, &quiet);
	add(l, probe, !err ? MMT_CAP_OK : required ? MMT_CAP_MISSING : MMT_CAP_DEGRADED, required,
	    "see the lines above; MMT_BPF_DEBUG=1 shows the verifier's words",
	    err ? "programs refused: %s" : "programs load%s", err ? strerror(-err) : "");
	mmt_probe__close(&p);
	free(t);
}

static void probe_perf(struct list *l)
{
	char why[160];
	int err = mmt_perf_count__try("context-switches", why, sizeof(why));

	add(l, "perf software events", err ? MMT_CAP_DEGRADED : MMT_CAP_OK, false,
	    "sysctl kernel.perf_event_paranoid=-1, or CAP_PERFMON", err ? "no: %s; totals are not checked against them" : "yes%s",
	    err ? why : "");
	err = mmt_perf_count__try("cycles", why, sizeof(why));
	add(l, "PMU", err ? MMT_CAP_DEGRADED : MMT_CAP_OK, false, "run on metal, or give the VM a virtual PMU",
	    err ? "no hardware counters: %s" : "yes%s", err ? why : "");
	if (err)
		return;
	err = mmt_perf_count__try("node-loads", why, sizeof(why));
	add(l, "PMU node events", err ? MMT_CAP_DEGRADED : MMT_CAP_OK, false,
	    "name the PMU's own with --counter (mmt-trace-record(1), COUNTERS)",
	    err ? "no: %s; off-node exposure does without" : "yes%s", err ? why : "");
}

static void probe_places(struct list *l)
{
	bool tracefs = !access("/sys/kernel/tracing/events", R_OK) || !access("/sys/kernel/debug/tracing/events", R_OK);
	struct rlimit r = { 0 };
	struct utsname u;

	getrlimit(RLIMIT_MEMLOCK, &r);
	uname(&u);
	add(l, "tracefs", tracefs ? MMT_CAP_OK : MMT_CAP_DEGRADED, false, "mount -t tracefs none /sys/kernel/tracing",
	    tracefs ? "mounted" : "not mounted: tracepoints by name cannot be listed; the scheduler family needs none");
	add(l, "cgroup v2", access("/sys/fs/cgroup/cgroup.controllers", R_OK) &&
	    access("/sys/fs/cgroup/unified/cgroup.controllers", R_OK) ? MMT_CAP_DEGRADED : MMT_CAP_OK, false,
	    "mount -t cgroup2 none /sys/fs/cgroup/unified", "%s", "for names of cgroups");
	if (r.rlim_cur == RLIM_INFINITY)
		add(l, "locked memory", MMT_CAP_OK, false, "", "unlimited");
	else
		add(l, "locked memory", MMT_CAP_OK, false, "", "limit %llu KiB: only kernels before 5.11 charge BPF maps to it",
		    (unsigned long long)r.rlim_cur / 1024);
	add(l, "kernel", MMT_CAP_OK, false, "", "%s %s", u.release, u.machine);
}

int mmt_caps_probe(struct mmt_cap *caps, size_t max, bool try_load)
{
	struct list l = { caps, 0, max };

	probe_places(&l);
	probe_privilege(&l);
	probe_lockdown(&l);
	probe_btf(&l);
	if (try_load) {
		probe_load(&l, "tp_btf", false);
		probe_load(&l, "raw_tp", false);
		if (l.n >= 2 && l.caps[l.n - 1].state != MMT_CAP_OK && l.caps[l.n - 2].state != MMT_CAP_OK)
			l.caps[l.n - 2].state = MMT_CAP_MISSING, l.caps[l.n - 2].required = true;
	}
	probe_perf(&l);
	return (int)l.n;
}
