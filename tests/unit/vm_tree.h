/* SPDX-License-Identifier: GPL-2.0-only */
/* Made-up trees of /proc, with what the search for virtual machines reads. */
#ifndef MMT_VM_TREE_H
#define MMT_VM_TREE_H

struct vm_tree {
	char dir[64];
};

void vm_tree_open(struct vm_tree *t);
void vm_tree_close(struct vm_tree *t);
/* Words of the command line, by blanks; ~ stands for a blank within. cgroup NULL: no such file. Replaces. */
void vm_tree_process(const struct vm_tree *t, unsigned int pid, const char *words, const char *cgroup);
void vm_tree_file(const struct vm_tree *t, unsigned int pid, const char *name, const char *text);
void vm_tree_fd(const struct vm_tree *t, unsigned int pid, unsigned int n, const char *to);
/* syscall NULL: no such file */
void vm_tree_thread(const struct vm_tree *t, unsigned int pid, unsigned int tid, const char *comm, const char *syscall);
/* Take away "PID", or what is below it. */
void vm_tree_remove(const struct vm_tree *t, const char *what);

#endif
