"""What stops the local cluster, in one sentence."""

from __future__ import annotations


class ClusterError(Exception):
    """The cluster cannot go on. The text says what was found and what to do."""
