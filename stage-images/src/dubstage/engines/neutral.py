"""Parameters of engines that do not change a result."""

from __future__ import annotations

from collections.abc import Mapping

NEUTRAL = frozenset({
    "align_languages", "batch_size", "concurrency", "device", "fit_after_synthesis",
    "stream", "threads", "timeout_seconds",
})  # fmt: skip
"""Where and how fast a result is made, and whether it is improved later. Of ``align_languages``,
the aligner that a job uses is part of its model's revision."""


def decisive(parameters: Mapping[str, object]) -> dict[str, object]:
    """The parameters that decide the result: a part of content keys."""
    return {name: value for name, value in parameters.items() if name not in NEUTRAL}
