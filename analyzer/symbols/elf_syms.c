// SPDX-License-Identifier: GPL-2.0-only
/* Functions of an ELF file, by address. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"

#define MAX_SYMS (8u << 20) /* of one file */

int elf_syms__add(struct elf_syms *s, const struct elf_sym *sym)
{
	struct elf_sym *p;

	if (s->n == s->size) {
		size_t size = s->size ? s->size * 2 : 256;

		if (s->n >= MAX_SYMS)
			return -E2BIG;
		p = realloc(s->sym, size * sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->sym = p;
		s->size = size;
	}
	s->sym[s->n++] = *sym;
	return 0;
}

static Elf_Scn *find_section(const struct elf_file *f, uint32_t type, GElf_Shdr *sh)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(f->elf, scn)))
		if (gelf_getshdr(scn, sh) && sh->sh_type == type)
			return scn;
	return NULL;
}

/* Which of several names of one place is shown: functions before labels, public before private, plain before _plain. */
static uint8_t rank_of(const GElf_Sym *sym, const char *name)
{
	unsigned int type = GELF_ST_TYPE(sym->st_info), bind = GELF_ST_BIND(sym->st_info);
	unsigned int r = type == STT_NOTYPE ? 0 : 32;

	r += sym->st_size ? 16 : 0;
	r += bind == STB_GLOBAL ? 8 : bind == STB_WEAK ? 4 : 0;
	if (name[0] != '_')
		r += 2;
	else if (name[1] != '_')
		r += 1;
	return (uint8_t)r;
}

/* Code? Then the end of its section, which a function without a size cannot pass. */
static bool in_code(const struct elf_file *f, const GElf_Sym *sym, uint64_t *end)
{
	Elf_Scn *scn;
	GElf_Shdr sh;

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx >= SHN_LORESERVE)
		return false;
	scn = elf_getscn(f->elf, sym->st_shndx);
	if (!scn || !gelf_getshdr(scn, &sh) || !(sh.sh_flags & SHF_EXECINSTR))
		return false;
	*end = sh.sh_addr + sh.sh_size;
	return sym->st_value >= sh.sh_addr && sym->st_value < *end;
}

/* move: what must be added to its addresses to have those of the main file (prelink moved that) */
static int load_table(struct elf_syms *s, const struct elf_file *f, uint32_t type, uint64_t move)
{
	GElf_Shdr sh;
	Elf_Scn *scn = find_section(f, type, &sh);
	Elf_Data *d = scn ? elf_getdata(scn, NULL) : NULL;
	size_t i, n = d && sh.sh_entsize ? d->d_size / sh.sh_entsize : 0;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		uint64_t end;
		const char *name;
		unsigned int t;
		GElf_Sym sym;

		if (!gelf_getsym(d, (int)i, &sym))
			continue;
		t = GELF_ST_TYPE(sym.st_info);
		if ((t != STT_FUNC && t != STT_GNU_IFUNC && t != STT_NOTYPE) || !in_code(f, &sym, &end))
			continue;
		name = elf_strptr(f->elf, sh.sh_link, sym.st_name);
		/* "$x" and the like tell code from data, not one function from another */
		if (!name || !*name || *name == '$')
			continue;
		if (sym.st_size)
			end = sym.st_value + sym.st_size < end ? sym.st_value + sym.st_size : end;
		{
			const struct elf_sym e = {
				.start = sym.st_value + move, .end = end + move, .name = name, .rank = rank_of(&sym, name),
				.open = !sym.st_size,
			};

			err = elf_syms__add(s, &e);
		}
	}
	return err;
}

static int by_start(const void *a, const void *b)
{
	const struct elf_sym *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	/* longer names tell more; then any order that is always the same */
	if (strlen(x->name) != strlen(y->name))
		return strlen(x->name) < strlen(y->name) ? -1 : 1;
	return -strcmp(x->name, y->name);
}

/* One name a place, no labels inside functions, ends where there were none, and how far anything before reaches. */
static void tidy(struct elf_syms *s)
{
	uint64_t closed = 0; /* so far reach the functions that have a size */
	size_t i, n = 0;

	if (!s->n)
		return;
	qsort(s->sym, s->n, sizeof(*s->sym), by_start);
	for (i = 0; i < s->n; i++) {
		const struct elf_sym *e = &s->sym[i];

		if (e->open && e->start < closed)
			continue;
		if (!e->open && e->end > closed)
			closed = e->end;
		if (n && s->sym[n - 1].start == e->start)
			n--; /* the last of a place is the best of it */
		s->sym[n++] = *e;
	}
	s->n = n;
	for (i = 0; i < n; i++) {
		if (s->sym[i].open && i + 1 < n && s->sym[i + 1].start < s->sym[i].end)
			s->sym[i].end = s->sym[i + 1].start;
		s->sym[i].max_end = i && s->sym[i - 1].max_end > s->sym[i].end ? s->sym[i - 1].max_end : s->sym[i].end;
	}
}

int elf_syms__load(struct elf_syms *s, const struct elf_file *f, const struct elf_file *debug)
{
	int err;

	memset(s, 0, sizeof(*s));
	err = load_table(s, f, SHT_SYMTAB, 0);
	if (!err && !s->n && debug)
		err = load_table(s, debug, SHT_SYMTAB, f->first_vaddr - debug->first_vaddr);
	if (!err && !s->n)
		err = load_table(s, f, SHT_DYNSYM, 0);
	err = err ? err : elf_plt__load(s, f);
	if (err)
		elf_syms__free(s);
	else
		tidy(s);
	return err;
}

const struct elf_sym *elf_syms__find(const struct elf_syms *s, uint64_t vaddr)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->sym[mid].start <= vaddr)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* the one that begins last, or one around it */
	while (lo-- > 0 && s->sym[lo].max_end > vaddr)
		if (s->sym[lo].end > vaddr)
			return &s->sym[lo];
	return NULL;
}

void elf_syms__free(struct elf_syms *s)
{
	size_t i;

	for (i = 0; i < s->n_names; i++)
		free(s->names[i]);
	free(s->names);
	free(s->sym);
	memset(s, 0, sizeof(*s));
}
