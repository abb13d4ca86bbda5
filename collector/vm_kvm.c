// SPDX-License-Identifier: GPL-2.0-only
/* What KVM tells of its VMs: a directory each in debugfs, and a message when one is made. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "sysfs.h"
#include "vm_watch_int.h"

#define KVM_NS (100 * MS) /* between looks at KVM's directory */

static bool kvm_links(struct mmt_vm_watch *w, uint64_t *links)
{
	struct stat st;

	w->kvm_tells = w->kvm_dir && !stat(w->kvm_dir, &st);
	*links = w->kvm_tells ? (uint64_t)st.st_nlink : 0;
	return w->kvm_tells;
}

/* The process of a thread, which made a VM. */
static uint32_t tgid_of(const struct mmt_vm_watch *w, uint32_t tid)
{
	char path[256], buf[2048], *s;

	snprintf(path, sizeof(path), "%s/%u/status", w->proc, tid);
	if (mmt_read_file(path, buf, sizeof(buf)) <= 0)
		return 0;
	s = strstr(buf, "\nTgid:");
	return s ? (uint32_t)strtoul(s + 6, NULL, 10) : tid;
}

static bool in(const uint32_t *v, size_t n, uint32_t x)
{
	size_t i;

	for (i = 0; i < n && v[i] != x; i++)
		;
	return i < n;
}

/* Its directories are called PID-FD; those that were not there before are of new VMs. */
static int read_kvm(struct mmt_vm_watch *w, uint64_t now)
{
	uint32_t *old = w->kvm_pids, tid, pid;
	size_t n_old = w->n_kvm;
	const struct dirent *e;
	DIR *dir = opendir(w->kvm_dir);
	char *end;
	int err = 0;

	if (!dir)
		return 0;
	w->kvm_pids = NULL;
	w->n_kvm = w->cap_kvm = 0;
	while (!err && (e = readdir(dir))) {
		tid = (uint32_t)strtoul(e->d_name, &end, 10);
		if (end == e->d_name || *end != '-' || !mmt_is_number(end + 1))
			continue;
		if (!mmt_watch__grow(&w->kvm_pids, w->n_kvm, &w->cap_kvm, sizeof(*w->kvm_pids))) {
			err = -ENOMEM;
			break;
		}
		w->kvm_pids[w->n_kvm++] = tid;
		pid = in(old, n_old, tid) ? 0 : tgid_of(w, tid);
		if (pid && !mmt_vm_watch__find(w, pid))
			err = mmt_watch__cand(w, pid, true, true, now);
	}
	closedir(dir);
	free(old);
	return err;
}

int mmt_watch__ask_kvm(struct mmt_vm_watch *w, uint64_t now)
{
	uint64_t links;

	if (now - w->kvm_at < KVM_NS)
		return 0;
	w->kvm_at = now;
	if (!kvm_links(w, &links) || links == w->kvm_links)
		return 0;
	w->kvm_links = links;
	return read_kvm(w, now);
}

/* ---------------------------------------------------------------- KVM says */

/* The value of NAME= among the words; NULL. */
static const char *word(const char *msg, size_t len, const char *name)
{
	size_t n = strlen(name);
	const char *s;

	for (s = msg; s < msg + len; s += strnlen(s, len - (size_t)(s - msg)) + 1)
		if ((size_t)(msg + len - s) > n && !memcmp(s, name, n) && s[n] == '=')
			return s + n + 1;
	return NULL;
}

int mmt_vm_watch__uevent(struct mmt_vm_watch *w, const char *msg, size_t len)
{
	const char *dev, *event, *who;
	struct mmt_vm_candidate *c;
	uint32_t tid, pid;
	int err;

	if (!len || msg[len - 1]) /* not cut */
		return 0;
	dev = word(msg, len, "DEVPATH");
	event = word(msg, len, "EVENT");
	who = word(msg, len, "PID");
	if (!dev || strcmp(dev, "/devices/virtual/misc/kvm") || !event || strcmp(event, "create") || !who)
		return 0;
	tid = (uint32_t)strtoul(who, NULL, 10);
	pid = tid ? tgid_of(w, tid) : 0;
	if (!pid) {
		w->untold++;
		return 0;
	}
	if (mmt_vm_watch__find(w, pid))
		return 0;
	err = mmt_watch__cand(w, pid, true, false, w->ops->now(w->ctx));
	c = err ? NULL : mmt_watch__cand_of(w, pid);
	if (c) { /* it has its descriptor by now: at once */
		c->of_kvm = true;
		c->due = w->ops->now(w->ctx);
	}
	return err;
}
