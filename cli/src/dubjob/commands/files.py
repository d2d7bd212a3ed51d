"""``dub put``, ``dub get``, ``dub open`` and ``dub rm``: files to, from and on the data volume."""

from __future__ import annotations

import shlex
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from dubjob.arguments import object_name, writable_folder
from dubjob.commands.completion import DubName, dub_names
from dubjob.commands.progress import interruptible, transfer_bars
from dubjob.commands.session import Format, Session, session
from dubjob.errors import (
    DubError,
    ExitStatus,
    NoNamespaceError,
    NotFoundError,
    NotInstalledError,
    UnreachableError,
)
from dubjob.handle import DubHandle


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(put)
    app.command()(get)
    app.command("open")(open_page)
    app.command()(rm)


def put(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="File on this machine.")],
    path: Annotated[
        str, typer.Argument(help="Path below the inputs folder, for example talk/source.mp4.")
    ],
) -> None:
    """Upload a file to the inputs folder."""
    now = session(context)
    with transfer_bars(now.errors) as report:
        sha256 = now.client.put(file, path, progress=report)
    now.show(["path", "sha256"], [{"path": f"inputs/{path}", "sha256": sha256}])


def get(
    context: typer.Context,
    name: DubName,
    folder: Annotated[Path, typer.Argument(help="Folder for the files.")] = Path(),
    only: Annotated[
        str | None,
        typer.Option(help="Outputs, for example video,report. Defaults to all but the stems."),
    ] = None,
) -> None:
    """Download the files of a dub, and compare them with their digests."""
    now = session(context)
    show_files(now, fetch(now, now.client.dub(name), writable_folder(folder), only))


def fetch(now: Session, handle: DubHandle, folder: Path, only: str | None) -> list[Path]:
    """Download the outputs of a DubJob. Return the files."""
    wanted = None if only is None else [each.strip() for each in only.split(",")]
    # Off a terminal, the list of the files says it all.
    options = "" if only is None else f" --only {shlex.quote(only)}"
    again = (
        f"To continue where it stopped, run: dub -n {now.client.namespace} get {handle.name} "
        f"{shlex.quote(str(folder))}{options}"
    )
    with transfer_bars(now.errors, lines=False, interrupted=again) as report:
        return handle.download(folder, wanted, report)


def show_files(now: Session, files: Iterable[Path]) -> None:
    """List the files that were downloaded."""
    now.show(["file", "bytes"], [_row(file) for file in files])


def _row(file: Path) -> dict[str, object]:
    size = file.stat().st_size
    return {
        "file": str(file),
        "bytes": f"{size:,}",
        "object": {"file": str(file), "bytes": size},
    }


def open_page(
    context: typer.Context,
    name: DubName,
    # Not a hidden folder or one of the system: browsers in a sandbox cannot read these.
    folder: Annotated[
        Path | None, typer.Argument(help="Folder for the files. Defaults to NAME-report.")
    ] = None,
    browser: Annotated[
        bool,
        typer.Option("--browser/--no-browser", help="Open the page, or only print its path."),
    ] = True,
    source: Annotated[
        bool,
        typer.Option(
            "--source/--no-source", help="Also download the source, to compare the dub with it."
        ),
    ] = True,
) -> None:
    """Download the page of the report with the files that it plays, and open it in the browser."""
    now = session(context)
    handle = now.client.dub(name)
    target = writable_folder(Path(f"{name}-report") if folder is None else folder)
    with transfer_bars(now.errors, lines=False) as report:
        page = handle.download_page(target, with_source=source, progress=report)
    now.show(["file"], [{"file": str(page)}])
    if browser and not webbrowser.open(page.resolve().as_uri()):
        now.errors.print("There is no browser here: open the file in one.")


INTERRUPTED = (
    "Run the same command again. If the DubJob is deleted already, it removes the results and "
    "keeps the source."
)


def rm(
    context: typer.Context,
    dubjobs: Annotated[
        list[str],
        typer.Argument(metavar="NAME...", help="Names of DubJobs.", autocompletion=dub_names),
    ],
    media: Annotated[
        bool,
        typer.Option("--media", help="Also remove their media on the data volume."),
    ] = False,
) -> None:
    """Delete DubJobs. Their media stay, unless --media is given.

    With --media, also the results of a DubJob that no longer exists are removed."""
    now = session(context)
    for name in dubjobs:
        object_name("DubJob", name)
    status, rows = ExitStatus.COMPLETE, []
    for name in dubjobs:
        try:
            with interruptible(now.errors, INTERRUPTED):
                rows.append(_remove(now, name, media))
        except UnreachableError:
            raise
        except DubError as error:
            # The others are deleted all the same.
            now.fail(error)
            status = status or error.status
    if now.format is not Format.TABLE:
        now.show(["name"], rows)
    raise typer.Exit(int(status))


def _remove(now: Session, name: str, media: bool) -> dict[str, object]:
    """Delete one DubJob, or what it left, and say what stays. Return its row.

    Raises :class:`DubError`.
    """
    try:
        handle = now.client.dub(name)
    except (NoNamespaceError, NotInstalledError):
        raise
    except NotFoundError:
        if not media:
            raise
        removal = DubHandle(now.client, name).delete_leftovers()
        now.say("\n".join([f"{path} removed" for path in removal.paths] + removal.kept))
        return {"name": name, "removed": removal.paths, "kept": removal.kept}
    removal = handle.delete(media=media)
    if media:
        with_source = f" and its source {removal.source}" if removal.source else ""
        now.say("\n".join([f"{name} deleted with its media{with_source}", *removal.kept]))
    else:
        now.say(
            f"{name} deleted. Its media stay on the data volume. To remove its results, run: "
            f"dub -n {now.client.namespace} rm {removal.job_id or name} --media"
        )
    return {"name": name, "removed": removal.paths, "kept": removal.kept}
