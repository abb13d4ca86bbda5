// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "maps_perf.h"
#include "perf_ring.h"

/* A program that is executed leaves about 1 kB: 5000 in the longest time between two passes, on one CPU. */
#define RING_BYTES (512u << 10)
#define RING_BYTES_MANY (256u << 10)
#define MANY_CPUS 16

/* Records as the kernel writes them (perf_event_open(2)); each ends with the time that sample_id_all asks for. */
struct rec_mmap2 {
	struct perf_event_header h;
	uint32_t pid, tid;
	uint64_t start, len, offset;
	union {
		struct {
			uint32_t major, minor;
			uint64_t inode, generation;
		} file;
		struct {
			uint8_t size, pad[3], id[20];
		} build;
	} u;
	uint32_t prot, flags;
	char path[];
};
_Static_assert(offsetof(struct rec_mmap2, path) == 72, "struct rec_mmap2 is as the kernel has it");

struct rec_task { /* of comm, too, to pid */
	struct perf_event_header h;
	uint32_t pid, ppid, tid, ptid;
};

struct rec_lost {
	struct perf_event_header h;
	uint64_t id, lost;
};

struct mmt_maps_perf {
	struct mmt_perf_ring *ring;
	bool build_ids;
	/* of the draining that goes on */
	struct mmt_map_rec *rec;
	size_t n, size;
	uint64_t clock_off, lost;
	uint64_t seq;
};

int mmt_maps_perf__open(struct mmt_maps_perf **out)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_DUMMY, .mmap = 1, .mmap2 = 1, .comm = 1, .comm_exec = 1,
		.task = 1, .sample_id_all = 1, .sample_type = PERF_SAMPLE_TIME, .use_clockid = 1, .clockid = CLOCK_MONOTONIC,
		.watermark = 1, .wakeup_watermark = INT32_MAX, .build_id = 1, /* nobody waits: passes look */
	};
	struct mmt_maps_perf *p = calloc(1, sizeof(*p));
	size_t bytes = sysconf(_SC_NPROCESSORS_ONLN) > MANY_CPUS ? RING_BYTES_MANY : RING_BYTES;
	unsigned int pages = (unsigned int)(bytes / (size_t)sysconf(_SC_PAGESIZE));
	int err;

	if (!p)
		return -ENOMEM;
	err = mmt_perf_ring__open(&attr, pages, &p->ring);
	if (err == -EINVAL) { /* before 5.12 */
		attr.build_id = 0;
		err = mmt_perf_ring__open(&attr, pages, &p->ring);
	}
	if (err) {
		free(p);
		return err;
	}
	p->build_ids = attr.build_id;
	mmt_perf_ring__enable(p->ring);
	*out = p;
	return 0;
}

void mmt_maps_perf__close(struct mmt_maps_perf *p)
{
	if (!p)
		return;
	mmt_perf_ring__close(p->ring);
	free(p->rec);
	free(p);
}

bool mmt_maps_perf__build_ids(const struct mmt_maps_perf *p)
{
	return p->build_ids;
}

uint64_t mmt_maps_perf__bytes(const struct mmt_maps_perf *p)
{
	return mmt_perf_ring__bytes(p->ring);
}

/* ------------------------------------------------------------------- draining */

static uint64_t time_of(const struct perf_event_header *h, uint64_t clock_off)
{
	uint64_t t;

	memcpy(&t, (const char *)h + h->size - sizeof(t), sizeof(t));
	return t - clock_off; /* either clock may be ahead */
}

static void fill_mmap(struct mmt_map_rec *r, const struct rec_mmap2 *e)
{
	r->type = MMT_MAP_REC_MMAP;
	r->pid = e->pid;
	r->start = e->start;
	r->end = e->start + e->len;
	r->offset = e->offset;
	if (e->h.misc & PERF_RECORD_MISC_MMAP_BUILD_ID) {
		r->id_len = e->u.build.size < sizeof(r->build_id) ? e->u.build.size : sizeof(r->build_id);
		memcpy(r->build_id, e->u.build.id, r->id_len);
	} else {
		r->dev = (uint64_t)e->u.file.major << 20 | e->u.file.minor;
		r->inode = e->u.file.inode;
	}
}

static int add_record(struct mmt_maps_perf *p, struct mmt_map_rec *r, const char *path, size_t room)
{
	struct mmt_map_rec *v;

	if (p->n == p->size) {
		size_t size = p->size ? p->size * 2 : 256;

		v = realloc(p->rec, size * sizeof(*v));
		if (!v)
			return -ENOMEM;
		p->rec = v;
		p->size = size;
	}
	r->path = strndup(path, room);
	if (!r->path)
		return -ENOMEM;
	p->rec[p->n++] = *r;
	return 0;
}

static int on_record(void *ctx, unsigned int cpu, const struct perf_event_header *h)
{
	struct mmt_maps_perf *p = ctx;
	const struct rec_mmap2 *m = (const struct rec_mmap2 *)h;
	const struct rec_task *t = (const struct rec_task *)h;
	struct mmt_map_rec r = { .seq = p->seq++, .time = time_of(h, p->clock_off) };

	(void)cpu;
	if (h->type == PERF_RECORD_LOST) {
		p->lost += ((const struct rec_lost *)h)->lost;
	} else if (h->type == PERF_RECORD_MMAP2 && m->prot & PROT_EXEC) {
		fill_mmap(&r, m);
		return add_record(p, &r, m->path, h->size - offsetof(struct rec_mmap2, path) - sizeof(uint64_t));
	} else if (h->type == PERF_RECORD_COMM && h->misc & PERF_RECORD_MISC_COMM_EXEC) {
		r.type = MMT_MAP_REC_EXEC;
		r.pid = t->pid;
		return add_record(p, &r, "", 0);
	} else if (h->type == PERF_RECORD_FORK && t->pid != t->ppid) {
		r.type = MMT_MAP_REC_FORK;
		r.pid = t->pid;
		r.ppid = t->ppid;
		return add_record(p, &r, "", 0);
	}
	return 0;
}

void mmt_maps_perf__cpus(struct mmt_maps_perf *p)
{
	mmt_perf_ring__cpus(p->ring, on_record, p); /* what they left waits for the next draining */
}

int mmt_maps_perf__drain(struct mmt_maps_perf *p, uint64_t clock_off, struct mmt_map_rec **rec, size_t *n, uint64_t *lost)
{
	int err;

	p->clock_off = clock_off;
	p->lost = 0;
	err = mmt_perf_ring__read(p->ring, on_record, p);
	*lost = p->lost;
	*rec = p->rec;
	*n = p->n;
	p->rec = NULL;
	p->n = p->size = 0;
	return err;
}
