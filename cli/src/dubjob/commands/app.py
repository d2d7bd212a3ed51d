"""Entry point: the global options, all commands, and one sentence for each failure."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress
from io import TextIOWrapper
from itertools import islice
from typing import Annotated

import typer

from dubjob.commands import (
    catalog,
    change,
    check,
    cost,
    files,
    logs,
    review,
    show,
    submit,
    version,
)
from dubjob.commands.session import Format, Session
from dubjob.commands.streams import OutputError, checked_streams
from dubjob.commands.verbs import Verbs
from dubjob.errors import DubError, ExitStatus, UsageError
from dubjob.versions import own_version

app = typer.Typer(
    name="dub",
    cls=Verbs,
    help="Dub videos on Kubernetes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
GLOBAL_OPTIONS = ("-n", "--namespace", "-o", "--output", "--context", "--kubeconfig")
GLOBAL_PREFIXES = tuple(f"{name}=" for name in GLOBAL_OPTIONS if name.startswith("--"))

for commands in (submit, show, logs, files, change, review, cost, catalog, check, version):
    commands.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        print(own_version())
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    namespace: Annotated[
        str | None,
        typer.Option(
            "--namespace",
            "-n",
            envvar="DUB_NAMESPACE",
            help="Namespace of the DubJobs. Defaults to that of the context.",
        ),
    ] = None,
    kube_context: Annotated[
        str | None, typer.Option("--context", help="Context of the kubeconfig.")
    ] = None,
    kubeconfig: Annotated[
        str | None,
        typer.Option("--kubeconfig", help="Kubeconfig file. Defaults to KUBECONFIG."),
    ] = None,
    output: Annotated[
        Format, typer.Option("--output", "-o", help="Form of the output.")
    ] = Format.TABLE,
    show_version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Dub videos on Kubernetes."""
    context.obj = Session(namespace, kube_context, kubeconfig, output)


def global_options_first(arguments: Sequence[str]) -> list[str]:
    """The arguments with the global options before the verb: as with kubectl, they can be given
    anywhere.

    Raises :class:`UsageError` if the last one lacks its value: the verb would be taken for it.
    """
    first: list[str] = []
    rest: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if argument == "--":
            rest += [argument, *remaining]
        elif argument in GLOBAL_OPTIONS:
            value = list(islice(remaining, 1))
            if not value:
                raise UsageError(f"Option {argument} requires a value.")
            first += [argument, *value]
        elif argument.startswith(GLOBAL_PREFIXES):
            first.append(argument)
        else:
            rest.append(argument)
    return [*first, *rest]


def main() -> None:
    """Run the command. A failure is one sentence on stderr and an exit code."""
    # Names of files may have bytes that are not UTF-8; they are written as they are.
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    try:
        with checked_streams():
            _run()
    except OutputError as error:
        with suppress(OSError):
            print(f"dub: The output cannot be written: {error}.", file=sys.stderr)
        sys.exit(int(ExitStatus.FAILED))
    except BrokenPipeError:
        # The reader has what it wants, for example `head`.
        sys.exit(int(ExitStatus.FAILED))


def _run() -> None:
    try:
        app(global_options_first(sys.argv[1:]), prog_name="dub")
    except DubError as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(int(error.status))
    except KeyboardInterrupt:
        sys.exit(130)
