// SPDX-License-Identifier: GPL-2.0-only
/* Lines of /proc/PID/maps, and the files that they name. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "maps_int.h"

#define MAX_CACHED 16384
#define VDSO_MAX (64u << 10)

struct cached {
	uint64_t dev, inode, mtime, offset;
	struct mmt_elf_id id;
};

struct file_ids {
	struct cached *c;
	uint32_t *slot; /* index + 1 in c; 0 empty */
	uint32_t n, size, mask;
	struct told_files *told;
};

/* The kernel writes a newline of a name as \012, and nothing else in another way. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (!strncmp(s, "\\012", 4)) {
			*to++ = '\n';
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = 0;
}

static bool ends(char *s, const char *tail)
{
	size_t len = strlen(s), n = strlen(tail);

	if (len < n || strcmp(s + len - n, tail))
		return false;
	s[len - n] = 0;
	return true;
}

bool mmt_maps__line(char *line, struct map_line *out)
{
	unsigned long long start, end, offset, inode;
	unsigned int major, minor;
	char perms[5];
	int at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, perms, &offset, &major, &minor, &inode, &at) != 7 ||
	    !at || start >= end)
		return false;
	*out = (struct map_line){
		.start = start, .end = end, .offset = offset, .dev = (uint64_t)major << 20 | minor, .inode = inode,
		.exec = perms[2] == 'x', .path = line + at,
	};
	if (ends(out->path, " (deleted)"))
		out->flags |= MMT_MAP_DELETED;
	unescape(out->path);
	if (!strcmp(out->path, "[vdso]"))
		out->flags |= MMT_MAP_VDSO;
	else if (!inode)
		out->flags |= MMT_MAP_ANON;
	return true;
}

struct file_ids *mmt_file_ids__new(void)
{
	struct file_ids *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	f->mask = 2 * MAX_CACHED - 1;
	f->slot = calloc(f->mask + 1, sizeof(*f->slot));
	f->told = mmt_told__new();
	if (!f->slot || !f->told) {
		mmt_file_ids__free(f);
		return NULL;
	}
	return f;
}

void mmt_file_ids__free(struct file_ids *f)
{
	if (!f)
		return;
	mmt_told__free(f->told);
	free(f->slot);
	free(f->c);
	free(f);
}

static uint32_t *find(const struct file_ids *f, const struct cached *key)
{
	uint64_t h = (key->dev ^ key->inode << 8 ^ key->mtime ^ key->offset) * 0x9e3779b97f4a7c15ull;
	uint32_t i = (uint32_t)(h >> 32) & f->mask;
	const struct cached *c;

	for (; f->slot[i]; i = (i + 1) & f->mask) {
		c = &f->c[f->slot[i] - 1];
		if (c->dev == key->dev && c->inode == key->inode && c->mtime == key->mtime && c->offset == key->offset)
			break;
	}
	return &f->slot[i];
}

static void keep(struct file_ids *f, uint32_t *slot, const struct cached *c)
{
	struct cached *p;

	if (f->n == f->size) {
		if (f->n >= MAX_CACHED)
			return; /* such a machine reads its files again */
		p = realloc(f->c, (f->size + 256) * sizeof(*p));
		if (!p)
			return;
		f->c = p;
		f->size += 256;
	}
	f->c[f->n++] = *c;
	*slot = f->n;
}

/*
 * The file itself, whatever its name is by now: by the mapping (needs rights), else by its
 * name in the process's root, if that still is the one. Not opened yet (O_PATH): it may be a device.
 */
static int open_mapped(uint32_t pid, const struct map_line *l, struct stat *st)
{
	char path[4200];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)l->start,
		 (unsigned long long)l->end);
	fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 && l->path[0] == '/' && !(l->flags & MMT_MAP_DELETED)) {
		snprintf(path, sizeof(path), "/proc/%u/root%s", pid, l->path);
		fd = open(path, O_PATH | O_CLOEXEC);
	}
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode) || st->st_ino != l->inode)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Of the process: it may be of another kind (32 bit) than we are. */
void mmt_file_ids__vdso(uint32_t pid, const struct map_line *l, struct mmt_elf_id *id)
{
	size_t size = l->end - l->start;
	ssize_t n = -1;
	char path[64];
	void *image;
	int fd;

	id->flags = MMT_MAP_UNREAD;
	if (size > VDSO_MAX)
		return;
	image = malloc(size);
	if (!image)
		return;
	snprintf(path, sizeof(path), "/proc/%u/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = pread(fd, image, size, (off_t)l->start);
		close(fd);
	}
	if (n == (ssize_t)size)
		mmt_elf_id__image(image, size, id);
	free(image);
}

void mmt_file_ids__get(struct file_ids *f, uint32_t pid, const struct map_line *l, struct mmt_elf_id *id,
		       uint64_t *mtime, uint64_t *read)
{
	struct cached c = { .dev = l->dev, .inode = l->inode, .offset = l->offset };
	char path[64];
	uint32_t *slot;
	struct stat st;
	int fd, file;

	memset(id, 0, sizeof(*id));
	*mtime = 0;
	if (l->flags & MMT_MAP_VDSO) {
		mmt_file_ids__vdso(pid, l, id);
		return;
	}
	if (l->flags & MMT_MAP_ANON)
		return;
	id->flags = MMT_MAP_UNREAD;
	fd = open_mapped(pid, l, &st);
	if (fd < 0)
		return;
	c.mtime = *mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec;
	slot = find(f, &c);
	if (*slot) {
		*id = f->c[*slot - 1].id;
		close(fd);
		return;
	}
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file >= 0) {
		(*read)++;
		mmt_elf_id__file(file, l->offset, &c.id);
		close(file);
		*id = c.id;
		keep(f, slot, &c);
	}
	close(fd);
}

struct told_files *mmt_file_ids__told(struct file_ids *f)
{
	return f->told;
}
