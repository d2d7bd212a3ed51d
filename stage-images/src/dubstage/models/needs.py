"""The models that a profile's engines need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path

from pydantic import TypeAdapter

from dubstage.contract import EngineChoice, Stage
from dubstage.engines import ENGINES
from dubstage.engines.languages import WHISPER
from dubstage.engines.repositories import COMPANIONS, Need, Source
from dubstage.errors import Misconfigured
from dubstage.text.languages import engine_code

NAMED = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9-]*/[A-Za-z0-9][\w.-]*)(@sha256:(?P<digest>[0-9a-f]{64}))?"
)


def read_profile(path: Path) -> list[EngineChoice]:
    """The engines of the profile, or of its spec, in the JSON file `path`. Names of stages
    that this version does not have are ignored.

    Raises :class:`Misconfigured` if it has none.
    """
    try:
        content = json.loads(path.read_text())
        spec = content.get("spec", content)
        known = {str(stage) for stage in Stage}
        stages = {name: chosen for name, chosen in spec["stages"].items() if name in known}
        return list(TypeAdapter(dict[str, EngineChoice]).validate_python(stages).values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise Misconfigured(
            f"{path} is neither a profile in JSON nor the spec of one: expected "
            f"stages.<stage>.engine ({str(error).splitlines()[0]})."
        ) from error


def named(word: str) -> tuple[Need, str | None]:
    """The model that `word` names, and its revision if given: ``<engine>/<model>`` or
    ``<engine>/<model>@sha256:<digest>``.

    Raises :class:`Misconfigured` for another form.
    """
    found = NAMED.fullmatch(word)
    if found is None:
        raise Misconfigured(
            f"{word!r} names no model: expected <engine>/<model> or "
            "<engine>/<model>@sha256:<64 digits>."
        )
    return Need(found["name"], sources_of(found["name"])), found["digest"]


def needs_of(choices: Iterable[EngineChoice]) -> list[Need]:
    """The models that the engines need, each once, in the stages' order. One that any engine
    cannot work without is required."""
    needs: dict[str, Need] = {}
    for choice in choices:
        engine = ENGINES.get(choice.engine)
        found = engine.companions(choice) if engine else []
        if choice.model and (engine is None or engine.model_sources):
            name = f"{choice.engine}/{choice.model}"
            found = [Need(name, sources_of(name)), *found]
        for need in found:
            known = needs.setdefault(need.name, need)
            if known.without and not need.without:
                needs[need.name] = need
    return list(needs.values())


def sources_of(name: str) -> tuple[Source, ...]:
    """Where the model `name`, ``<engine>/<model>``, comes from; empty if that is not known."""
    engine_name, _, model = name.partition("/")
    engine = ENGINES.get(engine_name)
    find = engine.model_sources if engine else COMPANIONS.get(engine_name)
    return find(model) if find else ()


def companions(choice: EngineChoice, language: str | None = None) -> list[Need]:
    """The models that the engine uses in addition to its own for a source in `language` (BCP
    47); for one of any of the engine's languages if it is None."""
    engine = ENGINES.get(choice.engine)
    if language:
        code = engine_code(language, WHISPER) or language
        parameters = {**choice.parameters, "align_languages": code}
        choice = choice.model_copy(update={"parameters": parameters})
    return engine.companions(choice) if engine else []
