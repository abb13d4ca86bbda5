// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/dump.h"
#include "../analyzer/export.h"
#include "../analyzer/out.h"
#include "../analyzer/trace_err.h"
#include "cmd.h"

#define MAX_LIST 4096

struct settings {
	const char *input, *output, *table, *time;
	bool has_format;
	struct export_opts ex;
	uint32_t tids[MAX_LIST], cpus[MAX_LIST];
	struct out_opts out;
};

enum { OPT_FORMAT = 256, OPT_TABLE, OPT_TIME };

static const struct argp_option options[] = {
	{ "input", 'i', "FILE", 0, "Trace to read; also as argument", 1 },
	{ "output", 'o', "FILE", 0, "Write here (default: standard output)", 1 },
	{ "format", OPT_FORMAT, "FORMAT", 0, "csv, json, ndjson or perf-script (default: ndjson)", 1 },
	{ "table", OPT_TABLE, "NAME", 0, "Export this table instead of the events, e.g. task_totals; csv, json or ndjson", 1 },
	{ "field-separator", 'x', "SEP", 0, "Separator of CSV (default: comma)", 1 },
	{ NULL, 0, NULL, OPTION_DOC, "Which events:", 2 },
	{ "event", 'e', "TYPE,...", 0, "switch, wakeup, migrate, fork, exec, exit, ... (default: all)", 2 },
	{ "time", OPT_TIME, "FROM,TO", 0,
	  "Seconds of the trace clock, as perf script prints them; with + from the first mark; either may be empty", 2 },
	{ "cpu", 'C', "LIST", 0, "Events of these CPUs: 0,2-4", 2 },
	{ "tid", 't', "TID,...", 0, "Events that name one of these threads", 2 },
	{ 0 },
};

/* "0,2-4" */
static int parse_list(const char *arg, uint32_t *list, size_t *n)
{
	char *end;

	while (*arg) {
		unsigned long a = strtoul(arg, &end, 10), b = a;

		if (end == arg || a > UINT32_MAX)
			return -EINVAL;
		if (*end == '-') {
			arg = end + 1;
			b = strtoul(arg, &end, 10);
			if (end == arg || b < a)
				return -EINVAL;
		}
		for (; a <= b; a++) {
			if (*n == MAX_LIST)
				return -E2BIG;
			list[(*n)++] = (uint32_t)a;
		}
		if (*end && *end != ',')
			return -EINVAL;
		arg = *end ? end + 1 : end;
	}
	return 0;
}

static int parse_format(struct settings *s, const char *arg)
{
	static const char *const name[] = { "csv", "json", "ndjson", "perf-script" };
	size_t i;

	for (i = 0; i < 4; i++) {
		if (!strcmp(arg, name[i])) {
			s->ex.fmt = (enum export_fmt)i;
			s->has_format = true;
			return 0;
		}
	}
	return -EINVAL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'i':
		s->input = arg;
		break;
	case 'o':
		s->output = arg;
		break;
	case OPT_FORMAT:
		if (parse_format(s, arg))
			argp_error(state, "--format %s: choose csv, json, ndjson or perf-script", arg);
		break;
	case OPT_TABLE:
		s->table = arg;
		break;
	case 'x':
		s->ex.sep = arg;
		s->ex.fmt = EXPORT_CSV;
		s->has_format = true;
		break;
	case 'e':
		s->ex.types = arg;
		break;
	case OPT_TIME:
		s->time = arg;
		break;
	case 'C':
		if (parse_list(arg, s->cpus, &s->ex.n_cpus))
			argp_error(state, "-C %s: not a list of CPUs such as 0,2-4", arg);
		break;
	case 't':
		if (parse_list(arg, s->tids, &s->ex.n_tids))
			argp_error(state, "-t %s: not a list of thread ids such as 123,456", arg);
		break;
	case ARGP_KEY_ARG:
		if (s->input)
			argp_error(state, "one trace at a time; '%s' is the second", arg);
		s->input = arg;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[FILE]",
	.doc = "Write the events of a trace, in one order of time, or one of its tables, for other programs."
	       "\vWithout FILE, trace.mmt of the current directory is read. The lines of perf-script are those of perf script "
	       "for sched_switch, sched_wakeup, sched_wakeup_new, sched_waking and sched_migrate_task; priorities are not "
	       "recorded, so 120 stands for all.",
};

/* Seconds with up to 9 digits after the point, exactly. */
static int parse_instant(const char *s, const char *end, uint64_t base, uint64_t *ns)
{
	uint64_t v = 0, frac = 0, unit = 1000000000;
	bool relative = s < end && *s == '+';

	s += relative;
	if (s == end)
		return -EINVAL;
	for (; s < end && *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (s < end && *s == '.')
		for (s++; s < end && *s >= '0' && *s <= '9'; s++)
			frac += (uint64_t)(*s - '0') * (unit /= 10);
	if (s != end)
		return -EINVAL;
	*ns = v * 1000000000 + frac + (relative ? base : 0);
	return 0;
}

static int parse_time(struct settings *s, const struct model *m)
{
	const char *comma, *end;
	uint64_t base = m->n_marks ? m->marks[0].time : 0;
	int err = 0;

	if (!s->time)
		return 0;
	comma = strchrnul(s->time, ',');
	end = s->time + strlen(s->time);
	if (comma > s->time)
		err = parse_instant(s->time, comma, base, &s->ex.from);
	if (!err && *comma && comma[1])
		err = parse_instant(comma + 1, end, base, &s->ex.to);
	if (err)
		out_err("--time %s: give FROM,TO in seconds, such as 12.5,13 or +0.5,+1", s->time);
	return err;
}

static int events(struct settings *s, FILE *f)
{
	struct model_opts mo = { .window = WINDOW_ALL };
	struct model *m;
	int err;

	if (!strcmp(s->input, "-")) {
		out_err("export of events reads the trace twice: save standard input to a file first");
		return -ESPIPE;
	}
	err = model_load(s->input, &mo, &m);
	if (err) {
		trace_err_say(s->input, err, NULL);
		return err;
	}
	trace_status_say(m);
	s->ex.tids = s->tids;
	s->ex.cpus = s->cpus;
	err = parse_time(s, m);
	if (!err) {
		err = export_events(m, &s->ex, f);
		if (err)
			trace_err_say(s->input, err, NULL);
	}
	model_free(m);
	return err;
}

static int table(const struct settings *s, FILE *f)
{
	static const enum table_fmt fmt[] = { TABLE_CSV, TABLE_JSON, TABLE_NDJSON };
	struct table_out o = { .sep = s->ex.sep };
	int err;

	if (s->ex.fmt == EXPORT_PERF_SCRIPT) {
		out_err("--table %s: perf-script is a format of events; choose csv, json or ndjson", s->table);
		return -EINVAL;
	}
	o.fmt = fmt[s->ex.fmt];
	err = dump_table(s->input, s->table, &o, f);
	if (err == -ESRCH)
		out_err("%s: no table named '%s' in this trace; mmt-trace info lists its tables", s->input, s->table);
	else if (err)
		trace_err_say(s->input, err, NULL);
	return err;
}

static int run(int argc, char **argv)
{
	struct settings s = { .ex = { .fmt = EXPORT_NDJSON, .log = out_log } };
	FILE *f = stdout;
	int err;

	err = mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s);
	if (err)
		return MMT_EXIT_TROUBLE;
	if (!s.input)
		s.input = "trace.mmt";
	if (s.output && strcmp(s.output, "-")) {
		f = fopen(s.output, "we");
		if (!f) {
			out_err("%s: cannot write there: %s", s.output, strerror(errno));
			return MMT_EXIT_TROUBLE;
		}
	}
	err = s.table ? table(&s, f) : events(&s, f);
	if ((fflush(f) || ferror(f)) && errno != EPIPE && !err) {
		out_err("%s: could not write all of it: %s", s.output ? s.output : "standard output", strerror(errno));
		err = -EIO;
	}
	if (f != stdout && fclose(f) && !err) {
		out_err("%s: could not write all of it: %s", s.output, strerror(errno));
		err = -EIO;
	}
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_export = {
	.name = "export",
	.summary = "events or tables of a trace as CSV, JSON, or lines of perf script",
	.argp = &argp,
	.run = run,
};
