"""``dub review``: read, correct and approve a result that awaits a review."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from dubjob.arguments import local_file
from dubjob.commands.completion import DubName
from dubjob.commands.progress import interruptible
from dubjob.commands.session import Session, session
from dubjob.correction_file import check
from dubjob.dub import Dub
from dubjob.errors import DubError, ExitStatus, UsageError
from dubjob.handle import DubHandle
from dubjob.side_by_side import correction, sheet
from dubstage.contract import CORRECTION_SUFFIXES, CORRECTIONS, REVIEWED, Stage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)


def review(
    context: typer.Context,
    name: DubName,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file",
            "-f",
            help="A correction, for example translation.srt, to use in place of the editor.",
        ),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Approve without asking.")] = False,
) -> None:
    """Open the result that awaits a review in $EDITOR, upload the correction, and approve it."""
    now = session(context)
    given = None if file is None else local_file(file)
    handle = now.client.dub(name)
    dub = handle.refresh()
    stage = _reviewed_stage(dub)
    again = "Nothing was approved. Run the same command again."
    with interruptible(now.errors, again), tempfile.TemporaryDirectory() as folder:
        changed = _checked(now, dub, stage, given, Path(folder))
        if changed is not None:
            _upload(now, handle, dub, changed)
    if yes or typer.confirm(f"Approve {stage} of {name}?", err=True):
        handle.approve()
        now.changed(name, "approved")
    else:
        raise typer.Exit(int(ExitStatus.AWAITS_REVIEW))


def _reviewed_stage(dub: Dub) -> Stage:
    """The stage whose result awaits a review. Raises :class:`DubError` if there is none, or none
    that a file can correct."""
    if not dub.awaits_review:
        raise DubError(f"DubJob {dub.name} awaits no review: {dub.message}")
    stage = Stage(dub.status.stage or "")
    if stage not in CORRECTIONS:
        raise DubError(
            f"The result of {stage} is audio: listen to {REVIEWED[stage].format(job=dub.job_id)} "
            f"on the data volume, then run `dub -n {dub.namespace} approve {dub.name}`."
        )
    return stage


def _checked(now: Session, dub: Dub, stage: Stage, given: Path | None, folder: Path) -> Path | None:
    """The correction, `given` or edited, as the stage can import it; None if nothing was changed.

    Raises :class:`DubError`; nothing is uploaded or approved then.
    """
    profile = now.client.profile(dub.profile_reference)
    transcript = folder / "transcript.json"
    with now.client.volume(dub.profile_reference) as volume:
        volume.get(REVIEWED[stage].format(job=dub.job_id), transcript)
    changed = _edited(transcript, folder, stage) if given is None else given
    if changed is not None:
        check(changed, dub, profile, stage, transcript)
    return changed


def _upload(now: Session, handle: DubHandle, dub: Dub, changed: Path) -> None:
    """Store the correction in place of an earlier one, also of one with another format."""
    path = handle.correction_path(changed.suffix.lower())
    stem = path.removesuffix(changed.suffix.lower())
    earlier = [f"{stem}{suffix}" for suffix in CORRECTION_SUFFIXES if f"{stem}{suffix}" != path]
    with now.client.volume(dub.profile_reference) as volume:
        volume.put(changed, f"inputs/{path}")
        now.say(f"{path} uploaded")
        for other in earlier:
            if volume.size(f"inputs/{other}") is not None:
                volume.remove(f"inputs/{other}")
                now.say(f"{other} removed: {path} replaces it")


def _edited(transcript: Path, folder: Path, stage: Stage) -> Path | None:
    """What the editor leaves, as a file that replaces the result; None if nothing was changed."""
    translated = stage is Stage.TRANSLATE
    page = folder / f"{stage}.txt"
    before = sheet(transcript, translated=translated)
    page.write_text(before, encoding="utf-8")
    while True:
        _edit(page)
        text = page.read_text(encoding="utf-8")
        if text == before:
            return None
        try:
            corrected = correction(text, transcript, translated=translated)
        except UsageError as error:
            typer.echo(f"dub: {error}", err=True)
            typer.confirm("Edit again?", abort=True, err=True)
            continue
        target = folder / "correction.json"
        target.write_text(corrected, encoding="utf-8")
        return target


def _edit(page: Path) -> None:
    """Open the page in the editor. Raises :class:`DubError` if there is none, or if it fails."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        done = subprocess.run([*shlex.split(editor), str(page)], check=False)
    except OSError as error:
        raise DubError(f"The editor {editor} cannot be started. Set EDITOR.") from error
    if done.returncode:
        raise DubError(f"The editor {editor} failed: nothing was uploaded or approved.")
