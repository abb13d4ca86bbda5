/* SPDX-License-Identifier: GPL-2.0-only */
/* What machine this is and how it is tuned: files for people, facts for the trace. */
#ifndef MMT_SYSINFO_H
#define MMT_SYSINFO_H

#include "conf.h"

/* Key facts (kernel.release, cpu.model, boot.id, governor, thp, ...); what cannot be read is left out. */
int sysinfo_facts(struct conf_pairs *facts);
/* The whole capture as files in dir; a source that is missing makes no file. */
int sysinfo_write(const char *dir, const struct conf_pairs *facts);

#endif
