// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "../json.h"
#include "html.h"

#define REPLACEMENT "\xef\xbf\xbd"
#define NARROW_SPACE "\xe2\x80\xaf"
#define MINUS "\xe2\x88\x92"
#define INFINITE "\xe2\x88\x9e"

void html_text(FILE *f, const char *str)
{
	const unsigned char *s = (const unsigned char *)(str ? str : ""), *end = s + strlen((const char *)s);
	size_t n;

	for (; s < end; s += n ? n : 1) {
		n = json_utf8_len(s, (size_t)(end - s));
		switch (*s) {
		case '&':
			fputs("&amp;", f);
			break;
		case '<':
			fputs("&lt;", f);
			break;
		case '>':
			fputs("&gt;", f);
			break;
		case '"':
			fputs("&quot;", f);
			break;
		case '\'':
			fputs("&#39;", f);
			break;
		case '\n':
		case '\t':
			fputc(' ', f);
			break;
		default:
			/* C1 controls are two bytes in UTF-8 */
			if (!n || *s < 0x20 || *s == 0x7f || (n == 2 && *s == 0xc2 && s[1] < 0xa0))
				fputs(REPLACEMENT, f);
			else
				fwrite(s, 1, n, f);
		}
	}
}

void html_name(FILE *f, const char *s)
{
	char part[256];
	size_t n;

	while (*s) {
		n = strcspn(s, "._-/");
		n += s[n] != '\0';
		if (n > sizeof(part) - 1)
			n = sizeof(part) - 1;
		memcpy(part, s, n);
		part[n] = '\0';
		html_text(f, part);
		s += n;
		if (*s)
			fputs("<wbr>", f);
	}
}

void html_textf(FILE *f, const char *fmt, ...)
{
	char line[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	html_text(f, line);
}

void html_json(FILE *f, const char *json, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (json[i] == '<' || json[i] == '>' || json[i] == '&')
			fprintf(f, "\\u%04x", (unsigned int)json[i]);
		else
			fputc(json[i], f);
	}
}

/* Sets thousands apart and the true minus in what printf made of a number. */
static const char *group(char buf[NUM_BUF], const char *plain)
{
	size_t digits, i;
	char *o = buf;

	if (*plain == '-') {
		memcpy(o, MINUS, 3);
		o += 3;
		plain++;
	}
	digits = strspn(plain, "0123456789");
	for (i = 0; i < digits; i++) {
		/* four digits stand together, as in 1234 */
		if (i && digits > 4 && (digits - i) % 3 == 0) {
			memcpy(o, NARROW_SPACE, 3);
			o += 3;
		}
		*o++ = plain[i];
	}
	strcpy(o, plain + digits);
	return buf;
}

const char *num_text(char buf[NUM_BUF], double v, int digits)
{
	char plain[32];
	int before;

	if (isnan(v))
		return strcpy(buf, "undefined");
	if (isinf(v))
		return strcpy(buf, v < 0 ? MINUS INFINITE : INFINITE);
	if (v == 0)
		return strcpy(buf, "0");
	before = (int)floor(log10(fabs(v))) + 1;
	if (before > 15 || before < -5)
		snprintf(plain, sizeof(plain), "%.*e", digits - 1, v);
	else if (v == rint(v)) /* a count: as it is */
		snprintf(plain, sizeof(plain), "%.0f", v);
	else
		snprintf(plain, sizeof(plain), "%.*f", digits > before ? digits - before : 0, v);
	return group(buf, plain);
}

const char *num_p(char buf[NUM_BUF], double p)
{
	if (isnan(p))
		strcpy(buf, "p undefined");
	else if (p < 0.0001)
		strcpy(buf, "p < 0.0001");
	else
		snprintf(buf, NUM_BUF, "p = %.4f", p);
	return buf;
}

const char *num_percent(char buf[NUM_BUF], double v, bool sign)
{
	char plain[32], grouped[NUM_BUF];
	const char *before;

	if (isnan(v))
		return strcpy(buf, "undefined");
	if (isinf(v))
		return strcpy(buf, v < 0 ? MINUS INFINITE " %" : "+" INFINITE " %");
	if (fabs(v) >= 1e12)
		snprintf(plain, sizeof(plain), "%.2e", fabs(v));
	else
		snprintf(plain, sizeof(plain), "%.*f", fabs(v) >= 99.95 ? 0 : fabs(v) >= 9.995 ? 1 : 2, fabs(v));
	before = !plain[strspn(plain, "0.")] ? "" : v < 0 ? MINUS : sign ? "+" : ""; /* no -0 */
	snprintf(buf, NUM_BUF, "%s%.40s %%", before, group(grouped, plain));
	return buf;
}

void html_cell_text(FILE *f, double sort, const char *text)
{
	if (isnan(sort))
		fputs("<td class=\"n\">", f);
	else
		fprintf(f, "<td class=\"n\" data-v=\"%.7g\">", sort);
	html_text(f, text);
	fputs("</td>", f);
}

void html_cell(FILE *f, bool have, double v, int digits)
{
	char buf[NUM_BUF];

	if (!have)
		fputs("<td class=\"n\"><span class=\"none\" title=\"no value\">\xe2\x80\x93</span></td>", f);
	else
		html_cell_text(f, v, num_text(buf, v, digits));
}

void html_cell_p(FILE *f, double p)
{
	char buf[NUM_BUF];

	html_cell_text(f, p, num_p(buf, p) + (p < 0.0001 ? 2 : 4) * !isnan(p) + 2 * isnan(p));
}
