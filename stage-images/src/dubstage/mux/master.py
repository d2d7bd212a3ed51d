"""The loudness of the whole dub: one gain brings it to its target, and a limiter keeps its peaks
below the ceiling."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dubstage.media.ffmpeg import read_stereo
from dubstage.mux.limiter import MAX_REDUCTION_DB
from dubstage.mux.loudness import SILENCE, Loudness, true_peak_of
from dubstage.video.aac import AacTrack, encode

PEAK_CEILING = -1.0
"""dBTP; no true peak of the dub is above."""
LIMITER_MARGIN = 0.1
"""dB below the ceiling at which the limiter works: ffmpeg measures with longer filters, and
rounds."""
ROUNDING = 0.1
"""ffmpeg reports loudness to a tenth."""
MAX_AAC_OVERSHOOT = 3.0
"""dB by which AAC raises a true peak at most; clipped audio shows 2.5."""


@dataclass(frozen=True)
class Gain:
    """The gain of the whole mix."""

    decibels: float
    target_decibels: float
    """The gain that would reach the target loudness."""
    needs_limiter: bool = False
    """Whether it raises a true peak above the ceiling."""
    ceiling: float = PEAK_CEILING - LIMITER_MARGIN
    """dBTP; the ceiling of the limiter."""

    @property
    def peak_limited(self) -> bool:
        """Whether the target would raise a true peak further above the ceiling than the limiter
        may lower it."""
        return self.decibels < self.target_decibels - ROUNDING


def plan_gain(mix: Loudness, target: float) -> Gain:
    """The gain that brings `mix` to `target` LUFS, or as near as its peak and the limiter
    allow."""
    needed = target - mix.integrated if mix.is_known and target > SILENCE else 0.0
    without_limiter = PEAK_CEILING - ROUNDING - mix.true_peak
    return Gain(
        decibels=min(needed, _highest_gain(mix)),
        target_decibels=needed,
        needs_limiter=needed > without_limiter,
    )


def correct_gain(gain: Gain, mix: Loudness, limited: Loudness) -> Gain:
    """`gain`, raised by the loudness that the limiter costs, as far as the limiter may go, with
    the limiter's ceiling lowered by what it missed. `limited` is the loudness with `gain` and the
    limiter."""
    missed = max(limited.true_peak - PEAK_CEILING + ROUNDING / 2, 0.0)
    loss = 0.0
    if limited.is_known:
        loss = max(mix.integrated + gain.decibels - limited.integrated, 0.0)
    target = gain.target_decibels + loss
    return replace(
        gain,
        decibels=min(target, _highest_gain(mix) - missed),
        target_decibels=target,
        ceiling=gain.ceiling - missed,
    )


def _highest_gain(mix: Loudness) -> float:
    """The gain with which the limiter lowers the true peak of `mix` as far as it may."""
    return PEAK_CEILING - LIMITER_MARGIN + MAX_REDUCTION_DB - mix.true_peak


def encode_dub(
    dub: Path, loudness: Loudness, target: Path, progress: Callable[[float], None]
) -> AacTrack:
    """Encode `dub` to `target` as AAC, softer where its true peak would exceed the ceiling.

    AAC does not keep the peaks of the audio that it encodes. If the true peak of `dub`, in its
    `loudness`, is near the ceiling, what was encoded is measured. Raises
    :class:`dubstage.media.ffmpeg.MediaError` if ffmpeg fails.
    """
    track = encode(dub, target, progress=lambda share: progress(share / 2))
    if loudness.true_peak <= PEAK_CEILING - MAX_AAC_OVERSHOOT:
        return track
    excess = true_peak_of(read_stereo(target)) - PEAK_CEILING
    if excess <= 0:
        return track
    # At a lower level the encoder raises the peaks a little more, or less.
    gain_db = -(excess + 2 * ROUNDING)
    return encode(dub, target, gain_db, lambda share: progress((1 + share) / 2))
