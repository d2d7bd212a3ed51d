"""The source: the file that a DubJob's `source.path` names."""

from __future__ import annotations

import time
from pathlib import Path

from dubstage.contract import StageRequest
from dubstage.errors import BadInput
from dubstage.workspace.layout import Roots

MAX_WAIT_SECONDS = 3.0
"""A file that another machine wrote can take a moment to appear on NFS."""


def resolve_source(roots: Roots, request: StageRequest) -> Path:
    """The source's real path, with links resolved.

    Raises :class:`BadInput` if it does not exist, is not a file, or leads out of the inputs
    folder.
    """
    inputs = roots.inputs.resolve()
    path = (inputs / request.source).resolve()
    if not path.is_relative_to(inputs):
        raise BadInput(
            f"inputs/{request.source} leads out of the inputs folder: put the source itself there, "
            "or a link to another file in the inputs folder.",
            reason="SourceOutsideInputs",
        )
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.25)
    if not path.exists():
        raise BadInput(
            f"inputs/{request.source} does not exist: put the source there, or set "
            "spec.source.path to its path.",
            reason="SourceNotFound",
        )
    if not path.is_file():
        raise BadInput(
            f"inputs/{request.source} is not a file: expected a video or audio file.",
            reason="SourceUnreadable",
        )
    return path
