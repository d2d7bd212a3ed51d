"""What the pod of a stage can reach: the folders of its own job, and a request of any size."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from planning_world import NOW, World, dubjob, profile
from pydantic import ValidationError

from dubjob_operator import reasons
from dubjob_operator.api.dubjob import DubJob
from dubjob_operator.api.profile import DubProfile
from dubjob_operator.api.status import StageState
from dubjob_operator.cluster.cached_object import slim
from dubjob_operator.planning.failure_policy import explain
from dubjob_operator.planning.manifests import stage_job
from dubjob_operator.planning.stage_entry import first
from dubstage.contract import REQUEST_ENV, Stage, StageRequest
from dubstage.contract.glossary import read_glossary, with_glossary
from dubstage.workspace.layout import Artifact, Roots, Tree

LONG = [
    {"term": f"{n:03d} " + "Ж" * 60, "translation": f"{n:03d} " + "字" * 100} for n in range(450)
]


def template(job: DubJob, chosen: DubProfile | None = None, stage: Stage = Stage.MUX) -> Any:
    """The template of the pods of a stage."""
    return stage_job(job, chosen or profile(), first(stage, "0123", NOW))["spec"]["template"]


def writable(container: Any) -> set[str]:
    """What the container can write on the data volume."""
    mounts = [each for each in container["volumeMounts"] if each["name"] == "data"]
    assert all(each["mountPath"] == f"/data/{each['subPath']}" for each in mounts)
    return {each["subPath"] for each in mounts if not each.get("readOnly")}


@pytest.mark.parametrize("stage", Stage)
def test_stage_writes_only_to_the_folders_of_its_job(stage: Stage) -> None:
    pod = template(dubjob(jobID="lecture"), stage=stage)["spec"]
    (container,) = pod["containers"]
    assert writable(container) == {"interim/lecture", "outputs/lecture"}
    tree = Tree(Roots.from_environment({}), "lecture")
    for artifact in Artifact:
        name = str(tree.path(artifact).relative_to("/data"))
        assert name.startswith(("interim/lecture/", "outputs/lecture/"))
    assert tree.owner.is_relative_to("/data/interim/lecture")


def test_folders_are_created_before_the_stage_starts(tmp_path: Path) -> None:
    """The command of the init container, run on a volume, creates what the stage mounts."""
    chosen = profile(
        {"resources": {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi", "nvidia.com/gpu": 1}}}
    )
    pod = template(dubjob(jobID="lecture"), chosen)["spec"]
    (init,), (container,) = pod["initContainers"], pod["containers"]
    assert (init["image"], init["securityContext"]) == (
        container["image"],
        container["securityContext"],
    )
    assert init["resources"] == {"requests": {"cpu": "1"}, "limits": {"memory": "1Gi"}}
    assert "env" not in init, "no variable of a Secret"
    for root in writable(init):
        (tmp_path / root).mkdir()
        (tmp_path / root).chmod(0o2775)
    command = [word.replace("/data/", f"{tmp_path}/") for word in init["command"]]
    for _ in range(2):
        subprocess.run(command, check=True)
    for folder in writable(container):
        assert (tmp_path / folder).stat().st_mode & 0o7777 == 0o2775


def with_init(world: World, phase: str, state: dict[str, Any]) -> None:
    """The pod of the current Job: the init container is in `state`, and the stage waits."""
    world.pod(phase, waiting="PodInitializing")
    pod = {**world.pods[-1], "kind": "Pod"}
    pod["status"]["initContainerStatuses"] = [
        {"name": "istio-init", "state": {"terminated": {"exitCode": 9}}},
        {"name": "folders", "state": state},
    ]
    world.pods[-1] = {**slim(pod), "metadata": pod["metadata"]}


def test_image_that_the_init_container_cannot_pull_is_reported() -> None:
    world = World()
    world.step()
    waiting = {"reason": "ImagePullBackOff", "message": "not found"}
    with_init(world, "Pending", {"waiting": waiting})
    entry = world.later(120).stages[0]
    assert (entry.state, entry.reason, entry.message) == (
        StageState.PULLING, "ImagePullBackOff", "not found.",
    )  # fmt: skip


def test_stage_counts_once_the_folders_exist() -> None:
    world = World()
    world.step()
    with_init(world, "Running", {"terminated": {"exitCode": 0, "reason": "Completed"}})
    world.pods[-1]["status"]["containerStatuses"][0]["state"] = {
        "running": {"startedAt": "2026-01-02T03:04:05Z"}
    }
    assert world.step().stages[0].state is StageState.RUNNING


@pytest.mark.parametrize(
    ("cause", "remedy"),
    [("Permission denied", "user, group or fsGroup"), ("No space left on device", "Free some")],
)
def test_folders_that_cannot_be_created_are_explained(cause: str, remedy: str) -> None:
    world = World()
    world.step()
    said = f"mkdir: cannot create directory '/data/interim/talk': {cause}"
    ended = {"exitCode": 1, "reason": "Error", "message": f"{said}\n"}
    with_init(world, "Failed", {"terminated": ended})
    world.fail()
    entry = world.step().stages[0]
    assert (entry.state, entry.reason) == (StageState.FAILED, reasons.FOLDERS_NOT_CREATED)
    assert said in str(entry.message)
    assert remedy in str(entry.message)


@pytest.mark.parametrize(
    ("ended", "conditions", "reason"),
    [
        ({"exitCode": 128, "reason": "StartError", "message": "exec: mkdir: not found"}, [],
         reasons.START_ERROR),
        ({"exitCode": 143, "reason": "Error", "message": "mkdir: interrupted"},
         [{"type": "DisruptionTarget", "status": "True"}], reasons.DISRUPTED),
        ({"exitCode": 137, "reason": "OOMKilled"}, [], reasons.OUT_OF_MEMORY),
    ],
)  # fmt: skip
def test_folders_are_not_blamed_for_other_failures(
    ended: dict[str, Any], conditions: list[Any], reason: str
) -> None:
    world = World()
    world.step()
    with_init(world, "Failed", {"terminated": ended})
    world.pods[-1]["status"]["conditions"] = conditions
    (pod,) = world.observed().pods
    assert explain("ingest", pod, "DubProfile cpu").reason == reason


def started(pod: Any, tmp_path: Path) -> StageRequest:
    """The request as the stage reads it, after a real exec and with the file of the kubelet."""
    env = {each["name"]: each.get("value", "") for each in pod["spec"]["containers"][0]["env"]}
    subprocess.run(["true"], env={**env, "PATH": os.environ["PATH"]}, check=True)
    request = StageRequest.model_validate_json(env[REQUEST_ENV])
    for volume in pod["spec"]["volumes"]:
        for item in volume.get("downwardAPI", {}).get("items", ()):
            key = item["fieldRef"]["fieldPath"].split("'")[1]
            file = tmp_path / item["path"]
            file.write_bytes(pod["metadata"]["annotations"][key].encode())
            (mount,) = [
                each
                for each in pod["spec"]["containers"][0]["volumeMounts"]
                if each["name"] == volume["name"]
            ]
            assert request.glossary_file == f"{mount['mountPath']}/{item['path']}"
            request = request.model_copy(update={"glossary_file": str(file)})
    return with_glossary(request)


@pytest.mark.parametrize(
    "glossary",
    [
        LONG,
        LONG[:3],
        [{"term": f'{n}"\\$' * 12, "translation": "$" * 200} for n in range(500)],
        [{"term": f"{n} a\u2028b\u0085c", "translation": "é\u00a0"} for n in range(500)]
        + LONG[:250],
        [{"term": f"{n} " + "名" * 80} for n in range(490)],
        [
            {"term": f"{n}", "hear": ['"\\' * 20, "é\u2028"], "say": {"es": "/ˈaβe/", "en": "a"}}
            for n in range(490)
        ],
    ],
    ids=["long", "short", "dollars", "separators", "untranslated", "heard and said"],
)
def test_glossary_of_any_size_reaches_the_stage(glossary: list[Any], tmp_path: Path) -> None:
    pod = template(dubjob(glossary=glossary[:500]))
    request = started(pod, tmp_path)
    assert [entry.model_dump(exclude_none=True) for entry in request.glossary] == glossary[:500]
    assert request.glossary_file is None
    assert len(str(pod["metadata"]["annotations"]).encode()) < 250_000


def test_short_glossary_stays_in_the_environment() -> None:
    """Images of the previous version read nothing else."""
    pod = template(dubjob(glossary=LONG[:3]))
    assert not [volume for volume in pod["spec"]["volumes"] if "downwardAPI" in volume]
    request = StageRequest.model_validate_json(pod["spec"]["containers"][0]["env"][0]["value"])
    assert len(request.glossary) == 3


def test_glossary_that_no_pod_can_carry_is_refused() -> None:
    entries = [{"term": f"{n} " + "字" * 100, "translation": "字" * 100} for n in range(400)]
    with pytest.raises(ValidationError, match="192 KiB"):
        dubjob(glossary=entries)


def test_parameters_that_no_environment_can_carry_are_refused() -> None:
    profile({"parameters": {"prompt": "x" * 8000}})
    for text in ("x" * 8192, "字" * 3000, "$" * 1500):
        with pytest.raises(ValidationError, match="8192 bytes"):
            profile({"parameters": {"prompt": text}})


def test_cache_does_not_keep_the_glossary_of_pods() -> None:
    pod = {**template(dubjob(glossary=LONG)), "kind": "Pod", "status": {}}
    pod["metadata"] |= {"name": "p", "uid": "u", "resourceVersion": "1"}
    assert "Ж" not in str(slim(pod))


def test_entries_of_a_file_without_translation() -> None:
    entries = read_glossary("a\nb\tc\n")
    assert [(entry.term, entry.translation) for entry in entries] == [("a", None), ("b", "c")]


@pytest.mark.parametrize(
    "path",
    [
        "a\x1bb",
        "a\x9b31m",
        "talk\u202egpm.4pm",
        "a\u2066b",
        "a\u200fb",
        "a\u2028b",
        "a\nb",
        "a\x7f",
    ],
)
def test_path_that_a_terminal_shows_otherwise_is_refused(path: str) -> None:
    with pytest.raises(ValidationError, match="control characters"):
        dubjob(source={"path": path})


@pytest.mark.parametrize("path", ["/etc/passwd", "..", "a/../../b"])
def test_path_out_of_the_inputs_is_refused(path: str) -> None:
    """Also in an object that was stored before the schema refused it."""
    with pytest.raises(ValidationError, match="relative to the inputs folder"):
        dubjob(source={"path": path})


@pytest.mark.parametrize("path", ["متن/فیلم‌ها.mp4", "日本/映画.mkv", "a b/👩‍💻.mp4", "é.mp4"])
def test_path_in_any_script_is_accepted(path: str) -> None:
    assert dubjob(source={"path": path}).source_path == path
