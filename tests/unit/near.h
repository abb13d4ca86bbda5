/* SPDX-License-Identifier: GPL-2.0-only */
/* Nearly equal, for tests of numbers. Include after cmocka.h. */
#ifndef MMT_TEST_NEAR_H
#define MMT_TEST_NEAR_H

#include <math.h>

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Within rel of `want`, or 1e-14 where it is 0; NaN is near nothing. */
#define near(got, want, rel) near_at((got), (want), (rel), __FILE__, __LINE__)

static inline void near_at(double got, double want, double rel, const char *file, int line)
{
	double d = fabs(got - want), tol = rel * fabs(want) + 1e-14;

	if (!(d <= tol) && !(got == want)) {
		print_error("got %.17g, want %.17g (off by %.3g)\n", got, want, d);
		_fail(file, line);
	}
}

#endif
