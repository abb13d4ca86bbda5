/* SPDX-License-Identifier: GPL-2.0-only */
/* Which cgroup hierarchy is followed, and names for its kernfs ids. */
#ifndef MMT_CGROUP_H
#define MMT_CGROUP_H

#include <stdbool.h>

#include "../bpf/mmt_shared.h"
#include "log.h"

struct btf;

/*
 * Choose the hierarchy: that of `dir` if given (it is then also the filter), else the
 * unified one. -ENOENT, -ENOTDIR, -EINVAL (not a cgroup directory) after a message.
 */
int mmt_cgroup__config(struct mmt_config *cfg, const char *dir, const struct btf *btf, const struct mmt_log *log);

/* Path below the mount for a kernfs id; "" for the root; "?" when it is gone. Opens fd at first use. */
struct mmt_cgroup_names {
	int mount_fd;
	char mount[256];
	char dir[4096]; /* resolved, "" when none was given */
};
void mmt_cgroup__names_init(struct mmt_cgroup_names *n, const char *dir);
void mmt_cgroup__path(struct mmt_cgroup_names *n, uint64_t id, char *buf, size_t size);
/* Is cgroup id the directory that names_init() was given, or below it? */
bool mmt_cgroup__below(struct mmt_cgroup_names *n, uint64_t id);
void mmt_cgroup__names_close(struct mmt_cgroup_names *n);

#endif
