// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "worker.h"

void worker_start(struct worker *w, void (*job)(void))
{
	char c;

	assert_int_equal(pipe(w->go) | pipe(w->done), 0);
	w->pid = fork();
	assert_true(w->pid >= 0);
	if (w->pid)
		return;
	while (read(w->go[0], &c, 1) == 1) {
		if (c == 'q')
			_exit(0);
		job();
		if (write(w->done[1], &c, 1) != 1)
			_exit(2);
	}
	_exit(1);
}

void worker_run(struct mmt_session *s, const struct worker *w)
{
	struct pollfd fd = { .fd = w->done[0], .events = POLLIN };
	struct timespec ms = { 0, 5000000 };
	char c = 'r';

	assert_int_equal(write(w->go[1], &c, 1), 1);
	assert_int_equal(mmt_session__poll(s, &fd, 1, 60000), 1);
	assert_int_equal(read(w->done[0], &c, 1), 1);
	nanosleep(&ms, NULL); /* it sleeps in read(2) again; that it faults no more is all that counts */
}

void worker_stop(const struct worker *w)
{
	char c = 'q';

	assert_int_equal(write(w->go[1], &c, 1), 1);
	assert_int_equal(waitpid(w->pid, NULL, 0), w->pid);
	close(w->go[0]);
	close(w->go[1]);
	close(w->done[0]);
	close(w->done[1]);
}
