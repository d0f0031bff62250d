# Takt: `make help` lists the targets. Every target makes the environment it needs first, from the lock file.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VENV := .venv
BIN  := $(VENV)/bin
PIP  := $(BIN)/python -m pip --disable-pip-version-check
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(ARGS)

# Two files of tests side by side, in the order in which they stand: most of their time they wait.
SPREAD := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.PHONY: help run test check bench lock browser postgres clean

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */  make \1\t/' | expand -t 16
	@echo "  ARGS=\"...\" is handed on by run, test, bench and lock; PYTHON=... chooses the interpreter"

run: $(VENV)/.run  ## everything, supervised, with the demo plant unless ARGS say otherwise
	@exec $(BIN)/takt run $(ARGS)

test: $(VENV)/.dev browser postgres  ## the whole test suite, browser tests included
	$(BIN)/python -m pytest $(SPREAD) $(ARGS)

check: $(VENV)/.dev  ## format, lint, types, unit tests: under a minute
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@# the cache misses modules that are new: what it finds wrong is looked at again without it
	$(BIN)/mypy >/dev/null || $(BIN)/mypy --no-incremental
	$(BIN)/python -m pytest -q $(SPREAD) tests/unit tests/property tests/golden tests/test_tidy.py tests/test_docs.py

bench: $(VENV)/.dev  ## the measurements of docs/, on this machine
	$(BIN)/python -m tests.bench $(ARGS)

lock: $(VENV)/.dev  ## recompile the requirements from pyproject.toml; ARGS=--upgrade for newer versions
	$(PIP) install --quiet 'uv>=0.13,<0.14'
	$(LOCK) --extra dev --output-file requirements-dev.txt pyproject.toml
	$(LOCK) --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml

clean:  ## remove the environment and everything that tools left; data are kept
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

browser:
	@have() { for name; do command -v "$$name" >/dev/null && return; done; return 1; }; \
	complete() { have chromium chromium-browser google-chrome google-chrome-stable && have chromedriver; }; \
	complete && exit 0; \
	if have apt-get && ! grep -qsi ubuntu /etc/os-release; then \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "The browser tests need Chromium and its driver: installing Debian's chromium and chromium-driver"; \
	  $$sudo apt-get update -q; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends chromium chromium-driver; \
	fi; \
	complete || { echo "error: the browser tests need Chromium (or Google Chrome) and chromedriver on the PATH." >&2; \
	  echo "  Fedora: dnf install chromium chromedriver · Arch: pacman -S chromium · Alpine: apk add chromium chromium-chromedriver" >&2; \
	  echo "  macOS:  brew install --cask google-chrome chromedriver · Ubuntu: snap install chromium (brings chromium.chromedriver)" >&2; \
	  echo "  All tests but those: make check, or $(BIN)/python -m pytest -m 'not browser'" >&2; exit 1; }

postgres:
	@complete() { command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; }; \
	complete && exit 0; \
	if command -v apt-get >/dev/null; then \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  echo "The tests of the records need PostgreSQL's programs: installing Debian's postgresql"; \
	  $$sudo apt-get update -q; \
	  $$sudo mkdir -p /etc/postgresql-common; \
	  [ -e /etc/postgresql-common/createcluster.conf ] || echo "create_main_cluster = false" | $$sudo tee /etc/postgresql-common/createcluster.conf >/dev/null; \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends postgresql; \
	fi; \
	complete || { echo "error: the tests of the records need PostgreSQL's initdb and postgres." >&2; \
	  echo "  Fedora: dnf install postgresql-server · Arch: pacman -S postgresql · macOS: brew install postgresql@17" >&2; \
	  echo "  All tests but those: $(BIN)/python -m pytest -k 'not postgresql'" >&2; exit 1; }

# --- the environment -------------------------------------------------------------------------------------------------

$(VENV)/.python:
	@want='import sys; sys.exit(sys.version_info < (3, 11))'; found=; \
	for name in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if "$$name" -c "$$want" >/dev/null 2>&1; then found=$$name; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "error: Takt needs Python 3.11 or newer; none of python3.13, python3.12, python3.11, python3 is." >&2; \
	  echo "  Install one, or name it: make PYTHON=/path/to/python3" >&2; exit 1; fi; \
	if ! "$$found" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "error: $$found cannot make virtual environments: its venv or ensurepip module is missing." >&2; \
	  echo "  On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; fi; \
	"$$found" -c 'import sys; print("environment: $(VENV), Python", sys.version.split()[0])'; \
	"$$found" -m venv --clear $(VENV)
	@touch $@

$(VENV)/.run: requirements.txt pyproject.toml | $(VENV)/.python
	$(PIP) install --quiet --require-hashes -r requirements.txt
	$(PIP) install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.txt | $(VENV)/.run
	$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	@touch $@
