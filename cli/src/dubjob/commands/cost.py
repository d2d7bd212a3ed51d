"""``dub cost``: GPU time, and its price according to a price file."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated

import typer
import yaml

from dubjob.client import Client
from dubjob.commands.session import session
from dubjob.dub import Dub
from dubjob.errors import NotFoundError, UsageError
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageStatus
from dubjob_operator.planning.times import parse, seconds_since
from dubjob_operator.planning.verbs import STAGES
from dubstage.contract import Stage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(cost)


def cost(
    context: typer.Context,
    by: Annotated[str, typer.Option(help="stage, dub, namespace, or the key of a label.")] = "dub",
    selector: Annotated[
        str | None, typer.Option("--selector", "-l", help="Labels of the DubJobs.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="DubJobs of all namespaces.")
    ] = False,
    prices: Annotated[
        Path | None,
        typer.Option(help="YAML file: price of an hour by resource, for example nvidia.com/gpu."),
    ] = None,
) -> None:
    """Sum up the GPU time of DubJobs."""
    now = session(context)
    price_of = _prices(prices)
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    profiles = _Profiles(now.client)
    for dub in now.client.dubs(selector=selector, everywhere=everywhere):
        profile = profiles.of(dub)
        for stage in dub.stages:
            seconds = active_seconds(stage)
            gpus = _gpus(profile, stage.name)
            total = totals[_group(dub, stage.name, by)]
            total[0] += seconds
            total[1] += seconds * sum(gpus.values())
            total[2] += (
                seconds
                / 3600
                * sum(count * price_of.get(name, 0.0) for name, count in gpus.items())
            )
    rows = [
        {
            by: name,
            "seconds": f"{total[0]:.1f}",
            "gpu seconds": f"{total[1]:.1f}",
            "price": f"{total[2]:.2f}",
            "object": {
                by: name, "seconds": round(total[0], 1), "gpuSeconds": round(total[1], 1),
                "price": round(total[2], 4),
            },
        }
        for name, total in sorted(totals.items())
    ]  # fmt: skip
    now.show([by, "seconds", "gpu seconds", *(["price"] if prices else [])], rows)


def active_seconds(stage: StageStatus) -> float:
    """Seconds for which the stage's containers ran, of earlier pods and the latest."""
    latest = 0.0
    if stage.start_time and stage.completion_time:
        latest = seconds_since(stage.start_time, parse(stage.completion_time))
    return (stage.active_seconds or 0) + latest


class _Profiles:
    """Reads each profile once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[tuple[str, str, str], DubProfile | None] = {}

    def of(self, dub: Dub) -> DubProfile | None:
        """The profile that the DubJob used, None if it is gone."""
        used = dub.profile_reference
        key = (dub.namespace, used["kind"], used["name"])
        if key not in self._known:
            try:
                raw = self._client.cluster.profile(used["kind"], used["name"])
                self._known[key] = DubProfile.model_validate(raw)
            except NotFoundError:
                self._known[key] = None
        return self._known[key]


def _gpus(profile: DubProfile | None, stage: str) -> dict[str, float]:
    """The extended resources that the stage has a limit for."""
    if profile is None or stage not in STAGES:
        return {}
    resources = profile.spec.stage(Stage(stage)).resources
    limits = (resources.limits if resources else None) or {}
    return {name: float(value) for name, value in limits.items() if "/" in name}


def _group(dub: Dub, stage: str, by: str) -> str:
    match by:
        case "stage":
            return stage
        case "dub":
            return dub.name
        case "namespace":
            return dub.namespace
        case _:
            return dub.dubjob.metadata.labels.get(by, "-")


def _prices(file: Path | None) -> dict[str, float]:
    """Price of an hour by resource. Raises :class:`UsageError`."""
    if file is None:
        return {}
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
        return {str(name): float(price) for name, price in found.items()}
    except (
        OSError,
        UnicodeDecodeError,
        yaml.YAMLError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:
        raise UsageError(
            f"{file} is not a price file: write for example `nvidia.com/gpu: 2.50` ({error})."
        ) from error
