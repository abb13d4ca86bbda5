// SPDX-License-Identifier: GPL-2.0-only
/* The groups that balance looks at: VMs, found as processes appear, and cgroups; and what their cgroups let them have. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analyzer/array.h"
#include "../collector/place.h"
#include "../collector/sysfs.h"
#include "../collector/vms.h"
#include "balance.h"

#define MEASURE_NS 5000000ULL
#define MAX_DEPTH 8

void nodes_text(uint64_t set, char *buf, size_t size)
{
	struct mmt_cpuset s = { .bits = { set } };

	if (mmt_cpulist__print(&s, buf, size))
		snprintf(buf, size, "?");
}

/* ---------------------------------------------------------------- files of a cgroup */

static bool below(char *buf, size_t size, const char *dir, const char *name)
{
	return (size_t)snprintf(buf, size, "%s/%s", dir, name) < size;
}

/* That of the directory, or of the nearest one above that has it. */
static int read_nearest(const struct host *h, const char *dir, const char *file, struct mmt_cpuset *set)
{
	char at[2048], path[4096], *slash;

	snprintf(at, sizeof(at), "%s", dir);
	while (strlen(at) >= strlen(h->mount)) {
		if (below(path, sizeof(path), at, file) && !mmt_cpulist__read(path, set))
			return 0;
		slash = strrchr(at, '/');
		if (!slash)
			break;
		*slash = 0;
	}
	return -ENOENT;
}

static int ids_of(const char *dir, const char *file, uint32_t **ids, size_t *n, size_t *cap)
{
	char path[4096], line[32];
	FILE *f;

	if (!below(path, sizeof(path), dir, file))
		return 0;
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		uint32_t *id = array_more(ids, n, cap, sizeof(**ids));

		if (!id) {
			fclose(f);
			return -ENOMEM;
		}
		*id = (uint32_t)strtoul(line, NULL, 10);
	}
	if (f)
		fclose(f);
	return 0;
}

static int ids_below(const char *dir, const char *file, unsigned int depth, uint32_t **ids, size_t *n, size_t *cap)
{
	int err = ids_of(dir, file, ids, n, cap);
	struct dirent *de;
	char child[4096];
	DIR *d;

	d = err || depth == MAX_DEPTH ? NULL : opendir(dir);
	while (d && !err && (de = readdir(d)))
		if (de->d_type == DT_DIR && de->d_name[0] != '.' && below(child, sizeof(child), dir, de->d_name))
			err = ids_below(child, file, depth + 1, ids, n, cap);
	if (d)
		closedir(d);
	return err;
}

static int threads_of(uint32_t pid, uint32_t **ids, size_t *n)
{
	struct dirent *de;
	char path[64];
	size_t cap = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	d = opendir(path);
	while (d && (de = readdir(d))) {
		uint32_t *id;

		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		id = array_more(ids, n, &cap, sizeof(**ids));
		if (!id) {
			closedir(d);
			return -ENOMEM;
		}
		*id = (uint32_t)strtoul(de->d_name, NULL, 10);
	}
	if (d)
		closedir(d);
	return 0;
}

int groups_ids(const struct host *h, const struct subject *s, bool threads, uint32_t **ids, size_t *n)
{
	size_t cap = 0;

	(void)h;
	*ids = NULL;
	*n = 0;
	if (s->pid && threads)
		return threads_of(s->pid, ids, n);
	if (s->pid) {
		uint32_t *id = array_more(ids, n, &cap, sizeof(**ids));

		if (!id)
			return -ENOMEM;
		*id = s->pid;
		return 0;
	}
	return ids_below(s->dir, threads ? "cgroup.threads" : "cgroup.procs", 0, ids, n, &cap);
}

/* ---------------------------------------------------------------- which there are */

static struct subject *add(struct host *h, const char *name, uint32_t pid, const char *dir)
{
	struct subject *s = array_more(&h->v, &h->n, &h->cap, sizeof(*h->v));
	struct stat st;

	if (!s)
		return NULL;
	memset(s, 0, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "%s", name);
	s->pid = pid;
	if (dir && !stat(dir, &st)) {
		snprintf(s->dir, sizeof(s->dir), "%s", dir);
		s->id = st.st_ino;
	}
	s->is_new = h->round > 0;
	s->seen = true;
	return s;
}

/*
 * Directory of the VM's cgroup: that of its scope, where it has one. Others in it: *shared.
 * Where what is mounted here is not what we are in (a namespace of cgroups), the VM is not
 * in the directory of this name, or there is none: it has none then.
 */
static void vm_dir(const struct host *h, const struct mmt_vm *vm, char *dir, size_t size, bool *shared)
{
	char path[64], text[4096], *line, *save = NULL, *scope, *end;
	uint32_t *ids = NULL;
	size_t n = 0, cap = 0, i;
	bool found = false;

	dir[0] = 0;
	snprintf(path, sizeof(path), "/proc/%u/cgroup", vm->pid);
	if (!h->mount[0] || mmt_read_file(path, text, sizeof(text)) < 0)
		return;
	for (line = strtok_r(text, "\n", &save); line && strncmp(line, "0::/", 4); line = strtok_r(NULL, "\n", &save))
		;
	if (!line || !line[4]) /* the root's is everybody's */
		return;
	scope = vm->scope[0] ? strstr(line, vm->scope) : NULL;
	end = scope ? strchr(scope, '/') : NULL;
	if (end)
		*end = 0;
	if ((size_t)snprintf(dir, size, "%s%s", h->mount, line + 3) >= size) {
		dir[0] = 0;
		return;
	}
	if (ids_below(dir, "cgroup.procs", 0, &ids, &n, &cap))
		n = 0;
	for (i = 0; i < n; i++) {
		found |= ids[i] == vm->pid;
		*shared |= !scope && ids[i] != vm->pid;
	}
	if (!found || strstr(dir, "/../"))
		dir[0] = 0;
	free(ids);
}

static int add_vm(struct host *h, const struct mmt_vm *vm)
{
	bool shared = false;
	struct subject *s;
	char dir[2048];
	size_t i;

	for (i = 0; i < h->n && h->v[i].pid != vm->pid; i++)
		;
	if (i < h->n)
		return 0;
	vm_dir(h, vm, dir, sizeof(dir), &shared);
	s = add(h, vm->name, vm->pid, dir);
	if (!s)
		return -ENOMEM;
	s->vcpus = (unsigned int)vm->n_vcpus > vm->n_fds ? (unsigned int)vm->n_vcpus : vm->n_fds;
	s->shared = shared;
	return 0;
}

static bool wanted(const struct host_opts *o, const regex_t *re, const char *name)
{
	if (o->vms && (!strcmp(o->vms, "all") || !strcmp(o->vms, name)))
		return true;
	return re && !regexec(re, name, 0, NULL, 0);
}

static int cmp_pid(const void *a, const void *b)
{
	const struct looked *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* New processes, each in two rounds: at first it may not have executed its program yet. */
static int find_vms(struct host *h)
{
	struct looked *pids = NULL, *pid, *was;
	size_t n = 0, cap = 0;
	struct dirent *de;
	DIR *d = opendir("/proc");
	int err = 0;

	while (d && !err && (de = readdir(d))) {
		struct mmt_vm vm;

		if (!isdigit((unsigned char)de->d_name[0]))
			continue;
		pid = array_more(&pids, &n, &cap, sizeof(*pids));
		if (!pid) {
			err = -ENOMEM;
			break;
		}
		pid->pid = (uint32_t)strtoul(de->d_name, NULL, 10);
		was = h->n_pids ? bsearch(pid, h->pids, h->n_pids, sizeof(*pid), cmp_pid) : NULL;
		pid->times = was ? was->times : 0;
		if (pid->times > 1)
			continue;
		pid->times++;
		memset(&vm, 0, sizeof(vm));
		err = mmt_vms__look("/proc", pid->pid, &vm);
		if (err != 1)
			continue;
		err = add_vm(h, &vm);
		mmt_vm__free(&vm);
	}
	if (d)
		closedir(d);
	if (n)
		qsort(pids, n, sizeof(*pids), cmp_pid);
	free(h->pids);
	h->pids = pids;
	h->n_pids = n;
	return err < 0 ? err : 0;
}

static int add_cgroup(struct host *h, const char *given)
{
	char *dir = realpath(given, NULL), *name;
	struct subject *s;
	struct stat st;
	size_t i;
	int err = 0;

	if (!dir || stat(dir, &st) || !S_ISDIR(st.st_mode))
		goto out;
	for (i = 0; i < h->n && (h->v[i].pid || strcmp(h->v[i].dir, dir) || h->v[i].id != st.st_ino); i++)
		;
	if (i < h->n) {
		h->v[i].seen = true;
		goto out;
	}
	name = dir;
	if (h->mount[0] && !strncmp(dir, h->mount, strlen(h->mount)) && dir[strlen(h->mount)])
		name = dir + strlen(h->mount) + 1;
	s = add(h, name, 0, dir);
	if (s)
		s->told = true;
	else
		err = -ENOMEM;
out:
	free(dir);
	return err;
}

static int find_cgroups(struct host *h, const char *pattern)
{
	glob_t g;
	size_t i;
	int err = 0;

	if (glob(pattern, GLOB_ONLYDIR | GLOB_NOSORT, NULL, &g))
		return 0; /* it may come */
	for (i = 0; i < g.gl_pathc && !err; i++)
		err = add_cgroup(h, g.gl_pathv[i]);
	globfree(&g);
	return err;
}

/* VMs that ended: their number may be another's by and by. Cgroups that were removed, too. */
static void drop_ended(struct host *h)
{
	char path[64];
	size_t i, n = 0;

	for (i = 0; i < h->n; i++) {
		struct subject *s = &h->v[i];
		struct stat st;

		snprintf(path, sizeof(path), "/proc/%u", s->pid);
		if (s->pid ? !access(path, F_OK) : !stat(s->dir, &st) && st.st_ino == s->id)
			h->v[n++] = *s;
	}
	h->n = n;
}

int groups_find(struct host *h)
{
	bool all = !h->o.vms && !h->o.vm_match && !h->o.n_cgroups;
	regex_t re;
	size_t i;
	int err = 0;

	drop_ended(h);
	for (i = 0; i < h->n; i++)
		h->v[i].seen = false;
	if (all || h->o.vms || h->o.vm_match)
		err = find_vms(h);
	if (h->o.vm_match && regcomp(&re, h->o.vm_match, REG_EXTENDED | REG_NOSUB))
		return -EINVAL;
	for (i = 0; i < h->n && !err; i++) {
		struct subject *s = &h->v[i];

		if (!s->pid)
			continue;
		s->seen = s->told = all || wanted(&h->o, h->o.vm_match ? &re : NULL, s->name);
	}
	if (h->o.vm_match)
		regfree(&re);
	for (i = 0; i < h->o.n_cgroups && !err; i++)
		err = find_cgroups(h, h->o.cgroups[i]);
	return err;
}

/* ---------------------------------------------------------------- what they may have */

static uint64_t nodes_of(const struct host *h, const struct mmt_cpuset *cpus, bool *part, const struct mmt_cpuset *above)
{
	uint64_t set = 0;
	unsigned int i;

	for (i = 0; i < h->n_nodes; i++) {
		struct mmt_cpuset has, could;

		mmt_cpuset__and(&h->node_cpus[i], cpus, &has);
		mmt_cpuset__and(&h->node_cpus[i], above, &could);
		if (mmt_cpuset__count(&has))
			set |= 1ULL << i;
		if (part && mmt_cpuset__count(&has) && !mmt_cpuset__within(&could, &has))
			*part = true;
	}
	return set;
}

/* The "NAME_allowed_list" of a thread: it holds cpusets of the older hierarchy too. */
static int allowed_list(uint32_t tid, const char *name, struct mmt_cpuset *set)
{
	char path[64], buf[4096], *s;

	snprintf(path, sizeof(path), "/proc/%u/status", tid);
	if (mmt_read_file(path, buf, sizeof(buf)) < 0)
		return -ESRCH;
	s = strstr(buf, name);
	if (!s)
		return -ENODATA;
	mmt_cpulist__parse(s + strlen(name) + strspn(s + strlen(name), ": \t"), set);
	return 0;
}

static int allowed_to_first(const struct host *h, const struct subject *s, const char *name, struct mmt_cpuset *set)
{
	uint32_t *ids;
	size_t n;
	int err = groups_ids(h, s, true, &ids, &n);

	err = err ? err : n ? allowed_list(ids[0], name, set) : -ESRCH;
	free(ids);
	return err;
}

/* In the hierarchy that has cpusets, and not all of it: one of an older hierarchy may be looked at, and is not moved. */
static bool has_cpuset(const struct host *h, const struct subject *s)
{
	size_t n = strlen(h->mount);

	return !h->cpuset_why[0] && !strncmp(s->dir, h->mount, n) && s->dir[n] == '/';
}

bool groups_pinned(const struct host *h, const struct subject *s)
{
	struct mmt_cpuset cgroup, own;
	uint32_t *ids;
	size_t n, i;
	bool pinned = false;

	if (!has_cpuset(h, s) || read_nearest(h, s->dir, "cpuset.cpus.effective", &cgroup) ||
	    groups_ids(h, s, true, &ids, &n))
		return false;
	for (i = 0; i < n && !pinned; i++)
		pinned = !allowed_list(ids[i], "Cpus_allowed_list", &own) && mmt_cpuset__count(&own) &&
			 !mmt_cpuset__within(&cgroup, &own);
	free(ids);
	return pinned;
}

static void state_by_cgroup(const struct host *h, struct subject *s, uint64_t *mems_above)
{
	struct mmt_cpuset cpus, mems;
	char above[2048], *slash;

	snprintf(above, sizeof(above), "%s", s->dir);
	slash = strrchr(above, '/');
	if (slash)
		*slash = 0;
	if (!read_nearest(h, above, "cpuset.cpus.effective", &cpus))
		s->above = cpus;
	if (!read_nearest(h, above, "cpuset.mems.effective", &mems))
		*mems_above = mems.bits[0];
	s->g.part_of_node = false;
	if (!read_nearest(h, s->dir, "cpuset.cpus.effective", &cpus))
		s->g.cpus_at = nodes_of(h, &cpus, &s->g.part_of_node, &s->above);
	if (!read_nearest(h, s->dir, "cpuset.mems.effective", &mems))
		s->g.mems_at = mems.bits[0];
}

static void state_by_threads(const struct host *h, struct subject *s)
{
	struct mmt_cpuset set;

	if (!allowed_to_first(h, s, "Cpus_allowed_list", &set))
		s->g.cpus_at = nodes_of(h, &set, NULL, &s->above);
	if (!allowed_to_first(h, s, "Mems_allowed_list", &set))
		s->g.mems_at = set.bits[0];
}

void groups_state(struct host *h, struct subject *s)
{
	uint64_t mems_above = ~0ULL;
	bool by_cgroup = has_cpuset(h, s);
	unsigned int i;

	memset(&s->above, 0xff, sizeof(s->above));
	s->g.cpus_at = s->g.mems_at = (h->n_nodes < 64 ? 1ULL << h->n_nodes : 0) - 1;
	if (by_cgroup)
		state_by_cgroup(h, s, &mems_above);
	else
		state_by_threads(h, s);
	s->g.may = 0;
	for (i = 0; i < h->n_nodes; i++) {
		struct mmt_cpuset could;

		mmt_cpuset__and(&h->node_cpus[i], &s->above, &could);
		if (mmt_cpuset__count(&could) && (mems_above >> i & 1 || !h->node[i].mem_kb))
			s->g.may |= 1ULL << i;
	}
	if (!s->memory_at) /* first seen, or a step was made */
		s->pinned = groups_pinned(h, s);
	s->g.fixed = s->gave_up ? BAL_GAVE_UP : !s->told ? BAL_NOT_TOLD : h->o.apply && !by_cgroup ? BAL_NO_CPUSET :
		     s->shared ? BAL_SHARED : s->pinned ? BAL_PINNED : BAL_MOVABLE;
}

/* ---------------------------------------------------------------- memory */

static void add_memory(const struct mmt_placement *p, struct bal_group *g)
{
	unsigned int i;

	for (i = 0; i < p->n_nodes && i < BAL_NODES; i++)
		g->kb[i] += (double)p->at[MMT_PLACE_ALL][i].kb;
	g->memory_known = true;
}

void groups_memory(struct host *h, struct subject *s)
{
	struct mmt_placement *p = malloc(sizeof(*p));
	uint32_t *ids = NULL;
	size_t n = 0, i;
	double ns_gib = 0;

	memset(s->g.kb, 0, sizeof(s->g.kb));
	s->g.memory_known = false;
	s->memory_at = host_now();
	if (!p || !h->placer)
		goto out;
	if (s->dir[0] && !s->shared && !mmt_placer__cgroup(s->dir, p)) {
		add_memory(p, &s->g);
		goto out;
	}
	if (groups_ids(h, s, false, &ids, &n))
		goto out;
	for (i = 0; i < n; i++)
		if (!mmt_placer__measure(h->placer, ids[i], MEASURE_NS, &ns_gib, p))
			add_memory(p, &s->g);
out:
	free(ids);
	free(p);
}

/* Pages of mappings whose policy is not the default, against all. */
static void count_bound(uint32_t pid, uint64_t *bound, uint64_t *all)
{
	char path[64], *line = NULL, policy[64];
	size_t cap = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%u/numa_maps", pid);
	f = fopen(path, "re");
	while (f && getline(&line, &cap, f) > 0) {
		uint64_t pages = 0, kb = 4;
		char *s = strstr(line, "kernelpagesize_kB=");

		if (s)
			kb = strtoull(s + 18, NULL, 10);
		for (s = line; (s = strstr(s, " N")); s++)
			if (isdigit((unsigned char)s[2]) && strchr(s, '='))
				pages += strtoull(strchr(s, '=') + 1, NULL, 10);
		if (sscanf(line, "%*s %63s", policy) != 1)
			continue;
		*all += pages * kb;
		if (!strncmp(policy, "bind", 4) || !strncmp(policy, "interleave", 10) || !strncmp(policy, "prefer", 6))
			*bound += pages * kb;
	}
	free(line);
	if (f)
		fclose(f);
}

bool groups_bound(const struct host *h, const struct subject *s)
{
	uint64_t bound = 0, all = 0;
	uint32_t *ids;
	size_t n, i;

	if (groups_ids(h, s, false, &ids, &n))
		return false;
	for (i = 0; i < n; i++)
		count_bound(ids[i], &bound, &all);
	free(ids);
	return bound * 2 > all;
}
