// SPDX-License-Identifier: GPL-2.0-only
/* JUnit's XML, as CI systems read it: failure, error and skipped as they mean them. */
#include <string.h>

#include "../json.h"
#include "gate.h"

/* As attribute or text. What XML 1.0 cannot hold, even by reference, becomes U+FFFD. */
static void put(FILE *f, const char *str)
{
	const unsigned char *s = (const unsigned char *)str, *end = s + strlen(str);
	size_t n;

	for (; s < end; s += n) {
		n = json_utf8_len(s, (size_t)(end - s));
		if (!n || (*s < 0x20 && *s != '\t' && *s != '\n' && *s != '\r') ||
		    (n == 3 && s[0] == 0xef && s[1] == 0xbf && s[2] >= 0xbe)) {
			n = n ? n : 1;
			fputs("&#xFFFD;", f);
		} else if (*s == '<') {
			fputs("&lt;", f);
		} else if (*s == '>') {
			fputs("&gt;", f);
		} else if (*s == '&') {
			fputs("&amp;", f);
		} else if (*s == '"') {
			fputs("&quot;", f);
		} else if (*s < 0x20 || *s == 0x7f) { /* a reader would make a blank of a bare one */
			fprintf(f, "&#%u;", *s);
		} else {
			fwrite(s, 1, n, f);
		}
	}
}

static void attr(FILE *f, const char *name, const char *value)
{
	fprintf(f, " %s=\"", name);
	put(f, value);
	fputc('"', f);
}

static void element(FILE *f, const char *name, const char *type, const char *message)
{
	fprintf(f, "      <%s", name);
	attr(f, "message", message);
	if (type)
		attr(f, "type", type);
	if (!strcmp(name, "skipped")) {
		fputs("/>\n", f);
		return;
	}
	fputc('>', f);
	put(f, message);
	fprintf(f, "</%s>\n", name);
}

static void test_case(const struct gate *g, const struct gate_check *k, const char *suite, FILE *f)
{
	const char *metric = k->metric == GATE_NO_METRIC ? "(iterations)" : g->c->metric[k->metric].name;
	const char *kind = gate_kind_name(k->kind);
	char line[600];

	gate_message(g, k, line, sizeof(line));
	fputs("    <testcase classname=\"", f);
	put(f, suite);
	fputc('.', f);
	put(f, g->c->arm[k->arm].name);
	fputs("\" name=\"", f);
	put(f, metric);
	if (k->limit)
		fprintf(f, " %s %.10g", k->upper ? "&lt;=" : "&gt;=", k->bound);
	fputs("\">\n", f);
	switch (k->outcome) {
	case GATE_FAIL:
		element(f, "failure", kind, line);
		break;
	case GATE_TROUBLE:
		element(f, "error", kind, line);
		break;
	case GATE_SKIP:
		element(f, "skipped", NULL, line);
		break;
	default:
		fprintf(f, "      <system-out>%s", k->outcome == GATE_WARN ? "warning: " : "");
		put(f, line);
		fputs("</system-out>\n", f);
	}
	fputs("    </testcase>\n", f);
}

static void counts(const struct gate *g, FILE *f)
{
	fprintf(f, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", g->n, g->count[GATE_FAIL],
		g->count[GATE_TROUBLE], g->count[GATE_SKIP]);
}

int gate_write_junit(const struct gate *g, FILE *f)
{
	const char *suite = g->c->benchmark ? g->c->benchmark : "traces";
	char line[1024];
	unsigned int i;
	size_t k;

	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mmt-trace gate\"", f);
	counts(g, f);
	fputs(">\n  <testsuite", f);
	attr(f, "name", suite);
	counts(g, f);
	fputs(">\n    <properties>\n", f);
	gate_line(g, line, sizeof(line));
	fputs("      <property name=\"gate\"", f);
	attr(f, "value", line);
	fputs("/>\n", f);
	for (i = 0; cmp_rule_line(g->c, g->r, i, line, sizeof(line)); i++) {
		fputs("      <property name=\"rule\"", f);
		attr(f, "value", line);
		fputs("/>\n", f);
	}
	fputs("    </properties>\n", f);
	for (k = 0; k < g->n; k++)
		test_case(g, &g->check[k], suite, f);
	fputs("    <system-out>", f);
	for (i = 0; cmp_note_line(g->c, g->r, i, line, sizeof(line)); i++) {
		put(f, line);
		fputc('\n', f);
	}
	fputs("</system-out>\n  </testsuite>\n</testsuites>\n", f);
	return 0;
}

int gate_write_junit_trouble(const char *suite, const char *why, FILE *f)
{
	static const char counts_one[] = " tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\"";

	fprintf(f, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"mmt-trace gate\"%s>\n  <testsuite",
		counts_one);
	attr(f, "name", suite);
	fprintf(f, "%s>\n    <testcase", counts_one);
	attr(f, "classname", suite);
	fputs(" name=\"(comparison)\">\n", f);
	element(f, "error", "trouble", why);
	fputs("    </testcase>\n  </testsuite>\n</testsuites>\n", f);
	return 0;
}
