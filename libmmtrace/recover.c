// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* Recovery: the good chunks of a damaged or unfinished trace become a complete one. */
#include <sys/stat.h>

#include "internal.h"

static bool same_file(const char *a, const char *b)
{
	struct stat sa, sb;

	return !stat(a, &sa) && !stat(b, &sb) && sa.st_dev == sb.st_dev && sa.st_ino == sb.st_ino;
}

int mmt_writer__open_copy(const char *in, const char *out, const struct mmt_reader_opts *opts, struct mmt_status *st,
			  struct mmt_writer **copy)
{
	struct mmt_writer_opts wopts = { .sz = sizeof(wopts) };
	struct mmt_writer *w = NULL;
	struct mmt_reader *r;
	struct mmt_chunk chunk;
	struct mmt_head h;
	const uint8_t *p;
	size_t len;
	int ret, err;

	if (!in || !out || (strcmp(in, "-") && strcmp(out, "-") && same_file(in, out)))
		return -EINVAL;
	err = mmt_reader__open(in, opts, &r);
	if (err)
		return err;
	while ((ret = mmt_reader__next_raw(r, &chunk)) > 0) {
		p = mmt_reader__stored(r, &h, &len);
		if (!w) {
			/* only now: without its preamble the first chunk tells the time unit */
			wopts.time_shift = (uint8_t)mmt_reader__time_shift(r);
			wopts.log = MMT_OPT(opts, struct mmt_reader_opts, log, NULL);
			wopts.log_ctx = MMT_OPT(opts, struct mmt_reader_opts, log_ctx, NULL);
			/* where the schema is lost, the standard one is written in its place */
			if (h.type == MMT_CHUNK_SCHEMA)
				err = mmt_writer__open_bare(out, &wopts, &w);
			else
				err = mmt_writer__open(out, &wopts, &w);
			if (err)
				goto out;
		}
		err = mmt_writer__copy(w, &h, p, len);
		if (err)
			goto out;
	}
	err = ret;
	if (!err && !w)
		err = mmt_writer__open(out, &wopts, &w);
	if (!err && st)
		err = mmt_reader__status(r, st);
out:
	mmt_reader__close(r);
	if (err) {
		mmt_writer__abandon(w);
		return err;
	}
	*copy = w;
	return 0;
}

int mmt_recover(const char *in, const char *out, const struct mmt_reader_opts *opts, struct mmt_status *st)
{
	struct mmt_writer *w;
	int err = mmt_writer__open_copy(in, out, opts, st, &w);

	return err ? err : mmt_writer__close(w);
}
