#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# All lab cases on all kernels: what `make lab` runs. LAB_KERNELS=6.1,new picks kernels.
set -u
dir=$(cd "$(dirname "$0")" && pwd)
exec "$dir/lab" test ${LAB_KERNELS:+-k "$LAB_KERNELS"} "$@"
