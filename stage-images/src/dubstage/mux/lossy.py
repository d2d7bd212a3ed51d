"""The dub as a video has it: AAC, whose peaks are not those of what was encoded."""

from __future__ import annotations

from pathlib import Path

from dubstage.media.audio import SAMPLE_RATE
from dubstage.media.ffmpeg import input_file, read_stereo, run
from dubstage.mux.master import PEAK_CEILING, ROUNDING, Loudness, measure
from dubstage.mux.video import AAC, AAC_BIT_RATE

OVERSHOOT = 3.0
"""dB by which AAC raises a true peak at most; sound that was clipped shows 2.5."""


def gain_for(dub: Path, measured: Loudness, scratch: Path) -> float:
    """Decibels, 0.0 or less, that keep the true peak of the AAC track of `dub` at or below
    the ceiling. Where the `measured` peak of `dub` is near it, the track is encoded and
    measured. Raises :class:`dubstage.media.ffmpeg.MediaError` where ffmpeg cannot."""
    if measured.true_peak <= PEAK_CEILING - OVERSHOOT:
        return 0.0
    trial = scratch / "trial.m4a"
    run([*input_file(dub), "-c:a", AAC, "-b:a", AAC_BIT_RATE, "-ar", str(SAMPLE_RATE), trial])
    peak = measure(read_stereo(trial)).true_peak
    trial.unlink()
    over = peak - PEAK_CEILING
    # Encoded softer, the peaks rise a little more or less than they did.
    return -(over + 2 * ROUNDING) if over > 0 else 0.0
