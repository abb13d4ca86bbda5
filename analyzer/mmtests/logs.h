/* SPDX-License-Identifier: GPL-2.0-only */
/* A benchmark's directory of logs: what is there, and its text, packed (gz, xz) or not. */
#ifndef MMT_MMTESTS_LOGS_H
#define MMT_MMTESTS_LOGS_H

#include <stdbool.h>
#include <stddef.h>

enum { LOGS_PARTS = 4 };

/* PREFIX<part>-<part>...SUFFIX, its name as if it were not packed */
struct logs_file {
	char *name;
	char *part[LOGS_PARTS]; /* cut at '-'; the last has the rest; "" past the end */
	size_t n_parts;
};

struct logs {
	const char *dir;
	char **name; /* in order of name, each once, without .gz and .xz */
	size_t n;
	char why[300]; /* after an error: one line */
};

int logs_open(struct logs *l, const char *dir);
void logs_close(struct logs *l);
/* Those that match, in order of their parts: as numbers first, then as text. */
int logs_match(const struct logs *l, const char *prefix, const char *suffix, struct logs_file **list, size_t *n);
void logs_match_free(struct logs_file *list, size_t n);
bool logs_have(const struct logs *l, const char *name);
/* All of a log, NUL-terminated; -errno after filling why. */
int logs_text(struct logs *l, const char *name, char **text);

/* The next line of *p, or NULL; the line's end is cut off. */
char *logs_line(char **p);
/* Cuts the line at blanks; returns how many fields there are, at most max. */
size_t logs_fields(char *line, char **field, size_t max);

#endif
