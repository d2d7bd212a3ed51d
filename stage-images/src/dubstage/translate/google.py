"""googletrans: the translation of Google's web page, for trials. It needs a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying

from dubstage.engines.languages import GOOGLE_TRANSLATE
from dubstage.engines.retries import PATIENT_ATTEMPTS, Refused, patient, seconds_until
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.text.chunks import chunks
from dubstage.text.languages import engine_code
from dubstage.translate.concurrency import results
from dubstage.translate.engine import SourceSegment, Translation, TranslationContext
from dubstage.translate.sentences import joined
from dubstage.workspace.work import Work

if TYPE_CHECKING:
    import httpx
    from googletrans import Translator

AT_ONCE = 4
"""Requests at the same time. Google answers more of them with status 429."""
TIMEOUT_SECONDS = 20.0
LONGEST_TEXT = 1500
"""Characters of one request: the text is part of the URL, which has a limit."""


def load(_: Work) -> GoogleTranslate:
    """The client; there is nothing to load."""
    return GoogleTranslate()


class GoogleTranslate:
    """One request per text, a few at the same time."""

    reads_context = False

    def translate(
        self, segments: Sequence[SourceSegment], job: TranslationContext
    ) -> Iterator[Translation]:
        """Raises :class:`TemporaryFailure` if Google does not answer."""
        from googletrans import Translator
        from httpx import Timeout

        source = engine_code(job.source, GOOGLE_TRANSLATE)
        target = engine_code(job.target, GOOGLE_TRANSLATE)
        if not source or not target:
            raise Misconfigured(f"googletrans has no pair {job.source} to {job.target}.")

        async def request(translator: Translator, segment: SourceSegment) -> Translation:
            parts = [
                await _ask(translator, part, source, target)
                for part in chunks(segment.text, LONGEST_TEXT)
            ]
            return Translation(segment.segment_id, joined(parts, target))

        # Without raise_exception the library returns the source text for any refusal.
        translator = Translator(raise_exception=True, timeout=Timeout(TIMEOUT_SECONDS))
        translator.client.event_hooks["response"] = [_refuse]
        return results(translator, segments, request, AT_ONCE)


async def _refuse(response: httpx.Response) -> None:
    """Raise :class:`Refused` for an error: those of the library do not say when to retry."""
    if response.status_code >= 400:
        raise Refused(
            f"status code {response.status_code}",
            seconds_until(response.headers.get("retry-after")),
        )


async def _ask(translator: Translator, text: str, source: str, target: str) -> str:
    """Google's translation of `text`, empty if it gave none."""

    async def attempt() -> str:
        answer = await translator.translate(text, src=source, dest=target)
        return str(answer.text)

    try:
        # The library raises bare Exception for a status that is not 200, and whatever its
        # parsing meets for an answer that is none.
        return await AsyncRetrying(**patient(Exception))(attempt)
    except Exception as error:
        raise TemporaryFailure(
            f"Google did not translate after {PATIENT_ATTEMPTS} attempts ({_reason(error)}): try "
            "again later, or choose another engine.",
            reason="TranslationUnavailable",
        ) from error


def _reason(error: Exception) -> str:
    """What happened, in a few words: some of the library's errors have no text."""
    if isinstance(error, Refused):
        return str(error)
    return f"{type(error).__name__}: no answer in time, or none that is a translation"
