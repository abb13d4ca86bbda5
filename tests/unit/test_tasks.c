// SPDX-License-Identifier: GPL-2.0-only
/* Slots of tasks whose records are late, or were lost: each is given back once, and who it was is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <unistd.h>

#include "../../collector/tasks.h"

#define SLOTS 64u

struct host {
	struct mmt_probe probe;
	struct mmt_tasks tasks;
	struct mmt_writer *w;
	char log[512]; /* rows: number:tid/tgid/name, and ! where it is incomplete */
	unsigned int ended;
};

static int on_row(void *p, const struct mmt_type *type, const struct mmt_cell *c)
{
	struct host *h = p;
	size_t n = strlen(h->log);

	if (type->id == MMT_TB_TASK)
		snprintf(h->log + n, sizeof(h->log) - n, "%s%llu:%llu/%llu/%.*s%s", n ? " " : "", (unsigned long long)c[0].u,
			 (unsigned long long)c[1].u, (unsigned long long)c[2].u, (int)c[10].len, (const char *)c[10].p, c[8].u & 2 ? "!" : "");
	return 0;
}

static int on_end(void *p, const struct mmt_epoch *e, uint64_t now)
{
	struct host *h = p;

	(void)e, (void)now;
	h->ended++;
	return 0;
}

static int start(void **state)
{
	struct mmt_writer_opts wo = { .sz = sizeof(wo), .level = -1 };
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->probe.cfg.n_slots = SLOTS;
	h->probe.free_slots_fd = h->probe.free_hists_fd = -1;
	h->probe.slots = calloc(SLOTS, sizeof(*h->probe.slots));
	h->probe.places = calloc(SLOTS, sizeof(*h->probe.places));
	h->probe.state = calloc(1, sizeof(*h->probe.state));
	assert_non_null(h->probe.slots);
	assert_int_equal(mmt_tasks__init(&h->tasks, &h->probe, NULL, NULL), 0);
	assert_int_equal(mmt_writer__open_rows(on_row, h, &wo, &h->w), 0);
	mmt_tasks__set_writer(&h->tasks, h->w);
	h->tasks.on_end = on_end;
	h->tasks.end_ctx = h;
	*state = h;
	return 0;
}

static int stop(void **state)
{
	struct host *h = *state;

	mmt_writer__close(h->w);
	mmt_tasks__free(&h->tasks);
	free(h->probe.slots);
	free(h->probe.places);
	free(h->probe.state);
	free(h);
	return 0;
}

/* A task of process 100 has this slot. */
static void has(struct host *h, uint32_t slot, uint32_t pid, enum mmt_slot_state state)
{
	h->probe.slots[slot] = (struct mmt_slot){ .pid = pid, .state = state, .stamp = 1000 + pid, .nvcsw = 3 };
}

static void rec(struct host *h, enum mmt_rec_type type, uint32_t slot, uint32_t pid)
{
	struct mmt_rec r = { .type = type, .slot = slot, .pid = pid, .tgid = 100, .time = 2000 + pid, .start = 500, .comm = "work" };

	assert_int_equal(mmt_tasks__on_rec(&h->tasks, &r, sizeof(r)), 0);
}

/* A flush, some time after the records that there were; what it wrote of tasks. */
static void flush(struct host *h, const char *log)
{
	assert_int_equal(mmt_tasks__read(&h->tasks), 0);
	assert_int_equal(mmt_tasks__flush(&h->tasks, 5000, true), 0);
	assert_string_equal(h->log, log);
	h->log[0] = 0;
}

static void test_in_order(void **state)
{
	struct host *h = *state;

	has(h, 5, 105, MMT_S_RUN);
	rec(h, MMT_R_NEW, 5, 105);
	flush(h, "1:105/100/work");
	has(h, 5, 105, MMT_S_DEAD);
	rec(h, MMT_R_EXIT, 5, 105);
	flush(h, "1:105/100/work");
	assert_int_equal(h->ended, 1);
	assert_int_equal(h->probe.slots[5].pid, 0);
	assert_int_equal(h->tasks.n_live, 0);
}

/* Others' records were lost; those of these tasks are on the way. */
static void test_late(void **state)
{
	struct host *h = *state;

	has(h, 5, 105, MMT_S_RUN);
	rec(h, MMT_R_NEW, 5, 105);
	flush(h, "1:105/100/work");
	h->probe.state->rec_lost = 7;
	has(h, 5, 105, MMT_S_DEAD);
	has(h, 6, 106, MMT_S_RUN);
	flush(h, "");
	rec(h, MMT_R_EXIT, 5, 105);
	rec(h, MMT_R_NEW, 6, 106);
	assert_int_equal(h->ended, 1);
	assert_int_equal(h->tasks.n_epochs, 2);
	/* the slot is another's by now, whose records are late too */
	has(h, 5, 107, MMT_S_RUN);
	flush(h, "1:105/100/work 2:106/100/work");
	rec(h, MMT_R_NEW, 5, 107);
	flush(h, "3:107/100/work");
	flush(h, "");
	assert_int_equal(h->ended, 1);
	assert_int_equal(h->tasks.n_live, 2);
}

/* They were lost: it is found without, once it is sure that none comes. */
static void test_lost(void **state)
{
	struct host *h = *state;

	has(h, 5, 105, MMT_S_RUN);
	rec(h, MMT_R_NEW, 5, 105);
	flush(h, "1:105/100/work");
	h->probe.state->rec_lost = 2;
	has(h, 5, 105, MMT_S_DEAD);
	has(h, 6, 106, MMT_S_RUN);
	has(h, 7, 107, MMT_S_DEAD);
	flush(h, "");
	flush(h, "1:105/100/work 2:106/106/! 3:107/107/! 3:107/107/!");
	assert_int_equal(h->ended, 2);
	assert_int_equal(h->probe.slots[5].pid + h->probe.slots[7].pid, 0);
	flush(h, "");
	/* a later record tells who it is */
	rec(h, MMT_R_COMM, 6, 106);
	flush(h, "2:106/100/work 2:106/100/work");
	has(h, 6, 106, MMT_S_DEAD);
	rec(h, MMT_R_EXIT, 6, 106);
	flush(h, "2:106/100/work");
	assert_int_equal(h->ended, 3);
	assert_int_equal(h->tasks.n_live, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_in_order, start, stop),
		cmocka_unit_test_setup_teardown(test_late, start, stop),
		cmocka_unit_test_setup_teardown(test_lost, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
