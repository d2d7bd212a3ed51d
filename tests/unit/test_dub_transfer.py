"""Transfers through connections that break: the real program of the pod, in a process here."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from dubjob.cluster import Cluster
from dubjob.errors import DubError, NotFoundError
from dubjob.transfer import files, pod, remote
from dubjob.transfer.files import download, remove, upload
from dubjob.transfer.pod import BrokenConnectionError, TransferPod

PIECE = 4096


class FlakyPod(TransferPod):
    """Runs the pod's program on a folder here. The calls in `cuts` break off in the middle."""

    def __init__(self, root: Path, cuts: int = 0, seed: int = 1) -> None:
        self.root = root
        self.random = random.Random(seed)
        self.cuts = cuts
        self.sent: list[int] = []

    def _cut(self, length: int) -> int | None:
        if not self.cuts or self.random.random() < 0.4:
            return None
        self.cuts -= 1
        return self.random.randrange(length + 1)

    def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> dict[str, Any]:
        cut = self._cut(len(send))
        if cut is not None:
            self._run_here(verb, path, *arguments, send=send[:cut])
            raise BrokenConnectionError("cut")
        if verb == "write":
            self.sent.append(len(send))
        done = self._run_here(verb, path, *arguments, send=send)
        if done.returncode:
            raise DubError(done.stderr.decode())
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def read(self, path: str, offset: int, length: int) -> Iterator[bytes]:
        content = self._run_here("read", path, offset, length).stdout
        cut = self._cut(len(content))
        yield content[:cut]
        if cut is not None:
            raise BrokenConnectionError("cut")

    def _run_here(
        self, verb: str, path: str, *arguments: object, send: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        command = [sys.executable, "-I", str(Path(remote.__file__)), verb, str(self.root), path]
        return subprocess.run(
            [*command, *map(str, arguments)], input=send, capture_output=True, check=False
        )


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PIECE", PIECE)
    monkeypatch.setattr("time.sleep", lambda seconds: None)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "talk.mp4"
    file.write_bytes(random.Random(7).randbytes(10 * PIECE + 123))
    return file


@pytest.fixture
def volume(tmp_path: Path) -> Path:
    folder = tmp_path / "volume"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("seed", range(3))
def test_upload_survives_ten_broken_connections(source: Path, volume: Path, seed: int) -> None:
    upload(FlakyPod(volume, cuts=10, seed=seed), source, "inputs/talk/source.mp4")
    assert (volume / "inputs/talk/source.mp4").read_bytes() == source.read_bytes()
    assert [each.name for each in (volume / "inputs/talk").iterdir()] == ["source.mp4"]


@pytest.mark.parametrize("seed", range(3))
def test_download_survives_ten_broken_connections(source: Path, tmp_path: Path, seed: int) -> None:
    target = tmp_path / "out" / "talk.mp4"
    download(FlakyPod(tmp_path, cuts=10, seed=seed), "talk.mp4", target)
    assert target.read_bytes() == source.read_bytes()
    assert [each.name for each in target.parent.iterdir()] == ["talk.mp4"]


def test_upload_resumes_where_an_earlier_one_stopped(
    source: Path, volume: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stopped(FlakyPod):
        def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> Any:
            if verb == "write" and len(self.sent) == 6:
                raise KeyboardInterrupt
            return super().ask(verb, path, *arguments, send=send)

    with pytest.raises(KeyboardInterrupt):
        upload(Stopped(volume), source, "inputs/a.mp4")
    assert not (volume / "inputs/a.mp4").exists()
    second = FlakyPod(volume)
    upload(second, source, "inputs/a.mp4")
    assert len(second.sent) == 5
    assert (volume / "inputs/a.mp4").read_bytes() == source.read_bytes()


def test_another_content_of_the_same_name_is_not_resumed(source: Path, volume: Path) -> None:
    pod = FlakyPod(volume)
    upload(pod, source, "inputs/a.mp4")
    source.write_bytes(b"other" * PIECE)
    upload(pod, source, "inputs/a.mp4")
    assert (volume / "inputs/a.mp4").read_bytes() == source.read_bytes()


def test_a_file_that_is_there_is_not_sent_again(source: Path, volume: Path) -> None:
    upload(FlakyPod(volume), source, "inputs/a.mp4")
    second = FlakyPod(volume)
    upload(second, source, "inputs/a.mp4")
    assert second.sent == []


def test_an_empty_file_arrives(tmp_path: Path, volume: Path) -> None:
    (tmp_path / "empty").touch()
    upload(FlakyPod(volume), tmp_path / "empty", "inputs/empty")
    assert (volume / "inputs/empty").read_bytes() == b""


def test_a_damaged_upload_gets_no_name(source: Path, volume: Path) -> None:
    class Damaging(FlakyPod):
        def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> Any:
            if verb == "finish":
                partial = next((self.root / "inputs").glob(".*.upload"))
                partial.write_bytes(b"x" + partial.read_bytes()[1:])
            return super().ask(verb, path, *arguments, send=send)

    with pytest.raises(DubError, match="content differs"):
        upload(Damaging(volume), source, "inputs/a.mp4")
    assert list((volume / "inputs").iterdir()) == []


def test_a_missing_file_is_named(volume: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="nothere"):
        upload(FlakyPod(volume), tmp_path / "nothere.mp4", "inputs/a.mp4")


def test_a_changed_output_is_not_downloaded(source: Path, tmp_path: Path) -> None:
    with pytest.raises(DubError, match="was changed after the dub"):
        download(FlakyPod(tmp_path), "talk.mp4", tmp_path / "out.mp4", sha256="0" * 64)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize("path", ["../talk.mp4", "/etc/passwd", "inputs/../../talk.mp4", "link/x"])
def test_nothing_outside_the_volume_is_touched(source: Path, volume: Path, path: str) -> None:
    (volume / "link").symlink_to("/tmp")
    before = sorted(volume.parent.iterdir())
    for call in (
        lambda: upload(FlakyPod(volume), source, path),
        lambda: download(FlakyPod(volume), path, volume / "x"),
        lambda: FlakyPod(volume).ask("remove", path),
    ):
        with pytest.raises(DubError, match="outside the data volume"):
            call()
    assert sorted(volume.parent.iterdir()) == before


class LosingPod(FlakyPod):
    """Carries out each request, and loses the first two answers to it."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.requests: list[bytes] = []

    def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> Any:
        self.requests.append(send)
        answer = super().ask(verb, path, *arguments, send=send)
        if self.requests.count(send) <= 2:
            raise BrokenConnectionError("the answer was cut off")
        return answer


@pytest.mark.parametrize(
    ("path", "used", "expected"),
    [
        ("inputs/talk", [], (True, None)),
        ("inputs/talk/source.mp4", [], (True, None)),
        ("inputs/link", [], (True, None)),
        ("inputs/dangling", [], (True, None)),
        ("inputs/none", [], (False, None)),
        ("inputs/none", ["inputs/none/source.mp4"], (False, None)),
        ("inputs/talk", ["inputs/talk/source.mp4"], (True, "inputs/talk/source.mp4")),
        ("inputs/link", ["inputs/link/source.mp4"], (True, "inputs/link/source.mp4")),
    ],
)
def test_removal_whose_answers_are_lost_says_what_existed(
    volume: Path, path: str, used: list[str], expected: tuple[bool, str | None]
) -> None:
    (volume / "inputs/talk").mkdir(parents=True)
    (volume / "inputs/talk/source.mp4").write_bytes(b"x")
    (volume / "inputs/link").symlink_to("talk")
    (volume / "inputs/dangling").symlink_to("nothing")
    assert remove(LosingPod(volume), path, used) == expected
    existed, user = expected
    assert os.path.lexists(volume / path) == (existed and user is not None)


def test_a_full_volume_is_said_before_the_transfer(source: Path, volume: Path) -> None:
    class Full(FlakyPod):
        def ask(self, verb: str, path: str, *arguments: object, send: bytes = b"") -> Any:
            return super().ask(verb, path, *arguments, send=send) | {"free": 10}

    with pytest.raises(DubError, match="10 bytes left"):
        upload(Full(volume), source, "inputs/a.mp4")


@pytest.mark.parametrize(
    ("seconds", "remarks"),
    [
        (2, []),
        (9, ["Waiting for the transfer pod p: no node is free"]),
        (30, ["Waiting for the transfer pod p: no node is free",
              "Waiting for the transfer pod p: ContainerCreating"]),
    ],
)  # fmt: skip
def test_wait_for_the_pod_is_said_if_it_is_long(
    monkeypatch: pytest.MonkeyPatch, seconds: int, remarks: list[str]
) -> None:
    """Once for each thing that it waits for."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda _: now.__setitem__(0, now[0] + 0.5))

    def read(*_: object) -> SimpleNamespace:
        phase = "Running" if now[0] >= seconds else "Pending"
        unscheduled = SimpleNamespace(status="False", message="no node is free")
        creating = SimpleNamespace(reason="ContainerCreating", message=None)
        started = SimpleNamespace(state=SimpleNamespace(waiting=creating))
        return SimpleNamespace(status=SimpleNamespace(
            phase=phase, message=None, conditions=[unscheduled] if now[0] < 10 else [],
            container_statuses=[started] if now[0] >= 10 else None,
        ))  # fmt: skip

    cluster = SimpleNamespace(
        namespace="dubbing", core=SimpleNamespace(read_namespaced_pod=read),
        call=lambda _, function, *arguments: function(*arguments),
    )  # fmt: skip
    reported: list[str] = []
    pod._wait_until_running(cast("Cluster", cluster), "p", reported.append)
    assert reported == remarks
