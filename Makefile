# The two commands of this project: `make demo` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
BIN := .venv/bin
# Emptied first, so that the demo shows a first run; the pipeline's own data (.taxi) is another folder.
DEMO := .demo

.PHONY: demo test lint install lock down clean

demo: install
	@$(BIN)/python -m synthetic.run_demo $(DEMO)

test: install lint
	$(BIN)/python -m pytest

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

install: .venv/installed

# local-bigquery declares Python 3.13 or newer and is installed apart: see requirements/local-bigquery.txt.
.venv/installed: requirements/dev.txt requirements/local-bigquery.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --ignore-requires-python -r requirements/local-bigquery.txt
	@touch $@

# Pin anew what pyproject.toml asks for (needs uv).
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q pyproject.toml -o requirements/base.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q --extra embedded --extra dev -c requirements/base.txt pyproject.toml -o requirements/dev.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-strip-extras --no-header -q --extra embedded -c requirements/dev.txt pyproject.toml -o requirements/embedded.txt

down:
	@$(BIN)/python orchestrate.py down

clean: down
	rm -rf .venv .taxi $(DEMO)
