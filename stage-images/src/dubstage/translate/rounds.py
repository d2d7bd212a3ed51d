"""Translation in rounds: what did not come back well is requested again, and what never did
is marked."""

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
"""How often a text is requested at most."""


@dataclass(frozen=True)
class Translation:
    """The translation of one text."""

    text: str
    is_untranslated: bool = False
    """Whether it came back empty or unchanged in each round; `text` is the original then."""
    lost_terms: bool = False
    """Whether it was translated without its glossary terms, because the engine dropped a mark
    in each round."""


def translate_texts(
    engine: Translator,
    texts: Sequence[str],
    languages: tuple[str, str],
    glossary: Sequence[GlossaryEntry],
    progress: Callable[[float], None],
) -> list[Translation]:
    """Translate each text, in order; `languages`: source and target.

    Raises :class:`TemporaryFailure` if the engine loses or adds texts.
    """
    protected = [protect(text, glossary) for text in texts]
    done: dict[int, Translation] = {}
    for number, text in enumerate(protected):
        if not text.has_words:
            done[number] = Translation(text.restore(text.text) or text.text)
    for attempt in range(ROUNDS):
        missing = [number for number in range(len(texts)) if number not in done]
        if not missing:
            break
        answers = _request(
            engine,
            [protected[number].text for number in missing],
            languages,
            _silent if attempt else progress,
        )
        for number, answer in zip(missing, answers, strict=True):
            accepted = _accept(protected[number], answer)
            if accepted is not None:
                done[number] = Translation(accepted)
    rest = [number for number in range(len(texts)) if number not in done]
    done |= _without_glossary(engine, texts, protected, languages, rest)
    return [done[number] for number in range(len(texts))]


def _accept(text: Protected, answer: str) -> str | None:
    """The text in the target language; None if the answer cannot be used."""
    return None if is_untranslated(text.text, answer) else text.restore(answer)


def _without_glossary(
    engine: Translator,
    texts: Sequence[str],
    protected: Sequence[Protected],
    languages: tuple[str, str],
    numbers: Sequence[int],
) -> dict[int, Translation]:
    """The texts that never came back well; those with terms are requested once more without
    marks."""
    results = {number: Translation(texts[number], is_untranslated=True) for number in numbers}
    marked = [number for number in numbers if protected[number].renderings]
    if marked:
        answers = _request(engine, [texts[number] for number in marked], languages, _silent)
        for number, answer in zip(marked, answers, strict=True):
            if not is_untranslated(texts[number], answer):
                results[number] = Translation(answer, lost_terms=True)
    return results


def is_untranslated(text: str, translation: str) -> bool:
    """Whether a translation is empty, or the text unchanged. A text without letters, or of
    one word, which may be a name, may stay as it is."""
    if not translation.strip():
        return True
    words = _words(text)
    return len(words) > 1 and words == _words(translation)


def _words(text: str) -> list[str]:
    """The words of `text` that have letters, without case and punctuation."""
    bare = "".join(x if x.isalnum() or x.isspace() else " " for x in text.casefold())
    return [word for word in bare.split() if any(x.isalpha() for x in word)]


def _request(
    engine: Translator,
    texts: Sequence[str],
    languages: tuple[str, str],
    progress: Callable[[float], None],
) -> list[str]:
    with step("translate", counted(len(texts), "segment")):
        answers = engine.translate(texts, *languages, progress)
    if len(answers) != len(texts):
        raise TemporaryFailure(
            f"The engine gave {counted(len(answers), 'translation')} for "
            f"{counted(len(texts), 'segment')}: retry, or choose another engine.",
            reason="TranslationIncomplete",
        )
    return [" ".join(answer.split()) for answer in answers]


def _silent(_: float) -> None:
    """Progress of later rounds, which is not reported: the first does almost all the work."""
