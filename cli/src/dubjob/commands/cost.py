"""``dub cost``: GPU time, and its price according to a price file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from kubernetes.utils.quantity import parse_quantity

from dubjob.arguments import yaml_fields
from dubjob.client import Client
from dubjob.commands.session import session
from dubjob.commands.show import no_dubs
from dubjob.dub import Dub
from dubjob.errors import NotFoundError, UsageError
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageStatus
from dubjob_operator.planning.times import parse, seconds_since
from dubjob_operator.planning.verbs import STAGES
from dubstage.contract import Stage

GPU = re.compile(
    r"""^(?:
        [^/]+/(?:gpu|vgpu|pgpu)(?:[.-].*)?  # nvidia.com/gpu, nvidia.com/gpu.shared, amd.com/gpu
        | [^/]+/mig-.+                      # nvidia.com/mig-1g.5gb
        | gpu\.[^/]+/.+                     # gpu.intel.com/i915
    )$""",
    re.VERBOSE,
)
"""Names of resources that are GPUs, or parts of one. Other extended resources are not, for example
rdma/hca."""


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
    if not by:
        raise UsageError("--by is empty: use stage, dub, namespace, or the key of a label.")
    price_of = _prices(prices)
    dubs = now.client.dubs(selector=selector, everywhere=everywhere)
    totals = sums(dubs, _Profiles(now.client).of, price_of, by)
    columns = [by, "seconds", "gpu seconds", *(["price"] if prices else [])]
    if everywhere and by == "dub":
        columns.insert(0, "namespace")
    rows = [total.row(by, priced=prices is not None) for total in totals]
    now.show(columns, rows, name=by, nothing=no_dubs(now, everywhere))


@dataclass
class Total:
    """The sum of one group."""

    group: str
    namespace: str | None
    """Namespace of a group that is a dub."""
    seconds: float = 0.0
    gpu_seconds: float = 0.0
    price: float = 0.0

    def row(self, by: str, *, priced: bool) -> dict[str, Any]:
        """The columns, and what JSON and YAML show, the price only if there are prices."""
        place = {} if self.namespace is None else {"namespace": self.namespace}
        return {
            **place,
            by: self.group,
            "seconds": f"{self.seconds:.1f}",
            "gpu seconds": f"{self.gpu_seconds:.1f}",
            "price": f"{self.price:.2f}",
            "object": {
                **place, by: self.group, "seconds": round(self.seconds, 1),
                "gpuSeconds": round(self.gpu_seconds, 1),
                **({"price": round(self.price, 4)} if priced else {}),
            },
        }  # fmt: skip


def sums(
    dubs: Iterable[Dub],
    profile_of: Callable[[Dub], DubProfile | None],
    price_of: Mapping[str, float],
    by: str,
) -> list[Total]:
    """The totals of each group, in order. `price_of`: price of an hour by resource."""
    totals: dict[tuple[str, str], Total] = {}
    for dub in dubs:
        profile = profile_of(dub)
        # Dubs of two namespaces may have the same name.
        namespace = dub.namespace if by == "dub" else None
        for stage in dub.stages:
            group = _group(dub, stage.name, by)
            total = totals.setdefault((namespace or "", group), Total(group, namespace))
            seconds, limits = active_seconds(stage), _limits(profile, stage.name)
            total.seconds += seconds
            total.gpu_seconds += seconds * sum(limits[name] for name in limits if GPU.match(name))
            price = sum(count * price_of.get(name, 0.0) for name, count in limits.items())
            total.price += seconds / 3600 * price
    if by == "stage":
        return sorted(totals.values(), key=lambda total: _place(total.group))
    return [totals[key] for key in sorted(totals)]


def _place(stage: str) -> tuple[int, str]:
    """The place of a stage in the pipeline; last for one of another version."""
    return STAGES.index(stage) if stage in STAGES else len(STAGES), stage


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
        self._known: dict[tuple[str, str], DubProfile | None] = {}

    def of(self, dub: Dub) -> DubProfile | None:
        """The profile that the DubJob used, None if it is gone."""
        used = dub.dubjob.profile
        key = used.key(dub.namespace)
        if key not in self._known:
            try:
                raw = self._client.cluster.profile(used.kind, used.name, namespace=dub.namespace)
                self._known[key] = DubProfile.model_validate(raw)
            except NotFoundError:
                self._known[key] = None
        return self._known[key]


def _limits(profile: DubProfile | None, stage: str) -> dict[str, float]:
    """The limits of the stage's container, by resource."""
    if profile is None or stage not in STAGES:
        return {}
    resources = profile.spec.stage(Stage(stage)).resources
    limits = (resources.limits if resources else None) or {}
    return {name: float(parse_quantity(value)) for name, value in limits.items()}


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
        return {str(name): float(price) for name, price in yaml_fields(file).items()}
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{file} is not a price file: write for example `nvidia.com/gpu: 2.50` ({error})."
        ) from error
