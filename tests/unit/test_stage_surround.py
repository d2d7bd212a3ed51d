"""The dub in 5.1, measured channel by channel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy
import pytest
import soundfile
from made_media import (
    RATE,
    SECONDS,
    DubbedSegment,
    fake_stages,
    make_video,
    run_dub,
    source_path,
    tone,
)

from dubstage.contract import EngineChoice, Stage
from dubstage.media.ffmpeg import probe
from dubstage.mux.surround import BACK_LEFT, CENTER, LEFT, LOW, RIGHT
from dubstage.testing import ENGINES, Ended
from dubstage.workspace.layout import Artifact
from dubstage.workspace.work import Outcome, Work

SEGMENTS = [DubbedSegment(1.0, 2.5, 1.45)]
EFFECT_HERTZ, MUSIC_HERTZ, LOW_HERTZ = 2000.0, 150.0, 50.0
VOICE_HERTZ, SPEECH_HERTZ = 400.0, 800.0
ASKED = {
    **ENGINES,
    Stage.MUX: EngineChoice(engine="ffmpeg", parameters={"surround": True}),
}


def make_surround(folder: Path, codec: str = "ac3") -> None:
    """Speech in the center, music at the sides, an effect behind, and low frequencies."""
    channels = numpy.zeros((round(SECONDS * RATE), 6), numpy.float32)
    speech = tone(1.5, SPEECH_HERTZ, 0.2)
    channels[RATE : RATE + len(speech), CENTER] = speech
    channels[:, LEFT] = channels[:, RIGHT] = tone(SECONDS, MUSIC_HERTZ, 0.02)
    channels[:, BACK_LEFT] = tone(SECONDS, EFFECT_HERTZ, 0.02)
    channels[:, LOW] = tone(SECONDS, LOW_HERTZ, 0.05)
    audio = folder / "surround.wav"
    soundfile.write(audio, channels, RATE, format="WAVEX", subtype="FLOAT")
    make_video(
        source_path(folder), "-c:a", codec, "-b:a", "448k", "-channel_layout", "5.1", audio=audio
    )


def separated(work: Work) -> Outcome:
    """A perfect separation of the stereo mix that ingest makes of the source."""
    if work.request.stage is not Stage.SEPARATE:
        return fake_stages(SEGMENTS)(work)
    (audio,) = work.read(Artifact.AUDIO)
    mix, _ = soundfile.read(audio, dtype="float32")
    spectrum = numpy.fft.rfft(mix, axis=0)
    hertz = numpy.fft.rfftfreq(len(mix), 1 / RATE)
    spectrum[(hertz < SPEECH_HERTZ / 2) | (hertz > SPEECH_HERTZ * 1.5)] = 0
    vocals = numpy.fft.irfft(spectrum, len(mix), axis=0)
    for artifact, samples in ((Artifact.VOCALS, vocals), (Artifact.BACKGROUND, mix - vocals)):
        soundfile.write(work.staging(artifact, None), samples, RATE, format="WAV")
    return Outcome()


def level(samples: numpy.ndarray, hertz: float) -> float:
    """The level of one frequency."""
    time = numpy.arange(len(samples)) / RATE
    return float(2 * abs(numpy.exp(-2j * numpy.pi * hertz * time) @ samples) / len(samples))


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    folder = tmp_path_factory.mktemp("surround")
    make_surround(folder)
    return run_dub(folder, SEGMENTS, run=separated, engines=ASKED)


@pytest.fixture(scope="module")
def dub(ended: Ended) -> numpy.ndarray:
    samples, rate = soundfile.read(ended.tree.path(Artifact.DUBBED_SURROUND), dtype="float32")
    assert (rate, samples.shape[1]) == (RATE, 6)
    gain = float(numpy.median(abs(samples[:, BACK_LEFT])) / numpy.median(abs(tone(1, 2000, 0.02))))
    result: numpy.ndarray = samples / gain
    return result


DURING = slice(round(1.3 * RATE), round(2.1 * RATE))
BEFORE = slice(round(0.2 * RATE), round(0.8 * RATE))


def test_voice_is_in_the_center_and_the_original_is_gone(dub: numpy.ndarray) -> None:
    center = dub[DURING, CENTER]
    assert level(center, VOICE_HERTZ) == pytest.approx(0.2, rel=0.15), "as loud as the original"
    assert level(center, SPEECH_HERTZ) < 0.02 * 0.2
    for channel in range(6):
        if channel != CENTER:
            assert level(dub[DURING, channel], VOICE_HERTZ) < 0.001
            assert level(dub[DURING, channel], SPEECH_HERTZ) < 0.001


def test_music_and_effects_stay_in_their_channels(dub: numpy.ndarray) -> None:
    for part in (DURING, BEFORE):
        assert level(dub[part, LEFT], MUSIC_HERTZ) == pytest.approx(0.02, rel=0.1)
        assert level(dub[part, RIGHT], MUSIC_HERTZ) == pytest.approx(0.02, rel=0.1)
        assert level(dub[part, BACK_LEFT], EFFECT_HERTZ) == pytest.approx(0.02, rel=0.25)
        assert level(dub[part, LOW], LOW_HERTZ) == pytest.approx(0.05, rel=0.1)
        assert level(dub[part, CENTER], MUSIC_HERTZ) < 0.002


def test_dub_in_surround_has_the_duration_and_the_onset_of_the_other(
    ended: Ended, dub: numpy.ndarray
) -> None:
    stereo, _ = soundfile.read(ended.tree.path(Artifact.DUBBED_AUDIO), dtype="float32")
    assert len(dub) == len(stereo)
    onsets = []
    for samples in (dub[:, CENTER], stereo[:, 0]):
        carrier = samples * numpy.exp(-2j * numpy.pi * VOICE_HERTZ * numpy.arange(len(dub)) / RATE)
        envelope = abs(numpy.convolve(carrier, numpy.ones(480) / 480, "same"))
        onsets.append(float(numpy.flatnonzero(envelope > envelope.max() / 2)[0]) / RATE)
    assert onsets[0] == pytest.approx(onsets[1], abs=0.002)


def test_dubbed_video_has_both_before_the_original(ended: Ended) -> None:
    (video,) = ended.tree.files(Artifact.DUBBED_VIDEO)
    found = probe(video)
    assert [(track.channels, track.language) for track in found.audio] == [
        (2, "spa"), (6, "spa"), (6, "eng"),
    ]  # fmt: skip
    assert [track.language for track in found.subtitles] == ["spa", "eng"]
    assert "surround-audio" in [output.name for output in ended.result.outputs]
    page = ended.tree.path(Artifact.REPORT_PAGE).read_text()
    assert '"originalTrack": 2' in page, "the page switches to the third track"
    report = json.loads(ended.tree.path(Artifact.REPORT).read_text())
    assert report["totals"]["spoken"] == 1


@pytest.mark.parametrize("engines", [ENGINES, ASKED], ids=["not asked for", "a stereo source"])
def test_no_dub_in_surround_unless_asked_for_and_possible(
    tmp_path: Path, engines: dict[Stage, EngineChoice]
) -> None:
    if engines is ENGINES:
        make_surround(tmp_path, "aac")
    else:
        make_video(source_path(tmp_path))
    ended = run_dub(tmp_path, SEGMENTS, engines=engines)
    assert not ended.tree.files(Artifact.DUBBED_SURROUND)
    (video,) = ended.tree.files(Artifact.DUBBED_VIDEO)
    assert len(probe(video).audio) == 2
