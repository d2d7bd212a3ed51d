"""WAV files of any length: a plain one ends at 4 GiB, 6 h 12 min of stereo at 48 kHz."""

from __future__ import annotations

MAX_DATA_BYTES = 2**32 - 2**16
"""Bytes of samples in a plain WAV file; the rest is for its header."""
SAMPLE_BYTES = 2
WRITER = ("-rf64", "auto", "-c:a", "pcm_s16le", "-f", "wav")
"""ffmpeg's arguments for a 16-bit WAV file, which becomes RF64 if it has to."""


def format_for(frames: int, channels: int) -> str:
    """soundfile's format for a 16-bit file: WAV, which every tool reads, or, for a file
    that is too long, RF64, which is the same with 64-bit sizes."""
    return "WAV" if frames * channels * SAMPLE_BYTES <= MAX_DATA_BYTES else "RF64"
