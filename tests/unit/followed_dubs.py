"""DubJobs as the command reads them, and a handle that follows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

from dubjob.dub import Dub
from dubjob.handle import DubHandle
from dubjob_operator import reasons


def conditions(reason: str, message: str = "m", **statuses: str) -> list[dict[str, Any]]:
    """Conditions of these types and statuses, all for one reason."""
    return [
        {"type": kind, "status": value, "reason": reason, "message": message,
         "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 2}
        for kind, value in statuses.items()
    ]  # fmt: skip


def dub(
    *, generation: int = 2, name: str = "talk", namespace: str = "dubbing",
    labels: dict[str, str] | None = None, spec: dict[str, Any] | None = None,
    uid: str = "abcdef12", **status: Any,
) -> Dub:  # fmt: skip
    """A DubJob with that status, which is of generation 2."""
    metadata = {
        "name": name, "namespace": namespace, "generation": generation, "uid": uid,
        "labels": labels or {},
    }  # fmt: skip
    fields = {"targetLanguage": "es", "source": {"path": "talk/source.mp4"}, **(spec or {})}
    return Dub(
        {"metadata": metadata, "spec": fields, "status": {"observedGeneration": 2, **status}}
    )


def dub_in_stages(
    reason: str, message: str, *stages: dict[str, Any], generation: int = 2, **status: Any
) -> Dub:
    """A DubJob with these stages, whose condition Finished has that reason and message."""
    finished = conditions(reason, message, Finished=str(reason == reasons.COMPLETED))
    return dub(generation=generation, stages=list(stages), conditions=finished, **status)


def handle(*states: Dub) -> DubHandle:
    """A handle of a DubJob that goes through these states."""
    return cast("DubHandle", _Followed(states))


class _Followed:
    name = "talk"

    def __init__(self, states: tuple[Dub, ...]) -> None:
        self._states = states

    def follow(self, seconds: float | None, report: Callable[[str], None]) -> Iterator[Dub]:
        yield from self._states
