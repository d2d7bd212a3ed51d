"""Apertium: rule-based translation, offline."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence

from dubstage.engines.languages import APERTIUM_PAIRS
from dubstage.errors import Misconfigured
from dubstage.text.languages import media_code, primary
from dubstage.workspace.work import Work

SEPARATOR = "\n\n"
"""Apertium keeps empty rows, and never translates across one."""


def load(_: Work) -> Apertium:
    """The command; there is nothing to load."""
    return Apertium()


class Apertium:
    """The command ``apertium`` with the language pairs of the image."""

    def translate(
        self, texts: Sequence[str], source: str, target: str, progress: Callable[[float], None]
    ) -> list[str]:
        """Translate all texts in one call; one by one if the count of the answers differs."""
        if primary(target) not in APERTIUM_PAIRS.get(primary(source), ()):
            raise Misconfigured(f"apertium has no pair {source} to {target}.")
        pair = f"{media_code(source)}-{media_code(target)}"
        answers = _run(pair, SEPARATOR.join(_one_row(text) for text in texts)).split(SEPARATOR)
        if len(answers) != len(texts):
            answers = []
            for number, text in enumerate(texts):
                answers.append(_run(pair, _one_row(text)))
                progress((number + 1) / len(texts))
        return [answer.strip() for answer in answers]


def _one_row(text: str) -> str:
    return " ".join(text.split())


def _run(pair: str, text: str) -> str:
    """Apertium's answer. With `-u` it does not mark unknown words."""
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
