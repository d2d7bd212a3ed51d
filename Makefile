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

LOCAL_KUBECONFIG := $(CURDIR)/build/local-cluster/kubeconfig
RUN := uv run --frozen --all-packages

.PHONY: help
help: ## List what there is
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
