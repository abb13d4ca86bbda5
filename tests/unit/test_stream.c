// SPDX-License-Identifier: GPL-2.0-only
/* Where traces go and come from: pipes that stutter, files that are full, files that were begun. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <unistd.h>
#include <cmocka.h>
#include <errno.h>

#include "../../libmmtrace/internal.h"
#include "trace_make.h"

struct drain { /* the other end of a pipe: takes or gives a little at a time */
	int fd;
	struct bytes b;
};

static void *drain_slowly(void *arg)
{
	struct drain *d = arg;
	uint8_t buf[777];
	ssize_t n;

	while ((n = read(d->fd, buf, sizeof(buf))) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		d->b.p = realloc(d->b.p, d->b.len + (size_t)n);
		memcpy(d->b.p + d->b.len, buf, (size_t)n);
		d->b.len += (size_t)n;
		if (d->b.len % 16 == 0)
			usleep(50);
	}
	close(d->fd);
	return NULL;
}

static void *feed_slowly(void *arg)
{
	struct drain *d = arg;
	size_t at = 0, n;

	while (at < d->b.len) {
		n = MIN_OF(d->b.len - at, 1 + at % 4000);
		if (write(d->fd, d->b.p + at, n) != (ssize_t)n)
			break;
		at += n;
	}
	close(d->fd);
	return NULL;
}

static void on_signal(int sig)
{
	(void)sig;
}

/* A pipe that takes little at a time, without waiting, under a rain of signals: the same bytes. */
static void test_write_pipe(void **state)
{
	struct bytes want = trace_make(1, 4, 6, 3000);
	struct mmt_writer_opts o = { .sz = sizeof(o), .time_shift = 4, .level = 1 };
	struct itimerval rain = { { 0, 300 }, { 0, 300 } }, off = { 0 };
	struct sigaction act = { .sa_handler = on_signal }, old;
	struct mmt_writer *w;
	struct drain d = { 0 };
	pthread_t thread;
	int p[2], nonblock;

	(void)state;
	for (nonblock = 0; nonblock < 2; nonblock++) {
		assert_int_equal(pipe2(p, O_CLOEXEC), 0);
		fcntl(p[1], F_SETPIPE_SZ, 4096);
		if (nonblock)
			fcntl(p[1], F_SETFL, O_NONBLOCK);
		d = (struct drain){ .fd = p[0] };
		assert_int_equal(pthread_create(&thread, NULL, drain_slowly, &d), 0);
		sigaction(SIGALRM, &act, &old);
		setitimer(ITIMER_REAL, &rain, NULL);
		assert_int_equal(mmt_writer__open_fd(p[1], &o, &w), 0);
		trace_fill(w, 6, 3000);
		assert_int_equal(mmt_writer__close(w), 0);
		setitimer(ITIMER_REAL, &off, NULL);
		sigaction(SIGALRM, &old, NULL);
		pthread_join(thread, NULL);
		assert_int_equal(d.b.len, want.len);
		assert_memory_equal(d.b.p, want.p, want.len);
		free(d.b.p);
	}
	free(want.p);
}

static void test_read_pipe(void **state)
{
	struct bytes b = trace_make(1, 4, 6, 3000);
	struct digest want = trace_digest_of(b.p, b.len), d;
	struct mmt_reader_opts o = { .sz = sizeof(o), .n_parts = 2, .part = 1 };
	struct mmt_reader *r;
	struct drain feed;
	char path[32];
	pthread_t thread;
	int p[2], part;
	size_t cut;

	(void)state;
	for (part = 0; part < 2; part++) {
		for (cut = 0; cut < 2; cut++) {
			assert_int_equal(pipe2(p, O_CLOEXEC), 0);
			feed = (struct drain){ .fd = p[1], .b = { b.p, b.len - cut * 1000 } };
			assert_int_equal(pthread_create(&thread, NULL, feed_slowly, &feed), 0);
			snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
			d = trace_digest(path, part ? &o : NULL);
			close(p[0]);
			pthread_join(thread, NULL);
			assert_int_equal(d.ret, 0);
			assert_int_equal(d.st.complete, !cut);
			assert_int_equal(d.st.size, feed.b.len);
			if (!cut)
				assert_string_equal(d.st.line, "");
			if (!part)
				assert_memory_equal(d.of_chunk, want.of_chunk, d.chunks * sizeof(d.of_chunk[0]));
			if (!part && !cut)
				assert_int_equal(d.events, want.events);
			if (part && !cut)
				assert_int_equal(d.rows, want.rows);
		}
	}
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], b.p, 4000), 4000);
	close(p[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &(struct mmt_chunk){ 0 }) > 0)
		;
	/* what has flowed by does not come back */
	assert_int_equal(mmt_reader__rewind(r), -ESPIPE);
	mmt_reader__close(r);
	close(p[0]);
	free(b.p);
}

static struct digest digest_of_pipe(const struct bytes *b, const struct mmt_reader_opts *o)
{
	struct drain feed = { .b = *b };
	struct digest d;
	pthread_t thread;
	char path[32];
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	feed.fd = p[1];
	assert_int_equal(pthread_create(&thread, NULL, feed_slowly, &feed), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", p[0]);
	d = trace_digest(path, o);
	close(p[0]);
	pthread_join(thread, NULL);
	return d;
}

/* Chunks greater than the reader's window, damaged: a pipe gives what a file gives. */
static void test_big_damage(void **state)
{
	struct bytes b = trace_make(-1, 0, 6, 30000);
	struct mmt_reader_opts part = { .sz = sizeof(part), .n_parts = 2, .part = 1 };
	struct digest want = trace_digest_of(b.p, b.len), file, pipe_;
	char *path = trace_tmp();
	size_t off[32], at[3];
	unsigned int n = trace_offsets(&b, off, 32), i, k;

	(void)state;
	assert_true(b.len > (1u << 20));
	at[0] = off[n / 2 + 1] + 1000; /* in a payload */
	at[1] = off[n / 2] + 17;       /* in a length */
	at[2] = off[n / 2 + 1] - 100;  /* in the payload before, at its end */
	for (i = 0; i < 3; i++) {
		b.p[at[i]] ^= 4;
		trace_spill(path, b.p, b.len);
		for (k = 0; k < 2; k++) {
			file = trace_digest(path, k ? &part : NULL);
			pipe_ = digest_of_pipe(&b, k ? &part : NULL);
			assert_memory_equal(&file, &pipe_, sizeof(file));
			assert_true(file.st.complete);
			assert_int_equal(file.st.size, b.len);
			if (!k) {
				assert_int_equal(file.chunks, want.chunks - 1);
				assert_int_equal(file.st.bad_chunks, 1);
			}
		}
		b.p[at[i]] ^= 4;
	}
	trace_drop(path);
	free(b.p);
}

/* A reader that goes away is an error of the writer, not its death. */
static void test_broken_pipe(void **state)
{
	struct mmt_writer *w;
	int p[2];

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(mmt_writer__open_fd(p[1], NULL, &w), 0);
	close(p[0]);
	mmt_writer__lost(w, (uint64_t[MMT_N_CLASSES]){ 1 });
	assert_int_equal(mmt_writer__seal(w), -EPIPE);
	assert_int_equal(mmt_writer__close(w), -EPIPE);
}

static void limit_size(rlim_t len)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = len ? len : l.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static int count_log(int *n, const char *msg)
{
	return msg ? ++*n : *n;
}

static void on_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)level;
	count_log(ctx, msg);
}

/*
 * The disk fills up: a short write, then none. What was whole stays, the torn chunk goes;
 * rows wait for space, events are counted as lost; with space again the trace goes on.
 */
static void test_full_disk(void **state)
{
	int said = 0;
	struct mmt_writer_opts o = { .sz = sizeof(o), .level = -1, .log = on_log, .log_ctx = &said };
	struct mmt_event ev[1000];
	struct mmt_cell c[2] = { { .p = "k", .len = 1 }, { .p = "v", .len = 1 } };
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct mmt_reader *r;
	struct mmt_chunk ch;
	struct digest d;
	uint64_t before, lost = 0, events = 0, rows = 0;
	unsigned int i;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (i = 0; i < 1000; i++)
		ev[i] = (struct mmt_event){ 1000 + i * 100, MMT_KEY(MMT_EV_SWITCH, (i % 50) << 4) };
	assert_int_equal(mmt_writer__open(path, &o, &w), 0);
	assert_int_equal(mmt_writer__events(w, 0, ev, 1000, NULL, 0), 0);
	assert_int_equal(mmt_writer__seal(w), 0);
	before = mmt_writer__bytes(w);
	limit_size(before + 500); /* for a part of the next chunk */
	assert_int_equal(mmt_writer__row(w, MMT_TB_META, c, 2), 0);
	assert_int_equal(mmt_writer__events(w, 0, ev, 1000, NULL, 0), 0);
	assert_int_equal(mmt_writer__seal(w), -EFBIG);
	assert_int_equal(mmt_writer__row(w, MMT_TB_META, c, 2), 0);
	assert_int_equal(mmt_writer__seal(w), 0); /* the row had room, and the events are gone */
	assert_int_equal(mmt_writer__events(w, 0, ev, 1000, NULL, 0), 0);
	assert_int_equal(mmt_writer__seal(w), -EFBIG);
	assert_int_equal(mmt_writer__pending(w), 0);
	before = mmt_writer__bytes(w);
	d = trace_digest(path, NULL);
	assert_int_equal(d.ret, 0);
	assert_int_equal(d.events, 1000);
	assert_int_equal(d.st.size, before);
	assert_int_equal(d.st.skipped_bytes, 0);
	assert_int_equal(d.st.bad_chunks, 0);
	assert_false(d.st.complete);
	assert_int_equal(said, 3);
	limit_size(before); /* not a byte more */
	assert_int_equal(mmt_writer__row(w, MMT_TB_META, c, 2), 0);
	assert_int_equal(mmt_writer__seal(w), -EFBIG);
	assert_true(mmt_writer__pending(w) > 0);
	limit_size(0);
	assert_int_equal(mmt_writer__events(w, 0, ev, 1000, NULL, 0), 0);
	assert_int_equal(mmt_writer__close(w), 0);

	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	while (mmt_reader__next(r, &ch) > 0) {
		lost += ch.lost[MMT_CLASS_SWITCH];
		for (i = 0; i < ch.n_blocks; i++)
			events += ch.blocks[i].n;
		for (i = 0; i < ch.n_tables; i++)
			rows += ch.tables[i].n;
	}
	mmt_reader__close(r);
	assert_int_equal(events, 2000);
	assert_int_equal(lost, 2000);
	assert_int_equal(rows, 3);
	d = trace_digest(path, NULL);
	assert_true(d.st.complete);
	assert_int_equal(d.st.skipped_bytes, 0);
	/* the gap is there to see */
	assert_true(d.st.missing_seq > 0 && d.st.line[0]);
	trace_drop(path);
}

/* A device that cannot be cut back: what is torn is skipped. */
static void test_full_device(void **state)
{
	struct mmt_writer *w;

	(void)state;
	if (access("/dev/full", W_OK))
		skip();
	assert_int_equal(mmt_writer__open("/dev/full", NULL, &w), -ENOSPC);
}

/* A writer that goes on for ever on a full disk keeps its memory bounded. */
static void test_full_forever(void **state)
{
	struct mmt_event ev[1000];
	struct mmt_cell c[2] = { { .p = "k", .len = 1 }, { .p = NULL, .len = 100000 } };
	char *path = trace_tmp(), *text = calloc(1, 100000);
	struct mmt_writer *w;
	unsigned int i;
	int err = 0;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	c[1].p = text;
	for (i = 0; i < 1000; i++)
		ev[i] = (struct mmt_event){ 1000 + i * 100, MMT_KEY(MMT_EV_SWITCH, (i % 50) << 4) };
	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	limit_size(mmt_writer__bytes(w));
	for (i = 0; i < 2000; i++) {
		err = mmt_writer__events(w, 0, ev, 1000, NULL, 0);
		assert_true(!err || err == -EFBIG);
		err = mmt_writer__row(w, MMT_TB_META, c, 2);
		assert_true(!err || err == -EFBIG);
		assert_true(mmt_writer__pending(w) < (24u << 20));
	}
	assert_int_equal(err, -EFBIG);
	assert_int_equal(mmt_writer__close(w), -EFBIG);
	limit_size(0);
	trace_drop(path);
	free(text);
}

/* Killed: no index, no trailer, all sealed chunks. */
static void test_abandon(void **state)
{
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct digest d;

	(void)state;
	assert_int_equal(mmt_writer__open(path, NULL, &w), 0);
	trace_fill(w, 3, 100);
	assert_int_equal(mmt_writer__events(w, 0, &(struct mmt_event){ 5, MMT_KEY(MMT_EV_SWITCH, 0) }, 1, NULL, 0), 0);
	mmt_writer__abandon(w);
	d = trace_digest(path, NULL);
	assert_int_equal(d.events, 900);
	assert_false(d.st.complete);
	assert_int_equal(d.st.skipped_bytes, 0);
	assert_non_null(strstr(d.st.line, "not closed"));
	trace_drop(path);
}

/* A trace that begins inside a file, as behind a wrapper's own header. */
static void test_begun_file(void **state)
{
	char *path = trace_tmp();
	struct mmt_writer *w;
	struct bytes b;
	struct digest d;
	int fd;

	(void)state;
	fd = open(path, O_RDWR);
	assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(mmt_writer__open_fd(fd, NULL, &w), 0);
	trace_fill(w, 2, 50);
	assert_int_equal(mmt_writer__close(w), 0);
	b = trace_slurp(path);
	assert_memory_equal(b.p, "0123456789", 10);
	d = trace_digest_of(b.p + 10, b.len - 10);
	assert_int_equal(d.events, 300);
	assert_string_equal(d.st.line, "");
	trace_drop(path);
	free(b.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_write_pipe),
		cmocka_unit_test(test_read_pipe),
		cmocka_unit_test(test_big_damage),
		cmocka_unit_test(test_broken_pipe),
		cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_full_forever),
		cmocka_unit_test(test_abandon),
		cmocka_unit_test(test_begun_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
