// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "folded.h"

struct folded {
	char *text;
	double w[STACKS_ARMS];
};

/* A semicolon would end the frame, a newline the path; a space is no harm: the last one ends the path. */
static void put_name(FILE *f, const char *s)
{
	for (; *s; s++)
		fputc(*s == ';' ? ':' : (unsigned char)*s < 0x20 || *s == 0x7f ? ' ' : *s, f);
}

static const char *mark(uint32_t flags)
{
	return flags & HOT_KERNEL ? "_[k]" : flags & HOT_INLINED ? "_[i]" : flags & HOT_JIT ? "_[j]" : "";
}

static int text_of(const struct stacks *s, const struct stacks_line *l, char **text)
{
	const char *group = s->group[l->group];
	size_t len = 0;
	uint32_t i;
	FILE *f;

	*text = NULL;
	f = open_memstream(text, &len);
	if (!f)
		return -ENOMEM;
	put_name(f, group);
	for (i = 0; i < l->n; i++) {
		if (i || *group)
			fputc(';', f);
		put_name(f, s->fn[l->fn[i]].name);
		fputs(mark(s->fn[l->fn[i]].flags), f);
	}
	return fclose(f) || !*text ? -ENOMEM : 0;
}

static int by_text(const void *a, const void *b)
{
	const struct folded *x = a, *y = b;

	return strcmp(x->text, y->text);
}

/* Whole where it can be: some readers take nothing else. */
static void put_weight(FILE *f, double w)
{
	char buf[64], *end;

	if (w >= 1000 || w == rint(w)) {
		fprintf(f, " %.0f", w);
		return;
	}
	snprintf(buf, sizeof(buf), "%.*f", w < 0.01 ? 12 : 6, w);
	for (end = buf + strlen(buf); end[-1] == '0'; end--)
		;
	*end = '\0';
	fprintf(f, " %s", buf);
}

/* Different functions may have the same name: their lines are one. */
static void put_all(struct folded *l, size_t n, bool diff, FILE *f)
{
	size_t i, k;

	for (i = 0; i < n; i = k) {
		for (k = i + 1; k < n && !strcmp(l[i].text, l[k].text); k++) {
			l[i].w[0] += l[k].w[0];
			l[i].w[1] += l[k].w[1];
		}
		if (l[i].w[0] <= 0 && l[i].w[1] <= 0)
			continue;
		fputs(l[i].text, f);
		put_weight(f, l[i].w[0]);
		if (diff)
			put_weight(f, l[i].w[1]);
		fputc('\n', f);
	}
}

int folded_write(const struct stacks *s, bool diff, FILE *f)
{
	struct folded *l = calloc(s->n_lines + 1, sizeof(*l));
	size_t i;
	int err = l ? 0 : -ENOMEM;

	for (i = 0; !err && i < s->n_lines; i++) {
		err = text_of(s, &s->line[i], &l[i].text);
		l[i].w[0] = stacks_mean(s, s->line[i].w, 0);
		l[i].w[1] = stacks_mean(s, s->line[i].w, 1);
	}
	if (!err && s->n_lines)
		qsort(l, s->n_lines, sizeof(*l), by_text);
	if (!err) {
		put_all(l, s->n_lines, diff, f);
		err = ferror(f) ? -EIO : 0;
	}
	for (i = 0; l && i < s->n_lines; i++)
		free(l[i].text);
	free(l);
	return err;
}
