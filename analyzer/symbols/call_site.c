// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a call calls, read from the call instruction itself.
 *
 * A stack that was walked by frame pointers lacks the caller of each function that keeps
 * none: such a function leaves its caller's frame pointer in the register, and the walk
 * goes on from there, to the caller's caller. The return address found there stands behind
 * the call of the one that is missing, and a direct call names it. So a missing function
 * is known for sure, unless it was called through a pointer.
 *
 * Sources: Intel SDM volume 2, CALL (E8 cd); Arm ARM, BL (immediate).
 */
#include <string.h>

#include "module.h"

/* Where the call just before the return address goes to; false: it is none, or not a direct one. */
static bool target(unsigned int machine, const uint8_t code[5], uint64_t ret, uint64_t *out)
{
	uint32_t word;

	if (machine == EM_X86_64 || machine == EM_386) {
		if (code[0] != 0xe8)
			return false;
		word = (uint32_t)code[1] | (uint32_t)code[2] << 8 | (uint32_t)code[3] << 16 | (uint32_t)code[4] << 24;
		*out = ret + (uint64_t)(int64_t)(int32_t)word;
		return true;
	}
	if (machine == EM_AARCH64) {
		word = (uint32_t)code[1] | (uint32_t)code[2] << 8 | (uint32_t)code[3] << 16 | (uint32_t)code[4] << 24;
		if (word >> 26 != 0x25)
			return false;
		*out = ret - 4 + (uint64_t)((int64_t)((uint64_t)word << 38) >> 36);
		return true;
	}
	return false;
}

const struct elf_sym *module_called(const struct module *m, uint64_t offset, uint64_t vaddr)
{
	const struct elf_sym *sym;
	uint8_t code[5];
	uint64_t to;

	if (m->debug_only || m->anon || offset < sizeof(code) || !elf_file__read(&m->file, offset - sizeof(code), code, sizeof(code)) ||
	    !target(m->file.machine, code, vaddr, &to))
		return NULL;
	sym = elf_syms__find(&m->syms, to);
	/* bytes that look like a call by chance do not go where a function begins */
	return sym && sym->start == to ? sym : NULL;
}
