// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stubs that the linker made for calls into other files have no symbols of their own:
 * their names are those of the relocations of the slots that they jump through.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elf_file.h"

struct slot {
	uint64_t got;     /* address of the slot */
	const char *name; /* NULL: no symbol, what is called is at addend */
	uint64_t addend;
};

struct plt {
	struct slot *slot;
	size_t n, size;
};

static int add_name(struct elf_syms *s, const struct slot *slot, uint64_t start, uint64_t end)
{
	struct elf_sym e = { .start = start, .end = end, .rank = 1, .plt = true };
	char *name = NULL, **p;

	if (s->n_names == s->names_size) {
		p = realloc(s->names, (s->names_size + 256) * sizeof(*p));
		if (!p)
			return -ENOMEM;
		s->names = p;
		s->names_size += 256;
	}
	if (slot->name ? asprintf(&name, "%s@plt", slot->name) < 0 :
			 asprintf(&name, "*ABS*+0x%llx@plt", (unsigned long long)slot->addend) < 0)
		return -ENOMEM;
	s->names[s->n_names++] = name;
	e.name = name;
	return elf_syms__add(s, &e);
}

static int add_slot(struct plt *p, const struct slot *slot)
{
	if (p->n == p->size) {
		struct slot *q = realloc(p->slot, (p->size + 1024) * sizeof(*q));

		if (!q)
			return -ENOMEM;
		p->slot = q;
		p->size += 1024;
	}
	p->slot[p->n++] = *slot;
	return 0;
}

static bool wanted(unsigned int machine, uint32_t type, bool *relative)
{
	*relative = (machine == EM_X86_64 && type == R_X86_64_IRELATIVE) ||
		    (machine == EM_AARCH64 && type == R_AARCH64_IRELATIVE);
	if (machine == EM_X86_64)
		return *relative || type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT;
	return machine == EM_AARCH64 && (*relative || type == R_AARCH64_JUMP_SLOT);
}

static int read_slots(struct plt *p, const struct elf_file *f, unsigned int machine, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_getdata(scn, NULL), *symdata;
	Elf_Scn *symscn = elf_getscn(f->elf, sh->sh_link);
	size_t i, n = d && sh->sh_entsize ? d->d_size / sh->sh_entsize : 0;
	GElf_Shdr symsh = { 0 };
	int err = 0;

	symdata = symscn && gelf_getshdr(symscn, &symsh) && symsh.sh_type == SHT_DYNSYM ? elf_getdata(symscn, NULL) : NULL;
	for (i = 0; i < n && !err; i++) {
		struct slot slot = { 0 };
		bool relative;
		GElf_Rela r;
		GElf_Sym sym;

		if (!gelf_getrela(d, (int)i, &r) || !wanted(machine, (uint32_t)GELF_R_TYPE(r.r_info), &relative))
			continue;
		slot.got = r.r_offset;
		slot.addend = (uint64_t)r.r_addend;
		if (!relative && symdata && gelf_getsym(symdata, (int)GELF_R_SYM(r.r_info), &sym))
			slot.name = elf_strptr(f->elf, symsh.sh_link, sym.st_name);
		if (relative || (slot.name && *slot.name))
			err = add_slot(p, &slot);
	}
	return err;
}

static int by_got(const void *a, const void *b)
{
	const struct slot *x = a, *y = b;

	return x->got < y->got ? -1 : x->got > y->got;
}

/* Address of the slot that the x86-64 stub at p jumps through; 0: it jumps through none. */
static uint64_t x86_slot(const uint8_t *p, size_t len, uint64_t at)
{
	static const uint8_t endbr64[4] = { 0xf3, 0x0f, 0x1e, 0xfa };
	size_t i = 0;
	uint32_t rel;

	if (len >= 4 && !memcmp(p, endbr64, 4))
		i = 4;
	if (i < len && p[i] == 0xf2) /* bnd */
		i++;
	if (i + 6 > len || p[i] != 0xff || p[i + 1] != 0x25)
		return 0;
	rel = (uint32_t)p[i + 2] | (uint32_t)p[i + 3] << 8 | (uint32_t)p[i + 4] << 16 | (uint32_t)p[i + 5] << 24;
	return at + i + 6 + (uint64_t)(int64_t)(int32_t)rel;
}

/* adrp x16, page; ldr x17, [x16, offset] */
static uint64_t arm64_slot(const uint8_t *p, size_t len, uint64_t at)
{
	uint32_t in[2], i, k;
	uint64_t page;

	for (k = 0; k + 8 <= len && k <= 4; k += 4) { /* a landing pad may come first */
		for (i = 0; i < 2; i++)
			in[i] = (uint32_t)p[k + 4 * i] | (uint32_t)p[k + 4 * i + 1] << 8 | (uint32_t)p[k + 4 * i + 2] << 16 |
				(uint32_t)p[k + 4 * i + 3] << 24;
		if ((in[0] & 0x9f00001f) != 0x90000010 || (in[1] & 0xffc003ff) != 0xf9400211)
			continue;
		page = ((uint64_t)(in[0] >> 5 & 0x7ffff) << 2 | (in[0] >> 29 & 3)) << 12;
		if (page >> 32)
			page |= ~0ull << 33;
		return ((at + k) & ~0xfffull) + page + (in[1] >> 10 & 0xfff) * 8;
	}
	return 0;
}

static int read_stubs(struct elf_syms *s, const struct plt *p, unsigned int machine, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *d = elf_rawdata(scn, NULL);
	const uint8_t *b = d ? d->d_buf : NULL;
	/* stubs of 8 bytes are those of .plt.got without landing pads */
	size_t step = machine == EM_X86_64 && sh->sh_entsize == 8 ? 8 : 16, at;
	int err = 0;

	for (at = 0; b && at + step <= d->d_size && !err; at += step) {
		uint64_t here = sh->sh_addr + at;
		struct slot key = { 0 }, *slot;

		key.got = machine == EM_X86_64 ? x86_slot(b + at, step, here) : arm64_slot(b + at, step, here);
		slot = key.got ? bsearch(&key, p->slot, p->n, sizeof(key), by_got) : NULL;
		if (slot)
			err = add_name(s, slot, here, here + step);
	}
	return err;
}

int elf_plt__load(struct elf_syms *s, const struct elf_file *f)
{
	struct plt p = { 0 };
	Elf_Scn *scn = NULL;
	size_t shstr = 0;
	GElf_Ehdr eh;
	GElf_Shdr sh;
	int err = 0;

	if (!gelf_getehdr(f->elf, &eh) || elf_getshdrstrndx(f->elf, &shstr) ||
	    (eh.e_machine != EM_X86_64 && eh.e_machine != EM_AARCH64))
		return 0;
	while (!err && (scn = elf_nextscn(f->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_RELA && sh.sh_flags & SHF_ALLOC)
			err = read_slots(&p, f, eh.e_machine, scn, &sh);
	if (p.n)
		qsort(p.slot, p.n, sizeof(*p.slot), by_got);
	while (!err && p.n && (scn = elf_nextscn(f->elf, scn))) {
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(f->elf, shstr, sh.sh_name) : NULL;

		if (name && !strncmp(name, ".plt", 4) && sh.sh_type == SHT_PROGBITS && sh.sh_flags & SHF_EXECINSTR)
			err = read_stubs(s, &p, eh.e_machine, scn, &sh);
	}
	free(p.slot);
	return err;
}
