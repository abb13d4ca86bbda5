// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lines.h"

#ifdef MMT_HAVE_LIBDW
#include <dwarf.h>
#include <elfutils/libdw.h>

#define NEST 64 /* of namespaces, classes and blocks that are looked into */

struct range {
	uint64_t lo, hi;
	uint64_t max_hi; /* of this one and all before */
	Dwarf_Off die;   /* of a unit or a function */
	uint32_t unit;   /* of a unit: index of its functions */
};

struct ranges {
	struct range *r;
	size_t n, size;
};

struct unit {
	Dwarf_Die die, split; /* split: where its functions are; the same but for split DWARF */
	struct ranges functions;
	bool indexed;
};

struct lines {
	Dwarf *dw;
	struct ranges units;
	struct unit *unit;
	size_t n_units, units_size;
};

bool lines_work(void)
{
	return true;
}

static int add_range(struct ranges *rs, const struct range *r)
{
	struct range *p;

	if (r->lo >= r->hi)
		return 0;
	if (rs->n == rs->size) {
		size_t size = rs->size ? rs->size * 2 : 64;

		p = realloc(rs->r, size * sizeof(*p));
		if (!p)
			return -ENOMEM;
		rs->r = p;
		rs->size = size;
	}
	rs->r[rs->n++] = *r;
	return 0;
}

static int by_lo(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi > y->hi ? -1 : x->hi < y->hi; /* what is inside comes later */
}

static void sort_ranges(struct ranges *rs)
{
	size_t i;

	if (!rs->n)
		return;
	qsort(rs->r, rs->n, sizeof(*rs->r), by_lo);
	for (i = 0; i < rs->n; i++)
		rs->r[i].max_hi = i && rs->r[i - 1].max_hi > rs->r[i].hi ? rs->r[i - 1].max_hi : rs->r[i].hi;
}

static const struct range *find_range(const struct ranges *rs, uint64_t x)
{
	size_t lo = 0, hi = rs->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (rs->r[mid].lo <= x)
			lo = mid + 1;
		else
			hi = mid;
	}
	while (lo-- > 0 && rs->r[lo].max_hi > x)
		if (rs->r[lo].hi > x)
			return &rs->r[lo];
	return NULL;
}

/* All ranges of a DIE. What the linker threw away begins at 0 (or close), and must not hide what is there. */
static int add_die(struct ranges *rs, Dwarf_Die *die, uint32_t unit)
{
	struct range r = { .die = dwarf_dieoffset(die), .unit = unit };
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;
	int err = 0;

	while (!err && (at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0) {
		r.lo = lo;
		r.hi = hi;
		if (lo > 1)
			err = add_range(rs, &r);
	}
	return err;
}

static int add_unit(struct lines *l, Dwarf_Die *die, Dwarf_Die *split)
{
	struct unit *p;

	if (l->n_units == l->units_size) {
		size_t size = l->units_size ? l->units_size * 2 : 16;

		p = realloc(l->unit, size * sizeof(*p));
		if (!p)
			return -ENOMEM;
		l->unit = p;
		l->units_size = size;
	}
	p = &l->unit[l->n_units];
	memset(p, 0, sizeof(*p));
	p->die = *die;
	p->split = *split;
	return add_die(&l->units, die, (uint32_t)l->n_units++);
}

struct lines *lines_open(const struct elf_file *f)
{
	struct lines *l = f->has_dwarf ? calloc(1, sizeof(*l)) : NULL;
	Dwarf_CU *cu = NULL;
	Dwarf_Die die, sub;
	uint8_t type;
	int err = 0;

	if (!l)
		return NULL;
	l->dw = dwarf_begin_elf(f->elf, DWARF_C_READ, NULL);
	while (l->dw && !err && !dwarf_get_units(l->dw, cu, &cu, NULL, &type, &die, &sub)) {
		if (type == DW_UT_compile || type == DW_UT_partial)
			err = add_unit(l, &die, &die);
		else if (type == DW_UT_skeleton)
			err = add_unit(l, &die, dwarf_tag(&sub) == DW_TAG_invalid ? &die : &sub);
	}
	if (!l->dw || err || !l->units.n) {
		lines_close(l);
		return NULL;
	}
	sort_ranges(&l->units);
	return l;
}

void lines_close(struct lines *l)
{
	size_t i;

	if (!l)
		return;
	for (i = 0; i < l->n_units; i++)
		free(l->unit[i].functions.r);
	free(l->unit);
	free(l->units.r);
	dwarf_end(l->dw);
	free(l);
}

/* Functions of a unit, wherever they are declared; not what is in their bodies. */
static int index_functions(struct unit *u, Dwarf_Die *parent, int depth)
{
	Dwarf_Die die;
	int err = 0;

	if (depth > NEST || dwarf_child(parent, &die))
		return 0;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			if (!dwarf_hasattr(&die, DW_AT_declaration))
				err = add_die(&u->functions, &die, 0);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
		case DW_TAG_union_type:
		case DW_TAG_enumeration_type:
		case DW_TAG_variant_part:
		case DW_TAG_variant:
			err = index_functions(u, &die, depth + 1);
			break;
		}
	} while (!err && !dwarf_siblingof(&die, &die));
	return err;
}

static const char *name_of(Dwarf_Die *die)
{
	static const unsigned int names[] = { DW_AT_linkage_name, DW_AT_MIPS_linkage_name, DW_AT_name };
	Dwarf_Attribute at;
	const char *s = NULL;
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]) && !s; i++)
		s = dwarf_formstring(dwarf_attr_integrate(die, names[i], &at));
	return s;
}

/* The functions inlined at pc, outermost first. */
static int inlined_at(Dwarf_Die *parent, uint64_t pc, Dwarf_Die *chain, int n, int depth)
{
	Dwarf_Die die;
	int tag;

	if (depth > NEST || n == LINES_DEPTH - 1 || dwarf_child(parent, &die))
		return n;
	do {
		tag = dwarf_tag(&die);
		if (tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block && tag != DW_TAG_try_block &&
		    tag != DW_TAG_catch_block)
			continue;
		if (dwarf_haspc(&die, pc) <= 0)
			continue;
		if (tag == DW_TAG_inlined_subroutine)
			chain[n++] = die;
		return inlined_at(&die, pc, chain, n, depth + 1);
	} while (!dwarf_siblingof(&die, &die));
	return n;
}

static uint32_t number_of(Dwarf_Die *die, unsigned int name)
{
	Dwarf_Attribute at;
	Dwarf_Word v;

	return dwarf_formudata(dwarf_attr(die, name, &at), &v) || v > UINT32_MAX ? 0 : (uint32_t)v;
}

static void line_at(struct unit *u, uint64_t pc, struct line_frame *f)
{
	Dwarf_Line *line = dwarf_getsrc_die(&u->die, pc);
	int n;

	if (!line)
		return;
	f->file = dwarf_linesrc(line, NULL, NULL);
	if (!dwarf_lineno(line, &n) && n > 0)
		f->line = (uint32_t)n;
}

/* From where an inlined function is called. */
static void call_of(struct unit *u, Dwarf_Die *inlined, struct line_frame *f)
{
	uint32_t file = number_of(inlined, DW_AT_call_file);
	Dwarf_Files *files;
	size_t n;

	f->line = number_of(inlined, DW_AT_call_line);
	if (f->line && dwarf_hasattr(inlined, DW_AT_call_file) && !dwarf_getsrcfiles(&u->die, &files, &n) && file < n)
		f->file = dwarf_filesrc(files, file, NULL, NULL);
}

static int find_frames(struct lines *l, struct unit *u, uint64_t pc, struct line_frame *frame)
{
	Dwarf_Die function, chain[LINES_DEPTH];
	const struct range *r;
	int i, n = 0;

	if (!u->indexed) {
		u->indexed = true;
		index_functions(u, &u->split, 0);
		sort_ranges(&u->functions);
	}
	line_at(u, pc, &frame[0]);
	r = find_range(&u->functions, pc);
	if (!r || !dwarf_offdie(u->split.cu == u->die.cu ? l->dw : dwarf_cu_getdwarf(u->split.cu), r->die, &function))
		return frame[0].file ? 1 : 0;
	n = inlined_at(&function, pc, chain, 0, 0);
	for (i = 0; i < n; i++) { /* frame[0] is the innermost, chain[n - 1] */
		frame[i].function = name_of(&chain[n - 1 - i]);
		frame[i].inlined = true;
		call_of(u, &chain[n - 1 - i], &frame[i + 1]);
	}
	frame[n].function = name_of(&function);
	return n + 1;
}

int lines_find(struct lines *l, uint64_t vaddr, struct line_frame frame[LINES_DEPTH])
{
	const struct range *r = find_range(&l->units, vaddr);

	memset(frame, 0, LINES_DEPTH * sizeof(*frame));
	return r ? find_frames(l, &l->unit[r->unit], vaddr, frame) : 0;
}
#else
bool lines_work(void)
{
	return false;
}

struct lines *lines_open(const struct elf_file *f)
{
	(void)f;
	return NULL;
}

void lines_close(struct lines *l)
{
	(void)l;
}

int lines_find(struct lines *l, uint64_t vaddr, struct line_frame frame[LINES_DEPTH])
{
	(void)l;
	(void)vaddr;
	(void)frame;
	return 0;
}
#endif
