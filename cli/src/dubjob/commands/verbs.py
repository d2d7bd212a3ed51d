"""The verbs as a group: whole summaries, and errors without the words of a library."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from typer.core import TyperGroup

UNLIMITED = 1000
"""Characters of a summary: more than any has."""
LIBRARY_PREFIX = "Value error, "


class Verbs(TyperGroup):
    """The verbs of the command."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """List the verbs. A long summary is continued in the next line."""
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, verb.get_short_help_str(UNLIMITED)) for name, verb in commands if verb]
            )

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the global options."""
        with _own_words():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Read the options of the verb, and run it."""
        with _own_words():
            return super().invoke(ctx)


@contextmanager
def _own_words() -> Iterator[None]:
    try:
        yield
    except typer.BadParameter as error:
        error.message = error.message.removeprefix(LIBRARY_PREFIX)
        raise
