"""``dub put``, ``dub get``, ``dub open`` and ``dub rm``: files to, from and on the data volume."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from dubjob.arguments import writable_folder
from dubjob.commands.progress import transfer_bars
from dubjob.commands.session import Session, session
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
    name: Annotated[str, typer.Argument(help="Name of the DubJob.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the files.")] = Path(),
    only: Annotated[
        str | None,
        typer.Option(help="Outputs, for example video,report. Defaults to all but the stems."),
    ] = None,
) -> None:
    """Download the files of a dub, and compare them with their digests."""
    now = session(context)
    fetch(now, now.client.dub(name), writable_folder(folder), only)


def fetch(now: Session, handle: DubHandle, folder: Path, only: str | None) -> None:
    """Download the outputs of a DubJob and list the files."""
    wanted = None if only is None else [each.strip() for each in only.split(",")]
    # Off a terminal, the list of the files says it all.
    with transfer_bars(now.errors, lines=False) as report:
        files = handle.download(folder, wanted, report)
    now.show(
        ["file", "bytes"],
        [{"file": str(file), "bytes": f"{file.stat().st_size:,}"} for file in files],
    )


def open_page(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the DubJob.")],
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


def rm(
    context: typer.Context,
    dubjobs: Annotated[list[str], typer.Argument(metavar="NAME...", help="Names of DubJobs.")],
    media: Annotated[
        bool,
        typer.Option("--media", help="Also remove their folders on the data volume."),
    ] = False,
) -> None:
    """Delete DubJobs. Their media stay, unless --media is given."""
    now = session(context)
    for name in dubjobs:
        now.client.dub(name).delete(media=media)
        now.say(f"{name} deleted" + (" with its media" if media else ""))
