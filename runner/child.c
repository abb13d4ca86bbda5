// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static int open_to(const char *path, int fd, int flags)
{
	int from;

	if (!path)
		return 0;
	from = open(path, flags, 0666);
	if (from < 0)
		return -errno;
	if (from != fd) {
		if (dup2(from, fd) < 0)
			return -errno;
		close(from);
	}
	return 0;
}

static int child_setup(const struct child_opts *o)
{
	sigset_t none;
	int err = 0;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (o->own_group)
		err = open_to("/dev/null", STDIN_FILENO, O_RDONLY);
	if (!err)
		err = open_to(o->out, STDOUT_FILENO, O_WRONLY | O_CREAT | O_APPEND);
	if (!err)
		err = open_to(o->err, STDERR_FILENO, O_WRONLY | O_CREAT | O_APPEND);
	if (!err && o->dir && chdir(o->dir))
		err = -errno;
	for (size_t i = 0; i < 3 && !err; i++)
		for (size_t k = 0; o->env[i] && k < o->env[i]->n && !err; k++)
			if (setenv(o->env[i]->v[k].key, o->env[i]->v[k].value, 1))
				err = -errno;
	if (o->ctl)
		setenv("MMT_TRACE_CTL", o->ctl, 1);
	else
		unsetenv("MMT_TRACE_CTL");
	return err;
}

static void __attribute__((noreturn)) child_main(const struct child_opts *o, int gate, int report, pid_t parent)
{
	int err;
	char c;

	if (o->own_group) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(125);
	}
	err = child_setup(o);
	if (!err) {
		if (read(gate, &c, 1) != 1)
			_exit(125); /* the run was given up before */
		execvp(o->argv[0], o->argv);
		err = -errno;
	}
	err = -err;
	if (write(report, &err, sizeof(err)) != sizeof(err))
		_exit(126);
	_exit(err == ENOENT ? 127 : 126);
}

int child_prepare(const struct child_opts *o, struct child *c)
{
	int gate[2], report[2], err;
	pid_t parent = getpid();

	*c = (struct child){ .pidfd = -1, .gate = -1, .report = -1, .group = o->own_group };
	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	if (pipe2(report, O_CLOEXEC)) {
		err = -errno;
		goto err_gate;
	}
	c->pid = fork();
	if (c->pid < 0) {
		err = -errno;
		goto err_report;
	}
	if (!c->pid) {
		close(gate[1]);
		close(report[0]);
		child_main(o, gate[0], report[1], parent);
	}
	if (o->own_group)
		setpgid(c->pid, c->pid); /* both sides, so that neither is too late */
	close(gate[0]);
	close(report[1]);
	c->gate = gate[1];
	c->report = report[0];
	c->pidfd = pidfd_open(c->pid, 0);
	if (c->pidfd >= 0)
		return 0;
	err = -errno;
	child_destroy(c);
	return err;
err_report:
	close(report[0]);
	close(report[1]);
err_gate:
	close(gate[0]);
	close(gate[1]);
	*c = (struct child){ 0 };
	return err;
}

static void close_fd(int *fd)
{
	if (*fd > 0)
		close(*fd);
	*fd = -1;
}

int child_release(struct child *c)
{
	int err = 0;
	ssize_t n;

	c->start = now();
	n = write(c->gate, "", 1);
	if (n != 1 && errno != EPIPE) /* EPIPE: its set-up failed already, and the report says how */
		return -errno;
	close_fd(&c->gate);
	do {
		n = read(c->report, &err, sizeof(err));
	} while (n < 0 && errno == EINTR);
	close_fd(&c->report);
	if (n != sizeof(err))
		return 0;
	waitpid(c->pid, NULL, 0);
	c->pid = 0;
	return -err;
}

static double tv_s(struct timeval tv)
{
	return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int child_reap(struct child *c, int *status, struct run_usage *u)
{
	struct rusage ru;
	pid_t pid;

	do {
		pid = wait4(c->pid, status, 0, &ru);
	} while (pid < 0 && errno == EINTR);
	if (pid < 0)
		return -errno;
	*u = (struct run_usage){
		.elapsed = now() - c->start, .user = tv_s(ru.ru_utime), .system = tv_s(ru.ru_stime),
		.maxrss_kb = (uint64_t)ru.ru_maxrss, .minflt = (uint64_t)ru.ru_minflt, .majflt = (uint64_t)ru.ru_majflt,
		.nvcsw = (uint64_t)ru.ru_nvcsw, .nivcsw = (uint64_t)ru.ru_nivcsw,
	};
	c->pid = 0;
	return 0;
}

void child_kill(const struct child *c, int sig)
{
	if (c->pid > 0)
		kill(c->group ? -c->pid : c->pid, sig);
}

void child_destroy(struct child *c)
{
	close_fd(&c->gate);
	if (c->pid > 0) {
		child_kill(c, SIGKILL);
		waitpid(c->pid, NULL, 0);
	}
	close_fd(&c->pidfd);
	close_fd(&c->report);
	c->pid = 0;
}

/* Orphans become ours (subreaper); wait for the dead ones, up to half a second for the rest. */
static void reap_orphans(pid_t group)
{
	struct timespec nap = { 0, 5000000 };

	for (int i = 0; i < 100; i++) {
		while (waitpid(-group, NULL, WNOHANG) > 0)
			;
		if (kill(-group, 0))
			break;
		nanosleep(&nap, NULL);
	}
}

bool child_sweep(pid_t group)
{
	bool left;

	while (waitpid(-group, NULL, WNOHANG) > 0)
		;
	left = !kill(-group, 0);
	if (left)
		kill(-group, SIGKILL);
	reap_orphans(group);
	return left;
}

int child_shell(const char *command, const struct conf_pairs *env, const char *log, int stop_fd)
{
	char *argv[] = { (char *)"sh", (char *)"-c", (char *)command, NULL };
	struct child_opts o = { .argv = argv, .out = log, .err = log, .env = { env }, .own_group = true };
	struct run_usage u;
	struct child c;
	int status, err = child_prepare(&o, &c);
	pid_t group;

	if (err)
		return err;
	group = c.pid;
	err = child_release(&c);
	if (!err) {
		struct pollfd fds[2] = { { .fd = c.pidfd, .events = POLLIN }, { .fd = stop_fd, .events = POLLIN } };

		while (poll(fds, 2, -1) < 0 && errno == EINTR)
			;
		err = fds[0].revents ? child_reap(&c, &status, &u) : -EINTR;
	}
	child_destroy(&c);
	if (err == -EINTR)
		child_sweep(group);
	if (err)
		return err;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
