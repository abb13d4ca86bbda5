// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "recording.h"

struct mmt_session *recording_begin(const struct mmt_session_opts *o)
{
	struct mmt_session *s = NULL;
	int err;

	if (geteuid()) {
		fprintf(stderr, "skipped: recording needs root\n");
		skip();
	}
	err = mmt_session__open(o, &s);
	if (err == -EPERM || err == -ENOENT || err == -EACCES) {
		fprintf(stderr, "skipped: BPF or perf events are not allowed here: %s\n", strerror(-err));
		skip();
	}
	assert_int_equal(err, 0);
	assert_int_equal(mmt_session__start(s), 0);
	return s;
}

void recording_end(struct mmt_session *s)
{
	assert_int_equal(mmt_session__stop(s), 0);
	mmt_session__close(s);
}

unsigned int recording_family(const char *want)
{
	const char *name, *summary;
	unsigned int i;

	for (i = 0; (name = mmt_session__family(i, &summary)); i++)
		if (!strcmp(name, want))
			return 1U << i;
	fail_msg("no family called %s", want);
	return 0;
}

void recording_log(void *ctx, enum mmt_log_level level, const char *msg)
{
	(void)ctx;
	if (level <= MMT_LOG_WARN)
		fprintf(stderr, "session: %s\n", msg);
}
