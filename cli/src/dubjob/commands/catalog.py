"""``dub profiles``, ``languages`` and ``models``: what can be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from dubjob.commands.session import session
from dubjob_operator.api.profile import DubProfile
from dubstage.contract import Stage
from dubstage.engines.table import ENGINES

Profile = Annotated[str | None, typer.Option(help="Profile. Defaults to the default one.")]


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
    """List what a profile recognizes, translates and speaks."""
    now = session(context)
    choices = now.client.profile({"name": profile} if profile is not None else None).spec.engines()
    rows = []
    for stage in (Stage.TRANSCRIBE, Stage.TRANSLATE, Stage.SYNTHESIZE):
        choice = choices.get(stage)
        engine = ENGINES.get(choice.engine) if choice else None
        if choice is None or engine is None:
            continue
        found = engine.languages_for(choice)
        pairs = engine.pairs_for(choice)
        if pairs:
            words: Iterable[str] = (
                f"{source} to {target}"
                for source, targets in sorted(pairs.items())
                for target in targets
            )
        else:
            words = sorted(found.codes) if found else ["any"]
        rows.append({"stage": str(stage), "engine": choice.engine, "languages": " ".join(words)})
    now.show(["stage", "engine", "languages"], rows)


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
