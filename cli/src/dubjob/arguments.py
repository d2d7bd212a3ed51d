"""Checks of what a user gives, before the cluster is asked for anything."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from dubjob.errors import NoSuchFileError, UsageError, printable
from dubjob_operator.api.fields import LANGUAGE_TAG, ObjectName
from dubjob_operator.api.paths import RelativePath

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_NAME: TypeAdapter[str] = TypeAdapter(ObjectName)
_PATH: TypeAdapter[str] = TypeAdapter(RelativePath)


def object_name(kind: str, name: str) -> str:
    """`name`, if an object can have it. An empty one would address all objects of the kind.

    Raises :class:`UsageError`.
    """
    try:
        return _NAME.validate_python(name)
    except ValidationError:
        raise UsageError(
            f"{_quoted(name)} is no name of a {kind}: a name has at most 253 lowercase letters, "
            "digits, '-' and '.', and begins and ends with a letter or digit."
        ) from None


def namespace_name(name: str) -> str:
    """`name`, if a namespace can have it. Raises :class:`UsageError`."""
    if not NAMESPACE.fullmatch(name):
        raise UsageError(
            f"{_quoted(name)} is no name of a namespace: a name has at most 63 lowercase letters, "
            "digits and '-', and begins and ends with a letter or digit."
        )
    return name


def languages(tags: Iterable[str]) -> list[str]:
    """The language tags without blanks and repetitions.

    Raises :class:`UsageError` for a word that is no tag, or if there is none.
    """
    found = list(dict.fromkeys(tag for each in tags if (tag := each.strip())))
    if not found:
        raise UsageError("There is no target language: use for example es, or es,pt-BR.")
    for tag in found:
        if not re.fullmatch(LANGUAGE_TAG, tag):
            raise UsageError(
                f"{_quoted(tag)} is no language: use a BCP 47 tag, for example es or pt-BR."
            )
    return found


def input_path(path: str) -> str:
    """`path`, if it can be one of a file below the inputs folder. Raises :class:`UsageError`."""
    try:
        path.encode()
        _PATH.validate_python(path)
    except UnicodeEncodeError:
        raise UsageError(f"{_quoted(path)} is not UTF-8: rename the file.") from None
    except ValidationError as error:
        words = error.errors()[0]["msg"]
        raise UsageError(
            f"{_quoted(path)} is no path below the inputs folder: {words}, for example "
            "talk/source.mp4."
        ) from None
    if any(part in ("", ".") for part in path.split("/")):
        raise UsageError(f"{_quoted(path)} is no path of a file: use for example talk/source.mp4.")
    return path


def local_file(file: str | Path, *, with_content: bool = False) -> Path:
    """`file`, if it is a file, by request with at least one byte.

    Raises :class:`NoSuchFileError` and :class:`UsageError`.
    """
    path = Path(file)
    try:
        is_file, size = path.is_file(), path.stat().st_size if path.is_file() else 0
    except (OSError, ValueError) as error:
        raise NoSuchFileError(f"{_quoted(str(file))} cannot be read: {_reason(error)}.") from error
    if not str(file) or not is_file:
        what = "is a folder" if path.is_dir() and str(file) else "is not a file"
        raise NoSuchFileError(f"{_quoted(str(file))} {what}: a file is expected.")
    if with_content and size == 0:
        raise UsageError(f"{_quoted(str(file))} is empty: a file with video or audio is expected.")
    return path


def writable_folder(folder: str | Path) -> Path:
    """`folder`, if it is one that can be written to, or that can be created. Nothing is created
    before there is something to store in it. Raises :class:`UsageError`."""
    path = Path(folder)
    try:
        above = _existing(path.absolute())
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{_quoted(str(folder))} cannot be used as a folder: {_reason(error)}."
        ) from error
    if not os.access(above, os.W_OK | os.X_OK):
        raise UsageError(
            f"{_quoted(str(folder))} cannot be used as a folder: you cannot write to "
            f"{_quoted(str(above))}."
        )
    return path


def _existing(path: Path) -> Path:
    """The folder `path`, or the one above it that exists. Raises OSError if there is another file
    in the way."""
    for each in (path, *path.parents):
        try:
            mode = each.stat().st_mode
        except FileNotFoundError:
            if each.is_symlink():
                raise
            continue
        if not stat.S_ISDIR(mode):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        return each
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def yaml_fields(file: Path) -> Mapping[str, Any]:
    """The mapping in a YAML file. Raises :class:`UsageError`."""
    try:
        fields = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{_quoted(str(file))} cannot be read: {_reason(error)}.") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" (line {where.line + 1})" if where else ""
        raise UsageError(
            f"{_quoted(str(file))} is not YAML: {getattr(error, 'problem', error)}{line}."
        ) from error
    if not isinstance(fields, dict):
        raise UsageError(f"{_quoted(str(file))} has no fields: expected lines like `name: value`.")
    return fields


def _reason(error: Exception) -> str:
    """The words of the operating system, without number and path."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    return str(getattr(error, "strerror", None) or error)


def _quoted(text: str) -> str:
    return f"'{printable(text)}'"
