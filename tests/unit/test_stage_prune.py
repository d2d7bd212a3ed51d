"""Media that is in use is kept, however old its files are."""

from __future__ import annotations

import errno
import json
import math
import os
import time
from pathlib import Path
from typing import Any

import pytest

from dubstage.contract import Stage
from dubstage.errors import TemporaryFailure
from dubstage.workspace import dubjobs
from dubstage.workspace.dubjobs import ApiServer, last_used
from dubstage.workspace.layout import Artifact, Roots, Tree
from dubstage.workspace.prune import InUse, Outcome, prune

DAY = 86400.0
JOBS = ("forgotten", "review", "running", "ended", "just-ended", "theirs")


def dubjob(name: str, status: str, since: str, generation: int = 1, **spec: Any) -> dict[str, Any]:
    """A DubJob whose condition Finished has that status since then."""
    finished = {
        "type": "Finished", "status": status, "lastTransitionTime": since, "observedGeneration": 1,
    }  # fmt: skip
    return {
        "metadata": {"name": name, "generation": generation},
        "spec": spec,
        "status": {"conditions": [{"type": "Complete", "status": "False"}, finished]},
    }


class Listed(ApiServer):
    """An API server with pages of one DubJob."""

    pages: tuple[dict[str, Any], ...] = ()

    @property
    def namespace(self) -> str:
        return "dubbing"

    def get(self, path: str) -> dict[str, Any]:
        assert path.startswith("/apis/dubjob.dev/v1alpha1/namespaces/dubbing/dubjobs?limit=")
        number = int(path.rpartition("continue=")[2]) if "continue=" in path else 0
        more = number + 1 < len(self.pages)
        metadata = {"continue": str(number + 1)} if more else {}
        return {"metadata": metadata, "items": list(self.pages[number : number + 1])}


def listed(*dubjobs: dict[str, Any]) -> Listed:
    server = Listed("", 0, Path("/nowhere"))
    object.__setattr__(server, "pages", dubjobs)
    return server


def volumes(root: Path, age: float) -> Roots:
    """The folders of all jobs, last written `age` seconds ago."""
    roots = Roots(root / "inputs", root / "interim", root / "outputs", root / "models")
    for name in JOBS:
        tree = Tree(roots, name)
        tree.owner.parent.mkdir(parents=True)
        (roots.outputs / name).mkdir(parents=True)
        namespace = "team-b" if name == "theirs" else "dubbing"
        tree.owner.write_text(json.dumps({"namespace": namespace, "name": name}))
        for path in (
            roots.interim / name,
            *(roots.interim / name).rglob("*"),
            roots.outputs / name,
        ):
            os.utime(path, (time.time() - age,) * 2)
    return roots


def at(age: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - age))


def test_only_media_without_use_is_deleted(tmp_path: Path) -> None:
    roots = volumes(tmp_path, 31 * DAY)
    used = last_used(
        listed(
            dubjob("review", "False", at(31 * DAY)),
            dubjob("new-spec", "True", at(90 * DAY), generation=2, jobID="running"),
            dubjob("ended", "True", at(31 * DAY)),
            dubjob("just-ended", "True", at(1 * DAY)),
        )
    )
    in_use = InUse("dubbing", used)
    chosen = list(prune(roots, 30, Outcome.ANY, in_use=in_use, dry_run=True))
    assert chosen == ["ended", "forgotten"]
    assert list(prune(roots, 30, Outcome.ANY, in_use=in_use)) == chosen
    assert {path.name for path in roots.interim.iterdir()} == set(JOBS) - set(chosen)
    assert {path.name for path in roots.outputs.iterdir()} == set(JOBS) - set(chosen)


@pytest.mark.parametrize("folder", ["interim", "outputs"])
def test_volume_without_a_dub_has_nothing_to_delete(tmp_path: Path, folder: str) -> None:
    roots = Roots(
        tmp_path / "inputs", tmp_path / "interim", tmp_path / "outputs", tmp_path / "models"
    )
    assert list(prune(roots, 30, Outcome.ANY)) == []
    (tmp_path / folder / "old").mkdir(parents=True)
    os.utime(tmp_path / folder / "old", (0, 0))
    assert list(prune(roots, 30, Outcome.ANY)) == ["old"]


def test_file_that_a_stage_deletes_in_the_meantime_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = volumes(tmp_path, 31 * DAY)
    partial = roots.interim / "running" / "x.partial"
    partial.touch()
    known = Path.lstat

    def lstat(path: Path) -> os.stat_result:
        if path == partial:
            path.unlink()
        return known(path)

    monkeypatch.setattr(Path, "lstat", lstat)
    assert set(prune(roots, 30, Outcome.ANY, dry_run=True)) == set(JOBS) - {"running"}


@pytest.mark.parametrize("part", ["outputs/running", "outputs/running/deep"])
@pytest.mark.parametrize("code", [errno.ESTALE, errno.EIO, errno.EACCES])
def test_folder_that_cannot_be_listed_is_kept(
    code: int, part: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error of the volume that happens once: what is in the folder may be new."""
    roots = volumes(tmp_path, 31 * DAY)
    fresh = roots.outputs / "running/deep/dubbed_video.mp4"
    fresh.parent.mkdir()
    fresh.write_text("just written")
    for folder in (fresh.parent, fresh.parent.parent):
        os.utime(folder, (0, 0))
    failing = [str(tmp_path / part)]
    known = os.scandir

    def scandir(path: Any = ".") -> Any:
        if str(path) in failing:
            failing.remove(str(path))
            raise OSError(code, os.strerror(code), str(path))
        return known(path)

    monkeypatch.setattr(os, "scandir", scandir)
    deleted: list[str] = []
    with pytest.raises(TemporaryFailure, match=r"running \(.*" + os.strerror(code)):
        deleted.extend(prune(roots, 30, Outcome.ANY))
    assert set(deleted) == set(JOBS) - {"running"}
    assert fresh.read_text() == "just written"
    assert {path.name for path in roots.interim.iterdir()} == {"running"}


def test_claim_that_cannot_be_read_keeps_the_media(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be that of a DubJob of another namespace."""
    roots = volumes(tmp_path, 31 * DAY)
    claim = Tree(roots, "theirs").owner
    known = Path.read_text

    def read_text(path: Path, *arguments: Any, **options: Any) -> str:
        if path == claim:
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE), str(path))
        return known(path, *arguments, **options)

    monkeypatch.setattr(Path, "read_text", read_text)
    with pytest.raises(TemporaryFailure, match="theirs"):
        list(prune(roots, 30, Outcome.ANY, in_use=InUse("dubbing", {})))
    assert claim.exists()


@pytest.mark.parametrize("outcome", list(Outcome))
def test_folder_that_cannot_be_deleted_fails_every_run_until_it_is_deleted(
    outcome: Outcome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its report may be gone, and what is left of it has a new time."""
    roots = volumes(tmp_path, 31 * DAY)
    left = roots.outputs / "review"
    if outcome is Outcome.COMPLETE:
        for path in (
            Tree(roots, "review").path(Artifact.REPORT),
            Tree(roots, "review").manifest(Stage.MUX),
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
    (left / "kept").touch()
    for path in (roots.interim / "review", left):
        for below in (*path.rglob("*"), path):
            os.utime(below, (0, 0))
    expected = {"review"} if outcome is Outcome.COMPLETE else set(JOBS)
    known = os.unlink

    def unlink(path: Any, **options: Any) -> None:
        if str(path).endswith("kept"):
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        known(path, **options)

    with monkeypatch.context() as failing:
        failing.setattr(os, "unlink", unlink)
        deleted: list[str] = []
        for _ in range(2):
            with pytest.raises(TemporaryFailure, match="review is not deleted completely"):
                deleted.extend(prune(roots, 30, outcome))
        assert set(deleted) == expected - {"review"}
    fresh = roots.outputs / "review/new"
    fresh.parent.mkdir()
    fresh.touch()
    assert list(prune(roots, 30, outcome, dry_run=True)) == ["review"]
    assert list(prune(roots, 30, outcome)) == ["review"]
    assert [path.name for path in roots.outputs.glob("*review*")] == ["review"]
    assert fresh.exists(), "a new dub of that name"
    assert list(prune(roots, 30, outcome)) == []


@pytest.mark.parametrize("folder", ["interim", "outputs"])
def test_job_of_which_one_folder_cannot_be_renamed_is_kept(
    folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    roots = volumes(tmp_path, 31 * DAY)
    known = Path.rename

    def rename(path: Path, new: Path) -> Path:
        if path == tmp_path / folder / "review":
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), str(path))
        return known(path, new)

    monkeypatch.setattr(Path, "rename", rename)
    deleted: list[str] = []
    for _ in range(2):
        with pytest.raises(TemporaryFailure, match=r"review \("):
            deleted.extend(prune(roots, 30, Outcome.ANY))
    assert set(deleted) == set(JOBS) - {"review"}
    assert [path.name for path in roots.interim.iterdir()] == ["review"]
    assert Tree(roots, "review").owner.exists()


def test_command_fails_for_what_it_cannot_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dubstage.__main__ import main

    roots = volumes(tmp_path, 31 * DAY)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    known = os.scandir

    def scandir(path: Any = ".") -> Any:
        if str(path) == str(roots.outputs / "ended"):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return known(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr("sys.argv", ["dubstage", "media", "prune", "--older-than-days=30"])
    assert main() == 75
    printed = capsys.readouterr()
    assert "ended (" in printed.err
    assert printed.out.count("interim files and outputs deleted") == len(JOBS) - 1


def test_without_the_api_server_the_last_write_counts(tmp_path: Path) -> None:
    roots = volumes(tmp_path, 31 * DAY)
    assert set(prune(roots, 30, Outcome.ANY)) == set(JOBS)


def test_one_unfinished_dubjob_keeps_a_shared_folder() -> None:
    done, waiting = (
        dubjob(name, status, at(90 * DAY), jobID="shared")
        for name, status in (("a", "True"), ("b", "False"))
    )
    for order in ((done, waiting), (waiting, done)):
        assert last_used(listed(*order)) == {"shared": math.inf}


def test_new_dubjob_without_conditions_is_not_finished() -> None:
    new = {"metadata": {"name": "new"}, "spec": {}, "status": {"observedGeneration": -1}}
    assert last_used(listed(new)) == {"new": math.inf}


@pytest.mark.parametrize("answer", [OSError("403 Forbidden"), KeyError("items"), ValueError("x")])
def test_list_that_fails_deletes_nothing(
    answer: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def get(_: ApiServer, __: str) -> dict[str, Any]:
        raise answer

    monkeypatch.setattr(Listed, "get", get)
    with pytest.raises(TemporaryFailure, match="nothing was deleted"):
        last_used(listed())


def test_command_deletes_nothing_without_an_api_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from dubstage.__main__ import main

    roots = volumes(tmp_path, 31 * DAY)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    monkeypatch.setattr(dubjobs, "SERVICE_ACCOUNT", tmp_path / "none")
    monkeypatch.setattr(
        "sys.argv", ["dubstage", "media", "prune", "--older-than-days=30", "--keep-unfinished"]
    )
    assert main() == 75
    assert "media prune:" in capsys.readouterr().err
    assert {path.name for path in roots.interim.iterdir()} == set(JOBS)
