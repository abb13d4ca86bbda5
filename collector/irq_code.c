// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "irq_code.h"

/*
 * Entry code of x86 since 5.8, of arm64 since 5.12 and before. Softirqs are not here: what a
 * task sends to this machine itself is delivered by a softirq in its own system call, and it
 * did ask for that.
 */
static bool enters(const char *name)
{
	static const char *const names[] = {
		"asm_common_interrupt", "asm_spurious_interrupt", "el0t_64_irq", "el0t_64_fiq", "el0t_32_irq", "el0t_32_fiq",
		"el1h_64_irq", "el1h_64_fiq", "el0_irq", "el0_irq_compat", "el1_irq", "el0_fiq", "el0_fiq_compat", "el1_fiq",
	};
	size_t i;

	if (!strncmp(name, "asm_sysvec_", 11))
		return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

uint32_t mmt_irq_code(const char *path, uint64_t *start, uint64_t *len, uint32_t max)
{
	FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	uint64_t begin = 0, address;
	char *line = NULL, type, *name;
	size_t size = 0;
	uint32_t n = 0;

	/* sorted by address; a range ends where the next symbol begins that is none of these */
	while (f && getline(&line, &size, f) > 0 && n < max) {
		address = strtoull(line, &name, 16);
		if (name == line || name[0] != ' ' || !name[1] || name[2] != ' ')
			continue;
		type = name[1];
		name += 3;
		name[strcspn(name, " \t\n")] = '\0';
		if (!strchr("tTwW", type))
			continue;
		if (enters(name)) {
			if (!begin)
				begin = address;
		} else if (begin && address > begin) {
			start[n] = begin;
			len[n++] = address - begin;
			begin = 0;
		}
	}
	free(line);
	if (f)
		fclose(f);
	return n;
}
