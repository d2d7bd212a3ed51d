"""`dub rm --media`: what is removed from the data volume, and what others still use."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from followed_dubs import dub
from test_dub_transfer import FlakyPod

from dubjob.client import Client
from dubjob.commands import app
from dubjob.errors import DubError, NotFoundError
from dubjob.media import record_upload
from dubjob.volume import Volume
from dubjob_operator.api.profile import DubProfile

UPLOAD = "inputs/talk/.source.mp4.0123456789abcdef.upload"


class Here(Client):
    """A client with DubJobs, by name with the path of their source, and a volume in a folder."""

    def __init__(self, root: Path, **sources: str) -> None:
        self.cluster = self  # type: ignore[assignment]
        self.root, self.sources = root, sources
        self.job_ids: dict[str, str] = {}
        self.profiles = {"default"}
        self.created: dict[str, int] = {}
        """How often DubJobs were created that a GitOps tool creates again."""

    namespace = "dubbing"

    def dubjob(self, name: str) -> Mapping[str, Any]:
        if name not in self.sources:
            raise NotFoundError(f"DubJob {name} does not exist.")
        job_id = {"jobID": self.job_ids[name]} if name in self.job_ids else {}
        spec = {"source": {"path": self.sources[name]}, **job_id}
        uid = f"{name}-{self.created.get(name, 1)}"
        return dub(name=name, spec=spec, uid=uid).raw

    def require_namespace(self) -> None:
        """It exists."""

    def dubjobs(self, *, selector: str | None = None, everywhere: bool = False) -> list[Any]:
        return [self.dubjob(name) for name in self.sources]

    def delete_dubjob(self, name: str) -> None:
        if name in self.created:
            self.created[name] += 1
        else:
            del self.sources[name]

    def pods(self, dubjob: str) -> list[Any]:
        return []

    def profile(self, reference: Mapping[str, str] | None = None) -> DubProfile:
        if "default" not in self.profiles:
            raise NotFoundError("There is no DubProfile default.")
        return DubProfile.model_validate({"metadata": {"name": "default"}, "spec": {"stages": {}}})

    @contextmanager
    def volume(self, reference: Mapping[str, str] | None = None) -> Iterator[Volume]:
        self.profile(reference)
        yield Volume(FlakyPod(self.root))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data volume with the dub `talk-es` of the source `talk/source.mp4`."""
    root = tmp_path / "volume"
    for path in (
        "inputs/talk/source.mp4", UPLOAD, "inputs/talk-es/translation.srt",
        "inputs/library/film.mp4", "interim/talk-es/text/a.json", "outputs/talk-es/report.html",
    ):  # fmt: skip
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    claim(root, "talk-es", {"namespace": "dubbing", "name": "talk-es"})
    size = (root / "inputs/talk/source.mp4").stat().st_size
    record_upload(Volume(FlakyPod(root)), "inputs/talk/source.mp4", "dubbing", size)
    return root


def claim(root: Path, job_id: str, owner: object) -> None:
    file = root / f"interim/{job_id}/.dubstage/owner.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(owner))


def rm(client: Client, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("dubjob.commands.session.Client", lambda *_, **__: client)
    monkeypatch.setattr(sys, "argv", ["dub", "rm", *arguments])
    with pytest.raises(SystemExit) as ended:
        app.main()
    return int(ended.value.code or 0)


def files_in(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}


def test_source_that_nobody_else_uses_is_removed_with_the_dub(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the rests of interrupted uploads, and its folder."""
    client = Here(root, **{"talk-es": "talk/source.mp4", "film-es": "library/film.mp4"})
    assert rm(client, monkeypatch, "talk-es", "--media") == 0
    assert files_in(root) == {"inputs/library/film.mp4"}
    assert not (root / "inputs/talk").exists()
    assert capsys.readouterr().out == (
        "talk-es deleted with its media and its source inputs/talk/source.mp4\n"
    )


@pytest.mark.parametrize("other", ["talk/source.mp4", "other/source.mp4"])
def test_source_that_another_dubjob_uses_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], other: str
) -> None:
    """Also through a link."""
    (root / "inputs/other").mkdir()
    (root / "inputs/other/source.mp4").symlink_to("../talk/source.mp4")
    client = Here(root, **{"talk-es": "talk/source.mp4", "talk-fr": other})
    assert rm(client, monkeypatch, "talk-es", "--media") == 0
    assert (root / "inputs/talk/source.mp4").is_file()
    assert not (root / "outputs/talk-es").exists()
    assert capsys.readouterr().out.splitlines() == [
        "talk-es deleted with its media",
        "inputs/talk/source.mp4 is kept, because DubJob talk-fr uses it.",
    ]


def library_film(root: Path) -> str:
    return "library/film.mp4"


def copied_by_hand(root: Path) -> str:
    """As docs/install.md does it."""
    (root / "inputs/masters").mkdir()
    (root / "inputs/masters/source.mov").write_text("the only copy")
    return "masters/source.mov"


def replaced_by_hand(root: Path) -> str:
    (root / "inputs/talk/source.mp4").write_text("the only copy of another film")
    return "talk/source.mp4"


def uploaded_from_another_namespace(root: Path) -> str:
    size = (root / "inputs/talk/source.mp4").stat().st_size
    record_upload(Volume(FlakyPod(root)), "inputs/talk/source.mp4", "news", size)
    return "talk/source.mp4"


@pytest.mark.parametrize(
    "make",
    [library_film, copied_by_hand, replaced_by_hand, uploaded_from_another_namespace],
)
def test_source_that_the_command_did_not_upload_is_kept(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], str],
) -> None:  # fmt: skip
    """It may be the only copy."""
    source = make(root)
    client = Here(root, **{"talk-es": source})
    assert rm(client, monkeypatch, "talk-es", "--media") == 0
    assert (root / "inputs" / source).is_file()
    assert not (root / "outputs/talk-es").exists()
    assert f"inputs/{source} is kept, because `dub submit` did not upload it." in (
        capsys.readouterr().out
    )


def test_without_the_option_the_media_stay_and_the_way_to_remove_them_is_said(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client, before = Here(root, **{"talk-es": "talk/source.mp4"}), files_in(root)
    assert rm(client, monkeypatch, "talk-es") == 0
    assert files_in(root) == before
    out = capsys.readouterr().out
    assert "Its media stay on the data volume" in out
    # The command that it names works now, though the DubJob is gone.
    assert rm(client, monkeypatch, *out.partition("rm ")[2].split()) == 0
    assert files_in(root) == {each for each in before if each.startswith("inputs/")}
    assert capsys.readouterr().out.splitlines() == [
        "interim/talk-es removed",
        "outputs/talk-es removed",
        "inputs/talk-es is kept if it exists: it may hold a source.",
    ]


def test_results_of_a_dubjob_with_a_job_id_are_removed_by_the_command_that_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = Here(root, talk="talk/source.mp4")
    client.job_ids["talk"] = "talk-es"
    assert rm(client, monkeypatch, "talk") == 0
    out = capsys.readouterr().out
    assert rm(client, monkeypatch, *out.partition("rm ")[2].split()) == 0
    assert not (root / "outputs/talk-es").exists()


def test_folder_that_a_dubjob_uses_is_not_removed_under_its_own_name(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As its source, or as its jobID."""
    before = files_in(root)
    client = Here(root, **{"talk-es": "talk/source.mp4", "film": "library/film.mp4"})
    client.job_ids["film"] = "shared"
    for name in ("talk", "shared", "library"):
        assert rm(client, monkeypatch, name, "--media") == 1
        assert "uses the media of" in capsys.readouterr().err
    assert files_in(root) == before


@pytest.mark.parametrize("exists", [True, False])
@pytest.mark.parametrize(
    ("owner", "words"),
    [
        ({"namespace": "news", "name": "talk-es"}, "Run `dub -n news rm talk-es --media`."),
        ({}, "does not say whose the media are"),
        ("talk-es", "does not say whose the media are"),
    ],
)
def test_folder_of_another_namespace_is_not_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    owner: object, words: str, exists: bool,
) -> None:  # fmt: skip
    """Two namespaces may have claims to one storage. The DubJob that came second has failed."""
    claim(root, "talk-es", owner)
    before = files_in(root)
    client = Here(root, **({"talk-es": "talk/source.mp4"} if exists else {}))
    assert rm(client, monkeypatch, "talk-es", "--media") == 1
    assert words in capsys.readouterr().err
    assert files_in(root) == before
    assert ("talk-es" in client.sources) is exists


def test_dubjob_that_is_created_again_at_once_keeps_its_media(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By Argo CD or Flux."""
    client, before = Here(root, **{"talk-es": "talk/source.mp4"}), files_in(root)
    client.created["talk-es"] = 1
    assert rm(client, monkeypatch, "talk-es", "--media") == 1
    assert "DubJob talk-es uses the media of talk-es" in capsys.readouterr().err
    assert files_in(root) == before


def test_what_is_left_after_a_failure_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The DubJob, which names its source and its jobID, is gone by then."""
    client = Here(root, talk="talk/source.mp4")
    client.job_ids["talk"] = "talk-es"

    def refuse(*_: object) -> None:
        raise DubError("The pod was evicted.")

    monkeypatch.setattr(Volume, "remove", refuse)
    assert rm(client, monkeypatch, "talk", "--media") == 1
    err = capsys.readouterr().err
    assert err.startswith("dub: The pod was evicted. DubJob talk is deleted. Of interim/talk-es, ")
    assert "inputs/talk/source.mp4" in err


@pytest.mark.parametrize("name", ["nope", "library", "talk"])
def test_name_without_dubjob_and_results_is_an_error(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A folder of inputs of that name may hold the only copy of a film."""
    before = files_in(root)
    assert rm(Here(root), monkeypatch, name, "--media") == 1
    assert "the data volume has no results of it" in capsys.readouterr().err
    assert files_in(root) == before


def test_dubjob_whose_profile_is_gone_is_not_deleted_before_its_media(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Here(root, **{"talk-es": "talk/source.mp4"})
    client.profiles.clear()
    assert rm(client, monkeypatch, "talk-es", "--media") == 1
    assert "talk-es" in client.sources


def test_link_is_removed_and_not_what_it_leads_to(root: Path) -> None:
    (root / "inputs/linked").symlink_to("library")
    assert Volume(FlakyPod(root)).remove("inputs/linked") == (True, None)
    assert not (root / "inputs/linked").is_symlink()
    assert (root / "inputs/library/film.mp4").is_file()


@pytest.mark.parametrize(
    "path", ["inputs", ".", "..", "inputs/..", "../volume", "inputs/../..", "/etc/hosts", "", "/"]
)
def test_nothing_outside_the_folders_of_the_volume_is_removed(root: Path, path: str) -> None:
    before = files_in(root)
    with pytest.raises(DubError):
        Volume(FlakyPod(root)).remove(path)
    assert files_in(root) == before


def test_removal_survives_a_broken_connection(root: Path) -> None:
    volume = Volume(FlakyPod(root, cuts=3))
    assert volume.remove("inputs/talk/source.mp4", ["inputs/library/film.mp4"])[1] is None
    assert not (root / "inputs/talk").exists()
