# `make help` lists the targets. Everything runs in .venv, which `make setup` makes from requirements.txt.
SHELL := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.ready
PACKAGES := bot contract dnsmedic sandbox tests workers

.PHONY: help
help:  ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

.PHONY: setup
setup: $(STAMP)  ## make .venv: uv from its wheel, then every dependency, locked with its hashes

# uv is one of the locked packages: pip installs that one, and uv the others.
$(BIN)/uv:
	@echo "setup: .venv with $$($(PYTHON) --version), and uv"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "dnsmedic needs Python 3.11 (set PYTHON)"; exit 1; }
	@$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.txt > .venv/uv.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt

$(STAMP): requirements.txt pyproject.toml | $(BIN)/uv
	@echo "setup: installing requirements.txt"
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip sync --quiet --require-hashes requirements.txt
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet --no-deps --no-build-isolation --config-setting editable_mode=compat --editable .
	@touch $@

.PHONY: lock
lock: | $(BIN)/uv  ## resolve requirements.txt anew from pyproject.toml (UPGRADE=1: newest versions)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --extra dev --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
	  $(if $(UPGRADE),--upgrade) pyproject.toml --output-file requirements.txt
