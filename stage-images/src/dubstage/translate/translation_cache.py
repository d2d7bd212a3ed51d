"""Translations that are kept from one run to the next: an interrupted or failed run continues
where it stopped, and a paid request is not made twice."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dubstage.workspace.manifest import replacing

FORCED = "forced"
"""File with the number of the run that was requested to translate everything again."""


class KeptTranslation(BaseModel):
    """The accepted translation of a segment or of the segments of a sentence."""

    model_config = ConfigDict(frozen=True)

    parts: list[str]
    """One for each segment."""
    lost_terms: bool = False


class TranslationCache:
    """The translations of one job, one file each in a folder of their own."""

    def __init__(self, folder: Path, common_key: dict[str, object]) -> None:
        """`common_key`: what decides all translations, such as the engine."""
        self._folder = folder
        self._common_key = common_key
        folder.mkdir(parents=True, exist_ok=True)

    def clear(self, run: int) -> None:
        """Delete all translations, unless an earlier attempt of `run` already did. 0: the
        number is not known, so they are deleted."""
        mark = self._folder / FORCED
        if run and mark.is_file() and mark.read_text() == str(run):
            return
        self.prune(())
        with replacing(mark) as temporary:
            temporary.write_text(str(run))

    def key(self, parts: dict[str, object]) -> str:
        """The key of a translation that these values decide."""
        text = json.dumps({**self._common_key, **parts}, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def find(self, key: str, count: int) -> KeptTranslation | None:
        """The translation of `count` segments with that key; None if there is none."""
        try:
            kept = KeptTranslation.model_validate_json(self._file(key).read_bytes())
        except (OSError, ValueError):
            return None
        return kept if len(kept.parts) == count else None

    def store(self, key: str, translation: KeptTranslation) -> None:
        """Store a translation completely, or not at all."""
        with replacing(self._file(key)) as temporary:
            temporary.write_text(translation.model_dump_json())

    def prune(self, keys: Iterable[str]) -> None:
        """Delete all translations but those of `keys`."""
        kept = {self._file(key).name for key in keys}
        for file in self._folder.iterdir():
            if file.name not in kept:
                with contextlib.suppress(OSError):
                    file.unlink()

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.json"
