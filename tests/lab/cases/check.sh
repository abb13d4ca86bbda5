#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The doctor finds this kernel able.
# lab: --cpus 2
. /lab/lib
mmt-trace check > out 2>&1 || fail "check: exit $?"
cat out
finish
