# The two commands of the README are `make demo` and `make test`. Each sets up what it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
JOBS ?= 2
PEERS := brian2 nest snntorch
TOOLS := sinabs rockpool spikingjelly nengo
RECORDERS := tests/importers/nir/recorders
BENCHMARKS := instructions link experiments lessons cycles demos devices taps emulator

.PHONY: demo test long producers lint docs pictures gallery fire bench release clean

demo: $(VENV)/.demo
	$(BIN)/neurocorex demo digits

test: $(VENV)/.dev lint
	tools/need iverilog=iverilog g++=g++ perl=perl lz4.h=liblz4-dev zlib.h=zlib1g-dev chromium=chromium
	$(BIN)/pytest -n $(JOBS) --dist worksteal

# More of the longest checks of `make test`: other chips in Icarus, other lanes, other boards, other readers under libFuzzer.
long: $(VENV)/.dev
	tools/need iverilog=iverilog g++=g++ perl=perl
	$(BIN)/pytest -n $(JOBS) --dist worksteal -m long

# Downloads PyTorch and the tools that write NIR, records their networks anew, tests them, and trains the snnTorch example.
# `make test` uses recorded networks and the exported graph instead.
producers: $(VENV)/.producers $(TOOLS:%=.producers/%/.done)
	$(BIN)/python tests/importers/nir/record.py build/nir
	$(BIN)/python $(RECORDERS)/from_snntorch.py build/nir
	$(BIN)/python $(RECORDERS)/from_norse.py build/nir
	for tool in $(TOOLS); do .producers/$$tool/bin/python $(RECORDERS)/from_$$tool.py build/nir || exit 1; done
	NIR_RECORDINGS=build/nir $(BIN)/pytest tests/importers/test_nir_producers.py tests/importers/test_nir_digits.py
	$(BIN)/pytest tests/test_examples.py -k snntorch -W ignore:nirtorch:DeprecationWarning

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site in build/docs: runs the tutorials, the examples of docstrings, and the tests of the pages. Without network.
docs: $(VENV)/.dev
	tools/need g++=g++
	$(BIN)/sphinx-build --jobs $(JOBS) --fail-on-warning --keep-going --doctree-dir build/doctrees docs build/docs
	$(BIN)/pytest --doctest-modules host/neurocorex
	$(BIN)/pytest tests/test_docs.py tests/test_readme.py tests/test_pictures.py
	@echo "the site: $(BIN)/python -m http.server --bind 127.0.0.1 --directory build/docs"

# Draws the pictures of the README anew; a test compares them with the committed ones.
pictures: $(VENV)/.dev
	$(BIN)/python docs/pictures

# Measures every system of the gallery on the emulator, and writes the figures and pictures that README and docs show.
gallery: $(VENV)/.dev
	$(BIN)/neurocorex gallery --measure examples/gallery

# Campaigns that try to break it, in about half an hour on two cores; `make test` has a sample of each.
# Options and names of campaigns go into FIRE, for example: make fire FIRE="coverage --minutes 10 --seed 2"
fire: $(VENV)/.dev
	tools/need g++=g++
	@mkdir -p build
	$(BIN)/python -m fire --jobs $(JOBS) --json build/fire.json $(FIRE)

# Writes every table, even after one of them has missed its target.
bench: $(VENV)/.dev $(PEERS:%=.peers/%/.done)
	tools/need g++=g++ gcc=gcc perl=perl valgrind=valgrind
	@missed=; for run in $(BENCHMARKS); do \
	    echo "benchmarks/$$run.py"; $(BIN)/python benchmarks/$$run.py --write || missed="$$missed $$run"; \
	done; [ -z "$$missed" ] || { echo "target missed:$$missed, see above" >&2; exit 1; }

# Wheel, sdist, and bitstreams with their manifest, in dist/. Boards can be chosen: make release BOARDS="icebreaker ulx3s-25f"
release: $(VENV)/.dev
	$(BIN)/python tools/release.py $(BOARDS)

# Other simulators, each in its own environment. The table names those that cannot be installed as absent.
.peers/%/.done: benchmarks/peers/requirements-%.txt | $(BIN)/python
	rm -rf .peers/$*
	$(PYTHON) -m venv .peers/$*
	.peers/$*/bin/pip --disable-pip-version-check --quiet install --requirement $< || rm -rf .peers/$*/bin
	@touch $@

# Tools that need other versions of nir than the tests: each has an environment of its own, with PyTorch from the main one.
.producers/%/.done: $(RECORDERS)/requirements-%.txt | $(VENV)/.producers
	rm -rf .producers/$*
	$(BIN)/python -m venv .producers/$*
	$(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
	    > $$(.producers/$*/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/main.pth
	.producers/$*/bin/pip --disable-pip-version-check --quiet install --no-deps --requirement $<
	@touch $@

clean:
	rm -rf $(VENV) .peers .producers build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and f"NeuroCoreX needs Python 3.11 or newer, {sys.executable} is {sys.version.split()[0]}; try: make PYTHON=/path/to/python3.11")'
	@PYTHON=$(PYTHON) tools/need venv=python3-venv
	$(PYTHON) -m venv $(VENV)

# requirements.txt pins the packages of the tests; pyproject.toml gives the allowed ranges.
$(VENV)/.demo: pyproject.toml requirements.txt | $(BIN)/python
	$(PIP) install --constraint requirements.txt --editable ".[examples]"
	@touch $@

$(VENV)/.producers: $(VENV)/.dev
	$(PIP) install --constraint requirements.txt --editable ".[producers]"
	@touch $@

$(VENV)/.dev: pyproject.toml requirements.txt | $(BIN)/python
	$(PIP) install --constraint requirements.txt --editable ".[dev]"
	@touch $@
