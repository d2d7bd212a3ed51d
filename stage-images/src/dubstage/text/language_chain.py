"""The languages that all engines of a request have together: recognizer, translation and voices."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from dubstage.contract import EngineChoice, Stage
from dubstage.engines import ENGINES
from dubstage.engines.languages import Languages
from dubstage.text.languages import engine_code, needs_translation, primary

Choices = Mapping[Stage, EngineChoice]


def languages_of(engines: Choices, stage: Stage) -> Languages | None:
    """The languages of the stage's engine; None for one without a list."""
    choice = engines.get(stage)
    engine = ENGINES.get(choice.engine) if choice else None
    return engine.languages_for(choice) if engine and choice else None


def pairs_of(engines: Choices) -> Mapping[str, tuple[str, ...]] | None:
    """The pairs of the translation engine; None for one that has all pairs of its languages."""
    choice = engines.get(Stage.TRANSLATE)
    engine = ENGINES.get(choice.engine) if choice else None
    return engine.pairs_for(choice) if engine and choice else None


def reaches(
    engines: Choices, source: str | None, target: str, replaced: Collection[Stage] = ()
) -> bool:
    """Whether the engines dub `source`, or some language if it is None, into `target`. Those of the
    `replaced` stages are not needed."""
    if not _has(engines, Stage.SYNTHESIZE, target):
        return False
    if source is None:
        return any(reaches(engines, one, target, replaced) for one in sources_of(engines))
    is_recognized = Stage.TRANSCRIBE in replaced or _has(engines, Stage.TRANSCRIBE, source)
    if not is_recognized or not needs_translation(source, target):
        return False
    return Stage.TRANSLATE in replaced or _translates(engines, source, target)


def sources_of(engines: Choices) -> Iterable[str]:
    """The languages that may be spoken, as far as an engine lists them: those of the pairs, or of
    the recognizer, or one that stands for any."""
    pairs = pairs_of(engines)
    if pairs is not None:
        return pairs
    recognized = languages_of(engines, Stage.TRANSCRIBE)
    return sorted(recognized.codes) if recognized else ["en", "es"]


def dubbed_pairs(engines: Choices) -> Iterator[tuple[str, str]]:
    """The pairs of the translation engine that can be recognized and spoken, as well."""
    pairs = pairs_of(engines) or {}
    for source in sorted(pairs):
        for target in pairs[source]:
            if reaches(engines, source, target):
                yield source, target


def _translates(engines: Choices, source: str, target: str) -> bool:
    pairs = pairs_of(engines)
    if pairs is not None and primary(target) not in pairs.get(primary(source), ()):
        return False
    return _has(engines, Stage.TRANSLATE, source) and _has(engines, Stage.TRANSLATE, target)


def _has(engines: Choices, stage: Stage, tag: str) -> bool:
    languages = languages_of(engines, stage)
    return languages is None or engine_code(tag, languages) is not None
