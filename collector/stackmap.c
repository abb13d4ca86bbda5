// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/bpf.h>
#include <errno.h>
#include <unistd.h>

#include "stackmap.h"
#include "sysfs.h"

#define ENTRY_BYTES (sizeof(struct mmt_stack) + 80) /* the kernel's own part: key, links, hash */

int mmt_stackmap__fd(struct mmt_stackmap *m)
{
	uint64_t limit;
	int fd;

	if (m->fd >= 0)
		return m->fd;
	if (!m->entries)
		m->entries = MMT_STACKMAP_ENTRIES;
	fd = bpf_map_create(BPF_MAP_TYPE_LRU_HASH, "stacks", sizeof(uint64_t), sizeof(struct mmt_stack), m->entries, NULL);
	if (fd < 0)
		return fd;
	m->fd = fd;
	m->map_bytes = m->entries * ENTRY_BYTES;
	m->limit = MMT_STACK_FRAMES;
	if (!mmt_read_u64("/proc/sys/kernel/perf_event_max_stack", &limit) && limit < m->limit)
		m->limit = (uint32_t)limit;
	return fd;
}

int mmt_stackmap__get(const struct mmt_stackmap *m, uint64_t hash, struct mmt_stack *out)
{
	if (m->fd < 0)
		return -ENOENT;
	if (bpf_map_lookup_elem(m->fd, &hash, out))
		return -errno;
	if (out->n > MMT_STACK_FRAMES)
		return -EINVAL;
	if (out->n >= m->limit)
		out->flags |= MMT_STK_FULL;
	return 0;
}

void mmt_stackmap__close(struct mmt_stackmap *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}
