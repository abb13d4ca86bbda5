/* SPDX-License-Identifier: GPL-2.0-only */
/* Inside the config reader: the table of what a config can say. */
#ifndef MMT_CONF_SPEC_H
#define MMT_CONF_SPEC_H

#include "conf.h"

enum conf_kind { CONF_TEXT, CONF_NUMBER, CONF_BOOL, CONF_CHOICE, CONF_REGEX, CONF_EVENTS, CONF_COUNTERS };
enum conf_owner { CONF_IN_CONF, CONF_IN_METRIC, CONF_IN_ARM };

struct conf_spec {
	const char *section, *key;
	enum conf_kind kind;
	enum conf_owner owner;
	size_t offset;
	const char *choices; /* "a|b|c" */
	unsigned int min, max;
	const char *help;
};

extern const struct conf_spec conf_specs[];
extern const size_t conf_n_specs;

/*
 * One setting; section as it stands between the brackets. `more` continues the value of the
 * line before. *err gets the reason without file and line.
 */
int conf_set(struct conf *c, const char *section, const char *key, const char *value, int line, bool more,
	     struct conf_err *err);

#endif
