// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "drain.h"

#define BATCH 1024
/* A word's time is 36 bits: what is older than this cannot be dated. */
#define STALL_NS 60000000000ULL

struct batch {
	struct mmt_event ev[BATCH];
	uint64_t args[BATCH];
	size_t n, n_args;
};

int mmt_drain__init(struct mmt_drain *d, struct mmt_probe *bpf, struct mmt_writer *w)
{
	unsigned int i;

	d->bpf = bpf;
	d->w = w;
	d->cpu = calloc(bpf->n_cpus, sizeof(*d->cpu));
	if (!d->cpu)
		return -ENOMEM;
	for (i = 0; i < bpf->n_cpus; i++) {
		d->cpu[i].cur = ~0U;
		d->cpu[i].explicit = true;
	}
	return 0;
}

static int batch_flush(struct mmt_drain *d, unsigned int cpu, struct batch *b)
{
	int err;

	if (!b->n)
		return 0;
	err = mmt_writer__events(d->w, cpu, b->ev, b->n, b->args, b->n_args);
	d->events += b->n;
	b->n = b->n_args = 0;
	return err;
}

static inline void put(struct batch *b, uint64_t time, uint64_t key)
{
	b->ev[b->n].time = time;
	b->ev[b->n++].key = key;
}

static inline uint64_t key_switch(uint32_t state, uint32_t next)
{
	return MMT_KEY(MMT_EV_SWITCH, state | next << 4);
}

static inline uint64_t key_switchx(uint32_t state, uint32_t next, uint32_t prev)
{
	return MMT_KEY(MMT_EV_SWITCHX, state | (uint64_t)next << 4 | (uint64_t)prev << 28);
}

static inline uint64_t key_wakeup(int type, uint32_t is_new, uint32_t tid, uint64_t cpu)
{
	return MMT_KEY(type, is_new | (uint64_t)tid << 4 | cpu << 28);
}

/* One event: 1 or 2 words. Returns the words used. */
static inline unsigned int take(struct mmt_drain_cpu *c, uint32_t cpu, uint64_t w, uint64_t ext, uint64_t now,
				struct batch *b)
{
	unsigned int type = (unsigned int)(w >> MMT_W_TYPE_SHIFT);
	uint32_t state = (uint32_t)(w >> MMT_W_STATE_SHIFT) & 7;
	uint32_t pid = (uint32_t)(w >> MMT_W_PID_SHIFT) & MMT_W_PID_MASK;
	uint64_t t = now - ((now - w) & MMT_W_TIME_MASK), delay;

	if (t < c->last || type == MMT_W_LOST)
		t = c->last;
	c->last = t;
	ext &= MMT_W_EXT_MASK;
	switch (type) {
	case MMT_W_SWITCH:
		if (c->explicit && c->cur != ~0U)
			put(b, t, key_switchx(state, pid, c->cur));
		else
			put(b, t, key_switch(state, pid));
		c->explicit = false;
		c->cur = pid;
		return 1;
	case MMT_W_SWITCHX:
		put(b, t, key_switchx(state, pid, (uint32_t)ext));
		c->explicit = false;
		c->cur = pid;
		return 2;
	case MMT_W_WAKEUP:
		if (!(state & 2)) {
			put(b, t, key_wakeup(MMT_EV_WAKEUP, state & 1, pid, cpu));
			return 1;
		}
		delay = ext >> 16;
		if (delay)
			b->args[b->n_args++] = delay;
		put(b, t, key_wakeup(delay ? MMT_EV_WAKEUPR : MMT_EV_WAKEUP, state & 1, pid, ext & 0xffff));
		return 2;
	case MMT_W_MIGRATE:
		put(b, t, MMT_KEY(MMT_EV_MIGRATE,
				  pid | (ext & 0xffff) << 24 | (ext >> 16 & 0xffff) << 40));
		return 2;
	case MMT_W_WAKING:
		put(b, t, MMT_KEY(MMT_EV_WAKING, pid));
		return 1;
	case MMT_W_LOST:
		b->args[b->n_args++] = w & MMT_W_TIME_MASK;
		put(b, t, MMT_KEY(MMT_EV_LOST, state));
		return 1;
	}
	return 1;
}

static int drain_cpu(struct mmt_drain *d, uint32_t cpu, uint64_t now, struct batch *b)
{
	const struct mmt_config *cfg = &d->bpf->cfg;
	const uint64_t *ring = d->bpf->rings + ((uint64_t)cpu << cfg->ring_bits);
	struct mmt_cpu *k = &d->bpf->cpus[cpu];
	struct mmt_drain_cpu *c = &d->cpu[cpu];
	uint64_t head = __atomic_load_n(&k->head, __ATOMIC_ACQUIRE), tail = c->tail;
	int err = 0;

	while (tail != head && !err) {
		uint64_t w = ring[tail & cfg->ring_mask], ext = ring[(tail + 1) & cfg->ring_mask];

		tail += take(c, cpu, w, ext, now, b);
		if (b->n == BATCH) {
			err = batch_flush(d, cpu, b);
			__atomic_store_n(&k->tail, tail, __ATOMIC_RELEASE);
		}
	}
	if (!err)
		err = batch_flush(d, cpu, b);
	c->tail = tail;
	__atomic_store_n(&k->tail, tail, __ATOMIC_RELEASE);
	return err;
}

/* Stopped for a minute (SIGSTOP, a suspended machine): the words' times are ambiguous, so they count as lost. */
static void throw_away(struct mmt_drain *d, uint32_t cpu, uint64_t lost[MMT_N_CLASSES])
{
	const struct mmt_config *cfg = &d->bpf->cfg;
	const uint64_t *ring = d->bpf->rings + ((uint64_t)cpu << cfg->ring_bits);
	static const int class_of[8] = {
		[MMT_W_SWITCH] = MMT_CLASS_SWITCH, [MMT_W_SWITCHX] = MMT_CLASS_SWITCH, [MMT_W_WAKEUP] = MMT_CLASS_WAKEUP,
		[MMT_W_WAKING] = MMT_CLASS_WAKEUP, [MMT_W_MIGRATE] = MMT_CLASS_MIGRATE, [MMT_W_LOST] = -1,
		[MMT_W_EXT] = -1, [0] = -1,
	};
	struct mmt_cpu *k = &d->bpf->cpus[cpu];
	struct mmt_drain_cpu *c = &d->cpu[cpu];
	uint64_t head = __atomic_load_n(&k->head, __ATOMIC_ACQUIRE);

	for (; c->tail != head; c->tail++) {
		uint64_t w = ring[c->tail & cfg->ring_mask];
		unsigned int type = (unsigned int)(w >> MMT_W_TYPE_SHIFT);

		if (class_of[type] >= 0)
			lost[class_of[type]]++;
		if (type == MMT_W_LOST && (w >> MMT_W_STATE_SHIFT & 7) < MMT_N_CLASSES)
			lost[w >> MMT_W_STATE_SHIFT & 7] += w & MMT_W_TIME_MASK;
		d->stalled++;
	}
	c->cur = ~0U;
	c->explicit = false; /* nothing to name until a word says it */
	__atomic_store_n(&k->tail, head, __ATOMIC_RELEASE);
}

int mmt_drain__all(struct mmt_drain *d)
{
	uint64_t now = mmt_probe__now(d->bpf), ahead, lost[MMT_N_CLASSES] = { 0 };
	bool stall = d->last_pass && now - d->last_pass > STALL_NS;
	struct batch b;
	uint32_t cpu;
	int err = 0;

	if (!d->bpf->cfg.record)
		return 0;
	b.n = b.n_args = 0;
	d->passes++;
	/* words written while this pass runs, and the error of our clock, lie a little ahead */
	ahead = now + 1000000000ULL;
	for (cpu = 0; cpu < d->bpf->n_cpus && !err; cpu++) {
		if (stall)
			throw_away(d, cpu, lost);
		else
			err = drain_cpu(d, cpu, ahead, &b);
	}
	if (stall)
		mmt_writer__lost(d->w, lost);
	d->last_pass = now;
	return err;
}

unsigned int mmt_drain__fill(const struct mmt_drain *d)
{
	uint64_t most = 0, used;
	uint32_t cpu;

	for (cpu = 0; cpu < d->bpf->n_cpus; cpu++) {
		used = __atomic_load_n(&d->bpf->cpus[cpu].head, __ATOMIC_RELAXED) - d->cpu[cpu].tail;
		if (used > most)
			most = used;
	}
	return (unsigned int)(most * 1024 / (d->bpf->cfg.ring_mask + 1ULL));
}

void mmt_drain__sealed(struct mmt_drain *d)
{
	uint32_t cpu;

	for (cpu = 0; cpu < d->bpf->n_cpus; cpu++)
		d->cpu[cpu].explicit = true;
}

void mmt_drain__free(struct mmt_drain *d)
{
	free(d->cpu);
	d->cpu = NULL;
}
