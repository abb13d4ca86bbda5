/* SPDX-License-Identifier: GPL-2.0-only */
/* A recording for a test: begun, or the test is skipped where it may not be. */
#ifndef RECORDING_H
#define RECORDING_H

#include "../../collector/session.h"

struct mmt_session *recording_begin(const struct mmt_session_opts *o);
void recording_end(struct mmt_session *s);
/* The bit of the family with this name, of which there must be one. */
unsigned int recording_family(const char *name);
/* Warnings and errors to stderr. */
void recording_log(void *ctx, enum mmt_log_level level, const char *msg);

#endif
