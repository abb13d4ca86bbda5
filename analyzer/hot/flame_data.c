// SPDX-License-Identifier: GPL-2.0-only
/*
 * What flame.js draws from. Each graph: kind, unit, names of its arms, functions as
 * [name, module, "file:line", flags, number of lines], nodes as numbers in a text, in the order of
 * struct flame: depth, function (-1 all, -2 other), and for each arm its weight; of
 * two arms also the step of colour. Functions are numbered anew: only what is used is there.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"
#include "../page/html.h"
#include "flame.h"

#define LONGEST 300 /* of a name */

static void put_name(struct json *j, const char *name)
{
	size_t n = strlen(name);

	if (n > LONGEST)
		for (n = LONGEST; n && ((unsigned char)name[n] & 0xc0) == 0x80;)
			n--;
	json_strn(j, NULL, name, n);
}

static void put_function(struct json *j, const struct flame *fl, uint32_t i)
{
	const struct stacks *s = fl->s;
	const struct stacks_fn *fn = i < s->n_fns ? &s->fn[i] : NULL;
	char at[600];

	json_arr(j, NULL);
	put_name(j, fn ? fn->name : s->group[i - s->n_fns]);
	if (fn) {
		put_name(j, fn->module);
		at[0] = '\0';
		if (fn->file && fn->line)
			snprintf(at, sizeof(at), "%.*s:%u", 500, fn->file, fn->line);
		else if (fn->file)
			snprintf(at, sizeof(at), "%.*s", 500, fn->file);
		json_str(j, NULL, at);
		json_u64(j, NULL, fn->flags);
		json_u64(j, NULL, fn->n_lines);
	}
	json_end(j);
}

/* The functions that are used, in the order of their numbers; to[]: the new ones. */
static void put_functions(struct json *j, const struct flame *fl, uint32_t *to)
{
	size_t i, n = fl->s->n_fns + fl->s->n_groups;
	uint32_t next = 0;

	for (i = 0; i < fl->n; i++)
		if (fl->node[i].fn < n)
			to[fl->node[i].fn] = 1;
	json_arr(j, "fn");
	for (i = 0; i < n; i++) {
		if (!to[i])
			continue;
		to[i] = next++;
		put_function(j, fl, (uint32_t)i);
	}
	json_end(j);
}

/* Six digits tell shares to a millionth. */
static char *nodes_text(const struct flame *fl, const uint32_t *to)
{
	char *buf = NULL;
	size_t len = 0, i;
	FILE *f = open_memstream(&buf, &len);

	for (i = 0; f && i < fl->n; i++) {
		const struct flame_node *n = &fl->node[i];

		fprintf(f, "%s%u %" PRId64 " %.6g", i ? " " : "", n->depth,
			n->fn == FLAME_ALL ? -1 : n->fn == FLAME_OTHER ? -2 : (int64_t)to[n->fn], n->w[0]);
		if (fl->diff)
			fprintf(f, " %.6g %d", n->w[1], flame_step(fl, n));
	}
	if (f && fclose(f)) {
		free(buf);
		buf = NULL;
	}
	return buf;
}

static int put_graph(struct json *j, const struct flame *fl, const char *const *arm)
{
	uint32_t *to = calloc(fl->s->n_fns + fl->s->n_groups + 1, sizeof(*to));
	char *text;
	size_t i;
	int err;

	if (!to)
		return -ENOMEM;
	json_obj(j, NULL);
	json_str(j, "kind", hot_kind_name(fl->s->kind));
	json_str(j, "unit", fl->s->unit);
	json_arr(j, "arms");
	for (i = 0; i < STACKS_ARMS && fl->diff; i++)
		json_str(j, NULL, arm[i]);
	json_end(j);
	put_functions(j, fl, to);
	text = nodes_text(fl, to);
	if (text)
		json_str(j, "node", text);
	json_end(j);
	err = text ? 0 : -ENOMEM;
	free(text);
	free(to);
	return err;
}

int flame_data(const struct flame *fl, size_t n, const char *const *arm, FILE *f)
{
	char *buf = NULL;
	size_t len = 0, i;
	FILE *m = open_memstream(&buf, &len);
	struct json j;
	int err = 0;

	if (!m)
		return -ENOMEM;
	json_init(&j, m, false);
	json_arr(&j, NULL);
	for (i = 0; i < n && !err; i++)
		err = put_graph(&j, &fl[i], arm);
	json_end(&j);
	if (fclose(m))
		err = -ENOMEM;
	if (!err) {
		fputs("<script type=\"application/json\" id=\"flames\">", f);
		html_json(f, buf, len && buf[len - 1] == '\n' ? len - 1 : len);
		fputs("</script>\n", f);
	}
	free(buf);
	return err;
}
