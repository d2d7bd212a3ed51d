"""Who speaks when: clustering, pieces, and whose words these are, with made voices."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy
import pytest
from numpy.typing import NDArray

from dubstage.contract import EngineChoice
from dubstage.engines.repositories import DIARIZER
from dubstage.errors import Misconfigured
from dubstage.models.volume import write_sums
from dubstage.speakers.clustering import Cluster, merged, nearest, speakers_of
from dubstage.speakers.diarizer import Diarizer
from dubstage.speakers.networks import (
    FRAME_SAMPLES,
    FRAMES,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Networks,
)
from dubstage.speakers.pieces import FRAME_SECONDS, Piece, divided, pieces_of
from dubstage.speakers.turns import Turn, speakers_at
from dubstage.testing import roots_in
from dubstage.transcribe.diarization import Diarizer as Pyannote

Vector = NDArray[numpy.float32]


def voice(degrees: float) -> Vector:
    """A voice in the plane: two of them have the cosine of the angle between them."""
    angle = numpy.deg2rad(degrees)
    return numpy.array([numpy.cos(angle), numpy.sin(angle)], numpy.float32)


def clusters(*voices: tuple[float, float]) -> list[Cluster]:
    """Clusters from angles and weights."""
    return [Cluster(voice(degrees) * weight, weight) for degrees, weight in voices]


def angles(vectors: list[Vector]) -> list[int]:
    return sorted(round(float(numpy.rad2deg(numpy.arctan2(each[1], each[0])))) for each in vectors)


ANNA, BEN, CARL = [(0.0, 4.0), (10.0, 4.0)], [(90.0, 4.0), (100.0, 4.0)], [(180.0, 4.0)]
NOISE = [(45.0, 0.5)]
THRESHOLD = 0.2


@pytest.mark.parametrize(
    ("voices", "fewest", "most", "expected"),
    [
        (ANNA, 1, None, [5]),
        ([*ANNA, *BEN], 1, None, [5, 95]),
        ([*ANNA, *BEN, *CARL], 1, None, [5, 95, 180]),
        # As many as the user says, although the voices are alike, or are not.
        ([*ANNA, *BEN], 1, 1, [50]),
        ([*ANNA, *BEN, *CARL], 1, 2, [5, 123]),
        ([*ANNA, (49.0, 4.0)], 2, None, [5, 49]),
        # One voice is one speaker, whatever the user says.
        (ANNA, 2, 2, [5]),
        # A cough is nobody, unless there are too few without it.
        ([*ANNA, *BEN, *NOISE], 1, None, [5, 95]),
        ([*ANNA, *BEN, *NOISE], 2, 2, [5, 95]),
        ([*ANNA, *BEN, *NOISE], 3, 3, [5, 45, 95]),
        (NOISE, 1, None, [45]),
        ([], 1, None, []),
    ],
)
def test_number_of_speakers(
    voices: list[tuple[float, float]], fewest: int, most: int | None, expected: list[int]
) -> None:
    found = speakers_of(clusters(*voices), THRESHOLD, large=1.0, fewest=fewest, most=most)
    assert angles(found) == pytest.approx(expected, abs=2)


def test_distance_is_the_mean_over_all_pairs() -> None:
    """The same clusters in one step, and from clusters of clusters."""
    made = numpy.random.default_rng(1).standard_normal((60, 8)).astype(numpy.float32)
    made[20:40] += 4
    made[40:] -= 4
    vectors = made / numpy.linalg.norm(made, axis=1, keepdims=True)
    single = [Cluster(vector, 1.0) for vector in vectors]
    at_once = merged(single, 0.5)
    in_parts = merged([*merged(single[:30], 0.2), *merged(single[30:], 0.2)], 0.5)
    assert sorted(one.weight for one in at_once) == sorted(one.weight for one in in_parts)
    pair = merged(single[:2], 2.0)[0].joined(single[2])
    other = single[3]
    mean = numpy.mean([1 - vectors[place] @ vectors[3] for place in (0, 1, 2)])
    assert 1 - float(pair.mean @ other.mean) == pytest.approx(float(mean), abs=1e-5)


def test_nearest_speaker() -> None:
    assert nearest(voice(80), [voice(0), voice(90), voice(180)]) == 1


@pytest.mark.parametrize(
    ("pauses", "frames", "expected"),
    [
        ([], 100, [(0, 100)]),
        ([60], 100, [(0, 60), (60, 100)]),
        # A pause so near to an end would leave nothing to know a voice by.
        ([10], 100, [(0, 100)]),
        ([60, 120], 160, [(0, 60), (60, 120), (120, 160)]),
    ],
)
def test_speech_is_divided_at_pauses(
    pauses: list[int], frames: int, expected: list[tuple[int, int]]
) -> None:
    energies = [1.0] * frames
    for place in pauses:
        energies[place] = 0.001
    assert divided(energies, 0, frames) == expected


def test_long_speech_is_divided_at_its_quietest_moment() -> None:
    energies = [1.0] * 300
    energies[130] = 0.5
    pieces = divided(energies, 0, 300)
    assert pieces[0][0] == 0
    assert pieces[-1][1] == 300
    assert 130 in {end for _, end in pieces}
    assert max(end - first for first, end in pieces) * FRAME_SECONDS <= 3.0


class MadeNetworks:
    """Hears speech in samples that are not zero; the voice is their sign. Samples of 2.0 and
    more are two voices at once."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def activity(self, windows: NDArray[numpy.float32]) -> NDArray[numpy.bool_]:
        self.batches.append(len(windows))
        frames = windows[:, 361 : 361 + FRAMES * FRAME_SAMPLES]
        level = numpy.abs(frames).reshape(len(windows), FRAMES, FRAME_SAMPLES).mean(axis=2)
        active = numpy.zeros((len(windows), FRAMES, 3), bool)
        active[:, :, 0] = level > 0.25
        active[:, :, 1] = level >= 1.5
        return active

    def voice(self, samples: NDArray[numpy.float32]) -> Vector:
        return voice(0 if samples.mean() > 0 else 90)


def pieces(samples: NDArray[numpy.float32], start: float = 0.0) -> list[Piece]:
    return list(pieces_of(samples, start, cast(Networks, MadeNetworks())))


@pytest.mark.parametrize("seconds", [1.0, 9.9, 10.0, 10.5, 17.0, 60.0])
def test_pieces_cover_speech_of_any_length_once(seconds: float) -> None:
    samples = numpy.full(int(seconds * SAMPLE_RATE), 0.5, numpy.float32)
    found = sorted(pieces(samples), key=lambda piece: piece.start)
    assert found[0].start == pytest.approx(0.0, abs=0.1)
    assert found[-1].end == pytest.approx(seconds, abs=0.1)
    for one, two in pairwise(found):
        assert two.start == pytest.approx(one.end, abs=2 * FRAME_SECONDS)
    assert sum(piece.alone for piece in found) == pytest.approx(seconds, abs=0.15)


def test_silence_and_speech_at_once_make_no_piece() -> None:
    assert pieces(numpy.zeros(3 * WINDOW_SAMPLES, numpy.float32)) == []
    assert pieces(numpy.zeros(0, numpy.float32)) == []
    assert pieces(numpy.full(WINDOW_SAMPLES, 2.0, numpy.float32)) == []


def dialogue(*turns: tuple[float, int]) -> NDArray[numpy.float32]:
    """Turns of the speakers +1 and -1, with 0.3 s between them."""
    parts = []
    for seconds, sign in turns:
        parts.append(numpy.full(int(seconds * SAMPLE_RATE), 0.5 * sign, numpy.float32))
        parts.append(numpy.zeros(int(0.3 * SAMPLE_RATE), numpy.float32))
    return numpy.concatenate(parts)


def test_turns_of_a_source_in_parts_are_numbered_alike() -> None:
    diarizer = Diarizer(cast(Networks, MadeNetworks()))
    part = dialogue((4, 1), (3, -1), (4, 1), (0.5, -1))
    length = len(part) / SAMPLE_RATE
    diarizer.hear(part, 0.0)
    diarizer.hear(-part, length)
    turns = diarizer.turns()
    assert {turn.speaker for turn in turns} == {0, 1}
    spans = [(1.0, 1.2), (5.0, 5.3), (9.0, 9.4), (11.95, 12.2)]
    later = [(start + length, end + length) for start, end in spans]
    first, *_ = found = speakers_at([*spans, *later], turns)
    same = [speaker == first for speaker in found]
    assert same == [True, False, True, False, False, True, False, True]
    assert {turn.speaker for turn in diarizer.turns(most=1)} == {0}


def test_source_without_speech_has_no_turns() -> None:
    diarizer = Diarizer(cast(Networks, MadeNetworks()))
    diarizer.hear(numpy.zeros(SAMPLE_RATE, numpy.float32), 0.0)
    assert diarizer.turns() == []
    assert diarizer.turns(2, 2) == []


def test_only_scraps_of_speech_are_one_speaker() -> None:
    diarizer = Diarizer(cast(Networks, MadeNetworks()))
    diarizer.hear(dialogue((0.5, 1), (0.4, -1)), 0.0)
    assert {turn.speaker for turn in diarizer.turns()} == {0}


def test_clusters_of_a_long_source_stay_few() -> None:
    generator = numpy.random.default_rng(2)
    people = numpy.eye(32, dtype=numpy.float32)[:6]
    diarizer = Diarizer(cast(Networks, MadeNetworks()))
    counts = []
    for part in range(30):
        made = []
        for place in range(100):
            vector = people[place % 6] + 0.05 * generator.standard_normal(32).astype(numpy.float32)
            start = part * 600.0 + place * 6
            made.append(Piece(start, start + 3, 3.0, vector / numpy.linalg.norm(vector)))
        diarizer.add(made)
        counts.append(len(diarizer._clusters))
    assert max(counts) <= 12
    assert len({turn.speaker for turn in diarizer.turns()}) == 6


TURNS = [Turn(0, 4, 0), Turn(1.5, 2.0, 1), Turn(4.2, 6, 1), Turn(9, 10, 2)]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((0.5, 1.0), 0),
        # An interjection while another speaks on.
        ((1.5, 2.0), 1),
        ((1.6, 1.9), 1),
        # Most of the word is not the interjection's.
        ((1.1, 1.7), 0),
        ((3.9, 4.6), 1),
        # In a pause: the nearest.
        ((4.05, 4.1), 0),
        ((4.12, 4.19), 1),
        ((7.9, 8.8), 2),
        ((6.1, 6.4), 1),
        ((20.0, 20.5), 2),
        # A word without length.
        ((5.0, 5.0), 1),
    ],
)
def test_speaker_of_a_word(span: tuple[float, float], expected: int) -> None:
    assert speakers_at([span], TURNS) == [expected]


@pytest.mark.parametrize(
    ("token", "on_volume", "is_loaded"),
    [
        pytest.param("hf_AbCdEfGh", False, True, id="downloaded"),
        pytest.param("api_org_AbCdEfGh", False, False, id="pyannote ignores such a token"),
        pytest.param("api_org_AbCdEfGh", True, True, id="on the volume no token is needed"),
    ],
)
def test_token_that_pyannote_ignores_is_named(
    tmp_path: Path, token: str, on_volume: bool, is_loaded: bool
) -> None:
    tokens: list[str] = []

    def pipeline(token: str, **_: object) -> object:
        tokens.append(token)
        return lambda audio, **_: []

    whisperx = SimpleNamespace(
        diarize=SimpleNamespace(DiarizationPipeline=pipeline),
        assign_word_speakers=lambda *_, **__: None,
    )
    if on_volume:
        folder = tmp_path / "models" / DIARIZER
        folder.mkdir(parents=True)
        (folder / "config.yaml").write_text("{}")
        write_sums(folder)
    choice = EngineChoice(engine="whisperx", model="tiny")
    diarizer = Pyannote(whisperx, roots_in(tmp_path), choice, token, "cpu")
    segments: list[dict[str, Any]] = [{"words": []}]
    if is_loaded:
        assert diarizer.name_speakers(segments, None, None, lambda _: None) == []
        assert tokens == [token]
    else:
        with pytest.raises(Misconfigured, match=r"does not start with hf_\.") as caught:
            diarizer.name_speakers(segments, None, None, lambda _: None)
        assert token not in str(caught.value)
