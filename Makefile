# Every target works on a fresh clone: `.venv` is made when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: serve demo test torture bench docs check unit clean

serve: $(VENV)/installed
	$(VENV)/bin/ytarchive serve

demo: $(VENV)/installed-dev
	$(RUN) -m tests.demo

test: check unit

check: $(VENV)/installed-dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

unit: $(VENV)/installed-dev
	$(RUN) -m pytest

torture: $(VENV)/installed-dev
	TORTURE=1 $(RUN) -m pytest -s tests/reliability

bench: $(VENV)/installed-dev
	$(RUN) -m bench $(if $(FULL),--full)

docs: $(VENV)/installed-dev
	$(RUN) -m ytarchive.http.documents

clean:
	rm -rf $(VENV) demo .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/installed: pyproject.toml
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/installed
