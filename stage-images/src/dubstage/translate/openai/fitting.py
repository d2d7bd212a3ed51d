"""Translations that do not fit their slot are requested again, shorter or longer."""

from __future__ import annotations

from dataclasses import replace

from dubstage.errors import TemporaryFailure
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.openai import prompt
from dubstage.translate.openai.answers import from_json
from dubstage.translate.openai.client import ChatClient, Rejected
from dubstage.translate.openai.guards import is_acceptable, keeps_terms
from dubstage.translate.openai.ladder import Structures

IDS = [str(number + 1) for number in range(prompt.CANDIDATES)]


async def fitted(
    client: ChatClient,
    structures: Structures,
    job: TranslationContext,
    segment: SourceSegment,
    translation: Translation,
    rounds: int,
) -> Translation:
    """The translation of `segment` that is nearest to its budget, out of `translation` and the
    candidates of at most `rounds` requests. It never fails for its length."""
    budget = segment.budget
    if budget is None:
        return translation
    for number in range(rounds):
        if budget.fits(translation.text):
            break
        shorter = budget.ratio(translation.text) > 1
        messages = prompt.candidates(segment, translation.text, job, shorter=shorter)
        form = structures.format(structures.rungs[0], IDS)
        rung = f"{segment.segment_id} {'shorter' if shorter else 'longer'}, round {number + 1}"
        try:
            reply = await client.ask(messages, form, rung)
        except (Rejected, TemporaryFailure):
            break
        for text in from_json(reply.text, IDS).values():
            if (
                budget.distance(text) < budget.distance(translation.text)
                and is_acceptable(segment, text, job)
                and (translation.lost_terms or keeps_terms(segment, text, job))
            ):
                translation = replace(translation, text=text)
    return translation
