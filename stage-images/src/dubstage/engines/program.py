"""Engines that are programs: started from an argument list, with the text on stdin."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from dubstage.contract import Stage
from dubstage.errors import Misconfigured


def run_program(
    command: Sequence[str], text: str, stage: Stage, *, title: str, needed_for: str = ""
) -> str:
    """What the program writes to stdout. The text is passed by stdin, so that it is not read as
    an option.

    `title`: the command as a message shows it. `needed_for`: what needs the program, if that is
    not the engine itself. Raises :class:`Misconfigured` if the image has no such program, or if
    it fails.
    """
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise Misconfigured(
            f"The image has no program {command[0]}{needed_for}: give the {stage} stage an image "
            "that has it, or another engine.",
            reason="EngineMissing",
        ) from error
    if done.returncode != 0:
        raise Misconfigured(
            f"{title} ended with {done.returncode}: {done.stderr.strip()[:300]}",
            reason="EngineFailed",
        )
    return done.stdout
