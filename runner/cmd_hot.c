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
	if (!err)
		err = hot_forms_wanted(&c->forms) ? hot_forms_write(&c->forms, h, &c->view, c->sections, f) :
		      hot_show(m, h, &c->view, f);
	hot_free(h);
	return err;
}

/* Is there anything of what was asked for? */
static int check(const struct hot_cmd *c, const struct model *m)
{
	if (hot_forms_check(&c->forms, &c->view, c->output.table.fmt, c->sections, false))
		return -EINVAL;
	if (c->sections && c->view.syscalls && !m->syscalls) {
		out_err("%s: no system calls in this trace: record it with -e syscall", m->path);
		return -ENODATA;
	}
	return 0;
}

/* Two runs; what a row is must mean the same in both. */
static int diff_by(const struct hot_cmd *c, unsigned int *by)
{
	static const enum hot_diff_by of[HOT_BYS] = {
		[HOT_BY_PATH] = HOT_DIFF_PATH, [HOT_BY_FUNCTION] = HOT_DIFF_FUNCTION, [HOT_BY_INSTRUCTION] = HOT_DIFF_INSTRUCTION,
		[HOT_BY_LINE] = HOT_DIFF_LINE, [HOT_BY_REASON] = HOT_DIFF_REASON, [HOT_BY_COMM] = HOT_DIFF_COMM,
	};

	*by = 0;
	if (c->view.default_rows)
		return 0;
	if (c->view.by != HOT_BY_COMM && c->view.by > HOT_BY_REASON) {
		out_err("--by %s: not the same in two runs; --diff has path, function, instruction, line, reason and comm",
			hot_by_name(c->view.by));
		return -EINVAL;
	}
	*by = 1u << (c->view.inclusive ? HOT_DIFF_INCLUSIVE : of[c->view.by]);
	if (c->sections && c->view.syscalls)
		*by |= 1u << HOT_DIFF_SYSCALL;
	return 0;
}

/* In another form than text. */
static int diff_forms(struct hot_cmd *c, struct hot_diff_opts *o, FILE *f)
{
	struct hot_diff *d = NULL;
	struct cmp two;
	int err;

	cmp_init(&two);
	o->no_syscalls = true;
	err = hot_diff_gather(&c->diff, o, &two, &d);
	err = err ? err : hot_forms_diff(&c->forms, d, &o->how, &c->view, c->sections, f);
	hot_diff_free(d);
	cmp_free(&two);
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("hot --diff: %s", strerror(-err));
	return err;
}

static int run_diff(struct hot_cmd *c)
{
	struct hot_diff_opts o = { .from = c->from > 0 ? c->from : 0, .to = c->to > 0 ? c->to : 0, .window = c->model };
	unsigned int by;
	struct out *out;
	int err = diff_by(c, &by);

	if (!err && hot_forms_wanted(&c->forms))
		err = hot_forms_check(&c->forms, &c->view, c->output.table.fmt, c->sections, true);
	if (!err && c->input) {
		out_err("--diff takes two runs as arguments, no trace by -i");
		err = -EINVAL;
	}
	if (err)
		return MMT_EXIT_TROUBLE;
	out = output_open(&c->output);
	hot_cmd_finish(c, NULL);
	o.hot = c->hot;
	o.no_stacks = !c->view.kinds;
	o.no_syscalls = !c->view.syscalls;
	o.top = c->view.top;
	o.depth = c->view.depth;
	if (hot_forms_wanted(&c->forms))
		err = diff_forms(c, &o, out_stream(out));
	else
		err = hot_diff_show(&c->diff, &o, by, &c->output.table, out_stream(out));
	return output_close(out, err) ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
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
	if (c.diff.on)
		return run_diff(&c);
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
