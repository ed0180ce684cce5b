# One word per action. Every target installs what it needs: a clone and Python 3.11 are enough.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: help install demo check test explore test-slow bench clean
help:            ## what can be done here
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/:.*##/ -/'

$(STAMP): setup.cfg constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $(STAMP)

install: $(STAMP) ## install into .venv

demo: $(STAMP) ## run the main job on a million trips (ARGS="--rows 100000 --data my.csv --label y")
	$(BIN)/tarn demo $(ARGS)

check: $(STAMP) ## lint, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(STAMP) ## the default tests, under ten minutes on two cores
	$(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile

explore: $(STAMP) ## the property tests on new examples, 500 each
	HYPOTHESIS_PROFILE=explore $(BIN)/python -m pytest -m 'not slow' -n 2 --dist loadfile $(TESTS)

test-slow: $(STAMP) ## the tests marked slow
	$(BIN)/python -m pytest -m slow

bench: $(STAMP) ## every benchmark suite at its default size
	$(BIN)/python -m benchmarks run

clean: ## remove what the targets above made
	rm -rf $(VENV) build dist *.egg-info demo-home benchmarks/results
