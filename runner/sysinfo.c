// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sysinfo.h"

#ifndef MMT_VERSION
#define MMT_VERSION "0"
#endif

#define CPU_DIR "/sys/devices/system/cpu"

/* First line of a file, trimmed; "" when it cannot be read. */
static void first_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	*buf = '\0';
	if (!f)
		return;
	if (fgets(buf, (int)size, f)) {
		n = strlen(buf);
		while (n && isspace((unsigned char)buf[n - 1]))
			buf[--n] = '\0';
	}
	fclose(f);
}

static int fact(struct conf_pairs *p, const char *key, const char *value)
{
	return *value ? conf_pairs_set(p, key, value) : 0;
}

static int fact_file(struct conf_pairs *p, const char *key, const char *path)
{
	char line[4096];

	first_line(path, line, sizeof(line));
	return fact(p, key, line);
}

/* "always [madvise] never" -> "madvise" */
static int fact_choice(struct conf_pairs *p, const char *key, const char *path)
{
	char line[512], *open, *close;

	first_line(path, line, sizeof(line));
	open = strchr(line, '[');
	close = open ? strchr(open, ']') : NULL;
	if (!close)
		return fact(p, key, line);
	*close = '\0';
	return fact(p, key, open + 1);
}

static int fact_cpuinfo(struct conf_pairs *p)
{
	FILE *f = fopen("/proc/cpuinfo", "re");
	char line[1024], *colon;
	int left = 2, err = 0;

	while (f && left && !err && fgets(line, sizeof(line), f)) {
		colon = strchr(line, ':');
		if (!colon)
			continue;
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "model name", 10))
			err = fact(p, "cpu.model", colon + 2);
		else if (!strncmp(line, "microcode", 9))
			err = fact(p, "cpu.microcode", colon + 2);
		else
			continue;
		left--;
	}
	if (f)
		fclose(f);
	return err;
}

/* First line of what a program prints; hung programs are not waited for: these are --version calls. */
static void first_output(const char *command, char *buf, size_t size)
{
	FILE *f = popen(command, "re");

	*buf = '\0';
	if (!f)
		return;
	if (fgets(buf, (int)size, f))
		buf[strcspn(buf, "\n")] = '\0';
	pclose(f);
}

/* "spectre_v2=Mitigation: ...; ..." of all that concern this CPU */
static int fact_mitigations(struct conf_pairs *p)
{
	struct dirent **e;
	char path[PATH_MAX], line[512], *all = NULL;
	size_t size;
	FILE *f = open_memstream(&all, &size);
	int n, err;

	if (!f)
		return -ENOMEM;
	n = scandir(CPU_DIR "/vulnerabilities", &e, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), CPU_DIR "/vulnerabilities/%s", e[i]->d_name);
		first_line(path, line, sizeof(line));
		if (e[i]->d_name[0] != '.' && *line && strcmp(line, "Not affected"))
			fprintf(f, "%s%s=%s", ftell(f) ? "; " : "", e[i]->d_name, line);
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	if (fclose(f))
		return -ENOMEM;
	err = fact(p, "mitigations", all);
	free(all);
	return err;
}

int sysinfo_facts(struct conf_pairs *p)
{
	static const struct { const char *key, *path; bool choice; } files[] = {
		{ "kernel.cmdline", "/proc/cmdline", false },
		{ "boot.id", "/proc/sys/kernel/random/boot_id", false },
		{ "clocksource", "/sys/devices/system/clocksource/clocksource0/current_clocksource", false },
		{ "numa_balancing", "/proc/sys/kernel/numa_balancing", false },
		{ "thp", "/sys/kernel/mm/transparent_hugepage/enabled", true },
		{ "thp.defrag", "/sys/kernel/mm/transparent_hugepage/defrag", true },
		{ "governor", CPU_DIR "/cpu0/cpufreq/scaling_governor", false },
		{ "cpufreq.driver", CPU_DIR "/cpu0/cpufreq/scaling_driver", false },
		{ "no_turbo", CPU_DIR "/intel_pstate/no_turbo", false },
		{ "cpuidle.driver", CPU_DIR "/cpuidle/current_driver", false },
		{ "cpuidle.governor", CPU_DIR "/cpuidle/current_governor", false },
		{ "smt", CPU_DIR "/smt/control", false },
		{ "cpu.isolated", CPU_DIR "/isolated", false },
		{ "preempt", "/sys/kernel/debug/sched/preempt", true },
		{ "autogroup", "/proc/sys/kernel/sched_autogroup_enabled", false },
		{ "hypervisor", "/sys/hypervisor/type", false },
		{ "cgroup", "/proc/self/cgroup", false },
	};
	struct utsname u;
	char line[512];
	int err = 0;

	if (!uname(&u)) {
		err = fact(p, "kernel.release", u.release);
		err = err ? err : fact(p, "kernel.version", u.version);
		err = err ? err : fact(p, "machine.arch", u.machine);
		err = err ? err : fact(p, "host.name", u.nodename);
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !err; i++)
		err = files[i].choice ? fact_choice(p, files[i].key, files[i].path) :
					fact_file(p, files[i].key, files[i].path);
	err = err ? err : fact_cpuinfo(p);
	err = err ? err : fact_mitigations(p);
	first_output("gcc --version 2>/dev/null", line, sizeof(line));
	err = err ? err : fact(p, "version.gcc", line);
	err = err ? err : fact(p, "version.libc", gnu_get_libc_version());
	return err ? err : fact(p, "tool.version", MMT_VERSION);
}

static FILE *create(const char *dir, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "we");
}

static void copy_file(const char *dir, const char *name, const char *from)
{
	FILE *in = fopen(from, "re"), *out = NULL;
	char buf[65536];
	size_t n;

	while (in && (n = fread(buf, 1, sizeof(buf), in))) {
		if (!out)
			out = create(dir, name);
		if (!out || fwrite(buf, 1, n, out) != n)
			break;
	}
	if (in)
		fclose(in);
	if (out)
		fclose(out);
}

/* name: value of every file of a directory whose name begins with prefix */
static void list_dir(const char *dir, const char *name, const char *from, const char *prefix)
{
	char path[PATH_MAX], line[4096];
	struct dirent **e;
	FILE *f = NULL;
	int n = scandir(from, &e, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", from, e[i]->d_name);
		if (e[i]->d_name[0] != '.' && !strncmp(e[i]->d_name, prefix, strlen(prefix))) {
			first_line(path, line, sizeof(line));
			if (*line && !f)
				f = create(dir, name);
			if (*line && f)
				fprintf(f, "%s: %s\n", e[i]->d_name, line);
		}
		free(e[i]);
	}
	if (n >= 0)
		free(e);
	if (f)
		fclose(f);
}

static void dmesg_tail(const char *dir)
{
	int size = klogctl(10 /* size of the log */, NULL, 0), n;
	char *buf = size > 0 ? malloc((size_t)size) : NULL, *p;
	FILE *f;

	if (!buf)
		return;
	n = klogctl(3 /* read all */, buf, size);
	if (n > 0) {
		p = buf + (n > 65536 ? n - 65536 : 0);
		f = create(dir, "dmesg");
		if (f) {
			fwrite(p, 1, (size_t)(buf + n - p), f);
			fclose(f);
		}
	}
	free(buf);
}

static void cpu_topology(const char *dir)
{
	static const char *const files[] = {
		"topology/physical_package_id", "topology/core_id", "topology/thread_siblings_list", "cache/index3/shared_cpu_list",
		"cpufreq/scaling_governor", "cpufreq/scaling_max_freq",
	};
	FILE *f = create(dir, "cpu-topology");
	char path[PATH_MAX], line[256];

	if (!f)
		return;
	fputs("cpu\tsocket\tcore\tsiblings\tllc\tgovernor\tmax_khz\n", f);
	for (int cpu = 0; cpu < 8192; cpu++) {
		snprintf(path, sizeof(path), CPU_DIR "/cpu%d", cpu);
		if (access(path, F_OK))
			break;
		fprintf(f, "%d", cpu);
		for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
			snprintf(path, sizeof(path), CPU_DIR "/cpu%d/%s", cpu, files[i]);
			first_line(path, line, sizeof(line));
			fprintf(f, "\t%s", *line ? line : "_");
		}
		fputc('\n', f);
	}
	fclose(f);
}

static void cpuidle_states(const char *dir)
{
	char path[PATH_MAX], name[64], latency[32], disabled[32];
	FILE *f = NULL;

	for (int i = 0; i < 32; i++) {
		snprintf(path, sizeof(path), CPU_DIR "/cpu0/cpuidle/state%d/name", i);
		first_line(path, name, sizeof(name));
		if (!*name)
			break;
		snprintf(path, sizeof(path), CPU_DIR "/cpu0/cpuidle/state%d/latency", i);
		first_line(path, latency, sizeof(latency));
		snprintf(path, sizeof(path), CPU_DIR "/cpu0/cpuidle/state%d/disable", i);
		first_line(path, disabled, sizeof(disabled));
		if (!f)
			f = create(dir, "cstate-latencies");
		if (f)
			fprintf(f, "state%d %s latency %s us disabled %s\n", i, name, latency, disabled);
	}
	if (f)
		fclose(f);
}

static void kconfig(const char *dir)
{
	struct utsname u;
	char from[PATH_MAX], name[300];

	if (uname(&u))
		return;
	snprintf(name, sizeof(name), "kconfig-%s.txt", u.release);
	snprintf(from, sizeof(from), "/boot/config-%s", u.release);
	if (!access(from, R_OK)) {
		copy_file(dir, name, from);
		return;
	}
	strcat(name, ".gz");
	copy_file(dir, name, "/proc/config.gz");
}

int sysinfo_write(const char *dir, const struct conf_pairs *facts)
{
	static const struct { const char *name, *from; } files[] = {
		{ "cmdline", "/proc/cmdline" }, { "cpuinfo", "/proc/cpuinfo" }, { "meminfo", "/proc/meminfo" },
		{ "os-release", "/etc/os-release" }, { "cgroup", "/proc/self/cgroup" }, { "mounts", "/proc/self/mounts" },
		{ "kernel-version", "/proc/version" }, { "interrupts", "/proc/interrupts" },
	};
	FILE *f = create(dir, "facts.tsv");

	if (!f)
		return -errno;
	for (size_t i = 0; i < facts->n; i++)
		fprintf(f, "%s\t%s\n", facts->v[i].key, facts->v[i].value);
	if (fclose(f))
		return -errno;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		copy_file(dir, files[i].name, files[i].from);
	list_dir(dir, "cpu-vulnerabilities", CPU_DIR "/vulnerabilities", "");
	list_dir(dir, "sysctl-kernel-sched", "/proc/sys/kernel", "sched_");
	list_dir(dir, "sysctl-kernel-numa", "/proc/sys/kernel", "numa_");
	list_dir(dir, "sysctl-vm", "/proc/sys/vm", "");
	list_dir(dir, "thp", "/sys/kernel/mm/transparent_hugepage", "");
	cpu_topology(dir);
	cpuidle_states(dir);
	kconfig(dir);
	dmesg_tail(dir);
	return 0;
}
