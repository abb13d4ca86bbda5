// SPDX-License-Identifier: GPL-2.0-only
/* Logs of load generators: memory, network, files, databases, synthetic stress. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MOST_FIELDS = 4096 };

/* ebizzy-T-I.log: "1234 records/s 600 634", the sum and what each thread did */
static int ebizzy_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *p = text, *line = logs_line(&p), **field;
	double iteration = mmtests_leading(f->part[1]);
	size_t n, i;
	int err;

	field = calloc(MOST_FIELDS, sizeof(*field));
	if (!field)
		return -ENOMEM;
	n = line ? logs_fields(line, field, MOST_FIELDS) : 0;
	err = n >= 2 && !strcmp(field[1], "records/s") ?
	      mmtests_take(r, "total_rsec", f->part[0], NULL, iteration, field[0], false) : 0;
	for (i = 2; i < n && !err && !strcmp(field[1], "records/s"); i++)
		err = mmtests_take(r, "thread_rsec", f->part[0], NULL, iteration, field[i], false);
	free(field);
	return err;
}

int mmtests_read_ebizzy(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "ebizzy-", ".log", ebizzy_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* The last line of numbers; a stream over UDP has one for each end. */
static int netperf_log(struct mmtests_reader *r, const char *pretty, const struct logs_file *f, char *text, const char *size)
{
	bool udp = !strcmp(pretty, "udpstream");
	char *line, *p = text, *field[16], send[64] = "", recv[64] = "";
	double nr = mmtests_leading(f->part[f->n_parts - 1] + strlen(size) + 1);
	size_t n, i;
	int err = 0;

	while ((line = logs_line(&p))) {
		for (i = 0; line[i] && !isalpha((unsigned char)line[i]); i++)
			;
		n = line[i] ? 0 : logs_fields(line, field, 16);
		if (udp ? n == 6 : n >= 5)
			snprintf(send, sizeof(send), "%s", field[n - 1]);
		else if (udp && n == 4)
			snprintf(recv, sizeof(recv), "%s", field[3]);
	}
	if (*send)
		err = mmtests_take(r, pretty, "send", size, nr, send, false);
	if (!err && *recv)
		err = mmtests_take(r, pretty, "recv", size, nr, recv, false);
	if (!*send && !r->n_empty++)
		snprintf(r->empty, sizeof(r->empty), "%s", f->name);
	return err;
}

int mmtests_read_netperf(struct mmtests_reader *r)
{
	char *text = NULL, prefix[80], pretty[64], size[32], *dot;
	struct logs_file *list = NULL;
	size_t n = 0, i, k = 0;
	int err;

	if (!logs_have(&r->logs, "protocols"))
		return 0;
	err = logs_text(&r->logs, "protocols", &text);
	if (err)
		return err;
	text[strcspn(text, " \t\r\n")] = '\0';
	snprintf(prefix, sizeof(prefix), "%.60s-", text);
	for (i = 0; text[i] && k + 1 < sizeof(pretty); i++)
		if (text[i] != '_')
			pretty[k++] = (char)tolower((unsigned char)text[i]);
	pretty[k] = '\0';
	free(text);
	err = logs_match(&r->logs, prefix, "", &list, &n);
	for (i = 0; i < n && !err; i++) {
		/* SIZE.I is the last part: protocols have no dash */
		snprintf(size, sizeof(size), "%s", list[i].part[list[i].n_parts - 1]);
		dot = strchr(size, '.');
		if (!dot || !isdigit((unsigned char)dot[1]))
			continue;
		*dot = '\0';
		err = logs_text(&r->logs, list[i].name, &text);
		if (!err)
			err = netperf_log(r, pretty, &list[i], text, size);
		free(text);
	}
	logs_match_free(list, n);
	return err;
}

/* loadfile: field 4 is ms, 8 the time; tput: 3 is MB/s, 6 the time; op: 1 is the operation, 3 ms */
static int dbench_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	bool load = !strcmp(f->part[0], "loadfile"), tput = !strcmp(f->part[0], "tput"), op = !strcmp(f->part[0], "op");
	char *line, *p = text, *field[8], name[80];
	size_t n;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		n = logs_fields(line, field, 8);
		if (load && n >= 8) {
			err = mmtests_take(r, "loadfile", f->part[1], NULL, mmtests_leading(field[7]) / 1000, field[3], true);
		} else if (tput && n >= 6) {
			err = mmtests_take(r, "tput", f->part[1], NULL, mmtests_leading(field[5]), field[2], false);
		} else if (op && n >= 3) {
			snprintf(name, sizeof(name), "op-%.70s", field[0]);
			err = mmtests_take(r, name, f->part[1], NULL, 0, field[2], false);
		}
	}
	return err;
}

int mmtests_read_dbench(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "benchlog-", "", dbench_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* "   1 page_test  60.01  2500 41.66 123456.00 System Allocations & Pages/second" */
static int aim9_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *field[6];
	int err = 0;

	while (!err && (line = logs_line(&p)))
		if (strstr(line, "_test") && logs_fields(line, field, 6) == 6 && strstr(field[1], "_test"))
			err = mmtests_take(r, field[1], NULL, NULL, mmtests_leading(f->part[0]), field[5], false);
	return err;
}

int mmtests_read_aim9(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "aim9-", "", aim9_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* size threads line user system wall faults/cpu/s faults/s; seconds have an s behind them */
static int pft_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *field[8], *from, *to;
	unsigned int nr = 0;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		for (from = to = line; *from; from++)
			if (*from != 's')
				*to++ = *from;
		*to = '\0';
		for (from = line; *from && !isalpha((unsigned char)*from); from++)
			;
		if (*from || logs_fields(line, field, 8) < 8)
			continue;
		err = mmtests_take(r, "faults/cpu", f->part[0], NULL, ++nr, field[6], false);
		if (!err)
			err = mmtests_take(r, "faults/sec", f->part[0], NULL, nr, field[7], false);
	}
	return err;
}

/* faults/cpu of all clients, then faults/sec */
int mmtests_read_pft(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "pft-", ".log", pft_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* "Parallel PThreads : 8" and "CoreMark 1.0 : 123456.7 / GCC... / ..." */
static int coremark_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *field[16], threads[32] = "", score[64] = "";
	size_t n;

	while ((line = logs_line(&p))) {
		if (strstr(line, "Parallel PThreads") && (n = logs_fields(line, field, 16)))
			snprintf(threads, sizeof(threads), "%s", field[n - 1]);
		else if (strstr(line, "CoreMark 1") && logs_fields(line, field, 4) == 4)
			snprintf(score, sizeof(score), "%s", field[3]);
	}
	return *score ? mmtests_take(r, "score", threads, NULL, mmtests_leading(f->part[0]), score, false) : 0;
}

int mmtests_read_coremark(struct mmtests_reader *r)
{
	return mmtests_each(r, "coremark-", ".log", coremark_log);
}

/* Behind the line of units, one for each stressor: name, bogo ops, real, user, system, ops/s real, ops/s CPU */
static int stressng_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *at, *field[7], name[80];
	bool reading = false;
	size_t n, i;
	double v;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		if (strstr(line, "(secs)")) {
			reading = true;
			continue;
		}
		if (!reading)
			continue;
		at = strstr(line, "] ");
		n = logs_fields(at ? at + 2 : line, field, 7);
		for (i = 1; i < n && mmtests_number(field[i], &v); i++)
			;
		if (n < 6 || i < 6)
			continue; /* a message, not a stressor */
		snprintf(name, sizeof(name), "bops-%.70s", field[0]);
		err = mmtests_take(r, name, f->part[0], NULL, mmtests_leading(f->part[1]), field[5], false);
	}
	return err;
}

int mmtests_read_stressng(struct mmtests_reader *r)
{
	return mmtests_each(r, "stressng-", ".log", stressng_log);
}

/*
 * A line an interval: its start, transactions, ... MMTests makes one sample of four lines and
 * leaves the first eleven out; so do we, or the numbers would not be comparable.
 */
static int pgbench_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	enum { BATCH = 4 };
	char *line, *p = text, *field[2];
	double start = 0, from = 0, now, done, sum = 0;
	unsigned int nr = 0, in_batch = 0, batches = 0;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		if (logs_fields(line, field, 2) < 2 || !mmtests_number(field[0], &now) || !mmtests_number(field[1], &done))
			continue;
		start = nr ? start : now;
		from = nr ? from : now;
		if (++nr < 2 * BATCH)
			continue;
		sum += done;
		if (++in_batch % BATCH)
			continue;
		if (batches++ && now > from)
			err = mmtests_samples_add(r->out, "txn", f->part[0], NULL, now - start, sum / (now - from), false);
		from = now;
		sum = in_batch = 0;
	}
	return err;
}

int mmtests_read_pgbench(struct mmtests_reader *r)
{
	return mmtests_each(r, "pgbench-transactions-", ".log", pgbench_log);
}

/* "fault THREAD base|huge LATENCY ..." */
static int thpchallenge_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *field[4], name[40];
	unsigned int nr = 0;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		if (strncmp(line, "fault", 5) || logs_fields(line, field, 4) < 4)
			continue;
		snprintf(name, sizeof(name), "fault-%.30s", field[2]);
		err = mmtests_take(r, name, f->part[0], NULL, ++nr, field[3], false);
		if (!err)
			err = mmtests_take(r, "fault-both", f->part[0], NULL, nr, field[3], false);
	}
	return err;
}

int mmtests_read_thpchallenge(struct mmtests_reader *r)
{
	return mmtests_each(r, "threads-", ".log", thpchallenge_log);
}
