# make run     the sample company, from leaver export to community, on one screen
# make up      Dagster UI, daemon, consent site and HR desk
# make test    all tests that need nothing but this machine
# make check   what .ci/run runs, in the same order
# make bench   the measurements of benchmarks/
# make mutants alters the gates and the lifecycle: does a test see each of them? (minutes)

PYTHON ?= python3
BIN := .venv/bin
# Two more than there are cores: tests that start processes, browsers and databases wait for them.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2) + 2)
SOURCES := alumni_sync connectors assets

.PHONY: setup run up test check bench mutants format pins clean

setup: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt setup.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3"; exit 1; }
	@if command -v uv >/dev/null 2>&1; then \
		test -x $(BIN)/python || uv venv --quiet --python $(PYTHON) .venv; \
		uv pip install --quiet --python $(BIN)/python --constraint constraints.txt --editable '.[dev]'; \
	else \
		test -x $(BIN)/python || $(PYTHON) -m venv .venv; \
		$(BIN)/python -m pip install --quiet --disable-pip-version-check \
			--constraint constraints.txt --editable '.[dev]'; \
	fi
	@rm -rf alumni_sync.egg-info # left by a build; an old one hides the entry points just installed
	@touch $@

run: setup
	@$(BIN)/alumni-sync sample run

up: setup
	@if [ -f alumni_sync.yaml ]; then $(BIN)/alumni-sync up; \
	else $(BIN)/alumni-sync sample up; fi

# Compiled once and kept, whatever the environment says: the tests start a hundred processes.
test: export PYTHONDONTWRITEBYTECODE =
test: setup
	@$(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST)

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES) tests benchmarks examples
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test PYTEST="--cov --cov-report=term:skip-covered --cov-fail-under=95"
	$(BIN)/dagster definitions validate -w workspace.yaml

bench: setup
	@set -e; for benchmark in benchmarks/[!_]*.py; do \
		echo "== $$benchmark"; $(BIN)/python "$$benchmark"; \
	done

mutants: setup
	@$(BIN)/python tests/mutation/run.py

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Renews constraints.txt from what is installed: names and versions only.
pins: setup
	@{ sed -n '/^#/p' constraints.txt; \
	   $(BIN)/python -m pip freeze --all --exclude alumni-sync --exclude pip || uv pip freeze; } \
	   | grep -v '^-e' > constraints.new
	@mv constraints.new constraints.txt

clean:
	rm -rf .venv build dist var *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
