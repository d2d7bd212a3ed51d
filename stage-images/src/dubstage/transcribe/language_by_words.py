"""Which of two languages is spoken: the speech is recognized in both, and the surer recognition
counts.

Whisper takes a language with few hours in its training for a more frequent one, or for Latin. What
it then writes still looks like the language that is spoken. In a language that the user has given
by mistake, Whisper invents words, of which it is less sure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean
from typing import TYPE_CHECKING

from dubstage.engines.languages import WHISPER
from dubstage.logs import logger
from dubstage.media.windows import RECOGNIZER_SAMPLE_RATE
from dubstage.text.language_identity import identify, probability
from dubstage.text.languages import are_variants, engine_code
from dubstage.text.transcript import Word

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

EXCERPT_SECONDS = 60.0
"""Seconds of speech that are compared in both languages."""
CANDIDATE = 0.8
"""Probability of the language of the words, from which the two recognitions are compared. Catalan
that was taken for Latin has 0.92 to 1.0, depending on the processor."""
MIN_PROBABILITY = 0.95
"""The same where no second recognition decides."""
MARGIN = 0.03
"""By how much the mean probability of the words must be higher. Catalan that was taken for Latin
has 0.2 more, languages that were detected rightly have less in any other."""
MIN_DETECTED = 0.5
"""Probability of a language in the audio that is compared with the given one."""
CLEAR_MARGIN = 0.1
"""The same as :data:`MARGIN` for a remark on the given language. English, Spanish, French and
Portuguese that were recognized as another of them, or as Catalan or Italian, have 0.14 to 0.47
more, unless Whisper writes the spoken language all the same."""


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
    if found is None or found[1] < CANDIDATE:
        return None
    language = engine_code(found[0], WHISPER)
    if language is None or language == detected:
        return None
    gain = _gain(words, language, samples, recognize)
    if gain < MARGIN:
        return None
    logger.info(
        "the words are %s, not %s: their mean probability is higher by %.2f",
        language, detected, gain,
    )  # fmt: skip
    return language, found[1]


def other_language(
    words: Sequence[Word],
    given: str,
    detected: tuple[str, float],
    samples: Samples,
    recognize: Callable[[Samples, str], Sequence[Word]],
) -> str | None:
    """The language that is spoken in `samples`, if it is most likely not the `given` one of the
    user (ISO 639-1).

    `words`: what was recognized in them in the `given` language; `detected`: what Whisper detects
    in the audio, and its probability; `recognize` as above.
    """
    language, likelihood = detected
    if likelihood < MIN_DETECTED or are_variants(given, language) or not words:
        return None
    # In a wrong language, Whisper translates, or writes the words in the spoken language.
    written = probability(" ".join(word.word for word in words), language, [given])
    if written is not None and written >= MIN_PROBABILITY:
        return language
    return language if _gain(words, language, samples, recognize) >= CLEAR_MARGIN else None


def _gain(
    words: Sequence[Word],
    language: str,
    samples: Samples,
    recognize: Callable[[Samples, str], Sequence[Word]],
) -> float:
    """By how much the mean probability of the words is higher in `language`."""
    start = min(word.start for word in words)
    end = start + EXCERPT_SECONDS
    excerpt = samples[int(start * RECOGNIZER_SAMPLE_RATE) : int(end * RECOGNIZER_SAMPLE_RATE)]
    before = _certainty([word for word in words if word.start < end])
    return _certainty(recognize(excerpt, language)) - before


def _certainty(words: Sequence[Word]) -> float:
    """The mean probability of the words."""
    scores = [word.score for word in words if word.score is not None]
    return mean(scores) if scores else 0.0
