// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "load.h"
#include "load.skel.h"
#include "probe.h"

#define LOOK_AGAIN 128 /* readings until CPUs that were offline are looked at again */

struct mmt_load {
	struct bpf_object *obj;
	int find_fd, read_fd;
	unsigned int n_cpus, n_missing, readings;
	uint64_t *tasks; /* mapped */
	size_t len;
};

static int size_maps(struct mmt_load *l)
{
	static const char *const maps[] = { "load_rqs", "load_tasks" };
	struct mmt_load_config *c;
	struct bpf_program *p;
	size_t i, size;
	int err = 0;

	for (i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(l->obj, maps[i]), l->n_cpus);
	c = (struct mmt_load_config *)bpf_map__initial_value(mmt_probe__section(l->obj, ".rodata.family"), &size);
	if (err || !c || size != sizeof(*c))
		return err ? err : -EINVAL;
	c->n_cpus = l->n_cpus;
	bpf_object__for_each_program(p, l->obj)
		bpf_program__set_autoload(p, true);
	return 0;
}

static int prog_fd(const struct mmt_load *l, const char *name)
{
	const struct bpf_program *p = bpf_object__find_program_by_name(l->obj, name);

	return p ? bpf_program__fd(p) : -ENOENT;
}

/* Run queues of the CPUs that have none yet; how many are still missing. */
static int find(struct mmt_load *l)
{
	LIBBPF_OPTS(bpf_test_run_opts, o, .flags = BPF_F_TEST_RUN_ON_CPU);
	unsigned int cpu;
	int err;

	l->n_missing = 0;
	for (cpu = 0; cpu < l->n_cpus; cpu++) {
		if (l->tasks[cpu] != MMT_LOAD_UNKNOWN)
			continue;
		o.cpu = cpu;
		err = bpf_prog_test_run_opts(l->find_fd, &o) ? -errno : 0;
		if (!err)
			l->tasks[cpu] = 0;
		else if (err == -ENXIO) /* offline */
			l->n_missing++;
		else
			return err;
	}
	return l->n_missing == l->n_cpus ? -ENXIO : 0;
}

static int load(struct mmt_load *l, char *why, size_t why_size)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = "mmt_load");
	const void *elf;
	size_t size;
	int err;

	elf = load_bpf__elf_bytes(&size);
	l->obj = bpf_object__open_mem(elf, size, &opts);
	if (!l->obj)
		return -errno;
	err = size_maps(l);
	err = err ? err : mmt_probe__load_object(l->obj);
	if (err) {
		snprintf(why, why_size, err == -EPERM || err == -EACCES ?
			 "no privilege to load BPF programs (root, or CAP_BPF and CAP_PERFMON)" :
			 "the kernel refuses its BPF programs: %s", strerror(-err));
		return err;
	}
	l->find_fd = prog_fd(l, "mmt_load_find");
	l->read_fd = prog_fd(l, "mmt_load_read");
	l->len = (size_t)l->n_cpus * 8; /* elements of an array lie 8 bytes aligned */
	return 0;
}

static int map_tasks(struct mmt_load *l)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = bpf_object__find_map_fd_by_name(l->obj, "load_tasks");
	void *at;

	l->len = (l->len + page - 1) / page * page;
	at = mmap(NULL, l->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	l->tasks = at;
	return 0;
}

static bool tasks_know_their_queue(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool yes = btf && mmt_probe__btf_has_field(btf, "cfs_rq", "rq") && mmt_probe__btf_has_field(btf, "sched_entity", "cfs_rq");

	btf__free(btf);
	return yes;
}

int mmt_load__open(unsigned int n_cpus, struct mmt_load **out, char *why, size_t size)
{
	struct mmt_load *l;
	int err;

	*out = NULL;
	if (!tasks_know_their_queue()) {
		snprintf(why, size, "this kernel's tasks do not tell their run queue (no BTF, or no CONFIG_FAIR_GROUP_SCHED)");
		return -ENOENT;
	}
	l = calloc(1, sizeof(*l));
	if (!l)
		return -ENOMEM;
	l->n_cpus = n_cpus;
	err = load(l, why, size);
	if (err)
		goto err_close;
	err = map_tasks(l);
	if (!err) {
		memset(l->tasks, 0xff, l->len);
		err = find(l);
	}
	if (err) {
		snprintf(why, size, "the kernel does not run BPF programs when asked: %s", strerror(-err));
		goto err_close;
	}
	*out = l;
	return 0;
err_close:
	mmt_load__close(l);
	return err;
}

int mmt_load__read(struct mmt_load *l, const uint64_t **tasks)
{
	LIBBPF_OPTS(bpf_test_run_opts, o);

	if (l->n_missing && ++l->readings % LOOK_AGAIN == 0)
		find(l);
	if (bpf_prog_test_run_opts(l->read_fd, &o))
		return -errno;
	*tasks = l->tasks;
	return 0;
}

uint64_t mmt_load__map_bytes(const struct mmt_load *l)
{
	return (uint64_t)l->n_cpus * 16;
}

void mmt_load__close(struct mmt_load *l)
{
	if (!l)
		return;
	if (l->tasks)
		munmap(l->tasks, l->len);
	bpf_object__close(l->obj);
	free(l);
}
