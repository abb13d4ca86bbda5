/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The addresses of a trace: its mappings, stacks and the names that it brings, and what
 * the files on this machine add to them.
 *
 * Memory: about 200 bytes a mapping and 16 a frame of a stack, beside that of symbols.h.
 */
#ifndef MMT_SYM_TRACE_H
#define MMT_SYM_TRACE_H

#include "../../libmmtrace/mmtrace.h"
#include "symbols.h"

struct sym_trace;

struct sym_stack {
	uint64_t id, epoch; /* epoch: of the process's leader, of user stacks */
	uint32_t flags;     /* MMT_STACK_* */
	bool kernel;
	uint32_t n;
	const uint64_t *frame, *mapping; /* leaf first; mapping NULL: all frames are addresses */
};

/* What an address turned out to be. */
struct sym_place {
	struct sym_result result;
	const char *module; /* of the kernel: its module, "" for its own; NULL in user mode */
	struct sym_at at;   /* user mode: where it is; at.path NULL: in no known mapping, at.offset is the address */
};

/* opts may be NULL; opts->here is found out by the trace's boot id. Errors as mmt_reader__open(). */
int sym_trace_open(const char *path, const struct symbols_opts *opts, mmt_log_fn log, void *log_ctx, struct sym_trace **out);
void sym_trace_close(struct sym_trace *t);
/* Does it say anything of where code is? Without that nothing but the kernel has names. */
bool sym_trace_has_mappings(const struct sym_trace *t);

/* NULL: the trace has no such stack. */
const struct sym_stack *sym_trace_stack(const struct sym_trace *t, uint64_t id);
/* Frame i of a stack; callers are looked up where they call, not where that returns to. */
int sym_trace_frame(struct sym_trace *t, const struct sym_stack *s, uint32_t i, struct sym_place *out);
/*
 * The function between two frames of a user stack, if the walk by frame pointers missed one
 * there and the outer's call tells which: its name, without a line. NULL: none, or not known.
 */
const char *sym_trace_skipped(struct sym_trace *t, const struct sym_place *inner, const struct sym_place *outer);
/* Where the function begins that is called at a place of a caller; nothing is known of it (n 0) if the call is not. */
int sym_trace_called(struct sym_trace *t, const struct sym_place *outer, struct sym_place *out);
/* An address of a process (epoch of its leader) at a time; of the kernel. */
int sym_trace_user(struct sym_trace *t, uint64_t epoch, uint64_t time, uint64_t address, struct sym_place *out);
int sym_trace_kernel(struct sym_trace *t, uint64_t address, struct sym_place *out);
/* "function", "[path+0xoff]" or "[0xaddress]": what to call it where there is room for one name. */
const char *sym_trace_name(const struct sym_place *p, char *buf, size_t size);
/* The one build-id of the files of this path in the trace; NULL: there are several, or it is not known. */
const void *sym_trace_build_id(const struct sym_trace *t, const char *path, size_t *len);
/* Resolve every stack, then write all that was resolved, from other tables too: number of rows, or -errno. */
int sym_trace_bundle(struct sym_trace *t, struct mmt_writer *w);

#endif
