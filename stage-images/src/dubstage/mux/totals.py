"""A dub in a few numbers: for the report, and as integers for the DubJob's status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from dubstage.contract.summary import StageSummary, scaled
from dubstage.mux.limiter import NOTICEABLE_DB, Limiting
from dubstage.mux.loudness import SILENCE, Loudness
from dubstage.mux.master import Gain
from dubstage.mux.report import SegmentReport
from dubstage.text.counting import counted
from dubstage.timing.budget import is_adherent
from dubstage.timing.fit import ROUNDING_SECONDS, UNNOTICED_SPEED, WARNING_SPEED, Flag

NOTICEABLE_LU = 1.0
"""A smaller change of a segment's level is not counted."""

Totals = dict[str, int | float | bool]
"""The numbers under their names in the report."""


@dataclass(frozen=True)
class MixResult:
    """The loudness and the balance of the finished mix."""

    source_loudness: float | None
    """LUFS of the dubbed track, as ingest measured it; None if it is not known."""
    dub: Loudness
    gain: Gain
    """The gain of the whole mix."""
    limiting: Limiting
    """What the limiter has done."""
    background_change: float | None
    """Decibels by which the dub is louder than the source outside speech, without the gain;
    None if there is nothing outside speech."""
    overlap: float | None
    """Share of the original's speech during which the dub speaks; None if there is none."""


def totals(segments: Sequence[SegmentReport], untranslated: int, mix: MixResult) -> Totals:
    """The numbers of the whole dub. Those that cannot be measured are left out."""
    spoken = [segment for segment in segments if segment.is_spoken]
    count = max(len(spoken), 1)
    errors = sorted(abs(segment.onset_error) for segment in spoken)
    numbers: Totals = {
        "segments": len(segments),
        "spoken": len(spoken),
        "untranslated": untranslated,
        "trimmed": sum(Flag.TRIMMED in segment.flags for segment in spoken),
        "overflow_seconds": _rounded(sum(segment.overflow for segment in spoken)),
        "max_speed": _rounded(max((segment.speed for segment in spoken), default=1.0)),
        "adherence": _rounded(sum(is_adherent(one.duration_ratio) for one in spoken) / count),
        "share_above_1_2": _rounded(_above(spoken, UNNOTICED_SPEED) / count),
        "share_above_1_3": _rounded(_above(spoken, WARNING_SPEED) / count),
        "onset_error_p95": _rounded(percentile(errors, 0.95)),
        "dialogue_range": _rounded(_range([x.loudness for x in spoken])),
        "leveled": sum(abs(x.level_change) >= NOTICEABLE_LU for x in spoken),
        "level_change_max": _rounded(max((abs(x.level_change) for x in spoken), default=0.0)),
        "level_error_max": _rounded(max((abs(x.level_error or 0.0) for x in spoken), default=0.0)),
        "duck_db_max": _rounded(max((x.duck_db for x in spoken), default=0.0)),
        "gain_db": _rounded(mix.gain.decibels),
        "peak_limited": mix.gain.peak_limited,
        "limiter_reduction_db": _rounded(mix.limiting.reduction_db),
        "limiter_share": _rounded(mix.limiting.share),
    }
    ratios = sorted(
        one.speech_to_background for one in spoken if one.speech_to_background is not None
    )
    if ratios:
        numbers |= {
            "speech_to_background_min": _rounded(ratios[0]),
            "speech_to_background_median": _rounded(median(ratios)),
        }
    if mix.overlap is not None:
        numbers["overlap"] = _rounded(mix.overlap)
    if mix.background_change is not None:
        numbers["background_change_db"] = _rounded(mix.background_change)
    if mix.source_loudness is not None:
        numbers["source_lufs"] = _rounded(mix.source_loudness)
    if mix.dub.is_known:
        numbers |= {"dub_lufs": mix.dub.integrated, "dub_true_peak": mix.dub.true_peak}
    return numbers


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of the sorted `values` that `share` of them do not exceed; 0.0 if there are
    none."""
    return values[min(int(share * len(values)), len(values) - 1)] if values else 0.0


def summary(numbers: Totals) -> StageSummary:
    """`numbers` as the DubJob's status shows it: integers with their units."""

    def value(name: str, factor: int) -> int | None:
        return scaled(numbers[name], factor) if name in numbers else None

    return StageSummary(
        spoken_segments=int(numbers["spoken"]),
        trimmed_segments=int(numbers["trimmed"]),
        max_speed_percent=value("max_speed", 100),
        adherent_segments_percent=value("adherence", 100),
        fast_segments_percent=value("share_above_1_2", 100),
        onset_error_p95_milliseconds=value("onset_error_p95", 1000),
        max_level_error_centi_lu=value("level_error_max", 100),
        background_change_centi_db=value("background_change_db", 100),
        loudness_centi_lufs=value("dub_lufs", 100),
        source_loudness_centi_lufs=value("source_lufs", 100),
        true_peak_centi_dbtp=value("dub_true_peak", 100),
        peak_limited=bool(numbers["peak_limited"]),
        word_error_rate_percent=value("word_error_rate", 100),
    )


def message(numbers: Totals, mix: MixResult) -> str:
    """The stage's message in the DubJob's status."""
    text = (
        f"{counted(int(numbers['spoken']), 'segment')}, speed up to {numbers['max_speed']:.2f}x, "
        f"{numbers['trimmed']} trimmed"
    )
    if numbers["untranslated"]:
        text += f", {numbers['untranslated']} untranslated"
    if numbers["leveled"]:
        text += (
            f", {counted(int(numbers['leveled']), 'soft or loud segment')} leveled by up to "
            f"{numbers['level_change_max']:.1f} LU"
        )
    if mix.dub.is_known:
        text += f"; {mix.dub.integrated:.1f} LUFS"
    if mix.limiting.reduction_db >= NOTICEABLE_DB:
        text += f", peaks lowered by up to {mix.limiting.reduction_db:.1f} dB"
    if mix.gain.peak_limited:
        missing = mix.gain.target_decibels - mix.gain.decibels
        text += (
            f", {missing:.1f} LU below its target, because the true peak must not exceed -1 dBTP"
        )
    return text


def _range(loudness: Sequence[float | None]) -> float:
    """LU between the softest and the loudest that is not silent."""
    known = [each for each in loudness if each is not None and each > SILENCE]
    return max(known) - min(known) if known else 0.0


def _above(segments: Sequence[SegmentReport], speed: float) -> int:
    return sum(segment.speed > speed + ROUNDING_SECONDS for segment in segments)


def _rounded(value: float) -> float:
    return round(value, 3)
