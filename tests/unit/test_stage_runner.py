"""Publishing, reuse, ownership and failures, with fake stages in a folder."""

from __future__ import annotations

import errno
import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dubstage.contract import EngineChoice, ExitCode, Stage, StageRequest
from dubstage.contract.summary import StageSummary
from dubstage.errors import BadInput, Misconfigured
from dubstage.testing import ENGINES, Ended, request_for, roots_in, run_stage_in
from dubstage.workspace import digests, ownership
from dubstage.workspace.layout import Artifact, Tree
from dubstage.workspace.manifest import replacing
from dubstage.workspace.stages import STAGES
from dubstage.workspace.work import Outcome, Work

SUMS = "SHA256SUMS"


@pytest.fixture
def volumes(tmp_path: Path) -> Path:
    """The volumes, with a source and a model."""
    source = tmp_path / "inputs/clip/source.mp4"
    source.parent.mkdir(parents=True)
    source.write_text("the video")
    model = tmp_path / "models/faster-whisper/base"
    model.mkdir(parents=True)
    (model / SUMS).write_text("")
    return tmp_path


def fake(work: Work) -> Outcome:
    """Write every output; its content names what it was made of."""
    request = work.request
    for artifact in STAGES[request.stage].writes:
        name = "segment_0000.wav" if artifact is Artifact.TTS_CLIPS else None
        own = STAGES[request.stage].parameters(request)
        work.staging(artifact, name).write_text(f"{artifact.name} {own}")
    return Outcome(
        message="made",
        source_language="en" if request.stage is Stage.TRANSCRIBE else None,
        summary=StageSummary(segments=6),
    )


def run(volumes: Path, stage: Stage, **changes: object) -> Ended:
    return run_stage_in(volumes, request_for(stage, **changes), fake)


def run_all(volumes: Path, **changes: object) -> list[Ended]:
    return [run(volumes, stage, **changes) for stage in Stage]


def test_every_stage_runs_once_and_is_then_reused(volumes: Path) -> None:
    assert [ended.result.reason for ended in run_all(volumes)] == ["Succeeded"] * 6
    again = run(volumes, Stage.INGEST)
    assert again.result.reused
    assert again.result.reusable == list(Stage)[1:]
    assert again.result.source_language == "en"


def test_reused_work_is_reported_as_it_was(volumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *_, mux = run_all(volumes)
    assert [entry.name for entry in mux.result.outputs] == [
        *("video", "audio", "surround-audio", "subtitles", "report", "report-page"),
        *("translation", "source-subtitles", "transcript", "*-stem"),
    ]
    monkeypatch.setattr(digests, "sha256", lambda path: pytest.fail(f"{path} was read again"))
    again = run(volumes, Stage.INGEST).result
    assert again.outputs == mux.result.outputs
    assert list(again.reusable_summaries) == list(Stage)[1:]
    assert again.reusable_summaries[Stage.MUX] == StageSummary(segments=6)
    assert run(volumes, Stage.MUX).result.summary == StageSummary(segments=6)


def test_outputs_are_reported_once_the_dub_is_whole(volumes: Path) -> None:
    ended = run_all(volumes)
    assert [bool(each.result.outputs) for each in ended] == [False] * 5 + [True]
    again = run(volumes, Stage.INGEST, target_language="ca")
    assert again.result.outputs == []
    assert list(again.result.reusable_summaries) == [Stage.SEPARATE, Stage.TRANSCRIBE]


def test_other_target_language_keeps_the_first_three_stages(volumes: Path) -> None:
    run_all(volumes)
    again = run(volumes, Stage.INGEST, target_language="ca")
    assert again.result.reusable == [Stage.SEPARATE, Stage.TRANSCRIBE]


@pytest.mark.parametrize(
    ("change", "reusable"),
    [
        ({Stage.MUX: EngineChoice(engine="other")}, 4),
        ({Stage.SEPARATE: EngineChoice(engine="deepfilternet")}, 0),
        ({Stage.TRANSCRIBE: EngineChoice(engine="faster-whisper", model="absent")}, 1),
        ({Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng", parameters={"rate": 1})}, 3),
    ],
)
def test_results_of_another_engine_are_not_reused(
    volumes: Path, change: dict[Stage, EngineChoice], reusable: int
) -> None:
    run_all(volumes)
    again = run(volumes, Stage.INGEST, engines={**ENGINES, **change})
    assert again.result.reusable == list(Stage)[1 : 1 + reusable]


def test_changed_source_is_ingested_again(volumes: Path) -> None:
    run_all(volumes)
    (volumes / "inputs/clip/source.mp4").write_text("another video")
    again = run(volumes, Stage.INGEST)
    assert not again.result.reused


def test_finished_dub_is_reusable_without_interim_files(volumes: Path) -> None:
    ended = run_all(volumes)[-1]
    for artifact in Artifact:
        if not artifact.is_output:
            for file in ended.tree.files(artifact):
                file.unlink()
    assert run(volumes, Stage.INGEST).result.reusable == list(Stage)[1:]


def test_last_stage_deletes_interim_files_and_keeps_the_manifests(volumes: Path) -> None:
    ended = [run(volumes, stage, delete_interim=stage is Stage.MUX) for stage in Stage][-1]
    left = [artifact for artifact in Artifact if ended.tree.files(artifact)]
    assert left == [artifact for artifact in Artifact if artifact.is_output]
    assert run(volumes, Stage.INGEST).result.reusable == list(Stage)[1:]


def test_forced_stage_runs_again(volumes: Path) -> None:
    run_all(volumes)
    assert run(volumes, Stage.MUX).result.reused
    assert not run(volumes, Stage.MUX, force=True).result.reused


def test_changed_output_is_written_again(volumes: Path) -> None:
    ended = run_all(volumes)[-1]
    ended.tree.path(Artifact.DUBBED_VIDEO).write_text("cut o")
    assert run(volumes, Stage.INGEST).result.reusable == list(Stage)[1:5]
    assert not run(volumes, Stage.MUX).result.reused
    assert run(volumes, Stage.MUX).result.reused


def test_missing_output_needs_its_inputs(volumes: Path) -> None:
    ended = run_all(volumes)[-1]
    ended.tree.path(Artifact.REPORT).unlink()
    ended.tree.path(Artifact.BACKGROUND).unlink()
    assert run(volumes, Stage.INGEST).result.reusable == []


def test_missing_input_names_the_stage_that_writes_it(volumes: Path) -> None:
    run(volumes, Stage.INGEST)
    ended = run(volumes, Stage.TRANSCRIBE)
    assert ended.code == ExitCode.NOINPUT
    assert ended.result.missing_from is Stage.SEPARATE


def test_folder_has_one_owner(volumes: Path) -> None:
    run(volumes, Stage.INGEST)
    other = run(volumes, Stage.INGEST, name="other", job_id="clip")
    assert other.code == ExitCode.CONFIG
    assert "dubbing/clip" in other.result.message


def test_volume_without_hard_links_has_owners(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Azure Files over SMB."""

    def refuse(*_: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr("os.link", refuse)
    assert run(volumes, Stage.INGEST).code == ExitCode.OK
    assert run(volumes, Stage.INGEST, force=True).code == ExitCode.OK
    other = run(volumes, Stage.INGEST, name="other", job_id="clip")
    assert (other.code, other.result.reason) == (ExitCode.CONFIG, "FolderTaken")


def test_empty_claim_can_be_taken_over(volumes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownership, "SETTLE_SECONDS", 0.0)
    tree = run(volumes, Stage.INGEST).tree
    tree.owner.write_text("")
    assert run(volumes, Stage.SEPARATE).code == ExitCode.NOINPUT
    assert run(volumes, Stage.INGEST).code == ExitCode.OK
    assert run(volumes, Stage.SEPARATE).code == ExitCode.OK
    assert run(volumes, Stage.INGEST, name="other", job_id="clip").code == ExitCode.CONFIG
    assert not list(tree.owner.parent.glob(".owner*"))


def test_claims_at_the_same_time_have_files_of_their_own(
    volumes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process id is 1 in every pod, so that it distinguishes nothing."""
    monkeypatch.setattr(os, "getpid", lambda: 1)
    tree = Tree(roots_in(volumes), "clip")
    put = ownership._put
    others: list[Path] = []

    def interrupted(mine: Path, owner: Path) -> None:
        if not others:
            others.append(mine)
            ownership.claim(tree, request_for(Stage.INGEST, name="other"))
            assert mine.exists()
        put(mine, owner)

    monkeypatch.setattr(ownership, "_put", interrupted)
    with pytest.raises(Misconfigured, match="belongs to the DubJob dubbing/other"):
        ownership.claim(tree, request_for(Stage.INGEST))
    with replacing(tree.owner) as first, replacing(tree.owner) as second:
        assert first != second
        first.touch()
        second.touch()


def test_killed_run_does_not_change_the_previous_result(volumes: Path) -> None:
    """A retry of synthesize was killed during its first segment."""
    tree = run_all(volumes)[-1].tree
    leftover = tree.path(Artifact.TTS_CLIPS).with_name(".segment_0000.partial.wav")
    leftover.write_text("half")
    (tree.path(Artifact.REPORT)).unlink()
    assert run(volumes, Stage.INGEST).result.reusable == list(Stage)[1:5]
    assert run(volumes, Stage.SYNTHESIZE).result.reused


def test_old_clips_are_deleted_when_new_ones_are_published(volumes: Path) -> None:
    for stage in list(Stage)[:4]:
        run(volumes, stage)

    def clips(*names: str) -> Callable[[Work], Outcome]:
        def speak(work: Work) -> Outcome:
            for name in names:
                work.staging(Artifact.TTS_CLIPS, name).write_text(name)
            work.staging(Artifact.TTS_SEGMENTS, None).write_text("[]")
            return Outcome()

        return speak

    run_stage_in(volumes, request_for(Stage.SYNTHESIZE), clips("a.wav", "b.wav"))
    faster = {**ENGINES, Stage.SYNTHESIZE: EngineChoice(engine="espeak-ng", model=None,
              parameters={"words_per_minute": 200})}  # fmt: skip
    ended = run_stage_in(volumes, request_for(Stage.SYNTHESIZE, engines=faster), clips("b.wav"))
    assert [path.name for path in ended.tree.files(Artifact.TTS_CLIPS)] == ["b.wav"]


def failing(error: BaseException) -> Callable[[Work], Outcome]:
    def run(work: Work) -> Outcome:
        work.staging(Artifact.AUDIO, None).write_text("half")
        raise error

    return run


@pytest.mark.parametrize(
    ("error", "code", "reason"),
    [
        (BadInput("It is not a video.", reason="SourceUnreadable"), 65, "SourceUnreadable"),
        (OSError(errno.ENOSPC, "No space left on device"), 75, "VolumeFull"),
        (OSError(errno.EROFS, "Read-only file system"), 78, "VolumeRefused"),
        (ZeroDivisionError("division by zero"), 75, "UnforeseenError"),
    ],
)
def test_failure_leaves_no_partial_file(
    volumes: Path, error: Exception, code: int, reason: str
) -> None:
    ended = run_stage_in(volumes, request_for(Stage.INGEST), failing(error))
    assert ended.code == code
    assert ended.result.reason == reason
    assert "Traceback" not in ended.result.message
    assert ended.result.message.endswith(".")
    left = [path for path in (volumes / "interim").rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["owner.json"]


@pytest.mark.parametrize(
    ("file", "full", "says"),
    [
        ("interim/clip/a.wav", (), "The data volume is full (a.wav): free some space on it."),
        ("outputs/clip/a.wav", ("tmp",), "The data volume is full (a.wav)"),
        ("models/m/a.bin", (), "The models volume is full (a.bin): free some space on it."),
        ("/scratch/synthesize-x/a.wav", ("interim",), "The scratch space of the pod is full "
         "(a.wav): free some space on the disk of its node."),
        (None, ("interim",), "The data volume is full: free some space on it."),
        (None, ("tmp",), "The scratch space of the pod is full: free some space on the"),
        ("a.wav", ("tmp",), "The scratch space of the pod is full (a.wav)"),
        (None, (), "The data volume or the scratch space of the pod is full: free some space on "
         "the data volume and on the disk of the node."),
    ],
)  # fmt: skip
def test_full_volume_is_named(
    volumes: Path,
    monkeypatch: pytest.MonkeyPatch,
    file: str | None,
    full: tuple[str, ...],
    says: str,
) -> None:
    """By the file that could not be written, or by the volume without a free block."""
    folders = {"interim": volumes / "interim/clip", "tmp": Path(tempfile.gettempdir())}

    def statvfs(folder: Path) -> SimpleNamespace:
        is_full = folder in [folders[name] for name in full]
        return SimpleNamespace(f_bavail=0 if is_full else 1000, f_frsize=4096)

    monkeypatch.setattr(os, "statvfs", statvfs)
    name = None if file is None else file if file == "a.wav" else str(volumes / file)
    error = OSError(errno.ENOSPC, "No space left on device", name)
    ended = run_stage_in(volumes, request_for(Stage.INGEST), failing(error))
    assert (ended.code, ended.result.reason) == (ExitCode.TEMPFAIL, "VolumeFull")
    assert ended.result.message.startswith(says)


def test_files_of_a_killed_run_are_deleted(volumes: Path) -> None:
    run(volumes, Stage.INGEST)
    folder = volumes / "interim/clip/text/vid/speaks"
    (folder / ".audio.partial.wav").write_text("half")
    run(volumes, Stage.INGEST, source="clip/source.mp4")
    assert sorted(path.name for path in folder.iterdir()) == ["audio.wav", "source.json"]


def test_missing_model_is_reported(volumes: Path) -> None:
    engines = {**ENGINES, Stage.INGEST: EngineChoice(engine="ffmpeg", model="absent")}
    ended = run(volumes, Stage.INGEST, engines=engines)
    assert ended.code == ExitCode.CONFIG
    assert "ffmpeg/absent" in ended.result.message


@pytest.mark.parametrize(
    ("source", "reason"),
    [("clip/absent.mp4", "SourceNotFound"), ("clip", "SourceUnreadable")],
)
def test_source_that_is_not_a_file_is_refused(
    volumes: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    monkeypatch.setattr("dubstage.inputs.source.MAX_WAIT_SECONDS", 0.0)
    ended = run(volumes, Stage.INGEST, source=source)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, reason)


def test_link_out_of_the_inputs_folder_is_refused(volumes: Path) -> None:
    secret = volumes / "secret"
    secret.write_text("secret")
    (volumes / "inputs/clip/out.mp4").symlink_to(secret)
    (volumes / "inputs/clip/in.mp4").symlink_to("source.mp4")
    assert run(volumes, Stage.INGEST, source="clip/out.mp4").result.reason == "SourceOutsideInputs"
    assert run(volumes, Stage.INGEST, source="clip/in.mp4").code == ExitCode.OK


def test_request_survives_serialization() -> None:
    request = request_for(Stage.MUX)
    assert StageRequest.model_validate_json(request.model_dump_json(exclude_none=True)) == request


@pytest.mark.parametrize(
    ("run", "level", "message"),
    [
        (fake, logging.INFO, "Succeeded: made"),
        (failing(BadInput("It is not a video.")), logging.ERROR, "BadInput: It is not a video."),
    ],
)
def test_last_line_of_the_log_is_the_result(
    volumes: Path,
    caplog: pytest.LogCaptureFixture,
    run: Callable[[Work], Outcome],
    level: int,
    message: str,
) -> None:
    caplog.set_level(logging.INFO)
    run_stage_in(volumes, request_for(Stage.INGEST), run)
    assert (caplog.records[-1].levelno, caplog.records[-1].message) == (level, message)
    assert caplog.text.count("It is not a video.") <= 1
