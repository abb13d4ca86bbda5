// SPDX-License-Identifier: GPL-2.0-only
/*
 * pty ROWS COLS STEP... -- COMMAND...: run a command on a terminal of its own, act and look.
 *
 * Steps: "until TEXT" (on the screen, within 20 s), "wait MS", "keys TEXT" (\e, \n), "signal NUMBER",
 * "resize ROWS COLS", "dump FILE" (the screen as text). In the end the command must end
 * within 20 s; the last line says how, and what became of the terminal:
 *   status N, screen main, cursor shown, modes same, overflow 0, bytes N
 */
#define _XOPEN_SOURCE 600
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_ROWS 200
#define MAX_COLS 512
#define LIMIT_MS 20000

struct screen {
	int rows, cols, r, c;
	unsigned char cell[MAX_ROWS][MAX_COLS];
	bool alternate, hidden;
	unsigned long overflow, bytes;
	/* a sequence that is not complete yet */
	char esc[64];
	size_t n_esc;
};

struct pty {
	int master, slave;
	pid_t pid;
	bool over;
	int status;
	struct termios before;
	struct screen s;
};

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void clear(struct screen *s)
{
	memset(s->cell, ' ', sizeof(s->cell));
}

static void csi(struct screen *s)
{
	const char *p = s->esc + 2;
	char last = s->esc[s->n_esc - 1];
	int a = atoi(p), b;

	switch (last) {
	case 'H':
		b = strchr(p, ';') ? atoi(strchr(p, ';') + 1) : 1;
		s->r = a > 0 ? a - 1 : 0;
		s->c = b > 0 ? b - 1 : 0;
		break;
	case 'K':
		if (s->r < MAX_ROWS && s->c < MAX_COLS)
			memset(&s->cell[s->r][s->c], ' ', (size_t)(MAX_COLS - s->c));
		break;
	case 'J':
		clear(s);
		break;
	case 'h':
	case 'l':
		if (!strncmp(p, "?1049", 5))
			s->alternate = last == 'h';
		else if (!strncmp(p, "?25", 3))
			s->hidden = last == 'l';
		break;
	}
}

static void put(struct screen *s, unsigned char ch)
{
	if (s->n_esc) {
		if (s->n_esc < sizeof(s->esc) - 1) {
			s->esc[s->n_esc++] = (char)ch;
			s->esc[s->n_esc] = 0;
		}
		if (s->n_esc > 2 && ch >= '@' && ch <= '~') {
			csi(s);
			s->n_esc = 0;
		} else if (s->n_esc == 2 && ch != '[') {
			s->n_esc = 0;
		}
		return;
	}
	if (ch == 27) {
		s->esc[0] = 27;
		s->n_esc = 1;
	} else if (ch == '\n') {
		s->r++;
	} else if (ch == '\r') {
		s->c = 0;
	} else if (ch >= ' ') {
		if ((ch & 0xc0) == 0x80)
			return; /* the rest of a character */
		if (s->c >= s->cols || s->r >= s->rows)
			s->overflow++;
		else
			s->cell[s->r][s->c] = ch < 127 ? ch : 'u';
		s->c++;
	}
}

/* What comes within ms; less where the command ends. */
static void pump(struct pty *t, long ms)
{
	struct pollfd p = { .fd = t->master, .events = POLLIN };
	unsigned char buf[4096];
	long end = now_ms() + ms, left;
	ssize_t n, i;

	while ((left = end - now_ms()) >= 0) {
		if (poll(&p, 1, (int)(left < 20 ? left : 20)) > 0) {
			n = read(t->master, buf, sizeof(buf));
			for (i = 0; i < n; i++)
				put(&t->s, buf[i]);
			t->s.bytes += n > 0 ? (unsigned long)n : 0;
		} else if (t->over || waitpid(t->pid, &t->status, WNOHANG) == t->pid) {
			t->over = true;
			return;
		}
	}
}

static bool shows(const struct screen *s, const char *text)
{
	char line[MAX_COLS + 1];
	int r;

	for (r = 0; r < s->rows; r++) {
		memcpy(line, s->cell[r], (size_t)s->cols);
		line[s->cols] = 0;
		if (strstr(line, text))
			return true;
	}
	return false;
}

static void dump(const struct screen *s, FILE *f)
{
	int r, n;

	for (r = 0; r < s->rows; r++) {
		for (n = s->cols; n > 0 && s->cell[r][n - 1] == ' '; n--)
			;
		fprintf(f, "%.*s\n", n, (const char *)s->cell[r]);
	}
}

static void keys(struct pty *t, const char *s)
{
	for (; *s; s++) {
		char ch = *s;

		if (ch == '\\' && s[1]) {
			s++;
			ch = *s == 'n' ? '\n' : *s == 'e' ? 27 : *s;
		}
		if (write(t->master, &ch, 1) != 1)
			perror("pty: keys");
	}
}

static void size_set(struct pty *t, int rows, int cols)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	t->s.rows = rows;
	t->s.cols = cols;
	ioctl(t->master, TIOCSWINSZ, &w);
}

static int step(struct pty *t, const char *s)
{
	long end = now_ms() + LIMIT_MS;
	int rows, cols;
	FILE *f;

	if (!strncmp(s, "until ", 6)) {
		while (!shows(&t->s, s + 6)) {
			if (t->over || now_ms() > end) {
				fprintf(stderr, "pty: '%s' did not come; there is:\n", s + 6);
				dump(&t->s, stderr);
				return -1;
			}
			pump(t, 20);
		}
	} else if (!strncmp(s, "wait ", 5)) {
		pump(t, atol(s + 5));
	} else if (!strncmp(s, "keys ", 5)) {
		keys(t, s + 5);
	} else if (!strncmp(s, "signal ", 7)) {
		kill(t->pid, atoi(s + 7));
	} else if (sscanf(s, "resize %d %d", &rows, &cols) == 2 && rows <= MAX_ROWS && cols <= MAX_COLS) {
		clear(&t->s);
		size_set(t, rows, cols);
	} else if (!strncmp(s, "dump ", 5)) {
		pump(t, 50);
		f = fopen(s + 5, "w");
		if (!f)
			return -1;
		dump(&t->s, f);
		fclose(f);
	} else {
		fprintf(stderr, "pty: no step '%s'\n", s);
		return -1;
	}
	return 0;
}

static int start(struct pty *t, char **argv)
{
	const char *name;

	t->master = posix_openpt(O_RDWR | O_NOCTTY);
	if (t->master < 0 || grantpt(t->master) || unlockpt(t->master))
		return -1;
	name = ptsname(t->master);
	t->slave = name ? open(name, O_RDWR | O_NOCTTY) : -1;
	if (t->slave < 0 || tcgetattr(t->slave, &t->before))
		return -1;
	size_set(t, t->s.rows, t->s.cols);
	t->pid = fork();
	if (t->pid)
		return t->pid < 0 ? -1 : 0;
	setsid();
	ioctl(t->slave, TIOCSCTTY, 0);
	dup2(t->slave, 0);
	dup2(t->slave, 1);
	dup2(t->slave, 2);
	close(t->master);
	close(t->slave);
	execvp(argv[0], argv);
	_exit(127);
}

static bool same_modes(const struct pty *t)
{
	struct termios now;

	return !tcgetattr(t->slave, &now) && now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag &&
	       now.c_lflag == t->before.c_lflag && !memcmp(now.c_cc, t->before.c_cc, sizeof(now.c_cc));
}

int main(int argc, char **argv)
{
	static struct pty t;
	int i, bad = 0;
	long end;

	for (i = 3; i < argc && strcmp(argv[i], "--"); i++)
		;
	if (argc < 5 || i + 1 >= argc)
		return 2;
	t.s.rows = atoi(argv[1]);
	t.s.cols = atoi(argv[2]);
	if (t.s.rows < 1 || t.s.rows > MAX_ROWS || t.s.cols < 1 || t.s.cols > MAX_COLS)
		return 2;
	clear(&t.s);
	if (start(&t, argv + i + 1)) {
		perror("pty");
		return 2;
	}
	for (i = 3; !bad && strcmp(argv[i], "--"); i++)
		bad = step(&t, argv[i]);
	for (end = now_ms() + LIMIT_MS; !t.over && now_ms() < end;)
		pump(&t, 50);
	pump(&t, 50);
	if (!t.over) {
		fprintf(stderr, "pty: the command does not end\n");
		kill(t.pid, SIGKILL);
		waitpid(t.pid, &t.status, 0);
		bad = 1;
	}
	printf("status %d, screen %s, cursor %s, modes %s, overflow %lu, bytes %lu\n",
	       WIFSIGNALED(t.status) ? 128 + WTERMSIG(t.status) : WEXITSTATUS(t.status), t.s.alternate ? "alternate" : "main",
	       t.s.hidden ? "hidden" : "shown", same_modes(&t) ? "same" : "changed", t.s.overflow, t.s.bytes);
	return bad ? 1 : 0;
}
