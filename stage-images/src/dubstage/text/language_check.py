"""The languages of a request against those of its engines.

Ingest refuses a language that a chosen engine does not have, before a GPU is asked for.
"""

from __future__ import annotations

from collections.abc import Collection

from dubstage.contract import Stage, StageRequest
from dubstage.errors import BadInput
from dubstage.text.language_chain import dubbed_pairs, languages_of, pairs_of, reaches
from dubstage.text.languages import engine_code, has_script, needs_translation, primary


def check(request: StageRequest, replaced: Collection[Stage] = ()) -> None:
    """Raise :class:`BadInput` for a language that a chosen engine does not have. The engines
    of the `replaced` stages are not needed, because files of the user replace their results.

    If the spoken language is to be detected, only the target is checked: whether the voices
    have it, and whether the translation has it from any language that can be recognized.
    """
    source, target = request.source_language, request.target_language
    if source and not needs_translation(source, target):
        raise BadInput(
            f"spec.sourceLanguage and spec.targetLanguage are both {target}: there is nothing to "
            "dub.",
            reason="SameLanguage",
        )
    if source and Stage.TRANSCRIBE not in replaced:
        _require(source, request, Stage.TRANSCRIBE, "sourceLanguage", replaced)
    if source:
        check_pair(request, source, replaced)
    elif Stage.TRANSLATE not in replaced:
        _require_target(request)
        _check_target(request, replaced)
    _require(target, request, Stage.SYNTHESIZE, "targetLanguage", replaced)


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
    pairs = pairs_of(request.engines)
    if pairs is not None and primary(target) not in pairs.get(primary(source), ()):
        raise _no_pair(f"cannot translate {source} to {target}", request)


def _check_target(request: StageRequest, replaced: Collection[Stage]) -> None:
    """Raise :class:`BadInput` if the engines have the target from no language."""
    target, engines = request.target_language, request.engines
    pairs = pairs_of(engines)
    if pairs is not None and all(primary(target) not in targets for targets in pairs.values()):
        raise _no_pair(f"cannot translate to {target}", request)
    is_recognized = Stage.TRANSCRIBE not in replaced and languages_of(engines, Stage.TRANSCRIBE)
    if is_recognized and not reaches(engines, None, target):
        _require(target, request, Stage.SYNTHESIZE, "targetLanguage")
        raise BadInput(
            f"The engine {engines[Stage.TRANSCRIBE].engine} of profile stage transcribe recognizes "
            f"no language that can be translated to {target}. Choose another target language, or a "
            "profile with another engine.",
            reason="LanguageUnsupported",
        )


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


def _no_pair(what: str, request: StageRequest) -> BadInput:
    pairs = pairs_of(request.engines) or {}
    every = [(one, other) for one in pairs for other in pairs[one]]
    listed = ", ".join(
        f"{one} to {other}" for one, other in list(dubbed_pairs(request.engines)) or every
    )
    return BadInput(
        f"The engine {request.engines[Stage.TRANSLATE].engine} of profile stage translate {what}; "
        f"it has {listed}. Choose one of these, or a profile with another engine.",
        reason="LanguageUnsupported",
    )


def _require(
    tag: str, request: StageRequest, stage: Stage, field: str, replaced: Collection[Stage] = ()
) -> str | None:
    """The code that the stage's engine has for `tag`; None for an engine without a list.

    Raises :class:`BadInput` if the engine lists its languages without `tag`. The message lists
    those that the other engines have, as well.
    """
    languages = languages_of(request.engines, stage)
    if languages is None:
        return None
    code = engine_code(tag, languages)
    if code:
        return code
    every = sorted(languages.codes)
    useful = [one for one in every if _is_useful(one, request, field, replaced)]
    raise BadInput(
        f"The engine {request.engines[stage].engine} of profile stage {stage} does not have the "
        f"language {tag} of spec.{field}. "
        + ("All engines of the profile have " if useful else "It has ")
        + f"{', '.join(useful or every)}. Choose one of these, or a profile with another engine.",
        reason="LanguageUnsupported",
    )


def _is_useful(code: str, request: StageRequest, field: str, replaced: Collection[Stage]) -> bool:
    """Whether the request could be dubbed with `code` as that field."""
    if field == "sourceLanguage":
        return reaches(request.engines, code, request.target_language, replaced)
    return reaches(request.engines, request.source_language, code, replaced)
