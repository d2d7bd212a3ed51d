"""Translations that are kept from one run to the next: an interrupted or failed run continues
where it stopped, and a paid request is not made twice."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from dubstage.contract import Stage
from dubstage.engines.neutral import decisive
from dubstage.models import model_revision
from dubstage.workspace.digests import key_of
from dubstage.workspace.kept_files import KeptFiles
from dubstage.workspace.manifest import replacing
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import Work


class KeptTranslation(BaseModel):
    """The accepted translation of a segment or of the segments of a sentence."""

    model_config = ConfigDict(frozen=True)

    parts: list[str]
    """One for each segment."""
    lost_terms: bool = False


class TranslationCache(KeptFiles):
    """The translations of one job, one file each in a folder of their own."""

    def __init__(self, folder: Path, common_key: dict[str, object]) -> None:
        """`common_key`: what decides all translations, such as the engine."""
        super().__init__(folder)
        self._common_key = common_key

    def key(self, parts: dict[str, object]) -> str:
        """The key of a translation that these values decide."""
        return key_of({**self._common_key, **parts})

    def find(self, key: str, count: int) -> KeptTranslation | None:
        """The translation of `count` segments with that key; None if there is none."""
        try:
            kept = KeptTranslation.model_validate_json(self.record(key).read_bytes())
        except (OSError, ValueError):
            return None
        return kept if len(kept.parts) == count else None

    def store(self, key: str, translation: KeptTranslation) -> None:
        """Store a translation completely, or not at all."""
        with replacing(self.record(key)) as temporary:
            temporary.write_text(translation.model_dump_json())


def kept_translations(work: Work, source: str) -> TranslationCache:
    """The kept translations of the job from `source`."""
    request = work.request
    return TranslationCache(
        work.tree.translation_cache,
        {
            "version": STAGES[Stage.TRANSLATE].version,
            "engine": request.engine.engine,
            "model": request.engine.model,
            "revision": model_revision(work.tree.roots, request.engine),
            "parameters": decisive(request.engine.parameters),
            "languages": [source, request.target_language],
            "options": request.translation.model_dump(exclude_none=True),
        },
    )
