"""The page as one HTML file: template, style, script and data.

The page works from a folder on a disk. Its content security policy admits the style and the script
that are in it, by their hashes, and media files next to it; nothing else is loaded or sent.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any
from urllib.parse import quote

from dubstage.page.pictures import Pictures
from dubstage.page.provenance import speakers_of, steps_of, synthetic_speech
from dubstage.page.rows import Row, overlaps, rows_of
from dubstage.page.verdict import figures, verdict

STYLES = ("page.css", "print.css")
SCRIPTS = ("timeline.js", "tracks.js", "controls.js", "player.js", "page.js")
"""The script of the page, in this order."""
CEILING = -1.0
"""dBTP that no true peak of a dub exceeds."""


@dataclass(frozen=True)
class PageFiles:
    """The files that the page plays, as paths relative to it."""

    title: str
    """Name of the dub."""
    source: str
    """The source, for example ``../../inputs/talk/source.mp4``."""
    audio: str
    """The dub as a WAV file."""
    video: str | None = None
    """The dubbed video; None if the source has no video stream."""
    original_track: int | None = None
    """The number of the original among the audio tracks of the dubbed video, from 0 on; None if
    it is not in it."""


def render_page(
    report: Mapping[str, Any], pictures: Pictures, files: PageFiles, target_lufs: float | None
) -> str:
    """The page of a report. `target_lufs`: the loudness that the mix was to have."""
    rows = rows_of(report["segments"])
    speakers = speakers_of(rows, report["speakers"])
    steps = steps_of(report["stages"], report["source_language"], report["target_language"])
    style, script = (_joined(names) for names in (STYLES, SCRIPTS))
    spoken = report["totals"]["spoken"]
    page: str = _template().render(
        files=files,
        report=report,
        rows=rows,
        verdict=verdict(rows, report["totals"]),
        figures=figures(rows, report["totals"]),
        speakers=speakers,
        steps=steps,
        synthetic=synthetic_speech(steps, speakers, spoken),
        style=style,
        script=script,
        policy=_policy(style, script),
        data=_data(report, rows, pictures, files, target_lufs),
    )
    return page


def _data(
    report: Mapping[str, Any],
    rows: Sequence[Row],
    pictures: Pictures,
    files: PageFiles,
    target_lufs: float | None,
) -> dict[str, Any]:
    """What the script reads: numbers, the names of speakers, and the paths of the files."""
    names = [entry["speaker"] for entry in report["speakers"]]
    totals = report["totals"]
    return {
        "duration": report["duration"],
        "languages": [report["source_language"], report["target_language"]],
        "speakers": names,
        "segments": [
            [
                *(row.segment[key] for key in ("start", "end", "dub_start", "dub_end")),
                names.index(row.segment["speaker"]),
                row.look,
                int(row.needs_attention),
            ]
            for row in rows
        ],
        "overlaps": [
            [round(start, 3), round(end, 3)] for start, end in overlaps(report["segments"])
        ],
        "target": target_lufs,
        "ceiling": CEILING,
        "truePeak": totals.get("dub_true_peak"),
        "source": files.source,
        "audio": files.audio,
        "video": files.video,
        "originalTrack": files.original_track,
        **pictures.encoded(),
    }


def source_link(path: str) -> str:
    """The link from the page to a source, whose `path` is relative to the inputs folder."""
    return "../../inputs/" + quote(path)


def clock(seconds: float, decimals: int = 0) -> str:
    """A time as ``1:02:03`` or ``2:03.4``."""
    tenths = round(seconds * 10**decimals)
    whole, rest = divmod(tenths, 10**decimals)
    text = f"{whole // 60 % 60}:{whole % 60:02d}"
    if whole >= 3600:
        text = f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
    return f"{text}.{rest:0{decimals}d}" if decimals else text


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("dubstage.page", "template"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["clock"] = clock
    return environment.get_template("page.html")


@cache
def _joined(names: Sequence[str]) -> str:
    folder = resources.files("dubstage.page") / "template"
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)


def _policy(style: str, script: str) -> str:
    """The content security policy, which admits this style and this script."""
    hashes = {
        kind: base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for kind, text in (("style-src", style), ("script-src", script))
    }
    admitted = [f"{kind} 'sha256-{digest}'" for kind, digest in hashes.items()]
    return "; ".join(
        ["default-src 'none'", *admitted, "media-src 'self' file:", "base-uri 'none'",
         "form-action 'none'"]
    )  # fmt: skip
