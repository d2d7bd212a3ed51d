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
from rich.markup import escape
from rich.table import Table

from dubjob.client import Client
from dubjob.errors import printable


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
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    errors: Console = field(
        default_factory=lambda: Console(stderr=True, highlight=False, soft_wrap=True)
    )

    @cached_property
    def client(self) -> Client:
        """The cluster that the options name. Raises :class:`DubError`."""
        return Client(self.namespace, context=self.context, kubeconfig=self.kubeconfig)

    def say(self, line: str) -> None:
        """Print a line for the user: to stderr if stdout is read by a program."""
        where = self.console if self.format is Format.TABLE else self.errors
        where.print("\n".join(escape(printable(row)) for row in line.split("\n")))

    def show(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        """Print `rows` in the chosen form. A row has the columns, and `object`: what JSON and YAML
        show in its place."""
        match self.format:
            case Format.NAME:
                for row in rows:
                    print(row[columns[0]])
            case Format.JSON:
                json.dump(_objects(rows), sys.stdout, indent=2)
                print()
            case Format.YAML:
                yaml.safe_dump_all(_objects(rows), sys.stdout, sort_keys=False)
            case Format.TABLE:
                self._table(columns, rows)

    def _table(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
        for column in columns:
            table.add_column(column.upper(), overflow="fold", no_wrap=column != columns[-1])
        for row in rows:
            table.add_row(*(escape(printable(str(row.get(column) or "-"))) for column in columns))
        self.console.print(table)


def _objects(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [row.get("object", dict(row)) for row in rows]


def session(context: typer.Context) -> Session:
    """The session of this call."""
    found = context.ensure_object(Session)
    assert isinstance(found, Session)
    return found
