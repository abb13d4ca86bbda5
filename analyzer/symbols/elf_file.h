/* SPDX-License-Identifier: GPL-2.0-only */
/* What an ELF file says of itself: build-id, segments, functions, stubs of the linker, its debug file. */
#ifndef MMT_ELF_FILE_H
#define MMT_ELF_FILE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_ID_MAX 64 /* of a build-id, bytes */

struct elf_file {
	int fd; /* -1: in memory */
	Elf *elf;
	char *path;
	uint8_t id[ELF_ID_MAX];
	size_t id_len; /* 0: it has none */
	uint64_t first_vaddr; /* of its first segment that is loaded */
	unsigned int machine; /* EM_* */
	bool has_dwarf;
	const char *debuglink; /* NULL: none */
	uint32_t debuglink_crc;
};

struct elf_sym {
	uint64_t start, end; /* virtual addresses of the file */
	uint64_t max_end;    /* of this one and all before it */
	const char *name;    /* the file's own, or `names` of the table */
	uint8_t rank;        /* of several at one place the highest is shown */
	bool open; /* has no size: ends where something else begins */
	bool plt;
};

struct elf_syms {
	struct elf_sym *sym; /* by start */
	size_t n, size;
	char **names; /* made here: sym@plt */
	size_t n_names, names_size;
};

/* -ENOEXEC: no ELF file; else as errno says. */
int elf_file__open(const char *path, struct elf_file *f);
/* An image that stays where it is. */
int elf_file__image(void *image, size_t size, struct elf_file *f);
void elf_file__close(struct elf_file *f);

/* Virtual address of a byte of the file that is loaded (code, if both can be); false where none is. */
bool elf_file__vaddr(const struct elf_file *f, uint64_t offset, uint64_t *vaddr);
/* File offset of a virtual address; the reverse. */
bool elf_file__offset(const struct elf_file *f, uint64_t vaddr, uint64_t *offset);
/* Bytes of the file as they are; false where there are none, and for an image. */
bool elf_file__read(const struct elf_file *f, uint64_t offset, void *buf, size_t n);
/* CRC of a whole file, as .gnu_debuglink has it. */
int elf_file__crc(const char *path, uint32_t *crc);

/*
 * Functions of the file: those of .symtab, in `debug` (may be NULL) where it has been
 * stripped from `f`, else of .dynsym; and the stubs through which it calls other files.
 */
int elf_syms__load(struct elf_syms *s, const struct elf_file *f, const struct elf_file *debug);
const struct elf_sym *elf_syms__find(const struct elf_syms *s, uint64_t vaddr);
void elf_syms__free(struct elf_syms *s);
/* Called by elf_syms__load(): adds NAME@plt. */
int elf_plt__load(struct elf_syms *s, const struct elf_file *f);
int elf_syms__add(struct elf_syms *s, const struct elf_sym *sym);

#endif
