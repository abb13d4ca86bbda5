// SPDX-License-Identifier: GPL-2.0-only
/* Steps of balance, made through cpusets of the unified hierarchy, each in the journal before it is made. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "../collector/session.h"
#include "../collector/sysfs.h"
#include "balance.h"

#define CPUS "cpuset.cpus"
#define MEMS "cpuset.mems"

/* Pages that the kernel moved since it was booted. */
static uint64_t pages_moved(void)
{
	static const char key[] = "\npgmigrate_success ";
	char *buf = malloc(1 << 16), *s;
	uint64_t n = 0;

	if (buf && mmt_read_file("/proc/vmstat", buf, 1 << 16) > 0) {
		s = strstr(buf, key);
		n = s ? strtoull(s + sizeof(key) - 1, NULL, 10) : 0;
	}
	free(buf);
	return n;
}

/* The controller down to the directory's parent: from the mount on, each switched on where it was not. */
static int enable_above(const struct host *h, struct mmt_journal *j, const char *dir)
{
	size_t at = strlen(h->mount);
	char path[2048];
	struct stat st;
	int err = 0;

	while (dir[at] == '/' && err >= 0) {
		snprintf(path, sizeof(path), "%.*s", (int)at, dir);
		err = stat(path, &st) ? -errno : mmt_journal__enable(j, path, st.st_ino);
		at += 1 + strcspn(dir + at + 1, "/");
	}
	return err < 0 ? err : 0;
}

static int cpus_text(const struct host *h, const struct subject *s, uint64_t nodes, char *buf, size_t size)
{
	struct mmt_cpuset set = { { 0 } }, one;
	unsigned int i, k;

	for (i = 0; i < h->n_nodes; i++) {
		if (!(nodes >> i & 1))
			continue;
		mmt_cpuset__and(&h->node_cpus[i], &s->above, &one);
		for (k = 0; k < MMT_MAX_CPUS / 64; k++)
			set.bits[k] |= one.bits[k];
	}
	return mmt_cpuset__count(&set) ? mmt_cpulist__print(&set, buf, size) : -ENODEV;
}

static int set_both(struct host *h, struct mmt_journal *j, struct subject *s, const struct bal_step *step)
{
	char cpus[4096], mems[512];
	uint64_t with_memory = 0;
	unsigned int i;
	int err = 0;

	for (i = 0; i < h->n_nodes; i++)
		with_memory |= h->node[i].mem_kb ? 1ULL << i : 0;
	nodes_text(step->to & with_memory, mems, sizeof(mems));
	if (step->cpus)
		err = cpus_text(h, s, step->to, cpus, sizeof(cpus));
	if (!err && step->cpus)
		err = mmt_journal__set(j, s->dir, s->id, CPUS, cpus);
	if (!err && step->memory && mems[0])
		err = mmt_journal__set(j, s->dir, s->id, MEMS, mems);
	return err;
}

/*
 * Kernels before 5.17 (commit ee9707e8593d made it so that cgroup v2 always migrates) may
 * leave pages where they were when a cpuset's nodes change: they are then asked for.
 */
static void bring_pages(struct host *h, const struct subject *s, uint64_t to)
{
	unsigned long from = ~(unsigned long)to, dest = (unsigned long)to;
	uint32_t *ids;
	size_t n, i;

	if (groups_ids(h, s, false, &ids, &n))
		return;
	from &= h->n_nodes < 64 ? (1UL << h->n_nodes) - 1 : ~0UL;
	for (i = 0; i < n; i++)
		(void)syscall(SYS_migrate_pages, ids[i], 8 * sizeof(from) + 1, &from, &dest);
	free(ids);
}

static double elsewhere(const struct host *h, const struct bal_group *g, uint64_t at)
{
	double sum = 0;
	unsigned int i;

	for (i = 0; i < h->n_nodes; i++)
		sum += at >> i & 1 ? 0 : g->kb[i];
	return sum;
}

static void mark(const struct subject *s, const struct bal_step *step, const struct step_done *done, const char *socket)
{
	char text[1280], from[256], to[256];
	int err;

	if (!socket && !getenv("MMT_TRACE_CTL"))
		return;
	nodes_text(step->from, from, sizeof(from));
	nodes_text(step->to, to, sizeof(to));
	snprintf(text, sizeof(text), "%s %s: node %s to %s, %.1f ms, %" PRIu64 " pages%s%s", s->name,
		 step->cpus && step->memory ? "CPUs and memory" : step->cpus ? "CPUs" : "memory", from, to, done->ms, done->pages,
		 done->err ? ", failed: " : "", done->err ? strerror(-done->err) : "");
	err = mmt_mark_request(socket, MMT_MARK_USER, "balance", text);
	if (err)
		out_warn("balance: no mark could be set: %s; has the recording ended?", strerror(-err));
}

/* A journal that cannot be written is not the group's fault (and was said): it may be moved later on. */
static void say_failed(struct subject *s, int err, bool on)
{
	s->gave_up = err != -ECANCELED;
	if (s->pinned)
		out_warn("balance: %s: left alone: its threads have been pinned by hand", s->name);
	else if (err == -ESTALE || err == -ENOENT || err == -ENODEV)
		out_warn("balance: %s: its cgroup is gone", s->name);
	else if (err == -EBUSY && on)
		out_warn("balance: %s: somebody else has set its cpuset since; it is left alone from now on", s->name);
	else if (err != -ECANCELED)
		out_warn("balance: %s: %s: %s; it is left alone from now on", s->name, on ? "its cpuset cannot be set" :
			 "the cpuset controller cannot be switched on above it", strerror(-err));
}

void apply_step(struct host *h, struct mmt_journal *j, const struct bal_step *step, const char *socket, struct step_done *done)
{
	struct subject *s = &h->v[h->subject_of[step->group]];
	uint64_t pages = pages_moved();
	double t = host_now();
	bool on;

	memset(done, 0, sizeof(*done));
	s->pinned = groups_pinned(h, s);
	done->err = s->pinned ? -EPERM : enable_above(h, j, s->dir);
	on = !done->err;
	if (on)
		done->err = set_both(h, j, s, step);
	if (!done->err && step->memory) {
		groups_memory(h, s);
		if (elsewhere(h, &s->g, step->to) > step->move_kb / 2 && step->move_kb > 1024)
			bring_pages(h, s, step->to);
	}
	done->ms = (host_now() - t) * 1e3;
	done->pages = pages_moved() - pages;
	done->made = !done->err;
	if (done->err)
		say_failed(s, done->err, on);
	mark(s, step, done, socket);
	s->memory_at = 0; /* look again */
	if (done->err)
		return;
	s->placed = true;
	if (step->cpus && !step->memory)
		s->moved_at = host_now();
	else if (step->memory)
		s->moved_at = 0;
}

bool apply_bound(struct host *h, const struct bal_plan *p)
{
	bool again = false;
	size_t i;

	for (i = 0; i < p->n; i++) {
		struct subject *s = &h->v[h->subject_of[p->steps[i].group]];

		if (s->bound_known || !p->steps[i].memory)
			continue;
		s->bound_known = true;
		s->bound = groups_bound(h, s);
		h->groups[p->steps[i].group].memory_bound = s->bound;
		again |= s->bound;
	}
	return again;
}
