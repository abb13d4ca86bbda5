// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kstat.h"
#include "kvm_stats.h"
#include "sysfs.h"

#define MOST_FDS 512
#define MOST_BYTES 65536u /* of a descriptor's head and its data */

static const char *const names[MMT_KVM_STATS] = {
	"exits", "halt_exits", "io_exits", "irq_exits", "signal_exits", "halt_poll_success_ns", "halt_poll_fail_ns", "halt_wait_ns",
};

/* ---------------------------------------------------------------- what the process holds */

struct fds {
	int vm;    /* -1: none */
	int stats[MOST_FDS]; /* of virtual CPUs */
	size_t n, n_vcpus;
};

static void sort_fd(struct fds *f, const char *fd, const char *to)
{
	static const char stats[] = "anon_inode:kvm-vcpu-stats:", vcpu[] = "anon_inode:kvm-vcpu:";

	if (!strcmp(to, "anon_inode:kvm-vm"))
		f->vm = atoi(fd);
	else if (!strncmp(to, stats, sizeof(stats) - 1) && f->n < MOST_FDS)
		f->stats[f->n++] = atoi(fd);
	else
		f->n_vcpus += !strncmp(to, vcpu, sizeof(vcpu) - 1);
}

static void find_fds(const char *proc, uint32_t pid, struct fds *f)
{
	char path[PATH_MAX], to[64];
	const struct dirent *e;
	ssize_t n;
	DIR *dir;

	f->vm = -1;
	f->n = f->n_vcpus = 0;
	snprintf(path, sizeof(path), "%s/%u/fd", proc, pid);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		n = e->d_name[0] == '.' ? -1 : readlinkat(dirfd(dir), e->d_name, to, sizeof(to) - 1);
		if (n <= 0)
			continue;
		to[n] = '\0';
		sort_fd(f, e->d_name, to);
	}
	if (dir)
		closedir(dir);
}

/* ---------------------------------------------------------------- debugfs */

/* The VM's directory is called after the thread that made it and its descriptor: PID-FD, mostly. */
static bool find_dir(const char *proc, const char *kvm_dir, uint32_t pid, int fd, char *path, size_t size)
{
	const struct dirent *e;
	bool found;
	char *end;
	DIR *dir;

	snprintf(path, size, "%s/%u-%d", kvm_dir, pid, fd);
	if (!access(path, F_OK))
		return true;
	dir = opendir(kvm_dir);
	for (found = false; dir && !found && (e = readdir(dir));) {
		unsigned long tid = strtoul(e->d_name, &end, 10);

		if (*end != '-' || atoi(end + 1) != fd)
			continue;
		snprintf(path, size, "%s/%u/task/%lu", proc, pid, tid);
		found = !access(path, F_OK);
		snprintf(path, size, "%s/%.32s", kvm_dir, e->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static int of_debugfs(const char *dir, struct mmt_kvm_stats *s)
{
	char path[PATH_MAX + 32], buf[32];
	ssize_t n = -ENOENT, err = -ENOENT;
	int i;

	for (i = 0; i < MMT_KVM_STATS; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		n = mmt_read_file(path, buf, sizeof(buf));
		if (n <= 0) {
			err = n < 0 && n != -ENOENT ? n : err;
			continue;
		}
		s->v[i] = strtoull(buf, NULL, 10);
		s->has |= 1u << i;
	}
	s->from = MMT_KS_DEBUGFS;
	return s->has ? 0 : (int)err;
}

/* ---------------------------------------------------------------- descriptors */

static int take(int pidfd, int fd)
{
	long got = syscall(SYS_pidfd_getfd, pidfd, fd, 0);

	return got < 0 ? -errno : (int)got;
}

static int add_fd(int fd, struct mmt_kvm_stats *s, char *buf)
{
	struct kvm_stats_header h;
	uint32_t i, has = 0;
	size_t size, k;
	uint64_t v;

	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h))
		return -EIO;
	size = sizeof(struct kvm_stats_desc) + h.name_size;
	if (!h.num_desc || h.name_size > 256 || h.num_desc > MOST_BYTES / size)
		return -EIO;
	if (pread(fd, buf, size * h.num_desc, h.desc_offset) != (ssize_t)(size * h.num_desc))
		return -EIO;
	for (i = 0; i < h.num_desc; i++) {
		struct kvm_stats_desc d;
		const char *name = buf + i * size + sizeof(d);

		memcpy(&d, buf + i * size, sizeof(d));
		for (k = 0; k < MMT_KVM_STATS && strncmp(names[k], name, h.name_size); k++)
			;
		if (k == MMT_KVM_STATS || d.size != 1 || pread(fd, &v, sizeof(v), (off_t)h.data_offset + d.offset) != sizeof(v))
			continue;
		s->v[k] += v;
		has |= 1u << k;
	}
	s->has = s->from == MMT_KS_DESCRIPTORS ? s->has & has : has;
	s->from = MMT_KS_DESCRIPTORS;
	return 0;
}

static int of_descriptors(uint32_t pid, const struct fds *f, struct mmt_kvm_stats *s)
{
	int pidfd, vm, fd, err = 0;
	char *buf;
	size_t i;

	if (!f->n || f->n < f->n_vcpus || f->vm < 0) /* of some only: that is no sum */
		return -ENOENT;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0)
		return -errno;
	buf = malloc(MOST_BYTES);
	/* kernels before 6.5 may free a VM under its descriptors of statistics: this one keeps it there meanwhile */
	vm = buf ? take(pidfd, f->vm) : -ENOMEM;
	err = vm < 0 ? vm : 0;
	for (i = 0; i < f->n && !err; i++) {
		fd = take(pidfd, f->stats[i]);
		err = fd < 0 ? fd : add_fd(fd, s, buf);
		if (fd >= 0)
			close(fd);
	}
	if (vm >= 0)
		close(vm);
	close(pidfd);
	free(buf);
	return err;
}

/* ---------------------------------------------------------------- both */

int mmt_kvm_stats__read(const char *proc, const char *kvm_dir, uint32_t pid, struct mmt_kvm_stats *s)
{
	char dir[PATH_MAX];
	struct fds f;
	int err, ret;

	memset(s, 0, sizeof(*s));
	find_fds(proc, pid, &f);
	if (f.vm < 0)
		return -ESRCH;
	err = access(kvm_dir, F_OK) ? -ENODEV : find_dir(proc, kvm_dir, pid, f.vm, dir, sizeof(dir)) ? of_debugfs(dir, s) : -ENOENT;
	if (!err)
		return 0;
	ret = of_descriptors(pid, &f, s);
	if (ret)
		memset(s, 0, sizeof(*s));
	return !ret ? 0 : ret == -ENOENT ? err : ret == -EPERM ? -EBADF : ret;
}

const char *mmt_kvm_stats__from(enum mmt_kvm_stats_from from)
{
	static const char *const from_names[] = { "", "debugfs", "descriptors of statistics" };

	return from_names[from];
}

const char *mmt_kvm_stats__why(int err)
{
	switch (-err) {
	case EPERM:
	case EACCES:
		return "the kernel lets nobody read debugfs (locked down?), and the VM's program holds no descriptors of statistics "
		       "(QEMU has done so since 8.1)";
	case EBADF:
		return "debugfs cannot be read, and the VM's descriptors of statistics cannot be taken (root, or CAP_SYS_PTRACE, can)";
	case ENODEV:
		return "debugfs is not mounted, and the VM's program holds no descriptors of statistics (QEMU has done so since 8.1)";
	case ENOENT:
		return "the VM has no statistics in debugfs";
	case ESRCH:
		return "the VM is not KVM's, or is gone";
	}
	return strerror(-err);
}

int mmt_kvm_stats__rows(struct mmt_writer *w, uint64_t segment, uint32_t vm, const struct mmt_kvm_stats *s, bool ended)
{
	int i, err = 0;

	for (i = 0; i < MMT_KVM_STATS && !err; i++) {
		if (!(s->has & 1u << i))
			continue;
		err = mmt_counter__row(w, s->time, segment, ended ? "kvm.stat.last" : "kvm.stat", names[i], vm, s->v[i]);
		if (ended && !err && s->since[i])
			err = mmt_counter__row(w, s->time, segment, "kvm.stat.since", names[i], vm, s->since[i]);
	}
	return err;
}
