// SPDX-License-Identifier: GPL-2.0-only
#include "order.h"

size_t order_arm(size_t n_arms, unsigned int iteration, size_t turn)
{
	return iteration % 2 ? n_arms - 1 - turn : turn;
}
