"""googletrans: Google's web translation, for trying things out. Needs a network."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from dubstage.errors import TemporaryFailure
from dubstage.languages import primary

ATTEMPTS = 4
FIRST_WAIT_SECONDS = 1.0
"""Doubled after each attempt that failed."""
TIMEOUT_SECONDS = 20.0


class GoogleTranslate:
    """One request for each line, one after the other."""

    def translate(
        self, lines: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """Raises :class:`TemporaryFailure` where Google does not answer."""
        return asyncio.run(_translate(lines, _code(source), _code(target), progress))


async def _translate(
    lines: Sequence[str], source: str, target: str, progress: Callable[[float], None]
) -> list[str]:
    from googletrans import Translator
    from httpx import Timeout

    found = []
    # Without raise_exception any refusal returns the source text as translation.
    async with Translator(raise_exception=True, timeout=Timeout(TIMEOUT_SECONDS)) as translator:
        for number, line in enumerate(lines):
            found.append(await _one(translator, line, source, target))
            progress((number + 1) / len(lines))
    return found


async def _one(translator: object, line: str, source: str, target: str) -> str:
    wait = FIRST_WAIT_SECONDS
    attempt = 0
    while True:
        attempt += 1
        try:
            answer = await translator.translate(line, src=source, dest=target)  # type: ignore[attr-defined]
            return str(answer.text)
        except Exception as error:
            # The library raises bare Exception for a status that is not 200.
            if attempt == ATTEMPTS:
                raise TemporaryFailure(
                    f"Google did not translate after {ATTEMPTS} attempts ({error}): try again "
                    "later, or choose another engine.",
                    reason="TranslationUnavailable",
                ) from error
        await asyncio.sleep(wait)
        wait *= 2


def _code(tag: str) -> str:
    """Google's code: lower case, with the region for Chinese only."""
    return tag.lower() if primary(tag) == "zh" and "-" in tag else primary(tag)
