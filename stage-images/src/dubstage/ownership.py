"""One folder, one owner: which DubJob's folder this is.

The first ingest to come claims the job's folder for its DubJob; everyone else's
run ends with a sentence and touches nothing.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from dubstage.contract import Stage, StageRequest
from dubstage.errors import Misconfigured, NoInput
from dubstage.layout import Tree


def claim(tree: Tree, request: StageRequest) -> None:
    """Claim the folder for the request's DubJob, in one step.

    Raises :class:`Misconfigured` where it is another's.
    """
    tree.owner.parent.mkdir(parents=True, exist_ok=True)
    mine = tree.owner.with_name(f".owner.{os.getpid()}.partial")
    mine.write_text(json.dumps({"namespace": request.namespace, "name": request.name}) + "\n")
    try:
        os.link(mine, tree.owner)
    except FileExistsError:
        check(tree, request)
    finally:
        mine.unlink()


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
