"""Models on the models volume: where they are, whole or not, and how they get there.

A model is a folder ``<engine>/<model>`` with a ``SHA256SUMS`` file in the form of
``sha256sum``. The SHA-256 of that file is the model's *revision*.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from dubstage.contract import EngineChoice
from dubstage.digests import sha256
from dubstage.errors import BadInput, Misconfigured
from dubstage.layout import Roots
from dubstage.manifest import replacing

SUMS = "SHA256SUMS"


def model_folder(roots: Roots, choice: EngineChoice) -> Path:
    """The folder of the chosen model.

    Raises :class:`Misconfigured` where it is not there or a file is missing.
    """
    if not choice.model:
        raise Misconfigured(
            f"The profile names no model for the engine {choice.engine}: set "
            "spec.stages.<stage>.model.",
            reason="ModelMissing",
        )
    folder = roots.models / choice.engine / choice.model
    if not (folder / SUMS).is_file():
        raise Misconfigured(
            f"The model {choice.engine}/{choice.model} is not on the models volume (looked for "
            f"{folder / SUMS}): run `dubstage models pull`, or name another model in the profile.",
            reason="ModelMissing",
        )
    for name in read_sums(folder):
        if not (folder / name).is_file():
            raise Misconfigured(
                f"The model {choice.engine}/{choice.model} lacks {name}: run "
                "`dubstage models pull` again.",
                reason="ModelMissing",
            )
    return folder


def model_revision(roots: Roots, choice: EngineChoice) -> str | None:
    """The model's revision; None where the profile names no model.

    Raises ValueError where it is not on the volume.
    """
    if not choice.model:
        return None
    try:
        return sha256(roots.models / choice.engine / choice.model / SUMS)
    except OSError as error:
        raise ValueError(f"no model {choice.engine}/{choice.model}") from error


def pull(source: Path, models: Path) -> list[str]:
    """Copy every model below `source` to `models`, sums checked; their names.

    A model that is there and whole is left alone. The sums come last, so that a
    half-copied model is never taken for a whole one.

    Raises :class:`BadInput` where a file of `source` differs from its sum.
    """
    names = []
    for sums in sorted(source.glob(f"*/*/{SUMS}")):
        folder = sums.parent
        name = str(folder.relative_to(source))
        _copy(folder, models / name, name)
        names.append(name)
    if not names:
        raise BadInput(
            f"No models below {source}: expected <engine>/<model>/{SUMS}. Fetch them first."
        )
    return names


def read_sums(folder: Path) -> dict[str, str]:
    """File name → SHA-256, out of the folder's ``SHA256SUMS``.

    Raises :class:`Misconfigured` for a line that is not one, or a name that leads
    out of the folder.
    """
    found = {}
    for number, line in enumerate((folder / SUMS).read_text().splitlines(), start=1):
        digest, _, name = line.partition("  ")
        if len(digest) != 64 or not name or Path(name).is_absolute() or ".." in Path(name).parts:
            raise Misconfigured(
                f"{folder / SUMS} line {number} is not `<sha256>  <file>`: fetch the model again."
            )
        found[name] = digest
    return found


def _copy(source: Path, target: Path, name: str) -> None:
    sums = read_sums(source)
    if (target / SUMS).is_file() and read_sums(target) == sums and _is_whole(target, sums):
        return
    for file, digest in sums.items():
        with replacing(target / file) as temporary:
            shutil.copyfile(source / file, temporary)
            found = sha256(temporary)
            if found != digest:
                raise BadInput(
                    f"{name}/{file} has SHA-256 {found}, expected {digest}: fetch it again."
                )
    with replacing(target / SUMS) as temporary:
        shutil.copyfile(source / SUMS, temporary)


def _is_whole(folder: Path, sums: dict[str, str]) -> bool:
    return all(
        (folder / file).is_file() and sha256(folder / file) == digest
        for file, digest in sums.items()
    )
