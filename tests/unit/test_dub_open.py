"""`dub open`: what it downloads, and where to."""

from __future__ import annotations

import hashlib
import sys
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from test_dub_transfer import FlakyPod

from dubjob.client import Client
from dubjob.commands import app
from dubjob.errors import DubError
from dubjob.handle import DubHandle
from dubjob.volume import Volume

FILES = {
    "report-page": "talk/report.html",
    "report": "talk/report.json",
    "video": "talk/vid/dubbed_video.mp4",
    "audio": "talk/vid/dubbed_audio.wav",
}
SOURCE = "talk/source.mp4"


class Cluster:
    """A cluster with one finished DubJob."""

    namespace = "dubbing"

    def __init__(self, outputs: Mapping[str, str], root: Path) -> None:
        self.outputs, self.root = outputs, root

    def dubjob(self, name: str) -> dict[str, Any]:
        return {
            "metadata": {"name": name, "namespace": "dubbing", "generation": 1, "uid": "u"},
            "spec": {"targetLanguage": "es", "source": {"path": SOURCE}},
            "status": {
                "observedGeneration": 1,
                "outputs": [self._output(*one) for one in self.outputs.items()],
            },
        }

    def _output(self, name: str, path: str) -> dict[str, Any]:
        file = self.root / "outputs" / path
        content = file.read_bytes() if file.is_file() else b""
        return {
            "name": name, "path": path, "sizeBytes": len(content), "mediaType": "text/html",
            "sha256": hashlib.sha256(content).hexdigest(),
        }  # fmt: skip


class Here(Client):
    """A client whose data volume is a folder here."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster  # type: ignore[assignment]

    @contextmanager
    def volume(self, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        yield Volume(FlakyPod(self.cluster.root))  # type: ignore[attr-defined]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data volume with a dub."""
    root = tmp_path / "volume"
    for path in (*(f"outputs/{path}" for path in FILES.values()), f"inputs/{SOURCE}"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def handle(root: Path, outputs: Mapping[str, str] = FILES) -> DubHandle:
    return DubHandle(Here(Cluster(outputs, root)), "talk-es")


def files_in(folder: Path) -> set[str]:
    return {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}


def test_page_has_the_files_that_it_links_to(root: Path, tmp_path: Path) -> None:
    """In the layout of the data volume; of the dub, the video is enough."""
    page = handle(root).download_page(tmp_path / "out")
    assert page == tmp_path / "out/outputs/talk/report.html"
    assert files_in(tmp_path / "out") == {
        *(f"outputs/{FILES[name]}" for name in ("report-page", "report", "video")),
        f"inputs/{SOURCE}",
    }
    assert (tmp_path / "out/inputs" / SOURCE).read_text() == f"inputs/{SOURCE}"


def test_dub_without_video_is_heard(root: Path, tmp_path: Path) -> None:
    outputs = {name: path for name, path in FILES.items() if name != "video"}
    handle(root, outputs).download_page(tmp_path / "out", with_source=False)
    assert files_in(tmp_path / "out") == {f"outputs/{path}" for path in outputs.values()}


def test_deleted_source_is_left_out(root: Path, tmp_path: Path) -> None:
    (root / "inputs" / SOURCE).unlink()
    page = handle(root).download_page(tmp_path / "out")
    assert page.is_file()
    assert not (tmp_path / "out/inputs").exists()


def test_dub_of_an_earlier_version_is_explained(root: Path, tmp_path: Path) -> None:
    outputs = {name: path for name, path in FILES.items() if name != "report-page"}
    with pytest.raises(DubError, match="Run `dub -n dubbing retry talk-es --stage mux`"):
        handle(root, outputs).download_page(tmp_path / "out")


def test_dub_without_outputs_is_not_told_to_retry(root: Path, tmp_path: Path) -> None:
    """It is no dub of an earlier version: it failed, or still runs."""
    with pytest.raises(DubError, match="has no report yet: The operator") as caught:
        handle(root, {}).download_page(tmp_path / "out")
    assert "retry" not in str(caught.value)


@pytest.mark.parametrize("path", ["../../etc/report.html", "talk/../../../report.html"])
def test_nothing_is_written_outside_the_folder(root: Path, tmp_path: Path, path: str) -> None:
    with pytest.raises(DubError, match="no path of the data volume"):
        handle(root, {**FILES, "report-page": path}).download_page(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("has_browser", [True, False])
def test_command_opens_the_page(
    root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    has_browser: bool,
) -> None:
    opened: list[str] = []

    def browse(url: str) -> bool:
        opened.append(url)
        return has_browser

    monkeypatch.setattr(webbrowser, "open", browse)
    monkeypatch.setattr(
        "dubjob.commands.session.Client", lambda *_, **__: Here(Cluster(FILES, root))
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["dub", "open", "talk-es", "-o", "name"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 0
    page = tmp_path / "talk-es-report/outputs/talk/report.html"
    assert opened == [page.as_uri()]
    shown = capsys.readouterr()
    assert shown.out.strip() == "talk-es-report/outputs/talk/report.html"
    assert ("no browser here" in shown.err) is not has_browser

    monkeypatch.setattr(sys, "argv", ["dub", "open", "talk-es", "--no-browser"])
    with pytest.raises(SystemExit):
        app.main()
    assert opened == [page.as_uri()], "the path is only printed"
