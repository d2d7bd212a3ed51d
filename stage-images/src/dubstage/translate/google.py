"""googletrans: the translation of Google's web page, for trials. It needs a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from tenacity import AsyncRetrying

from dubstage.engines.languages import GOOGLE_TRANSLATE
from dubstage.engines.retries import ATTEMPTS, transient
from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.text.chunks import chunks
from dubstage.text.languages import engine_code, is_spaced
from dubstage.workspace.work import Work

if TYPE_CHECKING:
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

    def translate(
        self, texts: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """Raises :class:`TemporaryFailure` if Google does not answer."""
        codes = engine_code(source, GOOGLE_TRANSLATE), engine_code(target, GOOGLE_TRANSLATE)
        if not codes[0] or not codes[1]:
            raise Misconfigured(f"googletrans has no pair {source} to {target}.")
        return asyncio.run(_translate(texts, codes[0], codes[1], progress))


async def _translate(
    texts: Sequence[str], source: str, target: str, progress: Callable[[float], None]
) -> list[str]:
    from googletrans import Translator
    from httpx import Timeout

    gate = asyncio.Semaphore(AT_ONCE)
    done = 0
    # Without raise_exception the library returns the source text for any refusal.
    async with Translator(raise_exception=True, timeout=Timeout(TIMEOUT_SECONDS)) as translator:

        async def one(text: str) -> str:
            nonlocal done
            async with gate:
                parts = [
                    await _ask(translator, part, source, target)
                    for part in chunks(text, LONGEST_TEXT)
                ]
            done += 1
            progress(done / len(texts))
            return (" " if is_spaced(target) else "").join(parts)

        return await asyncio.gather(*(one(text) for text in texts))


async def _ask(translator: Translator, text: str, source: str, target: str) -> str:
    """Google's translation of `text`, empty if it gave none."""

    async def attempt() -> str:
        answer = await translator.translate(text, src=source, dest=target)
        return str(answer.text)

    try:
        # The library raises bare Exception for a status that is not 200, and whatever its
        # parsing meets for an answer that is none.
        return await AsyncRetrying(**transient(Exception))(attempt)
    except Exception as error:
        raise TemporaryFailure(
            f"Google did not translate after {ATTEMPTS} attempts ({_reason(error)}): try again "
            "later, or choose another engine.",
            reason="TranslationUnavailable",
        ) from error


def _reason(error: Exception) -> str:
    """What happened, in a few words: some of the library's errors have no text."""
    text = str(error)
    if text.startswith("Unexpected status code"):
        return text
    return f"{type(error).__name__}: no answer in time, or none that is a translation"
