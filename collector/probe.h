/* SPDX-License-Identifier: GPL-2.0-only */
/* The loaded BPF object: maps mapped into memory, programs to attach. */
#ifndef MMT_PROBE_H
#define MMT_PROBE_H

#include <stdbool.h>

#include "../bpf/mmt_shared.h"
#include "log.h"
#include "topology.h"

struct bpf_object;
struct bpf_map;
struct btf;
struct bpf_link;
struct ring_buffer;
typedef int (*mmt_rec_fn)(void *ctx, void *data, size_t size);

struct mmt_probe_opts {
	bool record, wakeups, waking;
	unsigned int ring_kb;
	const char *probe; /* "auto", "tp_btf", "raw_tp" */
	/* filters, see session.h */
	const int *pids, *tids;
	size_t n_pids, n_tids;
	const char *comm, *cgroup;
	unsigned int tree;
	bool filter;  /* also where none of these is set: what is wanted is told later, see mmt_probe__want() */
	mmt_rec_fn on_rec;
	void *rec_ctx;
};

#define MMT_N_PROGS 12

struct mmt_probe {
	struct bpf_object *obj;
	struct bpf_link *links[MMT_N_PROGS];
	struct ring_buffer *recs;
	bool raw_tp;
	struct mmt_config cfg;   /* as loaded */
	unsigned int n_cpus;
	uint64_t offline[MMT_CPU_WORDS]; /* CPUs that are not there as totals are read: nothing runs on them */
	uint64_t absent[MMT_CPU_WORDS];  /* now or the last time: what slots say to run on them may be of before they went */
	uint64_t map_bytes;      /* kernel memory of the maps */
	int free_slots_fd, free_hists_fd;
	uint32_t slots_given;    /* slots ever put into the queue */
	/* mapped */
	struct mmt_state *state;
	struct mmt_cpu *cpus;
	uint64_t *rings;
	struct mmt_slot *slots;
	uint64_t *places;
	struct mmt_hists *hists;
	uint32_t n_hists;
	struct { void *p; size_t len; } maps[4];
};

int mmt_probe__load(struct mmt_probe *b, const struct mmt_probe_opts *o, const struct mmt_topology *topo,
		  const struct mmt_log *log);
/* Attach all programs and let them count. */
int mmt_probe__attach(struct mmt_probe *b, const struct mmt_log *log);
void mmt_probe__detach(struct mmt_probe *b);
/* Hand a slot or a block of histograms back after its last reading; both are zeroed. */
void mmt_probe__free_slot(struct mmt_probe *b, uint32_t slot);
/* Have enough free slots ready for new tasks, when `live` are taken. */
int mmt_probe__more_slots(struct mmt_probe *b, size_t live);
/* Slot of a task, 0: none; it may have one whose record is not there yet. */
uint32_t mmt_probe__slot_of(const struct mmt_probe *b, uint32_t tid);
/* The filters let this process through from now on, or no more; tasks of it that have slots are the caller's. */
int mmt_probe__want(const struct mmt_probe *b, uint32_t tgid, bool want);
/* Run on_rec for all waiting rare records. */
int mmt_probe__consume(struct mmt_probe *b);
/* The trace clock now, ns. */
uint64_t mmt_probe__now(const struct mmt_probe *b);
void mmt_probe__close(struct mmt_probe *b);

/* The map of a section (".bss") of an object. */
struct bpf_map *mmt_probe__section(struct bpf_object *obj, const char *suffix);
/* bpf_object__load(), silent unless MMT_BPF_DEBUG is set. */
int mmt_probe__load_object(struct bpf_object *obj);
/* Have a program of type iter/task run over all tasks. */
int mmt_probe__run_iter(struct bpf_object *obj, const char *name);

/* What the running kernel's types say. */
bool mmt_probe__btf_has_typedef(const struct btf *btf, const char *name);
bool mmt_probe__btf_has_field(const struct btf *btf, const char *type, const char *field);

#endif
