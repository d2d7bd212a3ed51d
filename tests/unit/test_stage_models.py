"""Models: pulled with their sums checked, found or named as missing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from dubstage.contract import EngineChoice
from dubstage.errors import BadInput, Misconfigured
from dubstage.models import model_folder, model_revision, pull
from dubstage.testing import roots_in

CHOICE = EngineChoice(engine="faster-whisper", model="base")


def lay(folder: Path, content: str = "weights", told: str | None = None) -> Path:
    model = folder / "faster-whisper/base"
    model.mkdir(parents=True)
    (model / "model.bin").write_text(content)
    digest = hashlib.sha256((told or content).encode()).hexdigest()
    (model / "SHA256SUMS").write_text(f"{digest}  model.bin\n")
    return folder


def test_pull_copies_and_is_idempotent(tmp_path: Path) -> None:
    seed, models = lay(tmp_path / "seed"), tmp_path / "models"
    assert pull(seed, models) == ["faster-whisper/base"]
    file = models / "faster-whisper/base/model.bin"
    before = file.stat().st_mtime_ns
    pull(seed, models)
    assert file.stat().st_mtime_ns == before
    file.write_text("damaged")
    pull(seed, models)
    assert file.read_text() == "weights"


def test_pull_refuses_a_wrong_sum(tmp_path: Path) -> None:
    seed = lay(tmp_path / "seed", told="other weights")
    with pytest.raises(BadInput, match=r"model\.bin"):
        pull(seed, tmp_path / "models")
    assert not list((tmp_path / "models").rglob("*SUMS"))
    assert not [path for path in (tmp_path / "models").rglob("*") if path.is_file()]


def test_pull_of_nothing_is_said(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No models"):
        pull(tmp_path, tmp_path / "models")


@pytest.mark.parametrize("name", ["../escape", "/etc/passwd"])
def test_sums_cannot_lead_out(tmp_path: Path, name: str) -> None:
    seed = lay(tmp_path / "seed")
    (seed / "faster-whisper/base/SHA256SUMS").write_text(f"{'0' * 64}  {name}\n")
    with pytest.raises(Misconfigured):
        pull(seed, tmp_path / "models")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    roots = roots_in(tmp_path)
    with pytest.raises(Misconfigured, match="models pull"):
        model_folder(roots, CHOICE)
    lay(roots.models)
    assert model_folder(roots, CHOICE) == roots.models / "faster-whisper/base"
    (roots.models / "faster-whisper/base/model.bin").unlink()
    with pytest.raises(Misconfigured, match=r"model\.bin"):
        model_folder(roots, CHOICE)


def test_revision_changes_with_the_model(tmp_path: Path) -> None:
    first = roots_in(tmp_path / "one")
    second = roots_in(tmp_path / "two")
    lay(first.models)
    lay(second.models, "other")
    assert model_revision(first, CHOICE) != model_revision(second, CHOICE)
    assert model_revision(first, EngineChoice(engine="ffmpeg")) is None
