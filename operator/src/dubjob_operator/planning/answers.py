"""Whether a refusal is final, or an outage that passes.

The API server, its admission webhooks and the image registries only say so in words.
"""

from __future__ import annotations

TERMINATING = ("being terminated", "namespaceterminating")
QUOTA = ("exceeded quota",)
DENIED = ("denied the request", "denied request")
"""An admission webhook or policy has answered, and the answer is no."""
TIMEOUT = (
    "i/o timeout",
    "handshake timeout",
    "timeout exceeded",
    "timeout awaiting",
    "timeout: request",
    "timed out",
    "deadline exceeded",
)
"""Not `timeout` alone, which the name of a field or an object may contain."""
OUTAGE = (
    "failed calling webhook",
    "failed to call webhook",
    "internal error occurred",
    "not yet ready to handle request",
    "status unknown for quota",
    # The permissions of the operator or of the Job controller, which no DubJob can correct.
    "cannot create resource",
    "retry after",
    *TIMEOUT,
    "connection refused",
    "connection reset",
    "no such host",
    "no endpoints available",
    "service unavailable",
    "too many requests",
)
"""A part of the control plane does not answer."""
FORBIDDEN = ("is forbidden", "violates", "is invalid", "invalid value")

PULL_DENIED = (
    "not found",
    "manifest unknown",
    "name unknown",
    "unauthorized",
    "authorization failed",
    "authentication required",
    "no basic auth credentials",
    "denied",
    "forbidden",
    "repository does not exist",
    "no match for platform",
    "invalid reference format",
    "invalid image name",
)
"""A registry has answered that it has no such image, or not for this node."""
PULL_OUTAGE = (
    *TIMEOUT,
    "connection refused",
    "connection reset",
    "no such host",
    "server misbehaving",
    "toomanyrequests",
    "too many requests",
    "service unavailable",
    "bad gateway",
    "internal server error",
    "no route to host",
    "network is unreachable",
)


def is_namespace_terminating(answer: str) -> bool:
    """Whether the namespace is being deleted."""
    return _has(answer, TERMINATING)


def is_quota_exceeded(answer: str) -> bool:
    """Whether a ResourceQuota is exhausted."""
    return _has(answer, QUOTA)


def is_outage(answer: str) -> bool:
    """Whether the answer names a part of the control plane that does not respond."""
    return not _has(answer, DENIED) and _has(answer, OUTAGE)


def is_denial(answer: str) -> bool:
    """Whether the answer is a refusal that lasts until somebody changes the object or a policy.
    An answer that is not understood is not one."""
    return _has(answer, DENIED) or (not _has(answer, OUTAGE) and _has(answer, FORBIDDEN))


def is_pull_denial(message: str) -> bool:
    """Whether an image cannot be pulled until somebody changes its name or the credentials. An
    answer that is not understood is not one."""
    return not _has(message, PULL_OUTAGE) and _has(message, PULL_DENIED)


def _has(text: str, words: tuple[str, ...]) -> bool:
    folded = text.casefold()
    return any(word in folded for word in words)
