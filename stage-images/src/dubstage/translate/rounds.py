"""Translate every line, ask again for those that did not come back well, and say which
never did."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dubstage.contract import GlossaryEntry
from dubstage.errors import TemporaryFailure
from dubstage.logs import step
from dubstage.text.counting import counted
from dubstage.translate.engine import Translator
from dubstage.translate.glossary import Protected, protect

ROUNDS = 3
"""How often a line is asked for at most."""


@dataclass(frozen=True)
class Translation:
    """What became of one line."""

    text: str
    is_untranslated: bool = False
    """True: it came back empty or unchanged, each time."""
    lost_terms: bool = False
    """True: the engine dropped a glossary mark each time; translated without it."""


def translate_lines(
    engine: Translator,
    lines: Sequence[str],
    languages: tuple[str, str],
    glossary: Sequence[GlossaryEntry],
    progress: Callable[[float], None],
) -> list[Translation]:
    """One translation for each line, in order; `languages`: source and target.

    Raises :class:`TemporaryFailure` where the engine loses or adds lines.
    """
    protected = [protect(line, glossary) for line in lines]
    found: dict[int, Translation] = {}
    for number, line in enumerate(protected):
        if not line.has_words:
            found[number] = Translation(line.restore(line.text) or line.text)
    for attempt in range(ROUNDS):
        missing = [number for number in range(len(lines)) if number not in found]
        if not missing:
            break
        asked = [protected[number].text for number in missing]
        came = _ask(engine, asked, languages, _silent if attempt else progress)
        for number, answer in zip(missing, came, strict=True):
            good = _accept(protected[number], answer)
            if good is not None:
                found[number] = Translation(good)
    rest = [number for number in range(len(lines)) if number not in found]
    found |= _without_glossary(engine, lines, protected, languages, rest)
    return [found[number] for number in range(len(lines))]


def _accept(line: Protected, answer: str) -> str | None:
    """The line in the target language; None where the answer cannot be used."""
    return None if is_untranslated(line.text, answer) else line.restore(answer)


def _without_glossary(
    engine: Translator,
    lines: Sequence[str],
    protected: Sequence[Protected],
    languages: tuple[str, str],
    numbers: Sequence[int],
) -> dict[int, Translation]:
    """The lines that never came back well: those with terms once more without marks."""
    found = {number: Translation(lines[number], is_untranslated=True) for number in numbers}
    marked = [number for number in numbers if protected[number].renderings]
    if marked:
        came = _ask(engine, [lines[number] for number in marked], languages, _silent)
        for number, answer in zip(marked, came, strict=True):
            if not is_untranslated(lines[number], answer):
                found[number] = Translation(answer, lost_terms=True)
    return found


def is_untranslated(text: str, translation: str) -> bool:
    """True for a line that came back empty or unchanged. A line without letters, or
    of one word (a name, perhaps), may stay as it is."""
    if not translation.strip():
        return True
    words = _words(text)
    return len(words) > 1 and words == _words(translation)


def _words(text: str) -> list[str]:
    """The words of `text`, without case and punctuation; those that have letters."""
    bare = "".join(x if x.isalnum() or x.isspace() else " " for x in text.casefold())
    return [word for word in bare.split() if any(x.isalpha() for x in word)]


def _ask(
    engine: Translator,
    lines: Sequence[str],
    languages: tuple[str, str],
    progress: Callable[[float], None],
) -> list[str]:
    with step("translate", counted(len(lines), "segment")):
        found = engine.translate(lines, *languages, progress)
    if len(found) != len(lines):
        raise TemporaryFailure(
            f"The engine gave {counted(len(found), 'translation')} for "
            f"{counted(len(lines), 'segment')}: retry, or choose another engine.",
            reason="TranslationIncomplete",
        )
    return [" ".join(answer.split()) for answer in found]


def _silent(_: float) -> None:
    """The first round is nearly all of the work: later ones show no progress."""
