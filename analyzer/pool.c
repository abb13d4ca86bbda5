// SPDX-License-Identifier: GPL-2.0-only
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "pool.h"

#define MAX_THREADS 16

struct pool {
	size_t n;
	void (*fn)(void *ctx, size_t i);
	void *ctx;
	atomic_size_t next;
};

static void *work(void *arg)
{
	struct pool *p = arg;
	size_t i;

	while ((i = atomic_fetch_add(&p->next, 1)) < p->n)
		p->fn(p->ctx, i);
	return NULL;
}

void pool_run(size_t n, unsigned int threads, void (*fn)(void *ctx, size_t i), void *ctx)
{
	struct pool p = { .n = n, .fn = fn, .ctx = ctx };
	pthread_t thread[MAX_THREADS];
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	size_t i, want = threads ? threads : cpus < 1 ? 1 : (size_t)cpus, got = 0;

	want = want > n ? n : want;
	want = want > MAX_THREADS ? MAX_THREADS : want;
	/* a thread that cannot be had is no error: the others do its work */
	for (i = 1; i < want; i++)
		if (!pthread_create(&thread[got], NULL, work, &p))
			got++;
	work(&p);
	for (i = 0; i < got; i++)
		pthread_join(thread[i], NULL);
}
