"""The files of a finished dub, as the DubJob's status lists them."""

from __future__ import annotations

from dubstage.contract.summary import Output
from dubstage.workspace.digests import Digests
from dubstage.workspace.layout import Artifact, Tree

NAMES = {
    Artifact.DUBBED_VIDEO: "video",
    Artifact.DUBBED_AUDIO: "audio",
    Artifact.DUBBED_SURROUND: "surround-audio",
    Artifact.TRG_SRT: "subtitles",
    Artifact.REPORT: "report",
    Artifact.REPORT_PAGE: "report-page",
    Artifact.TRG_TRANSCRIPT: "translation",
    Artifact.SRC_SRT: "source-subtitles",
    Artifact.SRC_TRANSCRIPT: "transcript",
}
"""The most important first. The WebVTT files next to the SRT files are not listed."""

MEDIA_TYPES = {
    ".html": "text/html",
    ".json": "application/json",
    ".mkv": "video/matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".srt": "application/x-subrip",
    ".wav": "audio/wav",
}


def outputs_of(tree: Tree, digests: Digests) -> list[Output]:
    """The files that the dub has. A file whose digest is known is not read again."""
    found = [
        (name, path, digests.record(path, tree.relative(path)))
        for artifact, name in NAMES.items()
        for path in tree.files(artifact)
    ]
    found += [
        (f"{path.stem}-stem", path, digests.record(path, tree.relative(path)))
        for path in tree.files(Artifact.STEMS)
    ]
    return [
        Output(
            name=name,
            path=record.path.removeprefix("outputs/"),
            size_bytes=record.size,
            sha256=record.sha256,
            media_type=MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        )
        for name, path, record in found
    ]
