# One word for each daily task: `make help` lists them. The first run installs into .venv, later runs start at once.

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
CONSOLE := puntini/console/static/index.html
SDK := sdk/typescript/dist/index.js

# Stamps: each says that something is installed as the file before it asked.
SERVE := $(VENV)/.serve-installed
DEV := $(VENV)/.dev-installed
NPM := node_modules/.installed

# The folders with Python in them (mypy refuses a folder without any).
CODE := puntini tests $(foreach folder,bench docs examples,$(if $(wildcard $(folder)/*.py $(folder)/*/*.py),$(folder)))
# Many tests wait more than they work, so there are more workers than cores. Which go together, tests/conftest.py says.
# Hundreds of tests start a server: compiled files are kept, also where the environment says otherwise (it is emptied).
# Databases wait for the disk at every commit: their files lie in memory where 4 GB are free and programs may be run.
IN_MEMORY := $(shell grep -E ' /dev/shm tmpfs ' /proc/mounts 2>/dev/null | grep -qv noexec && \
	df -Pk /dev/shm | awk 'NR == 2 && $$4 > 4000000 { print "TMPDIR=/dev/shm" }')
PYTEST := $(IN_MEMORY) PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 3 --dist load

.PHONY: help
help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-16s %s\n", $$1, $$2 }'

# What keeps something and can keep it on Postgres as well. Tests of many nodes have one in any case.
ON_POSTGRES := $(addprefix tests/,agent api cli console doctor live metrics sdk/test_browser.py transport test_agent_examples.py \
	test_examples.py) --ignore-glob='*/nodes' --ignore=tests/agent/shared

.PHONY: serve
serve: $(SERVE) console-if-can ## install what is needed and run the server; ARGS="--port 9000" reaches `puntini serve`
	@exec $(BIN)/puntini serve $(ARGS)

.PHONY: test
test: test-needs ## run the tests but the slow ones; ARGS="tests/log -k cursor" narrows them
	@$(PYTEST) -m "not slow" $(ARGS)

.PHONY: test-all
test-all: test-needs ## run all the tests, the slow ones too, and those that can on Postgres again
	@$(PYTEST) $(ARGS)
	@$(PYTEST) --postgres $(ON_POSTGRES)

# The import rules are a test: tests/test_imports.py. Tests come last, so that pytest's closing line is the last one printed.
.PHONY: check
check: test-needs ## the one gate: format, lint, types, import rules and tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy $(CODE)
	@$(call with-npm,npm run --silent check)
	@$(PYTEST) -m "not slow"

.PHONY: types
types: test-needs ## make the TypeScript SDK's types anew from the server's own description
	@PUNTINI_PYTHON=$(CURDIR)/$(BIN)/python node sdk/typescript/scripts/generate.mjs

.PHONY: format
format: $(DEV) ## format the code and mend what ruff can mend
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .
	@$(call with-npm,npm run --silent format)

.PHONY: console
console: $(CONSOLE) ## build the web console, which a running server then serves

.PHONY: sdk
sdk: $(SDK) ## build the TypeScript SDK into sdk/typescript/dist

.PHONY: docs
docs: $(DEV) ## build the documentation into build/docs; a link that leads nowhere fails
	@$(BIN)/python -m docs.site $(ARGS)

.PHONY: bench
bench: $(DEV) bench-needs node-needs browser-needs ## measure this machine; ARGS="--help" lists what can be measured
	@$(BIN)/python -m bench $(ARGS)

.PHONY: clean
clean: ## remove the environment, the npm packages, the caches and what was built
	@rm -rf $(VENV) node_modules puntini/console/static sdk/typescript/dist dist build .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find puntini tests bench docs examples -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# ---- Python ----------------------------------------------------------------------------------------------------------

# Running a candidate, not finding it, is the test: version managers put shims on the path that lead nowhere.
# A Python that was named is used or refused, never replaced.
CANDIDATES := $(or $(PYTHON),python3.13 python3.12 python3.11 python3)
USABLE := import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))

$(BIN)/python:
	@for python in $(CANDIDATES); do \
	    "$$python" -c '$(USABLE)' 2>/dev/null || continue; \
	    echo "Making $(VENV) with $$("$$python" --version) ..."; \
	    "$$python" -m venv --clear $(VENV) && exit 0; \
	    rm -rf $(VENV); exit 1; \
	done; \
	echo "Puntini needs Python 3.11 or newer with its venv module, and none was found: install it, or name it with PYTHON=/path/to/python." >&2; \
	exit 1

$(SERVE): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the server needs ..."
	@$(PIP) install -r requirements.lock
	@$(PIP) install --no-deps --editable .
	@touch $@

# The development lock holds all of the run-time lock (tests/test_repository.py sees to it), so both stamps are earned.
$(DEV): requirements-dev.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tests need ..."
	@$(PIP) install -r requirements-dev.lock
	@$(PIP) install --no-deps --editable .
	@touch $(SERVE) $@

# ---- What tests and benchmarks need besides -------------------------------------------------------------------------

# $(call can-install) is true for root on a machine with apt-get; only there is anything installed for the whole machine.
can-install = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null
apt-install = apt-get update -qq >/dev/null && \
	DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends $(1) >/dev/null

.PHONY: test-needs
test-needs: $(DEV) node-needs browser-needs nginx-needs

.PHONY: node-needs
node-needs:
	@if ! command -v npm >/dev/null; then \
	    echo "npm was not found: the tests that need Node.js, and those of the console, will be skipped."; \
	else \
	    $(MAKE) -s $(CONSOLE) $(SDK) || echo "npm could not install or build: the tests that need Node.js will be skipped."; \
	fi

# Without npm the server is whole but for its console, and says so on its page.
.PHONY: console-if-can
console-if-can:
	@if ! command -v npm >/dev/null; then \
	    echo "npm was not found: the web console is not built. Install Node.js 20 for it."; \
	else \
	    $(MAKE) -s $(CONSOLE) || echo "The web console could not be built; the server runs without it."; \
	fi

# $(call with-npm,command) runs it where npm is, once what it needs is installed.
with-npm = if command -v npm >/dev/null; then $(MAKE) -s $(NPM) && $(1); fi

# npm says much that concerns nobody here: it is shown when something fails.
quietly = log=$$(mktemp); if $(1) >$$log 2>&1; then rm -f $$log; else cat $$log >&2; rm -f $$log; exit 1; fi

$(NPM): package-lock.json
	@echo "Installing the npm packages ..."
	@$(call quietly,npm ci --no-audit --no-fund)
	@touch $@

TYPESCRIPT := $(shell find sdk/typescript/src -name '*.ts' -o -name '*.tsx')

$(SDK): $(NPM) $(TYPESCRIPT) sdk/typescript/tsconfig.build.json
	@$(call quietly,npm run build --workspace sdk/typescript)
	@touch $@

$(CONSOLE): $(NPM) $(TYPESCRIPT) $(shell find console/src -type f) console/build.mjs
	@echo "Building the web console ..."
	@$(call quietly,npm run build --workspace console)

.PHONY: browser-needs
browser-needs:
	@if ! command -v chromium >/dev/null; then \
	    if $(can-install); then \
	        echo "Installing chromium for the browser tests ..."; \
	        { $(call apt-install,chromium fonts-liberation); } || \
	            echo "chromium could not be installed: the browser tests will be skipped."; \
	    else \
	        echo "chromium was not found: the browser tests will be skipped."; \
	    fi; \
	fi

.PHONY: nginx-needs
nginx-needs:
	@if ! command -v nginx >/dev/null; then \
	    if $(can-install); then \
	        echo "Installing nginx for the tests of deploy/ ..."; \
	        { $(call apt-install,nginx); } || \
	            echo "nginx could not be installed: the tests that run it will be skipped."; \
	    else \
	        echo "nginx was not found: the tests that run it will be skipped."; \
	    fi; \
	fi

.PHONY: bench-needs
bench-needs:
	@if [ ! -e /usr/lib/nginx/modules/ngx_nchan_module.so ]; then \
	    if $(can-install); then \
	        echo "Installing nginx with nchan to compare with ..."; \
	        { $(call apt-install,nginx libnginx-mod-nchan); } || \
	            echo "nginx with nchan could not be installed: it will not be compared with."; \
	    else \
	        echo "nginx with nchan was not found: it will not be compared with."; \
	    fi; \
	fi

# ---- Lock files ------------------------------------------------------------------------------------------------------

# Made with the oldest Python that is supported, so that every version in them exists for all. The run-time lock is
# resolved under the development lock: the two never name different versions. No file names where packages come from.
# npm copies what it finds installed, without its checksums: hence nothing may be.
LOCKING := $(VENV)-lock
COMMA := ,
# What a server may be asked for by its settings is there: the image is made from this lock.
EXTRAS := postgres$(COMMA)otel
FREEZE := $(LOCKING)/bin/python -m pip freeze --exclude puntini

.PHONY: lock
lock: ## resolve the dependencies anew and write both lock files and the npm lock
	@python3.11 -c 'import ensurepip, venv' 2>/dev/null || \
	    { echo "make lock needs python3.11, the oldest Python that Puntini supports." >&2; exit 1; }
	@trap 'rm -rf $(LOCKING)' EXIT; set -e; \
	$(call lock-with,.[dev],requirements-dev.lock); \
	$(call lock-with,--constraint requirements-dev.lock .[$(EXTRAS)],requirements.lock)
	@command -v npm >/dev/null || { echo "make lock needs npm for package-lock.json." >&2; exit 1; }
	@echo "Resolving package-lock.json ..."
	@rm -rf package-lock.json node_modules && \
	    npm install --silent --no-audit --no-fund --package-lock-only --omit-lockfile-registry-resolved

lock-with = echo "Resolving $(2) ..."; \
	python3.11 -m venv --clear $(LOCKING); \
	$(LOCKING)/bin/python -m pip --disable-pip-version-check -qq install $(1); \
	{ echo "\# Made by 'make lock' from pyproject.toml: do not edit."; \
	  $(FREEZE) | LC_ALL=C sort -f; } > $(2).new; \
	mv $(2).new $(2)
