"""Segments that the recognizer has invented: words over music, noise or silence.

Whisper finds words in any noise. Its own figures give such words away, and so does
what it has learned from subtitles: credits, thanks to viewers, one phrase over and over. Pure
functions of words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from dubstage.contract import OnDoubt
from dubstage.text.not_speech import spoken
from dubstage.text.transcript import Word

Group = Sequence[Word]

INVENTED_SCORE = 0.2
"""Mean probability of the words; those of real speech have 0.5 or more, over loud music too."""
FAREWELL_SCORE = 0.3
DOUBTFUL_SCORE = 0.4
FEW_WORDS = 4
"""More words than that with a low score can be mumbled speech: they are kept, and flagged."""
NO_SPEECH = 0.6
"""Whisper's own limit: with a higher probability that nobody speaks, and a low score, its words
do not count."""
SURE_SCORE = 0.9
"""A credit or a farewell with a higher score is kept: somebody may have said it."""
LOOP_SCORE = 0.5
"""A loop with a lower score is not a chant."""
MIN_REPEATS = 4
"""One phrase that often in a row is a loop of the model, or a song."""
LONGEST_PHRASE = 6
"""Words of a phrase in a loop."""
PREVAILING_SHARE, PREVAILING_REPEATS = 0.7, 3
"""One phrase with that share of all letters, that often, is not a conversation."""
SPARSE_SHARE, SPARSE_SECONDS = 0.05, 30.0
"""Less speech than that share of a source longer than that many seconds is rarely a dialogue."""
SPARSE_SCORE = 0.7
"""Words with a higher score were said, however seldom."""
MAX_LETTERS_PER_SECOND = 40.0
"""Nobody speaks twice as fast as a fast speaker."""

CREDITS = re.compile(
    r"amara\.org|opensubtitles|dimatorzok|^\W*(subtitle[sd]? by|transcri(bed|ption) by"
    r"|untertitel(ung)? (der|im|von|des)|sous-titr(es|age) (réalisés|par|st)"
    r"|subtítulos (por|realizados|creados)|legendas? pela|sottotitoli (e revisione|creati|a cura)"
    r"|субтитры (сделал|создавал|подогнал|делал)|редактор субтитров|字幕(by|由|制作|志愿者|提供)"
    r"|copyright (wdr|zdf|swr|br)\b)",
    re.IGNORECASE,
)
"""Credits of subtitles, which nobody says."""
FAREWELLS = frozenset({
    "you", "bye", "thank you", "thanks", "thank you very much", "thanks for watching",
    "thank you for watching", "see you next time",
    "please subscribe", "like and subscribe", "vielen dank", "danke fürs zuschauen",
    "bis zum nächsten mal", "merci", "merci d'avoir regardé cette vidéo", "gracias",
    "gracias por ver el video", "suscríbete", "obrigado", "grazie", "продолжение следует",
    "спасибо за просмотр", "ご視聴ありがとうございました", "ありがとうございました", "谢谢观看",
    "谢谢大家", "請不吝點贊訂閱轉發打賞支持明鏡與點點欄目", "시청해주셔서 감사합니다",
    "mbc 뉴스 이덕영입니다",
})  # fmt: skip
"""What Whisper writes most often over silence and music, in lower case and without marks."""


class Verdict(Enum):
    """How far the words of a segment can be trusted."""

    SURE = "sure"
    DOUBTFUL = "doubtful"
    INVENTED = "invented"


@dataclass(frozen=True)
class Judged:
    """The segments by their verdict."""

    kept: list[Group]
    """In their order."""
    doubtful: frozenset[int]
    """Positions in `kept` of segments that may be invented."""
    left_out: list[Group]


def judged(
    groups: Sequence[Group],
    seconds: float = 0.0,
    on_doubt: OnDoubt | None = None,
    expected: Iterable[str] = (),
) -> Judged:
    """The segments without those that are surely invented, unless `on_doubt` says otherwise.
    `seconds`: duration of the source. `expected`: spellings that the recognizer was given."""
    spellings = frozenset(word for text in expected for word in _plain(text).split())
    verdicts = _whole_text([verdict(group, spellings) for group in groups], groups, seconds)
    left_out = {
        OnDoubt.KEEP: set[Verdict](),
        OnDoubt.DROP: {Verdict.INVENTED, Verdict.DOUBTFUL},
    }.get(on_doubt or OnDoubt.REVIEW, {Verdict.INVENTED})
    pairs = list(zip(groups, verdicts, strict=True))
    kept = [pair for pair in pairs if pair[1] not in left_out]
    doubtful = (n for n, (_, one) in enumerate(kept) if one is not Verdict.SURE)
    return Judged(
        [group for group, _ in kept],
        frozenset(doubtful),
        [group for group, one in pairs if one in left_out],
    )


def _whole_text(
    verdicts: Sequence[Verdict], groups: Sequence[Group], seconds: float
) -> list[Verdict]:
    """The verdicts after a look at the text as a whole."""
    found, texts = list(verdicts), [_bare(group) for group in groups]
    runs = [range(first, last) for first, last in _loops(texts)]
    for places in [*runs, _prevailing(texts)]:
        scores = [score(groups[place]) for place in places]
        is_low = all(one is not None and one < LOOP_SCORE for one in scores)
        for number, place in enumerate(places):
            if found[place] is Verdict.SURE:
                found[place] = Verdict.DOUBTFUL
            # The first may have been said.
            if is_low and number > 0:
                found[place] = Verdict.INVENTED
    if _is_sparse(groups, seconds):
        for place, group in enumerate(groups):
            mean = score(group)
            if found[place] is Verdict.SURE and (mean is None or mean < SPARSE_SCORE):
                found[place] = Verdict.DOUBTFUL
    return found


def _prevailing(texts: Sequence[str]) -> list[int]:
    """The places of one phrase that makes up most of the text; empty if there is none."""
    letters = Counter[str]()
    for text in texts:
        letters[text] += len(text)
    text, size = max(letters.items(), key=lambda item: item[1], default=("", 0))
    places = [place for place, each in enumerate(texts) if text and each == text]
    is_most = size >= PREVAILING_SHARE * sum(letters.values())
    return places if is_most and len(places) >= PREVAILING_REPEATS else []


def _is_sparse(groups: Sequence[Group], seconds: float) -> bool:
    """Whether the source is long, and hardly anybody speaks."""
    spoken_seconds = sum(max(word.end for word in group) - group[0].start for group in groups)
    return seconds > SPARSE_SECONDS and spoken_seconds < SPARSE_SHARE * seconds


def verdict(group: Group, spellings: frozenset[str] = frozenset()) -> Verdict:
    """Whether the words of one segment were said, as far as they show it. `spellings`: words that
    the recognizer was given, which it writes over a murmur."""
    mean, text = score(group), _bare(group)
    no_speech = max((word.no_speech for word in group if word.no_speech is not None), default=0.0)
    is_low = mean is not None and mean < DOUBTFUL_SCORE
    if not text or not spoken(" ".join(word.word for word in group)):
        return Verdict.SURE
    if CREDITS.search(" ".join(word.word for word in group)):
        return Verdict.INVENTED if mean is None or mean < SURE_SCORE else Verdict.DOUBTFUL
    if is_low and (no_speech > NO_SPEECH or _is_loop(text) or set(text.split()) <= spellings):
        return Verdict.INVENTED
    if mean is not None and mean < FAREWELL_SCORE and text in FAREWELLS:
        return Verdict.INVENTED
    if mean is not None and mean < INVENTED_SCORE and len(group) <= FEW_WORDS:
        return Verdict.INVENTED
    if is_low or _is_loop(text) or _is_too_fast(group):
        return Verdict.DOUBTFUL
    if no_speech > NO_SPEECH and text in FAREWELLS:
        return Verdict.DOUBTFUL
    return Verdict.SURE


def score(group: Group) -> float | None:
    """The mean probability of the words; None if the recognizer gives none."""
    scores = [word.score for word in group if word.score is not None]
    return sum(scores) / len(scores) if scores else None


def _bare(group: Group) -> str:
    """The text in lower case, without marks."""
    return _plain(" ".join(word.word.strip() for word in group))


def _plain(text: str) -> str:
    kept = "".join(x if x.isalnum() or x in "' " else " " for x in text.casefold())
    return " ".join(kept.split())


def _is_loop(text: str) -> bool:
    """Whether a text is one phrase over and over, for the most part."""
    words = text.split()
    for length in range(1, LONGEST_PHRASE + 1):
        run = 1
        for place in range(length, len(words) - length + 1, length):
            is_same = words[place : place + length] == words[place - length : place]
            run = run + 1 if is_same else 1
            if run >= MIN_REPEATS and run * length > len(words) / 2:
                return True
    return False


def _loops(texts: Sequence[str]) -> list[tuple[int, int]]:
    """First and last-but-one of each run of equal texts that is long enough."""
    runs, first = [], 0
    for _, same in groupby(texts):
        count = len(list(same))
        if count >= MIN_REPEATS:
            runs.append((first, first + count))
        first += count
    return runs


def _is_too_fast(group: Group) -> bool:
    seconds = max(word.end for word in group) - group[0].start
    return sum(len(word.word.strip()) for word in group) > MAX_LETTERS_PER_SECOND * max(
        seconds, 0.25
    )
