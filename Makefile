# `make` alone lists what there is. Every target that needs it does the set-up first; that is quick when done.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Where `make run` plays and listens: `virtual`, a sound card made of files, or `card`, the machine's own.
SOUND ?= virtual
# How the bench phone protects its sound (plain, sdes, webrtc, best; else in clear with 600 and 601), how it reaches its
# registrar (tcp, tls, wss; else as MEDIA wants it), and its glass (cfa635 of 20x4, vt100 of 40x12).
MEDIA ?=
TRANSPORT ?=
GLASS ?= cfa635
PHONE = --glass $(GLASS) $(if $(MEDIA),--media $(MEDIA)) $(if $(TRANSPORT),--transport $(TRANSPORT))
# How long `make fuzz` stays with each target, in seconds.
FUZZ_SECONDS ?= 45
WITH_NODE := . scripts/toolchain/env.sh &&

.PHONY: help setup run run-board run-web-peer test check test-unit test-native test-system test-board board bench bench-board soak fuzz bundle device clean

help: ## List the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name words; do printf '  make %-12s %s\n' "$$name" "$$words"; done

setup: ## Install and build all that run and test need
	@scripts/setup test

run: ## Start the bench phone in this terminal (SOUND=card, MEDIA=sdes|webrtc, TRANSPORT=tls|wss, GLASS=vt100)
	@scripts/setup run
	@$(WITH_NODE) exec node scripts/simulate.ts --sound $(SOUND) $(PHONE)

run-board: ## The same on the virtual board: the firmware on a kernel of its own (MEDIA, TRANSPORT, GLASS as above)
	@scripts/setup test
	@$(WITH_NODE) exec node scripts/simulate.ts --board virtual $(PHONE)

run-web-peer: ## Start a browser as 603, beside `make run`: calls the phone, is called by it (VISIBLE=1 shows it)
	@scripts/setup run
	@scripts/peers --ready test || { echo "fetching a browser: 125 MB" && scripts/peers test; }
	@$(WITH_NODE) exec node scripts/web-peer.ts $(if $(VISIBLE),--visible)

test: ## Run every check and test; the last line counts passed and failed
	@scripts/test check unit native system board

check: ## Check types, lint and formatting
	@scripts/test check

test-unit: ## Run the unit tests
	@scripts/test unit

test-native: ## Run the tests of the media engine, sanitizers included
	@scripts/test native

test-system: ## Run the tests with real servers, phones and sound card
	@scripts/test system

test-board: ## Run the tests on the virtual board: real kernel devices under emulation
	@scripts/test board

board: ## Build the virtual board's kernel and root
	@scripts/setup test

bench: ## Measure delays, CPU and memory
	@scripts/setup test
	@$(WITH_NODE) node test/bench/main.ts
	@$(WITH_NODE) exec node test/bench/answer.ts

bench-board: ## Measure deadlines on the virtual board, in virtual time
	@scripts/setup test
	@$(WITH_NODE) exec node test/board/bench.ts

soak: ## Make calls for hours and watch memory and audio
	@scripts/setup test
	@$(WITH_NODE) exec node test/bench/soak.ts

fuzz: ## Fuzz what reads from the network and the cable, FUZZ_SECONDS=45 each (TARGET=name, INPUT=file repeats one)
	@scripts/setup test
	@$(WITH_NODE) exec node test/fuzz/run.ts --seconds $(FUZZ_SECONDS) $(if $(INPUT),--input $(INPUT)) $(TARGET)

bundle: ## Build build/offhook.mjs
	@scripts/setup run
	@$(WITH_NODE) exec node scripts/bundle.ts

device: bundle ## Gather in build/device all that a device runs
	@$(WITH_NODE) exec node scripts/device.ts

clean: ## Remove all that was built or fetched
	rm -rf build node_modules native/build test/native/build test/native/fuzz/build test/support/virtual-card/build scripts/toolchain/node_modules
