#!/usr/bin/env bash
# Install DubJob on the cluster that KUBECONFIG names: claims, CRDs, operator, profiles,
# models. The argument lists the images, one NAME=reference a line.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=/dev/null
source "$1"

say() { printf '%s\n' "deploy: $*" >&2; }

say "namespaces and claims"
kubectl apply --server-side -f local-cluster/namespace.yaml >/dev/null
kubectl apply --server-side -k data-pvc/local-cluster >/dev/null

say "CRDs, operator and profiles"
# Helm installs CRDs, but never brings them up to date.
kubectl apply --server-side --force-conflicts -f crds >/dev/null
helm upgrade --install dubjob charts/dubjob-operator --namespace dubjob-system \
    --set "image.repository=${OPERATOR%:*}" --set "image.tag=${OPERATOR##*:}" \
    --set "images.cpu=$CPU" --set "images.extra=$EXTRA" \
    --set modelPull.enabled=true >/dev/null 2>build/helm.log || { cat build/helm.log >&2; exit 1; }

say "waiting for the operator and the models"
kubectl -n dubjob-system rollout status deployment/dubjob-operator --timeout=180s >/dev/null
kubectl -n dubbing wait --for=condition=Complete job -l app.kubernetes.io/instance=dubjob \
    --timeout=180s >/dev/null
