// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/* The writer: buffers events and rows, seals them into chunks, appends the chunks. */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define SEAL_AT (4u << 20)      /* pending bytes that seal by themselves */
#define ROWS_MAX (16u << 20)    /* rows kept while the disk is full */

struct mark { /* an index entry */
	uint64_t offset, first, last;
	uint32_t seq, n_items;
	uint8_t type;
};

struct mmt_writer {
	mmt_log_fn log;
	void *log_ctx;
	char *path;
	int fd;
	bool regular, failing;
	off_t base; /* where in the file the trace begins */
	unsigned int shift;
	struct mmt_schema schema;
	const struct mmt_codec *codec;
	void *ctx;
	struct mmt_ebuf *ev;
	struct mmt_tbuf *tb;
	struct mmt_buf chunk, raw, tmp;
	uint64_t bytes;
	uint32_t seq, n_chunks;
	uint64_t lost[MMT_N_CLASSES];
	size_t rows_seal_at; /* more while the disk is full: packing in vain costs */
	int rows_err;        /* of the last attempt */
	struct mark *index; /* of every index_step-th chunk */
	uint32_t n_index, index_step;
	mmt_row_fn row_fn; /* instead of a file */
	void *row_ctx;
};

static int writer_new(const struct mmt_writer_opts *opts, struct mmt_writer **out)
{
	struct mmt_writer *w;
	int level, err;

	if (!mmt_opts_ok(opts, sizeof(*opts)))
		return -EINVAL;
	w = calloc(1, sizeof(*w));
	if (!w)
		return -ENOMEM;
	w->fd = -1;
	w->index_step = 1;
	w->rows_seal_at = SEAL_AT;
	w->log = MMT_OPT(opts, struct mmt_writer_opts, log, NULL);
	w->log_ctx = MMT_OPT(opts, struct mmt_writer_opts, log_ctx, NULL);
	w->shift = MMT_OPT(opts, struct mmt_writer_opts, time_shift, 0);
	level = MMT_OPT(opts, struct mmt_writer_opts, level, 0);
	err = -EINVAL;
	if (w->shift > MMT_MAX_SHIFT || level < -1 || level > 9)
		goto err_free;
	err = mmt_schema_build(&w->schema, MMT_OPT(opts, struct mmt_writer_opts, extra_types, NULL),
			       MMT_OPT(opts, struct mmt_writer_opts, n_extra_types, 0));
	if (err)
		goto err_free;
	w->codec = mmt_codec_by_id(level < 0 ? MMT_CODEC_NONE : MMT_CODEC_DEFLATE);
	if (w->codec->enc_open) {
		err = w->codec->enc_open(level ? level : 1, &w->ctx);
		if (err)
			goto err_free;
	}
	err = -ENOMEM;
	w->index = calloc(MMT_MAX_INDEX, sizeof(*w->index));
	w->ev = mmt_ebuf_new(&w->schema, w->shift);
	w->tb = mmt_tbuf_new(&w->schema);
	if (!w->index || !w->ev || !w->tb)
		goto err_free;
	*out = w;
	return 0;
err_free:
	mmt_writer__abandon(w);
	return err;
}

void mmt_writer__abandon(struct mmt_writer *w)
{
	if (!w)
		return;
	if (w->fd >= 0)
		close(w->fd);
	if (w->codec && w->codec->enc_close)
		w->codec->enc_close(w->ctx);
	mmt_ebuf_free(w->ev);
	if (w->tb)
		mmt_tbuf_free(w->tb);
	mmt_schema_free(&w->schema);
	mmt_buf_free(&w->chunk);
	mmt_buf_free(&w->raw);
	mmt_buf_free(&w->tmp);
	free(w->index);
	free(w->path);
	free(w);
}

/* All of it or an error; *done counts what reached the file. */
static int write_all(int fd, const uint8_t *p, size_t len, size_t *done)
{
	struct pollfd pfd = { .fd = fd, .events = POLLOUT };
	ssize_t n;

	*done = 0;
	while (*done < len) {
		n = write(fd, p + *done, len - *done);
		if (n > 0) {
			*done += (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			if (poll(&pfd, 1, -1) < 0 && errno != EINTR)
				return -errno;
		} else if (n == 0 || errno != EINTR) {
			return n ? -errno : -EIO;
		}
	}
	return 0;
}

static int writer_append(struct mmt_writer *w, const uint8_t *p, size_t len)
{
	off_t start = w->base + (off_t)w->bytes;
	size_t done;
	int err = write_all(w->fd, p, len, &done);

	w->bytes += done;
	if (!err) {
		if (w->failing)
			mmt_logf(w->log, w->log_ctx, MMT_LOG_INFO, "trace: writing to %s again", w->path);
		w->failing = false;
		return 0;
	}
	if (!w->failing)
		mmt_logf(w->log, w->log_ctx, MMT_LOG_ERROR,
			 "trace: failed to write to %s: %s; it is readable up to here", w->path, strerror(-err));
	w->failing = true;
	/* take the torn chunk back; where that cannot be, a reader skips it */
	if (done && w->regular && !ftruncate(w->fd, start) && lseek(w->fd, start, SEEK_SET) == start)
		w->bytes -= done;
	return err;
}

static void index_add(struct mmt_writer *w, const struct mmt_head *h, uint64_t offset)
{
	uint32_t i;

	if (w->n_chunks++ % w->index_step)
		return;
	if (w->n_index == MMT_MAX_INDEX) {
		/* flat memory: twice the step, every second entry goes */
		for (i = 0; i < MMT_MAX_INDEX / 2; i++)
			w->index[i] = w->index[2 * i];
		w->n_index = MMT_MAX_INDEX / 2;
		w->index_step *= 2;
		if ((w->n_chunks - 1) % w->index_step)
			return;
	}
	w->index[w->n_index++] = (struct mark){ offset, h->first, h->last, h->seq, h->n_items, h->type };
}

/* Header into the room kept in front of the payload, and out. */
static int chunk_write(struct mmt_writer *w, struct mmt_head *h)
{
	uint64_t offset = w->bytes;
	unsigned int i;
	int err;

	if (w->chunk.err)
		return w->chunk.err;
	h->stored = (uint32_t)(w->chunk.len - MMT_HEADER_LEN);
	if (w->chunk.len - MMT_HEADER_LEN > MMT_MAX_STORED || h->raw > MMT_MAX_RAW)
		return -E2BIG;
	h->seq = w->seq++;
	h->codec = w->codec->id;
	h->time_shift = (uint8_t)w->shift;
	for (i = 0; i < MMT_N_CLASSES; i++)
		h->lost[i] = (uint32_t)MIN_OF(w->lost[i], UINT32_MAX);
	h->payload_crc = mmt_crc(w->chunk.p + MMT_HEADER_LEN, h->stored);
	mmt_head_put(w->chunk.p, h);
	err = writer_append(w, w->chunk.p, w->chunk.len);
	if (err)
		return err;
	for (i = 0; i < MMT_N_CLASSES; i++)
		w->lost[i] -= h->lost[i];
	index_add(w, h, offset);
	return 0;
}

static int chunk_start(struct mmt_writer *w)
{
	w->chunk.err = 0;
	w->chunk.len = 0;
	if (mmt_buf_grow(&w->chunk, MMT_HEADER_LEN))
		return w->chunk.err;
	w->chunk.len = MMT_HEADER_LEN;
	w->raw.len = 0;
	w->raw.err = w->tmp.err = 0;
	return 0;
}

/* A chunk of one section that is built in w->raw. */
static int chunk_of_raw(struct mmt_writer *w, struct mmt_head *h)
{
	int err;

	h->raw = (uint32_t)w->raw.len;
	err = mmt_section_put(&w->chunk, w->codec, w->ctx, MMT_HINT_TEXT, &w->raw, &w->tmp);
	return err ? err : chunk_write(w, h);
}

static int write_start(struct mmt_writer *w, bool bare)
{
	struct mmt_head h = { .type = MMT_CHUNK_SCHEMA };
	uint8_t pre[MMT_PREAMBLE_LEN];
	int err;

	mmt_preamble_put(pre, w->shift);
	err = writer_append(w, pre, sizeof(pre));
	if (err || bare)
		return err;
	err = chunk_start(w);
	if (err)
		return err;
	mmt_schema_put(&w->schema, &w->raw);
	h.n_items = (uint32_t)w->schema.n;
	return chunk_of_raw(w, &h);
}

static int writer_open(const char *path, int fd, bool bare, const struct mmt_writer_opts *opts,
		       struct mmt_writer **out)
{
	struct mmt_writer *w;
	struct stat st;
	int err;

	err = writer_new(opts, &w);
	if (err)
		return err;
	w->path = strdup(path);
	if (!w->path) {
		err = -ENOMEM;
		goto err_free;
	}
	if (fd >= 0)
		w->fd = fd;
	else if (!strcmp(path, "-"))
		w->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		w->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (w->fd < 0 || fstat(w->fd, &st)) {
		err = -errno;
		goto err_free;
	}
	w->regular = S_ISREG(st.st_mode);
	if (w->regular) {
		w->base = lseek(w->fd, 0, fcntl(w->fd, F_GETFL) & O_APPEND ? SEEK_END : SEEK_CUR);
		if (w->base < 0)
			w->regular = false;
	}
	err = write_start(w, bare);
	if (err)
		goto err_free;
	*out = w;
	return 0;
err_free:
	if (fd >= 0)
		w->fd = -1; /* still the caller's */
	mmt_writer__abandon(w);
	return err;
}

int mmt_writer__open(const char *path, const struct mmt_writer_opts *opts, struct mmt_writer **out)
{
	return path ? writer_open(path, -1, false, opts, out) : -EINVAL;
}

int mmt_writer__open_bare(const char *path, const struct mmt_writer_opts *opts, struct mmt_writer **out)
{
	return writer_open(path, -1, true, opts, out);
}

int mmt_writer__open_fd(int fd, const struct mmt_writer_opts *opts, struct mmt_writer **out)
{
	return fd >= 0 ? writer_open("descriptor", fd, false, opts, out) : -EBADF;
}

int mmt_writer__open_rows(mmt_row_fn fn, void *ctx, const struct mmt_writer_opts *opts, struct mmt_writer **out)
{
	int err;

	if (!fn)
		return -EINVAL;
	err = writer_new(opts, out);
	if (err)
		return err;
	(*out)->row_fn = fn;
	(*out)->row_ctx = ctx;
	return 0;
}

static int row_out(struct mmt_writer *w, uint16_t table, const struct mmt_cell *cells, size_t n_cells)
{
	const struct mmt_type *type = mmt_schema_find(&w->schema, table);

	if (!type || type->kind != MMT_KIND_TABLE || n_cells != type->n_fields)
		return -EINVAL;
	return w->row_fn(w->row_ctx, type, cells);
}

void mmt_writer__lost(struct mmt_writer *w, const uint64_t lost[MMT_N_CLASSES])
{
	unsigned int i;

	for (i = 0; i < MMT_N_CLASSES; i++)
		w->lost[i] += lost[i];
}

static bool lost_any(const struct mmt_writer *w)
{
	unsigned int i;

	for (i = 0; i < MMT_N_CLASSES; i++)
		if (w->lost[i])
			return true;
	return false;
}

static int seal_events(struct mmt_writer *w)
{
	struct mmt_head h = { .type = MMT_CHUNK_EVENTS };
	uint64_t lost[MMT_N_CLASSES] = { 0 };
	int err;

	if (!mmt_ebuf_count(w->ev) && !lost_any(w))
		return 0;
	err = chunk_start(w);
	if (!err)
		err = mmt_ebuf_pack(w->ev, w->codec, w->ctx, &w->chunk, &h);
	if (!err)
		err = chunk_write(w, &h);
	if (err) {
		/* not kept: memory is bounded; but counted, in the next chunk that can be written */
		mmt_ebuf_classes(w->ev, lost);
		mmt_writer__lost(w, lost);
	}
	mmt_ebuf_reset(w->ev);
	return err;
}

static int seal_rows(struct mmt_writer *w)
{
	struct mmt_head h = { .type = MMT_CHUNK_TABLES };
	int err;

	if (!mmt_tbuf_cells(w->tb))
		return 0;
	err = chunk_start(w);
	if (!err)
		err = mmt_tbuf_pack(w->tb, w->codec, w->ctx, &w->chunk, &h);
	if (!err)
		err = chunk_write(w, &h);
	if (!err)
		mmt_tbuf_reset(w->tb);
	w->rows_seal_at = mmt_tbuf_bytes(w->tb) + SEAL_AT;
	w->rows_err = err;
	return err;
}

int mmt_writer__seal(struct mmt_writer *w)
{
	int err, err2;

	if (w->row_fn)
		return 0;
	err = seal_rows(w);
	/* rows wait for space; events would grow without bound */
	if (err && mmt_ebuf_bytes(w->ev) < SEAL_AT)
		return err;
	err2 = seal_events(w);
	return err ? err : err2;
}

int mmt_writer__events(struct mmt_writer *w, uint32_t stream, const struct mmt_event *ev, size_t n,
		       const uint64_t *args, size_t n_args)
{
	size_t used, args_used;
	int err = 0, err2;

	if (w->row_fn)
		return 0;
	while (n) {
		err2 = mmt_ebuf_add(w->ev, stream, ev, n, args, n_args, &used, &args_used);
		if (err2)
			return err2;
		ev += used;
		n -= used;
		args += args_used;
		n_args -= args_used;
		if (n || mmt_ebuf_bytes(w->ev) >= SEAL_AT) {
			if (!used && !mmt_ebuf_count(w->ev))
				return -E2BIG;
			/* a full disk loses events, counted, but does not stop the taking of them */
			err2 = mmt_writer__seal(w);
			if (err2)
				err = err2;
		}
	}
	return n_args ? -EINVAL : err;
}

int mmt_writer__row(struct mmt_writer *w, uint16_t table, const struct mmt_cell *cells, size_t n_cells)
{
	size_t all = mmt_tbuf_cells(w->tb) + n_cells;
	int err;

	if (w->row_fn)
		return row_out(w, table, cells, n_cells);
	if (w->rows_err && (mmt_tbuf_bytes(w->tb) >= ROWS_MAX || all > MMT_MAX_CELLS))
		return w->rows_err; /* until a seal succeeds */
	if (mmt_tbuf_bytes(w->tb) >= w->rows_seal_at || all > MMT_MAX_CELLS) {
		err = mmt_writer__seal(w);
		if (err && all > MMT_MAX_CELLS)
			return err;
	}
	return mmt_tbuf_add(w->tb, table, cells, n_cells);
}

uint64_t mmt_writer__bytes(const struct mmt_writer *w)
{
	return w->bytes;
}

uint64_t mmt_writer__pending(const struct mmt_writer *w)
{
	return mmt_ebuf_bytes(w->ev) + mmt_tbuf_bytes(w->tb);
}

int mmt_writer__copy(struct mmt_writer *w, const struct mmt_head *h, const uint8_t *p, size_t len)
{
	uint64_t offset = w->bytes;
	int err = writer_append(w, p, len);

	if (err)
		return err;
	w->seq = h->seq + 1;
	index_add(w, h, offset);
	return 0;
}

static int write_end(struct mmt_writer *w)
{
	struct mmt_head h = { .type = MMT_CHUNK_INDEX };
	struct mark prev = { 0 };
	uint8_t end[MMT_TRAILER_LEN];
	uint64_t offset = w->bytes;
	const struct mark *m;
	uint32_t i;
	int err;

	err = chunk_start(w);
	if (err)
		return err;
	h.n_items = w->n_index;
	mmt_buf_uv(&w->raw, w->index_step);
	for (i = 0; i < w->n_index; i++) {
		m = &w->index[i];
		mmt_buf_uv(&w->raw, m->offset - prev.offset);
		mmt_buf_uv(&w->raw, m->type);
		mmt_buf_uv(&w->raw, m->seq);
		mmt_buf_uv(&w->raw, m->n_items);
		mmt_buf_uv(&w->raw, mmt_zigzag((int64_t)(m->first - prev.first)));
		mmt_buf_uv(&w->raw, m->last - m->first);
		prev = *m;
	}
	err = chunk_of_raw(w, &h);
	if (err)
		return err;
	mmt_trailer_put(end, offset, w->bytes + MMT_TRAILER_LEN, w->n_chunks);
	return writer_append(w, end, sizeof(end));
}

int mmt_writer__close(struct mmt_writer *w)
{
	int err, err2;

	if (!w)
		return 0;
	if (w->row_fn) {
		mmt_writer__abandon(w);
		return 0;
	}
	err = mmt_writer__seal(w);
	/* even if the last chunk found no room: its gap in the sequence will be seen */
	err2 = write_end(w);
	if (!err)
		err = err2;
	if (close(w->fd) && !err)
		err = -errno;
	w->fd = -1;
	mmt_writer__abandon(w);
	return err;
}
