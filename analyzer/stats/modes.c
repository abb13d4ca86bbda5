// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "desc.h"
#include "modes.h"

int stats_two_modes(const double *x, size_t n, struct stats_modes *m)
{
	size_t i, from = n / 5, to = n - n / 5, at = 0;
	double *s, *gap, widest = 0, typical;
	int found = 0;

	*m = (struct stats_modes){ NAN, NAN, NAN };
	if (n < 20)
		return 0;
	s = malloc(2 * n * sizeof(*s));
	if (!s)
		return -ENOMEM;
	gap = s + n;
	memcpy(s, x, n * sizeof(*s));
	stats_sort(s, n);
	/* between s[i - 1] and s[i] */
	for (i = from; i <= to; i++) {
		gap[i - from] = s[i] - s[i - 1];
		if (gap[i - from] > widest) {
			widest = gap[i - from];
			at = i;
		}
	}
	typical = stats_median(gap, to - from + 1);
	/* coarse values have many gaps of 0: a tenth of the range is a gap that can be seen */
	if (widest > 3 * typical && widest > (s[n - 1] - s[0]) / 10) {
		m->lo = stats_median(s, at);
		m->hi = stats_median(s + at, n - at);
		m->hi_share = (double)(n - at) / (double)n;
		found = 1;
	}
	free(s);
	return found;
}
