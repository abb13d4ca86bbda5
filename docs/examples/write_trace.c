/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * Writes a small trace of an invented machine: two CPUs, a ping-pong of two tasks, the
 * tables around it, and a type of its own. The same bytes each time.
 * Build: cc write_trace.c $(pkg-config --cflags --libs libmmtrace)
 */
#include <mmtrace.h>
#include <stdio.h>
#include <string.h>

#define T0 5000000000ULL /* of the trace clock, ns */
#define ROUNDS 40

/* An event type and a table that the library does not know: the file explains them. */
enum { EV_REQUEST = 200, TB_SERVER = 1000 };
static const struct mmt_field request_f[] = {
	{ "tid", MMT_FMT_TID, MMT_ROLE_KEY, 24, "", "server thread" },
	{ "kind", MMT_FMT_ENUM, MMT_ROLE_KEY, 4, "read,write", "what was asked for" },
	{ "size", MMT_FMT_U64, MMT_ROLE_ARG, 0, "B", "bytes transferred" },
};
static const struct mmt_field server_f[] = {
	{ "time", MMT_FMT_TIME, MMT_ROLE_COL, 0, "ns", "instant" },
	{ "name", MMT_FMT_STR, MMT_ROLE_COL, 0, "", "name of the server" },
	{ "load", MMT_FMT_S64, MMT_ROLE_COL, 0, "", "may be negative" },
};
static const struct mmt_type own_types[] = {
	{ EV_REQUEST, MMT_KIND_EVENT, "request", "a request was served", 3, request_f },
	{ TB_SERVER, MMT_KIND_TABLE, "server", "servers", 3, server_f },
};

static uint64_t key_switch(unsigned int state, uint32_t next)
{
	return MMT_KEY(MMT_EV_SWITCH, state | (uint64_t)next << 4);
}

static uint64_t key_wakeup(int type, uint32_t tid, uint32_t cpu)
{
	return MMT_KEY(type, (uint64_t)tid << 4 | (uint64_t)cpu << 28);
}

static struct mmt_cell num(uint64_t u)
{
	return (struct mmt_cell){ .u = u };
}

static struct mmt_cell str(const char *s)
{
	return (struct mmt_cell){ .p = s, .len = (uint32_t)strlen(s) };
}

#define ROW(w, table, ...) \
	mmt_writer__row(w, table, (struct mmt_cell[]){ __VA_ARGS__ }, \
			sizeof((struct mmt_cell[]){ __VA_ARGS__ }) / sizeof(struct mmt_cell))

static int write_tables(struct mmt_writer *w)
{
	static const uint64_t distance[] = { 10 };
	uint8_t vec[16];
	struct mmt_cell dist = { .p = vec };
	uint32_t cpu;
	int err, n = mmt_vec_pack(distance, 1, vec, sizeof(vec));

	if (n < 0)
		return n;
	dist.len = (uint32_t)n;
	err = ROW(w, MMT_TB_META, str("tool.version"), str("example 1"));
	if (!err)
		err = ROW(w, MMT_TB_META, str("cpu.count"), str("2"));
	if (!err)
		err = ROW(w, MMT_TB_CLOCK, num(T0), num(T0), num(T0), num(1700000000000000000ULL), num(30));
	for (cpu = 0; cpu < 2 && !err; cpu++)
		err = ROW(w, MMT_TB_CPU, num(cpu), num(cpu), num(0), num(0), num(0), num(1), num(2600000));
	if (!err)
		err = ROW(w, MMT_TB_NODE, num(0), num(4194304), dist);
	if (!err)
		err = ROW(w, MMT_TB_MARK, num(0), num(T0), num(0), str("start"), str(""));
	if (!err)
		err = ROW(w, TB_SERVER, num(T0), str("ping"), num((uint64_t)-3));
	return err;
}

/* 1001 and 1002 wake each other on CPU 0; CPU 1 serves requests and sleeps. */
static int write_events(struct mmt_writer *w, unsigned int slice)
{
	struct mmt_event ev[4 * ROUNDS];
	uint64_t args[ROUNDS], t = T0 + slice * 250000000ULL;
	unsigned int i, n = 0, n_args = 0;
	int err;

	ev[n++] = (struct mmt_event){ t, MMT_KEY(MMT_EV_SWITCHX, MMT_STATE_S | 1001ULL << 4 | 0ULL << 28) };
	for (i = 0; i < ROUNDS; i++) {
		uint32_t from = 1001 + i % 2, to = 1001 + (i + 1) % 2;

		t += 1500 + from % 7 * 16;
		ev[n++] = (struct mmt_event){ t, key_wakeup(MMT_EV_WAKEUP, to, 0) };
		t += 2100 + i * i % 11 * 32;
		ev[n++] = (struct mmt_event){ t, key_switch(MMT_STATE_S, to) };
	}
	err = mmt_writer__events(w, 0, ev, n, NULL, 0);
	if (err)
		return err;

	for (i = n = 0, t = T0 + slice * 250000000ULL; i < ROUNDS / 4; i++) {
		t += 90000 + i * 7919 % 5000;
		ev[n++] = (struct mmt_event){ t, key_wakeup(MMT_EV_WAKEUPR, 1003, 1) };
		args[n_args++] = 640 + i % 3 * 16; /* ns from the request to the run queue */
		t += 1200;
		ev[n++] = (struct mmt_event){ t, key_switch(MMT_STATE_R, 1003) };
		t += 30000 + i * 104729 % 9000;
		ev[n++] = (struct mmt_event){ t, MMT_KEY(EV_REQUEST, 1003 | (uint64_t)(i % 2) << 24) };
		args[n_args++] = 4096 << i % 3;
		t += 700;
		ev[n++] = (struct mmt_event){ t, key_switch(MMT_STATE_S, 0) };
	}
	return mmt_writer__events(w, 1, ev, n, args, n_args);
}

int main(int argc, char **argv)
{
	struct mmt_writer_opts opts = {
		.sz = sizeof(opts), .time_shift = 4, .extra_types = own_types, .n_extra_types = 2,
	};
	const uint64_t lost[MMT_N_CLASSES] = { [MMT_CLASS_WAKEUP] = 23 };
	struct mmt_writer *w;
	unsigned int slice;
	int err, err2;

	if (argc != 2) {
		fprintf(stderr, "usage: write_trace FILE\n");
		return 2;
	}
	err = mmt_writer__open(argv[1], &opts, &w);
	if (err) {
		fprintf(stderr, "write_trace: failed to open %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	err = write_tables(w);
	for (slice = 0; slice < 3 && !err; slice++) {
		err = write_events(w, slice);
		if (slice == 1)
			mmt_writer__lost(w, lost);
		/* a crash from here on costs only what comes after */
		if (!err)
			err = mmt_writer__seal(w);
	}
	err2 = mmt_writer__close(w);
	if (err || err2) {
		fprintf(stderr, "write_trace: failed to write %s: %s\n", argv[1], strerror(err ? -err : -err2));
		return 1;
	}
	return 0;
}
