"""Why a file that cannot be read is refused, in the sentence that fits what the file is. Refusals
because of missing speech, the language or too little space are in :mod:`dubstage.ingest.stage`."""

from __future__ import annotations

import re
from pathlib import Path

from dubstage.errors import BadInput
from dubstage.media.ffmpeg import MediaError, has_encrypted_packets
from dubstage.media.probe import AudioTrack
from dubstage.media.signature import first_bytes, not_media

ACCEPTED = "mp4, mov, mkv, webm, avi, ts and most other video and audio files are accepted"
NO_DECODER = re.compile(r"Decoder \(codec (\S+)\) not found")
NOT_ACCEPTED = re.compile(r"\[([\w,]+) @ [^\]]+\] Format not on whitelist")
NO_FRAMES = ("after EOF", "Output file is empty", "does not contain any stream")
"""How ffmpeg reports a stream without a frame."""
SYNC, TS_PACKETS = 0x47, ((188, 0), (192, 4))
"""First byte of a transport stream's packet; the sizes of a packet, and where it begins."""
SCRAMBLED_BITS = 0xC0
PACKETS_BYTES = 1 << 20
"""The beginning of a transport stream whose packets are examined."""
BOX = re.compile(rb".{4}(?:ftyp|mdat|free|skip|wide|pnot|moof|uuid|sidx|styp)", re.DOTALL)
"""Size and type of the first box of a file of the MP4 family."""


def other_kind(name: str, source: Path) -> BadInput | None:
    """The refusal of a file that is no media file, whatever its name says; None if it may be
    one. Raises OSError for a file that cannot be read."""
    what = not_media(first_bytes(source))
    if what is None:
        return None
    return BadInput(
        f"{name} is {what}, not a video or audio file: {ACCEPTED}.", reason="FormatUnsupported"
    )


def unreadable(name: str, source: Path, error: MediaError) -> BadInput:
    """The refusal of a file that ffprobe cannot read."""
    if format_names := NOT_ACCEPTED.search(error.messages):
        return BadInput(
            f"{name} is of a format that is not accepted ({format_names[1]}): {ACCEPTED}.",
            reason="FormatUnsupported",
        )
    if not first_bytes(source).strip(b"\x00"):
        return BadInput(
            f"{name} begins with nothing but zeros: its download or copy has not finished. Copy "
            "it again.",
            reason="SourceUnreadable",
        )
    if "moov atom not found" in error.messages and _is_mp4(source):
        return BadInput(
            f"{name} has no index (moov): the recording or the copy was cut off before its end. "
            "Copy it again, or repair it with the program that recorded it.",
            reason="SourceUnreadable",
        )
    text = str(error).replace(f"file:{source}: ", "").replace(str(source), source.name)
    return BadInput(
        f"{name} cannot be read ({text}): it is damaged, or not a media file; {ACCEPTED}. Copy "
        "it again.",
        reason="SourceUnreadable",
    )


def undecodable(name: str, source: Path, track: AudioTrack, error: MediaError | None) -> BadInput:
    """The refusal of a file whose audio `track` gives no audio; `error`: ffmpeg's, if it
    failed."""
    messages = error.messages if error else ""
    if is_encrypted(source, track):
        return BadInput(
            f"{name} is encrypted (DRM or a scrambled broadcast): provide a copy without "
            "encryption.",
            reason="SourceEncrypted",
        )
    missing = NO_DECODER.search(messages)
    if missing or (not track.is_known and track.channels):
        codec = track.codec if track.is_known else track.tag
        return BadInput(
            f"The audio of {name} has the codec {codec or 'unknown'}, which cannot be decoded: "
            "convert it to AAC, FLAC or PCM.",
            reason="AudioCodecUnsupported",
        )
    if error is None or any(text in messages for text in NO_FRAMES):
        return BadInput(
            f"{name} declares an audio stream that holds no audio: export it again with its audio.",
            reason="NoAudioStream",
        )
    return BadInput(
        f"{name} cannot be decoded ({error}): it is damaged. Copy it again; if it plays to its "
        "end, remux or convert it with ffmpeg.",
        reason="SourceUnreadable",
    )


def _is_mp4(source: Path) -> bool:
    """Whether the file begins as those of the MP4 family do. ffmpeg reads any file with such a name
    as one of them."""
    return bool(BOX.match(first_bytes(source)))


def is_encrypted(source: Path, track: AudioTrack) -> bool:
    """Whether the audio cannot be decoded without a key."""
    if track.tag in ("drms", "enca"):
        return True
    return has_encrypted_packets(source, track.index) or _is_scrambled(source)


def _is_scrambled(source: Path) -> bool:
    """Whether most packets at the beginning of a transport stream are scrambled."""
    with source.open("rb") as file:
        content = file.read(PACKETS_BYTES)
    for size, first in TS_PACKETS:
        starts = range(first, len(content) - size, size)
        if len(starts) > 1 and all(content[start] == SYNC for start in starts):
            flags = [content[start + 3] & SCRAMBLED_BITS for start in starts]
            return sum(map(bool, flags)) > len(flags) / 2
    return False
