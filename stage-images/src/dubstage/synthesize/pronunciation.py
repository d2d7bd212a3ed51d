"""Terms of the glossary as a voice has to say them."""

from __future__ import annotations

from collections.abc import Sequence

from dubstage.contract import GlossaryEntry
from dubstage.engines.languages import Languages
from dubstage.synthesize.engine import PhoneticSynthesizer, Synthesizer
from dubstage.text.counting import counted
from dubstage.text.languages import engine_code
from dubstage.text.terms import Terms
from dubstage.text.unicode import composed


class Pronunciation:
    """The pronunciations of a glossary, as one engine reads them."""

    def __init__(
        self, glossary: Sequence[GlossaryEntry], language: str, engine: Synthesizer
    ) -> None:
        """`language`: BCP 47 tag of the dub."""
        self._engine = engine
        self._language = language
        self._unread: set[str] = set()
        said = ((entry.rendering, _said(entry, language)) for entry in glossary)
        pairs = ((written, text) for written, text in said if text)
        self._terms = Terms((written, (written, text)) for written, text in pairs)

    def said(self, text: str) -> str:
        """`text` with its terms as the engine has to read them."""
        return self._terms.replace(composed(text), self._replacement)

    @property
    def remarks(self) -> list[str]:
        """What a user should know about pronunciations that were not used."""
        if not self._unread:
            return []
        terms = ", ".join(sorted(self._unread)[:3]) + (", …" if len(self._unread) > 3 else "")
        return [
            f"{counted(len(self._unread), 'glossary term')} without the pronunciation in say, "
            f"because the engine cannot read it in {self._language} ({terms}): use a respelling"
        ]

    def _replacement(self, pair: tuple[str, str]) -> str:
        written, text = pair
        inside = text[1:-1] if text.startswith("/") and text.endswith("/") else None
        is_named = text.startswith("[[") and text.endswith("]]")
        if inside is None and not is_named:
            # A respelling never holds phonemes.
            return text.replace("[[", "[").replace("]]", "]")
        phonemes = None
        if isinstance(self._engine, PhoneticSynthesizer):
            phonemes = text if is_named else self._engine.phonemes(inside or "", self._language)
        if phonemes is None:
            self._unread.add(written)
        return phonemes or written


def _said(entry: GlossaryEntry, language: str) -> str | None:
    """The pronunciation of the entry in `language`; None if it has none."""
    says = {tag: text.strip() for tag, text in (entry.say or {}).items() if text.strip()}
    code = engine_code(language, Languages(frozenset(says))) if says else None
    return says[code] if code else None
