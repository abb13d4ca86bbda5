// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "elf_file.h"

#define MMAP_FROM (64u << 20) /* below, a copy: a file that is cut while it is read cannot end the program */

static bool take_build_id(struct elf_file *f, Elf_Data *data)
{
	size_t at = 0, next, name, desc;
	GElf_Nhdr n;

	while (data && (next = gelf_getnote(data, at, &n, &name, &desc)) > 0) {
		const char *base = data->d_buf;

		if (n.n_type == NT_GNU_BUILD_ID && n.n_namesz == sizeof("GNU") && !memcmp(base + name, "GNU", 4) &&
		    n.n_descsz && n.n_descsz <= ELF_ID_MAX) {
			memcpy(f->id, base + desc, n.n_descsz);
			f->id_len = n.n_descsz;
			return true;
		}
		at = next;
	}
	return false;
}

static void take_debuglink(struct elf_file *f, Elf_Scn *scn)
{
	Elf_Data *d = elf_rawdata(scn, NULL);
	const char *s = d ? d->d_buf : NULL;
	size_t len = s ? strnlen(s, d->d_size) : 0, at = (len + 4) & ~(size_t)3;
	uint8_t c[4];

	if (!len || at + 4 > d->d_size || strchr(s, '/'))
		return;
	memcpy(c, s + at, 4);
	f->debuglink = s;
	f->debuglink_crc = elf_getident(f->elf, NULL)[EI_DATA] == ELFDATA2MSB ?
			   (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 | (uint32_t)c[2] << 8 | c[3] :
			   (uint32_t)c[3] << 24 | (uint32_t)c[2] << 16 | (uint32_t)c[1] << 8 | c[0];
}

/* Sections first: in a debug file the segments say where the code was, not what is here. */
static void read_sections(struct elf_file *f)
{
	size_t shstr = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	if (elf_getshdrstrndx(f->elf, &shstr))
		return;
	while ((scn = elf_nextscn(f->elf, scn))) {
		const char *name = gelf_getshdr(scn, &sh) ? elf_strptr(f->elf, shstr, sh.sh_name) : NULL;

		if (!name || sh.sh_type == SHT_NOBITS)
			continue;
		if (sh.sh_type == SHT_NOTE && !f->id_len)
			take_build_id(f, elf_getdata(scn, NULL));
		else if (!strcmp(name, ".gnu_debuglink"))
			take_debuglink(f, scn);
		else if (!strcmp(name, ".debug_info") || !strcmp(name, ".zdebug_info"))
			f->has_dwarf = true;
	}
}

static void read_segments(struct elf_file *f)
{
	bool first = true;
	size_t n = 0, i;
	GElf_Phdr ph;

	if (elf_getphdrnum(f->elf, &n))
		return;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &ph))
			continue;
		if (ph.p_type == PT_LOAD && first) {
			f->first_vaddr = ph.p_vaddr;
			first = false;
		}
		if (ph.p_type == PT_NOTE && !f->id_len)
			take_build_id(f, elf_getdata_rawchunk(f->elf, (int64_t)ph.p_offset, ph.p_filesz,
							      ph.p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR));
	}
}

static int read_elf(struct elf_file *f)
{
	GElf_Ehdr eh;

	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &eh))
		return -ENOEXEC;
	f->machine = eh.e_machine;
	read_sections(f);
	read_segments(f);
	return 0;
}

int elf_file__open(const char *path, struct elf_file *f)
{
	struct stat st;
	int err;

	memset(f, 0, sizeof(*f));
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	f->fd = -1;
	/* a path of a trace may be anything here, also a device that does something when it is opened */
	if (stat(path, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOEXEC;
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (f->fd < 0)
		return -errno;
	if (fstat(f->fd, &st) || !S_ISREG(st.st_mode)) {
		err = -ENOEXEC;
		goto err_close;
	}
	f->path = strdup(path);
	f->elf = elf_begin(f->fd, st.st_size > (off_t)MMAP_FROM ? ELF_C_READ_MMAP : ELF_C_READ, NULL);
	err = f->path ? read_elf(f) : -ENOMEM;
	if (err)
		goto err_close;
	return 0;
err_close:
	elf_file__close(f);
	return err;
}

int elf_file__image(void *image, size_t size, struct elf_file *f)
{
	int err;

	memset(f, 0, sizeof(*f));
	f->fd = -1;
	if (elf_version(EV_CURRENT) == EV_NONE)
		return -ENOTSUP;
	f->elf = elf_memory(image, size);
	err = read_elf(f);
	if (err)
		elf_file__close(f);
	return err;
}

void elf_file__close(struct elf_file *f)
{
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	memset(f, 0, sizeof(*f));
	f->fd = -1;
}

/* The segment that holds an offset of the file, or an address; of two the one with code. */
static bool find_segment(const struct elf_file *f, uint64_t x, bool is_offset, GElf_Phdr *out)
{
	bool found = false;
	size_t n = 0, i;
	GElf_Phdr ph;

	if (elf_getphdrnum(f->elf, &n))
		return false;
	for (i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, (int)i, &ph) || ph.p_type != PT_LOAD)
			continue;
		if (x - (is_offset ? ph.p_offset : ph.p_vaddr) >= ph.p_filesz)
			continue;
		if (!found || ph.p_flags & PF_X)
			*out = ph;
		found = true;
	}
	return found;
}

bool elf_file__vaddr(const struct elf_file *f, uint64_t offset, uint64_t *vaddr)
{
	GElf_Phdr ph;

	if (!find_segment(f, offset, true, &ph))
		return false;
	*vaddr = offset - ph.p_offset + ph.p_vaddr;
	return true;
}

bool elf_file__offset(const struct elf_file *f, uint64_t vaddr, uint64_t *offset)
{
	GElf_Phdr ph;

	if (!find_segment(f, vaddr, false, &ph))
		return false;
	*offset = vaddr - ph.p_vaddr + ph.p_offset;
	return true;
}

bool elf_file__read(const struct elf_file *f, uint64_t offset, void *buf, size_t n)
{
	return f->fd >= 0 && pread(f->fd, buf, n, (off_t)offset) == (ssize_t)n;
}

int elf_file__crc(const char *path, uint32_t *crc)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY), err = 0;
	unsigned long c = crc32(0, NULL, 0);
	uint8_t buf[65536];
	ssize_t n;

	if (fd < 0)
		return -errno;
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		c = crc32(c, buf, (unsigned int)n);
	if (n < 0)
		err = -errno;
	close(fd);
	*crc = (uint32_t)c;
	return err;
}
