"""Which DubJobs need no reconcile, decided from the raw object without parsing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dubjob_operator import names


def state_and_reason(raw: Mapping[str, Any]) -> tuple[str, str]:
    """The state (Complete, Failed, Suspended or InProgress) and its reason."""
    conditions = {
        entry["type"]: entry for entry in (raw.get("status") or {}).get("conditions") or ()
    }
    for kind in (names.COMPLETE, names.FAILED, names.SUSPENDED):
        if conditions.get(kind, {}).get("status") == "True":
            return kind, str(conditions[kind].get("reason", ""))
    return "InProgress", str(conditions.get(names.FINISHED, {}).get("reason", "New"))


def is_idle(raw: Mapping[str, Any]) -> bool:
    """Whether the DubJob has finished, its spec has not changed since, and no retry is
    requested."""
    status, metadata = raw.get("status") or {}, raw["metadata"]
    retry = (metadata.get("annotations") or {}).get(names.RETRY_ANNOTATION)
    return (
        state_and_reason(raw)[0] in (names.COMPLETE, names.FAILED)
        and status.get("observedGeneration") == metadata.get("generation")
        and (not retry or retry == status.get("lastHandledRetry"))
    )


def is_active(job: Mapping[str, Any]) -> bool:
    """Whether the Job may still create pods."""
    return not (_has(job, "Complete") or has_failed(job))


def has_failed(job: Mapping[str, Any]) -> bool:
    """Whether the Job has failed and creates no more pods."""
    return _has(job, "Failed")


def _has(job: Mapping[str, Any], condition: str) -> bool:
    return any(
        entry["type"] == condition and entry["status"] == "True"
        for entry in (job.get("status") or {}).get("conditions") or ()
    )
