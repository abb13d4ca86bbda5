// SPDX-License-Identifier: GPL-2.0-only
/*
 * Load and attach. What a kernel lacks is found by asking its BTF or by trying, never
 * by its version number.
 */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"
#include "cgroup.h"
#include "clock.h"
#include "mmt.skel.h"
#include "mmt_raw.skel.h"
#include "sysfs.h"

#define HISTS 1024u   /* tasks alive at once with histograms of their own */
#define SLOTS_AHEAD 2048u /* free slots kept ready: filling them all takes 30 ms */
#define RING_KB 8192u /* per CPU: 1 Mi events, over a second at the highest rates seen */
#define MAP_LIMIT (1ULL << 30)

static int print_debug(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	return level == LIBBPF_DEBUG ? 0 : vfprintf(stderr, fmt, ap);
}

static int print_none(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level;
	(void)fmt;
	(void)ap;
	return 0;
}

bool mmt_probe__btf_has_typedef(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) > 0;
}

bool mmt_probe__btf_has_field(const struct btf *btf, const char *type, const char *field)
{
	int id = btf__find_by_name_kind(btf, type, BTF_KIND_STRUCT);
	const struct btf_type *t;
	const struct btf_member *m;
	int i;

	if (id < 0)
		return false;
	t = btf__type_by_id(btf, (unsigned int)id);
	for (i = 0, m = btf_members(t); i < btf_vlen(t); i++, m++)
		if (!strcmp(btf__name_by_offset(btf, m->name_off), field))
			return true;
	return false;
}

int mmt_probe__load_object(struct bpf_object *obj)
{
	int err;

	libbpf_set_print(getenv("MMT_BPF_DEBUG") ? print_debug : print_none);
	err = bpf_object__load(obj);
	libbpf_set_print(print_none);
	return err;
}

static unsigned int log2_up(uint64_t v)
{
	unsigned int b = 0;

	while ((1ULL << b) < v)
		b++;
	return b;
}

static int set_entries(struct bpf_object *obj, const char *name, uint64_t n)
{
	struct bpf_map *m = bpf_object__find_map_by_name(obj, name);

	if (!m)
		return -ENOENT;
	if (n > UINT32_MAX)
		return -E2BIG;
	return bpf_map__set_max_entries(m, (unsigned int)n);
}

struct bpf_map *mmt_probe__section(struct bpf_object *obj, const char *suffix)
{
	struct bpf_map *m;

	bpf_object__for_each_map(m, obj) {
		const char *name = bpf_map__name(m), *dot = strchr(name, '.');

		if (dot && !strcmp(dot, suffix))
			return m;
	}
	return NULL;
}

static void config_topology(struct mmt_config *cfg, const struct mmt_topology *t)
{
	bool by_cpu = t->n_cpus <= 16;
	unsigned int i, places = by_cpu ? t->n_cpus : t->n_nodes;

	cfg->place_bits = log2_up(places);
	for (i = 0; i < t->n_cpus; i++) {
		cfg->topo[i].core = t->cpu[i].core;
		cfg->topo[i].llc = t->cpu[i].llc;
		cfg->topo[i].node = t->cpu[i].node;
		cfg->topo[i].place = by_cpu ? (uint16_t)i : t->cpu[i].node;
	}
}

static uint64_t pid_max(void)
{
	uint64_t v;

	if (mmt_read_u64("/proc/sys/kernel/pid_max", &v) || !v || v > 1 << 22)
		return 1 << 22;
	return v;
}

static int config_fill(struct mmt_config *cfg, const struct mmt_probe_opts *o, const struct mmt_topology *t,
		       const struct btf *btf, const struct mmt_log *log)
{
	unsigned int kb = o->ring_kb ? o->ring_kb : RING_KB;
	int err;

	memset(cfg, 0, sizeof(*cfg));
	/* not more than 1 GiB of rings by default, however many CPUs */
	while (!o->ring_kb && (uint64_t)kb * t->n_cpus > MAP_LIMIT >> 10 && kb > 512)
		kb /= 2;
	cfg->ring_bits = o->record ? log2_up((uint64_t)kb * 1024 / 8) : 6;
	if (cfg->ring_bits < 6)
		cfg->ring_bits = 6;
	if (cfg->ring_bits + log2_up(t->n_cpus) > 31) {
		log_err(log, "rings of %u KiB on %u CPUs are too large for one BPF map; use a smaller --ring", kb,
			t->n_cpus);
		return -E2BIG;
	}
	cfg->ring_mask = (1U << cfg->ring_bits) - 1;
	cfg->shed_at = cfg->ring_mask - (cfg->ring_mask >> 2);
	cfg->n_slots = MMT_N_SLOTS;
	cfg->pid_lines = (uint32_t)(pid_max() / MMT_PIDS_PER_LINE + 1);
	cfg->record = o->record;
	cfg->use_rq_clock = mmt_probe__btf_has_field(btf, "cfs_rq", "rq");
	cfg->use_sched_info = mmt_probe__btf_has_field(btf, "sched_info", "run_delay");
	cfg->stamp_waking = !mmt_probe__btf_has_typedef(btf, "btf_trace_csd_queue_cpu");
	cfg->record_waking = o->record && o->waking;
	cfg->tree = o->tree;
	cfg->filter = o->tree || o->n_pids || o->n_tids || o->comm || o->cgroup || o->filter;
#if !defined(__x86_64__) && !defined(__i386__) && !defined(__s390x__)
	cfg->publish_atomic = 1;
#endif
	if (o->comm) {
		cfg->filter_comm = 1;
		strncpy(cfg->want_comm, o->comm, MMT_COMM_LEN - 1);
	}
	err = mmt_cgroup__config(cfg, o->cgroup, btf, log);
	if (err)
		return err;
	config_topology(cfg, t);
	return 0;
}

static int size_maps(struct mmt_probe *b)
{
	const struct mmt_config *c = &b->cfg;
	const struct { const char *name; uint64_t n; uint64_t value; } sizes[] = {
		{ "rings", (uint64_t)b->n_cpus << c->ring_bits, 8 },
		{ "places", (uint64_t)c->n_slots << c->place_bits, 8 },
		{ "hists", HISTS, sizeof(struct mmt_hists) },
		{ "pidmap", c->pid_lines, sizeof(struct mmt_pidline) },
		{ "free_slots", c->n_slots, 4 },
		{ "free_hists", HISTS, 4 },
	};
	unsigned int i;
	int err;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		err = set_entries(b->obj, sizes[i].name, sizes[i].n);
		if (err)
			return err;
		b->map_bytes += sizes[i].n * sizes[i].value;
	}
	return 0;
}

/* Programs of this configuration; the rest is never loaded. */
static void choose_programs(struct mmt_probe *b, const struct mmt_probe_opts *o)
{
	const struct { const char *name; bool on; } progs[] = {
		{ "mmt_switch", true },
		{ "mmt_migrate", true },
		{ "mmt_wakeup", (o->record && o->wakeups) || !b->cfg.use_sched_info },
		{ "mmt_wakeup_new", (o->record && o->wakeups) || !b->cfg.use_sched_info },
		{ "mmt_csd_queue", !b->cfg.stamp_waking },
		{ "mmt_waking", b->cfg.stamp_waking || b->cfg.record_waking },
		{ "mmt_fork", true },
		{ "mmt_exec", true },
		{ "mmt_rename", true },
		{ "mmt_cgroup_attach", true },
	};
	unsigned int i;

	for (i = 0; i < sizeof(progs) / sizeof(progs[0]); i++) {
		struct bpf_program *p = bpf_object__find_program_by_name(b->obj, progs[i].name);

		if (p)
			bpf_program__set_autoload(p, progs[i].on);
	}
}

static int try_load(struct mmt_probe *b, const struct mmt_probe_opts *o, bool raw, bool loud)
{
	size_t size;
	const void *elf = raw ? mmt_raw__elf_bytes(&size) : mmt_bpf__elf_bytes(&size);
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = raw ? "mmt_raw" : "mmt");
	struct bpf_map *ro;
	size_t ro_size;
	void *init;
	int err;

	b->obj = bpf_object__open_mem(elf, size, &opts);
	if (!b->obj)
		return -errno;
	b->raw_tp = raw;
	b->map_bytes = sizeof(struct mmt_mem);
	ro = mmt_probe__section(b->obj, ".rodata");
	init = ro ? (void *)bpf_map__initial_value(ro, &ro_size) : NULL;
	if (!init || ro_size < sizeof(b->cfg)) {
		err = -EINVAL;
		goto err_close;
	}
	memcpy(init, &b->cfg, sizeof(b->cfg));
	err = size_maps(b);
	if (err)
		goto err_close;
	choose_programs(b, o);
	libbpf_set_print(loud ? print_debug : print_none);
	err = bpf_object__load(b->obj);
	libbpf_set_print(print_none);
	if (!err)
		return 0;
err_close:
	bpf_object__close(b->obj);
	b->obj = NULL;
	return err;
}

static void explain_load(int err, const struct mmt_log *log)
{
	char lock[256] = "";

	/* a locked-down kernel hides helpers: then the verifier says EINVAL, not EPERM */
	if (err != -ENOMEM && mmt_read_file("/sys/kernel/security/lockdown", lock, sizeof(lock)) > 0 &&
	    strstr(lock, "[confidentiality]")) {
		log_err(log, "the kernel is locked down (confidentiality): BPF cannot read kernel memory; "
			"boot with lockdown=integrity or none");
	} else if (err == -EPERM || err == -EACCES) {
		log_err(log, "no privilege to load BPF programs: run as root or give CAP_BPF and CAP_PERFMON "
			"(and check sysctl kernel.unprivileged_bpf_disabled)");
	} else if (err == -ENOMEM) {
		log_err(log, "the kernel has no memory for the BPF maps; use a smaller --ring, or raise the locked "
			"memory limit on kernels before 5.11 (ulimit -l)");
	} else {
		log_err(log, "the kernel refuses the BPF programs: %s; run `mmt-trace check -v` for the verifier's words",
			strerror(-err));
	}
}

static int map_one(struct mmt_probe *b, unsigned int i, struct bpf_map *m, size_t value, void **p)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), len;

	if (!m)
		return -ENOENT;
	len = (bpf_map__max_entries(m) * value + page - 1) / page * page;
	*p = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(m), 0);
	if (*p == MAP_FAILED) {
		*p = NULL;
		return -errno;
	}
	b->maps[i].p = *p;
	b->maps[i].len = len;
	return 0;
}

static int map_named(struct mmt_probe *b, unsigned int i, const char *name, size_t value, void **p)
{
	return map_one(b, i, bpf_object__find_map_by_name(b->obj, name), value, p);
}

static int map_all(struct mmt_probe *b)
{
	struct mmt_mem *mem = NULL;
	unsigned int i;
	int err;

	err = map_one(b, 0, mmt_probe__section(b->obj, ".bss"), sizeof(*mem), (void **)&mem);
	if (err)
		return err;
	b->state = &mem->state;
	b->cpus = mem->cpus;
	b->slots = mem->slots;
	err = map_named(b, 1, "rings", 8, (void **)&b->rings);
	err = err ? err : map_named(b, 2, "places", 8, (void **)&b->places);
	err = err ? err : map_named(b, 3, "hists", sizeof(*b->hists), (void **)&b->hists);
	b->n_hists = HISTS;
	for (i = 0; i < b->n_cpus; i++)
		b->cpus[i].place = b->cfg.topo[i].place;
	return err;
}

static int fill_queue(int fd, uint32_t first, uint32_t n)
{
	uint32_t i;

	for (i = first; i < first + n; i++)
		if (bpf_map_update_elem(fd, NULL, &i, BPF_ANY))
			return -errno;
	return 0;
}

int mmt_probe__more_slots(struct mmt_probe *b, size_t live)
{
	uint32_t n = b->cfg.n_slots - 1 - b->slots_given;
	int err;

	if (b->slots_given >= live + SLOTS_AHEAD || !n)
		return 0;
	if (n > SLOTS_AHEAD)
		n = SLOTS_AHEAD;
	err = fill_queue(b->free_slots_fd, b->slots_given + 1, n);
	if (!err)
		b->slots_given += n;
	return err;
}

static int fill_wanted(struct mmt_probe *b, const struct mmt_probe_opts *o)
{
	int fd = bpf_object__find_map_fd_by_name(b->obj, "wanted");
	uint32_t one = 1, key;
	size_t i;

	for (i = 0; i < o->n_pids + o->n_tids; i++) {
		key = i < o->n_pids ? (uint32_t)o->pids[i] : (uint32_t)o->tids[i - o->n_pids] | 1U << 31;
		if (bpf_map_update_elem(fd, &key, &one, BPF_ANY))
			return -errno;
	}
	return 0;
}

int mmt_probe__load(struct mmt_probe *b, const struct mmt_probe_opts *o, const struct mmt_topology *topo,
		  const struct mmt_log *log)
{
	const char *probe = o->probe ? o->probe : "auto";
	struct btf *btf;
	int err;

	memset(b, 0, sizeof(*b));
	b->n_cpus = topo->n_cpus;
	libbpf_set_print(print_none);
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		err = -errno;
		log_err(log, "no kernel type information (BTF) at /sys/kernel/btf/vmlinux; needs a kernel with "
			"CONFIG_DEBUG_INFO_BTF=y");
		return err ? err : -ENOENT;
	}
	err = config_fill(&b->cfg, o, topo, btf, log);
	btf__free(btf);
	if (err)
		return err;
	/* kernels before 5.11 charge maps to RLIMIT_MEMLOCK: libbpf raises it where it may, and a refusal shows in the load */
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	err = -EINVAL;
	if (strcmp(probe, "raw_tp"))
		err = try_load(b, o, false, getenv("MMT_BPF_DEBUG") && !strcmp(probe, "tp_btf"));
	if (err && strcmp(probe, "tp_btf") && err != -EPERM)
		err = try_load(b, o, true, getenv("MMT_BPF_DEBUG"));
	if (err) {
		explain_load(err, log);
		return err;
	}
	err = map_all(b);
	if (err) {
		log_err(log, "cannot map the BPF maps: %s", strerror(-err));
		return err;
	}
	b->free_slots_fd = bpf_object__find_map_fd_by_name(b->obj, "free_slots");
	b->free_hists_fd = bpf_object__find_map_fd_by_name(b->obj, "free_hists");
	err = mmt_probe__more_slots(b, 0);
	err = err ? err : fill_queue(b->free_hists_fd, 1, HISTS - 1);
	err = err ? err : fill_wanted(b, o);
	if (err)
		return err;
	b->recs = ring_buffer__new(bpf_object__find_map_fd_by_name(b->obj, "recs"), o->on_rec, o->rec_ctx, NULL);
	return b->recs ? 0 : -errno;
}

static int attach_one(struct mmt_probe *b, unsigned int i, const char *name, const struct mmt_log *log)
{
	struct bpf_program *p = bpf_object__find_program_by_name(b->obj, name);
	int err;

	if (!p || !bpf_program__autoload(p))
		return 0;
	b->links[i] = bpf_program__attach(p);
	if (b->links[i])
		return 0;
	err = -errno;
	log_err(log, "cannot attach %s: %s", bpf_program__section_name(p), strerror(-err));
	return err;
}

int mmt_probe__run_iter(struct bpf_object *obj, const char *name)
{
	struct bpf_program *p = bpf_object__find_program_by_name(obj, name);
	struct bpf_link *link = p ? bpf_program__attach_iter(p, NULL) : NULL;
	char buf[64];
	ssize_t n = 0;
	int fd, err;

	if (!link)
		return p ? -errno : -ENOENT;
	fd = bpf_iter_create(bpf_link__fd(link));
	err = fd < 0 ? -errno : 0;
	while (!err) {
		n = read(fd, buf, sizeof(buf));
		if (n < 0 && errno != EINTR)
			err = -errno;
		if (!n)
			break;
	}
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return err;
}

int mmt_probe__attach(struct mmt_probe *b, const struct mmt_log *log)
{
	static const char *const order[] = {
		"mmt_switch", "mmt_fork", "mmt_exec", "mmt_rename", "mmt_cgroup_attach", "mmt_migrate",
		"mmt_csd_queue", "mmt_waking", "mmt_wakeup", "mmt_wakeup_new",
	};
	struct timespec ms = { 0, 1000000 };
	unsigned int i, tries;
	int err;

	_Static_assert(sizeof(order) / sizeof(order[0]) <= MMT_N_PROGS, "links");
	err = attach_one(b, 0, order[0], log);
	/* the other programs need the distance of the clocks, which a switch reads */
	for (tries = 0; !err && b->cfg.use_rq_clock && !*(volatile uint64_t *)&b->state->clock_when; tries++) {
		if (tries > 1000) {
			log_err(log, "no context switch was seen in a second: sched_switch does not fire");
			err = -EIO;
		}
		nanosleep(&ms, NULL);
	}
	for (i = 1; !err && i < sizeof(order) / sizeof(order[0]); i++)
		err = attach_one(b, i, order[i], log);
	if (err)
		return err;
	err = mmt_probe__run_iter(b->obj, "mmt_leaders");
	if (err) {
		log_err(log, "cannot look at the tasks that are there: %s", strerror(-err));
		return err;
	}
	*(volatile uint64_t *)&b->state->enabled = 1;
	return 0;
}

void mmt_probe__detach(struct mmt_probe *b)
{
	unsigned int i;

	if (b->state)
		*(volatile uint64_t *)&b->state->enabled = 0;
	for (i = 0; i < MMT_N_PROGS; i++) {
		bpf_link__destroy(b->links[i]);
		b->links[i] = NULL;
	}
}

void mmt_probe__free_slot(struct mmt_probe *b, uint32_t slot)
{
	struct mmt_slot *s = &b->slots[slot];
	uint32_t h = s->hist;

	memset(&b->places[(uint64_t)slot << b->cfg.place_bits], 0, 8U << b->cfg.place_bits);
	memset(s, 0, sizeof(*s));
	if (h && h < b->n_hists) {
		memset(&b->hists[h], 0, sizeof(b->hists[h]));
		bpf_map_update_elem(b->free_hists_fd, NULL, &h, BPF_ANY);
	}
	bpf_map_update_elem(b->free_slots_fd, NULL, &slot, BPF_ANY);
}

uint32_t mmt_probe__slot_of(const struct mmt_probe *b, uint32_t tid)
{
	int fd = bpf_object__find_map_fd_by_name(b->obj, "pidmap");
	uint32_t line = tid / MMT_PIDS_PER_LINE, slot;
	struct mmt_pidline l;

	if (fd < 0 || bpf_map_lookup_elem(fd, &line, &l))
		return 0;
	slot = l.slot[tid % MMT_PIDS_PER_LINE];
	return slot < b->cfg.n_slots ? slot : 0;
}

int mmt_probe__want(const struct mmt_probe *b, uint32_t tgid, bool want)
{
	int fd = bpf_object__find_map_fd_by_name(b->obj, "wanted");
	uint32_t one = 1;

	if (!want)
		return bpf_map_delete_elem(fd, &tgid) && errno != ENOENT ? -errno : 0;
	return bpf_map_update_elem(fd, &tgid, &one, BPF_ANY) ? -errno : 0;
}

int mmt_probe__consume(struct mmt_probe *b)
{
	return ring_buffer__consume(b->recs);
}

uint64_t mmt_probe__now(const struct mmt_probe *b)
{
	uint64_t off = *(volatile uint64_t *)&b->state->clock_off, mono = mmt_mono_ns();

	return b->cfg.use_rq_clock ? mono - off : mono;
}

void mmt_probe__close(struct mmt_probe *b)
{
	unsigned int i;

	mmt_probe__detach(b);
	ring_buffer__free(b->recs);
	for (i = 0; i < sizeof(b->maps) / sizeof(b->maps[0]); i++)
		if (b->maps[i].p)
			munmap(b->maps[i].p, b->maps[i].len);
	bpf_object__close(b->obj);
	memset(b, 0, sizeof(*b));
}
