# Everything runs in .venv, made from one lock with hashes. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# "about 0.9 GB" below: `pip download --no-deps` of 196 of the packages on Linux made a folder of 899 MiB (`du -sm`).
STAMP := $(VENV)/.installed
# A file of tests stays in one process: its fixtures (a server, a trained model) are made once.
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help install browser check test test-slow quickstart bench lock lock-lowest clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: $(STAMP)  ## Make .venv from the lock (about 0.9 GB to download when nothing is cached)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "ee-floods needs Python 3.11 or newer; set PYTHON=/path/to/python3.11")'
	@echo "Installing into $(VENV): $$(grep -c '==' requirements.lock) packages, about 0.9 GB to download if none is cached."
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet uv
	$(BIN)/uv pip install --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --python $(BIN)/python --no-deps --editable .
	@touch $@

browser:  ## Headless Chromium for the map tests (Debian, as root; elsewhere install it yourself)
	@if command -v chromium >/dev/null 2>&1; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium from Debian's packages."; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "No Chromium here: browser tests will skip and say so."; fi

check: install  ## Lint, types, import contracts, unit tests without TensorFlow
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -m "not tf and not engine and not browser and not ee and not slow"

test: install browser  ## All tests but the slow ones (under 15 minutes on 2 cores)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST)

test-slow: install browser  ## Fresh installation of the wheel, whole quickstart twice, other long tests
	$(PYTEST) -m "slow and not ee"

quickstart: install  ## The main job on the local engine, start to finish; results in quickstart/
	$(BIN)/ee-floods quickstart -o quickstart

bench: install  ## Measure the figures of the README's table
	$(BIN)/python benchmarks/quickstart.py

lock: ## Make requirements.lock again from pyproject.toml
	$(PYTHON) -m venv $(VENV).lock && $(VENV).lock/bin/python -m pip install --quiet uv
	$(VENV).lock/bin/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements.lock
	rm -rf $(VENV).lock

lock-lowest: ## Write the oldest versions that pyproject.toml admits to requirements-lowest.txt
	$(PYTHON) -m venv $(VENV).lock && $(VENV).lock/bin/python -m pip install --quiet uv
	$(VENV).lock/bin/uv pip compile pyproject.toml --group dev --python-version 3.11 --resolution lowest-direct \
		--no-emit-index-url --no-header --no-annotate --quiet -o requirements-lowest.txt
	rm -rf $(VENV).lock

clean:  ## Remove .venv and what runs left behind
	rm -rf $(VENV) build dist quickstart .mypy_cache .ruff_cache .pytest_cache .hypothesis
