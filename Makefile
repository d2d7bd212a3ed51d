# DubJob: everything a person or CI runs. `make help` lists it.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

export DUBJOB_CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/dubjob
export PATH := $(DUBJOB_CACHE)/bin:$(PATH)
export PYTHONPATH := local-cluster/src
export UV_PROJECT_ENVIRONMENT := $(CURDIR)/build/venv
export PYTHONUNBUFFERED := 1

LOCAL := build/local-cluster
LOCAL_KUBECONFIG := $(CURDIR)/$(LOCAL)/kubeconfig
STORAGE := $(DUBJOB_CACHE)/buildah
ALL_IMAGES := cpu extra operator stt tts cpu-dev operator-dev
SEED := $(DUBJOB_CACHE)/seed
CLUSTER := python3 -m local_cluster
RUN := uv run --frozen --all-packages
STEP := python3 -m local_cluster.steps

.PHONY: help
help: ## List what there is
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- what a newcomer runs --------------------------------------------------------

.PHONY: demo
demo: bootstrap ## A dub, end to end, on a real one-node Kubernetes
	@$(MAKE) prepare
	@$(STEP) "cluster and deployment" $(MAKE) deploy-local
	@install -D -m 664 build/sample/source.mp4 $(LOCAL)/volumes/data/inputs/interview-es/source.mp4
	@KUBECONFIG=$(LOCAL_KUBECONFIG) python3 examples/follow.py examples/dubjob.yaml --outputs $(LOCAL)/volumes/data

.PHONY: test
test: verify test-unit test-architecture test-gitops prepare test-engines test-controlplane test-e2e ## Every test there is

# ---- checks ----------------------------------------------------------------------

.PHONY: verify
verify: bootstrap ## Lint, format, types, import contracts, generated files, chart
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy operator/src stage-images/src local-cluster/src examples stage-images/build.py stage-images/lock.py stage-images/fetch_models.py docs/generate.py \
	  tests/unit tests/architecture tests/chart tests/gitops tests/controlplane
	$(RUN) mypy tests/e2e tests/bench
	$(RUN) mypy tests/images
	$(RUN) mypy tests/engines/*.py
	$(RUN) lint-imports
	$(RUN) hadolint --config .hadolint.yaml stage-images/Dockerfile
	$(MAKE) lock-check
	$(MAKE) crds-check docs-check
	@$(CLUSTER) tools kubectl
	helm lint --strict --quiet charts/dubjob-operator charts/dubjob-profiles

.PHONY: crds
crds: ## Generate the CustomResourceDefinitions from the API models
	$(RUN) python -m dubjob_operator.api.crd crds
	@cp crds/*.yaml charts/dubjob-operator/definitions/

.PHONY: crds-check
crds-check:
	@rm -rf build/crds && $(RUN) python -m dubjob_operator.api.crd build/crds
	@diff -r crds build/crds && diff -r crds charts/dubjob-operator/definitions || { echo "crds/ is not what the API models say: run 'make crds'"; exit 1; }

.PHONY: docs
docs: ## Generate the reference pages from the CRDs and the charts' values
	$(RUN) python docs/generate.py docs

.PHONY: docs-check
docs-check:
	@rm -rf build/docs && $(RUN) python docs/generate.py build/docs
	@for page in api values; do diff docs/$$page.md build/docs/$$page.md || \
	  { echo "docs/$$page.md is not what CRDs and values say: run 'make docs'"; exit 1; }; done

.PHONY: test-unit
test-unit: bootstrap ## Nothing but the code, and what the charts render: seconds
	@$(CLUSTER) tools kubectl
	$(RUN) pytest tests/unit tests/chart

.PHONY: test-gitops
test-gitops: bootstrap ## What Argo CD, Flux and kstatus make of a DubJob in every state
	@$(CLUSTER) tools verdicts
	$(RUN) pytest tests/gitops

.PHONY: gitops
gitops: ## Generate Argo CD's test data and configuration
	PYTHONPATH=tests/unit $(RUN) python tests/gitops/states.py

.PHONY: test-architecture
test-architecture: bootstrap ## What the code may import, and what the repository may hold
	$(RUN) pytest tests/architecture tests/images/test_locks.py tests/images/test_layers.py tests/images/test_skaffold.py

# The heavy libraries have an environment of their own, at the versions of their image.
.PHONY: test-engines
test-engines: bootstrap models ## The real libraries: recognition, separation, translation, voices
	$(RUN) pytest tests/engines --ignore tests/engines/stt
	@python=$$(python3 tests/engines/stt/environment.py) \
	  && PYTHONPATH=stage-images/src $$python -m pytest -c tests/engines/stt/pytest.ini tests/engines/stt

.PHONY: test-controlplane
test-controlplane: bootstrap ## A real API server; the test plays the kubelet
	@$(CLUSTER) tools
	$(RUN) pytest tests/controlplane --timeout 300

.PHONY: chaos
chaos: bootstrap ## Every fault at every point: most of an hour
	@$(CLUSTER) tools
	CHAOS=all $(RUN) pytest tests/controlplane/test_controlplane_faults.py --timeout 300

.PHONY: bench-operator
bench-operator: bootstrap ## How fast the operator is, beside a bare script
	@$(CLUSTER) tools
	$(RUN) python tests/bench/bench_operator.py

.PHONY: bench-dubbing
bench-dubbing: bootstrap models ## How good a dub is, beside the plain method: minutes
	PYTHONPATH=tests/unit $(RUN) python tests/bench/bench_dubbing.py 2>build/bench-dubbing.log

.PHONY: test-e2e
test-e2e: prepare ## A real node: images, containers, speech
	@$(STEP) "cluster and deployment" $(MAKE) deploy-local
	$(RUN) pytest tests/e2e --timeout 900 --maxfail 5

.PHONY: test-images
test-images: bootstrap ## Every image, the heavy ones too: half an hour the first time, 30 GiB
	@$(STEP) "images" python3 stage-images/build.py --storage $(STORAGE) --local $(ALL_IMAGES)
	@$(CLUSTER) tools buildx
	@$(MAKE) models sample
	$(RUN) pytest tests/images --timeout 1200

# ---- parts -----------------------------------------------------------------------

.PHONY: bootstrap
bootstrap: ## Install what this machine lacks (Debian or Ubuntu, root)
	@local-cluster/bootstrap.sh

# Kubernetes compiles on one core while the images are made on the other.
.PHONY: prepare
prepare: bootstrap
	@$(CLUSTER) preflight
	@$(STEP) "prepare (Kubernetes, images, models, sample)" \
	  $(MAKE) -j4 --output-sync=none tools images models sample

.PHONY: tools
tools:
	@$(CLUSTER) tools

.PHONY: models
models:
	@python3 stage-images/fetch_models.py $(SEED)

.PHONY: sample
sample: build/sample/source.mp4 ## Make the sample clip

build/sample/source.mp4: examples/make_sample.py
	@$(STEP) "sample clip" python3 examples/make_sample.py $@

.PHONY: images
images: ## Build the images with buildah
	@$(STEP) "images" python3 stage-images/build.py --storage $(STORAGE)

.PHONY: cluster-up
cluster-up: bootstrap ## Start the local cluster
	@$(CLUSTER) up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster; media stay
	@$(CLUSTER) down

# ---- deployment ------------------------------------------------------------------

# For a cluster of your own: the claims, and a file that names the images.
CLAIMS ?= data-pvc/base
IMAGES ?= build/images.env

.PHONY: deploy
deploy: ## Install on the local cluster where it is there, else on kubectl's own context
	@if [ -e $(LOCAL_KUBECONFIG) ]; then $(MAKE) deploy-local; \
	  else $(CLUSTER) tools kubectl && $(STEP) "deploy" charts/install.sh $(CLAIMS) $(IMAGES); fi

.PHONY: deploy-local
deploy-local:
	@$(CLUSTER) up
	@[ -e build/images.env ] || $(MAKE) images
	@$(CLUSTER) load build/images.env $(STORAGE)/oci
	@KUBECONFIG=$(LOCAL_KUBECONFIG) $(STEP) "deploy" charts/install.sh data-pvc/local-cluster build/images.env

.PHONY: lock
lock: bootstrap ## Lock the images' requirements, with hashes
	@python3 stage-images/lock.py

.PHONY: lock-check
lock-check:
	@python3 stage-images/lock.py --check
