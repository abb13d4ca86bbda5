// SPDX-License-Identifier: GPL-2.0-only
/* list: what can be run, recorded, read, and what has been run. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../analyzer/metrics.h"
#include "../analyzer/out.h"
#include "../analyzer/table.h"
#include "../collector/perf_count.h"
#include "../collector/session.h"
#include "../collector/vms.h"
#include "bench.h"
#include "cmd.h"
#include "conf_find.h"
#include "run_summary.h"
#include "../analyzer/suggest.h"
#include "workload.h"

struct settings {
	const char *what, *dir;
	struct table_out out;
};

enum { KEY_NDJSON = 256, KEY_CSV };

static const struct argp_option options[] = {
	{ "directory", 'd', "DIR", 0, "Directory of results, for runs (default: ./work/log)", 0 },
	{ "json", 'j', NULL, 0, "Print JSON", 0 },
	{ "ndjson", KEY_NDJSON, NULL, 0, "Print one JSON object a row", 0 },
	{ "csv", KEY_CSV, NULL, 0, "Print CSV", 0 },
	{ "field-separator", 'x', "SEP", 0, "Print CSV with this separator", 0 },
	{ 0 },
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct settings *s = state->input;

	switch (key) {
	case 'd':
		s->dir = arg;
		return 0;
	case 'j':
		s->out.fmt = TABLE_JSON;
		return 0;
	case KEY_NDJSON:
		s->out.fmt = TABLE_NDJSON;
		return 0;
	case 'x':
		s->out.sep = arg;
		/* fall through */
	case KEY_CSV:
		s->out.fmt = TABLE_CSV;
		return 0;
	case ARGP_KEY_ARG:
		if (s->what)
			argp_error(state, "one list at a time; '%s' is the second", arg);
		s->what = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "[benchmarks|configs|counters|events|families|metrics|workloads|runs|vms]",
	.doc = "List what can be run and recorded, which kernel metrics there are, and which runs have results.",
};

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* What stands in the way of a config's benchmarks here: "", or the missing program. */
static void readiness(const struct conf *c, char *buf, size_t size)
{
	char prog[128], package[128];

	*buf = '\0';
	if (bench_missing(c, prog, sizeof(prog), package, sizeof(package)))
		snprintf(buf, size, "needs %s%s%s%s", prog, *package ? " (" : "", package, *package ? ")" : "");
}

/* Calls fn for each config that can be read; the others are said and counted as trouble. */
static int each_conf(struct table *t, int (*fn)(struct table *t, const struct conf *c, const char *name))
{
	struct conf_list l;
	struct conf_err err;
	int ret = conf_list_all(&l), bad = 0;

	for (size_t i = 0; i < l.n && !ret; i++) {
		char *name = conf_name(l.path[i]);
		struct conf *c = NULL;

		if (!name) {
			ret = -ENOMEM;
		} else if (conf_load(l.path[i], &c, &err) || conf_check(c, &err)) {
			out_err("list: %s", err.text);
			bad = -EINVAL;
		} else {
			ret = fn(t, c, name);
		}
		conf_free(c);
		free(name);
	}
	conf_list_free(&l);
	return ret ? ret : bad;
}

static int conf_row(struct table *t, const struct conf *c, const char *name)
{
	char state[300];

	readiness(c, state, sizeof(state));
	table_text(t, name);
	table_text(t, c->title);
	table_text(t, *state ? state : "ready");
	table_text(t, c->path);
	return 0;
}

static int list_configs(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "config", .head = "config" },
		{ .id = "title", .head = "what" },
		{ .id = "state", .head = "state" },
		{ .id = "path", .head = "path", .flags = COL_NO_TEXT },
	};

	(void)s;
	*t = table_new("configs", NULL, cols, N(cols));
	return each_conf(*t, conf_row);
}

static int bench_rows(struct table *t, const struct conf *c, const char *name)
{
	struct benches b = { 0 };
	struct bench_machine m;
	struct conf_err err;
	char state[300];
	int ret;

	bench_machine_here(&m);
	readiness(c, state, sizeof(state));
	ret = bench_expand(c, &m, &b, &err);
	if (ret == -EINVAL)
		out_err("list: %s", err.text);
	for (size_t i = 0; i < b.n && !ret; i++) {
		table_text(t, b.v[i].name);
		table_text(t, name);
		table_u64(t, b.v[i].n_parts);
		table_text(t, *state ? state : "ready");
		table_text(t, b.v[i].parts[0].command);
	}
	benches_free(&b);
	return ret;
}

static int list_benchmarks(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "benchmark", .head = "benchmark" },
		{ .id = "config", .head = "config" },
		{ .id = "commands", .head = "commands", .type = COL_COUNT },
		{ .id = "state", .head = "state" },
		{ .id = "command", .head = "command", .flags = COL_NO_TEXT },
	};

	(void)s;
	*t = table_new("benchmarks", NULL, cols, N(cols));
	return each_conf(*t, bench_rows);
}

#define HOT "in one word: sched,fault,offcpu,profile,syscall,map, as far as there are such"

static int list_events(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "event", .head = "event" },
		{ .id = "profile", .head = "from profile" },
		{ .id = "what", .head = "what" },
	};
	static const char *const rows[][3] = {
		{ "sched", "light", "the scheduler family: exact totals of switches, migrations, run time, latencies" },
		{ "sched:switch", "default", "every context switch" },
		{ "sched:migrate", "default", "every move of a task to another CPU" },
		{ "sched:wakeup", "full", "every wakeup" },
		{ "sched:waking", "-e", "every wakeup request, on the waker's CPU" },
		{ "hot", "-e", HOT },
	};
	const char *name, *summary;

	(void)s;
	*t = table_new("events", NULL, cols, N(cols));
	for (size_t i = 0; i < N(rows); i++)
		for (size_t k = 0; k < 3; k++)
			table_text(*t, rows[i][k]);
	for (unsigned int i = 0; (name = mmt_session__family(i, &summary)); i++) {
		table_text(*t, name);
		table_text(*t, "-e");
		table_text(*t, summary);
	}
	return 0;
}

static int put_counter(struct table *t, const char *name, const char *kind)
{
	char why[256] = "yes";

	if (mmt_perf_count__try(name, why, sizeof(why)) == -ENOMEM)
		return -ENOMEM;
	table_text(t, name);
	table_text(t, kind);
	table_text(t, why);
	return 0;
}

static int put_pmu_counter(void *t, const char *pmu, const char *event)
{
	char name[MMT_PERF_NAME];

	snprintf(name, sizeof(name), "%.40s/%.50s/", pmu, event);
	return put_counter(t, name, "PMU");
}

static int list_counters(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "counter", .head = "counter" },
		{ .id = "kind", .head = "of" },
		{ .id = "here", .head = "here" },
	};
	const char *name, *kind;
	char buf[MMT_PERF_NAME];
	int err = 0;

	(void)s;
	*t = table_new("counters", NULL, cols, N(cols));
	for (unsigned int i = 0; !err && (name = mmt_perf_events__name(i, &kind, buf, sizeof(buf))); i++)
		err = put_counter(*t, name, kind);
	return err ? err : mmt_perf_pmu__each("", put_pmu_counter, *t);
}

static int list_families(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "family", .head = "family" },
		{ .id = "what", .head = "what" },
	};
	const char *name, *summary;

	(void)s;
	*t = table_new("families", NULL, cols, N(cols));
	table_text(*t, "sched");
	table_text(*t, "the scheduler; always recorded");
	for (unsigned int i = 0; (name = mmt_session__family(i, &summary)); i++) {
		table_text(*t, name);
		table_text(*t, summary);
	}
	table_text(*t, "hot");
	table_text(*t, HOT);
	return 0;
}

static int list_metrics(const struct settings *s, struct table **t)
{
	(void)s;
	*t = metrics_table();
	return 0;
}

static int list_workloads(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "workload", .head = "workload" },
		{ .id = "argument", .head = "argument" },
		{ .id = "default", .head = "default", .type = COL_COUNT },
		{ .id = "what", .head = "what" },
	};

	(void)s;
	*t = table_new("workloads", NULL, cols, N(cols));
	for (const struct workload *w = workloads; w->name; w++) {
		table_text(*t, w->name);
		table_text(*t, w->arg);
		table_u64(*t, w->n);
		table_text(*t, w->summary);
	}
	return 0;
}

static void run_row(struct table *t, const char *dir, const char *name)
{
	struct run_summary sum;
	int err = run_json_summary(dir, name, &sum);

	table_text(t, name);
	if (err) {
		table_none(t);
		table_none(t);
	} else {
		table_u64(t, sum.ok);
		table_u64(t, sum.bad);
	}
	table_text(t, sum.kernel);
	table_text(t, sum.options);
	free(sum.kernel);
	free(sum.options);
}

static bool has_iterations(const char *dir, const char *name)
{
	const struct dirent *e;
	bool yes = false;
	char *path;
	DIR *d;

	if (*name == '.' || asprintf(&path, "%s/%s", dir, name) < 0)
		return false;
	d = opendir(path);
	free(path);
	while (d && !yes && (e = readdir(d)))
		yes = !strncmp(e->d_name, "iter-", 5) && isdigit((unsigned char)e->d_name[5]);
	if (d)
		closedir(d);
	return yes;
}

static int list_runs(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "run", .head = "run" },
		{ .id = "ok", .head = "ok", .type = COL_COUNT },
		{ .id = "not_ok", .head = "not ok", .type = COL_COUNT },
		{ .id = "kernel", .head = "kernel" },
		{ .id = "options", .head = "options" },
	};
	struct dirent **e;
	int n = scandir(s->dir, &e, NULL, alphasort);

	*t = table_new("runs", NULL, cols, N(cols));
	if (n < 0) {
		out_err("list: cannot read %s: %s; -d names the directory of results", s->dir, strerror(errno));
		return -ENOENT;
	}
	for (int i = 0; i < n; i++) {
		if (has_iterations(s->dir, e[i]->d_name))
			run_row(*t, s->dir, e[i]->d_name);
		free(e[i]);
	}
	free(e);
	return 0;
}

/* "101 102 ...", by number of the virtual CPU */
static void vm_threads(struct table *t, const struct mmt_vm *vm)
{
	char text[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < vm->n_vcpus && at < sizeof(text); i++)
		at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%u", i ? " " : "", vm->vcpus[i].tid);
	table_text(t, text[0] ? text : NULL);
}

static int list_vms(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "vm", .head = "vm" },
		{ .id = "pid", .head = "pid", .type = COL_COUNT },
		{ .id = "vmm", .head = "VMM" },
		{ .id = "accel", .head = "accel" },
		{ .id = "vcpus", .head = "vcpus", .type = COL_COUNT },
		{ .id = "known", .head = "known", .type = COL_COUNT },
		{ .id = "threads", .head = "threads", .max = 40 },
		{ .id = "scope", .head = "scope" },
	};
	struct mmt_vms vms;
	int err = mmt_vms__scan("/proc", &vms);

	(void)s;
	if (err) {
		out_err("list: cannot look for VMs in /proc: %s", strerror(-err));
		return err;
	}
	*t = table_new("vms", NULL, cols, N(cols));
	for (size_t i = 0; i < vms.n; i++) {
		const struct mmt_vm *vm = &vms.v[i];

		table_text(*t, vm->name);
		table_u64(*t, vm->pid);
		table_text(*t, mmt_vmm_name(vm->vmm));
		table_text(*t, mmt_accel_name(vm->accel));
		if (vm->n_fds || (vm->n_vcpus && vm->accel != MMT_ACCEL_KVM))
			table_u64(*t, vm->n_fds > vm->n_vcpus ? vm->n_fds : vm->n_vcpus);
		else
			table_none(*t); /* not ours to see */
		table_u64(*t, vm->n_vcpus);
		vm_threads(*t, vm);
		table_text(*t, vm->scope[0] ? vm->scope : NULL);
	}
	mmt_vms__free(&vms);
	return 0;
}

static const struct { const char *name, *what; int (*fn)(const struct settings *s, struct table **t); } lists[] = {
	{ "benchmarks", "what `run -c` can run, and whether its programs are there", list_benchmarks },
	{ "configs", "files that describe benchmarks", list_configs },
	{ "counters", "what `--counter` can count, and whether this machine has it", list_counters },
	{ "events", "what `record -e` can record", list_events },
	{ "families", "families of kernel events for `record -e` and `run -e`", list_families },
	{ "metrics", "kernel metrics of reports and comparisons", list_metrics },
	{ "workloads", "built-in workloads with known answers", list_workloads },
	{ "runs", "results in the directory given by -d", list_runs },
	{ "vms", "virtual machines of this host, and the threads that are their CPUs", list_vms },
};

static int list_lists(const struct settings *s, struct table **t)
{
	static const struct table_col cols[] = {
		{ .id = "list", .head = "list" },
		{ .id = "what", .head = "what" },
	};

	(void)s;
	*t = table_new("lists", NULL, cols, N(cols));
	for (size_t i = 0; i < N(lists); i++) {
		table_text(*t, lists[i].name);
		table_text(*t, lists[i].what);
	}
	return 0;
}

static int fill(const struct settings *s, struct table **t)
{
	const char *names[N(lists)];
	char hint[96];

	if (!s->what)
		return list_lists(s, t);
	for (size_t i = 0; i < N(lists); i++) {
		if (!strcmp(lists[i].name, s->what))
			return lists[i].fn(s, t);
		names[i] = lists[i].name;
	}
	out_err("list: there is no list of '%s'%s; there are: benchmarks, configs, counters, events, families, metrics, workloads, runs, vms",
		s->what, suggest_hint(hint, sizeof(hint), s->what, names, N(lists)));
	return -EINVAL;
}

static int run(int argc, char **argv)
{
	struct settings s = { .dir = "work/log" };
	struct out_opts oo = { 0 };
	struct table *t = NULL;
	struct out *o;
	int err;

	if (mmt_cmd__parse(&argp, argc, argv, 0, NULL, &s))
		return MMT_EXIT_TROUBLE;
	err = fill(&s, &t);
	if (!t || table_err(t) || (err && !table_rows(t))) {
		table_free(t);
		return MMT_EXIT_TROUBLE;
	}
	o = out_open(&oo);
	s.out.color = out_color(o);
	table_write(t, out_stream(o), &s.out);
	table_free(t);
	if (out_close(o)) {
		out_err("list: standard output could not be written");
		err = -EIO;
	}
	return err ? MMT_EXIT_TROUBLE : MMT_EXIT_OK;
}

const struct mmt_cmd cmd_list = {
	.name = "list",
	.summary = "list benchmarks, configs, counters, events, families, metrics, workloads, runs, vms",
	.argp = &argp,
	.run = run,
};
