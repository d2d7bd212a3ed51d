"""The models volume: folders with their sums."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from dubstage.contract import EngineChoice
from dubstage.errors import BadInput, Misconfigured
from dubstage.models.needs import companions
from dubstage.workspace.digests import sha256
from dubstage.workspace.layout import Roots
from dubstage.workspace.manifest import replacing

SUMS = "SHA256SUMS"


@dataclass(frozen=True)
class Sum:
    """What the sums say of one file."""

    sha256: str
    size: int | None
    """Bytes; None where they are not told."""


def model_folder(roots: Roots, choice: EngineChoice) -> Path:
    """The folder of the chosen model.

    Raises :class:`Misconfigured` where it is not there, or a file is missing or cut off.
    """
    if not choice.model:
        raise Misconfigured(
            f"The profile names no model for the engine {choice.engine}: set "
            "spec.stages.<stage>.model.",
            reason="ModelMissing",
        )
    name = f"{choice.engine}/{choice.model}"
    fault = find_fault(roots.models / name)
    if fault:
        raise Misconfigured(
            f"The model {name} on the models volume {fault}: run `dubstage models pull`, or name "
            "another model in the profile.",
            reason="ModelMissing",
        )
    return roots.models / name


def has_model(roots: Roots, name: str) -> bool:
    """True where the model is there, whole or not."""
    return (roots.models / name / SUMS).is_file()


def find_fault(folder: Path) -> str | None:
    """What is wrong with a model, seen without reading its files: ``is missing``, ``lacks
    model.bin``, …; None where nothing is.

    Sums are only compared when a model is pulled: reading gigabytes takes as long as
    loading them. A file that was cut off shows in its size.
    """
    if not (folder / SUMS).is_file():
        return "is missing"
    for name, told in read_sums(folder).items():
        if not (folder / name).is_file():
            return f"lacks {name}"
        size = (folder / name).stat().st_size
        if told.size is not None and size != told.size:
            return f"is damaged ({name} has {size} bytes, {told.size} are right)"
    return None


def model_revision(roots: Roots, choice: EngineChoice) -> str | None:
    """The revision of the chosen model and of what the engine uses beside it; None where
    the profile names no model.

    Raises ValueError where it is not on the volume.
    """
    if not choice.model:
        return None
    try:
        revisions = [sha256(roots.models / choice.engine / choice.model / SUMS)]
    except OSError as error:
        raise ValueError(f"no model {choice.engine}/{choice.model}") from error
    for name in companions(choice):
        sums = roots.models / name / SUMS
        revisions.append(sha256(sums) if sums.is_file() else "")
    if len(revisions) == 1:
        return revisions[0]
    return hashlib.sha256(" ".join(revisions).encode()).hexdigest()


def read_sums(folder: Path) -> dict[str, Sum]:
    """What the folder's ``SHA256SUMS`` says, by file name.

    Raises :class:`Misconfigured` for a line that is not one, or a name that leads
    out of the folder.
    """
    digests: dict[str, str] = {}
    sizes: dict[str, int] = {}
    for number, line in enumerate((folder / SUMS).read_text().splitlines(), start=1):
        first, _, name = line.removeprefix("# ").partition("  ")
        if not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise _no_sum(folder, number)
        if line.startswith("# ") and first.isdecimal():
            sizes[name] = int(first)
        elif not line.startswith("#") and len(first) == 64:
            digests[name] = first
        else:
            raise _no_sum(folder, number)
    return {name: Sum(digest, sizes.get(name)) for name, digest in digests.items()}


def write_sums(folder: Path) -> None:
    """Write the sums and sizes of all files below `folder`, in one step."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)
    names = [str(path.relative_to(folder)) for path in files]
    sizes = [f"# {path.stat().st_size}  {name}\n" for path, name in zip(files, names, strict=True)]
    sums = [f"{sha256(path)}  {name}\n" for path, name in zip(files, names, strict=True)]
    with replacing(folder / SUMS) as temporary:
        temporary.write_text("".join([*sizes, *sums]))


def names_in(folder: Path) -> list[str]:
    """The models below `folder`: ``<engine>/<model>``."""
    return [str(sums.parent.relative_to(folder)) for sums in sorted(folder.glob(f"*/*/{SUMS}"))]


def copy_model(source: Path, target: Path, name: str) -> None:
    """Copy the model `name` from below `source` to below `target`, sums checked and
    written last, so that a half-copied model is never taken for a whole one. One that is
    there and whole is left alone.

    Raises :class:`BadInput` where a file of `source` differs from its sum.
    """
    sums = read_sums(source / name)
    if is_whole(target / name, sums):
        return
    for file, told in sums.items():
        with replacing(target / name / file) as temporary:
            shutil.copyfile(source / name / file, temporary)
            found = sha256(temporary)
            if found != told.sha256:
                raise BadInput(
                    f"{name}/{file} has SHA-256 {found}, expected {told.sha256}: fetch it again."
                )
    write_sums(target / name)


def is_whole(folder: Path, sums: dict[str, Sum] | None = None) -> bool:
    """True where the model is there with the right sums: its own, or `sums`."""
    if not (folder / SUMS).is_file():
        return False
    told = {name: entry.sha256 for name, entry in (sums or read_sums(folder)).items()}
    return all(
        (folder / file).is_file() and sha256(folder / file) == digest
        for file, digest in told.items()
    )


def _no_sum(folder: Path, number: int) -> Misconfigured:
    return Misconfigured(
        f"{SUMS} of {folder.parent.name}/{folder.name}, line {number}, is not `<sha256>  <file>` "
        "or `# <bytes>  <file>`: fetch the model again."
    )
