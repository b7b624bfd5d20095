# Every target makes the virtual environment it needs; python3 (3.11 or newer), pip and make are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO_ENV := MARKET_DATA_DIR=.market/demo MARKET_SAMPLE_DAY=2025-11-18
WORKERS ?= 2
PORT ?= 8000

.PHONY: demo test check serve bench format clean

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "需要 Python 3.11 或更高版本"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "正在安装依赖 …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	@echo "正在安装开发工具 …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	@echo "正在安装对比测试所需的库 …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev,bench]'
	@touch $@

# The sample market, afresh and in a database of its own, and the whole thread on one need, printed.
demo: $(VENV)/.run
	@rm -rf .market/demo
	@$(DEMO_ENV) $(BIN)/market seed demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow" --cov --cov-report=term:skip-covered --cov-fail-under=90

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The sample market over HTTP; run `make demo` first.
serve: $(VENV)/.run
	$(DEMO_ENV) $(BIN)/gunicorn wsgi:app --worker-class gthread --workers $(WORKERS) --threads 4 --bind 127.0.0.1:$(PORT)

# Small sizes; options as in make bench BENCH='--full' or BENCH='--only peers'.
bench: $(VENV)/.bench
	$(BIN)/python -m bench $(BENCH)

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) .market build *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
