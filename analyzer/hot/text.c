// SPDX-License-Identifier: GPL-2.0-only
/* Paths and their weights for people. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hot_int.h"
#include "show.h"

#define Z95 1.959964
#define INDENT "         "
#define N(a) (sizeof(a) / sizeof((a)[0]))

const char *hot_fmt_time(char *buf, size_t size, double ns)
{
	static const struct { double below, unit; const char *name; } f[] = {
		{ 999.5, 1, "ns" }, { 999500, 1e3, "us" }, { 999.5e6, 1e6, "ms" }, { INFINITY, 1e9, "s" },
	};
	char digits[32];
	size_t i;

	for (i = 0; ns >= f[i].below && i + 1 < N(f); i++)
		;
	table_fmt_sig(digits, sizeof(digits), ns / f[i].unit, 3, false);
	snprintf(buf, size, "%s %s", digits, f[i].name);
	return buf;
}

static const char *base(const char *path)
{
	const char *s = strrchr(path, '/');

	return s && s[1] ? s + 1 : path;
}

const char *hot_fmt_frame(const struct hot_frame *f, char *buf, size_t size)
{
	const char *inlined = f->flags & HOT_INLINED ? " (inlined)" : f->flags & HOT_INFERRED ? " (inferred)" : "", *name = f->name;

	if (f->flags & HOT_UNKNOWN) { /* "[/usr/lib/libfoo.so+0x12: not there]" */
		const char *plus = strchr(name, '+');

		while (plus > name && *plus != '/')
			plus--;
		snprintf(buf, size, "%s%s", plus && *plus == '/' ? "[" : "", plus && *plus == '/' ? plus + 1 : name);
	} else if (f->file) {
		if (f->line)
			snprintf(buf, size, "%s %s:%u%s", name, base(f->file), f->line, inlined);
		else
			snprintf(buf, size, "%s %s%s", name, base(f->file), inlined);
	} else if (f->flags & HOT_INFERRED) {
		snprintf(buf, size, "%s%s", name, inlined);
	} else if (f->flags & HOT_KERNEL) {
		snprintf(buf, size, strcmp(f->module, "[kernel]") ? "%s [%s]" : "%s", name, f->module);
	} else {
		snprintf(buf, size, *f->module ? "%s (%s)%s" : "%s%s%s", name, base(f->module), inlined);
	}
	return buf;
}

/* How the kernel is entered: the same below everything that a program asks of it. */
static bool is_entry(const struct hot_frame *f)
{
	static const char *const entry[] = {
		"do_syscall_64", "entry_SYSCALL_64*", "x64_sys_call", "__do_fast_syscall_32", "do_fast_syscall_32", "do_int80*",
		"entry_SYSENTER_compat*", "entry_INT80*", "el0_svc*", "do_el0_svc", "invoke_syscall", "el0t_64_sync*",
		"ret_from_fork*", "asm_exc_*", "asm_sysvec_*",
	};
	size_t i;

	for (i = 0; i < N(entry); i++)
		if (hot_name_fits(f->name, entry[i]))
			return true;
	return false;
}

struct wrap {
	FILE *f;
	int width, at, indent;
};

static int columns(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

/* A word, after " < " where it is not the first; on a new line where it does not fit. */
static void put(struct wrap *w, const char *word, bool first)
{
	int n = columns(word);

	if (!first) {
		fputs(" <", w->f);
		w->at += 2;
	}
	if (!first && w->width && w->at + 1 + n + 2 > w->width) {
		fprintf(w->f, "\n%*s", w->indent, "");
		w->at = w->indent;
	} else if (!first) {
		fputc(' ', w->f);
		w->at++;
	}
	fputs(word, w->f);
	w->at += n;
}

static void side(const struct hot *h, const uint32_t *frame, uint32_t n, const char *label, const char *end, unsigned int depth,
		 int width, FILE *f)
{
	struct wrap w = { .f = f, .width = width, .indent = (int)strlen(INDENT) + 8, .at = (int)strlen(INDENT) + 8 };
	/* preempted on the way back to the program: the entry tells from what, a page fault or the timer */
	uint32_t keep = n && hot_name_fits(h->frame[*frame].name, "irqentry_exit*") ? 2 : 1;
	uint32_t i, shown = n;
	char buf[512];

	while (shown > keep && h->frame[frame[shown - 1]].flags & HOT_KERNEL && is_entry(&h->frame[frame[shown - 1]]))
		shown--;
	if (depth && shown > depth + 1) /* a single one more costs no more than to say that there is one */
		shown = depth;
	else
		depth = 0;
	fprintf(f, "%s%-7s ", INDENT, label);
	for (i = 0; i < shown; i++)
		put(&w, hot_fmt_frame(&h->frame[frame[i]], buf, sizeof(buf)), !i);
	if (depth) {
		snprintf(buf, sizeof(buf), "... %u more", n - shown);
		put(&w, buf, false);
	} else if (end) {
		put(&w, end, !n);
	}
	fputc('\n', f);
}

void hot_text_path(const struct hot *h, uint32_t path, const char *kernel, const char *user, unsigned int depth, int width, FILE *f)
{
	const struct hot_path *p = &h->path[path];
	const char *end = p->flags & HOT_P_TRUNCATED ? "... (deeper than is kept)" :
			  p->flags & HOT_P_NO_FRAMES ? "? (no frame pointers)" : NULL;

	uint32_t n_user = h->frame[p->frame[0]].flags & HOT_NO_STACK ? 0 : p->n - p->n_kernel;

	if (p->n_kernel || p->flags & HOT_P_NO_KERNEL)
		side(h, p->frame, p->n_kernel, kernel, p->n_kernel ? NULL : "[unknown: no stack of the kernel]", depth, width, f);
	if (n_user)
		side(h, p->frame + p->n_kernel, n_user, user, p->flags & HOT_P_NO_USER ? "? (no stack)" : end, depth, width, f);
	else if (p->flags & HOT_P_NO_USER || !p->n_kernel)
		side(h, p->frame, 0, user, "[unknown: no stack of the program]", depth, width, f);
}

void hot_text_notes(unsigned int flags, FILE *f)
{
	if (flags & HOT_P_NO_FRAMES)
		fprintf(f, "no frame pointers: this code seems to be built without them, and callers may be missing;\n"
			"the first function is right (-fno-omit-frame-pointer shows the rest)\n");
	if (flags & HOT_P_TRUNCATED)
		fprintf(f, "deeper than is kept: the outermost callers of these paths are missing\n");
}

/* ----------------------------------------------------------------- sections */

static void grouped(char *buf, size_t size, double v)
{
	char digits[40];
	int n = snprintf(digits, sizeof(digits), "%.0f", v), i;
	size_t k = 0;

	for (i = 0; i < n && k + 2 < size; i++) {
		if (i && (n - i) % 3 == 0)
			buf[k++] = ' ';
		buf[k++] = digits[i];
	}
	buf[k] = '\0';
}

static void covered(const struct hot_cells *c, const char *of, FILE *f)
{
	char buf[40];

	if (isnan(c->total) || c->total <= 0) {
		fprintf(f, "; coverage not known\n");
		return;
	}
	fprintf(f, ": %.1f %% of the %s %s\n", 100 * c->weight / c->total, hot_fmt_time(buf, sizeof(buf), c->total), of);
}

static void section_head(const struct hot *h, enum hot_kind kind, FILE *f)
{
	static const char *const title[HOT_KINDS] = { "Page faults", "Blocked", "Preempted", "Who woke whom", "On the CPU" };
	const struct hot_cells *c = &h->kind[kind];
	char n[40], total[40], t[40];

	grouped(n, sizeof(n), (double)c->count);
	hot_fmt_time(t, sizeof(t), c->weight);
	fprintf(f, "%s  ", title[kind]);
	switch (kind) {
	case HOT_FAULT:
		grouped(t, sizeof(t), c->weight);
		fprintf(f, "%s samples stand for %s faults (+- %.0f)", n, t, Z95 * sqrt(c->variance));
		grouped(total, sizeof(total), c->total);
		if (c->total > 0)
			fprintf(f, ": %.1f %% of the %s counted", 100 * c->weight / c->total, total);
		fputc('\n', f);
		break;
	case HOT_CPU:
		fprintf(f, "%s samples stand for %s", n, t);
		covered(c, "that ran", f);
		break;
	case HOT_BLOCKED:
		fprintf(f, "%s in %s periods", t, n);
		covered(c, "off the CPU", f);
		break;
	case HOT_PREEMPT:
		fprintf(f, "%s off the CPU while runnable, in %s periods\n", t, n);
		break;
	default:
		fprintf(f, "%s wakeups ended %s of waiting\n", n, t);
	}
	if (c->unnamed > 0 && c->weight > 0 && kind != HOT_WAKER)
		fprintf(f, "  %.1f %% of this has no function of its program by name\n", 100 * c->unnamed / c->weight);
}

static const char *task_text(const struct hot *h, const struct hot_row *r, uint32_t task, char *buf, size_t size)
{
	if (task == HOT_NONE)
		return r->flags & HOT_C_INTERRUPT && r->other != HOT_NONE ? "an interrupt" : "(unknown)";
	if (r->many)
		snprintf(buf, size, "%s, ...", h->m->tasks[task].comm);
	else
		snprintf(buf, size, "%s %u", h->m->tasks[task].comm, h->m->tasks[task].tid);
	return buf;
}

static void line_head(enum hot_kind kind, FILE *f)
{
	if (kind == HOT_FAULT)
		fprintf(f, "  share    +-    faults  samples  task\n");
	else if (kind == HOT_CPU)
		fprintf(f, "  share    +-      time  samples  task\n");
	else if (kind == HOT_WAKER)
		fprintf(f, "  share      time   wakeups  mean delay       max  waker -> woken, which waited for\n");
	else
		fprintf(f, "  share      time   periods      mean       max  %s\n", kind == HOT_BLOCKED ? "reason, task" : "task");
}

static void line(const struct hot *h, enum hot_kind kind, const struct hot_row *r, FILE *f)
{
	char w[40], mean[40], max[40], who[64], whom[64];
	double share = 100 * r->weight / h->kind[kind].weight, n = (double)r->count;

	hot_fmt_time(w, sizeof(w), r->weight);
	hot_fmt_time(mean, sizeof(mean), n > 0 ? (kind == HOT_WAKER ? r->delay : r->weight) / n : 0);
	hot_fmt_time(max, sizeof(max), (double)r->max);
	task_text(h, r, r->task, who, sizeof(who));
	if (kind == HOT_FAULT || kind == HOT_CPU) {
		if (kind == HOT_FAULT)
			grouped(w, sizeof(w), r->weight);
		fprintf(f, "%5.1f %% %5.1f %9s %8.0f  %s\n", share, hot_row_margin(h, kind, r), w, n,
			task_text(h, r, r->task, who, sizeof(who)));
	} else if (kind == HOT_WAKER) {
		fprintf(f, "%5.1f %% %9s %9.0f %11s %9s  %s -> %s, %s\n", share, w, n, mean, max, task_text(h, r, r->task, who, sizeof(who)),
			task_text(h, r, r->other_task, whom, sizeof(whom)), hot_reason_name((enum hot_reason)r->reason));
	} else {
		fprintf(f, "%5.1f %% %9s %9.0f %9s %9s  %s%s%s\n", share, w, n, mean, max,
			kind == HOT_BLOCKED ? hot_reason_name((enum hot_reason)r->reason) : "", kind == HOT_BLOCKED ? ", " : "",
			task_text(h, r, r->task, who, sizeof(who)));
	}
}

static int paths(const struct hot *h, enum hot_kind kind, const struct hot_view *v, unsigned int *flags, FILE *f)
{
	struct hot_row *row;
	size_t i, n, shown = 0, left = 0;
	double rest = 0, idle = 0;
	int err = hot_rank(h, kind, HOT_BY_PATH, false, &row, &n);

	if (err)
		return err;
	line_head(kind, f);
	for (i = 0; i < n; i++) {
		if (kind == HOT_BLOCKED && row[i].reason == HOT_R_IDLE) {
			idle += row[i].weight;
			continue;
		}
		if (v->top && shown >= v->top) {
			rest += row[i].weight;
			left++;
			continue;
		}
		shown++;
		line(h, kind, &row[i], f);
		*flags |= h->path[row[i].path].flags;
		if (kind == HOT_WAKER) {
			hot_text_path(h, row[i].path, "waker", "", v->depth, v->out.width, f);
			hot_text_path(h, row[i].other, "woken", "", v->depth, v->out.width, f);
		} else {
			hot_text_path(h, row[i].path, "kernel", "user", v->depth, v->out.width, f);
		}
	}
	if (rest > 0)
		fprintf(f, "%5.1f %% in %zu more; --top 0 shows all\n", 100 * rest / h->kind[kind].weight, left);
	if (idle > 0)
		fprintf(f, "%5.1f %% in kernel threads without work (by every --by but path)\n", 100 * idle / h->kind[kind].weight);
	free(row);
	return 0;
}

int hot_show_text(const struct hot *h, const struct hot_view *v, FILE *f)
{
	unsigned int flags = 0;
	int k, err = 0;

	for (k = 0; k < HOT_KINDS && !err; k++) {
		const struct hot_cells *c = &h->kind[k];

		if (!(v->kinds >> k & 1) || !c->recorded)
			continue;
		fputc('\n', f);
		section_head(h, (enum hot_kind)k, f);
		if (!c->n)
			continue;
		if (v->by != HOT_BY_PATH)
			err = hot_text_table(h, (enum hot_kind)k, v->by, v, f);
		else if (v->default_rows && k == HOT_FAULT)
			err = hot_text_table(h, HOT_FAULT, HOT_BY_INSTRUCTION, v, f);
		if (!err && v->by == HOT_BY_PATH)
			err = paths(h, (enum hot_kind)k, v, &flags, f);
	}
	if (flags & (HOT_P_NO_FRAMES | HOT_P_TRUNCATED))
		fputc('\n', f);
	hot_text_notes(flags, f);
	return err;
}
