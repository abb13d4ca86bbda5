// SPDX-License-Identifier: GPL-2.0-only
/*
 * Virtual machines by node: where their memory was, where they ran, a mean over the
 * iterations in which they were there. Those that ran most far from their memory come first.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../vms/exits.h"
#include "../vms/metric.h"
#include "page_int.h"
#include "svg.h"

#define MOST_VMS 40
#define CELL_W 46.0
#define CELL_H 22.0
#define BAR 4.0   /* height of the bar of run time */
#define TOP 34.0
#define NAME_W 130.0
#define EXPOSURE_W 56.0
#define MOST_NAME 20 /* characters in the picture */

/* ---------------------------------------------------------------- of a trace */

static void take_exits(struct page_vm *to, const struct model *m, const struct vms_vm *vm)
{
	static const enum vms_exits_what what[PAGE_EXITS_N] = {
		VMS_EXITS_RATE, VMS_EXITS_TIME, VMS_EXITS_HALTS, VMS_EXITS_POLLED, VMS_EXITS_SLEPT,
	};
	int i;

	for (i = 0; i < PAGE_EXITS_N; i++)
		if (vms_exits_metric(m, vm, what[i], &to->exits[i]))
			to->exits[i] = NAN;
	if (isnan(to->exits[PAGE_EXITS]) || !vms_exits_top(m, &vm->exits, to->top, sizeof(to->top)))
		return;
	to->top_n = vm->exits.top_n;
	to->top_share = (double)vm->exits.top_n / (double)vm->exits.exits;
}

static int take_vm(struct page_vm *to, const struct model *m, const struct vms_vm *vm, size_t nodes)
{
	const uint64_t *run = vm->part[VMS_WHOLE].node;
	double all = 0;
	size_t i;

	to->name = vms_label(m->vms, (size_t)(vm - m->vms->vm));
	to->share = calloc(2 * nodes + 1, sizeof(*to->share));
	if (!to->name || !to->share)
		return -ENOMEM;
	to->has_memory = vm->proc && vm->kb > 0;
	to->exposure = vm->exposure.share;
	to->off = vm->proc ? vm->proc->sum.off : 0;
	take_exits(to, m, vm);
	for (i = 0; run && i < m->vms->n_nodes; i++)
		all += (double)run[i];
	to->has_run = all > 0;
	for (i = 0; i < nodes; i++) {
		if (to->has_memory && i < m->numa->n_nodes)
			to->share[i] = vm->proc->kb[i] / vm->kb;
		if (to->has_run && i < m->vms->n_nodes)
			to->share[nodes + i] = (double)run[i] / all;
	}
	return 0;
}

int page_take_vms(struct page_trace *t, const struct model *m)
{
	const struct vms *x = m->vms;
	size_t i;
	int err = 0;

	if (!x || !x->n_vm)
		return 0;
	t->vm = calloc(x->n_vm, sizeof(*t->vm));
	if (!t->vm)
		return -ENOMEM;
	t->n_nodes = x->n_nodes;
	if (m->numa && m->numa->n_nodes > t->n_nodes)
		t->n_nodes = m->numa->n_nodes;
	for (i = 0; i < x->n_vm && !err; i++)
		if (x->vm[i].in_window)
			err = take_vm(&t->vm[t->n_vms++], m, &x->vm[i], t->n_nodes);
	return err;
}

void page_free_vms(struct page_trace *t)
{
	size_t i;

	for (i = 0; i < t->n_vms; i++) {
		free(t->vm[i].name);
		free(t->vm[i].share);
	}
	free(t->vm);
}

/* ---------------------------------------------------------------- of the arms */

struct part { /* of a VM in an arm: sums, then means */
	double share[2][PAGE_GROUPS]; /* of memory, of run time */
	double exposure, off;
	size_t n[2], n_exposure;
	double exits[PAGE_EXITS_N];
	size_t n_exits[PAGE_EXITS_N];
	const struct page_vm *top; /* the one of the iterations in which there were most of them; NULL: none */
};

struct vm_row {
	const char *name;
	struct part *arm;
	double off; /* the most of the arms */
};

struct map {
	struct vm_row *row;
	size_t n, left, nodes, arms;
	struct part *part;
	struct u64map by_name;
	bool cut; /* there are more nodes */
	bool exits; /* of some VM they are known */
};

static struct vm_row *row_of(struct map *x, const char *name)
{
	uint64_t key = model_name_hash(name);
	uint32_t i;

	for (; (i = u64map_get(&x->by_name, key)) != U64MAP_NONE; key++)
		if (!strcmp(x->row[i].name, name))
			return &x->row[i];
	if (u64map_put(&x->by_name, key, (uint32_t)x->n))
		return NULL;
	x->row[x->n].name = name;
	x->row[x->n].arm = x->part + x->n * x->arms;
	return &x->row[x->n++];
}

static int add_vm(struct map *x, size_t arm, const struct page_vm *vm, size_t nodes)
{
	const bool has[2] = { vm->has_memory, vm->has_run };
	struct vm_row *r = row_of(x, vm->name);
	struct part *p = r ? &r->arm[arm] : NULL;
	size_t i, k;

	if (!r)
		return -ENOMEM;
	for (k = 0; k < 2; k++) {
		p->n[k] += has[k];
		for (i = 0; i < x->nodes && i < nodes; i++)
			p->share[k][i] += vm->share[k * nodes + i];
	}
	if (!isnan(vm->exposure)) {
		p->exposure += vm->exposure;
		p->n_exposure++;
	}
	for (k = 0; k < PAGE_EXITS_N; k++) {
		if (isnan(vm->exits[k]))
			continue;
		p->exits[k] += vm->exits[k];
		p->n_exits[k]++;
		x->exits = true;
	}
	if (vm->top_n > (p->top ? p->top->top_n : 0))
		p->top = vm;
	p->off += vm->off;
	r->off = fmax(r->off, p->off);
	return 0;
}

static int by_off(const void *a, const void *b)
{
	const struct vm_row *x = a, *y = b;

	if (x->off != y->off)
		return x->off < y->off ? 1 : -1;
	return strcmp(x->name, y->name);
}

static void means(struct part *p)
{
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < PAGE_GROUPS; i++)
			p->share[k][i] /= (double)p->n[k];
	p->exposure /= (double)p->n_exposure;
	for (k = 0; k < PAGE_EXITS_N; k++)
		p->exits[k] /= (double)p->n_exits[k];
}

static int make_map(const struct page *p, struct map *x)
{
	size_t k, i, v, all = 0;
	int err = 0;

	memset(x, 0, sizeof(*x));
	for (i = 0; i < p->n_traces; i++) {
		all += p->trace[i].n_vms;
		x->nodes = p->trace[i].n_nodes > x->nodes ? p->trace[i].n_nodes : x->nodes;
	}
	if (!all)
		return 0;
	x->cut = x->nodes > PAGE_GROUPS;
	x->nodes = x->cut ? PAGE_GROUPS : x->nodes;
	x->arms = p->c->n_arms;
	x->row = calloc(all, sizeof(*x->row));
	x->part = calloc(all * x->arms, sizeof(*x->part));
	if (!x->row || !x->part)
		return -ENOMEM;
	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < p->c->arm[k].n_iter; i++) {
			const struct page_trace *t = page_trace(p, k, i);

			for (v = 0; v < t->n_vms && t->read && !err; v++)
				err = add_vm(x, k, &t->vm[v], t->n_nodes);
		}
	}
	for (i = 0; i < x->n * x->arms; i++)
		means(&x->part[i]);
	qsort(x->row, x->n, sizeof(*x->row), by_off);
	x->left = x->n > MOST_VMS ? x->n - MOST_VMS : 0;
	x->n -= x->left;
	return err;
}

static void free_map(struct map *x)
{
	free(x->row);
	free(x->part);
	u64map_free(&x->by_name);
}

/* ---------------------------------------------------------------- the picture */

static void percent(FILE *f, bool have, double share)
{
	if (have)
		fprintf(f, share > 0 && share < 0.9995 ? "%.1f %%" : "%.0f %%", 100 * share);
	else
		fputs("not known", f);
}

static void cell(FILE *f, const struct vm_row *r, const struct part *p, size_t node, double y)
{
	double x = NAME_W + CELL_W * (double)node, memory = p->n[0] ? p->share[0][node] : 0, run = p->n[1] ? p->share[1][node] : 0;

	fprintf(f, "<g class=\"cell amount\"><rect x=\"%.0f\" y=\"%.0f\" width=\"%.0f\" height=\"%.0f\" fill-opacity=\"%.2f\"/>", x, y,
		CELL_W - 2, CELL_H - 2, memory > 0 ? 0.06 + 0.42 * memory : 0);
	if (run > 0)
		fprintf(f, "<rect class=\"ran\" x=\"%.0f\" y=\"%.1f\" width=\"%.1f\" height=\"%.0f\"/>", x, y + CELL_H - 2 - BAR,
			(CELL_W - 2) * run, BAR);
	if (p->n[0] && memory >= 0.0005)
		fprintf(f, "<text x=\"%.0f\" y=\"%.0f\">%.0f</text>", x + CELL_W / 2 - 1, y + 12, 100 * memory);
	fputs("<title>", f);
	html_textf(f, "%s, node %zu: ", r->name, node);
	percent(f, p->n[0], p->share[0][node]);
	fputs(" of its memory, ", f);
	percent(f, p->n[1], p->share[1][node]);
	fputs(" of its run time</title></g>", f);
}

/* No more than there is room for. */
static void short_name(FILE *f, const char *name)
{
	size_t n = 0, at = 0;

	while (name[at] && n < MOST_NAME) {
		at++;
		while ((name[at] & 0xc0) == 0x80)
			at++;
		n++;
	}
	html_textf(f, "%.*s%s", (int)at, name, name[at] ? "\xe2\x80\xa6" : "");
}

static void picture_row(FILE *f, const struct map *x, const struct vm_row *r, size_t arm, double y)
{
	const struct part *p = &r->arm[arm];
	size_t i;

	fprintf(f, "<text class=\"tick y\" x=\"%.0f\" y=\"%.0f\">", NAME_W - 6, y + 14);
	short_name(f, r->name);
	fputs("</text>", f);
	for (i = 0; i < x->nodes && (p->n[0] || p->n[1]); i++)
		cell(f, r, p, i, y);
	fprintf(f, "<text class=\"tick y exposure\" x=\"%.0f\" y=\"%.0f\">", NAME_W + CELL_W * (double)x->nodes + EXPOSURE_W - 4, y + 14);
	if (p->n_exposure)
		percent(f, true, p->exposure);
	else
		fputs("\xe2\x80\x93", f);
	fputs("</text>\n", f);
}

/* Rows that had room. */
static size_t picture(FILE *f, const struct page *p, const struct map *x, size_t arm)
{
	double width = NAME_W + CELL_W * (double)x->nodes + EXPOSURE_W, height = TOP + CELL_H * (double)x->n + 4;
	size_t i;

	fprintf(f, "<figure class=\"matrix vms\"><figcaption class=\"arm a%zu\">", page_arm_color(arm));
	html_text(f, p->c->arm[arm].name);
	fprintf(f, "</figcaption>\n<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\" aria-label=\"", width, height, width,
		height);
	html_textf(f, "Memory and run time of virtual machines by node, %s; the table has the numbers.", p->c->arm[arm].name);
	fprintf(f, "\"><text class=\"tick y\" x=\"%.0f\" y=\"11\">node</text><text class=\"tick y\" x=\"%.0f\" y=\"11\">off-node</text>",
		NAME_W - 6, width - 4);
	for (i = 0; i < x->nodes; i++)
		fprintf(f, "<text class=\"tick x\" x=\"%.1f\" y=\"11\">%zu</text>", NAME_W + CELL_W * ((double)i + 0.5) - 1, i);
	fprintf(f, "<text class=\"tick y\" x=\"%.0f\" y=\"26\">exposure</text>\n", width - 4);
	for (i = 0; i < x->n && page_room(f, ROOM_VMS); i++)
		picture_row(f, x, &x->row[i], arm, TOP + CELL_H * (double)i);
	fputs("</svg></figure>\n", f);
	return i;
}

/* ---------------------------------------------------------------- as numbers */

static void arm_heads(FILE *f, const struct page *p)
{
	static const char *const what[] = { "memory, %", "run time, %", "exposure, %" };
	size_t k, i;

	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < N(what); i++) {
			fprintf(f, "<th scope=\"col\" class=\"n\"><span class=\"arm a%zu\">", page_arm_color(k));
			html_text(f, p->c->arm[k].name);
			fprintf(f, "</span> %s</th>", what[i]);
		}
	}
}

static bool has_some(const struct map *x, const struct vm_row *r, size_t node)
{
	size_t k, i;

	for (k = 0; k < x->arms; k++)
		for (i = 0; i < 2; i++)
			if (r->arm[k].n[i] && r->arm[k].share[i][node] > 0)
				return true;
	return false;
}

static void table_row(FILE *f, const struct map *x, const struct vm_row *r, size_t node, bool first)
{
	size_t k;

	fputs("<tr><th scope=\"row\">", f);
	html_text(f, r->name);
	fputs("</th>", f);
	html_cell(f, true, (double)node, 4);
	for (k = 0; k < x->arms; k++) {
		const struct part *p = &r->arm[k];

		html_cell(f, p->n[0], 100 * p->share[0][node], 3);
		html_cell(f, p->n[1], 100 * p->share[1][node], 3);
		if (first)
			html_cell(f, p->n_exposure, 100 * p->exposure, 3);
		else
			fputs("<td class=\"n\"></td>", f);
	}
	fputs("</tr>\n", f);
}

static void numbers(FILE *f, const struct page *p, const struct map *x)
{
	size_t i, node;

	fputs("<details><summary>The same as numbers</summary>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-vms\">"
	      "<table id=\"t-vms\"><caption id=\"cap-vms\"><span>Percent of a virtual machine's memory and run time by node, and its off-node "
	      "exposure.</span></caption>\n<thead><tr><th scope=\"col\">VM</th><th scope=\"col\" class=\"n\">node</th>", f);
	arm_heads(f, p);
	fputs("</tr></thead><tbody>\n", f);
	for (i = 0; i < x->n; i++) {
		bool first = true;

		for (node = 0; node < x->nodes && page_room(f, ROOM_VMS); node++) {
			if (!has_some(x, &x->row[i], node))
				continue;
			table_row(f, x, &x->row[i], node, first);
			first = false;
		}
	}
	fputs("</tbody></table></div>\n</details>\n", f);
}

static void exits_row(FILE *f, const struct map *x, const struct vm_row *r)
{
	size_t k;

	fputs("<tr><th scope=\"row\">", f);
	html_text(f, r->name);
	fputs("</th>", f);
	for (k = 0; k < x->arms; k++) {
		const struct part *p = &r->arm[k];
		int i;

		html_cell(f, p->n_exits[PAGE_EXITS], p->exits[PAGE_EXITS], 4);
		fputs("<td>", f);
		if (p->top)
			html_textf(f, "%s, %.0f %%", p->top->top, 100 * p->top->top_share);
		fputs("</td>", f);
		for (i = PAGE_EXITS_OUT; i < PAGE_EXITS_N; i++)
			html_cell(f, p->n_exits[i], p->exits[i], 3);
	}
	fputs("</tr>\n", f);
}

static void exits_table(FILE *f, const struct page *p, const struct map *x)
{
	static const char *const what[] = { "exits, 1/s", "most by", "out, %", "halts, 1/s", "polled, ms/s", "asleep, ms/s" };
	size_t i, k;

	fputs("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-labelledby=\"cap-vm-exits\">"
	      "<table id=\"t-vm-exits\"><caption id=\"cap-vm-exits\"><span>Exits of vCPUs per second, the reason of most of them, the time "
	      "from exits (without halts) to the next entries in percent of the vCPUs' run time, halts that the kernel waited for, and their "
	      "time, by whether they ended while it polled or the thread slept.</span></caption>\n<thead><tr><th scope=\"col\">VM</th>", f);
	for (k = 0; k < p->c->n_arms; k++) {
		for (i = 0; i < N(what); i++) {
			fprintf(f, "<th scope=\"col\"%s><span class=\"arm a%zu\">", i == 1 ? "" : " class=\"n\"", page_arm_color(k));
			html_text(f, p->c->arm[k].name);
			fprintf(f, "</span> %s</th>", what[i]);
		}
	}
	fputs("</tr></thead><tbody>\n", f);
	for (i = 0; i < x->n && page_room(f, ROOM_VMS); i++)
		exits_row(f, x, &x->row[i]);
	fputs("</tbody></table></div>\n", f);
}

int page_vms(const struct page *p, FILE *f)
{
	struct map x;
	size_t k, shown;
	int err = make_map(p, &x);

	if (err || !x.n)
		goto out;
	fputs("<section id=\"vms\" aria-labelledby=\"h-vms\">\n<h2 id=\"h-vms\">Virtual machines</h2>\n"
	      "<p class=\"how\">Where their memory was and where they ran, mean of the iterations in which they were there; most off-node run time "
	      "first. The number and the shade of a cell are the percentage of a virtual machine's memory on the node, the bar at its foot is the "
	      "share of its run time there: where the bar is long and the cell is empty, memory was far. Exposure is the share of run time that "
	      "was on another node than the memory.</p>\n<div class=\"grid\">\n", f);
	shown = x.n;
	for (k = 0; k < p->c->n_arms && page_room(f, ROOM_VMS); k++) {
		size_t n = picture(f, p, &x, k);

		shown = n < shown ? n : shown;
	}
	fputs("</div>\n", f);
	if (x.left + x.n > shown)
		fprintf(f, "<p class=\"limit\">%zu more are not shown, to keep this page small; <code>mmt-trace vms</code> has them.</p>\n",
			x.left + x.n - shown);
	if (x.cut)
		fprintf(f, "<p class=\"limit\">Nodes beyond the first %d are not shown.</p>\n", PAGE_GROUPS);
	if (x.exits)
		exits_table(f, p, &x);
	numbers(f, p, &x);
	fputs("</section>\n", f);
out:
	free_map(&x);
	return err;
}
