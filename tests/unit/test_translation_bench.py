"""The benchmark of the translation engines measures and judges what it says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import bench_translation as bench
import pytest
from translation_texts import CATALAN, CLIPS, ENGLISH, REFERENCES

from dubstage.translate.engine import SourceSegment, Translation, TranslationContext


def test_each_text_has_one_reference_in_each_language() -> None:
    assert len(ENGLISH) == len(set(ENGLISH)) == 50
    for target, texts in REFERENCES.items():
        assert len(texts) == len(set(texts)) == len(ENGLISH)
        assert len(CLIPS[target]) == len(CLIPS["en"])
    assert len(CATALAN) == 22


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(1, 3, "uno"), (11, 12, "uno dos tres"), (14, 20, "uno dos tres uno"), (9, 9, "uno dos")],
)
def test_obedient_model_answers_in_the_requested_length(low: int, high: int, expected: str) -> None:
    assert bench.resized("uno dos tres", low, high) == expected


class Copies:
    """An engine that answers with the references, `times` each."""

    reads_context = False

    def __init__(self, target: str, times: int = 1) -> None:
        self._texts = [" ".join([text] * times) for text in bench.references(target)]
        self.budgets: list[bool] = []

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        self.budgets = [segment.budget is not None for segment in segments]
        for segment, text in reversed(list(zip(segments, self._texts, strict=True))):
            yield Translation(segment.segment_id, text)


def test_references_score_best_and_long_texts_are_trimmed() -> None:
    placed = bench.times(*bench.TIMINGS["usual"])
    exact, twice = Copies("es"), Copies("es", 2)
    best = bench.measure("usual", "es", "exact", exact, placed, has_budget=True)
    worse = bench.measure("usual", "es", "twice", twice, placed, has_budget=False)
    assert best.chrf == pytest.approx(100.0)
    assert best.trimmed == 0
    assert all(exact.budgets)
    assert not any(twice.budgets)
    assert worse.chrf < 90
    assert worse.adherence == 0.0
    assert worse.above == len(bench.SOURCE)
    assert worse.trimmed > 30


def found(timing: str, target: str, engine: str, ratio: float, **changes: float) -> bench.Found:
    values = {"chrf": 50.0, "bleu": 40.0, "trimmed": 0, **changes}
    return bench.Found(
        timing, target, engine, values["chrf"], values["bleu"], [ratio] * 10, int(values["trimmed"])
    )


def measured(ratio: float, plain: float, neural: float, trimmed: int = 0) -> list[bench.Found]:
    rows = [
        found(timing, target, bench.FAKE_FIT, ratio, trimmed=trimmed)
        for timing in bench.TIMINGS for target in bench.TARGETS
    ]  # fmt: skip
    return [
        *rows,
        found("fast", "es", bench.FAKE_PLAIN, plain),
        *(found("usual", target, "bergamot", 1.0, chrf=neural) for target in ("es", "pt")),
        found("usual", "es", "apertium", 1.0, chrf=60.0),
    ]


@pytest.mark.parametrize(
    ("rows", "missed"),
    [
        (measured(1.0, 1.4, 80.0), 0),
        (measured(0.85, 1.4, 80.0), 8),
        (measured(1.0, 1.4, 80.0, trimmed=1), 8),
        (measured(1.0, 1.0, 80.0), 1),
        (measured(1.0, 1.4, 64.0), 2),
    ],
)
def test_goals_are_judged(rows: list[bench.Found], missed: int) -> None:
    assert sum(not goal.met for goal in bench.goals(rows)) == missed
