"""gTTS: Google's voice, for trying things out. Needs a network."""

from __future__ import annotations

from pathlib import Path

from dubstage.errors import TemporaryFailure
from dubstage.languages import primary
from dubstage.media import MediaError, ffmpeg, input_file


class Gtts:
    """One request for each line."""

    max_speed = 1.0

    def speak(self, text: str, language: str, speed: float, target: Path) -> None:
        """Raises :class:`TemporaryFailure` where Google does not answer."""
        from gtts import gTTS, gTTSError

        spoken = target.with_suffix(".mp3")
        try:
            gTTS(text, lang=primary(language)).save(str(spoken))
            ffmpeg([*input_file(spoken), "-ac", "1", "-f", "wav", target])
        except (gTTSError, MediaError) as error:
            raise TemporaryFailure(
                f"Google did not speak ({error}): try again later, or choose another engine.",
                reason="SpeechUnavailable",
            ) from error
        finally:
            spoken.unlink(missing_ok=True)
