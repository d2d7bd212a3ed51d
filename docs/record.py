#!/usr/bin/env python3
"""Run a command, and write its output as an image of a terminal.

    python docs/record.py [--in FOLDER] FILE.svg COMMAND…

What the command prints is copied as it is; the image has no time and no name of a machine.
"""

from __future__ import annotations

import argparse
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

COLUMNS = 96
FONT = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
"""A font of another server: a page must not load it."""


def main() -> int:
    """Run the command and write the image; return the exit code of the command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("picture", type=Path)
    parser.add_argument("--in", dest="folder", type=Path, default=Path())
    parser.add_argument("command", nargs=argparse.REMAINDER)
    arguments = parser.parse_args()
    done = subprocess.run(
        arguments.command, cwd=arguments.folder, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    arguments.picture.write_text(picture(arguments.command, done.stdout))
    sys.stdout.write(done.stdout)
    return done.returncode


def picture(command: list[str], output: str) -> str:
    """The SVG of a terminal with the command and its output."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text(f"$ {shlex.join(command)}", style="bold green"))
    for line in output.rstrip().splitlines():
        console.print(Text(line.rstrip()))
    name = Path(command[0]).name
    return FONT.sub("", console.export_svg(title=name, unique_id="terminal"))


if __name__ == "__main__":
    sys.exit(main())
