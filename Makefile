# make run   the app, from nothing        make test   the tests        make check   what CI runs
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The lock files pin every package there is, so nothing is left to resolve; the CPU build of torch is all that is needed.
INSTALLED := $(VENV)/.installed
TOOLS := $(VENV)/.tools

.PHONY: run install tools test quick check checked format lint types gate eval pictures clean help

help:  ## what there is to make
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

run: install  ## install, build the index if need be, start the app
	@$(BIN)/coach app

install: $(INSTALLED)  ## the environment, from the lock file

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make run PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

tools: $(TOOLS)  ## what tests, lint and types need

$(TOOLS): requirements-dev.lock $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --progress-bar off --no-deps -r requirements-dev.lock
	@touch $@

test: tools  ## every test; those with a browser run where Chromium is found
	@$(BIN)/python -m pytest --numprocesses=2 --dist=loadfile --no-loadscope-reorder

quick: tools  ## the tests that need neither model nor browser
	@$(BIN)/python -m pytest -m "not model and not browser"

format: tools  ## format the code
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

lint: tools
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: tools
	@$(BIN)/mypy

check: tools  ## format, lint, types, numbers, tests: what CI runs
	@$(MAKE) --no-print-directory --jobs=2 --output-sync=target checked gate
	@$(MAKE) --no-print-directory test

checked: lint types

gate: tools  ## measure a sample of everything beside the baseline; fails if something got worse
	@COACH_THREADS=$$(nproc) $(BIN)/coach ingest && COACH_THREADS=$$(nproc) $(BIN)/coach eval run quick

eval: tools  ## measure everything
	@$(BIN)/coach ingest && $(BIN)/coach eval run all

pictures: tools  ## every page, both widths, both themes, into .coach/pictures
	@$(BIN)/python -m tests.pictures .coach/pictures

clean:  ## remove the environment and the index
	rm -rf $(VENV) .coach .mypy_cache .pytest_cache .ruff_cache .hypothesis
