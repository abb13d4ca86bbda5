// SPDX-License-Identifier: GPL-2.0-only
/* Reads what an execution printed and writes results.tsv and metrics.tsv. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "cmd.h"
#include "run.h"

/* The file from an offset on, as a string: NUL bytes become blanks. */
static char *read_from(const char *path, off_t from)
{
	FILE *f = fopen(path, "re");
	size_t size = 0, n;
	char *text = NULL, *grown;

	if (!f || fseeko(f, from, SEEK_SET)) {
		if (f)
			fclose(f);
		return NULL;
	}
	do {
		grown = realloc(text, size + 65537);
		if (!grown)
			break;
		text = grown;
		n = fread(text + size, 1, 65536, f);
		size += n;
		text[size] = '\0';
	} while (n && size < 1U << 30);
	fclose(f);
	for (size_t i = 0; text && i < size; i++)
		if (!text[i])
			text[i] = ' ';
	return text;
}

static int read_part(struct run *r, struct run_exec *x, size_t i, off_t from, struct results *res)
{
	const struct bench_part *p = &x->bench->parts[i];
	char path[PATH_MAX], raw[PATH_MAX];
	struct conf_err err = { "" };
	char *text;
	FILE *log;
	int ret;

	snprintf(raw, sizeof(raw), "%s/%s", x->logs, p->log);
	if (!p->output)
		snprintf(path, sizeof(path), "%s", raw);
	else if (!strcmp(p->output, "stderr"))
		snprintf(path, sizeof(path), "%s/stderr-%s", x->logs, p->log);
	else
		snprintf(path, sizeof(path), "%s/%s", x->logs, p->output);
	text = read_from(path, p->output && strcmp(p->output, "stderr") ? 0 : from);
	log = fopen(raw, "ae");
	ret = results_read(x->bench, p, text ? text : "", &x->part[i], log, res, &err);
	if (log)
		fclose(log);
	free(text);
	if (ret != -EINVAL)
		return ret;
	x->unread = true;
	if (!r->unread++ || r->o->verbose > 0) {
		run_progress_clear(r);
		out_err("%s: %s", path, err.text);
	}
	return 0;
}

int run_results(struct run *r, struct run_exec *x, const off_t *from)
{
	struct results res = { 0 };
	char path[PATH_MAX];
	int err = 0;

	for (size_t i = 0; i < x->bench->n_parts && !err; i++)
		err = read_part(r, x, i, from[i], &res);
	snprintf(path, sizeof(path), "%s/metrics.tsv", x->dir);
	if (!err)
		err = results_write_metrics(x->bench->conf, path);
	/* last, since an iteration that has this file is a complete one */
	if (!err)
		snprintf(path, sizeof(path), "%s/results.tsv", x->dir);
	if (!err && res.n)
		err = results_write(&res, path);
	results_free(&res);
	if (!err)
		return 0;
	out_err("run: cannot write %s: %s", path, strerror(-err));
	return MMT_EXIT_OURS;
}
