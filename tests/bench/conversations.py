"""Conversations of Kokoro's voices and of people, and who speaks when in them: the ground truth of
`make bench-speakers`.

Half of the 54 voices are for the choice of the diarizer's threshold, the others for its test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy
import soundfile
from clips import LIBRIVOX
from dub_run import SEED

from dubstage.contract import EngineChoice
from dubstage.media.audio import Samples
from dubstage.media.windows import recognizer_samples
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.kokoro import Kokoro
from dubstage.synthesize.phonemes import phonemes

Said = tuple[float, float, str]
"""Start and end of speech in seconds, and who says it."""

RATE = 16000
MODEL = SEED / "kokoro/v1.0"
CARDS = LIBRIVOX.with_name("cards")
PEOPLE = {"reader": LIBRIVOX, "player": CARDS}
"""People, and the recordings of each."""
UTTERANCES = 5
"""Per voice."""
ENGLISH = (
    "The council will meet tomorrow morning in the main building near the station.",
    "I never thought that we would see the mountains again before the winter came.",
    "She asked him twice whether the letter had arrived, and he said nothing at all.",
    "There is a small shop around the corner where they sell bread and old newspapers.",
    "If you want my opinion, we should leave now and come back when the rain stops.",
    "Nobody told us about the change of plans, so we waited there for two hours.",
    "The engine makes a strange noise whenever we drive up a steep hill.",
    "Of course.", "Yes, that is right.", "No way.",
)  # fmt: skip
SPANISH = (
    "El niño abrió la puerta y miró la casa vieja, y nadie le respondió en mucho tiempo.",
    "Mañana por la mañana vamos a visitar el museo que está cerca de la estación.",
    "No sé si ella quiere venir con nosotros, pero podemos preguntarle esta noche.",
    "Claro que sí.", "La semana pasada compramos una mesa grande para la cocina nueva.",
)  # fmt: skip
AUDIBLE_DB = -38.0
"""Softer moments of an utterance, relative to its loudest, are pauses."""
PAUSE_SECONDS = 0.2
"""Shorter pauses count as speech."""


@dataclass(frozen=True)
class Recipe:
    """What a conversation is made of."""

    name: str
    turns: int
    voices: int = 0
    """Of Kokoro's, in addition to `people`."""
    gender: str = ""
    """``f`` or ``m`` for voices of one gender."""
    people: tuple[str, ...] = ()
    overlap: float = 0.0
    """The share of the turns that start before the one before has ended."""
    noise_db: float | None = None
    """Level of white noise, relative to the speech."""
    is_skewed: bool = False
    """Whether the first speaker speaks three times as often as any other."""


MADE = (
    Recipe("2 voices, a", 12, 2), Recipe("2 voices, b", 12, 2), Recipe("2 voices, c", 12, 2),
    Recipe("2 women, a", 12, 2, "f"), Recipe("2 women, b", 12, 2, "f"),
    Recipe("2 men", 12, 2, "m"),
    Recipe("3 voices, a", 16, 3), Recipe("3 voices, b", 16, 3),
    Recipe("3 voices, overlapping", 16, 3, overlap=0.3),
    Recipe("4 voices, noise", 22, 4, noise_db=-15.0),
    Recipe("5 voices, one of them often", 30, 5, is_skewed=True),
    Recipe("6 voices", 34, 6),
    Recipe("1 voice", 8, 1), Recipe("1 voice, noise", 8, 1, noise_db=-15.0),
)  # fmt: skip
RECIPES = {
    "threshold": (
        *MADE, Recipe("a person", 5, people=("reader",)),
        Recipe("a person and 2 voices", 14, 2, people=("reader",)),
    ),
    "test": (
        *MADE, Recipe("another person", 5, people=("player",)),
        Recipe("2 people", 10, people=("reader", "player")),
        Recipe("2 people and a voice", 15, 1, people=("reader", "player")),
    ),
}  # fmt: skip


def conversations(part: str, folder: Path) -> Iterator[tuple[str, Samples, list[Said]]]:
    """Name, audio at 16 kHz and truth of each conversation of ``threshold`` or ``test``.
    Utterances are kept in `folder`."""
    names = sorted(path.stem for path in (MODEL / "voices").glob("*.bin"))
    numpy.random.default_rng(7).shuffle(names)
    half = len(names) // 2
    pool = names[:half] if part == "threshold" else names[half:]
    generator = numpy.random.default_rng(len(part))
    for seed, recipe in enumerate(RECIPES[part]):
        fitting = [name for name in pool if recipe.gender in ("", name[1])]
        voices = generator.choice(fitting, recipe.voices, replace=False).tolist()
        yield recipe.name, *_made(recipe, [*recipe.people, *voices], seed, folder)


def _made(
    recipe: Recipe, speakers: Sequence[str], seed: int, folder: Path
) -> tuple[Samples, list[Said]]:
    """The conversation of `speakers`, whose levels and pauses differ."""
    generator = numpy.random.default_rng(seed)
    said: list[Said] = []
    parts: list[tuple[int, Samples]] = []
    counts: Counter[str] = Counter()
    at, before = 0.5, ""
    for turn in range(recipe.turns):
        others = [one for one in speakers if one != before] or list(speakers)
        weights = numpy.array(
            [3.0 if recipe.is_skewed and x == speakers[0] else 1.0 for x in others]
        )
        drawn = str(generator.choice(others, p=weights / weights.sum()))
        speaker = speakers[turn] if turn < len(speakers) else drawn
        samples = utterance(speaker, counts[speaker], folder)
        samples = samples * numpy.float32(10 ** (-generator.uniform(0, 6) / 20))
        counts[speaker] += 1
        is_early = generator.random() < recipe.overlap
        gap = -generator.uniform(0.3, 1.0) if is_early else generator.uniform(0.15, 0.9)
        at = max(at + gap, 0.1)
        parts.append((round(at * RATE), samples))
        said += [(at + start, at + end, speaker) for start, end in _speech(samples)]
        at += len(samples) / RATE
        before = speaker
    mixed = numpy.zeros(max(place + len(part) for place, part in parts) + RATE // 2, numpy.float32)
    for place, part in parts:
        mixed[place : place + len(part)] += part
    if recipe.noise_db is not None:
        level = 10 ** (recipe.noise_db / 20) * float(numpy.sqrt(numpy.square(mixed).mean()))
        mixed += level * generator.standard_normal(len(mixed)).astype(numpy.float32)
    return mixed, said


def utterance(speaker: str, number: int, folder: Path) -> Samples:
    """One of a speaker's utterances, in turn, with a peak of 0.5."""
    if speaker in PEOPLE:
        files = sorted(PEOPLE[speaker].glob("*.wav"))
        path = files[number % len(files)]
    else:
        path = folder / f"{speaker}_{number % UTTERANCES}.wav"
        if not path.exists():
            _speak(speaker, number % UTTERANCES, path)
    samples = recognizer_samples(path)
    scaled: Samples = samples * numpy.float32(0.5 / float(numpy.abs(samples).max()))
    return scaled


@cache
def _kokoro() -> Kokoro:
    return Kokoro(MODEL, Espeak(EngineChoice(engine="kokoro", model="v1.0")))


def _speak(voice: str, number: int, path: Path) -> None:
    """Write one utterance of one of Kokoro's voices, without the silence around it."""
    names = sorted(file.stem for file in (MODEL / "voices").glob("*.bin"))
    place = names.index(voice)
    is_spanish = voice.startswith("e") or place % 5 == 0
    texts, language = (SPANISH, "es") if is_spanish else (ENGLISH, "en-us")
    kokoro = _kokoro()
    symbols = phonemes(texts[(3 * place + number) % len(texts)], language)
    tokens = [kokoro._symbols[one] for one in symbols if one in kokoro._symbols]
    samples = kokoro._sound(tokens, kokoro._style((voice,)), 1.0)
    audible = numpy.flatnonzero(numpy.abs(samples) > 0.02 * numpy.abs(samples).max())
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples[max(audible[0] - 480, 0) : audible[-1] + 480], 24000)


def _speech(samples: Samples) -> list[tuple[float, float]]:
    """Start and end of each time without a pause, in seconds."""
    size = RATE // 100
    levels = numpy.square(samples[: len(samples) // size * size].reshape(-1, size)).mean(axis=1)
    active = levels > 10 ** (AUDIBLE_DB / 10) * levels.max()
    for one, two in pairwise(numpy.flatnonzero(active)):
        if two - one <= PAUSE_SECONDS * 100:
            active[one:two] = True
    edges = numpy.diff(active.astype(int), prepend=0, append=0)
    starts, ends = (numpy.flatnonzero(edges == sign) / 100 for sign in (1, -1))
    return list(zip(starts.tolist(), ends.tolist(), strict=True))
