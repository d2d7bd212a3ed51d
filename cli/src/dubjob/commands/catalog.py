"""``dub profiles``, ``languages`` and ``models``: what can be chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from dubjob.commands.session import session
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import EngineChoice, Stage
from dubstage.engines import ENGINES
from dubstage.text.language_chain import dubbed_pairs, languages_of, pairs_of, reaches

Profile = Annotated[str | None, typer.Option(help="Profile. Defaults to the default one.")]

SPOKEN = (Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE)
"""Stages whose engine has to have a language."""


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for command in (profiles, languages, models):
        app.command()(command)


def profiles(context: typer.Context) -> None:
    """List the profiles that DubJobs of the namespace can use."""
    now = session(context)
    rows = []
    for raw in now.client.cluster.profiles():
        profile = DubProfile.model_validate(raw)
        accepted = profile.status.accepted
        rows.append(
            {
                "name": profile.metadata.name,
                "kind": str(profile.kind),
                "accepted": accepted.status if accepted else "Unknown",
                "engines": ", ".join(
                    f"{stage}: {choice.engine}"
                    for stage, choice in profile.spec.engines().items()
                    if stage not in (Stage.INGEST, Stage.MUX)
                ),
                "object": raw,
            }
        )
    now.show(
        ["name", "kind", "accepted", "engines"],
        rows,
        nothing=f"There are no profiles for the namespace {now.client.namespace}. Install the "
        "chart dubjob-profiles.",
    )


def languages(context: typer.Context, profile: Profile = None) -> None:
    """List what a profile recognizes, translates and speaks, and what it can dub with all three."""
    now = session(context)
    choices = now.client.profile({"name": profile} if profile is not None else None).spec.engines()
    known = [stage for stage in SPOKEN if stage in choices and choices[stage].engine in ENGINES]
    rows = [_language_row(choices, stage) for stage in known]
    if len(rows) == len(SPOKEN):
        rows.append(_dub_row(choices))
    now.show(["stage", "engine", "languages"], rows)


def _language_row(choices: Mapping[Stage, EngineChoice], stage: Stage) -> dict[str, Any]:
    """The languages of one stage."""
    engine = choices[stage].engine
    if stage is Stage.TRANSLATE and (pairs := pairs_of(choices)):
        every = [(source, target) for source in sorted(pairs) for target in pairs[source]]
        return _row(str(stage), engine, pairs=every)
    found = languages_of(choices, stage)
    return _row(str(stage), engine, None if found is None else sorted(found.codes))


def _dub_row(choices: Mapping[Stage, EngineChoice]) -> dict[str, Any]:
    """What the stages can dub together."""
    if pairs_of(choices):
        return _row("all", None, pairs=list(dubbed_pairs(choices)))
    voices = languages_of(choices, Stage.SYNTHESIZE) or languages_of(choices, Stage.TRANSLATE)
    if voices is None:
        return _row("all", None)
    return _row("all", None, [one for one in sorted(voices.codes) if reaches(choices, None, one)])


def _row(
    stage: str,
    engine: str | None,
    codes: list[str] | None = None,
    pairs: list[tuple[str, str]] | None = None,
) -> dict[str, Any]:
    """A row of the table. JSON and YAML have `languages`, null for any, or `pairs`."""
    if pairs is not None:
        text = ", ".join(f"{source} to {target}" for source, target in pairs)
        listed: dict[str, Any] = {"pairs": [{"from": one, "to": other} for one, other in pairs]}
    else:
        text, listed = "any" if codes is None else ", ".join(codes), {"languages": codes}
    row = {"stage": stage, "engine": engine, "languages": text or "none"}
    return {**row, "object": {"stage": stage, "engine": engine, **listed}}


def models(context: typer.Context, profile: Profile = None) -> None:
    """List the models that a profile uses."""
    now = session(context)
    choices = now.client.profile({"name": profile} if profile is not None else None).spec.engines()
    now.show(
        ["model", "stage"],
        [
            {"model": f"{choice.engine}/{choice.model}", "stage": str(stage)}
            for stage, choice in choices.items()
            if choice.model
        ],
    )
