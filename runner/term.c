// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "term.h"

#define ENTER "\033[?1049h\033[?25l\033[2J" /* alternate screen, no cursor, empty */
#define LEAVE "\033[0m\033[?25h\033[?1049l"

bool term_usable(void)
{
	const char *name = getenv("TERM");

	return isatty(STDOUT_FILENO) && name && *name && strcmp(name, "dumb") && (isatty(STDIN_FILENO) || !access("/dev/tty", R_OK));
}

static int put(const struct term *t, const char *s, size_t len)
{
	struct pollfd p = { .fd = t->out, .events = POLLOUT };

	while (len) {
		ssize_t n = write(t->out, s, len);

		if (n > 0) {
			s += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) { /* the shell's descriptor may be shared with one who set it so */
			if (poll(&p, 1, 1000) < 1)
				return -EIO;
		} else if (n == 0 || errno != EINTR) {
			return n ? -errno : -EIO;
		}
	}
	return 0;
}

static void forget(struct term *t)
{
	int i;

	for (i = 0; i < t->n_lines; i++)
		free(t->line[i]);
	free(t->line);
	t->line = NULL;
	t->n_lines = 0;
}

void term_resize(struct term *t)
{
	struct winsize w;

	forget(t);
	t->width = 80;
	t->height = 24;
	if (!ioctl(t->out, TIOCGWINSZ, &w) && w.ws_col && w.ws_row) {
		t->width = w.ws_col;
		t->height = w.ws_row;
	}
}

int term_enter(struct term *t)
{
	struct termios raw;

	if (tcgetattr(t->in, &t->old))
		return -errno;
	raw = t->old;
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* ^C and ^Z remain signals */
	raw.c_cc[VMIN] = 0;
	raw.c_cc[VTIME] = 0;
	if (tcsetattr(t->in, TCSADRAIN, &raw))
		return -errno;
	t->active = true;
	term_resize(t);
	return put(t, ENTER, sizeof(ENTER) - 1);
}

void term_leave(struct term *t)
{
	if (!t->active)
		return;
	t->active = false;
	put(t, LEAVE, sizeof(LEAVE) - 1);
	tcsetattr(t->in, TCSADRAIN, &t->old);
}

/*
 * What no handler can do, after a crash or kill -9, a child does: it waits until the other
 * end of a pipe is closed, by us with a word or by our end without. A failure costs only that.
 */
static void guard_start(struct term *t)
{
	sigset_t all, old;
	int p[2], n = 0;
	char c;

	if (pipe2(p, O_CLOEXEC))
		return;
	sigfillset(&all); /* also those of the terminal, and SIGTTOU */
	sigprocmask(SIG_SETMASK, &all, &old);
	t->guard = fork();
	if (t->guard) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		close(p[0]);
		t->guard_fd = p[1];
		if (t->guard > 0)
			return;
		t->guard = 0;
		close(p[1]);
		return;
	}
	close(p[1]);
	do
		n = (int)read(p[0], &c, 1);
	while (n < 0 && errno == EINTR);
	if (!n)
		term_leave(t);
	_exit(0);
}

static void guard_end(struct term *t)
{
	if (!t->guard)
		return;
	if (write(t->guard_fd, "", 1) != 1)
		kill(t->guard, SIGKILL);
	close(t->guard_fd);
	while (waitpid(t->guard, NULL, 0) < 0 && errno == EINTR)
		;
	t->guard = 0;
}

int term_open(struct term *t)
{
	int err;

	memset(t, 0, sizeof(*t));
	t->in = STDIN_FILENO;
	t->out = STDOUT_FILENO;
	if (!isatty(t->in)) {
		t->in = open("/dev/tty", O_RDONLY | O_CLOEXEC);
		if (t->in < 0)
			return -errno;
		t->own_in = true;
	}
	err = term_enter(t);
	if (!err)
		guard_start(t);
	return err;
}

void term_close(struct term *t)
{
	term_leave(t);
	guard_end(t);
	forget(t);
	if (t->own_in)
		close(t->in);
	t->own_in = false;
}

/* The line as it is to stand at row i, where it is another than the one that stands there. */
static int put_line(struct term *t, FILE *f, int i, const char *s, size_t len)
{
	char *copy;

	if (i < t->n_lines && strlen(t->line[i]) == len && !memcmp(t->line[i], s, len))
		return 0;
	copy = strndup(s, len);
	if (!copy)
		return -ENOMEM;
	if (i == t->n_lines) {
		char **p = reallocarray(t->line, (size_t)i + 1, sizeof(*p));

		if (!p) {
			free(copy);
			return -ENOMEM;
		}
		t->line = p;
		t->n_lines++;
	} else {
		free(t->line[i]);
	}
	t->line[i] = copy;
	fprintf(f, "\033[%d;1H%s\033[0m%s", i + 1, copy, "\033[K");
	return 0;
}

int term_frame(struct term *t, const char *text)
{
	char *buf = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&buf, &size);
	int i, err = f ? 0 : -ENOMEM;

	for (i = 0; !err && i < t->height; i++) {
		size_t len = strcspn(text, "\n");

		/* behind the end of the text there may be lines of an earlier frame */
		if (!*text && i >= t->n_lines)
			break;
		err = put_line(t, f, i, text, len);
		text += len + (text[len] == '\n');
	}
	if (f && fclose(f) && !err)
		err = -ENOMEM;
	if (!err && size)
		err = put(t, buf, size);
	free(buf);
	return err;
}

int term_read(struct term *t)
{
	ssize_t n = read(t->in, t->keys + t->n_keys, sizeof(t->keys) - t->n_keys);

	if (n > 0)
		t->n_keys += (size_t)n;
	else if (n < 0 && errno != EINTR && errno != EAGAIN)
		return -errno;
	else if (n == 0 && t->n_keys < sizeof(t->keys))
		return -EIO;
	return 0;
}

static int drop(struct term *t, size_t n, int key)
{
	t->n_keys -= n;
	memmove(t->keys, t->keys + n, t->n_keys);
	return key;
}

int term_key(struct term *t)
{
	static const struct { const char *seq; int key; } seqs[] = {
		{ "\033[A", KEY_UP }, { "\033[B", KEY_DOWN }, { "\033OA", KEY_UP }, { "\033OB", KEY_DOWN },
		{ "\033[5~", KEY_PAGE_UP }, { "\033[6~", KEY_PAGE_DOWN }, { "\033[H", KEY_HOME }, { "\033[F", KEY_END },
		{ "\033[1~", KEY_HOME }, { "\033[4~", KEY_END }, { "\033OH", KEY_HOME }, { "\033OF", KEY_END },
	};
	size_t i, len;

	if (!t->n_keys)
		return KEY_NONE;
	if (t->keys[0] != KEY_ESC || t->n_keys == 1 || (t->keys[1] != '[' && t->keys[1] != 'O'))
		return drop(t, 1, (unsigned char)t->keys[0]);
	for (i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		len = strlen(seqs[i].seq);
		if (len <= t->n_keys && !memcmp(t->keys, seqs[i].seq, len))
			return drop(t, len, seqs[i].key);
	}
	/* some other sequence: to its final byte */
	for (i = 2; i < t->n_keys && (t->keys[i] < '@' || t->keys[i] > '~'); i++)
		;
	return drop(t, i < t->n_keys ? i + 1 : t->n_keys, KEY_OTHER);
}
