// SPDX-License-Identifier: GPL-2.0-only
/* The page as a whole: head, parts, scripts. It is made in memory, so that its parts know how big it is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "assets.h"
#include "page_int.h"

static void asset(FILE *f, const struct page_asset *a)
{
	fwrite(a->p, 1, a->len, f);
}

static void title(FILE *f, const struct page *p)
{
	const struct cmp *c = p->c;
	size_t k;

	if (c->benchmark)
		html_textf(f, "%s: ", c->benchmark);
	html_text(f, c->n_arms ? c->arm[c->n_arms > 1 ? 1 : 0].name : "nothing");
	for (k = 2; k < c->n_arms; k++)
		html_textf(f, "%s%s", k + 1 < c->n_arms ? ", " : " and ", c->arm[k].name);
	if (c->n_arms > 1)
		html_textf(f, " against %s", c->arm[0].name);
}

static void head(FILE *f, const struct page *p)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "script-src 'unsafe-inline'; img-src data:\">\n<meta name=\"generator\" content=\"mmt-trace ", f);
	html_text(f, p->o->version);
	fputs("\">\n<title>", f);
	title(f, p);
	fputs("</title>\n<style>\n", f);
	asset(f, &asset_uPlot_min_css);
	fputc('\n', f);
	asset(f, &asset_page_css);
	fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the verdict</a>\n<header class=\"top\"><div class=\"wrap\">\n"
	      "<p class=\"kind\">", f);
	fputs(p->c->n_arms > 1 ? "mmt-trace comparison" : "mmt-trace run", f);
	fputs("</p>\n<h1>", f);
	title(f, p);
	fputs("</h1>\n", f);
	page_subtitle(p, f);
	fputs("<button type=\"button\" id=\"theme\" hidden>Dark</button>\n</div></header>\n", f);
}

/* Which parts there are is known once they are written: the list of contents is put before them afterwards. */
struct part {
	const char *id, *name;
};

static const struct part parts[] = {
	{ "verdict", "Verdict" }, { "explain", "Explanation" }, { "notes", "Notes" }, { "design", "Design" },
	{ "benchmark", "Results" }, { "kernel", "Kernel metrics" }, { "time", "Over time" }, { "wait", "Latency" },
	{ "moves", "Migrations" }, { "systems", "Systems" }, { "iterations", "Iterations" }, { "glossary", "Words" },
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
	page_systems(p, f);
	page_iterations(p, f);
	page_glossary(p, f);
	fputs("</main>\n", f);
	return err;
}

static void tail(FILE *f, const struct page *p)
{
	fputs("<footer class=\"wrap\"><p>Made by mmt-trace ", f);
	html_text(f, p->o->version);
	fputs(" from recorded runs; the same input gives this same page. It needs no network. "
	      "Charts over time by uPlot (MIT licence, Leon Sorokin).</p></footer>\n<script>\n", f);
	asset(f, &asset_uPlot_iife_min_js);
	fputs("\n</script>\n<script>\n", f);
	asset(f, &asset_page_js);
	fputs("</script>\n</body>\n</html>\n", f);
}

static int write_all(const struct page *p, FILE *f)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&buf, &len);
	int err;

	if (!m)
		return -ENOMEM;
	err = body(p, m);
	if (fclose(m))
		err = -ENOMEM;
	if (!err) {
		head(f, p);
		contents(f, buf);
		fwrite(buf, 1, len, f);
		tail(f, p);
		err = ferror(f) ? -EIO : 0;
	}
	free(buf);
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
