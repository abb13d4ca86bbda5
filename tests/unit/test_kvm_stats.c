// SPDX-License-Identifier: GPL-2.0-only
/* KVM's own statistics of a VM, in made-up trees of debugfs; and why there are none. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../../collector/kvm_stats.h"
#include "vm_tree.h"

struct host {
	struct vm_tree t;
	char kvm[96];
};

static void put(const struct host *h, const char *dir, const char *name, const char *value)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", h->kvm, dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%s/%s", h->kvm, dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%s\n", value);
	fclose(f);
}

/* 100 made its VM itself, a thread of 200 made that one's; 300 is none */
static void open_host(struct host *h)
{
	vm_tree_open(&h->t);
	vm_tree_process(&h->t, 100, "qemu-system-x86_64", NULL);
	vm_tree_fd(&h->t, 100, 11, "anon_inode:kvm-vm");
	vm_tree_fd(&h->t, 100, 12, "anon_inode:kvm-vcpu:0");
	vm_tree_process(&h->t, 200, "crosvm", NULL);
	vm_tree_thread(&h->t, 200, 205, "crosvm_main\n", NULL);
	vm_tree_fd(&h->t, 200, 11, "anon_inode:kvm-vm");
	vm_tree_process(&h->t, 300, "sleep", NULL);
	snprintf(h->kvm, sizeof(h->kvm), "%s/kvm", h->t.dir);
}

static void test_debugfs(void **state)
{
	struct mmt_kvm_stats s;
	struct host h;

	(void)state;
	open_host(&h);
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 100, &s), -ENODEV); /* not mounted */
	assert_int_equal(s.has, 0);
	mkdir(h.kvm, 0755);
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 100, &s), -ENOENT); /* not its directory */
	put(&h, "100-11", "exits", "12345678901");
	put(&h, "100-11", "halt_exits", "7");
	put(&h, "100-11", "unknown", "8");
	put(&h, "205-11", "exits", "99");
	put(&h, "999-11", "exits", "1");
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 100, &s), 0);
	assert_int_equal(s.has, 1u << MMT_KS_EXITS | 1u << MMT_KS_HALT_EXITS);
	assert_true(s.v[MMT_KS_EXITS] == 12345678901 && s.v[MMT_KS_HALT_EXITS] == 7 && s.from == MMT_KS_DEBUGFS);
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 200, &s), 0);
	assert_int_equal(s.v[MMT_KS_EXITS], 99);
	assert_int_equal(s.has, 1u << MMT_KS_EXITS);
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 300, &s), -ESRCH);
	assert_int_equal(mmt_kvm_stats__read(h.t.dir, h.kvm, 400, &s), -ESRCH);
	vm_tree_close(&h.t);
}

static void test_words(void **state)
{
	(void)state;
	assert_string_equal(mmt_kvm_stats__from(MMT_KS_DEBUGFS), "debugfs");
	assert_non_null(strstr(mmt_kvm_stats__why(-EPERM), "locked down"));
	assert_non_null(strstr(mmt_kvm_stats__why(-ENODEV), "not mounted"));
	assert_non_null(strstr(mmt_kvm_stats__why(-ESRCH), "gone"));
	assert_non_null(strstr(mmt_kvm_stats__why(-EBADF), "CAP_SYS_PTRACE"));
	assert_string_equal(mmt_kvm_stats__why(-ENOMEM), strerror(ENOMEM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debugfs),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
