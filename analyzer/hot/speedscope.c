// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../json.h"
#include "speedscope.h"

#define SCHEMA "https://www.speedscope.app/file-format-schema.json"

/* Frames stand in the file in this order: by kind, functions and then groups. */
struct base {
	size_t fn, group;
};

static void put_frames(struct json *j, struct stacks *const *s, size_t n, struct base *base)
{
	size_t k, i, at = 0;

	json_obj(j, "shared");
	json_arr(j, "frames");
	for (k = 0; k < n; k++) {
		base[k] = (struct base){ at, at + s[k]->n_fns };
		at += s[k]->n_fns + s[k]->n_groups;
		for (i = 0; i < s[k]->n_fns; i++) {
			const struct stacks_fn *fn = &s[k]->fn[i];

			json_obj(j, NULL);
			json_str(j, "name", fn->name);
			if (fn->file || *fn->module)
				json_str(j, "file", fn->file ? fn->file : fn->module);
			if (fn->file && fn->line)
				json_u64(j, "line", fn->line);
			json_end(j);
		}
		for (i = 0; i < s[k]->n_groups; i++) {
			json_obj(j, NULL);
			json_str(j, "name", s[k]->group[i]);
			json_end(j);
		}
	}
	json_end(j);
	json_end(j);
}

/* Lines of a group (all: groups that are no profile of their own are frames at the root). */
static void put_profile(struct json *j, const struct stacks *s, const struct base *base, size_t group, bool all)
{
	double sum = 0;
	size_t i;
	uint32_t k;

	json_obj(j, NULL);
	json_str(j, "type", "sampled");
	if (all || !*s->group[group]) {
		json_str(j, "name", hot_kind_name(s->kind));
	} else {
		char name[4300];

		snprintf(name, sizeof(name), "%s: %s", hot_kind_name(s->kind), s->group[group]);
		json_str(j, "name", name);
	}
	json_str(j, "unit", s->kind == HOT_FAULT ? "none" : "nanoseconds");
	json_arr(j, "samples");
	for (i = 0; i < s->n_lines; i++) {
		const struct stacks_line *l = &s->line[i];

		if (!all && l->group != group)
			continue;
		json_arr(j, NULL);
		if (all && *s->group[l->group])
			json_u64(j, NULL, base->group + l->group);
		for (k = 0; k < l->n; k++)
			json_u64(j, NULL, base->fn + l->fn[k]);
		json_end(j);
	}
	json_end(j);
	json_arr(j, "weights");
	for (i = 0; i < s->n_lines; i++) {
		if (!all && s->line[i].group != group)
			continue;
		json_num(j, NULL, s->line[i].w[0]);
		sum += s->line[i].w[0];
	}
	json_end(j);
	json_u64(j, "startValue", 0);
	json_num(j, "endValue", sum);
	json_end(j);
}

struct heavy {
	size_t group;
	double w;
};

static int by_weight(const void *a, const void *b)
{
	const struct heavy *x = a, *y = b;

	if (x->w != y->w)
		return x->w > y->w ? -1 : 1;
	return x->group < y->group ? -1 : x->group > y->group;
}

static int put_groups(struct json *j, const struct stacks *s, const struct base *base)
{
	struct heavy *h = calloc(s->n_groups + 1, sizeof(*h));
	size_t i;

	if (!h)
		return -ENOMEM;
	for (i = 0; i < s->n_groups; i++)
		h[i].group = i;
	for (i = 0; i < s->n_lines; i++)
		h[s->line[i].group].w += s->line[i].w[0];
	qsort(h, s->n_groups, sizeof(*h), by_weight);
	for (i = 0; i < s->n_groups; i++)
		put_profile(j, s, base, h[i].group, false);
	free(h);
	return 0;
}

int speedscope_write(struct stacks *const *s, size_t n, const struct speedscope_opts *o, FILE *f)
{
	struct base *base = calloc(n + 1, sizeof(*base));
	char exporter[128];
	struct json j;
	size_t k;
	int err = 0;

	if (!base)
		return -ENOMEM;
	snprintf(exporter, sizeof(exporter), "mmt-trace %s", o->version);
	json_init(&j, f, false);
	json_obj(&j, NULL);
	json_str(&j, "$schema", SCHEMA);
	json_str(&j, "name", o->name);
	json_str(&j, "exporter", exporter);
	json_u64(&j, "activeProfileIndex", 0);
	put_frames(&j, s, n, base);
	json_arr(&j, "profiles");
	for (k = 0; k < n && !err; k++) {
		if (o->groups)
			err = put_groups(&j, s[k], &base[k]);
		else
			put_profile(&j, s[k], &base[k], 0, true);
	}
	json_end(&j);
	json_end(&j);
	free(base);
	return err ? err : ferror(f) ? -EIO : 0;
}
