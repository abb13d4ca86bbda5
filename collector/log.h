/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef MMT_LOG_H
#define MMT_LOG_H

#include "../libmmtrace/mmtrace.h"

struct mmt_log {
	mmt_log_fn fn; /* may be NULL */
	void *ctx;
};

void mmt_log(const struct mmt_log *log, enum mmt_log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#define log_err(log, ...) mmt_log(log, MMT_LOG_ERROR, __VA_ARGS__)
#define log_warn(log, ...) mmt_log(log, MMT_LOG_WARN, __VA_ARGS__)

#endif
