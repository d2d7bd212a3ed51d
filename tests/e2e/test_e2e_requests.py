"""Requests of users to a DubJob, on a real node with the real stages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_view import (
    STAGES,
    VOLUME,
    Cluster,
    Lay,
    Names,
    conditions,
    dubjob_manifest,
    is_finished,
    stage_status,
)

SPOKEN = "Buenos días a todos."


def test_own_transcript_replaces_the_engine(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """Its stage runs without a GPU, and what follows works on the person's lines."""
    name = names("brought")
    lay_source(name, sentence)
    (VOLUME / "inputs" / name / "transcript.srt").write_text(
        "1\n00:00:01,000 --> 00:00:03,500\nGood morning everybody.\n\n"
        "2\n00:00:04,200 --> 00:00:06,500\nThank you for your patience.\n"
    )
    cluster.apply(dubjob_manifest(name))
    done = cluster.finished(name)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert stage_status(done, "transcribe")["imports"] is True
    (job,) = [job for job in cluster.jobs(name) if _stage(job) == "transcribe"]
    assert "nvidia.com/gpu" not in json.dumps(job["spec"])
    lines = json.loads((VOLUME / "outputs" / name / "text/trg_transcript.json").read_text())
    assert [line["start"] for line in lines] == [1.0, 4.2]
    assert "Gracias" in lines[1]["translation"]


def test_bad_correction_fails_with_line_and_reason(
    cluster: Cluster, sample: Path, lay_source: Lay, names: Names
) -> None:
    name = names("brought-bad")
    lay_source(name, sample)
    (VOLUME / "inputs" / name / "translation.srt").write_text("1\n00:00:01,000 -> nonsense\nHola\n")
    cluster.apply(dubjob_manifest(name))
    failed = cluster.finished(name, timeout=60)
    message = conditions(failed)["Finished"]["message"]
    assert "translation.srt" in message
    assert "line 2" in message
    assert cluster.stages_run(name) == ["ingest"]


def test_correction_of_a_review_is_audible_in_the_dub(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    name = names("reviewed")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name, reviewAfter=["translate"]))
    waiting = cluster.until(name, lambda dubjob: _reason(dubjob) == "AwaitingReview", 180)
    message = conditions(waiting)["Finished"]["message"]
    shown, _, _ = message.partition(". To correct")
    review = VOLUME / shown.rpartition(" ")[2]
    lines = json.loads(review.read_text())
    lines[0]["translation"] = SPOKEN
    corrected = VOLUME / "inputs" / name / "translation.json"
    assert str(corrected.relative_to(VOLUME)) in message
    corrected.write_text(json.dumps(lines))
    _, _, command = message.partition("To approve it, run: kubectl ")
    cluster.kubectl(*command.split())
    done = cluster.finished(name)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    dubbed = json.loads((VOLUME / "outputs" / name / "report.json").read_text())["segments"]
    assert dubbed[0]["translation"] == SPOKEN


def test_interim_files_are_deleted_and_results_still_reused(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names, profile: Callable[..., str]
) -> None:
    tidy = profile(deleteInterimFiles="OnComplete")
    name = names("tidy")
    lay_source(name, sentence)
    manifest = dubjob_manifest(name, profile=tidy)
    cluster.apply(manifest)
    done = cluster.finished(name)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    interim = VOLUME / "interim" / name
    assert {path.parent.name for path in interim.rglob("*") if path.is_file()} == {".dubstage"}
    cluster.kubectl("delete", "dubjob", name, "--wait=true")
    cluster.apply(manifest)
    again = cluster.finished(name, timeout=60)
    assert [stage_status(again, stage).get("reused") for stage in STAGES[1:]] == [True] * 5


def test_suspend_and_resume_on_the_node(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """The running stage is stopped and starts again; finished stages keep their results."""
    name = names("suspended")
    lay_source(name, sentence)
    cluster.apply(dubjob_manifest(name))
    cluster.until(name, lambda dubjob: stage_status(dubjob, "transcribe").get("state") == "Running")
    cluster.kubectl("patch", "dubjob", name, "--type=merge", "-p", '{"spec": {"suspend": true}}')
    paused = cluster.until(
        name, lambda dubjob: conditions(dubjob).get("Suspended", {}).get("status") == "True"
    )
    assert stage_status(paused, "separate")["state"] == "Succeeded"
    cluster.kubectl("patch", "dubjob", name, "--type=merge", "-p", '{"spec": {"suspend": false}}')
    done = cluster.until(name, is_finished, 300)
    assert conditions(done)["Complete"]["status"] == "True", done["status"]
    assert [stage_status(done, stage)["run"] for stage in STAGES] == [1, 1, 2, 1, 1, 1]


def test_cron_job_of_the_chart_prunes_old_media(
    cluster: Cluster, sentence: Path, lay_source: Lay, names: Names
) -> None:
    """The CronJob's own pod, on the real volume: old jobs go, inputs and new jobs stay."""
    old, new = names("pruned"), names("kept")
    for job, age in ((old, "40 days ago"), (new, "now")):
        lay_source(job, sentence)
        folder = VOLUME / "outputs" / job
        folder.mkdir()
        (folder / "report.json").write_text("{}")
        subprocess.run(["chown", "-R", "1000:1000", str(folder)], check=True)
        for path in (folder / "report.json", folder):
            subprocess.run(["touch", "--date", age, str(path)], check=True)
    images = dict(line.split("=", 1) for line in Path("build/images.env").read_text().splitlines())
    rendered = subprocess.run(
        ["helm", "template", "dubjob-profiles", "charts/dubjob-profiles", "--namespace", "dubbing",
         "--set", f"prune.enabled=true,images.cpu={images['CPU']}",
         "--set", f"images.extra={images['EXTRA']}", "--show-only", "templates/prune.yaml"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    cluster.kubectl("apply", "-f", "-", stdin=rendered)
    try:
        cluster.kubectl("create", "job", "prune-now", "--from=cronjob/dubjob-prune")
        cluster.kubectl("wait", "--for=condition=complete", "job/prune-now", "--timeout=60s")
        assert old in cluster.kubectl("logs", "job/prune-now")
    finally:
        cluster.kubectl(
            *("delete", "job/prune-now", "cronjob/dubjob-prune", "serviceaccount/dubjob-prune"),
            *("role/dubjob-prune", "rolebinding/dubjob-prune", "--ignore-not-found"),
        )
    assert not (VOLUME / "outputs" / old).exists()
    assert (VOLUME / "inputs" / old / "source.mp4").exists()
    assert (VOLUME / "outputs" / new / "report.json").exists()


def _stage(job: dict[str, Any]) -> str:
    return str(job["metadata"]["labels"]["dubjob.dev/stage"])


def _reason(dubjob: dict[str, Any]) -> str:
    return str(conditions(dubjob).get("Finished", {}).get("reason", ""))
