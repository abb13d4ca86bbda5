/* SPDX-License-Identifier: GPL-2.0-only */
/* Wait until every BPF program that runs now has ended. */
#ifndef MMT_GRACE_H
#define MMT_GRACE_H

struct mmt_grace {
	int outer, inner; /* fds; -1: not open */
};

int mmt_grace__open(struct mmt_grace *g);
/* Some ms: a grace period of RCU. What user space had written before is seen by all programs that run after. */
int mmt_grace__wait(const struct mmt_grace *g);
void mmt_grace__close(struct mmt_grace *g);

#endif
