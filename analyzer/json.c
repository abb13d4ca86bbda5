// SPDX-License-Identifier: GPL-2.0-only
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json.h"

void json_init(struct json *j, FILE *f, bool pretty)
{
	memset(j, 0, sizeof(*j));
	j->f = f;
	j->pretty = pretty;
}

static void indent(struct json *j)
{
	unsigned int i;

	if (!j->pretty)
		return;
	fputc('\n', j->f);
	for (i = 0; i < j->depth; i++)
		fputs("  ", j->f);
}

size_t json_utf8_len(const unsigned char *s, size_t left)
{
	static const unsigned char least[5] = { 0, 0, 0, 0xa0, 0x90 };
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	n = s[0] >= 0xf0 && s[0] <= 0xf4 ? 4 : s[0] >= 0xe0 && s[0] < 0xf0 ? 3 : s[0] >= 0xc2 && s[0] < 0xe0 ? 2 : 0;
	if (!n || n > left)
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 || s[0] == 0xf0) && s[1] < least[n])
		return 0; /* overlong */
	if ((s[0] == 0xed && s[1] >= 0xa0) || (s[0] == 0xf4 && s[1] >= 0x90))
		return 0; /* surrogate; above U+10FFFF */
	return n;
}

static void quote(FILE *f, const char *str, size_t len)
{
	const unsigned char *s = (const unsigned char *)str, *end = s + len;

	fputc('"', f);
	while (s < end) {
		size_t n = json_utf8_len(s, (size_t)(end - s));

		if (!n) {
			fputs("\\ufffd", f);
			s++;
			continue;
		}
		if (*s == '"' || *s == '\\')
			fprintf(f, "\\%c", *s);
		else if (*s == '\n')
			fputs("\\n", f);
		else if (*s == '\t')
			fputs("\\t", f);
		else if (*s < 0x20 || *s == 0x7f)
			fprintf(f, "\\u%04x", *s);
		else
			fwrite(s, 1, n, f);
		s += n;
	}
	fputc('"', f);
}

static void member(struct json *j, const char *key)
{
	if (j->depth) {
		bool *some = &j->some[j->depth - 1];

		if (*some)
			fputs(j->pretty ? "," : ", ", j->f);
		*some = true;
		indent(j);
	}
	if (key) {
		quote(j->f, key, strlen(key));
		fputs(": ", j->f);
	}
}

static void open_level(struct json *j, const char *key, unsigned char kind)
{
	member(j, key);
	fputc(kind, j->f);
	if (j->depth < JSON_MAX_DEPTH) {
		j->kind[j->depth] = kind;
		j->some[j->depth] = false;
		j->depth++;
	}
}

void json_obj(struct json *j, const char *key)
{
	open_level(j, key, '{');
}

void json_arr(struct json *j, const char *key)
{
	open_level(j, key, '[');
}

void json_end(struct json *j)
{
	if (!j->depth)
		return;
	j->depth--;
	if (j->some[j->depth])
		indent(j);
	fputc(j->kind[j->depth] == '{' ? '}' : ']', j->f);
	if (!j->depth)
		fputc('\n', j->f);
}

void json_strn(struct json *j, const char *key, const char *s, size_t len)
{
	member(j, key);
	quote(j->f, s, len);
}

void json_str(struct json *j, const char *key, const char *s)
{
	if (!s)
		json_nil(j, key);
	else
		json_strn(j, key, s, strlen(s));
}

void json_u64(struct json *j, const char *key, uint64_t v)
{
	member(j, key);
	fprintf(j->f, "%" PRIu64, v);
}

void json_s64(struct json *j, const char *key, int64_t v)
{
	member(j, key);
	fprintf(j->f, "%" PRId64, v);
}

void json_num(struct json *j, const char *key, double v)
{
	if (!isfinite(v)) {
		json_nil(j, key);
		return;
	}
	member(j, key);
	fprintf(j->f, "%.17g", v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	member(j, key);
	fputs(v ? "true" : "false", j->f);
}

void json_nil(struct json *j, const char *key)
{
	member(j, key);
	fputs("null", j->f);
}
