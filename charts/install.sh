#!/usr/bin/env bash
# Install or upgrade DubJob on the current cluster of kubectl: namespaces, claims, CRDs, operator,
# profiles and, if there is a claim with downloaded models, the models.
#
#   charts/install.sh CLAIMS IMAGES [HELM-FLAG...]
#
# CLAIMS is a kustomization with the claims. IMAGES is a file with one image per line:
# CPU=reference, EXTRA= and OPERATOR=, and STT= and TTS= for the gpu profile. The nodes must be able
# to pull them. HELM-FLAG is passed to the release of the profiles.
set -euo pipefail
cd "$(dirname "$0")/.."
claims=$1
[ -e "$2" ] || { echo "deploy: the file $2 does not exist: list the images in a file, and pass IMAGES=FILE" >&2; exit 1; }
# shellcheck source=/dev/null
source "$2"

say() { printf '%s\n' "deploy: $*" >&2; }

# Install or upgrade a release; print Helm's output only if it fails. Helm takes back ownership of
# fields that were edited.
release() {
    mkdir -p build
    helm upgrade --install "$@" --force-conflicts >build/helm.log 2>&1 ||
        { cat build/helm.log >&2; exit 1; }
}

say "namespaces and claims"
kubectl apply --server-side -f charts/namespace.yaml >/dev/null
kubectl apply --server-side -k "$claims" >/dev/null

say "CRDs and operator"
scope=$(kubectl get crd dubprofiles.dubjob.dev -o 'jsonpath={.spec.scope}' 2>/dev/null || true)
[ "$scope" != Cluster ] || {
    say "DubProfiles are now namespaced, and Kubernetes cannot change the scope of their CRD. Save"
    say "your own profiles, run these commands, then install again. DubJobs and media stay."
    say "  helm uninstall dubjob-profiles --namespace dubbing --ignore-not-found"
    say "  helm uninstall dubjob --namespace dubjob-system --ignore-not-found"
    say "  kubectl delete crd dubprofiles.dubjob.dev"
    exit 1
}
# The release takes ownership of CRDs that kubectl or a chart before 0.2.0 applied. It never takes
# ownership of profiles.
release dubjob charts/dubjob-operator --namespace dubjob-system --take-ownership \
    --set-string "image.repository=${OPERATOR%:*}" --set-string "image.tag=${OPERATOR##*:}"
kubectl wait --for=condition=Established --timeout=60s \
    crd/dubjobs.dubjob.dev \
    crd/dubprofiles.dubjob.dev crd/clusterdubprofiles.dubjob.dev >/dev/null

say "profiles"
values=(--set-string "images.cpu=$CPU" --set-string "images.extra=$EXTRA")
[ -z "${STT:-}" ] || values+=(--set-string "images.stt=$STT")
[ -z "${TTS:-}" ] || values+=(--set-string "images.tts=$TTS")
seeded=false
if kubectl -n dubbing get pvc dubjob-seed >/dev/null 2>&1; then
    seeded=true
    values+=(--set modelPull.enabled=true --set modelPull.seedClaimName=dubjob-seed)
fi
release dubjob-profiles charts/dubjob-profiles --namespace dubbing "${values[@]}" "${@:3}"

say "waiting for the operator"
kubectl -n dubjob-system rollout status deployment/dubjob-operator --timeout=120s >/dev/null || {
    say "the operator did not become ready; the end of its log:"
    kubectl -n dubjob-system logs deployment/dubjob-operator --tail=5 >&2
    exit 1
}
if [ $seeded = true ]; then
    say "waiting for the models"
    kubectl -n dubbing wait --for=condition=Complete --timeout=180s \
        job -l app.kubernetes.io/instance=dubjob-profiles >/dev/null
fi
