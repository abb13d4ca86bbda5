/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a place in a file to names: function, source line, what was inlined.
 *
 * A file is believed only if it is the one that ran: by its build-id, or, where it has
 * none, by inode and time of change. What was replaced since, is gone or has no symbol
 * stays unknown. Nothing is fetched from a network.
 *
 * Memory: 40 bytes a symbol of the files in use (at most SYM_OPEN_FILES are open), and
 * about 150 bytes an address asked for, with its names once each.
 */
#ifndef MMT_SYMBOLS_H
#define MMT_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SYM_OPEN_FILES 48

struct symbols;
struct mmt_writer;

struct symbols_opts {
	const char *root;       /* before all paths of the trace; NULL: none */
	const char *debug_dirs; /* colon separated; NULL: /usr/lib/debug */
	bool here; /* the trace is of this machine and boot: its process ids and times of files mean something */
};

/* Where something is. */
struct sym_at {
	const void *build_id; /* NULL: not known */
	size_t build_id_len;
	const char *path;     /* as the process saw it; "[vdso]" */
	uint64_t offset;      /* in the file; an address where `anon` */
	uint64_t mapping;     /* its id in the trace; 0: none */
	bool has_vaddr;       /* `vaddr` is what the file's own headers say of offset */
	uint64_t vaddr;
	bool ret;             /* a return address less 1: what is called there is wanted too */
	uint64_t inode, mtime; /* of a file without build-id; mtime 0: not known */
	bool anon;            /* no file: code made at run time by process pid of user uid, not before `begin` (real time, ns) */
	uint32_t pid, uid;
	uint64_t begin;
};

enum sym_status {
	SYM_FOUND,
	SYM_NONE,       /* the file has no symbol there */
	SYM_NO_FILE,    /* it is not there, or cannot be read */
	SYM_REPLACED,   /* another file has its name */
	SYM_UNVERIFIED, /* nothing tells whether it is the same file */
};

struct sym_frame {
	const char *function; /* demangled; NULL: not known */
	const char *file;     /* NULL: not known */
	uint32_t line;        /* 0: not known */
	bool inlined;         /* into the next frame */
};

struct sym_result { /* strings and frames live as long as the struct symbols */
	enum sym_status status;
	const struct sym_frame *frame; /* innermost first; the last is the function that was not inlined */
	uint32_t n;                    /* 0 unless found */
	bool plt, jit;
	uint64_t base; /* where the last frame's function begins; as offset */
	const char *called;   /* at.ret: the function that the call there goes to; NULL: not known */
	uint64_t called_base; /* where it begins; as offset */
};

int symbols_open(const struct symbols_opts *opts, struct symbols **out);
void symbols_close(struct symbols *s);
int symbols_resolve(struct symbols *s, const struct sym_at *at, struct sym_result *out);

/* What a trace brings with it (tables ksym and symbol); it goes before any file. */
int symbols_add_kernel(struct symbols *s, uint64_t address, uint64_t size, const char *name, const char *module);
struct sym_bundled {
	const void *build_id;
	size_t build_id_len;
	uint64_t mapping, offset, size, depth, flags, base, line, called_base;
	const char *function, *file, *called;
};
int symbols_add_bundled(struct symbols *s, const struct sym_bundled *b);
/* A function of the traced kernel; *module is "" for its own. false: not known, *out is left alone. */
bool symbols_kernel(struct symbols *s, uint64_t address, struct sym_result *out, const char **module);
/* opts->here, found out later; before anything is asked. */
void symbols_here(struct symbols *s, bool here);

/* Write what has been resolved as rows of table `symbol`: number of rows, or -errno. */
int symbols_bundle(const struct symbols *s, struct mmt_writer *w);

/* "[path+0xoff]", with why where that helps: "[path+0xoff: replaced since]". */
const char *symbols_unknown(const struct sym_at *at, enum sym_status status, char *buf, size_t size);
/* One line on what this build leaves out; NULL: nothing. */
const char *symbols_lacking(void);

#endif
