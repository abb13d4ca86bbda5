/* SPDX-License-Identifier: GPL-2.0-only */
/* Between a fuzz target and the driver that stands in for libFuzzer. */
#ifndef MMT_FUZZ_H
#define MMT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Seed number i, malloc()ed into *data; 0 when there are no more. */
size_t fuzz_seed(unsigned int i, uint8_t **data);

#endif
