// SPDX-License-Identifier: GPL-2.0-only
/* The page as a whole. It is made in memory, so that its parts know how big it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "page_int.h"
#include "shell.h"

/* As it is: escaped where it is put. */
static void title(FILE *f, const struct page *p)
{
	const struct cmp *c = p->c;
	size_t k;

	if (c->benchmark)
		fprintf(f, "%s: ", c->benchmark);
	fputs(c->n_arms ? c->arm[c->n_arms > 1 ? 1 : 0].name : "nothing", f);
	for (k = 2; k < c->n_arms; k++)
		fprintf(f, "%s%s", k + 1 < c->n_arms ? ", " : " and ", c->arm[k].name);
	if (c->n_arms > 1)
		fprintf(f, " against %s", c->arm[0].name);
}

/* Which parts there are is known once they are written: the list of contents is put before them afterwards. */
struct part {
	const char *id, *name;
};

static const struct part parts[] = {
	{ "verdict", "Verdict" }, { "explain", "Explanation" }, { "notes", "Notes" }, { "design", "Design" },
	{ "benchmark", "Results" }, { "kernel", "Kernel metrics" }, { "time", "Over time" }, { "wait", "Latency" },
	{ "moves", "Migrations" }, { "vms", "Virtual machines" }, { "hot", "Hot spots" },
	{ "systems", "Systems" }, { "iterations", "Iterations" }, { "glossary", "Words" },
};

static void contents(FILE *f, const char *body)
{
	char tag[64];
	size_t i;

	fputs("<nav class=\"wrap\" aria-label=\"Contents\"><ul>\n", f);
	for (i = 0; i < N(parts); i++) {
		snprintf(tag, sizeof(tag), "<section id=\"%s\"", parts[i].id);
		if (strstr(body, tag))
			fprintf(f, "<li><a href=\"#%s\">%s</a></li>\n", parts[i].id, parts[i].name);
	}
	fputs("</ul></nav>\n", f);
}

static int body(const struct page *p, FILE *f)
{
	int err;

	fputs("<main id=\"main\" class=\"wrap\">\n", f);
	page_verdicts(p, f);
	err = page_explain(p, f);
	if (err)
		return err;
	page_notes(p, f);
	page_design(p, f);
	page_results(p, CMP_BENCHMARK, f);
	page_results(p, CMP_KERNEL, f);
	err = page_time(p, f);
	page_wait(p, f);
	page_moves(p, f);
	err = err ? err : page_vms(p, f);
	err = err ? err : page_hot(p, f);
	page_systems(p, f);
	page_iterations(p, f);
	page_glossary(p, f);
	fputs("</main>\n", f);
	return err;
}

static int write_all(const struct page *p, FILE *f)
{
	struct page_shell shell = { .kind = p->c->n_arms > 1 ? "mmt-trace comparison" : "mmt-trace run", .skip = "verdict",
				    .version = p->o->version, .charts = true };
	char *buf = NULL, *name = NULL;
	size_t len = 0, name_len = 0;
	FILE *m = open_memstream(&buf, &len), *t = open_memstream(&name, &name_len);
	int err = m && t ? 0 : -ENOMEM;

	if (t) {
		title(t, p);
		err = fclose(t) ? -ENOMEM : err;
		shell.title = name;
	}
	if (!err)
		err = body(p, m);
	if (m && fclose(m))
		err = -ENOMEM;
	if (!err) {
		shell.flames = strstr(buf, "<figure class=\"flame") != NULL;
		page_shell_head(&shell, f);
		page_subtitle(p, f);
		page_shell_head_end(f);
		contents(f, buf);
		fwrite(buf, 1, len, f);
		page_shell_tail(&shell, "recorded runs", f);
		err = ferror(f) ? -EIO : 0;
	}
	free(buf);
	free(name);
	return err;
}

int page_write(const struct cmp *c, const struct cmp_result *r, const struct page_opts *o, FILE *f)
{
	struct page p = { .c = c, .r = r, .o = o };
	size_t i;
	int err;

	for (i = 0; i < c->n_metrics; i++)
		p.benchmark |= c->metric[i].source == CMP_BENCHMARK;
	err = page_load(&p);
	if (!err)
		err = write_all(&p, f);
	page_unload(&p);
	return err;
}
