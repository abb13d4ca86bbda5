/* SPDX-License-Identifier: GPL-2.0-only */
/* The order in which several arms take turns. */
#ifndef MMT_ORDER_H
#define MMT_ORDER_H

#include <stddef.h>

/*
 * Which arm is the turn-th (0..n_arms-1) of an iteration: forward and backward in turn
 * (A B B A A B ...), so that a drift of the machine falls on all arms alike.
 */
size_t order_arm(size_t n_arms, unsigned int iteration, size_t turn);

#endif
