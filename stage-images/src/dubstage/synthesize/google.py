"""gTTS: the voice of Google Translate, for trials. It needs a network."""

from __future__ import annotations

from pathlib import Path

from tenacity import Retrying

from dubstage.engines.languages import GTTS
from dubstage.engines.retries import ATTEMPTS, transient
from dubstage.errors import TemporaryFailure
from dubstage.media.ffmpeg import MediaError, input_file, run
from dubstage.synthesize.engine import Voice
from dubstage.text.languages import engine_code, nearest_region, primary, region
from dubstage.workspace.work import Work

TIMEOUT_SECONDS = 20.0
ACCENTS = {
    "en": {
        "US": "com", "GB": "co.uk", "AU": "com.au", "IN": "co.in", "IE": "ie", "CA": "ca",
        "ZA": "co.za",
    },
    "es": {"MX": "com.mx", "ES": "es", "US": "com"},
    "fr": {"FR": "com", "CA": "ca"},
    "pt": {"BR": "com.br", "PT": "pt"},
}  # fmt: skip
"""Google's sites that speak a language with their own accent, by region, according to gTTS's
documentation: one for each speaker in turn, if the target language names no region. Other
languages have a single voice."""


def load(_: Work) -> Gtts:
    """The client; there is nothing to load."""
    return Gtts()


class Gtts:
    """Google Translate's voices; a few requests per segment."""

    reach = 0.0

    def voices(self, language: str) -> int:
        """One for each accent."""
        return len(_accents(language))

    def accent(self, language: str) -> str | None:
        """That of the target language's region, or of the nearest that there is."""
        regions = ACCENTS.get(primary(language))
        if regions is None or region(language) is None:
            return None
        return f"{primary(language)}-{nearest_region(language, regions)}"

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """`speed` is ignored: :attr:`reach` is 0.

        Raises :class:`TemporaryFailure` if Google does not answer.
        """
        from gtts import gTTSError

        # A malformed answer ends in any error of gTTS's parser.
        errors = (gTTSError, MediaError, ValueError, TypeError)
        try:
            Retrying(**transient(*errors))(_speak, text, language, voice, target)
        except errors as error:
            raise TemporaryFailure(
                f"Google did not speak after {ATTEMPTS} attempts ({error}): try again later, or "
                "choose another engine.",
                reason="SpeechUnavailable",
            ) from error


def _speak(text: str, language: str, voice: Voice, target: Path) -> None:
    """One attempt to write `target`; nothing is written if no word can be spoken."""
    from gtts import gTTS

    accents = _accents(language)
    mp3 = target.with_suffix(".mp3")
    try:
        gTTS(
            text,
            lang=engine_code(language, GTTS) or primary(language),
            tld=accents[voice.number % len(accents)],
            timeout=TIMEOUT_SECONDS,
            lang_check=False,  # It warns of codes that it then uses itself.
        ).save(str(mp3))
        run([*input_file(mp3), "-ac", "1", "-f", "wav", target])
    except AssertionError:
        return  # gTTS found nothing in the text that can be spoken.
    finally:
        mp3.unlink(missing_ok=True)


def _accents(language: str) -> tuple[str, ...]:
    """The sites that speak the language, one with each accent; with a region, only that of the
    region or of the nearest."""
    sites = ACCENTS.get(primary(language), {"": "com"})
    if region(language) is None or len(sites) == 1:
        return tuple(sites.values())
    return (sites[nearest_region(language, sites)],)
