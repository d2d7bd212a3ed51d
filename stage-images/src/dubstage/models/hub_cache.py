"""Models in a Hugging Face cache that was filled beforehand: found, and only read.

The layout is ``models--<owner>--<name>/snapshots/<revision>/…``, with a file
``refs/main``, as ``huggingface_hub`` writes it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from dubstage.engines.repositories import Hub, Source


def find_snapshot(caches: Iterable[Path], sources: Iterable[Source]) -> Path | None:
    """The folder of the first of `sources` that one of `caches` holds completely; its name
    is the revision."""
    for source in sources:
        if source.hub is Hub.HUGGING_FACE:
            for cache in caches:
                snapshot = _current(cache / f"models--{source.repository.replace('/', '--')}")
                if snapshot and _is_complete(snapshot):
                    return snapshot
    return None


def _current(repository: Path) -> Path | None:
    """The snapshot of the main branch, or the only one."""
    reference = repository / "refs/main"
    if reference.is_file():
        return repository / "snapshots" / reference.read_text().strip()
    snapshots = list((repository / "snapshots").glob("*"))
    return snapshots[0] if len(snapshots) == 1 else None


def _is_complete(snapshot: Path) -> bool:
    """Whether there are files, and each link among them leads to its content.

    A download that was interrupted has no link to the file that is missing, so the engine
    reports it when it loads the model.
    """
    paths = list(snapshot.rglob("*"))
    return bool(paths) and all(path.exists() for path in paths)
