#!/usr/bin/env bash
# Install or upgrade DubJob on the current cluster of kubectl: namespaces, claims, CRDs, operator,
# profiles and models. Requires kubectl and Helm.
#
#   charts/install.sh CLAIMS [IMAGES [HELM-FLAG...]]
#
# CLAIMS is a kustomization with the claims. If it is empty (""), existing claims are kept, and missing
# ones are created from data-pvc/base. IMAGES is a file with one image per line:
# OPERATOR=reference, CPU= and EXTRA=, and STT= and TTS= for the gpu profile. The nodes must be able
# to pull them. An upgrade without IMAGES ("") keeps the images. HELM-FLAG is passed to the release of
# the profiles; OPERATOR_VALUES names a file with values of the operator. An upgrade keeps the values
# that were set before. MODELS_TIMEOUT limits the wait for the models in seconds, and defaults to 3600.
set -euo pipefail

say() { printf '%s\n' "deploy: $*" >&2; }
die() { say "$@"; exit 1; }

[ $# -ge 1 ] || die "usage: charts/install.sh CLAIMS [IMAGES [HELM-FLAG...]]"
claims=$1 images=${2:-}
shift; [ $# -eq 0 ] || shift
for program in kubectl helm; do
    command -v $program >/dev/null || die "$program is not on the PATH: install it, then run this again."
done
charts=$(cd "$(dirname "$0")" && pwd)
[ -z "$claims" ] || kubectl kustomize "$claims" >/dev/null ||
    die "$claims is no kustomization with claims: use for example data-pvc/one-node."
[ -z "$images" ] || [ -f "$images" ] ||
    die "the file $images does not exist: list the images in a file, one NAME=IMAGE per line, and pass IMAGES=FILE."

# The image with that name in the file, or nothing.
image() { [ -z "$images" ] || sed -n "s/^$1=//p" "$images" | tail -n 1; }

# Flags for the parts of the image of the operator.
operator_image() {
    local name=${1%%@*} digest='' tag=''
    case $1 in *@*) digest=${1#*@} ;; esac
    case ${name##*/} in *:*) tag=${name##*:} name=${name%:*} ;; esac
    printf '%s\n' --set-string "image.repository=$name" --set-string "image.tag=$tag" \
        --set-string "image.digest=$digest"
}

is_helm_3() { case $(helm version --short) in v3*) return 0 ;; *) return 1 ;; esac; }

# Install or upgrade a release; print Helm's output only if it fails. Helm takes back ownership of
# fields that were edited; Helm 3 merges without ownership.
release() {
    local output
    is_helm_3 || set -- "$@" --force-conflicts
    output=$(helm upgrade --install "$@" 2>&1) || { printf '%s\n' "$output" >&2; exit 1; }
}

# How far a Job that pulls models is, as one line: the last line of its log, or the state of its pod.
models_state() {
    local line
    line=$(kubectl -n dubbing logs "job/$1" --tail=1 2>/dev/null || true)
    [ -n "$line" ] || line=$(kubectl -n dubbing get pods -l "batch.kubernetes.io/job-name=$1" \
        -o 'jsonpath={.items[0].status.phase} {.items[0].status.containerStatuses[0].state.waiting.reason}' 2>/dev/null || true)
    printf '%s' "${line:-its pod does not exist yet}"
}

# Wait for a Job that pulls models, and say what changes.
wait_for_models() {
    local deadline=$((SECONDS + ${MODELS_TIMEOUT:-3600})) ended line last=''
    while :; do
        ended=$(kubectl -n dubbing get "job/$1" -o 'jsonpath={.status.conditions[?(@.status=="True")].type}')
        case $ended in
        *Failed*) die "the models could not be pulled. Run: kubectl -n dubbing logs job/$1" ;;
        *Complete*) return ;;
        esac
        line=$(models_state "$1")
        [ "$line" = "$last" ] || say "  $line"
        last=$line
        if [ $SECONDS -ge $deadline ]; then
            say "the models are still pulled. To follow, run: kubectl -n dubbing logs -f job/$1"
            return
        fi
        sleep 3
    done
}

# Without a kubeconfig, kubectl tries localhost, unless it runs in a pod.
context=$(kubectl config current-context 2>/dev/null || true)
[ -n "$context" ] || [ -n "${KUBERNETES_SERVICE_HOST:-}" ] ||
    die "kubectl finds no context in the kubeconfig ${KUBECONFIG:-$HOME/.kube/config}: set KUBECONFIG to the kubeconfig of your cluster."
context=${context:-(in the cluster)}
error=$(kubectl version 2>&1 >/dev/null) ||
    die "the cluster of the context $context does not answer: $(tail -n 1 <<<"$error")"

# The objects of data-pvc/base without the claims whose names are given.
missing() {
    kubectl kustomize "$charts/../data-pvc/base" | awk -v kept=" $* " '
        function flush() {
            if (!(is_claim && index(kept, " " name " "))) printf "---\n%s", text
            text = name = is_claim = ""
        }
        /^---$/ { flush(); next }
        /^kind: PersistentVolumeClaim$/ { is_claim = 1 }
        /^  name: / { name = $2 }
        { text = text $0 "\n" }
        END { flush() }'
}

# The first claim or volume of kubectl's error that has an immutable field: its storage differs. Other
# invalid values, for example a smaller size, are not about existing storage.
immutable() {
    awk '
        /^Error / { object = "" }
        / is invalid:/ { object = match($0, /PersistentVolume[A-Za-z]* "[^"]*"/) ? substr($0, RSTART, RLENGTH) : "" }
        object && /is immutable/ { gsub(/"/, "", object); print object; exit }' <<<"$1"
}

# Create or change the claims. Kubernetes cannot change the storage of an existing one.
apply_claims() {
    local error kept object
    if [ -z "$claims" ]; then
        kept=$(kubectl -n dubbing get pvc dubjob-data dubjob-models --ignore-not-found -o 'jsonpath={.items[*].metadata.name}')
        [ -z "$kept" ] || say "existing claims are kept: $kept"
        missing "$kept" | kubectl apply --server-side -f - >/dev/null
        return
    fi
    error=$(kubectl apply --server-side -k "$claims" 2>&1 >/dev/null) && return
    printf '%s\n' "$error" >&2
    object=$(immutable "$error")
    [ -n "$object" ] || die "the claims in $claims were not applied. Change what kubectl names above, then run this again."
    die "the $object exists with other storage than in $claims, and Kubernetes cannot change it: leave out CLAIMS to keep it, or name the kustomization that it was created from."
}

operator=$(image OPERATOR)
if [ -z "$operator" ] && ! helm status dubjob --namespace dubjob-system >/dev/null 2>&1; then
    die "no image of the operator is given: pass IMAGES=FILE, a file with the lines OPERATOR=IMAGE, CPU=IMAGE and EXTRA=IMAGE (docs/install.md)."
fi
scope=$(kubectl get crd dubprofiles.dubjob.dev -o 'jsonpath={.spec.scope}' 2>/dev/null || true)
[ "$scope" != Cluster ] || {
    say "DubProfiles are now namespaced, and Kubernetes cannot change the scope of their CRD. Save"
    say "your own profiles, run these commands, then install again. DubJobs and media stay."
    say "  helm uninstall dubjob-profiles --namespace dubbing --ignore-not-found"
    say "  helm uninstall dubjob --namespace dubjob-system --ignore-not-found"
    say "  kubectl delete crd dubprofiles.dubjob.dev"
    exit 1
}

say "context $context: namespaces and claims"
kubectl apply --server-side -f "$charts/namespace.yaml" >/dev/null
apply_claims

say "CRDs and operator"
# The release takes ownership of CRDs that kubectl or a chart before 0.2.0 applied. It never takes
# ownership of profiles. Helm 3.16 does not have the flag.
flags=(--reset-then-reuse-values)
! helm upgrade --help | grep -q -e --take-ownership || flags+=(--take-ownership)
[ -z "${OPERATOR_VALUES:-}" ] || flags+=(--values "$OPERATOR_VALUES")
if [ -n "$operator" ]; then
    while read -r flag; do flags+=("$flag"); done < <(operator_image "$operator")
fi
release dubjob "$charts/dubjob-operator" --namespace dubjob-system "${flags[@]}"
kubectl wait --for=condition=Established --timeout=60s \
    crd/dubjobs.dubjob.dev \
    crd/dubprofiles.dubjob.dev crd/clusterdubprofiles.dubjob.dev >/dev/null

say "profiles"
flags=(--reset-then-reuse-values)
for name in cpu extra stt tts; do
    value=$(image "$(printf '%s' $name | tr '[:lower:]' '[:upper:]')")
    [ -z "$value" ] || flags+=(--set-string "images.$name=$value")
done
if kubectl -n dubbing get pvc dubjob-seed >/dev/null 2>&1; then
    flags+=(--set modelPull.seedClaimName=dubjob-seed)
fi
release dubjob-profiles "$charts/dubjob-profiles" --namespace dubbing "${flags[@]}" "$@"

say "waiting for the operator"
kubectl -n dubjob-system rollout status deployment/dubjob-operator --timeout=120s >/dev/null || {
    say "the operator did not become ready; the end of its log:"
    kubectl -n dubjob-system logs deployment/dubjob-operator --tail=5 >&2
    exit 1
}
jobs=$(kubectl -n dubbing get jobs -l app.kubernetes.io/name=dubjob-profiles -o 'jsonpath={.items[*].metadata.name}')
for job in $jobs; do
    case $job in dubjob-model-pull-*) say "waiting for the models ($job)"; wait_for_models "$job" ;; esac
done
say "complete. Check the cluster with: dub -n dubbing check"
