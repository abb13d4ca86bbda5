// SPDX-License-Identifier: GPL-2.0-only
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_make.h"
#include "trace_make.h"

/* lines are looked at: keep them */
static const char main_c[] =
	"#include <stdio.h>\n"                                                        /* 1 */
	"#include <stdlib.h>\n"                                                       /* 2 */
	"volatile int sink;\n"                                                        /* 3 */
	"static inline __attribute__((always_inline)) void innermost(int v)\n"        /* 4 */
	"{\n"                                                                         /* 5 */
	"\tsink += v;\n"                                                              /* 6 */
	"\t__asm__ volatile(\"here:\");\n"                                            /* 7 */
	"\tsink *= 3;\n"                                                              /* 8 */
	"}\n"                                                                         /* 9 */
	"static inline __attribute__((always_inline)) void middle(int v)\n"           /* 10 */
	"{\n"                                                                         /* 11 */
	"\tsink -= v;\n"                                                              /* 12 */
	"\tinnermost(v + 1);\n"                                                       /* 13 */
	"}\n"                                                                         /* 14 */
	"static __attribute__((noinline)) int outer(int v)\n"                         /* 15 */
	"{\n"                                                                         /* 16 */
	"\tfor (int i = 0; i < v; i++)\n"                                             /* 17 */
	"\t\tmiddle(i);\n"                                                            /* 18 */
	"\treturn sink;\n"                                                            /* 19 */
	"}\n"                                                                         /* 20 */
	"__attribute__((noinline)) int mangled(int v) __asm__(\"_ZN4work5cache3getIiEEiT_\");\n" /* 21 */
	"int mangled(int v) { return outer(v) * 2; }\n"                               /* 22 */
	"__attribute__((noinline, weak)) int rusty(void) __asm__(\"_RNvC6_123foo3bar\");\n" /* 23 */
	"int rusty(void) { return sink; }\n"                                          /* 24 */
	"int main(int argc, char **argv)\n"                                           /* 25 */
	"{\n"                                                                         /* 26 */
	"\tprintf(\"%d\\n\", mangled(argc) + rusty());\n"                             /* 27 */
	"\tputs(argv[0]);\n"                                                          /* 28 */
	"\treturn abs(rand()) & 1;\n"                                                 /* 29 */
	"}\n";                                                                        /* 30 */

static const char lib_c[] =
	"#include <string.h>\n"
	"static __attribute__((noinline)) int hidden(const char *s) { return (int)strlen(s) + 1; }\n"
	"int exported(const char *s) { return s ? hidden(s) : 0; }\n"
	"int other(int v) { return v ? exported(\"x\") + v : 0; }\n";

void elf_make_begin(struct elf_make *m)
{
	const char *tmp = getenv("TMPDIR");

	setenv("CC", "cc", 0);
	if (system("\"$CC\" --version >/dev/null 2>&1") && system("$CC --version >/dev/null 2>&1")) {
		puts("skipped: no C compiler");
		skip();
	}
	snprintf(m->dir, sizeof(m->dir), "%s/mmt-elf.XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(m->dir));
	trace_spill(elf_make_path(m, "main.c"), main_c, sizeof(main_c) - 1);
	trace_spill(elf_make_path(m, "lib.c"), lib_c, sizeof(lib_c) - 1);
}

void elf_make_end(struct elf_make *m)
{
	elf_make_sh(m, "rm -rf '%s'", m->dir);
}

static char *command(const struct elf_make *m, const char *fmt, va_list ap)
{
	char *cmd, *all;

	assert_true(vasprintf(&cmd, fmt, ap) >= 0);
	assert_true(asprintf(&all, "cd '%s' && %s", m->dir, cmd) >= 0);
	free(cmd);
	return all;
}

void elf_make_sh(const struct elf_make *m, const char *fmt, ...)
{
	va_list ap;
	char *cmd;

	va_start(ap, fmt);
	cmd = command(m, fmt, ap);
	va_end(ap);
	if (system(cmd))
		fail_msg("failed: %s", cmd);
	free(cmd);
}

char *elf_make_out(const struct elf_make *m, const char *fmt, ...)
{
	size_t len = 0, size = 1 << 16, n;
	char *cmd, *buf = malloc(size);
	va_list ap;
	FILE *p;

	va_start(ap, fmt);
	cmd = command(m, fmt, ap);
	va_end(ap);
	p = popen(cmd, "re");
	assert_non_null(p);
	while ((n = fread(buf + len, 1, size - len - 1, p)) > 0) {
		len += n;
		if (len + 1 == size)
			buf = realloc(buf, size *= 2);
		assert_non_null(buf);
	}
	buf[len] = 0;
	if (pclose(p))
		fail_msg("failed: %s", cmd);
	free(cmd);
	return buf;
}

bool elf_make_has(const char *tool)
{
	char cmd[128];

	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null 2>&1", tool);
	return !system(cmd);
}

const char *elf_make_path(const struct elf_make *m, const char *name)
{
	static char buf[8][256];
	static unsigned int k;

	k = (k + 1) % 8;
	snprintf(buf[k], sizeof(buf[k]), "%s/%s", m->dir, name);
	return buf[k];
}

uint64_t elf_make_nm(const struct elf_make *m, const char *file, const char *symbol)
{
	char *out = elf_make_out(m, "nm '%s' | awk -v s='%s' '$3 == s { print $1; exit }'", file, symbol);
	uint64_t v = strtoull(out, NULL, 16);

	if (!v)
		fail_msg("%s: no %s", file, symbol);
	free(out);
	return v;
}

void elf_make_at(const struct elf_make *m, const char *file, uint64_t vaddr, struct elf_at *out)
{
	struct elf_file f;
	struct stat st;

	memset(out, 0, sizeof(*out));
	snprintf(out->path, sizeof(out->path), "%s", elf_make_path(m, file));
	assert_int_equal(elf_file__open(out->path, &f), 0);
	assert_int_equal(fstat(f.fd, &st), 0);
	assert_true(elf_file__offset(&f, vaddr, &out->at.offset));
	memcpy(out->id, f.id, f.id_len);
	out->at.build_id = out->id;
	out->at.build_id_len = f.id_len;
	out->at.path = out->path;
	out->at.has_vaddr = true;
	out->at.vaddr = vaddr;
	out->at.inode = st.st_ino;
	out->at.mtime = (uint64_t)st.st_mtim.tv_sec * 1000000000ull + (uint64_t)st.st_mtim.tv_nsec;
	elf_file__close(&f);
}
