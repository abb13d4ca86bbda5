/* SPDX-License-Identifier: GPL-2.0-only */
/* A file that code came from, with its debug file. */
#ifndef MMT_SYM_MODULE_H
#define MMT_SYM_MODULE_H

#include "elf_file.h"
#include "jit.h"
#include "lines.h"
#include "symbols.h"

struct module {
	uint8_t id[ELF_ID_MAX];
	size_t id_len;
	char *path;
	uint64_t inode, mtime;
	bool anon;
	uint32_t pid;
	enum sym_status status;      /* SYM_FOUND: it can be asked */
	enum sym_status main_status; /* of the file itself, where only its debug file was found */
	bool opened, debug_only, has_debug;
	struct elf_file file, debug;
	struct elf_syms syms;
	struct lines *lines;
	bool lines_tried;
	struct jit *jit;
	uint64_t used;   /* when it was last asked */
	uint32_t number;
};

struct module_frames {
	struct line_frame frame[LINES_DEPTH];
	int n;
	bool plt, jit;
	uint64_t base;
	const struct elf_sym *called; /* at->ret: what is called there; NULL: not known */
	uint64_t called_base;
};

bool module_is(const struct module *m, const struct sym_at *at);
int module_init(struct module *m, const struct sym_at *at);
/* Find its files; m->status says what came of it. -ENOMEM is the only error. */
int module_open(struct module *m, const struct symbols_opts *opts, const struct sym_at *at);
void module_close(struct module *m); /* can be opened again */
void module_free(struct module *m);
/* Names of a place; frames are valid until the module is closed. */
enum sym_status module_find(struct module *m, const struct sym_at *at, struct module_frames *out);
/* The function whose direct call returns to this offset of the file, which is at this virtual address; NULL: not known. */
const struct elf_sym *module_called(const struct module *m, uint64_t offset, uint64_t vaddr);

#endif
