// SPDX-License-Identifier: GPL-2.0-only
/* Pages allocated and moved, of known rows: sums, shares, groups, what is missing; and what the kernel's types and files say. */
#include <bpf/btf.h>
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../analyzer/metrics.h"
#include "../../analyzer/numa/pages.h"
#include "../../analyzer/report.h"
#include "../../analyzer/verify.h"
#include "../../collector/numa_facts.h"
#include "near.h"
#include "synth.h"
#include "trace_make.h"

#define NONE UINT64_MAX

static double metric(const struct model *m, const char *name)
{
	struct metric_ctx ctx;
	double v;
	int err;

	assert_non_null(metric_find(name));
	assert_int_equal(metric_ctx_init(&ctx, m), 0);
	err = metric_value(&ctx, metric_find(name), &v);
	metric_ctx_free(&ctx);
	assert_true(!err || err == -ENODATA);
	return err ? -1 : v;
}

static void use(struct synth *s, uint64_t segment, uint64_t epoch, uint64_t node, const uint64_t v[NP_N])
{
	synth_numa_totals(s, 10 * segment, segment, epoch, 7, node, v);
}

static void tasks(struct synth *s)
{
	synth_task(s, 1, 100, 100, 1, 0, 0, "one");
	synth_task(s, 2, 101, 100, 2, 0, 0, "thread");
	synth_task(s, 3, 200, 200, 3, 0, 0, "two");
	synth_task(s, 4, 300, 300, 4, 0, TASK_COLLECTOR, "mmt-trace");
}

/* hint: what the trace says of hint faults and of the nodes of migrations */
static void machine(struct synth *s, const char *hint)
{
	static const uint64_t dist[2][2] = { { 10, 20 }, { 20, 10 } };
	unsigned int i;

	synth_open(s);
	synth_meta(s, "numa", "yes");
	synth_meta(s, "page.kb", "4");
	synth_meta(s, "numa.hint", hint);
	synth_meta(s, "numa.hint.pages", hint);
	synth_meta(s, "numa.migrate", "yes");
	synth_meta(s, "numa.migrate.nodes", hint);
	synth_meta(s, "numa.balancing", "yes");
	synth_meta(s, "numa.tasks", "yes");
	for (i = 0; i < 2; i++) {
		synth_cpu(s, i, i, i, i);
		synth_node(s, i, 1 << 20, dist[i], 2);
	}
	synth_cgroup(s, 7, "/a");
	tasks(s);
}

static char *report(const struct model *m, enum table_fmt fmt, enum report_by by)
{
	struct report_opts o = { .numa = true, .by = by, .out = { .fmt = fmt } };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	assert_int_equal(report_write(m, &o, f), 0);
	fclose(f);
	return text;
}

static void holds(char *text, const char *what)
{
	if (!strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
}

static void fill(struct synth *s)
{
	/* local, remote, hint local, remote, pages, moved, swapped, stuck, allocations */
	static const uint64_t a[NP_N] = { 100, 20, 7, 3, 10, 1, 2, 3, 90, 20 }, b[NP_N] = { 0, 256, 0, 0, 0, 0, 0, 0, 0, 1 },
		c[NP_N] = { 24, 0, 0, 0, 0, 0, 0, 0, 24, 0 }, mine[NP_N] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 };

	synth_mark(s, 1, 0, MARK_START, "start");
	use(s, 1, 1, 0, a);
	use(s, 1, 1, 0, a);
	use(s, 1, 2, 1, b);
	use(s, 1, 3, 1, c);
	use(s, 1, 0, 0, c);
	use(s, 1, 4, 0, mine);
	use(s, 9, 1, 0, a); /* of no segment that there is */
	synth_page_migration(s, 1, 1, 1, 7, "numa_misplaced", 1, 0, 40, 0);
	synth_page_migration(s, 1, 1, 2, 7, "numa_misplaced", 1, 0, 2, 0);
	synth_page_migration(s, 1, 1, 1, 7, "numa_misplaced", NONE, NONE, 0, 4);
	synth_page_migration(s, 1, 1, 3, 7, "compaction", 0, 0, 9, 1);
	synth_page_migration(s, 1, 1, 4, 7, "syscall", 0, 1, 1000, 0);
	synth_mark(s, 2, 100, MARK_END, "end");
}

static void test_sums(void **state)
{
	struct numa_pages_group *g;
	struct synth s;
	struct model *m;
	size_t n;

	(void)state;
	machine(&s, "yes");
	fill(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "numa.alloc") == 240 + 256 + 24 + 24);
	assert_true(metric(m, "numa.alloc.remote") == 40 + 256);
	near(metric(m, "numa.alloc.remote.share"), 100.0 * 296 / 544, 1e-9);
	near(metric(m, "numa.hint.remote.share"), 30, 1e-9);
	assert_true(metric(m, "numa.migrated") == 51);
	assert_true(metric(m, "numa.migrated.balancing") == 42);
	assert_true(metric(m, "numa.migrated.compaction") == 9);
	assert_true(metric(m, "numa.migrated.failed") == 5);
	assert_true(metric(m, "numa.tasks.moved") == 6);
	assert_true(metric(m, "numa.tasks.stuck") == 6);

	assert_int_equal(numa_pages_group(m, BY_PROCESS, false, &g, &n), 0);
	assert_int_equal(n, 3);
	assert_int_equal(g[0].id, 100);
	assert_int_equal(g[0].n_tasks, 2);
	assert_int_equal(g[0].v[NP_LOCAL], 200);
	assert_int_equal(g[0].v[NP_REMOTE], 296);
	assert_int_equal(g[0].ok, 42);
	assert_int_equal(g[0].failed, 4);
	assert_int_equal(g[0].balanced, 42);
	assert_int_equal(g[1].id, 200);
	assert_int_equal(g[1].ok, 9);
	assert_int_equal(g[1].balanced, 0);
	assert_null(g[2].task);
	free(g);
	assert_int_equal(numa_pages_group(m, BY_TASK, true, &g, &n), 0);
	assert_int_equal(n, 5); /* the collector's among them */
	free(g);
	assert_int_equal(numa_pages_group(m, BY_CGROUP, false, &g, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(g[0].id, 7);
	assert_int_equal(g[0].n_tasks, 4);
	free(g);
	model_free(m);
	synth_remove(&s);
}

static void test_report(void **state)
{
	static const enum report_by by[] = { REPORT_TASK, REPORT_PROCESS, REPORT_COMM, REPORT_CGROUP, REPORT_MACHINE };
	struct synth s;
	struct model *m;
	char *text;
	size_t i;

	(void)state;
	machine(&s, "yes");
	fill(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "pages      544 allocated (2.1 MiB); 54.41 % off-node\n");
	holds(text, "migrated   51 pages, of these 42 by NUMA balancing; 5 failed\n");
	assert_null(strstr(text, "missing"));
	free(text);
	text = report(m, TABLE_CSV, REPORT_PROCESS);
	holds(text, "\none,100,2,1.9375,59.6774");
	free(text);
	text = report(m, TABLE_JSON, REPORT_PROCESS);
	holds(text, "\"reason\": \"numa_misplaced\",\n      \"from\": 1,\n      \"to\": 0,\n      \"migrated\": 42,");
	holds(text, "\"reason\": \"numa_misplaced\",\n      \"migrated\": 0,"); /* nodes that are not known are left out */
	holds(text, "\"migrated_from\": 42");
	free(text);
	for (i = 0; i < sizeof(by) / sizeof(by[0]); i++)
		free(report(m, TABLE_TEXT, by[i]));
	model_free(m);
	synth_remove(&s);
}

/* Without programs at functions there are no hint faults by task: missing, not 0; the machine's are of vmstat. */
static void test_refused(void **state)
{
	struct synth s;
	struct model *m;
	char *text;

	(void)state;
	machine(&s, "not available: because of the moon");
	synth_counter(&s, 1, "proc.vmstat", "numa_hint_faults", -1, 1000);
	synth_counter(&s, 1, "proc.vmstat", "numa_hint_faults_local", -1, 500);
	synth_counter(&s, 2, "proc.vmstat", "numa_hint_faults", -1, 1400);
	synth_counter(&s, 2, "proc.vmstat", "numa_hint_faults_local", -1, 800);
	fill(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	near(metric(m, "numa.hint.remote.share"), 25, 1e-9);
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "hint       400 NUMA hint faults, by /proc/vmstat; 25.0 % of them on memory of another node\n");
	holds(text, "missing    hint faults by task and node, pages of hint faults, nodes of migrated pages: because of the moon\n");
	free(text);
	text = report(m, TABLE_JSON, REPORT_PROCESS);
	assert_null(strstr(text, "\"hint\":"));
	assert_null(strstr(text, "\"migrated_from\""));
	holds(text, "\"numa.hint\": \"because of the moon\"");
	free(text);
	model_free(m);
	synth_remove(&s);

	/* not recorded at all */
	synth_open(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	tasks(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "numa.alloc") == -1);
	assert_true(metric(m, "numa.migrated") == -1);
	assert_true(metric(m, "numa.hint.remote.share") == -1);
	model_free(m);
	synth_remove(&s);
}

/* Where faults are not counted, but the pages that they were on: these, and of how many their place is known. */
static void test_by_pages(void **state)
{
	static const uint64_t by_node[NP_N] = { [NP_HINT_PAGES] = 400 }, split[NP_N] = { [NP_PAGES_LOCAL] = 30, [NP_PAGES_REMOTE] = 90 };
	struct numa_pages_group *g;
	struct synth s;
	struct model *m;
	char *text;
	size_t n;

	(void)state;
	synth_open(&s);
	synth_meta(&s, "numa", "yes");
	synth_meta(&s, "page.kb", "4");
	synth_meta(&s, "numa.hint", "not available: because of the moon");
	synth_meta(&s, "numa.hint.pages", "yes");
	tasks(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_counter(&s, 1, "proc.vmstat", "numa_hint_faults", -1, 1000);
	synth_counter(&s, 1, "proc.vmstat", "numa_hint_faults_local", -1, 500);
	synth_counter(&s, 2, "proc.vmstat", "numa_hint_faults", -1, 1400);
	synth_counter(&s, 2, "proc.vmstat", "numa_hint_faults_local", -1, 800);
	use(&s, 1, 1, 0, by_node);
	use(&s, 1, 1, NONE, split);
	synth_mark(&s, 2, 100, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	near(metric(m, "numa.hint.remote.share"), 25, 1e-9); /* the machine's */
	assert_int_equal(numa_pages_group(m, BY_TASK, false, &g, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(g[0].v[NP_HINT_PAGES], 400);
	near(numa_hint_off(m, g[0].v), 75, 1e-9);
	free(g);
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "hint       400 NUMA hint faults, by /proc/vmstat; 25.0 % of them");
	holds(text, "by task: hint faults on 400 pages,");
	holds(text, "for 30.0 % of these pages it is known");
	holds(text, "missing    hint faults by task and node: because of the moon\n");
	free(text);
	text = report(m, TABLE_JSON, REPORT_PROCESS);
	assert_null(strstr(text, "\"hint\":"));
	holds(text, "\"hint_pages\": 400");
	holds(text, "\"hint_remote_pct\": 75");
	free(text);
	model_free(m);
	synth_remove(&s);
}

/* Tasks that change node: by way, by task, with distances; without them, and without this family. */
static void test_hops(void **state)
{
	static const uint64_t dist[3][3] = { { 10, 17, 40 }, { 30, 10, 40 }, { 20, 20, 10 } };
	struct numa_pages_group *g;
	struct synth s;
	struct model *m;
	char *text;
	unsigned int i;
	size_t n;

	(void)state;
	synth_open(&s);
	synth_meta(&s, "numa", "yes");
	synth_meta(&s, "numa.tasks", "yes");
	for (i = 0; i < 3; i++) {
		synth_cpu(&s, i, i, i, i);
		synth_node(&s, i, 1 << 20, dist[i], 3);
	}
	tasks(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_node_migration(&s, 1, 1, 1, 7, 0, 1, 3);
	synth_node_migration(&s, 2, 1, 1, 7, 0, 1, 2);
	synth_node_migration(&s, 2, 1, 2, 7, 1, 0, 4);
	synth_node_migration(&s, 2, 1, 3, 8, 0, 2, 1);
	synth_node_migration(&s, 2, 1, 4, 8, 0, 2, 1000); /* the collector's */
	synth_node_migration(&s, 2, 9, 1, 7, 0, 1, 1000); /* of no segment that there is */
	synth_mark(&s, 2, 100, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	near(metric(m, "numa.task_migrations.weighted"), 5 * 1.7 + 4 * 3 + 4, 1e-9);
	near(metric(m, "numa.task_migrations.distance"), (5 * 1.7 + 4 * 3 + 4) / 10, 1e-9);
	assert_int_equal(numa_pages_group(m, BY_TASK, false, &g, &n), 0);
	assert_int_equal(n, 3);
	for (i = 0; i < 3; i++)
		assert_int_equal(g[i].far.count, g[i].id == 1 ? 5 : g[i].id == 2 ? 4 : 1);
	free(g);
	assert_int_equal(numa_pages_group(m, BY_PROCESS, false, &g, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(g[0].id, 100);
	assert_int_equal(g[0].far.count, 9);
	near(numa_far_mean(&g[0].far), (5 * 1.7 + 4 * 3) / 9, 1e-9);
	free(g);
	assert_int_equal(numa_pages_group(m, BY_CGROUP, true, &g, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(g[1].far.count, 1001);
	free(g);
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "tasks      10 cross-node migrations, mean distance 2.45 x local\n");
	holds(text, "\n   0  1       17          5 50.0\n   1  0       30          4 40.0\n   0  2       40          1 10.0\n");
	free(text);
	text = report(m, TABLE_JSON, REPORT_TASK);
	holds(text, "\"cross_node\": 5,\n      \"cross_distance\": 1.7");
	holds(text, "\"from\": 1,\n      \"to\": 0,\n      \"distance\": 30,\n      \"migrations\": 4,");
	free(text);
	model_free(m);
	synth_remove(&s);

	/* where distances are not known they are missing, and the counts are there */
	synth_open(&s);
	synth_meta(&s, "numa", "yes");
	synth_meta(&s, "numa.tasks", "yes");
	for (i = 0; i < 2; i++)
		synth_cpu(&s, i, i, i, i);
	tasks(&s);
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_node_migration(&s, 1, 1, 1, 7, 0, 1, 3);
	synth_mark(&s, 2, 100, MARK_END, "end");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(isnan(metric(m, "numa.task_migrations.weighted")));
	assert_true(isnan(metric(m, "numa.task_migrations.distance")));
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "tasks      3 cross-node migrations\n");
	free(text);
	model_free(m);
	synth_remove(&s);

	/* a trace that does not have them */
	synth_open(&s);
	synth_meta(&s, "numa", "yes");
	synth_mark(&s, 1, 0, MARK_START, "start");
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_true(metric(m, "numa.task_migrations.distance") == -1);
	text = report(m, TABLE_TEXT, REPORT_PROCESS);
	holds(text, "tasks that change node: not recorded\n");
	free(text);
	model_free(m);
	synth_remove(&s);
}

static const struct verify_row *row(const struct verify *v, const char *what)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (!strcmp(v->row[i].what, what))
			return &v->row[i];
	return NULL;
}

static void is(const struct verify *v, const char *what, uint64_t ours, uint64_t kernel)
{
	const struct verify_row *r = row(v, what);

	assert_non_null(r);
	if (r->ours != ours || r->kernel != kernel)
		fail_msg("%s: %llu, %llu", what, (unsigned long long)r->ours, (unsigned long long)r->kernel);
}

static void test_verify(void **state)
{
	static const struct { const char *source, *name; int64_t scope; uint64_t add; } c[] = {
		{ "node.numastat", "numa_hit", 0, 200 }, { "node.numastat", "numa_miss", 0, 60 }, { "node.numastat", "local_node", 0, 210 },
		{ "node.numastat", "other_node", 0, 50 }, { "node.numastat", "numa_hit", 1, 20 }, { "node.numastat", "numa_miss", 1, 6 },
		{ "node.numastat", "local_node", 1, 24 }, { "node.numastat", "other_node", 1, 2 },
		{ "proc.vmstat", "numa_hint_faults", -1, 30 },
		{ "proc.vmstat", "numa_hint_faults_local", -1, 19 }, { "proc.vmstat", "pgmigrate_success", -1, 1051 },
		{ "proc.vmstat", "pgmigrate_fail", -1, 5 }, { "proc.vmstat", "numa_pages_migrated", -1, 42 },
	};
	static struct verify v;
	struct synth s;
	struct model *m;
	size_t i;

	(void)state;
	machine(&s, "yes");
	for (i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		synth_counter(&s, 1, c[i].source, c[i].name, c[i].scope, 7);
		synth_counter(&s, 2, c[i].source, c[i].name, c[i].scope, 7 + c[i].add);
	}
	fill(&s);
	synth_close(&s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(verify_model(m, &v), 0);
	is(&v, "allocations on node 0", 254, 260); /* the collector's too */
	is(&v, "allocations on node 1", 25, 26);
	is(&v, "allocations, local", 233, 234);
	is(&v, "allocations, remote", 46, 52);
	is(&v, "NUMA hint faults", 30, 30);
	is(&v, "NUMA hint faults, local", 19, 19);
	is(&v, "pages migrated", 1051, 1051);
	is(&v, "pages not migrated", 5, 5);
	is(&v, "migrated by balancing", 42, 42);
	assert_null(row(&v, "tasks moved")); /* a kernel that does not count them */
	model_free(m);
	synth_remove(&s);
}

/* ---------------------------------------------------------------- the kernel's types */

static struct btf *types(int zones, unsigned int refs, bool old)
{
	struct btf *b = btf__new_empty();
	int i64, ref, list, v, proto;
	unsigned int i;

	assert_non_null(b);
	i64 = btf__add_int(b, "long unsigned int", 8, 0);
	ref = btf__add_struct(b, "zoneref", 16);
	btf__add_field(b, "zone", i64, 0, 0);
	v = btf__add_array(b, i64, ref, (int)refs);
	list = btf__add_struct(b, "zonelist", 16 * refs);
	btf__add_field(b, "_zonerefs", v, 0, 0);
	btf__add_enum(b, "zone_type", 4);
	btf__add_enum_value(b, "ZONE_DMA", 0);
	if (zones)
		btf__add_enum_value(b, "__MAX_NR_ZONES", zones);
	btf__add_enum(b, "migrate_reason", 4);
	btf__add_enum_value(b, "MR_COMPACTION", 0);
	btf__add_enum_value(b, "MR_NUMA_MISPLACED", 5);
	btf__add_enum_value(b, "MR_TYPES", 6);
	proto = btf__add_func_proto(b, 0);
	v = btf__add_ptr(b, 0);
	assert_true(list > 0 && proto > 0 && v > 0);
	proto = btf__add_func_proto(b, 0);
	for (i = 0; i < (old ? 8u : 9u); i++)
		btf__add_func_param(b, i ? "arg" : "__data", i ? i64 : v);
	btf__add_typedef(b, "btf_trace_mm_migrate_pages", btf__add_ptr(b, proto));
	if (!old)
		btf__add_func(b, "bpf_prog_inc_misses_counter", BTF_FUNC_STATIC, btf__add_func_proto(b, 0));
	return b;
}

static void test_types(void **state)
{
	static struct mmt_topology topo = { .n_nodes = 4 };
	struct mmt_numa_facts f;
	struct btf *b = types(5, 5121, true);
	char why[160];

	(void)state;
	assert_int_equal(mmt_numa_facts__node_width(b), 10);
	assert_int_equal(mmt_numa_facts__read(b, &topo, &f, why, sizeof(why)), 0);
	assert_int_equal(f.node_shift, 54);
	assert_int_equal(f.args, 7);
	assert_true(f.nests);
	assert_string_equal(f.reason[0], "compaction");
	assert_string_equal(f.reason[5], "numa_misplaced");
	assert_string_equal(f.reason[6], "");
	btf__free(b);
	b = types(4, 4 * 64 + 1, false);
	assert_int_equal(mmt_numa_facts__node_width(b), 6);
	assert_int_equal(mmt_numa_facts__read(b, &topo, &f, why, sizeof(why)), 0);
	assert_int_equal(f.args, 8);
	assert_false(f.nests);
	btf__free(b);
	/* one node: a kernel without NUMA */
	b = types(4, 5, false);
	assert_int_equal(mmt_numa_facts__node_width(b), 0);
	assert_int_equal(mmt_numa_facts__read(b, &topo, &f, why, sizeof(why)), -ENOTSUP);
	btf__free(b);
	/* what makes no sense is not taken for a width */
	b = types(5, 5120, false);
	assert_true(mmt_numa_facts__node_width(b) < 0);
	btf__free(b);
	b = types(5, 5 * 3 + 1, false);
	assert_true(mmt_numa_facts__node_width(b) < 0);
	btf__free(b);
	b = types(0, 5121, false);
	assert_true(mmt_numa_facts__node_width(b) < 0);
	assert_int_equal(mmt_numa_facts__read(b, &topo, &f, why, sizeof(why)), -ENOTSUP);
	assert_non_null(strstr(why, "where the flags of a page have its node"));
	btf__free(b);
}

/* ---------------------------------------------------------------- the kernel's files */

static void put_file(const char *root, const char *path, const char *text)
{
	char full[256], *s;
	FILE *f;

	snprintf(full, sizeof(full), "%s%s", root, path);
	for (s = strchr(full + strlen(root) + 1, '/'); s; s = strchr(s + 1, '/')) {
		*s = '\0';
		mkdir(full, 0755);
		*s = '/';
	}
	f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void read_counters(const char *root, struct synth *s)
{
	static struct mmt_topology topo = { .n_nodes = 3 };
	unsigned int i;

	synth_open(s);
	synth_meta(s, "numa", "yes");
	for (i = 1; i <= 2; i++) {
		if (i == 2)
			put_file(root, "/sys/devices/system/node/node0/numastat", "numa_hit 150\nnuma_miss 1\nlocal_node 149\nother_node 2\n");
		assert_int_equal(mmt_numa_counters__write(s->w, &topo, root, 1, i), 0);
		synth_mark(s, i, i, i == 1 ? MARK_START : MARK_END, "m");
	}
	synth_close(s);
}

static void test_counters(void **state)
{
	char root[] = "/tmp/mmt-numa-XXXXXX", cmd[64];
	struct synth s;
	struct model *m;
	uint64_t v;

	(void)state;
	assert_non_null(mkdtemp(root));
	put_file(root, "/sys/devices/system/node/node0/numastat", "numa_hit 100\nnuma_miss 1\nlocal_node 100\nother_node 1\n");
	put_file(root, "/sys/devices/system/node/node2/numastat", "numa_hit 5\nnuma_miss 0\nlocal_node 5\nother_node 0\n");
	put_file(root, "/proc/vmstat", "nr_free 3\npgmigrate_fail 4\n");
	read_counters(root, &s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(model_counter(m, "node.numastat", "numa_hit", 0, &v), 0);
	assert_int_equal(v, 50);
	assert_int_equal(model_counter(m, "node.numastat", "local_node", MODEL_ALL_SCOPES, &v), 0);
	assert_int_equal(v, 49);
	assert_int_equal(model_counter(m, "node.numastat", "numa_hit", 1, &v), -ENODATA);
	assert_int_equal(model_counter(m, "proc.vmstat", "pgmigrate_fail", -1, &v), 0);
	assert_int_equal(model_counter(m, "proc.vmstat", "numa_task_migrated", -1, &v), -ENODATA);
	assert_int_equal(m->samples[m->n_samples - 1].value, 4);
	model_free(m);
	synth_remove(&s);
	/* told not to count: what it says then is not written */
	put_file(root, "/proc/sys/vm/numa_stat", "0\n");
	read_counters(root, &s);
	m = synth_model(&s, WINDOW_AUTO, NULL);
	assert_int_equal(model_counter(m, "node.numastat", "numa_hit", 0, &v), -ENODATA);
	assert_int_equal(model_counter(m, "proc.vmstat", "pgmigrate_fail", -1, &v), 0);
	model_free(m);
	synth_remove(&s);
	snprintf(cmd, sizeof(cmd), "rm -r %s", root);
	assert_int_equal(system(cmd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums), cmocka_unit_test(test_report), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_by_pages), cmocka_unit_test(test_hops), cmocka_unit_test(test_verify), cmocka_unit_test(test_types), cmocka_unit_test(test_counters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
