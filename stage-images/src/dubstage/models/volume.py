"""The models volume: folders with their checksums, and a cache."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from dubstage.contract import EngineChoice
from dubstage.errors import BadInput, Misconfigured
from dubstage.models.hub_cache import find_snapshot
from dubstage.models.needs import companions, sources_of
from dubstage.workspace.digests import sha256
from dubstage.workspace.layout import Roots
from dubstage.workspace.manifest import replacing

SUMS = "SHA256SUMS"
FETCHED = "hub"
"""The revision of a model that the engine fetches when it runs."""
PARTIAL = ".part"
"""Ending of the folder of a download that is not complete."""


@dataclass(frozen=True)
class Sum:
    """The entry of one file in ``SHA256SUMS``."""

    sha256: str
    size: int | None
    """Bytes; None if the entry has no size."""


def choice_of(name: str) -> EngineChoice:
    """The choice of the model `name`, ``<engine>/<model>``, without parameters."""
    engine, _, model = name.partition("/")
    return EngineChoice(engine=engine, model=model)


def model_folder(roots: Roots, choice: EngineChoice) -> Path:
    """The folder of the chosen model.

    Raises :class:`Misconfigured` if it does not exist, or if a file is missing or truncated.
    """
    if not choice.model:
        raise Misconfigured(
            f"The profile names no model for the engine {choice.engine}: set "
            "spec.stages.<stage>.model.",
            reason="ModelMissing",
        )
    name = f"{choice.engine}/{choice.model}"
    folder = find_model(roots, name)
    fault = find_fault(folder) if folder else "is missing"
    if folder is None or fault:
        command = "pull" if sources_of(name) else "pull --from FOLDER"
        raise Misconfigured(
            f"The model {name} on the models volume {fault}: run `dubstage models {command}`, or "
            "name another model in the profile.",
            reason="ModelMissing",
        )
    return folder


def find_model(roots: Roots, name: str) -> Path | None:
    """The folder of the model `name`, ``<engine>/<model>``: its own on the volume, the one in
    the image, or the one in a cache; None if there is none."""
    for place in (roots.models, roots.image_models):
        if (place / name / SUMS).is_file():
            return place / name
    return find_snapshot(roots.model_caches, sources_of(name))


def find_fault(folder: Path, required: Iterable[str] = ()) -> str | None:
    """What is wrong with the model in `folder`, without reading its files: ``lacks
    model.bin``, …; None for a model with all its files, or without checksums.

    `required`: files that the engine opens; ``a|b`` for one of two, ``*`` for any characters.

    Checksums are only compared when a model is pulled: reading gigabytes takes as long as
    loading them. A truncated file shows in its size.
    """
    if not (folder / SUMS).is_file():
        return None
    sums = read_sums(folder)
    if not sums:
        return "has no files"
    for pattern in required:
        names = pattern.split("|")
        if not any(fnmatch(known, name) for known in sums for name in names):
            return f"lacks {' or '.join(names)}"
    for name, entry in sums.items():
        if not (folder / name).is_file():
            return f"lacks {name}"
        size = (folder / name).stat().st_size
        if entry.size is not None and size != entry.size:
            return f"is damaged ({name} has {size} bytes, expected {entry.size})"
    return None


def model_revision(
    roots: Roots, choice: EngineChoice, language: str | None = None, *, has_token: bool = False
) -> str | None:
    """The revision of the chosen model and of the companions that are used; None if there are
    neither.

    `language`: of the source, BCP 47, if it is known: of the aligners, only its own counts.
    `has_token`: whether a companion that is not on the volume is fetched instead.
    Raises ValueError if the chosen model does not exist.
    """
    revisions = []
    if choice.model:
        folder = find_model(roots, f"{choice.engine}/{choice.model}")
        if folder is None:
            raise ValueError(f"no model {choice.engine}/{choice.model}")
        revisions.append(_revision(folder))
    for need in companions(choice, language):
        if need.only_measures:
            continue
        companion = find_model(roots, need.name)
        if companion:
            revisions.append(_revision(companion))
        elif has_token and any(source.gated for source in need.sources):
            revisions.append(FETCHED)
    if len(revisions) < 2:
        return revisions[0] if revisions else None
    return hashlib.sha256(" ".join(revisions).encode()).hexdigest()


def _revision(folder: Path) -> str:
    """The digest of the checksums; for a cache's snapshot, its name."""
    return model_digest(folder) if (folder / SUMS).is_file() else folder.name


def model_digest(folder: Path) -> str:
    """The revision of a model with checksums: the SHA-256 of ``SHA256SUMS``."""
    return sha256(folder / SUMS)


def read_sums(folder: Path) -> dict[str, Sum]:
    """The entries of the folder's ``SHA256SUMS``, by file name.

    Raises :class:`Misconfigured` for a malformed line, or a name that leads out of the
    folder.
    """
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for number, line in enumerate((folder / SUMS).read_text().splitlines(), start=1):
        first, _, name = line.removeprefix("# ").partition("  ")
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise _malformed(folder, number)
        if line.startswith("# ") and first.isdecimal():
            sizes[name] = int(first)
        elif not line.startswith("#") and len(first) == 64:
            digests[name] = first
        else:
            raise _malformed(folder, number)
    return {name: Sum(digest, sizes.get(name)) for name, digest in digests.items()}


def write_sums(folder: Path) -> None:
    """Write the checksums and sizes of all files below `folder`, in one step."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    names = [str(path.relative_to(folder)) for path in files]
    sizes = [f"# {path.stat().st_size}  {name}\n" for path, name in zip(files, names, strict=True)]
    sums = [f"{sha256(path)}  {name}\n" for path, name in zip(files, names, strict=True)]
    with replacing(folder / SUMS) as temporary:
        temporary.write_text("".join([*sizes, *sums]))


def names_in(folder: Path) -> list[str]:
    """The names of the models below `folder`: ``<engine>/<model>``."""
    return [
        str(sums.parent.relative_to(folder))
        for sums in sorted(folder.glob(f"*/*/{SUMS}"))
        if not sums.parent.name.endswith(PARTIAL)
    ]


def copy_model(source: Path, target: Path, name: str) -> None:
    """Copy the model `name` from below `source` to below `target`, unless it is complete.

    Checksums are compared, and written last, so that a partly copied model never counts as
    complete. Raises :class:`BadInput` if a file of `source` differs from its checksum.
    """
    sums = read_sums(source / name)
    if is_complete(target / name, sums):
        return
    for file, entry in sums.items():
        with replacing(target / name / file) as temporary:
            shutil.copyfile(source / name / file, temporary)
            digest = sha256(temporary)
            if digest != entry.sha256:
                raise BadInput(
                    f"{name}/{file} has the SHA-256 {digest}, expected {entry.sha256}: download it "
                    "again."
                )
    write_sums(target / name)


def is_complete(folder: Path, sums: dict[str, Sum] | None = None) -> bool:
    """Whether every file of the model has its checksum, by its own ``SHA256SUMS`` or by
    `sums`."""
    if not (folder / SUMS).is_file():
        return False
    expected = sums or read_sums(folder)
    return bool(expected) and all(
        (folder / name).is_file() and sha256(folder / name) == entry.sha256
        for name, entry in expected.items()
    )


def _malformed(folder: Path, number: int) -> Misconfigured:
    return Misconfigured(
        f"{SUMS} of {folder.parent.name}/{folder.name}, line {number}, is not `<sha256>  <file>` "
        "or `# <bytes>  <file>`: pull the model again."
    )
