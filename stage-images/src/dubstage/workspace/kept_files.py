"""A folder of files that are kept from one run of a stage to the next, by key."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from dubstage.workspace.manifest import replacing

FORCED = "forced"
"""File with the number of the run that was requested to make everything again."""


class KeptFiles:
    """The kept files of one stage of one job. A key has one file for each of `suffixes`."""

    suffixes: tuple[str, ...] = (".json",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def clear(self, run: int) -> None:
        """Delete all files, unless an earlier attempt of `run` already did. 0: the number is
        not known, so they are deleted."""
        mark = self._folder / FORCED
        if run and mark.is_file() and mark.read_bytes() == str(run).encode():
            return
        self.prune(())
        with replacing(mark) as temporary:
            temporary.write_text(str(run))

    def prune(self, keys: Iterable[str]) -> None:
        """Delete all files but those of `keys`."""
        kept = {f"{key}{suffix}" for key in keys for suffix in self.suffixes}
        for file in self._folder.iterdir():
            if file.name not in kept:
                with contextlib.suppress(OSError):
                    file.unlink()

    def record(self, key: str) -> Path:
        """The JSON file of `key`."""
        return self._folder / f"{key}.json"
