"""One folder, one owner: which DubJob's folder this is.

The first ingest to come claims the job's folder for its DubJob; everyone else's
run ends with a sentence and touches nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from dubstage.contract import Stage, StageRequest
from dubstage.errors import Misconfigured, NoInput
from dubstage.workspace.layout import Tree
from dubstage.workspace.manifest import sync

SETTLE_SECONDS = 1.0
"""How long a claim that holds nothing may be one that is just being written."""


def claim(tree: Tree, request: StageRequest) -> None:
    """Claim the folder for the request's DubJob: of several who come at once, one gets it.

    Raises :class:`Misconfigured` where it is another's.
    """
    tree.owner.parent.mkdir(parents=True, exist_ok=True)
    mine = tree.owner.with_name(f".owner.{os.getpid()}.partial")
    try:
        mine.write_text(json.dumps({"namespace": request.namespace, "name": request.name}) + "\n")
        sync(mine)
        _put(mine, tree.owner)
        if _read(tree.owner) is None:
            time.sleep(SETTLE_SECONDS)
        if _read(tree.owner) is None:
            # Whoever began this claim did not end it: it is nobody's.
            mine.replace(tree.owner)
    finally:
        mine.unlink(missing_ok=True)
    sync(tree.owner.parent)
    check(tree, request)


def _put(mine: Path, owner: Path) -> None:
    """The content of `mine` as `owner`, unless there is one. By a second name for the file,
    which is whole at once; a volume without such names gets a file of its own."""
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
    """Raise :class:`Misconfigured` where the folder is another DubJob's, and
    :class:`NoInput` where nobody claimed it."""
    owner = _read(tree.owner)
    if owner is None:
        raise NoInput(
            f"{tree.relative(tree.owner)} is gone; the ingest stage has to write it again.",
            missing_from=Stage.INGEST,
        )
    if owner != (request.namespace, request.name):
        raise Misconfigured(
            f"interim/{tree.job_id} belongs to the DubJob {owner[0]}/{owner[1]}: choose another "
            f"spec.jobID, or remove {tree.relative(tree.owner)} when that DubJob is no more.",
            reason="FolderTaken",
        )


def _read(path: Path) -> tuple[str, str] | None:
    try:
        owner = json.loads(path.read_text())
        return str(owner["namespace"]), str(owner["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
