// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cpulist.h"
#include "kstat.h"
#include "numa_facts.h"
#include "sysfs.h"

/* ---------------------------------------------------------------- types */

static const struct btf_type *type_named(const struct btf *btf, const char *name, uint32_t kind, int *id)
{
	*id = btf__find_by_name_kind(btf, name, kind);
	return *id > 0 ? btf__type_by_id(btf, (uint32_t)*id) : NULL;
}

/* Value of an enumerator; -ENOENT. */
static int enum_value(const struct btf *btf, const char *type, const char *name)
{
	int id, i;
	const struct btf_type *t = type_named(btf, type, BTF_KIND_ENUM, &id);
	const struct btf_enum *e;

	if (!t)
		return -ENOENT;
	for (i = 0, e = btf_enum(t); i < btf_vlen(t); i++, e++)
		if (!strcmp(btf__name_by_offset(btf, e->name_off), name))
			return e->val;
	return -ENOENT;
}

/*
 * NODES_SHIFT is no type, but struct zonelist has MAX_NUMNODES * MAX_NR_ZONES + 1 struct
 * zoneref (include/linux/mmzone.h), and MAX_NUMNODES is a power of two.
 */
int mmt_numa_facts__node_width(const struct btf *btf)
{
	int list, ref, zones = enum_value(btf, "zone_type", "__MAX_NR_ZONES"), width = 0;
	int64_t n, list_size, ref_size;

	if (!type_named(btf, "zonelist", BTF_KIND_STRUCT, &list) || !type_named(btf, "zoneref", BTF_KIND_STRUCT, &ref))
		return -ENOENT;
	list_size = btf__resolve_size(btf, (uint32_t)list);
	ref_size = btf__resolve_size(btf, (uint32_t)ref);
	if (zones <= 0 || ref_size <= 0 || list_size <= ref_size || list_size % ref_size)
		return -ENOENT;
	n = list_size / ref_size - 1;
	if (n % zones)
		return -ENOENT;
	for (n /= zones; n > 1; n /= 2, width++)
		if (n % 2)
			return -ENOENT;
	return width;
}

/* Arguments of a tracepoint, without the void * that comes first; 0: there is none of this name. */
static unsigned int tp_args(const struct btf *btf, const char *name)
{
	const struct btf_type *t;
	char type[64];
	int id;

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	t = type_named(btf, type, BTF_KIND_TYPEDEF, &id);
	t = t ? btf__type_by_id(btf, t->type) : NULL;
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) && btf_vlen(t) ? btf_vlen(t) - 1U : 0;
}

/* MR_NUMA_MISPLACED of enum migrate_reason is "numa_misplaced". */
static void read_reasons(const struct btf *btf, struct mmt_numa_facts *f)
{
	int id, i;
	const struct btf_type *t = type_named(btf, "migrate_reason", BTF_KIND_ENUM, &id);
	const struct btf_enum *e;

	for (i = 0, e = t ? btf_enum(t) : NULL; t && i < btf_vlen(t); i++, e++) {
		const char *name = btf__name_by_offset(btf, e->name_off);
		size_t k;

		if (e->val < 0 || e->val >= MMT_NUMA_REASONS || strncmp(name, "MR_", 3) || !strcmp(name, "MR_TYPES"))
			continue;
		for (k = 0; name[3 + k] && k + 1 < sizeof(f->reason[0]); k++)
			f->reason[e->val][k] = (char)tolower((unsigned char)name[3 + k]);
	}
}

int mmt_numa_facts__read(const struct btf *btf, const struct mmt_topology *topo, struct mmt_numa_facts *f, char *why,
			 size_t size)
{
	int width = mmt_numa_facts__node_width(btf);
	struct mmt_cpuset nodes;
	unsigned int i;

	memset(f, 0, sizeof(*f));
#if !defined(__x86_64__) && !defined(__aarch64__)
	/* elsewhere a number of the memory section may lie above the node */
	snprintf(why, size, "where the flags of a page say its node is known of x86-64 and arm64 only");
	return -ENOTSUP;
#endif
	if (width < 0 || width > 16 || topo->n_nodes > 1U << width) {
		snprintf(why, size, "the kernel's types do not say where the flags of a page have its node");
		return -ENOTSUP;
	}
	f->node_shift = 64U - (unsigned int)width;
	f->args = tp_args(btf, "mm_migrate_pages");
	/* it is called for a program of a tracepoint that may not run within itself (6.2, commit 05b24ff9b2cf) */
	f->nests = btf__find_by_name_kind(btf, "bpf_prog_inc_misses_counter", BTF_KIND_FUNC) < 0;
	read_reasons(btf, f);
	f->node_ids = topo->n_nodes;
	if (!mmt_cpulist__read("/sys/devices/system/node/possible", &nodes))
		for (i = 0; i < MMT_MAX_CPUS; i++)
			f->node_ids = mmt_cpuset__has(&nodes, i) && i >= f->node_ids ? i + 1 : f->node_ids;
	return 0;
}

/* ---------------------------------------------------------------- counters */

/* "name value" lines whose name is in the list; each a row of this scope. */
static int write_lines(struct mmt_writer *w, const char *text, const char *const *keys, const char *source, int64_t scope,
		       uint64_t now, uint64_t segment)
{
	int err = 0;

	for (; *keys && !err; keys++) {
		size_t len = strlen(*keys);
		const char *s = text;

		while (s && (strncmp(s, *keys, len) || s[len] != ' ')) {
			s = strchr(s, '\n');
			s = s ? s + 1 : NULL;
		}
		if (s)
			err = mmt_counter__row(w, now, segment, source, *keys, scope, strtoull(s + len, NULL, 10));
	}
	return err;
}

int mmt_numa_counters__write(struct mmt_writer *w, const struct mmt_topology *topo, const char *root, uint64_t now,
			     uint64_t segment)
{
	static const char *const of_node[] = { "numa_hit", "numa_miss", "numa_foreign", "local_node", "other_node", NULL };
	static const char *const of_vm[] = { "numa_task_migrated", "numa_task_swapped", "pgmigrate_fail", NULL };
	size_t size = 1 << 16;
	char path[128], *buf = malloc(size);
	uint64_t counted = 1;
	unsigned int i;
	int err = 0;

	if (!buf)
		return -ENOMEM;
	snprintf(path, sizeof(path), "%s/proc/sys/vm/numa_stat", root);
	mmt_read_u64(path, &counted); /* 0: the kernel was told not to count */
	for (i = 0; i < topo->n_nodes && counted && !err; i++) {
		snprintf(path, sizeof(path), "%s/sys/devices/system/node/node%u/numastat", root, i);
		if (mmt_read_file(path, buf, size) > 0)
			err = write_lines(w, buf, of_node, "node.numastat", i, now, segment);
	}
	snprintf(path, sizeof(path), "%s/proc/vmstat", root);
	if (!err && mmt_read_file(path, buf, size) > 0)
		err = write_lines(w, buf, of_vm, "proc.vmstat", -1, now, segment);
	free(buf);
	return err;
}
