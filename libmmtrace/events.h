/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/* Private: what encoder and decoder of event chunks agree on. */
#ifndef MMTRACE_EVENTS_H
#define MMTRACE_EVENTS_H

#include "internal.h"

/* Sections of an event chunk, in this order. */
enum { SEC_DIR, SEC_KEYS, SEC_SYMS, SEC_TIMES, SEC_ARGS, SEC_N };

#endif
