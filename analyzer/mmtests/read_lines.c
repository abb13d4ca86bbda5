// SPDX-License-Identifier: GPL-2.0-only
/* Benchmarks that print a line with the number in it, and those measured with GNU time. */
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

enum { MOST_FIELDS = 64 };

/* The number of will-it-scale stands behind its name: "total:123"; that of xsbench has commas: "1,234". */
static const char *number_of(char *field)
{
	char *colon = strrchr(field, ':'), *from, *to;

	if (colon)
		field = colon + 1;
	for (from = to = field; *from; from++)
		if (*from != ',')
			*to++ = *from;
	*to = '\0';
	return field;
}

/* benchlog-A-B-I, or benchlog-A-B with all its intervals: the field of each line that matches */
int mmtests_read_lines(struct mmtests_reader *r)
{
	char *text, *p, *line, *field[MOST_FIELDS];
	struct logs_file *list;
	size_t n, i, nr = 0, got;
	regex_t re;
	int err, want = r->bench->field;

	if (regcomp(&re, r->bench->pattern, REG_EXTENDED | REG_NOSUB))
		return -EINVAL;
	err = logs_match(&r->logs, "benchlog-", "", &list, &n);
	for (i = 0; i < n && !err; i++) {
		const struct logs_file *f = &list[i];

		/* the logs of one label follow each other, and its intervals are counted through */
		if (!i || strcmp(f->part[0], f[-1].part[0]) || strcmp(f->part[1], f[-1].part[1]))
			nr = 0;
		err = logs_text(&r->logs, f->name, &text);
		got = nr;
		for (p = text; !err && (line = logs_line(&p));) {
			if (regexec(&re, line, 0, NULL, 0))
				continue;
			size_t k = logs_fields(line, field, MOST_FIELDS);
			size_t at = want > 0 ? (size_t)want : k + (size_t)want; /* 0, -1: from the end */

			if (at >= 1 && at <= k)
				err = mmtests_take(r, r->bench->label, f->part[0], f->part[1], (double)++nr,
						   number_of(field[at - 1]), false);
		}
		if (!err && got == nr && !r->n_empty++)
			snprintf(r->empty, sizeof(r->empty), "%s", f->name);
		free(text);
	}
	logs_match_free(list, n);
	regfree(&re);
	mmtests_samples_sort(r->out);
	return err;
}

/* "1:02.03", "2:01:02.5" or "7.5" in seconds; false for anything else. */
static bool clock_seconds(const char *text, size_t len, double *s)
{
	char buf[64], *p = buf, *part;
	double v, sum = 0;

	if (!len || len >= sizeof(buf))
		return false;
	memcpy(buf, text, len);
	buf[len] = '\0';
	while ((part = strsep(&p, ":"))) {
		if (!mmtests_number(part, &v))
			return false;
		sum = sum * 60 + v;
	}
	*s = sum;
	return true;
}

/* time-X-I: "1.20user 3.40system 1:02.03elapsed 7%CPU ..." */
static int time_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	static const char *const word[] = { "user", "system", "elapsed" };
	const char *metric[] = { "User", "System", "Elapsed" };
	double value[3];
	char *line, *p = text, *field[MOST_FIELDS];
	bool have[3] = { false };
	size_t n, i, k;
	int err = 0;

	while (!have[2] && (line = logs_line(&p))) {
		if (!strstr(line, "elapsed"))
			continue;
		n = logs_fields(line, field, MOST_FIELDS);
		for (i = 0; i < n; i++)
			for (k = 0; k < 3; k++) {
				size_t len = strlen(field[i]), tail = strlen(word[k]);

				if (len > tail && !strcmp(field[i] + len - tail, word[k]) && !have[k])
					have[k] = clock_seconds(field[i], len - tail, &value[k]);
			}
	}
	for (k = 0; k < 3 && !err; k++)
		if (have[k])
			err = mmtests_samples_add(r->out, metric[k], f->part[0], NULL, mmtests_leading(f->part[1]), value[k], false);
	return err;
}

int mmtests_read_time(struct mmtests_reader *r)
{
	int err = mmtests_each(r, "time-", "", time_log);

	mmtests_samples_sort(r->out);
	return err;
}

/* "Copy:  12345.6  0.01 0.01 0.01" */
static int stream_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	static const char *const kind[] = { "Copy", "Scale", "Add", "Triad" };
	char *line, *p = text, *field[2];
	size_t i, len;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		for (i = 0; i < 4; i++) {
			len = strlen(kind[i]);
			if (!strncmp(line, kind[i], len) && line[len] == ':' && logs_fields(line, field, 2) == 2) {
				err = mmtests_take(r, kind[i], f->part[0], NULL, mmtests_leading(f->part[2]), field[1], false);
				break;
			}
		}
	}
	return err;
}

int mmtests_read_stream(struct mmtests_reader *r)
{
	return mmtests_each(r, "benchlog-", "", stream_log);
}

/* "[Run 1]: Wokeup 2 of 2 threads in 0.0151 ms" */
static int futexwake_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *at;
	int err = 0;

	while (!err && (line = logs_line(&p))) {
		at = strstr(line, ": Wokeup") ? strstr(line, "threads in") : NULL;
		if (at)
			err = mmtests_samples_add(r->out, "wake-latency", f->part[0], NULL, mmtests_leading(f->part[2]),
						  mmtests_leading(at + strlen("threads in")) * 1000, false);
	}
	return err;
}

int mmtests_read_futexwake(struct mmtests_reader *r)
{
	return mmtests_each(r, "benchlog-", "", futexwake_log);
}

/* The last of "... elapsed: ..." is the whole run. */
static int easywave_log(struct mmtests_reader *r, const struct logs_file *f, char *text)
{
	char *line, *p = text, *last = NULL, *field[6];

	while ((line = logs_line(&p)))
		if (strstr(line, "elapsed:"))
			last = line;
	if (!last || logs_fields(last, field, 6) < 6)
		return 0;
	return mmtests_take(r, "exectime", f->part[0], NULL, mmtests_leading(f->part[1]), field[5], false);
}

int mmtests_read_easywave(struct mmtests_reader *r)
{
	return mmtests_each(r, "benchlog-", "", easywave_log);
}
