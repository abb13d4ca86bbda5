// SPDX-License-Identifier: GPL-2.0-only
/*
 * hotspots [MS]: a program with two faults that its numbers alone do not tell.
 *
 * Phase one: threads that want memory from an allocator with one lock, held too long. Phase two: a copy into a buffer
 * that is given back to the kernel after each use, so that every copy faults all its pages in again.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define THREADS 8
#define RECORD (1 << 20)

static pthread_mutex_t heap = PTHREAD_MUTEX_INITIALIZER;
static char source[RECORD];
static double end;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static __attribute__((noinline)) char *debug_malloc(size_t n)
{
	const struct timespec checks = { 0, 50000 };
	char *p;

	pthread_mutex_lock(&heap);
	p = malloc(n);
	nanosleep(&checks, NULL);
	pthread_mutex_unlock(&heap);
	return p;
}

static void *allocate(void *unused)
{
	volatile char *p;

	while (now() < end) {
		p = debug_malloc(100);
		if (p)
			p[0] = 1;
		free((void *)p);
	}
	return unused;
}

static __attribute__((noinline)) void copy_record(char *to)
{
	memcpy(to, source, RECORD);
	__asm__ volatile("" : : "r"(to) : "memory"); /* no tail call */
}

static __attribute__((noinline)) void search(char *buffer)
{
	while (now() < end) {
		copy_record(buffer);
		madvise(buffer, RECORD, MADV_DONTNEED);
	}
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) / 1e3 : 1;
	char *buffer = mmap(NULL, RECORD, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t thread[THREADS];
	int i, n = 0;

	if (buffer == MAP_FAILED)
		return 1;
	memset(source, 1, RECORD);
	end = now() + seconds;
	for (i = 0; i < THREADS; i++)
		n += !pthread_create(&thread[n], NULL, allocate, NULL);
	for (i = 0; i < n; i++)
		pthread_join(thread[i], NULL);
	end = now() + seconds;
	search(buffer);
	return n != THREADS;
}
