"""Kokoro-82M: neural voices that run on a CPU. It has voices of its own, and clones none.

The model is an ONNX export with int8 weights; espeak-ng turns text into phonemes. A voice is a
table of style vectors, one for each number of tokens, and a mean of two voices is another voice.
Languages that Kokoro was not trained on are spoken by espeak-ng.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dubstage.engines.languages import KOKORO
from dubstage.engines.onnx import open_session
from dubstage.engines.parameters import whole
from dubstage.errors import Misconfigured
from dubstage.models import model_folder
from dubstage.synthesize.engine import Gender, Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.espeak_phonemes import in_phonemes
from dubstage.synthesize.phonemes import phonemes
from dubstage.text.languages import engine_code, primary
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    from dubstage.media.audio import Samples

SAMPLE_RATE = 24000
STYLE_SIZE = 256
"""Numbers of one style vector."""
MAX_TOKENS = 240
"""The model takes 508 tokens; its memory grows with them: 830 MiB for 500, and 500 MiB for 240,
which are about 15 seconds."""
EDGE_SECONDS = 0.1
"""Half of the silence that the model puts at both ends: what is cut off where parts are joined."""
THREADS = 2
"""Threads of onnxruntime: as many as a stage usually gets processors."""
FASTER, SLOWER = 0.25 / 0.16, 0.2 / 0.187
"""The model's ``speed`` of 1.25 shortens speech by 1.16, and 0.8 lengthens it by 1.23: measured on
22 sentences in Spanish."""
BREAKS = ".!?…;:,— "
"""Where a long segment is divided, the best places first."""

Recipe = tuple[str, ...]
"""Voices whose mean is taken."""


@dataclass(frozen=True)
class Speaker:
    """How Kokoro speaks a language."""

    espeak: str
    """espeak-ng's voice for the phonemes."""
    accent: str
    """A tag with a region."""
    female: tuple[Recipe, ...]
    male: tuple[Recipe, ...]

    @property
    def voices(self) -> tuple[Recipe, ...]:
        """Voices in the order in which speakers get them: female and male by turns."""
        return tuple(recipe for pair in zip(self.female, self.male, strict=True) for recipe in pair)


SPANISH = Speaker(
    "es", "es-ES", (("ef_dora",), ("ef_dora", "af_heart"), ("ef_dora", "pf_dora")),
    (("em_alex",), ("em_santa",), ("em_alex", "am_michael")),
)  # fmt: skip
SPEAKERS = {
    "en": Speaker(
        "en-us",
        "en-US",
        (("af_heart",), ("af_bella",), ("af_nicole", "af_sarah"), ("af_kore",)),
        (("am_michael",), ("am_fenrir",), ("am_puck",), ("am_eric", "am_liam")),
    ),
    "en-GB": Speaker(
        "en-gb", "en-GB", (("bf_emma",), ("bf_isabella",), ("bf_alice", "bf_lily")),
        (("bm_george",), ("bm_fable",), ("bm_daniel", "bm_lewis")),
    ),
    "es": SPANISH,
    "es-419": replace(SPANISH, espeak="es-419", accent="es-419"),
    "ca": Speaker(
        "ca", "ca-ES", (("ef_dora",), ("ef_dora", "ff_siwis")),
        (("em_alex",), ("em_alex", "em_santa")),
    ),
    "fr": Speaker(
        "fr-fr", "fr-FR", (("ff_siwis",), ("ff_siwis", "af_heart")),
        (("ff_siwis", "em_alex"), ("ff_siwis", "am_michael")),
    ),
    "it": Speaker(
        "it", "it-IT", (("if_sara",), ("if_sara", "af_heart")),
        (("im_nicola",), ("im_nicola", "em_alex")),
    ),
    "pt": Speaker(
        "pt-br", "pt-BR", (("pf_dora",), ("pf_dora", "ef_dora")), (("pm_alex",), ("pm_santa",)),
    ),
}  # fmt: skip
"""By language. Catalan is spoken by Spanish voices, and French has one voice of its own."""


def load(work: Work) -> Kokoro:
    """The model of the profile, with its parameter ``threads`` (2).

    Raises :class:`Misconfigured` if the model or onnxruntime is missing.
    """
    choice = work.request.engine
    threads = whole(choice, "threads", THREADS, 1, 256)
    return Kokoro(model_folder(work.tree.roots, choice), Espeak(choice), threads)


class Kokoro:
    """A loaded model."""

    reach = 0.15

    def __init__(self, folder: Path, other: Espeak, threads: int = THREADS) -> None:
        """`folder` has one ``.onnx`` file, ``voices/*.bin`` and ``vocab.json`` or
        ``tokenizer.json``; `other` speaks the other languages.

        Raises :class:`Misconfigured` if they cannot be loaded.
        """
        if importlib.util.find_spec("onnxruntime") is None:
            raise Misconfigured(
                "The image has no onnxruntime, which Kokoro needs: give the synthesize stage an "
                "image that has it.",
                reason="EngineMissing",
            )
        self._folder, self._other = folder, other
        self._styles: dict[Recipe, Samples] = {}
        try:
            self._symbols = _symbols(folder)
            (model,) = folder.rglob("*.onnx")
        except Exception as error:
            raise self._unusable(f"cannot be loaded ({error})") from error
        self._session = open_session(folder, str(model.relative_to(folder)), threads)
        self._input = self._session.get_inputs()[0].name

    def _unusable(self, what: str) -> Misconfigured:
        name = f"{self._folder.parent.name}/{self._folder.name}"
        return Misconfigured(f"The model {name} {what}: pull it again.", reason="ModelUnusable")

    def voices(self, language: str) -> int:
        """The number of Kokoro's voices, or of espeak-ng's for a language that it lacks."""
        speaker = speaker_of(language)
        return len(speaker.voices) if speaker else self._other.voices(language)

    def genders(self, language: str) -> list[Gender]:
        """Female and male by turns; those of espeak-ng for a language that Kokoro lacks."""
        speaker = speaker_of(language)
        if speaker is None:
            return self._other.genders(language)
        return [Gender.FEMALE, Gender.MALE] * len(speaker.female)

    def accent(self, language: str) -> str | None:
        """That of the voices for the language, or of espeak-ng's."""
        speaker = speaker_of(language)
        return speaker.accent if speaker else self._other.accent(language)

    def phonemes(self, ipa: str, language: str) -> str | None:
        """IPA in the phonemes of espeak-ng's voice for the language."""
        speaker = speaker_of(language)
        if speaker is None:
            return self._other.phonemes(ipa, language)
        return in_phonemes(ipa, speaker.espeak)

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write 24 kHz, one channel."""
        import numpy
        import soundfile

        speaker = speaker_of(language)
        if speaker is None:
            self._other.speak(text, language, voice, speed, target)
            return
        style = self._style(speaker.voices[voice.number % len(speaker.voices)])
        parts: list[Samples] = []
        for part in divided(phonemes(text, speaker.espeak)):
            tokens = [self._symbols[each] for each in part if each in self._symbols]
            if tokens:
                parts.append(self._sound(tokens, style, model_speed(speed)))
        if parts:
            edge = round(EDGE_SECONDS * SAMPLE_RATE)
            joined = [part[edge : max(len(part) - edge, edge)] for part in parts]
            samples = numpy.concatenate(joined if len(joined) > 1 else parts)
            # Some voices exceed full scale.
            samples /= max(1.0, float(numpy.abs(samples).max()) / 0.99)
            soundfile.write(target, samples, SAMPLE_RATE, subtype="FLOAT")

    def _sound(self, tokens: Sequence[int], style: Samples, speed: float) -> Samples:
        """The audio of one part."""
        import numpy

        (samples, *_) = self._session.run(
            None,
            {
                self._input: numpy.array([[0, *tokens, 0]], numpy.int64),
                "style": style[min(len(tokens), len(style) - 1)][None],
                "speed": numpy.array([speed], numpy.float32),
            },
        )
        flat: Samples = samples.reshape(-1)
        return flat

    def _style(self, recipe: Recipe) -> Samples:
        """The style vectors of a voice, shape (tokens, 256)."""
        import numpy

        if recipe not in self._styles:
            try:
                tables = [
                    numpy.fromfile(self._folder / "voices" / f"{name}.bin", numpy.float32)
                    for name in recipe
                ]
                mean: Samples = numpy.mean(tables, axis=0, dtype=numpy.float32)
                styles = mean.reshape(-1, STYLE_SIZE)
                if not styles.size or not numpy.isfinite(styles).all():
                    raise ValueError("no style vectors")
            except (OSError, ValueError) as error:
                raise self._unusable(f"has no voice {'+'.join(recipe)} ({error})") from error
            self._styles[recipe] = styles
        return self._styles[recipe]


def speaker_of(language: str) -> Speaker | None:
    """How Kokoro speaks `language` (BCP 47); None if it does not."""
    code = engine_code(language, KOKORO)
    return SPEAKERS.get(code or "") or SPEAKERS.get(primary(language))


def model_speed(speed: float) -> float:
    """The model's ``speed`` for speech that is `speed` times as fast."""
    return 1.0 + (speed - 1.0) * (FASTER if speed > 1.0 else SLOWER)


def divided(symbols: str) -> Iterator[str]:
    """Parts of at most :data:`MAX_TOKENS` symbols, divided at punctuation, else between words."""
    rest = symbols
    while len(rest) > MAX_TOKENS:
        window = rest[:MAX_TOKENS]
        cut = next(
            (found + 1 for mark in BREAKS if (found := window.rfind(mark)) > MAX_TOKENS // 3),
            MAX_TOKENS,
        )
        yield rest[:cut]
        rest = rest[cut:]
    yield rest


def _symbols(folder: Path) -> dict[str, int]:
    """The number of each symbol."""
    own = folder / "vocab.json"
    if own.is_file():
        content = json.loads(own.read_text(encoding="utf-8"))
        vocabulary: dict[str, int] = content.get("vocab", content)
        return vocabulary
    content = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    vocabulary = content["model"]["vocab"]
    return vocabulary
