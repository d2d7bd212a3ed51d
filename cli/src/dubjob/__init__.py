"""Dub videos on Kubernetes from Python."""

from dubjob.client import Client, DubHandle
from dubjob.dub import Dub
from dubjob.errors import DubError, NotFoundError, UsageError, WaitTimeoutError

__all__ = [
    "Client",
    "Dub",
    "DubError",
    "DubHandle",
    "NotFoundError",
    "UsageError",
    "WaitTimeoutError",
]
