/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_MAPS_INT_H
#define MMT_MAPS_INT_H

#include "elf_id.h"
#include "maps.h"

/* A line of maps. */
struct map_line {
	uint64_t start, end, offset, dev, inode;
	uint32_t flags; /* MMT_MAP_* */
	bool exec;
	char *path; /* into the line */
};

/* Take a line (without its end) apart, in place; false: it is none. */
bool mmt_maps__line(char *line, struct map_line *out);

struct file_ids; /* build-ids of files, each read once */
struct file_ids *mmt_file_ids__new(void);
void mmt_file_ids__free(struct file_ids *f);
/* Of a mapping of a process; mtime 0: not known. *read counts files that had to be read. */
void mmt_file_ids__get(struct file_ids *f, uint32_t pid, const struct map_line *l, struct mmt_elf_id *id,
		       uint64_t *mtime, uint64_t *read);

#endif
