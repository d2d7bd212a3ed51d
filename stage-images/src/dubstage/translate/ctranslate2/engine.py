"""CTranslate2: OPUS-MT, M2M-100, MADLAD-400 and NLLB-200 from the models volume."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from dubstage.contract import EngineChoice
from dubstage.engines.parameters import whole
from dubstage.engines.translation_models import FAMILY_PARAMETER, Family, family_of
from dubstage.errors import Misconfigured
from dubstage.models import model_folder
from dubstage.run.ctranslate2_model import Models, device_of, memory_steps
from dubstage.run.gpu_memory import MemoryFallback
from dubstage.text.chunks import chunks, sentences_of
from dubstage.translate.ctranslate2.tokens import Frame, read_tokenizer
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.openai.guards import is_acceptable
from dubstage.translate.placeholders import with_marks, with_names
from dubstage.translate.sentence_case import in_sentence_case
from dubstage.translate.sentences import joined
from dubstage.workspace.work import Work

BEAM_SIZE = 4
BATCH_SIZE = 32
"""Sentences that a GPU translates at the same time."""
CPU_BATCH_SIZE = 8
LONGEST_SENTENCE = 200
"""Pieces of a sentence at most: the models were trained on sentences, and drop the end of a
longer text."""
LIMITS = (40, 80, 160, 320, 640)
"""Tokens that a translation has at most: the first limit that is at least :data:`LONGEST_RATIO`
times the number of pieces of its sentence. A batch has one limit, and what else is in a batch must
not change a translation."""
LONGEST_RATIO = 3


@dataclass(frozen=True)
class Part:
    """A sentence of a text, or a piece of a long one."""

    text: str
    pieces: list[str]

    @property
    def limit(self) -> int:
        """Tokens of its translation at most."""
        enough = (limit for limit in LIMITS if limit >= LONGEST_RATIO * len(self.pieces))
        return next(enough, LIMITS[-1])


def load(work: Work) -> CTranslate2:
    """The profile's model, loaded from the models volume."""
    choice = work.request.engine
    return CTranslate2(model_folder(work.tree.roots, choice), choice)


class CTranslate2:
    """A translation model from a folder of the models volume; nothing is downloaded."""

    reads_context = False

    def __init__(self, folder: Path, choice: EngineChoice) -> None:
        """Load the model.

        `choice.parameters`: ``device`` (a GPU if there is one), ``compute_type`` (float16 on a
        GPU, else int8), ``batch_size`` (32 on a GPU, else 8), ``beam_size`` (4), ``family``.
        Raises :class:`Misconfigured` if the model cannot be loaded.
        """
        parameters = choice.parameters
        self._tokenizer = read_tokenizer(folder, _family(choice))
        self._beam_size = whole(choice, "beam_size", BEAM_SIZE, 1, 100)
        self._known: dict[Frame, dict[str, str]] = {}
        """The translation of each part, by what surrounds its tokens."""
        device = device_of(choice)

        def load(compute_type: str) -> Any:
            from ctranslate2 import Translator

            return Translator(str(folder), device=device, compute_type=compute_type)

        self._models = Models(choice, load)
        is_gpu = device.startswith("cuda")
        compute_type = str(parameters.get("compute_type", "float16" if is_gpu else "int8"))
        batch_size = whole(choice, "batch_size", BATCH_SIZE if is_gpu else CPU_BATCH_SIZE, 1, 4096)
        self._fallback = MemoryFallback(memory_steps(batch_size, compute_type), "translation")
        self._fallback.run(lambda step: self._models.load(step[1]))

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        """Translate each sentence of each text on its own, several at the same time.

        Raises :class:`Misconfigured` for a language that the model does not have.
        """
        frame = self._tokenizer.frame(job.source, job.target)
        known = self._known.setdefault(frame, {})
        parts = {one.segment_id: list(self._parts(one.text, frame, job)) for one in segments}
        waiting = {one.segment_id: one for one in segments}
        every = [part for each in parts.values() for part in each]
        for _ in self._batches(every, frame, job, known):
            for segment in list(waiting.values()):
                texts = [known.get(part.text) for part in parts[segment.segment_id]]
                if None in texts:
                    continue
                del waiting[segment.segment_id]
                found = [text for text in texts if text]
                if len(found) == len(texts):
                    text = with_marks(joined(found, job.target), segment.text)
                    yield Translation(segment.segment_id, text)

    def _parts(self, text: str, frame: Frame, job: TranslationContext) -> Iterator[Part]:
        for sentence in sentences_of(in_sentence_case(with_names(text), job.source)):
            longest = len(sentence)
            texts = [sentence]
            while any(len(self._tokenizer.encode(one)) > LONGEST_SENTENCE for one in texts):
                longest //= 2
                texts = chunks(sentence, longest)
            for one in texts:
                yield Part(one, self._tokenizer.encode(frame.mark + one))

    def _batches(
        self, parts: Sequence[Part], frame: Frame, job: TranslationContext, known: dict[str, str]
    ) -> Iterator[None]:
        """Translate the parts that are not `known` yet, and yield after each batch."""
        known.update({part.text: part.text for part in parts if not _has_letters(part.text)})
        unknown = {part.text: part for part in parts if part.text not in known}
        yield
        for limit in LIMITS:
            waiting = [part for part in unknown.values() if part.limit == limit]
            while waiting:
                batch = waiting[: self._fallback.step[0]]
                del waiting[: len(batch)]
                found = self._fallback.run(partial(self._ask, batch, frame, job))
                known.update({part.text: text for part, text in zip(batch, found, strict=True)})
                yield

    def _ask(
        self, batch: Sequence[Part], frame: Frame, job: TranslationContext, step: tuple[int, str]
    ) -> list[str]:
        """The translation of each part; empty for one without any."""
        batch_size, compute_type = step
        prefix = list(frame.prefix)
        results = self._models.load(compute_type).translate_batch(
            [frame.around(part.pieces) for part in batch],
            target_prefix=[prefix] * len(batch) if prefix else None,
            max_batch_size=batch_size,
            beam_size=self._beam_size,
            num_hypotheses=self._beam_size,
            disable_unk=True,
            max_input_length=0,
            max_decoding_length=batch[0].limit,
        )
        return [
            _best(part, [self._tokenizer.decode(one, prefix) for one in result.hypotheses], job)
            for part, result in zip(batch, results, strict=True)
        ]


def _best(part: Part, texts: Sequence[str], job: TranslationContext) -> str:
    """The most likely text that can be a translation; else the most likely one that is not empty.

    Models with many languages sometimes answer in another one, copy the text, or repeat a phrase.
    """
    source = SourceSegment("", part.text, "")
    translations = (text for text in texts if is_acceptable(source, text, job))
    return next(translations, next(filter(None, texts), ""))


def _has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def _family(choice: EngineChoice) -> Family:
    family = family_of(choice)
    if family is None:
        raise Misconfigured(
            f"The name of the model {choice.engine}/{choice.model} begins with none of "
            f"{', '.join(map(str, Family))}: name the family in the parameter "
            f"{FAMILY_PARAMETER} of the profile's stage.",
            reason="ModelUnusable",
        )
    return family
