"""The languages of a request against those of its engines.

Ingest refuses a language that a chosen engine does not have, before a GPU is asked for.
"""

from __future__ import annotations

from dubstage.contract import Stage, StageRequest
from dubstage.engines import ENGINES
from dubstage.errors import BadInput
from dubstage.text.languages import engine_code, needs_translation, primary


def check(request: StageRequest) -> None:
    """Raise :class:`BadInput` for a language that a chosen engine does not have.

    If the spoken language is to be detected, only the target is checked.
    """
    source, target = request.source_language, request.target_language
    if source and not needs_translation(source, target):
        raise BadInput(
            f"spec.sourceLanguage and spec.targetLanguage are both {target}: there is nothing to "
            "dub.",
            reason="SameLanguage",
        )
    if source:
        _require(source, request, Stage.TRANSCRIBE, "sourceLanguage")
        check_pair(request, source)
    _require(target, request, Stage.SYNTHESIZE, "targetLanguage")


def check_pair(request: StageRequest, source: str) -> None:
    """Raise :class:`BadInput` if the translation engine cannot translate from `source`, the
    spoken language, to the target language."""
    target, name = request.target_language, request.engines[Stage.TRANSLATE].engine
    codes = (
        _require(source, request, Stage.TRANSLATE, "sourceLanguage"),
        _require(target, request, Stage.TRANSLATE, "targetLanguage"),
    )
    if codes[0] and codes[0] == codes[1]:
        raise BadInput(
            f"The engine {name} of profile stage translate knows {source} and {target} as one "
            "language. Choose a profile with another engine.",
            reason="LanguageUnsupported",
        )
    engine = ENGINES.get(name)
    if engine is None or engine.pairs is None:
        return
    if primary(target) not in engine.pairs.get(primary(source), ()):
        pairs = ", ".join(
            f"{one} to {other}" for one in engine.pairs for other in engine.pairs[one]
        )
        raise BadInput(
            f"The engine {name} of profile stage translate cannot translate {source} to "
            f"{target}; it has {pairs}. Choose one of these, or a profile with another engine.",
            reason="LanguageUnsupported",
        )


def _require(tag: str, request: StageRequest, stage: Stage, field: str) -> str | None:
    """The code that the stage's engine has for `tag`; None for an engine without a list.

    Raises :class:`BadInput` if the engine lists its languages without `tag`.
    """
    choice = request.engines[stage]
    engine = ENGINES.get(choice.engine)
    languages = engine.languages_for(choice) if engine else None
    if languages is None:
        return None
    code = engine_code(tag, languages)
    if code:
        return code
    raise BadInput(
        f"The engine {choice.engine} of profile stage {stage} does not have the language {tag} of "
        f"spec.{field}; it has {', '.join(sorted(languages.codes))}. Choose one of these, or a "
        "profile with another engine.",
        reason="LanguageUnsupported",
    )
