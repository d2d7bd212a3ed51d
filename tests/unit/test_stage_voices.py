"""The voice of a speaker: from a voice file, or from the source."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import numpy
import pytest
import soundfile
from speech_world import RATE, WatchedEngine, segment, tone, write_job

from dubstage.contract import EngineChoice, ExitCode, Stage
from dubstage.inputs import voice_files
from dubstage.speakers.pitch import median_pitch
from dubstage.synthesize import stage
from dubstage.synthesize.engine import Gender, Synthesizer, Voice
from dubstage.synthesize.espeak import Espeak
from dubstage.synthesize.google import Gtts
from dubstage.synthesize.kokoro import Kokoro
from dubstage.synthesize.manners import Manner, manners_of
from dubstage.synthesize.presets import dealt
from dubstage.synthesize.references import SegmentAudio, best_reference
from dubstage.testing import Ended, request_for, roots_in, run_stage_in
from dubstage.timing.onset import speech_bounds
from dubstage.workspace.layout import Artifact


def heard(
    speaker: str, start: float, end: float, ratio_db: float = 20.0, clipped: float = 0.0
) -> SegmentAudio:
    return SegmentAudio(speaker, start, end, f"{start:g}", 10 ** (ratio_db / 10), 1.0, clipped)


@pytest.mark.parametrize(
    ("lines", "cuts"),
    [
        # The clearer of two of the same length.
        ([heard("A", 0, 8, 10), heard("A", 20, 28, 20)], ((20, 28),)),
        # Nearer to eight seconds, where both are as clear.
        ([heard("A", 0, 5), heard("A", 20, 28)], ((20, 28),)),
        # Neighbours are one piece; twelve seconds are the most.
        ([heard("A", 0, 3), heard("A", 3.4, 8), heard("A", 8.2, 14)], ((0, 8),)),
        # Never with another voice in it, beside it, or between.
        ([heard("A", 0, 8), heard("B", 7, 9), heard("A", 20, 26, 5)], ((20, 26),)),
        ([heard("A", 0, 6), heard("B", 6.2, 9), heard("A", 20, 26, 5)], ((20, 26),)),
        # Nothing that is clipped.
        ([heard("A", 0, 8, clipped=0.01), heard("A", 20, 26, 5)], ((20, 26),)),
        # Who never speaks so long gets several lines, the clearest, in order.
        (
            [heard("A", 0, 2, 5), heard("A", 10, 13, 20), heard("A", 30, 32.5, 15)],
            ((10, 13), (30, 32.5)),
        ),
        ([heard("A", 0, 1)], ((0, 1),)),
        # Better an unclean one than none.
        ([heard("A", 0, 8), heard("B", 1, 2)], ((0, 8),)),
        # A line without end is cut.
        ([heard("A", 0, 60)], ((0, 12),)),
    ],
)
def test_reference_is_the_best_part_of_the_source(
    lines: list[SegmentAudio], cuts: tuple[tuple[float, float], ...]
) -> None:
    result = best_reference(lines, "A")
    assert result
    assert result.cuts == cuts


def test_silence_gives_no_reference() -> None:
    silent = SegmentAudio("A", 0, 8, "one", 0.0, 1.0, 0.0)
    assert best_reference([silent], "A") is None
    assert best_reference([heard("B", 0, 8)], "A") is None


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> WatchedEngine:
    result = WatchedEngine(own_voices=None)
    monkeypatch.setattr(stage, "load_engine", lambda _: result)
    return result


SEGMENTS = [
    segment(0, 0.5, 7.0, speaker="ANN"),
    segment(1, 8.0, 9.0, speaker="BOB"),
    segment(2, 10.0, 13.0, speaker="BOB"),
]


def synthesize(folder: Path, **changes: object) -> Ended:
    return run_stage_in(folder, request_for(Stage.SYNTHESIZE, **changes))


def clips(ended: Ended) -> list[dict[str, str | None]]:
    assert ended.code == ExitCode.OK, ended.result
    actual: list[dict[str, str | None]] = json.loads(
        ended.tree.path(Artifact.TTS_SEGMENTS).read_text()
    )
    return actual


def give(folder: Path, name: str, sound: numpy.ndarray, rate: int = RATE) -> Path:
    path = folder / "inputs/clip/voices" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate)
    return path


def test_references_are_cut_from_the_source(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    samples: dict[str, tuple[numpy.ndarray, int]] = {}
    speak = engine.speak

    def listen(*arguments: object) -> None:
        voice = arguments[2]
        samples[voice.speaker] = soundfile.read(voice.sample)  # type: ignore[attr-defined]
        speak(*arguments)  # type: ignore[arg-type]

    engine.speak = listen  # type: ignore[method-assign, assignment]
    ended = synthesize(tmp_path)
    vocals = "interim/clip/text/vid/speaks/vocals.wav"
    assert [(clip["voice_sample"], clip["prompt_text"]) for clip in clips(ended)] == [
        (f"{vocals}#t=0.500,7.000", "one two"),
        (f"{vocals}#t=8.000,9.000+10.000,13.000", "one two one two"),
        (f"{vocals}#t=8.000,9.000+10.000,13.000", "one two one two"),
    ]
    for speaker, seconds in (("ANN", 6.5), ("BOB", 4.25)):
        sound, rate = samples[speaker]
        begin, end = speech_bounds(sound.astype(numpy.float32), rate)
        assert 0.1 <= begin <= 0.3
        assert 0.1 <= len(sound) / rate - end <= 0.3
        assert end - begin == pytest.approx(seconds, abs=0.05)
        assert numpy.abs(sound).max() == pytest.approx(0.8, abs=0.01)


def test_voice_file_takes_precedence_and_changes_the_clips(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    synthesize(tmp_path)
    engine.asked.clear()
    path = give(tmp_path, "ANN.wav", tone(4.0))
    ended = synthesize(tmp_path)
    assert not ended.result.reused
    assert clips(ended)[0]["voice_sample"] == "inputs/clip/voices/ANN.wav"
    assert ended.result.summary.reused_clips == 2
    assert {voice.sample for voice in engine.cast if voice.speaker == "ANN"} >= {path}
    assert synthesize(tmp_path).result.reused
    give(tmp_path, "ANN.wav", tone(5.0))
    assert not synthesize(tmp_path).result.reused
    path.unlink()
    assert clips(synthesize(tmp_path))[0]["voice_sample"] != "inputs/clip/voices/ANN.wav"


@pytest.mark.parametrize(
    ("sound", "rate", "says"),
    [
        (tone(1.0), RATE, "it has 1.0 s"),
        (tone(31.0), RATE, "it has 31.0 s"),
        (tone(4.0, 8000), 8000, "it has 8000 Hz"),
        (numpy.zeros(4 * RATE), RATE, "it is silent"),
        (numpy.sign(tone(4.0)), RATE, "it is clipped"),
        (None, 0, "it cannot be read"),
    ],
)
@pytest.mark.parametrize("at", [Stage.INGEST, Stage.SYNTHESIZE])
def test_bad_voice_file_is_refused_before_a_gpu_is_requested(
    tmp_path: Path,
    engine: WatchedEngine,
    sound: numpy.ndarray | None,
    rate: int,
    says: str,
    at: Stage,
) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    path = give(tmp_path, "ANN.wav", tone(4.0) if sound is None else sound, rate or RATE)
    if sound is None:
        path.write_text("no audio")
    ended = run_stage_in(tmp_path, request_for(at))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "BadVoice")
    assert f"inputs/clip/voices/ANN.wav cannot be a speaker's voice: {says}" in ended.result.message
    assert "expected a WAV file of 3 to 30 s" in ended.result.message


def test_system_file_is_not_a_voice(tmp_path: Path) -> None:
    """macOS creates such a file next to each file on a foreign volume."""
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    give(tmp_path, "ANN.wav", tone(4.0)).with_name("._ANN.wav").write_text("no audio")
    assert run_stage_in(tmp_path, request_for(Stage.INGEST)).code == ExitCode.OK


def test_name_that_is_not_utf_8_is_reported(tmp_path: Path) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    path = give(tmp_path, "ANN.wav", tone(4.0))
    path.rename(path.with_name(os.fsdecode(b"Andr\xe9.wav")))
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "BadVoice")
    assert "inputs/clip/voices/Andr\ufffd.wav" in ended.result.message


def test_link_out_of_the_inputs_is_refused(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    path = give(tmp_path, "ANN.wav", tone(4.0))
    secret = tmp_path / "secret.wav"
    path.rename(secret)
    path.symlink_to(secret)
    ended = run_stage_in(tmp_path, request_for(Stage.INGEST))
    assert "the link leads out" in ended.result.message


def test_unused_voice_files_are_reported(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    give(tmp_path, "EVE.wav", tone(4.0))
    message = synthesize(tmp_path).result.message
    assert "voices/EVE.wav is the voice of no speaker: the speakers are ANN, BOB" in message
    engine.own_voices = 10
    assert "cannot use recordings of voices" in synthesize(tmp_path, force=True).result.message


def test_speakers_who_share_a_voice_are_reported(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, SEGMENTS, seconds=14.0)
    engine.own_voices = 2
    assert "share" not in synthesize(tmp_path).result.message
    engine.own_voices = 1
    message = synthesize(tmp_path, force=True).result.message
    assert message.endswith("2 speakers share 1 voice: espeak-ng has no more in es")


def test_google_has_a_voice_for_each_accent() -> None:
    assert [Gtts().voices(tag) for tag in ("es", "de", "en", "es-MX", "de-AT")] == [3, 1, 7, 1, 1]


KOKORO = Kokoro.__new__(Kokoro)
KOKORO._other = Espeak(EngineChoice(engine="kokoro"))


@pytest.mark.parametrize(
    ("language", "kokoro", "espeak", "google"),
    [
        ("es", "", "", ""),
        ("es-ES", "", "", ""),
        ("es-MX", "", "", ""),
        ("es-419", "", "", ""),
        ("es-AR", "", "", "es-MX"),
        ("en-US", "", "", ""),
        ("en-GB", "", "", ""),
        ("en-AU", "en-GB", "en-GB", ""),
        ("pt-BR", "", "", ""),
        ("pt-PT", "pt-BR", "", ""),
        ("fr-CA", "fr-FR", "fr-FR", ""),
        ("fr-CH", "fr-FR", "", "fr-FR"),
        ("zh-TW", "zh-CN", "zh-CN", ""),
        ("zh-CN", "", "", ""),
        ("zh-Hant", "", "", ""),
        ("de-AT", "de-DE", "de-DE", ""),
        ("fi", "", "", ""),
    ],
)
def test_region_has_its_own_voice_or_a_remark(
    language: str, kokoro: str, espeak: str, google: str
) -> None:
    engines: tuple[Synthesizer, ...] = (KOKORO, KOKORO._other, Gtts())
    for engine, accent in zip(engines, (kokoro, espeak, google), strict=True):
        expected = [f"there is no voice for {language}: the accent is that of {accent}"]
        assert stage.accent_remarks(engine, language) == (expected if accent else [])


@pytest.mark.parametrize(
    ("language", "site"),
    [
        ("es-MX", "com.mx"), ("es-AR", "com.mx"), ("es-ES", "es"), ("en-GB", "co.uk"),
        ("pt-PT", "pt"), ("pt-BR", "com.br"), ("zh-TW", "com"),
    ],
)  # fmt: skip
def test_region_decides_googles_accent(
    language: str, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, object]] = []

    class Speech:
        def __init__(self, text: str, **options: object) -> None:
            asked.append(options)

        def save(self, file: str) -> None:
            raise AssertionError("nothing that can be spoken")

    monkeypatch.setattr("gtts.gTTS", Speech)
    for number in (0, 1):
        Gtts().speak("Hola.", language, Voice("A", number), 1.0, tmp_path / "take.wav")
    assert [options["tld"] for options in asked] == [site] * 2


def test_barely_audible_speaker_is_reported(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, [SEGMENTS[0], segment(1, 8.0, 9.0, speaker="BOB")], seconds=14.0)
    assert "BOB speaks alone for 1.0 s: the voice is a guess" in synthesize(tmp_path).result.message


def test_source_without_a_voice_is_refused(tmp_path: Path, engine: WatchedEngine) -> None:
    write_job(tmp_path, [segment(0, 20.0, 21.0)], seconds=14.0)
    ended = synthesize(tmp_path)
    assert (ended.code, ended.result.reason) == (ExitCode.DATAERR, "NoVoice")
    assert "inputs/clip/voices/" in ended.result.message


def test_name_of_a_recording_in_decomposed_letters_is_the_speakers(tmp_path: Path) -> None:
    """As macOS stores it."""
    folder = tmp_path / "inputs/clip/voices"
    folder.mkdir(parents=True)
    (tmp_path / "models").mkdir()
    (folder / (normalize("NFD", "José") + ".wav")).touch()
    assert list(voice_files.find(roots_in(tmp_path), "clip")) == ["José"]


WOMAN, MAN = Gender.FEMALE, Gender.MALE


@pytest.mark.parametrize(
    ("speakers", "expected"),
    [
        ([], []),
        ([WOMAN], [0]),
        ([MAN], [1]),
        ([MAN, WOMAN, MAN, WOMAN], [1, 0, 3, 2]),
        # One who is not heard gets a voice that nobody has.
        ([MAN, None, None], [1, 0, 2]),
        # There are only two men.
        ([MAN, MAN, MAN, WOMAN], [1, 3, 1, 0]),
    ],
)
def test_speakers_get_voices_of_their_gender(
    speakers: list[Gender | None], expected: list[int]
) -> None:
    assert dealt(speakers, [WOMAN, MAN] * 2) == expected


def test_engine_with_voices_of_one_gender_gives_them_to_everybody() -> None:
    assert dealt([MAN, WOMAN, MAN], [WOMAN, WOMAN]) == [0, 1, 0]


def buzz(hertz: float, seconds: float, rate: int = RATE) -> numpy.ndarray:
    """A voice without words: a tone with overtones, in syllables."""
    time = numpy.arange(int(seconds * rate)) / rate
    tones = [numpy.sin(2 * numpy.pi * hertz * order * time) / order for order in range(1, 12)]
    syllables = 0.5 + 0.5 * numpy.sin(2 * numpy.pi * 4 * time)
    return (0.1 * sum(tones) * syllables).astype(numpy.float32)


@pytest.mark.parametrize("rate", [16000, 44100, 48000])
@pytest.mark.parametrize("hertz", [80.0, 115.0, 150.0, 210.0, 300.0, 400.0])
def test_pitch_of_a_voice(hertz: float, rate: int) -> None:
    assert median_pitch(buzz(hertz, 2.0, rate), rate) == pytest.approx(hertz, rel=0.02)


def test_noise_silence_and_clicks_have_no_pitch() -> None:
    noise = numpy.random.default_rng(1).standard_normal(2 * RATE).astype(numpy.float32)
    assert median_pitch(noise, RATE) is None
    assert median_pitch(numpy.zeros(RATE, numpy.float32), RATE) is None
    assert median_pitch(numpy.zeros(10, numpy.float32), RATE) is None


@dataclass
class GenderedEngine(WatchedEngine):
    """Has female and male voices by turns."""

    own_voices: int | None = 4

    def genders(self, language: str) -> list[Gender]:
        return [WOMAN, MAN] * 2


def test_pitch_of_the_source_decides_the_voice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = GenderedEngine()
    monkeypatch.setattr(stage, "load_engine", lambda _: engine)
    lines = [
        segment(0, 0.5, 3.0, speaker="BOB"), segment(1, 4.0, 7.0, speaker="ANN"),
        segment(2, 8.0, 9.0, speaker="CARL"), segment(3, 9.5, 12.0, speaker="DAN"),
    ]  # fmt: skip
    pitches = {"BOB": 110.0, "ANN": 215.0, "CARL": 95.0, "DAN": 130.0}
    write_job(tmp_path, lines, seconds=14.0, voices=lambda who, length: buzz(pitches[who], length))
    message = synthesize(tmp_path).result.message
    assert {voice.speaker: voice.number for voice in engine.cast} == {
        "BOB": 1, "ANN": 0, "CARL": 3, "DAN": 1,
    }  # fmt: skip
    assert "4 speakers share 3 voices: espeak-ng has no more that suit them in es" in message


def spoken(level_db: float, pitch: float | None, seconds: float = 2.0) -> SegmentAudio:
    energy = 10 ** (level_db / 10) * seconds
    return SegmentAudio("A", 0.0, seconds, "text", energy, 1.0, 0.0, pitch)


USUAL = [spoken(-20, 110), spoken(-22, 120), spoken(-18, 105), spoken(-21, 115)]


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (spoken(-24, 118), Manner.USUAL),
        (spoken(-13, 120), Manner.USUAL),
        (spoken(-31, 110), Manner.SOFT),
        # A whisper has no pitch, whatever a compressor made of its level.
        (spoken(-21, None), Manner.SOFT),
        (spoken(-21, None, seconds=0.5), Manner.USUAL),
        (spoken(-13, 160), Manner.LOUD),
        (spoken(-19, 185), Manner.LOUD),
        (SegmentAudio("A", 0, 2, "text", 0.0, 1.0, 0.0), Manner.USUAL),
    ],
)
def test_manner_of_a_segment(one: SegmentAudio, expected: Manner) -> None:
    assert manners_of([*USUAL, one]) == [Manner.USUAL] * len(USUAL) + [expected]


def test_manners_of_a_speaker_without_pitch_or_sound() -> None:
    whispers = [spoken(-30, None), spoken(-31, None)]
    assert manners_of(whispers) == [Manner.USUAL] * 2
    silent = SegmentAudio("A", 0, 2, "text", 0.0, 1.0, 0.0)
    assert manners_of([silent]) == [Manner.USUAL]
    assert manners_of([]) == []


def test_whisper_and_shout_are_cloned_from_their_own_kind(
    tmp_path: Path, engine: WatchedEngine
) -> None:
    """ANN whispers for 4.0 s and shouts for 3.5 s; one second of BOB's shout is too little."""
    manners = {0: "", 1: "whisper", 2: "", 3: "shout", 4: "", 5: "", 6: "shout"}
    spans = [(0.5, 4.0), (5, 9), (10, 14), (15, 18.5), (20, 23), (25, 30), (31, 32)]
    lines = [
        segment(number, *span, text=f"texto {number}", speaker="ANN" if number < 5 else "BOB")
        for number, span in enumerate(spans)
    ]
    order = iter(range(len(spans)))

    def said(_: str, seconds: float) -> numpy.ndarray:
        manner = manners[next(order)]
        if manner == "whisper":
            noise = numpy.random.default_rng(1).standard_normal(int(seconds * RATE))
            return (0.01 * noise).astype(numpy.float32)
        return 2.5 * buzz(240, seconds) if manner == "shout" else buzz(150, seconds)

    write_job(tmp_path, lines, seconds=34.0, voices=said)
    samples = [clip["voice_sample"] for clip in clips(synthesize(tmp_path))]
    cuts = [str(sample).partition("#t=")[2] for sample in samples]
    assert cuts == [
        "0.500,4.000+10.000,14.000", "5.000,9.000", "0.500,4.000+10.000,14.000",
        "15.000,18.500", "0.500,4.000+10.000,14.000", "25.000,30.000", "25.000,30.000",
    ]  # fmt: skip
    assert len({voice.number for voice in engine.cast}) == 4
    assert all(voice.speaker in ("ANN", "BOB") for voice in engine.cast)
