"""A long source: progress, time remaining, and an upgrade in the meantime."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from local_view import (
    ROOT,
    STAGES,
    SYSTEM,
    Cluster,
    Lay,
    Names,
    conditions,
    dubjob_manifest,
    stage_status,
)

TIMES = 3
"""So often the sample is repeated: a minute and a half; an upgrade fits into its separation."""


@pytest.fixture
def film(sample: Path, tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    repeat = ["-stream_loop", str(TIMES - 1), "-i", str(sample), "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", *repeat], check=True)
    return path


def helm(*arguments: str) -> None:
    done = subprocess.run(
        ["helm", "--namespace", SYSTEM, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_progress_an_upgrade_and_a_rollback_while_it_runs(
    cluster: Cluster, film: Path, lay_source: Lay, names: Names
) -> None:
    name, later = names("long"), names("longer")
    for job_id in (name, later):
        lay_source(job_id, film)
    cluster.apply(dubjob_manifest(name))
    seen = cluster.until(
        name, lambda dubjob: bool(stage_status(dubjob, "separate").get("progress"))
    )
    assert stage_status(seen, "separate")["state"] == "Running"
    assert 0 < stage_status(seen, "separate")["progress"] < 100
    assert 0 < seen["status"]["progress"] < 100
    chart = str(ROOT / "charts/dubjob-operator")
    helm("upgrade", "dubjob", chart, "--reuse-values", "--set", "logLevel=DEBUG", "--wait")
    helm("rollback", "dubjob", "--wait")
    done = cluster.finished(name, timeout=600)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert [stage["attempts"] for stage in done["status"]["stages"]] == [1] * len(STAGES)
    assert len(cluster.items("pods", "-l", f"dubjob.dev/dubjob={name}")) == len(STAGES)

    # The operator that came with the rollback has learnt from the first what the next takes.
    cluster.apply(dubjob_manifest(later))
    told = cluster.until(
        later, lambda dubjob: "estimatedRemainingSeconds" in dubjob.get("status", {})
    )
    assert told["status"]["stage"] in ("ingest", "separate"), "before it has a pace of its own"
    took = sum(stage["elapsedMilliseconds"] for stage in done["status"]["stages"]) / 1000
    assert 0.3 * took < told["status"]["estimatedRemainingSeconds"] < 3 * took
