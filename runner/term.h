/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A terminal as a screen: keys one by one, frames of lines, and everything as it was
 * afterwards. Plain ANSI sequences: what every terminal of today understands.
 */
#ifndef MMT_TERM_H
#define MMT_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

enum {
	KEY_NONE = 0, KEY_ESC = 27, KEY_UP = 256, KEY_DOWN, KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_OTHER,
};

struct term {
	int in, out;
	bool own_in; /* in was opened here */
	bool active;
	struct termios old;
	pid_t guard;   /* puts the terminal right when we are killed; 0: none */
	int guard_fd;
	int width, height;
	char **line; /* what the screen shows, so that only what changed is sent */
	int n_lines;
	char keys[64];
	size_t n_keys;
};

/* Can there be a screen: a terminal that is not dumb, with a keyboard? */
bool term_usable(void);
/* 0 or -errno; term_close() afterwards in any case. */
int term_open(struct term *t);
/* Everything as it was; may be called twice. */
void term_close(struct term *t);
/* Out of the way while the process is stopped, and back. */
void term_leave(struct term *t);
int term_enter(struct term *t);
/* Ask for the size again, and draw all at the next frame. */
void term_resize(struct term *t);
/* Lines separated by newlines; those that do not fit are left out. 0 or -errno: the terminal is gone. */
int term_frame(struct term *t, const char *text);
/* Take what was typed: 0, or -errno: the terminal is gone. */
int term_read(struct term *t);
int term_key(struct term *t);

#endif
