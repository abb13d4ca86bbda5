// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kvm_module.h"
#include "sysfs.h"

#define SETTLE_NS 500000000ULL /* until other modules than those for AMD's and Intel's are taken as complete */

#define KVM "/sys/module/kvm"

static bool has_entries(const char *path)
{
	const struct dirent *e;
	DIR *dir = opendir(path);
	bool some = false;

	while (dir && !some && (e = readdir(dir)))
		some = e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return some;
}

/* kvm alone runs nothing: it is built in with what does, or some module uses it. That has the types that tell where exit reasons are. */
bool mmt_kvm__is_there(void)
{
	bool processor = !access("/sys/module/kvm_amd", F_OK) || !access("/sys/module/kvm_intel", F_OK);

	/* kernels that cannot unload modules do not tell who uses them */
	return !access(KVM, F_OK) && (processor || access(KVM "/initstate", F_OK) || has_entries(KVM "/holders"));
}

/* Modules are there before they are complete. Some kinds of KVM have neither of the two. */
bool mmt_kvm__is_ready(uint64_t *seen, uint64_t now)
{
	static const char *const modules[] = { "kvm_amd", "kvm_intel" };
	char path[64], state[16];
	size_t i;

	if (!mmt_kvm__is_there()) {
		*seen = 0;
		return false;
	}
	*seen = *seen ? *seen : now;
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		snprintf(path, sizeof(path), "/sys/module/%s/initstate", modules[i]);
		if (mmt_read_file(path, state, sizeof(state)) > 0 && !strncmp(state, "live", 4))
			return true;
	}
	return now - *seen > SETTLE_NS;
}

/* Number of arguments of the tracepoint's programs; 0: these types do not say. */
static uint32_t args_of(const struct btf *btf, const char *trace)
{
	int id = btf ? btf__find_by_name_kind(btf, trace, BTF_KIND_TYPEDEF) : -1;
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;

	t = t ? btf__type_by_id(btf, t->type) : NULL;
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL;
	return t && btf_is_func_proto(t) && btf_vlen(t) ? btf_vlen(t) - 1u : 0; /* the first is the tracepoint's own */
}

/* KVM is built in, or a module with types of its own (since 5.11, which had three arguments still). */
uint32_t mmt_kvm__exit_args(void)
{
	struct btf *base = btf__load_vmlinux_btf(), *mod;
	uint32_t n = args_of(base, "btf_trace_kvm_exit");

	if (!n && base) {
		mod = btf__load_module_btf("kvm", base);
		n = args_of(mod, "btf_trace_kvm_exit");
		btf__free(mod);
	}
	btf__free(base);
	return n ? n : 3;
}
