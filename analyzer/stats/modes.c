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
	double *s, *gap, widest = 0, typical, spread;
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
	if (widest == 0) {
		free(s);
		return 0;
	}
	typical = stats_median(gap, to - from + 1);
	m->lo = stats_median(s, at);
	m->hi = stats_median(s + at, n - at);
	/* a normal sample cut in two is 2.3 such spreads apart, a flat one 2.7 */
	spread = 1.4826 * (stats_mad(s, at) + stats_mad(s + at, n - at)) / 2;
	if (widest > 3 * typical && m->hi - m->lo > 5 * spread) {
		m->hi_share = (double)(n - at) / (double)n;
		found = 1;
	} else {
		m->lo = m->hi = NAN;
	}
	free(s);
	return found;
}
