"""The glossary that several DubJobs share: a table as spreadsheets export it.

The first row names the columns, in any order. Commas, semicolons or tabs separate them.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from pathlib import Path

from dubstage.contract import GlossaryEntry, SharedGlossary, StageRequest
from dubstage.contract.glossary import SHARED_GLOSSARY_KEY
from dubstage.engines.languages import Languages
from dubstage.errors import BadInput
from dubstage.inputs.encodings import UnknownEncoding, decode
from dubstage.text.languages import engine_code

SEPARATORS = "\t;,"
COLUMNS = frozenset({"term", "translation", "hear", "say", "note"})
LANGUAGE_COLUMN = re.compile(
    r"(?P<name>say|translation):\s*(?P<tag>[a-z]{2,3}(-[a-z0-9]{2,8}){0,3})"
)
"""A column for one language: a series is dubbed into several."""
LONGEST_CELL = 200
"""Characters, as in ``spec.glossary``."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def with_shared_glossary(request: StageRequest) -> StageRequest:
    """The request with the entries of its shared glossary, behind its own. An own entry with the
    same term, in any case, replaces a shared one.

    Raises :class:`BadInput` for a table that cannot be used.
    """
    shared = request.shared_glossary
    if shared is None:
        return request
    own = {entry.term.casefold() for entry in request.glossary}
    entries = [
        entry
        for entry in _read(shared, request.target_language)
        if entry.term.casefold() not in own
    ]
    return request.model_copy(
        update={"glossary": [*request.glossary, *entries], "shared_glossary": None}
    )


def _read(shared: SharedGlossary, target: str) -> list[GlossaryEntry]:
    try:
        text = decode(Path(shared.file).read_bytes(), target)
    except (OSError, UnknownEncoding) as error:
        raise _unusable(shared, f"cannot be read ({error}); expected a table in UTF-8") from error
    try:
        return list(_entries(_rows(text), target))
    except (ValueError, csv.Error) as error:
        raise _unusable(shared, str(error)) from error


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Number and cells of each row, by column. Raises ValueError for an unknown column."""
    header = text.partition("\n")[0]
    separator = next((each for each in SEPARATORS if each in header), ",")
    rows = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    columns = [cell.strip().lower() for cell in next(rows, [])]
    unknown = [
        name for name in columns if name not in COLUMNS and not LANGUAGE_COLUMN.fullmatch(name)
    ]
    if "term" not in columns or unknown or len(set(columns)) < len(columns):
        names = ", ".join(columns)[:200] or "none"
        raise ValueError(
            f"has the columns {names}; expected term, and any of translation, hear, say, note, "
            "and translation:es or say:es for a language, each once"
        )
    for row in rows:
        cells = dict(zip(columns, (cell.strip() for cell in row), strict=False))
        if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
            raise ValueError(
                f"has {len(row)} cells in line {rows.line_num}; expected {len(columns)}: put "
                "quotation marks around a cell with the separator"
            )
        if any(cells.values()):
            yield rows.line_num, cells


def _entries(rows: Iterable[tuple[int, dict[str, str]]], target: str) -> Iterator[GlossaryEntry]:
    """Raises ValueError for a row that is no entry."""
    lines: dict[str, int] = {}
    for number, cells in rows:
        long = [name for name, cell in cells.items() if name != "note" and _is_bad(cell)]
        if long:
            raise ValueError(
                f"has a {long[0]} in line {number} that cannot be used; expected at most "
                f"{LONGEST_CELL} characters without control characters"
            )
        term = cells.get("term")
        if not term:
            raise ValueError(f"has no term in line {number}; expected one in each row")
        entry = GlossaryEntry(
            term=term,
            translation=_in_language(cells, "translation", target),
            hear=[text for each in cells.get("hear", "").split("|") if (text := each.strip())]
            or None,
            say=_says(cells, target) or None,
        )
        first = lines.setdefault(entry.term.casefold(), number)
        if first != number:
            raise ValueError(
                f"has the term “{term}” in the lines {first} and {number}; expected it once"
            )
        yield entry


def _says(cells: Mapping[str, str], target: str) -> dict[str, str]:
    return ({target: cells["say"]} if cells.get("say") else {}) | _by_tag(cells, "say")


def _in_language(cells: Mapping[str, str], name: str, target: str) -> str | None:
    """The cell for the language that matches `target` best; else that of the plain column."""
    by_tag = _by_tag(cells, name)
    code = engine_code(target, Languages(frozenset(by_tag))) if by_tag else None
    return by_tag[code] if code else cells.get(name) or None


def _by_tag(cells: Mapping[str, str], name: str) -> dict[str, str]:
    columns = ((LANGUAGE_COLUMN.fullmatch(column), cell) for column, cell in cells.items() if cell)
    return {match["tag"]: cell for match, cell in columns if match and match["name"] == name}


def _is_bad(cell: str) -> bool:
    return len(cell) > LONGEST_CELL or CONTROL.search(cell) is not None


def _unusable(shared: SharedGlossary, problem: str) -> BadInput:
    return BadInput(
        f"The key {SHARED_GLOSSARY_KEY} of ConfigMap {shared.config_map}, the glossaryRef of the "
        f"DubJob, {problem}. Correct the ConfigMap and retry.",
        reason="GlossaryInvalid",
    )
