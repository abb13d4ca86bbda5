/* SPDX-License-Identifier: GPL-2.0-only */
/* Maps and configuration of the programs; entries marked (load) are sized by the collector before load. */
#ifndef MMT_MAPS_BPF_H
#define MMT_MAPS_BPF_H

#include "compat.bpf.h"
#include "mmt_shared.h"

const volatile struct mmt_config cfg;
struct mmt_mem mem;

/* Events: n_cpus rings of 2^ring_bits words (load). Read by the collector through mmap. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} rings SEC(".maps");

/* Run time by place: n_slots << place_bits (load) */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_hists);
} hists SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* (load) */
	__type(key, __u32);
	__type(value, struct mmt_pidline);
} pidmap SEC(".maps");

/* Free slots and free histogram blocks; the collector fills and refills them. */
struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} free_slots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 1); /* (load) */
	__type(value, __u32);
} free_hists SEC(".maps");

/* Rare records: new tasks, fork, exec, exit */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 << 20);
} recs SEC(".maps");

/* Wanted processes (key = tgid) and threads (key = tid | 1 << 31). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u32);
} wanted SEC(".maps");

#endif
