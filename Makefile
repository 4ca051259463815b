# Two commands: `make demo` and `make test`. Each installs what it needs into $(VENV) and works on a fresh machine
# with Python 3.11 and make.
VENV ?= .venv
PYTHON ?= $(or $(shell command -v python3.11),python3)
BIN = $(abspath $(VENV))/bin
# uv installs the 130 packages in a fifth of the time that pip takes.
UV = uv==0.13.9
INSTALL = VIRTUAL_ENV=$(abspath $(VENV)) $(BIN)/uv pip install -q --no-deps
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Containers like to set it; without bytecode each process compiles 20 seconds of libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test install engines lint clean soak rehearse bench outside fill-rates
.DEFAULT_GOAL := demo

demo: install
	$(BIN)/migrate demo

test: install engines lint
	$(BIN)/pytest -n 2 --no-loadscope-reorder

# Other seeds than the ones of `make test`: make soak SOAK=load FROM=1000 SEEDS=500 EMBEDDED=20
soak: install
	SOAK_FROM=$(FROM) SOAK_SEEDS=$(SEEDS) SOAK_EMBEDDED_SEEDS=$(EMBEDDED) $(BIN)/pytest -q -n 2 $(if $(filter-out all,$(SOAK)),tests/soak/test_$(SOAK).py,tests/soak)

# Gives every command of docs/runbook.md, each of which may take a minute, and migrates a second public set of data
rehearse: install
	REHEARSE=1 $(BIN)/pytest -q -n 0 tests/migrate/test_whole_path.py tests/migrate/test_real_inputs.py -k 'runbook_is_rehearsed or crm_sales'

# Measures the fill rates in MAPPING.md on a small demo company of its own, the one of the tests, and writes them
fill-rates: export MIGRATE_HOME = $(CURDIR)/.local/fill-rates
fill-rates: export WAREHOUSE_PORT = 8470
fill-rates: export SANDBOX_SALESFORCE_PORT = 8471
fill-rates: export SANDBOX_HUBSPOT_PORT = 8472
fill-rates: export SANDBOX_INTERCOM_PORT = 8473
fill-rates: install
	rm -rf $(MIGRATE_HOME)
	$(BIN)/migrate warehouse up && $(BIN)/migrate sandbox up && \
		$(BIN)/migrate sandbox seed --scale 0.15 && \
		$(BIN)/migrate extract && $(BIN)/migrate build && $(BIN)/migrate mapping --measure; \
		status=$$?; $(BIN)/migrate sandbox down; $(BIN)/migrate warehouse down; exit $$status

# What was loaded, read by the vendors' own Node clients (Node 20), and what is extracted, read by other people's clients
# of Salesforce: each in an environment of its own. The Salesforce CLI needs a newer Node, which npm brings.
OUTSIDE = .local/outside
outside: install
	npm install --silent --no-audit --no-fund --prefix $(OUTSIDE) @hubspot/api-client@13 intercom-client@7 jsforce@3
	npm install --silent --no-audit --no-fund --prefix $(OUTSIDE)/sf node@24 @salesforce/cli@2
	test -x $(OUTSIDE)/airbyte/bin/source-salesforce || { $(PYTHON) -m venv $(OUTSIDE)/airbyte && \
		$(OUTSIDE)/airbyte/bin/pip install -qq airbyte-source-salesforce; }
	$(BIN)/pytest -q tests/outside

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 dbt_project/models dbt_project/tests warehouse/setup.sql

# One benchmark, a JSON line for each measurement: make bench BENCH=extract ARGS="--rows 200000 --peers all"
bench: install
	$(BIN)/python -W ignore -m benchmarks.$(BENCH) $(ARGS)

install: $(VENV)/installed

$(VENV)/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed, and $(PYTHON) is not; name it: make PYTHON=/path/to/python3.11"; exit 2; }
	@free=$$(df -Pk . | awk 'NR == 2 { print $$4 }'); [ $$free -ge 2600000 ] || \
		{ echo "Only $$((free / 1000)) MB are free on this disk; the installation needs 2600 MB."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -qq $(UV)
	$(INSTALL) -r requirements.lock
	$(INSTALL) --no-build-isolation --editable .
	@touch $@

# The scheduling engines of docs/examples, apart from the project as they are in a deployment.
engines: $(VENV)/examples/installed

$(VENV)/examples/installed: docs/examples/requirements.lock | install
	$(PYTHON) -m venv $(VENV)/examples
	$(INSTALL) --python $(VENV)/examples/bin/python -r docs/examples/requirements.lock
	@touch $@

# Stops what was started here and removes all that was made: state, environment, caches.
clean:
	@if [ -x $(BIN)/migrate ]; then $(BIN)/migrate sandbox down; $(BIN)/migrate warehouse down; fi
	rm -rf .local $(VENV) target logs dbt_packages build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .user.yml
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
