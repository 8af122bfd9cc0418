# Each target's help is the text behind its "##".
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup setup-dev demo test check format verbs lock clean

BIN := .venv/bin

# `make demo ONCE=1 SEED=7` becomes `vigil demo --once --seed 7`.
DEMO_OPTIONS := $(if $(filter-out 0,$(ONCE)),--once) $(if $(SEED),--seed $(SEED)) \
	$(if $(filter-out 0,$(CONTROLS)),--controls)

# Tests start real servers, and a file shares its own. Two workers mostly wait, for labs, while the
# others compute: tests/support/scheduling.py and the order in tests/conftest.py see to that.
WORKERS ?= 4

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## prepare everything to run Vigil (asks before it installs system packages; YES=1 agrees)
	@scripts/setup

setup-dev: ## prepare everything to change Vigil: setup, and the tools of test and check
	@scripts/setup --dev

demo: setup ## break a real shop and watch Vigil repair it (ONCE=1 ends by itself, SEED=n varies it, CONTROLS=1 shows more)
	@$(BIN)/vigil demo $(strip $(DEMO_OPTIONS))

test: check ## run every check and the whole test suite (TESTS="-k name" narrows it)
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

check: setup-dev ## check format, lint, types and the direction of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy src tests $(wildcard benchmarks)
	$(BIN)/lint-imports --no-logo

format: setup-dev ## put the code into its one format, and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

verbs: setup-dev ## write the tables of verbs in docs/reference anew, from what the verbs declare
	$(BIN)/python -m tests.support.verb_tables

lock: setup-dev ## renew the locked versions and hashes in requirements/ (LOCK=--upgrade takes new ones)
	scripts/lock $(LOCK)

clean: ## remove the environment, caches and build results (state of runs is kept)
	rm -rf .venv .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find src -name '*.egg-info' -prune -exec rm -rf {} +
	find src tests -name __pycache__ -prune -exec rm -rf {} +
