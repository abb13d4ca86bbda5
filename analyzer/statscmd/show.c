// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "call.h"
#include "show.h"

static void walk(struct json *j, const char *key, const json_t *v)
{
	const char *name;
	json_t *e;
	size_t i;

	switch (json_typeof(v)) {
	case JSON_OBJECT:
		json_obj(j, key);
		json_object_foreach((json_t *)v, name, e)
			walk(j, name, e);
		json_end(j);
		break;
	case JSON_ARRAY:
		json_arr(j, key);
		json_array_foreach(v, i, e)
			walk(j, NULL, e);
		json_end(j);
		break;
	case JSON_STRING:
		json_str(j, key, json_string_value(v));
		break;
	case JSON_INTEGER:
		json_s64(j, key, json_integer_value(v));
		break;
	case JSON_REAL:
		json_num(j, key, json_real_value(v));
		break;
	case JSON_NULL:
		json_nil(j, key);
		break;
	default:
		json_bool(j, key, json_is_true(v));
	}
}

void show_json(const json_t *result, bool pretty, FILE *f)
{
	struct json j;

	json_init(&j, f, pretty);
	walk(&j, NULL, result);
}

/* Text cells: 6 digits for people, all for machines. */
static int scalar(char *buf, size_t size, const json_t *v, bool people)
{
	double d = json_real_value(v);

	switch (json_typeof(v)) {
	case JSON_STRING:
		return snprintf(buf, size, "%s", json_string_value(v));
	case JSON_INTEGER:
		return snprintf(buf, size, "%lld", (long long)json_integer_value(v));
	case JSON_REAL:
		if (people && d == rint(d) && fabs(d) < 1e15)
			return snprintf(buf, size, "%.0f", d);
		/* fixed point where that is short */
		if (people && d != 0 && fabs(d) >= 1e-4 && fabs(d) < 1e9)
			return table_fmt_sig(buf, size, d, 6, false);
		return snprintf(buf, size, people ? "%.6g" : "%.17g", d);
	case JSON_NULL:
		return snprintf(buf, size, "nan");
	default:
		return snprintf(buf, size, json_is_true(v) ? "yes" : "no");
	}
}

static bool in_one_cell(const json_t *array)
{
	size_t i;
	json_t *e;

	json_array_foreach(array, i, e)
		if (json_is_object(e) || json_is_array(e))
			return false;
	return json_array_size(array) <= 4;
}

static void row(struct table *t, const char *key, const json_t *v, bool people)
{
	char buf[256] = "";
	size_t i, len = 0;
	json_t *e;

	if (json_is_array(v)) {
		json_array_foreach(v, i, e) {
			if (len + 40 > sizeof(buf))
				break;
			if (i)
				buf[len++] = ' ';
			len += (size_t)scalar(buf + len, sizeof(buf) - len, e, people);
		}
	} else {
		scalar(buf, sizeof(buf), v, people);
	}
	table_text(t, key);
	table_text(t, json_is_array(v) && !json_array_size(v) ? NULL : buf);
}

static void rows(struct table *t, const char *prefix, const json_t *v, bool people)
{
	const char *name;
	char key[256];
	json_t *e;
	size_t i;

	if (json_is_object(v)) {
		json_object_foreach((json_t *)v, name, e) {
			snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "", name);
			rows(t, key, e, people);
		}
	} else if (json_is_array(v) && !in_one_cell(v)) {
		json_array_foreach(v, i, e) {
			snprintf(key, sizeof(key), "%s[%zu]", prefix, i);
			rows(t, key, e, people);
		}
	} else {
		row(t, prefix, v, people);
	}
}

int show_table(const char *id, const char *title, const json_t *result, const struct table_out *o, FILE *f)
{
	static const struct table_col cols[] = {
		{ .id = "field", .head = "Field", .type = COL_TEXT, .flags = COL_KEY },
		{ .id = "value", .head = "Value", .type = COL_TEXT, .flags = COL_RIGHT },
	};
	struct table *t = table_new(id, title, cols, 2);
	int err;

	if (!t)
		return -ENOMEM;
	rows(t, "", result, o->fmt == TABLE_TEXT);
	err = table_err(t);
	if (!err)
		table_write(t, f, o);
	table_free(t);
	return err;
}
