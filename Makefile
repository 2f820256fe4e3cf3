# The only door: every target is one call of a tool.
.DEFAULT_GOAL := help
# Once there is an environment, its Python makes the next one.
PYTHON ?= $(or $(wildcard .venv/bin/python),python3)
IN_VENV := .venv/bin/python
# A mesh starts a dozen Pythons, and a run of every test hundreds: none compiles it all again.
unexport PYTHONDONTWRITEBYTECODE

DEMO := .brickwork/demo/three-readings

# GPU=1 takes the environment for a GPU and computes there; GPU=0 goes back to the other one.
# NEMO=1 makes one with NeMo beside it, in .venv-nemo.
LOCK := $(if $(filter 1,$(GPU)),gpu)$(if $(filter 0,$(GPU)),dev)$(if $(filter 1,$(NEMO)),nemo)
ON_GPU := $(if $(filter 1,$(GPU)),BRICKWORK_CLI_DEVICE=cuda)

SEEDS ?= 200
FIRST_SEED ?= 1
ROUNDS ?= 3
MINUTES ?= 10
INPUTS ?= 100000
FIRST_ROUND ?= 1

.PHONY: help setup demo test test-nemo check new-brick protos locks docs sim mutations chaos fuzz reclaim soak bench bench-gpu images base-image docker-test release

help:  ## print what there is to make
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand --tabs 20

setup:  ## make the environment from the locks, and the models from their wheels (GPU=1, or 0 again; NEMO=1)
	@$(PYTHON) tools/setup.py $(LOCK)

demo: setup  ## send a real recording through the mesh and print what comes out (GPU=1)
	@$(ON_GPU) $(IN_VENV) tools/demo.py

test: check  ## run every check, then every test, and what failed once more by itself (ADR 76)
	@$(IN_VENV) -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder || \
		{ test $$? -eq 1 && $(IN_VENV) -m pytest --last-failed --last-failed-no-failures none; }

test-nemo:  ## run the tests of the engines on NeMo, in an environment that has it (6 GB)
	@$(MAKE) --no-print-directory setup NEMO=1
	@.venv-nemo/bin/python -m pytest tests/nemo

check: setup  ## format, lint, types, imports, wire, generated files
	@$(IN_VENV) tools/check.py

protos: setup  ## generate the Python code of the wire
	@$(IN_VENV) tools/gen_protos.py

new-brick: setup  ## write the skeleton of a brick (NAME=)
	@$(IN_VENV) tools/new_brick.py "$(NAME)"
	@$(MAKE) --no-print-directory protos docs

locks: setup  ## compile the hashed requirement files in locks/
	@$(IN_VENV) tools/lock.py

docs: setup  ## generate docs/reference
	@$(IN_VENV) tools/docs.py
	@$(IN_VENV) tools/dashboard.py

sim: setup  ## run the broker's simulator (SEEDS=, FIRST_SEED=, SEED= for one)
	@$(IN_VENV) -m services.broker.tests.sim --seeds $(SEEDS) --first-seed $(FIRST_SEED) $(if $(SEED),--seed $(SEED))

mutations: setup  ## plant known bugs in the broker and see that its simulator finds each
	@$(IN_VENV) -m services.broker.tests.sim.mutations

chaos: setup  ## kill, freeze and starve every process of the mesh under work (ROUNDS=, FIRST_ROUND=)
	@$(IN_VENV) -m pytest tests/chaos --rounds $(ROUNDS) --first-round $(FIRST_ROUND)

fuzz: setup  ## send bad input to every RPC of the bricks (INPUTS=, FIRST_SEED=)
	@$(IN_VENV) -m pytest tests/fuzz --inputs $(INPUTS) --first-seed $(FIRST_SEED)

reclaim: setup  ## kill and freeze holders that really have memory, and the broker (ROUNDS=, FIRST_ROUND=)
	@$(IN_VENV) -m pytest tests/chaos/test_real_memory.py --rounds $(ROUNDS) --first-round $(FIRST_ROUND)

soak: setup  ## ask for half as much again as there is memory, in virtual and in real time (MINUTES=)
	@$(IN_VENV) -m tools.soak --minutes $(MINUTES)

bench: demo  ## measure quality, cost and memory against their bounds (GROUPS=, such as "mesh memory")
	@$(if $(GROUPS),,$(IN_VENV) -m tools.quality --truth $(DEMO).truth.json --result $(DEMO).json)
	@$(IN_VENV) -m tools.bench $(GROUPS)

bench-gpu:  ## run on a GPU whatever needs one: its tests, the demo, its benchmarks
	@$(MAKE) --no-print-directory demo GPU=1
	@$(IN_VENV) -m pytest tests/gpu; tested=$$?; $(IN_VENV) -m tools.bench gpu && exit $$tested

base-image:  ## make a base image out of Debian packages, as root (BASE_IMAGE=)
	@$(PYTHON) tools/base_image.py $(or $(BASE_IMAGE),brickwork-base:bookworm)

images:  ## build an image of each service (BASE_IMAGE=, GPU=1, NEMO=1, IMAGES= for more options)
	@$(PYTHON) tools/images.py $(if $(BASE_IMAGE),--base $(BASE_IMAGE)) $(if $(ON_GPU),--variant gpu) $(if $(filter 1,$(NEMO)),--variant nemo) $(IMAGES)

docker-test: setup  ## run the mesh in containers, with the images that there are
	@$(IN_VENV) -m pytest -m docker tests/docker

release: check  ## freeze the wire: from now on `make check` compares with it as it is
	@.venv/bin/buf build protos --output protos/baseline.binpb
