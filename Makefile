# Everything a person types. `make help` lists it.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PROTOS := $(shell find protos/rostrum -name '*.proto')

.PHONY: help demo test env check lint protos unit e2e bench clean

help: ## list the targets
	@grep -hE '^[a-z0-9]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

env: $(VENV)/.ready protos/gen/.ready ## install everything into .venv and generate the protos

$(VENV)/.ready: pyproject.toml $(wildcard requirements/*.txt)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install -q --no-deps $(foreach file,core media build,-r requirements/$(file).txt)
	touch $@

protos/gen/.ready: $(PROTOS) $(VENV)/.ready
	rm -rf protos/gen && mkdir -p protos/gen
	$(BIN)/python -m grpc_tools.protoc -Iprotos --python_out=protos/gen --mypy_out=protos/gen \
		--plugin=protoc-gen-mypy=$(BIN)/protoc-gen-mypy $(PROTOS)
	find protos/gen/rostrum -type d -exec touch {}/__init__.py {}/py.typed \;
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	touch $@
