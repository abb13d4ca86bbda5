// SPDX-License-Identifier: GPL-2.0-only
/* What keys do, and what the screen shows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "top_int.h"

#define DELAY_MIN 0.1
#define DELAY_MAX 3600

static size_t page(const struct top *t)
{
	int rows = t->term.height - LIVE_HEAD_LINES - 1;

	return rows > 0 ? (size_t)rows : 1;
}

static void scroll(struct top *t, bool down, size_t n)
{
	size_t last = t->v.n > page(t) ? t->v.n - page(t) : 0;

	t->first = down ? t->first + n : t->first > n ? t->first - n : 0;
	if (t->first > last)
		t->first = last;
}

static int group_by(struct top *t, enum model_by by)
{
	t->o->view.by = by;
	t->first = 0;
	return top_view(t);
}

static int sort_by(struct top *t, enum live_sort sort)
{
	t->o->view.reverse = sort == t->o->view.sort && !t->o->view.reverse;
	t->o->view.sort = sort;
	t->first = 0;
	return top_view(t);
}

/* 0.1, 0.2, 0.5, 1, 2, 5, ... */
static void change_delay(struct top *t, bool up)
{
	static const double steps[] = { DELAY_MIN, 0.2, 0.5, 1, 2, 3, 5, 10, 20, 30, 60, 120, 300, 600, 1800, DELAY_MAX };
	size_t i, n = sizeof(steps) / sizeof(steps[0]);

	if (up) {
		for (i = 0; i + 1 < n && steps[i] <= t->o->delay * 1.001; i++)
			;
	} else {
		for (i = n - 1; i && steps[i] >= t->o->delay * 0.999; i--)
			;
	}
	t->o->delay = steps[i];
}

static int set_filter(struct top *t)
{
	char why[96];
	regex_t re;
	int err;

	t->typing = false;
	if (t->typed[0]) {
		err = regcomp(&re, t->typed, REG_EXTENDED | REG_NOSUB);
		if (err) {
			regerror(err, &re, why, sizeof(why));
			snprintf(t->msg, sizeof(t->msg), "%s: %s", t->typed, why);
			return 0;
		}
	}
	if (t->have_filter)
		regfree(&t->filter);
	t->have_filter = t->typed[0];
	if (t->have_filter)
		t->filter = re;
	strcpy(t->filter_text, t->typed);
	t->first = 0;
	return top_view(t);
}

static int type(struct top *t, int key)
{
	size_t n = strlen(t->typed);

	if (key == '\n' || key == '\r')
		return set_filter(t);
	if (key == KEY_ESC) {
		t->typing = false;
	} else if (key == 127 || key == 8) {
		while (n && (t->typed[n - 1] & 0xc0) == 0x80) /* the whole of a UTF-8 character */
			t->typed[--n] = 0;
		if (n)
			t->typed[n - 1] = 0;
	} else if (key == 'U' - 64) {
		t->typed[0] = 0;
	} else if (key >= ' ' && key < 256 && n + 1 < sizeof(t->typed)) {
		t->typed[n] = (char)key;
		t->typed[n + 1] = 0;
	}
	return 0;
}

static int press(struct top *t, int key)
{
	t->msg[0] = 0;
	if (t->typing)
		return type(t, key);
	if (t->help) {
		t->help = false;
		t->quit = key == 'q';
		return 0;
	}
	switch (key) {
	case 'q': case 'Q':
		t->quit = true;
		return 0;
	case 'h': case '?':
		t->help = true;
		return 0;
	case 'P':
		return sort_by(t, LIVE_CPU);
	case 'w': case 'W':
		return sort_by(t, LIVE_WAIT);
	case 's': case 'S':
		return sort_by(t, LIVE_SWITCHES);
	case 'm': case 'M':
		return sort_by(t, LIVE_MIGRATIONS);
	case 'f': case 'F':
		return sort_by(t, LIVE_FAULTS);
	case 'H':
		return group_by(t, t->o->view.by == BY_TASK ? BY_PROCESS : BY_TASK);
	case 'C':
		return group_by(t, t->o->view.by == BY_COMM ? BY_PROCESS : BY_COMM);
	case 'G':
		return group_by(t, t->o->view.by == BY_CGROUP ? BY_PROCESS : BY_CGROUP);
	case '/':
		t->typing = true;
		t->typed[0] = 0;
		return 0;
	case ' ':
		t->now = true;
		return 0;
	case '+': case '=': case '-':
		change_delay(t, key != '-');
		return 0;
	case 'L' - 64:
		term_resize(&t->term);
		return 0;
	case KEY_UP: case KEY_DOWN:
		scroll(t, key == KEY_DOWN, 1);
		return 0;
	case KEY_PAGE_UP: case KEY_PAGE_DOWN:
		scroll(t, key == KEY_PAGE_DOWN, page(t));
		return 0;
	case KEY_HOME: case KEY_END:
		scroll(t, key == KEY_END, t->v.n);
		return 0;
	}
	return 0;
}

int top_keys(struct top *t)
{
	int key, err = 0;

	while (!err && !t->quit && (key = term_key(&t->term)) != KEY_NONE)
		err = press(t, key);
	return err;
}

static void help(FILE *f, int width)
{
	static const char *const text[] = {
		"mmt-trace top: any key goes back, q quits",
		"",
		"P  sort by run time           H  threads, or processes",
		"w  by run-queue latency, p99  C  task names",
		"s  by switches                G  cgroups",
		"m  by migrations              /  only names that match",
		"f  by page faults             +- longer, shorter interval",
		"   again: the other way       space  end the interval now",
		"arrows, page up and down, home and end: through the list",
		"",
		"%CPU   run time, of one CPU    %WAIT  runnable without a CPU",
		"VOL/s  voluntary switches      INV/s  involuntary switches",
		"MIG/s  migrations              FLT/s  page faults",
		"P50 P99 MAX  run-queue latency of the interval",
		"NODE   where it ran most       -      not known",
	};
	size_t i;

	for (i = 0; i < sizeof(text) / sizeof(text[0]); i++) {
		live_put_text(f, text[i], width, false);
		fputc('\n', f);
	}
}

static void bottom_line(const struct top *t, FILE *f)
{
	char line[256];

	if (t->typing)
		snprintf(line, sizeof(line), "Only names that match: %s_", t->typed);
	else if (t->msg[0])
		snprintf(line, sizeof(line), "%s", t->msg);
	else if (t->have_filter)
		snprintf(line, sizeof(line), "/%s/: %zu shown, %zu hidden; / and return: all", t->filter_text, t->v.n, t->v.n_hidden);
	else
		snprintf(line, sizeof(line), "h help, q quit");
	live_put_text(f, line, t->term.width, false);
	fputc('\n', f);
}

static void list(struct top *t, FILE *f)
{
	const char *no_color = getenv("NO_COLOR");
	struct live_show s = {
		.width = t->term.width, .color = !no_color || !*no_color, .sort = t->o->view.sort, .interval = t->o->delay,
		.what = t->o->what, .fill = true,
	};
	int rows = t->term.height - LIVE_HEAD_LINES - 1;
	size_t used;

	scroll(t, true, 0);
	s.first = t->first;
	s.rows = rows > 0 ? (size_t)rows : 0;
	live_states(&t->v, s.first, s.rows, top_state);
	live_show_head(&t->v, &s, f);
	live_show_lines(&t->v, &s, f);
	used = t->v.n - t->first < s.rows ? t->v.n - t->first : s.rows;
	for (; used < s.rows; used++)
		fputc('\n', f);
}

int top_draw(struct top *t)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int err;

	if (!f)
		return -ENOMEM;
	if (t->help) {
		help(f, t->term.width);
	} else if (t->have_view) {
		list(t, f);
		bottom_line(t, f);
	} else {
		live_put_text(f, "mmt-trace top: the first interval runs; q quits", t->term.width, false);
	}
	err = fclose(f) ? -ENOMEM : term_frame(&t->term, text);
	free(text);
	return err;
}
