"""A dub in a few numbers: for the report, and as integers for the DubJob's status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dubstage.contract.summary import StageSummary, scaled
from dubstage.mux.master import Gain, Loudness
from dubstage.mux.report import ReportLine
from dubstage.text.counting import counted
from dubstage.timing.fit import NOTED_SPEED, ROUNDING_SECONDS, UNNOTICED_SPEED, Flag

Totals = dict[str, int | float | bool]
"""The numbers under their names in the report."""


@dataclass(frozen=True)
class Sound:
    """The whole of the sound."""

    source: Loudness
    dub: Loudness
    gain: Gain
    """What was done to the mix."""
    background_change: float | None
    """Decibels by which the sound outside speech is louder than the source's, net of the
    gain; None where there is nothing outside speech."""
    overlap: float | None
    """Share of the original's speech over which the dub speaks; None without speech."""


def totals(lines: Sequence[ReportLine], untranslated: int, sound: Sound) -> Totals:
    """The numbers of the whole dub; what cannot be measured is left out."""
    spoken = [line for line in lines if line.is_spoken]
    count = max(len(spoken), 1)
    errors = sorted(abs(line.onset_error) for line in spoken)
    found: Totals = {
        "segments": len(lines),
        "spoken": len(spoken),
        "untranslated": untranslated,
        "trimmed": sum(Flag.TRIMMED in line.flags for line in spoken),
        "overflow_seconds": _rounded(sum(line.overflow for line in spoken)),
        "max_speed": _rounded(max((line.speed for line in spoken), default=1.0)),
        "share_above_1_2": _rounded(_above(spoken, UNNOTICED_SPEED) / count),
        "share_above_1_3": _rounded(_above(spoken, NOTED_SPEED) / count),
        "onset_error_p95": _rounded(percentile(errors, 0.95)),
        "level_error_max": _rounded(max((abs(x.level_error or 0.0) for x in spoken), default=0.0)),
        "gain_db": _rounded(sound.gain.decibels),
        "peak_limited": sound.gain.peak_wins,
    }
    if sound.overlap is not None:
        found["overlap"] = _rounded(sound.overlap)
    if sound.background_change is not None:
        found["background_change_db"] = _rounded(sound.background_change)
    for name, measured in (("source", sound.source), ("dub", sound.dub)):
        if measured.is_known:
            found[f"{name}_lufs"] = measured.integrated
            found[f"{name}_true_peak"] = measured.true_peak
    return found


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted `values` that `share` of them do not exceed; 0.0 of none."""
    return values[min(int(share * len(values)), len(values) - 1)] if values else 0.0


def summary(found: Totals) -> StageSummary:
    """`found` as the DubJob's status shows it: integers with their units."""

    def value(name: str, factor: int) -> int | None:
        return scaled(found[name], factor) if name in found else None

    return StageSummary(
        spoken_segments=int(found["spoken"]),
        trimmed_segments=int(found["trimmed"]),
        max_speed_percent=value("max_speed", 100),
        fast_segments_percent=value("share_above_1_2", 100),
        onset_error_p95_milliseconds=value("onset_error_p95", 1000),
        max_level_error_centi_lu=value("level_error_max", 100),
        background_change_centi_db=value("background_change_db", 100),
        loudness_centi_lufs=value("dub_lufs", 100),
        source_loudness_centi_lufs=value("source_lufs", 100),
        true_peak_centi_dbtp=value("dub_true_peak", 100),
        peak_limited=bool(found["peak_limited"]),
        word_error_rate_percent=value("word_error_rate", 100),
    )


def sentence(found: Totals, sound: Sound) -> str:
    """What a person reads in the DubJob's status."""
    text = (
        f"{counted(int(found['spoken']), 'segment')}, speed up to {found['max_speed']:.2f}x, "
        f"{found['trimmed']} trimmed"
    )
    if found["untranslated"]:
        text += f", {found['untranslated']} untranslated"
    if sound.dub.is_known:
        text += f"; {sound.dub.integrated:.1f} LUFS"
    if sound.gain.peak_wins:
        text += (
            f", {sound.gain.wanted - sound.gain.decibels:.1f} LU below its target, because the "
            "true peak must not exceed -1 dBTP"
        )
    return text


def _above(lines: Sequence[ReportLine], speed: float) -> int:
    return sum(line.speed > speed + ROUNDING_SECONDS for line in lines)


def _rounded(value: float) -> float:
    return round(value, 3)
