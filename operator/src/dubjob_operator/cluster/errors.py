"""Errors of requests to the API server."""

from __future__ import annotations


class ApiError(Exception):
    """A response that is not a success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        """The reason that Kubernetes gives, for example ``AlreadyExists``."""


class NotFound(ApiError):
    """404: the object does not exist."""


class Conflict(ApiError):
    """409: the object exists already, or has changed since it was read."""


class Refused(ApiError):
    """400, 403 or 422: a retry cannot succeed."""


class Unavailable(ApiError):
    """No response, 429 or 5xx after all attempts."""


class Unknown(Unavailable):
    """No response, and none to the question whether the request has taken effect."""


class NotLeading(ApiError):
    """Nothing was sent, because another replica is the leader."""
