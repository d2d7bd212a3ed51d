"""Apertium: rule-based translation, offline."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from dubstage.engines.languages import APERTIUM_PAIRS
from dubstage.errors import Misconfigured
from dubstage.text.languages import media_code, primary
from dubstage.workspace.work import Work

SEPARATOR = "\n\n"
"""Apertium keeps blank lines, and never translates across one."""


def load(_: Work) -> Apertium:
    """The command, which has nothing to load."""
    return Apertium()


class Apertium:
    """The command ``apertium`` with the pairs that the image holds."""

    def translate(
        self, lines: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """All lines in one run; one by one where their count does not come back."""
        if primary(target) not in APERTIUM_PAIRS.get(primary(source), ()):
            raise Misconfigured(f"apertium has no pair {source} to {target}.")
        pair = f"{media_code(source)}-{media_code(target)}"
        found = _run(pair, SEPARATOR.join(_one_line(line) for line in lines)).split(SEPARATOR)
        if len(found) != len(lines):
            found = []
            for number, line in enumerate(lines):
                found.append(_run(pair, _one_line(line)))
                progress((number + 1) / len(lines))
        return [line.strip() for line in found]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _run(pair: str, text: str) -> str:
    """Apertium's answer. `-u`: no mark on words that it does not know."""
    try:
        done = subprocess.run(
            ["apertium", "-u", pair], input=text, capture_output=True, text=True, check=False
        )
    except FileNotFoundError as error:
        raise Misconfigured(
            "The image has no program apertium: give the translate stage an image that has it, "
            "or another engine.",
            reason="EngineMissing",
        ) from error
    if done.returncode != 0:
        raise Misconfigured(
            f"apertium {pair} ended with {done.returncode}: {done.stderr.strip()[:300]}",
            reason="EngineFailed",
        )
    return done.stdout
