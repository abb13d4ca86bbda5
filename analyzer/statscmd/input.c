// SPDX-License-Identifier: GPL-2.0-only
/* Files, and JSON as programs write it that know NaN and Infinity. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../out.h"
#include "call.h"

int read_all(const char *file, char **text, size_t *len)
{
	bool in = !strcmp(file, "-");
	FILE *f = in ? stdin : fopen(file, "re");
	size_t cap = 0, got;
	int err = 0;

	*text = NULL;
	*len = 0;
	if (!f) {
		err = -errno;
		out_err("%s: %s", file, strerror(errno));
		return err;
	}
	do {
		if (cap - *len < 2) {
			size_t grown = cap ? 2 * cap : 65536;
			char *t = realloc(*text, grown);

			if (!t) {
				err = -ENOMEM;
				break;
			}
			*text = t;
			cap = grown;
		}
		got = fread(*text + *len, 1, cap - *len - 1, f);
		*len += got;
	} while (got);
	if (!err && ferror(f)) {
		err = errno ? -errno : -EIO;
		out_err("%s: %s", in ? "standard input" : file, strerror(-err));
	}
	if (!in)
		fclose(f);
	if (err) {
		free(*text);
		*text = NULL;
	} else {
		(*text)[*len] = '\0';
	}
	return err;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '+' || c == '-' || c == '.';
}

static bool is_special(const char *s, size_t len)
{
	static const char *const special[] = { "nan", "inf", "infinity" };
	size_t i;

	if (len && (*s == '-' || *s == '+')) {
		s++;
		len--;
	}
	for (i = 0; i < 3; i++)
		if (strlen(special[i]) == len && !strncasecmp(s, special[i], len))
			return true;
	return false;
}

/* What the parser would refuse although it is a number: too large for a double, or for 64 bits. */
static bool is_large(const char *s, size_t len, bool *whole)
{
	size_t digits = strspn(s, "+-0123456789");
	char buf[512];

	*whole = digits == len && len > 18;
	if (*whole || len < 5 || len >= sizeof(buf) || !(isdigit((unsigned char)*s) || *s == '-'))
		return *whole;
	memcpy(buf, s, len);
	buf[len] = '\0';
	return isinf(strtod(buf, NULL));
}

/* Rewrites one word outside of strings; returns the end of what it wrote. */
static char *put_word(char *to, const char *s, size_t len)
{
	bool whole = false;

	if (is_special(s, len) || (is_large(s, len, &whole) && !whole)) {
		memcpy(to, "null", 4);
		return to + 4;
	}
	if (whole)
		*to++ = '"';
	memcpy(to, s, len);
	to += len;
	if (whole)
		*to++ = '"';
	return to;
}

static char *plain_json(const char *s, const char *end, size_t *len)
{
	/* "nan" is the word that grows most, by one byte in three; a list of them has commas too */
	char *text = malloc((size_t)(end - s) * 4 / 3 + 8), *to = text;

	if (!text)
		return NULL;
	while (s < end) {
		const char *from = s;

		if (*s == '"') {
			for (s++; s < end && *s != '"'; s++)
				s += *s == '\\' && s + 1 < end;
			s += s < end;
		} else if (is_word(*s)) {
			while (s < end && is_word(*s))
				s++;
			to = put_word(to, from, (size_t)(s - from));
			continue;
		} else {
			s++;
		}
		memcpy(to, from, (size_t)(s - from));
		to += s - from;
	}
	*len = (size_t)(to - text);
	return text;
}

json_t *read_json(const char *file)
{
	char *raw, *text;
	json_error_t e;
	json_t *j = NULL;
	size_t len;

	if (read_all(file, &raw, &len))
		return NULL;
	text = plain_json(raw, raw + len, &len);
	free(raw);
	if (text)
		j = json_loadb(text, len, 0, &e);
	if (!text)
		out_err("%s: %s", file, strerror(ENOMEM));
	else if (!j)
		out_err("%s:%d: not JSON: %s", file, e.line, e.text);
	free(text);
	return j;
}
