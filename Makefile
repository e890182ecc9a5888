# SPDX-FileCopyrightText: 2026 The natsops.nats contributors
# SPDX-License-Identifier: GPL-3.0-or-later

# The door to everything that a developer does. The work is in tools/, quickstart/ and tests/.
#   PYTHON=python3.12   the interpreter of .venv (3.11 or newer)
#   TARGET=embedded     what `make quickstart` uses: kind, embedded; by itself it takes what works here
PYTHON ?= python3
TARGET ?=
export PYTHON TARGET

.PHONY: help quickstart venv test lint sanity unit integration cluster molecule lab build clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

quickstart: ## deploy NATS, put a key, read it back: on a kind cluster, else with an embedded server
	@quickstart/run

venv: ## make .venv with everything; then: . .venv/bin/activate
	@tools/venv tests

test: venv ## run all the tests that this machine can run, and say which it cannot
	@tools/test

lint: venv ## ansible-lint, yamllint, ruff, mypy, shellcheck, the changelog, the documentation
	@tools/test lint

sanity: venv ## ansible-test sanity
	@tools/test sanity

unit: venv ## tests of the logic that needs nothing but Python
	@tools/test unit

integration: venv ## tests against a real nats-server
	@tools/test integration

cluster: venv ## tests on a real kind cluster
	@tools/test cluster

molecule: venv ## the Molecule scenarios, on a real kind cluster
	@tools/test molecule

lab: ## make this machine (Debian 12, root) able to run kind without a container registry
	@tests/kind-lab/up

build: venv ## build the tarball of the collection
	@. .venv/bin/activate && ansible-galaxy collection build --force

clean: ## take away all that these targets made, but not the kind lab
	@tools/clean
