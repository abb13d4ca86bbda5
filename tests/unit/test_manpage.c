// SPDX-License-Identifier: GPL-2.0-only
/* mmtrace-format(5) says what the library does: its example decodes, its list of types is the library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <ctype.h>

#include "trace_make.h"

static char *page(void)
{
	const char *top = getenv("TOP");
	struct bytes b;
	char path[4096];

	snprintf(path, sizeof(path), "%s/docs/mmtrace-format.5", top ? top : ".");
	b = trace_slurp(path);
	b.p[b.len] = 0;
	return (char *)b.p;
}

/* The lines "offset  hex bytes  meaning" of the page: the file they show. */
static struct bytes page_bytes(const char *text)
{
	struct bytes b = { .p = malloc(65536) };
	unsigned int off, v;
	int n;

	for (; text; text = strchr(text, '\n') ? strchr(text, '\n') + 1 : NULL) {
		if (strspn(text, "0123456789abcdef") != 4 || strncmp(text + 4, "  ", 2))
			continue;
		assert_int_equal(sscanf(text, "%4x%n", &off, &n), 1);
		/* no byte is left out or told twice */
		assert_int_equal(off, b.len);
		text += n + 1;
		while (text[0] == ' ' && isxdigit(text[1]) && isxdigit(text[2])) {
			assert_int_equal(sscanf(text, "%2x", &v), 1);
			b.p[b.len++] = (uint8_t)v;
			text += 3;
		}
	}
	return b;
}

static void expect(const struct mmt_chunk *c, uint32_t i, uint64_t time, unsigned int state, uint32_t next)
{
	assert_true(c->blocks[0].time[i] == time);
	assert_true(c->keys[c->blocks[0].sym[i]] == MMT_KEY(MMT_EV_SWITCH, state | (uint64_t)next << 4));
}

static void test_example(void **state)
{
	struct mmt_status st = { .sz = sizeof(st) };
	char *text = page(), *path = trace_tmp();
	struct bytes b = page_bytes(text);
	const struct mmt_cell *cell;
	struct mmt_reader *r;
	struct mmt_chunk c;
	size_t n;

	(void)state;
	assert_int_equal(b.len, 543);
	trace_spill(path, b.p, b.len);
	assert_int_equal(mmt_reader__open(path, NULL, &r), 0);
	assert_int_equal(mmt_reader__time_shift(r), 4);
	mmt_reader__types(r, &n);
	assert_int_equal(n, 2);
	assert_string_equal(mmt_reader__type(r, 1)->fields[0].unit, "R,Y,S");
	assert_int_equal(mmt_reader__next(r, &c), 1);
	assert_int_equal(c.n_tables, 1);
	assert_int_equal(c.tables[0].n, 2);
	cell = c.tables[0].cells;
	assert_int_equal(cell[0].len, 9);
	assert_memory_equal(cell[0].p, "host.name", 9);
	assert_memory_equal(cell[1].p, "ant", 3);
	assert_memory_equal(cell[2].p, "cpu.count", 9);
	assert_int_equal(cell[3].len, 1);
	assert_memory_equal(cell[3].p, "1", 1);
	assert_int_equal(mmt_reader__next(r, &c), 1);
	assert_int_equal(c.n_blocks, 1);
	assert_int_equal(c.n_keys, 3);
	assert_int_equal(c.lost[MMT_CLASS_WAKEUP], 23);
	assert_int_equal(c.blocks[0].stream, 0);
	assert_int_equal(c.blocks[0].n, 5);
	expect(&c, 0, 16000, 2, 100);
	expect(&c, 1, 17600, 2, 0);
	expect(&c, 2, 18240, 2, 100);
	expect(&c, 3, 19840, 2, 0);
	expect(&c, 4, 99840, 0, 101);
	assert_int_equal(mmt_reader__next(r, &c), 0);
	assert_int_equal(mmt_reader__status(r, &st), 0);
	assert_string_equal(st.line, "");
	assert_int_equal(st.good_chunks, 4);
	mmt_reader__close(r);
	trace_drop(path);
	free(b.p);
	free(text);
}

static void add(char *to, size_t size, const char *sep, const char *name, unsigned int bits)
{
	size_t at = strlen(to);

	if (bits)
		snprintf(to + at, size - at, "%s%s:%u", sep, name, bits);
	else
		snprintf(to + at, size - at, "%s%s", sep, name);
}

static void test_types(void **state)
{
	const struct mmt_type *t;
	const struct mmt_field *f;
	char *text = page(), want[2048];
	bool args;
	size_t n, i;
	unsigned int k;

	(void)state;
	t = mmt_std_types(&n);
	for (i = 0; i < n; i++, t++) {
		snprintf(want, sizeof(want), "\n.It %u %s\n", t->id, t->name);
		for (k = 0, args = false; k < t->n_fields; k++) {
			f = &t->fields[k];
			add(want, sizeof(want), !k ? "" : f->role == MMT_ROLE_ARG && !args ? "; " : ", ", f->name,
			    f->role == MMT_ROLE_KEY ? f->bits : 0);
			args |= f->role == MMT_ROLE_ARG;
		}
		add(want, sizeof(want), "", "\n", 0);
		if (!strstr(text, want))
			fail_msg("mmtrace-format(5) does not tell the fields of:%s", want);
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_example),
		cmocka_unit_test(test_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
