#!/usr/bin/env python3
"""Make an animated image of a recorded run of a command.

    python tools/record.py RUN.cast IMAGE.svg

`make recording` records such a run. What the command wrote is copied as it is, with its timing; the
image has no date and no name of a machine. Where animations are off, and where a viewer knows none,
the image is the last frame.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from rich.style import Style
from rich.terminal_theme import SVG_EXPORT_THEME
from terminal import Frame, Recording, RecordingError, Rows, Run

CHARACTER, LINE, FONT_SIZE, MARGIN = 8.4, 19, 14, 16
"""Sizes in pixels."""

PAUSE_SECONDS = 12
"""How long the last frame is shown before the image starts again."""

TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">
<title>{title}</title>
<style>
text {{ font: {size}px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
  white-space: pre }}
{classes}
@keyframes play {{ {steps} }}
#frames {{ animation: play {seconds:g}s step-end infinite }}
@media (prefers-reduced-motion: reduce), print {{ #frames {{ animation: none }} }}
</style>
<rect width="100%" height="100%" rx="8" fill="{background}"/>
<defs>
{texts}
</defs>
<svg x="{margin}" y="{margin}" width="{inner:g}" height="{view:g}">
<g id="frames" transform="translate(0,-{last:g})">
{frames}
</g>
</svg>
</svg>
"""


def main() -> int:
    """Write the image; return 0, or 1 after an error message."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("recording", type=Path)
    parser.add_argument("image", type=Path)
    arguments = parser.parse_args()
    try:
        arguments.image.write_text(image(Recording.read(arguments.recording)))
    except RecordingError as error:
        print(f"record: {error}", file=sys.stderr)
        return 1
    return 0


def image(recording: Recording) -> str:
    """The SVG with every frame below the other, of which one is seen at a time."""
    frames = recording.frames()
    texts, classes = _Names("r"), _Names("c")
    view = LINE * max(len(frame.rows) for frame in frames)
    drawn = [
        f'<g transform="translate(0,{number * view})">{_drawn(frame.rows, texts, classes)}</g>'
        for number, frame in enumerate(frames)
    ]
    seconds = frames[-1].seconds + PAUSE_SECONDS
    inner = recording.columns * CHARACTER
    return TEMPLATE.format(
        width=inner + 2 * MARGIN, height=view + 2 * MARGIN, inner=inner, view=view, margin=MARGIN,
        title=escape(f"$ {recording.command}"), size=FONT_SIZE, seconds=seconds,
        background=SVG_EXPORT_THEME.background_color.hex, last=view * (len(frames) - 1),
        steps=_steps(frames, view, seconds), frames="\n".join(drawn),
        texts="\n".join(f'<g id="{name}">{text}</g>' for text, name in texts.items()),
        classes="\n".join(f".{name} {{ {rule} }}" for rule, name in classes.items()),
    )  # fmt: skip


class _Names(dict[str, str]):
    """Short names of texts that are used more than once."""

    def __init__(self, prefix: str) -> None:
        super().__init__()
        self.prefix = prefix

    def __missing__(self, text: str) -> str:
        self[text] = f"{self.prefix}{len(self)}"
        return self[text]


def _steps(frames: list[Frame], view: int, seconds: float) -> str:
    """The key frames: each frame is shown from its time on."""
    return " ".join(
        f"{frame.seconds / seconds:.3%}{{transform:translateY(-{number * view}px)}}"
        for number, frame in enumerate(frames)
    )


def _drawn(rows: Rows, texts: _Names, classes: _Names) -> str:
    return "".join(
        f'<use href="#{texts["".join(_text(run, classes) for run in row)]}" y="{LINE * number}"/>'
        for number, row in enumerate(rows)
        if row
    )


def _text(run: Run, classes: _Names) -> str:
    """A run at its columns, whatever the width of a character in the viewer's font."""
    return (
        f'<text class="{classes[_rule(run.style)]}" x="{run.column * CHARACTER:g}" y="{FONT_SIZE}" '
        f'textLength="{len(run.text) * CHARACTER:g}">{escape(run.text)}</text>'
    )


def _rule(style: Style) -> str:
    """The style sheet's rule for a style."""
    theme = SVG_EXPORT_THEME
    color = style.color.get_truecolor(theme) if style.color else theme.foreground_color
    weight = ";font-weight:bold" if style.bold else ""
    return f"fill:{color.hex}{weight}"


if __name__ == "__main__":
    sys.exit(main())
