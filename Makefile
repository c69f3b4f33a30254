# Two commands do everything: `make demo` and `make test`. Each installs what it needs by itself.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

export DAGSTER_DISABLE_TELEMETRY = 1
# What one process compiled no other compiles again: Dagster alone starts several.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test test-fast test-spark test-cloudflare check format dev bench lock clean

help: ## show the tasks
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(READY) ## create .venv from requirements.lock

$(READY): requirements.lock requirements-plugins.lock pyproject.toml
	@echo "Installing into $(VENV) (about a minute when nothing is cached)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) \
	  || { echo "python3 cannot make a virtual environment: install Debian's python3-venv"; exit 1; }
	@awk '/^uv==/ {on=1} on {print} on && !/\\$$/ {exit}' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/python -m pip install --quiet --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --no-deps \
	  --target $(VENV)/plugins -r requirements-plugins.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --no-index -e .
	@touch $@

demo: $(READY) ## run the main job on sample data: tenant -> fund -> anonymized
	@$(BIN)/classline demo

test: $(READY) ## run every test
	@$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --durations=25 -q

test-fast: $(READY) ## run the tests that start no server
	@$(BIN)/python -m pytest -q -m "not integration"

test-spark: $(READY) ## install Spark (400 MB, needs Java 17) and compare it with DuckDB
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.lock
	@$(BIN)/python -m pytest -q tests/anonymization/engines/test_spark_agrees.py

test-cloudflare: $(READY) ## install wrangler (200 MB, needs Node 20) and audit what it really leaves
	@npm ci --prefix tests/cloudflare --ignore-scripts --no-audit --no-fund --silent
	@$(BIN)/python -m pytest -q tests/cloudflare

check: $(READY) ## format, lint, data classes in code, registry documents, types and import directions
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/python -m expectations.lint .
	@$(BIN)/classline registry docs --check > /dev/null
	@$(BIN)/classline workflow docs --check > /dev/null
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(READY) ## put the code into shape, and the documents made of declarations
	@$(BIN)/ruff format --quiet . && $(BIN)/ruff check --quiet --fix .
	@$(BIN)/classline registry docs > /dev/null
	@$(BIN)/classline workflow docs > /dev/null

dev: $(READY) ## open the Dagster UI on 127.0.0.1:3000
	@$(BIN)/classline up
	@$(BIN)/python -m dagster_project.dagster_home
	@home="$$(realpath -- "$${CLASSLINE_HOME:-.classline}")"; DAGSTER_HOME="$$home/dagster" \
	  $(BIN)/dagster dev --host 127.0.0.1 --port 3000 -m dagster_project.definitions

bench: $(READY) ## measure, and print the tables of docs/benchmarks.md
	@$(BIN)/python -m benchmarks

lock: $(READY) ## pin requirements.in again
	@$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet \
	  requirements.in -o requirements.lock
	@echo 'pyspark>=4,<5' | $(BIN)/uv pip compile --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --custom-compile-command "make lock" --quiet \
	  - -o requirements-spark.lock
	@version=$$(sed -n 's/^acryl-datahub==\([0-9.]*\).*/\1/p' requirements.lock); \
	  printf 'acryl-datahub-%s-plugin==%s\n' dagster "$$version" gx "$$version" \
	  | $(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-deps \
	  --no-emit-index-url --custom-compile-command "make lock" --quiet \
	  - -o requirements-plugins.lock

clean: ## stop what runs and remove the virtual environment and all state
	@-$(BIN)/classline down
	@home="$${CLASSLINE_HOME:-.classline}"; \
	  if [ -d "$$home/secrets" ] && [ -d "$$home/logs" ]; then rm -rf -- "$$home"; fi
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
