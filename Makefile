# Each target is one line of what it is for; `make` lists them. Nothing here holds logic: that is in ci/ and in bakehouse.

SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export BAKEHOUSE_STORE ?= $(CURDIR)/.cache/store
export PYTHONDONTWRITEBYTECODE =

.DEFAULT_GOAL := help
.PHONY: help demo demo-python test test-adversarial fuzz check fix twice backends bench repin fetch clean

help:  ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/run: ci/run.lock pyproject.toml ci/set-up
	ci/set-up run "$(PYTHON)" "$(VENV)"

$(VENV)/test: ci/test.lock ci/run.lock pyproject.toml ci/set-up
	ci/set-up test "$(PYTHON)" "$(VENV)"

demo: $(VENV)/run  ## build the whole collection from source into ./channel, test it, use it
	@ci/demo "$(BIN)"

demo-python: $(VENV)/run  ## build CPython, its libraries and packages for it from source into ./channel, test them, use them
	@ci/demo-python "$(BIN)"

fetch: $(VENV)/test  ## fetch everything that the tests need, so that they run without a network
	@ci/foreign-image .cache/foreign-image.tar & foreign=$$!; \
	$(BIN)/bakehouse fetch --rootfs --variant c_stdlib_version=2.31,2.36 recipes/*/* tests/e2e/snakes tests/e2e/tongues \
	&& wait $$foreign

test: $(VENV)/test fetch  ## set up what is missing, then run all checks and tests
	@ci/test "$(BIN)"

test-adversarial: $(VENV)/test fetch  ## run the hostile inputs alone and print the table of what became of them
	@$(BIN)/pytest -q tests/adversarial --table

FUZZ_SECONDS ?= 600
fuzz: $(VENV)/test  ## give every reader of foreign bytes mutated ones, for FUZZ_SECONDS each (600); inputs with findings are kept in .cache/fuzz
	@$(BIN)/python -m tests.fuzz --seconds "$(FUZZ_SECONDS)"

check: $(VENV)/test  ## style, types, architecture, links of the docs: less than a minute
	@ci/check "$(BIN)" && $(BIN)/pytest -q tests/test_architecture.py tests/test_docs.py

fix: $(VENV)/test  ## format the code and sort its imports
	$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

twice: $(VENV)/run  ## build CPython and all that it needs twice in different surroundings and compare; long
	@ci/twice "$(BIN)"

backends: $(VENV)/run  ## build the collection with each back end that this machine has and compare; long
	@ci/backends "$(BIN)"

bench: $(VENV)/test demo  ## measure against py-rattler-build in the same run
	@$(BIN)/python -m benchmarks

repin: $(VENV)/run  ## renew the pins of Debian packages in recipes and rootfs from the suite's signed index
	$(BIN)/bakehouse repin recipes/*/* tests/e2e/snakes tests/e2e/tongues builder/sandbox/{rootfs,varied}.lock

clean:  ## remove what the other targets made, fetched sources too
	rm -rf .venv .cache channel dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
