"""Compare the translation engines: chrF with references, and lengths with the slots.

    make bench-translation

    BENCH_MODEL_URL=http://… BENCH_MODEL=NAME   also a language model behind the chat API
    BENCH_CTRANSLATE2=FOLDER                    also a converted model, its folder

Translates the segments of ``translation_texts`` as if they were spoken at the usual rate, and
fast without pauses. Durations are predicted from the rate of each language. A fake model that
answers with the references, and obeys budgets if it is asked for other lengths, tests the
machinery for lengths; its scores say nothing about a model. Ends with 1 if a goal is missed.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sacrebleu
from chat_server import Asked, Response, chat_server, rows, says
from dub_run import SEED
from goals import Goal, verdict
from translation_texts import CLIPS, ENGLISH, REFERENCES

from dubstage.contract import EngineChoice
from dubstage.engines.languages import APERTIUM_PAIRS, BERGAMOT_PAIRS
from dubstage.timing.budget import budget, duration_ratio, is_adherent
from dubstage.timing.fit import UNNOTICED_SPEED, fit
from dubstage.timing.prediction import SpeechRate
from dubstage.timing.slot import Slot, TimedSegment, slots
from dubstage.translate.apertium import Apertium
from dubstage.translate.bergamot import Bergamot
from dubstage.translate.ctranslate2.engine import CTranslate2
from dubstage.translate.engine import SourceSegment, TranslationContext, Translator
from dubstage.translate.openai.engine import OpenAITranslator
from dubstage.translate.openai.settings import read

SOURCE = (*CLIPS["en"], *ENGLISH)
TARGETS = tuple(REFERENCES)
TIMINGS = {"usual": (15.0, 0.5), "fast": (19.5, 0.0)}
"""Characters per second of the original, and seconds of pause after each segment."""
FAKE_FIT, FAKE_PLAIN = "obedient fake, budget", "obedient fake"
STUBBORN = 3
"""The fake ignores the budget of every third segment at first."""
HEADER = (
    f"{'speech':<7} {'target':<6} {'engine':<22} {'chrF':>5} {'BLEU':>5} {'adherent':>8} "
    f"{'above 1.2':>9} {'trimmed':>7}"
)


@dataclass(frozen=True)
class Found:
    """What one engine reached."""

    timing: str
    target: str
    engine: str
    chrf: float
    bleu: float
    ratios: Sequence[float]
    """Predicted duration of each translation relative to its slot."""
    trimmed: int

    @property
    def adherence(self) -> float:
        """Share of segments within -10 % and +20 % of their slots."""
        return sum(map(is_adherent, self.ratios)) / len(self.ratios)

    @property
    def above(self) -> int:
        """Segments that need a speed-up that is noticed."""
        return sum(ratio > UNNOTICED_SPEED for ratio in self.ratios)

    def __str__(self) -> str:
        return (
            f"{self.timing:<7} {self.target:<6} {self.engine:<22} {self.chrf:>5.1f} "
            f"{self.bleu:>5.1f} {self.adherence:>8.0%} {self.above:>9} {self.trimmed:>7}"
        )


def main() -> int:
    """Measure, print, judge; 0 if every goal is met."""
    logging.disable(logging.INFO)
    print(HEADER, flush=True)
    found = []
    for timing, (rate, pause) in TIMINGS.items():
        for target in TARGETS:
            for name, engine, has_budget in engines(target):
                placed = times(rate, pause)
                found.append(measure(timing, target, name, engine, placed, has_budget))
                print(found[-1], flush=True)
    return verdict(list(goals(found)))


def times(rate: float, pause: float) -> list[TimedSegment]:
    """The times of the segments, spoken at `rate` characters per second."""
    placed, at = [], 0.0
    for number, text in enumerate(SOURCE):
        end = at + len(text) / rate
        placed.append(TimedSegment(f"segment_{number:04d}", "A", at, end))
        at = end + pause
    return placed


def engines(target: str) -> Iterator[tuple[str, Translator, bool]]:
    """The engines that translate from English to `target`: name, engine, and whether it gets
    the budgets of the segments."""
    if target in APERTIUM_PAIRS["en"]:
        yield "apertium", Apertium(), False
    if target in BERGAMOT_PAIRS["en"] and (SEED / "bergamot/en-pt").is_dir():
        yield "bergamot", Bergamot(SEED / "bergamot/en-pt"), False
    if folder := os.environ.get("BENCH_CTRANSLATE2"):
        choice = EngineChoice(engine="ctranslate2", model=Path(folder).name)
        yield Path(folder).name, CTranslate2(Path(folder), choice), False
    with chat_server(obedient(target)) as server:
        yield FAKE_PLAIN, language_model(server.url, "fake"), False
        yield FAKE_FIT, language_model(server.url, "fake"), True
    if url := os.environ.get("BENCH_MODEL_URL"):
        model = os.environ["BENCH_MODEL"]
        yield model, language_model(url, model), False
        yield f"{model}, budget", language_model(url, model), True


def language_model(url: str, model: str) -> Translator:
    """The engine ``openai``."""
    settings = read({"url": url, "model": model, "summary": False})
    return OpenAITranslator(settings, os.environ.get("OPENAI_API_KEY"))


def references(target: str) -> list[str]:
    """The reference translation of each segment."""
    return [*CLIPS[target], *REFERENCES[target]]


def obedient(target: str) -> Callable[[Asked], Response]:
    """A model that answers with the references, in the length that it is asked for: at once for
    most segments, and for every third one only in another request."""
    known = {f"segment_{n:04d}": text for n, text in enumerate(references(target))}

    def first(row: dict[str, Any]) -> str:
        text = known[row["id"]]
        is_deaf = "characters" not in row or int(row["id"][-4:]) % STUBBORN == 0
        return text if is_deaf else resized(text, *row["characters"])

    def answer(asked: Asked) -> Response:
        request = json.loads(asked.user)
        if asked.texts:
            return says(rows({row["id"]: first(row) for row in request["segments"]}))
        low, high = request["characters"]
        return says(rows({"1": resized(request["translation"], low, high), "2": "–", "3": "–"}))

    return answer


def resized(text: str, low: int, high: int) -> str:
    """`text` with so many of its words, in turn, that its length is nearest to `low` to `high`
    characters."""
    words = itertools.cycle(text.split())
    texts = list(itertools.accumulate(itertools.islice(words, high), "{} {}".format))
    return min(texts, key=lambda one: max(low - len(one), len(one) - high, 0))


def measure(
    timing: str,
    target: str,
    name: str,
    engine: Translator,
    placed: Sequence[TimedSegment],
    has_budget: bool,
) -> Found:
    """Translate all segments with `engine`."""
    rate = SpeechRate(target)
    available = slots(placed, placed[-1].end)
    segments = [
        SourceSegment(one.segment_id, text, one.speaker, budget(slot, rate) if has_budget else None)
        for one, text, slot in zip(placed, SOURCE, available, strict=True)
    ]
    job = TranslationContext("en", target, transcript=segments)
    found = {one.segment_id: one.text for one in engine.translate(segments, job)}
    texts = [found.get(one.segment_id, "") for one in segments]
    natural = [rate.predict(text) for text in texts]
    wanted = [references(target)]
    tokenizer = "char" if target == "ko" else "13a"
    return Found(
        timing,
        target,
        name,
        sacrebleu.corpus_chrf(texts, wanted).score,
        sacrebleu.corpus_bleu(texts, wanted, tokenize=tokenizer).score,
        [duration_ratio(one, slot) for one, slot in zip(natural, available, strict=True)],
        sum(_is_trimmed(one, slot) for one, slot in zip(natural, available, strict=True)),
    )


def _is_trimmed(natural: float, slot: Slot) -> bool:
    return fit(natural, 1.0, slot).overflow > 0


def goals(found: Sequence[Found]) -> Iterator[Goal]:
    """What has to be reached."""
    of = {(one.timing, one.target, one.engine): one for one in found}
    for target in TARGETS:
        for timing in TIMINGS:
            one = of[timing, target, FAKE_FIT]
            yield Goal(
                f"{target}, {timing}: obedient model at least 90 % adherent, none trimmed",
                f"{one.adherence:.0%}, {one.trimmed} trimmed, {one.above} above 1.2",
                one.adherence >= 0.9 and not one.trimmed and not one.above,
            )
    plain = of["fast", "es", FAKE_PLAIN]
    yield Goal(
        "es, fast: without budgets, most segments are not adherent",
        f"{plain.adherence:.0%}",
        plain.adherence < 0.5,
    )
    if ("usual", "es", "bergamot") in of:
        neural, rules = of["usual", "es", "bergamot"].chrf, of["usual", "es", "apertium"].chrf
        yield Goal(
            "es: bergamot at least 5 chrF better than apertium",
            f"{neural:.1f}, {rules:.1f}",
            neural >= rules + 5,
        )
        portuguese = of["usual", "pt", "bergamot"].chrf
        yield Goal("pt: bergamot at least 75 chrF", f"{portuguese:.1f}", portuguese >= 75)


if __name__ == "__main__":
    sys.exit(main())
