/* SPDX-License-Identifier: GPL-2.0-only */
/* A config multiplied out: benchmarks (one directory of results each) and the commands of each. */
#ifndef MMT_BENCH_H
#define MMT_BENCH_H

#include <stddef.h>

#include "conf.h"

/* Stands in commands for the directory of the raw output until that is known. */
#define BENCH_LOGS "${logs}"

struct bench_part { /* one point of the matrix: one command */
	char *a, *b;    /* factors of results.tsv, "_" when there is none */
	char *label;    /* "groups=4", "" */
	char *command;  /* as a person would type it */
	char **argv;
	size_t argc;
	char *log;      /* file under logs/ */
	char *output;   /* NULL: stdout; "stderr"; else a file under logs/ */
};

struct bench {
	char *name;
	const struct conf *conf;
	struct bench_part *parts;
	size_t n_parts;
};

struct benches { struct bench *v; size_t n; };

struct bench_machine { unsigned int cpus, nodes; };
void bench_machine_here(struct bench_machine *m);

/* Appends to *out; the config must outlive it. -EINVAL with file and reason. */
int bench_expand(const struct conf *c, const struct bench_machine *m, struct benches *out, struct conf_err *err);
void benches_free(struct benches *b);

/*
 * The first program of `needs` that is not in PATH: 1, with program and package filled
 * in; 0 when all are there.
 */
int bench_missing(const struct conf *c, char *prog, size_t prog_size, char *package, size_t package_size);

/* 0 when it could be executed, 127 when it is nowhere, 126 when it is no program. */
int bench_executable(const char *prog);

#endif
