"""Models: which ones a profile needs, and whether they are pulled, copied and found."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import types
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dubstage.__main__ import main
from dubstage.contract import EngineChoice, ExitCode
from dubstage.engines import languages
from dubstage.engines.repositories import Hub, Need, Source
from dubstage.errors import BadInput, Misconfigured
from dubstage.models import model_folder, model_revision
from dubstage.models.needs import needs_of, read_profile, sources_of
from dubstage.models.pull import State, check, hugging_face_token, pull, pull_from
from dubstage.models.volume import SUMS, read_sums, write_sums
from dubstage.testing import roots_in
from dubstage.workspace.layout import Roots

CHOICE = EngineChoice(engine="faster-whisper", model="base", parameters={"diarize": False})
NAME = "faster-whisper/base"
SILENT = {"engine": "espeak-ng", "parameters": {"check": False}}
"""A voice that needs no models."""
TOKEN = "a-secret-token"


def lay(folder: Path, content: str = "weights", told: str | None = None, name: str = NAME) -> Path:
    """A model with sums as ``sha256sum`` writes them, below `folder`."""
    model = folder / name
    model.mkdir(parents=True)
    (model / "model.bin").write_text(content)
    digest = hashlib.sha256((told or content).encode()).hexdigest()
    (model / SUMS).write_text(f"{digest}  model.bin\n")
    return folder


# ---- from a folder ---------------------------------------------------------------


def test_copy_is_idempotent_and_repairs(tmp_path: Path) -> None:
    seed, models = lay(tmp_path / "seed"), tmp_path / "models"
    assert [str(state) for state in pull_from(seed, models)] == [f"{NAME}: complete"]
    file = models / NAME / "model.bin"
    before = file.stat().st_mtime_ns
    pull_from(seed, models)
    assert file.stat().st_mtime_ns == before
    file.write_text("damaged")
    pull_from(seed, models)
    assert file.read_text() == "weights"


def test_wrong_checksum_is_refused(tmp_path: Path) -> None:
    seed = lay(tmp_path / "seed", told="other weights")
    with pytest.raises(BadInput, match=r"model\.bin"):
        pull_from(seed, tmp_path / "models")
    assert not [path for path in (tmp_path / "models").rglob("*") if path.is_file()]


def test_pull_from_a_folder_without_models_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No models"):
        pull_from(tmp_path, tmp_path / "models")


def test_pull_copies_only_the_models_of_the_profile(tmp_path: Path) -> None:
    seed = lay(lay(tmp_path / "seed"), name="demucs/htdemucs")
    needs = [Need(NAME), Need("whisperx/large-v3")]
    found = pull_from(seed, tmp_path / "models", needs)
    assert [state.is_missing for state in found] == [False, True]
    assert not (tmp_path / "models/demucs").exists()


@pytest.mark.parametrize("line", ["0" * 64 + "  ../escape", "0" * 64 + "  /etc/passwd", "what"])
def test_checksum_file_with_a_path_outside_is_refused(tmp_path: Path, line: str) -> None:
    seed = lay(tmp_path / "seed")
    (seed / NAME / SUMS).write_text(f"{line}\n")
    with pytest.raises(Misconfigured, match="line 1"):
        pull_from(seed, tmp_path / "models")


# ---- on the volume ---------------------------------------------------------------


def test_sha256sum_reads_the_checksum_file(tmp_path: Path) -> None:
    model = lay(tmp_path) / NAME
    (model / "sub").mkdir()
    (model / "sub/more.bin").write_text("more")
    write_sums(model)
    assert {name: told.size for name, told in read_sums(model).items()} == {
        "model.bin": 7, "sub/more.bin": 4
    }  # fmt: skip
    subprocess.run(["sha256sum", "--check", "--strict", "--quiet", SUMS], cwd=model, check=True)


def test_missing_or_truncated_file_is_named(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    with pytest.raises(Misconfigured, match="models pull"):
        model_folder(roots, CHOICE)
    lay(roots.models)
    assert model_folder(roots, CHOICE) == roots.models / NAME
    write_sums(roots.models / NAME)
    (roots.models / NAME / "model.bin").write_text("weig")
    with pytest.raises(Misconfigured, match=r"damaged \(model\.bin has 4 bytes, expected 7"):
        model_folder(roots, CHOICE)
    (roots.models / NAME / "model.bin").unlink()
    with pytest.raises(Misconfigured, match=r"lacks model\.bin"):
        model_folder(roots, CHOICE)


def test_revision_changes_with_the_model_and_its_companions(tmp_path: Path) -> None:
    first, second = roots_in(tmp_path / "one"), roots_in(tmp_path / "two")
    lay(first.models)
    lay(second.models, "other")
    assert model_revision(first, CHOICE) != model_revision(second, CHOICE)
    assert model_revision(first, EngineChoice(engine="ffmpeg")) is None
    whisperx = EngineChoice(engine="whisperx", model="base")
    with pytest.raises(ValueError, match="whisperx/base"):
        model_revision(first, whisperx)
    lay(first.models, name="whisperx/base")
    alone = model_revision(first, whisperx)
    lay(first.models, name="wav2vec2/en")
    assert model_revision(first, whisperx) not in (alone, None)


# ---- in a Hugging Face cache -----------------------------------------------------

REPOSITORY = "models--Systran--faster-whisper-base"
MAIN = "0123abcd"


def cached(cache: Path, revision: str = MAIN, repository: str = REPOSITORY) -> Path:
    """A snapshot as ``huggingface_hub`` writes it: a link to the file's content."""
    blobs, snapshot = cache / repository / "blobs", cache / repository / "snapshots" / revision
    blobs.mkdir(parents=True, exist_ok=True)
    snapshot.mkdir(parents=True)
    (blobs / revision).write_text("weights")
    (snapshot / "model.bin").symlink_to(f"../../blobs/{revision}")
    return snapshot


def test_model_is_found_in_a_cache(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    snapshot = cached(roots.models / ".cache")
    assert model_folder(roots, CHOICE) == snapshot
    assert model_revision(roots, CHOICE) == MAIN


def test_own_folder_of_a_model_comes_first(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    cached(roots.models / ".cache")
    lay(roots.models)
    assert model_folder(roots, CHOICE) == roots.models / NAME
    (roots.models / NAME / "model.bin").unlink()
    with pytest.raises(Misconfigured, match=r"lacks model\.bin"):
        model_folder(roots, CHOICE)


def test_main_branch_decides_between_snapshots(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    cache = roots.models / ".cache"
    cached(cache, "older")
    cached(cache)
    with pytest.raises(Misconfigured, match="is missing"):
        model_folder(roots, CHOICE)
    (cache / REPOSITORY / "refs").mkdir()
    (cache / REPOSITORY / "refs/main").write_text(MAIN)
    assert model_folder(roots, CHOICE).name == MAIN


@pytest.mark.parametrize("folder", ["blobs", f"snapshots/{MAIN}"])
def test_incomplete_snapshot_does_not_count(tmp_path: Path, folder: str) -> None:
    roots = roots_in(tmp_path)
    snapshot = cached(roots.models / ".cache")
    for file in (snapshot.parents[1] / folder).iterdir():
        file.unlink()
    with pytest.raises(Misconfigured, match="is missing"):
        model_folder(roots, CHOICE)
    with pytest.raises(ValueError, match=NAME):
        model_revision(roots, CHOICE)


def test_only_the_companions_that_are_used_change_the_revision(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    for name in ("whisperx/base", "wav2vec2/en", "wav2vec2/ko"):
        lay(roots.models, name, name=name)
    english = EngineChoice(engine="whisperx", model="base")
    both = EngineChoice(engine="whisperx", model="base", parameters={"align_languages": "en,ko"})
    assert model_revision(roots, english, "en-GB") == model_revision(roots, both, "en-GB")
    assert model_revision(roots, both, "ko") != model_revision(roots, both, "en")
    assert model_revision(roots, english) != model_revision(roots, both)


def test_a_token_changes_the_revision_unless_the_diarizer_is_on_the_volume(
    tmp_path: Path,
) -> None:
    """With a token there are several speakers where there was one."""
    roots = roots_in(tmp_path)
    lay(roots.models, name="whisperx/base")
    choice = EngineChoice(engine="whisperx", model="base")
    without = model_revision(roots, choice, "en")
    assert model_revision(roots, choice, "en", has_token=True) != without
    alone = EngineChoice(engine="whisperx", model="base", parameters={"diarize": False})
    assert model_revision(roots, alone, "en", has_token=True) == model_revision(roots, alone, "en")
    lay(roots.models, name="pyannote/speaker-diarization-community-1")
    assert model_revision(roots, choice, "en", has_token=True) == (
        model_revision(roots, choice, "en")
    )


def test_companion_in_a_cache_changes_the_revision(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    lay(roots.models, name="whisperx/base")
    choice = EngineChoice(engine="whisperx", model="base")
    before = model_revision(roots, choice)
    cached(roots.models / ".cache", repository="models--facebook--wav2vec2-base-960h")
    aligned = model_revision(roots, choice)
    cached(
        roots.models / ".cache",
        repository="models--pyannote--speaker-diarization-community-1",
    )
    assert len({before, aligned, model_revision(roots, choice)}) == 3


def test_check_and_pull_accept_a_cached_model(tmp_path: Path) -> None:
    """Nothing is downloaded for it: the hub of an isolated cluster does not answer."""
    cached(tmp_path / "cache")
    needs = needs_of([CHOICE])
    for states in (
        check(needs, tmp_path / "models", [tmp_path / "cache"]),
        pull(needs, tmp_path / "models", None, [tmp_path / "cache"]),
    ):
        assert [str(state) for state in states] == [f"{NAME}: in the volume's Hugging Face cache"]
        assert not states[0].is_missing


@pytest.mark.parametrize(
    ("environment", "cache"),
    [
        ({}, "models/.cache/whisperx"),
        ({}, "models/.cache"),
        ({}, "models/.cache/hub"),
        ({}, "models/.cache/huggingface/hub"),
        ({"WHISPERX_CACHE_DIR": "other"}, "other"),
        ({"XDG_CACHE_HOME": "home"}, "home/huggingface/hub"),
        ({"XDG_CACHE_HOME": "home"}, "models/.cache"),
    ],
)
def test_environment_names_the_caches(
    tmp_path: Path, environment: dict[str, str], cache: str
) -> None:
    variables = {"MODELS_DIR": "models", **environment}
    absolute = {name: str(tmp_path / value) for name, value in variables.items()}
    roots = Roots.from_environment(absolute)
    snapshot = cached(tmp_path / cache)
    assert model_folder(roots, CHOICE).resolve() == snapshot.resolve()


# ---- what a profile needs --------------------------------------------------------------

PROFILE = {
    "ingest": {"image": "extra", "engine": "ffmpeg"},
    "separate": {"image": "stt", "engine": "demucs", "model": "htdemucs_ft"},
    "transcribe": {
        "image": "stt", "engine": "whisperx", "model": "large-v3",
        "parameters": {"align_languages": "en, ko", "batch_size": 16},
    },
    "translate": {"image": "extra", "engine": "googletrans"},
    "synthesize": {"image": "tts", "engine": "cosyvoice", "model": "CosyVoice2-0.5B"},
    "mux": {"image": "extra", "engine": "ffmpeg"},
}  # fmt: skip


@pytest.mark.parametrize("whole", [True, False])
def test_needs_are_read_from_a_profile_or_its_spec(tmp_path: Path, whole: bool) -> None:
    path = tmp_path / "gpu.json"
    spec = {"stages": PROFILE, "network": True}
    path.write_text(json.dumps({"metadata": {"name": "gpu"}, "spec": spec} if whole else spec))
    needs = {need.name: need for need in needs_of(read_profile(path))}
    assert list(needs) == [
        "demucs/htdemucs_ft",
        "whisperx/large-v3",
        "wav2vec2/en",
        "wav2vec2/ko",
        "diarizer/v1",
        "pyannote/speaker-diarization-community-1",
        "cosyvoice/CosyVoice2-0.5B",
        "faster-whisper/base",
        "dnsmos/p835",
    ]
    assert [source.repository for need in needs.values() for source in need.sources] == [
        "adefossez/HTDemucs-ft",
        "Systran/faster-whisper-large-v3",
        "facebook/wav2vec2-base-960h",
        "kresnik/wav2vec2-large-xlsr-korean",
        "pyannote/speaker-diarization-community-1",
        "iic/CosyVoice2-0.5B",
        "FunAudioLLM/CosyVoice2-0.5B",
        "Systran/faster-whisper-base",
    ]


@pytest.mark.parametrize(
    ("model", "repository"),
    [
        ("large", "Systran/faster-whisper-large-v3"),
        ("turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
        ("large-v3-turbo", "mobiuslabsgmbh/faster-whisper-large-v3-turbo"),
        ("distil-large-v3.5", "distil-whisper/distil-large-v3.5-ct2"),
    ],
)
def test_names_of_faster_whisper_are_known(model: str, repository: str) -> None:
    """With the languages of large-v3, which they are made from."""
    choice = EngineChoice(engine="faster-whisper", model=model, parameters={"diarize": False})
    (need,) = needs_of([choice])
    assert [source.repository for source in need.sources] == [repository]
    assert "yue" in languages.whisper(choice).codes


def test_no_gated_model_is_needed_without_diarization() -> None:
    choice = EngineChoice(engine="whisperx", model="tiny", parameters={"diarize": False})
    assert [need.name for need in needs_of([choice])] == ["whisperx/tiny", "wav2vec2/en"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"stages": {"mux": {}}}', '{"stages": 1}'])
def test_file_that_is_not_a_profile_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "profile.json"
    path.write_text(text)
    with pytest.raises(Misconfigured, match=r"profile\.json is neither a profile"):
        read_profile(path)


def test_first_token_that_is_set_is_used() -> None:
    assert hugging_face_token({"HF_TOKEN": "", "HUGGINGFACE_HUB_TOKEN": "b"}) == "b"
    assert hugging_face_token({"HF_TOKEN": "a", "HUGGINGFACE_TOKEN": "b"}) == "a"
    assert hugging_face_token({"HF_TOKEN": " a\n"}) == "a", "a file ends with a line feed"
    assert hugging_face_token({"HF_TOKEN": "\n", "HUGGINGFACE_TOKEN": "b"}) == "b"
    assert hugging_face_token({}) is None


# ---- in an image ------------------------------------------------------------------


def test_model_in_the_image_is_used_unless_the_volume_has_it(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    lay(roots.image_models, "in the image")
    assert model_folder(roots, CHOICE) == roots.image_models / NAME
    in_image = model_revision(roots, CHOICE)
    lay(roots.models, "on the volume")
    assert model_folder(roots, CHOICE) == roots.models / NAME
    assert model_revision(roots, CHOICE) != in_image


def test_damaged_model_in_the_image_is_named(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    lay(roots.image_models)
    (roots.image_models / NAME / "model.bin").unlink()
    with pytest.raises(Misconfigured, match=r"lacks model\.bin"):
        model_folder(roots, CHOICE)
    needs = [Need(NAME)]
    (state,) = check(needs, roots.models, image=roots.image_models)
    assert (str(state), state.is_missing) == (f"{NAME}: of the image lacks model.bin", True)


@pytest.mark.parametrize("act", [check, lambda *a, **k: pull(a[0], a[1], None, **k)])
def test_model_in_the_image_is_neither_missing_nor_downloaded(
    tmp_path: Path, act: Callable[..., list[State]]
) -> None:
    roots = roots_in(tmp_path)
    lay(roots.image_models)
    (state,) = act([Need(NAME)], roots.models, image=roots.image_models)
    assert (str(state), state.is_missing) == (f"{NAME}: complete, in this image", False)
    assert not roots.models.exists()


# ---- from the hubs ---------------------------------------------------------------

FILES = {
    "Systran/faster-whisper-base": {
        "config.json": b"{}", "model.bin": b"weights", "tokenizer.json": b"{1}", "a.md": b"",
    },
    "facebook/wav2vec2-base-960h": {
        "config.json": b"{}", "model.safetensors": b"safe", "pytorch_model.bin": b"pickle",
    },
    "pyannote/speaker-diarization-community-1": {"config.yaml": b"x", "plda/plda.npz": b"y"},
}  # fmt: skip
COMMIT = "0123456789012345678901234567890123456789"


def sibling(name: str, content: bytes) -> dict[str, object]:
    """A file in a listing with metadata: weights are in LFS."""
    if name.endswith(".bin"):
        digest = hashlib.sha256(content).hexdigest()
        lfs = {"sha256": digest, "size": len(content), "pointerSize": 100}
        return {"rfilename": name, "size": len(content), "blobId": "0" * 40, "lfs": lfs}
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return {"rfilename": name, "size": len(content), "blobId": blob}


class HuggingFace(BaseHTTPRequestHandler):
    """What the hub answers to ``huggingface_hub``: a repository's files, and each file."""

    protocol_version = "HTTP/1.1"
    asked: list[str]

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)  # type: ignore[attr-defined]
        for repository, files in FILES.items():
            if repository.startswith("pyannote") and TOKEN not in (
                self.headers.get("Authorization") or ""
            ):
                continue
            if path.startswith(f"/api/models/{repository}/tree/"):
                tree = [
                    {"type": "file", "path": name, "size": len(content), "oid": name}
                    for name, content in files.items()
                ]
                return self.answer(200, json.dumps(tree).encode(), "application/json")
            if path.startswith(f"/api/models/{repository}"):
                siblings = [sibling(name, content) for name, content in files.items()]
                body = {"id": repository, "sha": COMMIT, "siblings": siblings, "tags": []}
                return self.answer(200, json.dumps(body).encode(), "application/json")
            for name, content in files.items():
                if path.startswith(f"/{repository}/resolve/") and path.endswith(f"/{name}"):
                    if name in self.server.damaged:  # type: ignore[attr-defined]
                        content = self.server.damaged[name]  # type: ignore[attr-defined]
                    return self.answer(200, content, "application/octet-stream")
        return self.answer(404, b"{}", "application/json")

    def answer(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), HuggingFace)
    server.asked = []  # type: ignore[attr-defined]
    server.damaged = {}  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def in_process(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own: the library reads its endpoint once."""
    return subprocess.run(
        [sys.executable, "-m", "dubstage", *map(str, arguments)],
        env={**os.environ, "NO_PROXY": "127.0.0.1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models volume, and the file of a profile that needs one model."""
    profile = tmp_path / "profile.json"
    stages = {"transcribe": CHOICE.model_dump(), "synthesize": SILENT}
    profile.write_text(json.dumps({"stages": stages}))
    monkeypatch.setenv("MODELS_DIR", str(tmp_path / "models"))
    return tmp_path / "models"


def dubstage(monkeypatch: pytest.MonkeyPatch, *arguments: str | Path) -> int:
    monkeypatch.setattr(sys, "argv", ["dubstage", *map(str, arguments)])
    return main()


def test_command_downloads_from_hugging_face(
    volume: Path,
    hub: ThreadingHTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    profile = volume.with_name("profile.json")
    assert dubstage(monkeypatch, "models", "check", "--profile", profile) == ExitCode.CONFIG
    told = capsys.readouterr()
    assert (told.out, told.err) == (f"{NAME}: is missing\n", f"models check: Missing: {NAME}.\n")
    pulled = in_process(
        "models", "pull", "--profile", profile, HF_TOKEN=TOKEN, HF_HOME=str(volume / "../home"),
        HF_ENDPOINT=f"http://127.0.0.1:{hub.server_port}",
    )  # fmt: skip
    assert pulled.returncode == 0, pulled.stderr
    assert pulled.stdout.splitlines() == [
        f"{NAME}: downloading, model 1 of 1",
        f"{NAME}: downloaded from Hugging Face, Systran/faster-whisper-base",
    ]
    assert TOKEN not in pulled.stdout + pulled.stderr
    assert {path.name for path in (volume / NAME).iterdir()} == {
        "config.json", "model.bin", "tokenizer.json", SUMS,
    }  # fmt: skip
    assert any(f"/resolve/{COMMIT}/model.bin" in path for path in hub.asked)  # type: ignore[attr-defined]
    # The files of the commit that was listed, although the branch may have moved since.
    assert not any("/main" in path for path in hub.asked)  # type: ignore[attr-defined]
    # Both are content with what is there now.
    for action in ("check", "pull"):
        assert dubstage(monkeypatch, "models", action, "--profile", profile) == ExitCode.OK
    assert capsys.readouterr().out == f"{NAME}: complete\n{NAME}: was complete already\n"


def test_named_model_is_pulled_in_the_revision_that_is_asked_for(
    volume: Path, hub: ThreadingHTTPServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """As the Dockerfile does. The revision in the first answer can be asked for later."""
    environment = {
        "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HOME": str(volume / "../home"),
        "MODELS_DIR": str(volume),
    }  # fmt: skip
    first = in_process("models", "pull", "--model", NAME, **environment)
    assert first.returncode == ExitCode.OK, first.stderr
    digest = hashlib.sha256((volume / NAME / SUMS).read_bytes()).hexdigest()
    assert first.stdout.splitlines()[-1] == f"{NAME}@sha256:{digest}"
    again = in_process("models", "pull", "--model", f"{NAME}@sha256:{digest}", **environment)
    assert again.returncode == ExitCode.OK, again.stderr
    other = in_process("models", "pull", "--model", f"{NAME}@sha256:{'0' * 64}", **environment)
    assert other.returncode == ExitCode.CONFIG
    assert f"has the revision sha256:{digest}, expected sha256:{'0' * 64}" in other.stderr


@pytest.mark.parametrize(
    "word", ["", "base", "../base", "a/../b", "a/b@sha256:12", "a/b/c", "a/b\n"]
)
def test_word_that_names_no_model_is_refused(
    volume: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], word: str
) -> None:
    assert dubstage(monkeypatch, "models", "pull", "--model", word) == ExitCode.CONFIG
    assert "names no model" in capsys.readouterr().err


def test_excepted_model_is_not_pulled(
    volume: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ("--profile", volume.with_name("profile.json"), "--except", NAME)
    for action in ("pull", "check"):
        assert dubstage(monkeypatch, "models", action, *arguments) == ExitCode.OK
    assert capsys.readouterr().out == ""


def test_unresponsive_hub_is_reported(volume: Path) -> None:
    done = in_process(
        "models", "pull", "--profile", volume.with_name("profile.json"),
        HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(volume / "../home"),
    )  # fmt: skip
    assert done.returncode == ExitCode.CONFIG
    assert done.stdout.splitlines()[1].startswith(f"{NAME}: is missing: Hugging Face: ")
    assert done.stderr == f"models pull: Missing: {NAME}.\n"


@pytest.mark.parametrize("there", ["config.json", ".cache/note"])
def test_unresponsive_hub_does_not_complete_a_partial_model(volume: Path, there: str) -> None:
    """The library returns a folder that is not empty as if it had been downloaded."""
    (volume / NAME / there).parent.mkdir(parents=True)
    (volume / NAME / there).write_text("{}")
    done = in_process(
        "models", "pull", "--profile", volume.with_name("profile.json"),
        HF_ENDPOINT="http://127.0.0.1:9", HF_HOME=str(volume / "../home"),
    )  # fmt: skip
    assert done.returncode == ExitCode.CONFIG, done.stdout
    assert not list(volume.rglob(SUMS))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("model.bin", b"WEIGHTS"), ("config.json", b"[]"), ("model.bin", None),
        ("tokenizer.json", None),
    ],
)  # fmt: skip
def test_download_that_differs_from_the_listing_is_refused_and_heals(
    volume: Path, hub: ThreadingHTTPServer, name: str, content: bytes | None
) -> None:
    """A damaged file; or, for None, a volume that has a damaged model of an earlier version."""
    arguments = ("models", "pull", "--profile", volume.with_name("profile.json"))
    environment = {
        "HF_HOME": str(volume / "../home"), "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
    }  # fmt: skip
    if content is None:
        (volume / NAME).mkdir(parents=True)
        for file, whole in FILES["Systran/faster-whisper-base"].items():
            if file != name:
                (volume / NAME / file).write_bytes(whole)
        write_sums(volume / NAME)
        (state,) = check(needs_of([CHOICE]), volume)
        assert str(state) == f"{NAME}: lacks {name}"
        assert state.is_missing
    else:
        hub.damaged[name] = content  # type: ignore[attr-defined]
        done = in_process(*arguments, **environment)
        assert done.returncode == ExitCode.CONFIG
        assert name in done.stdout
        assert not list(volume.rglob("*.json"))
        hub.damaged.clear()  # type: ignore[attr-defined]
    done = in_process(*arguments, **environment)
    assert done.returncode == 0, done.stdout
    assert [state.text for state in check(needs_of([CHOICE]), volume)] == ["complete"]
    assert [path.name for path in (volume / "faster-whisper").iterdir()] == ["base"]


def test_checksums_without_files_are_a_fault(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    (roots.models / NAME).mkdir(parents=True)
    (roots.models / NAME / SUMS).touch()
    (state,) = check([Need(NAME)], roots.models)
    assert (state.text, state.is_missing) == ("has no files", True)
    with pytest.raises(Misconfigured, match="has no files: run `dubstage models pull`"):
        model_folder(roots, CHOICE)


def test_partial_download_is_no_model(tmp_path: Path) -> None:
    seed = lay(tmp_path / "seed")
    lay(seed, name="faster-whisper/.small.part")
    assert [state.name for state in pull_from(seed, tmp_path / "models")] == [NAME]


def test_pull_without_a_profile_or_a_folder_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        dubstage(monkeypatch, "models", "pull")
    assert "give --profile, --model or --from" in capsys.readouterr().err


class Fetched:
    """Stands for the fetchers: writes a file, or fails."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.fault = fault

    def __call__(self, source: Source, folder: Path, token: str | None) -> None:
        self.asked.append((source.repository, token))
        (folder / ".cache").mkdir(exist_ok=True)
        (folder / ".cache/note").write_text("a note")
        (folder / "weights.bin").write_text("half" if self.fault else "whole")
        for pattern in source.required:
            name = pattern.partition("|")[0].replace("*", "model")
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("whole")
        if self.fault:
            raise self.fault


class HubError(Exception):
    """As ModelScope's errors: of no common base."""


NEED = Need(
    "cosyvoice/made", (Source(Hub.MODELSCOPE, "iic/made"), Source(Hub.HUGGING_FACE, "org/made"))
)


def test_second_hub_is_used_if_the_first_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Fetched()
    broken = Fetched(HubError(f"403 for {TOKEN}"))
    monkeypatch.setattr(
        "dubstage.models.pull.FETCHERS", {Hub.MODELSCOPE: broken, Hub.HUGGING_FACE: broken}
    )
    (state,) = pull([NEED], tmp_path, TOKEN)
    assert state.is_missing
    assert str(state) == (
        "cosyvoice/made: is missing: ModelScope: 403 for …; Hugging Face: 403 for …"
    )
    assert not (tmp_path / NEED.name / SUMS).exists()
    monkeypatch.setattr(
        "dubstage.models.pull.FETCHERS", {Hub.MODELSCOPE: broken, Hub.HUGGING_FACE: fetch}
    )
    (state,) = pull([NEED], tmp_path, None)
    assert str(state) == "cosyvoice/made: downloaded from Hugging Face, org/made"
    assert list(read_sums(tmp_path / NEED.name)) == ["weights.bin"]
    assert [state.text for state in check([NEED], tmp_path)] == ["complete"]


def test_damaged_model_is_downloaded_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fetch = Fetched()
    monkeypatch.setattr("dubstage.models.pull.FETCHERS", {Hub.MODELSCOPE: fetch})
    pull([NEED], tmp_path, None)
    (tmp_path / NEED.name / "weights.bin").write_text("WHOLE")
    assert "downloaded" in pull([NEED], tmp_path, None)[0].text
    assert (tmp_path / NEED.name / "weights.bin").read_text() == "whole"
    assert len(fetch.asked) == 2


def test_gated_model_is_not_requested_without_a_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch = Fetched()
    monkeypatch.setattr("dubstage.models.pull.FETCHERS", {Hub.HUGGING_FACE: fetch})
    choice = EngineChoice(engine="whisperx", model="tiny")
    *_, diarizer = pull(needs_of([choice]), tmp_path, None)
    assert "set HF_TOKEN; without it, diarizer/v1 names the speakers" in diarizer.text
    assert not diarizer.is_missing
    *_, diarizer = pull(needs_of([choice]), tmp_path, TOKEN)
    assert diarizer.text.startswith("downloaded")
    assert fetch.asked[-1] == ("pyannote/speaker-diarization-community-1", TOKEN)


def test_model_without_a_known_repository_is_reported(tmp_path: Path) -> None:
    (state,) = pull(needs_of([EngineChoice(engine="whisperx", model="mine")])[:1], tmp_path, None)
    assert state.is_missing
    assert "put it on the volume with --from" in state.text


def test_modelscope_is_called_with_its_own_arguments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signature of modelscope 1.20 and 1.40, as far as they agree."""

    (source, _) = sources_of("cosyvoice/CosyVoice2-0.5B")
    files = {pattern.partition("|")[0]: b"some bytes" for pattern in source.required}
    exports = {"flow.encoder.fp32.zip": b"x", "README.md": b"x"}
    asked: list[list[str] | None] = []

    def snapshot_download(
        model_id: str, revision: str | None = None, cache_dir: str | None = None, *,
        local_files_only: bool = False, local_dir: str | None = None,
        allow_patterns: list[str] | None = None, ignore_patterns: list[str] | None = None,
    ) -> str:  # fmt: skip
        assert (model_id, revision) == ("iic/CosyVoice2-0.5B", "master")
        assert local_dir is not None
        asked.append(allow_patterns)
        for name in allow_patterns or ():
            (Path(local_dir) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(local_dir) / name).write_bytes(b"half" if halved == name else files[name])
        return local_dir

    class HubApi:
        def get_model_files(
            self, model_id: str, revision: str | None = "master", root: str | None = None,
            recursive: bool = False, use_cookies: bool = False, headers: object = None,
        ) -> list[dict[str, object]]:  # fmt: skip
            assert recursive
            listed: list[dict[str, object]] = [
                {
                    "Path": name, "Name": Path(name).name, "Size": len(content), "Type": "blob",
                    "Sha256": hashlib.sha256(content).hexdigest(),
                }
                for name, content in {**files, **exports}.items()
            ]  # fmt: skip
            return [{"Path": "CosyVoice-BlankEN", "Type": "tree"}, *listed]

    library = types.ModuleType("modelscope")
    library.snapshot_download = snapshot_download  # type: ignore[attr-defined]
    api = types.ModuleType("modelscope.hub.api")
    api.HubApi = HubApi  # type: ignore[attr-defined]
    for name, module in {
        "modelscope": library,
        "modelscope.hub": library,
        api.__name__: api,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)
    needs = [Need("cosyvoice/CosyVoice2-0.5B", (source,))]
    halved = "llm.pt"
    (state,) = pull(needs, tmp_path, None)
    assert "llm.pt has 4 bytes, expected 10" in state.text
    assert state.is_missing
    halved = ""
    (state,) = pull(needs, tmp_path, None)
    assert state.text == "downloaded from ModelScope, iic/CosyVoice2-0.5B"
    assert set(asked[-1] or ()) == set(files)
    assert (tmp_path / needs[0].name / "CosyVoice-BlankEN/vocab.json").is_file()


def test_image_without_the_library_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "modelscope", None)
    (state,) = pull([Need("cosyvoice/made", (Source(Hub.MODELSCOPE, "iic/made"),))], tmp_path, None)
    assert "this image has no library for ModelScope" in state.text


def test_check_does_not_write_to_the_volume(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    lay(roots.models)
    before = {path: path.stat().st_mtime_ns for path in roots.models.rglob("*")}
    check([Need(NAME), Need("demucs/htdemucs")], roots.models)
    model_folder(roots, CHOICE)
    assert {path: path.stat().st_mtime_ns for path in roots.models.rglob("*")} == before


@pytest.mark.parametrize(
    ("engine", "parameters", "names"),
    [
        ("kokoro", {}, [NAME, "dnsmos/p835"]),
        (
            "espeak-ng",
            {"check_model": "faster-whisper/small"},
            ["faster-whisper/small", "dnsmos/p835"],
        ),
        ("espeak-ng", {"check": False}, []),
        ("cosyvoice", {}, [NAME, "dnsmos/p835", "diarizer/v1"]),
        ("cosyvoice", {"check": False}, []),
        ("openai-speech", {"voices": "ana"}, [NAME, "dnsmos/p835"]),
        ("openai-speech", {"clone": "upload"}, [NAME, "dnsmos/p835", "diarizer/v1"]),
    ],
)
def test_voices_bring_the_models_that_check_them(
    engine: str, parameters: dict[str, str | int | float | bool], names: list[str]
) -> None:
    needs = needs_of([EngineChoice(engine=engine, parameters=parameters)])
    assert [need.name for need in needs] == names
    assert all(need.without for need in needs)


def test_check_that_a_profile_requires_requires_its_model() -> None:
    need, rating = needs_of([EngineChoice(engine="espeak-ng", parameters={"check": True})])
    assert not need.without
    assert rating.without


@pytest.mark.parametrize("is_first", [True, False])
def test_model_that_one_engine_requires_is_required(is_first: bool) -> None:
    """The check of another stage only likes to have it."""
    required = EngineChoice(engine="faster-whisper", model="base", parameters={"diarize": False})
    optional = EngineChoice(engine="gtts")
    choices = [required, optional] if is_first else [optional, required]
    needs = {need.name: need for need in needs_of(choices)}
    assert not needs[NAME].without


def test_check_model_is_part_of_the_revision_of_a_voice_without_a_model(tmp_path: Path) -> None:
    """What is checked decides which take is kept."""
    roots = roots_in(tmp_path)
    choice = EngineChoice(engine="espeak-ng")
    unchecked = EngineChoice(engine="espeak-ng", parameters={"check": False})
    lay(roots.models, name="dnsmos/p835")
    assert model_revision(roots, choice) is None, "it only measures"
    lay(roots.models, name="faster-whisper/base")
    assert model_revision(roots, choice) is not None
    assert model_revision(roots, unchecked) is None


def test_diarizer_of_faster_whisper_is_optional_and_part_of_the_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dubstage.models.pull.FETCHERS", {Hub.HUGGING_FACE: Fetched()})
    choice = EngineChoice(engine="faster-whisper", model="base")
    assert [need.name for need in needs_of([choice])] == [NAME, "diarizer/v1"]
    lines: list[str] = []
    *_, state = pull(needs_of([choice]), tmp_path / "models", None, report=lines.append)
    assert str(state) == (
        "diarizer/v1: is missing: no repository is known for it: put it on the volume with --from; "
        "without it, everybody is one speaker"
    )
    assert not state.is_missing
    assert lines == [f"{NAME}: downloading, model 1 of 1"]
    roots = roots_in(tmp_path)
    alone = model_revision(roots, choice)
    assert alone == model_revision(roots, CHOICE), "the transcripts of earlier versions stay valid"
    lay(roots.models, name="diarizer/v1")
    assert model_revision(roots, choice) not in (alone, None)
    assert model_revision(roots, CHOICE) == alone
