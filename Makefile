# Everything runs in .venv, which any of these targets makes from the locked requirements.
# What has to be there already: Python 3.11 or later, and make.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TOGETHER := --dist loadfile --no-loadscope-reorder
LOCK := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header

.PHONY: up demo test test-long browser check fmt docs screenshots bench drill histories lock

## up: the whole stack on this machine, until Ctrl-C
up: $(READY)
	@exec $(BIN)/keepdate up

## demo: real bookings played through the running stack
demo: $(READY)
	@exec $(BIN)/keepdate demo

# The tests begin dozens of processes: what one has compiled is kept for the others, also where the
# environment would not have it.
test test-long: export PYTHONDONTWRITEBYTECODE :=

# Three at a time on two cores: one of them mostly waits, for a timer, a page or a server. What is
# long has the cores busy by itself.

## test: every tier, in three minutes
test: browser
	$(BIN)/python -m pytest $(TOGETHER) --numprocesses 3 -m 'not long'

## test-long: the drills with reminders, the demo, what else needs hundreds of bookings or
## processes, most of what a browser tries, and the rest of what `make test` repeats a few times
test-long: $(READY)
	$(BIN)/python -m pytest $(TOGETHER) --numprocesses 2 -m long

## browser: the Chromium of the browser tests and the screenshots, installed if there is none
browser: $(READY)
	@$(BIN)/python -m dev.chromium

## check: format, lint, types, who may import whom, and the licences of what we build on
check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m dev.licences

## fmt: formats, and mends what the linter can mend
fmt: $(READY)
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

## docs: writes the generated parts of the documentation anew
docs: $(READY)
	$(BIN)/python -m dev.docs

## screenshots: takes the pictures of README and docs/ anew, from a running stack
screenshots: browser
	$(BIN)/python -m dev.screenshots

## bench: measures everything; `make bench ONLY="lists live"` some of it, `JSON=FILE` writes it down
bench: browser
	$(BIN)/python -m bench $(ONLY) $(if $(JSON),--json $(JSON))

## drill: breaks a stack under load in every way we know, and checks what is left; `make drill FUZZ=200`
drill: $(READY)
	$(BIN)/python -m drills $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m drills --mutation all $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m drills --fuzz $(or $(FUZZ),20) $(if $(SEED),--seed $(SEED))
	$(BIN)/python -m drills.notices $(if $(SEED),--seed $(SEED))

## histories: records the workflow histories of this version anew, which the tests replay
histories: $(READY)
	$(BIN)/python -m tests.workflows.record_histories

## lock: pins every requirement anew; `make lock UPGRADE=--upgrade` takes the newest
lock: $(READY)
	$(LOCK) $(UPGRADE) requirements/uv.in --output-file requirements/uv.txt
	$(LOCK) $(UPGRADE) pyproject.toml --output-file requirements/runtime.txt
	$(LOCK) $(UPGRADE) pyproject.toml --all-extras --group dev \
		--constraint requirements/runtime.txt --output-file requirements/dev.txt

$(READY): pyproject.toml requirements/uv.txt requirements/dev.txt
	@test -x $(BIN)/python || { \
		for python in python3 python3.14 python3.13 python3.12 python3.11; do \
			$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
			python=; \
		done; \
		test -n "$$python" || { \
			echo 'Keepdate needs Python 3.11 or later, and none is on the PATH.' >&2; exit 1; }; \
		$$python -c 'import ensurepip' 2>/dev/null || { \
			echo "$$python cannot make virtual environments (Debian: install python3-venv)." >&2; exit 1; }; \
		$$python -m venv $(VENV); }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		--requirement requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes \
		--requirement requirements/dev.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@
