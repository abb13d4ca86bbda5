// SPDX-License-Identifier: GPL-2.0-only
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <mntent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "cgroup.h"

#define CGROUP2_MAGIC 0x63677270
#define CGROUP1_MAGIC 0x27e0eb

/* The mount that holds dir (longest prefix), or the first cgroup2 mount when dir is NULL. */
static int find_mount(const char *dir, char *mount, size_t size, bool *v1, char *opts, size_t opts_size)
{
	char real[4096] = "";
	struct mntent *m;
	size_t best = 0;
	FILE *f;

	if (dir && !realpath(dir, real))
		return -errno;
	f = setmntent("/proc/self/mounts", "re");
	if (!f)
		return -errno;
	while ((m = getmntent(f))) {
		size_t len = strlen(m->mnt_dir);
		bool is2 = !strcmp(m->mnt_type, "cgroup2"), is1 = !strcmp(m->mnt_type, "cgroup");

		if (!is1 && !is2)
			continue;
		if (dir ? strncmp(real, m->mnt_dir, len) || (real[len] && real[len] != '/') || len < best :
			  !is2 || best)
			continue;
		best = len;
		*v1 = is1;
		snprintf(mount, size, "%s", m->mnt_dir);
		snprintf(opts, opts_size, "%s", m->mnt_opts);
	}
	endmntent(f);
	return best ? 0 : -EINVAL;
}

/* Is `name` one of the comma separated mount options? */
static bool has_option(const char *opts, const char *name, size_t len)
{
	const char *s = opts;

	while (s) {
		if (!strncmp(s, name, len) && (s[len] == ',' || !s[len]))
			return true;
		s = strchr(s, ',');
		if (s)
			s++;
	}
	return false;
}

/* Number of the v1 controller of a mount: enum cgroup_subsys_id has NAME_cgrp_id. */
static int subsys_id(const struct btf *btf, const char *opts)
{
	int id = btf__find_by_name_kind(btf, "cgroup_subsys_id", BTF_KIND_ENUM), i;
	const struct btf_type *t;
	const struct btf_enum *e;

	if (id < 0)
		return -ENOENT;
	t = btf__type_by_id(btf, (unsigned int)id);
	for (i = 0, e = btf_enum(t); i < btf_vlen(t); i++, e++) {
		const char *s = btf__name_by_offset(btf, e->name_off), *end = strstr(s, "_cgrp_id");

		if (end && has_option(opts, s, (size_t)(end - s)))
			return e->val;
	}
	return -ENOENT;
}

int mmt_cgroup__config(struct mmt_config *cfg, const char *dir, const struct btf *btf, const struct mmt_log *log)
{
	char mount[256], opts[256];
	bool v1 = false;
	struct stat st;
	int err;

	if (!dir)
		return 0;
	if (stat(dir, &st)) {
		err = -errno;
		log_err(log, "cgroup %s: %s; give the cgroup's directory, e.g. /sys/fs/cgroup/NAME", dir, strerror(-err));
		return err;
	}
	err = find_mount(dir, mount, sizeof(mount), &v1, opts, sizeof(opts));
	if (err || !S_ISDIR(st.st_mode)) {
		log_err(log, "%s is not a directory of a cgroup hierarchy", dir);
		return err ? err : -ENOTDIR;
	}
	if (v1) {
		err = subsys_id(btf, opts);
		if (err < 0) {
			log_err(log, "the hierarchy of %s has no controller, so its cgroups cannot be followed", dir);
			return err;
		}
		cfg->cgroup_v1 = 1;
		cfg->cgroup_subsys = (uint32_t)err;
	}
	cfg->filter_cgroup = 1;
	cfg->want_cgroup = st.st_ino; /* kernfs: the inode number is the id */
	return 0;
}

void mmt_cgroup__names_init(struct mmt_cgroup_names *n, const char *dir)
{
	char opts[256];
	bool v1;

	n->mount_fd = -1;
	if (!dir || !realpath(dir, n->dir))
		n->dir[0] = 0;
	if (!find_mount(dir, n->mount, sizeof(n->mount), &v1, opts, sizeof(opts)))
		n->mount_fd = open(n->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Full path of a cgroup directory: kernfs gives every node a file handle that is just its id (FILEID_KERNFS). */
static int full_path(const struct mmt_cgroup_names *n, uint64_t id, char *path, size_t size)
{
	union {
		struct file_handle h;
		char room[sizeof(struct file_handle) + sizeof(uint64_t)];
	} u;
	char link[64];
	ssize_t len;
	int fd;

	if (n->mount_fd < 0)
		return -ENOENT;
	u.h.handle_bytes = sizeof(uint64_t);
	u.h.handle_type = 0xfe;
	memcpy(u.h.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(n->mount_fd, &u.h, O_RDONLY | O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, path, size - 1);
	close(fd);
	if (len < 0)
		return -errno;
	path[len] = 0;
	return 0;
}

void mmt_cgroup__path(struct mmt_cgroup_names *n, uint64_t id, char *buf, size_t size)
{
	size_t skip = strlen(n->mount);
	char path[4096];

	if (full_path(n, id, path, sizeof(path)))
		snprintf(buf, size, "?");
	else
		snprintf(buf, size, "%s", !strncmp(path, n->mount, skip) ? (path[skip] ? path + skip : "/") : path);
}

bool mmt_cgroup__below(struct mmt_cgroup_names *n, uint64_t id)
{
	size_t len = strlen(n->dir);
	char path[4096];

	return len && !full_path(n, id, path, sizeof(path)) && !strncmp(path, n->dir, len) &&
	       (!path[len] || path[len] == '/');
}

void mmt_cgroup__names_close(struct mmt_cgroup_names *n)
{
	if (n->mount_fd >= 0)
		close(n->mount_fd);
	n->mount_fd = -1;
}
