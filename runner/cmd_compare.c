// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analyzer/compare/show.h"
#include "../analyzer/mmtests/view.h"
#include "../analyzer/page/page.h"
#include "cmd.h"
#include "compare_opts.h"
#include "output.h"

struct settings {
	const char *patterns;
	struct compare_opts data;
	struct output output;
	enum cmp_view view;
	struct mmtests_opts mmtests;
	const char *file; /* of the page */
	bool list, as_mmtests, stars, html;
};

enum { OPT_LIST = 256, OPT_RATIO, OPT_SCOREBOARD, OPT_MMTESTS, OPT_STARS, OPT_HEADING, OPT_MONITOR, OPT_HTML };

static const struct argp_option options[] = {
	{ "metrics", 'm', "PATTERN,...", 0,
	  "Kernel metrics to show: names, prefixes, or with *; all (default: the usual ones)", 2 },
	{ "list-metrics", OPT_LIST, NULL, 0, "List the kernel metrics with unit, direction and definition", 2 },
	{ "print-ratio", OPT_RATIO, NULL, 0, "Ratios to the first arm, with their geometric mean", 2 },
	{ "scoreboard", OPT_SCOREBOARD, NULL, 0, "[a/b] with the width of its interval and a mark where 1 is outside", 2 },
	{ "mmtests", OPT_MMTESTS, NULL, 0, "The benchmark's results as compare-mmtests.pl prints them", 2 },
	{ "stars", OPT_STARS, "WHICH", 0, "Stars of that table: current or classic, the t test of 2024 (default: current)", 2 },
	{ "sub-heading", OPT_HEADING, "TEXT", 0, "Only its metrics whose labels begin so", 2 },
	{ "print-monitor", OPT_MONITOR, "duration", 0, "MMTests' table of the time that the benchmark took", 2 },
	{ "html", OPT_HTML, NULL, 0, "One HTML page with charts, complete in itself; for one run, too", 2 },
	{ "output", 'o', "FILE", 0, "Write the page here (default: standard output)", 2 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &s->data;
		state->child_inputs[2] = &s->output;
		break;
	case 'm':
		s->patterns = arg;
		break;
	case OPT_LIST:
		s->list = true;
		break;
	case OPT_RATIO:
		s->view = CMP_VIEW_RATIO;
		break;
	case OPT_SCOREBOARD:
		s->view = CMP_VIEW_SCOREBOARD;
		break;
	case OPT_MMTESTS:
		s->as_mmtests = true;
		break;
	case OPT_STARS:
		if (strcmp(arg, "current") && strcmp(arg, "classic"))
			argp_error(state, "--stars %s: expected current or classic", arg);
		s->mmtests.classic = !strcmp(arg, "classic");
		s->stars = true;
		break;
	case OPT_HEADING:
		s->mmtests.heading = arg;
		break;
	case OPT_MONITOR:
		s->mmtests.monitor = arg;
		s->as_mmtests = true;
		break;
	case OPT_HTML:
		s->html = true;
		break;
	case 'o':
		s->file = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {
	{ &compare_data_argp, 0, "What to compare:", 1 },
	{ &compare_how_argp, 0, "How to decide:", 3 },
	{ &output_argp, 0, "How to print it:", 4 },
	{ 0 },
};

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "-d DIR -b BENCHMARK -n A,B\nA.mmt B.mmt...\nA1.mmt,A2.mmt B1.mmt,B2.mmt...",
	.doc = "Compare runs: benchmark results and kernel metrics, with a verdict on each."
	       "\vEach argument is an arm; commas join the traces of its iterations. The first arm is compared against. "
	       "- is a missing value, nan one that is not defined (the deviation of one iteration).",
};

static int list_metrics(const struct settings *s, FILE *f, int width)
{
	struct table *t = metrics_table();
	struct table_out o = s->output.table;

	if (!t)
		return -ENOMEM;
	o.width = width;
	table_write(t, f, &o);
	table_free(t);
	return 0;
}

/* MMTests' tables are text, of a benchmark's results. */
static int mmtests_possible(const struct settings *s)
{
	if ((s->stars || s->mmtests.heading) && !s->as_mmtests)
		out_err("--%s belongs to --mmtests", s->stars ? "stars" : "sub-heading");
	else if (s->as_mmtests && s->data.n_traces)
		out_err("--mmtests is a view of results (-d, -b, -n); traces have none");
	else if (s->as_mmtests && (s->output.table.fmt != TABLE_TEXT || s->view == CMP_VIEW_SCOREBOARD || s->html))
		out_err("--mmtests is a text of its own: no other format or view goes with it");
	else
		return 0;
	return -EINVAL;
}

/* Ratios need two; a table of one run has a sense of its own. */
static int arms_enough(const struct settings *s, const struct cmp *c)
{
	if (c->n_arms > 1 || s->view == CMP_VIEW_TABLE || s->as_mmtests || s->html)
		return 0;
	out_err("--%s compares, but there is only one run (%s): name two by -n A,B",
		s->view == CMP_VIEW_RATIO ? "print-ratio" : "scoreboard", c->arm[0].name);
	return -EINVAL;
}

static int show(const struct settings *s, const struct cmp *c, FILE *f)
{
	struct mmtests_opts m = s->mmtests;
	struct cmp_result r;
	int err;

	m.ratio = s->view == CMP_VIEW_RATIO;
	if (s->as_mmtests)
		return mmtests_write(c, &m, f);
	err = cmp_decide(c, &s->data.how, &r);
	if (err)
		return err;
	err = cmp_write(c, &r, s->view, &s->output.table, f);
	cmp_result_free(&r);
	return err;
}

static int page_to(const struct cmp *c, const struct settings *s, FILE *f)
{
	struct page_opts o = { .version = MMT_VERSION, .log = out_log };
	struct cmp_result r;
	int err = cmp_decide(c, &s->data.how, &r);

	if (err)
		return err;
	err = page_write(c, &r, &o, f);
	cmp_result_free(&r);
	return err;
}

static bool to_stdout(const struct settings *s)
{
	return !s->file || !strcmp(s->file, "-");
}

static int page(const struct cmp *c, const struct settings *s)
{
	const char *name = to_stdout(s) ? "standard output" : s->file;
	FILE *f = to_stdout(s) ? stdout : fopen(s->file, "we");
	int err;

	if (!f) {
		err = -errno;
		out_err("%s: cannot write there: %s", name, strerror(-err));
		return err;
	}
	err = page_to(c, s, f);
	if (fflush(f) && !err)
		err = -errno;
	if (f != stdout && fclose(f) && !err)
		err = -errno;
	if (err == -EPIPE && f == stdout)
		return 0; /* the reader had enough */
	if (err && err != -ENOMEM)
		out_err("%s: could not write all of it: %s", name, strerror(-err));
	return err;
}

/* What can be seen to be wrong before anything is read. */
static int check(const struct settings *s)
{
	if (s->file && !s->html) {
		out_err("-o is where --html writes the page; redirect other output");
		return -EINVAL;
	}
	if (s->html && to_stdout(s) && isatty(STDOUT_FILENO)) {
		out_err("--html: a page is nothing for a terminal; name a file with -o");
		return -EINVAL;
	}
	return s->patterns ? compare_known_metrics("-m", s->patterns) : 0;
}

static int run(int argc, char **argv)
{
	struct settings s = { 0 };
	struct out *o;
	struct cmp c;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err)
		return MMT_EXIT_TROUBLE;
	cmp_init(&c);
	c.log = out_log;
	c.patterns = s.patterns;
	c.no_traces = s.as_mmtests;
	c.times_only = s.mmtests.monitor;
	err = check(&s);
	if (!err)
		err = mmtests_possible(&s);
	if (!err && !s.list)
		err = compare_gather(&c, &s.data, "compare");
	if (!err && !s.list)
		err = arms_enough(&s, &c);
	if (!err && s.html && !s.list) {
		err = page(&c, &s);
	} else if (!err) {
		o = output_open(&s.output);
		err = s.list ? list_metrics(&s, out_stream(o), 0) : show(&s, &c, out_stream(o));
		err = output_close(o, err);
	}
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("compare: %s", strerror(-err));
	cmp_free(&c);
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_compare = {
	.name = "compare",
	.summary = "benchmark results and kernel metrics of several runs, with confidence intervals",
	.argp = &argp,
	.run = run,
};
