"""gTTS: Google's voice, for trying things out. Needs a network."""

from __future__ import annotations

import time
from pathlib import Path

from dubstage.engines.languages import GTTS
from dubstage.errors import TemporaryFailure
from dubstage.media.ffmpeg import MediaError, input_file, run
from dubstage.synthesize.engine import Voice
from dubstage.text.languages import engine_code, primary
from dubstage.workspace.work import Work

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0
"""Doubled after each attempt that failed."""
TIMEOUT_SECONDS = 20.0
ACCENTS = {
    "en": ("com", "co.uk", "com.au", "co.in", "ie", "ca", "co.za"),
    "es": ("com", "es", "com.mx"),
    "fr": ("com", "ca"),
    "pt": ("com.br", "pt"),
}
"""Google's sites that speak a language with an accent of their own, as gTTS documents them:
one for each speaker in turn. Other languages have one voice for all."""


def load(_: Work) -> Gtts:
    """The client, which has nothing to load."""
    return Gtts()


class Gtts:
    """A few requests for each line."""

    reach = 0.0

    def voices(self, language: str) -> int:
        """One for each accent."""
        return len(_accents(language))

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Raises :class:`TemporaryFailure` where Google does not answer."""
        from gtts import gTTS, gTTSError

        spoken = target.with_suffix(".mp3")
        accents = _accents(language)
        for attempt in range(ATTEMPTS):
            try:
                gTTS(
                    text,
                    lang=engine_code(language, GTTS) or primary(language),
                    tld=accents[voice.number % len(accents)],
                    timeout=TIMEOUT_SECONDS,
                    lang_check=False,  # It warns of codes that it then uses itself.
                ).save(str(spoken))
                run([*input_file(spoken), "-ac", "1", "-f", "wav", target])
                return
            except AssertionError:
                return  # gTTS found nothing in the text that can be spoken.
            except (gTTSError, MediaError, ValueError, TypeError) as error:
                # An answer that is none ends in whatever gTTS's parsing meets.
                if attempt == ATTEMPTS - 1:
                    raise TemporaryFailure(
                        f"Google did not speak after {ATTEMPTS} attempts ({error}): try again "
                        "later, or choose another engine.",
                        reason="SpeechUnavailable",
                    ) from error
            finally:
                spoken.unlink(missing_ok=True)
            time.sleep(FIRST_WAIT_SECONDS * 2**attempt)


def _accents(language: str) -> tuple[str, ...]:
    return ACCENTS.get(primary(language), ("com",))
