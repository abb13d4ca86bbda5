// SPDX-License-Identifier: GPL-2.0-only
/*
 * A driver for fuzz targets where libFuzzer is not to be had: mutates the target's own
 * seeds for a bounded time, from a fixed start, so that a run can be repeated.
 *
 * usage: fuzz_X [seconds [start]]    fuzz
 *        fuzz_X FILE                 run one saved input
 *        fuzz_X --seeds DIR          write the seeds, as a corpus for libFuzzer
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz.h"

#define MAX_SEEDS 64
#define MAX_LEN (1u << 20)
#define INPUT_SECONDS 20 /* an input that takes longer is a finding */

static struct {
	uint64_t rng;
	uint8_t *seed[MAX_SEEDS];
	size_t seed_len[MAX_SEEDS];
	unsigned int n_seeds;
	uint8_t *in; /* exactly in_len bytes of heap, so that a read beyond is seen */
	size_t in_len;
	char crash[64];
} fz;

static uint64_t rnd(uint64_t below)
{
	fz.rng ^= fz.rng << 13;
	fz.rng ^= fz.rng >> 7;
	fz.rng ^= fz.rng << 17;
	return below ? (fz.rng * 0x2545f4914f6cdd1dULL >> 11) % below : 0;
}

static void save_input(void)
{
	static const char say[] = "\nfuzz: the input was saved: ";
	int fd = open(fz.crash, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	ssize_t n = -1;

	if (fd >= 0) {
		n = write(fd, fz.in, fz.in_len);
		close(fd);
	}
	if (n >= 0 && write(2, say, sizeof(say) - 1) > 0 && write(2, fz.crash, strlen(fz.crash)) > 0)
		n = write(2, "\n", 1);
}

static void on_alarm(int sig)
{
	(void)sig;
	save_input();
	_exit(3);
}

static size_t mutate_once(uint8_t *p, size_t len)
{
	static const uint64_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
					0x7fffffffffffffff, 0xffffffffffffffff };
	uint64_t v;
	size_t a, b, n;

	if (!len)
		return len;
	a = rnd(len);
	switch (rnd(9)) {
	case 0:
		p[a] ^= (uint8_t)(1u << rnd(8));
		break;
	case 1:
		p[a] = (uint8_t)rnd(256);
		break;
	case 2:
		v = odd[rnd(sizeof(odd) / sizeof(odd[0]))];
		n = 1u << rnd(4);
		memcpy(p + a, &v, n < len - a ? n : len - a);
		break;
	case 3: /* a run of continued varint bytes */
		n = rnd(12);
		memset(p + a, 0xff, n < len - a ? n : len - a);
		break;
	case 4: /* cut out */
		n = rnd(len - a < 64 ? len - a : 64);
		memmove(p + a, p + a + n, len - a - n);
		return len - n;
	case 5: /* copy from elsewhere */
		b = rnd(len);
		n = rnd(256);
		n = n < len - a ? n : len - a;
		n = n < len - b ? n : len - b;
		memmove(p + a, p + b, n);
		break;
	case 6: /* insert */
		n = rnd(16);
		if (len + n > MAX_LEN)
			break;
		memmove(p + a + n, p + a, len - a);
		return len + n;
	case 7:
		p[a] = (uint8_t)(p[a] + (rnd(2) ? 1 : -1));
		break;
	default: /* cut at the end, rarely */
		return rnd(16) ? len : a;
	}
	return len;
}

static void one_input(uint8_t *scratch)
{
	unsigned int i = (unsigned int)rnd(fz.n_seeds), k;
	size_t len = fz.seed_len[i];

	memcpy(scratch, fz.seed[i], len);
	for (k = 1 + (unsigned int)rnd(rnd(4) ? 4 : 32); k; k--)
		len = mutate_once(scratch, len);
	free(fz.in);
	fz.in = malloc(len ? len : 1);
	if (!fz.in)
		return;
	memcpy(fz.in, scratch, len);
	fz.in_len = len;
	alarm(INPUT_SECONDS);
	LLVMFuzzerTestOneInput(fz.in, len);
	alarm(0);
}

static int run_file(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");

	if (!f || fstat(fileno(f), &st) || !(fz.in = malloc((size_t)st.st_size + 1)))
		return 2;
	fz.in_len = fread(fz.in, 1, (size_t)st.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(fz.in, fz.in_len);
	return 0;
}

static int write_seeds(const char *dir)
{
	char path[4096];
	unsigned int i;

	for (i = 0; i < fz.n_seeds; i++) {
		FILE *f;
		size_t n;

		snprintf(path, sizeof(path), "%s/seed-%u", dir, i);
		f = fopen(path, "wb");
		if (!f)
			return 2;
		n = fwrite(fz.seed[i], 1, fz.seed_len[i], f);
		if (fclose(f) || n != fz.seed_len[i])
			return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 10;
	const char *name = strrchr(argv[0], '/');
	struct timespec t0, t;
	unsigned long runs = 0;
	uint8_t *scratch;

	snprintf(fz.crash, sizeof(fz.crash), "crash-%s", name ? name + 1 : argv[0]);
	fz.rng = argc > 2 ? strtoull(argv[2], NULL, 0) | 1 : 88172645463325252ULL;
	while (fz.n_seeds < MAX_SEEDS &&
	       (fz.seed_len[fz.n_seeds] = fuzz_seed(fz.n_seeds, &fz.seed[fz.n_seeds])) > 0)
		fz.n_seeds++;
	if (argc == 3 && !strcmp(argv[1], "--seeds"))
		return write_seeds(argv[2]);
	if (argc == 2 && !access(argv[1], R_OK))
		return run_file(argv[1]);
	scratch = malloc(MAX_LEN + 64);
	if (!scratch || !fz.n_seeds)
		return 2;
	__sanitizer_set_death_callback(save_input);
	signal(SIGALRM, on_alarm);
	clock_gettime(CLOCK_MONOTONIC, &t0);
	do {
		one_input(scratch);
		runs++;
		clock_gettime(CLOCK_MONOTONIC, &t);
	} while ((double)(t.tv_sec - t0.tv_sec) + (double)(t.tv_nsec - t0.tv_nsec) / 1e9 < seconds);
	printf("%s: %lu inputs from %u seeds, no finding\n", name ? name + 1 : argv[0], runs, fz.n_seeds);
	while (fz.n_seeds)
		free(fz.seed[--fz.n_seeds]);
	free(fz.in);
	free(scratch);
	return 0;
}
