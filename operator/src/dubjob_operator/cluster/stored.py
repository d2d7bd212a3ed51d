"""A DubJob as it is kept in memory: text, and the little that is asked for often.

As nested dictionaries an object takes about ten times the memory of its JSON text, and
there may be ten thousand.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dubjob_operator.planning.rest import is_at_rest, state_and_reason


@dataclass(frozen=True, slots=True)
class StoredDubJob:
    """One DubJob."""

    uid: str
    version: str
    """Its resourceVersion."""
    asked: int
    """A hash of what its author says: another one, and something may have to be done."""
    state: str
    reason: str
    at_rest: bool
    """True: finished, and nothing to do."""
    text: bytes
    """The whole object as JSON, without managedFields."""

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> StoredDubJob:
        """The object as the watch has brought it."""
        metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
        annotations = frozenset(metadata.get("annotations", {}).items())
        state, reason = state_and_reason(raw)
        return cls(
            uid=metadata["uid"],
            version=metadata["resourceVersion"],
            asked=hash((metadata.get("generation"), annotations)),
            state=state,
            reason=reason,
            at_rest=is_at_rest(raw),
            text=json.dumps({**raw, "metadata": metadata}, separators=(",", ":")).encode(),
        )
