"""The session that all commands share: the cluster of this call and the form of its output."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from typing import Any

import typer
import yaml
from rich.console import Console

from dubjob.client import Client
from dubjob.commands.table import lines
from dubjob.errors import DubError, printable


class Format(str, Enum):
    """Form of what a command prints."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


@dataclass
class Session:
    """One call of the command."""

    namespace: str | None = None
    context: str | None = None
    kubeconfig: str | None = None
    format: Format = Format.TABLE
    console: Console = field(default_factory=lambda: _console())
    errors: Console = field(default_factory=lambda: _console(stderr=True))

    @cached_property
    def client(self) -> Client:
        """The cluster that the options name. Raises :class:`DubError`."""
        client = Client(self.namespace, context=self.context, kubeconfig=self.kubeconfig)
        client.remark = lambda words: self.errors.print(printable(words))
        return client

    def say(self, line: str) -> None:
        """Print a line for the user: to stderr if stdout is read by a program."""
        where = self.console if self.format is Format.TABLE else self.errors
        where.print("\n".join(printable(row) for row in line.split("\n")))

    def changed(self, name: str, action: str) -> None:
        """Print what was done to a DubJob."""
        if self.format is Format.TABLE:
            self.say(f"{name} {action}")
        else:
            self.show(["name", "action"], [{"name": name, "action": action}])

    def fail(self, error: DubError) -> None:
        """Print a failure after which the command continues."""
        self.errors.print(error.sentence)

    def show(
        self,
        columns: Sequence[str],
        rows: Sequence[Mapping[str, Any]],
        *,
        name: str | None = None,
        nothing: str | None = None,
    ) -> None:
        """Print `rows` in the chosen form. A row has the columns, and `object`: what JSON and YAML
        show in its place. `name`: the column with the names, by default the first. `nothing`: the
        sentence to print on stderr if there are no rows."""
        if nothing and not rows:
            self.errors.print(nothing)
            if self.format is Format.TABLE:
                return
        match self.format:
            case Format.NAME:
                for row in rows:
                    print(row[name or columns[0]])
            case Format.JSON:
                json.dump(_objects(rows), sys.stdout, indent=2)
                print()
            case Format.YAML:
                yaml.safe_dump_all(_objects(rows), sys.stdout, sort_keys=False)
            case Format.TABLE:
                self._table(columns, rows)

    def _table(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        width = self.console.width if self.console.is_terminal else None
        cells = [[printable(str(row.get(column) or "-")) for column in columns] for row in rows]
        header, *others = lines(columns, cells, width)
        self.console.print(header, style="bold")
        for line in others:
            self.console.print(line)


def _console(*, stderr: bool = False) -> Console:
    """A console that prints texts as they are: names and messages come from others."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False, soft_wrap=True)


def _objects(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [_without_managers(row.get("object", dict(row))) for row in rows]


def _without_managers(found: Any) -> Any:
    """An object without the managers of its fields, which kubectl does not show either."""
    metadata = found.get("metadata") if isinstance(found, dict) else None
    if not isinstance(metadata, dict) or "managedFields" not in metadata:
        return found
    shown = {key: value for key, value in metadata.items() if key != "managedFields"}
    return {**found, "metadata": shown}


def session(context: typer.Context) -> Session:
    """The session of this call."""
    found = context.ensure_object(Session)
    assert isinstance(found, Session)
    return found
