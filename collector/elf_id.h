/* SPDX-License-Identifier: GPL-2.0-only */
/* What of a mapped file makes its code known again: build-id and where its code belongs. */
#ifndef MMT_ELF_ID_H
#define MMT_ELF_ID_H

#include <stddef.h>
#include <stdint.h>

#define MMT_BUILD_ID_MAX 64

struct mmt_elf_id {
	uint8_t id[MMT_BUILD_ID_MAX];
	uint32_t len;   /* 0: it has none */
	uint32_t flags; /* MMT_MAP_NO_BUILD_ID, MMT_MAP_UNREAD, MMT_MAP_HAS_VADDR */
	uint64_t vaddr; /* of file offset `offset` */
};

/* Of an open file that is mapped executable from offset on. */
void mmt_elf_id__file(int fd, uint64_t offset, struct mmt_elf_id *out);
/* Of an image in memory (the vdso). */
void mmt_elf_id__image(void *image, size_t size, struct mmt_elf_id *out);

#endif
