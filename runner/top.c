// SPDX-License-Identifier: GPL-2.0-only
/* A session without a file, cut by a mark every interval; its rows become a live view. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "../analyzer/out.h"
#include "../collector/clock.h"
#include "term.h"
#include "top_int.h"

#define STATES_MAX 500 /* states read for a batch: about 5 ms */
#define FIRST_MS 500 /* until a screen has something to show */

uint64_t top_now(void)
{
	return mmt_mono_ns();
}

/* Until `next` or until a descriptor is ready: their number, or -errno. */
static int wait_until(struct top *t, struct pollfd *fds, size_t n, uint64_t next)
{
	int ret;

	do {
		uint64_t now = top_now();
		uint64_t ms = next > now ? (next - now + 999999) / 1000000 : 0;

		ret = mmt_session__poll(t->s, fds, n, ms > 1000000 ? 1000000 : (int)ms);
	} while (ret == -EINTR || (!ret && top_now() < next));
	return ret;
}

int top_cut(struct top *t)
{
	int err = mmt_session__mark(t->s, MMT_MARK_USER, "", "");

	t->last = top_now();
	return err ? err : top_view(t);
}

int top_view(struct top *t)
{
	int err;

	live_view_free(&t->v);
	t->o->view.filter = t->have_filter ? &t->filter : NULL;
	err = live_view(t->live, &t->o->view, &t->v);
	t->have_view = !err;
	return err == -ENODATA ? 0 : err;
}

uint64_t top_next(const struct top *t)
{
	uint64_t next = t->last + (uint64_t)(t->o->delay * 1e9), now = top_now();

	return next > now ? next : now;
}

/* ---------------------------------------------------------------- batches */

static int print_csv(struct top *t)
{
	struct table *table = live_table(&t->v);
	char *text = NULL, *from;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int err = table && f ? table_err(table) : -ENOMEM;

	if (!err)
		table_write_csv(table, f, t->o->sep);
	if (f && fclose(f) && !err)
		err = -ENOMEM;
	/* the heads once */
	from = !err && t->printed ? strchr(text, '\n') + 1 : text;
	if (!err)
		fputs(from, stdout);
	free(text);
	table_free(table);
	return err;
}

static int print(struct top *t)
{
	const struct live_show s = {
		.width = t->o->width, .sort = t->o->view.sort, .interval = t->o->delay, .what = t->o->what,
		.rows = t->o->rows ? t->o->rows : SIZE_MAX,
	};
	int err = 0;

	live_states(&t->v, 0, s.rows < STATES_MAX ? s.rows : STATES_MAX, top_state);
	switch (t->o->form) {
	case TOP_CSV:
		err = print_csv(t);
		break;
	case TOP_JSON:
		err = live_json(&t->v, stdout);
		break;
	default:
		if (t->printed)
			putchar('\n');
		live_show_head(&t->v, &s, stdout);
		live_show_lines(&t->v, &s, stdout);
	}
	t->printed = true;
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = errno ? -errno : -EIO;
	return err;
}

static int batch(struct top *t)
{
	struct pollfd fds[] = { { .fd = t->sig_fd, .events = POLLIN } };
	unsigned long i;
	int err = 0;

	for (i = 0; !err && (!t->o->iterations || i < t->o->iterations); i++) {
		int ready = wait_until(t, fds, 1, top_next(t));

		if (ready) /* a signal ends it, or something is wrong */
			return ready < 0 ? ready : 0;
		err = top_cut(t);
		if (!err && t->have_view) {
			err = print(t);
			if (err == -EPIPE)
				return 0;
			if (err)
				out_err("top: standard output: %s", strerror(-err));
		}
	}
	return err;
}

/* ---------------------------------------------------------------- the screen */

static void on_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct top *t = ctx;

	/* on a screen a message would be torn: the last one waits for its line, or for the end */
	if (!t->term.active)
		out_log(t->o->session.log_ctx, level, msg);
	else if (level <= MMT_LOG_WARN)
		snprintf(t->msg, sizeof(t->msg), "%s", msg);
}

/* 1: it is to end. */
static int take_signal(struct top *t)
{
	struct signalfd_siginfo info;

	if (read(t->sig_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	switch (info.ssi_signo) {
	case SIGWINCH:
		term_resize(&t->term);
		return 0;
	case SIGTSTP:
		term_leave(&t->term);
		kill(getpid(), SIGSTOP);
		return term_enter(&t->term) ? 1 : 0;
	case SIGCONT:
		if (t->term.active)
			term_resize(&t->term);
		return 0;
	}
	return 1;
}

static int screen_loop(struct top *t)
{
	struct pollfd fds[] = { { .fd = t->sig_fd, .events = POLLIN }, { .fd = t->term.in, .events = POLLIN } };
	uint64_t next = top_now() + FIRST_MS * 1000000ULL;
	unsigned long n = 0;
	int ready, err;

	if (t->o->delay * 1000 < FIRST_MS)
		next = top_next(t);
	err = top_draw(t);
	while (!err && !t->quit) {
		ready = wait_until(t, fds, 2, next);
		if (ready < 0)
			return ready;
		if (fds[0].revents && take_signal(t))
			return 0;
		if (fds[1].revents) {
			err = term_read(&t->term);
			if (!err)
				err = top_keys(t);
		}
		if (!err && (t->now || top_now() >= next)) {
			t->now = false;
			err = top_cut(t);
			n += t->have_view;
		}
		next = t->have_view || n ? top_next(t) : next;
		if (!err && !t->quit)
			err = top_draw(t);
		if (t->o->iterations && n >= t->o->iterations)
			return err;
	}
	/* the terminal has gone: there is nobody to tell */
	return err == -EIO ? 0 : err;
}

static int screen(struct top *t)
{
	int err = term_open(&t->term);

	if (!err)
		err = screen_loop(t);
	term_close(&t->term);
	if (t->msg[0])
		out_warn("%s", t->msg);
	return err;
}

/* ---------------------------------------------------------------- life */

static int open_signals(bool on_screen, sigset_t *old)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (on_screen) {
		sigaddset(&set, SIGQUIT);
		sigaddset(&set, SIGPIPE);
		sigaddset(&set, SIGALRM);
		sigaddset(&set, SIGUSR1);
		sigaddset(&set, SIGUSR2);
		sigaddset(&set, SIGXCPU);
		sigaddset(&set, SIGTSTP);
		sigaddset(&set, SIGCONT);
		sigaddset(&set, SIGWINCH);
	}
	sigprocmask(SIG_BLOCK, &set, old);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int top_run(struct top_opts *o)
{
	struct mmt_session_opts so = o->session;
	locale_t loc = newlocale(LC_CTYPE_MASK, "", (locale_t)0), was = (locale_t)0;
	bool on_screen = !o->batch && term_usable();
	struct top t = { .o = o, .sig_fd = -1 };
	sigset_t old;
	int err;

	if (loc)
		was = uselocale(loc); /* widths of characters */
	t.sig_fd = open_signals(on_screen, &old);
	err = t.sig_fd < 0 ? -errno : live_new(&t.live);
	if (err) {
		out_err("top: %s", strerror(-err));
		goto out;
	}
	so.log = on_log;
	so.log_ctx = &t;
	so.sink = live_row;
	so.sink_ctx = t.live;
	err = mmt_session__open(&so, &t.s);
	err = err ? err : mmt_session__start(t.s);
	t.last = top_now();
	if (!err)
		err = on_screen ? screen(&t) : batch(&t);
out:
	mmt_session__close(t.s);
	live_view_free(&t.v);
	live_free(t.live);
	if (t.have_filter)
		regfree(&t.filter);
	if (t.sig_fd >= 0)
		close(t.sig_fd);
	if (loc) {
		uselocale(was);
		freelocale(loc);
	}
	return err;
}
