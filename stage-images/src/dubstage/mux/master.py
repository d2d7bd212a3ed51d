"""The whole dub's loudness: measured, and brought to its target by one static gain."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dubstage.media.audio import SAMPLE_RATE, to_bytes
from dubstage.media.ffmpeg import MediaError, write_stereo
from dubstage.media.wav import WRITER
from dubstage.mux.loudness import SILENCE
from dubstage.mux.mix import Block

PEAK_CEILING = -1.0
"""dBTP: no true peak of the dub lies above."""
LOUDEST_IN, LOUDEST_OUT = 0.0, -5.0
"""LUFS above which ffmpeg's ``loudnorm`` takes no measured loudness, and no target."""
ROUNDING = 0.1
"""ffmpeg tells loudness and true peak to a tenth."""
MEASURE = "ebur128=peak=true:framelog=verbose"
"""ffmpeg's filter, which tells nothing but its summary."""
NO_PEAK = -99.0
"""dBTP of silence."""


@dataclass(frozen=True)
class Loudness:
    """A whole sound by EBU R128."""

    integrated: float
    """LUFS; −70 and below: nothing to measure."""
    threshold: float
    """LUFS: what is softer was left out."""
    true_peak: float
    """dBTP."""

    @property
    def is_known(self) -> bool:
        """False for silence, and for what is shorter than 400 ms."""
        return self.integrated > SILENCE


@dataclass(frozen=True)
class Gain:
    """What is done to the mix."""

    decibels: float
    wanted: float
    """Decibels that its target asks for."""

    @property
    def peak_wins(self) -> bool:
        """True where the target would put a true peak above the ceiling."""
        return self.decibels < self.wanted - ROUNDING


def plan_gain(mix: Loudness, target: float) -> Gain:
    """The gain that brings `mix` to `target` LUFS, or as near as its peak allows."""
    wanted = target - mix.integrated if mix.is_known and target > SILENCE else 0.0
    return Gain(min(wanted, PEAK_CEILING - ROUNDING - mix.true_peak), wanted)


def measure(sound: Iterator[bytes]) -> Loudness:
    """Of a stereo sound at 48 kHz. Raises :class:`MediaError` where ffmpeg cannot."""
    return _measured(write_stereo(sound, ["-af", MEASURE, "-f", "null", "-"]))


def _measured(words: str) -> Loudness:
    """What ``ebur128`` reports at its end."""
    _, found, summary = words.rpartition("Summary:")
    if not found:
        return Loudness(SILENCE, SILENCE, NO_PEAK)
    numbers = dict(
        re.findall(r"^ +(I|Threshold|Peak): +(-?[\d.]+|-?inf|nan) ", summary, re.M)[::-1]
    )
    return Loudness(
        integrated=_finite(numbers.get("I"), SILENCE),
        threshold=_finite(numbers.get("Threshold"), SILENCE),
        true_peak=_finite(numbers.get("Peak"), NO_PEAK),
    )


def master(sound: Iterator[bytes], mix: Loudness, gain: Gain, target: Path) -> Loudness:
    """Write `sound`, the mix as it was measured, with `gain` to a 16-bit WAV file; what
    that is.

    By the second pass of ffmpeg's ``loudnorm``, where the sound is not louder than that
    takes: the gain is the same. Raises :class:`MediaError` where it is not linear: it would
    ride the level.
    """
    wanted = mix.integrated + gain.decibels
    by_loudnorm = mix.is_known and mix.integrated <= LOUDEST_IN and wanted <= LOUDEST_OUT
    filters = f"volume={gain.decibels:.3f}dB"
    if by_loudnorm:
        # Of the loudness range nothing but 0 < measured <= wanted is asked for linear mode.
        filters = (
            f"loudnorm=linear=true:print_format=json:LRA=20:measured_LRA=1:TP={PEAK_CEILING}"
            f":I={wanted:.3f}:measured_I={mix.integrated}"
            f":measured_TP={mix.true_peak}:measured_thresh={mix.threshold}"
        )
    words = write_stereo(
        sound,
        [
            "-af",
            f"{filters},{MEASURE}",
            "-ar",
            str(SAMPLE_RATE),
            *WRITER,
            target,
        ],
    )
    if by_loudnorm and _mode(words) != "linear":
        raise MediaError(f"loudnorm used the mode {_mode(words)}, not linear")
    return _measured(words)


def mixed(
    blocks: Iterator[Block], frames: int, progress: Callable[[float], None]
) -> Iterator[bytes]:
    """The samples of a mix as ffmpeg reads them."""
    done = 0
    for block in blocks:
        yield to_bytes(block.mixed)
        done += len(block.bed)
        progress(done / frames)


def _mode(words: str) -> str:
    """``linear`` or ``dynamic``, as loudnorm reports it."""
    text = words[words.rfind("{") : words.rfind("}") + 1]
    try:
        return str(json.loads(text)["normalization_type"])
    except (ValueError, KeyError):
        return "unknown"


def _finite(text: str | None, otherwise: float) -> float:
    value = float(text) if text else otherwise
    return value if math.isfinite(value) else otherwise
