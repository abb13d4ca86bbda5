// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../page/html.h"
#include "../page/shell.h"
#include "page.h"

#define NODES 6000       /* of all graphs of a page, to begin with */
#define CHROME 60000     /* styles, scripts and head, at most */

static const struct { const char *id, *name, *what; } kinds[HOT_KINDS] = {
	[HOT_FAULT] = { "faults", "Page faults", "How many page faults the samples stand for, by the path that ran when they were raised." },
	[HOT_BLOCKED] = { "blocked", "Blocked time", "Time off the CPU, waiting: from where tasks went to sleep." },
	[HOT_PREEMPT] = { "preempted", "Preempted time", "Time off the CPU though runnable: where tasks were when they were displaced." },
	[HOT_WAKER] = { "wakers", "Who woke", "Time that others were blocked, by the path that woke them." },
	[HOT_CPU] = { "cpu", "CPU time", "Time on the CPU, by what ran." },
};

static int part(struct stacks *const s, size_t i, size_t budget, const struct hot_page_opts *o, int level, struct flame *fl, FILE *f)
{
	int err = flame_make(s, o->arm != NULL, budget, fl);

	if (err)
		return err;
	if (level == 2)
		fprintf(f, "<section id=\"hot-%s\" aria-labelledby=\"h-hot-%s\">\n", kinds[s->kind].id, kinds[s->kind].id);
	fprintf(f, "<h%d id=\"h-hot-%s\">%s</h%d>\n<p class=\"how\">%s%s</p>\n", level, kinds[s->kind].id, kinds[s->kind].name, level,
		kinds[s->kind].what, !o->arm ? "" : strstr(s->unit, "a second") ? " Means over the runs of an arm, a second." :
		" Means over the runs of an arm.");
	if (!i)
		flame_patterns(f);
	flame_legend(o->arm != NULL, f);
	flame_figure(fl, i, o->arm, f);
	err = flame_tables(fl, o->arm, o->rows ? o->rows : 25, f);
	if (!err && o->hot)
		err = flame_ranks(fl, o->hot, o->rows ? o->rows : 25, f);
	if (level == 2)
		fputs("</section>\n", f);
	return err;
}

static int parts_within(struct stacks *const *s, size_t n, size_t budget, const struct hot_page_opts *o, int level, size_t *parts, FILE *f)
{
	struct flame *fl = calloc(n + 1, sizeof(*fl));
	size_t i;
	int err = fl ? 0 : -ENOMEM;

	*parts = 0;
	for (i = 0; i < n && !err; i++) {
		err = part(s[i], *parts, budget / n, o, level, &fl[*parts], f);
		*parts += !err;
		if (err == -ENODATA)
			err = 0;
	}
	if (!err && *parts)
		err = flame_data(fl, *parts, o->arm, f);
	for (i = 0; fl && i < *parts; i++)
		flame_free(&fl[i]);
	free(fl);
	return err;
}

int hot_page_parts(struct stacks *const *s, size_t n, const struct hot_page_opts *o, size_t bytes, int level, size_t *parts,
		   FILE *f)
{
	size_t budget, len = 0;
	char *buf = NULL;
	FILE *m;
	int err = 0;

	for (budget = NODES; ; budget = budget * 2 / 3) {
		m = open_memstream(&buf, &len);
		if (!m)
			return -ENOMEM;
		err = parts_within(s, n, budget, o, level, parts, m);
		if (fclose(m))
			err = -ENOMEM;
		if (err || len <= bytes || budget < 30 * n)
			break;
		free(buf);
		buf = NULL;
	}
	if (!err)
		fwrite(buf, 1, len, f);
	free(buf);
	return err;
}

static void contents(FILE *f, const char *body)
{
	char tag[64];
	size_t i;

	fputs("<nav class=\"wrap\" aria-label=\"Contents\"><ul>\n", f);
	for (i = 0; i < HOT_KINDS; i++) {
		snprintf(tag, sizeof(tag), "<section id=\"hot-%s\"", kinds[i].id);
		if (strstr(body, tag))
			fprintf(f, "<li><a href=\"#hot-%s\">%s</a></li>\n", kinds[i].id, kinds[i].name);
	}
	fputs("</ul></nav>\n", f);
}

int hot_page_write(struct stacks *const *s, size_t n, const struct hot_page_opts *o, FILE *f)
{
	struct page_shell shell = { .kind = o->arm ? "mmt-trace: difference of hot spots" : "mmt-trace: hot spots", .title = o->title,
				    .skip = "graphs", .version = o->version, .flames = true };
	size_t len = 0, parts = 0;
	char *buf = NULL;
	FILE *m = open_memstream(&buf, &len);
	int err;

	if (!m)
		return -ENOMEM;
	err = hot_page_parts(s, n, o, HOT_PAGE_MAX_BYTES - CHROME, 2, &parts, m);
	if (fclose(m))
		err = -ENOMEM;
	if (!err) {
		page_shell_head(&shell, f);
		if (o->sub) {
			fputs("<p class=\"sub\">", f);
			html_text(f, o->sub);
			fputs("</p>\n", f);
		}
		page_shell_head_end(f);
		contents(f, buf);
		fputs("<main id=\"main\" class=\"wrap\">\n", f);
		if (!parts)
			fputs("<p>Nothing of what was asked for weighs anything.</p>\n", f);
		fwrite(buf, 1, len, f);
		fputs("<script type=\"application/json\" id=\"data\">{\"arms\":[]}</script>\n</main>\n", f);
		page_shell_tail(&shell, "a recorded run", f);
		err = ferror(f) ? -EIO : 0;
	}
	free(buf);
	return err;
}
