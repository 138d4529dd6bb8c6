# `make help` lists the targets. Details are in scripts/.
SHELL := /bin/bash
.DEFAULT_GOAL := help

# How many people the demo registers and pays.
PERSONS ?= 10000
# More options for the demo, for example ARGS="--transport rabbitmq --keep-running".
ARGS ?=

# How benchmarks are built: `demo` is what `make demo` has already built.
BENCH_PROFILE ?= release

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## the whole chain on real parts, from register to paid accounts: make demo PERSONS=10000
	@scripts/setup.sh demo
	@cargo run --profile demo --locked -p openg2p -- demo --persons $(PERSONS) $(ARGS)

.PHONY: run
run: ## all services in one process, one port each, until ctrl-c
	@scripts/setup.sh demo
	@cargo run --profile demo --locked -p openg2p -- up $(ARGS)

.PHONY: test
test: ## everything: format, lints, all tests, drift checks, end-to-end on both transports
	@scripts/setup.sh test
	@scripts/test.sh all

.PHONY: lint
lint: ## format and lints only
	@scripts/test.sh lint

.PHONY: test-unit
test-unit: ## all tests but the end-to-end ones
	@scripts/setup.sh test
	@scripts/test.sh unit

.PHONY: e2e
e2e: ## the end-to-end tests only, on both transports
	@scripts/setup.sh test
	@scripts/test.sh e2e

.PHONY: bench-spar
bench-spar: ## how fast the mapper resolves, against the bare query: make bench-spar ROWS=10000000 SECONDS=15 BULK_ROWS=10000000
	@scripts/setup.sh demo
	@cargo build --profile $(BENCH_PROFILE) --locked -p spar-mapper
	@OPENG2P_BIN_DIR=$(CURDIR)/target/$(BENCH_PROFILE) cargo bench --profile $(BENCH_PROFILE) --locked -p end-to-end --bench spar

# Seeds of the fault run, and the first of them; SEED=123 runs that one again.
SEEDS ?= 200
FROM ?= 0
SEED ?=

.PHONY: faults
faults: ## payments under faults drawn from seeds, then all invariants: make faults SEEDS=200 FROM=0, or SEED=123
	@scripts/setup.sh demo
	@scripts/setup.sh test
	@cargo build --profile demo --locked -p openg2p
	@mkdir -p target/faults
	@OPENG2P_BIN_DIR=$(CURDIR)/target/demo FAULTS_SEEDS=$(SEEDS) FAULTS_FROM=$(FROM) FAULTS_SEED=$(SEED) FAULTS_DIR=$(CURDIR)/target/faults \
	  FAULTS_RESULTS=$(CURDIR)/target/faults/results.ndjson \
	  cargo test --workspace --locked --test e2e_faults -- --nocapture

PARTITIONS ?= 16

.PHONY: bench-spar-partitions
bench-spar-partitions: ## one table against partitions: make bench-spar-partitions ROWS=10000000 PARTITIONS=16
	@PARTITIONS=$(PARTITIONS) $(MAKE) --no-print-directory bench-spar

.PHONY: bench-bridge
bench-bridge: ## how fast one envelope is paid, against plain SQL: make bench-bridge ROWS=1000000
	@scripts/setup.sh demo
	@cargo build --profile $(BENCH_PROFILE) --locked -p g2p-bridge -p example-bank -p spar-mapper
	@OPENG2P_BIN_DIR=$(CURDIR)/target/$(BENCH_PROFILE) cargo bench --profile $(BENCH_PROFILE) --locked -p end-to-end --bench bridge

.PHONY: pictures
pictures: ## pictures of the pages in English, Arabic and Amharic, anew into docs/pictures/pages/
	@scripts/setup.sh test
	@rm -rf docs/pictures/pages
	@OPENG2P_PICTURES=$(CURDIR)/docs/pictures/pages cargo test --locked -p spar-self-service --test it real_browser
	@OPENG2P_PICTURES=$(CURDIR)/docs/pictures/pages cargo test --locked -p g2p-bridge --test it desk::a_browser

.PHONY: proto
proto: ## write the documents made from the code anew: proto/, docs/configuration.md, deploy/config/
	@scripts/proto.sh

.PHONY: setup
setup: ## install what the demo and the tests need (says what before it does)
	@scripts/setup.sh demo
	@scripts/setup.sh test

.PHONY: stop
stop: ## stop the private servers of this clone; their data stays
	@scripts/stop.sh

.PHONY: clean-data
clean-data: ## stop the private servers of this clone and delete their data
	@scripts/stop.sh clean
