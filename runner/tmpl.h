/* SPDX-License-Identifier: GPL-2.0-only */
/* ${name} in configs, and commands split into words. */
#ifndef MMT_TMPL_H
#define MMT_TMPL_H

#include <stddef.h>

/* A name's text, or NULL when there is none. */
typedef const char *(*tmpl_fn)(void *ctx, const char *name);

/*
 * Replace ${name}, and ${name*3} or ${name/2} of a number (never below 1); $$ is a
 * dollar. -EINVAL with the reason in err.
 */
int tmpl_expand(const char *text, tmpl_fn fn, void *ctx, char **out, char *err, size_t err_size);

/* Does the text use ${name} (or ${name.label})? */
int tmpl_uses(const char *text, const char *name);

/*
 * Split as a shell would: blanks, '...', "...", backslash; nothing is expanded.
 * *argv is one allocation pair to be freed by words_free(); -EINVAL with the reason.
 */
int words_split(const char *text, char ***argv, size_t *n, char *err, size_t err_size);
void words_free(char **argv);

#endif
