# Every target works on a fresh clone: `.venv` is created when it is missing or out of date.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
# The tested versions, for packages and for the tools that build them.
TESTED := PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt

.PHONY: serve demo test test-newest-ytdlp torture bench docs check unit constraints clean

serve: $(VENV)/installed newest-ytdlp
	$(VENV)/bin/ytarchive serve

# YouTube changes often, so the server uses the newest yt-dlp. Tests install the tested one again.
.PHONY: newest-ytdlp
newest-ytdlp: $(VENV)/installed
	@rm -f $(VENV)/installed-dev
	$(RUN) -m pip install --quiet --retries 1 --timeout 15 --upgrade 'yt-dlp[default]' \
	|| echo "yt-dlp could not be updated; the server starts with the installed version." >&2

demo: $(VENV)/installed-dev
	$(RUN) -m tests.demo

test: check unit

check: $(VENV)/installed-dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

unit: $(VENV)/installed-dev
	$(RUN) -m pytest -n 3 --dist loadfile

test-newest-ytdlp: $(VENV)/installed-dev
	$(RUN) -m tests.newest_ytdlp

torture: $(VENV)/installed-dev
	TORTURE=1 $(RUN) -m pytest -s -o timeout=0 tests/reliability

bench: $(VENV)/installed-dev
	$(RUN) -m bench $(if $(FULL),--full)

docs: $(VENV)/installed-dev
	$(RUN) -m ytarchive.cli.documents

.PHONY: screenshot
screenshot: $(VENV)/installed-dev
	$(RUN) -m tests.screenshot docs/terminal.svg

# Run this with the lowest supported Python: its versions install on all newer ones, too.
constraints:
	rm -rf .venv-constraints
	$(PYTHON) -m venv .venv-constraints
	.venv-constraints/bin/pip install --quiet hatchling editables -e '.[dev]'
	{ echo "# The tested versions of all dependencies. \`make constraints\` refreshes this file."; \
	.venv-constraints/bin/pip freeze --exclude-editable; } > constraints.txt
	sed -i "s/\(yt-dlp\[default\]>=\)[0-9.]*/\1$$(sed -n 's/^yt-dlp==//p' constraints.txt)/" pyproject.toml
	rm -rf .venv-constraints

# `.venv` is kept: a server may be running from it.
clean:
	rm -rf demo .venv-newest .venv-constraints
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

$(VENV)/installed: pyproject.toml constraints.txt
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(TESTED) $(RUN) -m pip install --quiet -e .
	touch $@

$(VENV)/installed-dev: pyproject.toml constraints.txt
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(TESTED) $(RUN) -m pip install --quiet -e '.[dev]'
	touch $@ $(VENV)/installed
