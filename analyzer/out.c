// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "out.h"

struct out {
	FILE *stream;
	pid_t pager;
	bool color;
	int width;
};

static bool want_color(const struct out_opts *opts)
{
	const char *how = opts && opts->color ? opts->color : "auto";
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (!strcmp(how, "always"))
		return true;
	if (!strcmp(how, "never") || (no && *no))
		return false;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* stdout of the child becomes the terminal's pager; -1 when there is no need or no way. */
static pid_t pager_start(FILE **stream)
{
	const char *cmd = getenv("MMT_PAGER");
	int fd[2];
	pid_t pid;

	if (!cmd)
		cmd = getenv("PAGER");
	if (!cmd)
		cmd = "less";
	if (!*cmd || !strcmp(cmd, "cat") || pipe(fd))
		return -1;
	pid = fork();
	if (pid < 0) {
		close(fd[0]);
		close(fd[1]);
		return -1;
	}
	if (!pid) {
		setenv("LESS", "FRSX", 0);
		dup2(fd[0], STDIN_FILENO);
		close(fd[0]);
		close(fd[1]);
		execl("/bin/sh", "sh", "-c", cmd, (char *)NULL);
		_exit(127);
	}
	close(fd[0]);
	*stream = fdopen(fd[1], "w");
	if (*stream)
		return pid;
	close(fd[1]);
	waitpid(pid, NULL, 0);
	return -1;
}

static bool have_pager(void)
{
	const char *cmd = getenv("MMT_PAGER");

	if (!cmd)
		cmd = getenv("PAGER");
	return cmd || !access("/usr/bin/less", X_OK) || !access("/bin/less", X_OK);
}

struct out *out_open(const struct out_opts *opts)
{
	static const struct out plain = { .pager = -1, .width = 80 };
	struct out *o = calloc(1, sizeof(*o));
	struct winsize ws;

	if (!o)
		return NULL; /* the other functions take NULL for plain stdout */
	*o = plain;
	o->stream = stdout;
	o->color = want_color(opts);
	if (!isatty(STDOUT_FILENO))
		return o;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) && ws.ws_col >= 40)
		o->width = ws.ws_col;
	if (!(opts && opts->no_pager) && have_pager()) {
		fflush(stdout);
		o->pager = pager_start(&o->stream);
	}
	return o;
}

FILE *out_stream(struct out *o)
{
	return o ? o->stream : stdout;
}

bool out_color(const struct out *o)
{
	return o && o->color;
}

int out_width(const struct out *o)
{
	return o ? o->width : 80;
}

int out_close(struct out *o)
{
	FILE *f = out_stream(o);
	int err = 0;

	if (fflush(f) || ferror(f))
		err = errno == EPIPE ? 0 : -EIO;
	if (o && o->pager > 0) {
		fclose(f);
		while (waitpid(o->pager, NULL, 0) < 0 && errno == EINTR)
			;
		err = 0; /* a pager that was quit early is no error */
	}
	free(o);
	return err;
}

static void say(const char *what, const char *fmt, va_list ap)
{
	char line[1024];
	size_t n;

	vsnprintf(line, sizeof(line), fmt, ap);
	n = strlen(line);
	while (n && line[n - 1] == '\n')
		line[--n] = '\0';
	fflush(stdout);
	fprintf(stderr, "mmt-trace: %s%s\n", what, line);
}

void out_err(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void out_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("warning: ", fmt, ap);
	va_end(ap);
}

void out_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("", fmt, ap);
	va_end(ap);
}

void out_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	int verbose = ctx ? *(const int *)ctx : 0;

	if ((int)level > (int)MMT_LOG_WARN + verbose)
		return;
	if (level == MMT_LOG_WARN)
		out_warn("%s", msg);
	else
		out_err("%s", msg);
}
