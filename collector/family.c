// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "family.h"
#include "stacks.h"

const struct mmt_family *const mmt_families[] = {
	&mmt_family_fault,
	&mmt_family_syscall,
	&mmt_family_map,
	&mmt_family_place,
	&mmt_family_offcpu,
	&mmt_family_waker,
	&mmt_family_fault_end,
	&mmt_family_profile,
	&mmt_family_load,
	&mmt_family_numa,
	&mmt_family_vm,
	&mmt_family_kvm,
	&mmt_family_counters,
	NULL,
};

/* ---------------------------------------------------------------- loading */

int mmt_family__size(struct mmt_family_ctx *ctx, struct bpf_object *obj, const char *map, uint64_t entries)
{
	struct bpf_map *m = bpf_object__find_map_by_name(obj, map);
	uint64_t cpus = 1;

	if (!m)
		return -ENOENT;
	if (entries > UINT32_MAX)
		return -E2BIG;
	if (bpf_map__type(m) == BPF_MAP_TYPE_PERCPU_ARRAY || bpf_map__type(m) == BPF_MAP_TYPE_PERCPU_HASH)
		cpus = ctx->probe->n_cpus;
	ctx->map_bytes += entries * cpus * (bpf_map__type(m) == BPF_MAP_TYPE_RINGBUF ? 1 : bpf_map__value_size(m));
	return bpf_map__set_max_entries(m, (unsigned int)entries);
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), k = strlen(end);

	return n >= k && !strcmp(s + n - k, end);
}

/* The session's map of call stacks, in place of the object's own. */
static int share_stacks(struct mmt_family_ctx *ctx, struct bpf_map *m)
{
	int fd;

	if (ctx->totals_only || !ctx->stackmap) /* no program that uses it is loaded */
		return bpf_map__set_autocreate(m, false);
	fd = mmt_stackmap__fd(ctx->stackmap);
	if (fd < 0)
		return fd;
	ctx->wants_stacks = true;
	ctx->map_bytes += 2 * sizeof(struct mmt_stack) * ctx->probe->n_cpus; /* stack_scratch */
	return bpf_map__reuse_fd(m, fd);
}

/* The maps of bpf/maps.bpf.h are the scheduler family's; its settings are copied. */
static int share_maps(struct mmt_family_ctx *ctx, struct bpf_object *obj)
{
	struct bpf_map *m, *main_map;
	size_t size;
	void *init;
	int err;

	bpf_object__for_each_map(m, obj) {
		if (!strcmp(bpf_map__name(m), "stacks")) {
			err = share_stacks(ctx, m);
			if (err)
				return err;
			continue;
		}
		if (ends_with(bpf_map__name(m), ".rodata")) {
			init = (void *)bpf_map__initial_value(m, &size);
			if (!init || size != sizeof(ctx->probe->cfg))
				return -EINVAL;
			memcpy(init, &ctx->probe->cfg, sizeof(ctx->probe->cfg));
			continue;
		}
		main_map = ends_with(bpf_map__name(m), ".bss") ? mmt_probe__section(ctx->probe->obj, ".bss") :
			   strchr(bpf_map__name(m), '.') ? NULL :
			   bpf_object__find_map_by_name(ctx->probe->obj, bpf_map__name(m));
		if (main_map && (bpf_map__value_size(m) != bpf_map__value_size(main_map) ||
				 bpf_map__reuse_fd(m, bpf_map__fd(main_map))))
			return -EINVAL;
	}
	return 0;
}

static int try_load(struct mmt_family_ctx *ctx, const struct mmt_family_elf *elf, bool raw,
		    int (*setup)(struct mmt_family_ctx *ctx, struct bpf_object *obj))
{
	size_t size;
	const void *bytes = raw ? elf->raw(&size) : elf->btf(&size);
	struct bpf_program *p;
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = elf->name);
	struct bpf_object *obj = bpf_object__open_mem(bytes, size, &opts);
	int err;

	if (!obj)
		return -errno;
	bpf_object__for_each_program(p, obj)
		bpf_program__set_autoload(p, true); /* "?" in their section turns them off */
	ctx->map_bytes = 0;
	err = share_maps(ctx, obj);
	err = err || !setup ? err : setup(ctx, obj);
	err = err ? err : mmt_probe__load_object(obj);
	if (err) {
		bpf_object__close(obj);
		return err;
	}
	ctx->obj = obj;
	return 0;
}

int mmt_family__load(struct mmt_family_ctx *ctx, const struct mmt_family_elf *elf,
		     int (*setup)(struct mmt_family_ctx *ctx, struct bpf_object *obj))
{
	int err = -EINVAL;

	if (!ctx->probe->raw_tp)
		err = try_load(ctx, elf, false, setup);
	if (err && err != -EPERM && err != -ENOMEM)
		err = try_load(ctx, elf, true, setup);
	if (err && !ctx->why[0])
		snprintf(ctx->why, sizeof(ctx->why), "the kernel refuses its BPF programs: %s%s", strerror(-err),
			 err == -ENOENT ? " (a tracepoint that this kernel does not have?)" : "");
	return err;
}

int mmt_family__mmap(struct mmt_family_ctx *ctx, const char *map, void **p, size_t *len)
{
	struct bpf_map *m = bpf_object__find_map_by_name(ctx->obj, map);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *at;

	if (!m)
		return -ENOENT;
	/* elements of an array lie 8 bytes aligned */
	*len = (size_t)bpf_map__max_entries(m) * ((bpf_map__value_size(m) + 7) & ~7ULL);
	*len = (*len + page - 1) / page * page;
	at = mmap(NULL, *len, PROT_READ | PROT_WRITE, MAP_SHARED, bpf_map__fd(m), 0);
	if (at == MAP_FAILED) {
		snprintf(ctx->why, sizeof(ctx->why), "cannot map its BPF maps: %s", strerror(errno));
		return -errno;
	}
	*p = at;
	return 0;
}

int mmt_family__free_numbers(int fd, uint32_t n)
{
	uint32_t i;

	for (i = 1; i < n; i++)
		if (bpf_map_update_elem(fd, NULL, &i, BPF_ANY))
			return -errno;
	return 0;
}

int mmt_family__attach(struct mmt_family_ctx *ctx)
{
	struct bpf_program *p;
	unsigned int i = 0;
	int err;

	bpf_object__for_each_program(p, ctx->obj) {
		if (!bpf_program__autoload(p))
			continue;
		if (i == MMT_FAMILY_PROGS)
			return -E2BIG;
		ctx->links[i] = bpf_program__attach(p);
		if (!ctx->links[i]) {
			err = -errno;
			log_err(ctx->log, "%s: cannot attach %s: %s", ctx->family->name, bpf_program__section_name(p),
				strerror(-err));
			return err;
		}
		i++;
	}
	return 0;
}

void mmt_family__detach(struct mmt_family_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < MMT_FAMILY_PROGS; i++) {
		bpf_link__destroy(ctx->links[i]);
		ctx->links[i] = NULL;
	}
}

/* ---------------------------------------------------------------- the set */

static int write_note(struct mmt_family_ctx *c, const char *text)
{
	const struct mmt_cell cells[] = {
		{ .u = mmt_probe__now(c->probe) }, { .u = 1 }, { .p = text, .len = (uint32_t)strlen(text) },
	};

	log_warn(c->log, "%s", text);
	return c->w ? mmt_writer__row(c->w, MMT_TB_NOTE, cells, 3) : 0;
}

static void close_one(struct mmt_family_ctx *c)
{
	mmt_family__detach(c);
	if (c->family->ops->close)
		c->family->ops->close(c);
	bpf_object__close(c->obj);
	memset(c, 0, sizeof(*c));
}

bool mmt_family__asked(const struct mmt_family_ctx *ctx, const struct mmt_family *family)
{
	unsigned int i;

	for (i = 0; mmt_families[i]; i++)
		if (mmt_families[i] == family)
			return ctx->which & 1U << i;
	return false;
}

/* Those too of which a part was asked for, or that go beside another. */
static unsigned int with_whole(unsigned int which)
{
	unsigned int i, k;

	for (i = 0; mmt_families[i]; i++)
		for (k = 0; which & 1U << i && mmt_families[k]; k++)
			if (mmt_families[k] == mmt_families[i]->part_of || mmt_families[k] == mmt_families[i]->beside)
				which |= 1U << k;
	return which;
}

int mmt_families__open(struct mmt_family_set *s, unsigned int which, bool all_or_none, const struct mmt_family_ctx *tmpl)
{
	unsigned int i;
	int err = 0, ret;

	s->n = s->n_refused = 0;
	s->which = which = with_whole(which);
	for (i = 0; mmt_families[i] && i < MMT_MAX_FAMILIES; i++) {
		struct mmt_family_ctx *c = &s->v[s->n];

		if (!(which & 1U << i) || mmt_families[i]->part_of)
			continue;
		*c = *tmpl;
		c->which = which;
		c->family = mmt_families[i];
		ret = c->family->ops->open(c);
		c->opts = NULL;
		if (!ret) {
			s->n++;
			continue;
		}
		err = ret;
		mmt_log(c->log, all_or_none ? MMT_LOG_ERROR : MMT_LOG_WARN, "%s: not available: %s", c->family->name,
			c->why[0] ? c->why : strerror(-ret));
		s->refused[s->n_refused].family = c->family;
		snprintf(s->refused[s->n_refused++].why, sizeof(c->why), "%s", c->why[0] ? c->why : strerror(-ret));
		close_one(c);
	}
	return err && !s->n && all_or_none ? err : 0;
}

void mmt_families__set_writer(struct mmt_family_set *s, struct mmt_writer *w)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		s->v[i].w = w;
}

bool mmt_families__want_stacks(const struct mmt_family_set *s)
{
	unsigned int i;

	for (i = 0; i < s->n && !s->v[i].wants_stacks; i++)
		;
	return i < s->n;
}

void mmt_families__set_stacks(struct mmt_family_set *s, struct mmt_stacks *stacks)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		s->v[i].stacks = stacks;
}

int mmt_families__attach(struct mmt_family_set *s)
{
	struct mmt_vm_watch *vms = NULL;
	unsigned int i;
	int err = 0;

	for (i = 0; i < s->n && !vms; i++)
		vms = s->v[i].family == &mmt_family_vm ? mmt_family_vm__watch(&s->v[i]) : NULL;
	for (i = 0; i < s->n; i++)
		s->v[i].vms = vms;
	for (i = 0; i < s->n && !err; i++) {
		const struct mmt_family_ops *ops = s->v[i].family->ops;

		err = ops->attach ? ops->attach(&s->v[i]) : mmt_family__attach(&s->v[i]);
		if (!err && s->v[i].stacks && s->v[i].family == &mmt_family_map)
			mmt_stacks__set_maps(s->v[i].stacks, mmt_family_map__maps(&s->v[i]));
	}
	return err;
}

/* The i-th to be asked for rows: mappings come first, what others observed is looked up in them. */
static struct mmt_family_ctx *in_order(struct mmt_family_set *s, unsigned int i)
{
	unsigned int map = 0;

	while (map < s->n && s->v[map].family != &mmt_family_map)
		map++;
	return &s->v[map == s->n || i > map ? i : i ? i - 1 : map];
}

int mmt_families__pass(struct mmt_family_set *s)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		struct mmt_family_ctx *c = in_order(s, i);

		if (c->family->ops->pass)
			err = c->family->ops->pass(c);
	}
	return err;
}

void mmt_families__cut(struct mmt_family_set *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].family->ops->cut)
			s->v[i].family->ops->cut(&s->v[i]);
}

int mmt_families__flush(struct mmt_family_set *s, uint64_t now, bool full, bool mark)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		struct mmt_family_ctx *c = in_order(s, i);

		c->mark = mark;
		if (c->family->ops->flush)
			err = c->family->ops->flush(c, now, full);
	}
	return err;
}

void mmt_families__segment(struct mmt_family_set *s, uint64_t segment)
{
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		s->v[i].segment = segment;
		if (s->v[i].family->ops->segment)
			s->v[i].family->ops->segment(&s->v[i]);
	}
}

int mmt_families__task_end(struct mmt_family_set *s, const struct mmt_epoch *e, uint64_t now)
{
	unsigned int i;
	int err = 0;

	/* all of them: each clears what it keeps for the slot */
	for (i = 0; i < s->n; i++) {
		if (s->v[i].family->ops->task_end) {
			int ret = s->v[i].family->ops->task_end(&s->v[i], e, now);

			err = err ? err : ret;
		}
	}
	return err;
}

int mmt_families__task_news(struct mmt_family_set *s, const struct mmt_epoch *e, enum mmt_task_news what)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++)
		if (s->v[i].family->ops->task_news)
			err = s->v[i].family->ops->task_news(&s->v[i], e, what);
	return err;
}

int mmt_families__notes(struct mmt_family_set *s)
{
	char text[256];
	unsigned int i;
	int err = 0;

	for (i = 0; i < s->n && !err; i++) {
		text[0] = 0;
		if (s->v[i].family->ops->note)
			s->v[i].family->ops->note(&s->v[i], text, sizeof(text));
		if (text[0])
			err = write_note(&s->v[i], text);
	}
	return err;
}

static bool have(const struct mmt_family_set *s, const struct mmt_family *family)
{
	unsigned int i;

	for (i = 0; i < s->n && s->v[i].family != family; i++)
		;
	return i < s->n;
}

void mmt_families__names(const struct mmt_family_set *s, char *buf, size_t size)
{
	unsigned int i;
	size_t at = (size_t)snprintf(buf, size, "sched");

	for (i = 0; i < s->n && at < size; i++)
		at += (size_t)snprintf(buf + at, size - at, " %s", s->v[i].family->name);
	for (i = 0; mmt_families[i] && at < size; i++)
		if (s->which & 1U << i && mmt_families[i]->part_of && have(s, mmt_families[i]->part_of))
			at += (size_t)snprintf(buf + at, size - at, " %s", mmt_families[i]->name);
}

const char *mmt_families__fact(const struct mmt_family_set *s, unsigned int i, char *value, size_t size)
{
	unsigned int k;

	for (k = 0; k < s->n + s->n_refused; k++) {
		const struct mmt_family *f = k < s->n ? s->v[k].family : s->refused[k - s->n].family;

		if (!f->fact || i--)
			continue;
		if (k < s->n && !s->v[k].later)
			snprintf(value, size, "yes");
		else
			snprintf(value, size, "not available: %s", k < s->n ? s->v[k].why : s->refused[k - s->n].why);
		return f->fact;
	}
	return NULL;
}

uint64_t mmt_families__map_bytes(const struct mmt_family_set *s)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < s->n; i++)
		sum += s->v[i].map_bytes;
	return sum;
}

void mmt_families__detach(struct mmt_family_set *s)
{
	unsigned int i;

	for (i = 0; i < s->n; i++) {
		if (s->v[i].family->ops->detach)
			s->v[i].family->ops->detach(&s->v[i]);
		else
			mmt_family__detach(&s->v[i]);
	}
}

void mmt_families__close(struct mmt_family_set *s)
{
	while (s->n)
		close_one(&s->v[--s->n]);
}
