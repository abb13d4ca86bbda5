// SPDX-License-Identifier: GPL-2.0-only
/* A session without a file, cut by a mark every interval; each interval's virtual machines are shown. */
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../analyzer/live/show.h"
#include "../analyzer/out.h"
#include "../analyzer/vms/live.h"
#include "../collector/clock.h"
#include "term.h"
#include "vms.h"

#define WIDTH 80 /* of text that goes to no terminal */

struct vms_run {
	struct vms_run_opts *o;
	struct mmt_session *s;
	struct vms_live *live;
	struct term term;
	int sig_fd;
	uint64_t next;   /* end of the interval, CLOCK_MONOTONIC */
	unsigned long n; /* intervals shown */
	size_t first;    /* line at the top of the screen */
	bool quit;
	char msg[160];
};

/* ---------------------------------------------------------------- showing */

static int show(struct vms_run *r)
{
	const struct model *m = vms_live_model(r->live);
	struct vms_show_opts *o = &r->o->show;
	int err;

	if (o->out.fmt == TABLE_TEXT && o->again)
		putchar('\n');
	err = vms_show(m, o, stdout);
	o->again = true;
	if (!err && (fflush(stdout) || ferror(stdout)))
		err = errno ? -errno : -EIO;
	if (err == -EPIPE) { /* the reader had enough */
		r->quit = true;
		return 0;
	}
	if (err && err != -EINVAL && err != -ENOENT && err != -ENODATA)
		out_err("vms: standard output: %s", strerror(-err));
	return err;
}

/* Lines from `first` on, none wider than the screen; the last screenful stays. */
static void clip(struct vms_run *r, char *text, FILE *f)
{
	size_t lines = 0, i, room = r->term.height > 1 ? (size_t)r->term.height : 1;
	char *p, *line;

	for (p = text; (p = strchr(p, '\n')); p++)
		lines++;
	if (r->first + room > lines)
		r->first = lines > room ? lines - room : 0;
	for (p = text, i = 0; (line = strsep(&p, "\n")) && i < r->first + room; i++) {
		if (i < r->first)
			continue;
		live_put_text(f, line, r->term.width, false);
		fputc('\n', f);
	}
}

static int frame(struct vms_run *r, char *text)
{
	char *clipped = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&clipped, &size);
	int err = -ENOMEM;

	if (f) {
		clip(r, text, f);
		err = fclose(f) ? -ENOMEM : term_frame(&r->term, clipped);
	}
	free(clipped);
	return err;
}

static int draw(struct vms_run *r)
{
	const struct model *m = vms_live_model(r->live);
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);
	int err = f ? 0 : -ENOMEM;

	r->o->show.out.width = r->term.width;
	if (!err && m)
		err = vms_show(m, &r->o->show, f);
	else if (!err)
		fprintf(f, "the first interval runs ...\n");
	if (!err && r->msg[0])
		fprintf(f, "\n%s\n", r->msg);
	if (f && fclose(f) && !err)
		err = -ENOMEM;
	if (!err)
		err = frame(r, text);
	free(text);
	return err;
}

/* ---------------------------------------------------------------- the loop */

static void on_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct vms_run *r = ctx;

	/* on a screen a message would be torn: the last one stands below the tables */
	if (!r->term.active)
		out_log(r->o->session.log_ctx, level, msg);
	else if (level <= MMT_LOG_WARN)
		snprintf(r->msg, sizeof(r->msg), "%s", msg);
}

static int take_signal(struct vms_run *r)
{
	struct signalfd_siginfo info;

	if (read(r->sig_fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	switch (info.ssi_signo) {
	case SIGWINCH:
		term_resize(&r->term);
		return draw(r);
	case SIGTSTP:
		term_leave(&r->term);
		kill(getpid(), SIGSTOP);
		r->quit = term_enter(&r->term);
		return 0;
	case SIGCONT:
		if (r->term.active)
			term_resize(&r->term);
		return draw(r);
	}
	r->quit = true;
	return 0;
}

static int take_keys(struct vms_run *r)
{
	size_t page = r->term.height > 2 ? (size_t)r->term.height - 2 : 1;
	int err = term_read(&r->term), key;

	while (!err && (key = term_key(&r->term)) != KEY_NONE) {
		switch (key) {
		case 'q': case 'Q': case 3:
			r->quit = true;
			break;
		case ' ':
			r->next = 0;
			break;
		case KEY_DOWN:
			r->first++;
			break;
		case KEY_UP:
			r->first -= r->first > 0;
			break;
		case KEY_PAGE_DOWN:
			r->first += page;
			break;
		case KEY_PAGE_UP:
			r->first -= r->first > page ? page : r->first;
			break;
		case KEY_HOME:
			r->first = 0;
			break;
		case KEY_END:
			r->first = SIZE_MAX / 2;
			break;
		}
	}
	return err ? err : draw(r);
}

static int cut(struct vms_run *r)
{
	int err = mmt_session__mark(r->s, MMT_MARK_USER, "", "");

	r->next = mmt_mono_ns() + (uint64_t)(r->o->delay * 1e9);
	if (err)
		return err;
	err = r->term.active ? draw(r) : show(r);
	r->n++;
	return err;
}

static int loop(struct vms_run *r)
{
	struct pollfd fds[] = { { .fd = r->sig_fd, .events = POLLIN }, { .fd = r->term.in, .events = POLLIN } };
	int err = r->term.active ? draw(r) : 0;

	r->next = mmt_mono_ns() + (uint64_t)(r->o->delay * 1e9);
	while (!err && !r->quit && (!r->o->iterations || r->n < r->o->iterations)) {
		uint64_t now = mmt_mono_ns(), ms = r->next > now ? (r->next - now + 999999) / 1000000 : 0;
		int ready = mmt_session__poll(r->s, fds, r->term.active ? 2 : 1, ms > 1000000 ? 1000000 : (int)ms);

		if (ready < 0 && ready != -EINTR)
			return ready;
		if (ready > 0 && fds[0].revents)
			err = take_signal(r);
		if (ready > 0 && r->term.active && fds[1].revents && !err)
			err = take_keys(r);
		if (!err && !r->quit && mmt_mono_ns() >= r->next)
			err = cut(r);
	}
	/* the terminal has gone: there is nobody to tell */
	return err == -EIO && r->term.active ? 0 : err;
}

/* ---------------------------------------------------------------- life */

/* What other processes do is not even counted. */
static bool wanted(void *ctx, const char *name)
{
	const struct vms_run *r = ctx;

	return vms_name_wanted(&r->o->show, name);
}

static int open_signals(bool on_screen)
{
	static const int always[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE },
		screen[] = { SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGTSTP, SIGCONT, SIGWINCH };
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		sigaddset(&set, always[i]);
	for (i = 0; on_screen && i < sizeof(screen) / sizeof(screen[0]); i++)
		sigaddset(&set, screen[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int text_width(void)
{
	const char *s = getenv("COLUMNS");
	long v = s ? strtol(s, NULL, 10) : 0;
	struct winsize w;

	if (!s && !ioctl(STDOUT_FILENO, TIOCGWINSZ, &w))
		v = w.ws_col;
	return v >= 20 && v <= 500 ? (int)v : WIDTH;
}

int vms_run(struct vms_run_opts *o)
{
	bool on_screen = o->show.out.fmt == TABLE_TEXT && term_usable();
	struct mmt_session_opts so = o->session;
	struct vms_run r = { .o = o, .sig_fd = -1, .term.in = -1 };
	locale_t loc = newlocale(LC_CTYPE_MASK, "", (locale_t)0), was = (locale_t)0;
	int err;

	if (loc)
		was = uselocale(loc); /* widths of characters */
	o->show.out.width = text_width();
	r.sig_fd = open_signals(on_screen);
	err = r.sig_fd < 0 ? -errno : vms_live_new(&r.live);
	if (err) {
		out_err("vms: %s", strerror(-err));
		goto out;
	}
	so.log = on_log;
	so.log_ctx = &r;
	so.vm_wanted = wanted;
	so.vm_ctx = &r;
	so.sink = vms_live_row;
	so.sink_ctx = r.live;
	o->show.log = on_log;
	o->show.log_ctx = &r;
	err = mmt_session__open(&so, &r.s);
	err = err ? err : mmt_session__start(r.s);
	if (!err && on_screen)
		err = term_open(&r.term);
	if (!err)
		err = loop(&r);
	term_close(&r.term);
	if (on_screen && r.msg[0])
		out_warn("%s", r.msg);
out:
	mmt_session__close(r.s);
	vms_live_free(r.live);
	if (r.sig_fd >= 0)
		close(r.sig_fd);
	if (loc) {
		uselocale(was);
		freelocale(loc);
	}
	return err;
}
