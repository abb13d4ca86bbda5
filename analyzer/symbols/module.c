// SPDX-License-Identifier: GPL-2.0-only
/* Finding the file that ran, and the one with its symbols. */
#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "module.h"

#define DEBUG_DIRS "/usr/lib/debug"

bool module_is(const struct module *m, const struct sym_at *at)
{
	const char *path = at->path ? at->path : "";

	if (m->anon || at->anon)
		return m->anon && at->anon && m->pid == at->pid;
	if (m->id_len || at->build_id_len)
		/* the same file may be had by another path */
		return m->id_len == at->build_id_len && !memcmp(m->id, at->build_id, m->id_len) &&
		       (m->status == SYM_FOUND || !strcmp(m->path, path));
	return m->inode == at->inode && m->mtime == at->mtime && !strcmp(m->path, path);
}

int module_init(struct module *m, const struct sym_at *at)
{
	memset(m, 0, sizeof(*m));
	m->file.fd = m->debug.fd = -1;
	if (at->build_id_len > sizeof(m->id))
		return -EINVAL;
	if (at->build_id_len)
		memcpy(m->id, at->build_id, at->build_id_len);
	m->id_len = at->build_id_len;
	m->inode = at->inode;
	m->mtime = at->mtime;
	m->anon = at->anon;
	m->pid = at->pid;
	m->path = strdup(at->path ? at->path : "");
	return m->path ? 0 : -ENOMEM;
}

static bool same_id(const struct elf_file *f, const struct module *m)
{
	return f->id_len == m->id_len && !memcmp(f->id, m->id, m->id_len);
}

/* Without a build-id a file is the one that ran if it has not been touched since. */
static bool same_file(const struct module *m, const struct elf_file *f)
{
	struct stat st;

	return !f->id_len && m->mtime && !fstat(f->fd, &st) && st.st_ino == m->inode &&
	       (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec == m->mtime;
}

static enum sym_status try_file(struct module *m, const char *path)
{
	int err = elf_file__open(path, &m->file);
	enum sym_status status;

	if (err)
		return err == -ENOEXEC && m->id_len ? SYM_REPLACED : SYM_NO_FILE;
	if (m->id_len)
		status = same_id(&m->file, m) ? SYM_FOUND : SYM_REPLACED;
	else if (!m->mtime)
		status = SYM_UNVERIFIED;
	else
		status = same_file(m, &m->file) ? SYM_FOUND : SYM_REPLACED;
	if (status != SYM_FOUND)
		elf_file__close(&m->file);
	return status;
}

/* The n-th of a colon separated list. */
static bool nth_dir(const char *dirs, int n, char *buf, size_t size)
{
	const char *end;

	while (n-- > 0) {
		dirs = strchr(dirs, ':');
		if (!dirs)
			return false;
		dirs++;
	}
	end = strchrnul(dirs, ':');
	return snprintf(buf, size, "%.*s", (int)(end - dirs), dirs) < (int)size;
}

static bool id_path(const struct module *m, const char *dir, char *buf, size_t size)
{
	int at = snprintf(buf, size, "%s/.build-id/%02x/", dir, m->id[0]);
	size_t i;

	for (i = 1; i < m->id_len && at < (int)size; i++)
		at += snprintf(buf + at, size - (size_t)at, "%02x", m->id[i]);
	return m->id_len > 1 && at + sizeof(".debug") <= size && strcpy(buf + at, ".debug");
}

/* By build-id, in the directories of debug files. */
static bool debug_by_id(struct module *m, const char *dirs, struct elf_file *out)
{
	char dir[PATH_MAX], path[PATH_MAX];
	int i;

	for (i = 0; m->id_len && nth_dir(dirs, i, dir, sizeof(dir)); i++) {
		if (!id_path(m, dir, path, sizeof(path)) || elf_file__open(path, out))
			continue;
		if (same_id(out, m))
			return true;
		elf_file__close(out);
	}
	return false;
}

static bool try_link(struct module *m, const char *path)
{
	struct stat a, b;
	uint32_t crc;

	/* a link to a file's own name is the file */
	if (stat(path, &a) || !S_ISREG(a.st_mode) || (!fstat(m->file.fd, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino))
		return false;
	if (elf_file__crc(path, &crc) || crc != m->file.debuglink_crc || elf_file__open(path, &m->debug))
		return false;
	if (!m->debug.id_len || !m->file.id_len || (m->debug.id_len == m->file.id_len && same_id(&m->debug, m)))
		return true;
	elf_file__close(&m->debug);
	return false;
}

/* By the name that the file gives: beside it, in .debug beside it, or below the directories of debug files. */
static bool debug_by_link(struct module *m, const char *dirs)
{
	const char *slash = m->file.path ? strrchr(m->file.path, '/') : NULL, *name = m->file.debuglink;
	int len = slash ? (int)(slash - m->file.path) : 0, i;
	char dir[PATH_MAX], path[3 * PATH_MAX];

	if (!name || !slash)
		return false;
	snprintf(path, sizeof(path), "%.*s/%s", len, m->file.path, name);
	if (try_link(m, path))
		return true;
	snprintf(path, sizeof(path), "%.*s/.debug/%s", len, m->file.path, name);
	if (try_link(m, path))
		return true;
	for (i = 0; nth_dir(dirs, i, dir, sizeof(dir)); i++) {
		snprintf(path, sizeof(path), "%s%.*s/%s", dir, len, m->file.path, name);
		if (try_link(m, path))
			return true;
	}
	return false;
}

/* The kernel's code in every process: ours, if it is the same, else where the distribution keeps it. */
static enum sym_status open_vdso(struct module *m)
{
	/* its section headers end the image: its size is nowhere else */
	ElfW(Ehdr) *eh = (ElfW(Ehdr) *)getauxval(AT_SYSINFO_EHDR);
	static const char *const names[] = { "vdso64.so", "vdso.so", "vdso32.so" };
	struct utsname u;
	char path[256];
	size_t i;

	if (!m->id_len)
		return SYM_UNVERIFIED;
	if (eh && eh->e_shoff &&
	    !elf_file__image(eh, eh->e_shoff + (size_t)eh->e_shnum * eh->e_shentsize, &m->file)) {
		if (same_id(&m->file, m))
			return SYM_FOUND;
		elf_file__close(&m->file);
	}
	for (i = 0; !uname(&u) && i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/lib/modules/%s/vdso/%s", u.release, names[i]);
		if (try_file(m, path) == SYM_FOUND)
			return SYM_FOUND;
	}
	return SYM_NO_FILE;
}

static enum sym_status open_main(struct module *m, const struct symbols_opts *opts, const struct sym_at *at)
{
	enum sym_status first, status;
	char path[2 * PATH_MAX];

	if (!strcmp(m->path, "[vdso]"))
		return open_vdso(m);
	if (m->path[0] != '/')
		return SYM_NO_FILE;
	snprintf(path, sizeof(path), "%s%s", opts->root ? opts->root : "", m->path);
	first = try_file(m, path);
	if (first == SYM_FOUND || !opts->here || !at->pid)
		return first;
	snprintf(path, sizeof(path), "/proc/%u/root%s", at->pid, m->path); /* another mount namespace */
	status = try_file(m, path);
	return status == SYM_FOUND ? status : first;
}

int module_open(struct module *m, const struct symbols_opts *opts, const struct sym_at *at)
{
	const char *dirs = opts->debug_dirs ? opts->debug_dirs : DEBUG_DIRS;
	int err;

	m->opened = true;
	if (m->anon) {
		err = opts->here && m->pid ? jit_open(m->pid, at->uid, at->begin, &m->jit) : -ENOENT;
		m->status = err ? SYM_NO_FILE : SYM_FOUND;
		return err == -ENOMEM ? err : 0;
	}
	m->status = m->main_status = open_main(m, opts, at);
	if (m->status != SYM_FOUND) {
		/* what was replaced or deleted may have left its symbols */
		if (!debug_by_id(m, dirs, &m->file))
			return 0;
		m->status = SYM_FOUND;
		m->debug_only = true;
	} else if (!m->file.has_dwarf) {
		m->has_debug = debug_by_id(m, dirs, &m->debug) || debug_by_link(m, dirs);
	}
	err = elf_syms__load(&m->syms, &m->file, m->has_debug ? &m->debug : NULL);
	return err == -ENOMEM ? err : 0;
}

void module_close(struct module *m)
{
	lines_close(m->lines);
	elf_syms__free(&m->syms);
	if (m->has_debug)
		elf_file__close(&m->debug);
	if (m->file.elf)
		elf_file__close(&m->file);
	jit_close(m->jit);
	m->lines = NULL;
	m->jit = NULL;
	m->opened = m->has_debug = m->debug_only = m->lines_tried = false;
}

void module_free(struct module *m)
{
	module_close(m);
	free(m->path);
	m->path = NULL;
}

static enum sym_status find_jit(const struct module *m, uint64_t address, struct module_frames *out)
{
	out->frame[0].function = jit_find(m->jit, address, &out->base);
	out->n = out->frame[0].function ? 1 : 0;
	out->jit = true;
	return out->n ? SYM_FOUND : SYM_NONE;
}

enum sym_status module_find(struct module *m, const struct sym_at *at, struct module_frames *out)
{
	const struct elf_sym *sym;
	uint64_t vaddr, move = m->has_debug ? m->file.first_vaddr - m->debug.first_vaddr : 0;

	memset(out, 0, sizeof(*out));
	if (m->status != SYM_FOUND)
		return m->status;
	if (m->anon)
		return find_jit(m, at->offset, out);
	/* a debug file's segments may have lost where they were in the file */
	if (m->debug_only && at->has_vaddr)
		vaddr = at->vaddr;
	else if (m->debug_only)
		return m->main_status;
	else if (!elf_file__vaddr(&m->file, at->offset, &vaddr))
		return SYM_NONE;
	if (!m->lines_tried) {
		m->lines_tried = true;
		m->lines = lines_open(m->has_debug && m->debug.has_dwarf ? &m->debug : &m->file);
	}
	sym = elf_syms__find(&m->syms, vaddr);
	if (m->lines && !(sym && sym->plt))
		out->n = lines_find(m->lines, vaddr - (m->has_debug && m->debug.has_dwarf ? move : 0), out->frame);
	if (sym) {
		out->n = out->n ? out->n : 1;
		out->frame[out->n - 1].function = sym->name;
		out->plt = sym->plt;
		out->base = sym->start - vaddr + at->offset;
	}
	if (at->ret) { /* the place is the last byte of the call */
		out->called = module_called(m, at->offset + 1, vaddr + 1);
		if (out->called)
			out->called_base = out->called->start - vaddr + at->offset;
	}
	return out->n ? SYM_FOUND : SYM_NONE;
}
