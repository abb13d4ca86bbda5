// SPDX-License-Identifier: GPL-2.0-only
#include <gelf.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "../libmmtrace/mmtrace.h"
#include "elf_id.h"

#define MAX_NOTES (1u << 20) /* bytes of one segment of notes */

static bool take_note(Elf_Data *data, struct mmt_elf_id *out)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr n;

	while (data && (next = gelf_getnote(data, at, &n, &name, &desc)) > 0) {
		const char *base = data->d_buf;

		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == 4 && !memcmp(base + name, "GNU", 4) && n.n_descsz &&
		    n.n_descsz <= sizeof(out->id)) {
			memcpy(out->id, base + desc, n.n_descsz);
			out->len = n.n_descsz;
			return true;
		}
		at = next;
	}
	return false;
}

/* By program headers only: they are what the kernel maps by, and are there when sections are not. */
static void read_elf(Elf *elf, uint64_t offset, struct mmt_elf_id *out)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	size_t n = 0, i;
	GElf_Phdr ph;

	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &n)) {
		out->flags = MMT_MAP_NO_BUILD_ID; /* some other file, as interpreters map */
		return;
	}
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(elf, (int)i, &ph))
			continue;
		if (ph.p_type == PT_NOTE && !out->len && ph.p_filesz <= MAX_NOTES)
			take_note(elf_getdata_rawchunk(elf, (int64_t)ph.p_offset, ph.p_filesz,
						       ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR), out);
		/* a mapping may be a part of what a segment is: a debugger or a guard split it */
		if (ph.p_type == PT_LOAD && ph.p_flags & PF_X && offset >= (ph.p_offset & ~(page - 1)) &&
		    offset < ph.p_offset + ph.p_filesz) {
			out->vaddr = ph.p_vaddr - ph.p_offset + offset;
			out->flags |= MMT_MAP_HAS_VADDR;
		}
	}
	if (!out->len)
		out->flags |= MMT_MAP_NO_BUILD_ID;
}

void mmt_elf_id__file(int fd, uint64_t offset, struct mmt_elf_id *out)
{
	Elf *elf;

	memset(out, 0, sizeof(*out));
	elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	read_elf(elf, offset, out);
	if (elf)
		elf_end(elf);
}

void mmt_elf_id__image(void *image, size_t size, struct mmt_elf_id *out)
{
	Elf *elf;

	memset(out, 0, sizeof(*out));
	elf = elf_version(EV_CURRENT) == EV_NONE ? NULL : elf_memory(image, size);
	read_elf(elf, 0, out);
	if (elf)
		elf_end(elf);
}
