"""Dub videos on Kubernetes from Python."""

from dubjob.client import Client
from dubjob.dub import Dub
from dubjob.errors import DubError, NotFoundError, UsageError, WaitTimeoutError
from dubjob.handle import DubHandle

__all__ = [
    "Client",
    "Dub",
    "DubError",
    "DubHandle",
    "NotFoundError",
    "UsageError",
    "WaitTimeoutError",
]
