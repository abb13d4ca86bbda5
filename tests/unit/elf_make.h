/* SPDX-License-Identifier: GPL-2.0-only */
/* Programs and libraries made for a test with the compiler that is here, and what other tools say of them. */
#ifndef MMT_ELF_MAKE_H
#define MMT_ELF_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../analyzer/symbols/elf_file.h"
#include "../../analyzer/symbols/symbols.h"

struct elf_make {
	char dir[128];
};

/* A directory with sources in it; skips the test where there is no compiler. */
void elf_make_begin(struct elf_make *m);
void elf_make_end(struct elf_make *m);
/* Run a shell command in the directory ($CC is the compiler); fails the test when it fails. */
void elf_make_sh(const struct elf_make *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool elf_make_has(const char *tool);
/* What a command prints, free() it. */
char *elf_make_out(const struct elf_make *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Full name of a file in the directory; several are valid at a time. */
const char *elf_make_path(const struct elf_make *m, const char *name);
/* Address of a symbol, as nm tells it; fails when it has none. */
uint64_t elf_make_nm(const struct elf_make *m, const char *file, const char *symbol);

struct elf_at { /* a place in a file, as a trace would tell it */
	struct sym_at at;
	uint8_t id[ELF_ID_MAX];
	char path[256];
};
/* Of a virtual address of a file that is there now. */
void elf_make_at(const struct elf_make *m, const char *file, uint64_t vaddr, struct elf_at *out);

#endif
