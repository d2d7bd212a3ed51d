"""The language of the recognized words, where Whisper detected another one in the audio.

Whisper takes a language with few hours in its training for a more frequent one, or for Latin. What
it then writes still looks like the language that is spoken: it is recognized in that language as
well, and the surer recognition counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean
from typing import TYPE_CHECKING

from dubstage.engines.languages import WHISPER
from dubstage.logs import logger
from dubstage.media.windows import RECOGNIZER_SAMPLE_RATE
from dubstage.text.language_identity import identify
from dubstage.text.languages import engine_code
from dubstage.text.transcript import Word

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

EXCERPT_SECONDS = 60.0
"""Seconds of speech that are compared in both languages."""
MIN_PROBABILITY = 0.95
"""Of the language of the words."""
MARGIN = 0.03
"""By how much the mean probability of the words must be higher. Catalan that was taken for Latin
has 0.2 more, languages that were detected rightly have less in any other."""


def corrected_language(
    words: Sequence[Word],
    detected: str,
    samples: Samples,
    recognize: Callable[[Samples, str], Sequence[Word]],
) -> tuple[str, float] | None:
    """The language that is spoken in `samples` and its probability, if it is not the `detected` one
    (ISO 639-1).

    `words`: what was recognized in them in the `detected` language, with times from their start.
    `recognize`: the words of samples in another language.
    """
    found = identify(" ".join(word.word for word in words))
    if found is None or found[1] < MIN_PROBABILITY:
        return None
    language = engine_code(found[0], WHISPER)
    if language is None or language == detected:
        return None
    start = min(word.start for word in words)
    end = start + EXCERPT_SECONDS
    excerpt = samples[int(start * RECOGNIZER_SAMPLE_RATE) : int(end * RECOGNIZER_SAMPLE_RATE)]
    before = _certainty([word for word in words if word.start < end])
    after = _certainty(recognize(excerpt, language))
    if after < before + MARGIN:
        return None
    logger.info(
        "the words are %s, not %s: mean probability %.2f instead of %.2f",
        language, detected, after, before,
    )  # fmt: skip
    return language, found[1]


def _certainty(words: Sequence[Word]) -> float:
    """The mean probability of the words."""
    scores = [word.score for word in words if word.score is not None]
    return mean(scores) if scores else 0.0
