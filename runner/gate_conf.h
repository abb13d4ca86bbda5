/* SPDX-License-Identifier: GPL-2.0-only */
/* gate.conf: the options of gate in a file. */
#ifndef MMT_GATE_CONF_H
#define MMT_GATE_CONF_H

#include "../analyzer/gate/gate.h"
#include "compare_opts.h"
#include "conf.h"

struct gate_conf {
	struct compare_opts *data;
	struct gate_opts *gate;
	const char *path;
	struct conf_pairs seen; /* of [gate]; the strings that data points to */
	char *had_metrics;      /* while the command line is read */
	char section[64];
	size_t rule;            /* of this section */
};

/* -errno; what it says in err is whole: file, line, what, and what is allowed. */
int gate_conf_load(const char *path, struct gate_conf *g, struct conf_err *err);
void gate_conf_free(struct gate_conf *g);
/* "5" or "5%" as 0.05, for thresholds; -EINVAL. */
int gate_percent(const char *s, double *v);
/* Any finite number. */
int gate_number(const char *s, double *v);

#endif
