// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf.h"
#include "tmpl.h"

static const char *export_of(const char *line)
{
	line += strspn(line, " \t");
	if (strncmp(line, "export", 6) || !isblank((unsigned char)line[6]))
		return NULL;
	line += 6;
	return line + strspn(line, " \t");
}

bool conf_is_mmtests(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t size = 0;
	bool yes = false;

	if (!f)
		return false;
	while (!yes && getline(&line, &size, f) > 0) {
		const char *p = export_of(line);

		yes = p && strchr(p, '=');
	}
	free(line);
	fclose(f);
	return yes;
}

/* name and literal value of one line: 1 found, 0 nothing to find, -1 only a shell could say. */
static int one_line(char *line, char **name, char **value)
{
	char *p, *end, quote = 0;

	line[strcspn(line, "\n")] = '\0';
	p = line + strspn(line, " \t");
	if (!*p || *p == '#')
		return 0;
	p = (char *)export_of(line);
	if (!p)
		return -1;
	*name = p;
	p += strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	if (*p != '=' || p == *name)
		return -1;
	*p++ = '\0';
	if (*p == '"' || *p == '\'')
		quote = *p++;
	*value = p;
	end = quote ? strchr(p, quote) : p + strcspn(p, " \t;#");
	if (!end || (quote != '\'' && memchr(p, '$', (size_t)(end - p))) ||
	    (quote != '\'' && memchr(p, '`', (size_t)(end - p))))
		return -1;
	p = end + !!quote;
	p += strspn(p, " \t;");
	*end = '\0';
	return *p && *p != '#' ? -1 : 1;
}

static int take(struct conf_mmtests *m, const char *path, int line, const char *name, const char *value,
		struct conf_err *err)
{
	char *end;
	unsigned long n;

	if (!strcmp(name, "MMTESTS")) {
		words_free(m->tests);
		m->tests = NULL;
		m->tests_line = line;
		return words_split(value, &m->tests, &m->n_tests, err->text, sizeof(err->text));
	}
	if (strcmp(name, "MMTEST_ITERATIONS")) {
		m->unused++;
		return 0;
	}
	n = strtoul(value, &end, 10);
	if (end == value || *end || !n || n > 100000) {
		snprintf(err->text, sizeof(err->text), "%s:%d: MMTEST_ITERATIONS=%s: must be a number from 1 to 100000",
			 path, line, value);
		return -EINVAL;
	}
	m->iterations = (unsigned int)n;
	return 0;
}

int conf_mmtests_load(const char *path, struct conf_mmtests *m, struct conf_err *err)
{
	char *line = NULL, *name, *value;
	size_t size = 0;
	FILE *f = fopen(path, "re");
	int ret = 0, at = 0;

	*m = (struct conf_mmtests){ 0 };
	if (!f) {
		ret = -errno;
		snprintf(err->text, sizeof(err->text), "cannot read config %s: %s", path, strerror(-ret));
		return ret;
	}
	while (!ret && getline(&line, &size, f) > 0) {
		at++;
		switch (one_line(line, &name, &value)) {
		case 1:
			ret = take(m, path, at, name, value, err);
			break;
		case -1:
			if (!m->not_literal++)
				m->first_not_literal = at;
			break;
		}
	}
	if (!ret && !m->n_tests) {
		snprintf(err->text, sizeof(err->text), "%s: has no `export MMTESTS=\"...\"` line", path);
		ret = -EINVAL;
	}
	free(line);
	fclose(f);
	if (ret)
		conf_mmtests_free(m);
	return ret;
}

void conf_mmtests_free(struct conf_mmtests *m)
{
	words_free(m->tests);
	*m = (struct conf_mmtests){ 0 };
}
