// SPDX-License-Identifier: GPL-2.0-only
/* A line a step: number of the directory, directory, file, old, new, CRC of the line before it; separated by tabs. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "journal.h"
#include "sysfs.h"

#define NAME "mmt-trace balance journal "
#define HEAD NAME "1 " /* the boot follows: cgroups do not live longer */
#define SUBTREE "cgroup.subtree_control"
#define FIELDS 5

struct entry {
	char *line;
	const char *field[FIELDS]; /* id, dir, file, old, new; into line */
	uint64_t id;
};

struct mmt_journal {
	char *path;
	int fd;
	const struct mmt_log *log;
	struct entry *v;
	size_t n;
	size_t damaged;  /* first line that cannot be read; 0: none */
	bool other_boot;
};

/* ---------------------------------------------------------------- files of cgroups */

static int path_of(char *buf, size_t size, const char *dir, const char *file)
{
	return (size_t)snprintf(buf, size, "%s/%s", dir, file) < size ? 0 : -ENAMETOOLONG;
}

static int read_value(const char *dir, const char *file, char *buf, size_t size)
{
	char path[4096];
	ssize_t n;

	if (path_of(path, sizeof(path), dir, file))
		return -ENAMETOOLONG;
	n = mmt_read_file(path, buf, size);
	if (n < 0)
		return (int)n;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static int write_value(const char *dir, const char *file, const char *value)
{
	char path[4096], text[4096];
	int fd, err = 0, len;

	if (path_of(path, sizeof(path), dir, file))
		return -ENAMETOOLONG;
	len = snprintf(text, sizeof(text), "%s\n", value); /* an empty line empties it */
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)len) != len)
		err = errno ? -errno : -EIO;
	close(fd);
	return err;
}

static bool is_same_dir(const char *dir, uint64_t id)
{
	struct stat st;

	return !stat(dir, &st) && st.st_ino == id;
}

static bool has_word(const char *s, const char *word)
{
	size_t n = strlen(word);
	const char *at;

	for (at = s; (at = strstr(at, word)); at += n)
		if ((at == s || at[-1] == ' ') && (!at[n] || at[n] == ' '))
			return true;
	return false;
}

/* ---------------------------------------------------------------- entries */

static unsigned long crc_of(const char *s, size_t n)
{
	return crc32(crc32(0, NULL, 0), (const unsigned char *)s, (unsigned int)n);
}

/* The line belongs to the entry; false: it is none, or was cut. */
static bool parse(char *line, struct entry *e)
{
	char *at = line, *tab, *crc = strrchr(line, '\t');
	int i;

	if (!crc || crc_of(line, (size_t)(crc - line)) != strtoul(crc + 1, NULL, 16))
		return false;
	*crc = 0;
	for (i = 0; i < FIELDS; i++) {
		e->field[i] = at;
		tab = strchr(at, '\t');
		if (!tab != (i == FIELDS - 1))
			return false;
		if (tab)
			*tab = 0;
		at = tab ? tab + 1 : at;
	}
	e->line = line;
	e->id = strtoull(e->field[0], NULL, 10);
	return true;
}

static int add(struct mmt_journal *j, char *line)
{
	struct entry *v = reallocarray(j->v, j->n + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	j->v = v;
	if (!parse(line, &v[j->n]))
		return -EBADMSG;
	j->n++;
	return 0;
}

static void boot_id(char *buf, size_t size)
{
	if (mmt_read_file("/proc/sys/kernel/random/boot_id", buf, size) < 0)
		buf[0] = 0;
	buf[strcspn(buf, "\n")] = 0;
}

/* A file that is no journal is not ours to empty, nor to remove. */
static int check_head(struct mmt_journal *j, const char *line, bool whole)
{
	char boot[64];
	size_t n = strlen(line);

	boot_id(boot, sizeof(boot));
	if (whole && !strncmp(line, HEAD, sizeof(HEAD) - 1)) {
		j->other_boot = strcmp(line + sizeof(HEAD) - 1, boot) != 0;
		return 0;
	}
	if (!whole && !strncmp(line, HEAD, n < sizeof(HEAD) - 1 ? n : sizeof(HEAD) - 1)) /* cut while it was written */
		return 0;
	if (!strncmp(line, NAME, sizeof(NAME) - 1))
		log_err(j->log, "%s: of another version of mmt-trace: undo it with that one", j->path);
	else
		log_err(j->log, "%s: is no journal of mmt-trace balance: left alone", j->path);
	return -EBADMSG;
}

static int read_line(struct mmt_journal *j, char *line, bool whole, size_t number)
{
	char *copy;
	int err;

	if (number == 1)
		return check_head(j, line, whole);
	if (!whole || j->other_boot) /* what was being written when its writer ended was not made yet */
		return 0;
	copy = strdup(line);
	err = copy ? add(j, copy) : -ENOMEM;
	if (err)
		free(copy);
	if (err == -EBADMSG && !j->damaged)
		j->damaged = number;
	return err == -EBADMSG ? 0 : err;
}

static int read_all(struct mmt_journal *j)
{
	int err = 0, fd = fcntl(j->fd, F_DUPFD_CLOEXEC, 0);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");
	size_t cap = 0, number = 0;
	char *line = NULL;
	ssize_t n;

	if (!f) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (!err && (n = getline(&line, &cap, f)) > 0) {
		bool whole = line[n - 1] == '\n';

		line[n - whole] = 0;
		err = read_line(j, line, whole, ++number);
	}
	if (!err && ferror(f))
		err = -EIO;
	free(line);
	fclose(f);
	return err;
}

/* All of it, or nothing: what is left of a line would spoil the next. */
static int append(struct mmt_journal *j, const char *text)
{
	off_t end = lseek(j->fd, 0, SEEK_END);
	size_t len = strlen(text), done = 0;
	ssize_t n = 0;
	int err;

	if (end < 0)
		return -errno;
	while (done < len) {
		n = write(j->fd, text + done, len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	err = done < len ? n ? -errno : -EIO : fsync(j->fd) ? -errno : 0;
	if (err && ftruncate(j->fd, end))
		log_err(j->log, "%s: %s", j->path, strerror(errno));
	return err;
}

/* ---------------------------------------------------------------- opening */

static int sync_dir(const char *path)
{
	char *copy = strdup(path);
	int fd, err = 0;

	if (!copy)
		return -ENOMEM;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd))
		err = -errno;
	if (fd >= 0)
		close(fd);
	free(copy);
	return err;
}

static void forget(struct mmt_journal *j)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		free(j->v[i].line);
	free(j->v);
	j->v = NULL;
	j->n = 0;
}

/* Open and locked, and still the one at its path: who had it before may have taken it away as it ended. */
static int open_locked(const char *path, int flags)
{
	struct stat is, at;
	int fd, err;

	for (;;) {
		fd = open(path, flags | O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0)
			return -errno;
		err = flock(fd, LOCK_EX | LOCK_NB) ? errno == EWOULDBLOCK ? -EBUSY : -errno : 0;
		if (!err && !fstat(fd, &is) && !lstat(path, &at) && is.st_dev == at.st_dev && is.st_ino == at.st_ino)
			return fd;
		close(fd);
		if (err)
			return err;
	}
}

static int open_file(const char *path, int flags, const struct mmt_log *log, struct mmt_journal **out)
{
	struct mmt_journal *j = calloc(1, sizeof(*j));
	int err = -ENOMEM;

	if (!j)
		return -ENOMEM;
	j->fd = -1;
	j->log = log;
	j->path = strdup(path);
	if (!j->path)
		goto err_close;
	j->fd = open_locked(path, flags);
	err = j->fd < 0 ? j->fd : 0;
	if (err == -EBUSY)
		log_err(log, "%s: another balancer is running: stop it first (it then undoes what it did)", path);
	else if (err && err != -ENOENT)
		log_err(log, "%s: %s", path, strerror(-err));
	err = err ? err : read_all(j);
	if (err == -EIO)
		log_err(log, "%s: cannot be read: %s", path, strerror(-err));
	if (err)
		goto err_close;
	*out = j;
	return 0;
err_close:
	if (j->fd >= 0)
		close(j->fd);
	forget(j);
	free(j->path);
	free(j);
	return err;
}

int mmt_journal__open(const char *path, const struct mmt_log *log, struct mmt_journal **out)
{
	char head[128], boot[64];
	struct mmt_journal *j;
	int err = open_file(path, O_CREAT, log, &j);

	if (err)
		return err;
	boot_id(boot, sizeof(boot));
	snprintf(head, sizeof(head), HEAD "%s\n", boot);
	if (j->n || j->damaged) {
		log_err(log, "%s: %zu steps of a balancer that ended wait to be undone: mmt-trace balance --undo", path,
			j->n + (j->damaged > 0));
		mmt_journal__close(j);
		return -EEXIST;
	}
	err = ftruncate(j->fd, 0) ? -errno : append(j, head);
	err = err ? err : sync_dir(path);
	if (err) {
		log_err(log, "%s: %s", path, strerror(-err));
		mmt_journal__close(j);
		return err;
	}
	*out = j;
	return 0;
}

void mmt_journal__close(struct mmt_journal *j)
{
	if (!j)
		return;
	if (!j->n && !j->damaged && j->fd >= 0)
		unlink(j->path);
	if (j->fd >= 0)
		close(j->fd);
	forget(j);
	free(j->path);
	free(j);
}

/* ---------------------------------------------------------------- steps */

static int note(struct mmt_journal *j, const char *dir, uint64_t id, const char *file, const char *old, const char *new)
{
	char *line = NULL, *copy;
	int err, n = asprintf(&line, "%" PRIu64 "\t%s\t%s\t%s\t%s", id, dir, file, old, new);

	if (n < 0)
		return -ENOMEM;
	if (strpbrk(dir, "\t\n")) {
		free(line);
		return -EINVAL;
	}
	if (asprintf(&copy, "%s\t%08lx\n", line, crc_of(line, (size_t)n)) < 0)
		copy = NULL;
	free(line);
	if (!copy)
		return -ENOMEM;
	err = append(j, copy);
	if (err) {
		log_err(j->log, "%s: cannot be written, so the step is not made: %s", j->path, strerror(-err));
		err = -ECANCELED;
	}
	copy[strlen(copy) - 1] = 0;
	err = err ? err : add(j, copy);
	if (err)
		free(copy);
	return err;
}

/* What the last step wrote there; NULL: there was none. */
static const char *last_written(const struct mmt_journal *j, const char *dir, uint64_t id, const char *file)
{
	size_t i;

	for (i = j->n; i-- > 0;)
		if (j->v[i].id == id && !strcmp(j->v[i].field[1], dir) && !strcmp(j->v[i].field[2], file))
			return j->v[i].field[4];
	return NULL;
}

int mmt_journal__set(struct mmt_journal *j, const char *dir, uint64_t id, const char *file, const char *value)
{
	const char *last = last_written(j, dir, id, file);
	char old[4096];
	int err;

	if (!is_same_dir(dir, id))
		return -ESTALE;
	err = read_value(dir, file, old, sizeof(old));
	if (!err && last && strcmp(last, old))
		err = -EBUSY;
	if (err || !strcmp(old, value))
		return err;
	err = note(j, dir, id, file, old, value);
	return err ? err : write_value(dir, file, value);
}

int mmt_journal__enable(struct mmt_journal *j, const char *dir, uint64_t id)
{
	char old[4096];
	int err = read_value(dir, SUBTREE, old, sizeof(old));

	if (err || has_word(old, "cpuset"))
		return err;
	err = note(j, dir, id, SUBTREE, "", "+cpuset");
	err = err ? err : write_value(dir, SUBTREE, "+cpuset");
	return err ? err : 1;
}

/* ---------------------------------------------------------------- undoing */

static bool is_first(const struct mmt_journal *j, size_t k)
{
	size_t i;

	for (i = 0; i < k; i++)
		if (j->v[i].id == j->v[k].id && !strcmp(j->v[i].field[1], j->v[k].field[1]) &&
		    !strcmp(j->v[i].field[2], j->v[k].field[2]))
			return false;
	return true;
}

/* Some step wrote it there. */
static bool is_ours(const struct mmt_journal *j, size_t k, const char *value)
{
	size_t i;

	for (i = k; i < j->n; i++)
		if (j->v[i].id == j->v[k].id && !strcmp(j->v[i].field[1], j->v[k].field[1]) &&
		    !strcmp(j->v[i].field[2], j->v[k].field[2]) && !strcmp(j->v[i].field[4], value))
			return true;
	return false;
}

static bool in_journal(const struct mmt_journal *j, const char *dir, const char *file)
{
	size_t i;

	for (i = 0; i < j->n; i++)
		if (!strcmp(j->v[i].field[1], dir) && !strcmp(j->v[i].field[2], file))
			return true;
	return false;
}

/* Some child has a cpuset by now that none of our steps gave it. */
static bool in_use(const struct mmt_journal *j, const char *dir)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
	DIR *d = opendir(dir);
	struct dirent *de;
	char child[4096], value[4096];
	bool used = false;
	size_t i;

	while (d && !used && (de = readdir(d))) {
		if (de->d_type != DT_DIR || de->d_name[0] == '.' || path_of(child, sizeof(child), dir, de->d_name))
			continue;
		for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
			used |= !read_value(child, files[i], value, sizeof(value)) && value[0] && !in_journal(j, child, files[i]);
	}
	if (d)
		closedir(d);
	return used;
}

/* The controller goes off again, if none below it uses it by now. */
static int disable(const struct mmt_journal *j, const struct entry *e, struct mmt_undone *out)
{
	char now[4096];
	int err = read_value(e->field[1], SUBTREE, now, sizeof(now));

	if (!err && !has_word(now, "cpuset")) {
		out->unchanged++;
		return 0;
	}
	if (!err && in_use(j, e->field[1])) {
		out->foreign++;
		return 0;
	}
	err = err ? err : write_value(e->field[1], SUBTREE, "-cpuset");
	if (!err)
		out->restored++;
	return err;
}

/*
 * A cpuset that has tasks cannot be emptied again (ENOSPC): it then gets all that the one
 * above it has, which is what an empty one has. "" where there is no such thing.
 */
static void all_above(const struct entry *e, char *buf, size_t size)
{
	char dir[4096], file[256], *slash;

	buf[0] = 0;
	snprintf(dir, sizeof(dir), "%s", e->field[1]);
	slash = strrchr(dir, '/');
	if (!slash || strncmp(e->field[2], "cpuset.", 7))
		return;
	*slash = 0;
	snprintf(file, sizeof(file), "%s.effective", e->field[2]);
	if (read_value(dir, file, buf, size))
		buf[0] = 0;
}

static int put_back(const struct entry *e, const char *above)
{
	int err = write_value(e->field[1], e->field[2], e->field[3]);

	return err == -ENOSPC && !e->field[3][0] && above[0] ? write_value(e->field[1], e->field[2], above) : err;
}

static void restore(struct mmt_journal *j, size_t k, struct mmt_undone *out)
{
	const struct entry *e = &j->v[k];
	char now[4096], above[4096];
	int err;

	if (!is_same_dir(e->field[1], e->id)) {
		out->gone++;
		return;
	}
	if (!strcmp(e->field[2], SUBTREE)) {
		err = disable(j, e, out);
	} else {
		err = read_value(e->field[1], e->field[2], now, sizeof(now));
		all_above(e, above, sizeof(above));
		if (!err && (!strcmp(now, e->field[3]) || (!e->field[3][0] && !strcmp(now, above)))) {
			out->unchanged++;
			return;
		}
		if (!err && !is_ours(j, k, now)) {
			log_warn(j->log, "%s/%s: somebody else wrote '%s' since: left alone", e->field[1], e->field[2], now);
			out->foreign++;
			return;
		}
		err = err ? err : put_back(e, above);
		out->restored += !err;
	}
	if (err == -ENOENT || err == -ENODEV) { /* it went this moment */
		out->gone++;
	} else if (err) {
		log_err(j->log, "%s/%s: cannot put '%s' back: %s", e->field[1], e->field[2], e->field[3], strerror(-err));
		out->failed++;
	}
}

int mmt_journal__undo(struct mmt_journal *j, struct mmt_undone *out)
{
	size_t k;

	memset(out, 0, sizeof(*out));
	for (k = j->n; k-- > 0;)
		if (is_first(j, k))
			restore(j, k, out);
	if (j->damaged) {
		log_err(j->log, "%s: line %zu cannot be read: what the others tell is put back, and the file stays: put back what it says by hand, and remove it",
			j->path, j->damaged);
		return -EBADMSG;
	}
	if (out->failed)
		return -EIO;
	forget(j);
	return 0;
}

int mmt_journal__undo_file(const char *path, const struct mmt_log *log, struct mmt_undone *out)
{
	struct mmt_journal *j;
	int err;

	memset(out, 0, sizeof(*out));
	err = open_file(path, 0, log, &j);
	if (err)
		return err;
	if (j->other_boot)
		log_warn(log, "%s: from before the last boot: none of its cgroups is there any more", path);
	err = mmt_journal__undo(j, out);
	mmt_journal__close(j);
	return err;
}
