"""Translate: every line, in order, under the same id."""

from __future__ import annotations

from dubstage.errors import Misconfigured, TemporaryFailure
from dubstage.layout import Artifact
from dubstage.transcript import Sentence, TranslatedSentence, read_aligned, read_list, write_list
from dubstage.translate.engine import Translator
from dubstage.work import Outcome, Work


def run(work: Work) -> Outcome:
    """Write the translated lines, and their copy among the outputs.

    Raises :class:`TemporaryFailure` where the engine loses lines.
    """
    lines = read_list(work, Artifact.TRANSCRIPT, Sentence)
    source, target = read_aligned(work).language, work.request.target_language
    texts = [line.text for line in lines]
    found = load_engine(work).translate(texts, source, target, work.progress)
    if len(found) != len(lines):
        raise TemporaryFailure(
            f"{work.request.engine.engine} gave {len(found)} translations for {len(lines)} lines.",
            reason="TranslationIncomplete",
        )
    translated = [
        TranslatedSentence(**line.model_dump(), translation=translation)
        for line, translation in zip(lines, found, strict=True)
    ]
    write_list(work.staging(Artifact.TRANSLATED, None), translated)
    write_list(work.staging(Artifact.TRG_TRANSCRIPT, None), translated)
    untranslated = sum(is_untranslated(line.text, line.translation) for line in translated)
    return Outcome(
        message=f"{len(lines)} lines from {source} to {target}"
        + (f", {untranslated} of them untranslated" if untranslated else ""),
        figures={"lines": len(lines), "untranslated": untranslated},
    )


def is_untranslated(text: str, translation: str) -> bool:
    """True for a line that came back empty or unchanged. A line without letters, or
    of one word (a name, perhaps), may stay as it is."""
    if not translation:
        return True
    return text.strip() == translation.strip() and len(text.split()) > 1


def load_engine(work: Work) -> Translator:
    """The profile's engine. Raises :class:`Misconfigured` for one that is unknown."""
    engine = work.request.engine.engine
    if engine == "apertium":
        from dubstage.translate.apertium import Apertium

        return Apertium()
    if engine == "googletrans":
        from dubstage.translate.google import GoogleTranslate

        return GoogleTranslate()
    raise Misconfigured(
        f"The translate stage has no engine {engine!r}; it has apertium, googletrans.",
        reason="EngineUnknown",
    )
