"""The languages of a request against those of its engines.

Ingest refuses a language that a chosen engine does not have, before a GPU is asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dubstage.contract import Stage, StageRequest
from dubstage.engines import ENGINES
from dubstage.errors import BadInput
from dubstage.text.languages import engine_code, has_script, needs_translation, primary


def check(request: StageRequest, replaced: Collection[Stage] = ()) -> None:
    """Raise :class:`BadInput` for a language that a chosen engine does not have. The engines
    of the `replaced` stages are not needed, because files of the user replace their results.

    If the spoken language is to be detected, only the target is checked: whether the voices
    have it, and whether the translation has it from any language.
    """
    source, target = request.source_language, request.target_language
    if source and not needs_translation(source, target):
        raise BadInput(
            f"spec.sourceLanguage and spec.targetLanguage are both {target}: there is nothing to "
            "dub.",
            reason="SameLanguage",
        )
    if source and Stage.TRANSCRIBE not in replaced:
        _require(source, request, Stage.TRANSCRIBE, "sourceLanguage")
    if source:
        check_pair(request, source, replaced)
    elif Stage.TRANSLATE not in replaced:
        _require_target(request)
        _check_target(request)
    _require(target, request, Stage.SYNTHESIZE, "targetLanguage")


def check_pair(request: StageRequest, source: str, replaced: Collection[Stage] = ()) -> None:
    """Raise :class:`BadInput` if the translation engine is needed, and cannot translate from
    `source`, the spoken language, to the target language."""
    if Stage.TRANSLATE in replaced:
        return
    target, name = request.target_language, request.engines[Stage.TRANSLATE].engine
    codes = (
        _require(source, request, Stage.TRANSLATE, "sourceLanguage"),
        _require_target(request),
    )
    if codes[0] and codes[0] == codes[1]:
        raise BadInput(
            f"The engine {name} of profile stage translate knows {source} and {target} as one "
            "language. Choose a profile with another engine.",
            reason="LanguageUnsupported",
        )
    pairs = _pairs(request)
    if pairs is not None and primary(target) not in pairs.get(primary(source), ()):
        raise _no_pair(f"cannot translate {source} to {target}", name, pairs)


def _check_target(request: StageRequest) -> None:
    """Raise :class:`BadInput` if the translation engine has the target from no language."""
    target, name = request.target_language, request.engines[Stage.TRANSLATE].engine
    pairs = _pairs(request)
    if pairs is not None and all(primary(target) not in targets for targets in pairs.values()):
        raise _no_pair(f"cannot translate to {target}", name, pairs)


def _require_target(request: StageRequest) -> str | None:
    """The translation engine's code for the target; None for an engine without a list.

    Raises :class:`BadInput` if the engine does not have the language, or writes it in another
    script than the one that the target names.
    """
    target, name = request.target_language, request.engines[Stage.TRANSLATE].engine
    code = _require(target, request, Stage.TRANSLATE, "targetLanguage")
    if code and not has_script(target, code):
        raise BadInput(
            f"The engine {name} of profile stage translate has {code}, and not in the script of "
            f"{target} in spec.targetLanguage. Set it to {primary(target)}, or choose a profile "
            "with another engine.",
            reason="LanguageUnsupported",
        )
    return code


def _pairs(request: StageRequest) -> Mapping[str, tuple[str, ...]] | None:
    choice = request.engines[Stage.TRANSLATE]
    engine = ENGINES.get(choice.engine)
    return engine.pairs_for(choice) if engine else None


def _no_pair(what: str, name: str, pairs: Mapping[str, tuple[str, ...]]) -> BadInput:
    listed = ", ".join(f"{one} to {other}" for one in pairs for other in pairs[one])
    return BadInput(
        f"The engine {name} of profile stage translate {what}; it has {listed}. Choose one of "
        "these, or a profile with another engine.",
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
