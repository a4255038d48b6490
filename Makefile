# The commands of this project; start with `make demo` and `make test`. Each installs what it needs into .venv.
PYTHON ?= python3
BIN := .venv/bin
# The demo has its own state folder, so that its synthetic months do not mix with real ones.
DEMO := .demo
# Many containers set this. Every process would then compile all its imports again: 4 s for dbt and dlt.
unexport PYTHONDONTWRITEBYTECODE
# Variables that change what Python or dbt does are for the programs of others: see docs/environment.md.
unexport PYTHONSAFEPATH PYTHONPATH PYTHONHOME PYTHONOPTIMIZE PYTHONWARNINGS
$(foreach name,$(filter DBT_% PG%,$(.VARIABLES)),$(eval unexport $(name)))

.PHONY: demo docs test types unit lint mart bench install lock down

# One month cannot land, on purpose: `run` then ends with 1, and with another code or another month the demo has failed.
# The servers start while the months are written.
demo: install
	@export TAXI_PROFILE=local TAXI_STATE_DIR=$(DEMO)/state TAXI_SOURCE=$(DEMO)/source; \
	{ test -d $(DEMO)/source/trip-data || { $(BIN)/python -m synthetic $(DEMO)/source && \
		$(BIN)/python -m synthetic $(DEMO)/source --dataset green --month 2025-12 --broken; }; } & months=$$!; \
	$(BIN)/python orchestrate.py up && wait $$months && { $(BIN)/python orchestrate.py run || test $$? -eq 1; } && \
	$(BIN)/python orchestrate.py status && \
	$(BIN)/python orchestrate.py status --json | $(BIN)/python -m synthetic.red_month && \
	cat docs/after_the_demo.txt && $(BIN)/python orchestrate.py page --background

# The dbt docs in one HTML file, with the demo's columns and row counts: .demo/dbt_docs.html.
docs: install
	@export TAXI_PROFILE=local TAXI_STATE_DIR=$(DEMO)/state; \
	$(BIN)/python orchestrate.py up && eval "$$($(BIN)/python orchestrate.py env)" && \
	$(BIN)/dbt docs generate --static --target postgres --target-path $$PWD/$(DEMO)/dbt_docs
	@cp $(DEMO)/dbt_docs/static_index.html $(DEMO)/dbt_docs.html && echo "The dbt docs: $(DEMO)/dbt_docs.html"

# mypy keeps one core busy for 15 s, beside pytest.
test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(MAKE) --no-print-directory --jobs=2 types unit

types: install
	$(BIN)/mypy

unit: install
	$(BIN)/python -m pytest

# Of the dbt project; `make test` has the linters of Python. CI calls both. First the tests of the linters themselves.
lint: install
	$(BIN)/python -m pytest -n 0 tests/linting
	$(BIN)/python -m linting

# The files of a new mart, to be filled in: make mart NAME=daily_things FOLDER=mobility
mart: install
	@$(BIN)/python -m linting.new_mart "$(NAME)" "$(FOLDER)"

# Compares the pipeline with the limits of this machine. Takes hours; BENCH="landing --rows 100000" takes minutes.
bench: .venv/bench
	$(BIN)/python -m benchmarks $(BENCH)

install: .venv/installed

# --no-compile saves 35 s of 110: Python compiles a module when it is first used. --no-deps: the file names every package.
# Without it pip resolves again: it takes the newest google-auth, which is pinned with extras only, and misses its hash.
# local-bigquery declares Python 3.13 or newer, so it has its own command: see requirements/local-bigquery.txt.
.venv/installed: requirements/dev.txt requirements/local-bigquery.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps --ignore-requires-python -r requirements/local-bigquery.txt
	@touch $@

# Only benchmarks need this: matplotlib draws how time and memory grow.
.venv/bench: requirements/bench.txt .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --require-hashes --no-deps -r requirements/bench.txt
	@touch $@

# Pins again what pyproject.toml and requirements/**/*.in ask for (needs uv).
PIN := uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q
lock:
	$(PIN) pyproject.toml -o requirements/base.txt
	$(PIN) --extra embedded --extra dev -c requirements/base.txt pyproject.toml -o requirements/dev.txt
	$(PIN) --extra embedded -c requirements/dev.txt pyproject.toml -o requirements/embedded.txt
	$(PIN) --extra alerts -c requirements/dev.txt pyproject.toml -o requirements/alerts.txt
	$(PIN) --extra page -c requirements/dev.txt pyproject.toml -o requirements/page.txt
	$(PIN) --extra telemetry -c requirements/dev.txt pyproject.toml -o requirements/telemetry.txt
	$(PIN) --extra bench -c requirements/dev.txt pyproject.toml -o requirements/bench.txt
	$(PIN) requirements/containers.in -o requirements/containers.txt
	for peer in requirements/peers/*.in; do $(PIN) $$peer -o $${peer%.in}.txt; done

# Stops the embedded servers, and those of the demo.
down:
	@$(BIN)/python orchestrate.py down --profile local
	@TAXI_STATE_DIR=$(DEMO)/state $(BIN)/python orchestrate.py down --profile local
