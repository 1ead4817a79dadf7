# make demo [ONCE=1] · make test · make lint · make bench [ONLY=name] · make chaos [ONLY=name] [LONG=1] [SEED=n] · make clean
#
# Needs Python 3.11 or newer with venv and pip, and nothing else. A computer without an NVIDIA card saves
# gigabytes with TORCH_INDEX=https://download.pytorch.org/whl/cpu.

VENV ?= .venv
PYTHON ?=
TORCH_INDEX ?=
PORT ?= 8000
ONCE ?=
ONLY ?=

PY := $(VENV)/bin/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
TORCH := $(shell sed -n 's/^torch==/torch==/p' docker/constraints.txt)
# What PostgreSQL may change: all but the language model, pure functions and the demo, which runs on SQLite.
ON_POSTGRES := $(addprefix tests/,admin api celery chaos management models roles streams worker test_jobs.py \
  test_receivers.py) --ignore=tests/management/test_demo.py
# Celery's workers were tried on PostgreSQL already; those of the demo and of adapters run on SQLite.
ON_SQLITE := --ignore=tests/celery --ignore=tests/chaos
ANY_PYTHON := $(PYTHON) python3 python3.13 python3.12 python3.11
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PINS := pyproject.toml docker/constraints.txt

.PHONY: demo test lint check bench chaos clean
.DELETE_ON_ERROR:

demo: $(VENV)/.installed-demo
	@$(PY) manage.py demo --port $(PORT) $(if $(ONCE),--once)

# The last line is pytest's own. Celery's tests wait more than they compute, hence three processes; threads of torch
# in several processes would wait for each other, hence one each.
test: $(VENV)/.installed-dev lint check
	$(MAKE) demo ONCE=1
	$(PY) -m coverage erase
	OMP_NUM_THREADS=1 $(PY) -m tests.run_on_postgres -n 3 --dist worksteal $(ON_POSTGRES)
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 --dist worksteal $(ON_SQLITE) --cov --cov-fail-under=85

lint: $(VENV)/.installed-dev
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

check: $(VENV)/.installed-dev
	$(PY) manage.py check
	$(PY) manage.py makemigrations --check --dry-run

bench: $(VENV)/.installed-dev
	$(PY) -m tests.benchmarks $(ONLY)

chaos: $(VENV)/.installed-dev
	$(PY) -m tests.chaos $(ONLY) $(if $(LONG),--long) $(if $(SEED),--seed $(SEED))

clean:
	rm -rf build dist htmlcov .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .hypothesis \
	  .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# torch first and by its exact version: nothing else may choose another build of it.
$(VENV)/.installed-demo: $(PY) $(PINS)
	@echo "Installing; the first time takes some minutes …"
	$(PIP) $(TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(PIP) -c docker/constraints.txt -e '.[demo]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-demo
	$(PIP) -c docker/constraints.txt -e '.[dev,stores]'
	@touch $@

$(PY):
	@for python in $(ANY_PYTHON); do \
	  if $$python -c '$(FITS)' 2>/dev/null; then \
	    echo "Making $(VENV) with $$($$python --version)"; exec $$python -m venv $(VENV); \
	  fi; \
	done; \
	echo "shop_ai needs Python 3.11 or newer with venv and pip, and found none." >&2; \
	echo "Debian, Ubuntu:  sudo apt-get install python3 python3-venv python3-pip" >&2; \
	echo "Fedora:          sudo dnf install python3 python3-pip" >&2; \
	echo "macOS:           brew install python@3.13" >&2; \
	echo "Or name one:     make demo PYTHON=/path/to/python3" >&2; \
	exit 1
