// SPDX-License-Identifier: GPL-2.0-only
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kcode.h"

/*
 * Entry code of x86 since 5.8, of arm64 since 5.12 and before. Softirqs are not here: what a
 * task sends to this machine itself is delivered by a softirq in its own system call, and it
 * did ask for that.
 */
static bool enters(const char *name, const char *arg)
{
	static const char *const names[] = {
		"asm_common_interrupt", "asm_spurious_interrupt", "el0t_64_irq", "el0t_64_fiq", "el0t_32_irq", "el0t_32_fiq",
		"el1h_64_irq", "el1h_64_fiq", "el0_irq", "el0_irq_compat", "el1_irq", "el0_fiq", "el0_fiq_compat", "el1_fiq",
	};
	size_t i;

	(void)arg;
	if (!strncmp(name, "asm_sysvec_", 11))
		return true;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_it(const char *name, const char *it)
{
	return !strcmp(name, it);
}

/* Ranges of the code whose symbols are wanted. They come sorted by address: a range ends where one begins that is not. */
static uint32_t ranges(const char *path, bool (*wanted)(const char *name, const char *arg), const char *arg, uint64_t *start,
		       uint64_t *len, uint32_t max)
{
	FILE *f = fopen(path ? path : "/proc/kallsyms", "re");
	uint64_t begin = 0, address;
	char *line = NULL, type, *name;
	size_t size = 0;
	uint32_t n = 0;

	while (f && n < max && getline(&line, &size, f) > 0) {
		address = strtoull(line, &name, 16);
		if (name == line || name[0] != ' ' || !name[1] || name[2] != ' ')
			continue;
		type = name[1];
		name += 3;
		name[strcspn(name, " \t\n")] = '\0';
		if (!strchr("tTwW", type))
			continue;
		if (wanted(name, arg)) {
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

uint32_t mmt_irq_code(const char *path, uint64_t *start, uint64_t *len, uint32_t max)
{
	return ranges(path, enters, NULL, start, len, max);
}

bool mmt_code_of(const char *path, const char *function, uint64_t *start, uint64_t *len)
{
	return ranges(path, is_it, function, start, len, 1) == 1;
}
