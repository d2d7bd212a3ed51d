"""The engine: batches of segments with their context, requested at the same time."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from dubstage.engines.openai_api import KEY_VARIABLE
from dubstage.errors import Misconfigured
from dubstage.translate.concurrency import results
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.openai import prompt
from dubstage.translate.openai.answers import bare
from dubstage.translate.openai.client import ChatClient, Rejected
from dubstage.translate.openai.fitting import fitted
from dubstage.translate.openai.ladder import Ladder, Structures
from dubstage.translate.openai.settings import Settings, Structure, read
from dubstage.workspace.work import Work

SUMMARY_INPUT = 8000
"""Characters of the transcript that are summarized at most."""
SUMMARY_LENGTH = 1000
"""Characters of the summary at most."""


def load(work: Work) -> OpenAITranslator:
    """The engine with the parameters of the profile. Raises :class:`Misconfigured` for an
    invalid one."""
    return OpenAITranslator(read(work.request.engine.parameters), os.environ.get(KEY_VARIABLE))


class OpenAITranslator:
    """Translation by a language model."""

    reads_context = True

    def __init__(self, settings: Settings, key: str | None) -> None:
        self._settings = settings
        self._key = key

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        """Raises :class:`TemporaryFailure` if the server does not respond, and
        :class:`Misconfigured` if it does not accept the requests."""
        structures = Structures(self._settings.structured)
        summary = self._summary(job)
        known: dict[str, str] = {}
        places = {one.segment_id: number for number, one in enumerate(job.transcript)}

        async def request(client: ChatClient, batch: Sequence[SourceSegment]) -> list[Translation]:
            def messages(part: Sequence[SourceSegment], structure: Structure) -> prompt.Messages:
                around = self._around(part, job, places)
                return prompt.translation(part, job, around, known, summary, structure)

            found = await Ladder(client, job, structures).translate(batch, messages)
            if self._settings.fit:
                for one in batch:
                    if one.segment_id in found:
                        found[one.segment_id] = await fitted(
                            client, structures, job, one, found[one.segment_id],
                            self._settings.fit_rounds,
                        )  # fmt: skip
            known.update({identity: one.text for identity, one in found.items()})
            return list(found.values())

        client = ChatClient(self._settings, self._key)
        batches = self._batches(segments, places)
        for batch in results(client, batches, request, self._settings.concurrency):
            yield from batch
        if batches and not structures.has_reply:
            raise Misconfigured(
                f"The server {self._settings.url} of profile stage translate accepts no request "
                f"({structures.rejection}). Correct the parameters, for example extra_body.",
                reason="TranslationRefused",
            )

    def shorten(
        self, translations: Sequence[tuple[SourceSegment, Translation]], job: TranslationContext
    ) -> Iterator[Translation]:
        """A request that fails changes nothing. Raises :class:`Misconfigured` for settings that
        the server refuses."""
        structures = Structures(self._settings.structured)
        rounds = max(self._settings.fit_rounds, 1)

        async def request(
            client: ChatClient, pair: tuple[SourceSegment, Translation]
        ) -> Translation:
            segment, translation = pair
            return await fitted(client, structures, job, segment, translation, rounds)

        client = ChatClient(self._settings, self._key)
        yield from results(client, translations, request, self._settings.concurrency)

    def _summary(self, job: TranslationContext) -> str:
        """A summary of the transcript; empty for a short one, or if the model gives none."""
        if not self._settings.summary:
            return ""
        if len(job.transcript) <= self._settings.segments_per_request:
            return ""
        text = "\n".join(f"{one.speaker}: {one.text}" for one in job.transcript)[:SUMMARY_INPUT]

        async def request(client: ChatClient, text: str) -> str:
            try:
                reply = await client.ask(prompt.summary(text, job), None, "summary")
            except Rejected:
                return ""
            return " ".join(bare(reply.text).split())[:SUMMARY_LENGTH]

        return next(results(ChatClient(self._settings, self._key), [text], request, 1))

    def _batches(
        self, segments: Sequence[SourceSegment], places: Mapping[str, int]
    ) -> list[list[SourceSegment]]:
        """The segments in batches of neighbors that do not divide a sentence, unless it is longer
        than a batch. `places`: by segment id, the number in the transcript."""
        size = self._settings.segments_per_request
        batches: list[list[SourceSegment]] = []
        for segment in segments:
            last = batches[-1][-1] if batches else None
            follows = last is not None and (
                places.get(segment.segment_id, -1) == places.get(last.segment_id, -3) + 1
            )
            fits = batches and (
                len(batches[-1]) < size or (last and last.continues and len(batches[-1]) < 2 * size)
            )
            if follows and fits:
                batches[-1].append(segment)
            else:
                batches.append([segment])
        return batches

    def _around(
        self, part: Sequence[SourceSegment], job: TranslationContext, places: Mapping[str, int]
    ) -> tuple[Sequence[SourceSegment], Sequence[SourceSegment]]:
        """The segments before and after `part` in the transcript."""
        first, last = places.get(part[0].segment_id), places.get(part[-1].segment_id)
        if first is None or last is None:
            return (), ()
        before = job.transcript[max(first - self._settings.context_before, 0) : first]
        return before, job.transcript[last + 1 : last + 1 + self._settings.context_after]
