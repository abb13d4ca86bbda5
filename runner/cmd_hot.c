// SPDX-License-Identifier: GPL-2.0-only
/* hot: where faults, blocked time and CPU time come from. */
#include <errno.h>
#include <string.h>

#include "../analyzer/trace_err.h"
#include "cmd.h"
#include "hot_opts.h"

/* What was asked for, onto f. */
static int show(struct hot_cmd *c, const struct model *m, FILE *f)
{
	struct hot *h = NULL;
	int err = 0;

	if (c->view.kinds)
		err = hot_load(m, &c->hot, &h);
	/* other forms of the same hot spots go here, by the options that ask for them */
	err = err ? err : hot_show(m, h, &c->view, f);
	hot_free(h);
	return err;
}

/* Is there anything of what was asked for? */
static int check(const struct hot_cmd *c, const struct model *m)
{
	if (c->sections && c->view.syscalls && !m->syscalls) {
		out_err("%s: no system calls in this trace: record it with -e syscall", m->path);
		return -ENODATA;
	}
	return 0;
}

static int run(int argc, char **argv)
{
	struct model *m = NULL;
	struct out *o = NULL;
	struct hot_cmd c;
	int err;

	hot_cmd_init(&c);
	err = mmt_cmd__parse(&hot_argp, argc, argv, 0, NULL, &c);
	if (err)
		return MMT_EXIT_TROUBLE;
	if (!c.input)
		c.input = "trace.mmt";
	if (!strcmp(c.input, "-")) {
		out_err("hot reads the trace three times: save standard input to a file first");
		return MMT_EXIT_TROUBLE;
	}
	err = model_load(c.input, &c.model, &m);
	if (err) {
		trace_err_say(c.input, err, &c.model);
		return MMT_EXIT_TROUBLE;
	}
	trace_status_say(m);
	err = check(&c, m);
	if (err) {
		model_free(m);
		return MMT_EXIT_TROUBLE;
	}
	o = output_open(&c.output);
	hot_cmd_finish(&c, m);
	err = show(&c, m, out_stream(o));
	if (err && err != -ENODATA)
		trace_err_say(c.input, err, &c.model);
	err = output_close(o, err);
	model_free(m);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_hot = {
	.name = "hot",
	.summary = "where faults, blocked time and CPU time come from",
	.argp = &hot_argp,
	.run = run,
};
