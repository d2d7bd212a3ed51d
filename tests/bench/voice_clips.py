"""Clips that Kokoro speaks, each with something that is hard to dub."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy
import soundfile

from dubstage.contract import EngineChoice
from dubstage.media.audio import SAMPLE_RATE, Samples
from dubstage.media.ffmpeg import read_mono
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.kokoro import Kokoro
from dubstage.timing.onset import speech_bounds

WOMAN, MAN = 0, 1
"""Numbers of Kokoro's voices."""
WHISPER_WINDOW = SAMPLE_RATE // 100
WHISPER_GAIN, SHOUT_GAIN = 0.25, 1.8
NOTES_HERTZ = (220.0, 247.0, 262.0, 294.0, 262.0, 247.0)
VOWEL_HERTZ = ((700.0, 1100.0), (400.0, 1900.0))
"""Formants of the two vowels that are sung."""


@dataclass(frozen=True)
class Spoken:
    """One sentence of a clip."""

    text: str
    voice: int = WOMAN
    manner: str = "plain"
    """``plain``, ``whisper`` or ``shout``."""


@dataclass(frozen=True)
class VoiceRecipe:
    """What a clip is made of."""

    name: str
    sentences: tuple[Spoken, ...]
    pause: float = 0.7
    """Seconds before each sentence."""
    tempo: float = 1.0
    singing: float = 0.0
    """Level of a song in the background."""


TALK = (
    "Good morning, and welcome to our workshop.",
    "Thank you, I have looked forward to it for weeks.",
    "Today we want to repair an old wooden chair.",
    "One of its legs is broken, and the seat is loose.",
    "Do we need special tools for that?",
    "No, a hammer, some glue and a little patience are enough.",
    "Then let us begin with the leg.",
    "Careful, the wood is very dry.",
)
HASTY = (
    "We have to leave the house now.",
    "The train will not wait for us.",
    "Where did you put the tickets?",
    "They are on the kitchen table.",
    "No, they are in my old coat.",
    "Please close all the windows.",
    "And do not forget the keys.",
    "My sister is waiting at the station.",
    "She has been there since this morning.",
    "Take the small bag with you.",
    "The big one is too heavy.",
    "I will call a taxi at once.",
    "The street is full of cars today.",
    "We can walk through the park.",
    "It is shorter than the main road.",
    "Look, the rain has stopped.",
    "Turn left behind the church.",
    "There is the station, run faster.",
    "Our train is on the second platform.",
    "We have made it, sit down and breathe.",
)
VOICE_RECIPES = (
    VoiceRecipe("two voices", tuple(Spoken(text, n % 2) for n, text in enumerate(TALK))),
    VoiceRecipe(
        "whisper, shout",
        tuple(
            Spoken(text, MAN, ("plain", "whisper", "shout")[n % 3])
            for n, text in enumerate(TALK[:6])
        ),
    ),
    VoiceRecipe(
        "numbers, names",
        (
            Spoken("The meeting is on the 3rd of May at 10:30."),
            Spoken("Doctor Smith paid $5.99 for 21 apples in London."),
            Spoken("In 1984, Maria Garcia moved from Paris to New York."),
            Spoken("The car drove 120 km in 2 hours, which is 50% more than yesterday."),
            Spoken("Charles II was born in 1630."),
        ),
    ),
    VoiceRecipe("singing", tuple(Spoken(text, MAN) for text in TALK[:6]), pause=1.0, singing=0.05),
    VoiceRecipe("20 hasty", tuple(Spoken(text) for text in HASTY), pause=0.12, tempo=1.35),
)


def kokoro(seed: Path) -> Kokoro:
    """The model below the folder `seed`."""
    choice = EngineChoice(engine="kokoro", model="v1.0")
    return Kokoro(seed / "kokoro/v1.0", Espeak(choice))


def make_voices(recipe: VoiceRecipe, folder: Path, engine: Kokoro) -> Path:
    """Write the clip ``source.mp4`` (H.264, AAC 48 kHz stereo) into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    silence = numpy.zeros(round(recipe.pause * SAMPLE_RATE), numpy.float32)
    parts = [
        part for one in recipe.sentences for part in (silence, _said(one, recipe, folder, engine))
    ]
    speech = numpy.concatenate([*parts, silence])
    left = speech + _song(len(speech), recipe.singing)
    track = folder / "truth.wav"
    soundfile.write(track, numpy.stack([left, left], 1), SAMPLE_RATE, subtype="FLOAT")
    file = folder / "source.mp4"
    subprocess.run(
        ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
         f"testsrc2=size=160x90:rate=25:duration={len(speech) / SAMPLE_RATE:.3f}", "-i", str(track),
         "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-b:a", "192k", str(file)],
        check=True,
    )  # fmt: skip
    return file


def _said(one: Spoken, recipe: VoiceRecipe, folder: Path, engine: Kokoro) -> Samples:
    """One sentence, without silence at its ends."""
    file = folder / "sentence.wav"
    engine.speak(one.text, "en", Voice("ONE", one.voice), 1.0, file)
    filters = f"aresample={SAMPLE_RATE},rubberband=tempo={recipe.tempo}"
    (samples,) = read_mono([(file, filters)], folder)
    start, end = speech_bounds(samples, SAMPLE_RATE)
    samples = samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    if one.manner == "whisper":
        return whispered(samples) * WHISPER_GAIN
    if one.manner == "shout":
        return numpy.asarray(numpy.tanh(samples * 3 * SHOUT_GAIN) / 3 * SHOUT_GAIN, numpy.float32)
    return samples


def whispered(samples: Samples) -> Samples:
    """Speech without a pitch: the spectrum of each moment, at random phases."""
    random = numpy.random.default_rng(1)
    hop = WHISPER_WINDOW // 2
    window = numpy.hanning(WHISPER_WINDOW)
    result = numpy.zeros(len(samples) + WHISPER_WINDOW)
    for at in range(0, len(samples) - WHISPER_WINDOW, hop):
        spectrum = abs(numpy.fft.rfft(samples[at : at + WHISPER_WINDOW] * window))
        phases = numpy.exp(2j * numpy.pi * random.random(len(spectrum)))
        result[at : at + WHISPER_WINDOW] += numpy.fft.irfft(spectrum * phases) * window
    return result[: len(samples)].astype(numpy.float32)


def _song(frames: int, level: float) -> Samples:
    """A sung melody on two vowels over a held chord."""
    time = numpy.arange(frames) / SAMPLE_RATE
    note = (time / 0.8).astype(int)
    hertz = numpy.array(NOTES_HERTZ)[note % len(NOTES_HERTZ)]
    phase = 2 * numpy.pi * numpy.cumsum(hertz * (1 + 0.01 * numpy.sin(2 * numpy.pi * 5.5 * time)))
    phase /= SAMPLE_RATE
    sung = numpy.zeros(frames)
    for harmonic in range(1, 16):
        gains = [
            sum(1 / (1 + ((harmonic * hertz - formant) / 120) ** 2) for formant in vowel)
            for vowel in VOWEL_HERTZ
        ]
        sung += numpy.where(note % 2, gains[0], gains[1]) * numpy.sin(harmonic * phase)
    chord = sum(numpy.sin(2 * numpy.pi * each * time) for each in (110.0, 164.8, 220.0))
    return (level * (sung + 0.3 * chord)).astype(numpy.float32)
