#!/usr/bin/env bash
# Install DubJob on the cluster that kubectl talks to, or bring it up to date: namespaces,
# claims, CRDs, operator, profiles and, where there is a claim with fetched weights, the
# models.
#
#   charts/install.sh CLAIMS IMAGES [HELM-FLAG...]
#
# CLAIMS is a kustomization with the claims. IMAGES is a file that names the images, one
# CPU=, EXTRA= and OPERATOR=reference a line, STT= and TTS= for the gpu profile; the nodes
# must be able to pull them. Flags go to the release of the profiles.
set -euo pipefail
cd "$(dirname "$0")/.."
claims=$1
[ -e "$2" ] || { echo "no file $2: name the images with IMAGES=FILE" >&2; exit 1; }
# shellcheck source=/dev/null
source "$2"

say() { printf '%s\n' "deploy: $*" >&2; }

# Helm's release, quiet unless it fails. Fields that somebody edited become Helm's again.
release() {
    mkdir -p build
    helm upgrade --install "$@" --force-conflicts >build/helm.log 2>&1 ||
        { cat build/helm.log >&2; exit 1; }
}

say "namespaces and claims"
kubectl apply --server-side -f charts/namespace.yaml >/dev/null
kubectl apply --server-side -k "$claims" >/dev/null

say "CRDs and operator"
# CRDs that kubectl or the chart before 0.2.0 applied become the release's own. Profiles that
# somebody else wrote never do.
release dubjob charts/dubjob-operator --namespace dubjob-system --take-ownership \
    --set-string "image.repository=${OPERATOR%:*}" --set-string "image.tag=${OPERATOR##*:}"
kubectl wait --for=condition=Established --timeout=60s \
    crd/dubjobs.dubjob.dev crd/dubprofiles.dubjob.dev >/dev/null

say "profiles"
values=(--set-string "images.cpu=$CPU" --set-string "images.extra=$EXTRA")
[ -z "${STT:-}" ] || values+=(--set-string "images.stt=$STT")
[ -z "${TTS:-}" ] || values+=(--set-string "images.tts=$TTS")
seeded=false
if kubectl -n dubbing get pvc dubjob-seed >/dev/null 2>&1; then
    seeded=true
    values+=(--set modelPull.enabled=true --set modelPull.seedClaim=dubjob-seed)
fi
release dubjob-profiles charts/dubjob-profiles --namespace dubbing "${values[@]}" "${@:3}"

say "waiting for the operator"
kubectl -n dubjob-system rollout status deployment/dubjob-operator --timeout=120s >/dev/null || {
    say "the operator does not get ready; its last words:"
    kubectl -n dubjob-system logs deployment/dubjob-operator --tail=5 >&2
    exit 1
}
if [ $seeded = true ]; then
    say "waiting for the models"
    kubectl -n dubbing wait --for=condition=Complete --timeout=180s \
        job -l app.kubernetes.io/instance=dubjob-profiles >/dev/null
fi
