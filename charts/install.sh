#!/usr/bin/env bash
# Install DubJob on the cluster that kubectl talks to: namespaces, claims, CRDs, operator,
# profiles and, where there is a claim with fetched weights, the models.
#
#   charts/install.sh CLAIMS IMAGES
#
# CLAIMS is a kustomization with the claims. IMAGES is a file that names the images, one
# CPU=, EXTRA= and OPERATOR=reference a line; the nodes must be able to pull them.
set -euo pipefail
cd "$(dirname "$0")/.."
claims=$1
[ -e "$2" ] || { echo "no file $2: name the images with IMAGES=FILE" >&2; exit 1; }
# shellcheck source=/dev/null
source "$2"

say() { printf '%s\n' "deploy: $*" >&2; }

say "namespaces and claims"
kubectl apply --server-side -f charts/namespace.yaml >/dev/null
kubectl apply --server-side -k "$claims" >/dev/null

say "CRDs, operator and profiles"
# Helm installs CRDs, but never brings them up to date.
kubectl apply --server-side --force-conflicts -f crds >/dev/null
seeded=false
kubectl -n dubbing get pvc dubjob-seed >/dev/null 2>&1 && seeded=true
mkdir -p build
helm upgrade --install dubjob charts/dubjob-operator --namespace dubjob-system \
    --set "image.repository=${OPERATOR%:*}" --set "image.tag=${OPERATOR##*:}" \
    --set "images.cpu=$CPU" --set "images.extra=$EXTRA" \
    --set "modelPull.enabled=$seeded" >build/helm.log 2>&1 || { cat build/helm.log >&2; exit 1; }

say "waiting for the operator"
kubectl -n dubjob-system rollout status deployment/dubjob-operator --timeout=120s >/dev/null
if [ $seeded = true ]; then
    say "waiting for the models"
    kubectl -n dubbing wait --for=condition=Complete --timeout=180s \
        job -l app.kubernetes.io/instance=dubjob >/dev/null
fi
