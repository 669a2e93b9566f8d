# `make` lists the targets. Everything runs in .venv, which `make setup` makes from requirements.txt.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.ready
# Processes that run tests: twice as many as a small machine has cores, since some tests wait for leases to run out.
JOBS ?= 4
# What goes to pytest besides, as in: make test ARGS="-k redis"
ARGS ?=

export VIRTUAL_ENV := $(CURDIR)/.venv
# The certificates that this machine trusts: behind a proxy, uv's own do not do.
export UV_SYSTEM_CERTS ?= true
# A caller's own may lead Python elsewhere.
unexport PYTHONPATH PYTHONHOME
unexport CONDA_PREFIX

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 22

.PHONY: setup
setup: $(STAMP) ## make .venv: uv from its wheel, then every dependency, locked with its hashes

# uv is one of the locked packages: pip installs that one, and uv the others.
$(BIN)/uv:
	@echo "== setup: .venv, and uv from its wheel"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "dnsmedic needs Python 3.11 or newer: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt

$(STAMP): requirements.txt pyproject.toml | $(BIN)/uv
	@echo "== setup: what requirements.txt locks"
	@$(BIN)/uv pip sync --quiet --require-hashes requirements.txt
	@$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --config-setting editable_mode=compat --editable .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## the whole product on this machine: http://127.0.0.1:8080 (PORT=8090: another port)
	@$(BIN)/dnsmedic demo --port $(or $(PORT),8080)

.PHONY: test
# They measure what comes back in time from a pretend cluster, or drive a browser: a busy machine would look like a fault.
ALONE := tests/test_roles.py tests/test_sandbox_world.py tests/test_demo.py tests/browser

test: check ## every check and test that needs no root and no cluster
	@echo "== tests"
	@$(BIN)/pytest -q -n $(JOBS) --dist worksteal $(addprefix --ignore=,$(ALONE)) $(ARGS)
	@echo "== tests of whole worlds, one after the other"
	@$(BIN)/pytest -q $(ALONE)

.PHONY: check
check: $(STAMP) ## the static half: format, lint, types, import rules, scripts and workflows
	@echo "== format (ruff)" && $(BIN)/ruff format --check --quiet . || { echo "  to mend: make format"; exit 1; }
	@echo "== lint (ruff)" && $(BIN)/ruff check --quiet .
	@echo "== types (mypy --strict)" && $(BIN)/mypy --no-error-summary
	@echo "== import rules (import-linter)" && said=$$($(BIN)/lint-imports --no-logo 2>&1) || { echo "$$said"; exit 1; }
	@echo "== scripts and workflows (shellcheck, zizmor)" && $(BIN)/shellcheck .ci/run \
	  && $(BIN)/zizmor --offline --quiet --no-progress --format plain .github

.PHONY: format
format: $(STAMP) ## put the code in its form, and mend what can be mended
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

.PHONY: test-cluster
test-cluster: $(STAMP) ## the real-cluster suite, on what KUBECONFIG and the AWS settings lead to
	@echo "== tests on a real cluster"
	@$(BIN)/pytest -q -m cluster --force-enable-socket --timeout=600 -p no:randomly tests/cluster $(ARGS) \
	  || { status=$$?; [ $$status = 5 ] || exit $$status; echo "!!! no test was selected: nothing was tried"; }

.PHONY: coverage
coverage: $(STAMP) ## the tests, and the lines and branches that they do not reach
	@$(BIN)/pytest -q -n $(JOBS) --cov --cov-report=term-missing $(ARGS)

.PHONY: bench
bench: $(STAMP) ## measured times and sizes beside their floors
	@$(BIN)/python -m tests.bench

.PHONY: fuzz
SECONDS_EACH ?= 60
fuzz: $(STAMP) ## odd bytes for every reader of what others send (SECONDS_EACH=600: for so long each)
	@for target in $$($(BIN)/python -m tests.fuzz); do echo "== $$target" \
	  && $(BIN)/python -m tests.fuzz $$target -max_total_time=$(SECONDS_EACH) || exit 1; done

.PHONY: docs
docs: $(STAMP) ## write docs/checks.md and docs/causes.md anew
	@$(BIN)/python -m dnsmedic.docs

.PHONY: lock
lock: | $(BIN)/uv ## resolve requirements.txt from pyproject.toml (UPGRADE=1: newest versions)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	  $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.txt

.PHONY: clean
clean: ## remove what the other targets made
	@rm -rf .venv *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* build dist
