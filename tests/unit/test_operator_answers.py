"""What the API server, its webhooks and registries answer: a refusal, or an outage that passes."""

from __future__ import annotations

import pytest

from dubjob_operator.planning import answers
from dubjob_operator.planning.answers import (
    is_denial,
    is_namespace_terminating,
    is_outage,
    is_pull_denial,
    is_quota_exceeded,
)

HOOK = 'pods "x" is forbidden: '
"""A refusal, unless the rest of the sentence says that nothing was decided."""


@pytest.mark.parametrize(
    "answer",
    [
        'failed calling webhook "m.kb.io": x509: certificate is invalid',
        'failed to call webhook: expected response.uid, got ""',
        "Internal error occurred: resource quota evaluation",
        "not yet ready to handle request",
        "status unknown for quota: gpus, resources: requests.nvidia.com/gpu",
        'User "system:serviceaccount:a:b" cannot create resource "pods" in API group ""',
        "the server is currently unable to handle the request, retry after 1s",
        "dial tcp 10.0.0.1:443: i/o timeout",
        "net/http: TLS handshake timeout",
        "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        "net/http: timeout awaiting response headers",
        "Timeout: request did not complete within requested timeout",
        "etcdserver: request timed out",
        "context deadline exceeded",
        "dial tcp 10.0.0.1:443: connect: connection refused",
        "read tcp 10.0.0.1:443: connection reset by peer",
        "dial tcp: lookup kueue.svc: no such host",
        'no endpoints available for service "kueue-webhook-service"',
        "503 Service Unavailable",
        "429 Too Many Requests",
    ],
)
def test_outage_decides_nothing(answer: str) -> None:
    assert is_denial(HOOK)
    assert is_outage(answer)
    assert not is_denial(HOOK + answer)
    refused = f'admission webhook "x" denied the request: {answer}'
    assert is_denial(refused), "a webhook that answers may quote an outage"
    assert not is_outage(refused)


@pytest.mark.parametrize("words", [answers.OUTAGE, answers.PULL_OUTAGE, answers.PULL_DENIED])
def test_words_are_compared_in_lower_case(words: tuple[str, ...]) -> None:
    assert [word for word in words if word != word.casefold()] == []


@pytest.mark.parametrize(
    "answer",
    [
        'pods "x" is forbidden: violates PodSecurity "restricted:latest"',
        "violates PodSecurity",
        'Pod "x" is invalid: spec.containers[0].image: Required value',
        "spec.timeoutSeconds: Invalid value: 0",
        "ValidatingAdmissionPolicy 'dubs' with binding 'dubs' denied request: no",
    ],
)
def test_refusal_lasts(answer: str) -> None:
    assert is_denial(answer)
    assert not is_outage(answer)


@pytest.mark.parametrize("answer", ["", "a sentence of a later version", "timeoutSeconds"])
def test_unknown_answer_is_neither(answer: str) -> None:
    assert not is_denial(answer)
    assert not is_outage(answer)
    assert not is_pull_denial(answer)


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        ("r/dub:1: not found", True),
        ("manifest unknown", True),
        ("name unknown: repository name not known to registry", True),
        ("failed to authorize: 401 Unauthorized", True),
        ("authorization failed: no basic auth credentials", True),
        ("authentication required", True),
        ("pull access denied, repository does not exist or may require 'docker login'", True),
        ("403 Forbidden", True),
        ("no match for platform in manifest", True),
        ("invalid reference format", True),
        # The registry has answered nothing, whatever else is said.
        ("unauthorized: dial tcp 10.0.0.1:443: i/o timeout", False),
        ("image not found: connect: connection refused", False),
        ("image not found: read: connection reset by peer", False),
        ("failed to authorize: unauthorized: lookup auth.docker.io: no such host", False),
        ("unauthorized: lookup auth.docker.io on 10.96.0.10:53: server misbehaving", False),
        ("denied: toomanyrequests: you have reached your pull rate limit", False),
        ("denied: 429 Too Many Requests", False),
        ("unauthorized: 503 Service Unavailable", False),
        ("unauthorized: unexpected status: 502 Bad Gateway", False),
        ("unauthorized: unexpected status: 500 Internal Server Error", False),
        ("image not found: dial tcp 10.0.0.1:443: no route to host", False),
        ("image not found: dial tcp 10.0.0.1:443: network is unreachable", False),
    ],
)
def test_registry_refuses_or_does_not_respond(answer: str, refused: bool) -> None:
    message = f'Failed to pull image "r/dub:1": {answer}'
    assert is_pull_denial(message) is refused
    assert is_pull_denial(message.upper()) is refused


@pytest.mark.parametrize(
    ("answer", "terminates", "exceeds"),
    [
        ('namespace "dubbing" is being terminated', True, False),
        ("NamespaceTerminating", True, False),
        ("exceeded quota: gpus, requested: pods=1", False, True),
        ('pods "x" is forbidden: violates PodSecurity', False, False),
    ],
)
def test_namespace_that_ends_and_quota_have_reasons_of_their_own(
    answer: str, terminates: bool, exceeds: bool
) -> None:
    assert (is_namespace_terminating(answer), is_quota_exceeded(answer)) == (terminates, exceeds)
