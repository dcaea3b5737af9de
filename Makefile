# Beamtalk. `make help` lists the targets.

CARGO ?= cargo
NEXTEST := $(shell $(CARGO) nextest --version >/dev/null 2>&1 && echo yes)
# Builds are quiet in a pipe and show progress on a terminal.
QUIET := $(shell [ -t 2 ] || echo --quiet)

.DEFAULT_GOAL := help

.PHONY: help
help: ## Show this list
	@echo "Beamtalk: a live, Smalltalk-like language on the BEAM."
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

.PHONY: erlang
erlang:
	@tools/install-erlang.sh run

.PHONY: erlang-test
erlang-test:
	@tools/install-erlang.sh test

.PHONY: browser-test
browser-test:
	@tools/install-browser.sh

.PHONY: repl
repl: erlang ## Install what is missing, build, and open the prompt (or evaluate piped input)
	@$(CARGO) build --release --package beamtalk $(QUIET) </dev/null
	@./target/release/beamtalk repl

.PHONY: build
build: erlang ## Build the binary into target/release
	$(CARGO) build --release --package beamtalk $(QUIET)

.PHONY: install
install: erlang ## Build and install the beamtalk command for this user
	$(CARGO) install --path crates/beamtalk --locked

.PHONY: test
test: erlang-test browser-test test-rust test-runtime ## Install what is missing and run every test

.PHONY: test-rust
test-rust:
ifeq ($(NEXTEST),yes)
	$(CARGO) nextest run --workspace --all-features --no-fail-fast
else
	$(CARGO) test --workspace --all-features --no-fail-fast
endif
	$(CARGO) test --workspace --doc --quiet

.PHONY: test-runtime
test-runtime:
	$(MAKE) -C runtime test OUT=$(CURDIR)/target/runtime-test

.PHONY: bench
bench: erlang ## Measure against the peers on this machine
	$(CARGO) build --release --package beamtalk --package beamtalk_bench $(QUIET)
	@./target/release/beamtalk_bench

.PHONY: lint
lint: ## Check formatting, clippy and (where installed) dialyzer
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --all-features -- --deny warnings
	@if command -v dialyzer >/dev/null; then \
	  $(MAKE) -C runtime dialyzer OUT=$(CURDIR)/target/runtime-test; \
	else echo "dialyzer is not installed: the runtime's types are not checked"; fi

.PHONY: fuzz
fuzz: ## Fuzz each target for a while (SECONDS_EACH=60)
	$(CARGO) run --release --package beamtalk_fuzz $(QUIET) -- --seconds $(or $(SECONDS_EACH),60)

.PHONY: clean
clean: ## Remove build outputs
	$(CARGO) clean
