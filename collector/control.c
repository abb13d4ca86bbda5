// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control.h"
#include "session.h"

static int address(struct sockaddr_un *a, const char *path)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->sun_path))
		return -ENAMETOOLONG;
	strcpy(a->sun_path, path);
	return 0;
}

int mmt_control__open(struct mmt_control *c, const char *path, const struct mmt_log *log)
{
	struct sockaddr_un a;
	unsigned int i;
	int err;

	c->listen_fd = -1;
	for (i = 0; i < MMT_CTL_CLIENTS; i++)
		c->client[i].fd = -1;
	if (!path)
		return 0;
	err = address(&a, path);
	if (err)
		goto err_log;
	c->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listen_fd < 0) {
		err = -errno;
		goto err_log;
	}
	unlink(path);
	if (bind(c->listen_fd, (struct sockaddr *)&a, sizeof(a)) || listen(c->listen_fd, MMT_CTL_CLIENTS)) {
		err = -errno;
		close(c->listen_fd);
		c->listen_fd = -1;
		goto err_log;
	}
	/* a benchmark may run as another user: marks do no harm */
	chmod(path, 0666);
	strcpy(c->path, path);
	return 0;
err_log:
	log_err(log, "mark socket %s: %s", path, strerror(-err));
	return err;
}

unsigned int mmt_control__fds(const struct mmt_control *c, struct pollfd *fds)
{
	unsigned int i, n = 0;

	if (c->listen_fd < 0)
		return 0;
	fds[n++] = (struct pollfd){ .fd = c->listen_fd, .events = POLLIN };
	for (i = 0; i < MMT_CTL_CLIENTS; i++)
		fds[n++] = (struct pollfd){ .fd = c->client[i].fd, .events = POLLIN };
	return n;
}

static void drop(struct mmt_ctl_client *cl)
{
	close(cl->fd);
	cl->fd = -1;
	cl->len = 0;
}

/* kind, name, arg of "KIND\tNAME\tARG" */
static void answer(struct mmt_ctl_client *cl, char *line, mmt_ctl_mark_fn mark, void *ctx)
{
	char *name = strchr(line, '\t'), *arg = NULL, msg[128];
	long kind = strtol(line, NULL, 10);
	int err = -EINVAL, n;

	if (name) {
		*name++ = 0;
		arg = strchr(name, '\t');
		if (arg)
			*arg++ = 0;
		if (kind >= MMT_MARK_START && kind <= MMT_MARK_USER)
			err = mark(ctx, (int)kind, name, arg ? arg : "");
	}
	n = err ? snprintf(msg, sizeof(msg), "error %s\n", strerror(-err)) : snprintf(msg, sizeof(msg), "ok\n");
	if (send(cl->fd, msg, (size_t)n, MSG_NOSIGNAL) < 0)
		drop(cl);
}

static void serve_client(struct mmt_ctl_client *cl, mmt_ctl_mark_fn mark, void *ctx)
{
	char *nl;
	ssize_t n;

	n = recv(cl->fd, cl->buf + cl->len, sizeof(cl->buf) - 1 - cl->len, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		drop(cl);
		return;
	}
	cl->len += (unsigned int)n;
	cl->buf[cl->len] = 0;
	while (cl->fd >= 0 && (nl = strchr(cl->buf, '\n'))) {
		*nl = 0;
		answer(cl, cl->buf, mark, ctx);
		cl->len -= (unsigned int)(nl + 1 - cl->buf);
		memmove(cl->buf, nl + 1, cl->len + 1);
	}
	if (cl->fd >= 0 && cl->len == sizeof(cl->buf) - 1)
		drop(cl); /* no line ends within the buffer: not one of ours */
}

void mmt_control__serve(struct mmt_control *c, const struct pollfd *fds, unsigned int n, mmt_ctl_mark_fn mark,
			void *ctx)
{
	unsigned int i;
	int fd;

	for (i = 1; i < n; i++)
		if (fds[i].revents && c->client[i - 1].fd == fds[i].fd)
			serve_client(&c->client[i - 1], mark, ctx);
	if (!n || !(fds[0].revents & POLLIN))
		return;
	fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	for (i = 0; i < MMT_CTL_CLIENTS; i++) {
		if (c->client[i].fd >= 0)
			continue;
		c->client[i].fd = fd;
		return;
	}
	close(fd);
}

void mmt_control__close(struct mmt_control *c)
{
	unsigned int i;

	for (i = 0; i < MMT_CTL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			drop(&c->client[i]);
	if (c->listen_fd >= 0) {
		close(c->listen_fd);
		unlink(c->path);
	}
	c->listen_fd = -1;
}

/* Tabs and line ends would break the request's form. */
static void clean(char *to, size_t size, const char *from)
{
	size_t i;

	for (i = 0; from && from[i] && i + 1 < size; i++)
		to[i] = from[i] == '\t' || from[i] == '\n' ? ' ' : from[i];
	to[i] = 0;
}

int mmt_mark_request(const char *path, enum mmt_mark_kind kind, const char *name, const char *arg)
{
	char req[1024], reply[128], n[256], a[512];
	struct sockaddr_un addr;
	ssize_t len;
	int fd, err;

	if (!path)
		path = getenv("MMT_TRACE_CTL");
	if (!path)
		return -ENOENT;
	err = address(&addr, path);
	if (err)
		return err;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		goto out;
	}
	clean(n, sizeof(n), name);
	clean(a, sizeof(a), arg);
	len = snprintf(req, sizeof(req), "%d\t%s\t%s\n", (int)kind, n, a);
	if (send(fd, req, (size_t)len, MSG_NOSIGNAL) != len) {
		err = -errno;
		goto out;
	}
	do
		len = recv(fd, reply, sizeof(reply) - 1, 0);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		err = len ? -errno : -EPIPE;
	else if (strncmp(reply, "ok", 2))
		err = -EIO;
out:
	close(fd);
	return err;
}
