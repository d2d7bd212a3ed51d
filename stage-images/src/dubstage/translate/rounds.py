"""Translation in rounds: what did not come back well is requested again, and what never did
is marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from dubstage.logs import step
from dubstage.text.counting import counted
from dubstage.text.transcript import Segment
from dubstage.text.unicode import plain
from dubstage.timing.budget import Budget
from dubstage.translate.engine import SourceSegment, TranslationContext, Translator
from dubstage.translate.glossary import Protected, protect
from dubstage.translate.sentences import continues, divide, joined, sentences
from dubstage.translate.translation_cache import KeptTranslation, TranslationCache
from dubstage.translate.unchanged import is_untranslated

ROUNDS = 3
"""How often a text is requested at most, from an engine that does not retry itself."""


@dataclass(frozen=True)
class Translated:
    """The translation of one segment."""

    text: str
    is_untranslated: bool = False
    """Whether it came back empty or unchanged in each round; `text` is the original then."""
    lost_terms: bool = False
    """Whether it was translated without its glossary terms, because the engine dropped a mark
    in each round."""


@dataclass(frozen=True)
class _Unit:
    """A text that is requested as one, and the segments that it consists of."""

    segments: Sequence[Segment]
    source: SourceSegment
    protected: Protected
    is_marked: bool = True
    """Whether the text of `source` has the marks of `protected`."""

    @property
    def texts(self) -> list[str]:
        return [segment.text for segment in self.segments]


class Rounds:
    """The translation of the segments of one job."""

    def __init__(
        self,
        engine: Translator,
        job: TranslationContext,
        cache: TranslationCache,
        progress: Callable[[float], None],
    ) -> None:
        self.reused_count = 0
        """Segments that an earlier run translated."""
        self._engine = engine
        self._job = job
        self._cache = cache
        self._progress = progress
        self._done: dict[str, Translated] = {}
        self._keys: list[str] = []
        self._total = 1

    def translate(
        self, segments: Sequence[Segment], budgets: Sequence[Budget | None]
    ) -> list[Translated]:
        """Translate each segment, in order. The translations are kept."""
        self._total = max(len(segments), 1)
        following = [*segments[1:], None]
        sources = [
            SourceSegment(
                one.segment_id, one.text, one.speaker, size, continues=continues(one, after)
            )
            for one, size, after in zip(segments, budgets, following, strict=True)
        ]
        if self._engine.reads_context:
            self._job = replace(self._job, transcript=sources)
            units = [
                _Unit([segment], source, protect(segment.text, self._job.terms), is_marked=False)
                for segment, source in zip(segments, sources, strict=True)
            ]
            failed = self._rounds(units, 1)
        else:
            failed = self._without_context(segments)
        for unit in failed:
            for segment in unit.segments:
                self._done[segment.segment_id] = Translated(segment.text, is_untranslated=True)
        self._cache.prune(self._keys)
        return [self._done[segment.segment_id] for segment in segments]

    def _without_context(self, segments: Sequence[Segment]) -> list[_Unit]:
        """Translate whole sentences, those that fail as single segments, and those that fail
        again without marks. The segments that never came back well."""
        groups = sentences(segments)
        failed = self._rounds([self._unit(group) for group in groups], ROUNDS)
        single = [unit for unit in failed if len(unit.segments) == 1]
        parts = [self._unit([part]) for unit in failed if unit not in single for part in
                 unit.segments]  # fmt: skip
        failed = single + self._rounds(parts, ROUNDS)
        bare = [
            replace(unit, source=replace(unit.source, text=unit.texts[0]), is_marked=False)
            for unit in failed
            if unit.protected.renderings
        ]
        still = self._rounds(bare, 1, lost_terms=True)
        return [unit for unit in failed if not unit.protected.renderings] + still

    def _unit(self, segments: Sequence[Segment]) -> _Unit:
        text = joined([segment.text for segment in segments], self._job.source)
        protected = protect(text, self._job.terms)
        first = segments[0]
        source = SourceSegment(first.segment_id, protected.text, first.speaker)
        return _Unit(segments, source, protected)

    def _rounds(self, units: Sequence[_Unit], rounds: int, lost_terms: bool = False) -> list[_Unit]:
        """Translate the units; returns those that never came back well."""
        missing = {}
        for unit in units:
            if not unit.protected.has_words:
                self._take(unit, KeptTranslation(parts=self._unchanged(unit)))
            elif kept := self._cache.find(self._key(unit), len(unit.segments)):
                self.reused_count += len(unit.segments)
                self._take(unit, kept, self._key(unit))
            else:
                missing[unit.source.segment_id] = unit
        for _ in range(rounds):
            if not missing:
                break
            with step("translate", counted(len(missing), "text")):
                requested = [unit.source for unit in missing.values()]
                for answer in self._engine.translate(requested, self._job):
                    found = missing.get(answer.segment_id)
                    parts = found and self._accept(found, answer.text)
                    if found and parts:
                        lost = lost_terms or answer.lost_terms
                        kept = KeptTranslation(parts=parts, lost_terms=lost)
                        self._cache.store(self._key(found), kept)
                        self._take(found, kept, self._key(found))
                        del missing[answer.segment_id]
        return list(missing.values())

    def _accept(self, unit: _Unit, answer: str) -> list[str] | None:
        """One text for each segment in the target language; None if the answer cannot be used."""
        answer = " ".join(plain(answer).split())
        if is_untranslated(unit.source.text, answer, self._job.source, self._job.target):
            return None
        text = unit.protected.restore(answer) if unit.is_marked else answer
        return None if text is None else divide(text, unit.texts, self._job.target)

    def _unchanged(self, unit: _Unit) -> list[str]:
        text = unit.protected.restore(unit.protected.text) or unit.protected.text
        return divide(text, unit.texts, self._job.target) or unit.texts

    def _key(self, unit: _Unit) -> str:
        source = unit.source
        size = source.budget and (source.budget.low, source.budget.high)
        continued = {"continues": True} if source.continues else {}
        return self._cache.key(
            {"texts": unit.texts, "text": source.text, "terms": unit.protected.renderings,
             "speaker": source.speaker, "budget": size, **continued}
        )  # fmt: skip

    def _take(self, unit: _Unit, kept: KeptTranslation, key: str | None = None) -> None:
        if key:
            self._keys.append(key)
        for segment, text in zip(unit.segments, kept.parts, strict=True):
            self._done[segment.segment_id] = Translated(text, lost_terms=kept.lost_terms)
        self._progress(min(len(self._done) / self._total, 1.0))
