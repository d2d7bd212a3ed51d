"""The source video: what a DubJob's `source.path` means, and no more than that."""

from __future__ import annotations

import time
from pathlib import Path

from dubstage.contract import StageRequest
from dubstage.errors import BadInput
from dubstage.workspace.layout import Roots

LOOK_AGAIN_SECONDS = 3.0
"""A file laid down on another machine may take a moment to be seen on NFS."""


def resolve_source(roots: Roots, request: StageRequest) -> Path:
    """The source's real path, links resolved.

    Raises :class:`BadInput` where it is not there, not a file, or leads out of
    the inputs folder.
    """
    inputs = roots.inputs.resolve()
    path = (inputs / request.source).resolve()
    if not path.is_relative_to(inputs):
        raise BadInput(
            f"inputs/{request.source} leads out of the inputs folder: put the video itself there, "
            "or a link to another file below inputs.",
            reason="SourceOutsideInputs",
        )
    deadline = time.monotonic() + LOOK_AGAIN_SECONDS
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.25)
    if not path.exists():
        raise BadInput(
            f"inputs/{request.source} is not there: put the video there, or say in "
            "spec.source.path where it is.",
            reason="SourceNotFound",
        )
    if not path.is_file():
        raise BadInput(
            f"inputs/{request.source} is not a file: expected a video file.",
            reason="SourceUnreadable",
        )
    return path
