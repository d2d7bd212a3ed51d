"""One GPU, several dubs: the scheduler gives it to one pod at a time."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from local_view import STAGES, Cluster, Lay, Names, conditions, dubjob_manifest


def test_three_dubs_share_one_gpu(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """All three finish, and no two GPU pods ran at the same time."""
    dubs = [names(f"e2e-gpu-{number}") for number in range(3)]
    for dub in dubs:
        lay_source(dub, sentence)
    for dub in dubs:
        cluster.apply(dubjob_manifest(dub))
    for dub in dubs:
        done = cluster.finished(dub, timeout=600)
        assert conditions(done)["Complete"]["status"] == "True", done["status"]
        assert cluster.stages_run(dub) == list(STAGES)

    spans = sorted(
        _span(pod)
        for dub in dubs
        for pod in cluster.items("pods", "-l", f"dubjob.dev/dubjob={dub}")
        if "nvidia.com/gpu" in pod["spec"]["containers"][0]["resources"].get("limits", {})
    )
    assert len(spans) == 9
    for (_, ended, first), (started, _, second) in itertools.pairwise(spans):
        assert ended <= started, f"{first} and {second} had the GPU at once"


def _span(pod: dict[str, Any]) -> tuple[str, str, str]:
    """When the pod's container started and ended, and the pod's name. RFC 3339
    times of one zone sort as text."""
    state = pod["status"]["containerStatuses"][0]["state"]["terminated"]
    return state["startedAt"], state["finishedAt"], pod["metadata"]["name"]
