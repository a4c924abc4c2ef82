# Every target sets up what it needs on a fresh clone; the second run does not do it again.

PYTHON ?= python3.11
# More arguments for the program a target runs: make test ARGS="-k windows"
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PACKAGES := $(VENV)/.packages
INSTALLED := $(VENV)/.installed

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	--strip-extras --allow-unsafe --build-deps-for=editable

export PIP_NO_INPUT := 1
# What is compiled is kept: commands are started hundreds of times.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-unit lint kafka bench bench-check simulate reference drills lock jars browser clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(INSTALLED) jars ## Run the whole application on sample data (the main job)
	@$(BIN)/python -m dev.demo $(ARGS)

# In the order of their names: the long files are in the middle, short ones fill up the end.
# Three processes: many tests wait, and two would leave two cores idle for a quarter of the time.
test: $(INSTALLED) jars browser ## Run all tests, those against a real Kafka too
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

test-unit: $(INSTALLED) browser ## Run the tests that need no Kafka
	@$(BIN)/python -m pytest -m "not integration" $(ARGS)

lint: $(INSTALLED) ## Check style, types, layers and published schemas
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/python -m dev.schemas

kafka: $(INSTALLED) ## Run a local Kafka in the foreground, on CLICKSTREAM_KAFKA_PORT (9092)
	@exec $(BIN)/python -m dev.kafka

bench: $(INSTALLED) jars ## Measure beside other stream processors (ARGS="--only NAME,... --clicks N")
	@$(BIN)/python -m bench $(ARGS)

bench-check: $(INSTALLED) jars ## Compare ratios with bench/baseline.json (ARGS=--write: renew it)
	@$(BIN)/python -m bench.check $(ARGS)

drills: $(INSTALLED) jars ## Run the fault drills (ARGS="--only NAME --scale 0.1", --list)
	@$(BIN)/python -m dev.drills $(ARGS)

reference: $(INSTALLED) ## Write docs/reference from the code
	@$(BIN)/python -m dev.reference

simulate: $(INSTALLED) ## Run the engine through thousands of faults on a simulated Kafka
	@$(BIN)/python -m tests.simulation $(ARGS)

lock: $(INSTALLED) ## Pin what pyproject.toml depends on (ARGS=--upgrade: the newest)
	@$(COMPILE) $(ARGS) --extra tracing --output-file requirements.lock pyproject.toml
	@$(COMPILE) $(ARGS) --extra tracing --extra dev --constraint requirements.lock \
		--output-file requirements-dev.lock pyproject.toml

clean: ## Remove all that make has set up, the local Kafka's data too
	@rm -rf $(VENV) .kafka .bench build .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Kafka's jars, where a local broker will be started; at once when they are there.
jars: $(INSTALLED)
	@$(BIN)/python -m dev.kafka --prepare

# A Chromium, in which the dashboard is tried; at once when there is one.
browser: $(INSTALLED)
	@$(BIN)/python -m dev.browser --prepare

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || { \
		echo "clickstream: Python 3.11 is needed, and '$(PYTHON)' is not it: install it, or" \
			"run 'make PYTHON=/path/to/python3.11'." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(PACKAGES): requirements-dev.lock | $(BIN)/python
	@echo "Installing packages into $(VENV) ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@

$(INSTALLED): pyproject.toml $(PACKAGES)
	@PYTHONWARNINGS="ignore:Editable installation" $(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@
