// SPDX-License-Identifier: GPL-2.0-only
/* Settings are put back after any end of the one who changed them: whole, cut, repeated, changed by others meanwhile. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "../../collector/cpulist.h"
#include "../../collector/journal.h"

static const struct mmt_log quiet;

struct tree {
	char dir[128], journal[256], a[256], b[256];
	uint64_t id_a, id_b;
};

static void put(const char *dir, const char *file, const char *text)
{
	char path[512];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	fclose(f);
}

static void is(const char *dir, const char *file, const char *want)
{
	char path[512], buf[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	f = fopen(path, "r");
	assert_non_null(f);
	if (!fgets(buf, sizeof(buf), f))
		buf[0] = 0;
	fclose(f);
	buf[strcspn(buf, "\n")] = 0;
	assert_string_equal(buf, want);
}

static uint64_t id_of(const char *dir)
{
	struct stat st;

	assert_int_equal(stat(dir, &st), 0);
	return st.st_ino;
}

static int setup(void **state)
{
	static struct tree t;

	snprintf(t.dir, sizeof(t.dir), "%s/journal.XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(t.dir));
	snprintf(t.journal, sizeof(t.journal), "%s/journal", t.dir);
	snprintf(t.a, sizeof(t.a), "%s/a", t.dir);
	snprintf(t.b, sizeof(t.b), "%s/b", t.dir);
	mkdir(t.a, 0700);
	mkdir(t.b, 0700);
	put(t.dir, "cgroup.subtree_control", "memory pids");
	put(t.a, "cpuset.cpus", "");
	put(t.a, "cpuset.mems", "0-3");
	put(t.b, "cpuset.cpus", "0-1");
	put(t.b, "cpuset.mems", "");
	t.id_a = id_of(t.a);
	t.id_b = id_of(t.b);
	*state = &t;
	return 0;
}

static int teardown(void **state)
{
	static const char *const files[] = {
		"journal", "a/cpuset.cpus", "a/cpuset.mems", "b/cpuset.cpus", "b/cpuset.mems", "cgroup.subtree_control", "copy",
	};
	struct tree *t = *state;
	char path[512];
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", t->dir, files[i]);
		unlink(path);
	}
	rmdir(t->a);
	rmdir(t->b);
	rmdir(t->dir);
	return 0;
}

static struct mmt_journal *steps(struct tree *t)
{
	struct mmt_journal *j;

	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), 0);
	assert_int_equal(mmt_journal__set(j, t->a, t->id_a, "cpuset.cpus", "2-3"), 0);
	assert_int_equal(mmt_journal__set(j, t->b, t->id_b, "cpuset.cpus", "4-5"), 0);
	assert_int_equal(mmt_journal__set(j, t->a, t->id_a, "cpuset.mems", "1"), 0);
	assert_int_equal(mmt_journal__set(j, t->a, t->id_a, "cpuset.cpus", "6-7"), 0);
	assert_int_equal(mmt_journal__set(j, t->a, t->id_a, "cpuset.cpus", "6-7"), 0); /* as it is: no step */
	is(t->a, "cpuset.cpus", "6-7");
	return j;
}

static void as_before(struct tree *t)
{
	is(t->a, "cpuset.cpus", "");
	is(t->a, "cpuset.mems", "0-3");
	is(t->b, "cpuset.cpus", "0-1");
	is(t->b, "cpuset.mems", "");
}

static void test_undo(void **state)
{
	struct tree *t = *state;
	struct mmt_journal *j = steps(t), *other;
	struct mmt_undone u;

	assert_int_equal(mmt_journal__open(t->journal, &quiet, &other), -EBUSY);
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), -EBUSY);
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	assert_int_equal(u.restored, 3);
	assert_int_equal(u.unchanged + u.gone + u.foreign + u.failed, 0);
	as_before(t);
	mmt_journal__close(j);
	assert_int_equal(access(t->journal, F_OK), -1);
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), -ENOENT);
}

/* One that ended without a word; twice; a new one has to wait for that. */
static void test_killed(void **state)
{
	struct tree *t = *state;
	struct mmt_journal *j = steps(t);
	struct mmt_undone u;

	mmt_journal__close(j);
	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), -EEXIST);
	put(t->a, "cpuset.mems", "0-3"); /* an undo that was killed had come so far */
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
	assert_int_equal(u.restored, 2);
	assert_int_equal(u.unchanged, 1);
	as_before(t);
	j = steps(t);
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	mmt_journal__close(j);
}

/* The journal cut at every byte: what was written to it whole is undone, and what it had not come to yet was not made. */
static void test_cut(void **state)
{
	struct tree *t = *state;
	char copy[512], text[4096];
	struct mmt_undone u;
	ssize_t size, cut;
	int fd;

	mmt_journal__close(steps(t));
	fd = open(t->journal, O_RDONLY);
	size = read(fd, text, sizeof(text));
	close(fd);
	assert_true(size > 200 && size < (ssize_t)sizeof(text));
	snprintf(copy, sizeof(copy), "%s/copy", t->dir);
	for (cut = 0; cut <= size; cut++) {
		size_t lines = 0;
		ssize_t i;

		for (i = 0; i < cut; i++)
			lines += text[i] == '\n';
		/* as the steps left it that are in the journal whole, and made */
		put(t->a, "cpuset.cpus", lines > 4 ? "6-7" : lines > 1 ? "2-3" : "");
		put(t->b, "cpuset.cpus", lines > 2 ? "4-5" : "0-1");
		put(t->a, "cpuset.mems", lines > 3 ? "1" : "0-3");
		fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_int_equal(write(fd, text, (size_t)cut), cut);
		close(fd);
		assert_int_equal(mmt_journal__undo_file(copy, &quiet, &u), 0);
		as_before(t);
		assert_int_equal(access(copy, F_OK), -1);
	}
	/* the last step is in the journal, and was not made */
	put(t->a, "cpuset.cpus", "2-3");
	put(t->b, "cpuset.cpus", "4-5");
	put(t->a, "cpuset.mems", "1");
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
	as_before(t);
}

/* What others wrote since is theirs; a directory made anew is another; one that is gone is no trouble. */
static void test_others(void **state)
{
	struct tree *t = *state;
	struct mmt_journal *j = steps(t);
	char old[300];
	struct mmt_undone u;

	put(t->b, "cpuset.cpus", "7");
	assert_int_equal(mmt_journal__set(j, t->b, t->id_b, "cpuset.cpus", "2-3"), -EBUSY);
	is(t->b, "cpuset.cpus", "7");
	assert_int_equal(mmt_journal__set(j, t->b, t->id_b + 1, "cpuset.mems", "1"), -ESTALE);
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	assert_int_equal(u.foreign, 1);
	assert_int_equal(u.restored, 2);
	is(t->b, "cpuset.cpus", "7");
	mmt_journal__close(j);

	put(t->b, "cpuset.cpus", "0-1");
	j = steps(t);
	snprintf(old, sizeof(old), "%s.old", t->a);
	assert_int_equal(rename(t->a, old), 0);
	mkdir(t->a, 0700); /* the old one is still there: another number */
	put(t->a, "cpuset.cpus", "6-7");
	put(t->a, "cpuset.mems", "1");
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	assert_int_equal(u.gone, 2);
	assert_int_equal(u.restored, 1);
	is(t->a, "cpuset.cpus", "6-7");
	mmt_journal__close(j);
	is(old, "cpuset.cpus", "6-7");
	snprintf(old, sizeof(old), "rm -r '%s.old'", t->a);
	assert_int_equal(system(old), 0);
}

/* Of another boot: none of its cgroups is there any more, whatever their names and numbers. */
static void test_boot(void **state)
{
	struct tree *t = *state;
	struct mmt_undone u;
	char cmd[600];

	mmt_journal__close(steps(t));
	snprintf(cmd, sizeof(cmd), "sed -i '1s/[0-9a-f]$/x/' '%s'", t->journal);
	assert_int_equal(system(cmd), 0);
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
	assert_int_equal(u.restored, 0);
	is(t->a, "cpuset.cpus", "6-7");
	assert_int_equal(access(t->journal, F_OK), -1);
	/* nor does it stand in the way of a new one */
	mmt_journal__close(steps(t));
	assert_int_equal(system(cmd), 0);
	mmt_journal__close(steps(t));
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
}

static size_t read_text(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "r");
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, size - 1, f);
	text[n] = 0;
	fclose(f);
	return n;
}

struct said {
	unsigned int lines;
	char last[512];
};

static void hear(void *ctx, enum mmt_log_level level, const char *msg)
{
	struct said *s = ctx;

	(void)level;
	s->lines++;
	snprintf(s->last, sizeof(s->last), "%s", msg);
}

/* A line that was spoilt: the others are put back, which is said in one line, and the file stays as it is. */
static void test_damaged(void **state)
{
	struct tree *t = *state;
	char before[4096], after[4096], path[300], *at;
	struct said said = { 0 };
	const struct mmt_log log = { hear, &said };
	struct mmt_journal *j;
	struct mmt_undone u;
	FILE *f;

	mmt_journal__close(steps(t));
	read_text(t->journal, before, sizeof(before));
	at = strchr(strchr(before, '\n') + 1, '\n') + 1; /* the second step: CPUs of b */
	*at ^= 1;
	f = fopen(t->journal, "w");
	fputs(before, f);
	fclose(f);
	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), -EEXIST);
	assert_int_equal(mmt_journal__undo_file(t->journal, &log, &u), -EBADMSG);
	assert_int_equal(said.lines, 1);
	assert_non_null(strstr(said.last, "line 3 cannot be read"));
	assert_int_equal(u.restored, 2);
	is(t->a, "cpuset.cpus", "");
	is(t->a, "cpuset.mems", "0-3");
	is(t->b, "cpuset.cpus", "4-5");
	read_text(t->journal, after, sizeof(after));
	assert_string_equal(before, after);
	assert_int_equal(mmt_journal__undo_file(t->journal, &log, &u), -EBADMSG);
	assert_int_equal(u.unchanged, 2);
	put(t->b, "cpuset.cpus", "0-1");
	snprintf(path, sizeof(path), "%s", t->journal);
	unlink(path);
}

/* Other people's files are neither emptied nor removed, whatever is in them; nor is the journal of a later version. */
static void test_foreign(void **state)
{
	static const char *const texts[] = {
		"root:x:0:0\n", "root", "\n", "mmt-trace balance\n", "mmt-trace balance journal 2 x\n1\ta\tb\tc\td\t0\n",
	};
	struct tree *t = *state;
	struct said said = { 0 };
	const struct mmt_log log = { hear, &said };
	struct mmt_journal *j;
	struct mmt_undone u;
	char text[256];
	size_t i;
	FILE *f;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		f = fopen(t->journal, "w");
		fputs(texts[i], f);
		fclose(f);
		said.lines = 0;
		assert_int_equal(mmt_journal__open(t->journal, &log, &j), -EBADMSG);
		assert_int_equal(mmt_journal__undo_file(t->journal, &log, &u), -EBADMSG);
		assert_int_equal(said.lines, 2);
		assert_non_null(strstr(said.last, i == 4 ? "another version" : "is no journal"));
		read_text(t->journal, text, sizeof(text));
		assert_string_equal(text, texts[i]);
	}
}

/* One that cannot be put back keeps the journal. */
static void test_failed(void **state)
{
	struct tree *t = *state;
	char path[300];
	struct mmt_undone u;

	mmt_journal__close(steps(t));
	snprintf(path, sizeof(path), "%s/cpuset.cpus", t->b);
	unlink(path);
	mkdir(path, 0700);
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), -EIO);
	assert_int_equal(u.failed, 1);
	assert_int_equal(access(t->journal, F_OK), 0);
	rmdir(path);
	put(t->b, "cpuset.cpus", "4-5");
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
	as_before(t);
}

/* The controller that was switched on for it goes off again, unless others have come to use it. */
static void test_controller(void **state)
{
	struct tree *t = *state;
	uint64_t id = id_of(t->dir);
	struct mmt_journal *j;
	struct mmt_undone u;

	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), 0);
	assert_int_equal(mmt_journal__enable(j, t->dir, id), 1);
	is(t->dir, "cgroup.subtree_control", "+cpuset");
	put(t->dir, "cgroup.subtree_control", "memory cpuset");
	assert_int_equal(mmt_journal__enable(j, t->dir, id), 0);
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	assert_int_equal(u.foreign, 1); /* b has CPUs that are not of ours */
	is(t->dir, "cgroup.subtree_control", "memory cpuset");
	mmt_journal__close(j);

	put(t->dir, "cgroup.subtree_control", "memory");
	put(t->a, "cpuset.mems", "");
	put(t->b, "cpuset.cpus", "");
	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), 0);
	assert_int_equal(mmt_journal__enable(j, t->dir, id), 1);
	put(t->dir, "cgroup.subtree_control", "memory cpuset");
	assert_int_equal(mmt_journal__undo(j, &u), 0);
	assert_int_equal(u.restored, 1);
	is(t->dir, "cgroup.subtree_control", "-cpuset");
	mmt_journal__close(j);
}

/* A step that did not fit onto the disk was not made, and is not in the way of those after it. */
static void test_full(void **state)
{
	struct tree *t = *state;
	struct mmt_journal *j = steps(t);
	struct rlimit all, little;
	struct mmt_undone u;
	struct stat st;

	assert_int_equal(stat(t->journal, &st), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &all), 0);
	little = (struct rlimit){ (rlim_t)st.st_size + 9, all.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(mmt_journal__set(j, t->b, t->id_b, "cpuset.mems", "2"), -ECANCELED);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	is(t->b, "cpuset.mems", "");
	assert_int_equal(mmt_journal__set(j, t->b, t->id_b, "cpuset.mems", "3"), 0);
	is(t->b, "cpuset.mems", "3");
	mmt_journal__close(j);
	assert_int_equal(mmt_journal__undo_file(t->journal, &quiet, &u), 0);
	assert_int_equal(u.restored, 4);
	as_before(t);
	is(t->b, "cpuset.mems", "");
	/* nor is one begun */
	little.rlim_cur = 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	assert_int_equal(mmt_journal__open(t->journal, &quiet, &j), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &all), 0);
	assert_int_equal(access(t->journal, F_OK), -1);
}

/* Begins and ends many; 1: the one that it wrote was not at its path any more. */
static int begin_often(const struct tree *t, int times)
{
	struct mmt_journal *j;

	while (times--) {
		if (mmt_journal__open(t->journal, &quiet, &j))
			continue; /* the other's turn */
		if (access(t->journal, F_OK))
			return 1;
		mmt_journal__close(j);
	}
	return 0;
}

/* Two at a time: one that ends takes away its own journal only. */
static void test_two(void **state)
{
	struct tree *t = *state;
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(begin_often(t, 500));
	status = begin_often(t, 500);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void test_lists(void **state)
{
	static const char *const lists[] = { "", "0", "0-3", "0-3,8", "1,3,5-7,64-130,1023" };
	struct mmt_cpuset s, o;
	char buf[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		mmt_cpulist__parse(lists[i], &s);
		assert_int_equal(mmt_cpulist__print(&s, buf, sizeof(buf)), 0);
		assert_string_equal(buf, lists[i]);
	}
	assert_int_equal(mmt_cpuset__count(&s), 1 + 1 + 3 + 67 + 1);
	assert_int_equal(mmt_cpulist__print(&s, buf, 8), -ENOSPC);
	mmt_cpulist__parse("5-6\n", &o);
	assert_true(mmt_cpuset__within(&o, &s) && !mmt_cpuset__within(&s, &o));
	mmt_cpuset__and(&s, &o, &s);
	assert_true(mmt_cpuset__within(&s, &o));
	mmt_cpulist__parse("0-4000", &s);
	assert_int_equal(mmt_cpuset__count(&s), MMT_MAX_CPUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_undo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_others, setup, teardown),
		cmocka_unit_test_setup_teardown(test_boot, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_foreign, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_controller, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_two, setup, teardown),
		cmocka_unit_test(test_lists),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
