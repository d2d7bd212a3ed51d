"""The error of the local cluster."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster cannot continue. The message states what was found and what to do."""
