# The book, its tests and its checks. Everything runs in .venv, made here from the three lock files.
PYTHON ?= python3
PROFILE ?= smoke
JOBS ?=
TIMES ?= 3
BIN := .venv/bin
INSTALLED := .venv/.installed
# What a result can depend on; other extras are tools around the runs, and records stay valid without them.
KEYED := cells corpus flight gpu graph judge language pathology speech text video vision
RESOLVE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate pyproject.toml
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: book pdf test browser faults lint format record serve lock clean

book: $(INSTALLED)  ## Execute every chapter at PROFILE and render the book into _build/html
	$(BIN)/mmrepro build --profile $(PROFILE) $(addprefix --jobs=,$(JOBS))

pdf: $(INSTALLED)  ## Print the built book into _build/mmrepro.pdf; needs Chromium
	$(BIN)/mmrepro pdf

test: $(INSTALLED)  ## Unit tests without network, then the notebooks at profile smoke
	$(BIN)/python -m pytest -m "not browser" -n logical --dist loadscope --durations=10 --cov=mmrepro --cov-report=term:skip-covered --cov-fail-under=90

browser: $(INSTALLED)  ## Open every page of the built book in headless Chromium
	$(BIN)/python -m pytest -m browser -n logical --dist loadscope --durations=10 tests/browser

faults: $(INSTALLED)  ## Break things on purpose, at random moments TIMES times, and write results/faults.json
	$(BIN)/python -m pytest -m "hostile or fault" -n logical --dist load --maxschedchunk 1 --times $(TIMES) --fault-report=results/faults.json

lint: $(INSTALLED)  ## Formatting, lint, types, YAML and spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	$(BIN)/codespell

format: $(INSTALLED)  ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

record: $(INSTALLED)  ## Run changed chapters at profile cpu and put their records into results/
	$(BIN)/mmrepro run --profile cpu --stale --publish $(addprefix --jobs=,$(JOBS))

serve: $(INSTALLED)  ## Serve the rendered book on this machine
	$(BIN)/mmrepro serve

lock: $(INSTALLED)  ## Resolve the newest versions of everything into the lock files
	$(BIN)/python -m pip install --quiet uv
	mkdir -p _build
	$(RESOLVE) --upgrade --all-extras --output-file _build/all.lock
	$(RESOLVE) $(addprefix --extra ,$(KEYED)) --constraint _build/all.lock --output-file _build/keyed.lock
	grep -vxFf _build/keyed.lock _build/all.lock >_build/tools.lock
	mv _build/keyed.lock requirements.lock
	mv _build/tools.lock requirements.tools.lock

clean:  ## Remove the book, the runs and the environment
	rm -rf _build .venv

$(INSTALLED): requirements.lock requirements.tools.lock requirements.no-deps.lock pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --requirement requirements.lock --requirement requirements.tools.lock
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.no-deps.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@
