// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../bpf/numa_shared.h"
#include "numa_fn.h"
#include "numafn.skel.h"
#include "numafn_raw.skel.h"

struct setup {
	const struct mmt_family_ctx *family;
	int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj);
};

/* The family's own object has the maps; of two functions the kernel has one. */
static int setup(struct mmt_family_ctx *fn, struct bpf_object *obj)
{
	static const char *const maps[] = { "numa_cells", "numa_slots", "numa_moved", "numa_state" };
	const struct setup *s = fn->priv;
	struct btf *btf = btf__load_vmlinux_btf();
	bool folio;
	size_t i;
	int err = btf ? s->set_constants(s->family, obj) : -errno;

	if (err)
		return err;
	folio = btf__find_by_name_kind(btf, "folio_migrate_flags", BTF_KIND_FUNC) > 0;
	btf__free(btf);
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "mmt_numa_folio"), folio);
	bpf_program__set_autoload(bpf_object__find_program_by_name(obj, "mmt_numa_page"), !folio);
	for (i = 0; i < sizeof(maps) / sizeof(maps[0]) && !err; i++)
		err = bpf_map__reuse_fd(bpf_object__find_map_by_name(obj, maps[i]),
					bpf_object__find_map_fd_by_name(s->family->obj, maps[i]));
	return err;
}

void mmt_numa_fn__open(struct mmt_family_ctx *fn, const struct mmt_family_ctx *family,
		       int (*set_constants)(const struct mmt_family_ctx *family, struct bpf_object *obj))
{
	static const struct mmt_family_elf elf = { "mmt_numafn", numafn_bpf__elf_bytes, numafn_raw__elf_bytes };
	struct setup s = { family, set_constants };
	int err;

	*fn = *family;
	fn->obj = NULL;
	fn->priv = &s;
	fn->why[0] = '\0';
	memset(fn->links, 0, sizeof(fn->links));
	err = getenv("MMT_NUMA_NO_FN") ? -EPERM : mmt_family__load(fn, &elf, setup); /* refused, for tests */
	fn->priv = NULL;
	if (err == -EPERM || err == -ESRCH)
		snprintf(fn->why, sizeof(fn->why), "the kernel %s at its functions (fentry): %s",
			 err == -EPERM ? "refuses BPF programs" : "has no place for BPF programs", strerror(-err));
	if (err)
		return;
	err = mmt_family__attach(fn);
	if (!err)
		return;
	snprintf(fn->why, sizeof(fn->why), "its programs cannot be attached: %s", strerror(-err));
	mmt_family__detach(fn);
	bpf_object__close(fn->obj);
	fn->obj = NULL;
}
