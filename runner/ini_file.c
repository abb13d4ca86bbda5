// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <ini.h>
#include <string.h>

#include "ini_file.h"

/* inih gives its handler no line number, so the lines are counted where they are read. */
struct parse {
	FILE *f;
	const char *name;
	ini_set_fn set;
	void *ctx;
	struct conf_err *err;
	int line, long_line;
	bool indented;
	char section[64], key[64];
	int ret;
};

static char *parse_line(char *buf, int size, void *ctx)
{
	struct parse *p = ctx;

	if (p->ret || !fgets(buf, size, p->f))
		return NULL;
	p->line++;
	p->indented = *buf == ' ' || *buf == '\t';
	if (strlen(buf) == (size_t)size - 1 && buf[size - 2] != '\n') {
		p->long_line = size - 2;
		return NULL;
	}
	return buf;
}

static int parse_key(void *ctx, const char *section, const char *key, const char *value)
{
	struct parse *p = ctx;
	struct conf_err why = { "" };
	bool more;

	/* inih repeats the key for an indented line that goes on with the value before */
	more = p->indented && !strcmp(p->key, key) && !strcmp(p->section, section);
	if (!more) {
		snprintf(p->section, sizeof(p->section), "%s", section);
		snprintf(p->key, sizeof(p->key), "%s", key);
	}
	if (!*section) {
		snprintf(why.text, sizeof(why.text), "'%s' stands before any [section]", key);
		p->ret = -EINVAL;
	} else {
		p->ret = p->set(p->ctx, section, key, value, p->line, more, &why);
	}
	if (!p->ret)
		return 1;
	if (p->ret != -ENOMEM)
		snprintf(p->err->text, sizeof(p->err->text), "%s:%d: %.400s", p->name, p->line, why.text);
	return 0;
}

int ini_file_read(FILE *f, const char *name, ini_set_fn set, void *ctx, struct conf_err *err)
{
	struct parse p = { .f = f, .name = name, .set = set, .ctx = ctx, .err = err };
	int line;

	err->text[0] = '\0';
	line = ini_parse_stream((ini_reader)parse_line, &p, parse_key, &p);
	if (!p.ret && ferror(f))
		p.ret = -EIO;
	if (!p.ret && p.long_line) {
		snprintf(err->text, sizeof(err->text), "%s:%d: line is longer than %d bytes; go on in an indented line",
			 name, p.line, p.long_line);
		p.ret = -EINVAL;
	} else if (!p.ret && line) {
		snprintf(err->text, sizeof(err->text), "%s:%d: neither a [section] nor `key = value`", name, line);
		p.ret = -EINVAL;
	}
	if (p.ret && !err->text[0])
		snprintf(err->text, sizeof(err->text), "%s: %s", name, strerror(-p.ret));
	return p.ret;
}
