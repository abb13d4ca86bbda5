# SPDX-License-Identifier: GPL-2.0-only
#
# Everything that is built goes under $(BUILD). Goals that need packages which may be
# missing (demo, check, ...) run the set-up first and then this Makefile again.

VERSION := 0.1.0
LIB_MAJOR := 1
LIB_VERSION := 1.0.0

BUILD ?= build
# what is built once from the kernel's sources (libperf) is kept here; `make clean` leaves it alone
DEPS ?= $(or $(XDG_CACHE_HOME),$(if $(HOME),$(HOME)/.cache,$(CURDIR)/.cache))/mmt-trace
prefix ?= /usr/local
bindir ?= $(prefix)/bin
libdir ?= $(prefix)/lib
includedir ?= $(prefix)/include
mandir ?= $(prefix)/share/man
datadir ?= $(prefix)/share/mmt-trace
compdir ?= $(prefix)/share/bash-completion/completions
DESTDIR ?=

CFLAGS ?= -O2 -g
AR ?= ar
INSTALL ?= install
PKG_CONFIG ?= pkg-config
FUZZ_SECONDS ?= 20
SAN ?=

export BUILD DEPS CC CLANG BPFTOOL PKG_CONFIG

ifeq ($(V),1)
  Q :=
  msg =
else
  Q := @
  msg = @printf '  %-8s %s\n' '$(1)' '$(2)';
endif
MAKEFLAGS += --no-print-directory

all: lib prog

# ------------------------------------------------------------------ features

# Goals that work without a compiler, or that call make again after the set-up.
BARE_GOALS := setup setup-% help clean distclean demo check check-asan bench lab lab-table fuzz lint
GOALS := $(or $(MAKECMDGOALS),all)
ifneq ($(filter-out $(BARE_GOALS),$(GOALS)),)
include $(BUILD)/features.mk
# only the tests need it, and it may be installed between a demo and a check
CMOCKA_CFLAGS := $(shell $(PKG_CONFIG) --cflags cmocka 2>/dev/null)
CMOCKA_LIBS := $(shell $(PKG_CONFIG) --libs cmocka 2>/dev/null)
endif

$(BUILD)/features.mk: scripts/features.sh scripts/packages.tsv $(wildcard $(DEPS)/libperf/lib/pkgconfig/libperf.pc)
	@mkdir -p $(@D)
	@scripts/features.sh >$@.tmp
	@mv $@.tmp $@

# -------------------------------------------------------------------- flags

WARN := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Werror=implicit
BASE_CFLAGS = -std=gnu11 $(WARN) $(CFLAGS) -fvisibility=hidden -ffunction-sections -D_GNU_SOURCE= -MMD -MP
LINK_FLAGS = $(LDFLAGS) -Wl,--as-needed -Wl,--gc-sections
ifneq ($(SAN),)
BASE_CFLAGS += -fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=undefined
LINK_FLAGS += -fsanitize=$(SAN)
endif
PROG_CFLAGS = $(BASE_CFLAGS) -DMMT_VERSION='"$(VERSION)"' -DMMT_DATADIR='"$(datadir)"' -I$(BUILD)/bpf $(PKG_CFLAGS)
LIBS = $(PERF_LIBS) $(PKG_LIBS) -lm -lpthread

# ------------------------------------------------------------------ sources

LIB_SRC := $(wildcard libmmtrace/*.c)
# these alone see libperf (tests/cli/walls.sh)
PERF_SRC := collector/oracle.c collector/perf_lib.c collector/perf_ring.c collector/perf_count.c
COL_SRC := $(wildcard collector/*.c)
ANA_SRC := $(wildcard analyzer/*.c analyzer/*/*.c)
RUN_SRC := $(wildcard runner/*.c)
# each X.bpf.c gives X.skel.h with tp_btf and X_raw.skel.h with raw_tp programs
BPF_SRC := $(wildcard bpf/*.bpf.c)
BPF_HDRS := $(wildcard bpf/*.h)

objs = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
LIB_OBJ := $(call objs,$(LIB_SRC))
COL_OBJ := $(call objs,$(COL_SRC))
ANA_OBJ := $(call objs,$(ANA_SRC))
RUN_OBJ := $(call objs,$(RUN_SRC))
# what a page carries within itself
PAGE_ASSETS := third_party/uplot/uPlot.min.css third_party/uplot/uPlot.iife.min.js analyzer/page/page.css analyzer/page/page.js \
	analyzer/page/flame.css analyzer/page/flame.js
PAGE_OBJ := $(BUILD)/obj/analyzer/page/assets.o
PROG_OBJ := $(COL_OBJ) $(ANA_OBJ) $(RUN_OBJ) $(PAGE_OBJ)
MAIN_OBJ := $(BUILD)/obj/runner/main.o
SKELS := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.skel.h,$(BPF_SRC)) $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%_raw.skel.h,$(BPF_SRC))

UNIT_SRC := $(wildcard tests/unit/test_*.c)
LIVE_SRC := $(wildcard tests/live/test_*.c)
HELP_SRC := $(filter-out $(UNIT_SRC) $(LIVE_SRC),$(wildcard tests/unit/*.c tests/live/*.c))
TOOL_SRC := $(wildcard tests/tools/*.c)
BENCH_SRC := tests/bench/monte_carlo.c
FUZZ_SRC := $(wildcard tests/fuzz/fuzz_*.c)
EXAMPLE_SRC := $(wildcard docs/examples/*.c)
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC) $(LIVE_SRC))
TOOL_BIN := $(patsubst %.c,$(BUILD)/%,$(TOOL_SRC))
BENCH_BIN := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))
FUZZ_BIN := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(FUZZ_SRC))
EXAMPLE_BIN := $(patsubst docs/examples/%.c,$(BUILD)/examples/%,$(EXAMPLE_SRC))

# ------------------------------------------------------------------ library

LIB_SO := $(BUILD)/libmmtrace.so.$(LIB_VERSION)
LIB_MAP := libmmtrace/libmmtrace.map

lib: $(if $(LIB_SRC),$(BUILD)/libmmtrace.a $(LIB_SO) $(BUILD)/libmmtrace.pc)

$(LIB_OBJ): $(BUILD)/obj/libmmtrace/%.o: libmmtrace/%.c $(BUILD)/features.mk
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(BASE_CFLAGS) -fPIC -c $< -o $@

$(BUILD)/libmmtrace.a: $(LIB_OBJ)
	$(call msg,AR,$@)rm -f $@ && $(AR) rcs $@ $^

$(LIB_SO): $(LIB_OBJ) $(LIB_MAP)
	$(call msg,LINK,$@)$(CC) -shared $(LINK_FLAGS) -Wl,-soname,libmmtrace.so.$(LIB_MAJOR) \
		-Wl,--version-script=$(LIB_MAP) $(if $(SAN),,-Wl$(,)-z$(,)defs) $(LIB_OBJ) -lz -lm -o $@
	@ln -sf $(@F) $(BUILD)/libmmtrace.so.$(LIB_MAJOR)
	@ln -sf $(@F) $(BUILD)/libmmtrace.so

$(BUILD)/libmmtrace.pc: libmmtrace/libmmtrace.pc.in Makefile
	@mkdir -p $(@D)
	$(call msg,GEN,$@)sed -e 's|@prefix@|$(prefix)|' -e 's|@libdir@|$(libdir)|' \
		-e 's|@includedir@|$(includedir)|' -e 's|@version@|$(LIB_VERSION)|' $< >$@

# ---------------------------------------------------------------------- BPF

BPF_CFLAGS = -target bpf -O2 -g -Wall -Wno-unused-function -Wno-missing-declarations \
	-D__TARGET_ARCH_$(BPF_ARCH) -D__BPF__ $(BPF_INCLUDES)

define bpf_object
	@mkdir -p $(@D)
	$(call msg,BPF,$@)$(CLANG) $(BPF_CFLAGS) $(1) -c $< -o $@.tmp
	$(Q)$(BPFTOOL) gen object $@ $@.tmp && rm -f $@.tmp
endef

BPF_OBJ := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%.bpf.o,$(BPF_SRC))
BPF_RAW_OBJ := $(patsubst bpf/%.bpf.c,$(BUILD)/bpf/%_raw.bpf.o,$(BPF_SRC))
$(BPF_OBJ): $(BUILD)/bpf/%.bpf.o: bpf/%.bpf.c $(BPF_HDRS) $(BUILD)/features.mk
	$(call bpf_object,)
$(BPF_RAW_OBJ): $(BUILD)/bpf/%_raw.bpf.o: bpf/%.bpf.c $(BPF_HDRS) $(BUILD)/features.mk
	$(call bpf_object,-DMMT_RAW_TP)

$(SKELS): $(BUILD)/bpf/%.skel.h: $(BUILD)/bpf/%.bpf.o
	$(call msg,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(if $(filter %_raw,$*),$*,$*_bpf) >$@

# ------------------------------------------------------------------ program

prog: $(if $(wildcard runner/main.c),$(BUILD)/mmt-trace,prog-parts)
prog-parts: $(PROG_OBJ) $(SKELS)

$(BUILD)/bpf/syscall_names.h: scripts/syscalls.sh $(BUILD)/features.mk
	@mkdir -p $(@D)
	$(call msg,GEN,$@)scripts/syscalls.sh >$@

$(BUILD)/obj/collector/family_syscall.o: $(BUILD)/bpf/syscall_names.h

# static patterns: an implicit rule whose prerequisites are yet to be made loses to a more general one
$(COL_OBJ): $(BUILD)/obj/collector/%.o: collector/%.c $(BUILD)/features.mk | $(SKELS)
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(PROG_CFLAGS) $(if $(filter $(PERF_SRC),$<),$(PERF_CFLAGS)) -c $< -o $@

$(ANA_OBJ) $(RUN_OBJ): $(BUILD)/obj/%.o: %.c $(BUILD)/features.mk
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(PROG_CFLAGS) -c $< -o $@

$(BUILD)/page/assets.c: scripts/embed.sh $(PAGE_ASSETS)
	@mkdir -p $(@D)
	$(call msg,EMBED,$@)scripts/embed.sh $(PAGE_ASSETS) >$@

$(PAGE_OBJ): $(BUILD)/page/assets.c $(BUILD)/features.mk
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(PROG_CFLAGS) -I. -c $< -o $@

$(BUILD)/mmt-trace: $(PROG_OBJ) $(BUILD)/libmmtrace.a
	$(call msg,LINK,$@)$(CC) $(LINK_FLAGS) $(PROG_OBJ) $(BUILD)/libmmtrace.a $(LIBS) -o $@

$(BUILD)/mmt-trace.bash: scripts/completion.sh $(BUILD)/mmt-trace
	$(call msg,GEN,$@)scripts/completion.sh $(BUILD)/mmt-trace >$@

# -------------------------------------------------------------------- tests

TEST_OBJ := $(call objs,$(UNIT_SRC) $(LIVE_SRC) $(HELP_SRC) $(TOOL_SRC) $(BENCH_SRC))
TEST_LINKED := $(filter-out $(MAIN_OBJ),$(PROG_OBJ))

# its call chains are known answers: each function keeps its frame, leaves too
$(BUILD)/obj/tests/live/test_stacks.o: PROG_CFLAGS += -O0 -fno-omit-frame-pointer

$(TEST_OBJ): $(BUILD)/obj/tests/%.o: tests/%.c $(BUILD)/features.mk | $(SKELS)
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(PROG_CFLAGS) -I. $(CMOCKA_CFLAGS) -c $< -o $@

$(BUILD)/tests/unit/%: $(BUILD)/obj/tests/unit/%.o $(call objs,$(HELP_SRC)) $(TEST_LINKED) $(BUILD)/libmmtrace.a
	@mkdir -p $(@D)
	$(call msg,LINK,$@)$(CC) $(LINK_FLAGS) $^ $(CMOCKA_LIBS) $(LIBS) -o $@

$(BUILD)/tests/live/%: $(BUILD)/obj/tests/live/%.o $(call objs,$(HELP_SRC)) $(TEST_LINKED) $(BUILD)/libmmtrace.a
	@mkdir -p $(@D)
	$(call msg,LINK,$@)$(CC) $(LINK_FLAGS) $^ $(CMOCKA_LIBS) $(LIBS) -o $@

# its paths are looked at
$(BUILD)/obj/tests/tools/hotspots.o: BASE_CFLAGS += -O2 -g -fno-omit-frame-pointer

$(BUILD)/tests/tools/%: $(BUILD)/obj/tests/tools/%.o $(BUILD)/libmmtrace.a
	@mkdir -p $(@D)
	$(call msg,LINK,$@)$(CC) $(LINK_FLAGS) $^ $(LIBS) -o $@

# what a guest of the lab runs: placement without the rest of the collector
LAB_BIN := $(BUILD)/tests/tools/placed
$(BUILD)/tests/tools/numaload: $(call objs,$(addprefix collector/,control.c log.c))
$(LAB_BIN): $(call objs,$(addprefix collector/,placement.c place_sample.c numa_maps.c topology.c sysfs.c))

# firmware of VMs in the lab's guests, which are of this kind
LAB_VM := $(if $(filter x86_64,$(shell uname -m)),$(BUILD)/tests/lab/spin.bin)
$(BUILD)/tests/lab/spin.bin: tests/lab/spin.S
	@mkdir -p $(@D)
	$(call msg,AS,$@)$(CC) -c $< -o $(@:.bin=.o) && ld -m elf_x86_64 -Ttext=0 -e 0 --oformat=binary $(@:.bin=.o) -o $@

$(BENCH_BIN): $(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(ANA_OBJ) $(BUILD)/libmmtrace.a
	@mkdir -p $(@D)
	$(call msg,LINK,$@)$(CC) $(LINK_FLAGS) $^ $(LIBS) -o $@

# Examples are built as a user would: header and shared library, nothing else of ours.
$(BUILD)/examples/%: docs/examples/%.c libmmtrace/mmtrace.h $(LIB_SO)
	@mkdir -p $(@D)
	$(call msg,CC,$@)$(CC) $(WARN) $(CFLAGS) $(if $(SAN),-fsanitize=$(SAN)) -Ilibmmtrace $< -o $@ \
		-L$(BUILD) -lmmtrace -Wl,-rpath,'$$ORIGIN/..'

# Fuzz targets: the library again under the sanitizers, with a driver of our own that
# needs no libFuzzer; FUZZER=-fsanitize=fuzzer (clang) replaces the driver.
FUZZ_CC ?= $(CC)
FUZZER ?=
FUZZ_CFLAGS := -std=gnu11 -O1 -g -D_GNU_SOURCE= -fsanitize=address,undefined -fno-sanitize-recover=undefined $(FUZZER)
FUZZ_DRIVER = $(if $(FUZZER),,$(wildcard tests/fuzz/driver.c))
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB_SRC) $(wildcard libmmtrace/*.h tests/fuzz/*.h) tests/fuzz/driver.c
	@mkdir -p $(@D)
	$(call msg,FUZZ,$@)$(FUZZ_CC) $(FUZZ_CFLAGS) -Ilibmmtrace -I. $< $(FUZZ_DRIVER) $(LIB_SRC) -lz -lm -o $@

tests: all $(if $(CMOCKA_LIBS),$(UNIT_BIN)) $(TOOL_BIN) $(BENCH_BIN) $(EXAMPLE_BIN)
fuzzers: $(FUZZ_BIN)
bench-tools: $(BENCH_BIN)
lab-tools: $(LAB_BIN) $(LAB_VM)

# Goals of one run of the tests; `check` is these after the set-up.
check-now: tests fuzzers $(LAB_VM)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) tests/run.sh
check-unit: tests
	$(Q)tests/run.sh unit
check-cli: tests
	$(Q)tests/run.sh cli
check-live: tests
	$(Q)tests/run.sh live
check-walls: all
	$(Q)tests/run.sh tests/cli/walls.sh

check: setup-check
	$(Q)$(MAKE) check-now
check-asan: setup-check
	$(Q)$(MAKE) BUILD=$(BUILD)/asan SAN=address,undefined CFLAGS='-O1 -g' check-now

demo: setup-demo
	$(Q)$(MAKE) all
	$(Q)scripts/demo.sh

fuzz: setup-check
	$(Q)if echo 'int LLVMFuzzerTestOneInput(const char *d, unsigned long n) { return d && n > 9; }' | \
		$${CLANG:-clang} -x c - -fsanitize=fuzzer,address -o /dev/null 2>/dev/null; then \
		$(MAKE) fuzzers && $(MAKE) BUILD=$(BUILD)/libfuzzer FUZZ_CC=$${CLANG:-clang} FUZZER=-fsanitize=fuzzer fuzzers && \
		FUZZ_SECONDS=$${FUZZ_TIME:-600} tests/fuzz/run.sh $(BUILD)/libfuzzer/fuzz; \
	else \
		$(MAKE) fuzzers && FUZZ_SECONDS=$${FUZZ_TIME:-600} tests/fuzz/run.sh $(BUILD)/fuzz; \
	fi

bench: setup-bench
	$(Q)$(MAKE) all bench-tools
	$(Q)tests/bench/run.sh $(BENCH_ARGS)

lab: setup-lab
	$(Q)$(MAKE) all lab-tools
	$(Q)tests/lab/run.sh $(LAB_ARGS)

# what works on which kernel: docs/kernels.md
lab-table: setup-lab
	$(Q)$(MAKE) all lab-tools
	$(Q)tests/lab/table.sh docs/kernels.md

# --------------------------------------------------------------------- lint

lint: setup-lint
	$(Q)$(MAKE) lint-now
lint-now: $(SKELS)
	$(Q)scripts/lint.sh '$(PKG_CFLAGS) $(PERF_CFLAGS) -I$(BUILD)/bpf'

# ------------------------------------------------------------------- set-up

setup: setup-build
setup-build:
	$(Q)scripts/setup.sh build wanted
setup-demo:
	$(Q)scripts/setup.sh build wanted demo
setup-check:
	$(Q)scripts/setup.sh build wanted demo check
	$(Q)scripts/setup.sh lab || true # what needs guests says so when it is left out
setup-bench:
	$(Q)scripts/setup.sh build wanted demo bench
setup-lab:
	$(Q)scripts/setup.sh build wanted lab
setup-lint:
	$(Q)scripts/setup.sh build wanted lint

# ------------------------------------------------------------------ install

MAN_SECTIONS := 1 3 5 7
man_pages = $(wildcard docs/*.$(1))
install: all $(BUILD)/mmt-trace.bash
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(libdir)/pkgconfig $(DESTDIR)$(includedir) \
		$(DESTDIR)$(datadir)/configs $(DESTDIR)$(compdir)
	$(INSTALL) -m 755 $(BUILD)/mmt-trace $(DESTDIR)$(bindir)
	$(INSTALL) -m 644 $(BUILD)/libmmtrace.a $(DESTDIR)$(libdir)
	$(INSTALL) -m 755 $(LIB_SO) $(DESTDIR)$(libdir)
	ln -sf $(notdir $(LIB_SO)) $(DESTDIR)$(libdir)/libmmtrace.so.$(LIB_MAJOR)
	ln -sf $(notdir $(LIB_SO)) $(DESTDIR)$(libdir)/libmmtrace.so
	$(INSTALL) -m 644 $(BUILD)/libmmtrace.pc $(DESTDIR)$(libdir)/pkgconfig
	$(INSTALL) -m 644 libmmtrace/mmtrace.h $(DESTDIR)$(includedir)
	$(INSTALL) -m 644 $(wildcard configs/*.conf) $(DESTDIR)$(datadir)/configs
	$(foreach s,$(MAN_SECTIONS),$(INSTALL) -d $(DESTDIR)$(mandir)/man$(s) && \
		$(INSTALL) -m 644 $(call man_pages,$(s)) $(DESTDIR)$(mandir)/man$(s) &&) :
	$(INSTALL) -m 644 $(BUILD)/mmt-trace.bash $(DESTDIR)$(compdir)/mmt-trace

clean:
	rm -rf $(BUILD)
distclean: clean
	rm -rf $(DEPS)

help:
	@echo 'make             build $(BUILD)/mmt-trace and $(BUILD)/libmmtrace.{a,so}'
	@echo 'make setup       install what the build needs (root), build libperf where there is no package'
	@echo 'make demo        set up, build, run hackbench in two variants, compare them'
	@echo 'make check       set up, build, run every test that can run here'
	@echo 'make check-asan  the same under the address and undefined-behaviour sanitizers'
	@echo 'make check-unit | check-cli | check-live | check-walls    one part of the tests'
	@echo 'make fuzz        fuzz the trace reader (FUZZ_TIME=seconds, default 600)'
	@echo 'make bench       measure overhead, size and analysis speed against other tools, and verdicts against known truth'
	@echo 'make lab         tests in QEMU guests with several NUMA nodes and kernels'
	@echo 'make lab-table   docs/kernels.md: what works on which kernel'
	@echo 'make lint        clang-tidy, cppcheck, clang-format (reports), shellcheck'
	@echo 'make install     DESTDIR=, prefix=$(prefix)'
	@echo 'make clean       remove $(BUILD); make distclean: and $(DEPS)'
	@echo 'Variables: V=1 BENCH_ARGS= LAB_ARGS= FUZZ_SECONDS= BUILD= DEPS= CC= CLANG= BPFTOOL= CFLAGS= SAN=address,undefined'

, := ,
.PHONY: all lib prog prog-parts tests fuzzers bench-tools check check-now check-unit check-cli check-live check-walls check-asan \
	demo fuzz bench lab lab-table lint lint-now setup setup-build setup-demo setup-check setup-bench setup-lab setup-lint \
	install clean distclean help
.DELETE_ON_ERROR:
.SECONDARY:

-include $(patsubst %.o,%.d,$(LIB_OBJ) $(PROG_OBJ) $(TEST_OBJ))
