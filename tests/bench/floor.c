// SPDX-License-Identifier: GPL-2.0-only
/* floor [-c] -o OBJECT -e switch,migrate,wakeup,wakeup_new,waking,fault,sys_enter,sys_exit,fault_kernel,alloc -- CMD ARG...: run CMD under floor.bpf.c */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define N_EVENTS 10
static const char *const names[N_EVENTS] = { "switch", "migrate", "wakeup", "wakeup_new", "waking", "fault", "sys_enter",
					     "sys_exit", "fault_kernel", "alloc" };

/* Is name one of the comma-separated words? */
static int listed(const char *words, const char *name)
{
	size_t n = strlen(name);
	const char *p;

	for (p = words; p; p = strchr(p, ','), p = p ? p + 1 : NULL)
		if (!strncmp(p, name, n) && (p[n] == ',' || !p[n]))
			return 1;
	return 0;
}

static int print_counts(struct bpf_object *obj, const char *events)
{
	int fd = bpf_object__find_map_fd_by_name(obj, "counts"), n_cpus = libbpf_num_possible_cpus(), cpu;
	const char *path = getenv("FLOOR_OUT");
	FILE *f = path ? fopen(path, "w") : stdout;
	uint64_t *v = calloc((size_t)(n_cpus > 0 ? n_cpus : 1), sizeof(*v));
	uint32_t i;

	for (i = 0; f && v && i < N_EVENTS; i++) {
		uint64_t sum = 0;

		if (!listed(events, names[i]) || bpf_map_lookup_elem(fd, &i, v))
			continue;
		for (cpu = 0; cpu < n_cpus; cpu++)
			sum += v[cpu];
		fprintf(f, "%s %llu\n", names[i], (unsigned long long)sum);
	}
	free(v);
	if (f && path)
		fclose(f);
	return f ? 0 : -errno;
}

static int run(char **argv)
{
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -errno;
	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int main(int argc, char **argv)
{
	const char *path = "floor.bpf.o", *events = "switch,migrate";
	int opt, counting = 0, err, i, rc = 1;
	struct bpf_link *link[N_EVENTS] = { 0 };
	struct bpf_program *prog;
	struct bpf_object *obj;
	struct bpf_map *map;
	size_t size;

	while ((opt = getopt(argc, argv, "+co:e:")) != -1) {
		if (opt == 'c')
			counting = 1;
		else if (opt == 'o')
			path = optarg;
		else if (opt == 'e')
			events = optarg;
		else
			return 2;
	}
	if (optind >= argc)
		return 2;
	obj = bpf_object__open_file(path, NULL);
	if (!obj) {
		fprintf(stderr, "floor: cannot open %s: %s\n", path, strerror(errno));
		return 1;
	}
	bpf_object__for_each_map(map, obj) {
		int *value = strstr(bpf_map__name(map), ".rodata") ? (int *)bpf_map__initial_value(map, &size) : NULL;

		if (value && size >= sizeof(*value))
			*value = counting;
	}
	bpf_object__for_each_program(prog, obj)
		bpf_program__set_autoload(prog, listed(events, bpf_program__name(prog) + strlen("floor_")));
	err = bpf_object__load(obj);
	i = 0;
	if (!err)
		bpf_object__for_each_program(prog, obj)
			if (bpf_program__autoload(prog) && !(link[i++] = bpf_program__attach(prog)))
				err = -errno;
	if (err)
		fprintf(stderr, "floor: cannot load or attach: %s\n", strerror(-err));
	else
		rc = run(argv + optind);
	if (!err && counting)
		print_counts(obj, events);
	for (i = 0; i < N_EVENTS; i++)
		bpf_link__destroy(link[i]);
	bpf_object__close(obj);
	return rc;
}
