"""How the API server says no."""

from __future__ import annotations


class ApiError(Exception):
    """An answer that is not a success."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        """Kubernetes' own word, for example ``AlreadyExists``."""


class NotFound(ApiError):
    """404: there is no such object."""


class Conflict(ApiError):
    """409: it exists already, or changed since it was read."""


class Refused(ApiError):
    """400, 403 or 422: the request will not be granted, however often it is made."""


class Unavailable(ApiError):
    """No answer, 429 or 5xx after all attempts."""


class NotLeading(ApiError):
    """Nothing was sent: another replica acts."""
