// SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause
/*
 * The reader: walks from chunk to chunk and believes nothing but checksums. A header
 * whose CRC holds gives the length; where a chunk does not hold, the walk goes on at
 * the next sync word behind which a header holds.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define READ_STEP (128u << 10)
/* deflate cannot do better than 1032 : 1 */
#define MAX_RATIO 1040u

struct mmt_reader {
	mmt_log_fn log;
	void *log_ctx;
	unsigned int part, n_parts;
	bool no_events;
	int fd;
	bool regular;
	off_t base; /* where in the file the trace begins */

	/* the window: bytes [offset, offset + end) of the trace; pos is where we stand */
	uint8_t *p;
	size_t cap, pos, end;
	uint64_t offset;
	bool eof, hold;
	size_t hold_at; /* while hold: bytes from here on stay, to come back to */

	bool pre_ok, shift_known;
	unsigned int shift;
	bool has_schema, schema_in_file;
	struct mmt_schema schema;
	struct mmt_edec *ev;
	struct mmt_tdec *tb;
	void *dec_ctx;

	uint32_t event_chunks; /* met so far, for part */
	uint64_t next_seq, good_bytes, first_time, garbage_from;
	bool in_garbage, done;
	struct mmt_status st;
	struct mmt_head head; /* of the chunk delivered last */
	size_t head_pos, head_len;
};

static size_t left(const struct mmt_reader *r)
{
	return r->end - r->pos;
}

static uint64_t here(const struct mmt_reader *r)
{
	return r->offset + r->pos;
}

/*
 * Have n bytes from pos on in the window. 0: they are there; -ENODATA: the file ends
 * before. Grows as data comes, not as lengths promise.
 */
static int need(struct mmt_reader *r, size_t n)
{
	size_t want, from;
	ssize_t got;
	int err;

	while (left(r) < n && !r->eof) {
		from = r->hold ? r->hold_at : r->pos;
		if (from && r->cap - r->end < READ_STEP) {
			memmove(r->p, r->p + from, r->end - from);
			r->offset += from;
			r->end -= from;
			r->pos -= from;
			r->hold_at = 0;
		}
		if (r->cap - r->end < READ_STEP) {
			err = MMT_GROW(r->p, r->cap, r->end + 2 * READ_STEP);
			if (err)
				return err;
		}
		want = MIN_OF(r->cap - r->end, MAX_OF((size_t)READ_STEP, n - left(r)));
		got = read(r->fd, r->p + r->end, want);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (!got)
			r->eof = true;
		if (got > 0)
			r->end += (size_t)got;
	}
	return left(r) < n ? -ENODATA : 0;
}

/* Stand at a place of the trace; what is outside the window only regular files can give. */
static int stand_at(struct mmt_reader *r, uint64_t to)
{
	off_t want;

	if (to >= r->offset && to <= r->offset + r->end) {
		r->pos = (size_t)(to - r->offset);
		return 0;
	}
	want = r->base + (off_t)to;
	if (!r->regular || lseek(r->fd, want, SEEK_SET) != want)
		return -ESPIPE;
	r->offset = to;
	r->pos = r->end = 0;
	r->eof = false;
	return 0;
}

/* Header at pos: 0, -EBADMSG, -ENODATA (file ends in it), or an error. */
static int peek_head(struct mmt_reader *r, struct mmt_head *h)
{
	size_t n = MMT_HEADER_LEN;
	int err;

	for (;;) {
		err = need(r, n);
		if (err && err != -ENODATA)
			return err;
		if (mmt_head_get(r->p + r->pos, left(r), h) != -EAGAIN)
			break;
		if (err)
			return err;
		n = h->len;
	}
	return mmt_head_get(r->p + r->pos, left(r), h);
}

static int peek_trailer(struct mmt_reader *r)
{
	int err = need(r, MMT_TRAILER_LEN);

	if (err)
		return err;
	return mmt_trailer_ok(r->p + r->pos) ? 0 : -EBADMSG;
}

/* Does a part of a trace, or its end, begin at pos? 1, 0, or an error. */
static int at_joint(struct mmt_reader *r)
{
	struct mmt_head h;
	int err = need(r, 1);

	if (err == -ENODATA)
		return 1;
	if (!err)
		err = peek_head(r, &h);
	if (err == -EBADMSG)
		err = peek_trailer(r);
	if (err == -ENODATA) /* cut in a header: all the same its beginning */
		return left(r) < 4 || mmt_get32(r->p + r->pos) == MMT_SYNC ||
		       mmt_get32(r->p + r->pos) == MMT_SYNC_END;
	return err == -EBADMSG ? 0 : err ? err : 1;
}

static void enter_garbage(struct mmt_reader *r, uint64_t from)
{
	if (r->in_garbage)
		return;
	r->in_garbage = true;
	r->garbage_from = from;
	r->st.bad_chunks++;
}

/* On to the next byte that may begin a sync word. */
static int scan(struct mmt_reader *r)
{
	const uint8_t *hit;
	int err;

	enter_garbage(r, here(r));
	err = need(r, 1);
	if (!err)
		r->pos++;
	for (;;) {
		err = err ? err : need(r, 1);
		if (err)
			return err == -ENODATA ? 0 : err;
		hit = memchr(r->p + r->pos, MMT_SYNC & 0xff, left(r));
		if (hit) {
			r->pos = (size_t)(hit - r->p);
			return 0;
		}
		r->pos = r->end;
	}
}

static void count_good(struct mmt_reader *r, const struct mmt_head *h)
{
	r->in_garbage = false;
	r->st.good_chunks++;
	r->good_bytes += h->len + (uint64_t)h->stored;
	if (h->seq > r->next_seq)
		r->st.missing_seq += h->seq - r->next_seq;
	if (h->seq >= r->next_seq)
		r->next_seq = h->seq + 1ull;
	if (h->last > r->st.last_time)
		r->st.last_time = h->last;
	if (h->first && (!r->first_time || h->first < r->first_time))
		r->first_time = h->first;
	if (!r->shift_known) {
		r->shift = h->time_shift;
		r->shift_known = true;
	}
}

static int take_schema(struct mmt_reader *r, const struct mmt_codec *codec, const struct mmt_head *h,
		       struct mmt_cur payload)
{
	struct mmt_store store = { 0 };
	struct mmt_cur c;
	int err;

	if (r->has_schema)
		return 0;
	err = mmt_store_start(&store, h->raw);
	if (!err)
		err = mmt_section_get(&payload, codec, r->dec_ctx, &store, &c);
	if (!err)
		err = mmt_schema_get(&r->schema, &c);
	free(store.p);
	if (!err)
		r->has_schema = r->schema_in_file = true;
	return err;
}

/* The schema got lost: the standard types are the best guess. */
static int guess_schema(struct mmt_reader *r)
{
	int err;

	if (r->has_schema)
		return 0;
	err = mmt_schema_build(&r->schema, NULL, 0);
	if (err)
		return err;
	r->has_schema = true;
	mmt_logf(r->log, r->log_ctx, MMT_LOG_WARN, "trace: the schema is damaged; taking the standard one");
	return 0;
}

static int decode(struct mmt_reader *r, const struct mmt_head *h, struct mmt_chunk *chunk)
{
	const struct mmt_codec *codec = mmt_codec_by_id(h->codec);
	struct mmt_cur payload = mmt_cur_of(r->p + r->pos + h->len, h->stored);
	int err = 0;

	memset(chunk, 0, sizeof(*chunk));
	chunk->offset = here(r);
	chunk->seq = h->seq;
	chunk->first_time = h->first;
	chunk->last_time = h->last;
	memcpy(chunk->lost, h->lost, sizeof(chunk->lost));
	chunk->stored_len = h->stored;
	chunk->raw_len = h->raw;
	if (!codec) {
		mmt_logf(r->log, r->log_ctx, MMT_LOG_WARN, "trace: chunk at %llu is packed in a way not known here (%u)",
			 (unsigned long long)here(r), h->codec);
		return -EBADMSG;
	}
	if (h->type == MMT_CHUNK_SCHEMA)
		return take_schema(r, codec, h, payload);
	if (h->type == MMT_CHUNK_EVENTS || h->type == MMT_CHUNK_TABLES)
		err = guess_schema(r);
	if (err)
		return err;
	if (h->type == MMT_CHUNK_EVENTS)
		return mmt_edec_unpack(r->ev, &r->schema, h, codec, r->dec_ctx, payload, chunk);
	if (h->type == MMT_CHUNK_TABLES)
		return mmt_tdec_unpack(r->tb, &r->schema, h, codec, r->dec_ctx, payload, chunk);
	return 0; /* the index, or what a later minor added */
}

/* Is the chunk at pos, with its header, followed by something of a trace? Stays at its end if so. */
static int joint_behind(struct mmt_reader *r, const struct mmt_head *h)
{
	uint64_t start = here(r);
	int joint, err;

	r->hold = !r->regular;
	r->hold_at = r->pos;
	joint = stand_at(r, start + h->len + h->stored);
	if (!joint)
		joint = at_joint(r);
	if (!joint) {
		err = stand_at(r, start);
		joint = err ? err : 0;
	}
	r->hold = false;
	return joint;
}

/* A chunk that nobody wants: go by its length. */
static int skip_chunk(struct mmt_reader *r, const struct mmt_head *h)
{
	uint64_t end = here(r) + h->len + h->stored;
	int joint = 0;

	if (r->regular ? end <= r->st.size : !(joint = need(r, h->len + (size_t)h->stored)))
		joint = joint_behind(r, h);
	if (joint < 0 && joint != -ENODATA)
		return joint;
	if (joint <= 0)
		return scan(r);
	count_good(r, h);
	return 0;
}

/* A chunk that must hold. 1: it does and *chunk is set; 0: it did not, pos is behind. */
static int take_chunk(struct mmt_reader *r, const struct mmt_head *h, struct mmt_chunk *chunk)
{
	size_t len = h->len + (size_t)h->stored;
	int err = need(r, len);

	if (err == -ENODATA)
		return scan(r);
	if (err)
		return err;
	if (mmt_crc(r->p + r->pos + h->len, h->stored) != h->payload_crc) {
		/* is the length to be trusted? */
		err = joint_behind(r, h);
		if (err <= 0)
			return err ? err : scan(r);
	} else {
		err = decode(r, h, chunk);
		if (!err) {
			count_good(r, h);
			r->head = *h;
			r->head_pos = r->pos;
			r->head_len = len;
			r->pos += len;
			return 1;
		}
		if (err != -EBADMSG)
			return err;
		r->pos += len;
	}
	r->st.bad_chunks += !r->in_garbage;
	r->in_garbage = false;
	if (h->seq >= r->next_seq) {
		r->st.missing_seq += h->seq - r->next_seq;
		r->next_seq = h->seq + 1ull;
	}
	return 0;
}

static bool wanted(struct mmt_reader *r, const struct mmt_head *h)
{
	if (h->type != MMT_CHUNK_EVENTS)
		return true;
	if (r->n_parts && r->event_chunks++ % r->n_parts != r->part)
		return false;
	return !r->no_events;
}

static bool head_sane(const struct mmt_head *h)
{
	return h->stored <= MMT_MAX_STORED && h->raw <= MMT_MAX_RAW &&
	       h->raw <= (uint64_t)h->stored * MAX_RATIO + 64;
}

int mmt_reader__next_raw(struct mmt_reader *r, struct mmt_chunk *chunk)
{
	struct mmt_head h;
	int err;

	while (!r->done) {
		err = need(r, 1);
		if (err == -ENODATA) {
			r->done = true;
			break;
		}
		if (!err)
			err = peek_head(r, &h);
		if (!err && head_sane(&h)) {
			r->st.complete = false;
			err = wanted(r, &h) ? take_chunk(r, &h, chunk) : skip_chunk(r, &h);
			if (err < 0)
				return err;
			if (err && h.type != MMT_CHUNK_INDEX)
				return 1;
			continue;
		}
		if (err && err != -EBADMSG && err != -ENODATA)
			return err;
		err = peek_trailer(r);
		if (!err) {
			r->in_garbage = false;
			r->st.complete = true;
			r->good_bytes += MMT_TRAILER_LEN;
			r->pos += MMT_TRAILER_LEN;
			continue;
		}
		if (err == -EBADMSG || err == -ENODATA)
			err = scan(r);
		if (err)
			return err;
	}
	return 0;
}

int mmt_reader__next(struct mmt_reader *r, struct mmt_chunk *chunk)
{
	int ret;

	do {
		ret = mmt_reader__next_raw(r, chunk);
	} while (ret > 0 && r->head.type != MMT_CHUNK_EVENTS && r->head.type != MMT_CHUNK_TABLES);
	return ret;
}

const uint8_t *mmt_reader__stored(const struct mmt_reader *r, struct mmt_head *h, size_t *len)
{
	*h = r->head;
	*len = r->head_len;
	return r->p + r->head_pos;
}

/* Preamble, and a look at the schema behind it; then pos stands at the first chunk. */
static int start(struct mmt_reader *r)
{
	struct mmt_chunk chunk;
	struct mmt_head h;
	int err = need(r, MMT_PREAMBLE_LEN + MMT_HEADER_LEN);
	size_t len = left(r);
	bool magic;

	if (err && err != -ENODATA)
		return err;
	magic = len >= MMT_MAGIC_LEN && !memcmp(r->p, MMT_MAGIC, MMT_MAGIC_LEN);
	r->pre_ok = magic && len >= MMT_PREAMBLE_LEN && mmt_get32(r->p + 28) == mmt_crc(r->p, 28);
	if (r->pre_ok && mmt_get16(r->p + 8) != MMT_FORMAT_MAJOR)
		return -ENOTSUP;
	if (r->pre_ok) {
		r->shift = MIN_OF(r->p[12], MMT_MAX_SHIFT);
		r->shift_known = true;
		r->good_bytes = MMT_PREAMBLE_LEN;
	} else if (!magic && (len < MMT_PREAMBLE_LEN ||
			      mmt_head_get(r->p + MMT_PREAMBLE_LEN, len - MMT_PREAMBLE_LEN, &h))) {
		return -EPROTO;
	}
	r->pos = MIN_OF(len, MMT_PREAMBLE_LEN);
	err = peek_head(r, &h);
	if (!err && head_sane(&h) && h.type == MMT_CHUNK_SCHEMA) {
		err = need(r, h.len + (size_t)h.stored);
		if (!err && mmt_crc(r->p + r->pos + h.len, h.stored) == h.payload_crc)
			err = decode(r, &h, &chunk);
	}
	return err == -EBADMSG || err == -ENODATA ? 0 : err;
}

static int reader_open_fd(struct mmt_reader *r, const char *path)
{
	struct stat st;

	r->fd = strcmp(path, "-") ? open(path, O_RDONLY | O_CLOEXEC) : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	if (r->fd < 0 || fstat(r->fd, &st))
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return 0;
	r->base = lseek(r->fd, 0, SEEK_CUR);
	r->regular = r->base >= 0;
	r->st.size = r->regular && st.st_size > r->base ? (uint64_t)(st.st_size - r->base) : 0;
	return 0;
}

int mmt_reader__open(const char *path, const struct mmt_reader_opts *opts, struct mmt_reader **out)
{
	struct mmt_reader *r;
	int err;

	if (!path || !mmt_opts_ok(opts, sizeof(*opts)))
		return -EINVAL;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->fd = -1;
	r->log = MMT_OPT(opts, struct mmt_reader_opts, log, NULL);
	r->log_ctx = MMT_OPT(opts, struct mmt_reader_opts, log_ctx, NULL);
	r->part = MMT_OPT(opts, struct mmt_reader_opts, part, 0);
	r->n_parts = MMT_OPT(opts, struct mmt_reader_opts, n_parts, 0);
	r->no_events = MMT_OPT(opts, struct mmt_reader_opts, no_events, false);
	err = -EINVAL;
	if (r->n_parts && r->part >= r->n_parts)
		goto err_free;
	err = reader_open_fd(r, path);
	if (err)
		goto err_free;
	err = -ENOMEM;
	r->ev = mmt_edec_new();
	r->tb = mmt_tdec_new();
	if (!r->ev || !r->tb)
		goto err_free;
	err = mmt_codec_by_id(MMT_CODEC_DEFLATE)->dec_open(&r->dec_ctx);
	if (!err)
		err = start(r);
	if (!err && !r->has_schema)
		err = guess_schema(r);
	if (err)
		goto err_free;
	*out = r;
	return 0;
err_free:
	mmt_reader__close(r);
	return err;
}

void mmt_reader__close(struct mmt_reader *r)
{
	if (!r)
		return;
	if (r->fd >= 0)
		close(r->fd);
	mmt_codec_by_id(MMT_CODEC_DEFLATE)->dec_close(r->dec_ctx);
	mmt_edec_free(r->ev);
	mmt_tdec_free(r->tb);
	mmt_schema_free(&r->schema);
	free(r->p);
	free(r);
}

int mmt_reader__rewind(struct mmt_reader *r)
{
	int err = r->regular ? stand_at(r, 0) : -ESPIPE;

	if (err)
		return err;
	r->event_chunks = 0;
	r->next_seq = r->good_bytes = r->first_time = 0;
	r->in_garbage = r->done = false;
	memset(&r->st, 0, offsetof(struct mmt_status, size));
	r->st.good_chunks = r->st.bad_chunks = r->st.skipped_bytes = 0;
	r->st.last_time = r->st.missing_seq = 0;
	return start(r);
}

static void status_line(const struct mmt_reader *r, struct mmt_status *st, uint64_t tail)
{
	uint64_t damage = st->skipped_bytes - tail;
	double secs = (double)(st->last_time - r->first_time) / 1e9;
	int n = 0;

	if (!st->complete)
		n = snprintf(st->line, sizeof(st->line),
			     "trace was not closed (killed, disk full, or cut): %llu whole chunks are readable, %.3f s; "
			     "%llu bytes of an unfinished chunk dropped", (unsigned long long)st->good_chunks,
			     secs, (unsigned long long)tail);
	if (damage || st->bad_chunks || st->missing_seq || !r->pre_ok)
		snprintf(st->line + n, sizeof(st->line) - (size_t)n,
			 "%s%llu damaged chunks skipped, %llu bytes; %llu chunks missing%s", n ? "; " : "trace is damaged: ",
			 (unsigned long long)st->bad_chunks, (unsigned long long)damage,
			 (unsigned long long)st->missing_seq, r->schema_in_file ? "" : "; schema lost");
}

int mmt_reader__status(struct mmt_reader *r, struct mmt_status *st)
{
	struct mmt_status full = r->st;
	uint64_t tail = 0;

	if (!st || st->sz < sizeof(st->sz) || st->sz > sizeof(*st))
		return -EINVAL;
	full.sz = st->sz;
	full.size = r->regular ? MAX_OF(r->st.size, here(r)) : here(r);
	full.skipped_bytes = here(r) - MIN_OF(here(r), r->good_bytes);
	/* what lies at the end of a file that was not closed is its unfinished chunk */
	if (!full.complete && r->in_garbage) {
		tail = here(r) - r->garbage_from;
		full.bad_chunks--;
	}
	if (!full.complete && !full.good_chunks && !tail && !r->pre_ok)
		tail = full.skipped_bytes;
	full.line[0] = 0;
	status_line(r, &full, tail);
	memcpy(st, &full, st->sz);
	return 0;
}

unsigned int mmt_reader__time_shift(const struct mmt_reader *r)
{
	return r->shift;
}

const struct mmt_type *mmt_reader__type(const struct mmt_reader *r, uint16_t id)
{
	return mmt_schema_find(&r->schema, id);
}

const struct mmt_type *mmt_reader__types(const struct mmt_reader *r, size_t *n)
{
	*n = r->schema.n;
	return r->schema.types;
}
