/* SPDX-License-Identifier: GPL-2.0-only */
/* Source lines and inlined functions of an address, by DWARF. */
#ifndef MMT_LINES_H
#define MMT_LINES_H

#include <stdbool.h>
#include <stdint.h>

#include "elf_file.h"

#define LINES_DEPTH 32 /* of functions inlined into each other */

struct lines;

struct line_frame { /* innermost first; strings live as long as the lines */
	const char *function; /* linkage name where there is one; NULL: not known */
	const char *file;     /* NULL: not known */
	uint32_t line;        /* 0: not known */
	bool inlined;         /* into the next */
};

/* Built with libdw? */
bool lines_work(void);
/* Of a file with DWARF, which must outlive it; NULL where there is none or it cannot be read. */
struct lines *lines_open(const struct elf_file *f);
void lines_close(struct lines *l);
/* Frames of a virtual address (at most LINES_DEPTH), 0: it says nothing about that address. */
int lines_find(struct lines *l, uint64_t vaddr, struct line_frame frame[LINES_DEPTH]);

#endif
