"""The windows of speech whose quality is estimated, and the scale of the estimate."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest
import soundfile

from dubstage.synthesize.quality import MOST_WINDOWS, WINDOW_SAMPLES, on_scale, windows

RATE = 16000
WINDOW_SECONDS = WINDOW_SAMPLES / RATE


def clips_of(folder: Path, count: int, seconds: float) -> list[Path]:
    """Clips at constant levels, which rise from clip to clip."""
    files = []
    for number in range(count):
        samples = numpy.full(round(seconds * RATE), (number + 1) / (count + 1), numpy.float32)
        files.append(folder / f"{number:03}.wav")
        soundfile.write(files[-1], samples, RATE, subtype="FLOAT")
    return files


@pytest.mark.parametrize(
    ("count", "seconds", "expected"),
    [
        (1, 0.5, 1),  # repeated
        (1, WINDOW_SECONDS, 1),
        (4, 5.0, 2),
        (1, 3 * WINDOW_SECONDS - 0.1, 2),
    ],
)
def test_windows_are_whole(tmp_path: Path, count: int, seconds: float, expected: int) -> None:
    found = list(windows(clips_of(tmp_path, count, seconds), tmp_path))
    assert [len(window) for window in found] == [WINDOW_SAMPLES] * expected
    assert all(window.min() > 0 for window in found), "no silence is added"


@pytest.mark.parametrize("count", [20, 34, 100])
def test_windows_of_a_long_dub_are_from_all_over_it(tmp_path: Path, count: int) -> None:
    found = list(windows(clips_of(tmp_path, count, 5.0), tmp_path))
    assert MOST_WINDOWS / 2 <= len(found) <= MOST_WINDOWS
    assert found[0].max() < 0.2
    assert found[-1].max() > 0.8


def test_clips_without_audio_have_no_windows(tmp_path: Path) -> None:
    assert list(windows(clips_of(tmp_path, 2, 0.0), tmp_path)) == []


@pytest.mark.parametrize(
    ("answer", "rating"), [(3.83, 3.33), (3.0, 2.78), (0.0, 1.0), (-9.0, 1.0), (6.0, 4.3)]
)
def test_ratings_are_on_the_scale_of_listeners(answer: float, rating: float) -> None:
    """By the authors' polynomial: -0.0677 x² + 1.1155 x + 0.0460."""
    assert on_scale(answer) == pytest.approx(rating, abs=0.01)
