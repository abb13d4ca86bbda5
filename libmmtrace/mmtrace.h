/* SPDX-License-Identifier: LGPL-2.1-only OR BSD-2-Clause */
/*
 * libmmtrace: write, read and recover .mmt trace files.
 *
 * No BPF, no perf, no printing, no globals. Functions return 0 (or a count) or a
 * negative errno; destructors accept NULL; every options struct starts with its size.
 * The file format is documented byte by byte in mmtrace-format(5).
 */
#ifndef MMTRACE_H
#define MMTRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MMT_FORMAT_MAJOR 1 /* a reader refuses another major */
#define MMT_FORMAT_MINOR 0 /* a minor only adds */

#ifndef MMT_API
#define MMT_API __attribute__((visibility("default")))
#endif

enum mmt_log_level { MMT_LOG_ERROR, MMT_LOG_WARN, MMT_LOG_INFO, MMT_LOG_DEBUG };
typedef void (*mmt_log_fn)(void *ctx, enum mmt_log_level level, const char *msg);

/* ------------------------------------------------------------------ schema */

enum mmt_kind { MMT_KIND_EVENT = 1, MMT_KIND_TABLE = 2 };

/* How a field's value is to be understood (append-only). */
enum mmt_fmt {
	MMT_FMT_U64 = 1,  /* unsigned number */
	MMT_FMT_S64 = 2,  /* signed number, stored in the low 64 bits */
	MMT_FMT_TIME = 3, /* instant: ns of the trace clock */
	MMT_FMT_NS = 4,   /* duration, ns */
	MMT_FMT_TID = 5,
	MMT_FMT_CPU = 6,
	MMT_FMT_HEX = 7,
	MMT_FMT_ENUM = 8, /* names in mmt_field.unit, comma separated, from 0 */
	MMT_FMT_STR = 9,  /* bytes: UTF-8 text */
	MMT_FMT_HIST = 10, /* bytes: sparse log-linear histogram, see mmt_hist_unpack() */
	MMT_FMT_VEC = 11, /* bytes: vector of varints, see mmt_vec_unpack() */
	MMT_FMT_BYTES = 12,
};

enum mmt_role {
	MMT_ROLE_KEY = 1, /* event: part of the interned 64-bit key, `bits` wide */
	MMT_ROLE_ARG = 2, /* event: one varint per event, in field order */
	MMT_ROLE_COL = 3, /* table: a column */
};

struct mmt_field {
	const char *name;
	uint8_t fmt;  /* enum mmt_fmt */
	uint8_t role; /* enum mmt_role */
	uint8_t bits; /* KEY: width; the fields of a key pack from bit 0 upward, <= 56 bits in all */
	const char *unit; /* "ns", "count", ...; ENUM: value names */
	const char *desc;
};

struct mmt_type {
	uint16_t id; /* events 1..255, tables 256..65535; never reused */
	uint8_t kind;
	const char *name;
	const char *desc;
	uint16_t n_fields;
	const struct mmt_field *fields;
};

/* An event's key: the type in the top 8 bits, its KEY fields packed from bit 0. */
#define MMT_KEY_TYPE_SHIFT 56
#define MMT_KEY(type, packed) (((uint64_t)(type) << MMT_KEY_TYPE_SHIFT) | (uint64_t)(packed))
static inline unsigned int mmt_key_type(uint64_t key)
{
	return (unsigned int)(key >> MMT_KEY_TYPE_SHIFT);
}

/* Standard event types (append-only; the table is in types.c). */
enum {
	MMT_EV_SWITCH = 1,   /* state:4 next:24; prev is the previous switch's next in this stream */
	MMT_EV_SWITCHX = 2,  /* state:4 next:24 prev:24; prev is explicit (first in a block, after a gap) */
	MMT_EV_WAKEUP = 3,   /* flags:4 (bit 0: new task) tid:24 cpu:16 (target) */
	MMT_EV_WAKEUPR = 4,  /* as WAKEUP; arg delay: ns from wake request to enqueue on a remote CPU */
	MMT_EV_MIGRATE = 5,  /* tid:24 orig:16 dest:16 */
	MMT_EV_WAKING = 6,   /* tid:24; optional, on the waker's CPU */
	MMT_EV_FORK = 7,     /* tid:24 (child) ptid:24; arg cpu */
	MMT_EV_EXEC = 8,     /* tid:24 old_tid:24; arg cpu */
	MMT_EV_EXIT = 9,     /* tid:24; arg cpu, arg exit code */
	MMT_EV_LOST = 10,    /* class:4; arg count: records of that class lost before this point */
};

/* enum of a switched-out task's state in MMT_EV_SWITCH */
enum mmt_task_state {
	MMT_STATE_R = 0,  /* preempted: involuntary, still runnable */
	MMT_STATE_Y = 1,  /* involuntary by the kernel's count, but not by preemption: yield, or a signal was pending */
	MMT_STATE_S = 2,  /* interruptible sleep */
	MMT_STATE_D = 3,  /* uninterruptible sleep */
	MMT_STATE_T = 4,  /* stopped or traced */
	MMT_STATE_X = 5,  /* dead: the last switch of this task epoch */
	MMT_STATE_I = 6,  /* idle kernel thread sleep (TASK_IDLE) */
	MMT_STATE_P = 7,  /* parked */
};

/* Loss classes: indices of lost[] in a chunk header and of MMT_EV_LOST. */
enum { MMT_CLASS_SWITCH, MMT_CLASS_WAKEUP, MMT_CLASS_MIGRATE, MMT_CLASS_TASK, MMT_N_CLASSES };

/* Streams: 0..65535 are CPUs; above are channels that are not per CPU. */
#define MMT_STREAM_TASKS 0x10000u /* fork, exec, exit */

/* Standard tables. */
enum {
	MMT_TB_META = 256,
	MMT_TB_MARK = 257,
	MMT_TB_CLOCK = 258,
	MMT_TB_CPU = 259,
	MMT_TB_NODE = 260,
	MMT_TB_TASK = 261,
	MMT_TB_CGROUP = 262,
	MMT_TB_TASK_TOTALS = 263,
	MMT_TB_CPU_TOTALS = 264,
	MMT_TB_COUNTER = 265,
	MMT_TB_FOOTPRINT = 266,
	MMT_TB_NOTE = 267,
	MMT_TB_SYSCALL_TOTALS = 268,
	MMT_TB_FAULT_TOTALS = 269,
	MMT_TB_FAULT_SAMPLE = 270,
	MMT_TB_STACK = 271,
	MMT_TB_MAPPING = 272,
	MMT_TB_KSYM = 273,
	MMT_TB_SYMBOL = 274,
	MMT_TB_OFF_CPU = 275,
	MMT_TB_WAKER = 276,
	MMT_TB_CPU_SAMPLE = 277,
	MMT_TB_PLACEMENT = 278,
	MMT_TB_FAULT_LATENCY = 279,
	MMT_TB_NUMA_TOTALS = 280,
	MMT_TB_PAGE_MIGRATION = 281,
	MMT_TB_VM = 282,
	MMT_TB_VCPU = 283,
	MMT_TB_KVM_TOTALS = 284,
	MMT_TB_CPU_LOAD = 285,
	MMT_TB_PERF_COUNTER = 286,
	MMT_TB_NODE_MIGRATION = 287,
	MMT_TB_IMAGE = 288,
};

/* flags of a stack row */
enum {
	MMT_STACK_TRUNCATED = 1,    /* deeper than the kernel goes: callers are missing */
	MMT_STACK_NO_FRAMES = 2,    /* suspected: the code keeps no frame pointers, callers are missing */
	MMT_STACK_UNREADABLE = 4,   /* the kernel could not walk it: no frame but the first, or none */
};

/* flags of a mapping row */
enum {
	MMT_MAP_DELETED = 1,    /* its file had no name any more */
	MMT_MAP_VDSO = 2,       /* code of the kernel's in the process */
	MMT_MAP_ANON = 4,       /* no file: code made at run time */
	MMT_MAP_NO_BUILD_ID = 8, /* the file was read and has none */
	MMT_MAP_UNREAD = 16,    /* the file could not be read: whether it has one is not known */
	MMT_MAP_HAS_VADDR = 32, /* `vaddr` is known */
	MMT_MAP_EXACT = 64,     /* `first` is when it was mapped: before that it was not there */
};

/* flags of an off_cpu row */
enum { MMT_OFF_PREEMPTED = 1, MMT_OFF_IOWAIT = 2, MMT_OFF_UNINTERRUPTIBLE = 4 };
/* flags of a waker row */
enum { MMT_WAKER_IRQ = 1 };
/* flags of a cpu_sample row */
enum { MMT_CPU_SAMPLE_USER = 1 };

/* flags of a symbol row */
enum {
	MMT_SYM_INLINED = 1, /* inlined into the function of the next depth */
	MMT_SYM_PLT = 2,     /* a jump into another file, made by the linker */
	MMT_SYM_JIT = 4,     /* code made at run time */
};

MMT_API const struct mmt_type *mmt_std_types(size_t *n);
MMT_API const struct mmt_type *mmt_std_type(uint16_t id);
/* Index of a field by name, or -ENOENT. */
MMT_API int mmt_type__field(const struct mmt_type *t, const char *name);

/* -------------------------------------------------------------- histograms */

/*
 * Log-linear histogram, 2^5 sub-buckets per octave, 1 ns .. 137 s (the last bucket
 * takes what is above). Bucket i < 64 holds the value i; above, bucket
 * (shift << 5) + (v >> shift) with shift = msb(v) - 5. Relative width <= 3.1 %.
 */
#define MMT_HIST_BUCKETS 1056
struct mmt_hist {
	uint64_t n, sum, max; /* exact; sum and max in ns */
	uint64_t count[MMT_HIST_BUCKETS];
};
MMT_API unsigned int mmt_hist_bucket(uint64_t v);
MMT_API void mmt_hist_range(unsigned int bucket, uint64_t *lo, uint64_t *hi); /* inclusive */
MMT_API void mmt_hist_add(struct mmt_hist *h, uint64_t v);
MMT_API void mmt_hist_merge(struct mmt_hist *to, const struct mmt_hist *from);
/* q in [0,1]; the bucket's [lo,hi] that holds the quantile; -ENODATA when empty. */
MMT_API int mmt_hist_quantile(const struct mmt_hist *h, double q, uint64_t *lo, uint64_t *hi);
/* Sparse bytes <-> counts. pack returns the length or -ENOSPC; unpack adds to counts, -EBADMSG on nonsense. */
MMT_API int mmt_hist_pack(const uint32_t *count, size_t n, uint8_t *buf, size_t size);
MMT_API int mmt_hist_unpack(const void *buf, size_t len, struct mmt_hist *h);
MMT_API int mmt_vec_pack(const uint64_t *v, size_t n, uint8_t *buf, size_t size);
/* returns the number of values in the vector (at most max stored), or -EBADMSG */
MMT_API int mmt_vec_unpack(const void *buf, size_t len, uint64_t *v, size_t max);

/* ------------------------------------------------------------------ writer */

struct mmt_writer;

struct mmt_writer_opts {
	size_t sz;
	mmt_log_fn log;
	void *log_ctx;
	uint8_t time_shift;  /* event times, and event arguments of format NS, are kept in units of 2^time_shift ns; default 0 */
	int level;           /* zlib level 1..9; -1 stores raw; 0 means the default (1) */
	const struct mmt_type *extra_types; /* beside the standard ones */
	size_t n_extra_types;
};

struct mmt_event {
	uint64_t time; /* ns, non-decreasing within a stream; what goes back is kept at the last time */
	uint64_t key;
};

/* A cell of a table row: u for scalar formats, (p, len) for STR/HIST/VEC/BYTES. */
struct mmt_cell {
	uint64_t u;
	const void *p;
	uint32_t len;
};

/* path "-" is standard output. -EEXIST is never returned: an existing file is replaced. */
MMT_API int mmt_writer__open(const char *path, const struct mmt_writer_opts *opts, struct mmt_writer **out);
MMT_API int mmt_writer__open_fd(int fd, const struct mmt_writer_opts *opts, struct mmt_writer **out);
/*
 * No file: every row goes to fn at once, which may keep nothing of the cells and whose
 * error mmt_writer__row() returns; events are dropped. For live views of what would be written.
 */
typedef int (*mmt_row_fn)(void *ctx, const struct mmt_type *type, const struct mmt_cell *cells);
MMT_API int mmt_writer__open_rows(mmt_row_fn fn, void *ctx, const struct mmt_writer_opts *opts, struct mmt_writer **out);
/*
 * Append n events to a stream; args holds the ARG fields of all of them in order.
 * Nothing is written before mmt_writer__seal(), or when about 4 MB are pending.
 */
MMT_API int mmt_writer__events(struct mmt_writer *w, uint32_t stream, const struct mmt_event *ev, size_t n,
			       const uint64_t *args, size_t n_args);
/* lost[class] records of the stream were lost since the last call; goes into the next chunk header. */
MMT_API void mmt_writer__lost(struct mmt_writer *w, const uint64_t lost[MMT_N_CLASSES]);
/* Append one row (n_cells = the type's fields). Rows are sealed with the events. */
MMT_API int mmt_writer__row(struct mmt_writer *w, uint16_t table, const struct mmt_cell *cells, size_t n_cells);
/* Seal what is pending into chunks and write them. Tables go before events. */
MMT_API int mmt_writer__seal(struct mmt_writer *w);
MMT_API uint64_t mmt_writer__bytes(const struct mmt_writer *w);  /* written so far */
MMT_API uint64_t mmt_writer__pending(const struct mmt_writer *w); /* buffered, before compression */
/* Seal, write index and trailer, close. The writer is freed whatever is returned. */
MMT_API int mmt_writer__close(struct mmt_writer *w);
/* Free without index and trailer: as if the process had been killed. */
MMT_API void mmt_writer__abandon(struct mmt_writer *w);

/* ------------------------------------------------------------------ reader */

struct mmt_reader;

struct mmt_reader_opts {
	size_t sz;
	mmt_log_fn log;
	void *log_ctx;
	unsigned int part, n_parts; /* event chunks with index % n_parts == part only; 0,0 = all (for threads) */
	bool no_events; /* skip event chunks without inflating them */
};

struct mmt_block { /* one stream's events of one chunk, in time order */
	uint32_t stream;
	uint32_t n;
	const uint64_t *time; /* ns */
	const uint32_t *sym;  /* index into mmt_chunk.keys */
	const uint64_t *args; /* flattened; mmt_chunk.key_args[sym] per event */
	size_t n_args;
};

struct mmt_rows { /* rows of one table of one chunk */
	const struct mmt_type *type;
	uint32_t n;
	const struct mmt_cell *cells; /* row-major: cells[row * type->n_fields + field] */
};

struct mmt_chunk { /* valid until the next call on the reader */
	uint64_t offset, seq;
	uint64_t first_time, last_time; /* ns */
	uint32_t lost[MMT_N_CLASSES];
	uint32_t stored_len, raw_len;
	/* events */
	const struct mmt_block *blocks;
	uint32_t n_blocks;
	const uint64_t *keys; /* interned keys of this chunk */
	const uint8_t *key_args; /* number of ARG fields by key */
	uint32_t n_keys;
	/* tables */
	const struct mmt_rows *tables;
	uint32_t n_tables;
};

struct mmt_status {
	size_t sz;
	bool complete;          /* index and trailer are there */
	uint64_t size;          /* bytes of the file */
	uint64_t good_chunks;
	uint64_t bad_chunks;    /* CRC or structure did not hold; skipped */
	uint64_t skipped_bytes; /* not part of any good chunk */
	uint64_t last_time;     /* of the last good chunk */
	uint64_t missing_seq;   /* gaps in the chunk sequence */
	char line[256];         /* the one line for people; "" when complete and clean */
};

/* -EPROTO: not a trace; -ENOTSUP: another major version; path "-" is standard input. */
MMT_API int mmt_reader__open(const char *path, const struct mmt_reader_opts *opts, struct mmt_reader **out);
MMT_API void mmt_reader__close(struct mmt_reader *r);
/* 1: *chunk holds the next good chunk with events or tables; 0: end; negative: I/O error, no memory. */
MMT_API int mmt_reader__next(struct mmt_reader *r, struct mmt_chunk *chunk);
MMT_API int mmt_reader__rewind(struct mmt_reader *r);
/* Valid after the last mmt_reader__next() returned 0. */
MMT_API int mmt_reader__status(struct mmt_reader *r, struct mmt_status *st);
MMT_API unsigned int mmt_reader__time_shift(const struct mmt_reader *r);
/* The file's own schema, also for types this library has never heard of. */
MMT_API const struct mmt_type *mmt_reader__type(const struct mmt_reader *r, uint16_t id);
MMT_API const struct mmt_type *mmt_reader__types(const struct mmt_reader *r, size_t *n);
/* Value of a KEY field of an event key. */
MMT_API uint64_t mmt_key_field(const struct mmt_type *t, unsigned int field, uint64_t key);

/* Copy every good chunk of `in` into a complete file `out`; st describes `in`. */
MMT_API int mmt_recover(const char *in, const char *out, const struct mmt_reader_opts *opts, struct mmt_status *st);
/*
 * As mmt_recover(), but more rows and events can be written before mmt_writer__close(): of types
 * that the trace's own schema has with as many fields.
 */
MMT_API int mmt_writer__open_copy(const char *in, const char *out, const struct mmt_reader_opts *opts,
				  struct mmt_status *st, struct mmt_writer **w);

#ifdef __cplusplus
}
#endif
#endif
