// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tmpl.h"

static int put_ref(FILE *f, const char *ref, size_t len, tmpl_fn fn, void *ctx, char *err, size_t err_size)
{
	char name[128], *end;
	const char *value;
	size_t n = strcspn(ref, "*/}");
	long by, v;

	if (n >= sizeof(name) || !n) {
		snprintf(err, err_size, "'${%.*s}' is no name", (int)len, ref);
		return -EINVAL;
	}
	memcpy(name, ref, n);
	name[n] = '\0';
	value = fn(ctx, name);
	if (!value) {
		snprintf(err, err_size, "'${%s}' is not known here", name);
		return -EINVAL;
	}
	if (ref[n] == '}') {
		fputs(value, f);
		return 0;
	}
	by = strtol(ref + n + 1, &end, 10);
	if (end == ref + n + 1 || *end != '}' || by <= 0) {
		snprintf(err, err_size, "'${%.*s}': a number from 1 must follow '%c'", (int)len, ref, ref[n]);
		return -EINVAL;
	}
	v = strtol(value, &end, 10);
	if (end == value || *end) {
		snprintf(err, err_size, "'${%.*s}': %s is '%s', which is no number", (int)len, ref, name, value);
		return -EINVAL;
	}
	v = ref[n] == '*' ? v * by : v / by;
	fprintf(f, "%ld", v < 1 ? 1 : v);
	return 0;
}

int tmpl_expand(const char *text, tmpl_fn fn, void *ctx, char **out, char *err, size_t err_size)
{
	size_t size;
	FILE *f = open_memstream(out, &size);
	int ret = 0;

	if (!f)
		return -ENOMEM;
	while (*text && !ret) {
		const char *close;

		if (text[0] == '$' && text[1] == '$') {
			fputc('$', f);
			text += 2;
		} else if (text[0] == '$' && text[1] == '{') {
			close = strchr(text, '}');
			if (!close) {
				snprintf(err, err_size, "'%.20s': '}' is missing", text);
				ret = -EINVAL;
				break;
			}
			ret = put_ref(f, text + 2, (size_t)(close - text - 2), fn, ctx, err, err_size);
			text = close + 1;
		} else {
			fputc(*text++, f);
		}
	}
	if (fclose(f) && !ret)
		ret = -ENOMEM;
	if (ret) {
		free(*out);
		*out = NULL;
	}
	return ret;
}

int tmpl_uses(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (text = strstr(text, "${"); text; text = strstr(text + 2, "${"))
		if (!strncmp(text + 2, name, n) && strchr("}*/.", text[2 + n]) && text[2 + n])
			return 1;
	return 0;
}

/* One word from *p to `to`; the word's end is in *p afterwards. */
static int one_word(const char **p, char **to, char *err, size_t err_size)
{
	char quote = 0, *w = *to;
	const char *s = *p;

	for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
		if (!quote && (*s == '\'' || *s == '"')) {
			quote = *s;
		} else if (quote && *s == quote) {
			quote = 0;
		} else if (*s == '\\' && quote != '\'' && s[1] && (!quote || strchr("\"\\$`", s[1]))) {
			*w++ = *++s;
		} else {
			*w++ = *s;
		}
	}
	if (quote) {
		snprintf(err, err_size, "a %c is never closed in: %.60s", quote, *p);
		return -EINVAL;
	}
	*w++ = '\0';
	*p = s;
	*to = w;
	return 0;
}

int words_split(const char *text, char ***argv, size_t *n, char *err, size_t err_size)
{
	size_t len = strlen(text), max = len / 2 + 2, count = 0;
	char **v = calloc(max, sizeof(*v)), *store = malloc(len + 1), *to = store;
	int ret;

	/* the strings hang on argv[0], so that one pointer frees all */
	if (!v || !store) {
		ret = -ENOMEM;
		goto err;
	}
	for (;;) {
		while (isspace((unsigned char)*text))
			text++;
		if (!*text)
			break;
		v[count++] = to;
		ret = one_word(&text, &to, err, err_size);
		if (ret)
			goto err;
	}
	if (!count)
		free(store);
	*argv = v;
	*n = count;
	return 0;
err:
	free(store);
	free(v);
	return ret;
}

void words_free(char **argv)
{
	if (!argv)
		return;
	free(argv[0]);
	free(argv);
}
