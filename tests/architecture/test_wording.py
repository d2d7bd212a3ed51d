"""The wording check: what it reads, what it refuses, and what it allows."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from local_cluster.tools import tools

ROOT = Path(__file__).parents[2]


def findings(sentence: str) -> list[str]:
    """Return the names of the Vale rules that refuse `sentence`."""
    done = subprocess.run(
        [tools(("vale",)).vale, "--output=JSON", "--ext=.md", sentence],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return sorted({found["Check"] for file in json.loads(done.stdout).values() for found in file})


@pytest.mark.parametrize(
    ("sentence", "rule"),
    [
        ("The stage takes the sound out of it.", "DubJob.Terms"),
        ("The picture is copied.", "DubJob.Terms"),
        ("It is tried again.", "DubJob.Terms"),
        ("The file lies below the inputs folder.", "DubJob.Terms"),
        ("The speech is recognised.", "DubJob.Spelling"),
        ("Check the licence.", "DubJob.Spelling"),
        ("Name of the queue. Omitted: the queue of the profile.", "DubJob.Patterns"),
        ("Who may create DubJobs can choose no image.", "DubJob.Patterns"),
        ("At most so many.", "DubJob.Patterns"),
        ("The stems are written, too.", "DubJob.Patterns"),
        ("Flux: compile (once, XX minutes)", "DubJob.Patterns"),
        ("Approve it with kubectl annotate dj talk x=y --overwrite.", "DubJob.Commands"),
        ("The dub has 1 segments.", "DubJob.Numbers"),
    ],
)
def test_wording_is_refused(sentence: str, rule: str) -> None:
    assert findings(sentence) == [rule]


@pytest.mark.parametrize(
    "sentence",
    [
        "The stage extracts the audio of the source.",
        "The video stream is copied without re-encoding.",
        "Its voice sounds robotic; the sound choice is another engine.",
        "Users who can create DubJobs cannot choose container images.",
        "Maximum number of speakers. Defaults to automatic detection.",
        "The dub has 1 segment, 21 segments or 0.1 seconds.",
        "Run `kubectl annotate dj talk x=y --overwrite` to approve the stage.",
        "`Omitted: so many` is code.",
    ],
)
def test_wording_is_allowed(sentence: str) -> None:
    assert findings(sentence) == []


def extracted(name: str, text: str, folder: Path) -> list[str]:
    """Return the lines that tools/prose.py extracts from a repository with one file."""
    source = folder / "repository"
    (source / name).parent.mkdir(parents=True)
    (source / name).write_text(text)
    (source / "tools").mkdir(exist_ok=True)
    (source / "tools/prose.py").write_text((ROOT / "tools/prose.py").read_text())
    git = ("git", "-c", "init.defaultBranch=main", "-C", str(source))
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", name], check=True)
    subprocess.run(["python3", str(source / "tools/prose.py"), str(folder / "prose")], check=True)
    return (folder / "prose" / f"{name}.md").read_text().splitlines()


def test_messages_of_python_files_keep_their_line_numbers(tmp_path: Path) -> None:
    text = '"""Two words."""\n\nKEY = "one"  # a comment\nTEXT = f"{KEY} has {1} file"\n'
    lines = extracted("local-cluster/src/module.py", text, tmp_path)
    assert lines[0] == "Two words."
    assert lines[1] == ""
    assert lines[2] == "a comment"
    assert lines[3] == "`X` has `X` file"


def test_comments_keep_their_line_numbers(tmp_path: Path) -> None:
    text = "# First comment.\nkey: value\nother: 1  # second comment\nurl: a#b\n"
    lines = extracted("charts/example/values.yaml", text, tmp_path)
    assert lines == ["First comment.", "", "second comment"]
