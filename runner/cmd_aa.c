// SPDX-License-Identifier: GPL-2.0-only
/* aa: same against same, on recorded results or on runs that it makes. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../analyzer/compare/show.h"
#include "../analyzer/gate/aa.h"
#include "cmd.h"
#include "compare_opts.h"
#include "output.h"

#define PATH 4096

struct settings {
	struct compare_opts data;
	struct output output;
	const char *scheme, *prefix, *metrics;
	unsigned int per_arm, pairs;
	bool no_save;
	char **run; /* the options of run, NULL-terminated; NULL: recorded results */
	int n_run;
};

enum { OPT_PAIRING = 256, OPT_PER_ARM, OPT_NO_SAVE, OPT_RUN, OPT_PAIRS, OPT_PREFIX };

static const struct argp_option options[] = {
	{ "pairing", OPT_PAIRING, "HOW", 0,
	  "runs: every pair of them (default); neighbours: first and second, third and fourth; split: within each run "
	  "(default for one)",
	  2 },
	{ "per-arm", OPT_PER_ARM, "N", 0, "Iterations on each side of a split (default: 5)", 2 },
	{ "metrics", 'm', "PATTERN,...", 0, "Kernel metrics too (default: the usual ones)", 2 },
	{ "no-save", OPT_NO_SAVE, NULL, 0, "Neither read nor write DIR/aa.json", 2 },
	{ "run", OPT_RUN, NULL, 0, "Make the runs: all words after this are options and command of run", 3 },
	{ "pairs", OPT_PAIRS, "N", 0, "How many pairs to run (default: 10)", 3 },
	{ "prefix", OPT_PREFIX, "NAME", 0, "Their names are NAME-1-x, NAME-1-y, NAME-2-x, ... (default: aa)", 3 },
	{ 0 },
};

static void number(struct argp_state *state, const char *name, const char *arg, unsigned int lo, unsigned int *to)
{
	char *end;
	unsigned long v = strtoul(arg, &end, 10);

	if (end == arg || *end || *arg == '-' || v < lo || v > 10000)
		argp_error(state, "--%s %s: expected a number from %u to 10000", name, arg, lo);
	*to = (unsigned int)v;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = state->child_inputs[1] = &s->data;
		state->child_inputs[2] = &s->output;
		break;
	case OPT_PAIRING:
		s->scheme = arg;
		break;
	case OPT_PER_ARM:
		number(state, "per-arm", arg, 2, &s->per_arm);
		break;
	case 'm':
		s->metrics = arg;
		break;
	case OPT_NO_SAVE:
		s->no_save = true;
		break;
	case OPT_PAIRS:
		number(state, "pairs", arg, 1, &s->pairs);
		break;
	case OPT_PREFIX:
		if (!*arg || *arg == '.' || strpbrk(arg, "/, \t\n"))
			argp_error(state, "--prefix %s: expected one word without '/' and ','", arg);
		s->prefix = arg;
		break;
	case OPT_RUN:
		break; /* the words after it were cut off before, see run() */
	case ARGP_KEY_ARG:
		argp_error(state, "'%s': aa works on results (-d, -b, -n); a command to run stands after --run", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_child children[] = {
	{ &compare_data_argp, 0, "What to compare:", 1 },
	{ &compare_how_argp, 0, "How to decide:", 4 },
	{ &output_argp, 0, "How to print it:", 5 },
	{ 0 },
};

static const struct argp argp = {
	.children = children,
	.options = options,
	.parser = parse,
	.args_doc = "-d DIR -b BENCHMARK -n A1,A2,...\n--run RUN-OPTION... [-- COMMAND...]",
	.doc = "Same against same: how far metrics move when nothing changes (the floor below which compare calls "
	       "nothing a change), "
	       "and how often the rule is wrong here.",
};

static int scheme_of(const struct settings *s, const struct cmp *c, enum aa_scheme *scheme)
{
	int i;

	*scheme = s->run ? AA_NEIGHBOURS : c->n_arms > 1 ? AA_RUNS : AA_SPLIT;
	if (!s->scheme)
		return 0;
	for (i = AA_RUNS; i <= AA_SPLIT; i++) {
		if (strcmp(s->scheme, aa_scheme_name((enum aa_scheme)i)))
			continue;
		*scheme = (enum aa_scheme)i;
		return 0;
	}
	out_err("aa: --pairing %s: expected runs, neighbours or split", s->scheme);
	return -EINVAL;
}

/* What is not the same system is no A/A pair; said, not refused: some facts change by themselves. */
static int warn_systems(const struct cmp *c)
{
	struct table *t = cmp_systems_table(c);
	size_t n = t ? table_rows(t) / c->n_arms : 0;

	if (n)
		out_warn("aa: the runs differ in %zu fact%s of their systems (listed below): are they the same?", n,
			 n == 1 ? "" : "s");
	table_free(t);
	return t ? 0 : -ENOMEM;
}

/* Another kernel or machine is another system, whatever the runs are called. */
static const char *other_system(const struct cmp *c)
{
	static const char *const key[] = { "host.name", "cpu.model", "kernel.release", "kernel.version",
					   "kernel.cmdline" };
	const char *a, *b;
	size_t i, k;

	for (i = 0; i < sizeof(key) / sizeof(key[0]); i++) {
		a = cmp_one_fact(&c->arm[0], key[i]);
		for (k = 1; k < c->n_arms; k++) {
			b = cmp_one_fact(&c->arm[k], key[i]);
			if (a && b && strcmp(a, b) != 0)
				return key[i];
		}
	}
	return NULL;
}

static bool usual_rule(const struct cmp_opts *o)
{
	return !o->unit && !o->unpaired && o->alpha <= 0 && o->min_effect <= 0 && !o->primary &&
	       o->benchmark_adjust == STATS_HOLM && o->kernel_adjust == STATS_BH;
}

/* The histories that this call added to. */
static int report(struct settings *s, const struct cmp *c, const struct aa_store *store, enum aa_scheme scheme,
		  const char *stored)
{
	struct aa_about about = { .c = c, .scheme = scheme, .how = &s->data.how, .stored = stored };
	struct aa_sum *sum = calloc(store->n + 1, sizeof(*sum));
	size_t i, n = 0;
	struct out *o;
	int err = sum ? 0 : -ENOMEM;

	for (i = 0; i < store->n && !err; i++) {
		if (!store->h[i].added)
			continue;
		err = aa_sum(&store->h[i], &sum[n]);
		n += !err;
	}
	if (!err) {
		o = output_open(&s->output);
		err = output_close(o, aa_write(sum, n, &about, &s->output.table, out_stream(o)));
	}
	while (n)
		aa_sum_free(&sum[--n]);
	free(sum);
	return err;
}

static int analyse_pairs(struct settings *s, const struct cmp *c, const struct aa_pairs *pairs, enum aa_scheme scheme)
{
	const char *other = other_system(c);
	bool usual = usual_rule(&s->data.how), save = !s->no_save && usual && !other;
	struct aa_store store = { 0 };
	char path[PATH], why[400];
	int err = 0;

	if (!s->no_save && !save)
		out_warn("aa: %s%s: nothing is added to %s/aa.json", other ? "the systems are not the same, another " :
			 "not by the usual rule", other ? other : "", c->dir);
	if (snprintf(path, sizeof(path), "%s/aa.json", c->dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	if (save)
		err = aa_store_load(path, &store, why, sizeof(why));
	if (err && err != -ENOENT) {
		out_err("aa: %s", why);
		return err;
	}
	err = aa_compare(c, pairs, scheme, &s->data.how, &store);
	if (!err && save) {
		err = aa_store_save(path, &store);
		if (err)
			out_err("aa: cannot write %s: %s", path, strerror(-err));
	}
	if (!err)
		err = report(s, c, &store, scheme, save ? path : NULL);
	aa_store_free(&store);
	return err;
}

static int analyse(struct settings *s)
{
	enum aa_scheme scheme;
	struct aa_pairs pairs = { 0 };
	struct cmp c;
	size_t i;
	int err;

	cmp_init(&c);
	c.log = out_log;
	c.patterns = s->metrics;
	err = s->metrics ? compare_known_metrics("-m", s->metrics) : 0;
	if (!err)
		err = compare_gather(&c, &s->data, "aa");
	for (i = 0; i < c.n_metrics; i++)
		c.metric[i].floor = c.metric[i].floor_blocks = (struct cmp_floor){ 0 }; /* that is what is measured */
	if (!err)
		err = scheme_of(s, &c, &scheme);
	if (!err)
		err = warn_systems(&c);
	if (!err)
		err = aa_pairs(&c, scheme, s->per_arm, &pairs);
	if (!err && !pairs.n) {
		out_err("aa: %s: no pair can be made of %zu run%s; %s", s->data.dir ? s->data.dir : "work/log",
			c.n_arms, c.n_arms == 1 ? "" : "s",
			scheme == AA_SPLIT ? "a split needs 4 iterations or more" : "name two or more by -n");
		err = -ENODATA;
	}
	if (!err)
		err = analyse_pairs(s, &c, &pairs, scheme);
	if (err == -ENOMEM || err == -ENAMETOOLONG)
		out_err("aa: %s", strerror(-err));
	aa_pairs_free(&pairs);
	cmp_free(&c);
	return err;
}

/* ---------------------------------------------------------------------- --run */

/* "PREFIX-N-": N, or 0 */
static unsigned long number_of(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	char *end;
	unsigned long k;

	if (strncmp(name, prefix, n) || name[n] != '-' || !isdigit((unsigned char)name[n + 1]))
		return 0;
	k = strtoul(name + n + 1, &end, 10);
	return k < 1000000 && (!strcmp(end, "-x") || !strcmp(end, "-y")) ? k : 0;
}

static unsigned long last_number(const char *dir, const char *prefix)
{
	unsigned long last = 0, k;
	const struct dirent *e;
	DIR *d = opendir(dir);

	while (d && (e = readdir(d))) {
		k = number_of(e->d_name, prefix);
		last = k > last ? k : last;
	}
	if (d)
		closedir(d);
	return last;
}

/* The same thing under two names, interleaved by run itself: A B B A. */
static int run_pair(const struct settings *s, const char *dir, unsigned long k)
{
	/* words with a ':' are never names of arms that a config has */
	static char x[] = "x:env.MMT_TRACE_AA=x", y[] = "y:env.MMT_TRACE_AA=y", arm[] = "--arm", d[] = "-d", n[] = "-n",
		    run[] = "run";
	char name[300], **argv = calloc((size_t)s->n_run + 10, sizeof(*argv));
	int argc = 0, i, ret;

	if (!argv)
		return MMT_EXIT_OURS;
	snprintf(name, sizeof(name), "%.200s-%lu", s->prefix, k);
	argv[argc++] = run;
	argv[argc++] = d;
	argv[argc++] = (char *)dir;
	argv[argc++] = n;
	argv[argc++] = name;
	argv[argc++] = arm;
	argv[argc++] = x;
	argv[argc++] = arm;
	argv[argc++] = y;
	for (i = 0; i < s->n_run; i++)
		argv[argc++] = s->run[i];
	ret = cmd_run.run(argc, argv);
	free(argv);
	return ret;
}

/* All pairs with this prefix, of this call and before, as one list; those that were cut short apart. */
static char *names_of(const char *dir, const char *prefix, unsigned long last)
{
	char *list = NULL, path[2][PATH];
	unsigned long k;
	size_t size;
	FILE *f = open_memstream(&list, &size);

	for (k = 1; f && k <= last; k++) {
		snprintf(path[0], PATH, "%s/%s-%lu-x", dir, prefix, k);
		snprintf(path[1], PATH, "%s/%s-%lu-y", dir, prefix, k);
		if (!access(path[0], F_OK) && !access(path[1], F_OK))
			fprintf(f, "%s%s-%lu-x,%s-%lu-y", ftell(f) ? "," : "", prefix, k, prefix, k);
	}
	if (f && fclose(f)) {
		free(list);
		return NULL;
	}
	return list;
}

/* The benchmarks of the first pair, each analysed by itself. */
static int analyse_all(struct settings *s, const char *dir, unsigned long last)
{
	char path[PATH], bench[256], *names = names_of(dir, s->prefix, last);
	const struct dirent *e;
	DIR *d;
	int err = names ? 0 : -ENOMEM;

	s->data.names = names;
	s->data.dir = dir;
	if (s->data.bench) {
		err = err ? err : analyse(s);
		free(names);
		return err;
	}
	snprintf(path, sizeof(path), "%s/%s-%lu-x/iter-0", dir, s->prefix, last);
	d = opendir(path);
	while (!err && d && (e = readdir(d))) {
		if (*e->d_name == '.' ||
		    snprintf(path, sizeof(path), "%s/%s-%lu-x/iter-0/%s/results.tsv", dir, s->prefix, last,
			     e->d_name) >= (int)sizeof(path) ||
		    access(path, F_OK))
			continue;
		snprintf(bench, sizeof(bench), "%s", e->d_name);
		s->data.bench = bench;
		err = analyse(s);
	}
	if (d)
		closedir(d);
	free(names);
	return err;
}

static int run_all_pairs(struct settings *s)
{
	const char *dir = s->data.dir ? s->data.dir : "work/log";
	unsigned long first = last_number(dir, s->prefix) + 1, k;
	int ret = 0;

	if (!s->n_run) {
		out_err("aa: nothing to run after --run: give options of run, -c CONFIG or -- COMMAND");
		return MMT_EXIT_TROUBLE;
	}
	for (k = first; k < first + s->pairs && !ret; k++)
		ret = run_pair(s, dir, k);
	if (ret) {
		out_err("aa: run of pair %lu ended with status %d; what is complete can be read by mmt-trace aa -n",
			k - 1, ret);
		return ret > 128 ? ret : MMT_EXIT_TROUBLE;
	}
	return analyse_all(s, dir, k - 1) ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

static int run(int argc, char **argv)
{
	struct settings s = { .per_arm = 5, .pairs = 10, .prefix = "aa" };
	int i, own = argc;

	for (i = 1; i < argc && own == argc; i++) {
		if (strcmp(argv[i], "--run"))
			continue;
		own = i + 1;
		s.run = argv + i + 1;
		s.n_run = argc - own;
	}
	if (mmt_cmd__parse(&argp, own, argv, 0, NULL, &s))
		return MMT_EXIT_TROUBLE;
	if (s.run)
		return run_all_pairs(&s);
	if (!s.data.names) {
		out_err("aa: which runs are of the same system? Name them by -n A1,A2,... (one with many iterations "
			"will do)");
		return MMT_EXIT_TROUBLE;
	}
	return analyse(&s) ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_aa = {
	.name = "aa",
	.summary = "same against same: what differs when nothing does, and how often the rule is wrong",
	.argp = &argp,
	.run = run,
};
