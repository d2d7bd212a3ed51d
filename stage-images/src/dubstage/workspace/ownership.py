"""The owner of a job's folder: one DubJob.

The first ingest claims the folder for its DubJob. Runs of any other DubJob fail with a
sentence and change nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path
from uuid import uuid4

from dubstage.contract import Stage, StageRequest
from dubstage.errors import Misconfigured, NoInput
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import sync

SETTLE_SECONDS = 1.0
"""How long to wait for the content of an empty claim, which may just be being written."""


def claim(tree: Tree, request: StageRequest) -> None:
    """Claim the folder for the DubJob of the request. If several claim it at once, one
    succeeds.

    Raises :class:`Misconfigured` if the folder belongs to another DubJob.
    """
    tree.owner.parent.mkdir(parents=True, exist_ok=True)
    mine = tree.owner.with_name(f".owner.{uuid4().hex}.partial")
    try:
        mine.write_text(json.dumps({"namespace": request.namespace, "name": request.name}) + "\n")
        sync(mine)
        _put(mine, tree.owner)
        if owner_of(tree) is None:
            time.sleep(SETTLE_SECONDS)
        if owner_of(tree) is None:
            # The process that started this claim did not finish it.
            mine.replace(tree.owner)
    finally:
        mine.unlink(missing_ok=True)
    sync(tree.owner.parent)
    check(tree, request)


def _put(mine: Path, owner: Path) -> None:
    """Publish the claim `mine` as `owner`, unless there is one.

    A hard link is complete at once. A volume without hard links gets a second file.
    """
    try:
        os.link(mine, owner)
    except FileExistsError:
        return
    except OSError:
        with contextlib.suppress(FileExistsError), owner.open("xb") as file:
            file.write(mine.read_bytes())
            file.flush()
            os.fsync(file.fileno())


def check(tree: Tree, request: StageRequest) -> None:
    """Raise :class:`Misconfigured` if the folder belongs to another DubJob, and
    :class:`NoInput` if no DubJob has claimed it."""
    owner = owner_of(tree)
    if owner is None:
        raise NoInput(
            f"{tree.relative(tree.owner)} is missing; the ingest stage has to write it again.",
            missing_from=Stage.INGEST,
        )
    if owner != (request.namespace, request.name):
        raise Misconfigured(
            f"interim/{tree.job_id} belongs to the DubJob {owner[0]}/{owner[1]}: choose another "
            f"spec.jobID, or delete {tree.relative(tree.owner)} if that DubJob no longer exists.",
            reason="FolderTaken",
        )


def owner_of(tree: Tree) -> tuple[str, str] | None:
    """Namespace and name of the DubJob that owns the folder; None if it has no valid claim.

    Raises OSError if the claim cannot be read: it may be that of another DubJob.
    """
    try:
        return owner_in(tree.owner.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None


def owner_in(claim: str) -> tuple[str, str] | None:
    """Namespace and name in the text of a claim; None if it is not valid."""
    try:
        owner = json.loads(claim)
        return str(owner["namespace"]), str(owner["name"])
    except (ValueError, KeyError, TypeError):
        return None
