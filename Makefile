# SPDX-License-Identifier: GPL-2.0-only
#
# The commands of the project. Each is a script that also works by itself.
# TREE (grafted, stock) and CONFIG (a file in configs/) choose a kernel.

TREE	?= grafted
CONFIG	?= base

help:
	@echo "Memory hotplug for arm64, grafted on to Debian's Linux 6.12"
	@echo
	@echo "  make run        install what is missing, build, hot-plug a DIMM into a guest"
	@echo "  make demo       two guests that share a pool of memory, and kills"
	@echo "  make check      tests on the host: no kernel, no QEMU, no cross compiler"
	@echo "  make test       those, and the tests in guests"
	@echo "  make test-all   the same on the debug, 16k and 64k kernels too, and what concerns"
	@echo "                  them on kernels with addresses of 39 and 52 bits or with free"
	@echo "                  lists in random order, and kernels without hot removal,"
	@echo "                  hotplug, nodes or sysfs"
	@echo "  make soak       the long runs"
	@echo "  make races      what is done at the same time, on a kernel that reports data races"
	@echo "  make fuzz       look for input that breaks the pure parts    (FUZZ_TIME=seconds"
	@echo "                  for each; needs clang)"
	@echo "  make bench      instructions, stores, TLBI and DSB, ours and stock's"
	@echo "  make boot       a shell in a guest            (TREE=, CONFIG=, BOOT=options,"
	@echo "                  TOPOLOGY=file: see topologies/ and Documentation/topology.rst)"
	@echo "  make kernel     build one kernel              (TREE=, CONFIG=)"
	@echo "  make stock      build stock with the same configuration  (CONFIG=)"
	@echo "  make graft      bring build/grafted up to date; source: unpack the package"
	@echo "  make rows       which rows of Documentation/features.rst are proven"
	@echo "  make clean      remove build/, all of it"
	@echo
	@echo "CONFIG is one of:" $(sort $(notdir $(wildcard configs/*)))

run:
	@scripts/deps run
	@scripts/source
	@scripts/kernel $(TREE) $(CONFIG)
	@scripts/initramfs
	@scripts/run-demo --tree $(TREE) --config $(CONFIG)

demo:
	@scripts/deps test
	@scripts/source
	@scripts/kernel grafted $(CONFIG)
	@scripts/run-pool-demo --config $(CONFIG)

check:
	@scripts/check

test:
	@scripts/deps test
	@scripts/source
	@scripts/prove

test-all:
	@scripts/deps test
	@scripts/source
	@scripts/prove base debug 16k 64k va39 va52 shuffle \
		no-hotremove no-hotplug no-numa no-sysfs

soak:
	@scripts/deps test
	@scripts/source
	@scripts/prove --soak

races:
	@scripts/deps test
	@scripts/source
	@scripts/kernel grafted kcsan
	@MEMHP_LOOKS=3000000 scripts/test --config kcsan --only "on two nodes" --only "look-ups while" \
		--only test_online --only test_offline --only test_undo --only test_survival \
		--only test_poison

# what it finds is named; Documentation/testing.rst says how it becomes a test
fuzz:
	@$(MAKE) --no-print-directory -C tools/testing/memory-hotplug fuzz

bench:
	@scripts/deps bench
	@scripts/source
	@scripts/kernel stock $(CONFIG)
	@scripts/kernel grafted $(CONFIG)
	@scripts/bench

boot: kernel
	@scripts/boot --tree $(TREE) --config $(CONFIG) \
		$(if $(TOPOLOGY),--topology $(TOPOLOGY)) $(BOOT) --shell

# scripts/kernel brings the tree up to date before it builds
kernel:
	@scripts/deps run
	@scripts/source
	@scripts/kernel $(TREE) $(CONFIG)

stock:
	@$(MAKE) --no-print-directory kernel TREE=stock

source:
	@scripts/source

graft: source
	@graft/graft

rows:
	@scripts/rows --list

clean:
	rm -rf build/*

.PHONY: help run demo check test test-all soak races fuzz bench boot kernel stock source \
	graft rows clean
