// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../arena.h"
#include "hot_int.h"

static const struct { const char *name, *unit, *family; unsigned int table; } kinds[HOT_KINDS] = {
	[HOT_FAULT] = { "faults", "count", "fault", MMT_TB_FAULT_SAMPLE },
	[HOT_BLOCKED] = { "blocked", "ns", "offcpu", MMT_TB_OFF_CPU },
	[HOT_PREEMPT] = { "preempted", "ns", "offcpu", MMT_TB_OFF_CPU },
	[HOT_WAKER] = { "wakers", "ns", "waker", MMT_TB_WAKER },
	[HOT_CPU] = { "cpu", "ns", "profile", MMT_TB_CPU_SAMPLE },
};

const char *hot_kind_name(enum hot_kind k)
{
	return (unsigned int)k < HOT_KINDS ? kinds[k].name : "?";
}

const char *hot_kind_unit(enum hot_kind k)
{
	return (unsigned int)k < HOT_KINDS ? kinds[k].unit : "?";
}

/* Is the word in a list with blanks between? */
static bool has_word(const char *list, const char *word)
{
	size_t n = strlen(word), len;

	for (; list && *list; list += len + (list[len] == ' ')) {
		len = strcspn(list, " ");
		if (len == n && !memcmp(list, word, n))
			return true;
	}
	return false;
}

unsigned int hot_recorded(const struct model *m)
{
	unsigned int bits = 0;
	int k;

	for (k = 0; k < HOT_KINDS; k++)
		if (model_has_rows(m, kinds[k].table) || (k != HOT_FAULT && has_word(model_meta(m, "families"), kinds[k].family)))
			bits |= 1u << k;
	return bits;
}

/* What of the kinds asked for is not there, and how to get it. */
static int nothing(const struct model *m, const struct hot_opts *o, unsigned int asked)
{
	static const struct { unsigned int kinds; const char *what, *record; } one[] = {
		{ 1u << HOT_FAULT, "page faults with their places", "fault,map" },
		{ 1u << HOT_BLOCKED | 1u << HOT_PREEMPT, "time off the CPU with call paths", "offcpu,map" },
		{ 1u << HOT_WAKER, "wakers", "offcpu,waker,map" },
		{ 1u << HOT_CPU, "CPU samples", "profile,map" },
		{ ~0u, "call paths", "hot" },
	};
	char line[512];
	size_t i = 0;

	while (asked & ~one[i].kinds)
		i++;
	snprintf(line, sizeof(line), "%s: no %s in this trace: record it with -e %s", m->path, one[i].what, one[i].record);
	if (o->log)
		o->log(o->log_ctx, MMT_LOG_ERROR, line);
	return -ENODATA;
}

int hot_load(const struct model *m, const struct hot_opts *opts, struct hot **out)
{
	struct hot_opts o = opts ? *opts : (struct hot_opts){ 0 };
	unsigned int all = (1u << HOT_KINDS) - 1, there = hot_recorded(m);
	struct hot *h;
	int err = -ENOMEM, k;

	o.kinds = o.kinds & all ? o.kinds & all : all;
	if (!(o.kinds & there))
		return nothing(m, &o, o.kinds);
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->m = m;
	h->priv = calloc(1, sizeof(*h->priv));
	if (h->priv)
		h->priv->mem = arena_new();
	if (!h->priv || !h->priv->mem)
		goto err_free;
	for (k = 0; k < HOT_KINDS; k++)
		h->kind[k].recorded = there >> k & 1;
	err = sym_trace_open(m->path, o.symbols, o.log, o.log_ctx, &h->sym);
	err = err ? err : hot_read(h, &o);
	if (err)
		goto err_free;
	*out = h;
	return 0;
err_free:
	hot_free(h);
	return err;
}

void hot_free(struct hot *h)
{
	int k;

	if (!h)
		return;
	for (k = 0; k < HOT_KINDS; k++)
		free(h->kind[k].cell);
	free(h->frame);
	free(h->path);
	free(h->place);
	if (h->priv) {
		hot_frames_free(h->priv);
		free(h->priv->tells);
		u64map_free(&h->priv->tells_by);
	}
	free(h->priv);
	sym_trace_close(h->sym);
	free(h);
}
