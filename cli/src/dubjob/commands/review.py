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
from dubjob.commands.session import session
from dubjob.errors import DubError, ExitStatus, UsageError
from dubjob.side_by_side import correction, sheet
from dubstage.contract import CORRECTIONS, REVIEWED, Stage


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(review)


def review(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the DubJob.")],
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
    changed = None if file is None else local_file(file, with_content=True)
    handle = now.client.dub(name)
    dub = handle.refresh()
    if not dub.awaits_review:
        raise DubError(f"DubJob {name} awaits no review: {dub.message}")
    stage = Stage(dub.status.stage or "")
    if stage not in CORRECTIONS:
        raise DubError(
            f"The result of {stage} is audio: listen to {REVIEWED[stage].format(job=dub.job_id)} "
            f"on the data volume, then run `dub -n {dub.namespace} approve {name}`."
        )
    with tempfile.TemporaryDirectory() as folder:
        if changed is None:
            transcript = Path(folder) / "transcript.json"
            with now.client.volume(dub.profile_reference) as volume:
                volume.get(REVIEWED[stage].format(job=dub.job_id), transcript)
            changed = _edited(transcript, Path(folder), stage)
        if changed is not None:
            path = handle.correction_path(changed.suffix.lower())
            now.client.put(changed, path, profile=dub.profile_reference)
            now.say(f"{path} uploaded")
    if yes or typer.confirm(f"Approve {stage} of {name}?", err=True):
        handle.approve()
        now.say(f"{name} approved")
    else:
        raise typer.Exit(int(ExitStatus.AWAITS_REVIEW))


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
