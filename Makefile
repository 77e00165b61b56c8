# SPDX-License-Identifier: Apache-2.0
# SPDX-FileCopyrightText: The swarmctl authors
#
# `make` builds; `make check` is what CI runs before the tests.
SWIFT  ?= swift
CONFIG ?= debug
PREFIX ?= /usr/local
FLAGS  := -c $(CONFIG) --explicit-target-dependency-import-check error
SOURCES := Package.swift Sources Tests
STATIC := .build/static
SWARMD := .build/swarmd
SECONDS ?= 600

.PHONY: all packages build swarmd test integration check fmt demo clean-demo install soak fuzz bench bench-compare \
	bench-engines asan tsan valgrind clean help
all: build swarmd ## Build swarmctl and swarmd

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

packages: ## Install what the build and the tests need from Debian's packages
	@Scripts/testbed/install-packages.sh

build: packages ## Build swarmctl
	$(SWIFT) build $(FLAGS) --product swarmctl

swarmd: packages ## Build the fully static swarmd
	$(SWIFT) build -c release --scratch-path $(STATIC) --product swarmd --static-swift-stdlib -Xswiftc -static-executable
	@cmp -s $(STATIC)/release/swarmd $(STATIC)/swarmd.unstripped && test -x $(SWARMD) || { \
		cp $(STATIC)/release/swarmd $(STATIC)/swarmd.unstripped && \
		strip -o $(SWARMD).tmp $(STATIC)/release/swarmd && mv $(SWARMD).tmp $(SWARMD); }

test: packages ## Unit and component tests: no Docker, under a minute
	$(SWIFT) build $(FLAGS) --build-tests
	Scripts/run-tests.sh $(CONFIG) .build/unit --skip IntegrationTests

integration: packages build swarmd ## Real hosts, engines and clients
	$(SWIFT) build $(FLAGS) --build-tests
	Scripts/integration.sh $(CONFIG)

check: packages ## Format, lint and layers; changes nothing
	$(SWIFT) format lint --strict --parallel -r $(SOURCES)
	python3 Scripts/check-layers.py

fmt: ## Rewrite all Swift files in the project's style
	$(SWIFT) format -i --parallel -r $(SOURCES)

demo: packages build swarmd ## A three-node cluster on this machine
	@Scripts/demo.sh

clean-demo: ## Remove what the demo made
	@Scripts/clean-demo.sh

install: build swarmd ## Install to PREFIX (make install CONFIG=release PREFIX=…)
	Scripts/install.sh "$(DESTDIR)$(PREFIX)" .build/$(CONFIG)/swarmctl $(SWARMD)

soak: packages swarmd ## What takes longer than two minutes
	$(SWIFT) build -c release --product swarmctl
	Scripts/soak.sh

fuzz: packages ## Ten minutes of chance for the readers of what clients send (make fuzz SECONDS=…)
	$(SWIFT) build $(FLAGS) --build-tests
	SWARMCTL_FUZZ_SECONDS=$(SECONDS) $(SWIFT) test $(FLAGS) --skip-build --filter FuzzTests

# Built as swarmd is, so that the figures are its own and what both need is built once.
bench: packages swarmd ## Measure speed; prints a table and writes .build/bench.json
	$(SWIFT) build -c release --scratch-path $(STATIC) --product swarm-bench --static-swift-stdlib \
		-Xswiftc -static-executable
	Scripts/testbed/certificates.sh .build/bench/tls
	$(STATIC)/release/swarm-bench --swarmd $(SWARMD) --folder .build/bench --certificates .build/bench/tls \
		--json .build/bench.json

bench-compare: packages ## Compare two runs (make bench-compare A=before.json B=after.json)
	@$(STATIC)/release/swarm-bench compare "$(A)" "$(B)"

bench-engines: packages swarmd ## Create, start and copy on real engines, through a manager and straight
	Scripts/bench/real-engines.sh

valgrind: packages ## The C wrappers under valgrind: no invalid access, nothing lost
	$(SWIFT) build $(FLAGS) --build-tests
	Scripts/valgrind/run.sh $(CONFIG)

tsan: packages ## What runs at the same time, under the thread sanitizer
	Scripts/tsan/run.sh

asan: packages ## The C wrappers under the address sanitizer
	$(SWIFT) test --sanitize=address --scratch-path .build/asan --filter 'PKITests|SecureShellTests|HTTPTransferTests'

clean:
	$(SWIFT) package clean
