// SPDX-License-Identifier: GPL-2.0-only
/*
 * When user space has changed an element of a map of maps, the kernel returns only after all
 * programs that may have found the old one have ended (kernel/bpf/syscall.c
 * maybe_wait_bpf_programs(), since 4.20). membarrier(2) would do too, but not where CPUs are
 * kept free of ticks (nohz_full).
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "grace.h"

int mmt_grace__open(struct mmt_grace *g)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int err = 0;

	g->outer = -1;
	g->inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, "mmt_grace_in", 4, 4, 1, NULL);
	if (g->inner < 0)
		return -errno;
	opts.inner_map_fd = (uint32_t)g->inner;
	g->outer = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "mmt_grace", 4, 4, 1, &opts);
	if (g->outer < 0)
		err = -errno;
	if (err)
		mmt_grace__close(g);
	return err;
}

int mmt_grace__wait(const struct mmt_grace *g)
{
	uint32_t at = 0;

	return bpf_map_update_elem(g->outer, &at, &g->inner, BPF_ANY) ? -errno : 0;
}

void mmt_grace__close(struct mmt_grace *g)
{
	if (g->outer >= 0)
		close(g->outer);
	if (g->inner >= 0)
		close(g->inner);
	g->outer = g->inner = -1;
}
