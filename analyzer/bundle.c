// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stddef.h>

#include "bundle.h"
#include "hot/hot.h"
#include "model.h"
#include "symbols/sym_trace.h"

/* Its schema is as old as it is: rows of ours must fit. */
static int takes_symbols(const char *path)
{
	const struct mmt_type *ours = mmt_std_type(MMT_TB_SYMBOL), *its;
	struct mmt_reader_opts o = { .sz = sizeof(o), .no_events = true };
	struct mmt_reader *r;
	struct mmt_chunk c;
	int err = mmt_reader__open(path, &o, &r);

	if (err)
		return err;
	err = mmt_reader__next(r, &c);
	its = err < 0 ? NULL : mmt_reader__type(r, MMT_TB_SYMBOL);
	if (err >= 0)
		err = its && its->n_fields == ours->n_fields ? 0 : -ENODATA;
	mmt_reader__close(r);
	return err;
}

/* Everything that has an address is looked at as `hot` does; what it leaves out has stacks. */
static int write_names(const char *path, const struct symbols_opts *opts, mmt_log_fn log, void *log_ctx, struct mmt_writer *w)
{
	struct model_opts mo = { .window = WINDOW_ALL };
	struct hot_opts ho = { .collector = true, .symbols = opts };
	struct sym_trace *t = NULL;
	struct hot *h = NULL;
	struct model *m = NULL;
	int err = model_load(path, &mo, &m);

	if (!err)
		err = hot_load(m, &ho, &h);
	if (err == -ENODATA)
		err = sym_trace_open(path, opts, log, log_ctx, &t);
	if (!err)
		err = !sym_trace_has_mappings(h ? h->sym : t) ? -ENODATA : sym_trace_bundle(h ? h->sym : t, w);
	sym_trace_close(t);
	hot_free(h);
	model_free(m);
	return err;
}

int bundle_trace(const char *in, const char *out, const struct symbols_opts *opts, mmt_log_fn log, void *log_ctx)
{
	struct mmt_reader_opts ro = { .sz = sizeof(ro), .log = log, .log_ctx = log_ctx };
	struct mmt_writer *w = NULL;
	int n = takes_symbols(in), err;

	if (!n)
		n = mmt_writer__open_copy(in, out, &ro, NULL, &w);
	if (!n)
		n = write_names(in, opts, log, log_ctx, w);
	if (n < 0) {
		mmt_writer__abandon(w);
		return n;
	}
	err = mmt_writer__close(w);
	return err ? err : n;
}
