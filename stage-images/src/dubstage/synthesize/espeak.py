"""espeak-ng: a formant synthesizer. It sounds like a robot, and runs on any machine."""

from __future__ import annotations

from pathlib import Path

from dubstage.contract import EngineChoice, Stage
from dubstage.engines.languages import ESPEAK
from dubstage.engines.parameters import whole
from dubstage.engines.program import run_program
from dubstage.synthesize.engine import Gender, Voice
from dubstage.synthesize.espeak_phonemes import in_phonemes
from dubstage.text.languages import engine_code, primary, standard
from dubstage.workspace.work import Work

WORDS_PER_MINUTE = 165
"""A little below the default of espeak-ng, 175: easier to follow in a dub."""
SLOWEST, FASTEST = 80, 450
"""Words per minute that espeak-ng can speak: it ignores other numbers."""
VARIANTS = ("", "+f2", "+m3", "+f4", "+m7", "+f3", "+m5", "+f5", "+m2", "+f1")
"""A voice variant for each speaker in turn, as different as possible."""

ACCENTS = {
    "cmn": "zh-CN", "de": "de-DE", "en": "en-GB", "es": "es-ES", "fr": "fr-FR", "it": "it-IT",
    "nl": "nl-NL", "pt": "pt-PT",
}  # fmt: skip
"""The accents of voices whose names have no region, and whose languages have several."""


def load(work: Work) -> Espeak:
    """The command, with the profile's parameters."""
    return Espeak(work.request.engine)


class Espeak:
    """The command ``espeak-ng``."""

    reach = 0.15

    def __init__(self, choice: EngineChoice) -> None:
        """`choice.parameters`: ``words_per_minute`` (165). Raises
        :class:`Misconfigured` for an invalid one."""
        self._rate = whole(choice, "words_per_minute", WORDS_PER_MINUTE, SLOWEST, FASTEST)

    def voices(self, language: str) -> int:
        """One for each variant, in any language."""
        return len(VARIANTS)

    def genders(self, language: str) -> list[Gender]:
        """The plain voice is a male one."""
        return [Gender.FEMALE if "+f" in variant else Gender.MALE for variant in VARIANTS]

    def accent(self, language: str) -> str | None:
        """That of the voice for the language."""
        name = _voice(language)
        return standard(name) if "-" in name else ACCENTS.get(name)

    def phonemes(self, ipa: str, language: str) -> str | None:
        """IPA in the phonemes of the language's voice."""
        return in_phonemes(ipa, _voice(language))

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write 22.05 kHz, one channel."""
        name = _voice(language) + VARIANTS[voice.number % len(VARIANTS)]
        command = ["espeak-ng", "-v", name, "-s", str(round(self._rate * speed)),
                   "-w", str(target), "--stdin"]  # fmt: skip
        run_program(command, text, Stage.SYNTHESIZE, title=f"espeak-ng -v {name}")


def _voice(language: str) -> str:
    """espeak-ng's name of the language's voice."""
    return engine_code(language, ESPEAK) or primary(language)
