"""Clips with speech at known times: the ground truth of `make bench-dubbing`.

The speech is the LibriVox sentences (public domain) of Debian's package
`pocketsphinx-testdata`; a second voice is the same speaker at another pitch. Music and
applause are synthesized.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy
import soundfile

from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import read_mono

LIBRIVOX = Path("/usr/share/pocketsphinx/test/data/librivox")
CHORD_HERTZ = (110.0, 138.59, 164.81, 220.0)
PITCHES = (1.0, 0.8)
"""Pitches of the speakers."""
BLOCK_SECONDS = 10
FRAME_SECONDS = 0.01
BREATH_SECONDS = 0.08
NOISE_DB = 24.0
"""The noise of the recordings is about 26 dB below their peak: softer audio is not speech."""


@dataclass(frozen=True)
class Utterance:
    """One sentence in the clip, from its onset to its offset (seconds)."""

    start: float
    end: float
    speaker: int


@dataclass(frozen=True)
class Recipe:
    """What a clip is made of."""

    name: str
    sentences: int
    pauses: tuple[float, ...]
    """Seconds before the sentences, in turn."""
    speakers: int = 1
    tempos: tuple[float, ...] = (1.0,)
    """Speed-ups of the sentences, in turn."""
    music: float = 0.004
    """Level of each note; 0.004 lies about 34 dB below the speech."""
    applause: bool = False
    """Whether there is applause in each pause."""


RECIPES = (
    Recipe("one speaker", 5, (1.0,)),
    Recipe("two speakers", 8, (0.6, 0.4), speakers=2),
    Recipe("fast speech", 8, (1.2, 1.0), tempos=(1.65, 1.5)),
    Recipe("long pauses", 4, (5.0, 4.0), applause=True),
    Recipe("music", 5, (0.8, 1.2), music=0.03),
    Recipe("10 minutes", 110, (2.0, 1.0, 3.0), speakers=2, tempos=(1.0, 1.3, 1.6), music=0.01),
)


@dataclass(frozen=True)
class MadeClip:
    """A clip and its content."""

    recipe: Recipe
    file: Path
    seconds: float
    utterances: tuple[Utterance, ...]


def make(recipe: Recipe, folder: Path) -> MadeClip:
    """Write the clip ``source.mp4`` (H.264, AAC 48 kHz stereo) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    placed = list(_placed(recipe))
    seconds = placed[-1][0].end + recipe.pauses[0]
    track = folder / "truth.wav"
    with soundfile.SoundFile(
        track, "w", samplerate=SAMPLE_RATE, channels=2, subtype="FLOAT"
    ) as out:
        speech = numpy.zeros(round(seconds * SAMPLE_RATE), numpy.float32)
        for utterance, samples in placed:
            first = round(utterance.start * SAMPLE_RATE)
            speech[first : first + len(samples)] += samples
        applause = _applause(recipe, placed, len(speech))
        for begin in range(0, len(speech), BLOCK_SECONDS * SAMPLE_RATE):
            end = min(begin + BLOCK_SECONDS * SAMPLE_RATE, len(speech))
            out.write(speech[begin:end, None] + applause[begin:end] + _music(recipe, begin, end))
    file = folder / "source.mp4"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size=160x90:rate=25:duration={seconds:.3f}", "-i", str(track),
         "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "192k", str(file)],
        check=True,
    )  # fmt: skip
    return MadeClip(recipe, file, seconds, tuple(utterance for utterance, _ in placed))


def _placed(recipe: Recipe) -> Iterator[tuple[Utterance, Samples]]:
    """The sentences in their order, each with its audio, without silence at its ends."""
    files = sorted(LIBRIVOX.glob("*.wav"))
    at = 0.0
    for number in range(recipe.sentences):
        speaker = number % recipe.speakers
        tempo = recipe.tempos[number % len(recipe.tempos)]
        filters = f"aresample={SAMPLE_RATE},rubberband=tempo={tempo}:pitch={PITCHES[speaker]}"
        (samples,) = read_mono([(files[number % len(files)], filters)], Path(tempfile.gettempdir()))
        begin, end = _speech_frames(samples)
        at += recipe.pauses[number % len(recipe.pauses)]
        yield Utterance(at, at + (end - begin) / SAMPLE_RATE, speaker), samples[begin:end]
        at += (end - begin) / SAMPLE_RATE


def _speech_frames(samples: Samples) -> tuple[int, int]:
    """The first and the last frame of the speech above the recording's noise. A breath before
    it is too short to count."""
    size = round(FRAME_SECONDS * SAMPLE_RATE)
    count = len(samples) // size
    level = numpy.sqrt(numpy.square(samples[: count * size].reshape(count, size)).mean(axis=1))
    loud = level > level.max() * 10 ** (-NOISE_DB / 20)
    lasting = round(BREATH_SECONDS / FRAME_SECONDS)
    first = next(n for n in numpy.flatnonzero(loud) if loud[n : n + lasting].all())
    return int(first) * size, int(numpy.flatnonzero(loud)[-1] + 1) * size


def _music(recipe: Recipe, begin: int, end: int) -> Samples:
    """Frames `begin` to `end` of a slow chord; the channels differ a little."""
    time = numpy.arange(begin, end)[:, None] / SAMPLE_RATE
    samples = numpy.zeros((end - begin, 2))
    for number, hertz in enumerate(CHORD_HERTZ, start=1):
        swell = 0.6 + 0.4 * numpy.sin(2 * numpy.pi * 0.11 * number * time)
        samples += numpy.sin(2 * numpy.pi * hertz * time * [1.0, 1.004]) * swell
    return (recipe.music * samples).astype(numpy.float32)


def _applause(recipe: Recipe, placed: list[tuple[Utterance, Samples]], frames: int) -> Samples:
    """Noise in the middle of each pause, different on each side."""
    samples = numpy.zeros((frames, 2), numpy.float32)
    if recipe.applause:
        random = numpy.random.default_rng(1)
        for (before, _), (after, _) in itertools.pairwise(placed):
            first = round((before.end + 1.0) * SAMPLE_RATE)
            last = round((after.start - 1.0) * SAMPLE_RATE)
            noise = random.standard_normal((last - first, 2)) * 0.03
            samples[first:last] = noise * numpy.hanning(last - first)[:, None]
    return samples
