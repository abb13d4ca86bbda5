/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_SYMBOLS_INT_H
#define MMT_SYMBOLS_INT_H

#include "../u64map.h"
#include "symbols.h"

struct module;

struct resolved {
	const struct module *module;
	uint64_t offset, mapping;
	struct sym_result result;
};

struct bundled { /* a row of the trace */
	uint64_t where; /* hash of the build-id, or the mapping */
	uint64_t start, end, base;
	uint32_t depth, flags, line, seq;
	const char *function, *file, *called;
	uint64_t called_base;
};

struct kernel_sym {
	uint64_t start, end;
	struct sym_frame frame;
	const char *module;
};

struct symbols {
	struct symbols_opts opts;
	struct arena *mem;
	struct module **modules, *last;
	size_t n_modules;
	struct resolved *results;
	size_t n_results, results_size;
	struct u64map by_place, by_text;
	const char **texts;
	size_t n_texts, texts_size;
	struct bundled *bundle;
	size_t n_bundle, bundle_size;
	struct sym_frame *bundle_frames; /* of each row, once sorted; NULL: not sorted */
	struct kernel_sym *kernel;
	size_t n_kernel, kernel_size;
	bool kernel_sorted;
	uint64_t clock;
};

const char *symbols_text(struct symbols *s, const char *text);
const char *symbols_name(struct symbols *s, const char *name);
/* 1: the trace has it; 0: it has not; or -ENOMEM */
int symbols_bundled(struct symbols *s, const struct sym_at *at, struct sym_result *out);

#endif
