// SPDX-License-Identifier: GPL-2.0-only
/* Histograms: every value in its bucket, every bucket within its width, packing both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <errno.h>

#include "../../libmmtrace/mmtrace.h"

static void test_buckets(void **state)
{
	uint64_t lo, hi, next = 0;
	unsigned int i;

	(void)state;
	for (i = 0; i < MMT_HIST_BUCKETS; i++) {
		mmt_hist_range(i, &lo, &hi);
		assert_true(lo == next);
		assert_true(hi >= lo);
		assert_int_equal(mmt_hist_bucket(lo), i);
		assert_int_equal(mmt_hist_bucket(hi), i);
		/* 3.1 % of the value at most; the last one takes the rest */
		if (i < MMT_HIST_BUCKETS - 1)
			assert_true((hi - lo) * 32 <= lo);
		next = hi + 1;
	}
	assert_true(hi == UINT64_MAX);
	assert_true(lo > 133000000000ull && lo < 137438953472ull);
	assert_int_equal(mmt_hist_bucket(0), 0);
	assert_int_equal(mmt_hist_bucket(63), 63);
	assert_int_equal(mmt_hist_bucket(64), 64);
	assert_int_equal(mmt_hist_bucket(65), 64);
	assert_int_equal(mmt_hist_bucket(66), 65);
	assert_int_equal(mmt_hist_bucket(128), 96);
}

static void test_quantile(void **state)
{
	struct mmt_hist *h = calloc(1, sizeof(*h)), *g = calloc(1, sizeof(*g));
	uint64_t lo, hi, i;

	(void)state;
	assert_int_equal(mmt_hist_quantile(h, 0.5, &lo, &hi), -ENODATA);
	assert_int_equal(mmt_hist_quantile(h, 1.5, &lo, &hi), -EINVAL);
	for (i = 1; i <= 50; i++)
		mmt_hist_add(h, i);
	/* below 64 all is exact */
	assert_int_equal(mmt_hist_quantile(h, 0, &lo, &hi), 0);
	assert_true(lo == 1 && hi == 1);
	assert_int_equal(mmt_hist_quantile(h, 0.5, &lo, &hi), 0);
	assert_true(lo == 25 && hi == 25);
	assert_int_equal(mmt_hist_quantile(h, 0.99, &lo, &hi), 0);
	assert_true(lo == 50 && hi == 50);
	assert_int_equal(mmt_hist_quantile(h, 1, &lo, &hi), 0);
	assert_true(lo == 50 && hi == 50);
	mmt_hist_add(g, 1000000007);
	mmt_hist_merge(h, g);
	assert_true(h->n == 51 && h->max == 1000000007 && h->sum == 50 * 51 / 2 + 1000000007ull);
	assert_int_equal(mmt_hist_quantile(h, 1, &lo, &hi), 0);
	/* the maximum is known exactly */
	assert_true(lo <= 1000000007 && hi == 1000000007);
	free(h);
	free(g);
}

static void test_pack(void **state)
{
	struct mmt_hist *h = calloc(1, sizeof(*h));
	uint32_t count[MMT_HIST_BUCKETS] = { 0 };
	uint8_t buf[MMT_HIST_BUCKETS * 7];
	unsigned int i;
	int n;

	(void)state;
	assert_int_equal(mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, sizeof(buf)), 0);
	assert_int_equal(mmt_hist_unpack(buf, 0, h), 0);
	count[0] = 1;
	count[5] = 300;
	count[MMT_HIST_BUCKETS - 1] = UINT32_MAX;
	n = mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, sizeof(buf));
	assert_int_equal(n, 2 + 3 + 2 + 5);
	/* twice: unpacking adds */
	assert_int_equal(mmt_hist_unpack(buf, (size_t)n, h), 0);
	assert_int_equal(mmt_hist_unpack(buf, (size_t)n, h), 0);
	for (i = 0; i < MMT_HIST_BUCKETS; i++)
		assert_true(h->count[i] == 2ull * count[i]);
	/* cut at each place; one that ends between pairs is a shorter histogram */
	for (i = 1; i < (unsigned int)n; i++)
		if (i != 2 && i != 5)
			assert_int_equal(mmt_hist_unpack(buf, i, h), -EBADMSG);
	for (i = 0; i < (unsigned int)n; i++)
		assert_int_equal(mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, i), -ENOSPC);
	/* past the last bucket, and a count of nothing */
	assert_int_equal(mmt_hist_unpack("\xa0\x08\x01", 3, h), -EBADMSG);
	assert_int_equal(mmt_hist_unpack("\x01\x00", 2, h), -EBADMSG);
	assert_int_equal(mmt_hist_unpack("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, h), -EBADMSG);
	for (i = 0; i < MMT_HIST_BUCKETS; i++)
		count[i] = UINT32_MAX;
	n = mmt_hist_pack(count, MMT_HIST_BUCKETS, buf, sizeof(buf));
	assert_int_equal(n, MMT_HIST_BUCKETS * 6);
	free(h);
}

static void test_vec(void **state)
{
	static const uint64_t v[] = { 0, 1, 127, 128, UINT32_MAX, UINT64_MAX };
	uint64_t got[6];
	uint8_t buf[64];
	int n, i;

	(void)state;
	n = mmt_vec_pack(v, 6, buf, sizeof(buf));
	assert_int_equal(n, 1 + 1 + 1 + 2 + 5 + 10);
	assert_int_equal(mmt_vec_unpack(buf, (size_t)n, got, 6), 6);
	assert_memory_equal(v, got, sizeof(v));
	memset(got, 0, sizeof(got));
	assert_int_equal(mmt_vec_unpack(buf, (size_t)n, got, 2), 6);
	assert_true(got[1] == 1 && got[2] == 0);
	for (i = 0; i < n; i++)
		assert_int_equal(mmt_vec_pack(v, 6, buf, (size_t)i), -ENOSPC);
	assert_int_equal(mmt_vec_unpack(buf, 0, got, 6), 0);
	assert_int_equal(mmt_vec_unpack("\x80", 1, got, 6), -EBADMSG);
	/* more than 64 bits */
	assert_int_equal(mmt_vec_unpack("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, got, 6), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buckets),
		cmocka_unit_test(test_quantile),
		cmocka_unit_test(test_pack),
		cmocka_unit_test(test_vec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
