"""The translation of one batch, from the strictest form of answer down to single requests.

Schema, JSON, numbered lines, one by one: segments whose answer is missing or unusable go on to
the next rung, the others are finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dubstage.text.counting import counted
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.openai import prompt
from dubstage.translate.openai.answers import alone, from_json, from_lines
from dubstage.translate.openai.client import ChatClient, Rejected, TooLong
from dubstage.translate.openai.guards import is_acceptable, keeps_terms
from dubstage.translate.openai.prompt import Messages
from dubstage.translate.openai.reply import Reply
from dubstage.translate.openai.settings import Structure

LADDER = (Structure.JSON_SCHEMA, Structure.JSON_OBJECT, Structure.LINES)
SINGLE_ATTEMPTS = 2
"""Requests for a single segment, at the last rung."""

Ask = Callable[[Sequence[SourceSegment], Structure], Messages]
"""The messages that request these segments."""


class Structures:
    """The forms of answer that the server accepts."""

    def __init__(self, wanted: Structure) -> None:
        self.rungs: list[Structure] = list(LADDER) if wanted is Structure.AUTO else [wanted]
        self.rejection = ""
        """The last response of the server to a request that it did not accept."""
        self.has_reply = False
        """Whether the server ever accepted a request."""

    def drop(self, structure: Structure) -> None:
        """Note that the server does not accept this form."""
        if structure in self.rungs and len(self.rungs) > 1:
            self.rungs.remove(structure)

    def format(self, structure: Structure, ids: Sequence[str]) -> dict[str, Any] | None:
        """The response format that requests this form."""
        if structure is Structure.JSON_SCHEMA:
            return prompt.schema(ids)
        return {"type": "json_object"} if structure is Structure.JSON_OBJECT else None


class Ladder:
    """The translation of batches of one job."""

    def __init__(self, client: ChatClient, job: TranslationContext, structures: Structures) -> None:
        self._client = client
        self._job = job
        self._structures = structures

    async def translate(
        self, batch: Sequence[SourceSegment], messages: Ask
    ) -> dict[str, Translation]:
        """The translations of the batch, by id; without those that never passed."""
        found: dict[str, Translation] = {}
        for structure in list(self._structures.rungs):
            while missing := [one for one in batch if one.segment_id not in found]:
                reply = await self._ask(missing, structure, messages)
                if reply is None:
                    break
                passed = self._passed(missing, _parse(reply.text, structure, _ids(missing)))
                found |= passed
                rest = [one for one in missing if one.segment_id not in passed]
                if reply.is_cut and len(rest) > 1:
                    half = (len(rest) + 1) // 2
                    found |= await self.translate(rest[:half], messages)
                    return found | await self.translate(rest[half:], messages)
                if not passed:
                    break
        for segment in batch:
            if segment.segment_id not in found:
                single = await self._single(segment, messages)
                found |= {segment.segment_id: single} if single else {}
        return found

    async def _ask(
        self, batch: Sequence[SourceSegment], structure: Structure, messages: Ask
    ) -> Reply | None:
        """The answer; None if the server does not accept the request. A batch that is too long for
        the context has an answer that is cut off at once: it is halved, and keeps its form."""
        form = self._structures.format(structure, _ids(batch))
        rung = f"{counted(len(batch), 'segment')} from {batch[0].segment_id}, {structure.value}"
        try:
            reply = await self._client.ask(messages(batch, structure), form, rung)
        except TooLong as error:
            self._structures.rejection = str(error)
            return Reply("", is_cut=True) if len(batch) > 1 else None
        except Rejected as error:
            self._structures.rejection = str(error)
            self._structures.drop(structure)
            return None
        self._structures.has_reply = True
        return reply

    async def _single(self, segment: SourceSegment, messages: Ask) -> Translation | None:
        """The translation of one segment that is the whole answer; without glossary terms only
        if it never has them."""
        without_terms = None
        for _ in range(SINGLE_ATTEMPTS):
            try:
                asked = messages([segment], Structure.LINES)
                asked[0]["content"] += "\nThere is one segment: answer with its translation only."
                reply = await self._client.ask(asked, None, f"{segment.segment_id} alone")
            except Rejected as error:
                self._structures.rejection = str(error)
                return None
            self._structures.has_reply = True
            text = alone(reply.text, segment.segment_id)
            if reply.is_cut or not is_acceptable(segment, text, self._job):
                continue
            if keeps_terms(segment, text, self._job):
                return Translation(segment.segment_id, text)
            without_terms = Translation(segment.segment_id, text, lost_terms=True)
        return without_terms

    def _passed(
        self, batch: Sequence[SourceSegment], answers: Mapping[str, str]
    ) -> dict[str, Translation]:
        return {
            one.segment_id: Translation(one.segment_id, answers[one.segment_id])
            for one in batch
            if one.segment_id in answers
            and is_acceptable(one, answers[one.segment_id], self._job)
            and keeps_terms(one, answers[one.segment_id], self._job)
        }


def _ids(batch: Sequence[SourceSegment]) -> list[str]:
    return [segment.segment_id for segment in batch]


def _parse(text: str, structure: Structure, ids: Sequence[str]) -> dict[str, str]:
    if structure is Structure.LINES:
        return from_lines(text, ids) or from_json(text, ids)
    return from_json(text, ids)
