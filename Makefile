# Everything a person types. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PROTOS := $(shell find protos/rostrum -name '*.proto' | sort)
CODE := services tests

.PHONY: help demo line test env prerequisites testprerequisites testenv servers lint types imports protos released unit contract e2e chaos samples bench format clean

help: ## list what there is to make
	@grep -hE '^[a-z0-9]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /|/' | column -t -s '|'

demo: env ## set everything up and make three real videos
	$(BIN)/rostrum produce services/studio/samples/demo -o out/demo

line: env ## run the production line on this machine: Kafka, PostgreSQL, every service
	$(BIN)/rostrum line

test: testprerequisites testenv lint types imports protos contract unit e2e ## set everything up and run every check and test

env: $(VENV)/.ready protos/gen/.ready ## install into .venv what videos need

prerequisites:
	@requirements/system.sh "$(PYTHON)"

testprerequisites:
	@requirements/system.sh "$(PYTHON)" servers

$(VENV)/.ready: requirements/core.txt requirements/media.txt requirements/build.txt | prerequisites
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements/core.txt -r requirements/media.txt -r requirements/build.txt
	touch $@

# Which build of torch an index gives is known once it is here; the CUDA build needs 19 packages more.
$(VENV)/.testready: $(VENV)/.ready requirements/dev.txt requirements/test.txt requirements/models.txt requirements/models-cuda.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements/dev.txt -r requirements/test.txt -r requirements/models.txt
	$(BIN)/python -c 'import torch' 2>/dev/null || \
		$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -r requirements/models-cuda.txt
	touch $@

protos/gen/.ready: $(PROTOS) pyproject.toml $(VENV)/.ready
	rm -rf protos/gen && mkdir -p protos/gen
	$(BIN)/python -m grpc_tools.protoc -Iprotos --python_out=protos/gen --mypy_out=quiet:protos/gen \
		--grpc_python_out=protos/gen --mypy_grpc_out=quiet:protos/gen \
		--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy \
		--plugin=protoc-gen-mypy_grpc=$(BIN)/protoc-gen-mypy_grpc $(PROTOS)
	find protos/gen/rostrum -type d -exec touch {}/__init__.py {}/py.typed \;
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

testenv: env $(VENV)/.testready

servers: testprerequisites testenv ## install the Kafka, PostgreSQL, S3 gateway and Triton that tests run
	$(BIN)/python -m tests.servers

lint: testenv ## check style
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)

types: testenv ## check types, strictly
	$(BIN)/mypy

imports: testenv ## check which room may know which
	$(BIN)/lint-imports --no-logo

protos: testenv ## check the agreements
	$(BIN)/buf lint protos
	$(BIN)/buf format --diff --exit-code protos
	$(BIN)/buf breaking protos --against protos/released.binpb

released: testenv ## at a release: hold all later protos to those of today
	$(BIN)/buf build protos --exclude-source-info -o protos/released.binpb

contract: servers ## hold every agreement to the code
	$(BIN)/pytest tests/contract

unit: testenv ## test every room by itself
	$(BIN)/pytest tests/unit -n 2

e2e: servers ## make whole videos and judge them
	$(BIN)/pytest tests/e2e tests/chaos

chaos: servers ## kill and freeze a production line for up to an hour; nothing may be lost or done twice
	$(BIN)/python -m tests.chaos

samples: testenv ## make every sample on every presenter in every format, and measure them
	$(BIN)/python -m tests.e2e.sweep

bench: testprerequisites testenv ## measure speed and memory on this machine
	$(BIN)/python -m tests.bench

format: testenv ## put code and protos into house style
	$(BIN)/ruff check --fix-only -q $(CODE)
	$(BIN)/ruff format $(CODE)
	$(BIN)/buf format -w protos

clean: ## remove what was built, and nothing a person made
	rm -rf $(VENV) protos/gen build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
