// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

ssize_t mmt_read_file(const char *path, char *buf, size_t size)
{
	size_t len = 0;
	ssize_t n = 0;
	int fd, err = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	while (len + 1 < size) {
		n = read(fd, buf + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	if (n < 0)
		err = -errno;
	buf[len] = 0;
	close(fd);
	return err ? err : (ssize_t)len;
}

int mmt_read_u64(const char *path, uint64_t *v)
{
	char buf[64], *end;
	ssize_t n = mmt_read_file(path, buf, sizeof(buf));

	if (n < 0)
		return (int)n;
	errno = 0;
	*v = strtoull(buf, &end, 10);
	return end == buf || errno ? -EINVAL : 0;
}

int mmt_read_first(const char *path, unsigned int *v)
{
	uint64_t x;
	int err = mmt_read_u64(path, &x);

	if (!err)
		*v = (unsigned int)x;
	return err;
}

bool mmt_is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")];
}
