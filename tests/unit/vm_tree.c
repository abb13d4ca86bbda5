// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "trace_make.h"
#include "vm_tree.h"

void vm_tree_open(struct vm_tree *t)
{
	strcpy(t->dir, "/tmp/mmt-vms-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
}

void vm_tree_close(struct vm_tree *t)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "rm -r %s", t->dir);
	assert_int_equal(system(cmd), 0);
}

/* A path below the process, its directories made. */
static void at(const struct vm_tree *t, unsigned int pid, const char *name, char *path, size_t size)
{
	char *s;

	snprintf(path, size, "%s/%u/%s", t->dir, pid, name);
	for (s = path + strlen(t->dir) + 1; (s = strchr(s, '/')); s++) {
		*s = 0;
		mkdir(path, 0755);
		*s = '/';
	}
}

void vm_tree_file(const struct vm_tree *t, unsigned int pid, const char *name, const char *text)
{
	char path[256];

	at(t, pid, name, path, sizeof(path));
	trace_spill(path, text, strlen(text));
}

/* Words of the command line, by blanks; ~ stands for a blank within. */
void vm_tree_process(const struct vm_tree *t, unsigned int pid, const char *words, const char *cgroup)
{
	char path[256], line[512];
	size_t i, n = strlen(words) + 1;

	memcpy(line, words, n);
	for (i = 0; i < n; i++)
		line[i] = line[i] == ' ' ? 0 : line[i] == '~' ? ' ' : line[i];
	at(t, pid, "cmdline", path, sizeof(path));
	trace_spill(path, line, n);
	if (cgroup)
		vm_tree_file(t, pid, "cgroup", cgroup);
}

void vm_tree_fd(const struct vm_tree *t, unsigned int pid, unsigned int n, const char *to)
{
	char path[256], name[32];

	snprintf(name, sizeof(name), "fd/%u", n);
	at(t, pid, name, path, sizeof(path));
	assert_int_equal(symlink(to, path), 0);
}

void vm_tree_thread(const struct vm_tree *t, unsigned int pid, unsigned int tid, const char *comm, const char *syscall)
{
	char name[64];

	snprintf(name, sizeof(name), "task/%u/comm", tid);
	vm_tree_file(t, pid, name, comm);
	snprintf(name, sizeof(name), "task/%u/syscall", tid);
	if (syscall)
		vm_tree_file(t, pid, name, syscall);
}

void vm_tree_remove(const struct vm_tree *t, const char *what)
{
	char cmd[256];

	snprintf(cmd, sizeof(cmd), "rm -r '%s/%s'", t->dir, what);
	assert_int_equal(system(cmd), 0);
}
