// SPDX-License-Identifier: GPL-2.0-only
/* Whose a slot was when, and where in the kernel code is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../collector/kcode.h"
#include "../../collector/offcpu_who.h"

#define SLOTS 4

/* A slot has one task, which execs, then another; nobody gets what is the other's. */
static void test_who(void **state)
{
	struct mmt_epoch a = { .id = 7, .slot = 2, .tid = 100, .tgid = 100 }, b = { .id = 8, .slot = 2, .tid = 101, .tgid = 100 };
	struct mmt_epoch *by_slot[SLOTS] = { NULL }, *live[2];
	struct mmt_tasks tasks = { .by_slot = by_slot, .live = live };
	struct mmt_off_slot slots[SLOTS] = { 0 };
	struct offcpu_who *w;
	struct offcpu_task t;

	(void)state;
	assert_int_equal(offcpu_who__open(&tasks, SLOTS, slots, &w), 0);
	assert_false(offcpu_who__is(w, 0, 0, &t)); /* tasks without a slot */
	assert_false(offcpu_who__is(w, SLOTS, 0, &t));
	assert_false(offcpu_who__is(w, 2, 0, &t)); /* not named yet */
	assert_int_equal(t.epoch, 0);
	by_slot[2] = &a;
	assert_true(offcpu_who__is(w, 2, 0, &t));
	assert_int_equal(t.epoch, 7);
	assert_int_equal(t.leader, 7);
	assert_true(t.before == UINT64_MAX);
	/* another program: what was before it is to be looked up as of then */
	slots[2].gen = 1;
	a.exec = 5000;
	assert_true(offcpu_who__is(w, 2, 0, &t));
	assert_int_equal(t.before, 4999);
	assert_true(offcpu_who__is(w, 2, 1, &t));
	assert_true(t.before == UINT64_MAX);
	/* it ends */
	assert_int_equal(offcpu_who__end(w, &a, 2, 9000), 0);
	by_slot[2] = NULL;
	slots[2].gen = 2;
	assert_true(offcpu_who__is(w, 2, 1, &t));
	assert_int_equal(t.epoch, 7);
	assert_true(t.before == UINT64_MAX);
	assert_true(offcpu_who__is(w, 2, 0, &t));
	assert_int_equal(t.before, 4999);
	assert_false(offcpu_who__is(w, 2, 2, &t)); /* the next has no name yet */
	live[0] = by_slot[2] = &b;
	tasks.n_live = 1;
	assert_true(offcpu_who__is(w, 2, 2, &t));
	assert_int_equal(t.epoch, 8);
	assert_int_equal(t.leader, 0); /* not alive */
	assert_int_equal(offcpu_who__end(w, &b, 3, 12000), 0);
	by_slot[2] = NULL;
	assert_true(offcpu_who__is(w, 2, 2, &t));
	assert_int_equal(t.epoch, 8);
	/* and is forgotten, the older first */
	offcpu_who__forget(w, 9000 + 10000000001ULL);
	assert_false(offcpu_who__is(w, 2, 1, &t));
	assert_true(offcpu_who__is(w, 2, 2, &t));
	offcpu_who__forget(w, UINT64_MAX);
	assert_false(offcpu_who__is(w, 2, 2, &t));
	offcpu_who__close(w);
	offcpu_who__close(NULL);
}

static void write_symbols(char *path, const char *text)
{
	int fd;

	strcpy(path, "/tmp/mmt-test-kallsyms.XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_kcode(void **state)
{
	uint64_t start[2], len[2];
	char path[64];

	(void)state;
	write_symbols(path, "ffffffff81000000 T _text\n"
			    "ffffffff81000300 T asm_exc_page_fault\n"
			    "ffffffff81000d40 T asm_common_interrupt\n"
			    "ffffffff81000d80 T asm_sysvec_irq_work\n"
			    "not a symbol\n"
			    "ffffffff81000f00 T asm_sysvec_reboot\n"
			    "ffffffff81000f50 D asm_sysvec_data\n"
			    "ffffffff81000f70 T __irqentry_text_end\n"
			    "ffffffff81001000 T asm_sysvec_late\n"
			    "ffffffff81001010 t do_syscall_64\n"
			    "ffffffff81001100 t after\t[module]\n");
	assert_int_equal(mmt_irq_code(path, start, len, 2), 2);
	assert_true(start[0] == 0xffffffff81000d40);
	assert_int_equal(len[0], 0x230);
	assert_true(mmt_code_of(path, "do_syscall_64", start, len));
	assert_true(start[0] == 0xffffffff81001010 && len[0] == 0xf0);
	assert_false(mmt_code_of(path, "do_syscall", start, len));
	assert_int_equal(mmt_irq_code("/nowhere", start, len, 2), 0);
	unlink(path);
	/* a kernel that hides them */
	write_symbols(path, "0000000000000000 T asm_common_interrupt\n0000000000000000 T after\n");
	assert_int_equal(mmt_irq_code(path, start, len, 2), 0);
	assert_false(mmt_code_of(path, "after", start, len));
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who),
		cmocka_unit_test(test_kcode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
