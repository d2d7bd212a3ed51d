# Targets for users and CI. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

USER_PATH := $(PATH)
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
# With --dist loadfile, the tests of a file share what is slow to start: models, a control plane.
PARALLEL := -n 2
STEP := python3 -m local_cluster.steps

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ---- quick start -----------------------------------------------------------------

DEMO_SOURCE = build/sample/source.mp4
DEMO_TO = $(or $(TO),es)
DEMO_NAME = interview-$(shell echo "$(DEMO_TO)" | tr A-Z a-z)
DUB := uv run --quiet --frozen --no-dev --package dubjob dub --kubeconfig $(LOCAL_KUBECONFIG) -n dubbing

.PHONY: demo
demo: bootstrap ## Run a complete dub on a one-node Kubernetes cluster [TO=pt]
	@$(MAKE) prepare
	@$(STEP) "cluster and deployment" $(MAKE) deploy-local
	@$(MAKE) demo-dub

# A later run reuses the results of the first.
.PHONY: demo-dub
demo-dub:
	@$(DUB) submit "$(DEMO_SOURCE)" --to "$(DEMO_TO)" --from en --profile cpu --name "$(DEMO_NAME)" --replace --get "build/dubs/$(DEMO_NAME)"
	@echo "Or open the page on the data volume: $(LOCAL)/volumes/data/outputs/$(DEMO_NAME)/report.html"

# The name that `dub submit` makes of that of a file. For several languages it adds a folder for each DubJob.
AS_NAME = LC_ALL=C tr A-Z a-z | LC_ALL=C sed -E 's/[^a-z0-9]+/-/g; s/^-//; s/^(.{0,40}).*/\1/; s/-$$//'
COMMA := ,

.PHONY: dub
dub: bootstrap ## Dub your own file on the local cluster: VIDEO=talk.mp4 TO=es [FROM=en]
	@[ -n "$(VIDEO)" ] && [ -n "$(TO)" ] || { echo "dub: name a file and a language: make dub VIDEO=talk.mp4 TO=es"; exit 2; }
	@[ -e $(LOCAL_KUBECONFIG) ] || { echo "dub: the local cluster does not exist: run 'make demo' first"; exit 2; }
	@file=$$(basename "$(VIDEO)"); name=$$(printf '%s' "$${file%.*}" | $(AS_NAME)); to=$$(echo "$(TO)" | tr A-Z a-z); \
	  $(DUB) submit "$(VIDEO)" --to "$(TO)" $(if $(FROM),--from "$(FROM)") --replace --get "build/dubs$(if $(findstring $(COMMA),$(TO)),,/$$name-$$to)"

# The recording of the README: what a dub on the local cluster prints, with its timing. It has a name of its
# own, because an earlier recording is deleted with its media.
ASCIINEMA := asciinema==2.4.0
RECORDING := dubjob-recording
RECORDED := dub -n dubbing submit talk.mp4 --to es --from en --name $(RECORDING) --get out/

.PHONY: recording
recording: bootstrap ## Record a dub on the local cluster as the animated image of the README
	@[ -e $(LOCAL_KUBECONFIG) ] || { echo "recording: the local cluster does not exist: run 'make demo' first"; exit 2; }
	@rm -rf build/recording && mkdir -p build/recording && cp build/sample/source.mp4 build/recording/talk.mp4
	-@$(DUB) rm $(RECORDING) --media
	@cd build/recording && KUBECONFIG=$(LOCAL_KUBECONFIG) TERM=xterm-256color $(RUN) --quiet --with $(ASCIINEMA) \
	  asciinema rec --quiet --cols 96 --rows 40 --title '$(RECORDED)' --command '$(RECORDED)' run.cast
	$(RUN) python tools/record.py build/recording/run.cast docs/screenshots/terminal.svg

# What takes a browser, Maven, 30 GiB of images or minutes to compile has targets of its own: CONTRIBUTING.md lists them.
.PHONY: test
test: verify test-unit test-architecture test-gitops prepare test-engines test-controlplane test-e2e test-walk ## Run verify and the tests of CI (half an hour)

# ---- checks ----------------------------------------------------------------------

.PHONY: verify
verify: bootstrap ## Check lint, format, types, import contracts, wording, generated files, charts
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy cli operator stage-images local-cluster examples tools \
	  tests/unit tests/architecture tests/chart tests/gitops tests/controlplane tests/ubuntu
	$(RUN) mypy tests/e2e tests/bench
	$(RUN) mypy tests/walk
	$(RUN) mypy tests/images
	$(RUN) mypy tests/engines/*.py tests/report
	$(RUN) lint-imports
	$(RUN) hadolint --config .hadolint.yaml stage-images/Dockerfile
	$(MAKE) lock-check
	$(MAKE) crds-check docs-check prose
	@$(CLUSTER) tools kubectl
	helm lint --strict --quiet charts/dubjob-operator --set image.repository=operator
	helm lint --strict --quiet charts/dubjob-profiles --set images.cpu=cpu,images.extra=extra,images.stt=stt,images.tts=tts

.PHONY: crds
crds: ## Generate the CustomResourceDefinitions from the API models
	$(RUN) python -m dubjob_operator.api.crd crds
	@cp crds/*.yaml charts/dubjob-operator/definitions/

.PHONY: crds-check
crds-check:
	@rm -rf build/crds && $(RUN) python -m dubjob_operator.api.crd build/crds
	@diff -r crds build/crds && diff -r crds charts/dubjob-operator/definitions || { echo "crds/ is out of date with the API models: run 'make crds'"; exit 1; }

.PHONY: docs
docs: ## Generate the reference pages from the CRDs and the chart values
	$(RUN) python tools/generate.py docs

.PHONY: version
version: bootstrap ## Write the version of a release to packages, charts and images: VERSION=1.2.3
	@python3 tools/version.py $(VERSION)
	@$(if $(VERSION),uv lock --quiet)

.PHONY: docs-check
docs-check:
	@rm -rf build/docs && $(RUN) python tools/generate.py build/docs
	@for page in api values; do diff docs/$$page.md build/docs/$$page.md || \
	  { echo "docs/$$page.md is out of date with the CRDs or the chart values: run 'make docs'"; exit 1; }; done

.PHONY: prose
prose: ## Check the wording of documentation, comments and messages with Vale
	@$(CLUSTER) tools vale
	@rm -rf build/prose && python3 tools/prose.py build/prose
	@vale --output=line *.md docs && cd build/prose && vale --config=$(CURDIR)/.vale.ini --output=line .

.PHONY: test-unit
test-unit: bootstrap ## Test the code and the rendered charts without a cluster (a few minutes)
	@$(CLUSTER) tools kubectl
	$(RUN) pytest tests/unit tests/chart $(PARALLEL) --dist worksteal

.PHONY: test-gitops
test-gitops: bootstrap ## Test how Argo CD, Flux and kstatus see a DubJob in every state
	@$(CLUSTER) tools verdicts
	$(RUN) pytest tests/gitops

.PHONY: gitops
gitops: ## Generate the test data and configuration of Argo CD
	PYTHONPATH=tests/unit $(RUN) python tests/gitops/states.py

.PHONY: test-architecture
test-architecture: bootstrap ## Test the imports, the documentation and the structure of the repository
	@$(CLUSTER) tools vale
	$(RUN) pytest tests/architecture tests/images/test_locks.py tests/images/test_layers.py tests/images/test_skaffold.py

# The heavy libraries have a separate environment with the versions of their image.
.PHONY: test-engines
test-engines: bootstrap models ## Test the engines with the real libraries
	$(RUN) pytest tests/engines --ignore tests/engines/stt --ignore tests/engines/tts --timeout 600 $(PARALLEL) --dist loadfile
	@python=$$(python3 tests/engines/environment.py stt) \
	  && PYTHONPATH=stage-images/src $$python -m pytest -c tests/engines/stt/pytest.ini tests/engines/stt

UBUNTU_TESTS := $(filter-out %/test_stage_contract.py,$(wildcard tests/unit/test_stage_*.py))

.PHONY: test-ubuntu
test-ubuntu: bootstrap ## Test the stages with Python 3.10 and ffmpeg 4.4, as Ubuntu 22.04 has them [UBUNTU_TESTS=]
	@programs=$$(python3 tests/ubuntu/environment.py) \
	  && PATH=$$programs:$$PATH PYTHONPATH= $$programs/python -m pytest -c tests/ubuntu/pytest.ini --rootdir . $(UBUNTU_TESTS)

# The browser is Debian's; Playwright would download one of its own.
PLAYWRIGHT := playwright==1.65.2
AXE := axe-core@4.14.1

.PHONY: test-report
test-report: bootstrap ## Test the page of the report in Chromium, at three widths, light and dark
	@command -v chromium >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; }
	@command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends npm >/dev/null; }
	@[ -e build/axe/package/axe.min.js ] || { mkdir -p build/axe && cd build/axe && npm pack --silent $(AXE) >/dev/null && tar -xzf axe-core-*.tgz; }
	$(RUN) --with $(PLAYWRIGHT) pytest tests/report --timeout 300

.PHONY: test-cosyvoice
test-cosyvoice: bootstrap ## Test with CosyVoice's own code and random weights; COSYVOICE is a checkout with Matcha-TTS
	@test -d "$(COSYVOICE)/third_party/Matcha-TTS/matcha" || { echo "expected COSYVOICE=FOLDER, a checkout of CosyVoice with its submodule" >&2; exit 1; }
	@python=$$(python3 tests/engines/environment.py tts) \
	  && PYTHONPATH=stage-images/src:tests/unit:$(COSYVOICE):$(COSYVOICE)/third_party/Matcha-TTS OMP_NUM_THREADS=1 \
	  $$python -m pytest -c tests/engines/tts/pytest.ini tests/engines/tts

.PHONY: bench-cosyvoice
bench-cosyvoice: bootstrap ## Measure CosyVoice's own code at full size on a GPU, with random weights; COSYVOICE as above
	@test -d "$(COSYVOICE)/third_party/Matcha-TTS/matcha" || { echo "expected COSYVOICE=FOLDER, a checkout of CosyVoice with its submodule" >&2; exit 1; }
	@python=$$(python3 tests/engines/environment.py tts) && mkdir -p build/bench-cosyvoice \
	  && PYTHONPATH=stage-images/src:tests/engines/tts:$(COSYVOICE):$(COSYVOICE)/third_party/Matcha-TTS \
	  $$python tests/bench/bench_cosyvoice.py $(COSYVOICE) build/bench-cosyvoice

FLUX_TESTS := tests/controlplane/test_controlplane_flux.py

.PHONY: test-controlplane
test-controlplane: bootstrap ## Test against a real API server; the tests act as the kubelet
	@$(CLUSTER) tools
	@$(CLUSTER) tools kueue
	$(RUN) pytest tests/controlplane --ignore $(FLUX_TESTS) --timeout 300 $(PARALLEL) --dist loadfile

.PHONY: test-flux
test-flux: bootstrap ## Test the files of gitops/flux with kustomize-controller (a minute; five more the first time)
	@$(CLUSTER) tools
	@$(CLUSTER) tools flux
	$(RUN) pytest $(FLUX_TESTS) --timeout 300

.PHONY: chaos
chaos: bootstrap ## Inject every fault at every point (more than an hour)
	@$(CLUSTER) tools
	CHAOS=all $(RUN) pytest tests/controlplane/test_controlplane_faults.py tests/controlplane/test_controlplane_interruptions.py --timeout 300

.PHONY: bench-operator
bench-operator: bootstrap ## Compare the speed of the operator with a minimal script
	@$(CLUSTER) tools
	$(RUN) python tests/bench/bench_operator.py

# What is changed, and the tests that have to notice: one module takes a minute, all of planning an hour.
# Of mux, the modules that decide: master, mix, original, stage, surround and voice read and write
# audio with ffmpeg, so that each of their mutants takes seconds.
MUTANTS ?= planning
PATHS ?= $($(MUTANTS)_paths)
TESTS ?= $($(MUTANTS)_tests)
timing_paths := stage-images/src/dubstage/timing
timing_tests := $(patsubst %,tests/unit/test_stage_%.py,timing pace budget shortening)
mux_paths := $(patsubst %,stage-images/src/dubstage/mux/%.py,clean_voice ducking limiter loudness measured phrasing plan report round_trip simultaneous spans subtitle_files subtitle_rows subtitles totals)
mux_tests := $(patsubst %,tests/unit/test_stage_%.py,subtitles mix_voice pace round_trip mix report)
planning_paths := operator/src/dubjob_operator/planning
planning_tests := $(addprefix tests/unit/test_operator_,$(addsuffix .py,planning conditions deadlines outcome passes pod_ends profiles requests scheduler settings isolation lexicon reconcile shortening quantity explanations run_time idle restarts steps repeats))

.PHONY: mutants
mutants: bootstrap ## Change the code in small ways and count what the tests notice [MUTANTS=timing|mux PATHS= TESTS=]
	$(RUN) python tests/bench/mutants.py build/mutants $(PATHS) -- $(TESTS)

.PHONY: bench-dubbing
bench-dubbing: bootstrap models ## Compare the quality of dubs with a baseline (minutes)
	PYTHONPATH=tests/unit $(RUN) python tests/bench/bench_dubbing.py 2>build/bench-dubbing.log
	@$(MAKE) bench-voices

.PHONY: bench-voices
bench-voices: bootstrap models ## Dub clips with each engine of the cpu profile; SAMPLES=DIR keeps ten seconds of each
	PYTHONPATH=tests/unit $(RUN) python tests/bench/bench_voices.py $(SAMPLES) 2>build/bench-voices.log

.PHONY: bench-translation
bench-translation: bootstrap models ## Compare the translation engines: chrF, and lengths with the slots
	PYTHONPATH=tests/unit $(RUN) python tests/bench/bench_translation.py

.PHONY: bench-speakers
bench-speakers: bootstrap models ## Measure the diarizer of the cpu profile (ten minutes the first time)
	PYTHONPATH=tests/unit $(RUN) python tests/bench/bench_speakers.py

.PHONY: test-e2e
test-e2e: prepare ## Test on a real node: images, containers, speech
	@$(STEP) "cluster and deployment" $(MAKE) deploy-local
	$(RUN) pytest tests/e2e --timeout 900 --maxfail 5

.PHONY: test-walk
test-walk: prepare ## Run the commands of the documents on the local cluster, from a registry
	@$(STEP) "cluster and deployment" $(MAKE) deploy-local
	@$(CLUSTER) tools kubectl helm-3 registry
	$(RUN) pytest tests/walk --timeout 900

.PHONY: test-images
test-images: bootstrap ## Build and test all images (half an hour and 30 GiB the first time)
	@$(STEP) "images" python3 stage-images/build.py --storage $(STORAGE) --local $(ALL_IMAGES)
	@$(CLUSTER) tools buildx
	@$(MAKE) models sample
	$(RUN) pytest tests/images --timeout 1200

# ---- parts -----------------------------------------------------------------------

.PHONY: bootstrap
bootstrap: ## Install missing packages (Debian or Ubuntu, root)
	@local-cluster/bootstrap.sh

# Kubernetes is compiled on one core while the images are built on the other.
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
sample: build/sample/source.mp4 ## Create the sample clip

build/sample/source.mp4: examples/make_sample.py
	@$(STEP) "sample clip" python3 examples/make_sample.py $@

.PHONY: images
images: ## Build the images with buildah
	@$(STEP) "images" python3 stage-images/build.py --storage $(STORAGE)

.PHONY: cluster-up
cluster-up: bootstrap ## Start the local cluster
	@$(CLUSTER) up

.PHONY: cluster-down
cluster-down: ## Stop the local cluster, delete its DubJobs, and keep the media
	@$(CLUSTER) down

# ---- deployment ------------------------------------------------------------------

# For your own cluster: a kustomization with the claims, a file that lists the images, and values of
# dubjob-profiles and of dubjob-operator. An upgrade keeps what is not given. An installation without
# CLAIMS creates those of data-pvc/base.
CLAIMS ?=
IMAGES ?=
VALUES ?=
OPERATOR_VALUES ?=

# Your own kubectl and helm, not those of the local cluster.
.PHONY: deploy
deploy: ## Install or upgrade on the current context of kubectl
	@PATH='$(USER_PATH)' OPERATOR_VALUES='$(OPERATOR_VALUES)' \
	  charts/install.sh '$(CLAIMS)' '$(IMAGES)' $(if $(VALUES),--values '$(VALUES)')

# If the packages with Kokoro were not available, espeak-ng speaks.
VOICE = $(if $(wildcard $(SEED)/kokoro/v1.0/SHA256SUMS),,--set profiles.cpu.stages.synthesize.engine=espeak-ng --set profiles.cpu.stages.synthesize.model=null)

# If the package with Firefox' models was not available, apertium translates.
TRANSLATION = $(if $(wildcard $(SEED)/bergamot/en-pt/SHA256SUMS),--set profiles.cpu.stages.translate.engine=bergamot --set profiles.cpu.stages.translate.model=en-pt)

.PHONY: deploy-local
deploy-local: ## Install or upgrade on the local cluster
	@$(CLUSTER) up
	@[ -e build/images.env ] || $(MAKE) images
	@$(CLUSTER) load build/images.env $(STORAGE)/oci
	@KUBECONFIG=$(LOCAL_KUBECONFIG) $(STEP) "deploy" charts/install.sh data-pvc/local-cluster build/images.env --reset-values --values local-cluster/values.yaml $(VOICE) $(TRANSLATION)

.PHONY: lock
lock: bootstrap ## Lock the requirements of the images, with hashes
	@python3 stage-images/lock.py

.PHONY: lock-check
lock-check:
	@python3 stage-images/lock.py --check
