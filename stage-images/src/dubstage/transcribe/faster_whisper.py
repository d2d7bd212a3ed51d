"""faster-whisper: Whisper on CTranslate2, on the CPU or a GPU."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from pathlib import Path

from dubstage.contract import EngineChoice
from dubstage.errors import Misconfigured
from dubstage.languages import is_spaced
from dubstage.transcribe.engine import Recognition
from dubstage.transcript import Word

BEAM_SIZE = 5


class FasterWhisper:
    """A Whisper model from a folder of the models volume; nothing is downloaded."""

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model.

        `choice.parameters`: ``device`` (cpu), ``compute_type`` (int8), ``beam_size``
        (5). Raises :class:`Misconfigured` where the model cannot be loaded.
        """
        from faster_whisper import WhisperModel

        parameters = choice.parameters
        self._beam_size = int(parameters.get("beam_size", BEAM_SIZE))
        try:
            self._model = WhisperModel(
                str(folder),
                device=str(parameters.get("device", "cpu")),
                compute_type=str(parameters.get("compute_type", "int8")),
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise Misconfigured(
                f"The model {choice.engine}/{choice.model} cannot be loaded ({error}): run "
                "`dubstage models pull` again, or correct the engine's parameters.",
                reason="ModelUnusable",
            ) from error

    def recognise(
        self, speech: Path, language: str | None, progress: Callable[[float], None]
    ) -> Recognition:
        """Words with Whisper's own times; silence is skipped (Silero VAD)."""
        segments, info = self._model.transcribe(
            str(speech),
            language=language,
            beam_size=self._beam_size,
            word_timestamps=True,
            vad_filter=True,
            # A wrong line must not pull the next ones along.
            condition_on_previous_text=False,
        )
        words: list[Word] = []
        for segment in segments:
            heard = [
                (
                    word.word,
                    Word(
                        word=word.word.strip(),
                        start=word.start,
                        end=max(word.end, word.start),
                        score=word.probability if math.isfinite(word.probability) else None,
                    ),
                )
                for word in segment.words or ()
            ]
            words += join_pieces(heard) if is_spaced(info.language) else [w for _, w in heard]
            progress(min(segment.end / max(info.duration, 0.001), 1.0))
        return Recognition(info.language, float(info.language_probability), words)


def join_pieces(heard: Iterable[tuple[str, Word]]) -> list[Word]:
    """Whole words of (text as the recogniser gave it, word): a piece without a space
    before it, such as the ``-hearted`` of ``cold-hearted``, belongs to the word before."""
    found: list[Word] = []
    for text, word in heard:
        if found and not text.startswith(" "):
            before = found[-1]
            update = {"word": before.word + word.word, "end": max(before.end, word.end)}
            found[-1] = before.model_copy(update=update)
        else:
            found.append(word)
    return found
