"""The engine cosyvoice: each voice is computed once, and several texts are decoded at once."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.engines.parameters import whole
from dubstage.errors import Misconfigured
from dubstage.media.audio import Samples
from dubstage.models import model_folder
from dubstage.run.gpu_memory import MemoryFallback, is_out_of_memory
from dubstage.synthesize.cosyvoice import language_model
from dubstage.synthesize.cosyvoice.guard import Guard, NoSound
from dubstage.synthesize.cosyvoice.loading import generation_of, load_model, out_of_memory
from dubstage.synthesize.engine import Voice
from dubstage.synthesize.spoken_text import spoken_chunks
from dubstage.workspace.work import Work

INSTRUCTION = "You are a helpful assistant.<|endofprompt|>"
"""What CosyVoice 3 requires before the text, or before the text of the recording."""
CROSS_LINGUAL, ZERO_SHOT = "cross-lingual", "zero-shot"
BETWEEN_SECONDS = 0.15
"""Silence between the chunks of a long text."""
BATCH_SIZE = 8
"""Texts whose speech tokens are decoded at once."""
NO_KERNEL = "no kernel image"


@dataclass(frozen=True)
class Line:
    """One chunk of a text, in one voice."""

    text: str
    voice: Voice


def load(work: Work) -> CosyVoice:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return CosyVoice(model_folder(work.tree.roots, choice), choice)


class CosyVoice:
    """The model, loaded once; each voice is computed once."""

    reach = 0.15

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model in `folder`; nothing is downloaded.

        `choice.parameters`: ``mode`` (cross-lingual: only the voice of the recording is used;
        zero-shot: its text is used as well, if known), ``weights`` (base, rl), ``fp16``
        (false), ``batch_size`` (8).
        Raises :class:`Misconfigured` if the model cannot be loaded.
        """
        self._mode = str(choice.parameters.get("mode", CROSS_LINGUAL))
        if self._mode not in (CROSS_LINGUAL, ZERO_SHOT):
            raise Misconfigured(
                f"The engine cosyvoice has no mode {self._mode!r}; it has {CROSS_LINGUAL}, "
                f"{ZERO_SHOT}.",
                reason="EngineFailed",
            )
        self._generation = generation_of(folder, choice)
        self._sizes = MemoryFallback(
            _batch_sizes(whole(choice, "batch_size", BATCH_SIZE, 1, 4096)), "speech tokens"
        )
        self._model = load_model(folder, choice)
        self._guard = Guard(self._model.model)
        self._known: set[str] = set()
        self._upcoming: deque[Line] = deque()
        self._decoded: defaultdict[Line, deque[list[int]]] = defaultdict(deque)
        self._spoken: list[tuple[Line, list[int]]] = []

    def voices(self, language: str) -> None:
        """None: each recording is a voice."""

    def announce(self, texts: Iterable[tuple[str, Voice]], language: str) -> None:
        """Texts that will be spoken, in this order. They are decoded together."""
        self._upcoming = deque(
            Line(chunk, voice) for text, voice in texts for chunk in spoken_chunks(text, language)
        )

    def speak(self, text: str, language: str, voice: Voice, speed: float, target: Path) -> None:
        """Write 24 kHz, one channel; nothing if there is no word in `text`, or if the model
        makes no audio."""
        lines = [Line(chunk, voice) for chunk in spoken_chunks(text, language)]
        with _explained():
            self._spoken = []
            audio = []
            for line in lines:
                try:
                    audio.append(self._speak(line, self._tokens(line), speed))
                except NoSound:
                    self._spoken = []
                    return
                self._spoken.append((line, self._guard.tokens))
        self._write(audio, target)

    def repeat(self, speed: float, target: Path) -> None:
        """Write the last take once more, at another speed: the same speech tokens."""
        with _explained():
            audio = [self._speak(line, tokens, speed) for line, tokens in self._spoken]
        self._write(audio, target)

    def _write(self, audio: Sequence[Samples], target: Path) -> None:
        import numpy
        import soundfile

        if not audio:
            return
        rate = int(self._model.sample_rate)
        silence = numpy.zeros(round(BETWEEN_SECONDS * rate), numpy.float32)
        parts = [part for chunk in audio for part in (silence, chunk)][1:]
        soundfile.write(target, numpy.concatenate(parts), rate, subtype="FLOAT")

    def _tokens(self, line: Line) -> list[int] | None:
        """The line's speech tokens, decoded together with those of the next lines; None for a
        line that is decoded alone, such as another take."""
        if not self._decoded[line] and line in self._upcoming:
            self._sizes.run(lambda size: self._decode_batch(line, size))
        return self._decoded[line].popleft() if self._decoded[line] else None

    def _decode_batch(self, line: Line, size: int) -> None:
        position = self._upcoming.index(line)
        lines = list(self._upcoming)[position : position + size]
        if len(lines) > 1:
            prompts = [
                language_model.Prompt(self._inputs(one), self._text_tokens(one)) for one in lines
            ]
            for one, tokens in zip(
                lines, language_model.decode(self._model.model, prompts), strict=True
            ):
                self._decoded[one].append(tokens)
        # Lines before this one were not asked for, and never will be.
        self._upcoming = deque(list(self._upcoming)[position + len(lines) :])

    def _inputs(self, line: Line) -> dict[str, Any]:
        """What upstream's front end makes of the line."""
        name, rate = self._register(line.voice), self._model.sample_rate
        front_end = self._model.frontend
        inputs: dict[str, Any]
        if self.reads_words(line.voice):
            inputs = front_end.frontend_zero_shot(line.text, "", "", rate, name)
        else:
            inputs = front_end.frontend_cross_lingual(self._lead + line.text, "", rate, name)
        return inputs

    def _text_tokens(self, line: Line) -> int:
        """Tokens of the line's own text, without the instruction."""
        tokens, _ = self._model.frontend._extract_text_token(line.text)
        return int(tokens.shape[1])

    @property
    def _lead(self) -> str:
        return INSTRUCTION if self._generation == 3 else ""

    def _speak(self, line: Line, tokens: list[int] | None, speed: float) -> Samples:
        """The audio of one line, of these speech tokens or of new ones.

        Raises :class:`NoSound` if there is none.
        """
        import numpy

        name = self._register(line.voice)
        self._guard.prepare(self._text_tokens(line), tokens)
        # For a voice that is registered by name the other arguments are not used.
        options = {"zero_shot_spk_id": name, "stream": False, "speed": speed,
                   "text_frontend": False}  # fmt: skip
        answers: Iterator[dict[str, Any]]
        if self.reads_words(line.voice):
            answers = self._model.inference_zero_shot(line.text, "", "", **options)
        else:
            answers = self._model.inference_cross_lingual(self._lead + line.text, "", **options)
        parts = [numpy.asarray(answer["tts_speech"], numpy.float32).reshape(-1)
                 for answer in answers]  # fmt: skip
        return numpy.concatenate(parts) if parts else numpy.zeros(0, numpy.float32)

    def reads_words(self, voice: Voice) -> bool:
        """Whether the model gets the recording's text as well."""
        return self._mode == ZERO_SHOT and bool(voice.sample_text)

    def _register(self, voice: Voice) -> str:
        """The name under which the model knows the voice, which is computed at its first use."""
        name = f"{voice.number}-{voice.sample_sha256}"
        if name not in self._known:
            assert voice.sample is not None
            text = f"{self._lead}{voice.sample_text}" if self.reads_words(voice) else ""
            self._model.add_zero_shot_spk(text, str(voice.sample), name)
            self._known.add(name)
        return name


def _batch_sizes(first: int) -> list[int]:
    """`first`, and its half, down to 1: what is tried if the GPU's memory is full."""
    sizes = [max(first, 1)]
    while sizes[-1] > 1:
        sizes.append(sizes[-1] // 2)
    return sizes


@contextmanager
def _explained() -> Iterator[None]:
    """Name the cause of an error of the GPU."""
    try:
        yield
    except RuntimeError as error:
        if is_out_of_memory(error):
            raise out_of_memory() from error
        if NO_KERNEL in str(error):
            raise Misconfigured(
                "This image's torch has no kernels for the GPU: give the synthesize stage another "
                "GPU, or an image whose torch supports this one.",
                reason="GPUUnsupported",
            ) from error
        raise
