// SPDX-License-Identifier: GPL-2.0-only
#include "assets.h"
#include "html.h"
#include "shell.h"

static void asset(FILE *f, const struct page_asset *a)
{
	fwrite(a->p, 1, a->len, f);
}

void page_shell_head(const struct page_shell *s, FILE *f)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
	      "script-src 'unsafe-inline'; img-src data:\">\n<meta name=\"generator\" content=\"mmt-trace ", f);
	html_text(f, s->version);
	fputs("\">\n<title>", f);
	html_text(f, s->title);
	fputs("</title>\n<style>\n", f);
	if (s->charts) {
		asset(f, &asset_uPlot_min_css);
		fputc('\n', f);
	}
	asset(f, &asset_page_css);
	if (s->flames)
		asset(f, &asset_flame_css);
	fprintf(f, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the %s</a>\n<header class=\"top\"><div class=\"wrap\">\n"
		"<p class=\"kind\">%s</p>\n<h1>", s->skip, s->kind);
	html_text(f, s->title);
	fputs("</h1>\n", f);
}

void page_shell_head_end(FILE *f)
{
	fputs("<button type=\"button\" id=\"theme\" hidden>Dark</button>\n</div></header>\n", f);
}

void page_shell_tail(const struct page_shell *s, const char *from, FILE *f)
{
	fputs("<footer class=\"wrap\"><p>Made by mmt-trace ", f);
	html_text(f, s->version);
	fprintf(f, " from %s; the same input gives this same page. It needs no network.", from);
	if (s->charts)
		fputs(" Charts over time by uPlot (MIT licence, Leon Sorokin).", f);
	fputs("</p></footer>\n", f);
	if (s->charts) {
		fputs("<script>\n", f);
		asset(f, &asset_uPlot_iife_min_js);
		fputs("\n</script>\n", f);
	}
	fputs("<script>\n", f);
	asset(f, &asset_page_js);
	fputs("</script>\n", f);
	if (s->flames) {
		fputs("<script>\n", f);
		asset(f, &asset_flame_js);
		fputs("</script>\n", f);
	}
	fputs("</body>\n</html>\n", f);
}
