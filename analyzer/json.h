/* SPDX-License-Identifier: GPL-2.0-only */
/* A streaming JSON writer: commas and indentation are its business, nothing is kept in memory. */
#ifndef MMT_JSON_H
#define MMT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_MAX_DEPTH 16

struct json {
	FILE *f;
	bool pretty;          /* a line a member; else one line in all */
	unsigned int depth;
	unsigned char kind[JSON_MAX_DEPTH]; /* '{' or '[' */
	bool some[JSON_MAX_DEPTH];          /* the level has a member already */
};

/* Length of the UTF-8 sequence at s, of which `left` bytes are there; 0 where it is none. */
size_t json_utf8_len(const unsigned char *s, size_t left);

void json_init(struct json *j, FILE *f, bool pretty);
/* key is NULL inside an array and at the top. */
void json_obj(struct json *j, const char *key);
void json_arr(struct json *j, const char *key);
void json_end(struct json *j); /* the innermost object or array; at the top a line ends */
void json_str(struct json *j, const char *key, const char *s); /* NULL: null; bytes that are no UTF-8 become U+FFFD */
void json_strn(struct json *j, const char *key, const char *s, size_t len);
void json_u64(struct json *j, const char *key, uint64_t v);
void json_s64(struct json *j, const char *key, int64_t v);
void json_num(struct json *j, const char *key, double v); /* 17 significant digits; not finite: null */
void json_bool(struct json *j, const char *key, bool v);
void json_nil(struct json *j, const char *key);

#endif
