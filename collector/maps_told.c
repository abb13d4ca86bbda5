// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of mappings that the kernel told of: its record names them by build-id or by inode, and
 * the process may be gone. What a file says counts only if it is the one of the record.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "maps_int.h"

#define SLOTS 8192
#define TRIES 4 /* slots of one hash */
#define HIGH (1ull << 32)

struct told { /* what was found for records that say the same */
	char *path; /* NULL: the slot is free */
	uint64_t hash, dev, inode, offset, mtime, told_dev, told_inode;
	uint32_t build_id_len;
	uint8_t build_id[20];
	struct mmt_elf_id id;
};

struct told_files {
	struct told slot[SLOTS];
	uint32_t victim;
	bool have_vdso;
	struct mmt_elf_id vdso; /* our own */
};

struct told_files *mmt_told__new(void)
{
	return calloc(1, sizeof(struct told_files)); /* touched where it is used only */
}

void mmt_told__free(struct told_files *f)
{
	size_t i;

	for (i = 0; f && i < SLOTS; i++)
		free(f->slot[i].path);
	free(f);
}

void mmt_told__line(const struct mmt_map_rec *r, struct map_line *l)
{
	static const char gone[] = " (deleted)";
	size_t len = strlen(r->path);

	*l = (struct map_line){
		.start = r->start, .end = r->end, .offset = r->offset, .dev = r->dev, .inode = r->inode, .exec = true,
		.path = r->path,
	};
	if (len >= sizeof(gone) - 1 && !strcmp(r->path + len - (sizeof(gone) - 1), gone)) {
		r->path[len - (sizeof(gone) - 1)] = 0;
		l->flags |= MMT_MAP_DELETED;
	}
	if (!strcmp(r->path, "[vdso]"))
		l->flags |= MMT_MAP_VDSO;
	else if (!r->inode && !r->id_len)
		l->flags |= MMT_MAP_ANON;
	if (!strcmp(r->path, "//anon"))
		l->path = r->path + strlen(r->path); /* as maps has it */
	if (l->flags & MMT_MAP_ANON)
		l->offset = 0;
}

static uint64_t hash_of(const struct mmt_map_rec *r)
{
	uint64_t h = r->dev ^ r->inode << 8 ^ r->offset << 1;
	const unsigned char *s;
	uint32_t i;

	for (s = (const unsigned char *)r->path; *s; s++)
		h = (h ^ *s) * 0x100000001b3ull;
	for (i = 0; i < r->id_len; i++)
		h = (h ^ r->build_id[i]) * 0x100000001b3ull;
	return h ^ h >> 31;
}

static bool same(const struct told *t, uint64_t hash, const struct mmt_map_rec *r)
{
	return t->path && t->hash == hash && t->told_dev == r->dev && t->told_inode == r->inode && t->offset == r->offset &&
	       t->build_id_len == r->id_len && !memcmp(t->build_id, r->build_id, r->id_len) && !strcmp(t->path, r->path);
}

/* Read the file at a path into t, if it is the one that the record means. */
static bool read_file(const char *path, const struct mmt_map_rec *r, struct told *t, uint64_t *read)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC), file = -1; /* it may be a device */
	char self[64];
	bool ok = false;

	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && (!r->inode || st.st_ino == r->inode)) {
		snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
		file = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	}
	close(fd);
	if (file < 0)
		return false;
	(*read)++;
	mmt_elf_id__file(file, r->offset, &t->id);
	close(file);
	if (r->id_len)
		ok = t->id.len == r->id_len && !memcmp(t->id.id, r->build_id, r->id_len);
	else
		ok = r->inode;
	t->dev = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	t->inode = st.st_ino;
	t->mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec;
	return ok;
}

/* By the mapping, by its name in the process's root, by its name in ours. */
static bool look_for(uint32_t pid, const struct mmt_map_rec *r, bool deleted, struct told *t, uint64_t *read)
{
	char path[4200];

	if (pid) {
		snprintf(path, sizeof(path), "/proc/%u/map_files/%llx-%llx", pid, (unsigned long long)r->start,
			 (unsigned long long)r->end);
		if (read_file(path, r, t, read))
			return true;
	}
	if (deleted || r->path[0] != '/')
		return false;
	if (pid) {
		snprintf(path, sizeof(path), "/proc/%u/root%s", pid, r->path);
		if (read_file(path, r, t, read))
			return true;
	}
	return read_file(r->path, r, t, read);
}

static void get_vdso(struct told_files *f, uint32_t pid, const struct mmt_map_rec *r, struct mmt_elf_id *id)
{
	struct map_line l = { .start = r->start, .end = r->end };

	if (!f->have_vdso && r->start >= HIGH && getauxval(AT_SYSINFO_EHDR) >= HIGH) {
		struct map_line own = { .start = getauxval(AT_SYSINFO_EHDR) };

		own.end = own.start + (r->end - r->start);
		mmt_file_ids__vdso((uint32_t)getpid(), &own, &f->vdso);
		f->have_vdso = true;
	}
	/* all programs of one kind have the same */
	if (f->have_vdso && f->vdso.len && r->start >= HIGH)
		*id = f->vdso;
	else if (pid)
		mmt_file_ids__vdso(pid, &l, id);
	else
		id->flags = MMT_MAP_UNREAD;
}

static void fill(struct known *k, const struct mmt_map_rec *r, const struct told *t)
{
	k->flags |= t->id.flags;
	k->vaddr = t->id.vaddr;
	k->mtime = t->mtime;
	k->id_len = t->id.len;
	memcpy(k->build_id, t->id.id, t->id.len);
	if (r->inode)
		return;
	k->dev = t->dev;
	k->inode = t->inode;
}

void mmt_told__get(struct told_files *f, uint32_t pid, const struct mmt_map_rec *r, struct known *k, uint64_t *read)
{
	uint64_t hash = hash_of(r);
	struct told t = { 0 }, *slot = NULL, *x;
	uint32_t i;

	if (k->flags & MMT_MAP_ANON)
		return;
	if (k->flags & MMT_MAP_VDSO) {
		get_vdso(f, pid, r, &t.id);
		fill(k, r, &t);
		return;
	}
	for (i = 0; i < TRIES; i++) {
		x = &f->slot[(hash + i) % SLOTS];
		if (same(x, hash, r)) {
			fill(k, r, x);
			return;
		}
		if (!x->path && !slot)
			slot = x;
	}
	if (!look_for(pid, r, k->flags & MMT_MAP_DELETED, &t, read)) {
		t = (struct told){ .id.len = r->id_len, .id.flags = r->id_len ? 0 : MMT_MAP_UNREAD };
		memcpy(t.id.id, r->build_id, r->id_len);
		fill(k, r, &t); /* not kept: the next process may have it */
		return;
	}
	fill(k, r, &t);
	if (!slot) {
		slot = &f->slot[(hash + f->victim++ % TRIES) % SLOTS];
		free(slot->path);
	}
	t.path = strdup(r->path);
	t.hash = hash;
	t.told_dev = r->dev;
	t.told_inode = r->inode;
	t.offset = r->offset;
	t.build_id_len = r->id_len;
	memcpy(t.build_id, r->build_id, r->id_len);
	*slot = t;
}
