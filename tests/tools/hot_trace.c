// SPDX-License-Identifier: GPL-2.0-only
/*
 * hot_trace FILE START SECONDS BUILD NAME=WEIGHT...: write a trace of hot spots with known weights.
 *
 * Process 100 ("prog") runs for so many seconds from START (seconds of the epoch) on. Each
 * NAME is a function of /opt/buildN/prog, called by work(), which main() calls, at offsets
 * that are the build's own. WEIGHT: so many samples of 1 ms of CPU time; with "b" behind
 * it, so many ms blocked in futex_wait(); with "f", so many page faults; of a name that
 * begins with "sys:", so many calls.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../libmmtrace/mmtrace.h"

#define KERNEL 0xffffffff81000000ull
#define MS 1000000ull

struct trace {
	struct mmt_writer *w;
	uint64_t seconds, build, stacks;
	uint8_t build_id[16];
};

/* Columns by name: name, number, ...; a text where `text` is not NULL. */
struct col { const char *name; uint64_t u; const void *p; uint32_t len; };

static void row(struct trace *t, uint16_t table, const struct col *col, size_t n)
{
	const struct mmt_type *type = mmt_std_type(table);
	struct mmt_cell c[40] = { 0 };
	size_t i;
	int at;

	for (i = 0; i < n; i++) {
		at = mmt_type__field(type, col[i].name);
		if (at < 0 || at >= 40) {
			fprintf(stderr, "hot_trace: %s has no column %s\n", type->name, col[i].name);
			exit(2);
		}
		c[at] = (struct mmt_cell){ .u = col[i].u, .p = col[i].p, .len = col[i].len };
	}
	if (mmt_writer__row(t->w, table, c, type->n_fields))
		exit(2);
}
#define ROW(t, table, ...) row(t, table, (const struct col[]){ __VA_ARGS__ }, \
			       sizeof((const struct col[]){ __VA_ARGS__ }) / sizeof(struct col))
#define TEXT(name, s) { name, 0, s, (uint32_t)strlen(s) }

static void symbol(struct trace *t, uint64_t offset, const char *name, uint64_t line)
{
	ROW(t, MMT_TB_SYMBOL, { "build_id", 0, t->build_id, 16 }, { "offset", offset, NULL, 0 }, { "size", 0x100, NULL, 0 },
	    { "base", offset, NULL, 0 }, TEXT("function", name), TEXT("file", "prog.c"), { "line", line, NULL, 0 });
}

static uint64_t stack(struct trace *t, bool kernel, const uint64_t *frame, uint64_t n)
{
	const uint64_t map[] = { 1, 1, 1 };
	uint8_t f[64], m[64];
	int len = mmt_vec_pack(frame, n, f, sizeof(f)), mlen = mmt_vec_pack(map, n, m, sizeof(m));

	if (len < 0 || mlen < 0)
		exit(2);
	ROW(t, MMT_TB_STACK, { "id", ++t->stacks, NULL, 0 }, { "kind", kernel, NULL, 0 }, { "epoch", kernel ? 0 : 1, NULL, 0 },
	    { "frames", 0, f, (uint32_t)len }, { "mappings", 0, m, kernel ? 0 : (uint32_t)mlen });
	return t->stacks;
}

static void begin(struct trace *t, const char *start)
{
	uint64_t real = strtoull(start, NULL, 10) * 1000 * MS;
	char path[64];

	snprintf(path, sizeof(path), "/opt/build%d/prog", (int)t->build);
	ROW(t, MMT_TB_META, TEXT("key", "families"), TEXT("value", "sched fault offcpu profile syscall map"));
	ROW(t, MMT_TB_META, TEXT("key", "fault.kinds"), TEXT("value", "yes"));
	ROW(t, MMT_TB_META, TEXT("key", "boot.id"), TEXT("value", "12345678-boot"));
	ROW(t, MMT_TB_CLOCK, { "real", real, NULL, 0 });
	ROW(t, MMT_TB_MARK, { "seq", 1, NULL, 0 }, { "kind", 0, NULL, 0 }, TEXT("name", "start"));
	ROW(t, MMT_TB_MARK, { "seq", 2, NULL, 0 }, { "time", t->seconds * 1000 * MS, NULL, 0 }, { "kind", 1, NULL, 0 },
	    TEXT("name", "end"));
	ROW(t, MMT_TB_TASK, { "epoch", 1, NULL, 0 }, { "tid", 100, NULL, 0 }, { "tgid", 100, NULL, 0 }, TEXT("comm", "prog"));
	ROW(t, MMT_TB_TASK_TOTALS, { "time", MS, NULL, 0 }, { "segment", 1, NULL, 0 }, { "epoch", 1, NULL, 0 },
	    { "run_ns", 5000 * MS, NULL, 0 });
	ROW(t, MMT_TB_MAPPING, { "id", 1, NULL, 0 }, { "epoch", 1, NULL, 0 }, { "start", 0x400000, NULL, 0 },
	    { "end", 0x500000, NULL, 0 }, { "build_id", 0, t->build_id, 16 }, TEXT("path", path));
	ROW(t, MMT_TB_KSYM, { "address", KERNEL, NULL, 0 }, { "size", 0x100, NULL, 0 }, TEXT("name", "futex_wait"));
}

static void call(struct trace *t, const char *name, uint64_t count)
{
	ROW(t, MMT_TB_SYSCALL_TOTALS, { "time", MS, NULL, 0 }, { "segment", 1, NULL, 0 }, { "epoch", 1, NULL, 0 }, TEXT("name", name),
	    { "count", count, NULL, 0 }, { "time_ns", count * 1000, NULL, 0 });
}

static void function(struct trace *t, const char *name, uint64_t offset, uint64_t weight, char what, const uint64_t *callers)
{
	const uint64_t frame[] = { offset + 0x10, callers[0], callers[1] }, futex[] = { KERNEL + 0x10 };
	uint64_t id, k = 0, i;

	symbol(t, offset, name, 20);
	id = stack(t, false, frame, 3);
	if (what == 'b') {
		k = stack(t, true, futex, 1);
		ROW(t, MMT_TB_OFF_CPU, { "time", MS, NULL, 0 }, { "segment", 1, NULL, 0 }, { "epoch", 1, NULL, 0 },
		    { "kstack", k, NULL, 0 }, { "ustack", id, NULL, 0 }, { "count", 1, NULL, 0 }, { "total", weight * MS, NULL, 0 },
		    { "max", weight * MS, NULL, 0 });
	}
	for (i = 0; i < weight && what == 'f'; i++)
		ROW(t, MMT_TB_FAULT_SAMPLE, { "time", MS, NULL, 0 }, { "segment", 1, NULL, 0 }, { "epoch", 1, NULL, 0 },
		    { "ip", 0x400000 + frame[0], NULL, 0 }, { "flags", 4, NULL, 0 }, { "n", 1, NULL, 0 }, { "ustack", id, NULL, 0 });
	for (i = 0; i < weight && !what; i++)
		ROW(t, MMT_TB_CPU_SAMPLE, { "time", MS, NULL, 0 }, { "segment", 1, NULL, 0 }, { "epoch", 1, NULL, 0 },
		    { "ip", 0x400000 + frame[0], NULL, 0 }, { "ustack", id, NULL, 0 }, { "flags", 1, NULL, 0 }, { "weight", MS, NULL, 0 });
}

int main(int argc, char **argv)
{
	const struct mmt_writer_opts o = { .sz = sizeof(o) };
	struct trace t = { 0 };
	uint64_t at, callers[2];
	char *equal, *end;
	int i;

	if (argc < 5) {
		fprintf(stderr, "usage: hot_trace FILE START SECONDS BUILD NAME=WEIGHT...\n");
		return 2;
	}
	t.seconds = strtoull(argv[3], NULL, 10);
	t.build = strtoull(argv[4], NULL, 10);
	memset(t.build_id, (int)t.build, sizeof(t.build_id));
	if (mmt_writer__open(argv[1], &o, &t.w))
		return 2;
	begin(&t, argv[2]);
	at = 0x1000 * t.build;
	symbol(&t, at, "main", 10);
	symbol(&t, at + 0x100, "work", 15);
	callers[0] = at + 0x110;
	callers[1] = at + 0x10;
	for (i = 5; i < argc; i++) {
		equal = strchr(argv[i], '=');
		if (!equal)
			return 2;
		*equal = '\0';
		at = strtoull(equal + 1, &end, 10);
		if (!strncmp(argv[i], "sys:", 4))
			call(&t, argv[i] + 4, at);
		else
			function(&t, argv[i], 0x1000 * t.build + 0x100 * (uint64_t)(i - 3), at, *end, callers);
	}
	return mmt_writer__close(t.w) ? 2 : 0;
}
