"""``dub submit``: from a file on this machine to a dub. What it shows meanwhile is in
:mod:`dubjob.commands.progress`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated, Any

import typer

from dubjob.arguments import writable_folder, yaml_fields
from dubjob.commands.files import fetch, show_files
from dubjob.commands.progress import transfer_bars
from dubjob.commands.session import Format, session
from dubjob.commands.show import follow_and_show
from dubjob.errors import ExitStatus, UsageError


class DryRun(str, Enum):
    """What is checked without storing anything."""

    NONE = "none"
    SERVER = "server"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(submit)


def submit(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Video or audio file on this machine.")],
    to: Annotated[
        str, typer.Option("--to", help="Languages of the dubs, for example es or es,pt-BR.")
    ],
    source: Annotated[
        str | None,
        typer.Option("--from", help="Language that is spoken. If omitted, it is detected."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Profile: engines, images, resources.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="Name of the DubJob. Defaults to the file's and the language."),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(help="YAML file with further fields of the DubJob's spec."),
    ] = None,
    review: Annotated[
        str | None,
        typer.Option(help="Stages whose result is reviewed, for example translate."),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow the dubs until they finish.")] = (
        False
    ),
    get: Annotated[
        Path | None,
        typer.Option(help="Follow the dubs as --watch does, and download them to this folder."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(min=0, help="Seconds to follow. If omitted, no limit.")
    ] = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace",
            help="Delete DubJobs of these names first. Results that still fit are reused.",
        ),
    ] = False,
    dry_run: Annotated[
        DryRun, typer.Option(help="server: let the API server check the DubJobs, store nothing.")
    ] = DryRun.NONE,
) -> None:
    """Upload a file, and dub it into each language."""
    now = session(context)
    fields = _fields(spec)
    if review is not None:
        fields["reviewAfter"] = [each.strip() for each in review.split(",")]
    if get is not None and dry_run is DryRun.NONE:
        # A folder that cannot be written shows before the dub, not after it.
        writable_folder(get)
    with transfer_bars(now.errors) as report:
        handles = now.client.submit_all(
            file, to=to.split(","), source_language=source, profile=profile, name=name, spec=fields,
            replace=replace, dry_run=dry_run is DryRun.SERVER, progress=report,
        )  # fmt: skip
    follows = (watch or get) and dry_run is DryRun.NONE
    if now.format is Format.TABLE or not follows:
        created = "checked" if dry_run is DryRun.SERVER else "created"
        rows = [{"name": each.name, "state": created, "object": each.submitted} for each in handles]
        now.show(["name", "state"], rows)
    if not follows:
        return
    dubs = follow_and_show(now, handles, timeout)
    for handle, dub in zip(handles, dubs, strict=True):
        if get and dub.is_complete:
            files = fetch(now, handle, get / handle.name if len(handles) > 1 else get, None)
            if now.format is Format.TABLE:  # A program has one document, the DubJobs.
                show_files(now, files)
            now.say(f"For its page, run: dub -n {dub.namespace} open {handle.name}")
    worst = max((dub.exit_status for dub in dubs), key=_severity)
    raise typer.Exit(int(worst))


def _severity(status: ExitStatus) -> int:
    """Order of exit codes: a failure hides everything else."""
    return 10 if status is ExitStatus.FAILED else int(status)


def _fields(file: Path | None) -> dict[str, Any]:
    """The fields of a spec in a YAML file. Raises :class:`UsageError`."""
    if file is None:
        return {}
    found = yaml_fields(file)
    fields = found.get("spec", found)
    if "spec" in found and (
        others := sorted(map(str, found.keys() - {"apiVersion", "kind", "spec"}))
    ):
        raise UsageError(
            f"{file} has {', '.join(others)} next to the spec, which would have no effect: leave "
            "it out. The options --name and -n give the DubJob its name and namespace."
        )
    if not isinstance(fields, dict):
        raise UsageError(f"{file} has no fields of a DubJob's spec.")
    return dict(fields)
