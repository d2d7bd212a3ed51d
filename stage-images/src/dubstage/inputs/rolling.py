"""Rolling captions: each cue repeats rows of the one before, and adds one.

Live captions and their downloads have the same phrase in up to three cues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from dubstage.inputs.cue import Cue

TOUCHING_SECONDS = 0.1
FLASH_SECONDS = 0.06
"""A cue that short shows nothing new: downloads put one between two phrases."""
MIN_REPEATS = 2
"""Two people may both say "No."; a file in which two cues keep a row and add one rolls."""


def unrolled(cues: Sequence[Cue]) -> list[Cue]:
    """The cues, in order, each without the rows that the one before has shown. The same cues if
    the file does not roll."""
    pairs = list(zip([None, *cues], cues, strict=False))
    repeats = [_repeated(before, cue) for before, cue in pairs]
    is_rolling = [
        count > 0 and (count < len(cue.rows) or cue.end - cue.start <= FLASH_SECONDS)
        for count, cue in zip(repeats, cues, strict=True)
    ]
    flashes = any(
        count and cue.end - cue.start <= FLASH_SECONDS
        for count, cue in zip(repeats, cues, strict=True)
    )
    if not flashes and sum(is_rolling) < MIN_REPEATS:
        return list(cues)
    return [
        replace(cue, rows=cue.rows[count:])
        for count, cue in zip(repeats, cues, strict=True)
        if len(cue.rows) > count
    ]


def _repeated(before: Cue | None, cue: Cue) -> int:
    """How many rows at the start of `cue` are the last ones of the cue before."""
    if before is None or abs(cue.start - before.end) > TOUCHING_SECONDS:
        return 0
    for count in range(min(len(before.rows), len(cue.rows)), 0, -1):
        if before.rows[-count:] == cue.rows[:count]:
            return count
    return 0
